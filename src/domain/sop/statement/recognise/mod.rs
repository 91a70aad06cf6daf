//! The grammar: which demands a sentence makes. Each file has the demands of one sort; all look at
//! the meaning of words and at where they stand, never at a text as a whole.

mod change;
mod people;
mod proof;
pub(super) mod timing;
mod topic;

pub(super) use change::{removes, versions_kept};

use super::demand::Demand;
use super::meaning::{Meaning, Word};
use super::measure::durations;
use super::sentence::{Sentence, Tag};

/// Every demand of a sentence that demands something at all.
pub(super) fn demands(sentence: &Sentence) -> Vec<Demand> {
    let mut found = timing::demands(sentence);
    found.extend(people::demands(sentence));
    found.extend(proof::demands(sentence));
    found.extend(change::demands(sentence));
    // "No deploys on Fridays unless somebody is on call" asks for that person then.
    let asks = |demand: &Demand| {
        !matches!(
            demand,
            Demand::Window { .. } | Demand::Freeze(_) | Demand::NotDuring(_)
        )
    };
    if timing::lets_through(sentence) && found.iter().any(asks) {
        found.retain(asks);
    }
    // "Hotfixes may skip the review" excepts as "unless it is a hotfix" does.
    let exempts = sentence.owns(Word::May) && sentence.owns(Word::Skip) && !sentence.has(Word::Not);
    if found.is_empty() && (sentence.owns(Word::Unless) || exempts) && names_emergency(sentence) {
        found.push(Demand::Exception);
    }
    if found.is_empty() {
        found.extend(topic::demand(sentence));
    }
    // What is asked for at times that are not understood would be asked for always.
    found.retain(|demand| timing::is_certain(sentence, demand));
    found.sort();
    found.dedup();
    found
}

pub(super) fn names_emergency(sentence: &Sentence) -> bool {
    sentence.has_any(&[Word::Emergency, Word::Critical, Word::Severity])
}

/// Whether the sentence wants what stands at this place, rather than forbids it: an even number of
/// "not", "without" and "skip" reach it. "Never deploy without a backup" wants the backup.
pub(super) fn wants(sentence: &Sentence, at: usize) -> bool {
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
        Meaning::Word(Word::Not | Word::Stop) => true,
        // "Roll back without asking" wants to go back.
        Meaning::Word(Word::Without) => *index < at,
        // "may bypass the freeze with an approval" skips the freeze.
        Meaning::Word(Word::Skip) if *index < at => at - *index <= 3,
        // "The tests are never skipped"
        Meaning::Word(Word::Skip) if *index > at => {
            *index - at <= 4 && tags[*index - 1].is(Word::Not)
        }
        _ => false,
    };
    // "Unreviewed code is not released" wants the review.
    let denials = (left..right).filter(denies).count() + usize::from(denies_itself(&tags[at]));
    // "Never deploy during the fair without a permit" wants the permit.
    let without = (left..at).any(|index| tags[index].is(Word::Without));
    let sentence_denies = tags[..left]
        .iter()
        .rev()
        .take_while(|tag| !matches!(tag.meaning, Meaning::Mark(_)))
        .any(|tag| tag.is(Word::Not) || tag.is(Word::Stop));
    let denials = denials + usize::from(denials == 1 && without && sentence_denies);
    // "Not allowed: refactorings, upgrades" bans all that is listed.
    let denials = denials + usize::from(is_banned(tags, left));
    // "No backup, no deploy": both halves of the saying deny.
    let saying = denials == 1
        && (right..tags.len()).filter(denies).count() == 1
        && tags
            .get(right)
            .is_some_and(|tag| matches!(tag.meaning, Meaning::Mark(',' | '=' | '\u{2192}')));
    // "Not when nobody is there": the condition of a prohibition is denied once more.
    let conditional = left
        .checked_sub(1)
        .is_some_and(|boundary| tags[boundary].is(Word::If));
    let all = (0..right).filter(denies).count();
    denials.is_multiple_of(2) || saying || (conditional && all.is_multiple_of(2))
}

