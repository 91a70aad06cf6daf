//! Days and hours in a sentence: "Fridays after 15:00", "Monday to Thursday, 9-16".

mod clock;
mod reach;

pub(super) use reach::{Reach, reach};

use reach::{is_on, is_small, joins_days, reached};

use super::meaning::{Hours, Meaning, Word};
use super::measure::is_counted;
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
        hour_at: None,
        closing: false,
        found: Windows::default(),
    };
    let mut at = 0;
    while at < tags.len() {
        at = reader.take(at);
    }
    reader.finish()
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
    /// Where the last hour stood.
    hour_at: Option<usize>,
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
            // "After 18:00 Monday to Thursday" is of each day, "Friday 18:00 to Monday" is one time.
            Some((day, from)) if self.hour_at.is_some_and(|hour| hour > day) => {
                self.stretch(from, days);
            }
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
        const OR: [&str; 9] = [
            "or", "nor", "oder", "noch", "ni", "nem", "o", "ou", "\u{6216}",
        ];
        let small = |tag: &&Tag| {
            is_small(tag)
                || is_on(tag, true)
                || tag.is(Word::Before)
                || tag.is(Word::Until)
                || tag.is(Word::Between)
                || tag.is(Word::From)
                || [
                    "un", "una", "une", "um", "uma", "los", "le", "les", "las", "de", "ab", "vor",
                    "nach",
                ]
                .contains(&tag.first.as_str())
        };
        let is_or = |tag: &Tag| OR.contains(&tag.first.as_str());
        let before = &self.tags[..at];
        let led = before.iter().rev().take(3).take_while(small).count();
        let lead = before.len().checked_sub(led + 1).map(|lead| &before[lead]);
        lead.is_some_and(|lead| {
            // "After 17:00, on weekends, or on holidays"
            let listed = lead.meaning == Meaning::Mark(',')
                && led > 0
                && self.tags[at..].iter().take(7).any(is_or);
            listed || is_or(lead)
        })
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
        // "After 14:00 on Thursdays, or before 10:00 on Mondays": its days are named already.
        let has_days = self
            .hour_at
            .zip(self.last_day)
            .is_some_and(|(hour, (day, _))| hour < day && self.open.hours.is_some());
        let goes_on = self
            .from_at
            .is_some_and(|(from, last)| self.joins_from(from, last, at));
        let is_other = has_days || (self.open.hours.is_some() && self.is_choice(at));
        if is_other && !goes_on && !self.closing {
            self.push();
        }
        self.hour_at = Some(last);
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
        } else if self.follows(at, &[Word::Before, Word::Until, Word::To])
            || self.is_end_on_a_day(at)
            || self.ends_the_day(at)
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

    /// "Before Monday 10:00"
    fn is_end_on_a_day(&self, at: usize) -> bool {
        let before = &self.tags[..at];
        matches!(
            before,
            [.., end, day] if matches!(day.meaning, Meaning::Days(_))
                && (end.is(Word::Before) || end.is(Word::Until))
        )
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
        self.hour_at = None;
    }

    fn finish(mut self) -> Windows {
        self.push();
        self.found
            .listed
            .retain(|window| window.days != 0 || window.hours.is_some());
        self.found
    }
}

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
