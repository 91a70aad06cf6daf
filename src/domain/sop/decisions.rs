//! What named people have decided about recognised statements.
//!
//! A decision is on a statement's id, which changes with its passage, with the plans that the procedure is
//! about, and with what is made of it:
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
    /// What is told beside a rule that is to be taken back, or was.
    remarks: BTreeMap<StatementId, String>,
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
    /// Who was the first to ask that an accepted rule is taken back: of one that counts, it waits
    /// for a second person; of one that was refused, it counted until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<Withdrawal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawal {
    pub by: PersonName,
    pub at: Timestamp,
    pub reason: String,
}

/// Who says something to a suggestion, when, and why.
#[derive(Debug, Clone)]
pub struct Word {
    pub by: PersonName,
    pub at: Timestamp,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionRefused {
    #[error("{id} is {} already", ruling.as_str())]
    AlreadySo { id: StatementId, ruling: Ruling },
    #[error(
        "{id} counts as a rule, and without it plans are checked less: say why it is to be taken back, in a comment"
    )]
    ReasonMissing { id: StatementId },
    #[error(
        "{by} has asked already to take {id} back: another named person has to confirm it; it counts until then"
    )]
    SecondPersonMissing { id: StatementId, by: PersonName },
}

/// What becomes of a suggestion when somebody says a word to it.
///
/// One person is enough to make a rule of it, or to say that it was never one. A rule that was
/// accepted is taken back by two people, with a reason, as a change to production may need two: it
/// protects those who do not look. One who is alone cannot be two, so that with one token one is
/// enough.
///
/// # Errors
///
/// [`DecisionRefused`].
pub fn decide(
    offer: &Offer,
    before: Option<&DecisionRecord>,
    wanted: Ruling,
    word: Word,
    tokens: usize,
) -> Result<DecisionRecord, DecisionRefused> {
    let id = || offer.id.clone();
    let taken_back = before.filter(|made| made.counts() && wanted == Ruling::Refused);
    let decided = |word: Word, withdrawal| DecisionRecord {
        offer: offer.clone(),
        decision: wanted,
        by: word.by,
        at: word.at,
        comment: word.comment,
        withdrawal,
    };
    let Some(made) = taken_back else {
        return match before {
            Some(made) if made.decision == wanted && !made.waits_for_a_second() => {
                Err(DecisionRefused::AlreadySo {
                    id: id(),
                    ruling: wanted,
                })
            }
            _ => Ok(decided(word, None)),
        };
    };
    let reason = word.comment.clone().unwrap_or_default();
    if reason.trim().is_empty() {
        return Err(DecisionRefused::ReasonMissing { id: id() });
    }
    let asked = Withdrawal {
        by: word.by.clone(),
        at: word.at,
        reason,
    };
    match &made.withdrawal {
        None if tokens > 1 => Ok(DecisionRecord {
            withdrawal: Some(asked),
            ..made.clone()
        }),
        None => Ok(decided(word, Some(asked))),
        Some(first) if first.by == word.by && tokens > 1 => {
            Err(DecisionRefused::SecondPersonMissing {
                id: id(),
                by: word.by,
            })
        }
        Some(first) => Ok(decided(word, Some(first.clone()))),
    }
}

impl DecisionRecord {
    fn counts(&self) -> bool {
        self.decision == Ruling::Accepted
    }

    /// Whether one person has asked to take the rule back, and no second one has yet.
    pub fn waits_for_a_second(&self) -> bool {
        self.counts() && self.withdrawal.is_some()
    }

    /// What a plan that breaks it is told beside it.
    fn remark(&self) -> Option<String> {
        let Withdrawal { by, at, reason } = self.withdrawal.as_ref()?;
        let reason = reason.trim_end_matches('.');
        Some(match self.decision {
            Ruling::Accepted => format!(
                "{by} asked at {at:.0} to take this rule back ({reason}); it counts until a second person confirms."
            ),
            Ruling::Refused => {
                let second = match *by == self.by {
                    true => String::new(),
                    false => format!(" and {}", self.by),
                };
                format!(
                    "This was a rule until {by}{second} took it back at {:.0} ({reason}).",
                    self.at
                )
            }
        })
    }
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
            ..Self::default()
        }
    }

    pub fn of(records: &[DecisionRecord]) -> Self {
        let remark = |record: &DecisionRecord| Some((record.offer.id.clone(), record.remark()?));
        Self {
            remarks: records.iter().filter_map(remark).collect(),
            ..Self::new(records.iter().map(|r| (r.offer.id.clone(), r.decision)))
        }
    }

    /// As if everything that is recognised had been accepted: for trying procedures.
    pub fn all_accepted() -> Self {
        Self {
            rest: Some(Ruling::Accepted),
            ..Self::default()
        }
    }

    pub fn on(&self, statement: &StatementId) -> Option<Ruling> {
        self.made.get(statement).copied().or(self.rest)
    }

    /// What is told beside a rule that one person wants to take back, or that two have.
    pub fn remark(&self, statement: &StatementId) -> Option<&str> {
        self.remarks.get(statement).map(String::as_str)
    }
}
