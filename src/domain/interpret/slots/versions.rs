//! Versions: by form, by a noun beside them, relative, or as what runs somewhere.

use std::net::Ipv4Addr;
use std::ops::Range;

use super::{Slots, Use};
use crate::domain::intent::Action;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::form::{Form, is_reference};
use crate::domain::interpret::found::{Said, VersionMention};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::token::Kind;

const RELATIVE: [Role; 4] = [
    Role::Previous,
    Role::Last,
    Role::Newest,
    Role::UnclearVersion,
];

impl Slots<'_> {
    pub(super) fn version(&mut self, at: usize) -> Option<usize> {
        let (lead, first) = self.lead(at);
        if first >= self.range.end || self.is_main_part(first) {
            return None;
        }
        if self.only_names() {
            // What is not done has no "latest".
            let path = self.form(first) == Some(Form::Path) && self.is_branch_path(first);
            // "merging into main breaks staging": a branch is as often no version.
            let noun = self.has(first + 1, Role::GitNoun)
                || first > self.range.start && self.has(first - 1, Role::GitNoun);
            return if path || self.has(first, Role::BranchName) && !noun {
                None
            } else {
                self.by_form(lead, first)
            };
        }
        if self.only_shows() {
            return self.shown_version(lead, first);
        }
        self.running_in(at, lead, first)
            .or_else(|| self.counted(first))
            .or_else(|| self.relative(lead, first))
            .or_else(|| self.noun_before(lead, first))
            .or_else(|| self.noun_behind(lead, first))
            .or_else(|| self.pull_request(first))
            .or_else(|| self.by_form(lead, first))
            .or_else(|| self.noun_alone(first))
    }

    /// "the master host", "the main thread": no branch.
    fn is_main_part(&self, at: usize) -> bool {
        let parts = [Role::MachineNoun, Role::PlaceNoun, Role::ReplicaNoun];
        self.has(at, Role::BranchName)
            && self.any(at + 1, &parts)
            && !self.any(at + 1, &[Role::EnvironmentNoun, Role::Environment])
    }

    /// "the image of the shop", "the release to staging": says only that there is a version.
    fn noun_alone(&self, first: usize) -> Option<usize> {
        let next = [Role::Of, Role::For, Role::To, Role::On, Role::From];
        let rolled = self.is_action(&[Action::Rollback])
            && self.has(first, Role::VerbNoun)
            && self.words.units[first].action != Some(Action::Rollback);
        let alone = (self.has(first, Role::VersionNoun) || rolled)
            && (self.any(first + 1, &next)
                || first + 1 == self.range.end
                // "back the release out"
                || self.uses[first + 1] == Use::Used);
        alone.then_some(first + 1)
    }

    /// "when was the last deployment": words about versions ask for nothing.
    fn shown_version(&mut self, lead: Option<Role>, first: usize) -> Option<usize> {
        if self.any(first, &RELATIVE) {
            return Some(self.skip(first, &RELATIVE));
        }
        self.by_form(lead, first)
    }

    pub(super) fn push(&mut self, value: VersionMention, units: Range<usize>) {
        let relative = !matches!(
            value,
            VersionMention::Reference(_) | VersionMention::Leaving(_) | VersionMention::Bare(_)
        );
        let promotes =
            matches!(value, VersionMention::RunningIn(_)) && self.is_action(&[Action::Promote]);
        if relative && !promotes {
            self.note(Concern::RelativeVersion, units.clone());
        }
        let span = self.words.span(units);
        self.found.versions.push(Said { value, span });
    }

    fn moves(&self) -> bool {
        self.is_action(&[Action::Deploy, Action::Promote])
    }

    /// "the version on staging", "what runs on staging", "from staging", "staging to production"
    fn running_in(&mut self, at: usize, lead: Option<Role>, first: usize) -> Option<usize> {
        let place = self
            .place_of_version(lead, first)
            .or_else(|| self.place_it_runs_in(at, lead, first))?;
        let word = self.words.units[place].lower.clone();
        let end = self
            .skip(place + 1, &[Role::EnvironmentNoun])
            .min(place + 2);
        let is_guess =
            lead.is_none() && self.is_environment(first) && !self.has(end, Role::VersionNoun);
        if is_guess && self.is_action(&[Action::Deploy]) {
            // "deploy staging to production": a branch, or what runs there?
            self.push(VersionMention::Unclear(word), first..end);
            return Some(end);
        }
        let end = self.skip(end, &[Role::VersionNoun]).min(end + 1);
        self.push(VersionMention::RunningIn(word), first..end);
        Some(end)
    }

    fn place_of_version(&self, lead: Option<Role>, first: usize) -> Option<usize> {
        let noun = self.has(first, Role::VersionNoun);
        let whatever = self.has(first, Role::WhateverRuns);
        let to_it = matches!(lead, Some(Role::To | Role::With)) && !self.moves();
        if !(whatever || (noun && (self.moves() || to_it))) {
            return None;
        }
        let after = self.skip(first + 1, &[Role::Running, Role::Subject]);
        let led = self.skip(after, &[Role::On, Role::From, Role::Of, Role::Determiner]);
        // "Commit auf Staging ausrollen": the only place is where it goes.
        let goes_there = self.words.definition.verb_final
            && self.is_action(&[Action::Deploy])
            && !whatever
            && !(after..led).any(|at| self.any(at, &[Role::From, Role::Of]))
            && !(led + 1..self.range.end).any(|at| self.is_environment(at))
            && self.found.places.is_empty();
        (self.is_environment(led) && (led > after || whatever) && !goes_there).then_some(led)
    }

    fn place_it_runs_in(&self, at: usize, lead: Option<Role>, first: usize) -> Option<usize> {
        if !self.moves() || !self.is_environment(first) {
            return None;
        }
        let behind = self.skip(first + 1, &[Role::EnvironmentNoun]);
        if self.any(behind, &[Role::GitNoun]) {
            return None;
        }
        let version_of_place = self.has(behind, Role::VersionNoun);
        // "von Staging nach Produktion", "de staging a producción"
        let from =
            lead == Some(Role::From) || (lead == Some(Role::Of) && self.leads_to_place(behind));
        let bare =
            lead.is_none() && self.expect.behind_verb == Some(at) && self.leads_to_place(behind);
        (from || bare || (version_of_place && lead != Some(Role::To))).then_some(first)
    }

    /// "... to production" right behind.
    fn leads_to_place(&self, at: usize) -> bool {
        let place = self.skip(at + 1, &[Role::Determiner]);
        let leads = self.has(at, Role::To) || self.words.kind(at) == Some(Kind::Arrow);
        leads && self.is_environment(place)
    }

    /// "two versions back", "the one before last": nobody knows which that is.
    fn counted(&mut self, first: usize) -> Option<usize> {
        let start = self.skip(first, &[Role::Last]);
        let counts = self.has(start, Role::Count) || self.form(start) == Some(Form::Number);
        if !counts {
            return None;
        }
        let noun = self.skip(
            start + 1,
            &[Role::VersionNoun, Role::VersionPlural, Role::Last],
        );
        let end = self.skip(noun, &[Role::BackCount, Role::Last]);
        let plural = self.has(noun.saturating_sub(1), Role::VersionPlural) && noun > start + 1;
        let one = matches!(self.words.units[start].lower.as_str(), "one" | "1");
        if one && noun == start + 2 && self.is_action(&[Action::Rollback]) {
            // "take shop back one version"
            self.push(VersionMention::Previous, first..end);
            return Some(end);
        }
        // "3 before Christmas": a time, and no version.
        let dated = noun == start + 1 && self.has(end, Role::Time);
        if (end == noun && !plural) || dated {
            return None;
        }
        let text = self.words.text(first..end).to_owned();
        self.push(VersionMention::Unclear(text), first..end);
        Some(end)
    }

    /// "the previous version", "latest", "head of main", "the last deploy"
    fn relative(&mut self, lead: Option<Role>, first: usize) -> Option<usize> {
        if !self.any(first, &RELATIVE) {
            return None;
        }
        let adjectives = self.skip(first, &RELATIVE);
        let counted = self.has(adjectives, Role::Count)
            || matches!(self.form(adjectives), Some(Form::Number | Form::Duration));
        let versions = [Role::VersionNoun, Role::VersionPlural, Role::VerbNoun];
        if counted && self.has(adjectives - 1, Role::Last) && !self.any(adjectives + 1, &versions) {
            // "the last 50 log lines"
            return None;
        }
        let nouns = [
            Role::VersionNoun,
            Role::VerbNoun,
            Role::VersionPlural,
            Role::Count,
            Role::Payload,
        ];
        let noun = self.skip(adjectives, &nouns).min(adjectives + 1);
        let has = |role: Role| (first..adjectives).any(|at| self.has(at, role));
        let rolls_back = self.is_action(&[Action::Rollback]);
        // "la dernière version de main"
        let last_of = has(Role::Last)
            && !rolls_back
            && self.has(adjectives, Role::VersionNoun)
            && self.has(self.skip(noun + 1, &[Role::Determiner]), Role::BranchName)
            && self.has(noun, Role::Of);
        if (has(Role::Newest) || last_of)
            && let Some(branch) = self.branch_behind(noun)
        {
            let end = self.skip(branch + 1, &[Role::VersionNoun]).min(branch + 2);
            let name = self.words.units[branch].text.clone();
            if last_of {
                self.note(Concern::RelativeVersion, first..noun);
            }
            self.push(VersionMention::Reference(name), branch..branch + 1);
            return Some(end);
        }
        let text = self.words.text(first..adjectives).to_lowercase();
        let noun_of = self.words.get(adjectives).filter(|_| noun > adjectives);
        let deed = noun_of.is_some_and(|unit| unit.has(Role::VerbNoun));
        let goes_live = noun_of.is_some_and(|unit| {
            matches!(unit.action, None | Some(Action::Deploy | Action::Promote))
        });
        if rolls_back && deed && !goes_live {
            // "undo the last rollback", "revert the last restart"
            let text = self.words.text(first..noun).to_lowercase();
            self.push(VersionMention::Unclear(text), first..noun);
            return Some(noun);
        }
        // "undo the last deploy", "a rollback of the last deploy" say what is taken back, "run the last broken build again" what is
        // done again: no version that is gone to.
        let last = has(Role::Last) || has(Role::Newest);
        let taken_back = matches!(lead, None | Some(Role::Of));
        let undone = rolls_back && deed && taken_back && last && !has(Role::Previous);
        let redone = self.is_action(&[Action::Build]) && has(Role::Last) && noun == adjectives;
        if undone || redone {
            self.note(Concern::RelativeVersion, first..noun);
            return Some(noun);
        }
        // "undo the latest release"
        let undone = rolls_back && lead != Some(Role::To) && noun > adjectives && has(Role::Newest);
        let previous = has(Role::Previous) || (rolls_back && has(Role::Last)) || undone;
        let value = if previous {
            VersionMention::Previous
        } else {
            VersionMention::Unclear(text)
        };
        self.push(value, first..noun);
        Some(noun)
    }

    /// "latest main", "the newest commit on the login branch"
    fn branch_behind(&self, at: usize) -> Option<usize> {
        let name = self.skip(at, &[Role::Of, Role::On, Role::From, Role::Determiner]);
        let unit = self.words.get(name).filter(|_| name < self.range.end)?;
        let led = name > at;
        let branch = unit.has(Role::BranchName)
            || self.is_branch_path(name)
            || (led && unit.is_unknown_name() && self.has(name + 1, Role::GitNoun));
        branch.then_some(name)
    }

    /// "version 1.22", "branch ann/cart", "tag v1"
    fn noun_before(&mut self, lead: Option<Role>, first: usize) -> Option<usize> {
        if !self.has(first, Role::VersionNoun) {
            return None;
        }
        let name = self.behind_noun(first);
        let unit = self.words.get(name).filter(|_| name < self.range.end)?;
        if self.words.definition.prepositions.contains(&unit.lower) {
            return None;
        }
        if self.any(name, &RELATIVE) {
            return self.relative(lead, name);
        }
        if let Some(Form::Pinned(mark)) = self.form(name) {
            return self.pinned(name, mark);
        }
        if self.has(name, Role::Count) && self.words.units[first].lower != "release" {
            // "version two"
            let end = self.skip(name, &[Role::Count]);
            let text = self.words.text(name..end).to_lowercase();
            self.push(VersionMention::Unclear(text), first..end);
            return Some(end);
        }
        // "using image abc123"
        let image = lead == Some(Role::With)
            && unit.text.bytes().any(|b| b.is_ascii_digit())
            && is_reference(&unit.text);
        let names_git = self.has(first, Role::GitNoun);
        // "branch login of shop": an ordinary word that is often a name
        let ends = [Role::Of, Role::For, Role::To, Role::On];
        let nameable = names_git && unit.has(Role::Nameable) && self.any(name + 1, &ends);
        let loose = (names_git || image || self.words.units[first].lower == "version")
            && (nameable || unit.is_unknown_name() || (names_git && unit.environment))
            && matches!(unit.form(), Some(Form::Name | Form::Path));
        let tight = matches!(unit.form(), Some(Form::Version | Form::Number))
            || unit.has(Role::BranchName)
            || self.is_branch_path(name);
        if !(tight || loose) {
            return None;
        }
        self.push_reference(lead, name);
        Some(name + 1)
    }

    /// "master branch", "the hotfix tag", "1.22 version"
    fn noun_behind(&mut self, lead: Option<Role>, first: usize) -> Option<usize> {
        if !self.has(first + 1, Role::VersionNoun) {
            return None;
        }
        let unit = &self.words.units[first];
        // "shop branch dev2": the noun belongs to what follows it.
        let next = self
            .words
            .get(first + 2)
            .filter(|_| first + 2 < self.range.end);
        let binds_right = next.is_some_and(|unit| {
            unit.is_unknown_name()
                || unit.has(Role::BranchName)
                || matches!(unit.form(), Some(Form::Version | Form::Number | Form::Path))
        });
        let loose = self.has(first + 1, Role::GitNoun)
            && (unit.is_unknown_name() || unit.environment || unit.has(Role::Payload))
            && matches!(unit.form(), Some(Form::Name | Form::Path))
            && !binds_right;
        let tight =
            matches!(unit.form(), Some(Form::Version | Form::Number)) || unit.has(Role::BranchName);
        if !(tight || loose) {
            return None;
        }
        self.push_reference(lead, first);
        Some(first + 2)
    }

    fn pull_request(&mut self, first: usize) -> Option<usize> {
        let number = if self.has(first, Role::PullRequest) {
            first + 1
        } else {
            first
        };
        let digits = self
            .words
            .get(number)
            .filter(|_| number < self.range.end)?
            .text
            .trim_start_matches('#');
        let numbered = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty();
        let hash = self.form(number) == Some(Form::Hash) && !self.opens(number);
        if !numbered || !(hash || number > first) {
            return None;
        }
        self.push(
            VersionMention::Unclear(format!("#{digits}")),
            first..number + 1,
        );
        Some(number + 1)
    }

    fn by_form(&mut self, lead: Option<Role>, first: usize) -> Option<usize> {
        match self.form(first)? {
            Form::Pinned(mark) => return self.pinned(first, mark),
            Form::Path => return self.path(lead, first),
            Form::Version if self.is_perhaps_no_version(lead, first) => {
                if self.words.units[first].text.parse::<Ipv4Addr>().is_err() {
                    // Perhaps a day or an hour, and for those nothing waits.
                    self.note(Concern::Scheduled, first..first + 1);
                }
                return self.unclear(first);
            }
            Form::Version => {}
            _ if self.is_perhaps_adjective(first) => return self.unclear(first),
            Form::Name if self.is_numbered_branch(first) => {}
            _ if self.has(first, Role::BranchName) => {}
            _ => return None,
        }
        self.push_reference(lead, first);
        Some(first + 1)
    }

    /// It may be no version at all, so that nothing is said of it but the question.
    fn unclear(&mut self, at: usize) -> Option<usize> {
        let value = VersionMention::Unclear(self.words.units[at].text.clone());
        let span = self.words.span(at..at + 1);
        self.found.versions.push(Said { value, span });
        Some(at + 1)
    }

    pub(super) fn push_reference(&mut self, lead: Option<Role>, at: usize) {
        let name = self.words.units[at].text.clone();
        // "from v1.3 to v1.4"
        let goes_on =
            self.has(at + 1, Role::To) && matches!(self.form(at + 2), Some(Form::Version));
        let rolls_back = self.is_action(&[Action::Rollback]);
        let is_named =
            |said: &Said<VersionMention>| matches!(said.value, VersionMention::Reference(_));
        if rolls_back && lead == Some(Role::On) && self.found.versions.iter().any(is_named) {
            // "back to v1.2 on main": where that version lies.
            return self.note(Concern::NotRead, at..at + 1);
        }
        // "auf v1.2 zurück"
        let leads_there = lead == Some(Role::On) && self.words.definition.verb_final;
        let value = if lead == Some(Role::From) && (rolls_back || goes_on) {
            VersionMention::Leaving(name)
        } else if rolls_back
            && !matches!(lead, Some(Role::To | Role::At | Role::With))
            && !leads_there
        {
            VersionMention::Bare(name)
        } else {
            VersionMention::Reference(name)
        };
        self.push(value, at..at + 1);
    }
}
