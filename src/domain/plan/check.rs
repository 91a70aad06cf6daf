//! Which graphs are plans: whole, in order, and of the steps that their action may have. The tables of
//! what is allowed are at the end.

use std::collections::BTreeSet;

use super::graph::{Graph, has_path};
use super::{Plan, PlanBody};
use crate::domain::intent::Action;
use crate::domain::step::{Condition, ImageSource, NO, Step, StepAction, StepId};

/// Why a graph is not a plan. Each is a mistake of the planner, or an edited row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    #[error("the plan has no steps")]
    Empty,
    #[error("two steps are called \"{0}\"")]
    DuplicateStep(StepId),
    #[error("an edge names the step \"{0}\", which the plan does not have")]
    UnknownStep(StepId),
    #[error("the steps wait for each other in a circle through \"{0}\"")]
    Cycle(StepId),
    #[error(
        "the step \"{step}\" uses the image of \"{source_step}\", which does not build one before it"
    )]
    ImageNotBuilt { step: StepId, source_step: StepId },
    #[error("{action:?} may not have the step \"{step}\" ({kind})")]
    NotAllowed {
        action: Action,
        step: StepId,
        kind: &'static str,
    },
    #[error("{action:?} needs a step {kind}")]
    Incomplete { action: Action, kind: &'static str },
    #[error(
        "the step \"{step}\" depends on an answer to \"{asked}\", which is not asked for before it"
    )]
    NotAsked { step: StepId, asked: StepId },
    #[error("the step \"{0}\" may be left out, and the plan needs it")]
    Skippable(StepId),
    #[error("the step \"{0}\" may not be tried again like that")]
    Retry(StepId),
    #[error("the question of the step \"{0}\" cannot be answered with yes and with no")]
    Question(StepId),
    #[error("the step \"{before}\" must be done before \"{after}\" begins")]
    OutOfOrder { before: StepId, after: StepId },
    #[error("the step \"{0}\" has no time limit")]
    NoTimeout(StepId),
    #[error("{0:?} must name an environment, and build and test may not")]
    Environment(Action),
    #[error("the steps or edges are not in order")]
    NotCanonical,
    #[error("the stored digest is not the digest of the plan: it was changed outside Commander")]
    DigestMismatch,
}

impl Plan {
    /// Refuses a plan whose body is not what its digest says, or is no plan at all.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        if self.body.digest() != self.digest {
            return Err(InvalidPlan::DigestMismatch);
        }
        self.body.check()
    }
}

