//! Amounts: lengths of time, shares, multiples and counts that a command names, and those that a
//! sentence asks for.

use super::super::claims::is_denied;
use super::super::definition::Cue;
use super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::measure::{Measure, durations, multiples, shares};
use super::super::recognise::{removes, wants};
use super::super::sentence::Tag;
use super::super::window::windows;
use super::{Read, same_word};

impl Read<'_> {
    /// "Announced two hours before" where it is announced two days ahead; `None` where no amounts can
    /// be compared.
    pub(super) fn misses_an_amount(&self) -> Option<bool> {
        if self.misses_a_count() {
            return Some(true);
        }
        let own = self.sentence.own();
        if !self.shares_a_subject() {
            return None;
        }
        // "9h" is a time of the day where the sentence names one.
        let asked = match windows(own).listed.is_empty() {
            true => durations(own),
            false => Vec::new(),
        };
        self.misses(&asked, &self.durations())
            .or_else(|| self.misses(&shares(own), &shares(self.command)))
            .or_else(|| self.misses(&multiples(own), &multiples(self.command)))
    }

    /// "One engineer" where there must be two of them.
    fn misses_a_count(&self) -> bool {
        let counted = |tags: &[Tag]| -> Vec<(u32, usize, usize)> {
            (0..tags.len())
                .filter_map(|at| {
                    let Meaning::Number(count @ 0..=20) = tags[at].meaning else {
                        return None;
                    };
                    let of = (at + 1..(at + 3).min(tags.len()))
                        .take_while(|of| !matches!(tags[*of].meaning, Meaning::Mark(_)))
                        .find(|of| self.is_term(&tags[*of]) || tags[*of].is(Word::People))?;
                    Some((count, at, of))
                })
                .collect()
        };
        let own = self.sentence.own();
        let (asked, mut named) = (counted(own), counted(self.command));
        // "Alone" is one.
        let alone = (0..self.command.len())
            .filter(|at| self.command[*at].is(Word::Alone) && !is_denied(self.command, *at));
        let lonely = !named
            .iter()
            .any(|(_, _, of)| self.command[*of].is(Word::People))
            && alone.count() > 0;
        let of_people = |(count, _, of): &(u32, usize, usize)| {
            *count >= 2
                && (own[*of].is(Word::People) || matches!(own[*of].meaning, Meaning::Role(_)))
        };
        if lonely && asked.iter().any(of_people) {
            return true;
        }
        // "Two for a risky change, one for a small one"
        named.retain(|(count, _, of)| {
            !(0..own.len()).any(|at| {
                let counts_another = asked.iter().any(|(_, other, about)| {
                    *other == at && !self.same(&self.command[*of], &own[*about])
                });
                own[at].meaning == Meaning::Number(*count) && !counts_another
            })
        });
        asked.into_iter().any(|(asked, at, of)| {
            let most = own[..at]
                .iter()
                .rev()
                .take(4)
                .any(|tag| self.cues(tag, Cue::Ceiling) || self.cues(tag, Cue::Excess));
            let banned = !wants(self.sentence, self.sentence.own + of);
            !most
                && !banned
                && named.iter().any(|(count, _, said)| {
                    let same = self.same(&self.command[*said], &own[of])
                        || (own[of].is(Word::People) && self.command[*said].is(Word::People));
                    same && *count < asked
                })
        })
    }

    fn misses(&self, asked: &[Measure], named: &[Measure]) -> Option<bool> {
        let ([.., asked], [named]) = (asked, named) else {
            return None;
        };
        let own = self.sentence.own();
        let mut near = own[..asked.at].iter().rev().take(6);
        // "Nothing within two days of the launch" asks for two days at least.
        let over = |tag: &Tag| self.cues(tag, Cue::Excess) || tag.meaning == Meaning::Mark('>');
        // "Back when errors are over 2 %": what is taken back is past no limit any more.
        if self.sentence.has(Word::Threshold) && near.clone().any(over) {
            return Some(named.value > asked.value && !self.takes_back());
        }
        let is_ceiling = match self.sentence.has_any(&[Word::Not, Word::Freeze]) {
            true => near.any(over),
            // "30分钟内": it stands behind the length.
            false
                if own
                    .iter()
                    .skip(asked.at)
                    .take(3)
                    .any(|tag| tag.first == "内") =>
            {
                true
            }
            // "After ten days at most"
            false
                if own
                    .iter()
                    .skip(asked.at + 1)
                    .take(2)
                    .any(|tag| self.cues(tag, Cue::AtMost)) =>
            {
                true
            }
            false => near.any(|tag| {
                self.cues(tag, Cue::Ceiling) || (tag.is(Word::During) && tag.is_phrase())
            }),
        };
        Some(match is_ceiling {
            true => named.value > asked.value,
            false => named.value < asked.value,
        })
    }

    /// Whether both speak of one thing, so that their amounts may be compared: of a term, of an act
    /// such as a merge, or of one share of the users.
    fn shares_a_subject(&self) -> bool {
        let own = self.sentence.own();
        let of_term = self.command.iter().filter(|tag| self.is_term(tag));
        let first = self.sentence.own;
        let conditional = |at: usize| self.is_condition(first + at);
        let mut of_term = of_term.filter(|tag| {
            own.iter()
                .enumerate()
                .any(|(at, other)| self.is_term(other) && self.same(tag, other) && !conditional(at))
        });
        let mut acts = self.command.iter().filter(|tag| is_act(tag)).filter(|tag| {
            own.iter()
                .any(|other| is_act(other) && same_word(&tag.first, &other.first))
        });
        let steps = shares(own);
        // What is removed, or kept for so long only.
        let removed = self.sentence.owns(Word::Keep)
            && self
                .command
                .iter()
                .any(|tag| removes(tag) || tag.is(Word::Keep));
        let staging = |tags: &[Tag]| {
            tags.iter().any(|tag| {
                matches!(
                    tag.meaning,
                    Meaning::Place(PlaceWord::Staging | PlaceWord::Other)
                )
            })
        };
        // "At least a week of real traffic", "after two days"
        let lasts = own.len() <= 12
            && own.iter().any(|tag| self.cues(tag, Cue::AtLeast))
            && !self.sentence.is_about(&[
                Word::Announce,
                Word::Keep,
                Word::Ticket,
                Word::Freeze,
                Word::Backup,
            ])
            && self
                .command
                .windows(2)
                .any(|two| two[0].is(Word::After) && matches!(two[1].meaning, Meaning::Number(_)));
        removed
            || lasts
            || (staging(own) && staging(self.command))
            || of_term.next().is_some()
            || acts.next().is_some()
            || shares(self.command)
                .iter()
                .any(|share| steps.iter().any(|step| step.value == share.value))
    }

    /// The lengths of time of the command; "the next day" is one.
    fn durations(&self) -> Vec<Measure> {
        const DAY: u32 = 24 * 60;
        let found = durations(self.command);
        if !found.is_empty() {
            return found;
        }
        let is_day =
            |at: usize| self.command.get(at).map(|tag| &tag.meaning) == Some(&Meaning::Unit(DAY));
        let turns = |at: usize| {
            self.command
                .get(at)
                .is_some_and(|tag| tag.is(Word::Before) || tag.is(Word::After))
        };
        let next_day = self.command.iter().enumerate().position(|(at, tag)| {
            self.cues(tag, Cue::NextDay)
                || (tag.first == "next" && is_day(at + 1))
                || (tag.first == "the" && is_day(at + 1) && turns(at + 2))
        });
        // "An hour later"
        let single = self.command.windows(2).enumerate().find_map(|(at, two)| {
            let value = match two[1].meaning {
                Meaning::Unit(minutes) if self.cues(&two[0], Cue::Single) => minutes,
                _ => return None,
            };
            Some(Measure { at, value })
        });
        let at_once = self
            .command
            .windows(2)
            .position(|two| self.cues(&two[0], Cue::RightAfter) && two[1].is(Word::After));
        // "On Saturday, and on Monday": the days between them.
        let days: Vec<(usize, u32)> = days_of_week(self.command);
        if let [(_, from), (at, to)] = days.as_slice() {
            let value = (to + 7 - from) % 7 * DAY;
            return vec![Measure { at: *at, value }];
        }
        let clocks: Vec<(usize, u32)> = times_of_day(self.command);
        if let [(_, from), (at, to)] = clocks.as_slice() {
            let value = (to + DAY - from) % DAY;
            return vec![Measure { at: *at, value }];
        }
        let day = next_day.map(|at| Measure { at, value: DAY });
        let none = at_once.map(|at| Measure { at, value: 0 });
        day.or(single).or(none).into_iter().collect()
    }
}

/// The times of day that a command names.
fn times_of_day(command: &[Tag]) -> Vec<(usize, u32)> {
    let clock = |(at, tag): (usize, &Tag)| match tag.meaning {
        Meaning::Clock(minutes) => Some((at, minutes)),
        _ => None,
    };
    command.iter().enumerate().filter_map(clock).collect()
}

/// The single days of the week that a command names, Monday as 0.
fn days_of_week(command: &[Tag]) -> Vec<(usize, u32)> {
    let day = |(at, tag): (usize, &Tag)| match tag.meaning {
        Meaning::Days(days) if days.count_ones() == 1 => Some((at, days.trailing_zeros())),
        _ => None,
    };
    command.iter().enumerate().filter_map(day).collect()
}

/// "Merge", "maintenance": acts that are more than a deploy.
fn is_act(tag: &Tag) -> bool {
    const PLAIN: [&str; 5] = ["deploy", "releas", "chang", "ship", "roll"];
    (tag.is(Word::Deploy) || tag.is(Word::Change))
        && !PLAIN.iter().any(|word| tag.first.starts_with(word))
}
