//! Reading the keys of one YAML mapping: each reader returns the value or notes the mistake.

use super::Mistake;
use super::yaml::{Node, Value};
use crate::domain::facts::closest;
use crate::domain::text::{is_printable, printable};

/// Collects the mistakes of one file.
pub struct Reader {
    file: String,
    mistakes: Vec<Mistake>,
}

impl Reader {
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            mistakes: Vec::new(),
        }
    }

    /// `line` is a line of the file.
    pub fn mistake(&mut self, line: Option<u32>, key: &str, message: String) {
        self.mistakes.push(Mistake {
            file: self.file.clone(),
            line,
            key: key.to_owned(),
            message,
        });
    }

    /// # Errors
    ///
    /// The mistakes, if any were noted.
    pub fn finish<T: Default>(mut self, read: Option<T>) -> Result<T, Vec<Mistake>> {
        if self.mistakes.is_empty() {
            Ok(read.unwrap_or_default())
        } else {
            self.mistakes.sort();
            Err(self.mistakes)
        }
    }
}

/// The entries of a mapping whose keys are known.
pub struct Fields<'n> {
    node: &'n Node,
    /// The key of the mapping itself, as `rules[1]`.
    path: String,
    entries: Vec<(&'n str, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// Notes a node that is no mapping, and each key that is not among the allowed ones.
    pub fn of(reader: &mut Reader, node: &'n Node, path: &str, allowed: &[&str]) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let message = format!("must have the keys {}", allowed.join(", "));
            reader.mistake(Some(file_line(node.line)), path, message);
            return None;
        };
        for entry in entries
            .iter()
            .filter(|entry| !allowed.contains(&entry.key.as_str()))
        {
            let suggestion = closest(&entry.key, allowed.iter().copied())
                .map(|near| format!(": did you mean \"{near}\"?"))
                .unwrap_or_default();
            let message = format!(
                "is not a key here{suggestion} (there are {})",
                allowed.join(", ")
            );
            let key = join(path, &printable(&entry.key, 80));
            reader.mistake(Some(file_line(entry.line)), &key, message);
        }
        Some(Self {
            node,
            path: path.to_owned(),
            entries: entries
                .iter()
                .map(|entry| (entry.key.as_str(), &entry.node))
                .collect(),
        })
    }

    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, node)| *node)
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Notes a mistake under a key, on a line of the front matter or else on the key's own.
    pub fn mistake(&self, reader: &mut Reader, line: Option<u32>, key: &str, message: String) {
        let line = line
            .or_else(|| self.get(key).map(|node| node.line))
            .unwrap_or(self.node.line);
        reader.mistake(Some(file_line(line)), &join(&self.path, key), message);
    }

    /// One text without hidden characters and at most so long; absent is no mistake.
    pub fn text(&self, reader: &mut Reader, key: &str, max: usize) -> Option<String> {
        let node = self.get(key)?;
        let Value::Text(text) = &node.value else {
            let message = "must be text (in quotes where YAML would read a number or true)";
            self.mistake(reader, None, key, message.to_owned());
            return None;
        };
        let text = text.trim();
        let mistake = if text.is_empty() {
            "must not be empty".to_owned()
        } else if text.chars().any(|c| c != '\n' && !is_printable(c)) {
            "has hidden or control characters".to_owned()
        } else if text.chars().count() > max {
            format!("must be at most {max} characters long")
        } else {
            return Some(text.to_owned());
        };
        self.mistake(reader, None, key, mistake);
        None
    }

    pub fn required_text(&self, reader: &mut Reader, key: &str, max: usize) -> Option<String> {
        if !self.has(key) {
            self.mistake(reader, None, key, "is missing".to_owned());
        }
        self.text(reader, key, max)
    }

    /// One of the words; absent is no mistake.
    pub fn word<T: Copy>(&self, reader: &mut Reader, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(reader, key, 80)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if found.is_none() {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.mistake(
                reader,
                None,
                key,
                format!("must be one of {}", allowed.join(", ")),
            );
        }
        found
    }

    /// A whole number from `min` to `max`; absent is no mistake.
    pub fn number(&self, reader: &mut Reader, key: &str, min: i64, max: i64) -> Option<i64> {
        match self.get(key)?.value {
            Value::Number(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                let message = format!("must be a whole number from {min} to {max}");
                self.mistake(reader, None, key, message);
                None
            }
        }
    }

    /// The items of a list; absent is an empty one.
    pub fn list(&self, reader: &mut Reader, key: &str) -> &'n [Node] {
        match self.get(key).map(|node| &node.value) {
            None => &[],
            Some(Value::List(items)) => items,
            Some(_) => {
                self.mistake(reader, None, key, "must be a list".to_owned());
                &[]
            }
        }
    }

    /// A list of names, not empty, each of which `parse` accepts; absent is an empty one.
    pub fn names<T>(
        &self,
        reader: &mut Reader,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let items = self.list(reader, key);
        if let Some(Value::List(list)) = self.get(key).map(|node| &node.value)
            && list.is_empty()
        {
            let message = "names nothing: leave the key out where all are meant";
            self.mistake(reader, None, key, message.to_owned());
        }
        let mut names = Vec::new();
        for item in items {
            let name = match &item.value {
                Value::Text(text) => parse(text),
                _ => Err("must be a list of names".to_owned()),
            };
            match name {
                Ok(name) => names.push(name),
                Err(message) => self.mistake(reader, Some(item.line), key, message),
            }
        }
        names
    }
}

/// Front matter begins on the second line of its file.
pub fn file_line(yaml_line: u32) -> u32 {
    yaml_line.saturating_add(1)
}

fn join(path: &str, key: &str) -> String {
    match (path.is_empty(), key.is_empty()) {
        (true, _) => key.to_owned(),
        (_, true) => path.to_owned(),
        _ => format!("{path}.{key}"),
    }
}
