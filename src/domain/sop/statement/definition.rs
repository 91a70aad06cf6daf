//! The agent definition of the advisor: every phrase that means something in a procedure. It is
//! TOML, written by people, and handed in as a value; `agents/advisor.toml` is ours, and beside it
//! stands one file for each further language.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

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

/// What small words do beside the times of a sentence, by the names of `[particles]`. A word may do
/// several of these things beside what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Particle {
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
pub(super) struct Particles(u32);

impl Particles {
    fn add(&mut self, particle: Particle) {
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
pub(super) enum Cue {
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
struct Cues {
    words: BTreeSet<String>,
    beginnings: Vec<String>,
}

impl Cues {
    fn add(&mut self, listed: Vec<String>) {
        for word in listed {
            match word.strip_suffix('*') {
                Some(beginning) => self.beginnings.push(beginning.to_owned()),
                None => {
                    self.words.insert(word);
                }
            }
        }
    }

    fn has(&self, word: &str) -> bool {
        let begins = |beginning: &String| word.starts_with(beginning.as_str());
        self.words.contains(word) || self.beginnings.iter().any(begins)
    }
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
        let letters = letters_of(&token.text)?;
        let beginnings = self.phrases.by_letters.get(&letters)?;
        let day = beginnings
            .iter()
            .find_map(|phrase| match phrase.words.as_slice() {
                [Pattern::Beginning(day)] if phrase.meaning == *whole.1 => token
                    .text
                    .strip_prefix(day.as_str())
                    .map(|rest| (day.len(), rest)),
                _ => None,
            });
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

/// Phrases by their first word, or its first two letters where only its beginning is given.
#[derive(Debug, Clone, Default)]
struct Phrases {
    by_word: HashMap<String, Vec<Phrase>>,
    by_letters: HashMap<(char, Option<char>), Vec<Phrase>>,
}

#[derive(Debug, Clone)]
struct Phrase {
    words: Vec<Pattern>,
    meaning: Meaning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Whole(String),
    Beginning(String),
    /// A few words of any kind, or none.
    Gap,
}

/// The words that a gap may span, or parts of a version.
const GAP: usize = 5;

impl Pattern {
    fn matches(&self, token: &Token) -> bool {
        match self {
            Self::Whole(word) => token.text == *word,
            Self::Beginning(letters) => {
                matches!(token.form, Form::Word) && token.text.starts_with(letters.as_str())
            }
            Self::Gap => matches!(token.form, Form::Word | Form::Number(_) | Form::Mark('.')),
        }
    }
}

impl Phrases {
    fn add(&mut self, listed: &[String], meaning: &Meaning) -> Result<(), InvalidDefinition> {
        for written in listed {
            let words =
                patterns(written).ok_or_else(|| InvalidDefinition::Phrase(written.clone()))?;
            let entry = match words.first() {
                Some(Pattern::Whole(word)) => self.by_word.entry(word.clone()).or_default(),
                Some(Pattern::Beginning(letters)) => {
                    let first = letters_of(letters)
                        .ok_or_else(|| InvalidDefinition::Phrase(written.clone()))?;
                    self.by_letters.entry(first).or_default()
                }
                Some(Pattern::Gap) | None => {
                    return Err(InvalidDefinition::Phrase(written.clone()));
                }
            };
            match entry.iter().find(|phrase| phrase.words == words) {
                // Languages share words.
                Some(same) if same.meaning == *meaning => {}
                Some(_) => return Err(InvalidDefinition::Twice(written.clone())),
                None => entry.push(Phrase {
                    words,
                    meaning: meaning.clone(),
                }),
            }
        }
        Ok(())
    }

    fn find(&self, tokens: &[Token]) -> Option<(usize, &Meaning)> {
        let first = tokens.first()?;
        let whole = self.by_word.get(&first.text).into_iter().flatten();
        let letters = letters_of(&first.text)?;
        let beginnings = self.by_letters.get(&letters).into_iter().flatten();
        // A beginning of one letter alone is in a list of its own.
        let single = (letters.0, None);
        let short = self.by_letters.get(&single).into_iter().flatten();
        let beginnings = beginnings.chain(short.filter(|_| letters != single));
        whole
            .chain(beginnings)
            .filter(|phrase| phrase.begins(tokens))
            // Of equally long ones the one that says more of the word.
            .max_by_key(|phrase| (phrase.words.len(), phrase.letters()))
            .map(|phrase| (phrase.length(), &phrase.meaning))
    }
}

fn letters_of(word: &str) -> Option<(char, Option<char>)> {
    let mut letters = word.chars();
    Some((letters.next()?, letters.next()))
}

impl Phrase {
    fn begins(&self, tokens: &[Token]) -> bool {
        begin(&self.words, tokens)
    }

    /// The tokens that the phrase takes. One with a gap takes the first alone: what stands in the
    /// gap, and behind it, means what it means.
    fn length(&self) -> usize {
        match self.words.contains(&Pattern::Gap) {
            true => 1,
            false => self.words.len(),
        }
    }

    fn letters(&self) -> usize {
        self.words
            .iter()
            .map(|pattern| match pattern {
                // One more than any beginning of the same length.
                Pattern::Whole(word) => 2 * word.len() + 1,
                Pattern::Beginning(letters) => 2 * letters.len(),
                Pattern::Gap => 0,
            })
            .sum()
    }
}

fn begin(words: &[Pattern], tokens: &[Token]) -> bool {
    let Some((pattern, rest)) = words.split_first() else {
        return true;
    };
    if *pattern != Pattern::Gap {
        let first = tokens.first().is_some_and(|token| pattern.matches(token));
        return first && begin(rest, &tokens[1..]);
    }
    let spanned = tokens
        .iter()
        .take(GAP)
        .take_while(|token| pattern.matches(token));
    (0..=spanned.count()).any(|count| begin(rest, &tokens[count..]))
}

fn patterns(written: &str) -> Option<Vec<Pattern>> {
    if written != written.to_lowercase() {
        return None;
    }
    let mut words = Vec::new();
    for part in written.split(' ') {
        if part == "~" {
            words.push(Pattern::Gap);
            continue;
        }
        let (letters, is_beginning) = match part.strip_suffix('*') {
            Some(letters) => (letters, true),
            None => (part, false),
        };
        let tokens: Vec<Token> = tokenise(letters)
            .into_iter()
            .filter(|token| !matches!(token.form, Form::Mark(_)))
            .collect();
        let last = tokens.len().checked_sub(1)?;
        for (index, token) in tokens.into_iter().enumerate() {
            words.push(match is_beginning && index == last {
                true => Pattern::Beginning(token.text),
                false => Pattern::Whole(token.text),
            });
        }
    }
    // A gap at the end would say nothing.
    (words.last() != Some(&Pattern::Gap)).then_some(words)
}
