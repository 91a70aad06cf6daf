//! What a journal adds up to, and what can be asked of it. How an event changes it is in `replay`,
//! what follows from it in `decide`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fault::Fault;
use super::journal::StepOutput;
use super::status::{ExecutionStatus, StepStatus};
use crate::domain::digest::Digest;
use crate::domain::plan::PlanBody;
use crate::domain::question::Asking;
use crate::domain::step::{Condition, ImageSource, Step, StepAction, StepId};

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

    /// The image a step works with: pinned, or built by a step before it.
    pub fn image(&self, source: &ImageSource) -> Option<Digest> {
        match source {
            ImageSource::Pinned { image_id } => Some(image_id.clone()),
            ImageSource::Built { step } => self.steps.get(step)?.output.as_ref()?.image_id.clone(),
        }
    }

    /// Whether all that the step waits for is done.
    pub(super) fn may_start(&self, body: &PlanBody, step: &StepId) -> bool {
        body.before(step).all(|before| self.is_past(before))
    }

    /// Whether it may start and is not to be skipped.
    pub(super) fn is_ready(&self, body: &PlanBody, step: &Step) -> bool {
        self.may_start(body, &step.id) && self.unmet(step).is_none()
    }

    /// Why the step is skipped, where its condition does not hold.
    pub(super) fn unmet(&self, step: &Step) -> Option<String> {
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

    pub(super) fn is_past(&self, step: &StepId) -> bool {
        self.steps.get(step).is_some_and(|s| s.status.is_past())
    }

    pub(super) fn all_done(&self) -> bool {
        self.steps.values().all(|s| s.status.is_past())
    }
}

pub(super) fn is_question(step: &Step) -> bool {
    matches!(step.action, StepAction::Confirm { .. })
}
