//! Walks the tables of a configuration and collects mistakes instead of stopping at the first.
//!
//! A section asks its reader for each key that it knows, with the kind of value that belongs there
//! (`kinds`, `addresses`). The reader remembers what was asked for, so that unknown keys fall out
//! when the section has been read. What is wrong becomes a mistake and the default is used to go
//! on; a configuration with mistakes is thrown away at the end, so no made-up value survives.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::document::Document;
use super::given::Given;
use super::mistake::{Mistake, Refused, nearest, quoted};
use super::overrides::spelt;

pub(super) struct Reader<'a, 'm> {
    document: &'a Document<'a>,
    /// `None`: the table was not written; its keys may still come from variables.
    table: Option<&'a DeTable<'a>>,
    path: Vec<String>,
    asked: Vec<&'static str>,
    mistakes: &'m mut Vec<Mistake>,
}

impl<'a, 'm> Reader<'a, 'm> {
    /// Reads the whole document.
    pub fn read<T>(
        document: &'a Document<'a>,
        mistakes: &'m mut Vec<Mistake>,
        read: impl FnOnce(&mut Reader<'a, '_>) -> T,
    ) -> T {
        let mut reader = Reader {
            document,
            table: Some(&document.root),
            path: Vec::new(),
            asked: Vec::new(),
            mistakes,
        };
        let value = read(&mut reader);
        reader.refuse_unknown_keys();
        value
    }

