//! The scripts that may run: those of a manifest, each held to its hash, with arguments that fit
//! the patterns written there.
//!
//! ```text
//!   manifest.toml ──► load: every mistake at once ──► Scripts
//!   name, arguments ──► command: a value ──► hash again ──► os::process
//! ```
//!
//! A script is run by its path with its arguments as they are. What it is called with cannot become
//! program text: nothing is put together into a command line.

mod manifest;

use std::collections::BTreeMap;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use crate::domain::name::ScriptName;
use crate::domain::text::{is_printable, printable};
use crate::os::process::{self, Command, Output, ProcessError, Stream};

pub use manifest::{Argument, ManifestError, Script};

/// The longest value of an argument, in bytes.
const LONGEST_VALUE: usize = 1_000;

/// Where a script finds programs: nothing that a user of the machine could have put in the way.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The scripts of one manifest.
/// The default is a manifest without scripts.
#[derive(Debug, Clone, Default)]
pub struct Scripts {
    by_name: BTreeMap<ScriptName, Script>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    #[error("there is no script \"{name}\" in the manifest; there is {}", known.join(", "))]
    Unknown {
        name: ScriptName,
        known: Vec<String>,
    },
    #[error("the script \"{name}\" cannot be called like that: {}", mistakes.join("; "))]
    Arguments {
        name: ScriptName,
        mistakes: Vec<String>,
    },
    #[error("the script \"{name}\" is refused: {reason}")]
    Changed { name: ScriptName, reason: String },
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl Scripts {
    /// Reads `manifest.toml` of a directory and checks every file that it names.
    ///
    /// # Errors
    ///
    /// All mistakes at once; then nothing of the directory may run.
    pub fn load(directory: &Path) -> Result<Self, ManifestError> {
        let by_name = manifest::load(directory)?;
        Ok(Self { by_name })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Script> {
        self.by_name.values()
    }

    /// # Errors
    ///
    /// When the manifest has no script of that name.
    pub fn get(&self, name: &ScriptName) -> Result<&Script, ScriptError> {
        self.by_name.get(name).ok_or_else(|| ScriptError::Unknown {
            name: name.clone(),
            known: self.by_name.keys().map(ScriptName::to_string).collect(),
        })
    }

    /// The call of a script, as a value.
    ///
    /// # Errors
    ///
    /// When the script or an argument is unknown, when an argument is missing or does not fit.
    pub fn command(
        &self,
        name: &ScriptName,
        values: &BTreeMap<String, String>,
    ) -> Result<Command, ScriptError> {
        let script = self.get(name)?;
        let args = fitting(script, values).map_err(|mistakes| ScriptError::Arguments {
            name: name.clone(),
            mistakes,
        })?;
        Ok(Command::new(&script.path)
            .args(args)
            .env("PATH", PATH)
            .env("LC_ALL", "C")
            .time_limit(script.time_limit))
    }

    /// Runs a script, if it still is the one that the manifest was written for.
    ///
    /// # Errors
    ///
    /// As [`Scripts::command`]; when its file has changed; any end but exit code 0.
    pub async fn run(
        &self,
        name: &ScriptName,
        values: &BTreeMap<String, String>,
        cancel: &CancellationToken,
        on_line: impl FnMut(Stream, &str) + Send,
    ) -> Result<Output, ScriptError> {
        let command = self.command(name, values)?;
        let script = self.get(name)?;
        // Read in place: a few kilobytes that the system has in memory, for it is about to run them.
        manifest::unchanged(&script.path, &script.digest).map_err(|reason| {
            ScriptError::Changed {
                name: name.clone(),
                reason,
            }
        })?;
        Ok(process::run(&command, cancel, on_line).await?)
    }
}

/// The values in the order of the script's arguments, or all that is wrong with them.
fn fitting(script: &Script, values: &BTreeMap<String, String>) -> Result<Vec<String>, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut args = Vec::new();
    for argument in &script.arguments {
        let name = &argument.name;
        match values.get(name) {
            None => mistakes.push(format!("{name} is missing ({})", argument.description)),
            Some(value) if !fits(argument, value) => mistakes.push(format!(
                "{name} is {}, and \"{}\" is not",
                argument.description,
                printable(value, 80)
            )),
            Some(value) => args.push(value.clone()),
        }
    }
    let known = |name: &str| {
        script
            .arguments
            .iter()
            .any(|argument| argument.name == name)
    };
    for name in values.keys().filter(|name| !known(name)) {
        mistakes.push(format!("it takes no argument \"{}\"", printable(name, 80)));
    }
    if mistakes.is_empty() {
        Ok(args)
    } else {
        Err(mistakes)
    }
}

/// A pattern may be careless; what no argument may ever have is settled here.
fn fits(argument: &Argument, value: &str) -> bool {
    value.len() <= LONGEST_VALUE
        && value.chars().all(is_printable)
        && argument.pattern.is_match(value)
}

#[cfg(test)]
mod tests;
