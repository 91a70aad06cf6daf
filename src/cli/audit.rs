//! `commander audit`: who decided what. `verify` needs no server, and `export` takes what it can get:
//! they read the database of the data directory, whether or not a Commander runs on it.

use std::path::{Path, PathBuf};

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::audit;
use super::render::page::Tone;
use super::server::Items;
use crate::adapters::checkpoints::{self, CheckpointError};
use crate::adapters::db::{StoreError, Trail};
use crate::domain::audit::AuditRow;
use crate::domain::checkpoint::{Checkpoint, contradiction};

/// Rows of an export that are read at a time; the server gives no more at once.
const PAGE: u32 = 500;

#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub verb: AuditVerb,
}

#[derive(Debug, clap::Subcommand)]
pub enum AuditVerb {
    /// The trail, newest first
    List(Rows),
    /// The whole trail as JSON lines, oldest first (with or without a server)
    Export {
        /// Only behind this row
        #[arg(long, value_name = "ROW", default_value_t = 0)]
        after: u64,
    },
    /// Check that the trail, the plans, the journals and the ledger are as they were written (no
    /// server)
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// Signed checkpoints that the trail must agree with: finds one that was cut off, put back or
    /// written anew
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A public key that may have signed them, besides that of the data directory
    #[arg(long = "key", value_name = "HEX", requires = "checkpoint")]
    keys: Vec<String>,
}

/// Which rows of the trail.
#[derive(Debug, clap::Args)]
pub struct Rows {
    /// Only rows before this one: the next page
    #[arg(long, value_name = "ROW", conflicts_with = "after")]
    pub before: Option<u64>,
    /// Only rows behind this one, oldest first: what is new
    #[arg(long, value_name = "ROW")]
    pub after: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub limit: u32,
}

impl Rows {
    fn path(&self) -> String {
        let mut path = format!("/api/audit?limit={}", self.limit);
        for (name, row) in [("before", self.before), ("after", self.after)] {
            if let Some(row) = row {
                path.push_str(&format!("&{name}={row}"));
            }
        }
        path
    }
}

/// # Errors
///
/// When the server does not answer; for `verify`, when the database cannot be read.
pub async fn run(console: &Console, args: &AuditArgs) -> Result<Exit, Failure> {
    match &args.verb {
        AuditVerb::List(rows) => {
            let reply = console.server()?.get(&rows.path()).await?;
            console.show(&reply, |page, found: &Items<AuditRow>| {
                audit::list(page, &found.items)
            })?;
            Ok(Exit::Ok)
        }
        AuditVerb::Export { after } => export(console, *after).await,
        AuditVerb::Verify(args) => verify(console, args),
    }
}

/// Streams, however long the trail is.
async fn export(console: &Console, mut after: u64) -> Result<Exit, Failure> {
    let mut source = Source::Server;
    loop {
        let rows = match source.page(console, after).await {
            // A server that is gone may have left a file that says where it was.
            Err(Failure::NoServer { .. }) if matches!(source, Source::Server) => {
                source = Source::Database(trail(&directory(console)?)?);
                continue;
            }
            rows => rows?,
        };
        let Some(last) = rows.last() else {
            return Ok(Exit::Ok);
        };
        after = last.seq;
        let lines: Result<String, serde_json::Error> = rows
            .iter()
            .map(|row| serde_json::to_string(row).map(|line| line + "\n"))
            .collect();
        console.print(&lines.map_err(|error| Failure::Internal(error.to_string()))?)?;
    }
}

enum Source {
    Server,
    Database(Trail),
}

impl Source {
    async fn page(&self, console: &Console, after: u64) -> Result<Vec<AuditRow>, Failure> {
        match self {
            Self::Database(trail) => trail.rows(after, PAGE).map_err(unreadable),
            Self::Server => {
                let path = format!("/api/audit?after={after}&limit={PAGE}");
                let rows: Items<AuditRow> = console.server()?.get(&path).await?.read()?;
                Ok(rows.items)
            }
        }
    }
}

fn verify(console: &Console, args: &VerifyArgs) -> Result<Exit, Failure> {
    let directory = directory(console)?;
    let noted = match &args.checkpoint {
        Some(file) => noted(file, &directory, &args.keys)?,
        None => Vec::new(),
    };
    let trail = trail(&directory)?;
    let head = trail.head().map_err(unreadable)?;
    let report = audit::Report {
        chain: trail.verify().map_err(unreadable)?,
        contradiction: contradiction(&noted, head, |seq| trail.hash(seq)).map_err(unreadable)?,
        checkpoints: noted.len() as u64,
    };
    if console.json() {
        console.json_line(&report.as_json())?;
    } else {
        let tone = match report.is_good() {
            true => Tone::Good,
            false => Tone::Bad,
        };
        console.line(&console.page().paint(tone, &report.sentence()))?;
    }
    Ok(match report.is_good() {
        true => Exit::Ok,
        false => Exit::Failed,
    })
}

/// The checkpoints of a file, which must be signed with a key that is known.
fn noted(
    file: &Path,
    directory: &Path,
    keys: &[String],
) -> Result<Vec<(usize, Checkpoint)>, Failure> {
    let own = checkpoints::public_key(directory).map_err(not_read)?;
    let keys: Vec<String> = own.into_iter().chain(keys.iter().cloned()).collect();
    checkpoints::read(file, &keys).map_err(not_read)
}

fn not_read(error: CheckpointError) -> Failure {
    match error {
        CheckpointError::File { path, source } => Failure::Unreadable {
            what: path.display().to_string(),
            source,
        },
        CheckpointError::Key(_) | CheckpointError::Line { .. } => Failure::Data(error.to_string()),
    }
}

fn directory(console: &Console) -> Result<PathBuf, Failure> {
    let directory = console.config()?.store.directory();
    directory.map_err(|error| Failure::Usage(error.to_string()))
}

fn trail(directory: &Path) -> Result<Trail, Failure> {
    if !directory.join("commander.db").exists() {
        return Err(Failure::Data(format!(
            "there is no database in {}: name the configuration whose server wrote it, with --config",
            directory.display()
        )));
    }
    Trail::of(directory).map_err(unreadable)
}

fn unreadable(error: StoreError) -> Failure {
    Failure::Unreadable {
        what: "the ledger".to_owned(),
        source: std::io::Error::other(error),
    }
}
