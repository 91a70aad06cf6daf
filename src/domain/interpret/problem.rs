//! Why a slot stays open, and so what is asked.

use crate::domain::intent::{Action, Span};
use crate::domain::name::EnvironmentName;

/// Why a slot stays open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    TwoActions(Vec<Action>),
    UnknownService {
        name: String,
        span: Span,
        near: Vec<String>,
    },
    SeveralServices(Vec<String>),
    UnknownPlace {
        word: String,
        /// Absent where it was said in an earlier sentence of the thread.
        span: Option<Span>,
        near: Vec<String>,
    },
    SeveralPlaces(Vec<String>),
    /// Named and left out in one breath.
    PlaceLeftOut(EnvironmentName),
    SeveralVersions(Vec<String>),
    UnclearVersion(String),
    /// "roll back v1.3": to it, or away from it.
    ToOrFrom(String),
    /// A word that could be the version.
    PerhapsVersion(String),
    /// "deploy the previous version"
    PreviousIsRollback,
    UnknownTest(String),
    MissingAction,
    MissingService,
    MissingPlace,
    MissingVersion,
}

impl Problem {
    pub fn is_about_service(&self) -> bool {
        matches!(self, Self::UnknownService { .. } | Self::SeveralServices(_))
    }

    pub fn is_about_place(&self) -> bool {
        matches!(
            self,
            Self::UnknownPlace { .. } | Self::SeveralPlaces(_) | Self::PlaceLeftOut(_)
        )
    }

    pub fn is_about_version(&self) -> bool {
        matches!(
            self,
            Self::SeveralVersions(_)
                | Self::UnclearVersion(_)
                | Self::PreviousIsRollback
                | Self::ToOrFrom(_)
                | Self::PerhapsVersion(_)
        )
    }
}
