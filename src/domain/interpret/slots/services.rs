//! The service: a name of the catalogue, or a name that the words around it mark.

use super::Slots;
use crate::domain::intent::Action;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::form::{Form, is_service_form, repository_name};
use crate::domain::interpret::found::{Said, ServiceMention};
use crate::domain::interpret::lexicon::Role;

impl Slots<'_> {
    pub(super) fn service(&mut self, at: usize) -> Option<usize> {
        let (lead, first) = self.lead(at);
        if first >= self.range.end || lead == Some(Role::From) {
            return None;
        }
        self.known_service(first)
            .or_else(|| self.noun_before_name(first))
            .or_else(|| self.called(at))
            .or_else(|| self.bare_noun(first))
            .or_else(|| self.name_before_noun(at, first))
    }

    fn known_service(&mut self, at: usize) -> Option<usize> {
        // "the service shop", "app shop"
        let name = if self.words.units[at].services.is_empty() && self.has(at, Role::ServiceNoun) {
            self.behind_noun(at)
        } else {
            at
        };
        let unit = self.words.get(name).filter(|_| name < self.range.end)?;
        if unit.services.is_empty() {
            return None;
        }
        self.found.services.push(Said {
            value: ServiceMention::Known(unit.services.clone(), unit.text.clone()),
            span: self.words.span(name..name + 1),
        });
        Some(self.skip(name + 1, &[Role::ServiceNoun]).min(name + 2))
    }

    /// "deploy https://git.example/acme/shop": where it stands behind the verb, the address of a
    /// repository names the service. Elsewhere it is only told.
    pub(super) fn address_of_service(&mut self, at: usize) -> Option<usize> {
        let (lead, first) = self.lead(at);
        let at = self.skip(first, &[Role::ServiceNoun]).min(first + 1);
        let verb = self.expect.behind_verb?;
        let object = self.words.skip(verb, &[Role::Determiner, Role::Filler]) == first;
        let named = matches!(lead, Some(Role::Of)) || (lead.is_none() && object);
        let unit = self.words.get(at).filter(|_| at < self.range.end)?;
        if !named || unit.form() != Some(Form::Address) || !self.found.services.is_empty() {
            return None;
        }
        let name = repository_name(&unit.text)?;
        let value = self.service_mention(name);
        let span = self.words.span(at..at + 1);
        self.found.services.push(Said { value, span });
        let name = name.to_owned();
        self.note(Concern::NamedByAddress { name }, at..at + 1);
        Some(at + 1)
    }

    /// "restart the cron job called nightly": whatever it is, that is its name. Where another name
    /// stands, something else may be called so.
    fn called(&mut self, at: usize) -> Option<usize> {
        let name = at + 1;
        let unit = self.words.get(name).filter(|_| name < self.range.end)?;
        let kinds = [Role::ServiceNoun, Role::JobNoun, Role::ResourceNoun];
        let of_kind = at > self.range.start && self.any(at - 1, &kinds);
        let named = self.has(at, Role::Called)
            && of_kind
            && unit.is_unknown_name()
            && is_service_form(&unit.text)
            && self.found.services.is_empty()
            && self.candidates.iter().all(|other| other.at + 2 == at);
        if !named {
            return None;
        }
        self.push_name(name);
        Some(name + 1)
    }

    /// "deploy app to staging": without an article the noun is a name. "the app" is the one that
    /// was spoken of.
    fn bare_noun(&mut self, at: usize) -> Option<usize> {
        let unit = &self.words.units[at];
        let bare = self.expect.behind_verb == Some(at)
            && unit.has(Role::ServiceNoun)
            && unit.has(Role::Nameable)
            && unit.form() == Some(Form::Name)
            && self.found.services.is_empty()
            && !self.only_names();
        let ends = [
            Role::To,
            Role::On,
            Role::At,
            Role::Filler,
            Role::VersionNoun,
            Role::BranchName,
        ];
        let next = at + 1;
        let ended = next >= self.range.end
            || self.is_environment(next)
            || self.any(next, &ends)
            || matches!(
                self.form(next),
                Some(Form::Version | Form::Flag | Form::Pair(_))
            );
        let value = self.service_mention(&unit.text);
        if !bare || !ended || matches!(value, ServiceMention::Unknown(_)) {
            return None;
        }
        let span = self.words.span(at..next);
        self.found.services.push(Said { value, span });
        Some(next)
    }

    /// "the service called shop", "deployment shop"
    fn noun_before_name(&mut self, at: usize) -> Option<usize> {
        let name = self.behind_noun(at);
        let unit = self.words.get(name).filter(|_| name < self.range.end)?;
        let names = self.any(at, &[Role::ServiceNoun, Role::ResourceNoun])
            && unit.is_unknown_name()
            && is_service_form(&unit.text)
            // "service foo server": the second noun is the name's own.
            && !self.any(name + 1, &[Role::EnvironmentNoun, Role::GitNoun]);
        if !names {
            return None;
        }
        self.push_name(name);
        Some(name + 1)
    }

    /// "the checkout application"; with an article also "the deploy service".
    fn name_before_noun(&mut self, at: usize, name: usize) -> Option<usize> {
        if let Some(next) = self.split_name(at, name) {
            return Some(next);
        }
        // "restart the web server", where no word says that it is a place
        let nouns = [Role::ServiceNoun, Role::ResourceNoun, Role::EnvironmentNoun];
        // "do not promise releases"
        let banned = name > self.range.start && self.has(name - 1, Role::Negator);
        let opens = (name == self.range.start || banned) && self.only_names();
        let place = !self.is_action(&[Action::Deploy, Action::Promote])
            && !self.any(at, &[Role::To, Role::On, Role::At, Role::From]);
        if opens || !self.any(name + 1, &nouns[..if place { 3 } else { 2 }]) {
            return None;
        }
        // "OPS-42 deploy": no deployment of that name.
        let verb = self.has(name + 1, Role::ResourceNoun)
            && self.words.units[name + 1].is_verb()
            && self.words.units[name + 1].action == Some(Action::Deploy);
        if verb || self.words.units[name].is_ticket() {
            return None;
        }
        let unit = &self.words.units[name];
        let deed = [
            Role::Verb,
            Role::VerbNoun,
            Role::Notify,
            Role::Inspect,
            Role::Display,
            Role::LogNoun,
            Role::StatusNoun,
            Role::Run,
        ];
        let article = name > at && self.has(name - 1, Role::Determiner);
        let called = unit.has(Role::Nameable) && self.has(name + 1, Role::ServiceNoun);
        let named = unit.is_unknown_name()
            || called
            || (article
                && unit.any(&deed)
                && !unit.environment
                && !unit.any(&[Role::Fail, Role::Running]));
        if !named || !matches!(unit.form(), Some(Form::Name | Form::Path)) {
            return None;
        }
        self.push_name(name);
        Some(name + 2)
    }

    /// "the guest book app": speech leaves no dashes.
    fn split_name(&mut self, at: usize, name: usize) -> Option<usize> {
        let is_part = |at: usize| {
            // "the guest book app": "book" is also a deed.
            let unit = self.words.get(at).filter(|_| at < self.range.end);
            unit.is_some_and(|unit| unit.is_unknown_name() || unit.has(Role::Other))
                && self.form(at) == Some(Form::Name)
        };
        let article = name > at && self.has(name - 1, Role::Determiner);
        let open = self.words.vocabulary.names().is_none();
        let joined = article
            && open
            && is_part(name)
            && is_part(name + 1)
            && self.has(name + 2, Role::ServiceNoun);
        if !joined {
            return None;
        }
        self.push_joined(name, true);
        Some(name + 3)
    }

    /// The two words at `name` as one name.
    pub(super) fn push_joined(&mut self, name: usize, sure: bool) {
        let [first, second] = [name, name + 1].map(|at| self.words.units[at].text.as_str());
        let joined = format!("{first}-{second}");
        let value = self.service_mention(&joined);
        let sure = sure || matches!(value, ServiceMention::Known(..));
        let span = self.words.span(name..name + 2);
        self.found.services.push(Said { value, span });
        self.note(Concern::JoinedName { name: joined, sure }, name..name + 2);
    }

    pub(super) fn push_name(&mut self, at: usize) {
        let value = self.service_mention(&self.words.units[at].text);
        self.found.services.push(Said {
            value,
            span: self.words.span(at..at + 1),
        });
    }

    pub(super) fn service_mention(&self, name: &str) -> ServiceMention {
        let Some(names) = self.words.vocabulary.names() else {
            return ServiceMention::Open(name.to_owned());
        };
        match names.service_phrase(&[name.to_lowercase().as_str()]) {
            Some((_, found)) => ServiceMention::Known(found.to_vec(), name.to_owned()),
            None => ServiceMention::Unknown(name.to_owned()),
        }
    }
}
