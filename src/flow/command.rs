//! A sentence comes in: it is read, and becomes plans, a question or an answer. Nothing is changed
//! in the world, and Docker is not asked: what runs comes from the view that is kept in memory.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Flow;
use super::error::{Code, FlowError};
use super::view::PlaceView;
use crate::domain::command::Command;
use crate::domain::id::{CommandId, ReleaseId, ThreadId};
use crate::domain::intent::{Action, Draft};
use crate::domain::interpret::{
    Outcome, Question, Reading, ThreadContext, Unconsumed, Warning, interpret,
};
use crate::domain::name::PersonName;
use crate::domain::plan::{Origin, Plan, Requester, Surface};
use crate::domain::text::printable;
use crate::domain::transition::{Change, Transition};
use crate::os::{clock, ids};

/// Sentences of a thread that the next one may refer to: a person does not look back further.
const REMEMBERED: u32 = 20;
/// Characters of a sentence that are stored.
const TEXT: usize = 4096;

/// What a sentence came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    pub command_id: CommandId,
    pub thread_id: ThreadId,
    pub outcome: Outcome,
    pub intent: Option<Draft>,
    pub plans: Vec<Plan>,
    pub question: Option<Question>,
    pub answer: Option<LiveAnswer>,
    pub unconsumed: Vec<Unconsumed>,
    pub warnings: Vec<Warning>,
    pub interpreter: Interpreted,
}

/// Who read it, and how long that took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interpreted {
    /// `embedded`, or the name of a model's provider.
    pub provider: String,
    pub model: Option<String>,
    pub latency_ms: f64,
}

/// Live data in answer to status and logs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveAnswer {
    pub text: String,
    /// What runs where, with the age of what is known.
    pub places: Vec<PlaceView>,
    /// The release whose logs were asked for: `GET /api/releases/{id}/logs` streams them.
    pub logs_of: Option<ReleaseId>,
}

impl Flow {
    /// The reading alone; nothing is written.
    pub fn preview(&self, text: &str) -> (Reading, Interpreted) {
        self.read(text, None)
    }

    fn read(&self, text: &str, thread: Option<&ThreadContext>) -> (Reading, Interpreted) {
        let begun = clock::monotonic();
        let reading = interpret(text, &self.definition, &self.vocabulary, thread);
        let interpreted = Interpreted {
            provider: "embedded".to_owned(),
            model: None,
            latency_ms: milliseconds(begun.elapsed()),
        };
        (reading, interpreted)
    }

    /// Reads a sentence and stores what came of it, all in one commit: one command, and at most
    /// pending plans. Under the same idempotency key the same person gets the same answer again.
    ///
    /// # Errors
    ///
    /// When a plan cannot be made; the command is recorded all the same, without its key, so that
    /// it can be tried again. `Conflict` where the key belongs to another sentence.
    pub async fn ask(
        &self,
        text: &str,
        by: &PersonName,
        surface: Surface,
        thread: Option<ThreadId>,
        idempotency_key: Option<String>,
    ) -> Result<Asked, FlowError> {
        if let Some(known) = self.known_command(by, idempotency_key.as_deref())? {
            return self.asked_before(known, text);
        }
        let context = match &thread {
            Some(thread) => self.thread_context(thread)?,
            None => None,
        };
        let (reading, interpreted) = self.read(text, context.as_ref());
        let mut command = Command {
            id: ids::new(),
            thread: thread.unwrap_or_else(ids::new),
            by: by.clone(),
            surface,
            text: self.kept_text(text, &reading),
            at: clock::now(),
            idempotency_key,
            reading,
            plans: Vec::new(),
        };
        let plans = match self.plans_of(&command).await {
            Ok(plans) => plans,
            Err(error) => {
                command.idempotency_key = None;
                self.record(&command, &[]).await?;
                return Err(error);
            }
        };
        command.plans = plans.iter().map(|plan| plan.id.clone()).collect();
        match self.record(&command, &plans).await {
            Ok(()) => {}
            // The same request, sent twice at once: the other one was first.
            Err(error) => match self.known_command(by, command.idempotency_key.as_deref())? {
                Some(known) if error.code == Code::Conflict => {
                    return self.asked_before(known, text);
                }
                _ => return Err(error),
            },
        }
        for plan in &plans {
            tracing::info!(command = %command.id, plan = %plan.id, "a plan waits for approval");
            self.tell_of_waiting(plan);
        }
        Ok(self.asked(command, plans, interpreted))
    }

    /// What is stored of a sentence. A secret in it is hidden; a text that was not read may hold one.
    fn kept_text(&self, text: &str, reading: &Reading) -> String {
        match text.len() > self.definition.limits.text_bytes {
            true => format!("({} bytes, too long to be read)", text.len()),
            false => printable(&reading.masked(text), TEXT),
        }
    }

