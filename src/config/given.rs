//! A value as it was written, before anybody knows whether it is good.

use toml::de::DeValue;

use super::mistake::quoted;
use crate::domain::text::printable;

#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    File(&'a DeValue<'a>),
    /// A variable has no types: its text is read as what is wanted.
    Variable(&'a str),
}

impl<'a> Given<'a> {
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::File(value) => value.as_str(),
            Self::Variable(text) => Some(text),
        }
    }

    pub fn integer(self) -> Option<i64> {
        match self {
            Self::File(value) => {
                let integer = value.as_integer()?;
                i64::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            Self::Variable(text) => text.parse().ok(),
        }
    }

    /// A finite number, whole or not.
    pub fn number(self) -> Option<f64> {
        let number = match self {
            Self::File(DeValue::Float(float)) => float.as_str().parse().ok(),
            Self::File(_) => self.integer().map(|integer| integer as f64),
            Self::Variable(text) => text.parse().ok(),
        };
        number.filter(|number: &f64| number.is_finite())
    }

    pub fn flag(self) -> Option<bool> {
        match self {
            Self::File(value) => value.as_bool(),
            Self::Variable(text) => text.parse().ok(),
        }
    }

    /// The elements of an array; in a variable they are parted by commas.
    pub fn elements(self) -> Option<Vec<Given<'a>>> {
        match self {
            Self::File(value) => Some(
                value
                    .as_array()?
                    .iter()
                    .map(|element| Given::File(element.get_ref()))
                    .collect(),
            ),
            Self::Variable(text) => Some(
                text.split(',')
                    .map(|part| Given::Variable(part.trim()))
                    .collect(),
            ),
        }
    }

    /// What it is, without the value.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Variable(_) | Self::File(DeValue::String(_)) => "a string",
            Self::File(DeValue::Integer(_)) => "an integer",
            Self::File(DeValue::Float(_)) => "a number",
            Self::File(DeValue::Boolean(_)) => "a boolean",
            Self::File(DeValue::Datetime(_)) => "a date",
            Self::File(DeValue::Array(_)) => "an array",
            Self::File(DeValue::Table(_)) => "a table",
        }
    }

    /// The value itself, for a message.
    pub fn shown(self) -> String {
        match self {
            Self::Variable(text) => quoted(text),
            Self::File(DeValue::String(text)) => quoted(text),
            Self::File(DeValue::Integer(integer)) => printable(&integer.to_string(), 60),
            Self::File(DeValue::Float(float)) => printable(float.as_str(), 60),
            Self::File(DeValue::Boolean(boolean)) => boolean.to_string(),
            Self::File(_) => self.type_name().to_owned(),
        }
    }
}
