//! The data directory as a whole: whose it is, and what it says has to be on the engine.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::releases::{RELEASE, releases};
use crate::adapters::db::rows::parse_time;
use crate::adapters::db::{Store, StoreError, Trail};
use crate::domain::release::Release;

/// What the ledger of a data directory says has to be on the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Absent before the first start.
    pub instance: Option<String>,
    /// The releases that are live or on standby.
    pub releases: Vec<Release>,
}

impl Store {
    /// When the ledger was restored from a backup, if it was not compared with what runs since.
    pub fn restored(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db| {
            let at: Option<String> = db
                .prepare_cached("SELECT value FROM meta WHERE key = 'restored_at'")?
                .query_row([], |row| row.get(0))
                .optional()?;
            at.map(|at| parse_time("meta", "restored_at", &at))
                .transpose()
        })
    }

    /// The data directory's random id, made when the store was.
    pub fn instance(&self) -> Result<Option<String>, StoreError> {
        self.read(instance)
    }

    /// Reads the ledger of a data directory, whether or not a Commander runs on it.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened or read.
    pub fn kept(data_dir: &Path) -> Result<Kept, StoreError> {
        let Trail { db } = Trail::of(data_dir)?;
        let which = format!("{RELEASE} WHERE presence IN ('live', 'standby') ORDER BY id");
        let releases = releases(&db, &which, [])?;
        Ok(Kept {
            instance: instance(&db)?,
            releases,
        })
    }
}

pub fn instance(db: &Connection) -> Result<Option<String>, StoreError> {
    Ok(db
        .prepare_cached("SELECT value FROM meta WHERE key = 'instance'")?
        .query_row([], |row| row.get(0))
        .optional()?)
}
