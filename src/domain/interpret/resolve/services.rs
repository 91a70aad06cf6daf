//! The service: which one of the catalogue a name means.

use super::{Resolver, from_thread, slot};
use crate::domain::intent::{Slot, SlotSource};
use crate::domain::interpret::found::{Found, Said, ServiceMention};
use crate::domain::interpret::problem::Problem;
use crate::domain::interpret::vocabulary::{KnownService, suggest};

impl Resolver<'_> {
    pub(super) fn service(&mut self, found: &Found) {
        let mut names: Vec<Slot<String>> = Vec::new();
        for said in &found.services {
            match self.named(said) {
                Ok(one) if names.iter().any(|known| known.value == one.value) => {}
                Ok(one) => names.push(one),
                Err(problem) => self.problems.push(problem),
            }
        }
        let mut several: Vec<String> = names.iter().map(|slot| slot.value.clone()).collect();
        for problem in &self.problems {
            if let Problem::UnknownService { name, .. } = problem
                && !several.contains(name)
            {
                several.push(name.clone());
            }
        }
        if several.len() > 1 {
            // Before the question about one that is unknown, whose answer would be silent about
            // the others.
            let at = self.problems.iter().position(Problem::is_about_service);
            let at = at.unwrap_or(self.problems.len());
            self.problems.insert(at, Problem::SeveralServices(several));
        }
        if !self.problems.iter().any(Problem::is_about_service) {
            let named = names.into_iter().next();
            self.draft.service = named.or_else(|| self.unnamed_service(found));
        }
    }

    fn named(&self, said: &Said<ServiceMention>) -> Result<Slot<String>, Problem> {
        let (found, typed) = match &said.value {
            ServiceMention::Open(name) => {
                return Ok(slot(name.clone(), SlotSource::Text, said.span));
            }
            ServiceMention::Unknown(name) => return Err(self.unknown_service(name, said)),
            ServiceMention::Known(found, typed) => (found, typed),
        };
        let names = self.vocabulary.names();
        let found: Vec<&KnownService> = names
            .map(|names| found.iter().map(|at| names.at(*at)).collect())
            .unwrap_or_default();
        match found.as_slice() {
            [] => Err(self.unknown_service(typed, said)),
            [only] if only.name.as_str() == typed => {
                Ok(slot(typed.clone(), SlotSource::Text, said.span))
            }
            [only] => {
                let name = only.name.as_str().to_owned();
                Ok(slot(name, SlotSource::Alias, said.span))
            }
            several => {
                let names = several.iter().map(|s| s.name.as_str().to_owned());
                Err(Problem::SeveralServices(names.collect()))
            }
        }
    }

    fn unknown_service(&self, name: &str, said: &Said<ServiceMention>) -> Problem {
        let names = self.vocabulary.names();
        let all = names.map_or_else(Vec::new, |names| names.service_names());
        // "acme/shop" may mean "shop".
        let last = name.rsplit('/').next().unwrap_or(name);
        Problem::UnknownService {
            name: name.to_owned(),
            span: said.span,
            near: suggest(last, all.iter().map(String::as_str)),
        }
    }

    /// "it", "the same", an answer, or the only one that there is.
    fn unnamed_service(&self, found: &Found) -> Option<Slot<String>> {
        let referred = found.pronoun.is_some() || found.same.is_some() || self.base.whole;
        let thread = self.base.draft.as_ref().filter(|_| referred);
        if let Some(service) = thread.and_then(|draft| draft.service.as_ref()) {
            return Some(from_thread(service));
        }
        let only = self.vocabulary.names()?.only()?;
        Some(Slot {
            value: only.name.as_str().to_owned(),
            source: SlotSource::OnlyService,
            span: None,
        })
    }

    pub(super) fn service_name(&self) -> Option<&str> {
        self.draft.service.as_ref().map(|slot| slot.value.as_str())
    }

    pub(super) fn known_service(&self) -> Option<&KnownService> {
        self.vocabulary.names()?.service(self.service_name()?)
    }
}
