//! The agent definition of the advisor: every phrase that means something in a procedure. It is
//! TOML, written by people, and handed in as a value; `agents/advisor.toml` is ours, and beside it
//! stands one file for each further language.

mod cues;
mod phrases;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use cues::Cues;
pub(super) use cues::{Cue, Particle, Particles};
use phrases::Phrases;

use super::meaning::{Hours, Meaning, PlaceWord, Season, StrategyWord, Word};
use super::sentence::Tag;
use super::token::{Form, Token, is_wide, tokenise};

/// A checked definition, ready for look-ups.
#[derive(Debug, Clone)]
pub struct Definition {
    pub name: String,
    pub role: String,
    pub limits: Limits,
    phrases: Phrases,
    imperatives: BTreeSet<String>,
    particles: HashMap<String, Particles>,
    cues: BTreeMap<Cue, Cues>,
    concepts: BTreeMap<String, Cues>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Longer sentences are not looked at.
    pub sentence_tokens: usize,
    /// Demands that one passage may make.
    pub statements: usize,
}

/// Why a definition cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidDefinition {
    #[error("the advisor's definition is not valid TOML of the expected form: {0}")]
    Toml(#[from] toml::de::Error),
    #[error(
        "the advisor's definition has the phrase \"{0}\": write it in lower case, with letters or digits in each word"
    )]
    Phrase(String),
    #[error("the advisor's definition uses \"{0}\" for two meanings: a phrase can have one only")]
    Twice(String),
    #[error("the advisor's definition has the time \"{0}\": write it as 15:00, or 12-24 for a day")]
    Time(String),
    #[error("the advisor's definition has the number \"{0}\": write whole numbers")]
    Number(String),
    #[error("the advisor's definition has no \"{0}\": add it")]
    Missing(&'static str),
    #[error("the advisor's definition limits {what} to {value}: use {allowed}")]
    Limit {
        what: &'static str,
        value: usize,
        allowed: &'static str,
    },
}

/// The file as it is written. A further language has words only; what it does not have is as in
/// the first file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(rename = "language")]
    _language: String,
    role: Option<String>,
    limits: Option<Limits>,
    #[serde(default)]
    environments: BTreeMap<PlaceWord, Vec<String>>,
    #[serde(default)]
    days: BTreeMap<DayWord, Vec<String>>,
    #[serde(default)]
    hours: BTreeMap<String, WrittenSpan>,
    #[serde(default)]
    months: BTreeMap<MonthWord, Vec<String>>,
    #[serde(default)]
    seasons: BTreeMap<String, WrittenSpan>,
    #[serde(default)]
    units: BTreeMap<UnitWord, Vec<String>>,
    #[serde(default)]
    numbers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    roles: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    strategies: BTreeMap<StrategyWord, Vec<String>>,
    #[serde(default)]
    words: BTreeMap<Word, Vec<String>>,
    #[serde(default)]
    imperatives: WordList,
    #[serde(default)]
    particles: BTreeMap<Particle, Vec<String>>,
    #[serde(default)]
    cues: BTreeMap<Cue, Vec<String>>,
    #[serde(default)]
    concepts: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordList {
    words: Vec<String>,
}

/// From and to, as `09:00` or `12-24`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSpan {
    from: String,
    to: String,
    phrases: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DayWord {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
    Weekend,
    Workdays,
    EarlyWeek,
    LateWeek,
}

