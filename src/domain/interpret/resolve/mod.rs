//! Eighth stage: what the names stand for, and what the thread or the catalogue fills in. The
//! result is a draft, with a problem for each slot that cannot be filled for sure.

mod places;
mod services;
mod steps;
mod versions;

use super::concern::Concern;
use super::definition::Definition;
use super::demand::{Demand, Whole};
use super::fit::misfits;
use super::found::Found;
use super::problem::Problem;
use super::vocabulary::Vocabulary;
use crate::domain::intent::{Action, Draft, EnvironmentOrder, Slot, SlotSource, Span, VersionWish};

/// Where a missing slot may come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Base {
    /// What the thread was about.
    pub draft: Option<Draft>,
    /// All of it is taken: an answer to a question, or "the same".
    pub whole: bool,
}

pub(super) struct Resolved {
    pub draft: Draft,
    pub problems: Vec<Problem>,
}

/// Fills the draft; concerns that only appear here are added to the demand.
pub(super) fn resolve(
    typed: &str,
    demand: &mut Demand,
    base: Base,
    definition: &Definition,
    vocabulary: &Vocabulary,
) -> Resolved {
    let mut resolver = Resolver {
        definition,
        vocabulary,
        base,
        draft: Draft::default(),
        problems: Vec::new(),
        only_told: !matches!(
            demand.whole,
            Whole::Command | Whole::Fragment | Whole::Question
        ),
    };
    resolver.action(demand);
    resolver.only_told |= resolver.acts(&[Action::Unsupported]);
    resolver.service(&demand.found);
    resolver.places(&demand.found);
    resolver.versions(demand);
    resolver.tests(&demand.found);
    resolver.misplaced(&mut demand.found, typed);
    resolver.unchain(&mut demand.found);
    resolver.missing(&demand.found);
    Resolved {
        draft: resolver.draft,
        problems: resolver.problems,
    }
}

struct Resolver<'a> {
    definition: &'a Definition,
    vocabulary: &'a Vocabulary,
    base: Base,
    draft: Draft,
    problems: Vec<Problem>,
    /// Nothing will be done, so that nothing is asked.
    only_told: bool,
}

fn from_thread<T: Clone>(slot: &Slot<T>) -> Slot<T> {
    Slot {
        value: slot.value.clone(),
        source: SlotSource::Thread,
        span: None,
    }
}

fn slot<T>(value: T, source: SlotSource, span: Span) -> Slot<T> {
    Slot {
        value,
        source,
        span: Some(span),
    }
}

impl Resolver<'_> {
    fn whole_base(&self) -> Option<&Draft> {
        self.base.draft.as_ref().filter(|_| self.base.whole)
    }

    fn acts(&self, actions: &[Action]) -> bool {
        let action = self.draft.action.as_ref().map(|slot| slot.value);
        action.is_some_and(|action| actions.contains(&action))
    }

    fn action(&mut self, demand: &Demand) {
        if !demand.others.is_empty() {
            let first = demand.action.iter().map(|said| said.value);
            let all = first.chain(demand.others.iter().map(|said| said.value));
            self.problems.push(Problem::TwoActions(all.collect()));
        }
        self.draft.action = match &demand.action {
            Some(said) => Some(slot(said.value, SlotSource::Text, said.span)),
            None => self
                .whole_base()
                .and_then(|base| base.action.as_ref().map(from_thread)),
        };
    }

    /// Slots that the action does not have. What was asked about in an earlier sentence is not
    /// asked about again, unless the action is new.
    fn misplaced(&self, found: &mut Found, typed: &str) {
        let action = self.draft.action.as_ref().and_then(|slot| slot.span);
        for misfit in misfits(&self.draft, self.vocabulary) {
            if let Some(span) = misfit.span.or(action) {
                let words = typed.get(span.start..span.end).unwrap_or(misfit.what);
                found.note(Concern::NoPlaceFor(misfit.what), span, words);
            }
        }
    }

    /// Only what is verified hands on to the next environment, and only a release is verified.
    fn unchain(&mut self, found: &mut Found) {
        let chained = self.draft.environment_order == EnvironmentOrder::Chain;
        let last = self.draft.environments.last().and_then(|slot| slot.span);
        if chained
            && !self.acts(&[Action::Deploy, Action::Promote])
            && let Some(span) = last
        {
            self.draft.environment_order = EnvironmentOrder::Together;
            found.note(Concern::NoChain, span, "then");
        }
    }

    fn missing(&mut self, found: &Found) {
        let service_asked = self.problems.iter().any(Problem::is_about_service);
        let place_asked = self.problems.iter().any(Problem::is_about_place);
        let version_asked = self.problems.iter().any(Problem::is_about_version);
        let Some(action) = self.draft.action.as_ref().map(|slot| slot.value) else {
            self.problems.push(Problem::MissingAction);
            return;
        };
        if !action.makes_plan() && action != Action::Scale {
            return;
        }
        if self.draft.service.is_none() && !service_asked {
            self.problems.push(Problem::MissingService);
        }
        let places = action.needs_environment() || action == Action::Scale;
        if places && self.draft.environments.is_empty() && !place_asked {
            self.problems.push(Problem::MissingPlace);
        }
        let versions = matches!(action, Action::Deploy | Action::Build | Action::Test);
        if versions && self.draft.version.is_none() && !version_asked {
            self.problems.push(match found.loose.as_slice() {
                [only] => Problem::PerhapsVersion(only.value.clone()),
                _ => Problem::MissingVersion,
            });
        }
    }
}

/// A version as it was said.
pub(super) fn spoken(version: &VersionWish) -> String {
    match version {
        VersionWish::Reference(name) => name.clone(),
        VersionWish::Previous => "previous".to_owned(),
        VersionWish::RunningIn(place) => format!("the version on {place}"),
        VersionWish::Unclear(text) => text.clone(),
    }
}
