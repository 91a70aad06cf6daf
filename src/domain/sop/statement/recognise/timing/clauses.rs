//! The parts of a sentence about times: what is allowed, what is banned, what is excepted, and what
//! is banned only without something.

use super::super::super::definition::Particle;
use super::super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::super::season::stretches;
use super::super::super::sentence::{Sentence, Tag};
use super::super::super::token::is_wide;
use super::super::super::window::{Windows, windows};
use super::timetable::is_closed;

/// What follows "unless" is no time of the rule itself.
pub(super) fn before_exception(sentence: &Sentence) -> &[Tag] {
    if sentence.is_exception() {
        return sentence.own();
    }
    let (rule, _) = sentence.parts();
    // What leads the sentence in stands before its own words.
    let first = sentence.own().first().map_or(0, |tag| tag.start);
    let leading = rule.len().min(sentence.own);
    match rule.first().is_some_and(|tag| tag.start > first) || leading == 0 {
        true => rule,
        false => &rule[leading..],
    }
}

/// "Deploys on Friday with a freeze on Monday": what stands behind the freeze is frozen, where
/// something stands there.
pub(super) fn after_freeze<'a>(sentence: &Sentence, own: &'a [Tag]) -> &'a [Tag] {
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

/// What a sentence says of times on both sides of a comma.
pub(super) struct Halves<'a> {
    pub allowed: &'a [Tag],
    /// The times that are not said to be allowed.
    pub rest: &'a [Tag],
    /// Nobody can say what the one half has to do with the other.
    pub doubtful: bool,
}

/// "Deploys run from nine to five, never on Fridays": what is allowed, and what is banned behind the
/// comma. Only the plainest of sentences allows anything: of others only the ban is understood.
pub(super) fn halves(own: &[Tag]) -> Halves<'_> {
    let whole = Halves {
        allowed: &[],
        rest: own,
        doubtful: false,
    };
    let Some((before, behind)) = turn(own) else {
        return Halves {
            doubtful: is_cut(own),
            ..whole
        };
    };
    let (allowed, banned) = (windows(before), windows(behind));
    let is_dated = !stretches(behind).is_empty()
        || behind
            .iter()
            .any(|tag| tag.is(Word::Holiday) || tag.is(Word::HolidayEve));
    if banned.listed.is_empty() && !is_dated {
        // "Before lunch, not after": after what? "Friday is a bad day, never deploy then" is clear.
        let limits = |tag: &Tag| tag.is(Word::After) || tag.is(Word::Before) || tag.is(Word::Until);
        let vague = behind.iter().any(limits) && behind.iter().all(is_of_time);
        return Halves {
            doubtful: vague && !allowed.listed.is_empty(),
            ..whole
        };
    }
    // "In December, no deploys after 15:00": the ban is of those days alone.
    if !stretches(before).is_empty() {
        return Halves {
            doubtful: true,
            ..whole
        };
    }
    // "Fridays, never after 15:00": the first half says on which days.
    let has_subject = before.iter().any(|tag| is_subject(tag) || is_plain(tag));
    let only_hours = days(&banned) == 0 && !is_dated;
    let only_days = days(&allowed) != 0 && allowed.listed.iter().all(|one| one.hours.is_none());
    let says_when = only_hours && only_days && !is_permission(before);
    // "After 15:00, never on Fridays"
    let is_open = !allowed.listed.iter().all(is_closed) && days(&allowed) == 0;
    if says_when || (!has_subject && is_open && !allowed.listed.is_empty()) {
        return whole;
    }
    let plain = before.iter().all(|tag| {
        let ends = [
            Word::Not,
            Word::Peak,
            Word::Holiday,
            Word::HolidayEve,
            Word::After,
        ];
        let of_time = is_of_time(tag) && !ends.iter().any(|word| tag.is(*word));
        of_time || is_subject(tag) || is_plain(tag)
    });
    let is_allowed = allowed
        .listed
        .iter()
        .all(|window| is_closed(window) || (window.hours.is_none() && window.days != 0));
    // Where nothing is left to be allowed it was no permission.
    let contradicts = days(&allowed) != 0 && days(&allowed) & !days(&banned) == 0;
    let is_sure = !allowed.doubtful && !allowed.narrow;
    let permits = plain && is_allowed && !contradicts && is_sure;
    Halves {
        allowed: if permits { before } else { &[] },
        rest: behind,
        // "No approval is needed on Tuesdays" bans nothing.
        doubtful: asks(behind),
    }
}

fn days(windows: &Windows) -> u8 {
    windows.listed.iter().fold(0, |days, one| days | one.days)
}

fn is_subject(tag: &Tag) -> bool {
    tag.is(Word::Deploy)
        || tag.is(Word::Change)
        || tag.is(Word::Window)
        || tag.meaning == Meaning::Place(PlaceWord::Production)
}

fn is_plain(tag: &Tag) -> bool {
    tag.does(Particle::Plain)
        && matches!(
            tag.meaning,
            Meaning::Other | Meaning::Word(Word::May | Word::Done | Word::Window)
        )
}

/// "We deploy on Tuesdays", and not "at weekends".
fn is_permission(before: &[Tag]) -> bool {
    before.iter().any(is_subject)
}

fn denies(tag: &Tag) -> bool {
    tag.is(Word::Not) || tag.is(Word::Stop)
}

/// Asks for something else than a time.
pub(super) fn asks(tags: &[Tag]) -> bool {
    tags.iter().any(|tag| {
        matches!(
            tag.meaning,
            Meaning::Word(
                Word::Approve
                    | Word::FourEyes
                    | Word::Review
                    | Word::Announce
                    | Word::Ticket
                    | Word::Must
                    | Word::Test
                    | Word::Backup
            )
        )
    })
}

