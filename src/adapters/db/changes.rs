//! Each change as SQL. A move reads the stored status, asks the table of legal moves, and writes
//! the answer, all inside the commit.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{at, environment, from_json, json, word};
use super::writer::{Notice, Topic};
use super::{StoreError, chain, history, seals};
use crate::domain::approval::{Approval, Approver};
use crate::domain::command::Command;
use crate::domain::execution::{Execution, ExecutionStatus, JournalEvent};
use crate::domain::id::{ExecutionId, IncidentId, PlanId, ReleaseId, WatchId};
use crate::domain::incident::{Freeze, Incident};
use crate::domain::lock::{Holder, Place};
use crate::domain::plan::{Plan, PlanEvent, PlanStatus};
use crate::domain::release::{
    Presence, PresenceEvent, Quality, QualityEvent, Quarantine, Release, VerifiedBy,
};
use crate::domain::sop::DecisionRecord;
use crate::domain::transition::Change;
use crate::domain::watch::{Evaluation, Watch, WatchState, WatchStatus};

pub fn apply(
    db: &Connection,
    changes: &[Change],
    heard: &mut Vec<Notice>,
) -> Result<(), StoreError> {
    seals::require(db, changes)?;
    changes
        .iter()
        .try_for_each(|change| apply_one(db, change, heard))?;
    chain::append_entries(db, changes, seals::renew(db, changes)?)
}

