//! What goes with the first event: the place is taken, what bakes there is paused, and the release that
//! is tried for is on record.

use jiff::Timestamp;

use super::{actor, makes_release, own_release};
use crate::domain::audit::AuditEntry;
use crate::domain::execution::Execution;
use crate::domain::lock::Holder;
use crate::domain::name::PersonName;
use crate::domain::plan::{Plan, PlanEvent, Requester};
use crate::domain::release::{Presence, Quality, Release};
use crate::domain::transition::Change;
use crate::domain::watch::{Watch, WatchEvent, WatchStatus};

/// The change that goes with the first event of each run.
pub(super) fn take_lock(execution: &Execution, above: u64, at: Timestamp) -> Change {
    Change::TakeLock {
        place: execution.place.clone(),
        holder: Holder {
            execution: execution.id.clone(),
            action: execution.action,
            since: at,
        },
        above,
    }
}

/// The changes that go with the first event of all. A watch that bakes is paused in the same commit
/// that takes the lock, so that what the execution stops is never taken for a crash.
pub(super) fn open(
    plan: &Plan,
    execution: &Execution,
    open_watch: Option<&Watch>,
    at: Timestamp,
) -> Vec<Change> {
    let mut changes = vec![
        Change::SaveExecution(Box::new(execution.clone())),
        Change::MovePlan {
            plan: plan.id.clone(),
            event: PlanEvent::Start,
            reason: None,
        },
        Change::Audit(
            AuditEntry::new(
                at,
                actor(&plan.origin.by),
                "execution.started",
                &execution.id,
            )
            .with("plan", &plan.id)
            .with("digest", &plan.digest),
        ),
    ];
    if let Some(watch) = open_watch.filter(|w| w.status() == WatchStatus::Baking) {
        changes.push(Change::MoveWatch {
            watch: watch.id.clone(),
            event: WatchEvent::Pause,
            reason: None,
            at,
        });
    }
    if let Some(release) = candidate(plan, execution, at) {
        changes.push(Change::StoreRelease(Box::new(release)));
    }
    changes
}

/// The release that a deploy or promotion tries to make.
fn candidate(plan: &Plan, execution: &Execution, at: Timestamp) -> Option<Release> {
    if !makes_release(plan.body.action) {
        return None;
    }
    let body = &plan.body;
    let configuration = body.configuration.clone()?;
    let commit = body.pins.commit.clone()?;
    Some(Release {
        id: own_release(execution),
        service: body.service.clone(),
        environment: body.environment.clone()?,
        plan: plan.id.clone(),
        execution: execution.id.clone(),
        version: body
            .pins
            .reference
            .clone()
            .unwrap_or_else(|| commit.clone()),
        commit,
        tree: body.pins.tree.clone().unwrap_or_default(),
        image_id: body.pins.image_id.clone(),
        base_images: Default::default(),
        configuration_digest: configuration.digest(),
        configuration,
        presence: Presence::Candidate,
        quality: Quality::Unproven,
        verified_by: None,
        created_at: at,
        first_live_at: None,
        live_since: None,
        by: person(&plan.origin.by)?,
    })
}

fn person(by: &Requester) -> Option<PersonName> {
    match by {
        Requester::Person { name } => Some(name.clone()),
        Requester::Policy { .. } => None,
    }
}
