//! The audit trail: who decided what, about which thing; append-only and hash-chained.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::{Digest, canonical_json};

/// One decision, before it has its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub at: Timestamp,
    /// A person's token, or `policy` for what was approved beforehand, or `commander`.
    pub actor: String,
    /// What was done: `plan.stored`, `plan.approved`, `execution.ended`, ...
    pub act: String,
    /// The id of what it was done to.
    pub subject: String,
    /// Digests, reasons, rules; never a secret.
    #[schema(value_type = Object)]
    pub detail: Detail,
}

/// Named values, in the order of their names.
pub type Detail = std::collections::BTreeMap<String, String>;

impl AuditEntry {
    pub fn new(at: Timestamp, actor: impl Into<String>, act: &str, subject: impl ToString) -> Self {
        Self {
            at,
            actor: actor.into(),
            act: act.to_owned(),
            subject: subject.to_string(),
            detail: Detail::new(),
        }
    }

    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.detail.insert(name.to_owned(), value.to_string());
        self
    }

    /// The hash that binds this entry to its place: over the hash before it, its number and its
    /// canonical JSON.
    pub fn chained(&self, seq: u64, before: &str) -> Digest {
        Digest::of_bytes(format!("{before}\n{seq}\n{}", canonical_json(self)).as_bytes())
    }
}

/// A row of the trail as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    pub seq: u64,
    #[serde(flatten)]
    pub entry: AuditEntry,
    pub hash: String,
}

/// The first row that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    #[error("audit row {expected} is missing; the next one is {found}")]
    Gap { expected: u64, found: u64 },
    #[error("audit row {seq} ({act} {subject}) was changed outside Commander")]
    Changed {
        seq: u64,
        act: String,
        subject: String,
    },
}

/// Checks a run of rows that follows the hash `before`; returns the last hash.
pub fn verify_chain(
    first: u64,
    before: &str,
    rows: impl IntoIterator<Item = AuditRow>,
) -> Result<String, BrokenChain> {
    let mut hash = before.to_owned();
    for (expected, row) in (first..).zip(rows) {
        if row.seq != expected {
            return Err(BrokenChain::Gap {
                expected,
                found: row.seq,
            });
        }
        if row.entry.chained(row.seq, &hash).as_str() != row.hash {
            return Err(BrokenChain::Changed {
                seq: row.seq,
                act: row.entry.act,
                subject: row.entry.subject,
            });
        }
        hash = row.hash;
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(n: u64) -> Vec<AuditRow> {
        let mut before = String::new();
        (1..=n)
            .map(|seq| {
                let at = Timestamp::from_second(seq as i64).unwrap();
                let entry = AuditEntry::new(at, "ada", "plan.stored", seq).with("digest", seq);
                let hash = entry.chained(seq, &before).to_string();
                before.clone_from(&hash);
                AuditRow { seq, entry, hash }
            })
            .collect()
    }

    #[test]
    fn an_untouched_chain_is_verified_and_the_first_bad_row_is_named() {
        assert!(verify_chain(1, "", chain(5)).is_ok());
        let mut edited = chain(5);
        edited[2].entry.actor = "eve".to_owned();
        let broken = verify_chain(1, "", edited).unwrap_err();
        assert!(
            matches!(broken, BrokenChain::Changed { seq: 3, .. }),
            "{broken:?}"
        );
        let mut cut = chain(5);
        cut.remove(1);
        let broken = verify_chain(1, "", cut).unwrap_err();
        assert_eq!(
            broken,
            BrokenChain::Gap {
                expected: 2,
                found: 3
            }
        );
    }
}
