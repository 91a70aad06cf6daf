//! What can be read off the ledger about one thing.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Flow;
use super::error::FlowError;
use crate::adapters::db::Selection;
use crate::domain::execution::{Execution, ExecutionState};
use crate::domain::id::{ExecutionId, WatchId};
use crate::domain::leftover::Leftover;
use crate::domain::past::Past;
use crate::domain::plan::Plan;
use crate::domain::watch::{Evaluation, Watch};

/// An execution with its plan and what its journal adds up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionView {
    pub execution: Execution,
    pub state: ExecutionState,
    pub plan: Plan,
    /// What it makes live; absent where that is nothing, before it has begun, and where the release is
    /// not what was written any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How long nothing answered, in milliseconds, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interruption_ms: Option<u64>,
    /// Present where this is not how it is now, but how it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<Past>,
    /// What it may have left in the world, where it is stuck.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Leftover>,
}

impl ExecutionView {
    pub(super) fn of(
        execution: Execution,
        version: Option<String>,
        state: ExecutionState,
        plan: Plan,
        past: Option<Past>,
        left: Vec<Leftover>,
    ) -> Self {
        let milliseconds = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        Self {
            interruption_ms: interruption(&state).map(milliseconds),
            execution,
            version,
            state,
            plan,
            past,
            left,
        }
    }
}

/// An execution in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedExecution {
    #[serde(flatten)]
    pub execution: Execution,
    /// What it makes live; absent where that is nothing, before it has begun, and where the release is
    /// not what was written any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A watch with its last evaluations, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WatchView {
    pub watch: Watch,
    pub evaluations: Vec<Evaluation>,
}

impl Flow {
    /// Executions with the versions that they bring, newest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn executions(&self, selection: &Selection) -> Result<Vec<ListedExecution>, FlowError> {
        let listed = self.store.executions(selection)?;
        let releases = listed.iter().filter_map(|e| e.release.as_ref()).collect();
        let versions = self.store.versions(&releases)?;
        let with_version = |execution: Execution| ListedExecution {
            version: (execution.release.as_ref()).and_then(|id| versions.get(id).cloned()),
            execution,
        };
        Ok(listed.into_iter().map(with_version).collect())
    }

    /// What an execution makes live, as in a list of them.
    pub(super) fn version(&self, execution: &Execution) -> Result<Option<String>, FlowError> {
        let release = execution.release.iter().collect();
        Ok(self.store.versions(&release)?.into_values().next())
    }

    /// # Errors
    ///
    /// `NotFound`; `Tampered` when the journal is not what was written.
    pub fn execution(&self, id: &ExecutionId) -> Result<ExecutionView, FlowError> {
        let execution = self.store.execution(id)?;
        let plan = self.store.plan(&execution.plan)?;
        let state = self.store.execution_state(&execution)?;
        let left = self.listed_as_left(&plan.body, &execution, &state)?;
        let version = self.version(&execution)?;
        Ok(ExecutionView::of(
            execution, version, state, plan, None, left,
        ))
    }

    /// # Errors
    ///
    /// `NotFound`.
    pub fn watch(&self, id: &WatchId, evaluations: u32) -> Result<WatchView, FlowError> {
        Ok(WatchView {
            watch: self.store.watch(id)?,
            evaluations: self.store.evaluations(id, evaluations)?,
        })
    }
}

/// How long nothing answered: from the moment the old container was told to stop until the new one
/// answered well. `None` where nothing was stopped, or nothing answered.
pub fn interruption(state: &ExecutionState) -> Option<Duration> {
    let outputs = || state.steps.values().filter_map(|step| step.output.as_ref());
    let stopped = outputs().find_map(|output| output.stopped_at)?;
    let answered = outputs().find_map(|output| output.answered_at)?;
    Duration::try_from(answered.duration_since(stopped)).ok()
}
