//! Tests, smoke tests, health checks and scripts that are to be run with the deed.

use super::Slots;
use crate::domain::intent::Action;
use crate::domain::interpret::form::Form;
use crate::domain::interpret::found::{Said, TestMention};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::reading::QuestionSlot;

impl Slots<'_> {
    pub(super) fn tests(&mut self, at: usize) -> Option<usize> {
        let lead = [
            Role::With,
            Role::Determiner,
            Role::AllTests,
            Role::Everything,
            Role::And,
        ];
        let mut noun = self.skip(at, &lead);
        // "all of the tests"
        if noun > at && self.any(noun - 1, &[Role::AllTests, Role::Everything]) {
            noun = self.skip(noun, &[Role::Of, Role::Determiner]);
        }
        if noun >= self.range.end {
            return None;
        }
        let led = noun > at;
        self.fixed_tests(at, noun, led)
            .or_else(|| self.named_tests(noun))
            .or_else(|| self.named_alone(noun))
    }

    fn fixed_tests(&mut self, at: usize, noun: usize, led: bool) -> Option<usize> {
        let tests = self.is_action(&[Action::Test]);
        let value = if self.has(noun, Role::SmokeTests) {
            TestMention::Smoke
        } else if self.has(noun, Role::HealthCheck) && !self.only_shows() && (led || tests) {
            TestMention::Health
        } else if self.is_tests(noun, led) {
            if tests {
                return Some(noun + 1);
            }
            TestMention::All
        } else {
            return None;
        };
        let span = self.words.span(at.max(self.range.start)..noun + 1);
        self.found.tests.push(Said { value, span });
        Some(noun + 1)
    }

    /// "tests" always, "test" only where it cannot be a verb or an environment.
    fn is_tests(&self, noun: usize, led: bool) -> bool {
        self.has(noun, Role::TestNoun)
            && !self.only_shows()
            && (!self.any(noun, &[Role::Verb, Role::Environment])
                || (led && !self.any(noun + 1, &[Role::EnvironmentNoun, Role::ServiceNoun])))
    }

    /// "api tests", "unit and integration tests"
    fn named_tests(&mut self, first: usize) -> Option<usize> {
        let mut names = Vec::new();
        let mut at = first;
        loop {
            if !self.can_name_tests(at) {
                return None;
            }
            names.push(at);
            at += 1;
            let kind = self.has(at - 1, Role::TestKind);
            if self.has(at, Role::TestNoun) && (kind || !self.has(at, Role::Environment)) {
                break;
            }
            let next = self.skip(at, &[Role::And]);
            if next == at {
                return None;
            }
            at = next;
        }
        for name in names {
            let value = TestMention::Named(self.test_name(&self.words.units[name].lower)?);
            let span = self.words.span(name..name + 1);
            self.found.tests.push(Said { value, span });
        }
        Some(at + 1)
    }

    fn can_name_tests(&self, at: usize) -> bool {
        let Some(unit) = self.words.get(at).filter(|_| at < self.range.end) else {
            return false;
        };
        let names = self.words.vocabulary.names();
        let known = names.is_some_and(|names| names.has_test(&unit.lower));
        if unit.possessive {
            return false;
        }
        known
            || unit.has(Role::TestKind)
            || (unit.is_unknown_name() && unit.form() == Some(Form::Name))
    }

    /// The catalogue's name for it; with no catalogue a name made of the words: `api_tests`.
    fn test_name(&self, word: &str) -> Option<String> {
        match self.words.vocabulary.names() {
            Some(_) => Some(word.to_owned()),
            None => Some(format!("{}_tests", word.replace('-', "_"))),
        }
    }

    /// "run e2e", "run warm-cache": a test or a script of the catalogue by its name alone.
    fn named_alone(&mut self, at: usize) -> Option<usize> {
        let names = self.words.vocabulary.names()?;
        let unit = &self.words.units[at];
        let known = names.has_test(&unit.lower) || names.scripts().contains(&unit.lower);
        let asked = self.expect.asked == Some(QuestionSlot::Test);
        let tests = asked || self.is_action(&[Action::Test]);
        if !known || !tests || !unit.services.is_empty() {
            return None;
        }
        self.found.tests.push(Said {
            value: TestMention::Named(unit.lower.clone()),
            span: self.words.span(at..at + 1),
        });
        Some(at + 1)
    }
}
