//! What the clauses of a sentence hold, before it is known what the names stand for.

use super::concern::{Concern, Noted};
use crate::domain::intent::Span;

/// A value with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said<T> {
    pub value: T,
    pub span: Span,
}

/// The slots of one clause, or of all clauses of a command.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub services: Vec<Said<ServiceMention>>,
    pub versions: Vec<Said<VersionMention>>,
    pub places: Vec<Said<PlaceMention>>,
    pub left_out: Vec<Said<String>>,
    /// Words in the place of an environment that are none.
    pub unknown_places: Vec<Said<String>>,
    pub tests: Vec<Said<TestMention>>,
    pub replicas: Vec<Said<String>>,
    /// A word that could only be a version, without anything that says so.
    pub loose: Vec<Said<String>>,
    /// "it", "this", "the service"
    pub pronoun: Option<Span>,
    /// "the same"
    pub same: Option<Span>,
    /// "the second"
    pub choice: Option<Said<Choice>>,
    pub concerns: Vec<Noted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServiceMention {
    /// Services of the catalogue that go by this name, with the name as typed.
    Known(Vec<usize>, String),
    /// Any well-formed name, where there is no catalogue.
    Open(String),
    /// Not in the catalogue.
    Unknown(String),
}

impl ServiceMention {
    /// The name as it was typed.
    pub fn typed(&self) -> &str {
        let (Self::Known(_, name) | Self::Open(name) | Self::Unknown(name)) = self;
        name
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum VersionMention {
    Reference(String),
    Previous,
    RunningIn(String),
    Unclear(String),
    /// "roll back v1.3": to it, or away from it?
    Bare(String),
    /// "from v1.3", beside the version that is wanted.
    Leaving(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlaceMention {
    pub word: String,
    pub joint: Joint,
    /// No usual environment, but in a clearly marked place where there is no catalogue.
    pub unknown: bool,
}

/// How an environment follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    First,
    /// Beside each other without a word between them.
    None,
    And,
    Then,
    Or,
}

/// One of the choices that a question offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Counted from one.
    Nth(usize),
    Last,
}

impl Choice {
    pub fn of(self, choices: &[String]) -> Option<&String> {
        match self {
            Self::Nth(n) => choices.get(n.checked_sub(1)?),
            Self::Last => choices.last(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TestMention {
    All,
    Smoke,
    Health,
    Named(String),
}

impl Found {
    pub fn note(&mut self, concern: Concern, span: Span, words: &str) {
        self.concerns.push(Noted {
            concern,
            span,
            words: words.to_owned(),
        });
    }

    /// Says aloud which places are no usual environments.
    pub fn note_unlisted_places(&mut self) {
        let unlisted: Vec<_> = self
            .places
            .iter()
            .filter(|p| p.value.unknown)
            .cloned()
            .collect();
        for place in unlisted {
            self.note(Concern::UnlistedPlace, place.span, &place.value.word);
        }
    }

    pub fn has_slots(&self) -> bool {
        !(self.services.is_empty()
            && self.versions.is_empty()
            && self.places.is_empty()
            && self.unknown_places.is_empty())
    }

    /// Takes in what a later clause of the same command holds.
    pub fn join(&mut self, more: Self) {
        self.services.extend(more.services);
        self.versions.extend(more.versions);
        self.places.extend(more.places);
        self.left_out.extend(more.left_out);
        self.unknown_places.extend(more.unknown_places);
        self.tests.extend(more.tests);
        self.replicas.extend(more.replicas);
        self.loose.extend(more.loose);
        self.pronoun = self.pronoun.or(more.pronoun);
        self.same = self.same.or(more.same);
        self.choice = self.choice.take().or(more.choice);
        self.concerns.extend(more.concerns);
    }
}
