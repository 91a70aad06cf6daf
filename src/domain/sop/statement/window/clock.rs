//! The times of day in a sentence: "9.30am", "after 15", "下午2点".

use super::super::definition::Particle;
use super::super::meaning::{Meaning, Word};
use super::super::season::{days_of_month, is_date};
use super::super::sentence::Tag;
use super::super::token::{Glue, is_wide};
use super::Reader;

impl Reader<'_> {
    /// Minutes since midnight, where a time of day begins here, and what follows it.
    pub(super) fn clock(&self, at: usize) -> Option<(u32, usize)> {
        let tag = self.tags.get(at)?;
        // "21.9.2026", "24 December", "24. Dezember"
        if is_date(self.tags, at) {
            return None;
        }
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
                    && (self.is_time_of_day(at)
                        || self.opens_range_of_h(at)
                        || self.is_behind_a_day(at)) =>
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
        // "20 to 24 December"
        if days_of_month(self.tags, at).is_some() {
            return None;
        }
        let next = self.tags.get(at + 1);
        let counts = next.is_some_and(|next| {
            matches!(
                next.meaning,
                Meaning::Unit(_) | Meaning::Role(_) | Meaning::Mark('%')
            ) || matches!(next.meaning, Meaning::Other) && !is_beside_an_hour(next)
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

    /// "Vendredi 16h"
    fn is_behind_a_day(&self, at: usize) -> bool {
        let before = self.tags[..at].last();
        before.is_some_and(|tag| matches!(tag.meaning, Meaning::Days(_)))
    }

    /// "9h à 16h": a second hour of the same kind ends it.
    fn opens_range_of_h(&self, at: usize) -> bool {
        let number = |index: usize| {
            let tag = self.tags.get(index);
            tag.is_some_and(|tag| matches!(tag.meaning, Meaning::Number(0..=24)))
        };
        let end = (at + 2..at + 6).find(|end| number(*end));
        end.is_some_and(|end| {
            let h = self.tags.get(end + 1);
            let is_h = h.is_some_and(|tag| tag.first == "h" && tag.glue == Glue::Nothing);
            is_h && self.joins_from(at, at + 1, end)
        })
    }

    fn is_hour_of_range(&self, at: usize) -> bool {
        let next = self.tags.get(at + 1);
        match self.tags[at].meaning {
            Meaning::Clock(_) => true,
            Meaning::Number(hour) => {
                hour <= 24
                    && next.is_none_or(|next| match &next.meaning {
                        Meaning::Unit(_) => {
                            matches!(next.first.as_str(), "h" | "heures" | "horas")
                        }
                        Meaning::Other => {
                            is_beside_an_hour(next)
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
            || self.tags[..at]
                .last()
                .is_some_and(|tag| tag.does(Particle::Latest))
            || self
                .from_at
                .is_some_and(|(from, last)| self.joins_from(from, last, at))
    }
}

/// "15 UTC", "before 9 or after 17", "after 15 on Fridays"
fn is_beside_an_hour(tag: &Tag) -> bool {
    tag.does(Particle::Zone) || tag.joins() || tag.does(Particle::On)
}
