//! The ledger of a data directory, read from outside: whether or not a Commander runs on it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::{MIGRATIONS, Store, StoreError, Verification, chain};
use crate::domain::audit::AuditRow;

/// One moment of a ledger; what is written meanwhile does not show.
pub struct Trail {
    pub(super) db: Connection,
}

impl Trail {
    /// # Errors
    ///
    /// When the database cannot be opened or read, or is of another version.
    pub fn of(data_dir: &Path) -> Result<Self, StoreError> {
        Self::at(&data_dir.join("commander.db"))
    }

    /// The same for a database under another name.
    ///
    /// # Errors
    ///
    /// As [`Self::of`].
    pub fn at(database: &Path) -> Result<Self, StoreError> {
        let trail = Self::of_any_version(database)?;
        match trail.is_of_this_version()? {
            true => Ok(trail),
            false => Err(StoreError::Unreadable(
                "an older Commander wrote it: start `commander serve` on it once".to_owned(),
            )),
        }
    }

    /// Also one that an older Commander wrote, whose rows are to be read by nobody before they are
    /// in the form of today.
    pub(super) fn of_any_version(database: &Path) -> Result<Self, StoreError> {
        let db = super::open_reader(database)?;
        // One snapshot for all that is read: it is taken with the first reading.
        db.execute_batch("BEGIN")?;
        let trail = Self { db };
        match trail.version()? > MIGRATIONS.len() {
            true => Err(StoreError::Unreadable(
                "a newer Commander wrote it: use that one".to_owned(),
            )),
            false => Ok(trail),
        }
    }

    pub(super) fn is_of_this_version(&self) -> Result<bool, StoreError> {
        Ok(self.version()? == MIGRATIONS.len())
    }

    fn version(&self) -> Result<usize, StoreError> {
        Ok(self
            .db
            .pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    /// Whether everything is as it was written.
    ///
    /// # Errors
    ///
    /// When it cannot be read; what is broken in it is the inner result.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        match chain::verify_all(&self.db) {
            Ok(report) => Ok(Ok(report)),
            Err(StoreError::Tampered { what, id, why }) => Ok(Err(format!("{what} {id}: {why}"))),
            Err(error) => Err(error),
        }
    }

    /// At most `limit` rows of the audit trail after row `after`, oldest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn rows(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        chain::audit_rows(&self.db, after, u64::from(limit))
    }

    /// The number of the last row of the audit trail.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn head(&self) -> Result<u64, StoreError> {
        Ok(self
            .db
            .query_row("SELECT coalesce(max(seq), 0) FROM audit", [], |row| {
                row.get(0)
            })?)
    }

    /// The hash of a row of the audit trail, if there is one of that number.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn hash(&self, seq: u64) -> Result<Option<String>, StoreError> {
        Ok(self
            .db
            .prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?
            .query_row([seq], |row| row.get(0))
            .optional()?)
    }
}

impl Store {
    /// Verifies the database of a data directory, whether or not a Commander runs on it.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened or read; what is broken in it is the inner result.
    pub fn verify(data_dir: &Path) -> Result<Verification, StoreError> {
        Trail::of(data_dir)?.verify()
    }
}
