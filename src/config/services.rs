//! The catalogue: `[services.NAME]` and `[services.NAME.environments.ENV]`.
//!
//! Both levels have the same settings and are read by the same function; an environment's own are
//! laid over its service's, a service's over the defaults. Texts, numbers and lists are replaced,
//! tables (`env`, `secrets`, `build_args`, `tests`, `metrics`, `resources`, `health`) key by key.

use std::collections::BTreeMap;
use std::path::Path;

use super::addresses;
use super::given::Given;
use super::mistake::{Refused, quoted};
use super::reader::Reader;
use super::settings;
use super::watchdog::Watchdog;
use crate::domain::catalogue::{Catalogue, Environment, Service, Settings};
use crate::domain::name::{EnvironmentName, ServiceName};

const BUILD_KEYS: [&str; 3] = ["dockerfile", "context", "build_args"];

pub(super) fn read(root: &mut Reader<'_, '_>, folder: &Path, watchdog: &Watchdog) -> Catalogue {
    let mut services = BTreeMap::new();
    root.tables("services", |own, reader| {
        let service = service(reader, folder, watchdog);
        match ServiceName::parse(own) {
            Ok(name) => {
                services.insert(name, service);
            }
            Err(_) => reader.wrong(&[], not_a_name("a service", own)),
        }
    });
    Catalogue { services }
}

fn service(reader: &mut Reader<'_, '_>, folder: &Path, watchdog: &Watchdog) -> Service {
    let repository = reader
        .required(
            "repository",
            "the path or address of a Git repository",
            addresses::repository(folder),
        )
        .unwrap_or_default();
    let defaults = Settings {
        // Whole seconds, by its kind.
        bake_seconds: u32::try_from(watchdog.bake.as_secs()).unwrap_or(u32::MAX),
        ..Settings::default()
    };
    let aliases = aliases(reader);
    let settings = settings::read(reader, &defaults, watchdog);
    let mut environments = BTreeMap::new();
    reader.tables("environments", |own, reader| {
        let environment = environment(reader, &settings, watchdog);
        match EnvironmentName::parse(own) {
            Ok(name) => {
                environments.insert(name, environment);
            }
            Err(_) => reader.wrong(&[], not_a_name("an environment", own)),
        }
    });
    Service {
        aliases,
        repository,
        settings,
        environments,
    }
}

fn environment(
    reader: &mut Reader<'_, '_>,
    service: &Settings,
    watchdog: &Watchdog,
) -> Environment {
    let after = reader.get("after", environment_name);
    if reader.written("after") {
        for key in BUILD_KEYS {
            if reader.written(key) {
                let refused = Refused::expected(
                    "no build key beside `after`: the image comes from that environment as it is",
                );
                reader.wrong(&[key], refused.found("one"));
            }
        }
    }
    Environment {
        aliases: aliases(reader),
        after,
        settings: settings::read(reader, service, watchdog),
    }
}

fn environment_name(given: Given<'_>) -> Result<EnvironmentName, Refused> {
    let name = given
        .text()
        .and_then(|text| EnvironmentName::parse(text).ok());
    name.ok_or_else(|| Refused::expected("the name of an environment of this service"))
}

/// Other words for the same thing, in sentences.
fn aliases(reader: &mut Reader<'_, '_>) -> Vec<String> {
    reader.list("aliases", "words", alias).unwrap_or_default()
}

fn alias(given: Given<'_>) -> Result<String, Refused> {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_alphanumeric() || "-_.".contains(c))
    };
    given
        .text()
        .filter(|text| text.len() <= 63 && text.split(' ').all(is_word))
        .map(str::to_owned)
        .ok_or_else(|| {
            Refused::expected("one or more words of letters, digits, \"-\", \"_\" and \".\"")
        })
}

/// Names of services, environments and tests have one form.
pub(super) fn not_a_name(what: &str, found: &str) -> Refused {
    let plain = found.to_lowercase().replace(['_', ' ', '.'], "-");
    let suggestion = ServiceName::parse(&plain).ok();
    Refused::expected(format!(
        "{what} name of 1 to 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit"
    ))
    .found(quoted(found))
    .suggest(suggestion.map(|name| quoted(name.as_str())))
}
