//! A second deed in the same text: part of the first, the next link of a chain, or another demand.

use super::{Mood, Reader};
use crate::domain::intent::{Action, Span};
use crate::domain::interpret::clause::Link;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::form::Form;
use crate::domain::interpret::found::{Found, Joint, Said, TestMention};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::slots::Use;

/// The deed of one clause with its slots.
pub(super) struct Deed {
    pub index: usize,
    pub action: Said<Action>,
    pub found: Found,
}

impl Reader<'_> {
    pub(super) fn join(&mut self, first: Said<Action>, second: Deed) {
        use Action::{Build, Deploy, Logs, Promote, Restart, Rollback, Scale, Status, Test};
        match (first.value, second.action.value) {
            (Deploy | Promote, Test) => {
                let found = with_tests(second.found, second.action.span);
                self.demand.found.join(found);
            }
            (Build, Test) => {
                self.demand.action = Some(second.action);
                self.demand.found.join(second.found);
            }
            (Test | Deploy, Build) | (Status | Logs, Status | Logs) => {
                self.demand.found.join(second.found);
            }
            (Build | Test, Deploy) => {
                if first.value == Test {
                    let found = std::mem::take(&mut self.demand.found);
                    self.demand.found = with_tests(found, first.span);
                }
                self.demand.action = Some(second.action);
                self.demand.found.join(second.found);
            }
            (Deploy | Promote, Rollback)
                if self.is_if_bad(second.index) && !second.found.has_slots() =>
            {
                self.roll_back_if_bad(second.index);
            }
            (Deploy | Promote, Deploy | Promote) | (Rollback, Rollback) | (Restart, Restart) => {
                self.go_on(second);
            }
            (Deploy | Promote | Rollback | Restart | Scale, Status)
                if self.checks_health(second.index) =>
            {
                self.check_health(second.index);
            }
            (_, Status | Logs) => self.set_aside(second.index, Concern::AlsoShow),
            _ => self.another(second),
        }
    }

    /// "... then promote it to production"
    fn go_on(&mut self, mut second: Deed) {
        let chained =
            self.clauses[second.index].link == Link::Then || second.action.value == Action::Promote;
        if second.found.places.is_empty() && second.found.unknown_places.is_empty() {
            let units = self.clauses[second.index].units.clone();
            self.note(Concern::Aimless, units);
        }
        let releases = matches!(second.action.value, Action::Deploy | Action::Promote);
        if chained && releases && !second.found.places.is_empty() {
            let units = self.clauses[second.index].units.clone();
            self.note(Concern::NextLink, units);
        }
        if let Some(place) = second.found.places.first_mut() {
            place.value.joint = if chained { Joint::Then } else { Joint::And };
        }
        self.demand.found.join(second.found);
    }

    fn another(&mut self, second: Deed) {
        // "deploy and roll back shop": the slots stand behind the second.
        if !self.demand.found.has_slots() {
            self.demand.found.join(second.found);
        }
        self.demand.others.push(second.action);
    }

    /// "roll back if it fails", "on failure roll back"
    fn is_if_bad(&self, index: usize) -> bool {
        self.with_conditions(index)
            .any(|at| self.holds(at, &[Role::Fail]))
    }

    /// The clause and the conditions right before and behind it.
    fn with_conditions(&self, index: usize) -> impl Iterator<Item = usize> {
        let around = [index.checked_sub(1), Some(index), Some(index + 1)];
        around
            .into_iter()
            .flatten()
            .filter(move |at| *at == index || self.moods.get(*at) == Some(&Mood::Condition))
    }

    /// The watch does it by its own thresholds; figures of the sentence are not modelled.
    fn roll_back_if_bad(&mut self, index: usize) {
        let figures = self
            .with_conditions(index)
            .flat_map(|at| self.clauses[at].units.clone())
            .any(|at| {
                matches!(
                    self.words.form(at),
                    Some(Form::Percent | Form::Number | Form::Duration | Form::Version)
                )
            });
        // "On failure do not roll back": the watch would do it all the same.
        let forbids = self
            .with_conditions(index)
            .any(|at| self.holds(at, &[Role::Negator, Role::Halt, Role::Without]));
        let timed = self.with_conditions(index).any(|at| self.has_times(at));
        let concern = if forbids {
            Concern::Negation
        } else if timed {
            Concern::Scheduled
        } else if figures {
            Concern::Condition
        } else {
            Concern::RollBackIfBad
        };
        self.set_aside(index, concern);
    }

    /// "verify that it works", "make sure the tests pass", "check its health"
    fn checks_health(&self, index: usize) -> bool {
        let known = [
            Role::Inspect,
            Role::Run,
            Role::Light,
            Role::HealthCheck,
            Role::TestNoun,
            Role::SmokeTests,
            Role::Pass,
            Role::Pronoun,
            Role::Determiner,
            Role::Filler,
            Role::Polite,
            Role::And,
            Role::ServiceNoun,
            Role::Of,
            Role::Plain,
            Role::AllTests,
        ];
        let mut units = self.clauses[index].units.clone();
        self.holds(index, &[Role::Inspect, Role::HealthCheck])
            && units
                .all(|at| self.words.any(at, &known) || !self.words.units[at].services.is_empty())
    }

    fn check_health(&mut self, index: usize) {
        let units = self.clauses[index].units.clone();
        let value = if self.holds(index, &[Role::TestNoun, Role::SmokeTests]) {
            TestMention::All
        } else {
            TestMention::Health
        };
        self.demand.uses[units.clone()].fill(Use::Used);
        let span = self.words.span(units);
        self.demand.found.tests.push(Said { value, span });
    }
}

fn with_tests(mut found: Found, span: Span) -> Found {
    if found.tests.is_empty() {
        let value = TestMention::All;
        found.tests.push(Said { value, span });
    }
    found
}
