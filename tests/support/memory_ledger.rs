//! The ledger in memory: what the store makes of the changes that the domain decides, with the same
//! tables of legal moves and the same rows that can be there only once. A transition is carried out
//! as a whole or not at all, and what is refused is told.

// Each suite is a crate of its own and uses its part.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fmt::Display;

use commander::domain::approval::{Approval, Approver};
use commander::domain::audit::AuditEntry;
use commander::domain::execution::Execution;
use commander::domain::id::{ExecutionId, PlanId, ReleaseId, WatchId};
use commander::domain::lock::{Holder, Place};
use commander::domain::plan::Plan;
use commander::domain::release::{Presence, Quality, Quarantine, Release};
use commander::domain::settlement::{self, LedgerFacts, Needed};
use commander::domain::transition::Change;
use commander::domain::watch::{Watch, WatchSettings};
use commander::engine::Progress;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryLedger {
    pub plans: BTreeMap<PlanId, Plan>,
    pub approvals: Vec<Approval>,
    pub executions: BTreeMap<ExecutionId, Execution>,
    pub releases: BTreeMap<ReleaseId, Release>,
    pub watches: BTreeMap<WatchId, Watch>,
    /// Those that nobody has lifted.
    pub quarantines: Vec<Quarantine>,
    pub locks: BTreeMap<Place, Holder>,
    pub trail: Vec<AuditEntry>,
}

/// Why a transition was not carried out; nothing of it was.
pub type Refused = String;

impl MemoryLedger {
    /// The releases of the one place that a simulation has.
    pub fn ledger(&self) -> Vec<Release> {
        self.releases.values().cloned().collect()
    }

    pub fn live(&self) -> Option<&Release> {
        let mut live = self.releases.values();
        live.find(|r| r.presence == Presence::Live)
    }

    pub fn open_watch(&self, place: &Place) -> Option<&Watch> {
        let mut watches = self.watches.values();
        watches.find(|w| w.place == *place && w.status().is_open())
    }

    /// What a commit of the journal means for the ledger.
    pub fn commit(&mut self, progress: &Progress<'_>) -> Result<(), Refused> {
        let facts = self.facts(progress);
        let settings = WatchSettings::default();
        self.write(settlement::changes(progress, &facts, &settings))
    }

    /// No more than what is needed: where that is too little, the ledger goes wrong here, too.
    fn facts(&self, progress: &Progress<'_>) -> LedgerFacts {
        let execution = progress.execution;
        let watch = || self.open_watch(&execution.place).cloned();
        match progress.needs() {
            Needed::Nothing => LedgerFacts::default(),
            Needed::Watch => LedgerFacts {
                open_watch: watch(),
                ..LedgerFacts::default()
            },
            Needed::Everything => {
                let replaced = execution.replaces.as_ref().map(|id| &self.releases[id]);
                let mut approvals = self.approvals.clone();
                approvals.retain(|a| a.plan == execution.plan);
                LedgerFacts {
                    approvals,
                    replaced: replaced.cloned(),
                    replaced_plan: replaced.map(|release| self.plans[&release.plan].status),
                    open_watch: watch(),
                }
            }
        }
    }

    /// Carries out all of it or nothing.
    pub fn write(&mut self, changes: Vec<Change>) -> Result<(), Refused> {
        // The most frequent one alters nothing that could be refused half way.
        if let [Change::Journal { .. }] = changes.as_slice() {
            return changes.into_iter().try_for_each(|c| self.apply(c));
        }
        let mut next = self.clone();
        changes.into_iter().try_for_each(|c| next.apply(c))?;
        *self = next;
        Ok(())
    }

    fn apply(&mut self, change: Change) -> Result<(), Refused> {
        match change {
            Change::StorePlan(plan) => {
                self.plans.insert(plan.id.clone(), *plan);
            }
            Change::MovePlan {
                plan,
                event,
                reason,
            } => {
                let plan = known(self.plans.get_mut(&plan), &plan)?;
                plan.status = plan.status.next(event).map_err(said)?;
                plan.reason = reason.or(plan.reason.take());
            }
            Change::AddApproval(approval) => {
                let policy = matches!(approval.by, Approver::Policy { .. });
                if policy && self.approvals.iter().any(|a| a.by == approval.by) {
                    return Err("one rollback was made under that approval".to_owned());
                }
                self.approvals.push(*approval);
            }
            Change::OpenExecution(execution) | Change::SaveExecution(execution) => {
                self.executions.insert(execution.id.clone(), *execution);
            }
            Change::Journal {
                execution, status, ..
            } => {
                let execution = known(self.executions.get_mut(&execution), &execution)?;
                execution.status = status;
            }
            Change::TakeLock { place, holder, .. } => {
                let held = self.locks.entry(place.clone()).or_insert(holder.clone());
                if held.execution != holder.execution {
                    return Err(format!("{place} is locked by {}", held.execution));
                }
            }
            Change::FreeLock { place, execution } => {
                let held = self.locks.get(&place).map(|h| &h.execution);
                if held == Some(&execution) {
                    self.locks.remove(&place);
                }
            }
            Change::StoreRelease(release) => {
                self.releases.insert(release.id.clone(), *release);
            }
            Change::SetImage {
                release,
                image_id,
                base_images,
            } => {
                let release = known(self.releases.get_mut(&release), &release)?;
                release.image_id = Some(image_id);
                release.base_images = base_images;
            }
            Change::MovePresence { release, event, at } => {
                let moved = known(self.releases.get_mut(&release), &release)?;
                moved.presence = moved.presence.next(event).map_err(said)?;
                if moved.presence == Presence::Live {
                    moved.first_live_at.get_or_insert(at);
                    moved.live_since = Some(at);
                }
                let live = self.releases.values();
                let live = live.filter(|r| r.presence == Presence::Live).count();
                if live > 1 {
                    return Err("another release is live there".to_owned());
                }
            }
            Change::MoveQuality { release, event, by } => {
                let release = known(self.releases.get_mut(&release), &release)?;
                release.quality = release.quality.next(event).map_err(said)?;
                release.verified_by = by.filter(|_| release.quality == Quality::Verified);
            }
            Change::Quarantine { quarantine, .. } => self.quarantines.push(*quarantine),
            Change::LiftQuarantine { release, .. } => {
                self.quarantines.retain(|q| q.release != release);
            }
            Change::OpenWatch(watch) => {
                if self.open_watch(&watch.place).is_some() {
                    return Err(format!("{} is watched already", watch.place));
                }
                self.watches.insert(watch.id.clone(), *watch);
            }
            Change::MoveWatch {
                watch,
                event,
                reason,
                at,
            } => {
                let watch = known(self.watches.get_mut(&watch), &watch)?;
                watch.state = watch.state.apply(event).map_err(said)?;
                watch.reason = reason.or(watch.reason.take());
                watch.ended_at = (!watch.status().is_open()).then_some(at);
            }
            Change::SealJournal { entry, .. } | Change::Audit(entry) => self.trail.push(entry),
            other => return Err(format!("a simulation has no use for {other:?}")),
        }
        Ok(())
    }
}

fn known<T>(found: Option<T>, id: &impl Display) -> Result<T, Refused> {
    found.ok_or_else(|| format!("{id} does not exist"))
}

fn said(why: impl Display) -> Refused {
    why.to_string()
}
