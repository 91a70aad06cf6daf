//! The facts of one evaluation, gathered side by side: metrics, Commander's own requests, Docker.

use std::time::Duration;

use jiff::Timestamp;

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::docker::{ContainerName, ContainerState, HealthStatus, Status};
use crate::adapters::prometheus::TargetLabels;
use crate::domain::id::{Id, ReleaseId};
use crate::domain::naming;
use crate::domain::release::Release;
use crate::domain::verdict::{
    ContainerFacts, ContainerReport, ContainerState as State, DockerHealth, Evidence,
    MetricEvidence, ProbeSummary,
};
use crate::domain::watch::Watch;

impl Flow {
    pub(super) async fn evidence(&self, watch: &Watch) -> Result<Evidence, FlowError> {
        let release = self.store.release(&watch.release)?;
        let (metrics, probe, container) = tokio::join!(
            self.metrics(watch),
            self.probe_round(watch, &release),
            self.container_report(watch, &release),
        );
        Ok(Evidence {
            metrics: metrics?,
            probe,
            container,
        })
    }

    async fn metrics(&self, watch: &Watch) -> Result<Option<MetricEvidence>, FlowError> {
        let Some(prometheus) = self
            .prometheus
            .as_ref()
            .filter(|_| watch.settings.queries.any())
        else {
            return Ok(None);
        };
        let labels = labels(watch)?;
        // By the watch's own clock: a jump of the wall clock would count scrapes from before.
        let watched = Duration::from_millis(watch.state.clock.total_milliseconds());
        let since = watched + watch.settings.interval();
        let (scrape, readings) = tokio::join!(
            prometheus.scrape(&labels, since),
            prometheus.readings(
                &watch.settings.queries,
                &labels,
                watch.settings.window_seconds,
                None
            ),
        );
        Ok(Some(MetricEvidence { scrape, readings }))
    }

    async fn probe_round(&self, watch: &Watch, release: &Release) -> Option<ProbeSummary> {
        let probe = watch.settings.probe.as_ref()?;
        let timeout = Duration::from_millis(u64::from(probe.timeout_milliseconds));
        let publish = release.configuration.publish;
        Some(
            self.probe
                .round(publish, &probe.path, probe.requests, timeout)
                .await,
        )
    }

    async fn container_report(&self, watch: &Watch, release: &Release) -> ContainerReport {
        let told = self.witness.take(&watch.id);
        let found = match self.container_name(release) {
            Ok(name) => self.docker.find(&name).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok(state) => ContainerReport::Known {
                facts: facts(state.as_ref(), told),
            },
            Err(error) => {
                // What the events told is told again with the next answer.
                self.witness.give_back(&watch.id, told);
                ContainerReport::Unknown { error }
            }
        }
    }

    /// The watch over the predecessor as it was before the switch: its label has the baseline.
    pub(super) fn watch_before(&self, watch: &Watch) -> Result<Option<Watch>, FlowError> {
        let before = self.store.watches(&super::selection(&watch.place, 200))?;
        Ok(before
            .into_iter()
            .find(|w| w.id < watch.id && Some(&w.release) == watch.predecessor.as_ref()))
    }

    /// How often Docker has restarted the watched release's container, and when it started it last,
    /// by its own clock; 0 and never where it is gone.
    pub(super) async fn last_start(
        &self,
        watch: &Watch,
    ) -> Result<(u32, Option<Timestamp>), FlowError> {
        let release = self.store.release(&watch.release)?;
        let found = self.docker.find(&self.container_name(&release)?).await;
        let found = found.map_err(|error| FlowError::new(Code::Unavailable, error.to_string()))?;
        Ok(found.map_or((0, None), |state| {
            let restarts = u32::try_from(state.restart_count).unwrap_or(u32::MAX);
            (restarts, state.started_at)
        }))
    }

    pub(super) fn container_name(&self, release: &Release) -> Result<ContainerName, FlowError> {
        let name = naming::container(
            &self.instance,
            &release.service,
            &release.environment,
            &release.id,
        );
        ContainerName::parse(&name)
            .map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))
    }
}

/// Under which labels Prometheus knows what a watch is over.
///
/// The label `release` is the watch's own: the release's id at its first go-live, another one each
/// time the release is brought back. Prometheus hears of a switch seconds late, and until then
/// scrapes the new container under the old label; a restored release that kept its label would be
/// judged by what the bad one did in that time.
pub(super) fn labels(watch: &Watch) -> Result<TargetLabels, FlowError> {
    let environment = watch.place.environment.clone();
    Ok(TargetLabels {
        service: watch.place.service.clone(),
        environment: environment
            .ok_or_else(|| FlowError::new(Code::InvalidInput, "a watch has an environment"))?,
        release: ReleaseId::from_digits(watch.id.digits()),
    })
}

fn facts(state: Option<&ContainerState>, told: super::watch::Told) -> ContainerFacts {
    let Some(state) = state else {
        return ContainerFacts {
            state: State::Missing,
            restart_count: 0,
            exits: told.exits,
            oom_kills: told.oom_kills,
            exit_code: None,
            health: None,
        };
    };
    ContainerFacts {
        state: match state.status {
            Status::Running | Status::Paused => State::Running,
            Status::Restarting => State::Restarting,
            Status::Created | Status::Exited | Status::Dead | Status::Removing => State::Exited,
        },
        restart_count: u32::try_from(state.restart_count).unwrap_or(u32::MAX),
        exits: told.exits,
        oom_kills: told.oom_kills.max(u32::from(state.oom_killed)),
        exit_code: state.exit_code,
        health: match state.health.status {
            HealthStatus::None => None,
            HealthStatus::Starting => Some(DockerHealth::Starting),
            HealthStatus::Healthy => Some(DockerHealth::Healthy),
            HealthStatus::Unhealthy => Some(DockerHealth::Unhealthy),
        },
    }
}
