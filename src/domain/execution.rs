//! An execution: one run of a plan's graph. Its truth is a journal of events; replaying the
//! journal through [`ExecutionState::apply`] gives the state, and [`ExecutionState::decide`] says
//! what to do next. The engine only commits and performs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;
use super::id::{ApprovalId, ExecutionId, PlanId, ReleaseId};
use super::intent::Action;
use super::lock::Place;
use super::name::PersonName;
use super::plan::{PlanBody, Requester};
use super::question::{self, Asking, Shown};
use super::step::{Condition, NO, Step, StepAction, StepId};

/// The version of the rules below. A journal that was begun under another one is refused.
pub const GRAPH_VERSION: u32 = 2;

/// How many steps of one execution run at the same time; tests are the only ones that fan out,
/// and more of them at once would starve the service that is live on the same host.
pub const PARALLEL_STEPS: usize = 4;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    pub id: ExecutionId,
    pub plan: PlanId,
    pub action: Action,
    pub place: Place,
    /// A cache of what the journal says.
    pub status: ExecutionStatus,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// What it makes live: its own new release, or the one it goes back to.
    pub release: Option<ReleaseId>,
    /// What was live when it was created.
    pub replaces: Option<ReleaseId>,
    pub requested_by: Requester,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// Approved, and waiting for the lock.
    Waiting,
    Running,
    Unwinding,
    Succeeded,
    /// A step failed, and all that was done is undone.
    Failed,
    /// A person ended it, and all that was done is undone.
    Cancelled,
    /// Something could not be undone: a person must look.
    Stuck,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionEvent {
    Start,
    Unwind,
    Succeed,
    Fail,
    Cancel,
    Stick,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an execution that is {status:?} cannot {event:?}")]
pub struct IllegalExecutionMove {
    pub status: ExecutionStatus,
    pub event: ExecutionEvent,
}

impl ExecutionStatus {
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Running,
        Self::Unwinding,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Stuck,
    ];

    /// The table of legal moves.
    pub fn next(self, event: ExecutionEvent) -> Result<Self, IllegalExecutionMove> {
        use ExecutionEvent as E;
        use ExecutionStatus as S;
        Ok(match (self, event) {
            (S::Waiting, E::Start) => S::Running,
            (S::Waiting, E::Cancel) => S::Cancelled,
            (S::Running, E::Unwind) => S::Unwinding,
            (S::Running, E::Succeed) => S::Succeeded,
            (S::Unwinding, E::Fail) => S::Failed,
            (S::Unwinding, E::Cancel) => S::Cancelled,
            (S::Unwinding, E::Stick) => S::Stuck,
            (status, event) => return Err(IllegalExecutionMove { status, event }),
        })
    }

    pub fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Stuck
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    Waiting,
    /// Waits for a person's answer.
    Asking,
    Running,
    /// A try failed, and the next one has not begun.
    Pausing,
    Done,
    Failed,
    Undoing,
    Undone,
    UndoFailed,
    /// Its condition did not hold: what waits for it goes on as if it were done.
    Skipped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEvent {
    Ask,
    Skip,
    Start,
    /// Pause before another try.
    Pause,
    Finish,
    Fail,
    Undo,
    Undone,
    UndoFail,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {status:?} cannot {event:?}")]
pub struct IllegalStepMove {
    pub status: StepStatus,
    pub event: StepEvent,
}

impl StepStatus {
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Asking,
        Self::Running,
        Self::Pausing,
        Self::Done,
        Self::Failed,
        Self::Undoing,
        Self::Undone,
        Self::UndoFailed,
        Self::Skipped,
    ];

    /// The table of legal moves. Starting what runs, and undoing what is being undone, is what a
    /// restarted process does: it adopts what it finds.
    pub fn next(self, event: StepEvent) -> Result<Self, IllegalStepMove> {
        use StepEvent as E;
        use StepStatus as S;
        Ok(match (self, event) {
            (S::Waiting, E::Ask) => S::Asking,
            (S::Waiting, E::Skip) => S::Skipped,
            (S::Waiting | S::Running | S::Pausing, E::Start) => S::Running,
            (S::Running, E::Pause) => S::Pausing,
            (S::Running | S::Asking, E::Finish) => S::Done,
            (S::Running | S::Asking, E::Fail) => S::Failed,
            (S::Asking | S::Running | S::Pausing | S::Done | S::Failed | S::Undoing, E::Undo) => {
                S::Undoing
            }
            (S::Undoing, E::Undone) => S::Undone,
            (S::Undoing, E::UndoFail) => S::UndoFailed,
            (status, event) => return Err(IllegalStepMove { status, event }),
        })
    }

    /// Whether what waits for the step may go on.
    pub fn is_past(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "event"
)]
pub enum JournalEvent {
    #[schema(rename_all = "camelCase")]
    Started {
        graph_version: u32,
        plan_digest: Digest,
        approvals: Vec<ApprovalId>,
    },
    StepStarted {
        step: StepId,
    },
    StepDone {
        step: StepId,
        output: StepOutput,
    },
    StepFailed {
        step: StepId,
        fault: Fault,
    },
    /// A try failed; the next one begins after the pause.
    #[schema(rename_all = "camelCase")]
    StepRetried {
        step: StepId,
        fault: Fault,
        /// The number of the try that failed, counted from 1.
        attempt: u32,
        pause_milliseconds: u64,
    },
    StepSkipped {
        step: StepId,
        reason: String,
    },
    /// A person is shown this and has until then to answer.
    Asked {
        step: StepId,
        shown: Shown,
        digest: Digest,
        until: Timestamp,
    },
    Answered {
        step: StepId,
        by: PersonName,
        choice: String,
        comment: Option<String>,
    },
    CancelRequested {
        by: Requester,
        reason: String,
    },
    UnwindStarted {
        reason: String,
    },
    UndoStarted {
        step: StepId,
    },
    UndoDone {
        step: StepId,
    },
    UndoFailed {
        step: StepId,
        fault: Fault,
    },
    Ended {
        status: ExecutionStatus,
    },
}

impl JournalEvent {
    /// As it is written in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::StepStarted { .. } => "step_started",
            Self::StepDone { .. } => "step_done",
            Self::StepFailed { .. } => "step_failed",
            Self::StepRetried { .. } => "step_retried",
            Self::StepSkipped { .. } => "step_skipped",
            Self::Asked { .. } => "asked",
            Self::Answered { .. } => "answered",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::UnwindStarted { .. } => "unwind_started",
            Self::UndoStarted { .. } => "undo_started",
            Self::UndoDone { .. } => "undo_done",
            Self::UndoFailed { .. } => "undo_failed",
            Self::Ended { .. } => "ended",
        }
    }
}

