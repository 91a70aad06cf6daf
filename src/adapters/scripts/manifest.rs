//! The manifest of the scripts that may run: `manifest.toml` beside them.
//!
//! It is checked whole, each file against its hash, and all mistakes are told at once. The hash
//! keeps out what somebody edited in passing; it is no defence against one who may write into the
//! directory, for the manifest lies there too.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;
use serde::Deserialize;

use crate::domain::digest::Digest;
use crate::domain::name::ScriptName;
use crate::domain::text::printable;

pub const MANIFEST: &str = "manifest.toml";

/// A script may take this long at most; what takes longer is no check and no chore.
const LONGEST: u64 = 3_600;

/// A script that may run, as its manifest has it.
#[derive(Debug, Clone)]
pub struct Script {
    pub name: ScriptName,
    /// The file, beside the manifest.
    pub path: PathBuf,
    pub digest: Digest,
    pub description: String,
    /// In the order in which the script takes them; each is needed.
    pub arguments: Vec<Argument>,
    pub time_limit: Duration,
    /// Whether it changes anything outside of itself.
    pub side_effects: bool,
}

#[derive(Debug, Clone)]
pub struct Argument {
    pub name: String,
    pub description: String,
    /// Fits whole values only.
    pub pattern: Regex,
}

/// All that is wrong with a manifest, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", mistakes.join("\n"))]
pub struct ManifestError {
    pub mistakes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    #[serde(default)]
    script: Vec<RawScript>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    name: String,
    file: String,
    sha256: String,
    description: String,
    timeout_seconds: u64,
    side_effects: bool,
    #[serde(default)]
    arguments: Vec<RawArgument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArgument {
    name: String,
    pattern: String,
    description: String,
}

/// Reads the manifest of a directory and checks it and every file that it names.
pub fn load(directory: &Path) -> Result<BTreeMap<ScriptName, Script>, ManifestError> {
    let only = |mistake: String| ManifestError {
        mistakes: vec![mistake],
    };
    // Scripts do not run in our directory: their paths have to be whole.
    let directory = &fs::canonicalize(directory)
        .map_err(|error| only(format!("{} cannot be read: {error}", directory.display())))?;
    let path = directory.join(MANIFEST);
    let text = fs::read_to_string(&path)
        .map_err(|error| only(format!("{} cannot be read: {error}", path.display())))?;
    let raw: RawManifest = toml::from_str(&text)
        .map_err(|error| only(format!("{} is not a manifest: {error}", path.display())))?;
    let mut mistakes = Vec::new();
    let mut scripts = BTreeMap::new();
    for raw in &raw.script {
        let mut found = Vec::new();
        if let Some(script) = check(directory, raw, &mut found)
            && scripts.insert(script.name.clone(), script).is_some()
        {
            found.push("the name is given twice".to_owned());
        }
        let of = printable(&raw.name, 80);
        mistakes.extend(
            found
                .iter()
                .map(|mistake| format!("{MANIFEST}, script \"{of}\": {mistake}")),
        );
    }
    if mistakes.is_empty() {
        Ok(scripts)
    } else {
        Err(ManifestError { mistakes })
    }
}

/// Adds to `mistakes` whatever is wrong, and gives the script if nothing kept it from being one.
fn check(directory: &Path, raw: &RawScript, mistakes: &mut Vec<String>) -> Option<Script> {
    let mut note = |mistake: String| mistakes.push(mistake);
    let name = ScriptName::parse(&raw.name).map_err(|error| note(error.to_string()));
    let digest = Digest::parse(&format!("sha256:{}", raw.sha256))
        .map_err(|_| note("sha256: expected the 64 lower-case digits of sha256sum".to_owned()));
    if !(1..=LONGEST).contains(&raw.timeout_seconds) {
        note(format!("timeout_seconds: expected 1 to {LONGEST}"));
    }
    let path = plain_file(directory, &raw.file).map_err(&mut note);
    if let (Ok(path), Ok(digest)) = (&path, &digest)
        && let Err(mistake) = unchanged(path, digest)
    {
        note(mistake);
    }
    let arguments = arguments(&raw.arguments, &mut note);
    Some(Script {
        name: name.ok()?,
        path: path.ok()?,
        digest: digest.ok()?,
        description: printable(&raw.description, 300),
        arguments,
        time_limit: Duration::from_secs(raw.timeout_seconds),
        side_effects: raw.side_effects,
    })
}

/// A file directly in the directory, itself and not a link to one elsewhere, that may be run.
fn plain_file(directory: &Path, file: &str) -> Result<PathBuf, String> {
    let shown = printable(file, 120);
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if file.is_empty() || file.starts_with(['.', '-']) || !file.chars().all(plain) {
        return Err(format!(
            "file: \"{shown}\" is not the plain name of a file in the manifest's directory"
        ));
    }
    let path = directory.join(file);
    match fs::symlink_metadata(&path) {
        Err(error) => Err(format!("file: {shown} cannot be read: {error}")),
        Ok(found) if !found.is_file() => Err(format!("file: {shown} is not a plain file")),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            Err(format!("file: {shown} may not be run: chmod 755 it"))
        }
        Ok(_) => Ok(path),
    }
}

/// Whether a script still is the file that its manifest was written for.
pub fn unchanged(path: &Path, digest: &Digest) -> Result<(), String> {
    let file = path.file_name().unwrap_or_default().display();
    let bytes = fs::read(path).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let found = Digest::of_bytes(&bytes);
    if found == *digest {
        return Ok(());
    }
    let digits = found.as_str().trim_start_matches("sha256:");
    Err(format!(
        "{file} is not the file that the manifest was written for, its sha256 is {digits}: read what changed, then correct the manifest"
    ))
}

fn arguments(raw: &[RawArgument], note: &mut impl FnMut(String)) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    for raw in raw {
        let named = printable(&raw.name, 80);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if raw.name.is_empty() || !raw.name.chars().all(plain) {
            note(format!(
                "argument \"{named}\": use a-z, 0-9 and _ in its name"
            ));
        }
        if arguments.iter().any(|argument| argument.name == raw.name) {
            note(format!("argument \"{named}\" is given twice"));
        }
        match Regex::new(&format!(r"\A(?:{})\z", raw.pattern)) {
            Ok(pattern) => arguments.push(Argument {
                name: raw.name.clone(),
                description: printable(&raw.description, 300),
                pattern,
            }),
            Err(_) => note(format!(
                "argument \"{named}\": its pattern is no regular expression"
            )),
        }
    }
    arguments
}