/// What goes into the audit trail follows when all else is written, for it seals that.
fn apply_one(db: &Connection, change: &Change, heard: &mut Vec<Notice>) -> Result<(), StoreError> {
    let mut notice = |topic, id: &dyn std::fmt::Display| {
        heard.push(Notice {
            topic,
            id: id.to_string(),
        });
    };
    match change {
        Change::SetInstance { id } => db
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('instance', ?1) ON CONFLICT DO NOTHING",
            )?
            .execute([id])
            .map(drop)
            .map_err(write_failed),
        Change::Touch { at: when } => db
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('touched_at', ?1) ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute([at(*when)])
            .map(drop)
            .map_err(write_failed),
        Change::SetRestored { at: Some(when) } => db
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('restored_at', ?1) ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute([at(*when)])
            .map(drop)
            .map_err(write_failed),
        Change::SetRestored { at: None } => db
            .prepare_cached("DELETE FROM meta WHERE key = 'restored_at'")?
            .execute([])
            .map(drop)
            .map_err(write_failed),
        Change::RecordCommand(command) => record_command(db, command),
        Change::StorePlan(plan) => {
            notice(Topic::Plan, &plan.id);
            store_plan(db, plan)
        }
        Change::MovePlan {
            plan,
            event,
            reason,
        } => {
            notice(Topic::Plan, plan);
            move_plan(db, plan, *event, reason.as_deref())
        }
        Change::AddApproval(approval) => {
            notice(Topic::Plan, &approval.plan);
            add_approval(db, approval)
        }
        Change::OpenExecution(execution) => {
            notice(Topic::Execution, &execution.id);
            open_execution(db, execution)
        }
        Change::Journal {
            execution,
            after,
            events,
            status,
        } => {
            notice(Topic::Journal, execution);
            append_journal(db, execution, *after, events, *status)
        }
        Change::TakeLock {
            place,
            holder,
            above,
        } => take_lock(db, place, holder, *above),
        Change::FreeLock { place, execution } => free_lock(db, place, execution),
        Change::StoreRelease(release) => {
            notice(Topic::Release, &release.id);
            store_release(db, release)
        }
        Change::SetImage {
            release,
            image_id,
            base_images,
        } => edit_release(db, release, |r| {
            r.image_id = Some(image_id.clone());
            r.base_images.clone_from(base_images);
            Ok(())
        }),
        Change::MovePresence { release, event, at } => {
            notice(Topic::Release, release);
            edit_release(db, release, |r| move_presence(r, *event, *at))
        }
        Change::MoveQuality { release, event, by } => {
            notice(Topic::Release, release);
            edit_release(db, release, |r| move_quality(r, *event, by.clone()))
        }
        Change::Quarantine { place, quarantine } => {
            notice(Topic::Release, &quarantine.release);
            add_quarantine(db, place, quarantine)
        }
        Change::LiftQuarantine {
            release,
            by,
            at: when,
        } => {
            notice(Topic::Release, release);
            db.prepare_cached(
                "UPDATE quarantines SET lifted_at = ?2, lifted_by = ?3 WHERE release = ?1 AND lifted_at IS NULL",
            )?
            .execute(params![release.as_str(), at(*when), by.as_str()])
            .map(drop)
            .map_err(write_failed)
        }
        Change::OpenWatch(watch) => {
            notice(Topic::Watch, &watch.id);
            open_watch(db, watch)
        }
        Change::SaveWatch {
            watch,
            from,
            state,
            reason,
            evaluation,
        } => {
            notice(Topic::Watch, watch);
            let reason = reason.as_deref();
            save_watch(db, watch, *from, state, reason, evaluation.as_deref())
        }
        Change::OpenIncident(incident) => {
            notice(Topic::Incident, &incident.id);
            open_incident(db, incident)
        }
        Change::SaveIncident(incident) => {
            notice(Topic::Incident, &incident.id);
            edit_incident(db, &incident.id, |stored| {
                // What became of notifications comes in on its own, at any time.
                let notifications = std::mem::take(&mut stored.notifications);
                *stored = Incident {
                    notifications,
                    ..(**incident).clone()
                };
            })
        }
        Change::AddNotification { incident, outcome } => {
            notice(Topic::Incident, incident);
            edit_incident(db, incident, |stored| {
                stored.notifications.push((**outcome).clone())
            })
        }
        Change::Freeze(freeze) => {
            notice(Topic::Freeze, &freeze.place);
            save_freeze(db, freeze)
        }
        Change::Unfreeze { place } => {
            notice(Topic::Freeze, place);
            db.prepare_cached("DELETE FROM freezes WHERE service = ?1 AND environment = ?2")?
                .execute(params![place.service.as_str(), environment(place)])
                .map(drop)
                .map_err(write_failed)
        }
        Change::ReservePort { place, port } => db
            .prepare_cached("INSERT INTO ports (service, environment, port) VALUES (?1, ?2, ?3)")?
            .execute(params![place.service.as_str(), environment(place), port])
            .map(drop)
            .map_err(|error| match unique(&error) {
                true => StoreError::Conflict(format!("port {port} is reserved already")),
                false => write_failed(error),
            }),
        Change::AddToken {
            name,
            hash,
            at: when,
        } => db
            .prepare_cached(
                "INSERT INTO tokens (name, hash, created_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at, revoked_at = NULL
                 WHERE revoked_at IS NOT NULL",
            )?
            .execute(params![name.as_str(), hash, at(*when)])
            .map_err(write_failed)
            .and_then(|added| match added {
                0 => Err(StoreError::Conflict(format!(
                    "there is a token named {name} already: revoke it first, or take another name"
                ))),
                _ => Ok(()),
            }),
        Change::RevokeToken { name, at: when } => db
            .prepare_cached(
                "UPDATE tokens SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL",
            )?
            .execute(params![name.as_str(), at(*when)])
            .map_err(write_failed)
            .and_then(|revoked| match revoked {
                0 => Err(StoreError::NotFound {
                    what: "token",
                    id: name.to_string(),
                }),
                _ => Ok(()),
            }),
        Change::Decide { record, over } => {
            notice(Topic::Suggestion, &record.offer.id);
            decide(db, record, over.as_deref())
        }
        Change::SaveExecution(execution) => {
            notice(Topic::Execution, &execution.id);
            db.prepare_cached("UPDATE executions SET body = ?2 WHERE id = ?1")?
                .execute(params![execution.id.as_str(), json(execution)?])
                .map(drop)
                .map_err(write_failed)
        }
        Change::MoveWatch {
            watch,
            event,
            reason,
            at,
        } => {
            notice(Topic::Watch, watch);
            edit_watch(db, watch, |w| {
                w.state = w.state.apply(*event).map_err(conflict)?;
                w.reason = reason.clone().or(w.reason.take());
                if !w.status().is_open() {
                    w.ended_at = Some(*at);
                }
                Ok(())
            })
        }
        Change::ShortenJournal { execution, at } => {
            notice(Topic::Journal, execution);
            history::shorten(db, execution, *at)
        }
        Change::SealJournal { .. } | Change::Audit(_) => Ok(()),
    }
}

