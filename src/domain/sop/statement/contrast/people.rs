//! Who signs, and who else has to.

use super::super::definition::Cue;
use super::super::meaning::{Meaning, Word};
use super::super::sentence::Tag;
use super::Read;

impl Read<'_> {
    /// "Approved by Bob" where somebody else is asked for.
    pub(super) fn names_another(&self) -> bool {
        let approves = |tag: &Tag| tag.is(Word::Approve) || tag.is(Word::Review);
        let own = self.sentence.own();
        let asked = self
            .wanted()
            .into_iter()
            .any(|at| approves(&self.sentence.tags[at]));
        // "At the owner's request": requested by somebody.
        let requests = |tag: &Tag| self.cues(tag, Cue::Request);
        let requested = own.iter().any(requests);
        let is_by = |word: &str| self.definition.cues(Cue::By, word);
        let acts = |tag: &Tag| (asked && approves(tag)) || (requested && requests(tag));
        let is_person = |tag: &&Tag| {
            let names = match &tag.meaning {
                Meaning::Other | Meaning::Role(_) | Meaning::Word(Word::OnCall) => true,
                Meaning::Word(Word::People) => !self.cues(tag, Cue::Anybody),
                _ => false,
            };
            names && !self.cues(tag, Cue::Empty)
        };
        let Some(named) = self.who_acts(acts) else {
            return false;
        };
        let mut named = named.iter().filter(is_person).peekable();
        // Who is asked for is a role, or stands behind "by".
        let asks_for_one = own
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Role(_)))
            || own.iter().enumerate().any(|(at, tag)| {
                // "Signed off by" may be one phrase.
                let led = tag.rest.last().unwrap_or(&tag.first).as_str();
                let mut behind = own[at + 1..].iter();
                // "By @ann"
                let next = behind.find(|tag| tag.meaning != Meaning::Mark('@'));
                let is_one = |tag: &Tag| matches!(tag.meaning, Meaning::Other | Meaning::Number(1));
                next.is_some_and(is_one) && (is_by(led) || self.definition.cues(Cue::Of, led))
            });
        asks_for_one
            && named.peek().is_some()
            && named.all(|tag| !own.iter().any(|other| self.same(tag, other)))
    }

    /// What names those who do it: "approved by Bob", "Bob has approved it".
    fn who_acts(&self, acts: impl Fn(&Tag) -> bool) -> Option<&[Tag]> {
        let command = self.command;
        let is_by = |word: &str| self.definition.cues(Cue::By, word);
        let behind = |at: usize| {
            // "Signed off by" may be one phrase.
            let within = command[at].rest.last().is_some_and(|word| is_by(word));
            let next = command.get(at + 1).is_some_and(|tag| is_by(&tag.first));
            (within || next).then_some(if within { at + 1 } else { at + 2 })
        };
        let mut acting = (0..command.len()).filter(|at| acts(&command[*at]));
        if let Some(from) = acting.clone().find_map(behind) {
            let rest = &command[from.min(command.len())..];
            let rest = match rest {
                [at, rest @ ..] if at.meaning == Meaning::Mark('@') => rest,
                rest => rest,
            };
            let ends = |tag: &Tag| tag.ends_clause() || tag.is(Word::Not);
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            return Some(&rest[..length]);
        }
        // Who stands before it, in a clause that follows another.
        acting.find_map(|at| {
            let begins = command[..at]
                .iter()
                .rposition(|tag| matches!(tag.meaning, Meaning::Mark(',' | ';')))?;
            let subject = &command[begins + 1..at];
            let any = |cue: Cue| subject.iter().any(|tag| self.cues(tag, cue));
            // "The ticket is approved": what stands there is no person.
            let is_passive = any(Cue::Passive)
                || subject.iter().any(|tag| {
                    tag.is(Word::Not)
                        || tag.is(Word::Without)
                        || matches!(tag.meaning, Meaning::Number(_))
                });
            let is_role = subject
                .iter()
                .any(|tag| matches!(tag.meaning, Meaning::Role(_)) || tag.is(Word::OnCall));
            let has_object = any(Cue::Has)
                || command
                    .get(at + 1)
                    .is_some_and(|tag| self.cues(tag, Cue::Object));
            // In Chinese "by" leads them in.
            let is_led = any(Cue::By);
            let is_plain = !is_passive && subject.len() <= 8 && (is_role || has_object || is_led);
            is_plain.then_some(subject)
        })
    }

    /// "Signed by QA only" where QA and security sign.
    pub(super) fn does_only_a_part(&self) -> bool {
        let Some(only) = self.command.iter().position(|tag| tag.is(Word::Only)) else {
            return false;
        };
        let own = self.sentence.own();
        let choice = own.iter().any(|tag| self.cues(tag, Cue::Or));
        let whole = own.iter().any(|tag| self.cues(tag, Cue::All));
        let wanted = self.wanted();
        let near = only.saturating_sub(3)..only + 4;
        let shared = self.shared(&wanted);
        let limits = shared.iter().any(|(said, _)| near.contains(said));
        let mut kept: Vec<usize> = shared.into_iter().map(|(_, of)| of).collect();
        kept.sort_unstable();
        kept.dedup();
        whole && !choice && !self.sentence.has(Word::Only) && limits && kept.len() < wanted.len()
    }
}
