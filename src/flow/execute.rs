//! Execution: who runs, who waits, how one is cancelled, and how all go on after a restart.
//!
//! ```text
//!   approve ──> execution waits ──start_waiting──> [gate of the place]
//!                                   next in line ── authorise, drift, rules at start
//!                                   ──> engine.run ──> settled ──> after_end ──> next in line
//! ```

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::docker::EngineError;
use crate::domain::advice::RuleStage;
use crate::domain::approval::{Authorised, authorise};
use crate::domain::audit::AuditEntry;
use crate::domain::execution::{Execution, ExecutionStatus, JournalEvent};
use crate::domain::id::ExecutionId;
use crate::domain::intent::Action;
use crate::domain::lock::{Holder, Place, Waiting, make_way, next_in_line};
use crate::domain::plan::{Plan, PlanEvent, PlanStatus, Requester};
use crate::domain::planner;
use crate::domain::release;
use crate::domain::settlement::actor;
use crate::domain::text::last_words;
use crate::domain::transition::{Change, Transition};
use crate::engine::{CancelWish, Halt, Inbox, RunEnd, RunError, Signal, may_be_cancelled};
use crate::os::clock;

/// How long the engine waits before it tries again to write a journal that could not be written.
const JOURNAL_RETRY: Duration = Duration::from_secs(5);
/// After so many tries in a row a person is called; it goes on being tried.
const FAILURES_TO_REPORT: u32 = 3;

/// Executions that are gone on with at the same time after a restart, until each has its right to run:
/// more would keep whoever asks something waiting.
const TAKEN_UP_TOGETHER: usize = 16;

/// Executions that one thread looks at when they are taken up: a few dozen milliseconds.
const LOOKED_AT_TOGETHER: usize = 256;

/// The executions of this process.
#[derive(Default)]
pub struct Running {
    places: Mutex<HashMap<Place, Handle>>,
    gates: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
    waits: Notify,
}

struct Handle {
    execution: ExecutionId,
    state: HandleState,
}

enum HandleState {
    Runs {
        tell: mpsc::UnboundedSender<Signal>,
        /// One wish is enough.
        cancelled: bool,
    },
    /// For a person; nothing runs.
    Waits { until: Timestamp },
}

/// What became of something that was to be told to a run.
pub(super) enum Told {
    Heard,
    /// It waited for a person; a run that reads this goes on with it.
    Woken(Inbox),
    /// It is not here, or is being cancelled already.
    NotHere,
}

/// Whether a place is one of those that are meant.
pub(super) type Places<'a> = dyn Fn(&Place) -> bool + Send + Sync + 'a;

impl Running {
    /// Whether an execution of this process works on the place.
    pub fn is_busy(&self, place: &Place) -> bool {
        self.places().contains_key(place)
    }

    fn enter(&self, place: &Place, execution: &ExecutionId) -> Inbox {
        let (state, inbox) = running();
        self.places().insert(
            place.clone(),
            Handle {
                execution: execution.clone(),
                state,
            },
        );
        inbox
    }

    /// Notes that the execution waits for a person; false when it was told something meanwhile and
    /// has to go on.
    fn wait(&self, execution: &Execution, until: Timestamp, inbox: &Inbox) -> bool {
        let mut places = self.places();
        let nothing = inbox.is_empty();
        if nothing {
            places.insert(execution.place.clone(), waiting(execution, until));
            self.waits.notify_one();
        }
        nothing
    }

    /// Notes that the execution waited for a person when the process before this one ended. Who
    /// keeps the time is told once, when all are noted.
    fn found_waiting(&self, execution: &Execution, until: Timestamp) {
        let handle = waiting(execution, until);
        self.places().insert(execution.place.clone(), handle);
    }

    /// Returns when another execution waits for a person.
    pub(super) async fn somebody_waits(&self) {
        self.waits.notified().await;
    }

    /// Whose question ends first, and when.
    pub(super) fn next_end(&self) -> Option<(ExecutionId, Timestamp)> {
        let places = self.places();
        let ends = places.values().filter_map(|handle| match handle.state {
            HandleState::Waits { until } => Some((&handle.execution, until)),
            HandleState::Runs { .. } => None,
        });
        let first = ends.min_by_key(|(_, until)| *until);
        first.map(|(execution, until)| (execution.clone(), until))
    }

    fn leave(&self, place: &Place) {
        self.places().remove(place);
    }

