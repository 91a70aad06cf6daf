//! The documents cannot lie about names: every path and every test that they name exists, and what
//! they quote from the code is what the code says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks, outside of blocks of code.
fn code(document: &str) -> Vec<String> {
    let mut in_block = false;
    let mut found = Vec::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

fn is_path(code: &str) -> bool {
    let first = code.split('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    // A route begins with a slash, a path in the repository never does.
    let is_route = code.starts_with('/');
    !is_route && code.contains('/') && code.chars().all(plain) && root().join(first).is_dir()
}

/// A test's name is a sentence; nothing else here has so many words.
fn is_test(code: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    code.matches('_').count() >= 3 && code.chars().all(plain)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of all functions below `src` and `tests`.
fn functions() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    sources(&root().join("tests"), &mut files);
    files
        .iter()
        .flat_map(|file| {
            let text = read(file);
            let after_fn = text.split("fn ").skip(1);
            let name = |rest: &str| rest.split(['(', '<']).next().unwrap_or_default().to_owned();
            after_fn.map(name).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_path_that_is_named_exists() {
    // Named as places for what does not exist yet.
    let later = read(&root().join("ARCHITECTURE.md"));
    let later = later
        .split("## Where later modules will stand")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("ARCHITECTURE.md says where later modules will stand");
    let later: BTreeSet<String> = code(later).into_iter().collect();
    let mut paths = 0;
    for document in DOCUMENTS {
        for named in code(&read(&root().join(document))) {
            if is_path(&named) && !named.starts_with("target/") && !later.contains(&named) {
                assert!(root().join(&named).exists(), "{document} names {named}");
                paths += 1;
            }
        }
    }
    assert!(paths > 50, "only {paths} paths were found in the documents");
}

#[test]
fn every_test_that_is_named_exists() {
    let functions = functions();
    let mut tests = 0;
    for document in DOCUMENTS {
        for named in code(&read(&root().join(document))) {
            if is_test(&named) {
                assert!(functions.contains(&named), "{document} names {named}");
                tests += 1;
            }
        }
    }
    assert!(tests > 5, "only {tests} tests were found in the documents");
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for document in DOCUMENTS {
        for rest in read(&root().join(document)).split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") {
                assert!(root().join(file).exists(), "{document} links to {target}");
            }
        }
    }
}

#[test]
fn the_exit_codes_are_those_of_the_command_line() {
    let readme = read(&root().join("README.md"));
    for line in commander::cli::exit::HELP.lines().skip(1) {
        assert!(readme.contains(line.trim_end()), "README.md lacks: {line}");
    }
}
