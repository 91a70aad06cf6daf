//! Why a step failed, in a closed set of kinds: which of them are tried again is said by kind.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    /// One sentence that says what happened and what to do.
    pub message: String,
}

impl Fault {
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The engine, the repository or a server does not answer.
    Unavailable,
    /// No right to do it.
    Denied,
    /// The thing is not there.
    NotFound,
    /// A port or name is taken.
    Taken,
    /// It ran, and said no: a build, a test, a health gate.
    Rejected,
    TimedOut,
    Cancelled,
    NoSpace,
    /// What is there is not what was approved.
    Drift,
    /// Another run has taken the place since.
    Overtaken,
    /// A broken own invariant.
    Internal,
}
