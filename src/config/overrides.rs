//! Variables of the environment that override a key of a top-level section:
//! `COMMANDER_WATCHDOG__MAX_ERROR_RATE=0.05` is `watchdog.max_error_rate`.
//!
//! A variable that only looks like an override (a misspelt section, one underscore too few) is a
//! mistake: somebody believes that it does something. Other variables that begin with `COMMANDER_`
//! are none of our business; container platforms set some for every service of that name.

use std::collections::BTreeMap;

use super::mistake::{Mistake, Place, nearest};

/// Names the file; it is no override.
pub const FILE_VARIABLE: &str = "COMMANDER_CONFIG";
const PREFIX: &str = "COMMANDER_";

/// The sections that variables can override. Services are configured in the file alone.
pub(super) const SECTIONS: [&str; 10] = [
    "server",
    "store",
    "audit",
    "history",
    "interpreter",
    "advisor",
    "approval",
    "docker",
    "watchdog",
    "notify",
];

#[derive(Debug)]
pub(super) struct Override {
    pub variable: String,
    pub value: String,
}

/// By section and key.
#[derive(Debug, Default)]
pub(super) struct Overrides(BTreeMap<(String, String), Override>);

impl Overrides {
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        let mut overrides = BTreeMap::new();
        for (variable, value) in variables {
            match read_name(&variable) {
                Name::Override { section, key } => {
                    overrides.insert((section, key), Override { variable, value });
                }
                Name::Mistaken { found, suggestion } => {
                    mistakes.push(misnamed(variable, found, suggestion));
                }
                Name::Foreign => {}
            }
        }
        Self(overrides)
    }

    pub fn get(&self, section: &str, key: &str) -> Option<&Override> {
        self.0.get(&(section.to_owned(), key.to_owned()))
    }

    /// The keys of one section that are overridden.
    pub fn keys_of(&self, section: &str) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .filter(move |(own, _)| own == section)
            .map(|(_, key)| key.as_str())
    }
}

enum Name {
    Override {
        section: String,
        key: String,
    },
    Mistaken {
        found: &'static str,
        suggestion: Option<String>,
    },
    Foreign,
}

fn read_name(variable: &str) -> Name {
    let Some(rest) = variable.strip_prefix(PREFIX) else {
        return Name::Foreign;
    };
    let rest = rest.to_lowercase();
    match (rest.split_once("__"), rest.split_once('_')) {
        (Some((section, key)), _) if SECTIONS.contains(&section) => Name::Override {
            section: section.to_owned(),
            key: key.to_owned(),
        },
        (Some(("services", _)), _) => Name::Mistaken {
            found: "a key of a service, which only the file can set",
            suggestion: None,
        },
        (Some((section, key)), _) => Name::Mistaken {
            found: "another section",
            suggestion: nearest(section, SECTIONS.into_iter()).map(|near| spelt(&near, key)),
        },
        (None, Some((section, key))) if SECTIONS.contains(&section) => Name::Mistaken {
            found: "a single underscore",
            suggestion: Some(spelt(section, key)),
        },
        (None, _) => Name::Foreign,
    }
}

/// The variable that overrides a key.
pub(super) fn spelt(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}__{key}").to_uppercase()
}

fn misnamed(variable: String, found: &str, suggestion: Option<String>) -> Mistake {
    Mistake {
        place: Place::Variable { variable },
        key: String::new(),
        expected: format!(
            "COMMANDER_SECTION__KEY with one of the sections {}",
            SECTIONS.join(", ")
        ),
        found: found.to_owned(),
        suggestion,
    }
}
