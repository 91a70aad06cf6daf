//! What comes first, meanwhile, and all at once.

use super::super::claims::{is_conjunction, is_denied};
use super::super::definition::Cue;
use super::super::meaning::{Meaning, StrategyWord, Word};
use super::super::sentence::Tag;
use super::super::token::is_wide;
use super::Read;

impl Read<'_> {
    /// "The app first" where the database comes first.
    pub(super) fn takes_another_first(&self) -> bool {
        // What stands before "first".
        let led = |tags: &[Tag]| {
            let first = tags.iter().position(|tag| tag.is(Word::First))?;
            let near = tags[..first].iter().rev().take(4);
            let led = near.take_while(|tag| !tag.ends_clause());
            Some(
                led.filter(|tag| self.is_term(tag))
                    .cloned()
                    .collect::<Vec<Tag>>(),
            )
        };
        let (Some(asked), Some(named)) = (led(self.sentence.own()), led(self.command)) else {
            return false;
        };
        let other = |one: &[Tag], two: &[Tag]| {
            one.iter()
                .any(|tag| !two.iter().any(|other| self.same(tag, other)))
        };
        !asked.is_empty() && !named.is_empty() && other(&asked, &named) && other(&named, &asked)
    }

    /// "B, then A", "B before A" where A comes before B.
    pub(super) fn turns_the_order(&self) -> bool {
        let own = self.sentence.own();
        let Some(before) = own.iter().position(|tag| tag.is(Word::Before)) else {
            return false;
        };
        if before == 0 || self.sentence.has_any(&[Word::Not, Word::Without]) {
            return false;
        }
        // "迁移之前先备份": in Chinese what comes later stands before the word.
        let sides = |tags: &'_ [Tag], at: usize| {
            let (one, other) = (at, at + 1);
            match tags[at].is(Word::Before) && tags[at].first.starts_with(is_wide) {
                true => (other..tags.len(), 0..one),
                false => (0..one, other..tags.len()),
            }
        };
        let (early, late) = sides(own, before);
        let (early, late) = (&own[early], &own[late]);
        if self.comes_after_all(early) {
            return true;
        }
        let Some(turn) = self
            .command
            .iter()
            .position(|tag| tag.is(Word::Before) || self.cues(tag, Cue::Then))
        else {
            return false;
        };
        let (said_first, said_then) = sides(self.command, turn);
        let (said_first, said_then) = (&self.command[said_first], &self.command[said_then]);
        // Only what stands on one side tells the order.
        let says = |said: &[Tag], side: &[Tag], other: &[Tag]| {
            said.iter().filter(|tag| self.is_term(tag)).any(|tag| {
                side.iter()
                    .any(|term| self.is_term(term) && self.same(tag, term))
                    && !other
                        .iter()
                        .any(|term| self.is_term(term) && self.same(tag, term))
            })
        };
        says(said_first, late, early)
            && says(said_then, early, late)
            && !says(said_then, late, early)
    }

    /// "Deploy, tell them once it is out" where they are told before.
    fn comes_after_all(&self, early: &[Tag]) -> bool {
        let command = self.command;
        let comma = |tag: &Tag| matches!(tag.meaning, Meaning::Mark(',' | ';'));
        let Some(turn) = command.iter().position(comma) else {
            return false;
        };
        let (first, then) = (&command[..turn], &command[turn + 1..]);
        let of_early = |tag: &Tag| {
            self.is_term(tag)
                && early
                    .iter()
                    .any(|term| self.is_term(term) && self.same(tag, term))
        };
        let Some(after) = then.iter().position(|tag| tag.is(Word::After)) else {
            return false;
        };
        // "Told after lunch" says nothing of the release.
        let mut behind = then[after + 1..].iter().take(4);
        let of_release = behind.any(|tag| {
            let words = [Word::Deploy, Word::Change, Word::Done];
            words.iter().any(|word| tag.is(*word)) || self.cues(tag, Cue::Object)
        });
        if !of_release || then.iter().any(|tag| tag.is(Word::Before)) {
            return false;
        }
        let acts = first
            .iter()
            .any(|tag| tag.is(Word::Deploy) || tag.is(Word::Change));
        acts && then[..after].iter().any(of_early) && !first.iter().any(of_early)
    }

    /// "While the import runs" where nothing goes out while it does.
    pub(super) fn does_it_during(&self) -> bool {
        let during = |tags: &[Tag]| {
            tags.iter()
                .position(|tag| tag.is(Word::During) && !tag.is_phrase())
        };
        let own = self.sentence.own();
        let Some(asked) = during(own) else {
            return false;
        };
        let forbids = own[..asked]
            .iter()
            .any(|tag| tag.is(Word::Not) || tag.is(Word::Stop));
        let lasts = |tags: &[Tag], from: usize| -> Vec<usize> {
            (from + 1..tags.len())
                .take_while(|at| !tags[*at].ends_clause())
                .filter(|at| self.is_term(&tags[*at]))
                .collect()
        };
        let asked = lasts(own, asked);
        let named = match during(self.command) {
            Some(named) => lasts(self.command, named),
            // "The vote is open till eight": what stands before it lasts.
            None => {
                let ongoing = |at: &usize| {
                    let tag = &self.command[*at];
                    (tag.is(Word::Ongoing) || self.cues(tag, Cue::Running))
                        && !is_denied(self.command, *at)
                };
                let Some(at) = (0..self.command.len()).find(ongoing) else {
                    return false;
                };
                (at.saturating_sub(3)..at)
                    .filter(|at| self.is_term(&self.command[*at]))
                    .collect()
            }
        };
        let shared = named.iter().filter(|at| {
            let said = &self.command[**at];
            !is_denied(self.command, **at) && asked.iter().any(|of| self.same(said, &own[*of]))
        });
        forbids
            && !self.takes_back()
            && !self.sentence.has(Word::Unless)
            && shared.count() * 2 >= asked.len().max(1)
    }

    /// "All hosts at once" where it is one by one, or a few first.
    pub(super) fn does_all_at_once(&self) -> bool {
        let sentence = self.sentence;
        let one_by_one = sentence.owns(Word::OneByOne)
            || (sentence.owns(Word::AtOnce) && sentence.has(Word::Not));
        let by_steps = sentence.own().iter().any(
            |tag| matches!(tag.meaning, Meaning::Strategy(step) if step != StrategyWord::Recreate),
        );
        let at_once = (0..self.command.len()).any(|at| {
            let tag = &self.command[at];
            let together = tag.meaning == Meaning::Strategy(StrategyWord::Recreate)
                || tag.is(Word::AtOnce)
                || self.cues(tag, Cue::Together)
                || (tag.first == "at"
                    && self
                        .command
                        .get(at + 1)
                        .is_some_and(|tag| tag.first == "once"));
            // "Together with Ann"
            let with_somebody = self.command.get(at + 1).is_some_and(is_conjunction);
            together && !with_somebody && !is_denied(self.command, at)
        });
        // "Not more than one at a time"
        let no_more = sentence.own().iter().any(|tag| self.cues(tag, Cue::Excess));
        (one_by_one || (by_steps && (no_more || !sentence.has(Word::Not)))) && at_once
    }
}
