//! Incidents.

use rusqlite::{Connection, params};

use super::{stored_body, write_failed};
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::{at, json};
use crate::domain::id::IncidentId;
use crate::domain::incident::{Incident, NotificationOutcome};

pub fn open(db: &Connection, incident: &Incident) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO incidents (id, service, environment, opened_at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        incident.id.as_str(),
        incident.service.as_str(),
        incident.environment.as_ref().map_or("", |e| e.as_str()),
        at(incident.opened_at),
        json(incident)?
    ])
    .map_err(write_failed)?;
    Ok(())
}

pub fn save(db: &Connection, incident: &Incident) -> Result<(), StoreError> {
    edit(db, &incident.id, |stored| {
        // What became of notifications comes in on its own, at any time.
        let notifications = std::mem::take(&mut stored.notifications);
        *stored = Incident {
            notifications,
            ..incident.clone()
        };
    })
}

pub fn add_notification(
    db: &Connection,
    id: &IncidentId,
    outcome: &NotificationOutcome,
) -> Result<(), StoreError> {
    edit(db, id, |stored| stored.notifications.push(outcome.clone()))
}

/// Reads an incident, lets `edit` change it, and writes it back.
fn edit(
    db: &Connection,
    id: &IncidentId,
    edit: impl FnOnce(&mut Incident),
) -> Result<(), StoreError> {
    let mut incident: Incident = stored_body(db, "incidents", "incident", id.as_str())?;
    edit(&mut incident);
    db.prepare_cached("UPDATE incidents SET body = ?2 WHERE id = ?1")?
        .execute(params![id.as_str(), json(&incident)?])
        .map_err(write_failed)?;
    Ok(())
}
