//! Days and hours in a sentence: "Fridays after 15:00", "Monday to Thursday, 9-16".

use super::meaning::{Hours, Meaning, Word};
use super::measure::is_counted;
use super::season::{days_of_month, dotted};
use super::sentence::Tag;
use super::token::{Glue, is_wide};

const DAY: u32 = 24 * 60;
const WORKDAYS: u8 = 0b001_1111;
const WEEKEND: u8 = 0b110_0000;
const ALL_DAYS: u8 = 0b111_1111;

/// Days and hours together; no days stand for all, no hours for the whole day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    /// One bit for each day, Monday first.
    pub days: u8,
    pub hours: Option<Hours>,
}

/// What a sentence says about days and hours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Windows {
    pub listed: Vec<Window>,
    /// "outside of these"
    pub outside: bool,
}

pub(super) fn windows(tags: &[Tag]) -> Windows {
    let mut reader = Reader {
        tags,
        open: Window::default(),
        started: false,
        last_day: None,
        from_at: None,
        closing: false,
        found: Windows::default(),
    };
    let mut at = 0;
    while at < tags.len() {
        at = reader.take(at);
    }
    reader.finish()
}

/// Which days a word for days is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Itself,
    DayBefore,
    /// "on or before a holiday"
    Both,
}

/// "the day before a holiday or weekend", "before weekends": whether the day before what stands
/// here is meant, too or alone. "Before Friday" is another time, and lasts longer.
pub(super) fn reach(tags: &[Tag], at: usize) -> Reach {
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

fn joins_days(tag: &Tag) -> bool {
    JOINS.contains(&tag.first.as_str()) || matches!(tag.meaning, Meaning::Mark(',' | '/' | '&'))
}

/// "Public" alone is small, and "public holiday" is a name.
fn is_small(tag: &Tag) -> bool {
    let word = ["a", "an", "any", "the", "public", "bank"].contains(&tag.first.as_str());
    word && !is_name(tag)
}

/// "on the day of or before a holiday"
fn is_day(tag: &Tag) -> bool {
    let word = ["day", "days", "of", "either", "both", "also"].contains(&tag.first.as_str());
    word && !is_name(tag)
}

/// The German "an" is an English article, too, and counts only beside another such word. "After" is
/// no fact, and the day itself is nearest to it.
fn is_on(tag: &Tag, beside: bool) -> bool {
    let first = tag.first.as_str();
    tag.is(Word::During)
        || tag.is(Word::At)
        || tag.is(Word::After)
        || matches!(first, "on" | "over" | "am")
        || (beside && first == "an")
}

/// Of each day the one before it, where that is not among them: of a weekend the Friday.
fn days_before(days: u8) -> u8 {
    let shifted = (days >> 1) | ((days & 1) << 6);
    shifted & !days
}

/// The days that are meant where these are named.
fn reached(tags: &[Tag], at: usize, days: u8) -> u8 {
    // The phrase "before the weekend" is a Friday already; it stands for the weekend behind it.
    match (reach(tags, at), is_before_weekend(&tags[at])) {
        (Reach::Both, true) => days | WEEKEND,
        (Reach::Both, false) => days | days_before(days),
        (Reach::DayBefore, false) => days_before(days),
        (Reach::DayBefore, true) | (Reach::Itself, _) => days,
    }
}

struct Reader<'a> {
    tags: &'a [Tag],
    open: Window,
    started: bool,
    /// The day that was named last, and where.
    last_day: Option<(usize, u8)>,
    /// Where an hour stood that something begins at, first and last phrase, so that the next one may
    /// end it.
    from_at: Option<(usize, usize)>,
    /// The next hour ends a stretch of several days.
    closing: bool,
    found: Windows,
}

