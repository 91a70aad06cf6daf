//! The watch over a release: gathers evidence each interval, lets the domain judge, stores what it
//! decided from, and carries the decision out.
//!
//! ```text
//!   go-live ──> spawn_watch ──> [interval or a Docker event] ──> evidence ──> step
//!                  ^                                                          │ one commit:
//!                  └── continue <── store state and evaluation <──────────────┘
//!                                        │
//!                   verified / unverified ── chain, retention, end of a freeze
//!                   degraded ── incident ── the rollback approved beforehand, or a person
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::db::StoreError;
use crate::domain::audit::AuditEntry;
use crate::domain::id::{ReleaseId, WatchId};
use crate::domain::incident::IncidentKind;
use crate::domain::name::PersonName;
use crate::domain::release::{Quality, QualityEvent, VerifiedBy};
use crate::domain::settlement;
use crate::domain::transition::{Change, Transition};
use crate::domain::verdict::{Baseline, Source};
use crate::domain::watch::{
    Decision, Rule, Stepped, Tick, Unverified, Watch, WatchEvent, WatchState, WatchStatus, step,
};
use crate::os::clock;

/// How soon a watch looks again after its evaluation could not be stored, or Docker was away when
/// a rollback was due.
const RETRY: Duration = Duration::from_secs(2);

/// What Docker's events told since the evaluation before, by watch.
#[derive(Default)]
pub struct Witness {
    followed: Mutex<HashMap<WatchId, Followed>>,
}

struct Followed {
    release: ReleaseId,
    told: Told,
    /// By the engine's clock. What happened before does not count, however late it is heard.
    since: Option<Timestamp>,
    /// Keeps one call for a watch that is busy with an evaluation.
    wake: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    pub exits: u32,
    pub oom_kills: u32,
}

