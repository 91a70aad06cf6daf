//! Where the engine's events become durable.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::execution::Execution;
use crate::domain::execution::{ExecutionState, JournalEvent};
use crate::domain::lock::Fence;
use crate::domain::plan::Plan;

/// Events of one execution, to be committed together.
#[derive(Debug)]
pub struct Progress<'a> {
    pub execution: &'a Execution,
    pub plan: &'a Plan,
    /// How many events the journal holds before these: a second writer is found by it.
    pub after: u64,
    pub events: &'a [(Timestamp, JournalEvent)],
    /// The state once the events are taken in; when it has ended, the ledger is settled in the
    /// same commit.
    pub state: &'a ExecutionState,
    /// With its first events a run takes the lock of its place, under a token above this one; it
    /// takes it once more where it only hears later which tokens there are on the engine.
    pub takes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Nothing was written; the step does not start.
    #[error("the journal cannot be written: {0}")]
    Unwritable(String),
    #[error("the journal was continued by somebody else")]
    Conflict,
    #[error("the journal cannot be read: {0}")]
    Unreadable(String),
}

#[async_trait]
pub trait Journal: Send + Sync {
    /// Returns once the events, and all that follows from them, are durable; with the run's right
    /// to its place where that was taken with them, and the execution has not ended by them.
    async fn commit(&self, progress: Progress<'_>) -> Result<Option<Fence>, JournalError>;

    async fn load(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, JournalError>;
}