impl Reader<'_> {
    fn take(&mut self, at: usize) -> usize {
        let tag = &self.tags[at];
        if let Some((minutes, next)) = self.clock(at) {
            self.hour(at, next - 1, minutes);
            return next;
        }
        match &tag.meaning {
            Meaning::Days(days) if !is_counted(self.tags, at) => {
                self.days(at, reached(self.tags, at, *days))
            }
            // "下午四点": it says which four o'clock is meant.
            Meaning::Hours(_) if tag.first.starts_with(is_wide) && self.clock(at + 1).is_some() => {
            }
            Meaning::Hours(hours) => self.part_of_day(at, *hours),
            Meaning::Word(Word::Outside) => self.found.outside = true,
            _ => {}
        }
        at + 1
    }

    fn days(&mut self, at: usize, days: u8) {
        let range_from = self.last_day.filter(|(before, _)| self.joins(*before, at));
        match range_from {
            Some((_, from)) if self.open.hours.is_some() => self.stretch(from, days),
            Some((_, from)) => self.open.days |= between_days(from, days),
            // "After 15:00 on Thursdays and Fridays"
            None if self.open.hours.is_some() && self.open.days != 0 && self.is_listed(at) => {
                self.open.days |= days;
            }
            // "After 15:00 or on Fridays": two times, each of its own.
            None if self.open.hours.is_some() && (self.open.days != 0 || self.is_choice(at)) => {
                self.push();
                self.open.days = days;
            }
            None => self.open.days |= days,
        }
        self.started = true;
        self.last_day = Some((at, days));
    }

    /// Whether only a comma or a conjunction stands between the last day and this one.
    fn is_listed(&self, at: usize) -> bool {
        self.last_day.is_some_and(|(day, _)| {
            let between = self.tags.get(day + 1..at).unwrap_or_default();
            !between.is_empty() && between.iter().all(joins_days)
        })
    }

    /// "Or on", "nor after": what stands here is another time, and not a part of the one before.
    fn is_choice(&self, at: usize) -> bool {
        const OR: [&str; 8] = ["or", "nor", "oder", "noch", "ni", "o", "ou", "\u{6216}"];
        let small = |tag: &&Tag| {
            is_small(tag)
                || is_on(tag, true)
                || tag.is(Word::Before)
                || [
                    "un", "una", "une", "um", "uma", "los", "le", "les", "las", "de", "ab", "vor",
                    "nach",
                ]
                .contains(&tag.first.as_str())
        };
        let mut near = self.tags[..at].iter().rev().take(4);
        near.find(|tag| !small(tag))
            .is_some_and(|tag| OR.contains(&tag.first.as_str()))
    }

    /// "from Friday 15:00 until Monday 8:00"
    fn stretch(&mut self, from: u8, to: u8) {
        let begins = self.open.hours.map_or(0, |hours| hours.from);
        self.open = Window {
            days: from,
            hours: Some(Hours {
                from: begins,
                to: DAY,
            }),
        };
        self.push();
        let inside = between_days(from, to) & !from & !to;
        if inside != 0 {
            self.found.listed.push(Window {
                days: inside,
                hours: None,
            });
        }
        self.open = Window {
            days: to,
            hours: None,
        };
        self.started = true;
        self.closing = true;
    }

    fn hour(&mut self, at: usize, last: usize, minutes: u32) {
        let hours = if self.closing {
            self.closing = false;
            Hours {
                from: 0,
                to: minutes,
            }
        } else if self
            .from_at
            .is_some_and(|(from, last)| self.joins_from(from, last, at))
        {
            self.from_at = None;
            Hours {
                from: self.open.hours.map_or(0, |hours| hours.from),
                to: minutes,
            }
        } else if self.follows(at, &[Word::Before, Word::Until, Word::To]) || self.ends_the_day(at)
        {
            if self.open.hours.is_none() && self.open.days != 0 && self.is_choice(at) {
                self.push();
            }
            Hours {
                from: 0,
                to: minutes,
            }
        } else {
            if self.open.hours.is_some() {
                let days = self.open.days;
                self.push();
                self.open.days = days;
            } else if self.open.days != 0 && self.is_choice(at) {
                self.push();
            }
            self.from_at = Some((at, last));
            Hours {
                from: minutes,
                to: DAY,
            }
        };
        self.open.hours = Some(hours);
        self.started = true;
    }

    /// "Last deploy of the day: 15:30"
    fn ends_the_day(&self, at: usize) -> bool {
        let before = &self.tags[..at];
        let last = before
            .windows(2)
            .any(|two| two[0].is(Word::Last) && two[1].is(Word::Deploy));
        last && before.len() <= 8 && self.open.hours.is_none()
    }

    fn part_of_day(&mut self, at: usize, hours: Hours) {
        if hours.from == hours.to {
            return self.hour(at, at, hours.from);
        }
        if self.open.hours.is_some() {
            let days = self.open.days;
            self.push();
            self.open.days = days;
        } else if self.stands_apart(at) {
            self.push();
        }
        let is_business = (hours.from, hours.to) == (9 * 60, 17 * 60);
        self.open.hours = Some(if self.follows(at, &[Word::After]) {
            Hours {
                from: hours.to,
                to: DAY,
            }
        } else if self.follows(at, &[Word::Before, Word::Until]) {
            Hours {
                from: 0,
                to: hours.from,
            }
        } else {
            if is_business && self.open.days == 0 {
                self.open.days = WORKDAYS;
            }
            hours
        });
        self.started = true;
    }

    /// Minutes since midnight, where a time of day begins here, and what follows it.
    fn clock(&self, at: usize) -> Option<(u32, usize)> {
        let tag = self.tags.get(at)?;
        let next = self.tags.get(at + 1);
        let late = self.is_late(at);
        let half = next.map_or("", |next| next.first.as_str());
        let afternoon = |minutes: u32| match half {
            "pm" if minutes < 12 * 60 => minutes + 12 * 60,
            "am" if minutes >= 12 * 60 => minutes - 12 * 60,
            _ if late && minutes < 12 * 60 => minutes + 12 * 60,
            _ => minutes,
        };
        match tag.meaning {
            Meaning::Clock(minutes) => {
                let width = if matches!(half, "am" | "pm" | "uhr" | "h") {
                    2
                } else {
                    1
                };
                Some((afternoon(minutes), at + width))
            }
            Meaning::Number(_) if self.pointed(at).is_some() => self.pointed(at),
            Meaning::Number(hour) if hour <= 24 => match half {
                "am" | "pm" if hour <= 12 => Some((afternoon(hour * 60), at + 2)),
                "uhr" | "\u{70b9}" | "\u{65f6}" | "heures" | "horas" => {
                    Some((afternoon(hour * 60), at + 2))
                }
                "h" if next.is_some_and(|next| next.glue == Glue::Nothing)
                    && self.is_time_of_day(at) =>
                {
                    match self.tags.get(at + 2).map(|tag| (&tag.meaning, tag.glue)) {
                        Some((Meaning::Number(minutes), Glue::Nothing)) if *minutes < 60 => {
                            Some((hour * 60 + minutes, at + 3))
                        }
                        _ => Some((hour * 60, at + 2)),
                    }
                }
                _ => self.bare_hour(at, hour),
            },
            _ => None,
        }
    }

    /// "9.30am": the minutes behind a point.
    fn pointed(&self, at: usize) -> Option<(u32, usize)> {
        let part = |index: usize| self.tags.get(at + index);
        let glued = |index: usize| part(index).filter(|tag| tag.glue == Glue::Nothing);
        let (Meaning::Number(hour @ 1..=12), Meaning::Mark('.')) =
            (&part(0)?.meaning, &glued(1)?.meaning)
        else {
            return None;
        };
        let Meaning::Number(minutes @ 0..60) = glued(2)?.meaning else {
            return None;
        };
        let hour = match part(3)?.first.as_str() {
            "am" => hour % 12,
            "pm" => hour % 12 + 12,
            _ => return None,
        };
        Some((hour * 60 + minutes, at + 4))
    }

    /// "On weekends and at night": the night of any day, and not of the weekend alone.
    fn stands_apart(&self, at: usize) -> bool {
        const AND: [&str; 10] = ["and", "or", "und", "oder", "ni", "y", "e", "ou", "和", "及"];
        let Some((day, _)) = self.last_day else {
            return false;
        };
        let between = self.tags.get(day + 1..at).unwrap_or_default();
        let joins =
            |tag: &Tag| AND.contains(&tag.first.as_str()) || tag.meaning == Meaning::Mark('、');
        // "Not on Fridays, not in the morning"
        let anew = between.iter().any(|tag| tag.meaning == Meaning::Mark(','))
            && between.last().is_some_and(|tag| tag.is(Word::Not));
        between.len() <= 4
            && (anew || between.iter().any(joins))
            && !between.iter().any(|tag| tag.is(Word::Outside))
    }

    /// "下午2点", "晚上8点到10点": the part of the day stands before the hours.
    fn is_late(&self, at: usize) -> bool {
        let near = self.tags[..at].iter().rev().take(4);
        let part = near
            .take_while(|tag| !matches!(tag.meaning, Meaning::Mark(',' | '，' | '、')))
            .find_map(|tag| match tag.meaning {
                Meaning::Hours(hours) if tag.first.starts_with(is_wide) => Some(hours),
                _ => None,
            });
        part.is_some_and(|hours| hours.from >= 12 * 60 && hours.to > hours.from)
    }

    /// "9-16", "after 15", "between 9 and 17": a number without a unit.
    fn bare_hour(&self, at: usize, hour: u32) -> Option<(u32, usize)> {
        // A number in words counts things more often than hours.
        if !self.tags[at]
            .first
            .starts_with(|c: char| c.is_ascii_digit())
        {
            return None;
        }
        // "21.9.2026" is a date, "20 to 24 December" are two.
        if dotted(self.tags, at).is_some() || days_of_month(self.tags, at).is_some() {
            return None;
        }
        let next = self.tags.get(at + 1);
        let counts = next.is_some_and(|next| {
            matches!(
                next.meaning,
                Meaning::Unit(_) | Meaning::Role(_) | Meaning::Mark('%')
            ) || matches!(next.meaning, Meaning::Other) && !ZONES.contains(&next.first.as_str())
                || matches!(
                    next.meaning,
                    Meaning::Word(
                        Word::People
                            | Word::Approve
                            | Word::Review
                            | Word::Test
                            | Word::Deploy
                            | Word::Pass
                            | Word::Image
                            | Word::History
                            | Word::Threshold
                    )
                )
        });
        if counts && !self.opens_range(at) {
            return None;
        }
        let dated = |index: Option<usize>| {
            index
                .and_then(|index| self.tags.get(index))
                .is_some_and(|tag| matches!(tag.meaning, Meaning::Month(_)))
        };
        if dated(at.checked_sub(1)) || dated(Some(at + 1)) {
            return None;
        }
        (self.is_time_of_day(at) || self.opens_range(at)).then_some((hour * 60, at + 1))
    }

    /// A number that a second one ends: "9-16", "9 to 5 pm".
    fn opens_range(&self, at: usize) -> bool {
        let end = (at + 1..at + 3).find(|index| {
            self.tags
                .get(*index)
                .is_some_and(|tag| matches!(tag.meaning, Meaning::Number(_) | Meaning::Clock(_)))
        });
        end.is_some_and(|end| self.joins(at, end) && self.is_hour_of_range(end))
    }

    fn is_hour_of_range(&self, at: usize) -> bool {
        let next = self.tags.get(at + 1);
        match self.tags[at].meaning {
            Meaning::Clock(_) => true,
            Meaning::Number(hour) => {
                hour <= 24
                    && next.is_none_or(|next| match &next.meaning {
                        Meaning::Unit(_) => next.first == "h",
                        Meaning::Other => {
                            ZONES.contains(&next.first.as_str())
                                || matches!(next.first.as_str(), "am" | "pm" | "uhr")
                        }
                        Meaning::Mark(mark) => *mark != '%',
                        Meaning::Days(_) | Meaning::Place(_) => true,
                        Meaning::Word(word) => {
                            matches!(word, Word::Only | Word::At | Word::During | Word::Unless)
                        }
                        _ => false,
                    })
            }
            _ => false,
        }
    }

    fn is_time_of_day(&self, at: usize) -> bool {
        const RELATIONS: [Word; 7] = [
            Word::After,
            Word::Before,
            Word::Until,
            Word::From,
            Word::To,
            Word::At,
            Word::Between,
        ];
        self.follows(at, &RELATIONS)
            || self
                .from_at
                .is_some_and(|(from, last)| self.joins_from(from, last, at))
    }

    fn follows(&self, at: usize, words: &[Word]) -> bool {
        let mut before = self.tags[..at].iter().rev();
        let is = |tag: &Tag| words.iter().any(|word| tag.is(*word));
        match before.next() {
            Some(tag) if is(tag) => true,
            // "after about three", "after the morning", but not "at least one"
            Some(tag) if tag.meaning == Meaning::Other => {
                !matches!(tag.first.as_str(), "least" | "most") && before.next().is_some_and(is)
            }
            _ => false,
        }
    }

    /// Whether what stands between two places makes a range of them.
    fn joins(&self, from: usize, to: usize) -> bool {
        self.joins_from(from, from, to)
    }

    /// Whether a range goes from what stands at `from` and ends at `last` to what begins at `to`.
    fn joins_from(&self, from: usize, last: usize, to: usize) -> bool {
        if last + 4 < to {
            return false;
        }
        let inside = self.tags.get(last + 1..to).unwrap_or_default();
        let range = |tag: &Tag| {
            matches!(tag.meaning, Meaning::Word(Word::To | Word::Until))
                || matches!(
                    tag.meaning,
                    Meaning::Mark('-' | '\u{2013}' | '\u{2014}' | '~')
                )
        };
        let after_between = |tag: &Tag| {
            AND.contains(&tag.first.as_str())
                && self.tags[..from]
                    .iter()
                    .rev()
                    .take(2)
                    .any(|tag| tag.is(Word::Between))
        };
        // "lunes a jueves": alone between two, or it is an article.
        let romance =
            matches!(inside, [tag] if matches!(tag.first.as_str(), "a" | "\u{e0}" | "au" | "as"));
        let connected = romance || inside.iter().any(|tag| range(tag) || after_between(tag));
        // "Friday 17:00-Monday 8:00": the hour belongs to the day before the hyphen.
        let is_hour = |tag: &Tag| {
            matches!(tag.meaning, Meaning::Clock(_) | Meaning::Number(_))
                || matches!(tag.first.as_str(), "am" | "pm" | "h" | "uhr")
        };
        let of_days = matches!(self.tags[to].meaning, Meaning::Days(_));
        let hyphened = self.tags[to].glue == Glue::Hyphen
            && inside
                .iter()
                .all(|tag| tag.glue == Glue::Nothing || (of_days && is_hour(tag)));
        connected || hyphened
    }

    fn push(&mut self) {
        if self.started {
            self.found.listed.push(self.open);
        }
        self.open = Window::default();
        self.started = false;
        self.from_at = None;
    }

    fn finish(mut self) -> Windows {
        self.push();
        self.found
            .listed
            .retain(|window| window.days != 0 || window.hours.is_some());
        self.found
    }
}

const ZONES: [&str; 12] = [
    "utc", "gmt", "cet", "cest", "est", "edt", "pst", "pdt", "et", "pt", "local", "and",
];
const JOINS: [&str; 9] = ["or", "and", "oder", "und", "ou", "o", "et", "y", "nor"];
const AND: [&str; 8] = [
    "and", "und", "y", "et", "e", "\u{548c}", "\u{5230}", "\u{81f3}",
];

/// The days from one to another, over the end of the week where it must.
fn between_days(from: u8, to: u8) -> u8 {
    if from.count_ones() != 1 || to.count_ones() != 1 {
        return from | to;
    }
    let mut days = from;
    let mut day = from;
    while day != to {
        day = if day == 0b100_0000 { 1 } else { day << 1 };
        days |= day;
    }
    days
}

impl Window {
    pub fn is_all_week(self) -> bool {
        self.days == 0 || self.days == ALL_DAYS
    }
}
