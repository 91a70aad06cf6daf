//! Environments: named, listed, chained, left out.

use super::{Slots, Use};
use crate::domain::intent::Action;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::definition::Key;
use crate::domain::interpret::form::Form;
use crate::domain::interpret::found::{Joint, PlaceMention, Said};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::token::Kind;

impl Slots<'_> {
    pub(super) fn place(&mut self, at: usize) -> Option<usize> {
        let (lead, first) = self.lead(at);
        if !matches!(
            lead,
            None | Some(Role::To | Role::On | Role::For | Role::At | Role::From | Role::Of)
        ) {
            return None;
        }
        let marked = lead.is_some();
        // "the environment staging"
        let nouns = [Role::EnvironmentNoun, Role::PlaceNoun];
        if self.any(first, &nouns) && !self.is_environment(first) {
            let name = self.behind_noun(first);
            if self.has(first, Role::MachineNoun) && (self.only_names() || self.only_shows()) {
                // "to vm alpha": a thing, not a place.
                let unit = self.words.get(name).filter(|_| name < self.range.end)?;
                return unit.is_unknown_name().then(|| {
                    self.push_name(name);
                    name + 1
                });
            }
            if self.is_environment(name) {
                self.push_place(at, name, false);
                return Some(name + 1);
            }
            return self.unknown_place(at, name, name, self.has(first, Role::EnvironmentNoun));
        }
        let noun = first + 1;
        if self.is_environment(first) {
            // "test" is an environment only where nothing else can stand.
            let gerund = [Role::Verb, Role::TestNoun, Role::Inflected];
            let doubtful = self.any(
                first,
                &gerund[..if self.has(noun, Role::Determiner) {
                    3
                } else {
                    2
                }],
            );
            let object = self.any(noun, &[Role::Pronoun, Role::Determiner])
                || self
                    .words
                    .get(noun)
                    .is_some_and(|unit| unit.is_unknown_name());
            // "运行shop的测试": the tests of shop
            let tested = lead == Some(Role::Of) && self.is_action(&[Action::Test]);
            if self.has(at, Role::For) && self.is_purpose(at + 1, first) && !self.only_names() {
                self.uses[at..noun].fill(Use::Aside);
                self.note(Concern::NotRead, at..noun);
                return Some(noun);
            }
            if doubtful && (!marked || object || tested) && !self.any(noun, &nouns) {
                return None;
            }
            self.push_place(at, first, false);
            let end = self.skip(noun, &nouns).min(noun + 1);
            if !marked && end == noun && self.is_perhaps_a_name(first) {
                self.note(Concern::PerhapsPlace, first..noun);
            }
            return Some(self.region(end).unwrap_or(end));
        }
        if let Some(next) = self.place_in_path(at, first, marked) {
            return Some(next);
        }
        let like = |word: &str| self.words.definition.is_environment_like(word);
        if matches!(lead, Some(Role::To | Role::On))
            && self.form(first) == Some(Form::Name)
            && self.words.units[first].is_unknown_name()
            && like(&self.words.units[first].lower)
        {
            let end = self.skip(noun, &nouns).min(noun + 1);
            let namespace =
                end > noun && self.key(&self.words.units[noun].lower) == Some(Key::Namespace);
            return self.unknown_place(at, first, end - 1, !namespace);
        }
        let runs_it = self.any(first, &[Role::Hosting, Role::Tool]);
        let named_too = (self.range.clone()).any(|at| at != first && self.is_environment(at));
        let tool = self.has(first, Role::Tool) && !self.has(first, Role::Hosting);
        if matches!(lead, Some(Role::To | Role::On))
            && runs_it
            && (named_too || tool)
            && self.words.units[first].services.is_empty()
            && self.moves_or_scales()
        {
            // "to production on kubernetes": what runs it is not chosen here.
            self.uses[first] = Use::Aside;
            self.note(Concern::NotRead, at..noun);
            return Some(noun);
        }
        if matches!(lead, Some(Role::To | Role::On))
            && self.has(first, Role::Hosting)
            && self.words.units[first].services.is_empty()
            && self.moves_or_scales()
        {
            self.found.unknown_places.push(Said {
                value: self.words.units[first].lower.clone(),
                span: self.words.span(first..noun),
            });
            return Some(noun);
        }
        if marked && self.any(noun, &nouns) {
            return self.unknown_place(at, first, noun, self.has(noun, Role::EnvironmentNoun));
        }
        None
    }

    /// "for testing", "for the demo", "for the production team": what it is for, and not surely
    /// where it goes. "for the demo environment" is a place.
    fn is_purpose(&self, article: usize, place: usize) -> bool {
        let nouns = [Role::EnvironmentNoun, Role::PlaceNoun];
        let deed = [Role::TestNoun, Role::Verb, Role::Inflected];
        // "for the production" is a place, "for the production team" is none.
        let followed = self
            .words
            .get(place + 1)
            .is_some_and(|unit| place + 1 < self.range.end && unit.is_unknown_name())
            || (place + 1 < self.range.end
                && self.any(place + 1, &[Role::Plain, Role::ServiceNoun]));
        let led = article < place && self.has(article, Role::Determiner) && followed;
        let thing = self.is_also_a_thing(place);
        !self.any(place + 1, &nouns) && (led || thing || self.any(place, &deed))
    }

    /// "demo", "preview": as often something else as the name of an environment.
    fn is_also_a_thing(&self, at: usize) -> bool {
        let (definition, word) = (self.words.definition, &self.words.units[at].lower);
        definition.environments.contains_key(word) && !definition.environment_options.contains(word)
    }

    /// "restart the live chat service": perhaps a part of the name.
    fn is_perhaps_a_name(&self, place: usize) -> bool {
        let live = self.has(place, Role::Running);
        let moves = self.is_action(&[Action::Deploy, Action::Promote]);
        let next = self
            .words
            .get(place + 1)
            .filter(|_| place + 1 < self.range.end);
        let name =
            next.is_some_and(|unit| unit.is_unknown_name() && unit.form() == Some(Form::Name));
        let changes = self.expect.action.is_some_and(Action::makes_plan);
        changes && ((live && !moves) || (name && (live || self.is_also_a_thing(place))))
    }

    /// "to staging eu-west": a part of an environment, which nothing here can choose.
    fn region(&mut self, at: usize) -> Option<usize> {
        let unit = self.words.get(at).filter(|_| at < self.range.end)?;
        let region = unit.is_unknown_name() && self.words.definition.is_region(&unit.lower);
        if !region || self.only_shows() {
            return None;
        }
        self.uses[at] = Use::Aside;
        self.note(Concern::NotRead, at..at + 1);
        Some(at + 1)
    }

    /// "to staging/fe1": one machine of an environment, which nothing here can choose; or two
    /// environments.
    fn place_in_path(&mut self, at: usize, first: usize, marked: bool) -> Option<usize> {
        let unit = self.words.get(first).filter(|_| first < self.range.end)?;
        let (word, rest) = unit.lower.split_once('/')?;
        let known = |word: &str| match self.words.vocabulary.names() {
            Some(names) if names.is_environment_word(&[word]).is_some() => true,
            _ => self.words.definition.usual_environment(word).is_some(),
        };
        if !marked || !known(word) || unit.form() != Some(Form::Path) {
            return None;
        }
        let mut joint = self.joint_before(at);
        // "to staging/production": one of them, or both?
        let (words, several) = match known(rest) {
            true => (vec![word, rest], true),
            false => (vec![word], false),
        };
        for word in words {
            self.found.places.push(Said {
                value: PlaceMention {
                    word: word.to_owned(),
                    joint,
                    unknown: false,
                },
                span: self.words.span(first..first + 1),
            });
            joint = Joint::Or;
        }
        if !several {
            self.note(Concern::NotRead, first..first + 1);
        }
        Some(first + 1)
    }

    /// A name that is no known environment, in a place that only one can have: "to the blue
    /// server". A namespace or a region may be anything.
    fn unknown_place(&mut self, at: usize, name: usize, noun: usize, sure: bool) -> Option<usize> {
        let unit = self.words.get(name).filter(|_| name < self.range.end)?;
        if !unit.is_unknown_name() || unit.form() != Some(Form::Name) {
            return None;
        }
        let end = noun.max(name) + 1;
        if !sure {
            self.uses[at..end].fill(Use::Aside);
            self.note(Concern::NotRead, at..end);
            return Some(end);
        }
        if self.words.vocabulary.names().is_none() {
            self.push_place(at, name, true);
        } else {
            self.found.unknown_places.push(Said {
                value: unit.lower.clone(),
                span: self.words.span(name..name + 1),
            });
        }
        Some(end)
    }

    /// The unit `name` of a phrase that begins at `at`.
    fn push_place(&mut self, at: usize, name: usize, unknown: bool) {
        let joint = self.joint_before(at);
        self.found.places.push(Said {
            value: PlaceMention {
                word: self.words.units[name].lower.clone(),
                joint,
                unknown,
            },
            span: self.words.span(name..name + 1),
        });
    }

    /// How a place that begins here follows the one before.
    fn joint_before(&self, at: usize) -> Joint {
        let mut before = at;
        while before > self.range.start {
            before -= 1;
            let unit = &self.words.units[before];
            if unit.has(Role::Then) || unit.kind == Kind::Arrow {
                return self.first_or(Joint::Then);
            }
            if unit.has(Role::Or) {
                return self.first_or(Joint::Or);
            }
            if unit.has(Role::And) || unit.kind == Kind::Comma {
                // ", then": the comma is before the word that counts.
                return self.first_or(Joint::And);
            }
            if !unit.any(&[Role::Filler, Role::Determiner, Role::To, Role::On]) {
                break;
            }
        }
        self.first_or(Joint::None)
    }

    pub(super) fn first_or(&self, joint: Joint) -> Joint {
        if self.found.places.is_empty() {
            Joint::First
        } else {
            joint
        }
    }

    /// "not production", "but not to prod or qa", "except staging"
    pub(super) fn left_out(&mut self, at: usize) -> Option<usize> {
        let but = self.skip(at, &[Role::But]);
        // "everything but production"
        let all_but = but > at && self.is_environment(but);
        if !all_but && !self.any(but, &[Role::Except, Role::Negator, Role::Without]) {
            return None;
        }
        let between = [
            Role::To,
            Role::On,
            Role::For,
            Role::At,
            Role::Determiner,
            Role::And,
            Role::Or,
        ];
        let mut place = if all_but {
            but
        } else {
            self.skip(but + 1, &between)
        };
        let first = place;
        let mut end = place;
        while self.is_environment(place) && !self.has(place, Role::Verb) {
            self.found.left_out.push(Said {
                value: self.words.units[place].lower.clone(),
                span: self.words.span(place..place + 1),
            });
            end = self.skip(place + 1, &[Role::EnvironmentNoun]);
            place = self.skip(end, &between);
        }
        if end == first {
            return None;
        }
        self.note(Concern::LeavesOut, at..end);
        Some(end)
    }
}
