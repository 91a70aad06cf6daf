//! Plans and their approvals.

use rusqlite::{Connection, params};

use super::{conflict, stored_word, unique, write_failed};
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::{at, json, word};
use crate::domain::approval::{Approval, Approver};
use crate::domain::id::PlanId;
use crate::domain::plan::{Plan, PlanEvent, PlanStatus};

pub fn store(db: &Connection, plan: &Plan) -> Result<(), StoreError> {
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

pub fn make_move(
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

pub fn add_approval(db: &Connection, approval: &Approval) -> Result<(), StoreError> {
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
