//! Which days the words for days are about: "the day before a holiday", "before weekends".

use super::super::definition::Particle;
use super::super::meaning::{Meaning, Word};
use super::super::sentence::Tag;
use super::super::token::Glue;
use super::WEEKEND;

/// Which days a word for days is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reach {
    Itself,
    DayBefore,
    /// "on or before a holiday"
    Both,
}

/// "the day before a holiday or weekend", "before weekends": whether the day before what stands
/// here is meant, too or alone. "Before Friday" is another time, and lasts longer.
pub(in super::super) fn reach(tags: &[Tag], at: usize) -> Reach {
    let (on, before) = leads(tags, at);
    let many = match tags[at].meaning {
        Meaning::Days(days) => days.count_ones() > 1 || is_before_weekend(&tags[at]),
        _ => true,
    };
    match (on && many, before && many) {
        (true, true) => Reach::Both,
        (false, true) => Reach::DayBefore,
        _ if follows_day_before(tags, at, many) => Reach::Both,
        _ => Reach::Itself,
    }
}

/// Whether "on" and "before" lead in what stands here. Of two that no conjunction joins the nearer
/// one counts: "on the day before a holiday" is not on it.
fn leads(tags: &[Tag], at: usize) -> (bool, bool) {
    let mut on = false;
    let mut before = is_before_weekend(&tags[at]);
    let mut joined = false;
    for tag in tags[..at].iter().rev() {
        let led = on || before;
        let is_before = tag.is(Word::Before);
        let is_on = is_on(tag, led);
        if is_before || is_on {
            if !led || joined {
                before |= is_before;
                on |= is_on;
            }
            // "on/before a holiday"
            joined = tag.glue == Glue::Slash;
        } else if joins_days(tag) {
            joined |= led;
        } else if !led && is_before_weekend(tag) {
            // "before weekends or holidays"
            before = true;
        } else if !(is_small(tag) || is_day(tag) || (!led && is_name(tag))) {
            break;
        }
    }
    (on, before)
}

/// "on holidays or the day before", "on weekends and before"
fn follows_day_before(tags: &[Tag], at: usize, many: bool) -> bool {
    let mut joined = false;
    let mut day = false;
    let mut rest = tags[at + 1..].iter();
    while let Some(tag) = rest.next() {
        if tag.is(Word::Before) {
            let next = rest.clone().find(|tag| !is_small(tag));
            let of_another = next.is_some_and(is_name);
            let ends = next.is_none_or(|tag| {
                is_day(tag)
                    || joins_days(tag)
                    || matches!(
                        tag.meaning,
                        Meaning::Mark(_) | Meaning::Word(Word::Unless | Word::If)
                    )
                    || ["it", "them", "one", "that", "those", "these"].contains(&tag.first.as_str())
            });
            // "on holidays or before nine" names an hour; a day that is said is one.
            return joined && !of_another && (day || (ends && many));
        }
        if joins_days(tag) {
            joined = true;
        } else if is_day(tag) {
            day = true;
        } else if !(is_small(tag) || is_name(tag) || is_on(tag, true)) {
            return false;
        }
    }
    false
}

fn is_name(tag: &Tag) -> bool {
    matches!(tag.meaning, Meaning::Days(_)) || tag.is(Word::Holiday)
}

/// "before the weekend" is one phrase, which means the Friday.
fn is_before_weekend(tag: &Tag) -> bool {
    matches!(tag.meaning, Meaning::Days(_)) && matches!(tag.first.as_str(), "before" | "day")
}

pub(super) fn joins_days(tag: &Tag) -> bool {
    tag.joins() || matches!(tag.meaning, Meaning::Mark(',' | '/' | '&' | '\u{3001}'))
}

/// "Public" alone is small, and "public holiday" is a name.
pub(in super::super) fn is_small(tag: &Tag) -> bool {
    tag.does(Particle::Article) && !is_name(tag) && !matches!(tag.meaning, Meaning::Word(_))
}

/// "on the day of or before a holiday"
fn is_day(tag: &Tag) -> bool {
    const DAY: u32 = 24 * 60;
    let word = ["of", "either", "both", "also"].contains(&tag.first.as_str());
    (word || tag.meaning == Meaning::Unit(DAY)) && !is_name(tag)
}

/// What is an article, too, as the German "an" is in English, counts only beside another such word.
/// "After" is no fact, and the day itself is nearest to it.
pub(super) fn is_on(tag: &Tag, beside: bool) -> bool {
    let on = tag.does(Particle::On) && (beside || !tag.does(Particle::Article));
    tag.is(Word::During) || tag.is(Word::At) || tag.is(Word::After) || on
}

/// Of each day the one before it, where that is not among them: of a weekend the Friday.
fn days_before(days: u8) -> u8 {
    let shifted = (days >> 1) | ((days & 1) << 6);
    shifted & !days
}

/// The days that are meant where these are named.
pub(super) fn reached(tags: &[Tag], at: usize, days: u8) -> u8 {
    // The phrase "before the weekend" is a Friday already; it stands for the weekend behind it.
    match (reach(tags, at), is_before_weekend(&tags[at])) {
        (Reach::Both, true) => days | WEEKEND,
        (Reach::Both, false) => days | days_before(days),
        (Reach::DayBefore, false) => days_before(days),
        (Reach::DayBefore, true) | (Reach::Itself, _) => days,
    }
}
