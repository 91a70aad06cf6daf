//! What a named person says about a release: that it is good, that it may not come back, that it
//! may again.

use std::sync::Arc;

use jiff::Timestamp;

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::docker::{LogEnd, LogTail, Logs, LogsRequest};
use crate::domain::audit::AuditEntry;
use crate::domain::id::ReleaseId;
use crate::domain::lock::Place;
use crate::domain::name::PersonName;
use crate::domain::release::{Presence, QualityEvent, Quarantine, Release, VerifiedBy};
use crate::domain::transition::{Change, Transition};
use crate::os::clock;

/// A reason, in characters.
const REASON: usize = 500;

impl Flow {
    /// A person vouches for a release whose watch has ended without proof. What waits for a
    /// verified release goes on as after a watch that proved it.
    ///
    /// # Errors
    ///
    /// `Conflict` while it is watched, before it was live, or when its quality cannot change so.
    pub async fn verify_release(
        self: &Arc<Self>,
        id: &ReleaseId,
        by: &PersonName,
    ) -> Result<Release, FlowError> {
        let release = self.store.release(id)?;
        let place = place_of(&release);
        if release.first_live_at.is_none() {
            let why = "it was never live, so nobody can know how it does";
            return Err(FlowError::new(Code::Conflict, why));
        }
        let open = self.store.open_watch(&place)?;
        if let Some(watch) = open.filter(|watch| &watch.release == id) {
            let why = format!(
                "it is being watched: wait for the end of watch {}, or stop it first",
                watch.id
            );
            return Err(FlowError::new(Code::Conflict, why));
        }
        let verified = Change::MoveQuality {
            release: id.clone(),
            event: QualityEvent::Verify,
            by: Some(VerifiedBy::Person { name: by.clone() }),
        };
        let entry = AuditEntry::new(clock::now(), by.as_str(), "release.verified", id)
            .with("why", "vouched for by a person");
        self.store
            .write(Transition::of(vec![verified, Change::Audit(entry)]))
            .await?;
        let watches = self.store.watches(&super::selection(&place, 200))?;
        let watch = watches.iter().find(|watch| &watch.release == id);
        if let Some(watch) = watch.filter(|_| release.presence == Presence::Live) {
            self.after_verified(watch).await;
        }
        Ok(self.store.release(id)?)
    }

    /// Forbids the release, and its commit and image with its configuration, in its environment.
    ///
    /// # Errors
    ///
    /// `Conflict` when it is forbidden already, or was never built.
    pub async fn quarantine_release(
        &self,
        id: &ReleaseId,
        by: &PersonName,
        reason: &str,
    ) -> Result<Release, FlowError> {
        let release = self.store.release(id)?;
        let image_id = release.image_id.clone().ok_or_else(|| {
            FlowError::new(
                Code::Conflict,
                "it was never built: there is nothing to forbid",
            )
        })?;
        let since = clock::now();
        let reason = format!("{by}: {}", self.remark(reason, REASON));
        let entry =
            AuditEntry::new(since, by.as_str(), "release.quarantined", id).with("reason", &reason);
        let changes = vec![
            Change::MoveQuality {
                release: id.clone(),
                event: QualityEvent::Quarantine,
                by: None,
            },
            Change::Quarantine {
                place: place_of(&release),
                quarantine: Box::new(Quarantine {
                    release: id.clone(),
                    image_id,
                    commit: release.commit,
                    configuration: release.configuration_digest,
                    since,
                    reason,
                }),
            },
            Change::Audit(entry),
        ];
        self.store.write(Transition::of(changes)).await?;
        Ok(self.store.release(id)?)
    }

    /// Allows a forbidden release again; what was proven of it before is not remembered as proof.
    ///
    /// # Errors
    ///
    /// `Conflict` when it is not forbidden.
    pub async fn lift_quarantine(
        &self,
        id: &ReleaseId,
        by: &PersonName,
    ) -> Result<Release, FlowError> {
        self.store.release(id)?;
        let at = clock::now();
        let changes = vec![
            Change::MoveQuality {
                release: id.clone(),
                event: QualityEvent::Lift,
                by: None,
            },
            Change::LiftQuarantine {
                release: id.clone(),
                by: by.clone(),
                at,
            },
            Change::Audit(AuditEntry::new(at, by.as_str(), "release.lifted", id)),
        ];
        self.store.write(Transition::of(changes)).await?;
        Ok(self.store.release(id)?)
    }

    /// The output of the release's container until it stops: the last `tail` lines first, or all
    /// after `since`.
    ///
    /// # Errors
    ///
    /// `NotFound` when it has no container any more, `Unavailable` when Docker does not answer.
    pub async fn release_logs(
        &self,
        id: &ReleaseId,
        tail: u32,
        since: Option<Timestamp>,
    ) -> Result<Logs, FlowError> {
        let release = self.store.release(id)?;
        let unavailable =
            |error: &dyn std::fmt::Display| FlowError::new(Code::Unavailable, error.to_string());
        let name = self.container_name(&release)?;
        let found = self.docker.find(&name).await.map_err(|e| unavailable(&e))?;
        let container = found.ok_or_else(|| {
            let why = format!("{} has no container any more", release.version);
            FlowError::new(Code::NotFound, why)
        })?;
        let request = LogsRequest {
            since,
            tail: match since {
                Some(_) => LogTail::All,
                None => LogTail::Last(tail),
            },
            end: LogEnd::ContainerStops,
        };
        let logs = self.docker.logs(&container.id, request).await;
        logs.map_err(|error| unavailable(&error))
    }
}

fn place_of(release: &Release) -> Place {
    Place {
        service: release.service.clone(),
        environment: Some(release.environment.clone()),
    }
}
