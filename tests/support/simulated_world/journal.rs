//! The journal in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use commander::domain::execution::{Execution, ExecutionState, ExecutionStatus, JournalEvent};
use commander::domain::id::ExecutionId;
use commander::domain::lock::{Fence, Place};
use commander::domain::transition::Change;
use commander::engine::{Call, Journal, JournalError, Progress, Timer};
use jiff::Timestamp;

use super::fate::{Decided, JournalMishap, Story};
use super::{Life, VirtualTimer};
use crate::support::memory_ledger::MemoryLedger;
use crate::support::plans::at;

/// The journal of every execution. It recounts at each commit: what the engine believes must be
/// what the events add up to.
pub struct MemoryJournal {
    pub(super) kept: Mutex<Kept>,
    pub(super) life: Arc<Life>,
    pub(super) timer: VirtualTimer,
    pub(super) fate: Arc<Decided>,
    pub(super) story: Arc<Story>,
}

#[derive(Default)]
pub(super) struct Kept {
    events: BTreeMap<ExecutionId, Vec<(Timestamp, JournalEvent)>>,
    /// What the events add up to, event by event.
    states: BTreeMap<ExecutionId, ExecutionState>,
    /// Where the simulation keeps one.
    pub(super) ledger: Option<MemoryLedger>,
    /// What the ledger would not have.
    refused: Vec<String>,
    met: Vec<JournalMishap>,
    /// The last fencing token that was given for each place.
    tokens: BTreeMap<Place, u64>,
    commits: usize,
    mishaps: BTreeMap<usize, JournalMishap>,
}

impl Kept {
    fn take(&mut self, execution: &Execution, above: u64) -> Fence {
        let place = execution.place.clone();
        let token = self.tokens.entry(place.clone()).or_default();
        *token = above.max(*token) + 1;
        Fence {
            place,
            token: *token,
            execution: execution.id.clone(),
            since: at(60),
        }
    }
}

impl MemoryJournal {
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    /// How many commits were asked for.
    pub fn commits(&self) -> usize {
        self.kept().commits
    }

    pub fn events(&self, execution: &Execution) -> Vec<(Timestamp, JournalEvent)> {
        let kept = self.kept();
        kept.events.get(&execution.id).cloned().unwrap_or_default()
    }

    /// Why the ledger refused what was to be committed.
    pub fn refused(&self) -> Vec<String> {
        self.kept().refused.clone()
    }

    /// The mishaps that were met, in order.
    pub fn met(&self) -> Vec<JournalMishap> {
        self.kept().met.clone()
    }

    pub fn ledger(&self) -> MemoryLedger {
        self.kept().ledger.clone().expect("a ledger is kept")
    }

    /// What the events add up to.
    pub fn status(&self, execution: &Execution) -> ExecutionStatus {
        let kept = self.kept();
        let state = kept.states.get(&execution.id);
        state.map_or(ExecutionStatus::Waiting, |state| state.status)
    }

    /// What flows write besides the engine.
    pub fn write(&self, changes: Vec<Change>) {
        let mut kept = self.kept();
        let ledger = kept.ledger.as_mut().expect("a ledger is kept");
        ledger.write(changes).expect("a flow knows what it may do");
    }

    pub(super) fn has_ended(&self, execution: &ExecutionId) -> bool {
        let kept = self.kept();
        let state = kept.states.get(execution);
        state.is_some_and(|state| state.status.has_ended())
    }

    /// Whether the last that was written about the call's step is that it, or its undo, begins; and
    /// whether it is the undo.
    pub(super) fn announces(&self, call: &Call) -> (bool, bool) {
        let kept = self.kept();
        let events = kept.events.get(&call.execution);
        let mut newest_first = events.into_iter().flatten().rev();
        let last = newest_first.find_map(|(_, event)| match event {
            JournalEvent::StepStarted { step } => (*step == call.step).then_some((true, false)),
            JournalEvent::UndoStarted { step } => (*step == call.step).then_some((true, true)),
            JournalEvent::StepDone { step, .. }
            | JournalEvent::StepFailed { step, .. }
            | JournalEvent::StepRetried { step, .. }
            | JournalEvent::UndoDone { step }
            | JournalEvent::UndoFailed { step, .. } => {
                (*step == call.step).then_some((false, false))
            }
            _ => None,
        });
        last.unwrap_or_default()
    }