/// How many small words lead in the denial that stands here: "and also never". "Los fines de semana"
/// begins with one, and is none.
fn led_in(own: &[Tag], at: usize) -> usize {
    let small = |tag: &&Tag| tag.does(Particle::And) || tag.does(Particle::But) || is_plain(tag);
    own[..at].iter().rev().take(2).take_while(small).count()
}

/// "From 12:00 to 14:00 and never on Fridays": what of the times before "and", nothing says.
fn is_cut(own: &[Tag]) -> bool {
    let Some(at) = own.iter().position(denies) else {
        return false;
    };
    let led = led_in(own, at);
    let (before, lead) = own[..at].split_at(at - led);
    let says = |tag: &Tag| is_subject(tag) || is_plain(tag) || tag.is(Word::Only);
    let marked = matches!(before.last(), Some(tag) if matches!(tag.meaning, Meaning::Mark(_)));
    lead.iter().any(|tag| tag.does(Particle::And))
        && !marked
        && !before.iter().any(says)
        && !windows(before).listed.is_empty()
}

/// Both sides of the comma, bracket or conjunction that a ban begins behind, where nothing is banned
/// before it.
fn turn(own: &[Tag]) -> Option<(&[Tag], &[Tag])> {
    let at = own.iter().position(denies)?;
    let led = led_in(own, at);
    let joins = |tag: &Tag| tag.does(Particle::And) || tag.does(Particle::But);
    let conjunction = own[at - led..at].iter().any(joins) && !is_cut(own);
    let mark = |tag: &Tag| matches!(tag.meaning, Meaning::Mark(',' | ';' | '('));
    let marked = own[..at - led].last().is_some_and(mark);
    let turn = match (marked, conjunction) {
        (true, _) => at - led - 1,
        (false, true) => at - led,
        // "Monday to Thursday is fine, Fridays are forbidden": the times stand before the ban.
        (false, false) => own[..at].iter().rposition(mark).filter(|comma| {
            let (before, behind) = own.split_at(*comma);
            let says = |tag: &Tag| tag.is(Word::May) || tag.is(Word::Only);
            let permits = before.iter().any(|tag| says(tag) || tag.is(Word::Deploy));
            let small = |tag: &&Tag| tag.does(Particle::On) || tag.does(Particle::Article);
            let first = behind.iter().skip(1).find(|tag| !small(tag));
            let first = first.is_some_and(|tag| matches!(tag.meaning, Meaning::Days(_)));
            let is_list = !before.iter().any(says)
                && !behind.iter().any(|tag| tag.is(Word::Deploy))
                && !behind.iter().any(|tag| tag.first.starts_with(is_wide));
            permits && first && !is_list && !before.iter().any(mark)
        })?,
    };
    let (before, behind) = own.split_at(turn);
    let frozen = before.iter().any(|tag| tag.is(Word::Freeze));
    let conditional = before.first().is_some_and(|tag| tag.is(Word::If));
    (turn > 0 && !frozen && !conditional).then_some((before, behind))
}

/// "Except on Tuesdays": what is excepted, where it is nothing but times.
pub(in super::super::super) fn excepted(sentence: &Sentence) -> Option<Excepted> {
    let (_, excepted) = sentence.parts();
    let is_named = |tag: &Tag| is_of_time(tag) || tag.is(Word::Unless);
    if sentence.is_exception() || !excepted.iter().all(is_named) {
        return None;
    }
    let times = excepted;
    let holidays = times
        .iter()
        .any(|tag| tag.is(Word::Holiday) || tag.is(Word::HolidayEve));
    let peak = times.iter().any(|tag| tag.is(Word::Peak));
    let mut found = windows(times);
    // Which of both "and" means there is not known.
    found.doubtful |= found.split || found.guessed || found.narrow;
    let named = !found.listed.is_empty() || holidays;
    (named && !peak).then_some(Excepted {
        windows: found,
        holidays,
    })
}

pub(in super::super::super) struct Excepted {
    pub windows: Windows,
    pub holidays: bool,
}

/// "No deploys on Fridays without a backup": only what has none is banned then. "On Fridays or
/// without a backup" bans both.
pub(in super::super::super) fn bans_what_lacks(sentence: &Sentence) -> bool {
    let own = sentence.own();
    let Some(without) = own.iter().position(|tag| tag.is(Word::Without)) else {
        return false;
    };
    let added = |at: usize| at.checked_sub(1).is_some_and(|before| own[before].joins());
    let Some(not) = own.iter().position(denies) else {
        return false;
    };
    // "Never on Fridays, and never without a backup"
    let anew = own.iter().enumerate().skip(not + 1).any(|(at, tag)| {
        let marked = matches!(own[at - 1].meaning, Meaning::Mark(',' | ';' | '('));
        denies(tag) && at > not + 1 && (added(at) || marked) && without > not
    });
    !added(without) && !anew
}

pub(super) fn is_of_time(tag: &Tag) -> bool {
    let small = [
        Particle::Filler,
        Particle::Zone,
        Particle::About,
        Particle::Latest,
    ]
    .iter()
    .any(|particle| tag.does(*particle));
    match tag.meaning {
        Meaning::Days(_)
        | Meaning::Hours(_)
        | Meaning::Clock(_)
        | Meaning::Number(_)
        | Meaning::Mark(_) => true,
        Meaning::Word(word) => matches!(
            word,
            Word::Not
                | Word::Only
                | Word::After
                | Word::Before
                | Word::Until
                | Word::To
                | Word::From
                | Word::At
                | Word::During
                | Word::Between
                | Word::Peak
                | Word::Holiday
                | Word::HolidayEve
        ),
        Meaning::Other | Meaning::Unit(60) => small,
        _ => false,
    }
}
