//! The audit trail.

use serde::Serialize;

use super::page::{Page, Sheet, Tone};
use super::words::counted;
use crate::adapters::db::{ChainReport, Verification};
use crate::domain::audit::AuditRow;
use crate::domain::checkpoint::Contradiction;

/// What a verification found.
pub struct Report {
    pub chain: Verification,
    pub contradiction: Option<Contradiction>,
    /// How many the trail was compared with.
    pub checkpoints: u64,
}

/// The same for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome<'a> {
    Ok {
        #[serde(flatten)]
        found: &'a ChainReport,
        checkpoints: u64,
    },
    Broken {
        broken: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        contradiction: Option<&'a Contradiction>,
    },
}

impl Report {
    pub fn is_good(&self) -> bool {
        self.chain.is_ok() && self.contradiction.is_none()
    }

    pub fn as_json(&self) -> Outcome<'_> {
        match (&self.chain, &self.contradiction) {
            (Ok(found), None) => Outcome::Ok {
                found,
                checkpoints: self.checkpoints,
            },
            _ => Outcome::Broken {
                broken: self.broken(),
                contradiction: self.contradiction.as_ref(),
            },
        }
    }

    pub fn sentence(&self) -> String {
        match &self.chain {
            Ok(found) if self.contradiction.is_none() => {
                let compared = match self.checkpoints {
                    0 => String::new(),
                    some => format!("; it agrees with {}", counted(some, "checkpoint")),
                };
                format!(
                    "as it was written: {}, {}, {}, {}; the last hash is {}{compared}",
                    counted(found.audit_rows, "audit row"),
                    counted(found.plans, "plan"),
                    counted(found.journals, "journal"),
                    counted(found.rows, "ledger row"),
                    found.head
                )
            }
            _ => format!("changed outside Commander: {}", self.broken()),
        }
    }

    /// What a checkpoint says comes first: a trail that was cut off is at odds with the ledger, too.
    fn broken(&self) -> String {
        match (&self.contradiction, &self.chain) {
            (Some(contradiction), Err(chain)) => format!("{contradiction}; besides, {chain}"),
            (Some(contradiction), Ok(_)) => contradiction.to_string(),
            (None, Err(chain)) => chain.clone(),
            (None, Ok(_)) => String::new(),
        }
    }
}

/// Rows in their order. Where they go back and do not reach the first, it says how to read on.
pub fn list(page: &Page, rows: &[AuditRow]) -> String {
    let mut sheet = Sheet::new(page);
    for row in rows {
        let entry = &row.entry;
        let marker = format!("{:>6}  {}  ", row.seq, page.time(entry.at));
        let detail: Vec<String> = entry
            .detail
            .iter()
            // The digests of rows are for the verification.
            .filter(|(name, _)| !name.starts_with("row "))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        sheet.point(
            &marker,
            &[
                (Tone::Strong, &entry.act),
                (
                    Tone::Plain,
                    &format!("  {} by {}", entry.subject, entry.actor),
                ),
                (Tone::Dim, &format!("  {}", detail.join(" "))),
            ],
        );
    }
    if let [first, .., last] = rows
        && first.seq > last.seq
        && last.seq > 1
    {
        let more = format!("older: commander audit list --before {}", last.seq);
        sheet.line(Tone::Dim, &more);
    }
    sheet.finish()
}
