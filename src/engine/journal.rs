//! Where the engine's events become durable.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::execution::{Execution, JournalEvent};
use crate::domain::lock::Fence;
pub use crate::domain::settlement::Progress;

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