    /// The value of a key; `None` where it is not written, or not of the kind (a mistake).
    pub fn get<T>(
        &mut self,
        key: &'static str,
        kind: impl Fn(Given<'a>) -> Result<T, Refused>,
    ) -> Option<T> {
        let given = self.ask(key)?;
        self.accept(&[key], given, &kind)
    }

    /// The value of a key that has to be there.
    pub fn required<T>(
        &mut self,
        key: &'static str,
        what: &str,
        kind: impl Fn(Given<'a>) -> Result<T, Refused>,
    ) -> Option<T> {
        let value = self.get(key, kind);
        if !self.written(key) {
            self.wrong(&[key], Refused::expected(what).found("nothing"));
        }
        value
    }

    /// The elements of an array; each wrong one is a mistake of its own, and then there is no list.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        what: &str,
        kind: impl Fn(Given<'a>) -> Result<T, Refused>,
    ) -> Option<Vec<T>> {
        let given = self.ask(key)?;
        let Some(elements) = given.elements() else {
            let refused = Refused::expected(format!("an array of {what}"));
            self.wrong(&[key], refused.found(given.type_name()));
            return None;
        };
        let values: Vec<Option<T>> = elements
            .into_iter()
            .enumerate()
            .map(|(index, element)| match element {
                Given::File(_) => self.accept(&[key, &index.to_string()], element, &kind),
                // A variable is one place, whichever of its parts is wrong.
                Given::Variable(_) => self.accept(&[key], element, &kind),
            })
            .collect();
        // Collected first, so that no element after a wrong one is left unread.
        values.into_iter().collect()
    }

    /// A table whose keys the user chooses, with values of one kind.
    pub fn map<T>(
        &mut self,
        key: &'static str,
        name: impl Fn(&str) -> Result<(), Refused>,
        kind: impl Fn(&str, Given<'a>) -> Result<T, Refused>,
    ) -> BTreeMap<String, T> {
        let mut map = BTreeMap::new();
        for (own, value) in self.entries(key) {
            if let Err(refused) = name(own) {
                self.wrong(&[key, own], refused);
            }
            let kind = |given| kind(own, given);
            if let Some(value) = self.accept(&[key, own], Given::File(value), &kind) {
                map.insert(own.to_owned(), value);
            }
        }
        map
    }

    /// A table of known keys, read also where it is not written.
    pub fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'a, '_>) -> T,
    ) -> T {
        let table = match self.ask(key) {
            Some(Given::File(value)) => self.as_table(&[key], value),
            Some(Given::Variable(_)) | None => None,
        };
        self.inside(&[key], table, read)
    }

    /// A table whose keys the user chooses, with a table of known keys under each.
    pub fn tables(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&'a str, &mut Reader<'a, '_>),
    ) {
        for (own, value) in self.entries(key) {
            if let Some(table) = self.as_table(&[key, own], value) {
                self.inside(&[key, own], Some(table), |reader| read(own, reader));
            }
        }
    }

    /// Whether somebody wrote this key.
    pub fn written(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key)) || self.variable(key).is_some()
    }

    /// The first of these keys that somebody wrote: where a mistake that concerns them all is noted.
    pub fn written_one_of<'k>(&self, keys: &[&'k str]) -> Option<&'k str> {
        keys.iter().copied().find(|key| self.written(key))
    }

    /// Notes a mistake at a path below this table; an empty path is the table itself.
    pub fn wrong(&mut self, below: &[&str], refused: Refused) {
        let path = self.below(below);
        self.mistakes.push(Mistake {
            place: self.document.place(&path),
            key: dotted(&path),
            expected: refused.expected,
            found: refused.found.unwrap_or_else(|| "nothing".to_owned()),
            suggestion: refused.suggestion,
        });
    }

    fn accept<T>(
        &mut self,
        below: &[&str],
        given: Given<'a>,
        kind: &impl Fn(Given<'a>) -> Result<T, Refused>,
    ) -> Option<T> {
        match kind(given) {
            Ok(value) => Some(value),
            Err(refused) => {
                let found = refused.found.clone().unwrap_or_else(|| given.shown());
                self.wrong(below, refused.found(found));
                None
            }
        }
    }

    fn ask(&mut self, key: &'static str) -> Option<Given<'a>> {
        self.asked.push(key);
        match self.variable(key) {
            Some(text) => Some(Given::Variable(text)),
            None => Some(Given::File(self.table?.get(key)?.get_ref())),
        }
    }

    fn variable(&self, key: &str) -> Option<&'a str> {
        let [section] = self.path.as_slice() else {
            return None;
        };
        let written = self.document.overrides.get(section, key)?;
        Some(&written.value)
    }

    fn entries(&mut self, key: &'static str) -> Vec<(&'a str, &'a DeValue<'a>)> {
        let table = match self.ask(key) {
            Some(Given::File(value)) => self.as_table(&[key], value),
            Some(Given::Variable(_)) | None => None,
        };
        let entries = table.into_iter().flat_map(|table| table.iter());
        entries
            .map(|(own, value)| (own.get_ref().as_ref(), value.get_ref()))
            .collect()
    }

    fn as_table(&mut self, below: &[&str], value: &'a DeValue<'a>) -> Option<&'a DeTable<'a>> {
        let table = value.as_table();
        if table.is_none() {
            let found = Given::File(value).type_name();
            self.wrong(below, Refused::expected("a table").found(found));
        }
        table
    }

    fn inside<T>(
        &mut self,
        below: &[&str],
        table: Option<&'a DeTable<'a>>,
        read: impl FnOnce(&mut Reader<'a, '_>) -> T,
    ) -> T {
        let mut reader = Reader {
            document: self.document,
            table,
            path: self.below(below),
            asked: Vec::new(),
            mistakes: &mut *self.mistakes,
        };
        let value = read(&mut reader);
        reader.refuse_unknown_keys();
        value
    }

    fn refuse_unknown_keys(&mut self) {
        let written = self.table.into_iter().flat_map(|table| table.keys());
        let mut unknown: Vec<String> = written.map(|key| key.get_ref().to_string()).collect();
        if let [section] = self.path.as_slice() {
            unknown.extend(self.document.overrides.keys_of(section).map(str::to_owned));
        }
        unknown.retain(|key| !self.asked.contains(&key.as_str()));
        unknown.sort_unstable();
        unknown.dedup();
        for key in unknown {
            self.refuse_unknown_key(&key);
        }
    }

    fn refuse_unknown_key(&mut self, key: &str) {
        let mut known = self.asked.clone();
        known.sort_unstable();
        let near = nearest(key, known.iter().copied());
        let expected = match (&near, known.as_slice()) {
            (Some(_), _) => "a known key".to_owned(),
            (None, []) => "no keys here yet".to_owned(),
            (None, known) => format!("one of the keys {}", known.join(", ")),
        };
        let suggestion = match (self.variable(key), self.path.as_slice(), near) {
            (Some(_), [section], Some(near)) => Some(spelt(section, &near)),
            (_, _, near) => near,
        };
        let refused = Refused::expected(expected)
            .found(quoted(key))
            .suggest(suggestion);
        self.wrong(&[key], refused);
    }

    fn below(&self, below: &[&str]) -> Vec<String> {
        let own = self.path.iter().map(String::as_str);
        own.chain(below.iter().copied())
            .map(str::to_owned)
            .collect()
    }
}

/// A key path as it would be written in TOML; an index is a segment like any other.
fn dotted(path: &[String]) -> String {
    let bare = |segment: &str| {
        !segment.is_empty()
            && segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let segments = path.iter().map(|segment| {
        if bare(segment) {
            segment.clone()
        } else {
            quoted(segment)
        }
    });
    segments.collect::<Vec<_>>().join(".")
}
