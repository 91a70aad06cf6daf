//! The data directory as a whole.

use jiff::Timestamp;
use rusqlite::Connection;

use super::write_failed;
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::at;

/// The first id stays.
pub fn set(db: &Connection, id: &str) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO meta (key, value) VALUES ('instance', ?1) ON CONFLICT DO NOTHING",
    )?
    .execute([id])
    .map(drop)
    .map_err(write_failed)
}

pub fn touch(db: &Connection, when: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO meta (key, value) VALUES ('touched_at', ?1) ON CONFLICT DO UPDATE SET value = excluded.value",
    )?
    .execute([at(when)])
    .map(drop)
    .map_err(write_failed)
}

pub fn set_restored(db: &Connection, when: Option<Timestamp>) -> Result<(), StoreError> {
    match when {
        Some(when) => db
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('restored_at', ?1) ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute([at(when)])
            .map(drop)
            .map_err(write_failed),
        None => db
            .prepare_cached("DELETE FROM meta WHERE key = 'restored_at'")?
            .execute([])
            .map(drop)
            .map_err(write_failed),
    }
}