fn record_command(db: &Connection, command: &Command) -> Result<(), StoreError> {
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

fn store_plan(db: &Connection, plan: &Plan) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO plans (id, digest, service, environment, action, status, reason, thread, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        plan.id.as_str(),
        plan.digest.as_str(),
        plan.body.service.as_str(),
        plan.body.environment.as_ref().map_or("", |e| e.as_str()),
        plan.body.action.as_str(),
        word(&plan.status)?,
        plan.reason,
        plan.origin.thread.as_ref().map(|t| t.as_str()),
        at(plan.created_at),
        at(plan.expires_at),
    ])
    .map_err(write_failed)?;
    db.prepare_cached("INSERT INTO plan_bodies (plan, body) VALUES (?1, ?2)")?
        .execute(params![plan.id.as_str(), json(plan)?])
        .map_err(write_failed)?;
    Ok(())
}

fn move_plan(
    db: &Connection,
    plan: &PlanId,
    event: PlanEvent,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let status: PlanStatus = stored_word(db, "plans", "plan", "status", plan.as_str())?;
    let next = status.next(event).map_err(conflict)?;
    db.prepare_cached("UPDATE plans SET status = ?2, reason = coalesce(?3, reason) WHERE id = ?1")?
        .execute(params![plan.as_str(), word(&next)?, reason])
        .map_err(write_failed)?;
    Ok(())
}

fn add_approval(db: &Connection, approval: &Approval) -> Result<(), StoreError> {
    let status: PlanStatus = stored_word(db, "plans", "plan", "status", approval.plan.as_str())?;
    if status != PlanStatus::PendingApproval {
        return Err(StoreError::Conflict(format!(
            "the plan is {} and cannot be approved",
            word(&status)?.replace('_', " ")
        )));
    }
    let by = match &approval.by {
        Approver::Person { name } => name.to_string(),
        Approver::Policy { under } => under.to_string(),
    };
    db.prepare_cached("INSERT INTO approvals (id, plan, by, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            approval.id.as_str(),
            approval.plan.as_str(),
            by,
            json(approval)?
        ])
        .map_err(|error| match (unique(&error), &approval.by) {
            (true, Approver::Person { .. }) => {
                StoreError::Conflict(format!("{by} has approved this plan already"))
            }
            (true, Approver::Policy { .. }) => StoreError::Conflict(format!(
                "approval {by} allowed one rollback beforehand, and that one was made"
            )),
            (false, _) => write_failed(error),
        })?;
    Ok(())
}

