//! What ended executions leave is let go of in the end: journals are shortened to what they added
//! up to, logs are compressed and then removed. A little at a time, behind everything else.

use std::sync::Arc;
use std::time::Duration;

use super::Flow;
use super::error::{Code, FlowError};
use crate::domain::audit::AuditEntry;
use crate::domain::history::{EndedLog, LogAct, log_acts};
use crate::domain::id::ExecutionId;
use crate::domain::transition::{Change, Transition};
use crate::os::clock;

/// How often it is looked at when nothing was to be done.
const LOOK: Duration = Duration::from_secs(600);
/// Until the next look when more is to be done than one look does.
const SOON: Duration = Duration::from_secs(5);
/// Journals, and logs, that one look takes up.
const AT_ONCE: usize = 20;

impl Flow {
    /// Runs until the process stops.
    pub fn keep_history(self: &Arc<Self>) {
        let flow = self.clone();
        self.tasks.spawn(async move {
            loop {
                let done = tokio::select! {
                    done = flow.tidy() => done,
                    () = flow.stop.cancelled() => return,
                };
                let pause = match done {
                    Ok(acts) if acts >= AT_ONCE => SOON,
                    Ok(_) => LOOK,
                    Err(error) => {
                        tracing::warn!(%error, "what ended long ago was not tidied up; it is tried again");
                        LOOK
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = flow.stop.cancelled() => return,
                }
            }
        });
    }

    /// One look: gives how much it did.
    ///
    /// # Errors
    ///
    /// When the ledger or the folder of the logs cannot be read or written.
    pub async fn tidy(&self) -> Result<usize, FlowError> {
        Ok(self.shorten_journals().await? + self.tidy_logs().await?)
    }

    async fn shorten_journals(&self) -> Result<usize, FlowError> {
        let now = clock::now();
        let keep = self.settings.history.journals;
        let mut done = 0;
        let mut after = None;
        // One that cannot be shortened is not in the way of the others.
        while done < AT_ONCE {
            let next =
                self.store
                    .journal_to_shorten(keep.since(now), keep.newest, after.as_ref())?;
            let Some(execution) = next else { break };
            let entry = AuditEntry::new(now, "commander", "journal.shortened", &execution);
            let shorten = Change::ShortenJournal {
                execution: execution.clone(),
                at: now,
            };
            let changes = vec![shorten, Change::Audit(entry)];
            match self.store.write(Transition::of(changes)).await {
                Ok(()) => done += 1,
                // What is not as it was written stays, for those who look into it.
                Err(error) => {
                    tracing::warn!(%execution, %error, "a journal was not shortened");
                }
            }
            after = Some(execution);
        }
        Ok(done)
    }

    async fn tidy_logs(&self) -> Result<usize, FlowError> {
        let unavailable = |error: std::io::Error| {
            FlowError::new(Code::Storage, format!("the logs cannot be kept: {error}"))
        };
        let mut ended = Vec::new();
        for file in self.logbook.files().map_err(unavailable)? {
            if self.has_ended(&file.execution) {
                ended.push(EndedLog {
                    execution: file.execution,
                    written_at: file.written_at,
                    compressed: file.compressed,
                });
            }
        }
        let acts = log_acts(ended, self.settings.history.logs, clock::now(), AT_ONCE);
        for (execution, act) in &acts {
            let done = match act {
                LogAct::Compress => self.logbook.compress(execution).await,
                LogAct::Remove => self.logbook.remove(execution).await,
            };
            done.map_err(unavailable)?;
        }
        Ok(acts.len())
    }

    /// The log of an execution that the ledger does not know is nobody's any more.
    fn has_ended(&self, execution: &ExecutionId) -> bool {
        match self.store.execution(execution) {
            Ok(execution) => execution.status.has_ended(),
            Err(error) => matches!(error, crate::adapters::db::StoreError::NotFound { .. }),
        }
    }
}