/// Whether a ban with a colon leads everything in that stands behind `left`.
fn is_banned(tags: &[Tag], left: usize) -> bool {
    let colon = |tag: &Tag| tag.meaning == Meaning::Mark(':');
    let Some(colon) = tags.iter().take(5).position(colon) else {
        return false;
    };
    let label = tags.get(..colon).unwrap_or_default();
    let bans = |tag: &Tag| tag.is(Word::Not);
    let others = label
        .iter()
        .filter(|tag| !bans(tag) && !matches!(tag.meaning, Meaning::Mark(_)));
    left > colon && label.iter().any(bans) && others.count() == 0
}

/// "Unsigned" is a word for what is not wanted, as "laptop" is.
fn denies_itself(tag: &Tag) -> bool {
    says_no(tag) && !tag.is(Word::Unproven)
}

/// "unsigned", "unannounced"
pub(in super::super) fn says_no(tag: &Tag) -> bool {
    if tag.first.starts_with("silent") {
        return true;
    }
    // Not every "un": "undo" and "untouched" deny nothing.
    const DENIALS: [&str; 26] = [
        "unaccompanied",
        "unannounced",
        "unapproved",
        "unattended",
        "unavailable",
        "unaware",
        "unbacked",
        "uncommitted",
        "undeployed",
        "undocumented",
        "unhealthy",
        "unmerged",
        "unmonitored",
        "unpatched",
        "unpinned",
        "unplanned",
        "unreviewed",
        "unscanned",
        "unsigned",
        "unstaffed",
        "untagged",
        "untested",
        "untrusted",
        "unverified",
        "unversioned",
        "unsigniert",
    ];
    DENIALS.iter().any(|word| tag.first.starts_with(word))
}

/// The first own tag of one of these words that the sentence wants.
fn wanted(sentence: &Sentence, words: &[Word]) -> Option<usize> {
    (sentence.own..sentence.tags.len())
        .find(|at| words.iter().any(|word| sentence.tags[*at].is(*word)) && wants(sentence, *at))
}

/// The number that counts what stands at this place: "two approvals", "at least 2 more people".
fn count_before(sentence: &Sentence, at: usize) -> Option<u32> {
    let number = |index: usize| match sentence.tags.get(index)?.meaning {
        Meaning::Number(number) => Some(number),
        _ => None,
    };
    // "After 3 pm", "for 2 days", "5 %" count something else.
    let counts = |index: usize| {
        let next = sentence.tags.get(index + 1);
        !next.is_some_and(|tag| {
            matches!(tag.meaning, Meaning::Unit(_) | Meaning::Mark('%'))
                || ["am", "pm", "uhr", "h", "点", "时", "heures", "horas"]
                    .contains(&tag.first.as_str())
        })
    };
    // "Zwei Kollegen haben dem Release zugestimmt": who is counted stands farther off.
    let people = |index: usize| {
        let next = sentence.tags.get(index + 1);
        next.is_some_and(|tag| tag.is(Word::People))
    };
    let found = (at.saturating_sub(8)..at)
        .rev()
        .filter(|index| at - index <= 4 || people(*index))
        .find(|index| number(*index).is_some() && counts(*index))?;
    // "three of five"
    let of = found
        .checked_sub(2)
        .filter(|_| sentence.tags[found - 1].first == "of")
        .and_then(number);
    of.or_else(|| number(found))
}

/// "dev -> staging -> production": the places stand in their order, joined by arrows.
fn arrows(tags: &[Tag]) -> usize {
    let is = |tag: &Tag, mark: char| tag.meaning == Meaning::Mark(mark);
    tags.iter()
        .enumerate()
        .filter(|(at, tag)| {
            let behind = at.checked_sub(1).map(|before| &tags[before]);
            is(tag, '\u{2192}')
                || is(tag, '\u{21d2}')
                || (is(tag, '>') && behind.is_some_and(|tag| is(tag, '-') || is(tag, '=')))
        })
        .count()
}

/// A length of time in minutes, among the sentence's own words: "for at least 30 minutes".
fn duration(sentence: &Sentence) -> Option<u32> {
    durations(sentence.own())
        .first()
        .map(|measure| measure.value)
}
