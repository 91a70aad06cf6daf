//! Execution: who runs, who waits, how one is cancelled, and how all go on after a restart.
//!
//! ```text
//!   approve ──> execution waits ──start_waiting──> [gate of the place]
//!                                   next in line ── authorise, drift, rules at start
//!                                   ──> engine.run ──> settled ──> after_end ──> next in line
//! ```
//!
//! Here is whose turn it is. What this process works on is in `running`, what happens while an
//! execution runs in `run`, after a restart in `resume`, and how one is ended early in `cancel`.

mod cancel;
mod resume;
mod run;
mod running;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::docker::EngineError;
use crate::domain::advice::RuleStage;
use crate::domain::approval::{Authorised, authorise};
use crate::domain::execution::{Execution, ExecutionStatus};
use crate::domain::intent::Action;
use crate::domain::lock::{Holder, Place, Waiting, next_in_line};
use crate::domain::plan::{Plan, PlanEvent, Requester};
use crate::domain::release;
use crate::os::clock;

pub use running::Running;
pub(super) use running::{Places, Told};

/// How long the engine waits before it tries again to write a journal that could not be written.
const JOURNAL_RETRY: Duration = Duration::from_secs(5);

impl Flow {
    /// Starts who is next in line for the place, in the background.
    pub fn start_waiting(self: &Arc<Self>, place: &Place) {
        let (flow, place) = (self.clone(), place.clone());
        self.tasks.spawn(async move {
            while let Err(error) = flow.start_next(&place).await {
                tracing::error!(%place, %error, "what waits cannot be started; trying again");
                tokio::select! {
                    () = tokio::time::sleep(JOURNAL_RETRY) => {}
                    () = flow.stop.cancelled() => return,
                }
            }
        });
    }

    /// Puts an approved execution in line, and gives the holder of the lock that it waits for.
    pub(super) async fn line_up(
        self: &Arc<Self>,
        execution: &Execution,
    ) -> Result<Option<Holder>, FlowError> {
        if execution.action == Action::Rollback
            && let Err(error) = self.make_way(execution).await
        {
            // It gets its turn all the same, only later.
            tracing::error!(execution = %execution.id, %error, "a rollback could not go first");
        }
        let holder = self.store.lock(&execution.place);
        self.start_waiting(&execution.place);
        Ok(holder?)
    }

    async fn start_next(self: &Arc<Self>, place: &Place) -> Result<(), FlowError> {
        let gate = self.running.gate(place);
        let _held = gate.lock().await;
        loop {
            if self.running.is_busy(place) || self.store.lock(place)?.is_some() {
                return Ok(());
            }
            let open = self.store.open_executions_in(place)?;
            let waiting = line(&open, place);
            let Some(next) = next_in_line(&waiting) else {
                return Ok(());
            };
            let Some(execution) = open.iter().find(|e| e.id == next.execution).cloned() else {
                return Ok(());
            };
            match self.prepare(execution.clone()).await {
                Ok((authorised, execution)) => {
                    self.spawn_run(authorised, execution);
                    return Ok(());
                }
                Err(error) if error.code == Code::Storage => return Err(error),
                // Who waits for a rollback is not helped by hearing that it has to be asked for
                // again.
                Err(error)
                    if error.code == Code::Unavailable && execution.action == Action::Rollback =>
                {
                    return Err(error);
                }
                Err(error) => {
                    self.end_waiting(
                        &execution,
                        "commander",
                        &error.message,
                        PlanEvent::Supersede,
                    )
                    .await?;
                }
            }
        }
    }

    /// Everything is looked at once more: Docker, rules at the start, drift, approvals and their age.
    async fn prepare(
        &self,
        mut execution: Execution,
    ) -> Result<(Authorised, Execution), FlowError> {
        // Undoing what was begun without Docker would wait for Docker. Whoever refuses a ping is
        // there, and says more when it matters.
        match self.docker.ping().await {
            Ok(()) | Err(EngineError::Refused { .. }) => {}
            Err(error) => return Err(FlowError::new(Code::Unavailable, error.to_string())),
        }
        let plan = self.store.plan(&execution.plan)?;
        let drift = self.drift(&plan).await?;
        if !drift.is_empty() {
            return Err(FlowError::new(Code::Drift, drift.join("; ")));
        }
        let approvals = self.store.approvals(&plan.id)?;
        let advice = self
            .advise_anew(&plan, RuleStage::Start, &approvals, None)
            .await?;
        let by_person = matches!(plan.origin.by, Requester::Person { .. });
        let blocking: Vec<_> = advice.blocking().cloned().collect();
        if by_person && !blocking.is_empty() {
            return Err(FlowError::blocked(blocking));
        }
        let authorised = self.authorise(&plan, clock::now())?;
        let ledger = self.store.ledger(&execution.place)?;
        execution.replaces = release::live(&ledger).map(|r| r.id.clone());
        Ok((authorised, execution))
    }

    fn authorise(&self, plan: &Plan, now: Timestamp) -> Result<Authorised, FlowError> {
        let approvals = self.store.approvals(&plan.id)?;
        let grant = match &plan.origin.by {
            Requester::Policy { under } => self.grant(plan, under)?,
            Requester::Person { .. } => None,
        };
        authorise(plan, &approvals, grant.as_ref(), self.settings.windows, now)
            .map_err(|refusal| FlowError::new(Code::NotAllowed, refusal.to_string()))
    }
}

fn line(open: &[Execution], place: &Place) -> Vec<Waiting> {
    open.iter()
        .filter(|e| e.status == ExecutionStatus::Waiting && &e.place == place)
        .map(|e| Waiting {
            execution: e.id.clone(),
            action: e.action,
            since: e.created_at,
        })
        .collect()
}
