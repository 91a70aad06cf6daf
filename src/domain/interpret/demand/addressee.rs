//! "Dana, restart shop": who is spoken to, and no service.

use super::{Mood, Reader};
use crate::domain::interpret::clause::Link;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::slots::{self, Expect};
use crate::domain::interpret::token::Kind;
use crate::domain::interpret::vocabulary::suggest;

const GREETINGS: [&str; 13] = [
    "hey", "hi", "hello", "dear", "hallo", "moin", "hola", "buenas", "salut", "bonjour", "oi",
    "ol\u{e1}", "ola",
];

impl Reader<'_> {
    /// A name alone before the first comma, where a greeting stands before it or what follows names
    /// the service. "shop, restart" has no other name, and "shop, restart it" speaks of that one.
    pub(super) fn addresses(&self, index: usize) -> bool {
        if index > 0 || self.moods[index] != Mood::Fragment {
            return false;
        }
        let units = self.clauses[index].units.clone();
        let name = self.words.skip(units.start, &[Role::Filler]);
        let follows = self.clauses.get(1);
        // Before a condition the colon belongs to the clause.
        let last = name + 1 == units.end || name + 2 == units.end;
        let colon = last && self.words.kind(name + 1) == Some(Kind::Colon);
        if colon && self.is_perhaps_a_person(name) && self.is_capitalised(name) {
            return self.is_asked_politely();
        }
        let alone = name + 1 == units.end
            && self.words.kind(units.end) == Some(Kind::Comma)
            && follows.is_some_and(|clause| clause.link == Link::Comma);
        if !(alone && self.is_perhaps_a_person(name)) {
            return false;
        }
        let bot = self.words.units[name].lower.ends_with("bot");
        name > units.start || bot || self.service_follows()
    }

    pub(super) fn addressed(&mut self, index: usize) {
        let units = self.clauses[index].units.clone();
        // "Hypothetically, deploy it" begins with a capital letter, too: only a greeting is sure.
        let greeting = &self.words.units[units.start].lower;
        let sure = units.len() > 1 && GREETINGS.contains(&greeting.as_str());
        self.set_aside(index, Concern::Addressed { sure });
    }

    pub(super) fn is_perhaps_a_person(&self, at: usize) -> bool {
        let unit = &self.words.units[at];
        let slip = self.words.vocabulary.names().is_some_and(|names| {
            let services = names.service_names();
            !suggest(&unit.lower, services.iter().map(String::as_str)).is_empty()
        });
        unit.is_unknown_name()
            && unit.quote.is_none()
            && unit.text.chars().all(char::is_alphabetic)
            && !slip
    }

    pub(super) fn is_capitalised(&self, at: usize) -> bool {
        let mut letters = self.words.units[at].text.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase)
    }

    /// "Dana: could you restart shop?"; "Shop: could you restart it?" names the service.
    fn is_asked_politely(&self) -> bool {
        let polite = |index: usize| {
            let asks = self.clauses[index].end == Some(Kind::Question);
            asks && matches!(&self.moods[index], Mood::Command(head) if head.polite)
        };
        self.demand.found.pronoun.is_none() && (1..self.clauses.len()).any(polite)
    }

    fn service_follows(&self) -> bool {
        match &self.moods[1] {
            Mood::Command(_) => {
                let found = &self.demand.found;
                !found.services.is_empty() && found.pronoun.is_none() && !self.goes_on_listing()
            }
            Mood::Question => {
                let expect = Expect {
                    action: Some(self.shown_by(1)),
                    ..Expect::default()
                };
                let mut uses = self.demand.uses.clone();
                let units = self.clauses[1].units.clone();
                let found = slots::read(self.words, units, &mut uses, expect);
                !found.services.is_empty()
            }
            _ => false,
        }
    }

    /// "shop, roll back to v2, mailer too": a list, in which the first name is a service as well.
    fn goes_on_listing(&self) -> bool {
        let courtesy = [Role::Filler, Role::Polite, Role::Urgency];
        let mut units = self.clauses[1].units.clone();
        units.any(|at| {
            self.words.kind(at) == Some(Kind::Comma) && !self.words.any(at + 1, &courtesy)
        })
    }
}
