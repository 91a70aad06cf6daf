//! After the watch is over nothing is automatic: a release that ends then is an incident that
//! calls a person, once.

use std::sync::Arc;

use super::Flow;
use super::error::FlowError;
use super::view::SeenState;
use crate::domain::id::ReleaseId;
use crate::domain::incident::{IncidentKind, IncidentStatus};
use crate::domain::lock::Place;
use crate::domain::release::{self, Presence, Purpose};
use crate::os::clock;

impl Flow {
    /// A container that no watch follows has ended; most often Commander itself stopped it.
    pub(super) fn heard_unwatched(self: &Arc<Self>, release: ReleaseId, exit_code: i64) {
        let flow = self.clone();
        self.tasks.spawn(async move {
            let what = format!("ended with exit code {exit_code}");
            if let Err(error) = flow.report_crash(&release, &what).await {
                tracing::error!(%release, %error, "a crash cannot be reported");
            }
        });
    }

    /// Live releases that do not run, of which no event told: Commander or Docker was away.
    pub(super) async fn check_live(self: &Arc<Self>) {
        let Ok(services) = self.services() else {
            // The next round reads them again, and so does whoever asks what runs.
            return;
        };
        for live in services
            .into_iter()
            .flat_map(|s| s.environments)
            .filter_map(|p| p.live)
        {
            let state = live.container.map(|container| container.state);
            let what = match state {
                Some(SeenState::Stopped) => "does not run any more",
                Some(SeenState::Missing) => "has no container any more",
                _ => continue,
            };
            if let Err(error) = self.report_stopped(&live.id, what).await {
                tracing::error!(release = %live.id, %error, "a crash cannot be reported");
            }
        }
    }

    /// What was seen may be older than the last switch: it is looked at again.
    async fn report_stopped(
        self: &Arc<Self>,
        release: &ReleaseId,
        what: &str,
    ) -> Result<(), FlowError> {
        let name = self.container_name(&self.store.release(release)?)?;
        match self.docker.find(&name).await {
            Ok(Some(state)) if state.is_running() => Ok(()),
            Ok(_) => self.report_crash(release, what).await,
            // Docker is away, of which others tell.
            Err(_) => Ok(()),
        }
    }

    async fn report_crash(
        self: &Arc<Self>,
        release: &ReleaseId,
        what: &str,
    ) -> Result<(), FlowError> {
        let release = self.store.release(release)?;
        let place = Place {
            service: release.service.clone(),
            environment: Some(release.environment.clone()),
        };
        let is_ours = release.presence != Presence::Live
            || self.running.is_busy(&place)
            || self.store.lock(&place)?.is_some()
            || self.store.open_watch(&place)?.is_some();
        let known = self.store.incidents(&super::selection(&place, 50))?;
        let is_known = known.iter().any(|i| {
            i.kind == IncidentKind::CrashAfterVerified
                && i.release.as_ref() == Some(&release.id)
                && i.status == IncidentStatus::Open
        });
        if is_ours || is_known {
            return Ok(());
        }
        let ledger = self.store.ledger(&place)?;
        let way_back = match release::last_known_good(&ledger, Purpose::Rollback) {
            Some(good) => format!("; a rollback brings {} back", good.version),
            None => String::new(),
        };
        let mut incident = self.blank(IncidentKind::CrashAfterVerified, &place, clock::now());
        incident.title = format!(
            "{} of {place} {what}, after its watch was over: nothing is done by itself{way_back}",
            release.version
        );
        incident.container_log = self.last_words(&release).await;
        incident.release = Some(release.id);
        self.open_incident(incident).await.map(drop)
    }
}
