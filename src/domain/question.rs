//! A question in the middle of an execution: what the person is shown, who may answer, and until
//! when. Only an answer in time, by somebody who may, to what is shown now, ever means yes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;
use super::execution::{ExecutionState, Fault, FaultKind, StepState, StepStatus};
use super::name::PersonName;
use super::plan::PlanBody;
use super::step::{StepAction, StepId};

/// A question that waits, or waited, for its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asking {
    pub shown: Shown,
    /// Of what is shown; the answer names it.
    pub digest: Digest,
    /// No answer until then means no.
    pub until: Timestamp,
}

/// What the person sees who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    pub question: String,
    pub choices: Vec<String>,
    /// Empty: whoever may approve the plan.
    pub answerers: Vec<PersonName>,
    /// What would go live.
    pub image_id: Option<Digest>,
    /// What the steps before say, those that were skipped left out.
    pub results: BTreeMap<StepId, String>,
}

impl Shown {
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }
}

/// What a person answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub step: StepId,
    pub by: PersonName,
    pub choice: String,
    pub comment: Option<String>,
    /// The digest of what was shown.
    pub shown: Digest,
}

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefused {
    #[error("the step \"{0}\" asks nothing now")]
    NotAsked(StepId),
    #[error("it is answered already: {0}")]
    AnsweredBefore(String),
    #[error("the time to answer was over at {0}, and no answer means no")]
    Expired(Timestamp),
    #[error("what is shown now is not what was answered: read the question again")]
    OtherShown,
    #[error("\"{choice}\" is none of the choices: {choices}")]
    NoSuchChoice { choice: String, choices: String },
    #[error("{by} may not answer here: only {allowed} may")]
    NotAnswerer { by: PersonName, allowed: String },
}

impl Asking {
    /// What there is to decide on, once all before `step` is done; `None` where it asks nothing.
    pub fn of(
        body: &PlanBody,
        state: &ExecutionState,
        step: &StepId,
        now: Timestamp,
    ) -> Option<Self> {
        let asked = body.step(step)?;
        let StepAction::Confirm {
            question,
            choices,
            answerers,
        } = &asked.action
        else {
            return None;
        };
        let before = || {
            let done = state
                .steps
                .iter()
                .filter_map(|(id, s)| Some((id, s.output.as_ref()?)));
            done.filter(|(id, _)| body.reaches(id, step))
        };
        let built = before().find_map(|(_, output)| output.image_id.clone());
        let shown = Shown {
            question: question.clone(),
            choices: choices.clone(),
            answerers: answerers.clone(),
            image_id: built.or_else(|| body.pins.image_id.clone()),
            results: before()
                .map(|(id, o)| (id.clone(), o.summary.clone()))
                .collect(),
        };
        Some(Self {
            digest: shown.digest(),
            shown,
            until: now + std::time::Duration::from_secs(asked.timeout_seconds.into()),
        })
    }

    /// The first moment at which an answer is too late.
    pub fn over_at(&self) -> Timestamp {
        self.until + std::time::Duration::from_millis(1)
    }

    fn allows(&self, answer: &Answer, now: Timestamp) -> Result<(), AnswerRefused> {
        let Shown {
            choices, answerers, ..
        } = &self.shown;
        if now > self.until {
            return Err(AnswerRefused::Expired(self.until));
        }
        if answer.shown != self.digest {
            return Err(AnswerRefused::OtherShown);
        }
        if !choices.contains(&answer.choice) {
            return Err(AnswerRefused::NoSuchChoice {
                choice: answer.choice.clone(),
                choices: choices.join(", "),
            });
        }
        if !answerers.is_empty() && !answerers.contains(&answer.by) {
            let allowed: Vec<&str> = answerers.iter().map(|name| name.as_str()).collect();
            return Err(AnswerRefused::NotAnswerer {
                by: answer.by.clone(),
                allowed: allowed.join(", "),
            });
        }
        Ok(())
    }
}

impl ExecutionState {
    /// Whether the answer counts.
    ///
    /// # Errors
    ///
    /// Why it does not; nothing of it is kept then.
    pub fn check_answer(&self, answer: &Answer, now: Timestamp) -> Result<(), AnswerRefused> {
        let not_asked = || AnswerRefused::NotAsked(answer.step.clone());
        let step = self.steps.get(&answer.step).ok_or_else(not_asked)?;
        let asking = step.asking.as_ref().ok_or_else(not_asked)?;
        if let Some(said) = said(step) {
            return Err(AnswerRefused::AnsweredBefore(said));
        }
        if step.status != StepStatus::Asking || self.is_doomed() {
            return Err(not_asked());
        }
        asking.allows(answer, now)
    }

    /// The questions that wait for a person.
    pub fn questions(&self) -> impl Iterator<Item = (&StepId, &Asking)> {
        let asking = self
            .steps
            .iter()
            .filter(|(_, s)| s.status == StepStatus::Asking);
        asking.filter_map(|(id, s)| Some((id, s.asking.as_ref()?)))
    }
}

/// The answer or its end, as one sentence, once there is one.
fn said(step: &StepState) -> Option<String> {
    let output = step.output.as_ref().map(|output| output.summary.clone());
    output.or_else(|| step.fault.as_ref().map(|fault| fault.message.clone()))
}

/// An answer as a sentence.
pub fn sentence(by: &PersonName, choice: &str, comment: Option<&str>) -> String {
    match comment {
        Some(comment) => format!("{by} answered \"{choice}\": {comment}"),
        None => format!("{by} answered \"{choice}\""),
    }
}

/// No answer means no.
pub fn unanswered(until: Timestamp) -> Fault {
    let why = format!("nobody answered until {until}, which means no: ask for a new plan");
    Fault::new(FaultKind::TimedOut, why)
}
