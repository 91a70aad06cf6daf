//! Places: who has the lock, whether automatic acts are off, which port is reserved.

use rusqlite::{Connection, params};

use super::{unique, write_failed};
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::{at, environment, json};
use crate::domain::id::ExecutionId;
use crate::domain::incident::Freeze;
use crate::domain::lock::{Holder, Place};

pub fn take_lock(
    db: &Connection,
    place: &Place,
    holder: &Holder,
    above: u64,
) -> Result<(), StoreError> {
    let token: u64 = db
        .prepare_cached(
            "INSERT INTO fences (service, environment, token) VALUES (?1, ?2, ?3 + 1)
             ON CONFLICT DO UPDATE SET token = max(token, ?3) + 1 RETURNING token",
        )?
        .query_row(
            params![place.service.as_str(), environment(place), above],
            |row| row.get(0),
        )
        .map_err(write_failed)?;
    let taken = db
        .prepare_cached(
            "INSERT INTO locks (service, environment, execution, action, since, token) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET token = excluded.token WHERE execution = excluded.execution",
        )?
        .execute(params![
            place.service.as_str(),
            environment(place),
            holder.execution.as_str(),
            holder.action.as_str(),
            at(holder.since),
            token,
        ])
        .map_err(write_failed)?;
    if taken == 1 {
        return Ok(());
    }
    Err(StoreError::Conflict(format!(
        "{place} is locked by another execution"
    )))
}

pub fn free_lock(
    db: &Connection,
    place: &Place,
    execution: &ExecutionId,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "DELETE FROM locks WHERE service = ?1 AND environment = ?2 AND execution = ?3",
    )?
    .execute(params![
        place.service.as_str(),
        environment(place),
        execution.as_str()
    ])
    .map_err(write_failed)?;
    Ok(())
}

pub fn freeze(db: &Connection, freeze: &Freeze) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO freezes (service, environment, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        freeze.place.service.as_str(),
        environment(&freeze.place),
        json(freeze)?
    ])
    .map_err(write_failed)?;
    Ok(())
}

pub fn unfreeze(db: &Connection, place: &Place) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM freezes WHERE service = ?1 AND environment = ?2")?
        .execute(params![place.service.as_str(), environment(place)])
        .map(drop)
        .map_err(write_failed)
}

pub fn reserve_port(db: &Connection, place: &Place, port: u16) -> Result<(), StoreError> {
    db.prepare_cached("INSERT INTO ports (service, environment, port) VALUES (?1, ?2, ?3)")?
        .execute(params![place.service.as_str(), environment(place), port])
        .map(drop)
        .map_err(|error| match unique(&error) {
            true => StoreError::Conflict(format!("port {port} is reserved already")),
            false => write_failed(error),
        })
}
