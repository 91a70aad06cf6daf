//! What words are for: every phrase of the definition with all its roles, found in one look-up
//! for its first word. The longest phrase wins.

use std::collections::HashMap;
use std::hash::Hash;

use serde::Deserialize;

use crate::domain::intent::Action;

/// What a phrase can be for: the keys of `[words]` in the definition, with their words. One phrase
/// may have several roles; its place decides which counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(super) enum Role {
    Filler,
    Polite,
    Suggest,
    Determiner,
    Pronoun,
    PluralPronoun,
    Same,
    Subject,
    To,
    On,
    At,
    From,
    Of,
    For,
    With,
    By,
    And,
    Then,
    Or,
    But,
    Negator,
    Halt,
    Correction,
    Except,
    Without,
    QuestionStart,
    /// Makes a question wherever it stands, as 吗 does.
    QuestionEnd,
    Help,
    If,
    Because,
    Time,
    Past,
    TimeUnit,
    Every,
    Urgency,
    Force,
    Skip,
    Skippable,
    DryRun,
    Strategy,
    Notify,
    Everything,
    Destructive,
    Other,
    Injection,
    Approval,
    Yes,
    NoAnswer,
    EnvironmentNoun,
    PlaceNoun,
    ServiceNoun,
    /// "deployment", "statefulset": behind a name the thing that runs it.
    ResourceNoun,
    /// "vm", "node": a single machine or a part of it, never an environment of its own.
    MachineNoun,
    /// "hotfix", "artifacts": what is delivered, without a name.
    Payload,
    /// "database", "cache": the service itself, where nothing else is named.
    Infrastructure,
    /// "github", "vps": where something is kept or run; no environment and no service.
    Hosting,
    VersionNoun,
    GitNoun,
    VersionPlural,
    BranchName,
    Previous,
    Last,
    Newest,
    UnclearVersion,
    BackCount,
    Count,
    Running,
    WhateverRuns,
    PullRequest,
    TestNoun,
    TestKind,
    AllTests,
    SmokeTests,
    HealthCheck,
    Pass,
    Fail,
    ReplicaNoun,
    LogNoun,
    StatusNoun,
    Display,
    Inspect,
    /// A bot that is spoken to by its name.
    Addressee,
    /// A program whose command was typed: "kubectl".
    Tool,
    /// Verbs of everyday life, which deploy only what can be deployed.
    Weak,
    /// Deeds that Commander does not do, with one thing as their object.
    Manage,
    Resize,
    Light,
    Run,
    Wish,
    /// "have", "I want": what is to be done follows as a participle, "shop deployed".
    Causative,
    JobNoun,
    Speech,
    Report,
    /// "shop needs a restart"
    Needs,
    TailNoun,
    FirstChoice,
    SecondChoice,
    ThirdChoice,
    LastChoice,
    SecretKey,
    Plain,
    /// An ordinary word that is a name right before "service".
    Nameable,
    /// "called", "named": a name follows.
    Called,
    /// "nothing": what is told of it is denied.
    Nothing,
    /// "ask", "tell": somebody is told to do it.
    Relay,
    /// Begins a command; with an action.
    Verb,
    /// May follow a light verb; with an action.
    VerbNoun,
    /// "deployed", "rolling back"; with an action.
    Inflected,
    /// The name or short form of a usual environment.
    Environment,
    /// The first half of a verb that comes apart.
    Separable,
}

/// A set of roles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Roles(u128);

impl Roles {
    pub fn insert(&mut self, role: Role) {
        self.0 |= 1 << role as u8;
    }

    pub fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    pub fn any(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    pub fn join(&mut self, more: Self) {
        self.0 |= more.0;
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What the definition knows about one phrase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub roles: Roles,
    /// For `Verb`, `VerbNoun` and `Inflected`.
    pub action: Option<Action>,
    /// For `Environment`: its usual full name.
    pub environment: Option<String>,
}

/// Values under phrases of one or more words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrases<V> {
    by_first: HashMap<String, Vec<(Vec<String>, V)>>,
}

impl<V> Default for Phrases<V> {
    fn default() -> Self {
        Self {
            by_first: HashMap::new(),
        }
    }
}

impl<V: Default> Phrases<V> {
    /// The value under a phrase, made when it is not there yet.
    pub fn entry(&mut self, phrase: &str) -> &mut V {
        let mut words = phrase.split_whitespace().map(str::to_owned);
        let first = words.next().unwrap_or_default();
        let rest: Vec<String> = words.collect();
        let group = self.by_first.entry(first).or_default();
        let at = match group.iter().position(|(words, _)| *words == rest) {
            Some(at) => at,
            None => {
                // Longest first, so that the first match is the longest.
                let at = group.partition_point(|(words, _)| words.len() >= rest.len());
                group.insert(at, (rest, V::default()));
                at
            }
        };
        &mut group[at].1
    }
}

impl<V> Phrases<V> {
    /// The longest phrase that begins at the first of these words, with its number of words.
    pub fn longest<W: AsRef<str> + Hash + Eq>(&self, words: &[W]) -> Option<(usize, &V)> {
        let (first, rest) = words.split_first()?;
        self.by_first
            .get(first.as_ref())?
            .iter()
            .find(|(phrase, _)| {
                phrase.len() <= rest.len() && phrase.iter().zip(rest).all(|(a, b)| a == b.as_ref())
            })
            .map(|(phrase, value)| (phrase.len() + 1, value))
    }

    /// Every phrase with its value.
    pub fn iter(&self) -> impl Iterator<Item = (String, &V)> {
        self.by_first.iter().flat_map(|(first, group)| {
            group.iter().map(move |(rest, value)| {
                let words = std::iter::once(first).chain(rest);
                let words: Vec<&str> = words.map(String::as_str).collect();
                (words.join(" "), value)
            })
        })
    }

    /// Every phrase of one word.
    pub fn single_words(&self) -> impl Iterator<Item = (&str, &V)> {
        self.by_first.iter().filter_map(|(first, group)| {
            let (_, value) = group.iter().find(|(rest, _)| rest.is_empty())?;
            Some((first.as_str(), value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_wins() {
        let mut phrases: Phrases<u8> = Phrases::default();
        *phrases.entry("roll") = 1;
        *phrases.entry("roll back") = 2;
        *phrases.entry("roll back now") = 3;
        assert_eq!(phrases.longest(&["roll", "back", "shop"]), Some((2, &2)));
        assert_eq!(phrases.longest(&["roll", "back", "now"]), Some((3, &3)));
        assert_eq!(phrases.longest(&["roll"]), Some((1, &1)));
        assert_eq!(phrases.longest(&["back"]), None);
    }
}
