//! Executions, and their journals. How a journal is shortened is in `history`.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{unique, write_failed};
use crate::adapters::db::rows::{at, environment, json, word};
use crate::adapters::db::{StoreError, chain};
use crate::domain::execution::{Execution, ExecutionStatus, JournalEvent};
use crate::domain::id::ExecutionId;

pub fn open(db: &Connection, execution: &Execution) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO executions (id, plan, service, environment, status, created_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        execution.id.as_str(),
        execution.plan.as_str(),
        execution.place.service.as_str(),
        environment(&execution.place),
        word(&execution.status)?,
        at(execution.created_at),
        json(execution)?,
    ])
    .map_err(|error| match unique(&error) {
        true => StoreError::Conflict("this plan has an execution already".to_owned()),
        false => write_failed(error),
    })?;
    Ok(())
}

pub fn save(db: &Connection, execution: &Execution) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE executions SET body = ?2 WHERE id = ?1")?
        .execute(params![execution.id.as_str(), json(execution)?])
        .map(drop)
        .map_err(write_failed)
}

pub fn append_journal(
    db: &Connection,
    execution: &ExecutionId,
    after: u64,
    events: &[(Timestamp, JournalEvent)],
    status: ExecutionStatus,
) -> Result<(), StoreError> {
    let (mut seq, mut hash) = chain::journal_head(db, execution)?;
    if seq != after {
        return Err(StoreError::Conflict(format!(
            "the journal of {execution} holds {seq} events, not {after}: somebody else continued it"
        )));
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO journal (execution, seq, at, event, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (when, event) in events {
        seq += 1;
        let (when, event) = (at(*when), json(event)?);
        hash = chain::link(&hash, seq, &when, &event);
        insert
            .execute(params![execution.as_str(), seq, when, event, hash])
            .map_err(write_failed)?;
    }
    let ended = events
        .last()
        .filter(|_| status.has_ended())
        .map(|(t, _)| at(*t));
    // Most events do not change it, and the row is not written for them.
    db.prepare_cached(
        "UPDATE executions SET status = ?2, ended_at = ?3
         WHERE id = ?1 AND (status IS NOT ?2 OR ended_at IS NOT ?3)",
    )?
    .execute(params![execution.as_str(), word(&status)?, ended])
    .map_err(write_failed)?;
    Ok(())
}
