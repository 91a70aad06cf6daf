//! What to do next: a function of the state, the plan and the time.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::state::{ExecutionState, is_question};
use super::status::{ExecutionStatus, StepStatus};
use crate::domain::plan::PlanBody;
use crate::domain::step::{Step, StepId};

/// How many steps of one execution run at the same time; tests are the only ones that fan out,
/// and more of them at once would starve the service that is live on the same host.
pub const PARALLEL_STEPS: usize = 4;

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
}