fn open_execution(db: &Connection, execution: &Execution) -> Result<(), StoreError> {
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

fn append_journal(
    db: &Connection,
    execution: &ExecutionId,
    after: u64,
    events: &[(jiff::Timestamp, JournalEvent)],
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

fn take_lock(
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

fn decide(
    db: &Connection,
    record: &DecisionRecord,
    over: Option<&DecisionRecord>,
) -> Result<(), StoreError> {
    let id = record.offer.id.as_str();
    let stored: Option<String> = db
        .prepare_cached("SELECT body FROM decisions WHERE statement = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let stored: Option<DecisionRecord> = stored
        .map(|body| from_json("decision", id, &body))
        .transpose()?;
    if stored.as_ref() != over {
        return Err(StoreError::Conflict(format!(
            "somebody else has decided about {id} in the same moment: look at it again"
        )));
    }
    db.prepare_cached(
        "INSERT INTO decisions (statement, decided_at, body) VALUES (?1, ?2, ?3)
         ON CONFLICT (statement) DO UPDATE SET decided_at = excluded.decided_at, body = excluded.body",
    )?
    .execute(params![id, at(record.at), json(record)?])
    .map(drop)
    .map_err(write_failed)
}

fn free_lock(db: &Connection, place: &Place, execution: &ExecutionId) -> Result<(), StoreError> {
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

fn store_release(db: &Connection, release: &Release) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO releases (id, service, environment, presence, quality, image_id, first_live_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        release.id.as_str(),
        release.service.as_str(),
        release.environment.as_str(),
        word(&release.presence)?,
        word(&release.quality)?,
        release.image_id.as_ref().map(|d| d.as_str()),
        release.first_live_at.map(at),
        json(release)?,
    ])
    .map_err(write_failed)?;
    Ok(())
}

/// Reads a release, lets `edit` change it, and writes it back.
fn edit_release(
    db: &Connection,
    id: &ReleaseId,
    edit: impl FnOnce(&mut Release) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut release: Release = stored_body(db, "releases", "release", id.as_str())?;
    edit(&mut release)?;
    db.prepare_cached(
        "UPDATE releases SET presence = ?2, quality = ?3, image_id = ?4, first_live_at = ?5, body = ?6 WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        word(&release.presence)?,
        word(&release.quality)?,
        release.image_id.as_ref().map(|d| d.as_str()),
        release.first_live_at.map(at),
        json(&release)?,
    ])
    .map_err(|error| match unique(&error) {
        true => StoreError::Conflict("another release is live there".to_owned()),
        false => write_failed(error),
    })?;
    Ok(())
}

fn move_presence(
    release: &mut Release,
    event: PresenceEvent,
    at: jiff::Timestamp,
) -> Result<(), StoreError> {
    release.presence = release.presence.next(event).map_err(conflict)?;
    if release.presence == Presence::Live {
        release.first_live_at.get_or_insert(at);
        release.live_since = Some(at);
    }
    Ok(())
}

fn move_quality(
    release: &mut Release,
    event: QualityEvent,
    by: Option<VerifiedBy>,
) -> Result<(), StoreError> {
    release.quality = release.quality.next(event).map_err(conflict)?;
    release.verified_by = by.filter(|_| release.quality == Quality::Verified);
    Ok(())
}

fn add_quarantine(
    db: &Connection,
    place: &Place,
    quarantine: &Quarantine,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO quarantines (release, since, service, environment, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        quarantine.release.as_str(),
        at(quarantine.since),
        place.service.as_str(),
        environment(place),
        json(quarantine)?,
    ])
    .map_err(write_failed)?;
    Ok(())
}

fn open_watch(db: &Connection, watch: &Watch) -> Result<(), StoreError> {
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
fn save_watch(
    db: &Connection,
    id: &WatchId,
    from: WatchStatus,
    state: &WatchState,
    reason: Option<&str>,
    evaluation: Option<&Evaluation>,
) -> Result<(), StoreError> {
    edit_watch(db, id, |watch| {
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

fn open_incident(db: &Connection, incident: &Incident) -> Result<(), StoreError> {
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

/// Reads an incident, lets `edit` change it, and writes it back.
fn edit_incident(
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

fn save_freeze(db: &Connection, freeze: &Freeze) -> Result<(), StoreError> {
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

/// Reads a watch, lets `edit` change it, and writes it back.
fn edit_watch(
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

fn stored_word<T: DeserializeOwned + Serialize>(
    db: &Connection,
    table: &'static str,
    what: &'static str,
    column: &'static str,
    id: &str,
) -> Result<T, StoreError> {
    // Table and column come from this file alone, never from outside.
    let found: Option<String> = db
        .prepare_cached(&format!("SELECT {column} FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let found = found.ok_or_else(|| StoreError::NotFound {
        what,
        id: id.to_owned(),
    })?;
    super::rows::from_word(what, id, &found)
}

fn stored_body<T: DeserializeOwned>(
    db: &Connection,
    table: &'static str,
    what: &'static str,
    id: &str,
) -> Result<T, StoreError> {
    let found: Option<String> = db
        .prepare_cached(&format!("SELECT body FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let found = found.ok_or_else(|| StoreError::NotFound {
        what,
        id: id.to_owned(),
    })?;
    super::rows::from_json(what, id, &found)
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
