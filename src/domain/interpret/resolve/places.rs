//! The environments: which one of the service a word means, and in which order.

use super::{Resolver, from_thread, slot};
use crate::domain::intent::{Action, EnvironmentOrder, Slot, SlotSource, Span};
use crate::domain::interpret::found::{Found, Joint, PlaceMention, Said};
use crate::domain::interpret::problem::Problem;
use crate::domain::interpret::vocabulary::{Place, suggest};
use crate::domain::name::EnvironmentName;

impl Resolver<'_> {
    /// The environments that a word may mean.
    pub(super) fn place(&self, word: &str) -> Place {
        match self.vocabulary.names() {
            Some(names) => names.place(word, self.service_name(), self.definition),
            None => {
                let name = self.definition.usual_environment(word).unwrap_or(word);
                EnvironmentName::parse(name).map_or(Place::Unknown, Place::One)
            }
        }
    }

    fn near_places(&self, word: &str) -> Vec<String> {
        let names = match self.vocabulary.names() {
            Some(names) => names.environment_names(self.service_name()),
            None => self.definition.environments.keys().cloned().collect(),
        };
        suggest(word, names.iter().map(String::as_str))
    }

    pub(super) fn places(&mut self, found: &Found) {
        let mut joints = Vec::new();
        for said in &found.places {
            match self.place(&said.value.word) {
                Place::One(name) => self.add_place(name, said, &mut joints),
                // The service that is still missing will tell; then it is asked.
                Place::Several(_) if self.draft.service.is_none() => {}
                Place::Several(several) => {
                    let names = several.iter().map(|name| name.as_str().to_owned());
                    self.problems.push(Problem::SeveralPlaces(names.collect()));
                }
                Place::Unknown => self.unknown_place(&said.value.word, Some(said.span)),
            }
        }
        // "forward the production database to localhost": nothing is asked about what is not done.
        let unknown = found.unknown_places.iter().filter(|_| !self.only_told);
        for said in unknown.cloned().collect::<Vec<_>>().iter() {
            self.unknown_place(&said.value, Some(said.span));
        }
        self.order(&joints);
        self.left_out(found);
        if self.draft.environments.is_empty() && !self.problems.iter().any(Problem::is_about_place)
        {
            self.unnamed_places(found);
        }
        if self.problems.iter().any(Problem::is_about_place) {
            self.draft.environments.clear();
        }
    }

    fn add_place(
        &mut self,
        name: EnvironmentName,
        said: &Said<PlaceMention>,
        joints: &mut Vec<Joint>,
    ) {
        if self.is_placed_in(&name) {
            return;
        }
        let source = if name.as_str() == said.value.word {
            SlotSource::Text
        } else {
            SlotSource::Alias
        };
        if !self.draft.environments.is_empty() {
            joints.push(said.value.joint);
        }
        self.draft.environments.push(slot(name, source, said.span));
    }

    pub(super) fn unknown_place(&mut self, word: &str, span: Option<Span>) {
        let near = self.near_places(word);
        self.problems.push(Problem::UnknownPlace {
            word: word.to_owned(),
            span,
            near,
        });
    }

    /// All beside each other or all in a row; anything else is not for guessing. What is only
    /// shown needs no order.
    fn order(&mut self, joints: &[Joint]) {
        let only_told = self.only_told || self.acts(&[Action::Status, Action::Logs]);
        if joints.is_empty() || only_told {
            return;
        }
        if joints.iter().all(|joint| *joint == Joint::Then) {
            self.draft.environment_order = EnvironmentOrder::Chain;
        } else if !joints.iter().all(|joint| *joint == Joint::And) {
            let several = self.draft.environments.iter();
            let several = several.map(|slot| slot.value.as_str().to_owned()).collect();
            self.problems.push(Problem::SeveralPlaces(several));
        }
    }

    fn is_placed_in(&self, name: &EnvironmentName) -> bool {
        self.draft
            .environments
            .iter()
            .any(|slot| slot.value == *name)
    }

    fn left_out(&mut self, found: &Found) {
        for said in &found.left_out {
            if let Place::One(name) = self.place(&said.value)
                && self.is_placed_in(&name)
            {
                self.problems.push(Problem::PlaceLeftOut(name));
            }
        }
    }

    /// An answer and "the same" keep the environments; "roll it back" and "restart it" are about
    /// the one where "it" is. Nothing else ever does.
    fn unnamed_places(&mut self, found: &Found) {
        let Some(draft) = self.base.draft.clone() else {
            return;
        };
        let there = found.pronoun.is_some()
            && self.acts(&[Action::Rollback, Action::Restart])
            && draft.environments.len() == 1;
        if !(self.base.whole || there) {
            return;
        }
        for kept in &draft.environments {
            // The service may be another one, or may not have been known then.
            match self.place(kept.value.as_str()) {
                Place::One(name) if !self.is_placed_in(&name) => {
                    let kept = Slot {
                        value: name,
                        ..from_thread(kept)
                    };
                    self.draft.environments.push(kept);
                }
                Place::One(_) => {}
                Place::Several(_) | Place::Unknown => self.unknown_place(kept.value.as_str(), None),
            }
        }
        self.draft.environment_order = draft.environment_order;
    }
}
