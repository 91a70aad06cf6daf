//! The value that says what to run, and how.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::domain::text::printable;
use crate::os::env;

/// What to run: a value, compared in tests, that only [`run`](super::run) turns into a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    inherited: Vec<&'static str>,
    env: BTreeMap<OsString, OsString>,
    pub(super) dir: PathBuf,
    pub(super) time_limit: Duration,
    pub(super) output_limit: usize,
}

impl Command {
    /// A program by path, or by a name that is looked up on the `PATH` of the child's environment.
    /// Without further words: no arguments, an empty environment, the directory `/`, 30 seconds,
    /// 64 KiB kept of each stream.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            inherited: Vec::new(),
            env: BTreeMap::new(),
            dir: PathBuf::from("/"),
            time_limit: Duration::from_secs(30),
            output_limit: 64 * 1024,
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Lets variables of our own environment through, those that are set.
    pub fn inherit(mut self, names: &[&'static str]) -> Self {
        self.inherited.extend(names);
        self
    }

    /// Sets a variable; it wins over an inherited one.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    /// How long the whole run may last.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How many bytes of each stream are kept: the last ones.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    pub fn get_args(&self) -> impl Iterator<Item = &OsStr> {
        self.args.iter().map(OsString::as_os_str)
    }

    /// The program's file name, for messages.
    pub(super) fn name(&self) -> String {
        let program = Path::new(&self.program);
        let name = program.file_name().unwrap_or(&self.program);
        printable(&name.to_string_lossy(), 80)
    }

    pub(super) fn to_process(&self, stdin: Stdio) -> tokio::process::Command {
        let mut process = tokio::process::Command::new(&self.program);
        process
            .args(&self.args)
            .env_clear()
            .envs(
                self.inherited
                    .iter()
                    .filter_map(|name| Some((name, env::variable(name)?))),
            )
            .envs(&self.env)
            .current_dir(&self.dir)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        process
    }
}
