//! `key=value`, `--key value` and `--flag`, as bots are spoken to.

use super::{LEADS, Slots, Use};
use crate::domain::intent::{Action, Span};
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::definition::Key;
use crate::domain::interpret::form::{Form, form, is_reference};
use crate::domain::interpret::found::{Joint, PlaceMention, Said, VersionMention};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::token::Kind;

impl Slots<'_> {
    pub(super) fn option(&mut self, at: usize) -> Option<usize> {
        let unit = &self.words.units[at];
        match self.form(at)? {
            Form::Pair(mark) => {
                let (key, value) = (&unit.lower[..mark], &unit.text[mark + 1..]);
                match self.key(key) {
                    Some(key) => self.keyed(key, value, at, at + 1),
                    // "scale shop=3"
                    None if self.is_action(&[Action::Scale]) && form(value) == Form::Number => {
                        let span = self.words.span(at..at + 1);
                        let value = value.to_owned();
                        self.found.replicas.push(Said { value, span });
                        self.keyed_service(&unit.text[..mark], span);
                        Some(at + 1)
                    }
                    None => {
                        self.note(Concern::NotRead, at..at + 1);
                        None
                    }
                }
            }
            Form::Flag => self.flag(at),
            _ => None,
        }
    }

    fn flag(&mut self, at: usize) -> Option<usize> {
        let text = self.words.units[at].text.trim_start_matches('-');
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let lower = name.to_lowercase();
        let Some(key) = self.key(&lower) else {
            let long = self.words.units[at].text.starts_with("--");
            if long
                && value.is_empty()
                && self.words.definition.environment_options.contains(&lower)
            {
                // `--prod`
                self.keyed_place(&lower, self.words.span(at..at + 1))?;
                return Some(at + 1);
            }
            let next = self.form(at + 1);
            let counts = matches!(
                next,
                Some(Form::Duration | Form::Number | Form::Clock | Form::Version)
            );
            if self.only_shows() && value.is_empty() && counts {
                // `logs shop --since 5m`, `--tail 100`
                self.note(Concern::TimeRange, at..at + 2);
                return Some(at + 2);
            }
            // An option of a question does no harm.
            let concern = match self.only_shows() || self.only_names() {
                true => Concern::NotRead,
                false => Concern::Hostile,
            };
            self.note(concern, at..at + 1);
            self.value_of_place(&lower, value, at + 1);
            return None;
        };
        let takes_value = matches!(
            key,
            Key::Service | Key::Environment | Key::Version | Key::Namespace | Key::Replicas
        );
        if takes_value && value.is_empty() {
            let next = self.words.get(at + 1).filter(|_| at + 1 < self.range.end)?;
            if next.any(&LEADS) || self.words.definition.prepositions.contains(&next.lower) {
                // "--tag to staging": the value is missing.
                return None;
            }
            return self.keyed(key, &next.text, at, at + 2);
        }
        self.keyed(key, value, at, at + 1)
    }

    /// `--region eu-west-1`: the value of an option that is not known is no service.
    fn value_of_place(&mut self, name: &str, value: &str, at: usize) {
        let places = [Role::PlaceNoun, Role::EnvironmentNoun];
        let entry = self.words.definition.lexicon.longest(&[name]);
        let place = entry.is_some_and(|(_, entry)| entry.roles.any(&places));
        let given = self.words.get(at).filter(|_| at < self.range.end);
        let unread = given.is_some_and(|unit| unit.is_unknown_name());
        if place && value.is_empty() && unread {
            self.uses[at] = Use::Aside;
            self.note(Concern::NotRead, at..at + 1);
        }
    }

    pub(super) fn key(&self, name: &str) -> Option<Key> {
        self.words.definition.keys.get(name).copied()
    }

    fn keyed(&mut self, key: Key, value: &str, at: usize, end: usize) -> Option<usize> {
        let span = self.words.span(at..end);
        let off = matches!(value, "false" | "no" | "0" | "off");
        match key {
            Key::Service if value.is_empty() => return None,
            Key::Service => return Some(self.keyed_services(value, span, end)),
            Key::Namespace if self.words.definition.usual_environment(value).is_none() => {
                self.note(Concern::NotRead, at..end);
            }
            Key::Namespace => self.keyed_place(value, span)?,
            Key::Replicas => self.found.replicas.push(Said {
                value: value.to_owned(),
                span,
            }),
            Key::Environment => self.keyed_place(value, span)?,
            Key::Version => {
                let value = self.version_value(value)?;
                if !matches!(value, VersionMention::Reference(_)) {
                    self.note(Concern::RelativeVersion, at..end);
                }
                self.found.versions.push(Said { value, span });
            }
            Key::DryRun | Key::Force | Key::Skip if off => {}
            Key::DryRun => self.note(Concern::DryRun, at..end),
            Key::Force => self.note(Concern::Force, at..end),
            Key::Skip => self.note(Concern::Skip, at..end),
        }
        Some(end)
    }

    /// `services=shop:v1,mailer`: the list goes on behind the comma.
    fn keyed_services(&mut self, value: &str, span: Span, end: usize) -> usize {
        self.keyed_service(value, span);
        let mut end = end;
        while self.words.kind(end) == Some(Kind::Comma)
            && let Some(next) = self.words.get(end + 1).filter(|_| end + 1 < self.range.end)
            && next.at.start == self.words.units[end].at.end
        {
            self.keyed_service(&next.text, self.words.span(end + 1..end + 2));
            end += 2;
        }
        end
    }

    fn keyed_service(&mut self, value: &str, span: Span) {
        let (name, version) = match value.split_once([':', '@']) {
            Some((name, version)) => (name, self.version_value(version)),
            None => (value, None),
        };
        if let Some(value) = version {
            self.found.versions.push(Said { value, span });
        }
        let value = self.service_mention(name);
        self.found.services.push(Said { value, span });
    }

    fn keyed_place(&mut self, value: &str, span: Span) -> Option<()> {
        let word = value.to_lowercase();
        let closed = self.words.vocabulary.names();
        let known = self.words.definition.usual_environment(&word).is_some()
            || closed.is_some_and(|names| names.is_environment_word(&[word.as_str()]).is_some());
        if !is_reference(&word) {
            return None;
        }
        if !known && closed.is_some() {
            self.found.unknown_places.push(Said { value: word, span });
            return Some(());
        }
        self.found.places.push(Said {
            value: PlaceMention {
                word,
                joint: self.first_or(Joint::None),
                unknown: !known,
            },
            span,
        });
        Some(())
    }

    /// A version given as one word behind a mark: `@latest`, `version=v1.2`.
    pub(super) fn version_value(&self, value: &str) -> Option<VersionMention> {
        let lower = value.to_lowercase();
        let entry = self.words.definition.lexicon.longest(&[lower.as_str()]);
        let roles = entry.map(|(_, entry)| entry.roles).unwrap_or_default();
        if roles.has(Role::Previous) {
            return Some(VersionMention::Previous);
        }
        let unclear = [
            Role::Newest,
            Role::Last,
            Role::UnclearVersion,
            Role::Environment,
        ];
        if roles.any(&unclear) && !roles.has(Role::BranchName) {
            return Some(VersionMention::Unclear(lower));
        }
        is_reference(value).then(|| VersionMention::Reference(value.to_owned()))
    }
}
