//! The examples cannot lie: they hold every key, and every default that they show is the code's.

use std::collections::BTreeSet;

use commander::config::Config;

use super::{mistakes, parse, service, with_variables};

pub const EXAMPLE: &str = include_str!("../../commander.example.toml");

const VARIABLES: &str = include_str!("../../.env.example");

/// The lines with these marks as if they were not commented out.
pub fn uncommented(text: &str, defaults: bool, examples: bool) -> String {
    let line = |line: &str| match (line.strip_prefix("##"), line.strip_prefix('#')) {
        (Some(example), _) if examples => example.to_owned(),
        (None, Some(default)) if defaults && !default.starts_with(' ') => default.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|own| line(own) + "\n").collect()
}

#[test]
fn the_example_as_it_stands_is_the_default_configuration() {
    assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
}

#[test]
fn every_default_in_the_example_is_the_codes_default() {
    let sections = EXAMPLE.split("##[services").next().unwrap();
    let defaults = uncommented(sections, true, false);
    assert_ne!(defaults, sections);
    assert_eq!(parse(&defaults).unwrap(), Config::default());

    // Those of a service need a service: the examples with and without the defaults are the same.
    let examples = parse(&uncommented(EXAMPLE, false, true)).unwrap();
    assert_eq!(parse(&uncommented(EXAMPLE, true, true)).unwrap(), examples);
    let shop = service(&examples, "shop");
    assert_eq!(shop.environments.len(), 2);
    assert_ne!(examples, Config::default());
}

/// The header of each table in the example with the keys written below it.
fn documented() -> Vec<(String, BTreeSet<String>)> {
    let mut tables: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in uncommented(EXAMPLE, true, true).lines() {
        if let Some(header) = line.strip_prefix('[') {
            tables.push((header.trim_end_matches(']').to_owned(), BTreeSet::new()));
        } else if let (Some((key, _)), Some((_, keys))) =
            (line.split_once(" = "), tables.last_mut())
            && !line.starts_with('#')
        {
            keys.insert(key.to_owned());
        }
    }
    tables
}

/// The keys that the code knows in a table, by asking for one that it does not know.
fn known(header: &str) -> BTreeSet<String> {
    let marked = uncommented(EXAMPLE, true, true).replace(
        &format!("[{header}]\n"),
        &format!("[{header}]\nzzzzzzzz = 1\n"),
    );
    let mistakes = mistakes(&marked);
    assert_eq!(mistakes.len(), 1, "{header}: {mistakes:#?}");
    let expected = &mistakes[0].expected;
    let keys = expected
        .strip_prefix("one of the keys ")
        .unwrap_or_default();
    keys.split(", ")
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_key_is_in_the_example() {
    let tables = documented();
    let keys_of = |header: &str| {
        let inside = format!("{header}.");
        let below = tables.iter().filter_map(|(other, _)| {
            Some(other.strip_prefix(&inside)?.split('.').next()?.to_owned())
        });
        let own = tables.iter().filter(|(other, _)| other == header);
        let own = own.flat_map(|(_, keys)| keys.iter().cloned());
        own.chain(below).collect::<BTreeSet<String>>()
    };
    let service = keys_of("services.shop");
    for (header, _) in &tables {
        let mut documented = keys_of(header);
        if header.starts_with("services.shop.environments.") {
            documented.extend(service.clone());
            documented.extend(["after", "aliases"].map(str::to_owned));
        } else if header.starts_with("services.shop.tests.") {
            documented.extend(keys_of("services.shop.tests.unit"));
        }
        let missing: Vec<_> = known(header).difference(&documented).cloned().collect();
        assert!(missing.is_empty(), "[{header}] lacks {missing:?}");
    }
    let headers: BTreeSet<_> = tables
        .iter()
        .map(|(header, _)| header.split('.').next().unwrap())
        .collect();
    let sections = mistakes("zzzzzzzz = 1").remove(0).expected;
    let sections = sections.strip_prefix("one of the keys ").unwrap();
    assert_eq!(sections.split(", ").collect::<BTreeSet<_>>(), headers);
}

fn variables(text: &str) -> Vec<(&str, &str)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .collect()
}

#[test]
fn the_example_of_variables_is_true_and_complete() {
    assert!(variables(VARIABLES).is_empty());
    let defaults = uncommented(VARIABLES, true, false);
    let config = with_variables("", &variables(&defaults)).unwrap();
    assert_eq!(config, Config::default());

    let all = uncommented(VARIABLES, true, true);
    let all = variables(&all);
    let config = with_variables("", &all).unwrap();
    let names: BTreeSet<&str> = all.iter().map(|(name, _)| *name).collect();
    for (section, keys) in documented()
        .iter()
        .filter(|(header, _)| !header.starts_with("services"))
    {
        for key in keys {
            let name = format!("COMMANDER_{section}__{key}").to_uppercase();
            assert!(
                names.contains(name.as_str()),
                "{name} is missing in .env.example"
            );
        }
    }
    assert_eq!(config.server.hosts.len(), 2);
}

/// The lines of the whole example that set a key, each with its number.
pub fn settings_of(text: &str) -> Vec<(usize, &str, &str)> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'));
    lines
        .filter_map(|(index, line)| {
            let (key, value) = line.split_once(" = ")?;
            Some((index, key, value))
        })
        .collect()
}

pub fn with_line(text: &str, index: usize, line: &str) -> String {
    let lines = text.lines().enumerate();
    lines
        .map(|(own, old)| format!("{}\n", if own == index { line } else { old }))
        .collect()
}
