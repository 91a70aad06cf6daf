//! The grammar: which demands a sentence makes. Each file has the demands of one sort; all look at
//! the meaning of words and at where they stand, never at a text as a whole.

mod change;
mod people;
mod proof;
pub(super) mod timing;

use super::demand::Demand;
use super::meaning::{Meaning, Word};
use super::sentence::Sentence;

/// Every demand of a sentence that demands something at all.
pub(super) fn demands(sentence: &Sentence) -> Vec<Demand> {
    let mut found = timing::demands(sentence);
    found.extend(people::demands(sentence));
    found.extend(proof::demands(sentence));
    found.extend(change::demands(sentence));
    // "Hotfixes may skip the review" excepts as "unless it is a hotfix" does.
    let exempts = sentence.owns(Word::May) && sentence.owns(Word::Skip) && !sentence.has(Word::Not);
    if found.is_empty() && (sentence.owns(Word::Unless) || exempts) && names_emergency(sentence) {
        found.push(Demand::Exception);
    }
    found.sort();
    found.dedup();
    found
}

pub(super) fn names_emergency(sentence: &Sentence) -> bool {
    sentence.has_any(&[Word::Emergency, Word::Critical])
}

/// Whether the sentence wants what stands at this place, rather than forbids it: an even number of
/// "not", "without" and "skip" reach it. "Never deploy without a backup" wants the backup.
fn wants(sentence: &Sentence, at: usize) -> bool {
    let tags = &sentence.tags;
    let left = tags[..at]
        .iter()
        .rposition(super::sentence::Tag::ends_clause)
        .map_or(0, |index| index + 1);
    let right = tags[at..]
        .iter()
        .skip(1)
        .position(super::sentence::Tag::ends_clause)
        .map_or(tags.len(), |index| at + 1 + index);
    let denies = |index: &usize| match tags[*index].meaning {
        Meaning::Word(Word::Not | Word::Without | Word::Stop) => true,
        // "may bypass the freeze with an approval" skips the freeze.
        Meaning::Word(Word::Skip) => *index < at && at - *index <= 3,
        _ => false,
    };
    let denials = (left..right).filter(denies).count();
    // "No backup, no deploy": both halves of the saying deny.
    let saying = denials == 1
        && (right..tags.len()).filter(denies).count() == 1
        && tags
            .get(right)
            .is_some_and(|tag| tag.meaning == Meaning::Mark(','));
    // "Not when nobody is there": the condition of a prohibition is denied once more.
    let conditional = left
        .checked_sub(1)
        .is_some_and(|boundary| tags[boundary].is(Word::If));
    let all = (0..right).filter(denies).count();
    denials.is_multiple_of(2) || saying || (conditional && all.is_multiple_of(2))
}

/// The first own tag of one of these words that the sentence wants.
fn wanted(sentence: &Sentence, words: &[Word]) -> Option<usize> {
    (sentence.own..sentence.tags.len())
        .find(|at| words.iter().any(|word| sentence.tags[*at].is(*word)) && wants(sentence, *at))
}

/// The number that counts what stands at this place: "two approvals", "at least 2 more people".
fn count_before(sentence: &Sentence, at: usize) -> Option<u32> {
    sentence.tags[..at]
        .iter()
        .rev()
        .take(4)
        .find_map(|tag| match tag.meaning {
            Meaning::Number(number) => Some(number),
            _ => None,
        })
}

/// A length of time in minutes, among the sentence's own words: "for at least 30 minutes".
fn duration(sentence: &Sentence) -> Option<u32> {
    let own = sentence.own();
    own.iter().enumerate().find_map(|(at, tag)| {
        let Meaning::Unit(minutes) = tag.meaning else {
            return None;
        };
        let before = own[..at]
            .iter()
            .rev()
            .take(2)
            .find_map(|tag| match tag.meaning {
                Meaning::Number(number) => Some(number),
                _ => None,
            });
        let count = before.or_else(|| {
            let article = own.get(at.checked_sub(1)?)?;
            ["a", "an", "per"]
                .contains(&article.first.as_str())
                .then_some(1)
        })?;
        count.checked_mul(minutes)
    })
}
