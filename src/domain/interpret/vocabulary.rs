//! The names that count. In open mode every well-formed name is a service, and the usual
//! environments of the definition are known. In closed mode only what the catalogue has.

use std::collections::BTreeSet;

use super::definition::Definition;
use super::lexicon::Phrases;
use crate::domain::catalogue::{Catalogue, TestStage};
use crate::domain::letters::simplified;
use crate::domain::name::{EnvironmentName, ServiceName};

/// Which names there are.
#[derive(Debug, Clone, PartialEq)]
pub enum Vocabulary {
    Open,
    Closed(Names),
}

/// The names of a catalogue, ready for look-ups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names {
    services: Vec<KnownService>,
    scripts: Vec<String>,
    /// Service names and aliases in all their spellings, each with the services that it may mean.
    by_phrase: Phrases<Vec<usize>>,
    /// Environment names and aliases of all services.
    environment_words: Phrases<bool>,
}

/// A service with everything that may be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownService {
    pub name: ServiceName,
    pub aliases: Vec<String>,
    pub environments: Vec<KnownEnvironment>,
    /// Names of its image tests.
    pub image_tests: Vec<String>,
    /// Names of its live tests.
    pub live_tests: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEnvironment {
    pub name: EnvironmentName,
    pub aliases: Vec<String>,
}

/// What an environment word means for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    One(EnvironmentName),
    /// Several of the service's environments go by that word.
    Several(Vec<EnvironmentName>),
    Unknown,
}

impl Vocabulary {
    /// The closed vocabulary of these services; `scripts` are the names in the manifest.
    pub fn closed(services: Vec<KnownService>, scripts: Vec<String>) -> Self {
        let mut by_phrase: Phrases<Vec<usize>> = Phrases::default();
        let mut environment_words: Phrases<bool> = Phrases::default();
        for (index, service) in services.iter().enumerate() {
            let spoken = service.aliases.iter().map(String::as_str);
            for phrase in spoken.chain([service.name.as_str()]).flat_map(spellings) {
                let found = by_phrase.entry(&phrase);
                if !found.contains(&index) {
                    found.push(index);
                }
            }
            for environment in &service.environments {
                *environment_words.entry(environment.name.as_str()) = true;
                for alias in &environment.aliases {
                    *environment_words.entry(&alias.to_lowercase()) = true;
                }
            }
        }
        Self::Closed(Names {
            services,
            scripts,
            by_phrase,
            environment_words,
        })
    }

    /// The vocabulary of a catalogue; `scripts` are the names in the manifest.
    pub fn from_catalogue(catalogue: &Catalogue, scripts: Vec<String>) -> Self {
        // As the letters of a sentence are read.
        let as_read = |aliases: &[String]| -> Vec<String> {
            let read = |alias: &String| alias.chars().map(simplified).collect();
            aliases.iter().map(read).collect()
        };
        let services = catalogue.services.iter().map(|(name, service)| {
            let tests = |stage: TestStage| {
                let tests = service.settings.tests.iter();
                tests
                    .filter(|(_, test)| test.when == stage)
                    .map(|(name, _)| name.as_str().to_owned())
                    .collect()
            };
            KnownService {
                name: name.clone(),
                aliases: as_read(&service.aliases),
                environments: service
                    .environments
                    .iter()
                    .map(|(name, environment)| KnownEnvironment {
                        name: name.clone(),
                        aliases: as_read(&environment.aliases),
                    })
                    .collect(),
                image_tests: tests(TestStage::Image),
                live_tests: tests(TestStage::Live),
            }
        });
        Self::closed(services.collect(), scripts)
    }

    pub(super) fn names(&self) -> Option<&Names> {
        match self {
            Self::Open => None,
            Self::Closed(names) => Some(names),
        }
    }
}

/// A name as it may be written: dashes as blanks or left out.
fn spellings(name: &str) -> BTreeSet<String> {
    let lower = name.to_lowercase();
    BTreeSet::from([
        lower.replace(['-', '_'], " "),
        lower.replace(['-', '_', ' '], ""),
        lower.replace('_', "-"),
        lower,
    ])
}

impl Names {
    pub(super) fn service_phrase(&self, words: &[&str]) -> Option<(usize, &[usize])> {
        self.by_phrase
            .longest(words)
            .map(|(length, found)| (length, found.as_slice()))
    }

    pub(super) fn is_environment_word(&self, words: &[&str]) -> Option<usize> {
        self.environment_words
            .longest(words)
            .map(|(length, _)| length)
    }

    pub(super) fn at(&self, index: usize) -> &KnownService {
        &self.services[index]
    }

    pub(super) fn service(&self, name: &str) -> Option<&KnownService> {
        self.services.iter().find(|s| s.name.as_str() == name)
    }

