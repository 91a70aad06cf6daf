//! The verb of a clause: in its plain form at the beginning, taken apart ("roll it back"), behind a
//! light verb ("do a rollback") or behind names ("shop deploy staging").

use std::ops::Range;

use super::form::Form;
use super::lexicon::Role;
use super::unit::Words;
use crate::domain::intent::Action;

/// What makes a clause a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub action: Action,
    /// The units of the verb.
    pub units: Range<usize>,
    /// Its second part, which stands apart: "roll it back", "do a quick rollback".
    pub particle: Option<usize>,
    /// The verb as it should have been written, where it is mistyped.
    pub typo_of: Option<String>,
    /// "could you ...?" may end with a question mark and is none.
    pub polite: bool,
}

impl Head {
    pub fn new(action: Action, units: Range<usize>) -> Self {
        Self {
            action,
            units,
            particle: None,
            typo_of: None,
            polite: false,
        }
    }

    fn with_particle(mut self, at: usize) -> Self {
        self.particle = Some(at);
        self
    }
}

/// A noun phrase between a light verb and its noun, or names before a verb, may be this long.
pub(super) const REACH: usize = 6;

/// The units of one clause.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub words: &'a Words<'a>,
    pub end: usize,
}

impl Stretch<'_> {
    pub fn holds(&self, units: Range<usize>, roles: &[Role]) -> bool {
        units.into_iter().any(|at| self.words.any(at, roles))
    }

    pub fn head(&self, first: usize, polite: bool) -> Option<Head> {
        let modifiers = [
            Role::Strategy,
            Role::Force,
            Role::DryRun,
            Role::Urgency,
            Role::AllTests,
            Role::Injection,
            Role::Time,
        ];
        let mut at = first;
        while at < self.end && self.words.any(at, &modifiers) && !self.words.has(at, Role::Verb) {
            at += 1;
        }
        if at > first && self.words.any(at - 1, &[Role::DryRun, Role::Time]) {
            at = self.words.skip(at, &[Role::Determiner]);
        }
        if self.has_two_deeds(at) {
            return None;
        }
        let head = self
            .rehearsal(first)
            .or_else(|| self.subcommand(at))
            .or_else(|| self.listed(at))
            .or_else(|| self.had_done(at))
            .or_else(|| self.resize(at))
            .or_else(|| self.noun_shown(at))
            .or_else(|| self.tests_run(at))
            .or_else(|| self.verb(at, polite))
            .or_else(|| self.separable(at))
            .or_else(|| self.shown(at))
            .or_else(|| self.light(at))
            .or_else(|| self.behind_names(at))
            .or_else(|| self.health_of_name(at))
            .or_else(|| self.needed(at))
            .or_else(|| self.at_the_end(at, polite))
            // "schedule a deployment": a time as well.
            .or_else(|| self.light(first))
            .or_else(|| self.by_strategy(first));
        head.map(|head| Head { polite, ..head })
    }

    /// A verb in its plain form that is not the noun of a report or of another noun.
    pub(super) fn verb(&self, at: usize, polite: bool) -> Option<Head> {
        let words = self.words;
        let unit = words.get(at).filter(|_| at < self.end)?;
        // "would you mind deploying ...?"
        let gerund = polite && unit.has(Role::Inflected) && unit.lower.ends_with("ing");
        if !unit.is_verb() && !gerund {
            return None;
        }
        let action = unit.action?;
        if unit.has(Role::Weak) && !self.has_object(at + 1..self.end) {
            return None;
        }
        if action != Action::Status && at + 1 < self.end {
            if let Some(shown) = self.verb_as_noun(at) {
                return Some(shown);
            }
            if words.has(at + 1, Role::Report) && !words.is_environment(at + 1) {
                return None;
            }
        }
        if let Some(head) = self.separable(at) {
            return Some(head);
        }
        if unit.has(Role::Display) && self.names_something_to_show(at + 1) {
            return None;
        }
        Some(Head::new(action, at..at + 1))
    }

    /// "launch the tests": a verb that elsewhere deploys.
    fn tests_run(&self, at: usize) -> Option<Head> {
        let words = self.words;
        let noun = words.skip(at + 1, &[Role::Determiner, Role::AllTests, Role::TestKind]);
        let tests = words.any(noun, &[Role::TestNoun, Role::SmokeTests])
            && !words.has(noun, Role::Environment);
        let runs = words.has(at, Role::Run) && words.has(at, Role::Verb);
        (runs && tests && noun < self.end).then(|| Head::new(Action::Test, at..at + 1))
    }

    /// `/deploy rollback shop`: the name of the bot's command is a verb, too. Behind other commands,
    /// and for words of a wider sense, which of the two is meant is not known.
    fn subcommand(&self, at: usize) -> Option<Head> {
        let unit = self.words.get(at).filter(|_| at < self.end)?;
        let deed = self.words.get(at + 1).filter(|_| at + 1 < self.end)?;
        let action = deed.action.filter(|_| deed.is_verb())?;
        let other =
            matches!(action, Action::Rollback | Action::Restart) && deed.has(Role::VerbNoun);
        let deploys = unit.sigil && unit.lower == "deploy";
        (deploys && other).then(|| Head::new(action, at..at + 2))
    }

    /// "hubot deploys shop in staging": to a bot the plural asks for the list.
    fn listed(&self, at: usize) -> Option<Head> {
        let words = self.words;
        let unit = words.get(at).filter(|_| at < self.end)?;
        let bot = at > 0 && words.has(at - 1, Role::Addressee);
        let deeds = unit.has(Role::Inflected)
            && unit.lower.ends_with('s')
            && unit.action == Some(Action::Deploy);
        let around = [
            Role::For,
            Role::On,
            Role::Of,
            Role::Determiner,
            Role::ServiceNoun,
        ];
        let named = |at: usize| {
            let unit = &words.units[at];
            let name = unit.is_unknown_name() || !unit.services.is_empty() || unit.environment;
            let version = matches!(unit.form(), Some(Form::Version | Form::Path));
            name || version || unit.any(&around) || unit.has(Role::Addressee)
        };
        let rest = at + 1..self.end;
        (bot && deeds && rest.clone().all(named)).then(|| Head::new(Action::Status, at..at + 1))
    }

    /// `.noop production`: a deploy that only pretends.
    fn rehearsal(&self, at: usize) -> Option<Head> {
        let unit = self.words.get(at).filter(|_| at < self.end)?;
        let pretends = unit.sigil && unit.has(Role::DryRun);
        pretends.then(|| Head::new(Action::Deploy, at..at + 1))
    }

    /// Whether there is anything to be deployed: "update the docs" has nothing.
    fn has_object(&self, units: Range<usize>) -> bool {
        let things = [
            Role::ServiceNoun,
            Role::Pronoun,
            Role::Same,
            Role::VersionNoun,
            Role::BranchName,
            Role::WhateverRuns,
            Role::Environment,
            Role::PluralPronoun,
            Role::Newest,
            Role::Previous,
            Role::Payload,
        ];
        let first = self
            .words
            .skip(units.start, &[Role::Determiner, Role::Filler]);
        // "push our changes to qa", but "push the changes to main" is nothing for an environment.
        let goes_somewhere = units.clone().any(|at| {
            let place = self.words.skip(at + 1, &[Role::Determiner]);
            self.words.has(at, Role::To) && place < self.end && self.words.is_environment(place)
        });
        let plain = |at: usize| {
            at < self.end
                && self.words.has(at, Role::Plain)
                && !(self.words.has(at, Role::Payload) && goes_somewhere)
                && !self.words.has(at + 1, Role::ServiceNoun)
        };
        // "set the log level of shop"
        let compound = first < self.end && self.words.units[first].is_unknown_name();
        // "set LOG_LEVEL to debug for shop"
        let variable = compound && is_variable(&self.words.units[first].text);
        let other = plain(first) || variable || (compound && plain(first + 1));
        units.is_empty()
            || !other
                && units.into_iter().any(|at| {
                    let unit = &self.words.units[at];
                    let name =
                        unit.is_unknown_name() || !unit.services.is_empty() || unit.environment;
                    let version = matches!(
                        unit.form(),
                        Some(Form::Version | Form::Pinned(_) | Form::Pair(_) | Form::Path)
                    );
                    name || version || unit.any(&things)
                })
    }

    /// "build status", "deploy logs", `/deploy where shop`
    fn verb_as_noun(&self, at: usize) -> Option<Head> {
        let words = self.words;
        let asks = words.units[at].sigil && words.has(at + 1, Role::QuestionStart);
        let tail = words.has(at + 1, Role::TailNoun) && !words.is_environment(at + 1);
        let action = if tail && words.has(at + 1, Role::LogNoun) {
            Action::Logs
        } else if tail || asks {
            Action::Status
        } else {
            return None;
        };
        Some(Head::new(action, at..at + 2))
    }

    /// "I want shop deployed to staging", "please have shop restarted"
    pub(super) fn had_done(&self, at: usize) -> Option<Head> {
        self.done(at).filter(|_| !self.has_two_deeds(at))
    }

    /// "I want shop deployed yesterday rolled back": the first deed may only say which shop is
    /// meant, and nothing tells it from what is asked for.
    pub(super) fn has_two_deeds(&self, at: usize) -> bool {
        let Some(head) = self.done(at) else {
            return false;
        };
        let first = head.particle.unwrap_or(at);
        (first + 1..self.end).any(|other| {
            let unit = &self.words.units[other];
            // "deployed on staging deployed to production": one of them tells, too.
            let joined = self
                .words
                .any(other - 1, &[Role::And, Role::Then, Role::Or]);
            let again = !joined && !unit.lower.ends_with(['g', 's']);
            unit.has(Role::Inflected)
                && unit
                    .action
                    .is_some_and(|action| action != head.action || again)
        })
    }

    fn done(&self, at: usize) -> Option<Head> {
        let words = self.words;
        if at >= self.end || !words.has(at, Role::Causative) {
            return None;
        }
        let between = [
            Role::Determiner,
            Role::Filler,
            Role::Pronoun,
            Role::ServiceNoun,
            Role::VersionNoun,
            Role::EnvironmentNoun,
            Role::BranchName,
            Role::Previous,
            Role::Newest,
            Role::Last,
            Role::Of,
            Role::On,
            Role::And,
        ];
        let mut named = false;
        for done in at + 1..self.end.min(at + 2 + REACH) {
            let unit = &words.units[done];
            let participle = unit.has(Role::Inflected) && !unit.lower.ends_with(['g', 's']);
            if named && participle {
                let head = Head::new(unit.action?, at..at + 1).with_particle(done);
                return Some(head);
            }
            let slot = unit.is_unknown_name()
                || !unit.services.is_empty()
                || unit.environment
                || unit.has(Role::Pronoun)
                || matches!(
                    unit.form(),
                    Some(Form::Version | Form::Pinned(_) | Form::Path)
                );
            if !slot && !unit.any(&between) {
                return None;
            }
            named |= slot;
        }
        None
    }

    /// "add two replicas", "set shop to 3 instances"
    fn resize(&self, at: usize) -> Option<Head> {
        let counts = (at + 1..self.end).any(|i| {
            self.words.has(i, Role::ReplicaNoun)
                && !matches!(self.words.form(i + 1), Some(Form::Version))
        });
        let resizes = at < self.end && self.words.has(at, Role::Resize) && counts;
        resizes.then(|| Head::new(Action::Scale, at..at + 1))
    }

    /// "error logs of shop", "health check on shop"
    fn noun_shown(&self, at: usize) -> Option<Head> {
        let words = self.words;
        let bare = at < self.end && !words.has(at, Role::Verb);
        let behind = [Role::Of, Role::For, Role::On, Role::From, Role::Everything];
        // `/health-check shop`
        let command = words
            .get(at)
            .is_some_and(|unit| unit.sigil && unit.any(&[Role::HealthCheck, Role::LogNoun]));
        let led = at + 1 == self.end || command || words.any(at + 1, &behind);
        let state = words.any(at, &[Role::StatusNoun, Role::VersionPlural])
            && !words.any(at, &[Role::VerbNoun, Role::Inflected, Role::Environment])
            && at + 1 < self.end;
        let action = if words.has(at, Role::LogNoun) {
            Action::Logs
        } else if words.has(at, Role::HealthCheck) || state {
            Action::Status
        } else {
            return None;
        };
        (bare && led).then(|| Head::new(action, at..at + 1))
    }

    fn names_something_to_show(&self, at: usize) -> bool {
        let at = self.words.skip(
            at,
            &[Role::Determiner, Role::Everything, Role::Last, Role::Newest],
        );
        at < self.end
            && self.words.any(at, &[Role::LogNoun, Role::StatusNoun])
            && !self.words.any(
                at,
                &[Role::VersionNoun, Role::Environment, Role::ServiceNoun],
            )
    }

    pub(super) fn separable(&self, at: usize) -> Option<Head> {
        let unit = self.words.get(at).filter(|u| u.has(Role::Separable))?;
        // "get the logs out of the box"
        if unit.has(Role::Display) && self.names_something_to_show(at + 1) {
            return None;
        }
        for separable in &self.words.definition.separable {
            if separable.verb != unit.lower {
                continue;
            }
            let particle = (at + 1..self.end.min(at + 1 + 2 * REACH)).find(|i| {
                let lower = &self.words.units[*i].lower;
                // "out of production" leads away from it.
                let leaves = self.words.has(*i, Role::From) && separable.action != Action::Rollback;
                *lower == separable.particle
                    || !leaves
                        && lower
                            .strip_prefix(separable.particle.as_str())
                            .is_some_and(|rest| rest.starts_with(' '))
            });
            let versioned = || {
                (at + 1..self.end).any(|i| {
                    let one = (self.words.has(i, Role::Count)
                        || self.words.form(i) == Some(Form::Number))
                        && self
                            .words
                            .any(i + 1, &[Role::VersionNoun, Role::VersionPlural]);
                    one || self.words.any(i, &[Role::Previous, Role::BranchName])
                        || matches!(self.words.form(i), Some(Form::Version))
                })
            };
            if let Some(particle) = particle
                && (!separable.needs_version || versioned())
                && (!unit.has(Role::Plain) || self.is_object(at + 1..particle))
            {
                return Some(Head::new(separable.action, at..at + 1).with_particle(particle));
            }
        }
        None
    }

    /// "bring shop back", where no version says that another one is to run.
    pub(super) fn comes_back(&self, at: usize) -> bool {
        let verb = &self.words.units[at].lower;
        let place = [Role::On, Role::At, Role::Determiner, Role::EnvironmentNoun];
        let backs = |particle: usize| {
            let said = &self.words.units[particle].lower;
            self.words.definition.separable.iter().any(|separable| {
                separable.needs_version
                    && separable.action == Action::Rollback
                    && separable.verb == *verb
                    && separable.particle == *said
            })
        };
        let ends = |particle: usize| {
            (particle + 1..self.end)
                .all(|at| self.words.is_environment(at) || self.words.any(at, &place))
        };
        (at + 1..self.end)
            // "return shop to qa" leads somewhere else.
            .filter(|particle| !self.words.has(*particle, Role::To))
            .any(|back| backs(back) && ends(back) && self.is_object(at + 1..back))
    }

    /// Nothing but what is acted on: "back then we rolled it out" tells.
    fn is_object(&self, units: Range<usize>) -> bool {
        let parts = [
            Role::Determiner,
            Role::Pronoun,
            Role::Last,
            Role::Newest,
            Role::Payload,
            Role::VerbNoun,
            Role::VersionNoun,
            Role::ServiceNoun,
            Role::ResourceNoun,
            Role::EnvironmentNoun,
        ];
        !units.is_empty()
            && units.into_iter().all(|at| {
                let unit = &self.words.units[at];
                let named = unit.is_unknown_name() || !unit.services.is_empty() || unit.environment;
                named || unit.any(&parts) || unit.form() == Some(Form::Version)
            })
    }

    /// "show me the logs", "check the health of shop"
    fn shown(&self, at: usize) -> Option<Head> {
        let words = self.words;
        let looks = words.any(at, &[Role::Display, Role::Inspect]);
        if !looks || at >= self.end {
            return None;
        }
        let rest = at + 1..self.end;
        let action = if self.holds(rest.clone(), &[Role::LogNoun]) {
            Action::Logs
        } else if self.holds(
            rest.clone(),
            &[
                Role::StatusNoun,
                Role::Inflected,
                Role::Environment,
                Role::Everything,
                Role::ServiceNoun,
            ],
        ) || words.has(at, Role::Inspect)
            || rest.clone().any(|i| !words.units[i].services.is_empty())
        {
            Action::Status
        } else {
            return None;
        };
        Some(Head::new(action, at..at + 1))
    }

    /// "do a rollback", "run the smoke tests", "trigger the build job".
    fn light(&self, at: usize) -> Option<Head> {
        let words = self.words;
        if at >= self.end || !words.any(at, &[Role::Light, Role::Run]) {
            return None;
        }
        let between = [
            Role::Determiner,
            Role::Filler,
            Role::ServiceNoun,
            Role::JobNoun,
            Role::AllTests,
            Role::Strategy,
            Role::Urgency,
            Role::Force,
            Role::DryRun,
            Role::Last,
            Role::Newest,
            Role::UnclearVersion,
            Role::Fail,
            Role::Environment,
            Role::Everything,
            Role::Of,
        ];
        let runs = words.has(at, Role::Run);
        for noun in at + 1..self.end.min(at + 1 + REACH) {
            let unit = &words.units[noun];
            let kind = words.has(noun - 1, Role::TestKind) && unit.has(Role::TestNoun);
            if kind || self.is_to_be_tested(noun, runs) {
                return Some(Head::new(Action::Test, at..at + 1));
            }
            if unit.any(&[Role::VerbNoun, Role::Verb])
                && let Some(action) = unit.action
            {
                return Some(Head::new(action, at..at + 1).with_particle(noun));
            }
            if unit.has(Role::HealthCheck) {
                return Some(Head::new(Action::Status, at..at + 1).with_particle(noun));
            }
            let names_tests =
                runs && (unit.is_unknown_name() || unit.any(&[Role::TestKind, Role::And]));
            let named = !unit.services.is_empty() || unit.environment || names_tests;
            if !unit.any(&between) && !named {
                return None;
            }
        }
        None
    }

    /// Tests, or by name a test or a script of the catalogue.
    fn is_to_be_tested(&self, at: usize, runs: bool) -> bool {
        let unit = &self.words.units[at];
        let tests = unit.any(&[Role::TestNoun, Role::SmokeTests]);
        // "test" alone is a verb and an environment, too.
        (tests && (runs || !unit.has(Role::Environment))) || (runs && self.is_test_or_script(at))
    }

    fn is_test_or_script(&self, at: usize) -> bool {
        let word = &self.words.units[at].lower;
        self.words
            .vocabulary
            .names()
            .is_some_and(|names| names.has_test(word) || names.scripts().contains(word))
    }
}

/// The name of an environment variable.
fn is_variable(text: &str) -> bool {
    text.contains('_')
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

pub(super) fn verbs<'a>(words: &Words<'a>) -> impl Iterator<Item = &'a str> {
    words.definition.long_verbs.iter().map(String::as_str)
}
