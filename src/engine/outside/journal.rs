//! The journal in the ledger: an event and all that follows from it are one commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::adapters::db::{Store, StoreError};
use crate::domain::execution::{Execution, JournalEvent};
use crate::domain::lock::{Fence, Place};
use crate::domain::settlement::{self, LedgerFacts, Needed, Progress};
use crate::domain::transition::Transition;
use crate::domain::watch::WatchSettings;
use crate::engine::journal::{Journal, JournalError};

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
        let facts = self.facts(progress)?;
        let usual = WatchSettings::default();
        let settings = self.watches.get(&progress.execution.place);
        let settings = settings.unwrap_or(&usual);
        Ok(Transition::of(settlement::changes(
            progress, &facts, settings,
        )))
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

    fn facts(&self, progress: &Progress<'_>) -> Result<LedgerFacts, StoreError> {
        let execution = progress.execution;
        let mut facts = LedgerFacts::default();
        let needed = progress.needs();
        if needed == Needed::Nothing {
            return Ok(facts);
        }
        facts.open_watch = self.store.open_watch(&execution.place)?;
        if needed == Needed::Watch {
            return Ok(facts);
        }
        facts.approvals = self.store.approvals(&execution.plan)?;
        if let Some(id) = &execution.replaces {
            let replaced = self.store.release(id)?;
            facts.replaced_plan = Some(self.store.plan(&replaced.plan)?.status);
            facts.replaced = Some(replaced);
        }
        Ok(facts)
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
