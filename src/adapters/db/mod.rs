//! SQLite: the ledger of everything that was decided and done.
//!
//! ```text
//!   callers ──Transition──> queue ──> writer thread: BEGIN IMMEDIATE
//!                                       every transition ... COMMIT (fdatasync)
//!                                     then every ack, then the notices
//!   callers ──read(|connection| ...)──> a small pool of read-only connections
//! ```
//!
//! One OS thread owns the only write connection. Where a transition cannot be carried out (an
//! illegal move, a lock that is held), all are begun anew, each with a savepoint to which it alone is
//! rolled back.

mod backup;
mod chain;
mod changes;
mod history;
mod read;
mod rows;
mod seals;
mod trail;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use tokio::sync::{broadcast, oneshot};

use crate::domain::transition::Transition;
use crate::os::files;

pub use backup::{About, BackupError, Restored, back_up, restore};
pub use chain::{ChainReport, Verification};
pub use read::Selection;
pub use read::counts::Counts;
pub use read::instance::Kept;
pub use trail::Trail;
pub use writer::{Notice, Topic, Written};

/// Read connections that are kept open; more readers at once open one for themselves.
const POOL: usize = 4;

/// Prepared statements that each connection keeps: more than there are, so that none is prepared
/// anew at each commit.
const STATEMENTS: usize = 256;

/// Memory that the write connection may keep pages in; SQLite's own 2 MiB are read anew all the time
/// where executions are many.
const WRITER_CACHE_KIB: i64 = 8 * 1024;

/// Pages in the log before they are taken into the database. The same few pages change at every
/// commit, so that most of this many are written there once instead of four times.
const CHECKPOINT_PAGES: i64 = 4000;

/// The file whose lock says that a process owns the data directory.
const LOCK: &str = "commander.lock";

/// Notices a slow listener may be behind before it is told that it lost some.
const NOTICES: usize = 4096;

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("../../../migrations/0001_ledger.sql")),
    M::up(include_str!("../../../migrations/0002_seals.sql")),
    M::up(include_str!("../../../migrations/0003_fences.sql")),
    M::up(include_str!("../../../migrations/0004_open_places.sql")),
    M::up(include_str!("../../../migrations/0005_decisions.sql")),
    M::up(include_str!("../../../migrations/0006_plan_bodies.sql")),
    M::up(include_str!("../../../migrations/0007_what_waits.sql")),
];

/// Why the store did not do it. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else acted first, or the move is not one of the life cycle.
    #[error("{0}")]
    Conflict(String),
    #[error("{what} {id} does not exist")]
    NotFound { what: &'static str, id: String },
    /// A row is not what was written: it was changed outside Commander.
    #[error("{what} {id} was changed outside Commander: {why}; run `commander audit verify`")]
    Tampered {
        what: &'static str,
        id: String,
        why: String,
    },
    #[error("another Commander uses the data directory {0}; stop it, or give this one its own")]
    InUse(PathBuf),
    #[error("the database cannot be written: {0}")]
    Unwritable(String),
    #[error("the database cannot be read: {0}")]
    Unreadable(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// The store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    queue: std::sync::mpsc::Sender<writer::Job>,
    notices: broadcast::Sender<Notice>,
    pool: Mutex<Vec<Connection>>,
    tally: Arc<writer::Tally>,
    /// Held for as long as the process lives; a second process is refused.
    _ownership: std::fs::File,
}

impl Store {
    /// Opens, or makes, the database in the data directory and takes ownership of it.
    ///
    /// # Errors
    ///
    /// `InUse` when another process owns the directory; `Unwritable` when it cannot be made.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let ownership = own(data_dir)?;
        let path = data_dir.join("commander.db");
        let connection = connect(&path)?;
        Self::start(path, connection, ownership)
    }

    fn start(
        path: PathBuf,
        connection: Connection,
        ownership: std::fs::File,
    ) -> Result<Self, StoreError> {
        let (notices, _) = broadcast::channel(NOTICES);
        let tally = Arc::new(writer::Tally::default());
        let queue =
            writer::spawn(connection, notices.clone(), tally.clone()).map_err(unwritable)?;
        Ok(Self {
            shared: Arc::new(Shared {
                path,
                queue,
                notices,
                pool: Mutex::new(Vec::new()),
                tally,
                _ownership: ownership,
            }),
        })
    }

    /// Carries out a transition; returns once it is durable.
    ///
    /// # Errors
    ///
    /// Nothing of it is written: `Conflict`, `NotFound`, or `Unwritable` (full disk, locked).
    pub async fn write(&self, transition: Transition) -> Result<(), StoreError> {
        let (ack, done) = oneshot::channel();
        self.shared
            .queue
            .send(writer::Job { transition, ack })
            .map_err(|_| StoreError::Unwritable("the writer has ended".to_owned()))?;
        done.await
            .unwrap_or_else(|_| Err(StoreError::Unwritable("the writer has ended".to_owned())))
    }

    /// What was committed, after it was.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.shared.notices.subscribe()
    }

    /// What this process has written.
    pub fn written(&self) -> Written {
        self.shared.tally.read()
    }

    /// Runs a query on a read-only connection. Queries here take microseconds on an indexed
    /// table, so they run on the caller's thread.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pooled = self.pool().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => open_reader(&self.shared.path)?,
        };
        let result = query(&connection);
        let mut pool = self.pool();
        if pool.len() < POOL {
            pool.push(connection);
        }
        result
    }

    fn pool(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A reader that panicked leaves connections that are still whole.
        self.shared
            .pool
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn unwritable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unwritable(error.to_string())
}

/// Takes the directory's lock file; the operating system frees it when the process ends, however
/// it ends.
fn own(data_dir: &Path) -> Result<std::fs::File, StoreError> {
    let path = data_dir.join(LOCK);
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| StoreError::Unwritable(format!("{}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(data_dir.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(unwritable(error)),
    }
}

/// The write connection, to a database of the newest form.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    // SQLite gives its other files the rights of this one.
    files::keep_private(path).map_err(unwritable)?;
    let mut connection = Connection::open(path).map_err(unwritable)?;
    configure(&connection).map_err(unwritable)?;
    Migrations::from_slice(MIGRATIONS)
        .to_latest(&mut connection)
        .map_err(unwritable)?;
    seal_once(&mut connection)?;
    Ok(connection)
}

/// Seals the rows of a database that was made before there were seals.
fn seal_once(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(unwritable)?;
    let marked = transaction
        .execute(
            "INSERT INTO meta (key, value) VALUES ('sealed', 'yes') ON CONFLICT DO NOTHING",
            [],
        )
        .map_err(unwritable)?;
    if marked == 1 {
        chain::append_entries(&transaction, &[], seals::adopt(&transaction)?)?;
    }
    transaction.commit().map_err(unwritable)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "recursive_triggers", "ON")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(std::time::Duration::from_secs(5))
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

#[cfg(test)]
mod tests;