impl Witness {
    /// Counts from now on what happens to the release; the answer wakes the watch.
    fn follow(&self, watch: &WatchId, release: ReleaseId) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let followed = Followed {
            release,
            told: Told::default(),
            since: None,
            wake: wake.clone(),
        };
        self.lock().insert(watch.clone(), followed);
        wake
    }

    fn forget(&self, watch: &WatchId) {
        self.lock().remove(watch);
    }

    /// A release's container ended, or lost a process to the kernel, at this time of the engine:
    /// whoever watches it looks at once. False when nobody does.
    pub fn tell(&self, release: &ReleaseId, at: Timestamp, what: Told) -> bool {
        let mut heard = false;
        for followed in self.lock().values_mut() {
            if &followed.release == release {
                heard = true;
                if followed.since.is_some_and(|since| at < since) {
                    continue;
                }
                followed.told.exits += what.exits;
                followed.told.oom_kills += what.oom_kills;
                followed.wake.notify_one();
            }
        }
        heard
    }

    /// Counts anew: what happened before is not the release's doing.
    fn count_since(&self, watch: &WatchId, since: Option<Timestamp>) {
        if let Some(followed) = self.lock().get_mut(watch) {
            followed.told = Told::default();
            followed.since = since;
        }
    }

    pub fn take(&self, watch: &WatchId) -> Told {
        let mut followed = self.lock();
        followed
            .get_mut(watch)
            .map(|followed| std::mem::take(&mut followed.told))
            .unwrap_or_default()
    }

    /// What was taken and could not be used.
    pub fn give_back(&self, watch: &WatchId, what: Told) {
        if let Some(followed) = self.lock().get_mut(watch) {
            followed.told.exits += what.exits;
            followed.told.oom_kills += what.oom_kills;
        }
    }

    fn follows(&self, watch: &WatchId) -> bool {
        self.lock().contains_key(watch)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<WatchId, Followed>> {
        // Each critical section only counts.
        self.followed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether the loop of a watch goes on.
enum Next {
    After(Duration),
    Over,
}

impl Flow {
    /// Takes up the watches that a process that is gone left open in these places.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn resume_watches(
        self: &Arc<Self>,
        places: &super::execute::Places<'_>,
    ) -> Result<(), FlowError> {
        let open = self.store.open_watches()?.into_iter();
        for watch in open.filter(|w| places(&w.place) && !self.witness.follows(&w.id)) {
            self.spawn_watch(watch);
        }
        Ok(())
    }

    pub(super) fn spawn_watch(self: &Arc<Self>, watch: Watch) {
        // From here on, not from the first look: what happens in between counts.
        let wake = self.witness.follow(&watch.id, watch.release);
        let flow = self.clone();
        self.tasks.spawn(async move {
            flow.conduct(&watch.id, &wake).await;
            flow.witness.forget(&watch.id);
        });
    }

    /// Looks at each interval, and when Docker told of something, until the watch is over.
    async fn conduct(self: &Arc<Self>, id: &WatchId, wake: &Notify) {
        self.announce_target(id).await;
        if let Err(error) = self.begin_watch(id).await {
            tracing::warn!(watch = %id, %error, "the baseline cannot be measured");
        }
        let mut since = clock::monotonic();
        let mut pause = self
            .store
            .watch(id)
            .map_or(RETRY, |w| w.settings.interval());
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = wake.notified() => {}
                () = self.stop.cancelled() => return,
            }
            pause = match self.look(id, &mut since).await {
                Ok(Next::After(interval)) => interval,
                Ok(Next::Over) => return,
                // Nothing is decided from what could not be stored, and what was decided is
                // found again.
                Err(error) => {
                    tracing::error!(watch = %id, %error, "the watch does not get on; trying again");
                    RETRY
                }
            };
        }
    }

    /// What the predecessor had before the switch; once.
    async fn begin_watch(&self, id: &WatchId) -> Result<(), FlowError> {
        let watch = self.store.watch(id)?;
        if watch.state.evaluations > 0 || watch.status() != WatchStatus::Baking {
            return Ok(());
        }
        let baseline = match (self.watch_before(&watch)?, &self.prometheus) {
            (Some(before), Some(prometheus)) if !watch.restored => {
                let labels = super::evidence::labels(&before)?;
                let switched_at = self.switched_at(&watch)?.unwrap_or(watch.started_at);
                let readings = prometheus
                    .readings(
                        &watch.settings.queries,
                        &labels,
                        watch.settings.window_seconds,
                        Some(switched_at),
                    )
                    .await;
                Baseline { readings }
            }
            _ => Baseline::default(),
        };
        let mut state = watch.state.clone();
        state.baseline = baseline;
        self.save(&watch, state).await
    }

    /// When the switch of the watched release's execution told the predecessor to stop.
    pub(super) fn switched_at(&self, watch: &Watch) -> Result<Option<Timestamp>, FlowError> {
        let Some(execution) = self.store.execution_of(&watch.plan)? else {
            return Ok(None);
        };
        let state = self.store.execution_state(&execution)?;
        Ok(state
            .steps
            .values()
            .find_map(|step| step.output.as_ref()?.stopped_at))
    }

    async fn look(
        self: &Arc<Self>,
        id: &WatchId,
        since: &mut std::time::Instant,
    ) -> Result<Next, FlowError> {
        let watch = self.store.watch(id)?;
        let again = Next::After(watch.settings.interval());
        match watch.status() {
            WatchStatus::Baking => self.evaluate(&watch, since).await,
            WatchStatus::Paused => {
                if self.store.lock(&watch.place)?.is_none() {
                    self.resume_watch(&watch).await?;
                    *since = clock::monotonic();
                }
                Ok(again)
            }
            WatchStatus::Degraded => {
                // Found again after a restart: what is due may not have been done.
                self.carry_out_degraded(&watch, None, &[]).await?;
                Ok(Next::Over)
            }
            _ => Ok(Next::Over),
        }
    }

    /// What Commander stopped and started while it held the lock is no exit, also where Docker tells
    /// of it only now: all that was before the container's last start is left out. Where Docker cannot
    /// be asked the watch stays paused: counted from a wrong number, restarts would appear that
    /// never were.
    async fn resume_watch(&self, watch: &Watch) -> Result<(), FlowError> {
        let (restart_count, started_at) = self.last_start(watch).await?;
        self.witness.count_since(&watch.id, started_at);
        let state = watch
            .state
            .resume(restart_count)
            .map_err(|error| FlowError::new(Code::Conflict, error.to_string()))?;
        self.save(watch, state).await
    }

    async fn evaluate(
        self: &Arc<Self>,
        watch: &Watch,
        since: &mut std::time::Instant,
    ) -> Result<Next, FlowError> {
        let elapsed = since.elapsed();
        *since = clock::monotonic();
        let again = Ok(Next::After(watch.settings.interval()));
        let evidence = self.evidence(watch).await?;
        let tick = Tick {
            elapsed,
            now: clock::now(),
        };
        let Ok(stepped) = step(&watch.state, &watch.settings, evidence, tick) else {
            return again;
        };
        if let Some(change) = &stepped.change {
            tracing::info!(watch = %watch.id, release = %watch.release, verdict = ?change.to, "{}", stepped.evaluation.sentence);
        }
        match self.store_step(watch, &stepped).await {
            Ok(()) => {}
            // Somebody ended or paused it meanwhile, and the evidence may show our own stop.
            Err(StoreError::Conflict(_)) => return again,
            Err(error) => return Err(error.into()),
        }
        match stepped.decision {
            Decision::Continue => again,
            Decision::Verified { .. } => {
                self.after_verified(watch).await;
                Ok(Next::Over)
            }
            Decision::Unverified { .. } => Ok(Next::Over),
            Decision::Degraded {
                rule, evaluations, ..
            } => {
                let watch = self.store.watch(&watch.id)?;
                self.carry_out_degraded(&watch, Some(rule), &evaluations)
                    .await?;
                Ok(Next::Over)
            }
        }
    }

    /// State, evaluation and what they mean for the release: one commit.
    async fn store_step(&self, watch: &Watch, stepped: &Stepped) -> Result<(), StoreError> {
        let mut changes = vec![Change::SaveWatch {
            watch: watch.id.clone(),
            from: watch.status(),
            state: Box::new(stepped.state.clone()),
            reason: reason(&stepped.decision),
            evaluation: Some(Box::new(stepped.evaluation.clone())),
        }];
        let at = stepped.evaluation.at;
        let quality = self.store.release(&watch.release)?.quality;
        match &stepped.decision {
            // A restored release keeps the quality it has.
            Decision::Verified { by } if quality == Quality::Unproven => {
                changes.push(Change::MoveQuality {
                    release: watch.release.clone(),
                    event: QualityEvent::Verify,
                    by: Some(verified_by(*by)),
                });
                changes.push(audit(
                    at,
                    "release.verified",
                    watch,
                    &format!("{by:?}").to_lowercase(),
                ));
            }
            Decision::Unverified { why } if quality == Quality::Unproven => {
                changes.push(Change::MoveQuality {
                    release: watch.release.clone(),
                    event: QualityEvent::EndUnverified,
                    by: None,
                });
                changes.push(audit(at, "release.unverified", watch, &why.sentence()));
            }
            Decision::Degraded { rule, .. } => {
                changes.push(audit(at, "release.degraded", watch, &rule.sentence()));
            }
            _ => {}
        }
        self.store.write(Transition::of(changes)).await
    }

    /// The incident, and what was approved for this case: one rollback, or a call for a person.
    async fn carry_out_degraded(
        self: &Arc<Self>,
        watch: &Watch,
        rule: Option<Rule>,
        evaluations: &[u32],
    ) -> Result<(), FlowError> {
        let freeze = self.store.freeze(&watch.place)?;
        let grant = watch
            .grant
            .as_ref()
            .filter(|_| freeze.is_none() && !watch.restored);
        let kind = match grant {
            Some(_) => IncidentKind::Rollback,
            None => IncidentKind::DegradedUnattended,
        };
        let mut incident = self
            .open_watch_incident(watch, kind, rule, evaluations)
            .await?;
        let Some(grant) = grant else {
            let why = "degraded, and nothing automatic was allowed";
            return self.give_up(watch, why.to_owned()).await;
        };
        match self.roll_back_under(watch, grant, incident.clone()).await {
            Ok(()) => Ok(()),
            // It is tried again; meanwhile nothing is known to have changed.
            Err(error) if matches!(error.code, Code::Storage | Code::Unavailable) => Err(error),
            Err(error) => {
                incident.kind = IncidentKind::RollbackImpossible;
                incident.severity = incident.kind.severity();
                incident.title = format!("{}; nothing was done: {error}", incident.title);
                let at = clock::now();
                super::incident::act(&mut incident, at, format!("no rollback: {error}"), None);
                self.save_incident(&incident).await?;
                self.give_up(watch, error.to_string()).await
            }
        }
    }

    /// Ends the watch over a degraded release to which nothing more is done by itself.
    pub(super) async fn give_up(&self, watch: &Watch, why: String) -> Result<(), FlowError> {
        let quality = self.store.release(&watch.release)?.quality;
        let changes = settlement::give_up(watch, Some(quality), why, clock::now());
        match self.store.write(Transition::of(changes)).await {
            // Somebody else ended it.
            Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A person ends the watch; nothing automatic follows for this release.
    ///
    /// # Errors
    ///
    /// `Conflict` when it has ended; `TooLate` when what was approved for a bad release is under way.
    pub async fn stop_watch(&self, id: &WatchId, by: &PersonName) -> Result<Watch, FlowError> {
        let watch = self.store.watch(id)?;
        if watch.status() == WatchStatus::Degraded {
            return Err(FlowError::new(
                Code::TooLate,
                "the release was found bad, and what was approved for that is under way: cancel the rollback instead",
            ));
        }
        let mut changes = vec![
            Change::MoveWatch {
                watch: id.clone(),
                event: WatchEvent::Stop,
                reason: Some(format!("stopped by {by}")),
                at: clock::now(),
            },
            Change::Audit(AuditEntry::new(
                clock::now(),
                by.as_str(),
                "watch.stopped",
                id,
            )),
        ];
        if self.store.release(&watch.release)?.quality == Quality::Unproven {
            changes.push(Change::MoveQuality {
                release: watch.release.clone(),
                event: QualityEvent::EndUnverified,
                by: None,
            });
        }
        self.store.write(Transition::of(changes)).await?;
        Ok(self.store.watch(id)?)
    }

    /// Somebody else may have moved it meanwhile; then its new state is read next time.
    async fn save(&self, watch: &Watch, state: WatchState) -> Result<(), FlowError> {
        let change = Change::SaveWatch {
            watch: watch.id.clone(),
            from: watch.status(),
            state: Box::new(state),
            reason: None,
            evaluation: None,
        };
        match self.store.write(Transition::of(vec![change])).await {
            Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn reason(decision: &Decision) -> Option<String> {
    match decision {
        Decision::Continue => None,
        Decision::Verified {
            by: Source::Metrics,
        } => Some("good by metrics over the whole bake".to_owned()),
        Decision::Verified { by: Source::Probe } => {
            Some("good by Commander's own requests over the whole bake".to_owned())
        }
        Decision::Unverified { why } => Some(Unverified::sentence(why)),
        Decision::Degraded { rule, .. } => Some(rule.sentence()),
    }
}

fn verified_by(source: Source) -> VerifiedBy {
    match source {
        Source::Metrics => VerifiedBy::Metrics,
        Source::Probe => VerifiedBy::Probe,
    }
}

fn audit(at: Timestamp, act: &str, watch: &Watch, why: &str) -> Change {
    Change::Audit(
        AuditEntry::new(at, "commander", act, &watch.release)
            .with("watch", &watch.id)
            .with("why", why),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::ids;

    #[test]
    fn what_was_before_the_last_start_does_not_count_however_late_it_is_heard() {
        let (witness, watch, release) = (Witness::default(), ids::new(), ids::new::<ReleaseId>());
        witness.follow(&watch, release.clone());
        let exit = Told {
            exits: 1,
            oom_kills: 0,
        };
        let started = clock::now();
        let before = started - jiff::SignedDuration::from_secs(1);
        assert!(witness.tell(&release, before, exit));
        witness.count_since(&watch, Some(started));
        assert!(witness.tell(&release, before, exit), "it is watched");
        assert_eq!(witness.take(&watch), Told::default());
        witness.tell(&release, started, exit);
        assert_eq!(witness.take(&watch), exit);
    }
}
