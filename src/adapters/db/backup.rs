//! A ledger as one file, and back.
//!
//! ```text
//!   back_up:  data directory ──one snapshot──> FILE.partial ──rename──> FILE
//!   restore:  FILE ──verified──> DIRECTORY.restoring ──rename──> DIRECTORY
//! ```
//!
//! A backup is a SQLite database: the ledger as it was at one moment, and in the table `backup`
//! the keys and what it is a backup of. It is read beside a running Commander, which is not held
//! up. Until the rename nothing has its name, so that a process that is killed leaves nothing that
//! looks like a backup or a data directory; the next one removes what it left.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::read::executions::{EXECUTION, executions};
use super::read::instance::instance;
use super::read::releases::{RELEASE, releases};
use super::{StoreError, Trail, unwritable, writer};
use crate::domain::audit::AuditEntry;
use crate::domain::execution::Execution;
use crate::domain::release::Release;
use crate::domain::transition::{Change, Transition};
use crate::os::files;

/// Pages that are copied between two reports of the progress.
const PAGES: i32 = 1024;
/// What keys, the table and the file system need beside the pages.
const MARGIN: u64 = 4 * 1024 * 1024;
/// The row that says what it is a backup of; the others are files.
const ABOUT: &str = "about";
const DATABASE: &str = "commander.db";

/// What a backup is a backup of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    pub made_at: Timestamp,
    /// The Commander that made it.
    pub version: String,
    /// The random id of the data directory.
    pub instance: String,
    pub audit_rows: u64,
    /// The hash of the last row of the audit trail.
    pub head: String,
}

/// What was restored, and what a person has to know about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    pub about: About,
    /// Executions that had begun and not ended when the backup was made.
    pub unfinished: Vec<Execution>,
    /// What was live then.
    pub live: Vec<Release>,
}

/// Why there is no backup, or nothing was restored. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(
        "there is no database in {}: name the configuration whose server wrote it, with --config", .0.display()
    )]
    NoDatabase(PathBuf),
    #[error("{} exists already: take another name, or replace it with --force", .0.display())]
    Exists(PathBuf),
    #[error("{} is being written by another process", .0.display())]
    Busy(PathBuf),
    #[error("there is not enough space for {}: it needs {need} bytes, and {free} are free", path.display())]
    NoSpace { path: PathBuf, need: u64, free: u64 },
    #[error("{} is not what was written: {what}. Nothing was copied; find out who changed it, and use an older backup", path.display())]
    Broken { path: PathBuf, what: String },
    #[error("{} is no backup of Commander: {why}", path.display())]
    NoBackup { path: PathBuf, why: String },
    #[error("{} is not empty: a backup is restored into an empty data directory only", .0.display())]
    NotEmpty(PathBuf),
    #[error("another Commander uses {}: stop it, and restore into another, empty data directory", .0.display())]
    InUse(PathBuf),
    #[error("{} cannot be written: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(unwritable(error))
    }
}

/// Told of pages that are copied, of so many.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Writes the ledger of a data directory, and its `keys`, into a file that only its owner can read.
///
/// # Errors
///
/// See [`BackupError`].
pub fn back_up(
    data_dir: &Path,
    keys: &[&str],
    file: &Path,
    replace: bool,
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<About, BackupError> {
    if !data_dir.join(DATABASE).exists() {
        return Err(BackupError::NoDatabase(data_dir.to_owned()));
    }
    if file.exists() && !replace {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let trail = Trail::of(data_dir)?;
    let about = about(&trail, data_dir, now)?;
    require_space(&trail, file)?;
    let partial = with_suffix(file, ".partial");
    let failed = |source| BackupError::File {
        path: partial.clone(),
        source,
    };
    let _ours = take_over(&partial)?;
    let mut copy = Connection::open(&partial)?;
    copy_pages(&trail.db, &mut copy, progress)?;
    // One file, without a log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.execute_batch(
        "CREATE TABLE backup (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT",
    )?;
    let mut insert = copy.prepare("INSERT INTO backup (name, content) VALUES (?1, ?2)")?;
    for name in keys {
        match std::fs::read(data_dir.join(name)) {
            Ok(content) => insert.execute((name, content))?,
            // It is made when it is needed first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(failed(source)),
        };
    }
    let json = serde_json::to_vec(&about).map_err(|error| failed(error.into()))?;
    insert.execute((ABOUT, json))?;
    drop(insert);
    copy.close().map_err(|(_, error)| error)?;
    match files::publish(&partial, file, replace) {
        Ok(()) => Ok(about),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(BackupError::Exists(file.to_owned()))
        }
        Err(source) => Err(failed(source)),
    }
}

