//! What has the form of a version and is perhaps none: days, hours, addresses of machines, figures
//! that belong to another word, "main" as an adjective. It is asked.

use std::net::Ipv4Addr;

use super::{Slots, Use};
use crate::domain::intent::Action;
use crate::domain::interpret::form::Form;
use crate::domain::interpret::found::VersionMention;
use crate::domain::interpret::lexicon::Role;

impl Slots<'_> {
    /// "at 10.30", "on 24.12.2026", "by 2026-12-24", "on 10.0.0.5": a time of the clock, a day or a
    /// machine, where the word before it leads to one; nothing tells it from a version.
    pub(super) fn is_perhaps_no_version(&self, lead: Option<Role>, at: usize) -> bool {
        if !self.takes_version() {
            return false;
        }
        let text = self.words.units[at].text.as_str();
        let rolls_back = self.is_action(&[Action::Rollback]);
        let every = at > self.range.start && self.has(at - 1, Role::Every);
        let to_a_day = matches!(lead, Some(Role::At | Role::By | Role::On))
            || lead == Some(Role::From) && !rolls_back
            || every;
        // "auf 24.04 zurück", but "am 24.12"
        let to_version = lead == Some(Role::On) && self.words.definition.verb_final;
        let to_an_hour = to_a_day && (every || !to_version);
        let to_a_machine = to_a_day || lead == Some(Role::To) && !rolls_back;
        is_dotted_day(text)
            || (to_a_day && is_day(text))
            || (to_an_hour && is_hour(text))
            || (to_a_machine && text.parse::<Ipv4Addr>().is_ok())
    }

    /// "the main road app": which is the chief one, or whose branch is `main`?
    pub(super) fn is_perhaps_adjective(&self, at: usize) -> bool {
        let next = self.words.get(at + 1).filter(|_| at + 1 < self.range.end);
        self.has(at, Role::BranchName)
            && at > self.range.start
            && self.has(at - 1, Role::Determiner)
            && next.is_some_and(|unit| unit.is_unknown_name() || !unit.services.is_empty())
    }

    /// Whether a version has a place in the deed at all.
    fn takes_version(&self) -> bool {
        self.expect.action.is_some_and(Action::makes_plan) && !self.is_action(&[Action::Restart])
    }

    /// "using java 17.0.2", "3.5 percent": a number beside a word that nobody understood belongs to
    /// that word.
    pub(super) fn doubt_numbers(&mut self) {
        if !self.takes_version() {
            return;
        }
        let open = |at: usize| {
            let unit = self.words.get(at).filter(|_| self.range.contains(&at));
            unit.is_some_and(|unit| self.uses[at] == Use::Free && unit.form().is_some())
        };
        let percent = |at: usize| self.has(at, Role::Strategy);
        let doubtful = |at: &usize| {
            let digits = self.words.units[*at]
                .text
                .starts_with(|c: char| c.is_ascii_digit());
            let before = at.checked_sub(1).is_some_and(|before| {
                let told = self.any(before, &[Role::Plain, Role::PullRequest])
                    || self.mark_before(before).is_some()
                    || before.checked_sub(1).is_some_and(open);
                open(before) && told
            });
            let number = matches!(self.form(*at), Some(Form::Version)) && digits;
            number && (before || open(at + 1) || percent(at + 1))
        };
        let range = self.range.clone();
        let spans: Vec<_> = range
            .filter(doubtful)
            .map(|at| self.words.span(at..at + 1))
            .collect();
        for said in &mut self.found.versions {
            if let VersionMention::Reference(text) = &said.value
                && spans.contains(&said.span)
            {
                said.value = VersionMention::Unclear(text.clone());
            }
        }
    }
}

/// `2026-12-24`, which is also how builds are tagged.
fn is_day(text: &str) -> bool {
    lengths(text, '-') == [4, 2, 2]
}

/// `24.12.2026`
fn is_dotted_day(text: &str) -> bool {
    matches!(lengths(text, '.').as_slice(), [1 | 2, 1 | 2, 4])
}

/// How many digits stand between the marks; none where there is anything else.
fn lengths(text: &str, mark: char) -> Vec<usize> {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let length = |part: &str| if digits(part) { part.len() } else { 0 };
    text.split(mark).map(length).collect()
}

/// `10.30`; also a day without its year, `24.12`.
fn is_hour(text: &str) -> bool {
    let below =
        |part: &str, limit: u8| part.len() == 2 && part.parse::<u8>().is_ok_and(|n| n < limit);
    text.split_once('.')
        .is_some_and(|(first, second)| below(first, 32) && below(second, 60))
}
