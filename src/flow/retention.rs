//! Retention: the last known good and some more stay as stopped containers; the rest is let go of.
//! And the proof, again and again, that what may be needed is still there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Flow;
use super::error::{Code, FlowError};
use super::incident::told;
use crate::adapters::docker::ImageReference;
use crate::domain::approval::Grant;
use crate::domain::execution::{Execution, ExecutionStatus};
use crate::domain::id::{ExecutionId, ReleaseId};
use crate::domain::incident::{IncidentKind, IncidentStatus};
use crate::domain::lock::Place;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::naming;
use crate::domain::plan::OnDegraded;
use crate::domain::release::{self, Presence, PresenceEvent, Purpose, Release};
use crate::domain::transition::{Change, Transition};
use crate::os::clock;

/// Executions of a service among which images without a release are looked for.
const LOOK_BACK: u32 = 50;

impl Flow {
    /// Lets go of what is not kept any more. A failure is a warning and changes nothing else.
    ///
    /// Nothing starts in the place meanwhile, so that no rollback begins to a release that is being
    /// let go of; where something has begun already, its end brings the next occasion.
    pub(super) async fn retain(&self, place: &Place) {
        let gate = self.running.gate(place);
        let _held = gate.lock().await;
        if self.running.is_busy(place) {
            return;
        }
        let released = match self.releases_to_retire(place) {
            Ok(released) => released,
            Err(error) => {
                tracing::warn!(%place, %error, "retention was not decided");
                return;
            }
        };
        for release in released {
            if let Err(error) = self.retire(&release).await {
                tracing::warn!(release = %release.id, %error, "a release was not cleaned up; it is tried again after the next deploy");
            }
        }
    }

    fn releases_to_retire(&self, place: &Place) -> Result<Vec<Release>, FlowError> {
        let ledger = self.store.ledger(place)?;
        let pinned = self.pinned(place, &ledger)?;
        let retired = release::to_retire(&ledger, self.settings.keep, &pinned);
        let mut retired: Vec<_> = retired.into_iter().cloned().collect();
        let candidates = ledger.iter().filter(|r| r.presence == Presence::Candidate);
        for candidate in candidates.filter(|r| !pinned.contains(&r.id)) {
            // Left behind by an execution that could not undo it; another one is live by now.
            if self
                .store
                .execution(&candidate.execution)?
                .status
                .has_ended()
            {
                retired.push(candidate.clone());
            }
        }
        Ok(retired)
    }

    /// Images that were built or tested and never deployed: the newest stays, for the builder's
    /// cache. A release has its image under a tag of its own, which is not touched here.
    pub(super) async fn retain_builds(&self, place: &Place) {
        let gate = self.running.gate(place);
        let _held = gate.lock().await;
        let executions = match self.store.executions(&super::selection(place, LOOK_BACK)) {
            Ok(executions) => executions,
            Err(error) => {
                tracing::warn!(%place, %error, "retention was not decided");
                return;
            }
        };
        let wanted = match self.wanted_again(place) {
            Ok(wanted) => wanted,
            Err(error) => return tracing::warn!(%place, %error, "retention was not decided"),
        };
        let built = executions.iter().filter(|e| {
            &e.place == place && e.status == ExecutionStatus::Succeeded && self.has_built(e)
        });
        let rest = built.skip(1).filter(|e| !wanted.contains(&e.id));
        for execution in rest {
            if let Err(error) = self.untag(&place.service, &execution.id).await {
                tracing::warn!(execution = %execution.id, %error, "an image was not cleaned up; it is tried again after the next build");
            }
        }
    }

    /// What only tested an image that was there has no tag of its own.
    fn has_built(&self, execution: &Execution) -> bool {
        let plan = self.store.plan(&execution.plan);
        plan.is_ok_and(|plan| plan.body.pins.image_id.is_none())
    }

    /// The executions that an open plan runs again, maybe with their image.
    fn wanted_again(&self, place: &Place) -> Result<Vec<ExecutionId>, FlowError> {
        let open = self.store.open_plans_of(&place.service)?.into_iter();
        let again = open.filter_map(|plan| plan.origin.rerun_of);
        Ok(again.map(|rerun| rerun.execution).collect())
    }

