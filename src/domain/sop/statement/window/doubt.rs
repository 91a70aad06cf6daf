//! What a sentence about times leaves open: "at 15:00", "after 3", "the first Monday of the month". A
//! rule that is made of such a time may be wrong, and a wrong rule is worse than none.

use super::super::definition::Particle;
use super::super::meaning::{Hours, Meaning, Word};
use super::super::sentence::Tag;
use super::super::token::{Glue, is_wide};
use super::reach::{Reach, is_small, reach};
use super::{DAY, Reader};

const NOON: u32 = 12 * 60;
/// A number alone up to this one is an hour of the afternoon as likely.
const SMALL: u32 = 6 * 60;

/// How an hour is written, as far as that tells which half of the day it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// "9"
    Bare,
    /// "9:00"
    Clock,
    Am,
    Pm,
    /// "9 Uhr": the clock has twenty-four hours.
    Full,
}

impl Reader<'_> {
    fn written(&self, at: usize) -> Written {
        let tag = &self.tags[at];
        let half = |index: usize| {
            self.tags
                .get(index)
                .and_then(|tag| match tag.first.as_str() {
                    "am" => Some(Written::Am),
                    "pm" => Some(Written::Pm),
                    _ => None,
                })
        };
        let pointed = |tag: &Tag| tag.meaning == Meaning::Mark('.');
        let behind = match self.tags.get(at + 1).is_some_and(pointed) {
            true => at + 3,
            false => at + 1,
        };
        let ends = self.clock(at).map_or(at + 1, |(_, next)| next);
        match (half(behind), &tag.meaning) {
            (Some(half), _) => half,
            (None, Meaning::Number(_)) if ends > at + 1 => Written::Full,
            (None, Meaning::Number(_)) => Written::Bare,
            (None, Meaning::Clock(_)) => Written::Clock,
            (None, _) => Written::Full,
        }
    }

    /// "9 to 5", "2 to 4 pm", "22:00 to 6:00": of which half of the day each is.
    pub(super) fn range(&mut self, from_at: usize, from: u32, to_at: usize, to: u32) -> Hours {
        use Written::{Am, Bare, Clock, Full, Pm};
        let (first, last) = (self.written(from_at), self.written(to_at));
        let (mut from, mut to) = (from, to);
        let wraps = to <= from && from <= NOON && to < NOON;
        match (first, last) {
            // "2 to 4 pm" are both of the afternoon, "9 to 5 pm" are not.
            (Bare | Clock, Pm) if from < NOON && from + NOON < to => from += NOON,
            (Am, Bare | Clock) if to <= from => to += NOON,
            // "From 5 pm to 9" may end in the evening or in the morning.
            (Pm, Bare | Clock) if to < NOON => self.found.doubtful = true,
            (Bare, Bare) if wraps && from >= SMALL => {
                to += NOON;
                self.found.guessed = true;
            }
            (Bare, Bare) if wraps || from.max(to) <= SMALL => self.found.doubtful = true,
            (Bare | Clock | Full, Bare | Clock | Full) if wraps => self.found.doubtful = true,
            _ => {}
        }
        Hours { from, to }
    }

    /// "After 3": a number alone, and small; or one with an end that is none.
    pub(super) fn is_odd_hour(&self, at: usize, last: usize) -> bool {
        let closes = (last + 1..last + 4)
            .filter(|end| *end < self.tags.len())
            .any(|end| self.clock(end).is_some() && self.joins_from(at, last, end));
        let is_small = matches!(self.tags[at].meaning, Meaning::Number(hour) if hour * 60 <= SMALL);
        // "From 10 to 6 there is none": what ends it is not read as an hour.
        let is_cut = matches!(
            self.tags.get(last + 1..last + 3),
            Some([to, number]) if matches!(number.meaning, Meaning::Number(_))
                && (to.is(Word::To) || to.is(Word::Until) || to.does(Particle::Link))
        );
        !closes && (is_cut || is_small && self.written(at) == Written::Bare)
    }

    /// Whether something says that it begins at this hour: "after", "from ... on".
    pub(super) fn begins(&self, at: usize, last: usize) -> bool {
        let passes = |tag: &&Tag| {
            is_small(tag)
                || tag.does(Particle::On)
                || tag.does(Particle::About)
                || tag.is(Word::At)
                || matches!(tag.meaning, Meaning::Days(_) | Meaning::Hours(_))
        };
        let before = self.tags[..at].iter().rev();
        let led = before.take(6).find(|tag| !passes(tag));
        // "Deploys stop at 16:00"
        let begins = |tag: &Tag| {
            [Word::After, Word::From, Word::Stop]
                .iter()
                .any(|word| tag.is(*word))
        };
        // "Is it Friday at 17:00? Then stop."
        let behind = self.tags.get(last + 1..).unwrap_or_default().iter();
        let is_asked = behind
            .take(2)
            .any(|tag| matches!(tag.meaning, Meaning::Mark('?' | '\u{ff1f}')));
        led.is_some_and(begins)
            || is_asked
            || self.is_followed(last, &[Word::After])
            || self.tags.get(last + 1).is_some_and(|tag| {
                let is_last = (self.tags.get(last + 2))
                    .is_none_or(|next| !matches!(next.meaning, Meaning::Days(_)));
                tag.does(Particle::Onwards) && is_last
            })
    }

    /// "十八点之后": in Chinese it stands behind the hour.
    pub(super) fn is_followed(&self, last: usize, words: &[Word]) -> bool {
        self.tags.get(last + 1).is_some_and(|next| {
            next.first.starts_with(is_wide) && words.iter().any(|word| next.is(*word))
        })
    }

    /// "By 16:00", "spätestens um 16 Uhr", "16:00 at the latest"
    pub(super) fn is_latest(&self, at: usize, last: usize) -> bool {
        let passes = |tag: &&Tag| {
            is_small(tag) || tag.is(Word::At) || matches!(tag.meaning, Meaning::Days(_))
        };
        let before = self.tags[..at].iter().rev();
        let led = before.take(4).find(|tag| !passes(tag));
        let behind = self.tags.get(last + 1..).unwrap_or_default().iter();
        let follows = behind
            .take(3)
            .take_while(|tag| !tag.joins())
            .any(|tag| tag.does(Particle::Latest) && tag.first != "by");
        follows || led.is_some_and(|tag| tag.does(Particle::Latest))
    }

    /// "The first Monday of the month", "every other Friday", "until Monday": no day of each week, or
    /// more days than are named.
    pub(super) fn is_odd_day(&self, at: usize) -> bool {
        let before = |back: usize| Some(&self.tags[at.checked_sub(back)?]);
        let nth = |tag: &Tag| {
            let in_words = !tag.first.starts_with(|c: char| c.is_ascii_digit());
            tag.is(Word::First)
                || tag.is(Word::Last)
                || tag.does(Particle::Ordinal)
                || tag.does(Particle::Alternate)
                || matches!(tag.meaning, Meaning::Number(2..=5)) && in_words
                // "第一个周一"
                || matches!(tag.meaning, Meaning::Number(_)) && tag.first.starts_with(is_wide)
        };
        let is_nth = before(1).is_some_and(nth);
        // "Freitagmorgen": a word that is made of two, and the other is not known.
        let is_cut = self.tags.get(at + 1).is_some_and(|next| {
            next.glue == Glue::Nothing
                && next.meaning == Meaning::Other
                && next
                    .first
                    .starts_with(|c: char| c.is_alphabetic() && !is_wide(c))
        });
        is_nth || is_cut || self.is_limit(at)
    }

    /// "Before Friday", "until Monday", "after Thursday": a day that something begins or ends at,
    /// without an hour.
    fn is_limit(&self, at: usize) -> bool {
        let is_range = self.last_day.is_some_and(|(day, _)| self.joins(day, at));
        if is_range || reach(self.tags, at) != Reach::Itself {
            return false;
        }
        let limits = |tag: &Tag| {
            [Word::Before, Word::Until, Word::After]
                .iter()
                .any(|word| tag.is(*word))
        };
        let before = self.tags[..at].iter().rev();
        let led = before
            .take(3)
            .find(|tag| !is_small(tag))
            .is_some_and(limits);
        let behind = self.is_followed(at, &[Word::Before, Word::Until, Word::After]);
        let has_hour = (at + 1..(at + 5).min(self.tags.len())).any(|index| {
            self.clock(index).is_some() || matches!(self.tags[index].meaning, Meaning::Hours(_))
        });
        // "Before the weekend" is a phrase of its own.
        let phrase = limits(&self.tags[at]);
        !phrase && !has_hour && (led || behind)
    }

    /// "The last hour of the working day", "two hours before midnight": counted from another time.
    pub(super) fn is_relative(&self, at: usize) -> bool {
        let of = |tag: &Tag| {
            tag.is(Word::Before)
                || tag.is(Word::After)
                || tag.does(Particle::Article)
                || tag.first == "of"
        };
        let behind = self.tags.get(at + 1..).unwrap_or_default();
        let leads = behind.first().is_some_and(of);
        let next = behind.iter().position(|tag| !of(tag));
        leads
            && next.is_some_and(|next| {
                self.clock(at + 1 + next).is_some()
                    || matches!(
                        behind[next].meaning,
                        Meaning::Days(_) | Meaning::Hours(_) | Meaning::Unit(DAY)
                    )
            })
    }
}
