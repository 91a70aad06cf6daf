//! Verbs that do not begin their clause: behind names, at its end, left out, or mistyped.

use super::form::Form;
use super::head::{Head, REACH, Stretch, verbs};
use super::lexicon::Role;
use super::token::Kind;
use super::vocabulary::suggest;
use crate::domain::intent::Action;

impl Stretch<'_> {
    /// "shop deploy v1.2 staging", "production: roll back"
    pub(super) fn behind_names(&self, first: usize) -> Option<Head> {
        let words = self.words;
        let mut at = first;
        let mut named = false;
        while at < self.end.min(first + REACH) {
            let unit = &words.units[at];
            if unit.is_verb() && named {
                return self.verb(at, false).filter(|head| head.units.start == at);
            }
            // "service restart"
            let noun_only = at == first + 1 && at + 1 == self.end && !named;
            if unit.is_verb()
                && noun_only
                && words.any(first, &[Role::ServiceNoun, Role::EnvironmentNoun])
            {
                return self.verb(at, false);
            }
            let known = !unit.services.is_empty() || unit.environment;
            let opens = at == first
                && words.vocabulary.names().is_none()
                && unit.is_unknown_name()
                && unit.quote.is_none()
                && suggest(&unit.lower, verbs(words)).is_empty();
            let joins = unit.kind == Kind::Colon
                || unit.any(&[
                    Role::ServiceNoun,
                    Role::EnvironmentNoun,
                    Role::On,
                    Role::Of,
                    Role::For,
                ]);
            if !(known || opens || joins || unit.form() == Some(Form::Version)) {
                return None;
            }
            named |= known || opens;
            at += 1;
        }
        None
    }

    /// "shop health check on staging"
    pub(super) fn health_of_name(&self, first: usize) -> Option<Head> {
        let words = self.words;
        let unit = words.get(first).filter(|_| first + 1 < self.end)?;
        let named = !unit.services.is_empty() || unit.is_unknown_name();
        let ends = first + 2 == self.end || words.any(first + 2, &[Role::On, Role::Everything]);
        (named && words.has(first + 1, Role::HealthCheck) && ends)
            .then(|| Head::new(Action::Status, first + 1..first + 2))
    }

    /// "shop on staging needs a restart": only with nothing else in the sentence.
    pub(super) fn needed(&self, first: usize) -> Option<Head> {
        let words = self.words;
        let around = [
            Role::Determiner,
            Role::Filler,
            Role::Urgency,
            Role::On,
            Role::Of,
            Role::For,
            Role::ServiceNoun,
            Role::ResourceNoun,
            Role::EnvironmentNoun,
            Role::PlaceNoun,
        ];
        let fits = |at: usize| {
            let unit = &words.units[at];
            let named = unit.is_unknown_name() || !unit.services.is_empty() || unit.environment;
            named || unit.any(&around)
        };
        let needs = (first..self.end).find(|at| !fits(*at))?;
        // "shop always needs a restart" tells.
        let names = (first..needs).filter(|at| {
            let unit = &words.units[*at];
            let named = unit.is_unknown_name() || !unit.services.is_empty();
            let of_place = [Role::Determiner, Role::PlaceNoun, Role::EnvironmentNoun];
            let mut before = *at;
            while before > first && words.any(before - 1, &of_place) {
                before -= 1;
            }
            named && !(before > first && words.has(before - 1, Role::On))
        });
        if names.count() > 1 {
            return None;
        }
        let deed = words.skip(needs + 1, &[Role::Determiner, Role::Urgency]);
        let noun = words.get(deed).filter(|_| deed < self.end)?;
        let action = noun.action.filter(|action| action.makes_plan())?;
        let told = needs > first
            && words.has(needs, Role::Needs)
            && deed > needs + 1
            && noun.has(Role::VerbNoun);
        (told && (deed + 1..self.end).all(fits)).then(|| Head::new(action, needs..deed + 1))
    }

    /// "shop v1.2 auf Staging deployen": all that the deed is about stands before its verb.
    pub(super) fn at_the_end(&self, first: usize, polite: bool) -> Option<Head> {
        let words = self.words;
        if !words.definition.verb_final {
            return None;
        }
        let between = [
            Role::To,
            Role::On,
            Role::At,
            Role::From,
            Role::Of,
            Role::For,
            Role::With,
            Role::And,
            Role::Then,
            Role::Determiner,
            Role::Filler,
            Role::Pronoun,
            Role::ServiceNoun,
            Role::EnvironmentNoun,
            Role::ResourceNoun,
            Role::VersionNoun,
            Role::BranchName,
            Role::Previous,
            Role::Last,
            Role::Newest,
            Role::UnclearVersion,
            Role::Running,
            Role::Environment,
            Role::AllTests,
            Role::Everything,
            Role::Time,
            Role::TimeUnit,
            Role::Urgency,
            Role::Force,
            Role::Negator,
        ];
        for at in first + 1..self.end {
            let unit = &words.units[at];
            if unit.is_verb() && !unit.any(&[Role::TestNoun, Role::Environment]) {
                return self.verb(at, polite).filter(|head| head.units.start == at);
            }
            if let Some(head) = self.separable(at) {
                return Some(head);
            }
            let slot = unit.is_unknown_name()
                || !unit.services.is_empty()
                || unit.environment
                || matches!(unit.kind, Kind::Comma | Kind::Colon)
                || matches!(
                    unit.form(),
                    Some(
                        Form::Version
                            | Form::Pinned(_)
                            | Form::Path
                            | Form::Number
                            | Form::Clock
                            | Form::Duration
                            | Form::Mention
                    )
                );
            if !slot && !unit.any(&between) {
                return None;
            }
        }
        None
    }

    /// "canary 10% mailer"
    pub(super) fn by_strategy(&self, first: usize) -> Option<Head> {
        let strategy = self.words.has(first, Role::Strategy) && self.end > first + 1;
        strategy.then(|| Head::new(Action::Deploy, first..first + 1))
    }

    /// A word that is a slip away from a verb.
    pub(super) fn mistyped(&self, at: usize) -> Option<Head> {
        let unit = &self.words.units[at];
        if !unit.is_unknown_name() || self.end == at + 1 {
            return None;
        }
        let meant = suggest(&unit.lower, verbs(self.words)).into_iter().next()?;
        let (_, entry) = self.words.definition.lexicon.longest(&[meant.as_str()])?;
        let mut head = Head::new(entry.action?, at..at + 1);
        head.typo_of = Some(meant);
        Some(head)
    }
}
