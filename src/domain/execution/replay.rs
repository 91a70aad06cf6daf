//! Taking events in. A journal from the disk goes through the same code as the events of a run.

use std::time::Duration;

use jiff::Timestamp;

use super::GRAPH_VERSION;
use super::fault::{Fault, FaultKind};
use super::journal::{JournalEvent, StepOutput};
use super::state::{ExecutionState, StepState, is_question};
use super::status::{
    ExecutionEvent, ExecutionStatus, IllegalExecutionMove, IllegalStepMove, StepEvent,
};
use crate::domain::plan::PlanBody;
use crate::domain::question::{self, Asking, Shown};
use crate::domain::step::{NO, Step, StepId};

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

impl ExecutionState {
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
}
