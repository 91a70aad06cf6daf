//! Everything beside the slots: times, force, skipping, strategies, quantities, words that point back.

use super::Slots;
use crate::domain::intent::Action;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::form::Form;
use crate::domain::interpret::found::{Choice, Said};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::reading::QuestionSlot;
use crate::domain::interpret::token::Kind;

impl Slots<'_> {
    /// Addresses and words in quotes. They stay among the words that were not understood.
    pub(super) fn unread(&mut self, at: usize) -> Option<usize> {
        if let Some(next) = self.address_of_service(at) {
            return Some(next);
        }
        if matches!(
            self.words.units[at].kind,
            Kind::Word(Form::Address) | Kind::Quoted
        ) {
            self.note(Concern::NotRead, at..at + 1);
        }
        None
    }

    /// "at 2am", "tomorrow at noon", "in 10 minutes", "since last Thursday"
    pub(super) fn time(&mut self, at: usize) -> Option<usize> {
        let lead = [
            Role::On,
            Role::At,
            Role::By,
            Role::For,
            Role::From,
            Role::Every,
            Role::Last,
            Role::Determiner,
            Role::Count,
            Role::Because,
            Role::If,
        ];
        let mut core = at;
        while self.any(core, &lead) && self.moment(core).is_none() {
            core += 1;
        }
        let mut end = self.moment(core)?;
        loop {
            let next = self.skip(end, &[Role::On, Role::At, Role::Every, Role::Determiner]);
            match self.moment(next) {
                Some(further) => end = further,
                None => break,
            }
        }
        let past = (at..end).any(|i| self.has(i, Role::Past));
        if self.only_shows() {
            self.note(Concern::TimeRange, at..end);
        } else if past || self.any(end, &[Role::VersionNoun]) {
            // "yesterday's version" is not understood.
            return None;
        } else {
            self.note(Concern::Scheduled, at..end);
        }
        Some(end)
    }

    /// The end of the time that begins right here.
    fn moment(&self, at: usize) -> Option<usize> {
        // "1.5 hours"
        let decimal = self.form(at) == Some(Form::Version)
            && (self.words.units[at].text.bytes()).all(|b| b.is_ascii_digit() || b == b'.');
        let counted =
            decimal || matches!(self.form(at), Some(Form::Number)) || self.has(at, Role::Count);
        if counted && self.has(at + 1, Role::TimeUnit) {
            return Some(at + 2);
        }
        let named = self.any(at, &[Role::Time, Role::Past])
            || matches!(self.form(at), Some(Form::Clock | Form::Duration));
        let unit_alone = self.has(at, Role::TimeUnit)
            && at > self.range.start
            && self.any(at - 1, &[Role::Every, Role::Last]);
        (named || unit_alone).then_some(at + 1)
    }

    pub(super) fn modifier(&mut self, at: usize) -> Option<usize> {
        self.skipping(at)
            .or_else(|| self.strategy(at))
            .or_else(|| self.single_modifier(at))
    }

    /// "skip the tests", "without approval", "no health checks"
    fn skipping(&mut self, at: usize) -> Option<usize> {
        let verb = self.skip(at, &[Role::With]);
        if !self.any(verb, &[Role::Skip, Role::Without]) {
            return None;
        }
        let what = [
            Role::Skippable,
            Role::TestNoun,
            Role::SmokeTests,
            Role::HealthCheck,
        ];
        let first = self.skip(
            verb + 1,
            &[Role::Determiner, Role::AllTests, Role::Everything],
        );
        if !self.any(first, &what) {
            return None;
        }
        let mut end = first + 1;
        loop {
            let next = self.skip(end, &[Role::And, Role::Determiner]);
            if !self.any(next, &what) || self.any(next, &[Role::Verb]) {
                break;
            }
            end = next + 1;
        }
        self.note(Concern::Skip, at..end);
        Some(end)
    }

    /// "with a canary", "blue-green", "to 10% of the traffic"
    fn strategy(&mut self, at: usize) -> Option<usize> {
        let lead = [Role::With, Role::To, Role::By, Role::At, Role::Determiner];
        let first = self.skip(at, &lead);
        let part = |at: usize| {
            self.has(at, Role::Strategy)
                || (self.form(at) == Some(Form::Percent) && !self.is_action(&[Action::Scale]))
        };
        if !part(first) {
            return None;
        }
        let mut end = first + 1;
        while part(end) || self.any(end, &[Role::VerbNoun]) && !self.has(end, Role::VersionNoun) {
            end += 1;
        }
        self.note(Concern::Strategy, at..end);
        Some(end)
    }

    fn single_modifier(&mut self, at: usize) -> Option<usize> {
        let concern = [
            (Role::Injection, Concern::Injection),
            (Role::Suggest, Concern::Tentative),
            (Role::DryRun, Concern::DryRun),
            (Role::Force, Concern::Force),
            (Role::Urgency, Concern::Urgency),
        ]
        .into_iter()
        .find(|(role, _)| self.has(at, *role))?
        .1;
        self.note(concern, at..at + 1);
        Some(at + 1)
    }

    /// "all services", "everywhere"
    pub(super) fn everything(&mut self, at: usize) -> Option<usize> {
        if !self.has(at, Role::Everything) || self.only_shows() {
            return None;
        }
        let end = self.skip(
            at + 1,
            &[
                Role::Of,
                Role::Determiner,
                Role::ServiceNoun,
                Role::ResourceNoun,
                Role::EnvironmentNoun,
            ],
        );
        self.note(Concern::Everything, at..end);
        Some(self.all_but(end))
    }

    /// "everything except shop and mailer", "anything but shop": these are the ones not meant.
    fn all_but(&self, at: usize) -> usize {
        let mut end = at;
        let mut name = at + 1;
        if !self.any(at, &[Role::Except, Role::But]) {
            return at;
        }
        loop {
            name = self.skip(name, &[Role::Determiner, Role::ServiceNoun]);
            let named = self.words.get(name).is_some_and(|unit| {
                unit.is_unknown_name() || !unit.services.is_empty() && !unit.environment
            });
            if name >= self.range.end || !named {
                return end;
            }
            end = name + 1;
            let comma = usize::from(self.words.kind(end) == Some(Kind::Comma));
            name = self.skip(end + comma, &[Role::And]);
            if name == end {
                return end;
            }
        }
    }

    /// "to 5 replicas", "by 4"
    pub(super) fn quantity(&mut self, at: usize) -> Option<usize> {
        if !self.is_action(&[Action::Scale]) {
            return None;
        }
        let number = self.skip(
            at,
            &[Role::To, Role::On, Role::By, Role::With, Role::Determiner],
        );
        let counts = matches!(self.form(number), Some(Form::Number | Form::Percent));
        if !(counts || self.has(number, Role::Count)) {
            return None;
        }
        let more = self
            .skip(number + 1, &[Role::Plain, Role::Newest])
            .min(number + 2);
        let end = self.skip(more, &[Role::ReplicaNoun]).min(more + 1);
        self.found.replicas.push(Said {
            value: self.words.text(number..number + 1).to_owned(),
            span: self.words.span(number..number + 1),
        });
        Some(end)
    }

    /// "the second", "2": one of the choices that were offered.
    fn ordinal(&mut self, at: usize) -> Option<usize> {
        let asked = self.expect.asked?;
        let choices = [
            (Role::FirstChoice, Choice::Nth(1)),
            (Role::SecondChoice, Choice::Nth(2)),
            (Role::ThirdChoice, Choice::Nth(3)),
            (Role::LastChoice, Choice::Last),
        ];
        let named = choices.iter().find(|(role, _)| self.has(at, *role));
        let number = match self.form(at) {
            Some(Form::Number) if asked != QuestionSlot::Version => {
                self.words.units[at].text.parse().ok().map(Choice::Nth)
            }
            _ => None,
        };
        let value = named.map(|(_, choice)| *choice).or(number)?;
        let span = self.words.span(at..at + 1);
        self.found.choice = Some(Said { value, span });
        Some(at + 1)
    }

    /// "it", "the same", "the service"
    pub(super) fn back_reference(&mut self, at: usize) -> Option<usize> {
        if self.has(at, Role::Same) {
            self.found.same = Some(self.words.span(at..at + 1));
            return Some(at + 1);
        }
        if let Some(next) = self.ordinal(at) {
            return Some(next);
        }
        if self.has(at, Role::PluralPronoun) {
            self.note(Concern::Everything, at..at + 1);
            return Some(at + 1);
        }
        let (_, noun) = self.lead(at);
        if self.has(at, Role::Pronoun) && !self.has(noun, Role::ServiceNoun) {
            self.found.pronoun = Some(self.words.span(at..at + 1));
            return Some(at + 1);
        }
        if self.has(noun, Role::ServiceNoun) {
            self.found.pronoun = Some(self.words.span(noun..noun + 1));
            return Some(noun + 1);
        }
        None
    }
}
