//! Clauses that are no command, in a text that has one: each is said, asked about, or listed.

use super::{Mood, Reader};
use crate::domain::intent::{Action, Span};
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::found::Said;
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::slots::Use;
use crate::domain::interpret::token::Kind;

impl Reader<'_> {
    pub(super) fn beside(&mut self, index: usize) {
        match self.moods[index] {
            Mood::Command(_) => {}
            Mood::Condition => self.condition(index),
            Mood::Reason => self.reason(index),
            Mood::Negated => self.negation(index),
            Mood::Fragment if self.addresses(index) => self.addressed(index),
            Mood::Fragment => {
                let action = self.demand.action.as_ref().map(|action| action.value);
                let found = self.slots(index, action, None);
                self.demand.found.join(found);
            }
            Mood::Foreign | Mood::Nominal(_) => self.other_deed(index),
            Mood::Question | Mood::Help => self.set_aside(index, Concern::Question),
            // "shop is down? Restart it": rather a condition than a report.
            Mood::Report if self.clauses[index].end == Some(Kind::Question) => {
                self.set_aside(index, Concern::NotRead);
            }
            Mood::Report => self.report(index),
            Mood::Speech => self.set_aside(index, Concern::Speech),
            // "tell Dana: restart shop" says what she is to be told.
            Mood::Notice if self.clauses[index].end == Some(Kind::Colon) => {
                self.set_aside(index, Concern::NotRead);
            }
            Mood::Notice => self.set_aside(index, Concern::Notify),
            Mood::Injection => self.set_aside(index, Concern::Injection),
            Mood::Destructive => self.set_aside(index, Concern::Destructive),
            Mood::Approval => self.set_aside(index, Concern::Approval),
            Mood::Opaque => self.set_aside(index, Concern::NotRead),
            // "no, deploy ..." goes on; "deploy ..., no" takes it back.
            Mood::Dissent if self.follows_a_command(index) => {
                self.set_aside(index, Concern::Negation);
            }
            Mood::Assent | Mood::Dissent => {
                let units = self.clauses[index].units.clone();
                self.demand.uses[units].fill(Use::Little);
            }
            Mood::Empty => {
                // "Urgent: ..."
                let found = self.slots(index, None, None);
                self.demand.found.join(found);
            }
        }
    }

    /// "because checkout does not work" is a reason, "... not now" forbids.
    fn reason(&mut self, index: usize) {
        let units = self.clauses[index].units.clone();
        let behind = [Role::Filler, Role::Time, Role::Polite];
        let forbids = units.clone().any(|at| {
            let last = at + 1 == units.end || self.words.any(at + 1, &behind);
            let negates = self.words.any(at, &[Role::Negator, Role::Halt]) && last;
            negates || self.words.has(at, Role::Except)
        });
        if forbids {
            self.set_aside(index, Concern::Negation);
        } else {
            self.aside(index);
        }
    }

    fn follows_a_command(&self, index: usize) -> bool {
        let mut before = self.moods[..index].iter();
        before.any(|mood| matches!(mood, Mood::Command(_)))
    }

    /// A report may name what is then asked for: "The shop on production is slow. Check it."
    fn report(&mut self, index: usize) {
        let action = self.demand.action.as_ref().map(|action| action.value);
        if let Some(action @ (Action::Status | Action::Logs)) = action {
            let found = self.slots(index, Some(action), None);
            self.demand.found.join(found);
        } else if action.is_some_and(Action::makes_plan) {
            self.refer_to_report();
        }
        let elsewhere = self.clauses[index].units.clone().any(|at| {
            let unit = &self.words.units[at];
            let named = &self.demand.found.places;
            unit.environment && !named.iter().any(|said| said.value.word == unit.lower)
        });
        let concern = if elsewhere {
            Concern::ReportElsewhere
        } else {
            Concern::Report
        };
        self.set_aside(index, concern);
    }

    /// "The service shop is slow. Roll it back.": which word of a report is a name is less sure than
    /// in an order, and so is what "it" stands for: it is asked. Where more is told of, nothing says
    /// which is meant.
    fn refer_to_report(&mut self) {
        let Some(span) = self.demand.found.pronoun else {
            return;
        };
        if !self.demand.found.services.is_empty() || !self.is_order_read() {
            return;
        }
        let told: Vec<_> = (0..self.clauses.len())
            .filter(|at| self.moods[*at] == Mood::Report)
            .flat_map(|at| self.told_in(at, None).services)
            .collect();
        let [one] = told.as_slice() else {
            return;
        };
        if !self.is_only_name_told(one.span) {
            return;
        }
        let name = one.value.typed().to_owned();
        self.demand.found.pronoun = None;
        self.demand.found.services.push(one.clone());
        self.demand
            .found
            .note(Concern::ReferredTo { name }, span, "it");
    }

    /// Whether each word of the orders is understood.
    fn is_order_read(&self) -> bool {
        let orders =
            (0..self.clauses.len()).filter(|at| matches!(self.moods[*at], Mood::Command(_)));
        orders
            .flat_map(|at| self.clauses[at].units.clone())
            .all(|at| self.demand.uses[at] != Use::Free)
    }

    /// Whether what is told tells of this alone, and neither denies it nor seems to be of a person.
    fn is_only_name_told(&self, name: Span) -> bool {
        let tells = |mood: &Mood| {
            matches!(
                mood,
                Mood::Report | Mood::Reason | Mood::Speech | Mood::Condition | Mood::Notice
            )
        };
        (0..self.clauses.len())
            .filter(|at| tells(&self.moods[*at]))
            .flat_map(|at| self.clauses[at].units.clone())
            .all(|at| {
                let unit = &self.words.units[at];
                let named = unit.is_unknown_name() || !unit.services.is_empty();
                let own = self.words.span(at..at + 1).overlaps(name);
                let person = own && self.is_perhaps_a_person(at) && self.is_capitalised(at);
                (own || !named) && !person && !unit.any(&[Role::Negator, Role::Nothing])
            })
    }

    /// "use production", "ensure zero downtime", "warm up the cache"
    fn other_deed(&mut self, index: usize) {
        let found = self.slots(index, None, None);
        let deed = self.clauses[index].units.start;
        if self.words.has(deed, Role::Halt) {
            // "... and stop production"
            return self.set_aside(index, Concern::Negation);
        }
        let named = !found.places.is_empty() && !self.words.has(deed, Role::Manage);
        let known = named
            || found
                .concerns
                .iter()
                .any(|noted| matches!(noted.concern, Concern::Strategy | Concern::Skip));
        if known {
            self.demand.found.join(found);
        } else {
            self.set_aside(index, Concern::OtherDeed);
        }
    }

    /// "but do not touch production", "don't run the tests", or a ban that concerns the deed.
    fn negation(&mut self, index: usize) {
        let units = self.clauses[index].units.clone();
        if self.holds(index, &[Role::Skippable, Role::TestNoun, Role::SmokeTests]) {
            return self.set_aside(index, Concern::Skip);
        }
        if self.has_times(index) {
            return self.set_aside(index, Concern::Condition);
        }
        let places: Vec<usize> = units
            .clone()
            .filter(|at| self.words.is_environment(*at))
            .collect();
        if places.is_empty() || !self.only_leaves_out(index) {
            return self.set_aside(index, Concern::Negation);
        }
        for at in places {
            self.demand.found.left_out.push(Said {
                value: self.words.units[at].lower.clone(),
                span: self.words.span(at..at + 1),
            });
        }
        self.demand.uses[units.clone()].fill(Use::Used);
        self.note(Concern::LeavesOut, units);
    }

    /// "do not touch production", but not "do not use the production database".
    fn only_leaves_out(&self, index: usize) -> bool {
        let known = [
            // Not a halt: "stop production" is a deed.
            Role::Negator,
            Role::Except,
            Role::But,
            Role::And,
            Role::Or,
            Role::To,
            Role::On,
            Role::For,
            Role::Determiner,
            Role::Environment,
            Role::EnvironmentNoun,
            Role::Verb,
            Role::Other,
            Role::Filler,
            Role::Polite,
            Role::Pronoun,
        ];
        let mut units = self.clauses[index].units.clone();
        units.all(|at| {
            let known = self.words.any(at, &known) || self.words.is_environment(at);
            known && !self.words.has(at, Role::Halt)
        })
    }
}
