//! What an execution that is stuck may have left in the world. Names are deterministic, so each
//! step that was begun and not undone knows by its parameters what to look for; whether it is there
//! is for whoever can look.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::execution::{Execution, ExecutionState, StepStatus};
use super::id::{ExecutionId, ReleaseId};
use super::naming;
use super::plan::PlanBody;
use super::settlement::makes_release;
use super::step::{Step, StepAction, StepId};

/// One thing, and what a person does about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leftover {
    pub thing: Thing,
    /// The step that it is of.
    pub step: StepId,
    pub found: Found,
    /// Why it could not be undone; absent where that was not tried.
    pub said: Option<String>,
    /// One sentence.
    pub advice: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Thing {
    /// That of the release which was to go live.
    Container {
        name: String,
    },
    /// That of an earlier release, which the execution stopped or started.
    Kept {
        name: String,
    },
    /// What was built, by its tag.
    Image {
        tag: String,
    },
    /// That of a test that was cut short: it has no name, but labels.
    Test {
        execution: ExecutionId,
        step: StepId,
    },
    Script {
        script: String,
    },
}

/// What was seen of it when the list was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Nobody looked, or there was no answer: it may be there.
    Unknown,
    Gone,
    There,
    /// A container that runs.
    Running,
}

impl Found {
    pub fn words(self) -> &'static str {
        match self {
            Self::Unknown => "may be there",
            Self::Gone => "is gone",
            Self::There => "is there",
            Self::Running => "runs",
        }
    }
}

impl Thing {
    /// As a person reads it.
    pub fn words(&self) -> String {
        match self {
            Self::Container { name } => format!("container {name}"),
            Self::Kept { name } => format!("kept container {name}"),
            Self::Image { tag } => format!("image {tag}"),
            Self::Test { step, .. } => format!("container of {step}"),
            Self::Script { script } => format!("what the script {script} did"),
        }
    }

    /// The next deploy's retention takes away what it made and does not serve; until then, or where
    /// it is in the way:
    fn advice(&self, found: Found) -> String {
        match (self, found) {
            (Self::Kept { name }, Found::Gone) => format!(
                "{name} cannot be started again: deploy its version anew if nothing else serves"
            ),
            (_, Found::Gone) => "nothing is to be done".to_owned(),
            (Self::Container { name }, Found::Running) => format!(
                "see whether it serves as it should; if not, `docker stop {name}` before another one gets its port"
            ),
            (Self::Container { name }, _) => {
                format!("`docker rm -f {name}`, unless it is what serves")
            }
            (Self::Kept { .. }, Found::Running) => "nothing is to be done if it serves".to_owned(),
            (Self::Kept { name }, _) => format!(
                "`docker start {name}` if it should serve and does not run; what has its port is stopped first"
            ),
            (Self::Image { tag }, _) => {
                format!("`docker rmi {tag}` once no container uses it; it only takes space")
            }
            (Self::Test { execution, step }, _) => format!(
                "`docker ps -a --filter label=commander.execution={execution} --filter label=commander.step={step}` lists it, and `docker rm -f` removes it"
            ),
            (Self::Script { .. }, _) => {
                "read its output, and set right what it did in part".to_owned()
            }
        }
    }
}

impl Leftover {
    /// The same, now that somebody has looked.
    #[must_use]
    pub fn seen(self, found: Found) -> Self {
        Self {
            advice: self.thing.advice(found),
            found,
            ..self
        }
    }
}

/// What the steps that were begun and not undone may have left, the latest first. Where the journal
/// adds up to nothing, each step of the plan counts as begun.
pub fn leftovers(
    instance: &str,
    body: &PlanBody,
    execution: &Execution,
    state: Option<&ExecutionState>,
) -> Vec<Leftover> {
    let mut left: Vec<Leftover> = Vec::new();
    let order = body.in_order().unwrap_or_default();
    for step in order.into_iter().rev() {
        let reached = state.map(|state| state.steps.get(&step.id));
        let said = match reached {
            Some(Some(state)) if is_left(state.status) => (state.status == StepStatus::UndoFailed)
                .then(|| state.fault.as_ref().map(|fault| fault.message.clone()))
                .flatten(),
            Some(_) => continue,
            None => None,
        };
        for thing in things(instance, body, execution, step) {
            match left.iter_mut().find(|known| known.thing == thing) {
                // The step that is undone first speaks for the thing, and both say why.
                Some(known) => known.said = join(known.said.take(), said.clone()),
                None => left.push(Leftover {
                    advice: thing.advice(Found::Unknown),
                    thing,
                    step: step.id.clone(),
                    found: Found::Unknown,
                    said: said.clone(),
                }),
            }
        }
    }
    left
}

fn is_left(status: StepStatus) -> bool {
    match status {
        StepStatus::Running
        | StepStatus::Pausing
        | StepStatus::Done
        | StepStatus::Failed
        | StepStatus::Undoing
        | StepStatus::UndoFailed => true,
        StepStatus::Waiting | StepStatus::Asking | StepStatus::Skipped | StepStatus::Undone => {
            false
        }
    }
}

fn join(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Some(format!("{one}; {other}")),
        (one, other) => one.or(other),
    }
}

fn things(instance: &str, body: &PlanBody, execution: &Execution, step: &Step) -> Vec<Thing> {
    let container = |release: &Option<ReleaseId>| {
        let environment = body.environment.as_ref()?;
        let release = release.as_ref()?;
        Some(naming::container(
            instance,
            &body.service,
            environment,
            release,
        ))
    };
    let own = || {
        let name = container(&execution.release)?;
        Some(match makes_release(body.action) {
            true => Thing::Container { name },
            false => Thing::Kept { name },
        })
    };
    match &step.action {
        StepAction::BuildImage(_) => vec![Thing::Image {
            tag: naming::image_tag(instance, &body.service, &execution.id),
        }],
        StepAction::RunTest { .. } | StepAction::SmokeTest { .. } => vec![Thing::Test {
            execution: execution.id.clone(),
            step: step.id.clone(),
        }],
        StepAction::CreateContainer { .. } | StepAction::RestartContainer { .. } => {
            own().into_iter().collect()
        }
        StepAction::Switch { .. } => {
            let replaced = match execution.replaces == execution.release {
                true => None,
                false => container(&execution.replaces),
            };
            let replaced = replaced.map(|name| Thing::Kept { name });
            replaced.into_iter().chain(own()).collect()
        }
        StepAction::RunScript { script, .. } => vec![Thing::Script {
            script: script.clone(),
        }],
        // They only look, ask, or fetch what harms nobody.
        StepAction::FetchSource { .. }
        | StepAction::RequireImage { .. }
        | StepAction::Confirm { .. }
        | StepAction::HealthGate { .. }
        | StepAction::VerifyRunning { .. } => Vec::new(),
    }
}