/// What a step leaves for later steps and for people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepOutput {
    /// The image it built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Digest>,
    /// The images it built from, by the reference in the Dockerfile.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub base_images: BTreeMap<String, String>,
    /// When the old container was told to stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// When the release first answered well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// What a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// One sentence for people.
    pub summary: String,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    /// One sentence that says what happened and what to do.
    pub message: String,
}

impl Fault {
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The engine, the repository or a server does not answer.
    Unavailable,
    /// No right to do it.
    Denied,
    /// The thing is not there.
    NotFound,
    /// A port or name is taken.
    Taken,
    /// It ran, and said no: a build, a test, a health gate.
    Rejected,
    TimedOut,
    Cancelled,
    NoSpace,
    /// What is there is not what was approved.
    Drift,
    /// Another run has taken the place since.
    Overtaken,
    /// A broken own invariant.
    Internal,
}

/// What the journal adds up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionState {
    pub status: ExecutionStatus,
    pub steps: BTreeMap<StepId, StepState>,
    pub cancel: Option<String>,
    /// The step that failed first, and why.
    pub failure: Option<(StepId, Fault)>,
    pub started_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepState {
    pub status: StepStatus,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub output: Option<StepOutput>,
    /// Why it failed; while it pauses, why the last try did.
    pub fault: Option<Fault>,
    /// The tries that failed and were followed by another one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_tries: u32,
    /// When the next try begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What a person was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<Asking>,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A journal that cannot have been written by this engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorruptJournal {
    #[error(transparent)]
    Execution(#[from] IllegalExecutionMove),
    #[error(transparent)]
    Step(#[from] IllegalStepMove),
    #[error("the journal names the step \"{0}\", which the plan does not have")]
    UnknownStep(StepId),
    #[error(
        "the journal was written under graph version {found}; this Commander continues only version {GRAPH_VERSION}: finish it with the version that began it"
    )]
    GraphVersion { found: u32 },
    #[error("the journal belongs to another plan")]
    OtherPlan,
    #[error("the journal ends as {0:?}, which is no end")]
    NoEnd(ExecutionStatus),
    #[error("the journal has a {event} that cannot come while the execution is {status:?}")]
    OutOfPlace {
        event: &'static str,
        status: ExecutionStatus,
    },
}

