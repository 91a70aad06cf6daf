//! The agent definition of the interpreter: its limits and every word that means something to
//! it. It is TOML, written by people, and handed in as a value; `agents/interpreter.toml` is ours.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::lexicon::{Entry, Phrases, Role};
use crate::domain::intent::Action;
use crate::domain::name::EnvironmentName;

/// A checked definition, ready for look-ups.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub name: String,
    /// The language of its words, as a BCP 47 tag.
    pub language: String,
    pub role: String,
    pub limits: Limits,
    pub(super) lexicon: Phrases<Entry>,
    /// The verbs that a mistyped word may have meant; short ones are near to too many words.
    pub(super) long_verbs: Vec<String>,
    pub(super) separable: Vec<Separable>,
    /// The first segments of branch names: `feature` in `feature/login`.
    pub(super) branch_prefixes: Vec<String>,
    /// What begins the name of a branch without a slash: `feature-42`.
    pub(super) branch_words: Vec<String>,
    /// Parts of a name that say which of several environments is meant: `prod-eu`.
    pub(super) regions: Vec<String>,
    pub(super) keys: HashMap<String, Key>,
    /// `--prod`: the options that are themselves the name of an environment.
    pub(super) environment_options: Vec<String>,
    /// Usual full names of environments, each with its short forms.
    pub(super) environments: BTreeMap<String, Vec<String>>,
    /// The verb may stand behind everything else, as in German.
    pub(super) verb_final: bool,
    /// Words stand without blanks between them, as in Chinese.
    pub(super) unspaced: bool,
    /// The words of all languages that introduce a slot: none of them is a reference, for a text in
    /// two languages is read in one.
    pub(super) prepositions: HashSet<String>,
    /// The same for other languages.
    pub(super) languages: Vec<Definition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A longer text is refused before it is read; bytes.
    pub text_bytes: usize,
}

/// "roll ... back"
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Separable {
    pub verb: String,
    pub particle: String,
    pub action: Action,
    /// It means the action only with a version: "bring it back to v1.2", not "bring it back up".
    #[serde(default)]
    pub needs_version: bool,
}

/// What `key=value` and `--key value` stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Key {
    Service,
    Environment,
    Version,
    DryRun,
    Force,
    Skip,
    /// A namespace: an environment only where it is called like one.
    Namespace,
    Replicas,
}

