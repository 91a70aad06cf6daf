//! Releases: the ledger of go-live attempts, and the one function that says which is the last
//! known good.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;
use super::id::{ExecutionId, PlanId, ReleaseId};
use super::lock::Place;
use super::name::{EnvironmentName, PersonName, ServiceName};
use super::plan::PlanBody;
use super::snapshot::ConfigurationSnapshot;
use super::step::ReleasePin;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    pub id: ReleaseId,
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub plan: PlanId,
    pub execution: ExecutionId,
    /// The tag, branch or commit it was asked for by, for people.
    pub version: String,
    pub commit: String,
    pub tree: String,
    /// Known once it is built.
    pub image_id: Option<Digest>,
    /// The images it was built from, by the reference in the Dockerfile.
    pub base_images: BTreeMap<String, String>,
    pub configuration: ConfigurationSnapshot,
    pub configuration_digest: Digest,
    pub presence: Presence,
    pub quality: Quality,
    pub verified_by: Option<VerifiedBy>,
    pub created_at: Timestamp,
    /// The first go-live: "newest" in the ledger means by this.
    pub first_live_at: Option<Timestamp>,
    /// The last time it became live.
    pub live_since: Option<Timestamp>,
    /// Who had it deployed.
    pub by: PersonName,
}

impl Release {
    /// What it is made of, once it is built.
    pub fn pin(&self) -> Option<ReleasePin> {
        Some(ReleasePin {
            image_id: self.image_id.clone()?,
            configuration: self.configuration_digest.clone(),
            commit: self.commit.clone(),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Being deployed, or left behind by an execution that could not undo it.
    Candidate,
    Live,
    /// Kept, startable at once.
    Standby,
    /// Its container is gone, or it never went live.
    Retired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceEvent {
    GoLive,
    StandBy,
    Retire,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a release that is {presence:?} cannot {event:?}")]
pub struct IllegalPresenceMove {
    pub presence: Presence,
    pub event: PresenceEvent,
}

impl Presence {
    pub const ALL: [Self; 4] = [Self::Candidate, Self::Live, Self::Standby, Self::Retired];

    /// The table of legal moves.
    pub fn next(self, event: PresenceEvent) -> Result<Self, IllegalPresenceMove> {
        use Presence as P;
        use PresenceEvent as E;
        Ok(match (self, event) {
            (P::Candidate | P::Standby, E::GoLive) => P::Live,
            (P::Live, E::StandBy) => P::Standby,
            (P::Candidate | P::Standby, E::Retire) => P::Retired,
            (presence, event) => return Err(IllegalPresenceMove { presence, event }),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Its bake has not ended.
    Unproven,
    /// Continuous positive evidence over the whole bake.
    Verified,
    /// The bake ended without enough evidence; not bad, not proven.
    Unverified,
    /// A rollback left it.
    Quarantined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityEvent {
    Verify,
    EndUnverified,
    Quarantine,
    /// A named person lifts the quarantine; what was proven before it is not remembered as proof.
    Lift,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", refused(*.quality, *.event))]
pub struct IllegalQualityMove {
    pub quality: Quality,
    pub event: QualityEvent,
}

/// Why, and what to do.
fn refused(quality: Quality, event: QualityEvent) -> &'static str {
    match (quality, event) {
        (Quality::Verified, QualityEvent::Verify) => "the release is verified already",
        (Quality::Quarantined, QualityEvent::Verify) => {
            "the release is quarantined: lift its quarantine before you say that it is good"
        }
        (Quality::Quarantined, QualityEvent::Quarantine) => "the release is quarantined already",
        (_, QualityEvent::Lift) => "the release is not quarantined: there is nothing to lift",
        (_, QualityEvent::EndUnverified) => "the bake of the release has ended already",
        (_, QualityEvent::Verify | QualityEvent::Quarantine) => {
            "the quality of the release has changed: look at it again"
        }
    }
}

impl Quality {
    pub const ALL: [Self; 4] = [
        Self::Unproven,
        Self::Verified,
        Self::Unverified,
        Self::Quarantined,
    ];

    /// The table of legal moves.
    pub fn next(self, event: QualityEvent) -> Result<Self, IllegalQualityMove> {
        use Quality as Q;
        use QualityEvent as E;
        Ok(match (self, event) {
            (Q::Unproven | Q::Unverified, E::Verify) => Q::Verified,
            (Q::Unproven, E::EndUnverified) => Q::Unverified,
            (Q::Unproven | Q::Verified | Q::Unverified, E::Quarantine) => Q::Quarantined,
            (Q::Quarantined, E::Lift) => Q::Unverified,
            (quality, event) => return Err(IllegalQualityMove { quality, event }),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum VerifiedBy {
    Metrics,
    Probe,
    Person { name: PersonName },
}

/// A pair that may not be deployed there again until a named person lifts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    pub release: ReleaseId,
    pub image_id: Digest,
    pub commit: String,
    pub configuration: Digest,
    pub since: Timestamp,
    pub reason: String,
}

impl Quarantine {
    /// The same bytes, or a rebuild of the same commit, with the same configuration.
    pub fn forbids(&self, image_id: Option<&Digest>, commit: &str, configuration: &Digest) -> bool {
        &self.configuration == configuration
            && (image_id == Some(&self.image_id) || self.commit == commit)
    }
}

/// The active quarantines of an environment; the rollback target's own pair is exempt.
pub fn quarantined<'a>(
    quarantines: &'a [Quarantine],
    image_id: Option<&Digest>,
    commit: &str,
    configuration: &Digest,
) -> Option<&'a Quarantine> {
    quarantines
        .iter()
        .find(|q| q.forbids(image_id, commit, configuration))
}

/// Whether a release of a place proves there what it is made of: it is verified, its own pair is not
/// under quarantine, and nothing else that was made of the same image or commit was put there since
/// it went live. `quarantines` are the active ones of that place.
pub fn proves(release: &Release, quarantines: &[Quarantine]) -> bool {
    let is_doubted = quarantines.iter().any(|q| {
        let is_same = release.image_id.as_ref() == Some(&q.image_id) || release.commit == q.commit;
        let is_later = release.live_since.is_none_or(|live| q.since > live);
        is_same && (is_later || q.configuration == release.configuration_digest)
    });
    release.quality == Quality::Verified && !is_doubted
}

/// Whose rollback target is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Deploy and promote: what is live now may be gone back to.
    Deploy,
    /// A rollback leaves what is live.
    Rollback,
}

/// The last known good: the newest (by first go-live) verified, not quarantined release of one
/// service and environment that is still kept.
///
/// `ledger` holds the releases of that place in any order.
pub fn last_known_good(ledger: &[Release], purpose: Purpose) -> Option<&Release> {
    ledger
        .iter()
        .filter(|r| r.quality == Quality::Verified)
        .filter(|r| match (r.presence, purpose) {
            (Presence::Live, Purpose::Deploy) | (Presence::Standby, _) => true,
            (Presence::Live, Purpose::Rollback) | (Presence::Candidate | Presence::Retired, _) => {
                false
            }
        })
        .max_by_key(|r| (r.first_live_at, r.id.clone()))
}

/// The release that serves a place now.
pub fn live(ledger: &[Release]) -> Option<&Release> {
    ledger.iter().find(|r| r.presence == Presence::Live)
}

/// The releases of a place that retention leaves alone: those that an open plan or the open watch of
/// the place may go back to, and those whose image an open plan needs, in whatever place of the
/// service: a promotion, and what is run again, bring up an image that only another place has.
pub fn pinned<'a>(
    place: &Place,
    ledger: &[Release],
    open: impl IntoIterator<Item = &'a PlanBody>,
    granted: Option<&ReleasePin>,
) -> Vec<ReleaseId> {
    let mut pins: Vec<&ReleasePin> = granted.into_iter().collect();
    let mut images: Vec<&Digest> = Vec::new();
    for body in open {
        images.extend(&body.pins.image_id);
        match &body.rollback_target {
            Some(target) if body.environment == place.environment => pins.push(target),
            Some(target) => images.push(&target.image_id),
            None => {}
        }
    }
    let is_pinned = |r: &&Release| {
        r.pin()
            .is_some_and(|pin| pins.contains(&&pin) || images.contains(&&pin.image_id))
    };
    let found = ledger.iter().filter(is_pinned);
    found.map(|r| r.id.clone()).collect()
}

/// Which standby releases retention lets go of: all but the last known good, `keep` more (newest
/// first) and those in `pinned` (rollback targets of open plans and watches).
pub fn to_retire<'a>(ledger: &'a [Release], keep: usize, pinned: &[ReleaseId]) -> Vec<&'a Release> {
    let good = [Purpose::Deploy, Purpose::Rollback]
        .map(|purpose| last_known_good(ledger, purpose).map(|r| &r.id));
    let mut standby: Vec<&Release> = ledger
        .iter()
        .filter(|r| r.presence == Presence::Standby)
        .filter(|r| !good.contains(&Some(&r.id)) && !pinned.contains(&r.id))
        .collect();
    standby.sort_by_key(|r| std::cmp::Reverse((r.live_since, r.id.clone())));
    standby.into_iter().skip(keep).collect()
}
