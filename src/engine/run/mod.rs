//! The loop that carries one execution from its first event to its last. How one act is performed
//! once it is durable is in `perform`.

mod perform;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::journal::{Journal, JournalError, Progress};
use super::timer::Timer;
use super::world::{LogSink, World};
use crate::domain::approval::Authorised;
use crate::domain::execution::{
    Act, CorruptJournal, Execution, ExecutionState, ExecutionStatus, Fault, FaultKind,
    GRAPH_VERSION, JournalEvent, StepStatus,
};
use crate::domain::intent::Action;
use crate::domain::lock::Fence;
use crate::domain::plan::{Plan, Requester};
use crate::domain::question::{self, Answer, AnswerRefused, Asking};
use crate::domain::step::{Step, StepAction, StepId};
use perform::Outcome;

/// How long a run that takes its place waits to hear which tokens there are on the engine. Without
/// an answer the ledger alone counts, and where that is too old (it came from a backup), the run's
/// calls would be refused; so it asks again. Nobody who wants the end is heard meanwhile, and a
/// rollback waits, too.
const TOKEN_WAIT: Duration = Duration::from_secs(5);

/// How long a run that did not hear it waits when it asks again, between two steps.
const TOKEN_WAIT_AGAIN: Duration = Duration::from_secs(2);

/// What the engine needs of the house; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub world: Arc<dyn World>,
    pub journal: Arc<dyn Journal>,
    pub timer: Arc<dyn Timer>,
    pub log: Arc<dyn LogSink>,
    /// The data directory's random id.
    pub instance: Arc<str>,
}

/// A person's (or a rollback's) wish to end an execution.
#[derive(Debug, Clone)]
pub struct CancelWish {
    pub by: Requester,
    pub reason: String,
}

/// What a person, or a rollback, tells a run.
#[derive(Debug)]
pub enum Signal {
    Cancel(CancelWish),
    /// Replied to once the answer is durable, or is refused.
    Answer(Answer, oneshot::Sender<Result<(), AnswerRefused>>),
}

/// Where a run hears what it is told. It outlives the run, so that nothing that is told while the
/// run stops is lost.
pub type Inbox = mpsc::UnboundedReceiver<Signal>;

/// Where a run stopped in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Halt {
    Ended(RunEnd),
    /// Nothing goes on until a person answers or the time is over: a later run goes on from the
    /// journal, and nobody needs to hold anything for it meanwhile.
    Waits(Waits),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Waits {
    pub until: Timestamp,
    /// What was asked in this run, and not already in one before it.
    pub asked: Vec<(StepId, Asking)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    pub status: ExecutionStatus,
    pub state: ExecutionState,
}

/// Why a run stopped without an end; the journal holds all that was done, and a later start goes
/// on from there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Corrupt(#[from] CorruptJournal),
    #[error("Commander is stopping; the execution goes on at the next start")]
    Stopping,
}

impl Engine {
    /// Runs the execution to its end, or until it waits for a person: a new one, or one whose
    /// journal was begun before.
    ///
    /// `stop` ends the run without an end (the process stops).
    ///
    /// # Errors
    ///
    /// When the journal cannot be written or read, or the process stops.
    pub async fn run(
        &self,
        authorised: &Authorised,
        execution: &Execution,
        inbox: &mut Inbox,
        stop: CancellationToken,
    ) -> Result<Halt, RunError> {
        let mut run = Run::load(self, authorised.plan(), execution, stop.clone()).await?;
        let mut first = if run.written == 0 {
            vec![JournalEvent::Started {
                graph_version: GRAPH_VERSION,
                plan_digest: authorised.plan().digest.clone(),
                approvals: authorised.approvals().to_vec(),
            }]
        } else {
            run.adopt()
        };
        let mut flights = FuturesUnordered::new();
        let mut inbox_open = true;
        loop {
            let is_alone = flights.is_empty();
            let events = std::mem::take(&mut first);
            let launched = run.commit_and_decide(events, is_alone).await?;
            run.acknowledge();
            if run.state.status.has_ended() {
                return Ok(Halt::Ended(RunEnd {
                    status: run.state.status,
                    state: Arc::unwrap_or_clone(run.state),
                }));
            }
            let idle = flights.is_empty() && launched.is_empty() && inbox.is_empty();
            if idle && let Some(waits) = run.waits() {
                return Ok(Halt::Waits(waits));
            }
            for act in launched {
                flights.push(run.launch(act));
            }
            if run.state.is_doomed() {
                run.cancel_steps.cancel();
            }
            // In a fixed order, for what is decided must not hang on chance: who wants the end is
            // heard before anything else begins.
            tokio::select! {
                biased;
                signal = inbox.recv(), if inbox_open => match signal {
                    Some(signal) => first.extend(run.event_of_signal(signal)),
                    None => inbox_open = false,
                },
                Some(outcome) = flights.next() => first.push(run.event_of(outcome)),
                () = run.next_moment() => {}
                () = stop.cancelled() => return Err(RunError::Stopping),
            }
            // What else has come back meanwhile is committed with it.
            while let Some(Some(outcome)) = flights.next().now_or_never() {
                first.push(run.event_of(outcome));
            }
        }
    }
}

