//! `commander doctor`: looks at everything that a deploy needs, in the order in which it would be
//! missed, and says of each whether it is well and else what to do. It needs no server, and
//! changes nothing.
//!
//! ```text
//!   configuration ─> machine: data directory, git, port
//!                 ─> engine: Docker, what the ledger says must be on it
//!                 ─> house:  procedures, scripts, repositories
//!                 ─> evidence: Prometheus, each metric query
//! ```

mod engine;
mod evidence;
mod house;
mod machine;

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::page::{Page, Sheet, Tone};
use super::render::words::counted;
use crate::adapters::db::{Kept, Store, StoreError};
use crate::config::Config;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was looked at: `docker`, `repository of shop`.
    pub what: String,
    pub state: State,
    /// What is so and, where it is not well, what to do.
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    /// It works, but not as well as it could.
    Warn,
    /// A deploy would fail.
    Fail,
}

impl Check {
    fn new(what: impl Into<String>, state: State, sentence: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            state,
            sentence: sentence.into(),
        }
    }

    fn ok(what: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self::new(what, State::Ok, sentence)
    }

    fn warn(what: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self::new(what, State::Warn, sentence)
    }

    fn fail(what: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self::new(what, State::Fail, sentence)
    }
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    checks: &'a [Check],
}

/// # Errors
///
/// When the findings cannot be printed; what is not well is a finding.
pub async fn run(console: &Console) -> Result<Exit, Failure> {
    let checks = look(console).await;
    let fails = checks.iter().any(|check| check.state == State::Fail);
    if console.json() {
        console.json_line(&Report {
            ok: !fails,
            checks: &checks,
        })?;
    } else {
        console.print(&rendered(&console.page(), &checks))?;
    }
    Ok(if fails { Exit::Failed } else { Exit::Ok })
}

async fn look(console: &Console) -> Vec<Check> {
    let config = match console.config() {
        Ok(config) => config,
        Err(failure) => {
            let sentence = format!("{failure}\nnothing else can be looked at before that");
            return vec![Check::fail("configuration", sentence)];
        }
    };
    let mut checks = vec![configuration(&config)];
    let kept = ledger(&config, &mut checks);
    checks.extend(machine::look(&config).await);
    checks.extend(engine::look(&config, kept.as_ref()).await);
    checks.extend(house::look(&config).await);
    checks.extend(evidence::look(&config, kept.as_ref()).await);
    checks
}

fn configuration(config: &Config) -> Check {
    let services = &config.catalogue.services;
    let environments = services
        .values()
        .map(|s| s.environments.len() as u64)
        .sum::<u64>();
    match services.len() {
        0 => Check::warn(
            "configuration",
            "no service: add [services.NAME] with its repository to commander.toml, or name another file with --config",
        ),
        count => Check::ok(
            "configuration",
            format!(
                "{}, {}",
                counted(count as u64, "service"),
                counted(environments, "environment")
            ),
        ),
    }
}

/// What the ledger says must be there; nothing before the first start.
fn ledger(config: &Config, checks: &mut Vec<Check>) -> Option<Kept> {
    // A missing home directory is reported with the data directory.
    let directory = config.store.directory().ok()?;
    if !directory.join("commander.db").exists() {
        return None;
    }
    match Store::kept(&directory) {
        Ok(kept) => Some(kept),
        Err(error) => {
            checks.push(unreadable(&error));
            None
        }
    }
}

fn unreadable(error: &StoreError) -> Check {
    Check::fail("ledger", error.to_string())
}

/// The findings, one after the other, and what they come to.
pub fn rendered(page: &Page, checks: &[Check]) -> String {
    let mut sheet = Sheet::new(page);
    let longest = checks.iter().map(|check| check.what.chars().count());
    let longest = longest.max().unwrap_or(0);
    for check in checks {
        let (tone, mark) = match check.state {
            State::Ok => (Tone::Good, "ok"),
            State::Warn => (Tone::Warn, "warn"),
            State::Fail => (Tone::Bad, "FAIL"),
        };
        let marker = format!("{mark:<4}  {:<longest$}  ", check.what);
        for (number, line) in check.sentence.lines().enumerate() {
            match number {
                0 => sheet.marked(tone, &marker, &[(Tone::Plain, line)]),
                _ => sheet.point(&" ".repeat(marker.len()), &[(Tone::Plain, line)]),
            }
        }
    }
    let of = |state| checks.iter().filter(|check| check.state == state).count() as u64;
    sheet.blank();
    let (tone, text) = match (of(State::Fail), of(State::Warn)) {
        (0, 0) => (
            Tone::Good,
            "everything that a deploy needs is there".to_owned(),
        ),
        (0, warnings) => (Tone::Warn, counted(warnings, "warning")),
        (fails, warnings) => (
            Tone::Bad,
            format!("{fails} not well, {}", counted(warnings, "warning")),
        ),
    };
    sheet.line(tone, &text);
    sheet.finish()
}
