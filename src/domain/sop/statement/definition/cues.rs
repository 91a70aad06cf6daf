//! Single words by what they tell: particles beside times, and cues where a command is compared with a
//! sentence.

use std::collections::BTreeSet;

use serde::Deserialize;

/// What small words do beside the times of a sentence, by the names of `[particles]`. A word may do
/// several of these things beside what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Particle {
    Or,
    And,
    But,
    /// "The", "einem", "du"
    Article,
    /// "On", "over": the day itself.
    On,
    /// "Lunes a jueves": it makes a range of what stands on both sides.
    Link,
    /// "Around": the hour behind it is that hour.
    About,
    /// "Onwards": the hour before it is where something begins.
    Onwards,
    /// "By", "latest": the hour beside it is the last.
    Latest,
    /// "Every other Friday": not each of them.
    Alternate,
    /// "15:00 UTC"
    Zone,
    /// It stands between times and says nothing of them.
    Filler,
    /// "Deploys run", "we": it says that something is done, and no more.
    Plain,
    /// "Regular deploys: Tuesdays": a label that narrows nothing.
    Label,
    /// "Best times": a label of what is wanted.
    Preferred,
    /// "24th"
    Ordinal,
}

/// All that one word does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Particles(u32);

impl Particles {
    pub(super) fn add(&mut self, particle: Particle) {
        self.0 |= 1 << (particle as u32);
    }

    pub fn has(self, particle: Particle) -> bool {
        self.0 & (1 << (particle as u32)) != 0
    }
}

/// What single words tell where a command is compared with a sentence, by the names of `[cues]`. A
/// word may be a cue beside what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Cue {
    /// "The", "with": tells nothing of what a sentence is about.
    Empty,
    /// "Within", "under": the amount behind it is the most that is allowed.
    Ceiling,
    /// "Older", "above"
    Excess,
    /// "At most", "at least": behind the amount, or before it.
    AtMost,
    AtLeast,
    /// "Tomorrow"
    NextDay,
    /// "An", before a length of time
    Single,
    /// "Right after"
    RightAfter,
    Then,
    By,
    /// "Is approved", "has approved", "approved it"
    Passive,
    Has,
    Object,
    /// "From the owner"
    Of,
    Or,
    /// "Each", "and": all of it.
    All,
    /// "Somebody": whoever it is.
    Anybody,
    Request,
    /// "Crash": what nobody wants to see behind a release.
    Bad,
    Rise,
    Calm,
    /// "Feature": what adds something, and mends nothing.
    Addition,
    /// "Tomorrow", "some day": what is put off.
    Later,
    /// "Followed by": it comes behind the release, as a sentence asks.
    Afterwards,
    /// "This": the morning behind it is none that follows.
    Morning,
    /// "We'll": it is not done yet.
    Promise,
    /// "Next", before a length of time or a [`Cue::Span`].
    Next,
    /// "Sprint"
    Span,
    /// "Running"
    Running,
    /// "Together", "in parallel"
    Together,
    /// "Quickly", "but", "everything": a hurry, or something that is amiss.
    Lack,
}

/// Whole words, and beginnings of words.
#[derive(Debug, Clone, Default)]
pub(super) struct Cues {
    words: BTreeSet<String>,
    beginnings: Vec<String>,
}

impl Cues {
    pub(super) fn add(&mut self, listed: Vec<String>) {
        for word in listed {
            match word.strip_suffix('*') {
                Some(beginning) => self.beginnings.push(beginning.to_owned()),
                None => {
                    self.words.insert(word);
                }
            }
        }
    }

    pub(super) fn has(&self, word: &str) -> bool {
        let begins = |beginning: &String| word.starts_with(beginning.as_str());
        self.words.contains(word) || self.beginnings.iter().any(begins)
    }
}
