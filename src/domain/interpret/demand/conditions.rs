//! Conditions: those that a plan meets anyway become part of it, all others are asked about. One
//! word too many ("if the tests pass and Ann agrees") makes it one of the others.

use super::{Mood, Reader};
use crate::domain::intent::Action;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::form::Form;
use crate::domain::interpret::found::{Said, TestMention};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::slots::{self, Expect, Use};

/// Little words of every condition.
const LITTLE: [Role; 6] = [
    Role::If,
    Role::Determiner,
    Role::Filler,
    Role::Pronoun,
    Role::Report,
    Role::Running,
];

impl Reader<'_> {
    pub(super) fn condition(&mut self, index: usize) {
        let units = self.clauses[index].units.clone();
        if self.is_of_notice(index)
            || (self.holds(index, &[Role::Fail]) && self.rolls_back_if_bad())
        {
            self.aside(index);
        } else if let Some(tests) = self.tests_that_pass(index) {
            self.demand.found.tests.extend(tests);
            self.demand.uses[units.clone()].fill(Use::Used);
            self.note(Concern::IfTestsPass, units);
        } else if self.is_health(index) {
            self.demand.uses[units.clone()].fill(Use::Used);
            let span = self.words.span(units.clone());
            let value = TestMention::Health;
            self.demand.found.tests.push(Said { value, span });
            self.note(Concern::IfHealthy, units);
        } else if self.is_about_the_deed(index) {
            self.demand.uses[units].fill(Use::Used);
        } else {
            self.set_aside(index, Concern::Condition);
        }
    }

    /// "tell me when it is done"
    fn is_of_notice(&self, index: usize) -> bool {
        let known = [
            &LITTLE[..],
            &[
                Role::Subject,
                Role::Inflected,
                Role::VerbNoun,
                Role::Pass,
                Role::Fail,
                Role::HealthCheck,
            ],
        ]
        .concat();
        let mut units = self.clauses[index].units.clone();
        index > 0
            && self.moods[index - 1] == Mood::Notice
            && units.all(|at| self.words.any(at, &known))
    }

    fn rolls_back_if_bad(&self) -> bool {
        let concerns = self.demand.found.concerns.iter();
        concerns
            .map(|noted| &noted.concern)
            .any(|concern| *concern == Concern::RollBackIfBad)
    }

    fn releases(&self) -> bool {
        let action = self.demand.action.as_ref().map(|said| said.value);
        matches!(action, Some(Action::Deploy | Action::Promote))
    }

    /// "if the unit tests pass", "once all tests are green", "after the smoke tests"
    fn tests_that_pass(&mut self, index: usize) -> Option<Vec<Said<TestMention>>> {
        let about_tests = self.holds(index, &[Role::TestNoun, Role::SmokeTests]);
        if !about_tests || !self.releases() {
            return None;
        }
        let units = self.clauses[index].units.clone();
        // The names of the tests are read apart, for nothing is used up if it is another condition.
        let mut uses = self.demand.uses.clone();
        let expect = Expect {
            action: Some(Action::Deploy),
            ..Expect::default()
        };
        let found = slots::read(self.words, units.clone(), &mut uses, expect);
        let known = [
            &LITTLE[..],
            &[
                Role::TestNoun,
                Role::SmokeTests,
                Role::AllTests,
                Role::Pass,
                Role::And,
            ],
        ]
        .concat();
        let all_known = units.clone().all(|at| {
            let named = uses[at] == Use::Used && !self.words.is_environment(at);
            named || self.words.any(at, &known)
        });
        if !all_known || found.has_slots() || !found.concerns.is_empty() {
            return None;
        }
        if !found.tests.is_empty() {
            return Some(found.tests);
        }
        let value = TestMention::All;
        let span = self.words.span(units);
        Some(vec![Said { value, span }])
    }

    /// "once it is healthy", "when the health check passes"
    fn is_health(&self, index: usize) -> bool {
        let known = [
            &LITTLE[..],
            &[Role::HealthCheck, Role::Pass, Role::ServiceNoun],
        ]
        .concat();
        let mut units = self.clauses[index].units.clone();
        self.releases()
            && self.holds(index, &[Role::HealthCheck])
            && units.all(|at| self.words.any(at, &known))
    }

    /// "after deploying", "once it is deployed": says only that the one follows the other.
    fn is_about_the_deed(&self, index: usize) -> bool {
        let deed = [Role::Inflected, Role::VerbNoun, Role::Verb];
        let known = [&LITTLE[..], &deed[..], &[Role::Subject]].concat();
        let mut units = self.clauses[index].units.clone();
        let own = self.demand.action.as_ref().map(|action| action.value);
        let is_own = |action: Action| {
            // A deploy builds first.
            Some(action) == own || (action, own) == (Action::Build, Some(Action::Deploy))
        };
        let mut deeds = units
            .clone()
            .filter_map(|at| self.words.units[at].action)
            .peekable();
        deeds.peek().is_some() && deeds.all(is_own) && units.all(|at| self.words.any(at, &known))
    }

    pub(super) fn has_times(&self, index: usize) -> bool {
        let mut units = self.clauses[index].units.clone();
        self.holds(index, &[Role::Time, Role::TimeUnit])
            || units.any(|at| matches!(self.words.form(at), Some(Form::Clock | Form::Duration)))
    }
}
