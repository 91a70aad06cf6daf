//! Suggestions: what the text of the procedures demands, offered to people as rules. A named person
//! accepts or refuses each; that is audited, and holds until the passage changes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Flow;
use super::error::{Code, FlowError};
use crate::domain::audit::AuditEntry;
use crate::domain::digest::Digest;
use crate::domain::name::PersonName;
use crate::domain::sop::{
    self, DecisionRecord, DecisionRefused, Decisions, Offer, Procedures, Ruling, StatementId, Word,
};
use crate::domain::text::printable;
use crate::domain::transition::{Change, Transition};
use crate::os::clock;

/// What somebody says beside a decision.
const MAX_COMMENT: usize = 500;

/// A statement with what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    #[serde(flatten)]
    pub offer: Offer,
    pub status: SuggestionStatus,
    /// Who decided, where somebody has.
    pub decision: Option<DecisionRecord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuggestionStatus {
    /// Nobody has decided: a plan that would break it carries a warning.
    Pending,
    /// It counts as a rule, also while one person has asked to take it back.
    Accepted,
    /// It is looked at no more.
    Refused,
    /// It was decided about, and its passage is another now, or gone: the decision holds no longer.
    Stale,
}

impl Flow {
    /// Every suggestion of the procedures in use, then those whose passage has changed.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn suggestions(&self) -> Result<Vec<Suggestion>, FlowError> {
        let offers = Offer::all(&self.procedures.current());
        let mut made = self.store.decisions()?;
        let mut found: Vec<Suggestion> = offers
            .into_iter()
            .filter(|offer| offer.rule.is_some())
            .map(|offer| {
                let at = made.iter().position(|record| record.offer.id == offer.id);
                let decision = at.map(|at| made.remove(at));
                Suggestion {
                    status: status(decision.as_ref()),
                    offer,
                    decision,
                }
            })
            .collect();
        found.extend(made.into_iter().map(|record| Suggestion {
            offer: record.offer.clone(),
            status: SuggestionStatus::Stale,
            decision: Some(record),
        }));
        Ok(found)
    }

    /// Writes what a named person has decided. A rule that was accepted is taken back by two people.
    ///
    /// # Errors
    ///
    /// `NotFound` where the procedures make no such suggestion (any more), `Conflict` where it is
    /// decided so already or a second person is missing, `InvalidInput` where a reason is.
    pub async fn decide(
        &self,
        id: &StatementId,
        decision: Ruling,
        by: &PersonName,
        comment: Option<&str>,
    ) -> Result<Suggestion, FlowError> {
        let known = self.suggestions()?.into_iter().find(|s| s.offer.id == *id);
        let Some(suggestion) = known.filter(|s| s.status != SuggestionStatus::Stale) else {
            return Err(FlowError::new(
                Code::NotFound,
                format!(
                    "the procedures make no suggestion {id}: its passage may have changed; list them again"
                ),
            ));
        };
        let word = Word {
            by: by.clone(),
            at: clock::now(),
            comment: comment.map(|comment| printable(comment, MAX_COMMENT)),
        };
        let before = suggestion.decision.as_ref();
        let (at, comment) = (word.at, word.comment.clone());
        let tokens = self.store.tokens()?.len();
        let record = sop::decide(&suggestion.offer, before, decision, word, tokens)?;
        let act = match record.waits_for_a_second() {
            true => "statement.withdrawal_asked".to_owned(),
            false => format!("statement.{}", decision.as_str()),
        };
        let entry = AuditEntry::new(at, by.as_str(), &act, id)
            .with("procedure", &record.offer.citation.sop)
            .with("kind", record.offer.kind.as_str())
            .with("text", &record.offer.text)
            .with("rule", Digest::of(&record.offer.rule))
            .with("effect", &record.offer.effect);
        let entry = match &comment {
            Some(comment) => entry.with("comment", comment),
            None => entry,
        };
        let entry = match &record.withdrawal {
            Some(first) if first.by != *by => entry.with("asked_by", &first.by),
            _ => entry,
        };
        let changes = vec![
            Change::Decide {
                record: Box::new(record.clone()),
                over: suggestion.decision.map(Box::new),
            },
            Change::Audit(entry),
        ];
        self.store.write(Transition::of(changes)).await?;
        Ok(Suggestion {
            offer: suggestion.offer,
            status: status(Some(&record)),
            decision: Some(record),
        })
    }

    /// What counts when a plan is advised.
    pub(super) fn decisions(&self, procedures: &Procedures) -> Result<Decisions, FlowError> {
        if procedures
            .sops()
            .iter()
            .all(|sop| sop.statements.is_empty())
        {
            return Ok(Decisions::default());
        }
        Ok(Decisions::of(&self.store.decisions()?))
    }
}

impl From<DecisionRefused> for FlowError {
    fn from(refused: DecisionRefused) -> Self {
        let code = match &refused {
            DecisionRefused::AlreadySo { .. } | DecisionRefused::SecondPersonMissing { .. } => {
                Code::Conflict
            }
            DecisionRefused::ReasonMissing { .. } => Code::InvalidInput,
        };
        Self::new(code, refused.to_string())
    }
}

fn status(decision: Option<&DecisionRecord>) -> SuggestionStatus {
    match decision.map(|record| record.decision) {
        None => SuggestionStatus::Pending,
        Some(Ruling::Accepted) => SuggestionStatus::Accepted,
        Some(Ruling::Refused) => SuggestionStatus::Refused,
    }
}
