//! What the end of an execution means for releases, and for the watch over them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::end::why;
use super::{LedgerFacts, actor, own_release};
use crate::domain::approval::{Approval, Grant};
use crate::domain::audit::AuditEntry;
use crate::domain::digest::Digest;
use crate::domain::execution::{Execution, ExecutionState};
use crate::domain::id::{Id, ReleaseId, WatchId};
use crate::domain::intent::Action;
use crate::domain::plan::{OnDegraded, Plan, PlanEvent, PlanStatus, Requester};
use crate::domain::release::{Presence, PresenceEvent, Quality, QualityEvent, Quarantine, Release};
use crate::domain::step::StepAction;
use crate::domain::transition::Change;
use crate::domain::verdict::Baseline;
use crate::domain::watch::{Watch, WatchEvent, WatchSettings, WatchState, WatchStatus};

pub(super) fn go_live(
    plan: &Plan,
    execution: &Execution,
    state: &ExecutionState,
    facts: &LedgerFacts,
    settings: &WatchSettings,
    at: Timestamp,
) -> Vec<Change> {
    let release = own_release(execution);
    let mut changes = stand_by(facts, at);
    changes.extend(end_watch(facts, WatchEvent::Supersede, at));
    if let Some((image_id, base_images)) = built(plan, state) {
        changes.push(Change::SetImage {
            release: release.clone(),
            image_id,
            base_images,
        });
    }
    changes.push(Change::MovePresence {
        release: release.clone(),
        event: PresenceEvent::GoLive,
        at,
    });
    changes.push(Change::OpenWatch(Box::new(Watch {
        grant: grant(plan, &facts.approvals),
        ..watch(plan, execution, release, settings, at)
    })));
    changes
}

/// A rollback makes no release: the target becomes live again with the quality it has, and what
/// it left is quarantined.
pub(super) fn restored(
    plan: &Plan,
    execution: &Execution,
    facts: &LedgerFacts,
    settings: &WatchSettings,
    at: Timestamp,
) -> Vec<Change> {
    let Some(target) = plan.target_release.clone() else {
        return Vec::new();
    };
    let mut changes = stand_by(facts, at);
    if let Some(left) = &facts.replaced {
        changes.extend(quarantine(plan, execution, left, at));
        // A release that was restored once and is left again has a plan that is rolled back already.
        if facts.replaced_plan == Some(PlanStatus::Succeeded) {
            changes.push(Change::MovePlan {
                plan: left.plan.clone(),
                event: PlanEvent::RollBack,
                reason: Some(format!("rolled back by plan {}", plan.id)),
            });
        }
    }
    let end = match plan.origin.by {
        Requester::Policy { .. } => WatchEvent::RollBack,
        Requester::Person { .. } => WatchEvent::Supersede,
    };
    changes.extend(end_watch(facts, end, at));
    changes.push(Change::MovePresence {
        release: target.clone(),
        event: PresenceEvent::GoLive,
        at,
    });
    changes.push(Change::OpenWatch(Box::new(watch(
        plan, execution, target, settings, at,
    ))));
    changes
}

/// The automatic rollback has had its one attempt: what is degraded stays as it is.
pub(super) fn not_restored(
    plan: &Plan,
    state: &ExecutionState,
    facts: &LedgerFacts,
    at: Timestamp,
) -> Vec<Change> {
    let automatic = matches!(plan.origin.by, Requester::Policy { .. });
    let degraded = |watch: &&Watch| watch.status() == WatchStatus::Degraded;
    match facts.open_watch.as_ref().filter(degraded) {
        Some(watch) if automatic => {
            let why = why(state).unwrap_or_default();
            let why = format!("degraded, and the rollback was not made: {why}");
            let quality = facts.replaced.as_ref().map(|r| r.quality);
            give_up(watch, quality, why, at)
        }
        _ => Vec::new(),
    }
}

/// Ends the watch over a degraded release to which nothing more is done by itself.
pub fn give_up(watch: &Watch, quality: Option<Quality>, why: String, at: Timestamp) -> Vec<Change> {
    let mut changes = vec![Change::MoveWatch {
        watch: watch.id.clone(),
        event: WatchEvent::EndUnverified,
        reason: Some(why),
        at,
    }];
    if quality == Some(Quality::Unproven) {
        changes.push(Change::MoveQuality {
            release: watch.release.clone(),
            event: QualityEvent::EndUnverified,
            by: None,
        });
    }
    changes
}

fn stand_by(facts: &LedgerFacts, at: Timestamp) -> Vec<Change> {
    let replaced = facts
        .replaced
        .iter()
        .filter(|r| r.presence == Presence::Live);
    replaced
        .map(|r| Change::MovePresence {
            release: r.id.clone(),
            event: PresenceEvent::StandBy,
            at,
        })
        .collect()
}

fn quarantine(plan: &Plan, execution: &Execution, left: &Release, at: Timestamp) -> Vec<Change> {
    let Some(image_id) = left
        .image_id
        .clone()
        .filter(|_| left.quality != Quality::Quarantined)
    else {
        return Vec::new();
    };
    let reason = format!("left by rollback plan {}", plan.id);
    vec![
        Change::MoveQuality {
            release: left.id.clone(),
            event: QualityEvent::Quarantine,
            by: None,
        },
        Change::Quarantine {
            place: execution.place.clone(),
            quarantine: Box::new(Quarantine {
                release: left.id.clone(),
                image_id,
                commit: left.commit.clone(),
                configuration: left.configuration_digest.clone(),
                since: at,
                reason: reason.clone(),
            }),
        },
        Change::Audit(
            AuditEntry::new(at, actor(&plan.origin.by), "release.quarantined", &left.id)
                .with("reason", reason),
        ),
    ]
}

fn end_watch(facts: &LedgerFacts, event: WatchEvent, at: Timestamp) -> Option<Change> {
    let watch = facts.open_watch.as_ref()?;
    Some(Change::MoveWatch {
        watch: watch.id.clone(),
        event,
        reason: None,
        at,
    })
}

/// A watch without automatic acts; a deploy adds its grant.
fn watch(
    plan: &Plan,
    execution: &Execution,
    release: ReleaseId,
    settings: &WatchSettings,
    at: Timestamp,
) -> Watch {
    Watch {
        id: WatchId::from_digits(execution.id.digits()),
        release,
        place: execution.place.clone(),
        plan: plan.id.clone(),
        predecessor: execution.replaces.clone(),
        restored: plan.body.action == Action::Rollback,
        grant: None,
        settings: settings.clone(),
        // Docker counts restarts from the start that was asked for. The baseline is looked up by the
        // watch before its first evaluation.
        state: WatchState::begin(0, Baseline::default()),
        reason: None,
        started_at: at,
        ended_at: None,
    }
}

/// The pre-authorisation that the approval of a deploy gives.
fn grant(plan: &Plan, approvals: &[Approval]) -> Option<Grant> {
    let OnDegraded::RollBack { .. } = &plan.body.on_degraded else {
        return None;
    };
    let approval = approvals.iter().rfind(|a| a.plan_digest == plan.digest)?;
    Some(Grant {
        under: approval.id.clone(),
        plan_digest: plan.digest.clone(),
        on_degraded: plan.body.on_degraded.clone(),
    })
}

fn built(plan: &Plan, state: &ExecutionState) -> Option<(Digest, BTreeMap<String, String>)> {
    let build = plan
        .body
        .steps
        .iter()
        .find(|step| matches!(step.action, StepAction::BuildImage(_)))?;
    let output = state.steps.get(&build.id)?.output.as_ref()?;
    Some((output.image_id.clone()?, output.base_images.clone()))
}