/// A run in progress.
struct Run<'a> {
    engine: &'a Engine,
    plan: &'a Plan,
    execution: &'a Execution,
    /// Shared with the steps that run; each sees it as it was when it began.
    state: Arc<ExecutionState>,
    /// Events in the journal.
    written: u64,
    /// The right to the place, taken with the first events that this run writes.
    fence: Option<Fence>,
    /// Whether it was taken above all tokens on the engine, and not only above those of the ledger.
    knows_tokens: bool,
    cancel_steps: CancellationToken,
    /// The process is to end.
    stop: CancellationToken,
    steps: BTreeMap<&'a StepId, &'a Step>,
    /// When it was last decided what to do.
    decided_at: Timestamp,
    asked: Vec<(StepId, Asking)>,
    /// Whom to tell that the answer is durable.
    answered: Option<oneshot::Sender<Result<(), AnswerRefused>>>,
}

impl<'a> Run<'a> {
    async fn load(
        engine: &'a Engine,
        plan: &'a Plan,
        execution: &'a Execution,
        stop: CancellationToken,
    ) -> Result<Self, RunError> {
        let journal = engine.journal.load(execution).await?;
        Ok(Self {
            engine,
            plan,
            execution,
            state: Arc::new(ExecutionState::replay(&plan.body, &journal)?),
            written: journal.len() as u64,
            fence: None,
            knows_tokens: false,
            cancel_steps: CancellationToken::new(),
            stop,
            decided_at: engine.timer.now(),
            asked: Vec::new(),
            answered: None,
            steps: plan.body.steps.iter().map(|s| (&s.id, s)).collect(),
        })
    }

