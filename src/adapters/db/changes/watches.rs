//! Watches, and their evaluations.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{conflict, stored_body, unique, write_failed};
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::{environment, json, word};
use crate::domain::id::WatchId;
use crate::domain::watch::{Evaluation, Watch, WatchEvent, WatchState, WatchStatus};

pub fn open(db: &Connection, watch: &Watch) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO watches (id, release, service, environment, status, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        watch.id.as_str(),
        watch.release.as_str(),
        watch.place.service.as_str(),
        environment(&watch.place),
        word(&watch.status())?,
        json(watch)?,
    ])
    .map_err(|error| match unique(&error) {
        true => StoreError::Conflict("another watch runs there".to_owned()),
        false => write_failed(error),
    })?;
    Ok(())
}

/// What somebody else paused or ended meanwhile stays so.
pub fn save(
    db: &Connection,
    id: &WatchId,
    from: WatchStatus,
    state: &WatchState,
    reason: Option<&str>,
    evaluation: Option<&Evaluation>,
) -> Result<(), StoreError> {
    edit(db, id, |watch| {
        if watch.status() != from {
            return Err(StoreError::Conflict(format!(
                "the watch is not {from} any more: it is {}",
                watch.status()
            )));
        }
        watch.state = state.clone();
        if let Some(reason) = reason {
            watch.reason = Some(reason.to_owned());
        }
        if let Some(evaluation) = evaluation.filter(|_| !state.status.is_open()) {
            watch.ended_at = Some(evaluation.at);
        }
        Ok(())
    })?;
    let Some(evaluation) = evaluation else {
        return Ok(());
    };
    db.prepare_cached("INSERT INTO evaluations (watch, n, body) VALUES (?1, ?2, ?3)")?
        .execute(params![id.as_str(), evaluation.number, json(evaluation)?])
        .map_err(write_failed)?;
    Ok(())
}

pub fn make_move(
    db: &Connection,
    id: &WatchId,
    event: WatchEvent,
    reason: Option<String>,
    at: Timestamp,
) -> Result<(), StoreError> {
    edit(db, id, |w| {
        w.state = w.state.apply(event).map_err(conflict)?;
        w.reason = reason.or(w.reason.take());
        if !w.status().is_open() {
            w.ended_at = Some(at);
        }
        Ok(())
    })
}

/// Reads a watch, lets `edit` change it, and writes it back.
fn edit(
    db: &Connection,
    id: &WatchId,
    edit: impl FnOnce(&mut Watch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut watch: Watch = stored_body(db, "watches", "watch", id.as_str())?;
    edit(&mut watch)?;
    db.prepare_cached("UPDATE watches SET status = ?2, body = ?3 WHERE id = ?1")?
        .execute(params![id.as_str(), word(&watch.status())?, json(&watch)?])
        .map_err(write_failed)?;
    Ok(())
}