/// Makes a data directory of a backup, with the files `keys` in it.
///
/// # Errors
///
/// See [`BackupError`].
pub fn restore(
    file: &Path,
    data_dir: &Path,
    keys: &[&str],
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<Restored, BackupError> {
    // The name may lead elsewhere; where it leads is replaced, not the name.
    let data_dir = &std::fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    require_empty(data_dir)?;
    let trail = open_backup(file)?;
    let stored: About = stored(&trail, file)?;
    let is_of_this_version = trail.is_of_this_version()?;
    if is_of_this_version {
        require_as_backed_up(&trail, file, &stored, false)?;
    }
    let failed = |source| BackupError::File {
        path: data_dir.clone(),
        source,
    };
    std::fs::create_dir_all(files::folder_of(data_dir)).map_err(failed)?;
    require_space(&trail, data_dir)?;
    let staging = with_suffix(data_dir, ".restoring");
    let _ours = empty_folder(&staging)?;
    let database = staging.join(DATABASE);
    let mut copy = Connection::open(&database)?;
    copy_pages(&trail.db, &mut copy, progress)?;
    copy.execute_batch("DROP TABLE backup")?;
    drop(copy);
    let mut copy = super::connect(&database)?;
    // What an older Commander wrote can be verified only in the form of today.
    if !is_of_this_version
        && let Err(error) = require_as_backed_up(&Trail::at(&database)?, file, &stored, true)
    {
        drop(copy);
        std::fs::remove_dir_all(&staging).map_err(failed)?;
        return Err(error);
    }
    sign_in(&mut copy, &stored, now)?;
    let restored = Restored {
        unfinished: executions(
            &copy,
            &format!("{EXECUTION} WHERE ended_at IS NULL AND status <> 'waiting' ORDER BY id"),
            [],
        )?,
        live: releases(
            &copy,
            &format!("{RELEASE} WHERE presence = 'live' ORDER BY id"),
            [],
        )?,
        about: stored,
    };
    // The log beside it goes with the last connection.
    copy.close().map_err(|(_, error)| error)?;
    for name in keys {
        if let Some(content) = content(&trail, name)? {
            let content = String::from_utf8_lossy(&content);
            files::write_private(&staging.join(name), &content).map_err(failed)?;
        }
    }
    File::open(&database)
        .and_then(|database| database.sync_all())
        .and_then(|()| files::sync_folder_of(&database))
        .map_err(failed)?;
    // Takes the place of an empty folder, and of nothing else.
    std::fs::rename(&staging, data_dir)
        .and_then(|()| files::sync_folder_of(data_dir))
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::DirectoryNotEmpty => BackupError::NotEmpty(data_dir.clone()),
            _ => failed(source),
        })?;
    Ok(restored)
}

/// `may_have_more`: bringing it into the form of today may have written rows behind those of the backup.
fn require_as_backed_up(
    trail: &Trail,
    file: &Path,
    stored: &About,
    may_have_more: bool,
) -> Result<(), BackupError> {
    let found = about(trail, file, stored.made_at)?;
    let has_no_more = found.audit_rows == stored.audit_rows;
    let is_same = trail.hash(stored.audit_rows)?.as_ref() == Some(&stored.head);
    if is_same && (has_no_more || may_have_more) {
        return Ok(());
    }
    Err(BackupError::Broken {
        path: file.to_owned(),
        what: "its audit trail is not the one that was backed up".to_owned(),
    })
}

/// That it was restored is the first thing that the trail says about it.
fn sign_in(copy: &mut Connection, about: &About, now: Timestamp) -> Result<(), StoreError> {
    let entry = AuditEntry::new(now, "commander", "instance.restored", &about.instance)
        .with("backupOf", about.made_at)
        .with("auditRows", about.audit_rows);
    let changes = vec![Change::SetRestored { at: Some(now) }, Change::Audit(entry)];
    let (results, _) = writer::commit(copy, &[Transition::of(changes)])?;
    results.into_iter().collect()
}