    /// What is stored of a reason or a comment: printable, capped, and with its secrets hidden as
    /// those of a sentence are.
    pub(super) fn remark(&self, text: &str, max: usize) -> String {
        // A character has at most four bytes, and more than this cannot be read.
        let most = self.definition.limits.text_bytes / 4;
        let read: String = text.chars().take(most).collect();
        let (reading, _) = self.read(&read, None);
        printable(&reading.masked(&read), max)
    }

    /// The plans that a sentence asks for; none where it asks for none.
    async fn plans_of(&self, command: &Command) -> Result<Vec<Plan>, FlowError> {
        let intent = match command.reading.plan() {
            Some(intent) if intent.action.value.makes_plan() => intent,
            _ => return Ok(Vec::new()),
        };
        let origin = Origin {
            by: Requester::Person {
                name: command.by.clone(),
            },
            surface: command.surface,
            command: Some(command.id.clone()),
            thread: Some(command.thread.clone()),
            intent: Some(intent.clone()),
            text: Some(command.text.clone()),
            rerun_of: None,
        };
        self.plan_intent(&intent, &origin).await
    }

    async fn record(&self, command: &Command, plans: &[Plan]) -> Result<(), FlowError> {
        let mut changes = vec![Change::RecordCommand(Box::new(command.clone()))];
        for plan in plans {
            changes.extend(self.storing(plan)?);
        }
        Ok(self.store.write(Transition::of(changes)).await?)
    }

    fn known_command(
        &self,
        by: &PersonName,
        key: Option<&str>,
    ) -> Result<Option<Command>, FlowError> {
        match key {
            Some(key) => Ok(self.store.command_by_key(by, key)?),
            None => Ok(None),
        }
    }

    fn asked(&self, command: Command, plans: Vec<Plan>, interpreter: Interpreted) -> Asked {
        let answer = self.answer(&command.reading);
        Asked {
            command_id: command.id,
            thread_id: command.thread,
            outcome: command.reading.outcome,
            intent: command.reading.intent,
            plans,
            question: command.reading.question,
            answer,
            unconsumed: command.reading.unconsumed,
            warnings: command.reading.warnings,
            interpreter,
        }
    }

    fn asked_before(&self, command: Command, text: &str) -> Result<Asked, FlowError> {
        if command.text != self.kept_text(text, &command.reading) {
            return Err(FlowError::new(
                Code::Conflict,
                "this idempotency key belongs to another sentence: take a new one",
            ));
        }
        let plans = command
            .plans
            .iter()
            .map(|id| self.store.plan(id))
            .collect::<Result<_, _>>()?;
        let interpreter = Interpreted {
            provider: "embedded".to_owned(),
            model: None,
            latency_ms: 0.0,
        };
        Ok(self.asked(command, plans, interpreter))
    }

    fn thread_context(&self, thread: &ThreadId) -> Result<Option<ThreadContext>, FlowError> {
        let said = self.store.thread(thread, REMEMBERED)?;
        Ok(said.iter().fold(None, |before, command| {
            Some(command.reading.context(before.as_ref()))
        }))
    }

    /// Status and logs are answered from what is known, with its age.
    fn answer(&self, reading: &Reading) -> Option<LiveAnswer> {
        let said = reading.answer.clone();
        let draft = reading.intent.as_ref()?;
        let action = draft.action.as_ref()?.value;
        if reading.outcome != Outcome::Answer || !matches!(action, Action::Status | Action::Logs) {
            return said.map(|text| LiveAnswer {
                text,
                ..LiveAnswer::default()
            });
        }
        let service = draft.service.as_ref().map(|slot| slot.value.as_str());
        let wanted: Vec<_> = draft.environments.iter().map(|slot| &slot.value).collect();
        let places: Vec<PlaceView> = self
            .services()
            .unwrap_or_default()
            .into_iter()
            .filter(|s| service.is_none_or(|name| s.name.as_str() == name))
            .flat_map(|s| s.environments)
            .filter(|p| wanted.is_empty() || wanted.contains(&&p.environment))
            .collect();
        let live: Vec<_> = places.iter().filter_map(|p| p.live.as_ref()).collect();
        let logs_of = match (action, live.as_slice()) {
            (Action::Logs, [only]) => Some(only.id.clone()),
            _ => None,
        };
        let text = match (action, &logs_of) {
            (Action::Logs, None) if live.is_empty() => {
                "nothing is live there, so there are no logs".to_owned()
            }
            (Action::Logs, None) => "logs of which environment? Name one".to_owned(),
            (Action::Logs, Some(_)) => "the logs of the live release".to_owned(),
            _ => said.unwrap_or_else(|| "what runs now".to_owned()),
        };
        Some(LiveAnswer {
            text,
            places,
            logs_of,
        })
    }

    /// Makes sure that the sentence's own command exists before anything else is asked of it.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn plan_by_id(&self, id: &crate::domain::id::PlanId) -> Result<Plan, FlowError> {
        self.store
            .plan(id)
            .map_err(FlowError::from)
            .map_err(|error| match error.code {
                Code::NotFound => FlowError::new(Code::NotFound, format!("there is no plan {id}")),
                _ => error,
            })
    }
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
