//! What is wrong with a configuration, in the words of the person who has to mend it.

use std::fmt;

use serde::Serialize;

use crate::domain::text::printable;

/// One mistake: where it is, what was expected there and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    #[serde(flatten)]
    pub place: Place,
    /// The path of the key, `watchdog.interval`; empty where the file as a whole is meant.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    pub expected: String,
    /// Never a value where a secret may have been written.
    pub found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// Where a person has to look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Place {
    /// Line and column count from 1; the column in characters.
    Line {
        file: String,
        line: usize,
        column: usize,
    },
    File {
        file: String,
    },
    /// A variable of the environment.
    Variable {
        variable: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::File { file } => f.write_str(file),
            Self::Variable { variable } => f.write_str(variable),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean {suggestion}?"),
            None => Ok(()),
        }
    }
}

/// Every mistake of a configuration, in the order of the file, those of variables at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    pub mistakes: Vec<Mistake>,
}

impl ConfigErrors {
    /// `EX_USAGE` of `sysexits.h`: what every command of ours ends with when the configuration is wrong.
    pub const EXIT_CODE: u8 = 64;
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mistakes.len() {
            1 => write!(f, "1 mistake in the configuration:")?,
            count => write!(f, "{count} mistakes in the configuration:")?,
        }
        self.mistakes
            .iter()
            .try_for_each(|mistake| write!(f, "\n{mistake}"))
    }
}

impl std::error::Error for ConfigErrors {}

/// A value that is refused: what a kind of value answers, before its place and key are known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub expected: String,
    /// `None`: the value itself may be shown.
    pub found: Option<String>,
    pub suggestion: Option<String>,
}

impl Refused {
    pub fn expected(what: impl Into<String>) -> Self {
        Self {
            expected: what.into(),
            found: None,
            suggestion: None,
        }
    }

    /// Says what was found instead of showing the value.
    pub fn found(self, what: impl Into<String>) -> Self {
        Self {
            found: Some(what.into()),
            ..self
        }
    }

    pub fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }
}

/// The candidate that a person most likely meant: the nearest one, if no more than about a third
/// of the letters have to change.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(&word.chars().take(80).collect::<String>());
    let limit = wanted.chars().count().div_ceil(3).min(4);
    candidates
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &plain(candidate)),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// A text of the person's in quotes, on one line and not too long.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text, 60))
}