impl DayWord {
    /// One bit for each day, Monday first.
    fn days(self) -> u8 {
        match self {
            Self::Weekend => 0b110_0000,
            Self::Workdays => 0b001_1111,
            Self::EarlyWeek => 0b000_0111,
            Self::LateWeek => 0b001_1000,
            day => 1 << (day as u8),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MonthWord {
    January,
    February,
    March,
    April,
    May,
    June,
    July,
    August,
    September,
    October,
    November,
    December,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnitWord {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl UnitWord {
    fn minutes(self) -> u32 {
        const DAY: u32 = 24 * 60;
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
            Self::Year => 365 * DAY,
        }
    }
}

impl Definition {
    /// Reads and checks a definition and its further languages.
    ///
    /// # Errors
    ///
    /// When a file is not of this form, or its phrases contradict each other.
    pub fn parse(text: &str, languages: &[&str]) -> Result<Self, InvalidDefinition> {
        let written: Written = toml::from_str(text)?;
        let limits = written.limits.ok_or(InvalidDefinition::Missing("limits"))?;
        limits.check()?;
        let role = written.role.clone();
        let mut definition = Self {
            name: written.name.clone(),
            role: role.ok_or(InvalidDefinition::Missing("role"))?,
            limits,
            phrases: Phrases::default(),
            imperatives: BTreeSet::new(),
            particles: HashMap::new(),
            cues: BTreeMap::new(),
            concepts: BTreeMap::new(),
        };
        definition.add(written)?;
        for language in languages {
            definition.add(toml::from_str(language)?)?;
        }
        Ok(definition)
    }

    fn add(&mut self, vocabulary: Written) -> Result<(), InvalidDefinition> {
        let phrases = &mut self.phrases;
        for (place, listed) in vocabulary.environments {
            phrases.add(&listed, &Meaning::Place(place))?;
        }
        for (day, listed) in vocabulary.days {
            phrases.add(&listed, &Meaning::Days(day.days()))?;
        }
        for span in vocabulary.hours.into_values() {
            let hours = Hours {
                from: clock(&span.from)?,
                to: clock(&span.to)?,
            };
            phrases.add(&span.phrases, &Meaning::Hours(hours))?;
        }
        for (month, listed) in vocabulary.months {
            phrases.add(&listed, &Meaning::Month(month as u32 + 1))?;
        }
        for span in vocabulary.seasons.into_values() {
            let season = Season {
                from: day_of_year(&span.from)?,
                to: day_of_year(&span.to)?,
            };
            phrases.add(&span.phrases, &Meaning::Season(season))?;
        }
        for (unit, listed) in vocabulary.units {
            phrases.add(&listed, &Meaning::Unit(unit.minutes()))?;
        }
        for (number, listed) in vocabulary.numbers {
            let value = number
                .parse()
                .map_err(|_| InvalidDefinition::Number(number));
            phrases.add(&listed, &Meaning::Number(value?))?;
        }
        for (role, listed) in vocabulary.roles {
            phrases.add(&listed, &Meaning::Role(role))?;
        }
        for (strategy, listed) in vocabulary.strategies {
            phrases.add(&listed, &Meaning::Strategy(strategy))?;
        }
        for (word, listed) in vocabulary.words {
            phrases.add(&listed, &Meaning::Word(word))?;
        }
        self.imperatives.extend(vocabulary.imperatives.words);
        for (particle, listed) in vocabulary.particles {
            for word in listed {
                self.particles.entry(word).or_default().add(particle);
            }
        }
        for (cue, listed) in vocabulary.cues {
            self.cues.entry(cue).or_default().add(listed);
        }
        for (concept, listed) in vocabulary.concepts {
            self.concepts.entry(concept).or_default().add(listed);
        }
        Ok(())
    }

    /// The longest phrase that begins at the first of these tokens: how many tokens it has, and
    /// what it means.
    pub(super) fn find(&self, tokens: &[Token]) -> Option<(usize, &Meaning)> {
        self.phrases.find(tokens)
    }

    /// "Freitagnachmittag", "Freitagsdeployments": how many bytes the name of a day takes at the start of
    /// a word that is made of two, and what each means. What stands behind may be unknown.
    pub(super) fn compound(&self, token: &Token) -> Option<(usize, Meaning, Meaning)> {
        const INFLECTION: usize = 2;
        let whole = self.find(std::slice::from_ref(token))?;
        let Meaning::Days(_) = whole.1 else {
            return None;
        };
        let day = self.phrases.beginning(token, whole.1);
        let (length, rest) = day.filter(|(_, rest)| rest.len() > INFLECTION)?;
        let known = |word: &str| {
            let token = tokenise(word);
            let [token] = token.as_slice() else {
                return None;
            };
            let (_, meaning) = self.find(std::slice::from_ref(token))?;
            Some(meaning.clone())
        };
        // "Freitags-": an s may join the two.
        let behind = known(rest).or_else(|| known(rest.strip_prefix('s')?));
        Some((length, whole.1.clone(), behind.unwrap_or(Meaning::Other)))
    }

    /// Whether an order may begin with this word.
    pub(super) fn is_imperative(&self, word: &str) -> bool {
        self.imperatives.contains(word)
    }

    /// What a word does beside the times of a sentence.
    pub(super) fn particles(&self, word: &str) -> Particles {
        self.particles.get(word).copied().unwrap_or_default()
    }

    /// Whether a word of a command or a sentence is such a cue.
    pub(super) fn tells(&self, cue: Cue, tag: &Tag) -> bool {
        // A phrase of letters without blanks between them is a word.
        let wide = tag.first.starts_with(is_wide) && !tag.rest.is_empty();
        self.cues(cue, &tag.first)
            || tag.pair.as_deref().is_some_and(|pair| self.cues(cue, pair))
            || (wide && self.cues(cue, &format!("{}{}", tag.first, tag.rest.concat())))
    }

    /// Whether a word is such a cue.
    pub(super) fn cues(&self, cue: Cue, word: &str) -> bool {
        self.cues.get(&cue).is_some_and(|cues| cues.has(word))
    }

    /// What a word stands for, where it is not the only one: "password" and "credentials".
    pub(super) fn concept(&self, word: &str) -> Option<&str> {
        let mut concepts = self.concepts.iter();
        concepts
            .find(|(_, words)| words.has(word))
            .map(|(concept, _)| concept.as_str())
    }
}

impl Limits {
    fn check(self) -> Result<(), InvalidDefinition> {
        let wrong = |what, value, allowed| {
            Err(InvalidDefinition::Limit {
                what,
                value,
                allowed,
            })
        };
        if !(20..=500).contains(&self.sentence_tokens) {
            return wrong("the words of a sentence", self.sentence_tokens, "20 to 500");
        }
        if !(1..=50).contains(&self.statements) {
            return wrong("the demands of a passage", self.statements, "1 to 50");
        }
        Ok(())
    }
}

fn clock(text: &str) -> Result<u32, InvalidDefinition> {
    match tokenise(text).as_slice() {
        [
            Token {
                form: Form::Clock(minutes),
                ..
            },
        ] => Ok(*minutes),
        _ => Err(InvalidDefinition::Time(text.to_owned())),
    }
}

/// Month and day as one number that grows through the year: 1224 is the 24th of December.
fn day_of_year(text: &str) -> Result<u32, InvalidDefinition> {
    let parts = text.split_once('-').and_then(|(month, day)| {
        let (month, day) = (month.parse::<u32>().ok()?, day.parse::<u32>().ok()?);
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(month * 100 + day)
    });
    parts.ok_or_else(|| InvalidDefinition::Time(text.to_owned()))
}
