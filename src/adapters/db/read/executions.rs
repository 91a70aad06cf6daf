//! Executions, and their journals.

use jiff::Timestamp;
use rusqlite::{Connection, Params, params};

use super::plans::{PLAN, plans};
use super::{Selection, missing};
use crate::adapters::db::rows::{environment, from_json, from_word, parse_time, tampered};
use crate::adapters::db::{Store, StoreError, chain, history, seals};
use crate::domain::execution::{Execution, ExecutionState, JournalEvent};
use crate::domain::id::{ExecutionId, PlanId};
use crate::domain::lock::Place;

pub const EXECUTION: &str = "SELECT id, body, status, ended_at FROM executions";

impl Store {
    pub fn execution(&self, id: &ExecutionId) -> Result<Execution, StoreError> {
        self.read(|db| {
            executions(db, &format!("{EXECUTION} WHERE id = ?1"), [id.as_str()])?
                .pop()
                .ok_or_else(|| missing("execution", id))
        })
    }

    pub fn execution_of(&self, plan: &PlanId) -> Result<Option<Execution>, StoreError> {
        self.read(|db| {
            Ok(executions(db, &format!("{EXECUTION} WHERE plan = ?1"), [plan.as_str()])?.pop())
        })
    }

    pub fn executions(&self, selection: &Selection) -> Result<Vec<Execution>, StoreError> {
        self.read(|db| {
            executions(
                db,
                &format!(
                    "{EXECUTION} WHERE (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR environment = ?2)
                     AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4"
                ),
                selection.bounds(),
            )
        })
    }

    /// Executions that have not ended, oldest first.
    pub fn open_executions(&self) -> Result<Vec<Execution>, StoreError> {
        self.read(|db| {
            executions(
                db,
                &format!("{EXECUTION} WHERE ended_at IS NULL ORDER BY id"),
                [],
            )
        })
    }

    /// Executions of a place that have not ended, oldest first.
    pub fn open_executions_in(&self, place: &Place) -> Result<Vec<Execution>, StoreError> {
        self.read(|db| {
            executions(
                db,
                &format!(
                    "{EXECUTION} WHERE service = ?1 AND environment = ?2 AND ended_at IS NULL ORDER BY id"
                ),
                params![place.service.as_str(), environment(place)],
            )
        })
    }

    /// The journal's events from number `after` + 1 on.
    pub fn journal(
        &self,
        execution: &ExecutionId,
        after: u64,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, StoreError> {
        self.read(|db| journal(db, execution, after))
    }

    /// The state that the journal adds up to, or added up to before it was shortened.
    pub fn execution_state(&self, execution: &Execution) -> Result<ExecutionState, StoreError> {
        self.read(|db| match history::final_state(db, &execution.id)? {
            Some(state) => Ok(state),
            None => replayed(db, &execution.id),
        })
    }

    /// How many events a journal holds, whatever they are.
    pub fn journal_length(&self, execution: &ExecutionId) -> Result<u64, StoreError> {
        self.read(|db| Ok(chain::journal_head(db, execution)?.0))
    }

    /// The hash of the last event of a journal.
    pub fn journal_head(&self, execution: &ExecutionId) -> Result<String, StoreError> {
        self.read(|db| Ok(chain::journal_head(db, execution)?.1))
    }
}

/// The state that a journal adds up to.
pub fn replayed(db: &Connection, execution: &ExecutionId) -> Result<ExecutionState, StoreError> {
    let plan = plans(
        db,
        &format!("{PLAN} WHERE id = (SELECT plan FROM executions WHERE id = ?1)"),
        [execution.as_str()],
    )?
    .pop()
    .ok_or_else(|| missing("execution", execution))?;
    ExecutionState::replay(&plan.body, &journal(db, execution, 0)?)
        .map_err(|error| tampered("journal", execution.as_str(), &error))
}

/// Executions by a query that begins with [`EXECUTION`].
pub fn executions(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Execution>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let mut execution: Execution = from_json("execution", &id, &row.get::<_, String>(1)?)?;
        execution.status = from_word("execution", &id, &row.get::<_, String>(2)?)?;
        let ended: Option<String> = row.get(3)?;
        execution.ended_at = ended
            .map(|t| parse_time("execution", &id, &t))
            .transpose()?;
        seals::check(db, "execution", &id)?;
        found.push(execution);
    }
    Ok(found)
}

/// Reads events and their hashes: an edited one is refused here, not only by the verification.
fn journal(
    db: &Connection,
    execution: &ExecutionId,
    after: u64,
) -> Result<Vec<(Timestamp, JournalEvent)>, StoreError> {
    let id = execution.as_str();
    let mut statement = db.prepare_cached(
        "SELECT seq, at, event, hash FROM journal WHERE execution = ?1 AND seq >= ?2 ORDER BY seq",
    )?;
    // The row before is read for its hash.
    let mut rows = statement.query(params![id, chain::as_row(after)])?;
    let mut hash = String::new();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, at, event): (u64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let stored: String = row.get(3)?;
        if seq > after {
            if chain::link(&hash, seq, &at, &event) != stored {
                return Err(tampered(
                    "journal",
                    id,
                    &format!("event {seq} has another hash"),
                ));
            }
            found.push((
                parse_time("journal", id, &at)?,
                from_json("journal", id, &event)?,
            ));
        }
        hash = stored;
    }
    Ok(found)
}
