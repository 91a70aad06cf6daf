//! The first start on a ledger that came from a backup.
//!
//! ```text
//!   restored? ─no─> go on as after any restart
//!      └─yes─> ask Docker what there is ──> a place without strangers goes on as after a restart:
//!                   ^                        it adopts what it finds
//!                   │                   └─> a place with strangers waits, and a person is called
//!                   └── every 15 s, until no place waits
//! ```
//!
//! A stranger is a container of this instance whose release the ledger does not know: something
//! was deployed after the backup. What is true of such a place cannot be found out from the ledger,
//! so nothing is begun there by itself, neither an unfinished execution nor a watch.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Flow;
use super::error::{Code, FlowError};
use super::incident::told;
use crate::adapters::docker::Labels;
use crate::domain::incident::{IncidentKind, IncidentStatus};
use crate::domain::lock::Place;
use crate::domain::transition::{Change, Transition};
use crate::os::clock;

const LOOK: Duration = Duration::from_secs(15);
/// What the incident's title begins with, by which it is found again.
const TITLE: &str = "the backup that was restored does not know";

/// A container that the ledger does not know, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stranger {
    place: Place,
    container: String,
}

impl Flow {
    /// Takes up what an earlier process left: at once, or, where the ledger was restored from a
    /// backup, as soon as it agrees with what Docker has.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn take_up(self: &Arc<Self>) -> Result<(), FlowError> {
        let flow = self.clone();
        self.tasks.spawn(async move { flow.keep_time().await });
        if self.store.restored()?.is_none() {
            // In this order: watches and ends that are there now are those of an earlier process.
            self.catch_up()?;
            self.resume_watches(&|_| true)?;
            return self.resume(&|_| true).await;
        }
        tracing::warn!("this ledger was restored from a backup: it is compared with what runs");
        let flow = self.clone();
        self.tasks.spawn(async move {
            let mut held = None;
            loop {
                match flow.reconcile(&mut held).await {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(%error, "the restored ledger cannot be compared with what runs yet");
                    }
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = flow.stop.cancelled() => return,
                }
            }
        });
        Ok(())
    }

    /// One comparison; whether no place waits any more. `held`: the places that waited at the last
    /// one, none before the first.
    async fn reconcile(
        self: &Arc<Self>,
        held: &mut Option<BTreeSet<Place>>,
    ) -> Result<bool, FlowError> {
        let strangers = self.strangers().await?;
        for stranger in &strangers {
            self.report_stranger(stranger).await?;
        }
        let waiting: BTreeSet<Place> = strangers.iter().map(|s| s.place.clone()).collect();
        // What goes on already is not begun a second time.
        let waited = |place: &Place| held.as_ref().is_none_or(|held| held.contains(place));
        let ready = |place: &Place| !waiting.contains(place) && waited(place);
        self.resume_watches(&ready)?;
        self.resume(&ready).await?;
        *held = Some(waiting);
        if !strangers.is_empty() {
            return Ok(false);
        }
        self.close_strangers().await?;
        self.catch_up()?;
        let compared = Change::SetRestored { at: None };
        self.store.write(Transition::of(vec![compared])).await?;
        tracing::info!("the restored ledger agrees with what runs");
        Ok(true)
    }

    async fn strangers(&self) -> Result<Vec<Stranger>, FlowError> {
        let found = self.docker.list(&Labels::default()).await;
        let found = found.map_err(|error| FlowError::new(Code::Unavailable, error.to_string()))?;
        let mut strangers = Vec::new();
        for state in found {
            let (Some(service), environment, Some(release)) = (
                state.labels.service,
                state.labels.environment,
                state.labels.release,
            ) else {
                continue;
            };
            match self.store.release(&release) {
                Ok(_) => {}
                Err(crate::adapters::db::StoreError::NotFound { .. }) => strangers.push(Stranger {
                    place: Place {
                        service,
                        environment,
                    },
                    container: state.name.to_string(),
                }),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(strangers)
    }

    async fn report_stranger(self: &Arc<Self>, stranger: &Stranger) -> Result<(), FlowError> {
        let Stranger { place, container } = stranger;
        let title = format!(
            "{TITLE} the container {container} of {place}, which was made after it: nothing is begun there by itself; see what serves, remove the container (docker rm -f {container}), and deploy what should run"
        );
        let known = self.store.incidents(&super::selection(place, 50))?;
        let is_told = |i: &crate::domain::incident::Incident| {
            i.title == title && i.status == IncidentStatus::Open
        };
        if known.iter().any(is_told) {
            return Ok(());
        }
        let mut incident = self.blank(IncidentKind::Stuck, place, clock::now());
        incident.title = title;
        self.open_incident(incident).await.map(drop)
    }

    async fn close_strangers(&self) -> Result<(), FlowError> {
        let all = crate::adapters::db::Selection {
            limit: 500,
            ..Default::default()
        };
        for mut incident in self.store.incidents(&all)? {
            if incident.title.starts_with(TITLE) && incident.status == IncidentStatus::Open {
                let at = clock::now();
                told(&mut incident, at, "the container is not there any more");
                incident.status = IncidentStatus::Closed { at, by: None };
                self.save_incident(&incident).await?;
            }
        }
        Ok(())
    }
}