    /// The events with which a restarted process takes over what was under way: steps start
    /// again and adopt what they find; where nothing can become of the run, they count as failed.
    fn adopt(&self) -> Vec<JournalEvent> {
        let running = self.state.in_status(StepStatus::Running).cloned();
        let undoing = self.state.in_status(StepStatus::Undoing).cloned();
        match self.state.status {
            ExecutionStatus::Running if self.state.is_doomed() => running
                .map(|step| JournalEvent::StepFailed {
                    step,
                    fault: Fault::new(FaultKind::Cancelled, "Commander stopped while it ran"),
                })
                .collect(),
            ExecutionStatus::Running => running
                .map(|step| JournalEvent::StepStarted { step })
                .collect(),
            ExecutionStatus::Unwinding => undoing
                .map(|step| JournalEvent::UndoStarted { step })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Takes the events in, decides what follows, commits both together, and returns what is to
    /// be performed now that it is durable. `is_alone`: no step is under way.
    async fn commit_and_decide(
        &mut self,
        events: Vec<JournalEvent>,
        is_alone: bool,
    ) -> Result<Vec<Act>, RunError> {
        let now = self.engine.timer.now();
        self.decided_at = now;
        let mut batch: Vec<(Timestamp, JournalEvent)> = Vec::new();
        let mut launch = Vec::new();
        for event in events {
            launch.extend(act_of(&event));
            self.take(now, event, &mut batch)?;
        }
        loop {
            let acts = self.state.decide(&self.plan.body, now);
            if acts.is_empty() {
                break;
            }
            for act in acts {
                let event = self.event_of_act(&act, now);
                self.take(now, event, &mut batch)?;
                if matches!(act, Act::Start(_) | Act::Undo(_)) {
                    launch.push(act);
                }
            }
        }
        if !batch.is_empty() {
            let takes = self.takes(is_alone).await;
            let progress = Progress {
                execution: self.execution,
                plan: self.plan,
                after: self.written,
                events: &batch,
                state: &self.state,
                takes,
            };
            let taken = self.engine.journal.commit(progress).await?;
            self.fence = taken.or(self.fence.take());
            self.written += batch.len() as u64;
        }
        Ok(launch)
    }

    /// Above which token the run takes its place with this commit, if it does. Whoever takes it
    /// last counts, so that is looked at once, by the first commit. Only a run that was not told
    /// then asks again, until it is: a ledger that came from a backup would have it refused, and
    /// its undos too. What is under way has the token of before and would be refused for the new
    /// one, so that it is waited for.
    async fn takes(&mut self, is_alone: bool) -> Option<u64> {
        let Some(own) = self.fence.as_ref().map(|fence| fence.token) else {
            let highest = self.highest_token(TOKEN_WAIT).await;
            self.knows_tokens = highest.is_some();
            return Some(highest.unwrap_or(0));
        };
        if self.knows_tokens || !is_alone || self.state.status.has_ended() {
            return None;
        }
        let highest = self.highest_token(TOKEN_WAIT_AGAIN).await?;
        self.knows_tokens = true;
        // What has its own token may be of a process that does not know of this one.
        (highest >= own).then_some(highest)
    }

    async fn highest_token(&self, wait: Duration) -> Option<u64> {
        let place = &self.execution.place;
        let known = tokio::select! {
            known = self.engine.world.highest_token(place) => known,
            () = self.engine.timer.sleep(wait) => {
                Err(Fault::new(FaultKind::TimedOut, "the engine does not answer"))
            }
            () = self.stop.cancelled() => {
                Err(Fault::new(FaultKind::Cancelled, "Commander stops"))
            }
        };
        known
            .inspect_err(|fault| {
                tracing::warn!(execution = %self.execution.id, %fault, "the tokens on the engine are not known");
            })
            .ok()
    }

    fn take(
        &mut self,
        now: Timestamp,
        event: JournalEvent,
        batch: &mut Vec<(Timestamp, JournalEvent)>,
    ) -> Result<(), CorruptJournal> {
        Arc::make_mut(&mut self.state).apply(&self.plan.body, now, &event)?;
        batch.push((now, event));
        Ok(())
    }

    /// Only now may whoever answered be told that it counts.
    fn acknowledge(&mut self) {
        if let Some(answered) = self.answered.take() {
            // Whoever asked may be gone; the answer counts all the same.
            let _ = answered.send(Ok(()));
        }
    }

    fn waits(&mut self) -> Option<Waits> {
        if !self.state.waits_for_a_person() {
            return None;
        }
        let until = self
            .state
            .questions()
            .map(|(_, asking)| asking.until)
            .min()?;
        Some(Waits {
            until,
            asked: std::mem::take(&mut self.asked),
        })
    }

    /// Returns when the time alone has brought something to decide.
    async fn next_moment(&self) {
        let Some(moment) = self.state.next_moment(self.decided_at) else {
            return std::future::pending().await;
        };
        let timer = &self.engine.timer;
        let wait = Duration::try_from(moment.duration_since(timer.now())).unwrap_or_default();
        timer.sleep(wait).await;
    }

    fn event_of_signal(&mut self, signal: Signal) -> Option<JournalEvent> {
        match signal {
            Signal::Cancel(wish) => {
                let counts = self.state.cancel.is_none() && self.may_be_cancelled();
                counts.then_some(JournalEvent::CancelRequested {
                    by: wish.by,
                    reason: wish.reason,
                })
            }
            Signal::Answer(answer, reply) => {
                let now = self.engine.timer.now();
                if let Err(refused) = self.state.check_answer(&answer, now) {
                    // Whoever answered may be gone.
                    let _ = reply.send(Err(refused));
                    return None;
                }
                self.answered = Some(reply);
                Some(JournalEvent::Answered {
                    step: answer.step,
                    by: answer.by,
                    choice: answer.choice,
                    comment: answer.comment,
                })
            }
        }
    }

    /// Past the switch of a rollback there is no way back: the target must come up or a person
    /// must be called.
    fn may_be_cancelled(&self) -> bool {
        may_be_cancelled(self.plan, &self.state)
    }

    fn event_of(&self, outcome: Outcome) -> JournalEvent {
        match outcome {
            Outcome::Applied(step, Ok(output)) => JournalEvent::StepDone { step, output },
            Outcome::Applied(step, Err(fault)) => self.retried(step, fault),
            Outcome::Undone(step, Ok(())) => JournalEvent::UndoDone { step },
            Outcome::Undone(step, Err(fault)) => JournalEvent::UndoFailed { step, fault },
        }
    }

    /// A fault is final unless the step says otherwise, and always where nothing can become of the
    /// run any more.
    fn retried(&self, step: StepId, fault: Fault) -> JournalEvent {
        let attempt = self.state.steps[&step].failed_tries + 1;
        let policy = self.steps[&step].retry.as_ref();
        let policy = policy.filter(|p| p.covers(fault.kind, attempt) && !self.state.is_doomed());
        let Some(policy) = policy else {
            return JournalEvent::StepFailed { step, fault };
        };
        let pause = policy.pause(attempt, self.engine.timer.fraction());
        JournalEvent::StepRetried {
            step,
            fault,
            attempt,
            // At most the longest pause, which has 32 bits.
            pause_milliseconds: pause.as_millis() as u64,
        }
    }

    fn event_of_act(&mut self, act: &Act, now: Timestamp) -> JournalEvent {
        match act {
            Act::Start(step) => JournalEvent::StepStarted { step: step.clone() },
            Act::Ask(step) => {
                let asking = Asking::of(&self.plan.body, &self.state, step, now);
                // `decide` asks only steps that are questions, and of those there is always one.
                let asking = asking.expect("only a question is asked");
                self.asked.push((step.clone(), asking.clone()));
                JournalEvent::Asked {
                    step: step.clone(),
                    shown: asking.shown,
                    digest: asking.digest,
                    until: asking.until,
                }
            }
            Act::Skip { step, reason } => JournalEvent::StepSkipped {
                step: step.clone(),
                reason: reason.clone(),
            },
            Act::Expire { step, until } => JournalEvent::StepFailed {
                step: step.clone(),
                fault: question::unanswered(*until),
            },
            Act::Undo(step) => JournalEvent::UndoStarted { step: step.clone() },
            Act::Unwind { reason } => JournalEvent::UnwindStarted {
                reason: reason.clone(),
            },
            Act::End(status) => JournalEvent::Ended { status: *status },
        }
    }
}

/// Whether a wish to cancel still has an effect (an unwind goes on as it is; a rollback whose
/// switch has begun is carried through).
pub fn may_be_cancelled(plan: &Plan, state: &ExecutionState) -> bool {
    let switching = plan.body.steps.iter().any(|step| {
        matches!(step.action, StepAction::Switch { .. })
            && state
                .steps
                .get(&step.id)
                .is_some_and(|s| s.status != StepStatus::Waiting)
    });
    let is_rollback = plan.body.action == Action::Rollback;
    state.status == ExecutionStatus::Running && !(is_rollback && switching)
}

/// A journaled start that was just taken in must be performed too (a resumed step).
fn act_of(event: &JournalEvent) -> Option<Act> {
    match event {
        JournalEvent::StepStarted { step } => Some(Act::Start(step.clone())),
        JournalEvent::UndoStarted { step } => Some(Act::Undo(step.clone())),
        _ => None,
    }
}