/// Why a definition cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidDefinition {
    #[error("the interpreter's definition is not valid TOML of the expected form: {0}")]
    Toml(#[from] toml::de::Error),
    #[error(
        "the interpreter's definition has the phrase \"{phrase}\" in {place}: write it in lower case, with single blanks and not empty"
    )]
    Phrase { phrase: String, place: String },
    #[error("the interpreter's definition lists \"{phrase}\" twice in {place}: remove one")]
    Twice { phrase: String, place: String },
    #[error(
        "the interpreter's definition uses \"{phrase}\" for {first} and for {second}: a word can stand for one action only"
    )]
    TwoActions {
        phrase: String,
        first: &'static str,
        second: &'static str,
    },
    #[error("the interpreter's definition has no verb for {0}: add one under [verbs]")]
    NoVerb(&'static str),
    #[error(
        "the interpreter's definition calls an environment \"{0}\": use 1 to 63 lower-case letters, digits and dashes"
    )]
    Environment(String),
    #[error("the interpreter's definition limits a text to {0} bytes: use 64 to 65536")]
    Limit(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Branches {
    prefixes: Vec<String>,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    environments: Vec<String>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    language: String,
    role: String,
    limits: Limits,
    branches: Branches,
    verbs: HashMap<Action, Vec<String>>,
    verb_nouns: HashMap<Action, Vec<String>>,
    inflected: HashMap<Action, Vec<String>>,
    #[serde(default)]
    separable: Vec<Separable>,
    environments: BTreeMap<String, Vec<String>>,
    regions: Vec<String>,
    keys: HashMap<Key, Vec<String>>,
    options: Options,
    words: HashMap<Role, Vec<String>>,
}

impl Definition {
    /// Reads and checks a definition.
    ///
    /// # Errors
    ///
    /// When the TOML is not of this form, or its words contradict each other.
    pub fn parse(text: &str) -> Result<Self, InvalidDefinition> {
        let written: Written = toml::from_str(text)?;
        if !(64..=65536).contains(&written.limits.text_bytes) {
            return Err(InvalidDefinition::Limit(written.limits.text_bytes));
        }
        let mut lexicon = Phrases::default();
        for (role, table, place) in [
            (Role::Verb, &written.verbs, "verbs"),
            (Role::VerbNoun, &written.verb_nouns, "verb_nouns"),
            (Role::Inflected, &written.inflected, "inflected"),
        ] {
            for (action, phrases) in table {
                add_action(&mut lexicon, role, *action, phrases, place)?;
            }
        }
        for action in REQUIRED {
            if written.verbs.get(&action).is_none_or(Vec::is_empty) {
                return Err(InvalidDefinition::NoVerb(action.as_str()));
            }
        }
        for (role, phrases) in &written.words {
            add(&mut lexicon, *role, phrases, &format!("words.{role:?}"))?;
        }
        for separable in &written.separable {
            lexicon.entry(&separable.verb).roles.insert(Role::Separable);
        }
        add_environments(&mut lexicon, &written.environments)?;
        Ok(Self {
            long_verbs: long_verbs(&lexicon),
            name: written.name,
            language: written.language,
            role: written.role,
            limits: written.limits,
            lexicon,
            separable: written.separable,
            branch_prefixes: written.branches.prefixes,
            branch_words: written.branches.words,
            regions: written.regions,
            keys: keys(&written.keys)?,
            environment_options: written.options.environments,
            environments: written.environments,
            verb_final: false,
            unspaced: false,
            prepositions: HashSet::new(),
            languages: Vec::new(),
        })
    }

    /// The usual full name behind an environment word: `production` for `prod`.
    pub(super) fn usual_environment(&self, word: &str) -> Option<&str> {
        self.environments
            .iter()
            .find(|(name, short)| *name == word || short.iter().any(|s| s == word))
            .map(|(name, _)| name.as_str())
    }

    /// Whether these words are the usual name of an environment, or a short form of one.
    pub fn names_environment(&self, words: &str) -> bool {
        self.usual_environment(&words.to_lowercase()).is_some()
    }

    /// Whether a name is one of several environments of a kind: `eu-prod`, `prod-us-east-1`, `staging2`.
    pub(super) fn is_environment_like(&self, word: &str) -> bool {
        let is_usual = |part: &str| self.usual_environment(part).is_some();
        let numbered = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if numbered.len() < word.len() && is_usual(numbered.trim_end_matches('-')) {
            return true;
        }
        let Some((first, rest)) = word.split_once('-') else {
            return false;
        };
        let last = rest.rsplit('-').next().unwrap_or(rest);
        is_usual(last) || (is_usual(first) && rest.split('-').all(|part| self.says_where(part)))
    }

    /// `eu-west`, `us-east-1`; one word alone may be anything.
    pub(super) fn is_region(&self, word: &str) -> bool {
        word.contains('-') && word.split('-').all(|part| self.says_where(part))
    }

    fn says_where(&self, part: &str) -> bool {
        part.bytes().all(|b| b.is_ascii_digit()) || self.regions.iter().any(|r| r == part)
    }
}

/// Actions without a word for them could never be asked for.
const REQUIRED: [Action; 9] = [
    Action::Deploy,
    Action::Rollback,
    Action::Build,
    Action::Test,
    Action::Promote,
    Action::Restart,
    Action::Scale,
    Action::Status,
    Action::Logs,
];

/// A mistyped word may have meant one of these.
pub(super) fn long_verbs(lexicon: &Phrases<Entry>) -> Vec<String> {
    let mut verbs: Vec<String> = lexicon
        .single_words()
        .filter(|(word, entry)| entry.roles.has(Role::Verb) && word.len() >= 5)
        .map(|(word, _)| word.to_owned())
        .collect();
    verbs.sort_unstable();
    verbs
}

fn check_phrase(phrase: &str, place: &str) -> Result<(), InvalidDefinition> {
    let single_blanks = phrase.split(' ').all(|word| !word.is_empty());
    if phrase == phrase.to_lowercase() && single_blanks && !phrase.contains(['\t', '\n']) {
        Ok(())
    } else {
        Err(InvalidDefinition::Phrase {
            phrase: phrase.to_owned(),
            place: place.to_owned(),
        })
    }
}

pub(super) fn add(
    lexicon: &mut Phrases<Entry>,
    role: Role,
    phrases: &[String],
    place: &str,
) -> Result<(), InvalidDefinition> {
    for phrase in phrases {
        check_phrase(phrase, place)?;
        let entry = lexicon.entry(phrase);
        if entry.roles.has(role) {
            return Err(InvalidDefinition::Twice {
                phrase: phrase.clone(),
                place: place.to_owned(),
            });
        }
        entry.roles.insert(role);
    }
    Ok(())
}

pub(super) fn add_action(
    lexicon: &mut Phrases<Entry>,
    role: Role,
    action: Action,
    phrases: &[String],
    place: &str,
) -> Result<(), InvalidDefinition> {
    for phrase in phrases {
        if let Some(first) = lexicon.entry(phrase).action.filter(|a| *a != action) {
            return Err(InvalidDefinition::TwoActions {
                phrase: phrase.clone(),
                first: first.as_str(),
                second: action.as_str(),
            });
        }
    }
    add(
        lexicon,
        role,
        phrases,
        &format!("{place}.{}", action.as_str()),
    )?;
    for phrase in phrases {
        lexicon.entry(phrase).action = Some(action);
    }
    Ok(())
}

pub(super) fn add_environments(
    lexicon: &mut Phrases<Entry>,
    environments: &BTreeMap<String, Vec<String>>,
) -> Result<(), InvalidDefinition> {
    for (name, short) in environments {
        EnvironmentName::parse(name).map_err(|_| InvalidDefinition::Environment(name.clone()))?;
        let words: Vec<String> = short.iter().chain([name]).cloned().collect();
        add(lexicon, Role::Environment, &words, "environments")?;
        for word in &words {
            lexicon.entry(word).environment = Some(name.clone());
        }
    }
    Ok(())
}

fn keys(written: &HashMap<Key, Vec<String>>) -> Result<HashMap<String, Key>, InvalidDefinition> {
    let mut keys = HashMap::new();
    for (key, names) in written {
        for name in names {
            check_phrase(name, "keys")?;
            if keys.insert(name.clone(), *key).is_some() {
                return Err(InvalidDefinition::Twice {
                    phrase: name.clone(),
                    place: "keys".to_owned(),
                });
            }
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = include_str!("../../../agents/interpreter.toml");

    fn with(from: &str, to: &str) -> Result<Definition, InvalidDefinition> {
        assert!(OURS.contains(from));
        Definition::parse(&OURS.replacen(from, to, 1))
    }

    #[test]
    fn ours_is_valid_and_knows_its_environments() {
        let ours = Definition::parse(OURS).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(ours.usual_environment("prod"), Some("production"));
        assert_eq!(ours.usual_environment("staging"), Some("staging"));
        assert_eq!(ours.usual_environment("shop"), None);
    }

    #[test]
    fn a_mistake_is_named() {
        assert!(matches!(
            with("[verbs]", "[verbz]"),
            Err(InvalidDefinition::Toml(_))
        ));
        assert!(matches!(
            with("restart = [\"restart\",", "restart = [\"Restart\","),
            Err(InvalidDefinition::Phrase { .. })
        ));
        assert!(matches!(
            with(
                "restart = [\"restart\",",
                "restart = [\"restart\", \"restart\","
            ),
            Err(InvalidDefinition::Twice { .. })
        ));
        assert!(matches!(
            with("restart = [\"restart\",", "restart = [\"build\","),
            Err(InvalidDefinition::TwoActions { .. })
        ));
        assert_eq!(
            with("text_bytes = 4096", "text_bytes = 1"),
            Err(InvalidDefinition::Limit(1))
        );
        assert!(matches!(
            with("staging = [\"stage\"", "\"sta ging\" = [\"stage\""),
            Err(InvalidDefinition::Environment(_))
        ));
    }
}
