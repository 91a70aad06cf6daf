//! What named people have decided about recognised statements.
//!
//! A decision is on a statement's id, which changes with its passage and with what is made of it:
//! after that the decision holds no longer, and the statement is asked about again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Offer, StatementId};
use crate::domain::name::PersonName;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It counts as a rule.
    Accepted,
    /// It is looked at no more.
    Refused,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    made: BTreeMap<StatementId, Ruling>,
    rest: Option<Ruling>,
}

/// A decision as it is kept: what was offered, and who said what to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRecord {
    /// As it was when it was decided about.
    pub offer: Offer,
    pub decision: Ruling,
    pub by: PersonName,
    pub at: Timestamp,
    pub comment: Option<String>,
}

impl Ruling {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

impl Decisions {
    pub fn new(made: impl IntoIterator<Item = (StatementId, Ruling)>) -> Self {
        Self {
            made: made.into_iter().collect(),
            rest: None,
        }
    }

    /// As if everything that is recognised had been accepted: for trying procedures.
    pub fn all_accepted() -> Self {
        Self {
            made: BTreeMap::new(),
            rest: Some(Ruling::Accepted),
        }
    }

    pub fn on(&self, statement: &StatementId) -> Option<Ruling> {
        self.made.get(statement).copied().or(self.rest)
    }
}
