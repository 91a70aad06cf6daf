//! What was written: the file as spanned TOML and the variables laid over it, and where in them a
//! key path is found.

use std::path::Path;

use toml::de::{DeTable, DeValue, Error};

use super::mistake::{Mistake, Place};
use super::overrides::Overrides;

pub(super) struct Document<'a> {
    file: &'a Path,
    text: &'a str,
    pub root: DeTable<'a>,
    pub overrides: Overrides,
}

impl<'a> Document<'a> {
    /// # Errors
    ///
    /// Every syntax error of the text, at most one a line: what follows the first is noise.
    pub fn parse(
        file: &'a Path,
        text: &'a str,
        overrides: Overrides,
    ) -> Result<Self, Vec<Mistake>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Self {
            file,
            text,
            root: root.into_inner(),
            overrides,
        };
        if errors.is_empty() {
            return Ok(document);
        }
        let mut mistakes: Vec<_> = errors.iter().map(|error| document.syntax(error)).collect();
        mistakes.sort_by(|a, b| a.place.cmp(&b.place));
        mistakes.dedup_by_key(|mistake| line_of(&mistake.place));
        Err(mistakes)
    }

    /// Where a key path is written, or as much of it as there is. An index is a segment too.
    pub fn place(&self, path: &[String]) -> Place {
        if let [section, key] = path
            && let Some(written) = self.overrides.get(section, key)
        {
            return Place::Variable {
                variable: written.variable.clone(),
            };
        }
        match deepest(&self.root, path) {
            Some(offset) => self.at(offset),
            None => Place::File {
                file: self.file.display().to_string(),
            },
        }
    }

    fn at(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place::Line {
            file: self.file.display().to_string(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn syntax(&self, error: &Error) -> Mistake {
        Mistake {
            place: self.at(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            expected: "valid TOML".to_owned(),
            found: format!("a syntax error ({})", error.message()),
            suggestion: None,
        }
    }
}

fn line_of(place: &Place) -> Option<usize> {
    match place {
        Place::Line { line, .. } => Some(*line),
        Place::File { .. } | Place::Variable { .. } => None,
    }
}

/// The byte at which the last segment that exists begins.
fn deepest(root: &DeTable<'_>, path: &[String]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    let (key, value) = root.get_key_value(first.as_str())?;
    let mut at = key.span().start;
    let mut value = value.get_ref();
    for segment in rest {
        let next = match value {
            DeValue::Table(table) => table
                .get_key_value(segment.as_str())
                .map(|(key, value)| (key.span().start, value)),
            DeValue::Array(array) => segment
                .parse()
                .ok()
                .and_then(|index: usize| array.get(index))
                .map(|value| (value.span().start, value)),
            _ => None,
        };
        let Some((start, next)) = next else {
            break;
        };
        at = start;
        value = next.get_ref();
    }
    Some(at)
}
