//! What is told of a change once it is durable.

use std::fmt::Display;

use crate::adapters::db::writer::{Notice, Topic};
use crate::domain::transition::Change;

pub fn notice(change: &Change) -> Option<Notice> {
    let (topic, id): (Topic, &dyn Display) = match change {
        Change::StorePlan(plan) => (Topic::Plan, &plan.id),
        Change::MovePlan { plan, .. } => (Topic::Plan, plan),
        Change::AddApproval(approval) => (Topic::Plan, &approval.plan),
        Change::OpenExecution(execution) | Change::SaveExecution(execution) => {
            (Topic::Execution, &execution.id)
        }
        Change::Journal { execution, .. } | Change::ShortenJournal { execution, .. } => {
            (Topic::Journal, execution)
        }
        Change::StoreRelease(release) => (Topic::Release, &release.id),
        Change::MovePresence { release, .. }
        | Change::MoveQuality { release, .. }
        | Change::LiftQuarantine { release, .. } => (Topic::Release, release),
        Change::Quarantine { quarantine, .. } => (Topic::Release, &quarantine.release),
        Change::OpenWatch(watch) => (Topic::Watch, &watch.id),
        Change::SaveWatch { watch, .. } | Change::MoveWatch { watch, .. } => (Topic::Watch, watch),
        Change::OpenIncident(incident) | Change::SaveIncident(incident) => {
            (Topic::Incident, &incident.id)
        }
        Change::AddNotification { incident, .. } => (Topic::Incident, incident),
        Change::Freeze(freeze) => (Topic::Freeze, &freeze.place),
        Change::Unfreeze { place } => (Topic::Freeze, place),
        Change::Decide { record, .. } => (Topic::Suggestion, &record.offer.id),
        Change::SetInstance { .. }
        | Change::Touch { .. }
        | Change::SetRestored { .. }
        | Change::RecordCommand(_)
        | Change::TakeLock { .. }
        | Change::FreeLock { .. }
        | Change::SetImage { .. }
        | Change::ReservePort { .. }
        | Change::AddToken { .. }
        | Change::RevokeToken { .. }
        | Change::SealJournal { .. }
        | Change::Audit(_) => return None,
    };
    Some(Notice {
        topic,
        id: id.to_string(),
    })
}
