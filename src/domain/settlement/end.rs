//! What goes with the last event: the plan and the execution end, the lock is free, the journal is sealed.

use jiff::Timestamp;

use super::releases::{go_live, not_restored, restored};
use super::{LedgerFacts, actor, makes_release, own_release};
use crate::domain::audit::AuditEntry;
use crate::domain::execution::{Execution, ExecutionState, ExecutionStatus, JournalEvent};
use crate::domain::intent::Action;
use crate::domain::plan::{Plan, PlanEvent, Requester};
use crate::domain::release::PresenceEvent;
use crate::domain::transition::Change;
use crate::domain::watch::WatchSettings;

/// The changes that go with the last event.
pub(super) fn settle(
    plan: &Plan,
    execution: &Execution,
    state: &ExecutionState,
    facts: &LedgerFacts,
    settings: &WatchSettings,
    at: Timestamp,
) -> Vec<Change> {
    let mut changes = match (state.status, plan.body.action) {
        (ExecutionStatus::Succeeded, Action::Deploy | Action::Promote) => {
            go_live(plan, execution, state, facts, settings, at)
        }
        (ExecutionStatus::Succeeded, Action::Rollback) => {
            restored(plan, execution, facts, settings, at)
        }
        (ExecutionStatus::Succeeded, _) => Vec::new(),
        // What could not be undone may still be on the engine: the ledger keeps it until it is gone.
        (ExecutionStatus::Stuck, action) if makes_release(action) => Vec::new(),
        (_, action) if makes_release(action) => vec![Change::MovePresence {
            release: own_release(execution),
            event: PresenceEvent::Retire,
            at,
        }],
        (_, Action::Rollback) => not_restored(plan, state, facts, at),
        _ => Vec::new(),
    };
    changes.push(Change::MovePlan {
        plan: plan.id.clone(),
        event: match state.status {
            ExecutionStatus::Succeeded => PlanEvent::Succeed,
            ExecutionStatus::Cancelled => PlanEvent::Cancel,
            _ => PlanEvent::Fail,
        },
        reason: why(state),
    });
    changes.push(Change::FreeLock {
        place: execution.place.clone(),
        execution: execution.id.clone(),
    });
    // The store adds the head of the journal, which these very events make.
    changes.push(Change::SealJournal {
        execution: execution.id.clone(),
        entry: AuditEntry::new(at, "commander", "execution.ended", &execution.id)
            .with("status", format!("{:?}", state.status).to_lowercase()),
    });
    changes
}

/// The changes by which a person ends an execution that cannot go on, as it stands. Nothing of its
/// journal is believed but its length.
pub fn abandon(
    execution: &Execution,
    written: u64,
    by: &Requester,
    reason: &str,
    at: Timestamp,
) -> Vec<Change> {
    let reason = reason.to_owned();
    let mut events = vec![JournalEvent::CancelRequested {
        by: by.clone(),
        reason: reason.clone(),
    }];
    if execution.status == ExecutionStatus::Running {
        events.push(JournalEvent::UnwindStarted {
            reason: reason.clone(),
        });
    }
    events.push(JournalEvent::Ended {
        status: ExecutionStatus::Stuck,
    });
    vec![
        Change::Journal {
            execution: execution.id.clone(),
            after: written,
            events: events.into_iter().map(|event| (at, event)).collect(),
            status: ExecutionStatus::Stuck,
        },
        Change::MovePlan {
            plan: execution.plan.clone(),
            event: PlanEvent::Fail,
            reason: Some(reason.clone()),
        },
        Change::FreeLock {
            place: execution.place.clone(),
            execution: execution.id.clone(),
        },
        Change::SealJournal {
            execution: execution.id.clone(),
            entry: AuditEntry::new(at, actor(by), "execution.ended", &execution.id)
                .with("status", "stuck")
                .with("reason", reason),
        },
    ]
}

pub(super) fn why(state: &ExecutionState) -> Option<String> {
    match (&state.cancel, &state.failure) {
        (Some(reason), _) => Some(format!("cancelled: {reason}")),
        (None, Some((step, fault))) => Some(format!("{step}: {}", fault.message)),
        (None, None) => None,
    }
}