    /// Plans a mishap for the commit with this number, counted from 0.
    pub fn plan(&self, commit: usize, mishap: JournalMishap) {
        self.kept().mishaps.insert(commit, mishap);
    }

    /// The last fencing token that was given for the place.
    pub fn token(&self, place: &Place) -> u64 {
        self.kept().tokens.get(place).copied().unwrap_or_default()
    }

    /// Puts in what an engine would not write.
    pub fn forge(&self, execution: &Execution, events: Vec<(Timestamp, JournalEvent)>) {
        self.kept().events.insert(execution.id.clone(), events);
    }

    /// What happens to the commit that is being asked for.
    fn meet(&self) -> Option<JournalMishap> {
        let decided = self.fate.ask(|fate| fate.of_commit()).flatten();
        let mut kept = self.kept();
        let number = kept.commits;
        kept.commits += 1;
        let mishap = kept.mishaps.get(&number).copied().or(decided);
        kept.met.extend(mishap);
        mishap
    }

    fn append(&self, progress: &Progress<'_>) -> Result<Option<Fence>, JournalError> {
        let mut kept = self.kept();
        let Kept {
            events,
            states,
            ledger,
            refused,
            ..
        } = &mut *kept;
        let id = &progress.execution.id;
        let events = events.entry(id.clone()).or_default();
        if events.len() as u64 != progress.after {
            return Err(JournalError::Conflict);
        }
        let body = &progress.plan.body;
        let replay = || ExecutionState::replay(body, events.iter()).unwrap();
        let mut state = states.get(id).cloned().unwrap_or_else(replay);
        assert!(!state.status.has_ended(), "it goes on after its end");
        for (at, event) in progress.events {
            state.apply(body, *at, event).unwrap();
        }
        assert_eq!(&state, progress.state, "{events:#?}");
        if let Some(ledger) = ledger
            && let Err(why) = ledger.commit(progress)
        {
            refused.push(why);
            return Err(JournalError::Conflict);
        }
        for (_, event) in progress.events {
            self.story.tell(told(event));
        }
        events.extend_from_slice(progress.events);
        states.insert(id.clone(), state);
        Ok(progress
            .takes
            .map(|above| kept.take(progress.execution, above)))
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn commit(&self, progress: Progress<'_>) -> Result<Option<Fence>, JournalError> {
        self.life.go_on().await;
        // The disk takes its time, and others come in between.
        tokio::task::yield_now().await;
        self.life.go_on().await;
        let mishap = self.meet();
        if let Some(mishap) = mishap {
            self.story.tell(format_args!("  the journal: {mishap:?}"));
        }
        match mishap {
            Some(JournalMishap::Unwritable) => {
                let why = "database or disk is full".to_owned();
                return Err(JournalError::Unwritable(why));
            }
            Some(JournalMishap::CrashBefore) => self.life.end().await,
            Some(JournalMishap::Slow(takes)) => self.timer.sleep(takes).await,
            _ => {}
        }
        self.life.go_on().await;
        let fence = self.append(&progress)?;
        match mishap {
            Some(JournalMishap::CrashAfter) => self.life.end().await,
            Some(JournalMishap::Unsaid) => {
                let why = "disk I/O error".to_owned();
                Err(JournalError::Unwritable(why))
            }
            _ => Ok(fence),
        }
    }

    async fn load(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, JournalError> {
        Ok(self.events(execution))
    }
}

/// An event as a line.
fn told(event: &JournalEvent) -> String {
    let name = event.name();
    match event {
        JournalEvent::StepStarted { step }
        | JournalEvent::StepDone { step, .. }
        | JournalEvent::StepSkipped { step, .. }
        | JournalEvent::Asked { step, .. }
        | JournalEvent::UndoStarted { step }
        | JournalEvent::UndoDone { step } => format!("  {name} {step}"),
        JournalEvent::StepFailed { step, fault }
        | JournalEvent::StepRetried { step, fault, .. }
        | JournalEvent::UndoFailed { step, fault } => format!("  {name} {step}: {fault}"),
        JournalEvent::Answered { step, choice, .. } => format!("  {name} {step}: {choice}"),
        JournalEvent::UnwindStarted { reason } | JournalEvent::CancelRequested { reason, .. } => {
            format!("  {name}: {reason}")
        }
        JournalEvent::Started { .. } => format!("  {name}"),
        JournalEvent::Ended { status } => format!("  {name} {status:?}"),
    }
}
