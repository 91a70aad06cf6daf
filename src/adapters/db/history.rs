//! Journals of executions that ended long ago are shortened to what they added up to. The audit
//! trail is kept: it holds the hash of the journal's last event, and so does what is left of it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::changes::write_failed;
use super::read::executions::replayed;
use super::rows::{at, from_json, json, tampered};
use super::{Store, StoreError, chain, seals};
use crate::domain::execution::ExecutionState;
use crate::domain::id::ExecutionId;

/// Leaves the state and the hash. A journal that is not as it was written stays as it is.
pub fn shorten(
    db: &Connection,
    execution: &ExecutionId,
    when: Timestamp,
) -> Result<(), StoreError> {
    let id = execution.as_str();
    let (events, head) = chain::journal_head(db, execution)?;
    if events == 0 {
        let why = format!("the journal of {execution} is shortened already");
        return Err(StoreError::Conflict(why));
    }
    let state = replayed(db, execution)?;
    if !state.status.has_ended() {
        let why = format!("{execution} has not ended: its journal stays");
        return Err(StoreError::Conflict(why));
    }
    db.prepare_cached(
        "INSERT INTO final_states (execution, events, head, shortened_at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id, events, head, at(when), json(&state)?])
    .map_err(write_failed)?;
    db.prepare_cached("DELETE FROM journal WHERE execution = ?1")?
        .execute([id])
        .map(drop)
        .map_err(write_failed)
}

/// What is left of a journal that was shortened.
pub fn final_state(
    db: &Connection,
    execution: &ExecutionId,
) -> Result<Option<ExecutionState>, StoreError> {
    const WHAT: &str = "final state";
    let id = execution.as_str();
    let body: Option<String> = db
        .prepare_cached("SELECT body FROM final_states WHERE execution = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let Some(body) = body else { return Ok(None) };
    seals::check(db, WHAT, id)?;
    let state: ExecutionState = from_json(WHAT, id, &body)?;
    match state.status.has_ended() {
        true => Ok(Some(state)),
        false => Err(tampered(WHAT, id, &"it is no end")),
    }
}

/// What is known of a journal that was shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortenedJournal {
    /// How many events it had.
    pub events: u64,
    pub at: Timestamp,
}

impl Store {
    /// `None` where the journal is whole.
    pub fn shortened(
        &self,
        execution: &ExecutionId,
    ) -> Result<Option<ShortenedJournal>, StoreError> {
        const WHAT: &str = "final state";
        let id = execution.as_str();
        self.read(|db| {
            let found: Option<(u64, String)> = db
                .prepare_cached(
                    "SELECT events, shortened_at FROM final_states WHERE execution = ?1",
                )?
                .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((events, at)) = found else {
                return Ok(None);
            };
            seals::check(db, WHAT, id)?;
            let at = at.parse().map_err(|error| tampered(WHAT, id, &error))?;
            Ok(Some(ShortenedJournal { events, at }))
        })
    }

    /// The oldest execution behind `after` that ended before `before` and whose journal is still
    /// whole; the `newest` ended ones are never meant.
    pub fn journal_to_shorten(
        &self,
        before: Timestamp,
        newest: u32,
        after: Option<&ExecutionId>,
    ) -> Result<Option<ExecutionId>, StoreError> {
        let found: Option<String> = self.read(|db| {
            Ok(db
                .prepare_cached(
                    "SELECT id FROM executions WHERE ended_at < ?1 AND id > ?3
                     AND id NOT IN (SELECT id FROM executions WHERE ended_at IS NOT NULL
                                    ORDER BY id DESC LIMIT ?2)
                     AND id NOT IN (SELECT execution FROM final_states)
                     ORDER BY id LIMIT 1",
                )?
                .query_row(
                    params![at(before), newest, after.map_or("", ExecutionId::as_str)],
                    |row| row.get(0),
                )
                .optional()?)
        })?;
        found
            .map(|id| ExecutionId::parse(&id).map_err(|error| tampered("execution", &id, &error)))
            .transpose()
    }

    /// Bytes of the events in all journals that are still whole.
    pub fn journal_bytes(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            Ok(db
                .prepare_cached("SELECT coalesce(sum(length(event)), 0) FROM journal")?
                .query_row([], |row| row.get(0))?)
        })
    }
}
