//! What flows and people do around an execution, as far as the ledger and the host show it.

use commander::domain::execution::ExecutionStatus;
use commander::domain::id::{ReleaseId, WatchId};
use commander::domain::plan::{OnDegraded, PlanEvent, PlanStatus};
use commander::domain::release::{
    self, Presence, PresenceEvent, Quality, QualityEvent, VerifiedBy,
};
use commander::domain::settlement;
use commander::domain::transition::Change;
use commander::domain::watch::{WatchEvent, WatchStatus};

use super::history::{History, container, tag};
use super::people::Planned;
use crate::support::plans::{person, place};

impl History {
    pub fn write(&self, changes: Vec<Change>) {
        self.simulation.journal.write(changes);
    }

    pub fn store(&self, planned: &Planned) {
        let scenario = &planned.scenario;
        let mut pending = scenario.plan.clone();
        pending.status = PlanStatus::PendingApproval;
        let approvals = scenario.approvals.iter().cloned();
        let mut changes = vec![Change::StorePlan(Box::new(pending))];
        changes.extend(approvals.map(|a| Change::AddApproval(Box::new(a))));
        changes.push(Change::MovePlan {
            plan: scenario.plan.id.clone(),
            event: PlanEvent::Approve,
            reason: None,
        });
        changes.push(Change::OpenExecution(Box::new(scenario.execution.clone())));
        self.write(changes);
    }

    pub fn the_bake_ends(&mut self) {
        let books = self.simulation.journal.ledger();
        let Some(watch) = books.open_watch(&place()) else {
            return;
        };
        if watch.status() != WatchStatus::Baking {
            return;
        }
        let well = !self.chance.one_in(4);
        let (event, quality) = match well {
            true => (WatchEvent::Verify, QualityEvent::Verify),
            false => (WatchEvent::EndUnverified, QualityEvent::EndUnverified),
        };
        self.tell(format_args!("the bake ends: {event:?}"));
        let mut changes = vec![self.move_watch(watch.id.clone(), event)];
        if books.releases[&watch.release].quality == Quality::Unproven {
            changes.push(Change::MoveQuality {
                release: watch.release.clone(),
                event: quality,
                by: well.then_some(VerifiedBy::Probe),
            });
        }
        self.write(changes);
    }

    fn move_watch(&self, watch: WatchId, event: WatchEvent) -> Change {
        Change::MoveWatch {
            watch,
            event,
            reason: None,
            at: self.now(),
        }
    }

    pub fn the_watch_finds_it_degraded(&self) -> bool {
        let books = self.simulation.journal.ledger();
        let Some(watch) = books.open_watch(&place()) else {
            return false;
        };
        if watch.status() != WatchStatus::Baking {
            return false;
        }
        self.tell("the watch finds it degraded");
        self.write(vec![self.move_watch(watch.id.clone(), WatchEvent::Degrade)]);
        true
    }

    /// There is nothing to go back to.
    pub fn give_up(&self) {
        let books = self.simulation.journal.ledger();
        if let Some(watch) = books.open_watch(&place()) {
            let quality = books.releases[&watch.release].quality;
            let why = "there is nothing to go back to".to_owned();
            let changes = settlement::give_up(watch, Some(quality), why, self.now());
            self.write(changes);
        }
    }

    pub fn resume_the_watch(&self) {
        let books = self.simulation.journal.ledger();
        if let Some(watch) = books.open_watch(&place())
            && watch.status() == WatchStatus::Paused
        {
            self.write(vec![self.move_watch(watch.id.clone(), WatchEvent::Resume)]);
        }
    }

    /// A person looks at what an execution left, and at what does not come up again by itself.
    pub fn set_right(&self) {
        let books = self.simulation.journal.ledger();
        let left = books.releases.values();
        let left: Vec<_> = left.filter(|r| r.presence == Presence::Candidate).collect();
        let serving = books.live().map(|r| container(&r.id));
        let executions = &books.executions;
        self.simulation.world.arrange(|host| {
            host.containers.retain(|name, here| {
                here.publish.is_some() && !left.iter().any(|r| container(&r.id) == *name)
            });
            for (name, here) in &mut host.containers {
                here.running = Some(name) == serving.as_ref();
            }
        });
        for execution in executions.values() {
            if execution.status == ExecutionStatus::Stuck {
                self.simulation.world.untag_by_hand(&tag(execution));
            }
        }
        for release in left {
            self.tell(format_args!("a person clears {} away", release.id));
            self.write(vec![self.retired(&release.id)]);
        }
    }

    fn retired(&self, release: &ReleaseId) -> Change {
        Change::MovePresence {
            release: release.clone(),
            event: PresenceEvent::Retire,
            at: self.now(),
        }
    }

    pub fn somebody_tidies_up(&mut self) {
        let books = self.simulation.journal.ledger();
        match self.chance.below(3) {
            0 => self.retention(),
            1 => {
                let Some(quarantine) = books.quarantines.first() else {
                    return;
                };
                self.tell("a quarantine is lifted");
                let release = quarantine.release.clone();
                self.write(vec![
                    Change::LiftQuarantine {
                        release: release.clone(),
                        by: person("ada"),
                        at: self.now(),
                    },
                    Change::MoveQuality {
                        release,
                        event: QualityEvent::Lift,
                        by: None,
                    },
                ]);
            }
            _ => {
                let ledger = books.ledger();
                let mut kept = ledger.iter().filter(|r| r.presence == Presence::Standby);
                if let Some(release) = kept.next() {
                    let name = container(&release.id);
                    self.tell(format_args!("somebody removes {name}"));
                    self.simulation.world.arrange(|host| {
                        host.containers.remove(&name);
                    });
                }
            }
        }
    }

    fn retention(&self) {
        let books = self.simulation.journal.ledger();
        let ledger = books.ledger();
        let mut pins = Vec::new();
        if let Some(watch) = books.open_watch(&place())
            && let Some(grant) = &watch.grant
            && let OnDegraded::RollBack { to } = &grant.on_degraded
        {
            pins.push(to.clone());
        }
        let pinned = ledger.iter();
        let pinned = pinned.filter(|r| r.pin().is_some_and(|pin| pins.contains(&pin)));
        let pinned: Vec<_> = pinned.map(|r| r.id.clone()).collect();
        for release in release::to_retire(&ledger, 1, &pinned) {
            self.tell(format_args!("{} is let go of", release.id));
            let name = container(&release.id);
            self.simulation.world.arrange(|host| {
                host.containers.remove(&name);
            });
            let execution = &books.executions[&release.execution];
            self.simulation.world.untag_by_hand(&tag(execution));
            self.write(vec![self.retired(&release.id)]);
        }
    }
}
