//! Time travel: an execution as it was at one event of its journal, and two beside each other.

use jiff::Timestamp;

use super::Flow;
use super::error::{Code, FlowError};
use super::ledger::ExecutionView;
use crate::domain::approval::Approval;
use crate::domain::comparison::{Comparison, Side, compare};
use crate::domain::execution::{Execution, JournalEvent};
use crate::domain::id::ExecutionId;
use crate::domain::past::{self, Moment, NoSuchMoment};

impl Flow {
    /// The events of a journal so far, in order.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Shortened` where only the final state is left; `Tampered`.
    pub fn moments(&self, id: &ExecutionId) -> Result<Vec<Moment>, FlowError> {
        let execution = self.store.execution(id)?;
        Ok(past::moments(&self.whole_journal(&execution)?))
    }

    /// The execution as it was after event `n`, counted from 1.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no such execution or event; `Shortened` where only the final state
    /// is left; `Tampered` when the journal is not what was written.
    pub fn execution_at(&self, id: &ExecutionId, n: u64) -> Result<ExecutionView, FlowError> {
        let mut execution = self.store.execution(id)?;
        let plan = self.store.plan(&execution.plan)?;
        let journal = self.whole_journal(&execution)?;
        let (state, past) = past::after(&plan.body, &journal, n).map_err(|error| {
            let code = match error {
                NoSuchMoment::Nothing | NoSuchMoment::OutOfRange { .. } => Code::NotFound,
                NoSuchMoment::Corrupt(_) => Code::Tampered,
            };
            FlowError::new(code, error.to_string())
        })?;
        execution.status = state.status;
        if !state.status.has_ended() {
            execution.ended_at = None;
        }
        let version = self.version(&execution)?;
        // What is left in the world is known of now only.
        Ok(ExecutionView::of(
            execution,
            version,
            state,
            plan,
            Some(past),
            Vec::new(),
        ))
    }

    /// Two executions step by step; of whatever services and actions they are.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Tampered` when a journal is not what was written.
    pub fn compare(
        &self,
        first: &ExecutionId,
        second: &ExecutionId,
    ) -> Result<Comparison, FlowError> {
        let (first, second) = (self.execution(first)?, self.execution(second)?);
        let approvals = |view: &ExecutionView| self.store.approvals(&view.plan.id);
        let (one, other) = (approvals(&first)?, approvals(&second)?);
        Ok(compare(side(&first, &one), side(&second, &other)))
    }

    fn whole_journal(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, FlowError> {
        let id = &execution.id;
        let journal = self.store.journal(id, 0)?;
        // Looked for after the journal was read, which may be shortened in between.
        match self.store.shortened(id)? {
            None => Ok(journal),
            Some(left) => Err(FlowError::new(
                Code::Shortened,
                format!(
                    "the {} events of {id} were shortened at {} to the final state, and nothing before it is known any more: ask for the execution without an event",
                    left.events, left.at
                ),
            )),
        }
    }
}

fn side<'a>(view: &'a ExecutionView, approvals: &'a [Approval]) -> Side<'a> {
    Side {
        execution: &view.execution,
        plan: &view.plan,
        state: &view.state,
        approvals,
    }
}