    async fn untag(&self, service: &ServiceName, execution: &ExecutionId) -> Result<(), FlowError> {
        let unavailable =
            |error: &dyn std::fmt::Display| FlowError::new(Code::Unavailable, error.to_string());
        let tag = naming::image_tag(&self.instance, service, execution);
        let tag = ImageReference::parse(&tag)
            .map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))?;
        let found = self.docker.find_image(&tag).await;
        let Some(image) = found.map_err(|e| unavailable(&e))? else {
            return Ok(());
        };
        let untagged = self.docker.untag_image(&tag, &image.id).await;
        untagged.map_err(|e| unavailable(&e))
    }

    fn pinned(&self, place: &Place, ledger: &[Release]) -> Result<Vec<ReleaseId>, FlowError> {
        let open = self.store.open_plans_of(&place.service)?;
        let watch = self.store.open_watch(place)?;
        let granted = match watch.and_then(|watch| watch.grant) {
            Some(Grant {
                on_degraded: OnDegraded::RollBack { to },
                ..
            }) => Some(to),
            _ => None,
        };
        let open = open.iter().map(|plan| &plan.body);
        Ok(release::pinned(place, ledger, open, granted.as_ref()))
    }

    async fn retire(&self, release: &Release) -> Result<(), FlowError> {
        let unavailable =
            |error: &dyn std::fmt::Display| FlowError::new(Code::Unavailable, error.to_string());
        let name = self.container_name(release)?;
        let found = self.docker.find(&name).await.map_err(|e| unavailable(&e))?;
        if let Some(state) = found {
            if state.is_running() {
                let drain = Duration::from_secs(u64::from(release.configuration.drain_seconds));
                let stopped = self.docker.stop(&state.id, drain).await;
                stopped.map_err(|e| unavailable(&e))?;
            }
            self.docker
                .remove(&state.id)
                .await
                .map_err(|e| unavailable(&e))?;
        }
        for tag in self.tags_to_take(release)? {
            if let (Ok(tag), Some(image)) = (ImageReference::parse(&tag), &release.image_id) {
                self.docker
                    .untag_image(&tag, image)
                    .await
                    .map_err(|e| unavailable(&e))?;
            }
        }
        let change = Change::MovePresence {
            release: release.id.clone(),
            event: PresenceEvent::Retire,
            at: clock::now(),
        };
        Ok(self.store.write(Transition::of(vec![change])).await?)
    }

    /// The tags by which the image of a release that is let go of is kept: those of all releases
    /// that it was brought up for, and none while another one of them is kept.
    fn tags_to_take(&self, release: &Release) -> Result<Vec<String>, FlowError> {
        let service = self.catalogue.service(&release.service);
        let mut environments: BTreeSet<&EnvironmentName> = service
            .into_iter()
            .flat_map(|s| s.environments.keys())
            .collect();
        environments.insert(&release.environment);
        let mut same = Vec::new();
        for environment in environments {
            let place = Place {
                service: release.service.clone(),
                environment: Some(environment.clone()),
            };
            let ledger = self.store.ledger(&place)?.into_iter();
            same.extend(ledger.filter(|r| r.image_id == release.image_id));
        }
        let is_kept = |r: &Release| r.id != release.id && r.presence != Presence::Retired;
        if same.iter().any(is_kept) {
            return Ok(Vec::new());
        }
        let tag = |r: Release| naming::image_tag(&self.instance, &r.service, &r.execution);
        Ok(same.into_iter().map(tag).collect())
    }

    /// The target must be on the engine before a rollback is made of it.
    pub(super) async fn require_present(&self, target: &Release) -> Result<(), FlowError> {
        let Some(image) = &target.image_id else {
            return Err(FlowError::new(
                Code::NothingToRollBackTo,
                "it was never built",
            ));
        };
        match self.docker.has_image(image).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(FlowError::new(
                Code::NothingToRollBackTo,
                format!(
                    "the image of {} ({}) is no longer on the engine",
                    target.version,
                    image.short()
                ),
            )),
            Err(error) => Err(FlowError::new(Code::Unavailable, error.to_string())),
        }
    }

    /// Looks whether the last known good of each place is still there; its absence is an incident
    /// at once, not a surprise at the rollback.
    pub(super) async fn check_targets(self: &Arc<Self>) {
        for (name, service) in &self.catalogue.services {
            for environment in service.environments.keys() {
                let place = Place {
                    service: name.clone(),
                    environment: Some(environment.clone()),
                };
                if let Err(error) = self.check_target(&place).await {
                    tracing::warn!(%place, %error, "the rollback target was not checked");
                }
            }
        }
    }

    async fn check_target(self: &Arc<Self>, place: &Place) -> Result<(), FlowError> {
        let ledger = self.store.ledger(place)?;
        let target = release::last_known_good(&ledger, Purpose::Rollback);
        let why = match target {
            None => None,
            Some(target) => match self.require_present(target).await {
                Ok(()) => None,
                Err(error) if error.code == Code::Unavailable => return Err(error),
                Err(error) => Some(error.message),
            },
        };
        let missing = target.filter(|_| why.is_some());
        self.view.keep_missing(place, missing.map(|r| r.id.clone()));
        self.close_found(place, missing).await?;
        match (missing, why) {
            (Some(target), Some(why)) => self.report_missing(place, target, &why).await,
            _ => Ok(()),
        }
    }

    /// What was missing is there again, or something else would be gone back to by now.
    async fn close_found(&self, place: &Place, missing: Option<&Release>) -> Result<(), FlowError> {
        for mut incident in self.store.incidents(&super::selection(place, 50))? {
            let is_over = incident.kind == IncidentKind::TargetMissing
                && incident.status == IncidentStatus::Open
                && incident.rollback_target.as_ref() != missing.map(|r| &r.id);
            if is_over {
                let at = clock::now();
                told(&mut incident, at, "there is something to go back to again");
                incident.status = IncidentStatus::Closed { at, by: None };
                self.save_incident(&incident).await?;
            }
        }
        Ok(())
    }

    async fn report_missing(
        self: &Arc<Self>,
        place: &Place,
        target: &Release,
        why: &str,
    ) -> Result<(), FlowError> {
        let known = self.store.incidents(&super::selection(place, 50))?;
        let told = known.iter().any(|i| {
            i.kind == IncidentKind::TargetMissing
                && i.rollback_target.as_ref() == Some(&target.id)
                && i.status == IncidentStatus::Open
        });
        if told {
            return Ok(());
        }
        let mut incident = self.blank(IncidentKind::TargetMissing, place, clock::now());
        incident.title = format!("{place} cannot be rolled back: {why}; {}", rebuild(target));
        incident.rollback_target = Some(target.id.clone());
        self.open_incident(incident).await.map(drop)
    }
}

/// What to do about a release whose image is gone.
pub(super) fn rebuild(release: &Release) -> String {
    format!(
        "deploy {} again, which rebuilds it from commit {}",
        release.version,
        &release.commit[..release.commit.len().min(12)]
    )
}
