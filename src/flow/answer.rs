//! Questions in the middle of an execution: a person answers, or the time is over. While it waits
//! nothing is held for it but its place; an answer, a cancellation or the end of the time starts
//! it again from its journal.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::Flow;
use super::error::{Code, FlowError};
use super::execute::Told;
use crate::domain::advice::RuleStage;
use crate::domain::execution::Execution;
use crate::domain::id::ExecutionId;
use crate::domain::incident::{Notification, NotificationEvent};
use crate::domain::plan::Plan;
use crate::domain::question::{Answer, AnswerRefused, Asking};
use crate::domain::step::{NO, StepId};
use crate::domain::text::printable;
use crate::engine::{Signal, Waits};
use crate::os::clock;

/// The clock may be set while nobody answers: it is looked at so often.
const LOOK: Duration = Duration::from_secs(30);
/// Characters of a comment.
const COMMENT: usize = 500;

impl Flow {
    /// Records a person's answer; the execution goes on, or is undone.
    ///
    /// # Errors
    ///
    /// When nothing is asked any more (`NotPending`, `Conflict`, `Expired`), something else is shown
    /// (`DigestMismatch`), or this person may not say it (`NotAllowed`, `Blocked`).
    pub async fn answer_question(
        self: &Arc<Self>,
        id: &ExecutionId,
        mut answer: Answer,
    ) -> Result<Execution, FlowError> {
        let execution = self.store.execution(id)?;
        let state = self.store.execution_state(&execution)?;
        answer.comment = answer.comment.map(|text| printable(&text, COMMENT));
        state.check_answer(&answer, clock::now())?;
        if answer.choice != NO {
            self.check_right_to_answer(&execution, &answer).await?;
        }
        let (reply, recorded) = oneshot::channel();
        if !self.signal(&execution, Some(Signal::Answer(answer, reply))) {
            let why = "the execution does not go on: look at its incident";
            return Err(FlowError::new(Code::Conflict, why));
        }
        match recorded.await {
            Ok(counts) => counts?,
            Err(_) => {
                let why = "the answer was not recorded: look at the question again";
                return Err(FlowError::new(Code::Storage, why));
            }
        }
        Ok(self.store.execution(id)?)
    }

    /// Whoever may not approve the plan now may not let it go on either.
    async fn check_right_to_answer(
        &self,
        execution: &Execution,
        answer: &Answer,
    ) -> Result<(), FlowError> {
        let plan = self.store.plan(&execution.plan)?;
        let approvals = self.store.approvals(&plan.id)?;
        let advice = self
            .advise_anew(&plan, RuleStage::Approve, &approvals, Some(&answer.by))
            .await?;
        let blocking: Vec<_> = advice.blocking().cloned().collect();
        match blocking.is_empty() {
            true => Ok(()),
            false => Err(FlowError::blocked(blocking)),
        }
    }

    /// Tells a run something, or only to look at the time; one that waits for a person is started
    /// again. False where the execution is not this process's to go on with.
    pub(super) fn signal(self: &Arc<Self>, execution: &Execution, signal: Option<Signal>) -> bool {
        match self.running.tell(&execution.id, signal) {
            Told::Heard => true,
            Told::Woken(inbox) => {
                self.spawn_again(execution.clone(), inbox);
                true
            }
            Told::NotHere => false,
        }
    }

    /// Tells people, once, what they are asked.
    pub(super) fn tell_of_questions(&self, plan: &Plan, execution: &Execution, waits: &Waits) {
        for (step, asking) in &waits.asked {
            self.tell_in_background(question_of(plan, execution, step, asking));
        }
    }

    /// Ends the time of the questions that nobody answers, until the process stops.
    pub(super) async fn keep_time(self: &Arc<Self>) {
        loop {
            let next = self.running.next_end();
            if let Some((execution, until)) = &next
                && clock::now() > *until
            {
                self.end_time_of(execution).await;
                continue;
            }
            let until = next.map(|(_, until)| until);
            tokio::select! {
                () = tokio::time::sleep(until_then(until)) => {}
                () = self.running.somebody_waits() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn end_time_of(self: &Arc<Self>, id: &ExecutionId) {
        match self.store.execution(id) {
            Ok(execution) => {
                self.signal(&execution, None);
            }
            Err(error) => {
                tracing::error!(execution = %id, %error, "a question whose time is over cannot be ended; trying again");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

fn until_then(until: Option<Timestamp>) -> Duration {
    let left = until.map(|until| until.duration_since(clock::now()));
    let left = left.and_then(|left| Duration::try_from(left).ok());
    // The moment itself is still in time.
    left.map_or(LOOK, |left| LOOK.min(left + Duration::from_millis(1)))
}

fn question_of(plan: &Plan, execution: &Execution, step: &StepId, asking: &Asking) -> Notification {
    let place = &execution.place;
    Notification {
        event: NotificationEvent::AnswerWaiting,
        at: clock::now(),
        text: format!(
            "{} of {place} waits for an answer until {}: {} (execution {}, {step})",
            execution.action.as_str(),
            asking.until,
            asking.shown.question,
            execution.id
        ),
        service: place.service.clone(),
        environment: place.environment.clone(),
        plan: Some(plan.id.clone()),
        execution: Some(execution.id.clone()),
        incident: None,
        severity: None,
    }
}

impl From<AnswerRefused> for FlowError {
    fn from(refused: AnswerRefused) -> Self {
        let code = match refused {
            AnswerRefused::NotAsked(_) => Code::NotPending,
            AnswerRefused::AnsweredBefore(_) => Code::Conflict,
            AnswerRefused::Expired(_) => Code::Expired,
            AnswerRefused::OtherShown => Code::DigestMismatch,
            AnswerRefused::NoSuchChoice { .. } => Code::InvalidInput,
            AnswerRefused::NotAnswerer { .. } => Code::NotAllowed,
        };
        Self::new(code, refused.to_string())
    }
}
