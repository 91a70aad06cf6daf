//! What can be asked of the ledger: one file for each kind of thing that is asked for.
//!
//! A row is checked where it is read: what is no value any more, or is not what was written, is
//! refused and never guessed at.

mod audit;
mod commands;
pub mod counts;
pub mod executions;
pub mod incidents;
pub mod instance;
mod people;
mod places;
pub mod plans;
pub mod releases;
mod watches;

use rusqlite::{Connection, Params};
use serde::de::DeserializeOwned;

use super::rows::from_json;
use super::{StoreError, seals};
use crate::domain::name::{EnvironmentName, ServiceName};

/// Which rows of a list: newest first.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    /// Only those that are older than the one with this id.
    pub before: Option<String>,
    /// At most this many.
    pub limit: u32,
}

impl Selection {
    /// The parameters `?1` to `?4` of a query for a list.
    fn bounds(&self) -> impl Params + '_ {
        (
            self.service.as_ref().map(|s| s.as_str()),
            self.environment.as_ref().map(|e| e.as_str()),
            self.before.as_deref(),
            self.limit,
        )
    }
}

/// Rows of which the body says all.
fn bodies<T: DeserializeOwned>(
    db: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        found.push(from_json(what, &id, &row.get::<_, String>(1)?)?);
        seals::check(db, what, &id)?;
    }
    Ok(found)
}

fn missing(what: &'static str, id: impl ToString) -> StoreError {
    StoreError::NotFound {
        what,
        id: id.to_string(),
    }
}
