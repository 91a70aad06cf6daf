//! An execution: one run of a plan's graph. Its truth is a journal of events; replaying the
//! journal through [`ExecutionState::apply`] gives the state, and [`ExecutionState::decide`] says
//! what to do next. The engine only commits and performs.
//!
//! ```text
//!   JournalEvent ──apply (replay)──> ExecutionState ──decide──> Act
//!         ^                         moves: status                │
//!         └────────── the engine commits and performs <──────────┘
//! ```

mod decide;
mod fault;
mod journal;
mod replay;
mod state;
mod status;

pub use decide::{Act, PARALLEL_STEPS};
pub use fault::{Fault, FaultKind};
pub use journal::{JournalEvent, StepOutput};
pub use replay::CorruptJournal;
pub use state::{ExecutionState, StepState};
pub use status::{
    ExecutionEvent, ExecutionStatus, IllegalExecutionMove, IllegalStepMove, StepEvent, StepStatus,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::{ExecutionId, PlanId, ReleaseId};
use super::intent::Action;
use super::lock::Place;
use super::plan::Requester;

/// The version of the events and rules in this folder. A journal that was begun under another one is
/// refused.
pub const GRAPH_VERSION: u32 = 2;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    pub id: ExecutionId,
    pub plan: PlanId,
    pub action: Action,
    pub place: Place,
    /// A cache of what the journal says.
    pub status: ExecutionStatus,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// What it makes live: its own new release, or the one it goes back to.
    pub release: Option<ReleaseId>,
    /// What was live when it was created.
    pub replaces: Option<ReleaseId>,
    pub requested_by: Requester,
}
