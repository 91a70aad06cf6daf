//! Incidents.

use super::{Selection, bodies, missing};
use crate::adapters::db::{Store, StoreError};
use crate::domain::id::IncidentId;
use crate::domain::incident::Incident;

/// That of `migrations/0007_what_waits.sql`, word for word: otherwise its index is not used. What is
/// no value any more counts as open, so that it is refused and not passed over.
pub const IS_OPEN: &str =
    "CASE WHEN json_valid(body) THEN body ->> '$.status.kind' END IS NOT 'closed'";

impl Store {
    pub fn incident(&self, id: &IncidentId) -> Result<Incident, StoreError> {
        self.read(|db| {
            bodies(
                db,
                "incident",
                "SELECT id, body FROM incidents WHERE id = ?1",
                [id.as_str()],
            )?
            .pop()
            .ok_or_else(|| missing("incident", id))
        })
    }

    pub fn incidents(&self, selection: &Selection) -> Result<Vec<Incident>, StoreError> {
        self.incidents_where("true", selection)
    }

    /// Those that nobody and nothing has closed.
    pub fn open_incidents(&self, selection: &Selection) -> Result<Vec<Incident>, StoreError> {
        self.incidents_where(IS_OPEN, selection)
    }

    fn incidents_where(
        &self,
        condition: &str,
        selection: &Selection,
    ) -> Result<Vec<Incident>, StoreError> {
        self.read(|db| bodies(db, "incident", &incidents(condition), selection.bounds()))
    }
}

/// Incidents as a selection wants them, newest first.
pub fn incidents(condition: &str) -> String {
    format!(
        "SELECT id, body FROM incidents WHERE {condition}
         AND (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR environment = ?2)
         AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4"
    )
}
