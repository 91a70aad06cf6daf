//! The tables of legal moves: of an execution, and of each of its steps.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// Approved, and waiting for the lock.
    Waiting,
    Running,
    Unwinding,
    Succeeded,
    /// A step failed, and all that was done is undone.
    Failed,
    /// A person ended it, and all that was done is undone.
    Cancelled,
    /// Something could not be undone: a person must look.
    Stuck,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionEvent {
    Start,
    Unwind,
    Succeed,
    Fail,
    Cancel,
    Stick,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an execution that is {status:?} cannot {event:?}")]
pub struct IllegalExecutionMove {
    pub status: ExecutionStatus,
    pub event: ExecutionEvent,
}

impl ExecutionStatus {
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Running,
        Self::Unwinding,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Stuck,
    ];

    /// The table of legal moves.
    pub fn next(self, event: ExecutionEvent) -> Result<Self, IllegalExecutionMove> {
        use ExecutionEvent as E;
        use ExecutionStatus as S;
        Ok(match (self, event) {
            (S::Waiting, E::Start) => S::Running,
            (S::Waiting, E::Cancel) => S::Cancelled,
            (S::Running, E::Unwind) => S::Unwinding,
            (S::Running, E::Succeed) => S::Succeeded,
            (S::Unwinding, E::Fail) => S::Failed,
            (S::Unwinding, E::Cancel) => S::Cancelled,
            (S::Unwinding, E::Stick) => S::Stuck,
            (status, event) => return Err(IllegalExecutionMove { status, event }),
        })
    }

    pub fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Stuck
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    Waiting,
    /// Waits for a person's answer.
    Asking,
    Running,
    /// A try failed, and the next one has not begun.
    Pausing,
    Done,
    Failed,
    Undoing,
    Undone,
    UndoFailed,
    /// Its condition did not hold: what waits for it goes on as if it were done.
    Skipped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEvent {
    Ask,
    Skip,
    Start,
    /// Pause before another try.
    Pause,
    Finish,
    Fail,
    Undo,
    Undone,
    UndoFail,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {status:?} cannot {event:?}")]
pub struct IllegalStepMove {
    pub status: StepStatus,
    pub event: StepEvent,
}

impl StepStatus {
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Asking,
        Self::Running,
        Self::Pausing,
        Self::Done,
        Self::Failed,
        Self::Undoing,
        Self::Undone,
        Self::UndoFailed,
        Self::Skipped,
    ];

    /// The table of legal moves. Starting what runs, and undoing what is being undone, is what a
    /// restarted process does: it adopts what it finds.
    pub fn next(self, event: StepEvent) -> Result<Self, IllegalStepMove> {
        use StepEvent as E;
        use StepStatus as S;
        Ok(match (self, event) {
            (S::Waiting, E::Ask) => S::Asking,
            (S::Waiting, E::Skip) => S::Skipped,
            (S::Waiting | S::Running | S::Pausing, E::Start) => S::Running,
            (S::Running, E::Pause) => S::Pausing,
            (S::Running | S::Asking, E::Finish) => S::Done,
            (S::Running | S::Asking, E::Fail) => S::Failed,
            (S::Asking | S::Running | S::Pausing | S::Done | S::Failed | S::Undoing, E::Undo) => {
                S::Undoing
            }
            (S::Undoing, E::Undone) => S::Undone,
            (S::Undoing, E::UndoFail) => S::UndoFailed,
            (status, event) => return Err(IllegalStepMove { status, event }),
        })
    }

    /// Whether what waits for the step may go on.
    pub fn is_past(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}
