//! What a person should know before saying yes, in sentences.

use super::super::Flow;
use super::super::ledger;
use super::super::retention::rebuild;
use crate::domain::catalogue::Environment;
use crate::domain::lock::Place;
use crate::domain::plan::{OnDegraded, PlanBody};
use crate::domain::release::{self, Release};
use crate::domain::step::ReleasePin;

impl Flow {
    /// What a person should know before saying yes.
    pub(super) fn notes(
        &self,
        body: &PlanBody,
        ledger: &[Release],
        environment: &Environment,
    ) -> Vec<String> {
        let mut notes: Vec<String> = self.interruption(ledger).into_iter().collect();
        match &body.on_degraded {
            OnDegraded::RollBack { to } => notes.push(self.promise(to, ledger)),
            OnDegraded::CallPerson if body.rollback_target.is_none() => {
                notes.push(
                    "there is no rollback target yet: if it turns out bad, a person is called"
                        .to_owned(),
                );
            }
            _ => notes.push(
                "automatic acts are off here (freeze): if it turns out bad, a person is called"
                    .to_owned(),
            ),
        }
        if !environment.settings.metrics.any() && environment.settings.run.health_path.is_none() {
            notes.push(
                "without metrics and without a health path the release can only end as unverified"
                    .to_owned(),
            );
        }
        notes
    }

    /// What approving the plan promises for the case that the release turns out bad.
    fn promise(&self, to: &ReleasePin, ledger: &[Release]) -> String {
        let target = ledger.iter().find(|r| r.pin().as_ref() == Some(to));
        let version = target.map_or("the last known good", |r| r.version.as_str());
        match target {
            Some(target) if self.view.is_missing(&place_of_release(target), &target.id) => format!(
                "if it turns out bad, nothing can be brought back: the image of {version} is no longer on the engine; first {}",
                rebuild(target)
            ),
            _ => format!(
                "if it turns out bad within its bake, {version} is brought back by itself: approving this approves that"
            ),
        }
    }

    pub(super) fn interruption(&self, kept: &[Release]) -> Option<String> {
        let live = release::live(kept)?;
        let last = self
            .store
            .execution(&live.execution)
            .ok()
            .and_then(|execution| self.store.execution_state(&execution).ok())
            .and_then(|state| ledger::interruption(&state))
            .map(|last| format!(" (last time {:.1} s)", last.as_secs_f64()))
            .unwrap_or_default();
        Some(format!(
            "interruption: {} is stopped before the new container starts; the service is down until that one answers{last}",
            live.version
        ))
    }
}

fn place_of_release(release: &Release) -> Place {
    Place {
        service: release.service.clone(),
        environment: Some(release.environment.clone()),
    }
}
