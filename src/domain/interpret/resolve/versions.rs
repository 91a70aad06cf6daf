//! The version: one, or a question.

use super::{Resolver, from_thread, slot, spoken};
use crate::domain::intent::{Action, Slot, SlotSource, VersionWish};
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::demand::Demand;
use crate::domain::interpret::found::{Found, Said, VersionMention};
use crate::domain::interpret::problem::Problem;
use crate::domain::interpret::vocabulary::Place;

impl Resolver<'_> {
    pub(super) fn versions(&mut self, demand: &mut Demand) {
        let mut wishes: Vec<Slot<VersionWish>> = Vec::new();
        for said in std::mem::take(&mut demand.found.versions) {
            if let VersionMention::Leaving(name) = &said.value {
                demand.found.note(Concern::Leaving, said.span, name);
            } else if let Some(value) = self.wish(&said)
                && !wishes.iter().any(|known| known.value == value)
            {
                wishes.push(slot(value, SlotSource::Text, said.span));
            }
        }
        self.without_source(&mut wishes, &mut demand.found);
        if wishes.len() > 1 && self.acts(&[Action::Status, Action::Logs]) {
            // "what changed between v1 and v2": what is only shown has no one version.
            return;
        }
        if wishes.len() > 1 {
            let several = wishes.iter().map(|wish| spoken(&wish.value)).collect();
            self.problems.push(Problem::SeveralVersions(several));
            return;
        }
        self.draft.version = match wishes.into_iter().next() {
            Some(wish) => Some(wish),
            None => self.unnamed_version(&demand.found),
        };
        self.judge_version();
    }

    fn wish(&mut self, said: &Said<VersionMention>) -> Option<VersionWish> {
        Some(match &said.value {
            VersionMention::Reference(name) => VersionWish::Reference(name.clone()),
            VersionMention::Bare(name) => {
                self.problems.push(Problem::ToOrFrom(name.clone()));
                VersionWish::Reference(name.clone())
            }
            VersionMention::Previous => VersionWish::Previous,
            VersionMention::Unclear(text) => VersionWish::Unclear(text.clone()),
            VersionMention::RunningIn(word) => match self.place(word) {
                Place::One(name) => VersionWish::RunningIn(name),
                Place::Several(_) | Place::Unknown => {
                    self.unknown_place(word, Some(said.span));
                    return None;
                }
            },
            VersionMention::Leaving(_) => return None,
        })
    }

    /// "promote v2 from staging": the version is v2.
    fn without_source(&self, wishes: &mut Vec<Slot<VersionWish>>, found: &mut Found) {
        let is_source = |wish: &Slot<VersionWish>| matches!(wish.value, VersionWish::RunningIn(_));
        if wishes.len() != 2 || !self.acts(&[Action::Promote]) {
            return;
        }
        if let Some(at) = wishes.iter().position(is_source)
            && let Some(span) = wishes[at].span
        {
            found.note(Concern::Source, span, &spoken(&wishes[at].value));
            wishes.remove(at);
        }
    }

    fn unnamed_version(&self, found: &Found) -> Option<Slot<VersionWish>> {
        let referred = self.base.whole || found.same.is_some() || found.pronoun.is_some();
        let base = self.base.draft.as_ref().filter(|_| referred);
        let needs = self.acts(&[Action::Deploy, Action::Build, Action::Test]) || self.base.whole;
        let same_service = base.is_some_and(|draft| {
            draft.service.as_ref().map(|s| &s.value)
                == self.draft.service.as_ref().map(|s| &s.value)
                || self.base.whole
        });
        let from_base = base.filter(|_| needs && same_service);
        if let Some(version) = from_base.and_then(|draft| draft.version.as_ref()) {
            return Some(from_thread(version));
        }
        let action = self.draft.action.as_ref()?;
        (action.value == Action::Rollback).then_some(Slot {
            value: VersionWish::Previous,
            source: action.source,
            span: action.span,
        })
    }

    fn judge_version(&mut self) {
        let Some(version) = &self.draft.version else {
            return;
        };
        match &version.value {
            VersionWish::Unclear(text) => self.problems.push(Problem::UnclearVersion(text.clone())),
            VersionWish::Previous if self.acts(&[Action::Deploy, Action::Promote]) => {
                self.problems.push(Problem::PreviousIsRollback);
            }
            VersionWish::Previous if self.acts(&[Action::Build, Action::Test]) => self
                .problems
                .push(Problem::UnclearVersion("previous".to_owned())),
            _ => {}
        }
    }
}
