//! The journal in the ledger: an event and all that follows from it are one commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::adapters::db::{Store, StoreError};
use crate::domain::execution::{Execution, JournalEvent};
use crate::domain::lock::{Fence, Place};
use crate::domain::settlement::{self, LedgerFacts};
use crate::domain::transition::{Change, Transition};
use crate::domain::watch::WatchSettings;
use crate::engine::journal::{Journal, JournalError, Progress};

pub struct LedgerJournal {
    store: Store,
    /// How a release of each place is watched once it is live.
    watches: Arc<BTreeMap<Place, WatchSettings>>,
}

impl LedgerJournal {
    pub fn new(store: Store, watches: Arc<BTreeMap<Place, WatchSettings>>) -> Self {
        Self { store, watches }
    }

    fn transition(&self, progress: &Progress<'_>) -> Result<Transition, StoreError> {
        let Progress {
            execution,
            plan,
            after,
            events,
            state,
            takes,
        } = progress;
        let mut changes = Vec::new();
        if let (Some(above), Some((at, _))) = (takes, events.first()) {
            changes.push(settlement::take_lock(execution, *above, *at));
        }
        if let Some((at, JournalEvent::Started { .. })) = events.first() {
            let watch = self.store.open_watch(&execution.place)?;
            changes.extend(settlement::open(plan, execution, watch.as_ref(), *at));
        }
        changes.push(Change::Journal {
            execution: execution.id.clone(),
            after: *after,
            events: events.to_vec(),
            status: state.status,
        });
        changes.extend(settlement::answers(execution, state, events));
        if let Some((at, _)) = events.last().filter(|_| state.status.has_ended()) {
            let facts = self.facts(execution)?;
            let settings = self
                .watches
                .get(&execution.place)
                .cloned()
                .unwrap_or_default();
            changes.extend(settlement::settle(
                plan, execution, state, &facts, &settings, *at,
            ));
        }
        Ok(Transition::of(changes))
    }

    /// The right that was just taken. Only who has the lock takes it up again, so that it is there.
    fn taken(&self, progress: &Progress<'_>) -> Result<Option<Fence>, JournalError> {
        if progress.takes.is_none() || progress.state.status.has_ended() {
            return Ok(None);
        }
        let execution = progress.execution;
        let fence = self.store.fence(&execution.place);
        let fence = fence.map_err(|error| JournalError::Unreadable(error.to_string()))?;
        let own = fence.filter(|fence| fence.execution == execution.id);
        own.map(Some).ok_or(JournalError::Conflict)
    }

    fn facts(&self, execution: &Execution) -> Result<LedgerFacts, StoreError> {
        let replaced = match &execution.replaces {
            Some(id) => Some(self.store.release(id)?),
            None => None,
        };
        let replaced_plan = match &replaced {
            Some(release) => Some(self.store.plan(&release.plan)?.status),
            None => None,
        };
        Ok(LedgerFacts {
            approvals: self.store.approvals(&execution.plan)?,
            replaced,
            replaced_plan,
            open_watch: self.store.open_watch(&execution.place)?,
        })
    }
}

#[async_trait]
impl Journal for LedgerJournal {
    async fn commit(&self, progress: Progress<'_>) -> Result<Option<Fence>, JournalError> {
        // A watch may end between the reading of the facts and the commit: they are read again.
        for _ in 0..2 {
            let transition = self.transition(&progress).map_err(|e| unwritable(&e))?;
            match self.store.write(transition).await {
                Ok(()) => return self.taken(&progress),
                Err(StoreError::Conflict(why)) => {
                    tracing::warn!(execution = %progress.execution.id, %why, "a commit met another one");
                }
                Err(error) => return Err(unwritable(&error)),
            }
        }
        Err(JournalError::Conflict)
    }

    async fn load(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, JournalError> {
        self.store
            .journal(&execution.id, 0)
            .map_err(|error| JournalError::Unreadable(error.to_string()))
    }
}

fn unwritable(error: &StoreError) -> JournalError {
    JournalError::Unwritable(error.to_string())
}