/// What to do next; the engine commits the events of a batch of them together.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    Start(StepId),
    Ask(StepId),
    Skip {
        step: StepId,
        reason: String,
    },
    /// A question was not answered in time.
    Expire {
        step: StepId,
        until: Timestamp,
    },
    Unwind {
        reason: String,
    },
    Undo(StepId),
    End(ExecutionStatus),
}

impl ExecutionState {
    pub fn new(body: &PlanBody) -> Self {
        let waiting = StepState {
            status: StepStatus::Waiting,
            started_at: None,
            ended_at: None,
            output: None,
            fault: None,
            failed_tries: 0,
            retry_at: None,
            asking: None,
            skipped: None,
        };
        Self {
            status: ExecutionStatus::Waiting,
            steps: body
                .steps
                .iter()
                .map(|s| (s.id.clone(), waiting.clone()))
                .collect(),
            cancel: None,
            failure: None,
            started_at: None,
        }
    }

    /// The state after a whole journal.
    pub fn replay<'a>(
        body: &PlanBody,
        journal: impl IntoIterator<Item = &'a (Timestamp, JournalEvent)>,
    ) -> Result<Self, CorruptJournal> {
        let mut state = Self::new(body);
        for (at, event) in journal {
            state.apply(body, *at, event)?;
        }
        Ok(state)
    }

    /// Takes one event in. Live running and recovery both go through here.
    pub fn apply(
        &mut self,
        body: &PlanBody,
        at: Timestamp,
        event: &JournalEvent,
    ) -> Result<(), CorruptJournal> {
        if !self.is_in_place(body, at, event) {
            return Err(CorruptJournal::OutOfPlace {
                event: event.name(),
                status: self.status,
            });
        }
        match event {
            JournalEvent::Started {
                graph_version,
                plan_digest,
                ..
            } => {
                if *graph_version != GRAPH_VERSION {
                    return Err(CorruptJournal::GraphVersion {
                        found: *graph_version,
                    });
                }
                if *plan_digest != body.digest() {
                    return Err(CorruptJournal::OtherPlan);
                }
                self.status = self.status.next(ExecutionEvent::Start)?;
                self.started_at = Some(at);
            }
            JournalEvent::StepStarted { step } => {
                let state = self.move_step(step, StepEvent::Start)?;
                state.started_at.get_or_insert(at);
                state.fault = None;
                state.retry_at = None;
            }
            JournalEvent::StepRetried {
                step,
                fault,
                pause_milliseconds,
                ..
            } => {
                let state = self.move_step(step, StepEvent::Pause)?;
                state.fault = Some(fault.clone());
                state.failed_tries += 1;
                state.retry_at = Some(at + Duration::from_millis(*pause_milliseconds));
            }
            JournalEvent::StepSkipped { step, reason } => {
                let state = self.move_step(step, StepEvent::Skip)?;
                state.skipped = Some(reason.clone());
                state.ended_at = Some(at);
            }
            JournalEvent::Asked {
                step,
                shown,
                digest,
                until,
            } => {
                let state = self.move_step(step, StepEvent::Ask)?;
                state.started_at = Some(at);
                state.asking = Some(Asking {
                    shown: shown.clone(),
                    digest: digest.clone(),
                    until: *until,
                });
            }
            JournalEvent::Answered {
                step,
                by,
                choice,
                comment,
            } => self.answer(
                step,
                at,
                choice,
                question::sentence(by, choice, comment.as_deref()),
            )?,
            JournalEvent::StepDone { step, output } => {
                let state = self.move_step(step, StepEvent::Finish)?;
                state.output = Some(output.clone());
                state.ended_at = Some(at);
            }
            JournalEvent::StepFailed { step, fault } => self.fail(step, at, fault.clone())?,
            JournalEvent::CancelRequested { reason, .. } => {
                if self.status == ExecutionStatus::Waiting {
                    self.status = self.status.next(ExecutionEvent::Cancel)?;
                }
                self.cancel.get_or_insert_with(|| reason.clone());
            }
            JournalEvent::UnwindStarted { .. } => {
                self.status = self.status.next(ExecutionEvent::Unwind)?;
            }
            JournalEvent::UndoStarted { step } => {
                self.move_step(step, StepEvent::Undo)?;
            }
            JournalEvent::UndoDone { step } => {
                self.move_step(step, StepEvent::Undone)?;
            }
            JournalEvent::UndoFailed { step, fault } => {
                let state = self.move_step(step, StepEvent::UndoFail)?;
                state.fault = Some(fault.clone());
            }
            JournalEvent::Ended { status } => {
                let event = match status {
                    ExecutionStatus::Succeeded => ExecutionEvent::Succeed,
                    ExecutionStatus::Failed => ExecutionEvent::Fail,
                    ExecutionStatus::Cancelled => ExecutionEvent::Cancel,
                    ExecutionStatus::Stuck => ExecutionEvent::Stick,
                    other => return Err(CorruptJournal::NoEnd(*other)),
                };
                self.status = self.status.next(event)?;
            }
        }
        Ok(())
    }

    /// Whether the event belongs to this part of the execution's life: the table of a step's moves
    /// does not know what its execution is doing.
    fn is_in_place(&self, body: &PlanBody, at: Timestamp, event: &JournalEvent) -> bool {
        let running = self.status == ExecutionStatus::Running;
        match event {
            JournalEvent::StepStarted { step } => {
                // A step that the plan does not have is found by its move.
                let ready = |known: &Step| !is_question(known) && self.is_ready(body, known);
                running && body.step(step).is_none_or(ready)
            }
            JournalEvent::StepSkipped { step, .. } => {
                let unmet = |known: &Step| self.unmet(known).is_some();
                running && self.may_start(body, step) && body.step(step).is_some_and(unmet)
            }
            JournalEvent::Asked {
                step,
                digest,
                shown,
                ..
            } => {
                let ready = |known: &Step| is_question(known) && self.is_ready(body, known);
                running && body.step(step).is_some_and(ready) && *digest == shown.digest()
            }
            JournalEvent::Answered {
                step, by, choice, ..
            } => {
                let asking = self.steps.get(step).and_then(|s| s.asking.as_ref());
                running
                    && asking.is_some_and(|asking| {
                        let Shown {
                            choices, answerers, ..
                        } = &asking.shown;
                        at <= asking.until
                            && choices.contains(choice)
                            && (answerers.is_empty() || answerers.contains(by))
                    })
            }
            JournalEvent::StepDone { step, .. } => {
                running && !body.step(step).is_some_and(is_question)
            }
            JournalEvent::StepRetried {
                step,
                fault,
                attempt,
                pause_milliseconds,
            } => running && self.pause_fits(body, step, fault, *attempt, *pause_milliseconds),
            JournalEvent::StepFailed { .. } => running,
            JournalEvent::UndoStarted { .. }
            | JournalEvent::UndoDone { .. }
            | JournalEvent::UndoFailed { .. } => self.status == ExecutionStatus::Unwinding,
            JournalEvent::CancelRequested { .. } => !self.status.has_ended(),
            JournalEvent::Ended {
                status: ExecutionStatus::Succeeded,
            } => self.all_done(),
            // The table of the execution's own moves has the rest.
            JournalEvent::Started { .. }
            | JournalEvent::UnwindStarted { .. }
            | JournalEvent::Ended { .. } => true,
        }
    }

    /// Whether all that the step waits for is done.
    fn may_start(&self, body: &PlanBody, step: &StepId) -> bool {
        body.before(step).all(|before| self.is_past(before))
    }

    /// Whether it may start and is not to be skipped.
    fn is_ready(&self, body: &PlanBody, step: &Step) -> bool {
        self.may_start(body, &step.id) && self.unmet(step).is_none()
    }

    /// Why the step is skipped, where its condition does not hold.
    fn unmet(&self, step: &Step) -> Option<String> {
        let Condition::Answered {
            step: asked,
            choice,
        } = step.when.as_ref()?;
        let chosen = self.steps.get(asked).and_then(|s| s.output.as_ref());
        match chosen.and_then(|output| output.choice.as_ref()) {
            Some(chosen) if chosen == choice => None,
            Some(chosen) => Some(format!(
                "{asked} was answered with \"{chosen}\", not with \"{choice}\""
            )),
            None => Some(format!("{asked} was not answered with \"{choice}\"")),
        }
    }

    fn pause_fits(
        &self,
        body: &PlanBody,
        step: &StepId,
        fault: &Fault,
        attempt: u32,
        pause_milliseconds: u64,
    ) -> bool {
        let policy = body.step(step).and_then(|s| s.retry.as_ref());
        let failed = self.steps.get(step).map(|s| s.failed_tries);
        policy.is_some_and(|policy| {
            failed == Some(attempt.saturating_sub(1))
                && policy.covers(fault.kind, attempt)
                && pause_milliseconds <= u64::from(policy.longest_pause_milliseconds)
        })
    }

    fn fail(&mut self, step: &StepId, at: Timestamp, fault: Fault) -> Result<(), CorruptJournal> {
        let state = self.move_step(step, StepEvent::Fail)?;
        state.fault = Some(fault.clone());
        state.ended_at = Some(at);
        self.failure.get_or_insert_with(|| (step.clone(), fault));
        Ok(())
    }

    fn answer(
        &mut self,
        step: &StepId,
        at: Timestamp,
        choice: &str,
        sentence: String,
    ) -> Result<(), CorruptJournal> {
        if choice == NO {
            return self.fail(step, at, Fault::new(FaultKind::Rejected, sentence));
        }
        let state = self.move_step(step, StepEvent::Finish)?;
        state.ended_at = Some(at);
        state.output = Some(StepOutput {
            choice: Some(choice.to_owned()),
            summary: sentence,
            ..StepOutput::default()
        });
        Ok(())
    }

    fn is_past(&self, step: &StepId) -> bool {
        self.steps.get(step).is_some_and(|s| s.status.is_past())
    }

    fn all_done(&self) -> bool {
        self.steps.values().all(|s| s.status.is_past())
    }

    fn move_step(
        &mut self,
        step: &StepId,
        event: StepEvent,
    ) -> Result<&mut StepState, CorruptJournal> {
        let state = self
            .steps
            .get_mut(step)
            .ok_or_else(|| CorruptJournal::UnknownStep(step.clone()))?;
        state.status = state.status.next(event)?;
        Ok(state)
    }

    pub fn in_status(&self, status: StepStatus) -> impl Iterator<Item = &StepId> {
        self.steps
            .iter()
            .filter(move |(_, s)| s.status == status)
            .map(|(id, _)| id)
    }

    /// Whether running steps should be told to stop: nothing can become of this run any more.
    pub fn is_doomed(&self) -> bool {
        self.status == ExecutionStatus::Running && (self.cancel.is_some() || self.failure.is_some())
    }

    /// Until when nothing but the time can bring anything new: the next try of a step, or the end
    /// of the time to answer.
    pub fn next_moment(&self, now: Timestamp) -> Option<Timestamp> {
        if self.status != ExecutionStatus::Running || self.is_doomed() {
            return None;
        }
        let moments = self.steps.values().filter_map(|s| match s.status {
            StepStatus::Pausing => s.retry_at,
            StepStatus::Asking => s.asking.as_ref().map(|asking| asking.over_at()),
            _ => None,
        });
        // What is due already waits for a free place, not for the time.
        moments.filter(|moment| *moment > now).min()
    }

    /// Whether nothing goes on until a person answers.
    pub fn waits_for_a_person(&self) -> bool {
        let idle = |s: &StepState| !matches!(s.status, StepStatus::Running | StepStatus::Pausing);
        self.status == ExecutionStatus::Running
            && !self.is_doomed()
            && self.questions().next().is_some()
            && self.steps.values().all(idle)
    }

    /// What to do next, given what runs now. Empty means: wait for what runs.
    pub fn decide(&self, body: &PlanBody, now: Timestamp) -> Vec<Act> {
        match self.status {
            ExecutionStatus::Running => self.decide_forward(body, now),
            ExecutionStatus::Unwinding => self.decide_backward(body),
            _ => Vec::new(),
        }
    }

    fn decide_forward(&self, body: &PlanBody, now: Timestamp) -> Vec<Act> {
        let running = self.in_status(StepStatus::Running).count();
        if self.is_doomed() {
            return if running == 0 {
                vec![Act::Unwind {
                    reason: self.unwind_reason(),
                }]
            } else {
                Vec::new()
            };
        }
        if self.all_done() {
            return vec![Act::End(ExecutionStatus::Succeeded)];
        }
        // After a no nothing else begins.
        if let Some((step, asking)) = self.questions().find(|(_, asking)| now > asking.until) {
            return vec![Act::Expire {
                step: step.clone(),
                until: asking.until,
            }];
        }
        // One look at each edge, where asking for each step would look at all of them each time.
        let held: BTreeSet<&StepId> = body
            .edges
            .iter()
            .filter(|(before, _)| !self.is_past(before))
            .map(|(_, after)| after)
            .collect();
        let (starts, others): (Vec<_>, Vec<_>) = body
            .steps
            .iter()
            .filter(|step| !held.contains(&step.id))
            .filter_map(|step| self.act_on(step, now))
            .partition(|act| matches!(act, Act::Start(_)));
        let free = PARALLEL_STEPS.saturating_sub(running);
        others
            .into_iter()
            .chain(starts.into_iter().take(free))
            .collect()
    }

    /// What to do with a step that nothing holds back.
    fn act_on(&self, step: &Step, now: Timestamp) -> Option<Act> {
        let state = self.steps.get(&step.id)?;
        let id = step.id.clone();
        match state.status {
            StepStatus::Pausing => {
                let due = state.retry_at.is_none_or(|retry_at| retry_at <= now);
                due.then_some(Act::Start(id))
            }
            StepStatus::Waiting => Some(match self.unmet(step) {
                Some(reason) => Act::Skip { step: id, reason },
                None if is_question(step) => Act::Ask(id),
                None => Act::Start(id),
            }),
            _ => None,
        }
    }

    fn unwind_reason(&self) -> String {
        match (&self.cancel, &self.failure) {
            (Some(reason), _) => format!("cancelled: {reason}"),
            (None, Some((step, fault))) => format!("{step} failed: {}", fault.message),
            (None, None) => String::new(),
        }
    }

    /// Undo one step at a time, latest first. What only began counts as done: it may have left
    /// something behind, and each undo is harmless where there is nothing to undo.
    fn decide_backward(&self, body: &PlanBody) -> Vec<Act> {
        if self.in_status(StepStatus::Undoing).next().is_some() {
            return Vec::new();
        }
        let Ok(order) = body.in_order() else {
            // The plan was checked before it started; a cycle here is a broken own invariant.
            return vec![Act::End(ExecutionStatus::Stuck)];
        };
        let next = order.into_iter().rev().find(|step| {
            self.steps.get(&step.id).is_some_and(|s| {
                matches!(
                    s.status,
                    StepStatus::Asking
                        | StepStatus::Running
                        | StepStatus::Pausing
                        | StepStatus::Done
                        | StepStatus::Failed
                )
            })
        });
        match next {
            Some(step) => vec![Act::Undo(step.id.clone())],
            None => vec![Act::End(self.unwound_status())],
        }
    }

    fn unwound_status(&self) -> ExecutionStatus {
        if self.in_status(StepStatus::UndoFailed).next().is_some() {
            ExecutionStatus::Stuck
        } else if self.cancel.is_some() {
            ExecutionStatus::Cancelled
        } else {
            ExecutionStatus::Failed
        }
    }

    /// The image a step works with: pinned, or built by a step before it.
    pub fn image(&self, source: &super::step::ImageSource) -> Option<Digest> {
        match source {
            super::step::ImageSource::Pinned { image_id } => Some(image_id.clone()),
            super::step::ImageSource::Built { step } => {
                self.steps.get(step)?.output.as_ref()?.image_id.clone()
            }
        }
    }
}

fn is_question(step: &Step) -> bool {
    matches!(step.action, StepAction::Confirm { .. })
}