    /// What works on the place, or is about to.
    fn at(&self, place: &Place) -> Option<ExecutionId> {
        self.places()
            .get(place)
            .map(|handle| handle.execution.clone())
    }

    /// Delivers the signal, or only wakes who waits.
    pub(super) fn tell(&self, execution: &ExecutionId, signal: Option<Signal>) -> Told {
        let mut places = self.places();
        let handle = places.values_mut().find(|h| &h.execution == execution);
        let Some(handle) = handle else {
            return Told::NotHere;
        };
        let mut woken = None;
        if let HandleState::Waits { .. } = handle.state {
            let (state, inbox) = running();
            handle.state = state;
            woken = Some(inbox);
        }
        let HandleState::Runs { tell, cancelled } = &mut handle.state else {
            return Told::NotHere;
        };
        let again = matches!(signal, Some(Signal::Cancel(_))) && std::mem::replace(cancelled, true);
        let heard = !again && signal.is_none_or(|signal| tell.send(signal).is_ok());
        match (woken, heard) {
            (Some(inbox), _) => Told::Woken(inbox),
            (None, true) => Told::Heard,
            (None, false) => Told::NotHere,
        }
    }

    /// One at a time decides what starts in a place.
    pub(super) fn gate(&self, place: &Place) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self
            .gates
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        gates.entry(place.clone()).or_default().clone()
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashMap<Place, Handle>> {
        // Each critical section is one call on the map; a panic cannot leave it half done.
        self.places
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn waiting(execution: &Execution, until: Timestamp) -> Handle {
    Handle {
        execution: execution.id.clone(),
        state: HandleState::Waits { until },
    }
}

fn running() -> (HandleState, Inbox) {
    let (tell, inbox) = mpsc::unbounded_channel();
    let cancelled = false;
    (HandleState::Runs { tell, cancelled }, inbox)
}

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

    fn authorise(&self, plan: &Plan, now: jiff::Timestamp) -> Result<Authorised, FlowError> {
        let approvals = self.store.approvals(&plan.id)?;
        let grant = match &plan.origin.by {
            Requester::Policy { under } => self.grant(plan, under)?,
            Requester::Person { .. } => None,
        };
        authorise(plan, &approvals, grant.as_ref(), self.settings.windows, now)
            .map_err(|refusal| FlowError::new(Code::NotAllowed, refusal.to_string()))
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
    pub(super) fn spawn_again(
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

    fn spawn_run(self: &Arc<Self>, authorised: Authorised, execution: Execution) {
        let inbox = self.running.enter(&execution.place, &execution.id);
        self.spawn_with(authorised, execution, inbox);
    }

    fn spawn_with(self: &Arc<Self>, authorised: Authorised, execution: Execution, inbox: Inbox) {
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

    /// Ends an execution that has not begun, and its plan.
    ///
    /// # Errors
    ///
    /// `Conflict` when it has begun.
    pub(super) async fn end_waiting(
        self: &Arc<Self>,
        execution: &Execution,
        by: &str,
        reason: &str,
        event: PlanEvent,
    ) -> Result<(), FlowError> {
        let now = clock::now();
        let wish = JournalEvent::CancelRequested {
            by: execution.requested_by.clone(),
            reason: reason.to_owned(),
        };
        let mut changes = vec![
            Change::Journal {
                execution: execution.id.clone(),
                after: 0,
                events: vec![(now, wish)],
                status: ExecutionStatus::Cancelled,
            },
            // Its journal is one event long, and sealed as any other.
            Change::SealJournal {
                execution: execution.id.clone(),
                entry: AuditEntry::new(now, by, "execution.ended", &execution.id)
                    .with("status", "cancelled")
                    .with("reason", reason),
            },
        ];
        let plan = self.store.plan(&execution.plan)?;
        if plan.status == PlanStatus::Approved {
            changes.push(Change::MovePlan {
                plan: execution.plan.clone(),
                event,
                reason: Some(reason.to_owned()),
            });
        }
        self.store.write(Transition::of(changes)).await?;
        if plan.body.action == Action::Rollback {
            self.report_no_rollback(&plan, reason).await;
        }
        Ok(())
    }

    /// A rollback goes first.
    async fn make_way(self: &Arc<Self>, rollback: &Execution) -> Result<(), FlowError> {
        let open = self.store.open_executions_in(&rollback.place)?;
        let mut waiting = line(&open, &rollback.place);
        waiting.retain(|w| w.execution != rollback.id);
        // The lock is taken by an execution's first event; who is about to take it counts too.
        let at_work = self.running.at(&rollback.place);
        let holder = at_work
            .and_then(|id| open.iter().find(|e| e.id == id))
            .map(|e| Holder {
                execution: e.id.clone(),
                action: e.action,
                since: e.created_at,
            });
        let way = make_way(holder.as_ref(), &waiting);
        let wish = CancelWish {
            by: rollback.requested_by.clone(),
            reason: "a rollback goes first".to_owned(),
        };
        for execution in open.iter().filter(|e| way.cancel_waiting.contains(&e.id)) {
            if self.signal(execution, Some(Signal::Cancel(wish.clone()))) {
                continue;
            }
            let by = actor(&rollback.requested_by);
            match self
                .end_waiting(execution, &by, &wish.reason, PlanEvent::Cancel)
                .await
            {
                // It has begun or ended in between.
                Err(error) if error.code == Code::Conflict => {
                    self.signal(execution, Some(Signal::Cancel(wish.clone())));
                }
                done => done?,
            }
        }
        let running = way.cancel_running;
        if let Some(running) = open.iter().find(|e| Some(&e.id) == running.as_ref()) {
            self.signal(running, Some(Signal::Cancel(wish)));
        }
        Ok(())
    }

    /// A person ends an execution; what it did is undone.
    ///
    /// # Errors
    ///
    /// `TooLate` when it has ended, is being undone, or is a rollback whose switch has begun.
    pub async fn cancel(
        self: &Arc<Self>,
        id: &ExecutionId,
        by: &crate::domain::name::PersonName,
        reason: &str,
    ) -> Result<Execution, FlowError> {
        let execution = self.store.execution(id)?;
        let said = self.remark(reason, 500);
        let wish = CancelWish {
            by: Requester::Person { name: by.clone() },
            reason: if said.trim().is_empty() {
                format!("by {by}")
            } else {
                format!("by {by}: {said}")
            },
        };
        let runs = self.running.at(&execution.place).as_ref() == Some(id);
        if execution.status == ExecutionStatus::Waiting && !runs {
            match self
                .end_waiting(&execution, by.as_str(), &wish.reason, PlanEvent::Cancel)
                .await
            {
                // It has begun in between.
                Err(error) if error.code == Code::Conflict => {}
                done => {
                    done?;
                    return Ok(self.store.execution(id)?);
                }
            }
        }
        let is_begun = matches!(
            execution.status,
            ExecutionStatus::Running | ExecutionStatus::Unwinding
        );
        if is_begun && !runs {
            return self.abandon(id, by, &wish).await;
        }
        let plan = self.store.plan(&execution.plan)?;
        let state = self.store.execution_state(&execution)?;
        let is_about_to_start = state.status == ExecutionStatus::Waiting;
        if !is_about_to_start && !may_be_cancelled(&plan, &state) {
            return Err(FlowError::new(Code::TooLate, too_late(&plan, state.status)));
        }
        if !self.signal(&execution, Some(Signal::Cancel(wish))) {
            return Err(FlowError::new(
                Code::TooLate,
                "it is being cancelled already",
            ));
        }
        Ok(self.store.execution(id)?)
    }

    /// Ends the pending plans of a place that were made for another live release or rollback
    /// target.
    pub(super) async fn supersede_outdated(&self, place: &Place) {
        if let Err(error) = self.try_supersede_outdated(place).await {
            // They are found out of date again when they are approved.
            tracing::error!(%place, %error, "plans that are out of date cannot be superseded");
        }
    }

    async fn try_supersede_outdated(&self, place: &Place) -> Result<(), FlowError> {
        let ledger = self.store.ledger(place)?;
        for plan in self.store.open_plans(place)? {
            if let Some(why) = planner::outdated(&plan.body, &ledger) {
                self.supersede(&plan, why).await?;
            }
        }
        Ok(())
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

fn too_late(plan: &Plan, status: ExecutionStatus) -> String {
    match status {
        ExecutionStatus::Running => format!(
            "the rollback of {} has begun its switch and is carried through",
            plan.body.service
        ),
        ExecutionStatus::Unwinding => "it is being undone already".to_owned(),
        _ => format!("it has ended: {status:?}").to_lowercase(),
    }
}