impl PlanBody {
    /// Refuses graphs that are cyclic, incomplete or hold a step that their action may not have.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        if self.steps.is_empty() {
            return Err(InvalidPlan::Empty);
        }
        if self.action.needs_environment() != self.environment.is_some() {
            return Err(InvalidPlan::Environment(self.action));
        }
        self.check_names()?;
        self.in_order()?;
        let graph = self.graph();
        self.check_images(&graph)?;
        self.check_steps()?;
        self.check_whitelist()?;
        self.check_order(&graph)
    }

    fn check_names(&self) -> Result<(), InvalidPlan> {
        let mut seen = BTreeSet::new();
        for step in &self.steps {
            if !seen.insert(&step.id) {
                return Err(InvalidPlan::DuplicateStep(step.id.clone()));
            }
            if step.timeout_seconds == 0 {
                return Err(InvalidPlan::NoTimeout(step.id.clone()));
            }
        }
        for id in self.edges.iter().flat_map(|(a, b)| [a, b]) {
            if !seen.contains(id) {
                return Err(InvalidPlan::UnknownStep(id.clone()));
            }
        }
        if !self.steps.is_sorted_by(|a, b| a.id < b.id) || !self.edges.is_sorted_by(|a, b| a < b) {
            return Err(InvalidPlan::NotCanonical);
        }
        Ok(())
    }

    fn check_images(&self, graph: &Graph<'_>) -> Result<(), InvalidPlan> {
        for step in &self.steps {
            let Some(ImageSource::Built { step: source }) = step.action.image() else {
                continue;
            };
            let builds = self
                .step(source)
                .is_some_and(|s| matches!(s.action, StepAction::BuildImage(_)));
            if !builds || !has_path(graph, source, &step.id) {
                return Err(InvalidPlan::ImageNotBuilt {
                    step: step.id.clone(),
                    source_step: source.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_steps(&self) -> Result<(), InvalidPlan> {
        let (_, required) = self.whitelist();
        for step in &self.steps {
            if !step.may_retry() {
                return Err(InvalidPlan::Retry(step.id.clone()));
            }
            if let StepAction::Confirm {
                question, choices, ..
            } = &step.action
            {
                let distinct: BTreeSet<_> = choices.iter().collect();
                let sound = !question.is_empty()
                    && distinct.len() == choices.len()
                    && choices.len() > 1
                    && choices.iter().any(|choice| choice == NO);
                if !sound {
                    return Err(InvalidPlan::Question(step.id.clone()));
                }
            }
            let Some(condition) = &step.when else {
                continue;
            };
            let always = self.check_condition(&step.id, condition)?;
            if !always && required.contains(&step.action.kind()) {
                return Err(InvalidPlan::Skippable(step.id.clone()));
            }
        }
        Ok(())
    }

    /// Whether the condition holds in every run that comes so far; an error where it speaks of
    /// what is not known before the step.
    fn check_condition(&self, step: &StepId, condition: &Condition) -> Result<bool, InvalidPlan> {
        let Condition::Answered {
            step: asked,
            choice,
        } = condition;
        let not_asked = || InvalidPlan::NotAsked {
            step: step.clone(),
            asked: asked.clone(),
        };
        let comes_before = asked != step && self.reaches(asked, step);
        let before = self.step(asked).filter(|_| comes_before);
        let before = before.ok_or_else(not_asked)?;
        let StepAction::Confirm { choices, .. } = &before.action else {
            return Err(not_asked());
        };
        if choice == NO || !choices.contains(choice) {
            return Err(not_asked());
        }
        let only_one = choices.iter().all(|c| c == NO || c == choice);
        Ok(only_one && before.when.is_none())
    }

    fn check_order(&self, graph: &Graph<'_>) -> Result<(), InvalidPlan> {
        let of = |kind: &'static str| self.steps.iter().filter(move |s| s.action.kind() == kind);
        for (first, second) in ORDER {
            for before in of(first) {
                let missed = of(second).find(|after| !has_path(graph, &before.id, &after.id));
                if let Some(after) = missed {
                    return Err(InvalidPlan::OutOfOrder {
                        before: before.id.clone(),
                        after: after.id.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// What is deployed or tested is either built in the plan or an image that is there: one of the
    /// two, never both.
    fn whitelist(&self) -> (&'static [&'static str], &'static [&'static str]) {
        let is_there = |s: &Step| matches!(s.action, StepAction::RequireImage { .. });
        match (self.action, self.steps.iter().any(is_there)) {
            (Action::Deploy, true) => whitelist(Action::Promote),
            (Action::Test, true) => (IMAGE_TEST, IMAGE_TEST),
            (action, _) => whitelist(action),
        }
    }

    fn check_whitelist(&self) -> Result<(), InvalidPlan> {
        let (allowed, required) = self.whitelist();
        for step in &self.steps {
            if !allowed.contains(&step.action.kind()) {
                return Err(InvalidPlan::NotAllowed {
                    action: self.action,
                    step: step.id.clone(),
                    kind: step.action.kind(),
                });
            }
        }
        for kind in required {
            if !self.steps.iter().any(|s| s.action.kind() == *kind) {
                return Err(InvalidPlan::Incomplete {
                    action: self.action,
                    kind,
                });
            }
        }
        Ok(())
    }
}

/// Kinds of step of which all of the first are done before any of the second begins: nothing goes
/// live that was not tested, and nothing is looked at before it is there. Others follow from these.
const ORDER: &[(&str, &str)] = &[
    ("fetch_source", "build_image"),
    ("build_image", "create_container"),
    ("require_image", "create_container"),
    ("require_image", "run_test"),
    ("run_test", "switch"),
    ("create_container", "switch"),
    ("switch", "health_gate"),
    ("restart_container", "health_gate"),
    ("health_gate", "smoke_test"),
    ("health_gate", "run_script"),
    ("health_gate", "verify_running"),
];

/// The kinds of step that test an image which is there.
const IMAGE_TEST: &[&str] = &["require_image", "run_test"];

/// Which kinds of step an action may have, and which it must have.
fn whitelist(action: Action) -> (&'static [&'static str], &'static [&'static str]) {
    match action {
        Action::Deploy => (
            &[
                "fetch_source",
                "build_image",
                "run_test",
                "confirm",
                "create_container",
                "switch",
                "health_gate",
                "smoke_test",
                "verify_running",
                "run_script",
            ],
            &[
                "fetch_source",
                "build_image",
                "create_container",
                "switch",
                "health_gate",
                "verify_running",
            ],
        ),
        Action::Promote => (
            &[
                "require_image",
                "run_test",
                "confirm",
                "create_container",
                "switch",
                "health_gate",
                "smoke_test",
                "verify_running",
                "run_script",
            ],
            &[
                "require_image",
                "create_container",
                "switch",
                "health_gate",
                "verify_running",
            ],
        ),
        Action::Rollback => (
            &[
                "require_image",
                "create_container",
                "switch",
                "health_gate",
                "verify_running",
            ],
            &[
                "require_image",
                "create_container",
                "switch",
                "health_gate",
                "verify_running",
            ],
        ),
        Action::Build => (
            &["fetch_source", "build_image"],
            &["fetch_source", "build_image"],
        ),
        Action::Test => (
            &["fetch_source", "build_image", "run_test"],
            &["fetch_source", "build_image", "run_test"],
        ),
        Action::Restart => (
            &["restart_container", "health_gate", "verify_running"],
            &["restart_container", "health_gate"],
        ),
        Action::Scale | Action::Status | Action::Logs | Action::Unsupported => (&[], &[]),
    }
}
