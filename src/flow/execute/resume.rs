//! Going on: with what a process that is gone left unfinished, and with what waited for a person.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::{JOURNAL_RETRY, Places};
use crate::domain::approval::Authorised;
use crate::domain::execution::{Execution, ExecutionStatus, JournalEvent};
use crate::engine::Inbox;
use crate::flow::Flow;
use crate::flow::error::{Code, FlowError};

/// Executions that are gone on with at the same time after a restart, until each has its right to run:
/// more would keep whoever asks something waiting.
const TAKEN_UP_TOGETHER: usize = 16;

/// Executions that one thread looks at when they are taken up: a few dozen milliseconds.
const LOOKED_AT_TOGETHER: usize = 256;

impl Flow {
    /// Takes up what a process that is gone left unfinished, and what was waiting, in these places.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn resume(self: &Arc<Self>, places: &Places<'_>) -> Result<(), FlowError> {
        let mut open = self.store.open_executions()?;
        open.retain(|e| places(&e.place) && !self.running.is_busy(&e.place));
        let (waiting, begun): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|e| e.status == ExecutionStatus::Waiting);
        let mut go_on = Vec::new();
        for (execution, asks_until) in self.look_at(begun).await {
            // Of those that wait there may be many, and nothing is held for them.
            match asks_until {
                Some(until) => self.running.found_waiting(&execution, until),
                None => {
                    let inbox = self.running.enter(&execution.place, &execution.id);
                    go_on.push((execution, inbox));
                }
            }
        }
        self.spawn_all_again(go_on);
        self.running.waits.notify_one();
        for execution in waiting {
            self.start_waiting(&execution.place);
        }
        Ok(())
    }

    /// Until when a person is asked, of each of them. Nobody is answered before this is known, so
    /// that all cores look through the journals.
    async fn look_at(
        self: &Arc<Self>,
        begun: Vec<Execution>,
    ) -> Vec<(Execution, Option<Timestamp>)> {
        let parts: Vec<_> = begun
            .chunks(LOOKED_AT_TOGETHER)
            .map(|part| {
                let (flow, part) = (self.clone(), part.to_vec());
                tokio::task::spawn_blocking(move || {
                    let look = |execution: Execution| {
                        let until = flow.asks_until(&execution);
                        (execution, until)
                    };
                    part.into_iter().map(look).collect::<Vec<_>>()
                })
            })
            .collect();
        let mut looked_at = Vec::with_capacity(begun.len());
        for part in parts {
            match part.await {
                Ok(part) => looked_at.extend(part),
                // It is not cancelled: a panic there is one here.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        looked_at
    }

    /// Until when a person is asked, where nothing else goes on. What is wrong with the journal is
    /// found by the run.
    fn asks_until(&self, execution: &Execution) -> Option<Timestamp> {
        let state = self.store.execution_state(execution).ok()?;
        let ends = state.questions().map(|(_, asking)| asking.until);
        ends.min().filter(|_| state.waits_for_a_person())
    }

    /// Goes on with all of them, a few at a time: whoever asks something meanwhile is answered in
    /// between, and not after the last one.
    fn spawn_all_again(self: &Arc<Self>, begun: Vec<(Execution, Inbox)>) {
        let flow = self.clone();
        self.tasks.spawn(async move {
            stream::iter(begun)
                .take_until(flow.stop.cancelled())
                .for_each_concurrent(TAKEN_UP_TOGETHER, |(execution, inbox)| {
                    // A panic is reported where it happens, and is no other one's.
                    flow.spawn_again(execution, inbox).map(drop)
                })
                .await;
        });
    }

    /// Goes on with an execution that waited for a person, or that a process which is gone had begun.
    /// Its right to run is given before the task ends.
    pub(in crate::flow) fn spawn_again(
        self: &Arc<Self>,
        execution: Execution,
        inbox: Inbox,
    ) -> JoinHandle<()> {
        let flow = self.clone();
        self.tasks.spawn(async move {
            loop {
                match flow.authorise_again(&execution) {
                    Ok(authorised) => return flow.spawn_with(authorised, execution, inbox),
                    Err(error) if error.code == Code::Storage => {
                        tracing::error!(execution = %execution.id, %error, "an execution cannot go on; trying again");
                    }
                    Err(error) => {
                        flow.running.leave(&execution.place);
                        return flow.report_broken_off(&execution, &error.message).await;
                    }
                }
                tokio::select! {
                    () = tokio::time::sleep(JOURNAL_RETRY) => {}
                    () = flow.stop.cancelled() => return,
                }
            }
        })
    }

    /// The right of a begun execution, as of its journaled start.
    fn authorise_again(&self, execution: &Execution) -> Result<Authorised, FlowError> {
        let plan = self.store.plan(&execution.plan)?;
        let journal = self.store.journal(&execution.id, 0)?;
        let started = journal
            .iter()
            .find(|(_, event)| matches!(event, JournalEvent::Started { .. }))
            .map(|(at, _)| *at)
            .ok_or_else(|| FlowError::new(Code::Tampered, "the journal has no start"))?;
        self.authorise(&plan, started)
    }
}
