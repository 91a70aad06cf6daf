//! This machine: the data directory, git, and the port to serve at.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Check, State};
use crate::cli::render::step::mebibytes;
use crate::cli::server::{self, reachable};
use crate::config::Config;
use crate::os::files::free_bytes;
use crate::os::http::{Client, Route};
use crate::os::process::{self, Command};

/// Below this a deploy may fill the disk; below the second, the ledger cannot be written soon.
const LITTLE: u64 = 2 * 1024 * 1024 * 1024;
const TOO_LITTLE: u64 = 200 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn look(config: &Config) -> Vec<Check> {
    let mut checks = data_directory(config);
    checks.push(git().await);
    checks.push(port(config).await);
    checks
}

fn data_directory(config: &Config) -> Vec<Check> {
    const WHAT: &str = "data directory";
    let directory = match config.store.directory() {
        Ok(directory) => directory,
        Err(error) => return vec![Check::fail(WHAT, error.to_string())],
    };
    let shown = directory.display();
    if !directory.exists() {
        let parent = directory.ancestors().find(|path| path.exists());
        let sentence = format!("{shown} is made at the first start");
        let room = parent.map(free_space);
        return std::iter::once(Check::ok(WHAT, sentence))
            .chain(room)
            .collect();
    }
    vec![rights(&directory), free_space(&directory)]
}

fn rights(directory: &Path) -> Check {
    const WHAT: &str = "data directory";
    let shown = directory.display();
    let found = match fs::metadata(directory) {
        Ok(found) => found,
        Err(error) => {
            let sentence = format!("{shown} cannot be looked at: {error}");
            return Check::fail(WHAT, sentence);
        }
    };
    let mode = found.permissions().mode() & 0o777;
    let us = rustix::process::geteuid().as_raw();
    if !found.is_dir() {
        Check::fail(
            WHAT,
            format!("{shown} is no directory: set store.data_dir to one"),
        )
    } else if found.uid() != us {
        let sentence = format!(
            "{shown} belongs to another user (id {}): run as that user, or set store.data_dir",
            found.uid()
        );
        Check::fail(WHAT, sentence)
    } else if rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_err() {
        Check::fail(
            WHAT,
            format!("{shown} cannot be written: chmod 700 {shown}"),
        )
    } else if mode & 0o077 != 0 {
        let sentence =
            format!("{shown} is open to others (mode {mode:o}): the next start makes it 700");
        Check::warn(WHAT, sentence)
    } else {
        Check::ok(WHAT, format!("{shown}, yours alone"))
    }
}

fn free_space(directory: &Path) -> Check {
    const WHAT: &str = "free space";
    match free_bytes(directory) {
        Ok(free) => {
            let state = match free {
                0..TOO_LITTLE => State::Fail,
                TOO_LITTLE..LITTLE => State::Warn,
                _ => State::Ok,
            };
            let advice = match state {
                State::Ok => "",
                State::Warn | State::Fail => ": make room, for the ledger must always be writable",
            };
            let sentence = format!("{} at {}{advice}", mebibytes(free), directory.display());
            Check::new(WHAT, state, sentence)
        }
        Err(error) => Check::warn(WHAT, format!("not known: {error}")),
    }
}

async fn git() -> Check {
    let command = Command::new("git")
        .inherit(&["PATH"])
        .arg("--version")
        .time_limit(PATIENCE);
    match process::run(&command, &CancellationToken::new(), |_, _| {}).await {
        Ok(output) => Check::ok("git", output.stdout.text().trim().to_owned()),
        Err(error) => Check::fail("git", error.to_string()),
    }
}

/// Free, or held by our own server.
async fn port(config: &Config) -> Check {
    const WHAT: &str = "port";
    let listen = config.server.listen;
    let taken = match TcpListener::bind(listen) {
        Ok(_) => return Check::ok(WHAT, format!("{listen} is free to serve at")),
        Err(error) => error,
    };
    if taken.kind() != std::io::ErrorKind::AddrInUse {
        let sentence = format!("nothing can listen at {listen} ({taken}): set server.listen");
        return Check::fail(WHAT, sentence);
    }
    let directory = config.store.directory().ok();
    let ours = directory.and_then(|directory| server::address(&directory).ok());
    let address = format!("http://{}", reachable(listen));
    match (ours == Some(address.clone()), answers(&address).await) {
        (true, true) => Check::ok(WHAT, format!("your Commander answers at {listen}")),
        (true, false) => Check::fail(
            WHAT,
            format!(
                "{listen} is taken, and what listens there does not answer as Commander does: stop it"
            ),
        ),
        (false, true) => Check::fail(
            WHAT,
            format!(
                "another Commander, with another data directory, is at {listen}: stop it, or set server.listen"
            ),
        ),
        (false, false) => Check::fail(
            WHAT,
            format!("{listen} is taken by something else: stop that, or set server.listen"),
        ),
    }
}

async fn answers(address: &str) -> bool {
    let Ok(client) = Client::new(Route::Direct) else {
        return false;
    };
    let path = format!("{address}/health/live");
    client.status(&path, PATIENCE).await == Ok(200)
}
