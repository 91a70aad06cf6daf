//! Commands: what people said, and in which thread.

use rusqlite::{Connection, params};

use super::{unique, write_failed};
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::{at, json};
use crate::domain::command::Command;

pub fn record(db: &Connection, command: &Command) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO commands (id, thread, by, at, idempotency_key, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        command.id.as_str(),
        command.thread.as_str(),
        command.by.as_str(),
        at(command.at),
        command.idempotency_key,
        json(command)?
    ])
    .map_err(|error| match unique(&error) {
        true => StoreError::Conflict("the same request is being answered already".to_owned()),
        false => write_failed(error),
    })?;
    Ok(())
}
