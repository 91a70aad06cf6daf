//! What an action has no place for: tests run before anything has an environment, a restart takes
//! no version. It is said, needs a yes, and is left out after it.

use super::vocabulary::Vocabulary;
use crate::domain::intent::{Action, Draft, PostStep, Slot, Span};

/// A slot without a place, with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub what: &'static str,
    /// Absent where the words stand in an earlier sentence of the thread.
    pub span: Option<Span>,
}

pub(super) fn misfits(draft: &Draft, vocabulary: &Vocabulary) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    if is_placeless(draft)
        && let Some(place) = draft.environments.first()
    {
        misfits.push(Misfit {
            what: "an environment",
            span: place.span,
        });
    }
    if is_versionless(draft)
        && let Some(version) = &draft.version
    {
        misfits.push(Misfit {
            what: "a version",
            span: version.span,
        });
    }
    let steps = draft.post_steps.iter();
    misfits.extend(steps.filter_map(|step| {
        Some(Misfit {
            what: stray_step(draft, step, vocabulary)?,
            span: step.span,
        })
    }));
    misfits
}

/// The draft without its misfits.
pub(super) fn fitted(draft: &Draft, vocabulary: &Vocabulary) -> Draft {
    let mut fitted = draft.clone();
    if is_placeless(draft) {
        fitted.environments.clear();
    }
    if is_versionless(draft) {
        fitted.version = None;
    }
    fitted
        .post_steps
        .retain(|step| stray_step(draft, step, vocabulary).is_none());
    fitted
}

fn acts(draft: &Draft, actions: &[Action]) -> bool {
    let action = draft.action.as_ref().map(|slot| slot.value);
    action.is_some_and(|action| actions.contains(&action))
}

fn is_placeless(draft: &Draft) -> bool {
    acts(draft, &[Action::Build, Action::Test])
}

fn is_versionless(draft: &Draft) -> bool {
    acts(draft, &[Action::Restart, Action::Scale])
}

/// Tests run in a container of the image, before anything is started; a rollback and a restart
/// run none, but wait for the health gate.
fn stray_step(
    draft: &Draft,
    step: &Slot<PostStep>,
    vocabulary: &Vocabulary,
) -> Option<&'static str> {
    let scripts = vocabulary.names().map_or(&[][..], |names| names.scripts());
    if acts(draft, &[Action::Deploy, Action::Promote]) {
        return None;
    }
    let tests = acts(draft, &[Action::Test]);
    match &step.value {
        PostStep::HealthCheck if acts(draft, &[Action::Rollback, Action::Restart]) => None,
        PostStep::HealthCheck => Some("a health check"),
        PostStep::RunTests if tests => None,
        PostStep::SmokeTests if tests => Some("a test of the running service"),
        PostStep::Named(name) if scripts.contains(name) => Some("a script"),
        PostStep::Named(name) if tests && is_live(draft, name, vocabulary) => {
            Some("a test of the running service")
        }
        PostStep::Named(_) if tests => None,
        PostStep::RunTests | PostStep::SmokeTests | PostStep::Named(_) => Some("a test"),
    }
}

fn is_live(draft: &Draft, test: &str, vocabulary: &Vocabulary) -> bool {
    let service = draft.service.as_ref().zip(vocabulary.names());
    service
        .and_then(|(slot, names)| names.service(&slot.value))
        .is_some_and(|service| service.live_tests.iter().any(|name| name == test))
}
