//! `commander backup` and `commander restore`: the ledger as one file, and back. Both work on the data
//! directory itself, beside a running server or without one.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::page::{Sheet, Tone};
use super::render::words::counted;
use crate::adapters::db::{About, BackupError, Restored, back_up, restore as restore_into};
use crate::app;
use crate::os::clock;

#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// Where it is written; only its owner can read it, for the keys are in it
    pub file: PathBuf,
    /// Replace a file of that name
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// What `commander backup` wrote
    pub file: PathBuf,
}

/// # Errors
///
/// See [`BackupError`].
pub fn backup(console: &Console, args: &BackupArgs) -> Result<Exit, Failure> {
    let directory = directory(console)?;
    let bar = Bar::new(console);
    let made = back_up(
        &directory,
        &app::KEYS,
        &args.file,
        args.force,
        clock::now(),
        &mut |done, all| bar.show(done, all),
    );
    bar.0.finish_and_clear();
    let about = made.map_err(failure)?;
    if console.json() {
        console.json_line(&about)?;
    } else {
        console.print(&backed_up(console, &about, &args.file))?;
    }
    Ok(Exit::Ok)
}

fn backed_up(console: &Console, about: &About, file: &Path) -> String {
    let page = console.page();
    let mut sheet = Sheet::new(&page);
    sheet.line(
        Tone::Good,
        &format!(
            "{}: the ledger with {}, as it was at {}, and its keys",
            file.display(),
            counted(about.audit_rows, "audit row"),
            about.made_at
        ),
    );
    sheet.line(
        Tone::Plain,
        "It is verified. The logs of executions and the mirrors of repositories are not in it.",
    );
    sheet.finish()
}

/// # Errors
///
/// See [`BackupError`].
pub fn restore(console: &Console, args: &RestoreArgs) -> Result<Exit, Failure> {
    let directory = directory(console)?;
    let bar = Bar::new(console);
    let restored = restore_into(
        &args.file,
        &directory,
        &app::KEYS,
        clock::now(),
        &mut |done, all| bar.show(done, all),
    );
    bar.0.finish_and_clear();
    let restored = restored.map_err(failure)?;
    if console.json() {
        console.json_line(&restored)?;
    } else {
        console.print(&explained(console, &restored, &directory))?;
    }
    Ok(Exit::Ok)
}

/// What a person has to know before the server is started on it.
fn explained(console: &Console, restored: &Restored, directory: &Path) -> String {
    let page = console.page();
    let mut sheet = Sheet::new(&page);
    let about = &restored.about;
    sheet.line(
        Tone::Good,
        &format!(
            "{}: the ledger of {}, verified, with {}",
            directory.display(),
            about.made_at,
            counted(about.audit_rows, "audit row")
        ),
    );
    for execution in &restored.unfinished {
        sheet.point(
            "  ",
            &[(
                Tone::Warn,
                &format!(
                    "{} ({} of {}) was unfinished",
                    execution.id,
                    execution.action.as_str(),
                    execution.place
                ),
            )],
        );
    }
    for release in &restored.live {
        let what = format!(
            "{} was live in {}/{}",
            release.version, release.service, release.environment
        );
        sheet.point("  ", &[(Tone::Plain, &what)]);
    }
    sheet.line(
        Tone::Plain,
        "What happened after the backup is not in it. At the next start the ledger is compared with the containers that there are: where all are known, unfinished executions and watches go on and adopt what they find; where there is one that the ledger does not know, nothing is begun by itself, and an incident says what to do. A live release that does not run is an incident, too.",
    );
    sheet.line(
        Tone::Plain,
        "The instance that the backup was made of must not run any more: both have the same id. Checkpoints that were made after the backup will say that the trail was put back, which is true: keep that file, and let the next ones go into a new one.",
    );
    sheet.finish()
}

fn directory(console: &Console) -> Result<PathBuf, Failure> {
    let directory = console.config()?.store.directory();
    directory.map_err(|error| Failure::Usage(error.to_string()))
}

fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::File { path, source } => Failure::Unwritable {
            what: path.display().to_string(),
            source,
        },
        BackupError::NoSpace { .. } | BackupError::Store(_) => {
            Failure::Unavailable(error.to_string())
        }
        BackupError::Busy(_) | BackupError::InUse(_) => Failure::Later(error.to_string()),
        BackupError::Broken { .. } => Failure::Broken(error.to_string()),
        BackupError::NoDatabase(_)
        | BackupError::Exists(_)
        | BackupError::NoBackup { .. }
        | BackupError::NotEmpty(_) => Failure::Data(error.to_string()),
    }
}

/// How far it is, for a person at a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(console: &Console) -> Self {
        let target = match console.interactive {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Self(ProgressBar::with_draw_target(None, target))
    }

    fn show(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }
}
