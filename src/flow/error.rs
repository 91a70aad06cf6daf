//! What a surface tells a person when something cannot be done: a stable code and one sentence
//! that says what to do.

use serde::{Deserialize, Serialize};

use crate::adapters::db::StoreError;
use crate::domain::advice::Finding;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct FlowError {
    pub code: Code,
    pub message: String,
    /// What the procedures found, where they are the reason.
    pub findings: Vec<Finding>,
}

/// Stable: scripts and pages decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request makes no sense as it is.
    InvalidInput,
    NotFound,
    /// Somebody else acted first, or the thing is not in the state for it.
    Conflict,
    /// The digest is not that of the plan.
    DigestMismatch,
    /// The world has moved since the plan was made.
    Drift,
    Expired,
    Superseded,
    NotPending,
    /// A procedure forbids it.
    Blocked,
    Quarantined,
    NothingToRollBackTo,
    NothingLive,
    NotAllowed,
    /// It is too late to cancel.
    TooLate,
    /// Only the final state is kept of it.
    Shortened,
    /// Git, Docker or a server does not answer.
    Unavailable,
    /// The database cannot be written or read.
    Storage,
    /// A stored row was changed outside Commander.
    Tampered,
}

impl Code {
    pub const ALL: [Self; 18] = [
        Self::InvalidInput,
        Self::NotFound,
        Self::Conflict,
        Self::DigestMismatch,
        Self::Drift,
        Self::Expired,
        Self::Superseded,
        Self::NotPending,
        Self::Blocked,
        Self::Quarantined,
        Self::NothingToRollBackTo,
        Self::NothingLive,
        Self::NotAllowed,
        Self::TooLate,
        Self::Shortened,
        Self::Unavailable,
        Self::Storage,
        Self::Tampered,
    ];
}

impl FlowError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            findings: Vec::new(),
        }
    }

    pub fn blocked(findings: Vec<Finding>) -> Self {
        let said: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
        Self {
            code: Code::Blocked,
            message: format!("the procedures forbid it: {}", said.join("; ")),
            findings,
        }
    }
}

impl From<StoreError> for FlowError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Conflict(_) => Code::Conflict,
            StoreError::NotFound { .. } => Code::NotFound,
            StoreError::Tampered { .. } => Code::Tampered,
            StoreError::InUse(_) | StoreError::Unwritable(_) | StoreError::Unreadable(_) => {
                Code::Storage
            }
        };
        Self::new(code, error.to_string())
    }
}
