//! How a command tells of what it does: what it puts off, and whether anything in it speaks of a lack.

use super::super::claims::{is_conjunction, is_denied, is_missing};
use super::super::definition::{Cue, Definition};
use super::super::meaning::{Meaning, StrategyWord, Word};
use super::super::measure::durations;
use super::super::recognise::{removes, says_no};
use super::super::sentence::Tag;
use super::Read;

impl Read<'_> {
    /// "First the backup, then the migration": whether the command speaks of something that the
    /// sentence is about, in more than one step or as done, and nothing in it speaks of a lack, a hurry
    /// or a part. That may keep the sentence, or it may not: people have to look.
    pub(super) fn is_told(&self) -> bool {
        let command = self.command;
        let done = |tag: &Tag| {
            let word = [Word::Done, Word::Pass, Word::First];
            word.iter().any(|word| tag.is(*word)) || self.cues(tag, Cue::Then)
        };
        let tells = command
            .iter()
            .enumerate()
            .any(|(at, tag)| at > 0 && at + 1 < command.len() && (done(tag) || is_comma(tag)));
        let clocks = command
            .iter()
            .filter(|tag| matches!(tag.meaning, Meaning::Clock(_)));
        let terms: Vec<usize> = self.terms().collect();
        tells
            && clocks.count() < 2
            && !self.shared(&terms).is_empty()
            && !acts_too_early(command, self.definition)
            && !(0..command.len()).any(|at| is_ill(command, at, self.definition))
    }
}

fn is_comma(tag: &Tag) -> bool {
    matches!(
        tag.meaning,
        Meaning::Mark(',' | ';' | '\u{3001}' | '\u{ff0c}' | '\u{2014}')
    )
}

/// "Deploy, then migrate": what a deploy leans on mostly comes before it.
fn acts_too_early(command: &[Tag], definition: &Definition) -> bool {
    let turn = command
        .iter()
        .position(|tag| is_comma(tag) || definition.tells(Cue::Then, tag));
    let Some(turn) = turn else { return false };
    let (early, late) = command.split_at(turn);
    let leans = [
        Word::Migration,
        Word::Backup,
        Word::Test,
        Word::Scan,
        Word::Approve,
        Word::Review,
        Word::Ticket,
    ];
    early.iter().any(|tag| tag.is(Word::Deploy))
        && late.iter().any(|tag| definition.tells(Cue::Then, tag))
        && late
            .iter()
            .any(|tag| leans.iter().any(|word| tag.is(*word)))
}

fn is_ill(command: &[Tag], at: usize, definition: &Definition) -> bool {
    let tag = &command[at];
    let cues = |cue| definition.tells(cue, tag);
    let word = matches!(
        tag.meaning,
        Meaning::Word(
            Word::Not
                | Word::Without
                | Word::Skip
                | Word::Only
                | Word::Stop
                | Word::AtOnce
                | Word::Directly
                | Word::Unproven
                | Word::GoOn
                | Word::Leave
                | Word::Alone
                | Word::Own
                | Word::Auto
                | Word::Mutable
                | Word::Rebuild
                | Word::Before
                | Word::During
                | Word::Ongoing
                | Word::Optional
                | Word::Irreversible
                | Word::Peak
                | Word::Spent
                | Word::Finding
        )
    );
    let fails = (tag.is(Word::Pass) || tag.is(Word::Threshold)) && tag.fails();
    word || fails
        || tag.meaning == Meaning::Strategy(StrategyWord::Recreate)
        || is_denied(command, at)
        || is_missing(command, at)
        || says_no(tag)
        || removes(tag)
        || tag.first.ends_with("n't")
        || tag.meaning == Meaning::Number(100)
        || (tag.meaning == Meaning::Number(1)
            && command[at..]
                .iter()
                .take(3)
                .any(|tag| tag.is(Word::Approve)))
        || [
            Cue::Later,
            Cue::Bad,
            Cue::RightAfter,
            Cue::NextDay,
            Cue::Lack,
        ]
        .into_iter()
        .any(cues)
}

fn is_break(tag: &Tag) -> bool {
    match tag.meaning {
        Meaning::Mark(mark) => matches!(
            mark,
            ',' | ';' | ':' | '.' | '(' | ')' | '\u{2014}' | '\u{3001}' | '\u{ff0c}' | '\u{3002}'
        ),
        _ => is_conjunction(tag),
    }
}

impl Read<'_> {
    /// "The changelog follows tomorrow": what a clause of its own puts off.
    pub(super) fn puts_off(&self, at: usize) -> bool {
        // "Reviewed within a day", "followed by": there it may be late.
        let may_wait = self.sentence.tags.iter().any(|tag| {
            tag.is(Word::After)
                || self.cues(tag, Cue::Later)
                || self.cues(tag, Cue::Ceiling)
                || self.cues(tag, Cue::Afterwards)
        });
        if may_wait || !durations(&self.sentence.tags).is_empty() {
            return false;
        }
        let command = self.command;
        let from = command[..at]
            .iter()
            .rposition(is_break)
            .map_or(0, |at| at + 1);
        let to = command[at..]
            .iter()
            .position(is_break)
            .map_or(command.len(), |length| at + length);
        // When the deploy itself is tomorrow, nothing is put off.
        let acts = |tag: &Tag| tag.is(Word::Deploy) || tag.is(Word::Change);
        // Some things are done behind a release.
        let is_after_a_release = [
            Word::Monitor,
            Word::Smoke,
            Word::Health,
            Word::Test,
            Word::Bake,
            Word::Rollback,
        ]
        .iter()
        .any(|word| command[at].is(*word))
            && !self.sentence.has(Word::Plan);
        let apart = from.max(command.len() - to) >= 2 && !command[from..to].iter().any(acts);
        apart
            && (from..to).any(|at| {
                let promised = from > 0
                    && self.cues(&command[at], Cue::Promise)
                    && !is_after_a_release
                    && !command[from..to]
                        .iter()
                        .any(|tag| tag.is(Word::First) || tag.is(Word::Before));
                let next = command.get(at + 1).filter(|_| at + 1 < to);
                let ends = at + 1 == to && self.cues(&command[at], Cue::Afterwards);
                (ends && !is_after_a_release)
                    || promised
                    || (self.cues(&command[at], Cue::Later)
                        && !at
                            .checked_sub(1)
                            .is_some_and(|before| self.cues(&command[before], Cue::Morning)))
                    || (self.cues(&command[at], Cue::Next)
                        && next.is_some_and(|tag| {
                            matches!(tag.meaning, Meaning::Unit(_) | Meaning::Days(_))
                                || self.cues(tag, Cue::Span)
                        }))
            })
    }
}
