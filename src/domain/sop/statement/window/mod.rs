//! Days and hours in a sentence: "Fridays after 15:00", "Monday to Thursday, 9-16".

mod clock;
mod doubt;
mod reach;
mod times;

pub(super) use reach::{Reach, is_small, reach};
pub(super) use times::{Window, Windows};

use reach::{is_on, joins_days, reached};

use super::definition::Particle;
use super::meaning::{Hours, Meaning, Word};
use super::measure::is_counted;
use super::sentence::Tag;
use super::token::{Glue, is_wide};

const DAY: u32 = 24 * 60;
pub(super) const WORKDAYS: u8 = 0b001_1111;
const WEEKEND: u8 = 0b110_0000;
const ALL_DAYS: u8 = 0b111_1111;

pub(super) fn windows(tags: &[Tag]) -> Windows {
    let mut reader = Reader {
        tags,
        open: Window::default(),
        started: false,
        last_day: None,
        from_at: None,
        hour_at: None,
        closing: false,
        part_at: None,
        undirected: false,
        denied: false,
        repeated: false,
        added: true,
        named: 0,
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
    /// Where the last part of a day stood.
    part_at: Option<usize>,
    /// Nothing says whether the hour that is open begins, ends or is all that is meant.
    undirected: bool,
    /// Something was denied already.
    denied: bool,
    /// Days were named with a preposition of their own.
    repeated: bool,
    /// A conjunction adds what is open to what was before it.
    added: bool,
    /// One bit for days of their own, and one for a weekend, since the last window.
    named: u8,
    found: Windows,
}

impl Reader<'_> {
    fn take(&mut self, at: usize) -> usize {
        let tag = &self.tags[at];
        if let Some((minutes, next)) = self.clock(at) {
            self.found.places.push(at);
            self.hour(at, next - 1, minutes);
            return next;
        }
        match &tag.meaning {
            Meaning::Days(days) if !is_counted(self.tags, at) => {
                self.found.places.push(at);
                self.found.doubtful |= self.is_odd_day(at);
                self.days(at, reached(self.tags, at, *days));
            }
            // "下午四点": it says which four o'clock is meant.
            Meaning::Hours(_) if tag.first.starts_with(is_wide) && self.clock(at + 1).is_some() => {
            }
            Meaning::Hours(hours) => {
                self.found.doubtful |= self.is_half_of_the_day(at);
                self.found.places.push(at);
                self.part_of_day(at, *hours);
            }
            Meaning::Word(Word::Outside) => {
                // "On Fridays outside 9:00-17:00": which days lie outside is not said.
                self.found.doubtful |= self.started && !tag.first.starts_with(is_wide);
                self.found.outside = true;
            }
            Meaning::Word(Word::Not) => self.denial(at),
            Meaning::Unit(minutes) if *minutes < DAY => {
                self.found.doubtful |= self.is_relative(at);
            }
            _ => {}
        }
        at + 1
    }

    /// "Not on Fridays, not after 15:00": what is denied anew is another time.
    fn denial(&mut self, at: usize) {
        let anew = at.checked_sub(1).is_some_and(|before| {
            let before = &self.tags[before];
            before.joins() || matches!(before.meaning, Meaning::Mark(',' | ';'))
        });
        if anew && self.denied {
            self.push();
            self.last_day = None;
        }
        self.denied = true;
    }

    fn days(&mut self, at: usize, days: u8) {
        let range_from = self.last_day.filter(|(before, _)| self.joins(*before, at));
        let hour_at = self.hour_at.max(self.part_at);
        match range_from {
            // "After 18:00 Monday to Thursday" is of each day, "Friday 18:00 to Monday" is one time.
            Some((day, from)) if hour_at.is_some_and(|hour| hour > day) => {
                self.stretch(from, days);
            }
            Some((_, from)) => self.open.days |= between_days(from, days),
            // "After 15:00 on Thursdays and Fridays"
            None if self.open.hours.is_some() && self.open.days != 0 && self.is_listed(at) => {
                self.open.days |= days;
            }
            // "9-17, Fridays 9-12": the day has hours of its own.
            None if self.open.hours.is_some() && self.is_another_day(at) => {
                self.push();
                self.open.days = days;
                self.added = false;
            }
            // "After 15:00 or on Fridays", "at night and on weekends": two times, each of its own.
            None if self.open.hours.is_some()
                && (self.open.days != 0 || self.is_choice(at) || self.is_added(at)) =>
            {
                self.found.split |= self.open.days == 0 && !self.is_choice(at);
                self.found.doubtful |= self.is_of_the_hour_before(at);
                self.push();
                self.open.days = days;
            }
            None => {
                self.repeated |= self.open.days != 0 && self.is_led_anew(at);
                self.open.days |= days;
            }
        }
        self.started = true;
        self.named |= 1 << u8::from(days & WEEKEND == WEEKEND && days & WORKDAYS == 0);
        self.last_day = Some((at, days));
    }

    /// Whether a comma parts this day from the hours before it, and its own stand behind it.
    fn is_another_day(&self, at: usize) -> bool {
        let comma = |tag: &Tag| matches!(tag.meaning, Meaning::Mark(',' | ';'));
        let lead = self.lead(at).is_some_and(|(_, lead)| comma(lead));
        let mut behind = at + 1..(at + 6).min(self.tags.len());
        let own = behind
            .by_ref()
            .take_while(|index| !comma(&self.tags[*index]))
            .any(|index| self.clock(index).is_some());
        lead && own
    }

    /// "And on Thursdays", where it is not the first day.
    fn is_led_anew(&self, at: usize) -> bool {
        let on = |tag: &Tag| tag.does(Particle::On);
        let led = self.tags[..at].last().is_some_and(on);
        led && self.lead(at).is_some_and(|(_, lead)| lead.joins())
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
        let is_or = |tag: &Tag| tag.does(Particle::Or);
        let Some((led, lead)) = self.lead(at) else {
            return false;
        };
        // "After 17:00, on weekends, or on holidays"
        let listed = lead.meaning == Meaning::Mark(',')
            && led > 0
            && self.tags[at..].iter().take(7).any(is_or);
        listed || is_or(lead)
    }

    /// "And on": so is what stands here, where it is no part of a list.
    fn is_added(&self, at: usize) -> bool {
        self.lead(at)
            .is_some_and(|(_, lead)| lead.does(Particle::And))
    }

    /// What stands before the small words that lead in what is here, and how many these are.
    fn lead(&self, at: usize) -> Option<(usize, &Tag)> {
        let small = |tag: &&Tag| {
            let time = [Word::Before, Word::Until, Word::Between, Word::From];
            !tag.does(Particle::Or)
                && !tag.does(Particle::And)
                && (is_small(tag) || is_on(tag, true) || time.iter().any(|word| tag.is(*word)))
        };
        let before = &self.tags[..at];
        let led = before.iter().rev().take(3).take_while(small).count();
        let lead = before.len().checked_sub(led + 1)?;
        Some((led, &before[lead]))
    }

    /// "from Friday 15:00 until Monday 8:00"
    fn stretch(&mut self, from: u8, to: u8) {
        let begins = self.open.hours.map_or(0, |hours| hours.from);
        self.undirected = false;
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
        let ends_range = self
            .from_at
            .filter(|(from, last)| self.joins_from(*from, *last, at));
        let is_other = has_days || (self.open.hours.is_some() && self.is_choice(at));
        if is_other && ends_range.is_none() && !self.closing {
            // "On Fridays before 9:00 or after 17:00" is all of Fridays.
            let shared = !has_days && !self.has_day_behind(last);
            let days = if shared { self.open.days } else { 0 };
            self.push();
            self.open.days = days;
        }
        self.hour_at = Some(last);
        let hours = if self.closing {
            self.closing = false;
            Hours {
                from: 0,
                to: minutes,
            }
        } else if let Some((from_at, _)) = ends_range {
            self.from_at = None;
            self.undirected = false;
            let from = self.open.hours.map_or(0, |hours| hours.from);
            self.range(from_at, from, at, minutes)
        } else if self.is_end(at, last) {
            // "Stop all deploys by 16:00" is about what follows.
            self.found.doubtful |= self.is_latest(at, last) && self.is_denied(at);
            self.ending(at, minutes)
        } else {
            if self.open.hours.is_some() {
                let days = self.open.days;
                self.push();
                self.open.days = days;
            } else if self.open.days != 0 && (self.is_choice(at) || self.is_added(at)) {
                self.split(at);
            }
            self.from_at = Some((at, last));
            self.undirected = !self.begins(at, last);
            self.found.doubtful |= self.is_odd_hour(at, last);
            Hours {
                from: minutes,
                to: DAY,
            }
        };
        self.open.hours = Some(hours);
        self.started = true;
    }

    /// "Or after 17:00 on Mondays"
    fn has_day_behind(&self, last: usize) -> bool {
        let behind = self.tags.get(last + 1..).unwrap_or_default().iter();
        let mut near = behind.take(4).take_while(|tag| !tag.joins());
        near.any(|tag| matches!(tag.meaning, Meaning::Days(_)))
    }

    /// Something ends at this hour: "after 10:00 and before 16:00" goes from one to the other, "before
    /// 9:00, before 10:00 on Mondays" are two times.
    fn ending(&mut self, at: usize, minutes: u32) -> Hours {
        let begun = self
            .open
            .hours
            .filter(|hours| hours.to == DAY && hours.from < minutes && !self.undirected);
        if let Some(begun) = begun {
            return Hours {
                to: minutes,
                ..begun
            };
        }
        if self.open.hours.is_some() {
            let days = self.open.days;
            self.push();
            self.open.days = days;
        } else if self.open.days != 0 && (self.is_choice(at) || self.is_added(at)) {
            self.split(at);
        }
        Hours {
            from: 0,
            to: minutes,
        }
    }

    /// "On Fridays and after 15:00", "on Fridays or after 15:00": what stands here has no days.
    fn split(&mut self, at: usize) {
        self.found.split |= !self.is_choice(at);
        self.push();
    }

    /// "On weekends, after 17:00 on weekdays": the hour is not of the days before it.
    fn is_of_the_hour_before(&self, at: usize) -> bool {
        let parts = |tag: &Tag| tag.joins() || matches!(tag.meaning, Meaning::Mark(',' | ';'));
        let parted = |from: usize, to: usize| {
            let between = self.tags.get(from + 1..to).unwrap_or_default();
            between.iter().any(parts)
        };
        self.last_day
            .zip(self.hour_at)
            .is_some_and(|((day, _), hour)| day < hour && parted(day, hour) && !parted(hour, at))
    }

    /// "At 5 in the afternoon": a number before a part of the day is an hour of it.
    fn is_half_of_the_day(&self, at: usize) -> bool {
        let before = &self.tags[..at];
        let small = |tag: &&Tag| {
            matches!(
                tag.meaning,
                Meaning::Other | Meaning::Word(Word::During | Word::At)
            ) && !tag.joins()
                && (tag.meaning != Meaning::Other
                    || tag.does(Particle::Article)
                    || tag.does(Particle::On)
                    || tag.does(Particle::Link)
                    || [
                        "de", "da", "del", "du", "of", "uhr", "h", "l", "en", "heures", "horas",
                    ]
                    .contains(&tag.first.as_str()))
        };
        let led = before.iter().rev().take(4).take_while(small).count();
        before[..before.len() - led]
            .last()
            .is_some_and(|tag| matches!(tag.meaning, Meaning::Number(1..=12)))
    }

    fn is_end(&self, at: usize, last: usize) -> bool {
        self.follows(at, &[Word::Before, Word::Until, Word::To])
            || self.is_end_on_a_day(at)
            || self.ends_the_day(at)
            || self.is_followed(last, &[Word::Before, Word::Until])
            || self.is_latest(at, last)
    }

    fn is_denied(&self, at: usize) -> bool {
        self.tags[..at]
            .iter()
            .any(|tag| tag.is(Word::Not) || tag.is(Word::Stop))
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
        self.part_at = Some(at);
        // "until Monday morning"
        if std::mem::take(&mut self.closing) {
            self.open.hours = Some(Hours {
                from: 0,
                to: hours.from,
            });
            self.started = true;
            return;
        }
        if self.open.hours.is_some() {
            let days = self.open.days;
            self.push();
            self.open.days = days;
        } else if self.stands_apart(at) {
            self.split(at);
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
        let Some((day, _)) = self.last_day else {
            return false;
        };
        let between = self.tags.get(day + 1..at).unwrap_or_default();
        let joins = |tag: &Tag| tag.joins() || tag.meaning == Meaning::Mark('、');
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
        let inside = self.tags.get(last + 1..to).unwrap_or_default();
        // "De sexta às 16 h até segunda": an hour may stand between two days.
        let of_time = |tag: &Tag| !tag.joins() && tag.meaning != Meaning::Mark(',');
        if last + 4 < to && (last + 6 < to || !inside.iter().all(of_time)) {
            return false;
        }
        let range = |tag: &Tag| {
            matches!(tag.meaning, Meaning::Word(Word::To | Word::Until))
                || matches!(
                    tag.meaning,
                    Meaning::Mark('-' | '\u{2013}' | '\u{2014}' | '~')
                )
        };
        let after_between = |tag: &Tag| {
            tag.does(Particle::And)
                && self.tags[..from]
                    .iter()
                    .rev()
                    .take(2)
                    .any(|tag| tag.is(Word::Between))
        };
        // "lunes a jueves": alone between two, or it is an article.
        let links = matches!(inside, [tag] if tag.does(Particle::Link));
        let connected = links || inside.iter().any(|tag| range(tag) || after_between(tag));
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

    /// "9-17, Fridays 9-12": what is said of a day counts there alone.
    fn replace(&mut self) {
        let open = self.open;
        let Some((hours, usual)) = open.hours.zip(self.found.listed.last_mut()) else {
            return;
        };
        let Some(range) = usual
            .hours
            .filter(|range| range.to < DAY && range.from < range.to)
        else {
            return;
        };
        let days = if usual.days == 0 {
            ALL_DAYS
        } else {
            usual.days
        };
        let is_part = open.days & !days == 0 && open.days != days;
        if !is_part || open.days == 0 || self.added {
            return;
        }
        usual.days = days & !open.days;
        if hours.from == 0 {
            self.open.hours = Some(Hours {
                from: range.from,
                ..hours
            });
        }
    }

    /// "From 9:00 to 17:00, 16:00 on Fridays": there it ends earlier.
    fn ends_earlier(&mut self) -> bool {
        let open = self.open;
        let Some((hours, before)) = open.hours.zip(self.found.listed.last_mut()) else {
            return false;
        };
        let Some(usual) = before.hours else {
            return false;
        };
        let days = if before.days == 0 {
            ALL_DAYS
        } else {
            before.days
        };
        let inside = usual.from < hours.from && hours.from < usual.to && usual.to < DAY;
        if !inside || open.days == 0 || open.days & days != open.days || open.days == days {
            return false;
        }
        before.days = days & !open.days;
        self.open.hours = Some(Hours {
            to: hours.from,
            ..usual
        });
        true
    }

    fn push(&mut self) {
        if self.started && self.undirected && !self.ends_earlier() {
            self.found.doubtful = true;
        }
        self.found.narrow |= self.repeated && self.open.hours.is_some();
        // "On weekends and Fridays after 15:00": hardly only the weekend's evenings.
        let behind = self.hour_at.max(self.part_at) > self.last_day.map(|(day, _)| day);
        self.found.doubtful |= self.named == 0b11 && self.open.hours.is_some() && behind;
        self.named = 0;
        self.repeated = false;
        self.replace();
        self.added = true;
        self.undirected = false;
        if self.started {
            self.found.listed.push(self.open);
        }
        self.open = Window::default();
        self.started = false;
        self.from_at = None;
        self.hour_at = None;
        self.part_at = None;
    }

    fn finish(mut self) -> Windows {
        self.push();
        self.found
            .listed
            .retain(|window| window.days != 0 || window.hours.is_some());
        // There is no hour behind the last one of the day.
        let none = |one: &Window| one.hours.is_some_and(|hours| hours.from >= DAY);
        self.found.doubtful |= self.found.listed.iter().any(none);
        self.found.doubtful |= self.found.outside && !self.found.is_all_outside();
        self.found
    }
}

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
