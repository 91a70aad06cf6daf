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
        let by = (0..self.command.len()).find_map(|at| {
            let tag = &self.command[at];
            let acts = (asked && approves(tag)) || (requested && requests(tag));
            // "Signed off by" may be one phrase.
            let within = tag.rest.last().is_some_and(|word| is_by(word));
            let behind = self.command.get(at + 1);
            let next = behind.is_some_and(|tag| is_by(&tag.first));
            (acts && (within || next)).then_some(if within { at + 1 } else { at + 2 })
        });
        let Some(by) = by else {
            return false;
        };
        let is_person = |tag: &&Tag| {
            let names = match &tag.meaning {
                Meaning::Other | Meaning::Role(_) | Meaning::Word(Word::OnCall) => true,
                Meaning::Word(Word::People) => !self.cues(tag, Cue::Anybody),
                _ => false,
            };
            names && !self.cues(tag, Cue::Empty)
        };
        let mut named = self.command[by..]
            .iter()
            .take_while(|tag| !tag.ends_clause() && !tag.is(Word::Not))
            .filter(is_person)
            .peekable();
        // Who is asked for is a role, or stands behind "by".
        let asks_for_one = own
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Role(_)))
            || own.windows(2).any(|two| {
                let led = two[0].first.as_str();
                matches!(two[1].meaning, Meaning::Other | Meaning::Number(1))
                    && (is_by(led) || self.definition.cues(Cue::Of, led))
            });
        asks_for_one
            && named.peek().is_some()
            && named.all(|tag| !own.iter().any(|other| self.same(tag, other)))
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
