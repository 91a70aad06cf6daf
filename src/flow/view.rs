//! The view: what runs where, kept in memory by a background task, so that a sentence is answered
//! without asking Docker. Each part says how old it is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::docker::{ContainerState, HealthStatus, Labels, Status};
use crate::domain::id::{ExecutionId, PlanId, ReleaseId};
use crate::domain::incident::Freeze;
use crate::domain::lock::{Holder, Place};
use crate::domain::name::{EnvironmentName, PersonName, ServiceName};
use crate::domain::release::{self, Purpose, Quality, Release};
use crate::domain::revision::RefInfo;
use crate::domain::snapshot::Publish;
use crate::domain::verdict::Preflight;
use crate::domain::watch::Watch;
use crate::os::clock;

/// How long a completion may wait for a repository that was never fetched.
const COMPLETION_FETCH: Duration = Duration::from_secs(10);

/// A service and where it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceView {
    pub name: ServiceName,
    pub repository: String,
    /// In the order a version travels.
    pub environments: Vec<PlaceView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub live: Option<LiveView>,
    /// What a rollback would go to.
    pub last_known_good: Option<ReleaseId>,
    pub last_known_good_version: Option<String>,
    /// The watch that has not ended.
    pub watch: Option<Watch>,
    pub freeze: Option<Freeze>,
    pub locked_by: Option<Holder>,
    pub waiting: Vec<ExecutionId>,
    pub pending_plans: Vec<PlanId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveView {
    pub id: ReleaseId,
    pub version: String,
    pub commit: String,
    pub quality: Quality,
    pub since: Option<Timestamp>,
    pub by: PersonName,
    pub publish: Publish,
    /// What Docker said of its container, and when; absent before it was first asked.
    pub container: Option<SeenContainer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeenContainer {
    pub state: SeenState,
    pub restart_count: u64,
    pub seen_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeenState {
    Running,
    Unhealthy,
    Restarting,
    Stopped,
    Missing,
}

/// What Docker said last, by release.
#[derive(Default)]
pub struct View {
    seen: Mutex<Seen>,
    preflights: Mutex<HashMap<Place, Vec<Preflight>>>,
    /// Rollback targets whose image is gone.
    missing: Mutex<HashMap<Place, ReleaseId>>,
}

#[derive(Default)]
struct Seen {
    /// When all containers were listed last; what is not among them then is missing.
    listed_at: Option<Timestamp>,
    containers: HashMap<ReleaseId, SeenContainer>,
}

impl View {
    /// Whether the release's container was there when Docker was asked last; true while it never
    /// was.
    pub fn has_container(&self, release: &Release) -> bool {
        let seen = self.lock();
        seen.listed_at.is_none() || seen.containers.contains_key(&release.id)
    }

    fn container(&self, release: &ReleaseId) -> Option<SeenContainer> {
        let seen = self.lock();
        let listed_at = seen.listed_at?;
        let missing = || SeenContainer {
            state: SeenState::Missing,
            restart_count: 0,
            seen_at: listed_at,
        };
        Some(
            seen.containers
                .get(release)
                .cloned()
                .unwrap_or_else(missing),
        )
    }

    pub(super) fn keep_preflight(&self, place: Place, found: Vec<Preflight>) {
        let mut preflights = self
            .preflights
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        preflights.insert(place, found);
    }

    /// What the last preflight of the place's queries found; empty before the first.
    pub(super) fn preflight(&self, place: &Place) -> Vec<Preflight> {
        let preflights = self
            .preflights
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        preflights.get(place).cloned().unwrap_or_default()
    }

    pub(super) fn keep_missing(&self, place: &Place, target: Option<ReleaseId>) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        match target {
            Some(target) => missing.insert(place.clone(), target),
            None => missing.remove(place),
        };
    }

    /// Whether the release's image was gone when it was looked for last.
    pub(super) fn is_missing(&self, place: &Place, release: &ReleaseId) -> bool {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.get(place) == Some(release)
    }

    fn replace(&self, states: Vec<ContainerState>, at: Timestamp) {
        let containers = states
            .into_iter()
            .filter_map(|state| Some((state.labels.release.clone()?, seen(&state, at))))
            .collect();
        *self.lock() = Seen {
            listed_at: Some(at),
            containers,
        };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        // Replaced as a whole, so that a panic cannot leave it half done.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(state: &ContainerState, seen_at: Timestamp) -> SeenContainer {
    SeenContainer {
        state: match state.status {
            Status::Running if state.health.status == HealthStatus::Unhealthy => {
                SeenState::Unhealthy
            }
            Status::Running | Status::Paused => SeenState::Running,
            Status::Restarting => SeenState::Restarting,
            Status::Created | Status::Exited | Status::Dead | Status::Removing => {
                SeenState::Stopped
            }
        },
        restart_count: state.restart_count,
        seen_at,
    }
}

impl Flow {
    pub(super) async fn refresh_view(&self) {
        // Before it is asked: what happens while it answers may not be in the answer.
        let at = clock::now();
        match self.docker.list(&Labels::default()).await {
            Ok(states) => self.view.replace(states, at),
            Err(error) => tracing::debug!(%error, "what runs cannot be listed"),
        }
    }

    /// What runs where: the overview.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn services(&self) -> Result<Vec<ServiceView>, FlowError> {
        let open = self.store.open_executions()?;
        self.catalogue
            .services
            .iter()
            .map(|(name, service)| {
                let environments = service
                    .journey()
                    .into_iter()
                    .map(|(environment, _)| self.place_view(name, environment, &open))
                    .collect::<Result<_, _>>()?;
                Ok(ServiceView {
                    name: name.clone(),
                    repository: service.repository.clone(),
                    environments,
                })
            })
            .collect()
    }

    /// Branches and tags of a service whose name holds `query`, newest first. A repository that was
    /// never fetched is fetched once; otherwise what is known answers.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown service, `Unavailable` when the repository cannot be fetched.
    pub async fn refs(
        &self,
        service: &ServiceName,
        query: &str,
        limit: usize,
    ) -> Result<Vec<RefInfo>, FlowError> {
        let repository = self.repository(self.service(service)?)?;
        let unavailable =
            |error: &dyn std::fmt::Display| FlowError::new(Code::Unavailable, error.to_string());
        if self.git.synced_at(&repository).is_none() {
            self.git
                .sync(&repository, COMPLETION_FETCH)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        let refs = self.git.refs(&repository, query, limit).await;
        refs.map_err(|error| unavailable(&error))
    }

    fn place_view(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        open: &[crate::domain::execution::Execution],
    ) -> Result<PlaceView, FlowError> {
        let place = Place {
            service: service.clone(),
            environment: Some(environment.clone()),
        };
        let ledger = self.store.ledger(&place)?;
        let good = release::last_known_good(&ledger, Purpose::Rollback);
        let locked_by = self.store.lock(&place)?;
        let holder = locked_by.as_ref().map(|h| &h.execution);
        let waiting = open
            .iter()
            .filter(|e| e.place == place && Some(&e.id) != holder)
            .map(|e| e.id.clone())
            .collect();
        Ok(PlaceView {
            service: service.clone(),
            environment: environment.clone(),
            live: release::live(&ledger).map(|r| self.live_view(r)),
            last_known_good: good.map(|r| r.id.clone()),
            last_known_good_version: good.map(|r| r.version.clone()),
            watch: self.store.open_watch(&place)?,
            freeze: self.store.freeze(&place)?,
            waiting,
            pending_plans: self.store.pending_plans(&place)?,
            locked_by,
        })
    }

    fn live_view(&self, release: &Release) -> LiveView {
        // What was seen before it went live says nothing about it.
        let is_of_now = |seen: &SeenContainer| Some(seen.seen_at) >= release.live_since;
        LiveView {
            id: release.id.clone(),
            version: release.version.clone(),
            commit: release.commit.clone(),
            quality: release.quality,
            since: release.live_since,
            by: release.by.clone(),
            publish: release.configuration.publish,
            container: self.view.container(&release.id).filter(is_of_now),
        }
    }
}
