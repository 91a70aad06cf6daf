//! What follows the end of an execution: the watch, what people are told, the next plan of a
//! chain, and retention. All of it can fail without changing how the execution ended.

use std::net::SocketAddr;
use std::sync::Arc;

use super::Flow;
use super::error::{Code, FlowError};
use super::plan::place_of;
use crate::adapters::prometheus::Target;
use crate::domain::audit::AuditEntry;
use crate::domain::execution::{Execution, ExecutionState, ExecutionStatus};
use crate::domain::id::WatchId;
use crate::domain::incident::{Freeze, Notification, NotificationEvent};
use crate::domain::intent::Action;
use crate::domain::lock::Place;
use crate::domain::plan::{Plan, Requester, Surface};
use crate::domain::planner;
use crate::domain::release::Release;
use crate::domain::transition::{Change, Transition};
use crate::domain::watch::{Watch, WatchStatus};
use crate::os::clock;

impl Flow {
    /// Does, in the background, what followed from the last end in each place where a process that
    /// is gone may not have come to it. What was done already is found done.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn catch_up(self: &Arc<Self>) -> Result<(), FlowError> {
        let mut ends = Vec::new();
        for (service, settings) in &self.catalogue.services {
            for environment in settings.environments.keys() {
                ends.push(self.last_end(&Place {
                    service: service.clone(),
                    environment: Some(environment.clone()),
                })?);
            }
        }
        let flow = self.clone();
        self.tasks.spawn(async move {
            for end in ends {
                if let Err(error) = flow.catch_up_with(end).await {
                    tracing::error!(%error, "what follows from an end was not done");
                }
            }
        });
        Ok(())
    }

    /// The execution that ended last, and the newest watch where it has ended well.
    fn last_end(&self, place: &Place) -> Result<(Option<Execution>, Option<Watch>), FlowError> {
        let executions = self.store.executions(&super::selection(place, 50))?;
        let ended = executions.into_iter().filter(|e| e.status.has_ended());
        let watches = self.store.watches(&super::selection(place, 1))?;
        let verified = watches
            .into_iter()
            .find(|w| w.status() == WatchStatus::Verified);
        Ok((ended.max_by_key(|e| e.ended_at), verified))
    }

    async fn catch_up_with(
        self: &Arc<Self>,
        (execution, watch): (Option<Execution>, Option<Watch>),
    ) -> Result<(), FlowError> {
        if let Some(execution) = execution {
            let plan = self.store.plan(&execution.plan)?;
            let state = self.store.execution_state(&execution)?;
            match execution.status {
                ExecutionStatus::Succeeded => self.after_switch(&plan, &execution).await,
                _ => self.after_failure(&plan, &execution, &state).await,
            }
        }
        if let Some(watch) = watch {
            self.after_verified(&watch).await;
        }
        Ok(())
    }

    pub(super) async fn after_success(self: &Arc<Self>, plan: &Plan, execution: &Execution) {
        let place = &execution.place;
        if matches!(
            plan.body.action,
            Action::Deploy | Action::Promote | Action::Rollback
        ) {
            match self.store.open_watch(place) {
                Ok(Some(watch)) => self.spawn_watch(watch),
                Ok(None) => tracing::error!(%place, "the release has no watch"),
                Err(error) => tracing::error!(%place, %error, "the watch cannot be read"),
            }
        }
        if matches!(plan.body.action, Action::Build | Action::Test) {
            self.retain_builds(place).await;
        }
        self.after_switch(plan, execution).await;
    }

    /// What follows when another release is live.
    async fn after_switch(self: &Arc<Self>, plan: &Plan, execution: &Execution) {
        let place = &execution.place;
        if !matches!(
            plan.body.action,
            Action::Deploy | Action::Promote | Action::Rollback
        ) {
            return;
        }
        if plan.body.action == Action::Rollback {
            self.close_after_rollback(plan, execution).await;
        }
        self.supersede_outdated(place).await;
        self.refresh_view().await;
        self.retain(place).await;
    }

    pub(super) async fn after_failure(
        self: &Arc<Self>,
        plan: &Plan,
        execution: &Execution,
        state: &ExecutionState,
    ) {
        let why = match (&state.failure, &state.cancel) {
            (Some((step, fault)), _) => format!("{step}: {}", fault.message),
            (None, Some(reason)) => format!("cancelled: {reason}"),
            (None, None) => "no reason is known".to_owned(),
        };
        if execution.status == ExecutionStatus::Stuck {
            self.report_left_behind(plan, execution, state, &why).await;
        }
        if plan.body.action == Action::Rollback {
            match execution.status {
                ExecutionStatus::Cancelled => self.report_no_rollback(plan, &why).await,
                _ => self.report_failed_rollback(plan, execution, &why).await,
            }
        }
        self.refresh_view().await;
    }

    /// The bake of a release has ended well.
    pub(super) async fn after_verified(self: &Arc<Self>, watch: &Watch) {
        if let Err(error) = self.end_freeze_by_proof(watch).await {
            tracing::error!(watch = %watch.id, %error, "the freeze cannot be ended");
        }
        if let Err(error) = self.follow_chain(watch).await {
            self.report_broken_chain(watch, &error.message).await;
        }
        self.supersede_outdated(&watch.place).await;
        self.retain(&watch.place).await;
    }

    /// "staging then production": the second plan is made when the first one's release is proven,
    /// once.
    async fn follow_chain(&self, watch: &Watch) -> Result<(), FlowError> {
        let plan = self.store.plan(&watch.plan)?;
        let Some(next) = plan.chain.first().filter(|_| !watch.restored) else {
            return Ok(());
        };
        let next = Place {
            service: watch.place.service.clone(),
            environment: Some(next.clone()),
        };
        let plans = self.store.plans(&super::selection(&next, 50), None)?;
        if plans.iter().any(|made| follows(made, &plan)) {
            return Ok(());
        }
        let next = self.plan_next_in_chain(&plan).await?;
        self.tell_of_waiting(&next);
        Ok(())
    }

    /// A freeze ends with the next release that a person approved and that is verified.
    async fn end_freeze_by_proof(&self, watch: &Watch) -> Result<(), FlowError> {
        let Some(freeze) = self.store.freeze(&watch.place)? else {
            return Ok(());
        };
        // What was proven before the freeze does not end it.
        let is_older = watch.ended_at.is_some_and(|ended| ended < freeze.since);
        if watch.restored || is_older {
            return Ok(());
        }
        let plan = self.store.plan(&watch.plan)?;
        if matches!(plan.origin.by, Requester::Policy { .. }) {
            return Ok(());
        }
        let entry = AuditEntry::new(
            clock::now(),
            "commander",
            "environment.unfrozen",
            &watch.place,
        )
        .with("release", &watch.release);
        Ok(self
            .store
            .write(Transition::of(vec![
                Change::Unfreeze {
                    place: watch.place.clone(),
                },
                Change::Audit(entry),
            ]))
            .await?)
    }

    /// A named person ends a freeze.
    ///
    /// # Errors
    ///
    /// `NotFound` when the place is not frozen.
    pub async fn unfreeze(
        &self,
        place: &crate::domain::lock::Place,
        by: &crate::domain::name::PersonName,
    ) -> Result<Freeze, FlowError> {
        let freeze = self
            .store
            .freeze(place)?
            .ok_or_else(|| FlowError::new(Code::NotFound, format!("{place} is not frozen")))?;
        let entry = AuditEntry::new(clock::now(), by.as_str(), "environment.unfrozen", place);
        self.store
            .write(Transition::of(vec![
                Change::Unfreeze {
                    place: place.clone(),
                },
                Change::Audit(entry),
            ]))
            .await?;
        Ok(freeze)
    }

    /// Tells Prometheus where the watched release is scraped.
    pub(super) async fn announce_target(&self, watch: &WatchId) {
        let Some(targets) = &self.targets else {
            return;
        };
        let target = match self.target(watch) {
            Ok(target) => target,
            Err(error) => {
                tracing::error!(%watch, %error, "the release's address cannot be read");
                return;
            }
        };
        if let Err(error) = targets.write(&target).await {
            tracing::error!(%watch, "{error}");
        }
    }

    fn target(&self, watch: &WatchId) -> Result<Target, FlowError> {
        let watch = self.store.watch(watch)?;
        let release: Release = self.store.release(&watch.release)?;
        let publish = release.configuration.publish;
        Ok(Target {
            address: SocketAddr::new(publish.address, publish.port),
            labels: super::evidence::labels(&watch)?,
        })
    }

    /// Tells people that a plan waits for them.
    pub(super) fn tell_of_waiting(&self, plan: &Plan) {
        let place = place_of(plan);
        let what = plan.body.action.as_str();
        self.tell_in_background(Notification {
            event: NotificationEvent::ApprovalWaiting,
            at: clock::now(),
            text: format!("{what} of {place} waits for approval: plan {}", plan.id),
            service: place.service,
            environment: place.environment,
            plan: Some(plan.id.clone()),
            execution: None,
            incident: None,
            severity: None,
        });
    }

    /// Ends the pending plans of a place that were made for another live release or rollback
    /// target.
    async fn supersede_outdated(&self, place: &Place) {
        if let Err(error) = self.try_supersede_outdated(place).await {
            // They are found out of date again when they are approved.
            tracing::error!(%place, %error, "plans that are out of date cannot be superseded");
        }
    }

    async fn try_supersede_outdated(&self, place: &Place) -> Result<(), FlowError> {
        let ledger = self.store.ledger(place)?;
        for plan in self.store.open_plans(place)? {
            if let Some(why) = planner::outdated(&plan.body, &ledger) {
                self.supersede(&plan, why).await?;
            }
        }
        Ok(())
    }
}

/// Whether a plan was made because that one's release was proven.
fn follows(made: &Plan, before: &Plan) -> bool {
    made.origin.surface == Surface::Chain
        && made.origin.command == before.origin.command
        && made.created_at > before.created_at
}
