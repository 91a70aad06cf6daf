//! The answers of the server that are its own, and no value of the domain or the flow.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::adapters::db::Counts;
use crate::domain::advice::{RuleStage, Severity};
use crate::domain::execution::JournalEvent;
use crate::domain::name::PersonName;
use crate::domain::sop::Suspicion;
use crate::flow::Part;

/// One event of `GET /api/executions/{id}/events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journaled {
    pub n: u64,
    pub at: Timestamp,
    pub event: JournalEvent,
}

/// One event of `GET /api/releases/{id}/logs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerLine {
    pub at: Timestamp,
    pub stream: String,
    pub text: String,
}

/// `GET /api/status`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub version: String,
    pub instance: String,
    pub started_at: Timestamp,
    /// Whose token the command line has.
    pub you: PersonName,
    pub counts: Counts,
    pub docker: Part,
    pub prometheus: Option<Part>,
}

/// One of `GET /api/sops`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SopListed {
    pub file: String,
    pub title: String,
    pub rules: Vec<RuleListed>,
    pub suspicions: Vec<Suspicion>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RuleListed {
    pub id: String,
    pub line: u32,
    pub at: RuleStage,
    pub message: String,
    pub demand: DemandListed,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DemandListed {
    Condition { severity: Severity },
    Approvals { count: u32 },
}
