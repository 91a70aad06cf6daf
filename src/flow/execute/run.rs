//! While an execution runs: until it has ended, waits for a person, or cannot go on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tracing::Instrument;

use super::JOURNAL_RETRY;
use crate::domain::approval::Authorised;
use crate::domain::execution::{Execution, ExecutionStatus};
use crate::domain::plan::Plan;
use crate::domain::text::last_words;
use crate::engine::{Halt, Inbox, RunEnd, RunError};
use crate::flow::Flow;

/// After so many tries in a row a person is called; it goes on being tried.
const FAILURES_TO_REPORT: u32 = 3;

impl Flow {
    pub(super) fn spawn_run(self: &Arc<Self>, authorised: Authorised, execution: Execution) {
        let inbox = self.running.enter(&execution.place, &execution.id);
        self.spawn_with(authorised, execution, inbox);
    }

    pub(super) fn spawn_with(
        self: &Arc<Self>,
        authorised: Authorised,
        execution: Execution,
        inbox: Inbox,
    ) {
        let flow = self.clone();
        let span = tracing::info_span!(parent: None, "execution", id = %execution.id, plan = %execution.plan);
        let run = async move {
            // The journal is the truth, and it is whole; what was shared has locks that outlive a
            // panic.
            let worked = AssertUnwindSafe(flow.run_to_end(&authorised, &execution, inbox));
            if let Err(panic) = worked.catch_unwind().await {
                let said = last_words(&*panic);
                flow.running.leave(&execution.place);
                flow.report_panic(&execution, &said).await;
            }
            if !flow.stop.is_cancelled() {
                flow.start_waiting(&execution.place);
            }
        };
        self.tasks.spawn(run.instrument(span));
    }

    /// Until the execution has ended, waits for a person, cannot go on, or the process stops.
    async fn run_to_end(
        self: &Arc<Self>,
        authorised: &Authorised,
        execution: &Execution,
        mut inbox: Inbox,
    ) {
        let mut failures = 0;
        loop {
            let end = self
                .engine
                .run(authorised, execution, &mut inbox, self.stop.clone())
                .await;
            match end {
                Ok(Halt::Waits(waits)) => {
                    self.tell_of_questions(authorised.plan(), execution, &waits);
                    if self.running.wait(execution, waits.until, &inbox) {
                        return;
                    }
                }
                Ok(Halt::Ended(end)) => {
                    self.running.leave(&execution.place);
                    self.after_end(authorised.plan(), execution.clone(), &end)
                        .await;
                    return;
                }
                Err(RunError::Stopping) => return,
                Err(RunError::Corrupt(error)) => {
                    self.running.leave(&execution.place);
                    self.report_broken_off(execution, &error.to_string()).await;
                    return;
                }
                // Nothing was begun that is not in the journal: it goes on from there as soon as
                // the journal can be written again.
                Err(RunError::Journal(error)) => {
                    tracing::error!(execution = %execution.id, %error, "the journal cannot be written; trying again");
                    failures += 1;
                    if failures == FAILURES_TO_REPORT {
                        self.report_stuck(execution, &error.to_string()).await;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(JOURNAL_RETRY) => {}
                        () = self.stop.cancelled() => return,
                    }
                    inbox = self.running.enter(&execution.place, &execution.id);
                }
            }
        }
    }

    async fn after_end(self: &Arc<Self>, plan: &Plan, mut execution: Execution, end: &RunEnd) {
        tracing::info!(execution = %execution.id, plan = %plan.id, status = ?end.status, "execution ended");
        execution.status = end.status;
        match end.status {
            ExecutionStatus::Succeeded => self.after_success(plan, &execution).await,
            _ => self.after_failure(plan, &execution, &end.state).await,
        }
    }
}
