//! Tests and scripts: only those that there are.

use super::{Resolver, from_thread, slot};
use crate::domain::intent::{PostStep, Slot, SlotSource};
use crate::domain::interpret::found::{Found, TestMention};
use crate::domain::interpret::problem::Problem;

impl Resolver<'_> {
    pub(super) fn tests(&mut self, found: &Found) {
        for said in &found.tests {
            let step = match &said.value {
                TestMention::All => PostStep::RunTests,
                TestMention::Smoke => PostStep::SmokeTests,
                TestMention::Health => PostStep::HealthCheck,
                TestMention::Named(name) => PostStep::Named(name.clone()),
            };
            self.add_step(slot(step, SlotSource::Text, said.span));
        }
        let base = self.whole_base().map(|draft| draft.post_steps.clone());
        for step in base.unwrap_or_default() {
            self.add_step(from_thread(&step));
        }
    }

    fn add_step(&mut self, step: Slot<PostStep>) {
        match &step.value {
            PostStep::Named(name) if !self.has_test(name) => {
                self.problems.push(Problem::UnknownTest(name.clone()));
            }
            value
                if self
                    .draft
                    .post_steps
                    .iter()
                    .any(|known| known.value == *value) => {}
            _ => self.draft.post_steps.push(step),
        }
    }

    fn has_test(&self, name: &str) -> bool {
        let Some(names) = self.vocabulary.names() else {
            return true;
        };
        let own = self.known_service().map_or_else(
            || names.has_test(name),
            |service| {
                let mut tests = service.image_tests.iter().chain(&service.live_tests);
                tests.any(|test| test == name)
            },
        );
        own || names.scripts().iter().any(|script| script == name)
    }
}
