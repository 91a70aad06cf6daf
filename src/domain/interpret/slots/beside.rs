//! What words beside each other are: one name of two words, several names, a name and its commit, or
//! a deed with its object.

use super::{Candidate, LEADS, Slots, Use};
use crate::domain::intent::Action;
use crate::domain::interpret::form::{Form, is_service_form};
use crate::domain::interpret::found::Said;
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::token::Kind;

impl Slots<'_> {
    /// "..., otherwise repair it": a word with an object of its own, away from the place of a name.
    /// In a question also that object: "... to spot any leaks".
    pub(super) fn is_perhaps_deed(&self, candidate: Candidate) -> bool {
        let at = candidate.at;
        let object = [Role::Pronoun, Role::Determiner];
        let mut before = at;
        while before > self.range.start && self.has(before - 1, Role::Determiner) {
            before -= 1;
        }
        let of_deed = self.only_shows()
            && (self.range.start + 1..at).contains(&before)
            && self.has(before - 1, Role::Plain)
            && self.uses[before - 1] == Use::Free;
        let deed = self.any(at + 1, &object) || of_deed;
        candidate.mark.is_none() && deed && !self.is_object(at)
    }

    /// `rollback shop 4f2a9c`: six digits and letters are the beginning of a commit and no second
    /// half of the name before them, nor the name of a service.
    pub(super) fn short_commit(&mut self, candidates: &mut Vec<Candidate>) {
        let commit = candidates.iter().position(|candidate| {
            let at = candidate.at;
            let named = at > self.range.start && self.is_named(at - 1);
            self.is_short_commit(at) && (named || self.is_object(at))
        });
        let free = self.found.versions.is_empty() && !self.only_names() && !self.only_shows();
        let Some(index) = commit.filter(|_| free) else {
            return;
        };
        let at = candidates.remove(index).at;
        if self.is_action(&[Action::Rollback]) {
            // It is asked whether to it or away from it.
            self.push_reference(None, at);
            self.take(at..at + 1);
        } else {
            self.found.loose.push(Said {
                value: self.words.units[at].text.clone(),
                span: self.words.span(at..at + 1),
            });
        }
    }

    /// A service that is known already, or a name in its place.
    pub(super) fn is_named(&self, at: usize) -> bool {
        let end = self.words.span(at..at + 1).end;
        let known = self.found.services.iter().any(|said| said.span.end == end);
        known || self.is_object(at) && self.words.units[at].is_unknown_name()
    }

    /// "both the cart and checkout servers": a name on the other side of "and" is a service as well.
    pub(super) fn name_beside_service(&mut self, candidates: &mut Vec<Candidate>) {
        if self.found.services.is_empty() || self.only_names() {
            return;
        }
        let is_service = |at: usize| {
            let span = self.words.span(at..at + 1);
            let services = &self.found.services;
            services.iter().any(|said| said.span.end == span.end)
        };
        let beside = |candidate: &Candidate| {
            let at = candidate.at;
            let next = self.skip(at + 1, &[Role::And, Role::Determiner]);
            let before = |at: usize| at.checked_sub(1).filter(|at| *at >= self.range.start);
            let mut last = before(at);
            while let Some(word) = last.filter(|word| self.any(*word, &[Role::Determiner])) {
                last = before(word);
            }
            let joined = last.filter(|word| self.has(*word, Role::And));
            let service = joined.and_then(before).map(|word| {
                let noun = self.has(word, Role::ServiceNoun);
                if noun && !is_service(word) {
                    word - 1
                } else {
                    word
                }
            });
            let named = is_service_form(&self.words.units[at].text)
                && self.form(at) == Some(Form::Name)
                && self.near_place(at).is_none();
            let follows = self.has(at + 1, Role::And) && next < self.range.end && is_service(next);
            named && (follows || service.is_some_and(is_service))
        };
        let (names, rest): (Vec<_>, Vec<_>) = candidates.drain(..).partition(beside);
        *candidates = rest;
        for name in names {
            self.push_name(name.at);
            self.take(name.at..name.at + 1);
        }
    }

    /// "restart app and cart", "deploy shop and the app": beside a service such a noun is one more
    /// thing, and never the one that was spoken of.
    pub(super) fn noun_beside_service(&mut self) {
        if self.found.services.is_empty() || self.only_names() {
            return;
        }
        let range = self.range.clone();
        let nouns: Vec<usize> = range.filter(|at| self.is_one_more(*at)).collect();
        for at in nouns {
            let span = self.words.span(at..at + 1);
            if self.found.pronoun == Some(span) {
                self.found.pronoun = None;
            }
            self.push_name(at);
            self.take(at..at + 1);
        }
    }

    fn is_one_more(&self, at: usize) -> bool {
        let span = self.words.span(at..at + 1);
        let services = &self.found.services;
        let begins = |at: usize| {
            let start = |unit: usize| self.words.span(unit..unit + 1).start;
            at < self.range.end && services.iter().any(|said| said.span.start == start(at))
        };
        let ends = |at: usize| {
            let end = self.words.span(at..at + 1).end;
            services.iter().any(|said| said.span.end == end)
        };
        if !self.has(at, Role::ServiceNoun)
            || self.form(at) != Some(Form::Name)
            || services.iter().any(|said| said.span.overlaps(span))
        {
            return false;
        }
        let joins = |at: usize| {
            self.any(at, &[Role::And, Role::Then, Role::Or, Role::With])
                || (at < self.range.end && self.words.kind(at) == Some(Kind::Comma))
        };
        let little = [Role::Determiner, Role::Filler];
        let mut before = at;
        while before > self.range.start && self.any(before - 1, &little) {
            before -= 1;
        }
        // "the cart app and checkout", "the service shop": the noun of a name
        let own = before == at && at > self.range.start && ends(at - 1);
        let follows = before > self.range.start && joins(before - 1);
        let next = at + 1;
        let ended = next >= self.range.end
            || joins(next)
            || self.is_environment(next)
            || matches!(self.form(next), Some(Form::Version | Form::Number))
            || self.any(next, &LEADS)
            || self.any(next, &little);
        let leads = joins(next) && begins(self.skip(next + 1, &little));
        !own && !begins(next) && ((follows && ended) || leads)
    }

    /// Names with nothing but "and", "then" and commas between them, and no other service.
    pub(super) fn is_list(&self, names: &[Candidate]) -> bool {
        let joined = names.len() > 1
            && names.windows(2).all(|pair| {
                let between = pair[0].at + 1..pair[1].at;
                let joins = |at: usize| {
                    self.any(at, &[Role::And, Role::Then])
                        || self.words.kind(at) == Some(Kind::Comma)
                };
                !between.is_empty()
                    && between.clone().any(joins)
                    && between
                        .into_iter()
                        .all(|at| joins(at) || self.has(at, Role::Determiner))
            });
        let names_only = names.iter().all(|name| {
            self.near_place(name.at).is_none() && is_service_form(&self.words.units[name.at].text)
        });
        joined && names_only && self.found.services.is_empty()
    }

    /// A name of two words, as speech has it, between the verb and the words that end its object. Behind
    /// "deploy" the last word of all may be a place.
    pub(super) fn is_compound(&self, first: usize, second: usize) -> bool {
        // "the checkout api image"
        let image = self.has(second + 1, Role::VersionNoun) && !self.has(second + 1, Role::GitNoun);
        let next = second + 1 + usize::from(image);
        let article = first > self.range.start && self.has(first - 1, Role::Determiner);
        let ended = self.any(next, &[Role::To, Role::On, Role::At])
            || (article || !self.moves_or_scales())
                && (next >= self.range.end || self.any(next, &[Role::Time, Role::Filler]));
        ended && self.is_object(first) && self.are_one_name(first, second)
    }

    /// "v1.2 of the edge proxy to staging"
    pub(super) fn is_marked_compound(&self, named: Candidate, second: usize) -> bool {
        let next = second + 1;
        let ends = [Role::To, Role::On, Role::At, Role::Time, Role::Filler];
        let article = named.at > self.range.start && self.has(named.at - 1, Role::Determiner);
        matches!(named.mark, Some(Role::Of | Role::For))
            && article
            && !self.only_names()
            && (next >= self.range.end || self.any(next, &ends))
            && self.are_one_name(named.at, second)
    }

    pub(super) fn are_one_name(&self, first: usize, second: usize) -> bool {
        second == first + 1
            && self.found.services.is_empty()
            && [first, second].iter().all(|at| {
                self.form(*at) == Some(Form::Name)
                    && self.words.units[*at].text.is_ascii()
                    && self.near_place(*at).is_none()
                    && !self.is_near_service(*at)
            })
    }
}
