//! Times of the year in a sentence: "the last two weeks of December", "20 Dec to 2 Jan", "month
//! end".

use super::definition::Particle;
use super::meaning::{Meaning, Season, Word};
use super::sentence::Tag;
use super::token::{Glue, is_wide};
use super::window::WORKDAYS;

/// A stretch of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stretch {
    /// Each year, both days included.
    Yearly(Season),
    /// Once; year, month and day as 20261224.
    Once { from: u32, to: u32 },
    /// The last days of each month.
    MonthEnd { days: u32 },
    /// The last days of March, June, September and December.
    QuarterEnd { days: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    year: Option<u32>,
    /// 1224
    day: u32,
    /// Where it ends in the sentence.
    until: usize,
    is_month: bool,
}

pub(super) fn stretches(tags: &[Tag]) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tags.len() {
        let (stretch, next) = stretch_at(tags, at);
        if let Some(stretch) =
            stretch.filter(|_| !is_led_by_before(tags, at) && !is_before(tags, next))
        {
            found.push(stretch);
            found.extend(days_beside(tags, at, next));
        }
        at = next.max(at + 1);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// "24 and 31 December", "until 6 January", "from 20 December": not all of the days that are meant are
/// among the stretches.
pub(super) fn is_unread(tags: &[Tag]) -> bool {
    let mut at = 0;
    while at < tags.len() {
        let (stretch, next) = stretch_at(tags, at);
        let next = next.max(at + 1);
        if stretch.is_some()
            && (is_open(tags, at, next)
                || is_among_days(tags, at, next) && days_beside(tags, at, next).is_none())
        {
            return true;
        }
        at = next;
    }
    false
}

/// "Until 6 January", "starting 20 December", "after 1 May": where it begins or ends is not said. One
/// that is named with its year lasts without an end.
fn is_open(tags: &[Tag], at: usize, next: usize) -> bool {
    let Some(one) = date(tags, at).filter(|one| one.until == next) else {
        return false;
    };
    let small = |tag: &&Tag| tag.does(Particle::Article) || tag.does(Particle::On);
    let led = tags[..at].iter().rev().take(3).find(|tag| !small(tag));
    let limits = |tag: &Tag| {
        tag.is(Word::Until) || tag.is(Word::From) || tag.is(Word::After) && !tag.is_phrase()
    };
    let goes_on = tags
        .get(next)
        .is_some_and(|tag| tag.does(Particle::Onwards));
    let lasts = one.year.is_some() && begins(tags, at);
    !lasts && (goes_on || led.is_some_and(limits))
}

/// "December 24 and 31", "24. und 31. Dezember": the other day, where there is but one.
fn days_beside(tags: &[Tag], at: usize, next: usize) -> Option<Stretch> {
    let one = date(tags, at).filter(|one| one.until == next && !one.is_month)?;
    if !is_among_days(tags, at, next) {
        return None;
    }
    let and = |index: Option<usize>| {
        index
            .and_then(|index| tags.get(index))
            .is_some_and(Tag::joins)
    };
    let pointed = |index: usize| {
        tags.get(index)
            .filter(|tag| tag.meaning == Meaning::Mark('.'))
    };
    let (led, followed) = (and(at.checked_sub(1)), and(Some(next)));
    let (number, beyond) = match (led, followed) {
        (true, false) => {
            let back = 2 + usize::from(at.checked_sub(2).and_then(pointed).is_some());
            let number = at.checked_sub(back)?;
            (number, number.checked_sub(1))
        }
        (false, true) => (next + 1, Some(next + 2)),
        _ => return None,
    };
    let Meaning::Number(day) = tags.get(number)?.meaning else {
        return None;
    };
    // "24, 28 and 31 December"
    let lists = beyond
        .and_then(|beyond| tags.get(beyond))
        .is_some_and(|tag| tag.joins() || connects_days(tag) || tag.meaning == Meaning::Mark(','));
    let month = one.day / 100;
    (!lists && is_day(month, day)).then(|| {
        let other = Date {
            day: month * 100 + day,
            ..one
        };
        single(other, false)
    })
}

/// "December 24 and 31", "24. und 31. Dezember": a number that is no date of its own.
fn is_among_days(tags: &[Tag], at: usize, next: usize) -> bool {
    let joins = |tag: &Tag| tag.joins() || tag.meaning == Meaning::Mark(',');
    let is_number = |tag: &Tag| {
        let in_digits = tag.first.starts_with(|c: char| c.is_ascii_digit());
        matches!(tag.meaning, Meaning::Number(1..=31)) && in_digits
    };
    let small = |tag: &&Tag| tag.meaning == Meaning::Mark('.') || tag.does(Particle::Ordinal);
    let named = |tags: &[Tag]| {
        tags.iter()
            .any(|tag| matches!(tag.meaning, Meaning::Month(_)))
    };
    if !named(&tags[at..next]) {
        return false;
    }
    let before = match &tags[..at] {
        [before @ .., join] if joins(join) => {
            before
                .iter()
                .rev()
                .find(|tag| !small(tag))
                .is_some_and(is_number)
                && !named(&tags[at.saturating_sub(4)..at])
        }
        _ => false,
    };
    // Where a year may follow, the comma is read with the date.
    let comma = |tag: &&Tag| tag.meaning == Meaning::Mark(',');
    let next = next - usize::from(tags[at..next].last().filter(comma).is_some());
    let behind = match tags.get(next..).unwrap_or_default() {
        [join, number, behind @ ..] if joins(join) && is_number(number) => {
            let is_date = date(tags, next + 1).is_some();
            let ends = behind.first().is_none_or(|tag| {
                joins(tag)
                    || tag.does(Particle::Ordinal)
                    || matches!(tag.meaning, Meaning::Mark('.' | ';' | ')'))
            });
            let counts = behind.first().is_some_and(|tag| {
                matches!(
                    tag.meaning,
                    Meaning::Unit(_) | Meaning::Word(_) | Meaning::Role(_)
                ) || matches!(tag.first.as_str(), "am" | "pm" | "uhr" | "h")
            });
            !is_date && (ends || join.joins() && !counts)
        }
        _ => false,
    };
    before || behind
}

/// Whether a number stands here that begins a date.
pub(super) fn is_date(tags: &[Tag], at: usize) -> bool {
    matches!(tags[at].meaning, Meaning::Number(_))
        && (dotted(tags, at).is_some() || date(tags, at).is_some())
}

/// "In the week before Christmas", "before 24 December": another time than what is named.
fn is_led_by_before(tags: &[Tag], at: usize) -> bool {
    let mut before = tags[..at]
        .iter()
        .rev()
        .skip_while(|tag| tag.does(Particle::Article));
    let led = before.next().is_some_and(|tag| tag.is(Word::Before));
    // "A freeze begins two weeks before Christmas", and lasts over it.
    let freezes = tags.iter().any(|tag| tag.is(Word::Freeze));
    // "On or before 24 December"
    led && !freezes && !before.next().is_some_and(Tag::joins)
}

/// "十二月二十四日之前"
fn is_before(tags: &[Tag], next: usize) -> bool {
    tags.get(next)
        .is_some_and(|tag| tag.first.starts_with(is_wide) && tag.is(Word::Before))
}

fn stretch_at(tags: &[Tag], at: usize) -> (Option<Stretch>, usize) {
    match &tags[at].meaning {
        Meaning::Season(season) => (Some(Stretch::Yearly(*season)), at + 1),
        Meaning::Word(Word::MonthEnd) => (Some(Stretch::MonthEnd { days: 1 }), at + 1),
        Meaning::Word(Word::QuarterEnd) => (Some(Stretch::QuarterEnd { days: 3 }), at + 1),
        Meaning::Word(Word::Last | Word::First) => part_of_month(tags, at),
        Meaning::Number(day) if days_of_month(tags, at).is_some() => {
            // "from 28 to 31 December": the month is named once.
            let to = days_of_month(tags, at);
            let from = |to: &Date| Date {
                day: to.day / 100 * 100 + day,
                ..*to
            };
            (
                to.map(|to| between(from(&to), to)),
                to.map_or(at + 1, |to| to.until),
            )
        }
        _ => match date(tags, at) {
            Some(from) => match end_of_range(tags, from.until) {
                Some(to) => (Some(between(from, to)), to.until),
                None => (Some(single(from, begins(tags, at))), from.until),
            },
            None => (None, at + 1),
        },
    }
}

/// "last two weeks of December", "last 3 days of the month", "first week of January"
fn part_of_month(tags: &[Tag], at: usize) -> (Option<Stretch>, usize) {
    let is_last = tags[at].is(Word::Last);
    // "The last week of" is a phrase, for "last week" tells of the past.
    let weeks = ["week", "semana", "semaine"];
    let mut words = tags[at].rest.iter();
    let phrase = words
        .any(|word| weeks.contains(&word.as_str()))
        .then_some(7);
    let (mut count, mut days, mut until) = (1, phrase, at + 1);
    for (index, tag) in tags.iter().enumerate().skip(at + 1).take(6) {
        match tag.meaning {
            Meaning::Number(number) if days.is_none() => count = number.min(60),
            // The last working days are among the last days; the last Friday may be none of these.
            Meaning::Days(named) if named == WORKDAYS && days.is_none() => days = Some(1),
            Meaning::Unit(minutes) if days.is_none() => days = Some((minutes / (24 * 60)).max(1)),
            // "The last week of the year"
            Meaning::Unit(minutes) if minutes >= 360 * 24 * 60 => {
                let length = last_day(12);
                let days = (days.unwrap_or(1) * count).max(1);
                let season = Season {
                    from: 1200 + length + 1 - days.min(length),
                    to: 1200 + length,
                };
                let stretch = (is_last && days <= length).then_some(Stretch::Yearly(season));
                return (stretch, index + 1);
            }
            Meaning::Unit(_) | Meaning::Word(Word::Ticket) => {
                until = index + 1;
                let days = days.unwrap_or(1) * count;
                let stretch = is_last.then_some(Stretch::MonthEnd { days });
                return (stretch, until);
            }
            Meaning::Month(month) => {
                until = index + 1;
                let length = last_day(month);
                let days = (days.unwrap_or(7) * count).clamp(1, length);
                let season = match is_last {
                    true => Season {
                        from: month * 100 + length - days + 1,
                        to: month * 100 + length,
                    },
                    false => Season {
                        from: month * 100 + 1,
                        to: month * 100 + days,
                    },
                };
                return (Some(Stretch::Yearly(season)), until);
            }
            Meaning::Other if tag.first == "quarter" => {
                // "The last quarter" is another length of time.
                let days = days.map(|days| days * count).filter(|_| is_last);
                return (days.map(|days| Stretch::QuarterEnd { days }), index + 1);
            }
            Meaning::Other | Meaning::Number(_) => {}
            _ => break,
        }
    }
    (None, until)
}

fn date(tags: &[Tag], at: usize) -> Option<Date> {
    let number = |index: usize| match tags.get(index)?.meaning {
        Meaning::Number(number) => Some(number),
        _ => None,
    };
    let glued = |index: usize| tags.get(index).is_some_and(|tag| tag.glue == Glue::Hyphen);
    match tags[at].meaning {
        // 2026-12-24
        Meaning::Number(year) if (2000..3000).contains(&year) && glued(at + 1) && glued(at + 2) => {
            let (month, day) = (number(at + 1)?, number(at + 2)?);
            is_day(month, day).then_some(Date {
                year: Some(year),
                day: month * 100 + day,
                until: at + 3,
                is_month: false,
            })
        }
        // 24.12., 24.12.2026
        Meaning::Number(day) if dotted(tags, at).is_some() => {
            let (month, year) = dotted(tags, at)?;
            is_day(month, day).then_some(Date {
                year,
                day: month * 100 + day,
                until: at + 4 + usize::from(year.is_some()),
                is_month: false,
            })
        }
        // 24 December, 24th of December, 24. Dezember
        Meaning::Number(day) if (1..=31).contains(&day) => {
            let month_at = (at + 1..at + 4).find(|index| {
                tags.get(*index)
                    .is_some_and(|tag| matches!(tag.meaning, Meaning::Month(_)))
            })?;
            let between = tags.get(at + 1..month_at)?;
            let small = |tag: &Tag| {
                tag.meaning == Meaning::Mark('.')
                    || tag.does(Particle::Ordinal)
                    || ["of", "de"].contains(&tag.first.as_str())
            };
            let Meaning::Month(month) = tags[month_at].meaning else {
                return None;
            };
            (between.iter().all(small) && is_day(month, day))
                .then(|| with_year(tags, month, day, month_at + 1))
        }
        // December 24, mid-December, December
        Meaning::Month(month) => Some(match day_behind(tags, at + 1, month) {
            Some((day, until)) => {
                let suffix = tags
                    .get(until)
                    .is_some_and(|tag| tag.does(Particle::Ordinal));
                with_year(tags, month, day, until + usize::from(suffix))
            }
            None => Date {
                year: None,
                day: month * 100 + part_begins(tags, at),
                until: at + 1,
                is_month: true,
            },
        }),
        _ => None,
    }
}

/// The day behind a month, and where it ends: "December 18", "December, 18th".
fn day_behind(tags: &[Tag], at: usize, month: u32) -> Option<(u32, usize)> {
    let day = |index: usize| match tags.get(index)?.meaning {
        Meaning::Number(day) if is_day(month, day) => Some(day),
        _ => None,
    };
    let comma = tags.get(at)?.meaning == Meaning::Mark(',');
    let ordinal = |index: usize| {
        tags.get(index)
            .is_some_and(|tag| tag.does(Particle::Ordinal))
    };
    match comma {
        false => Some((day(at)?, at + 1)),
        true if ordinal(at + 2) => Some((day(at + 1)?, at + 2)),
        true => None,
    }
}

/// The month and the year of a date with points; "1.2.3" is a version.
pub(super) fn dotted(tags: &[Tag], at: usize) -> Option<(u32, Option<u32>)> {
    let point = |index: usize| {
        tags.get(index)
            .is_some_and(|tag| tag.meaning == Meaning::Mark('.') && tag.glue == Glue::Nothing)
    };
    let glued = |index: usize| tags.get(index).filter(|tag| tag.glue == Glue::Nothing);
    if !point(at + 1) || !point(at + 3) {
        return None;
    }
    let month = match glued(at + 2)?.meaning {
        Meaning::Number(month @ 1..=12) => month,
        _ => return None,
    };
    match glued(at + 4).map(|tag| &tag.meaning) {
        Some(Meaning::Number(year @ 2000..3000)) => Some((month, Some(*year))),
        Some(Meaning::Number(_)) => None,
        _ => Some((month, None)),
    }
}

fn part_begins(tags: &[Tag], at: usize) -> u32 {
    match at.checked_sub(1).map(|before| tags[before].first.as_str()) {
        Some("mid") => 15,
        Some("late") => 21,
        _ => 1,
    }
}

fn with_year(tags: &[Tag], month: u32, day: u32, mut until: usize) -> Date {
    if tags
        .get(until)
        .is_some_and(|tag| tag.meaning == Meaning::Mark(','))
    {
        until += 1;
    }
    let year = tags.get(until).and_then(|tag| match tag.meaning {
        Meaning::Number(year) if (2000..3000).contains(&year) => Some(year),
        _ => None,
    });
    Date {
        year,
        day: month * 100 + day,
        until: until + usize::from(year.is_some()),
        is_month: false,
    }
}

/// The later of two days of one month: "28 to 31 December", "20-31 December".
pub(super) fn days_of_month(tags: &[Tag], at: usize) -> Option<Date> {
    let Meaning::Number(first @ 1..=31) = tags[at].meaning else {
        return None;
    };
    let tag = |index: usize| tags.get(index);
    let small = |index: usize| {
        tag(index)
            .is_some_and(|tag| tag.meaning == Meaning::Mark('.') || tag.does(Particle::Ordinal))
    };
    let joined = if small(at + 1) { at + 2 } else { at + 1 };
    let hyphened = tag(joined)
        .is_some_and(|tag| tag.glue == Glue::Hyphen && matches!(tag.meaning, Meaning::Number(_)));
    // "24 and 31 December" are two days, between them there are more.
    let between = tags[..at]
        .iter()
        .rev()
        .take(2)
        .any(|tag| tag.is(Word::Between));
    let connects =
        tag(joined).is_some_and(|tag| connects_days(tag) && (between || !tag.does(Particle::And)));
    let end = match (hyphened, connects) {
        (true, _) => joined,
        (false, true) => joined + 1,
        (false, false) => return None,
    };
    tag(end)?;
    let to = date(tags, end)?;
    (to.day % 100 > first && !to.is_month).then_some(to)
}

fn connects_days(tag: &Tag) -> bool {
    matches!(tag.meaning, Meaning::Word(Word::To | Word::Until))
        || matches!(tag.meaning, Meaning::Mark('-' | '\u{2013}' | '\u{2014}'))
        || tag.does(Particle::And)
        || tag.does(Particle::Link)
}

fn end_of_range(tags: &[Tag], from: usize) -> Option<Date> {
    // "20 December 18:00 to 3 January": what stands between the two may be an hour.
    let is_hour = |tag: &Tag| {
        matches!(tag.meaning, Meaning::Clock(_))
            || matches!(tag.first.as_str(), "am" | "pm" | "uhr")
    };
    let hours = tags.get(from..)?.iter().take_while(|tag| is_hour(tag));
    let from = from + hours.count();
    let first = tags.get(from)?;
    // December 20-31
    if first.glue == Glue::Hyphen
        && let Meaning::Number(day) = first.meaning
        && let Some(Meaning::Month(month)) = tags[..from]
            .iter()
            .rev()
            .map(|tag| &tag.meaning)
            .find(|meaning| matches!(meaning, Meaning::Month(_)))
        && is_day(*month, day)
    {
        return Some(with_year(tags, *month, day, from + 1));
    }
    // "Dec 24-Jan 2": the dash joins the two.
    let joined = first.glue == Glue::Hyphen && matches!(first.meaning, Meaning::Month(_));
    // "24 and 31 December" are two days, between them there are more.
    let between = tags[..from]
        .iter()
        .rev()
        .take(6)
        .any(|tag| tag.is(Word::Between));
    if first.does(Particle::And) && !between {
        return None;
    }
    let next = match (joined, connects_days(first)) {
        (true, _) => from,
        (false, true) => from + 1,
        (false, false) => return None,
    };
    (next..next + 3).find_map(|at| tags.get(at).and_then(|_| date(tags, at)))
}

fn between(from: Date, to: Date) -> Stretch {
    // "until January" is until its end, "to early January" until its tenth day is not known here.
    let last = match to.is_month {
        true => (to.day / 100) * 100 + last_day(to.day / 100),
        false => to.day,
    };
    match (from.year, to.year) {
        (Some(first), year) => Stretch::Once {
            from: first * 10_000 + from.day,
            to: year.unwrap_or(first + u32::from(last < from.day)) * 10_000 + last,
        },
        (None, Some(year)) => Stretch::Once {
            from: (year - u32::from(last < from.day)) * 10_000 + from.day,
            to: year * 10_000 + last,
        },
        (None, None) => Stretch::Yearly(Season {
            from: from.day,
            to: last,
        }),
    }
}

/// "No deploys after 1 May": the day is where it begins.
fn begins(tags: &[Tag], at: usize) -> bool {
    let led = |tag: &Tag| tag.is(Word::After) && !tag.is_phrase();
    let denies = |tag: &Tag| tag.is(Word::Not) || tag.is(Word::Stop);
    // "Not until after 1 May" ends there.
    let ends = |tag: &Tag| tag.is(Word::Until) || tag.rest.iter().any(|word| word == "until");
    at.checked_sub(1).is_some_and(|before| led(&tags[before]))
        && tags[..at].iter().any(denies)
        && !tags[..at].iter().any(ends)
}

/// The last day that there is: nothing says when it ends.
pub(super) const NO_END: u32 = 99_991_231;

fn single(date: Date, begins: bool) -> Stretch {
    if let (Some(year), true) = (date.year, begins) {
        return Stretch::Once {
            from: year * 10_000 + date.day,
            to: NO_END,
        };
    }
    let last = match date.is_month {
        true => (date.day / 100) * 100 + last_day(date.day / 100),
        false => date.day,
    };
    match date.year {
        Some(year) => Stretch::Once {
            from: year * 10_000 + date.day,
            to: year * 10_000 + last,
        },
        None => Stretch::Yearly(Season {
            from: date.day,
            to: last,
        }),
    }
}

fn is_day(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=last_day(month)).contains(&day)
}

/// The last day of a month; of February the longer one.
fn last_day(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