    /// The service, if there is only one.
    pub(super) fn only(&self) -> Option<&KnownService> {
        match self.services.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    pub(super) fn all(&self) -> &[KnownService] {
        &self.services
    }

    pub(super) fn service_names(&self) -> Vec<String> {
        self.services
            .iter()
            .map(|s| s.name.as_str().to_owned())
            .collect()
    }

    /// Environments of the service, or of all of them while it is not known which is meant.
    pub(super) fn environment_names(&self, service: Option<&str>) -> Vec<String> {
        let names: BTreeSet<&str> = self
            .candidates(service)
            .flat_map(|s| &s.environments)
            .map(|e| e.name.as_str())
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn candidates(&self, service: Option<&str>) -> impl Iterator<Item = &KnownService> {
        self.services
            .iter()
            .filter(move |s| service.is_none_or(|name| s.name.as_str() == name))
    }

    /// The environment that a word means: its name, an alias, or a usual short form or full name
    /// of one that the service has.
    pub(super) fn place(
        &self,
        word: &str,
        service: Option<&str>,
        definition: &Definition,
    ) -> Place {
        let environments = || self.candidates(service).flat_map(|s| &s.environments);
        let matching = |accept: &dyn Fn(&KnownEnvironment) -> bool| -> BTreeSet<EnvironmentName> {
            environments()
                .filter(|environment| accept(environment))
                .map(|environment| environment.name.clone())
                .collect()
        };
        let usual = definition.usual_environment(word);
        let by_name = matching(&|e| e.name.as_str() == word);
        let by_alias = matching(&|e| e.aliases.iter().any(|a| a.to_lowercase() == word));
        let by_usage = matching(&|e| {
            usual.is_some() && definition.usual_environment(e.name.as_str()) == usual
        });
        for found in [by_name, by_alias, by_usage] {
            let mut found = found.into_iter();
            match (found.next(), found.len()) {
                (Some(one), 0) => return Place::One(one),
                (Some(one), _) => return Place::Several([one].into_iter().chain(found).collect()),
                (None, _) => {}
            }
        }
        Place::Unknown
    }

    pub(super) fn has_test(&self, name: &str) -> bool {
        self.services
            .iter()
            .any(|s| s.image_tests.iter().chain(&s.live_tests).any(|t| t == name))
    }

    pub(super) fn scripts(&self) -> &[String] {
        &self.scripts
    }
}

/// At most three of the names that a mistyped word may have meant, nearest first.
pub(super) fn suggest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let word = word.to_lowercase();
    // One slip in a short word, two in a longer one; more is another word.
    let allowed = match word.chars().count() {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    };
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .filter(|name| name.len().abs_diff(word.len()) <= allowed)
        .map(|name| (strsim::osa_distance(&word, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.len())
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        Definition::parse(include_str!("../../../agents/interpreter.toml")).unwrap()
    }

    fn service(name: &str, environments: &[(&str, &[&str])]) -> KnownService {
        KnownService {
            name: ServiceName::parse(name).unwrap(),
            aliases: Vec::new(),
            environments: environments
                .iter()
                .map(|(name, aliases)| KnownEnvironment {
                    name: EnvironmentName::parse(name).unwrap(),
                    aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
                })
                .collect(),
            image_tests: Vec::new(),
            live_tests: Vec::new(),
        }
    }

    #[test]
    fn a_short_form_counts_for_an_environment_that_there_is() {
        let definition = definition();
        let one = |word: &str| Place::One(EnvironmentName::parse(word).unwrap());
        let vocabulary = Vocabulary::closed(
            vec![
                service("shop", &[("production", &[]), ("staging", &["rehearsal"])]),
                service("api", &[("prod", &[])]),
                service("web", &[("prod", &[]), ("live", &[])]),
            ],
            Vec::new(),
        );
        let names = vocabulary.names().unwrap();
        assert_eq!(
            names.place("prod", Some("shop"), &definition),
            one("production")
        );
        assert_eq!(
            names.place("rehearsal", Some("shop"), &definition),
            one("staging")
        );
        assert_eq!(
            names.place("production", Some("api"), &definition),
            one("prod")
        );
        assert_eq!(names.place("live", Some("web"), &definition), one("live"));
        assert_eq!(names.place("qa", Some("shop"), &definition), Place::Unknown);
        assert_eq!(
            names.place("production", Some("web"), &definition),
            Place::Several(vec![
                EnvironmentName::parse("live").unwrap(),
                EnvironmentName::parse("prod").unwrap()
            ])
        );
    }

    #[test]
    fn a_name_is_found_in_all_its_spellings() {
        let vocabulary = Vocabulary::closed(
            vec![service("payment-service", &[]), service("payment", &[])],
            Vec::new(),
        );
        let names = vocabulary.names().unwrap();
        for words in [
            &["payment-service"][..],
            &["payment", "service"],
            &["paymentservice"],
        ] {
            let (length, found) = names.service_phrase(words).unwrap();
            assert_eq!((length, found), (words.len(), &[0][..]));
        }
        assert_eq!(names.service_phrase(&["payment"]).unwrap().1, [1]);
    }

    #[test]
    fn suggestions_are_near_and_sorted() {
        assert_eq!(suggest("shpo", ["shop", "chop", "api"]), ["shop"]);
        assert_eq!(suggest("stagng", ["staging", "production"]), ["staging"]);
        assert!(suggest("pluto", ["production", "staging"]).is_empty());
        assert!(suggest("db", ["ab"]).is_empty());
    }
}
