//! The types of conditions: few, and none that a fact cannot have.

use std::fmt;

use crate::domain::facts::{Kind, Place};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    Bool,
    Number,
    Text(Words),
    List(Box<Type>),
    /// The elements of an empty list.
    Nothing,
}

/// What is known about the values that a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    Any,
    OneOf(&'static [&'static str]),
    NameOf(Place),
}

impl Type {
    /// Whether values of both may be compared, or stand in one list.
    pub fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(_), Self::Text(_)) | (Self::Nothing, _) | (_, Self::Nothing) => true,
            (Self::List(one), Self::List(two)) => one.fits(two),
            (one, two) => one == two,
        }
    }

    pub fn without_words(self) -> Self {
        match self {
            Self::Text(_) => Self::Text(Words::Any),
            Self::List(element) => Self::List(Box::new(element.without_words())),
            other => other,
        }
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Self {
        let list = |words| Self::List(Box::new(Self::Text(words)));
        match kind {
            Kind::Bool => Self::Bool,
            Kind::Number => Self::Number,
            Kind::Text => Self::Text(Words::Any),
            Kind::Word(words) => Self::Text(Words::OneOf(words)),
            Kind::Name(place) => Self::Text(Words::NameOf(place)),
            Kind::Texts => list(Words::Any),
            Kind::Words(words) => list(Words::OneOf(words)),
            Kind::Names(place) => list(Words::NameOf(place)),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Number => f.write_str("a number"),
            Self::Text(_) => f.write_str("text"),
            Self::List(element) if **element == Self::Nothing => f.write_str("an empty list"),
            Self::List(element) => write!(f, "a list of {element}"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}
