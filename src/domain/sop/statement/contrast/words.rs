//! What a command denies, removes, or does all the same.

use super::super::definition::Cue;
use super::super::meaning::{Meaning, Word};
use super::super::recognise::{removes, wants};
use super::super::sentence::Tag;
use super::super::token::Glue;
use super::{Read, same_word};

impl Read<'_> {
    /// "No screenshots attached" where they are asked for.
    pub(super) fn denies_the_wanted(&self) -> bool {
        // What nobody wants is well denied.
        let welcome = [
            Word::Finding,
            Word::Incident,
            Word::Severity,
            Word::Emergency,
            Word::Freeze,
            Word::Holiday,
            Word::Peak,
            Word::Downtime,
        ];
        let shared = self.shared(&self.wanted());
        shared
            .iter()
            .filter(|(at, _)| {
                // "No known CVEs"
                let mut near = self.command[*at..].iter().take(3);
                !near.any(|tag| welcome.iter().any(|word| tag.is(*word)))
            })
            .any(|(at, _)| self.denied(*at))
            || self.says_the_opposite()
    }

    /// "Unlisted" where it is listed.
    fn says_the_opposite(&self) -> bool {
        let own = &self.sentence.tags;
        let wanted = self.wanted();
        self.command.iter().any(|tag| {
            let Some(word) = tag.first.strip_prefix("un").filter(|word| word.len() >= 5) else {
                return false;
            };
            wanted
                .iter()
                .any(|of| self.contents(&own[*of]).any(|other| same_word(word, other)))
        })
    }

    /// "Outside the agreed hours"
    pub(super) fn is_outside(&self) -> bool {
        let outside = self.command.iter().position(|tag| tag.is(Word::Outside));
        let Some(at) = outside.filter(|_| !self.sentence.has_any(&[Word::Outside, Word::Not]))
        else {
            return false;
        };
        let near = at + 5;
        self.shared(&self.wanted())
            .iter()
            .any(|(said, _)| (at..near).contains(said))
    }

    /// "Delete the snapshot" where it is kept.
    pub(super) fn removes_the_kept(&self) -> bool {
        let keeps = self.sentence.owns(Word::Keep) && !self.sentence.own().iter().any(removes);
        keeps
            && self.shared(&self.wanted()).iter().any(|(at, _)| {
                let mut before = self.command[..*at].iter().rev().take(5);
                before.any(removes)
            })
    }

    /// "A new feature" where only fixes are let in.
    pub(super) fn is_no_fix(&self) -> bool {
        let only = self.sentence.owns(Word::Only)
            && self.sentence.owns_any(&[Word::Fix, Word::Critical])
            && !self.sentence.has(Word::Approve);
        let builds = (0..self.command.len())
            .any(|at| self.cues(&self.command[at], Cue::Addition) && !self.denied(at));
        only && builds
    }

    /// "Deploy shop:v1" where images are named by their digest.
    pub(super) fn names_no_digest(&self) -> bool {
        let by_digest = |tag: &Tag| {
            let words = std::iter::once(&tag.first).chain(&tag.rest);
            words
                .into_iter()
                .any(|word| word.starts_with("digest") || word.starts_with("sha256"))
        };
        let own = self.sentence.own();
        let asked = (0..own.len())
            .any(|at| by_digest(&own[at]) && wants(self.sentence, self.sentence.own + at));
        // A colon that a version follows at once: of a time it is a number.
        let tagged = self.command.windows(3).any(|three| {
            three[1].meaning == Meaning::Mark(':')
                && three[1].glue == Glue::Nothing
                && three[2].glue == Glue::Nothing
                && three[0].meaning == Meaning::Other
        });
        asked && tagged && !self.command.iter().any(by_digest)
    }

    /// "Error rate up, carry on" where errors end a release.
    pub(super) fn goes_on_all_the_same(&self) -> bool {
        let sentence = self.sentence;
        let ends = sentence.has_any(&[Word::Rollback, Word::Stop])
            || (sentence.has(Word::Not) && sentence.has(Word::If));
        let goes_on = self.command.iter().any(|tag| tag.is(Word::GoOn));
        let near = |at: usize, cue: Cue| {
            let from = at.saturating_sub(2);
            let mut near = self.command[from..].iter().take(at - from + 4);
            near.any(|tag| self.cues(tag, cue))
        };
        let limits = self.limits();
        // "Answers take 900 ms" where 500 are too many.
        let is_over = |at: usize| {
            limits.iter().any(|(limit, unit)| {
                let of_unit = self
                    .command
                    .get(at + 1)
                    .is_some_and(|tag| tag.first == *unit);
                // "0.5": its last digits are no number.
                let is_fraction = at.checked_sub(1).is_some_and(|before| {
                    matches!(self.command[before].meaning, Meaning::Mark('.' | ','))
                        && self.command[at].glue == Glue::Nothing
                });
                let number = |number| of_unit && !is_fraction && number > *limit;
                matches!(self.command[at].meaning, Meaning::Number(found) if number(found))
            })
        };
        let bad = |at: usize| {
            let tag = &self.command[at];
            let named = self.cues(tag, Cue::Bad);
            let rises = tag.is(Word::Threshold) && near(at, Cue::Rise);
            let fails = tag.is(Word::Pass) && tag.fails();
            let grave = tag.is(Word::Severity) || tag.is(Word::Incident);
            (named || rises || fails || grave || is_over(at))
                && !self.denied(at)
                && !near(at, Cue::Calm)
        };
        let triggers = sentence.tags.iter().any(|tag| {
            tag.is(Word::Threshold)
                || tag.is(Word::If)
                || tag.is(Word::Severity)
                || tag.is(Word::Incident)
                || tag.fails()
                || self.cues(tag, Cue::Bad)
        });
        let conditions: Vec<usize> = self.terms().filter(|at| self.is_condition(*at)).collect();
        let met = |at: usize| {
            self.shared(&conditions).iter().any(|(said, _)| *said == at)
                && !self.denied(at)
                && !near(at, Cue::Calm)
                && !self
                    .command
                    .iter()
                    .any(|tag| matches!(tag.meaning, Meaning::Number(_)))
        };
        ends && goes_on
            && triggers
            && !self.takes_back()
            && (0..self.command.len()).any(|at| bad(at) || met(at))
    }

    /// The amounts that a sentence names as too many, each with its unit: "> 500 ms", "over 3 %".
    fn limits(&self) -> Vec<(u32, &str)> {
        let own = self.sentence.own();
        own.windows(3)
            .filter(|three| {
                three[0].meaning == Meaning::Mark('>')
                    || self.cues(&three[0], Cue::Excess)
                    || self.cues(&three[0], Cue::Rise)
            })
            .filter_map(|three| match three[1].meaning {
                Meaning::Number(limit) => Some((limit, three[2].first.as_str())),
                _ => None,
            })
            .collect()
    }

    /// "For large changes" says nothing of a small one.
    pub(super) fn is_of_another_size(&self) -> bool {
        let said = |word: Word| self.command.iter().any(|tag| tag.is(word));
        let has = |word: Word| self.sentence.has(word);
        (has(Word::Major) && !has(Word::Minor) && said(Word::Minor) && !said(Word::Major))
            || (has(Word::Minor) && !has(Word::Major) && said(Word::Major) && !said(Word::Minor))
    }

    pub(super) fn takes_back(&self) -> bool {
        (0..self.command.len()).any(|at| self.command[at].is(Word::Rollback) && !self.denied(at))
    }
}
