//! Running again: from which steps of an ended execution a new plan can begin, and what of then it
//! stands on.
//!
//! Half a graph is no plan. What is made has the whole graph of its action again, and begins either
//! at the commit of then, which is built anew, or at the very image of then; the plan pins which,
//! so that its digest covers it. Everything else (what is live, the configuration, procedures,
//! quarantines) is that of today, as for any new plan.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;
use super::execution::{ExecutionState, StepState};
use super::id::ExecutionId;
use super::intent::Action;
use super::plan::Plan;
use super::step::{Step, StepAction, StepId};

/// Of which execution a plan is a re-run. It is where the plan comes from, not what is done: the
/// digest covers what is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RerunOf {
    pub execution: ExecutionId,
    /// The step that was named, or the first one.
    pub from_step: StepId,
}

/// What the new plan stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// The commit of then, built anew.
    Source,
    /// The very image of then.
    Image { image_id: Digest, tests: Tests },
    /// A rollback or a restart, which has no parts.
    Whole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tests {
    /// All image tests of then, for they stand side by side.
    Run,
    /// They passed then.
    Passed,
}

/// Why it cannot be run again from there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RerunRefused {
    #[error("it has not ended: wait for its end, or cancel it, before it is run again")]
    NotEnded,
    #[error("the plan has no step \"{step}\"; it can be run again from {possible}")]
    UnknownStep { step: StepId, possible: String },
    #[error(
        "nothing can begin with \"{step}\", which only looks at what the steps before it have done; it can be run again from {possible}"
    )]
    NoBeginning { step: StepId, possible: String },
    #[error("no image was built then; run it again from {possible}")]
    NotBuilt { possible: String },
    #[error(
        "\"{test}\" did not pass then, and nothing goes on as if it had; run it again from {test} or from a step before it"
    )]
    NotPassed { test: StepId },
}

/// What kind of beginning a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Source,
    Image(Tests),
    Whole,
}

fn beginning(action: Action, step: &Step) -> Option<Beginning> {
    let has_parts = action != Action::Rollback;
    match &step.action {
        StepAction::FetchSource { .. } | StepAction::BuildImage(_) => Some(Beginning::Source),
        StepAction::RestartContainer { .. } => Some(Beginning::Whole),
        StepAction::RequireImage { .. }
        | StepAction::RunTest { .. }
        | StepAction::Confirm { .. }
        | StepAction::CreateContainer { .. }
        | StepAction::Switch { .. }
            if !has_parts =>
        {
            Some(Beginning::Whole)
        }
        StepAction::RequireImage { .. } | StepAction::RunTest { .. } => {
            Some(Beginning::Image(Tests::Run))
        }
        // The question is asked anew where the environment wants it.
        StepAction::Confirm { .. }
        | StepAction::CreateContainer { .. }
        | StepAction::Switch { .. } => Some(Beginning::Image(Tests::Passed)),
        StepAction::HealthGate { .. }
        | StepAction::SmokeTest { .. }
        | StepAction::VerifyRunning { .. }
        | StepAction::RunScript { .. } => None,
    }
}

/// Decides what a re-run from `from` stands on; without a step it is the first one.
///
/// # Errors
///
/// When it cannot begin there, with the steps where it can.
pub fn again(
    plan: &Plan,
    state: &ExecutionState,
    from: Option<&StepId>,
) -> Result<(StepId, Again), RerunRefused> {
    if !state.status.has_ended() {
        return Err(RerunRefused::NotEnded);
    }
    let order = plan.body.in_order().unwrap_or_default();
    let possible = || listed(plan, &order);
    let unknown = || RerunRefused::UnknownStep {
        step: from.cloned().unwrap_or_else(|| StepId::from("")),
        possible: possible(),
    };
    let step = match from {
        Some(id) => order.iter().find(|step| &step.id == id),
        None => order.first(),
    };
    let step = *step.ok_or_else(unknown)?;
    let found = match beginning(plan.body.action, step) {
        None => {
            return Err(RerunRefused::NoBeginning {
                step: step.id.clone(),
                possible: possible(),
            });
        }
        Some(Beginning::Source) => Again::Source,
        Some(Beginning::Whole) => Again::Whole,
        Some(Beginning::Image(tests)) => {
            if tests == Tests::Passed {
                all_passed(&order, state)?;
            }
            let image_id = image_of_then(plan, state).ok_or_else(|| RerunRefused::NotBuilt {
                possible: sources(&order),
            })?;
            Again::Image { image_id, tests }
        }
    };
    Ok((step.id.clone(), found))
}

/// What is left out of the new plan must have been good then.
fn all_passed(order: &[&Step], state: &ExecutionState) -> Result<(), RerunRefused> {
    let failed = order.iter().find(|step| {
        let is_test = matches!(step.action, StepAction::RunTest { .. });
        is_test && !state.steps.get(&step.id).is_some_and(was_done)
    });
    match failed {
        Some(step) => Err(RerunRefused::NotPassed {
            test: step.id.clone(),
        }),
        None => Ok(()),
    }
}

/// Also of what was undone after it: only what was done has an output.
fn was_done(state: &StepState) -> bool {
    state.output.is_some()
}

fn image_of_then(plan: &Plan, state: &ExecutionState) -> Option<Digest> {
    let pinned = plan.body.pins.image_id.clone();
    pinned.or_else(|| {
        let outputs = state.steps.values().filter_map(|step| step.output.as_ref());
        outputs
            .into_iter()
            .find_map(|output| output.image_id.clone())
    })
}

fn listed(plan: &Plan, order: &[&Step]) -> String {
    let possible = order.iter();
    let possible = possible.filter(|step| beginning(plan.body.action, step).is_some());
    names(possible.map(|step| &step.id))
}

fn sources(order: &[&Step]) -> String {
    let source = |step: &&&Step| {
        matches!(
            step.action,
            StepAction::FetchSource { .. } | StepAction::BuildImage(_)
        )
    };
    names(order.iter().filter(source).map(|step| &step.id))
}

fn names<'a>(steps: impl Iterator<Item = &'a StepId>) -> String {
    let names: Vec<&str> = steps.map(|id| id.0.as_str()).collect();
    names.join(", ")
}