/// Verifies, and says what there is.
fn about(trail: &Trail, path: &Path, made_at: Timestamp) -> Result<About, BackupError> {
    let path = path.to_owned();
    let report = match trail.verify()? {
        Ok(report) => report,
        Err(what) => return Err(BackupError::Broken { path, what }),
    };
    Ok(About {
        made_at,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instance: instance(&trail.db)?.unwrap_or_default(),
        audit_rows: report.audit_rows,
        head: report.head,
    })
}

fn open_backup(file: &Path) -> Result<Trail, BackupError> {
    let no_backup = |why: String| BackupError::NoBackup {
        path: file.to_owned(),
        why,
    };
    if !file.is_file() {
        return Err(no_backup("there is no such file".to_owned()));
    }
    Trail::of_any_version(file).map_err(|error| no_backup(error.to_string()))
}

fn stored(trail: &Trail, file: &Path) -> Result<About, BackupError> {
    let no_backup = |why: &dyn std::fmt::Display| BackupError::NoBackup {
        path: file.to_owned(),
        why: why.to_string(),
    };
    let about = content(trail, ABOUT).map_err(|error| no_backup(&error))?;
    let about = about.ok_or_else(|| no_backup(&"it does not say what it is a backup of"))?;
    serde_json::from_slice(&about).map_err(|error| no_backup(&error))
}

fn content(trail: &Trail, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(trail
        .db
        .prepare_cached("SELECT content FROM backup WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// The source stays at its snapshot, so that a writer does not make the copy begin again.
fn copy_pages(
    from: &Connection,
    to: &mut Connection,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let backup = Backup::new(from, to)?;
    loop {
        let step = backup.step(PAGES)?;
        let at = backup.progress();
        let (all, rest) = (i64::from(at.pagecount), i64::from(at.remaining));
        progress(all.saturating_sub(rest).unsigned_abs(), all.unsigned_abs());
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            StepResult::Busy | StepResult::Locked | _ => {
                let why = "the database is locked: try again".to_owned();
                return Err(StoreError::Unreadable(why).into());
            }
        }
    }
}

fn require_space(trail: &Trail, path: &Path) -> Result<(), BackupError> {
    let number = |pragma: &str| -> Result<u64, rusqlite::Error> {
        trail.db.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let need = number("page_count")? * number("page_size")? + MARGIN;
    let free = files::free_bytes(files::folder_of(path)).map_err(|source| BackupError::File {
        path: path.to_owned(),
        source,
    })?;
    match free >= need {
        true => Ok(()),
        false => Err(BackupError::NoSpace {
            path: path.to_owned(),
            need,
            free,
        }),
    }
}

/// An empty private file; what a process that was killed left is taken over.
fn take_over(partial: &Path) -> Result<File, BackupError> {
    let failed = |source| BackupError::File {
        path: partial.to_owned(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(partial)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BackupError::Busy(partial.to_owned())),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .and_then(|()| file.set_len(0))
        .map_err(failed)?;
    for log in ["-journal", "-wal", "-shm"] {
        remove_if_there(&with_suffix(partial, log)).map_err(failed)?;
    }
    Ok(file)
}

/// An empty private folder, and the lock of it; what a process that was killed left is removed.
fn empty_folder(staging: &Path) -> Result<File, BackupError> {
    let failed = |source| BackupError::File {
        path: staging.to_owned(),
        source,
    };
    if staging.exists() {
        match super::own(staging) {
            Ok(_left) => std::fs::remove_dir_all(staging).map_err(failed)?,
            Err(StoreError::InUse(path)) => return Err(BackupError::Busy(path)),
            Err(error) => return Err(error.into()),
        }
    }
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(staging)
        .map_err(failed)?;
    Ok(super::own(staging)?)
}

fn require_empty(data_dir: &Path) -> Result<(), BackupError> {
    let mut entries = match std::fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            let path = data_dir.to_owned();
            return Err(BackupError::File { path, source });
        }
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let in_use = data_dir.join(super::LOCK).exists()
        && matches!(super::own(data_dir), Err(StoreError::InUse(_)));
    Err(match in_use {
        true => BackupError::InUse(data_dir.to_owned()),
        false => BackupError::NotEmpty(data_dir.to_owned()),
    })
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
