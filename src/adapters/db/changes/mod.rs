//! Each change as SQL: one file for each kind of thing that is changed. A move reads the stored
//! status, asks the table of legal moves, and writes the answer, all inside the commit.

mod commands;
mod executions;
mod incidents;
mod instance;
mod notices;
mod people;
mod places;
mod plans;
mod releases;
mod watches;

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{from_json, from_word};
use super::writer::Notice;
use super::{StoreError, chain, history, seals};
use crate::domain::transition::Change;

pub fn apply(
    db: &Connection,
    changes: &[Change],
    heard: &mut Vec<Notice>,
) -> Result<(), StoreError> {
    seals::require(db, changes)?;
    for change in changes {
        heard.extend(notices::notice(change));
        write(db, change)?;
    }
    chain::append_entries(db, changes, seals::renew(db, changes)?)
}

/// What goes into the audit trail follows when all else is written, for it seals that.
fn write(db: &Connection, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::SetInstance { id } => instance::set(db, id),
        Change::Touch { at } => instance::touch(db, *at),
        Change::SetRestored { at } => instance::set_restored(db, *at),
        Change::RecordCommand(command) => commands::record(db, command),
        Change::StorePlan(plan) => plans::store(db, plan),
        Change::MovePlan {
            plan,
            event,
            reason,
        } => plans::make_move(db, plan, *event, reason.as_deref()),
        Change::AddApproval(approval) => plans::add_approval(db, approval),
        Change::OpenExecution(execution) => executions::open(db, execution),
        Change::SaveExecution(execution) => executions::save(db, execution),
        Change::Journal {
            execution,
            after,
            events,
            status,
        } => executions::append_journal(db, execution, *after, events, *status),
        Change::ShortenJournal { execution, at } => history::shorten(db, execution, *at),
        Change::TakeLock {
            place,
            holder,
            above,
        } => places::take_lock(db, place, holder, *above),
        Change::FreeLock { place, execution } => places::free_lock(db, place, execution),
        Change::Freeze(freeze) => places::freeze(db, freeze),
        Change::Unfreeze { place } => places::unfreeze(db, place),
        Change::ReservePort { place, port } => places::reserve_port(db, place, *port),
        Change::StoreRelease(release) => releases::store(db, release),
        Change::SetImage {
            release,
            image_id,
            base_images,
        } => releases::set_image(db, release, image_id, base_images),
        Change::MovePresence { release, event, at } => {
            releases::move_presence(db, release, *event, *at)
        }
        Change::MoveQuality { release, event, by } => {
            releases::move_quality(db, release, *event, by.clone())
        }
        Change::Quarantine { place, quarantine } => releases::quarantine(db, place, quarantine),
        Change::LiftQuarantine { release, by, at } => {
            releases::lift_quarantine(db, release, by, *at)
        }
        Change::OpenWatch(watch) => watches::open(db, watch),
        Change::SaveWatch {
            watch,
            from,
            state,
            reason,
            evaluation,
        } => {
            let reason = reason.as_deref();
            watches::save(db, watch, *from, state, reason, evaluation.as_deref())
        }
        Change::MoveWatch {
            watch,
            event,
            reason,
            at,
        } => watches::make_move(db, watch, *event, reason.clone(), *at),
        Change::OpenIncident(incident) => incidents::open(db, incident),
        Change::SaveIncident(incident) => incidents::save(db, incident),
        Change::AddNotification { incident, outcome } => {
            incidents::add_notification(db, incident, outcome)
        }
        Change::AddToken { name, hash, at } => people::add_token(db, name, hash, *at),
        Change::RevokeToken { name, at } => people::revoke_token(db, name, *at),
        Change::Decide { record, over } => people::decide(db, record, over.as_deref()),
        Change::SealJournal { .. } | Change::Audit(_) => Ok(()),
    }
}

fn stored_word<T: DeserializeOwned + Serialize>(
    db: &Connection,
    table: &'static str,
    what: &'static str,
    column: &'static str,
    id: &str,
) -> Result<T, StoreError> {
    from_word(what, id, &stored(db, table, what, column, id)?)
}

fn stored_body<T: DeserializeOwned>(
    db: &Connection,
    table: &'static str,
    what: &'static str,
    id: &str,
) -> Result<T, StoreError> {
    from_json(what, id, &stored(db, table, what, "body", id)?)
}

fn stored(
    db: &Connection,
    table: &'static str,
    what: &'static str,
    column: &'static str,
    id: &str,
) -> Result<String, StoreError> {
    // Table and column come from the files of this folder alone, never from outside.
    let found: Option<String> = db
        .prepare_cached(&format!("SELECT {column} FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| StoreError::NotFound {
        what,
        id: id.to_owned(),
    })
}

fn unique(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    error.sqlite_error().is_some_and(|e| {
        [SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE].contains(&e.extended_code)
    })
}

pub fn write_failed(error: rusqlite::Error) -> StoreError {
    StoreError::Unwritable(error.to_string())
}

fn conflict(illegal: impl std::fmt::Display) -> StoreError {
    StoreError::Conflict(illegal.to_string())
}
