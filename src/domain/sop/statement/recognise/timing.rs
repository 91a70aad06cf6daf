//! When something may go out: windows, freezes, and what lasts.

use super::super::demand::{Demand, Lasting};
use super::super::meaning::{Meaning, Word};
use super::super::season::stretches;
use super::super::sentence::{Sentence, Tag};
use super::super::window::{Reach, Window, reach, windows};
use super::names_emergency;

/// What the times are about; without one of these, opening hours would be rules.
const SUBJECT: [Word; 8] = [
    Word::Deploy,
    Word::Change,
    Word::Freeze,
    Word::Window,
    Word::Migration,
    Word::Stop,
    Word::Rollback,
    Word::Emergency,
];

pub(super) fn demands(sentence: &Sentence) -> Vec<Demand> {
    if !sentence.is_about(&SUBJECT) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let forbids = forbids(sentence);
    let own = after_freeze(sentence, before_exception(sentence));
    let times = windows(own);
    let seasons = stretches(own);
    if !seasons.is_empty() && forbids {
        found.push(Demand::Freeze(seasons));
    }
    let conditional = !forbids && is_condition(sentence);
    if !times.listed.is_empty() && !is_about_people(sentence) && !conditional {
        let allowed = match (forbids, times.outside) {
            (true, outside) => Some(outside),
            (false, true) => None,
            (false, false) => permits(sentence, &times.listed).then_some(true),
        };
        if let Some(allowed) = allowed {
            let listed = times.listed;
            found.push(Demand::Window { listed, allowed });
        }
    }
    if forbids
        && found
            .iter()
            .all(|demand| !matches!(demand, Demand::Freeze(_)))
    {
        found.extend(lasting(sentence).map(Demand::NotDuring));
    }
    found
}

/// What follows "unless" is no time of the rule itself.
fn before_exception(sentence: &Sentence) -> &[Tag] {
    let own = sentence.own();
    match own.iter().position(|tag| tag.is(Word::Unless)) {
        Some(0) | None => own,
        Some(at) => &own[..at],
    }
}

/// "Deploys on Friday with a freeze on Monday": what stands behind the freeze is frozen, where
/// something stands there.
fn after_freeze<'a>(sentence: &Sentence, own: &'a [Tag]) -> &'a [Tag] {
    let denies = sentence.has_any(&[Word::Not, Word::Stop]);
    let Some(at) = own
        .iter()
        .position(|tag| tag.is(Word::Freeze))
        .filter(|_| !denies)
    else {
        return own;
    };
    let (before, behind) = own.split_at(at);
    let deploys = before.iter().any(|tag| tag.is(Word::Deploy));
    match deploys && !windows(behind).listed.is_empty() {
        true => behind,
        false => own,
    }
}

fn forbids(sentence: &Sentence) -> bool {
    let unless = sentence.tags.iter().position(|tag| tag.is(Word::Unless));
    let before = &sentence.tags[..unless.unwrap_or(sentence.tags.len())];
    let denies = |word: Word| before.iter().any(|tag| tag.is(word));
    if denies(Word::Not) || denies(Word::Stop) || sentence.has(Word::Stop) {
        return true;
    }
    // "Friday releases only in emergencies"
    let only_emergency = sentence.has(Word::Only) && names_emergency(sentence);
    // A heading "Freeze" over a list of dates forbids them; "freeze ends" does not.
    let frozen = sentence.is_about(&[Word::Freeze]) && !sentence.has_any(&[Word::May, Word::Only]);
    only_emergency || frozen
}

/// "Deploy between nine and five", "releases go out on Tuesdays": times outside are not meant.
/// "Fridays are fine" permits and forbids nothing.
fn permits(sentence: &Sentence, listed: &[Window]) -> bool {
    let restricts = sentence.has_any(&[
        Word::Only,
        Word::Must,
        Word::Should,
        Word::Window,
        Word::Between,
        Word::During,
    ]) || sentence.above.contains(&Meaning::Word(Word::Window));
    let is_wide = listed
        .iter()
        .any(|window| window.hours.is_some() || window.days.count_ones() > 1);
    let permission = sentence.has(Word::May) && !restricts;
    let is_condition = sentence.has(Word::If) || sentence.is_question();
    !is_condition && (restricts || (!permission || is_wide))
}

/// "Weekend deploys need an approval": the times say when something else is asked for.
pub(in super::super) fn is_condition(sentence: &Sentence) -> bool {
    sentence.owns_any(&[
        Word::Approve,
        Word::FourEyes,
        Word::OnCall,
        Word::Announce,
        Word::Ticket,
    ]) && sentence.owns_any(&[Word::Must, Word::Should, Word::Without, Word::If])
}

/// "On-call from 9 to 5" is about people.
fn is_about_people(sentence: &Sentence) -> bool {
    sentence.owns_any(&[Word::OnCall, Word::Present, Word::Announce, Word::Channel])
        && !sentence.owns_any(&[Word::Deploy, Word::Freeze, Word::Change])
}

fn lasting(sentence: &Sentence) -> Option<Lasting> {
    let owns = |words: &[Word]| sentence.owns_any(words);
    // What is excepted counts only where the rule itself names no holiday.
    if let Some(lasting) = holidays(before_exception(sentence)).or_else(|| holidays(sentence.own()))
    {
        Some(lasting)
    } else if owns(&[Word::Peak]) {
        Some(Lasting::Peak)
    } else if owns(&[Word::Incident]) || (owns(&[Word::Emergency]) && sentence.owns(Word::During)) {
        Some(Lasting::Incident)
    } else {
        let freeze = owns(&[Word::Freeze]) && sentence.has_any(&[Word::Deploy, Word::Change]);
        let dated =
            !windows(sentence.own()).listed.is_empty() || !stretches(sentence.own()).is_empty();
        (freeze && !dated && sentence.has_any(&[Word::During, Word::Not, Word::Must]))
            .then_some(Lasting::CodeFreeze)
    }
}

/// The days that any of the words for a holiday reaches: "on holidays and before bank holidays".
fn holidays(own: &[Tag]) -> Option<Lasting> {
    let reached = own
        .iter()
        .enumerate()
        .filter(|(_, tag)| tag.is(Word::Holiday))
        .map(|(at, _)| match reach(own, at) {
            Reach::Itself => Lasting::Holiday,
            Reach::DayBefore => Lasting::HolidayEve,
            Reach::Both => Lasting::HolidayOrEve,
        });
    reached.reduce(|one, other| match one == other {
        true => one,
        false => Lasting::HolidayOrEve,
    })
}
