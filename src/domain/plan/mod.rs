//! The plan: an intent for exactly one (service, environment), resolved against the world. What it
//! says is here; in which status it may be is in `status`, and what is no plan in `check`.

mod check;
mod graph;
mod status;

pub use check::InvalidPlan;
pub use status::{IllegalPlanMove, PlanEvent, PlanStatus};

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::advice::Advice;
use super::changes::Changes;
use super::digest::Digest;
use super::id::{ApprovalId, CommandId, PlanId, ReleaseId, ThreadId};
use super::intent::{Action, Intent};
use super::name::{EnvironmentName, PersonName, ServiceName};
use super::rerun::RerunOf;
use super::revision::RefKind;
use super::snapshot::ConfigurationSnapshot;
use super::step::{ImageSource, ReleasePin, Step, StepAction, StepId};

/// What the digest covers, and therefore what an approval approves; no row ids, no times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanBody {
    pub action: Action,
    pub service: ServiceName,
    /// Absent for build and test.
    pub environment: Option<EnvironmentName>,
    /// Sorted by id.
    pub steps: Vec<Step>,
    /// `(before, after)`, sorted.
    pub edges: Vec<(StepId, StepId)>,
    pub pins: Pins,
    /// What the container is created from; absent where none is created or started.
    pub configuration: Option<ConfigurationSnapshot>,
    pub rollback_target: Option<ReleasePin>,
    pub on_degraded: OnDegraded,
}

/// What may not move between the making of the plan and its start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pins {
    /// The tag, branch or commit that was named; a moved one is drift.
    pub reference: Option<String>,
    pub reference_kind: Option<RefKind>,
    pub commit: Option<String>,
    pub tree: Option<String>,
    /// The blob of the Dockerfile.
    pub dockerfile: Option<String>,
    pub build_args: BTreeMap<String, String>,
    /// Only where nothing is built.
    pub image_id: Option<Digest>,
    /// What is live when the plan is made, and will be replaced.
    pub live: Option<ReleasePin>,
}

/// What happens by itself when the watch finds the release bad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "act"
)]
pub enum OnDegraded {
    /// Approving the plan approves exactly one rollback to this release.
    RollBack { to: ReleasePin },
    /// There is nothing to go back to, or nothing automatic is wanted: an incident calls a person.
    CallPerson,
    /// The plan makes no release.
    NotWatched,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub id: PlanId,
    pub digest: Digest,
    pub body: PlanBody,
    pub status: PlanStatus,
    /// Why it is in this status, where a person should know (drift, rejection, expiry).
    pub reason: Option<String>,
    pub origin: Origin,
    pub created_at: Timestamp,
    /// Until when it is offered; after it, the answer is a new plan.
    pub expires_at: Timestamp,
    /// The release rolled back to, or restarted: the row behind the pins.
    pub target_release: Option<ReleaseId>,
    /// What changed since the running release.
    pub changes: Option<Changes>,
    pub advice: Advice,
    /// The environments that follow once this one is verified ("staging then production").
    pub chain: Vec<EnvironmentName>,
    /// What a person should know before saying yes, in sentences.
    pub notes: Vec<String>,
}

/// Where a plan comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    pub by: Requester,
    pub surface: Surface,
    pub command: Option<CommandId>,
    pub thread: Option<ThreadId>,
    pub intent: Option<Intent>,
    /// The sentence as it was typed, made printable.
    pub text: Option<String>,
    /// The execution that it runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<RerunOf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Requester {
    Person {
        name: PersonName,
    },
    /// The automatic rollback that this approval allowed beforehand.
    Policy {
        under: ApprovalId,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    Api,
    Cli,
    Web,
    Watch,
    Chain,
}

impl PlanBody {
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| &step.id == id)
    }
}

impl StepAction {
    /// The image this step works with, if any.
    pub fn image(&self) -> Option<&ImageSource> {
        match self {
            Self::RunTest { image, .. }
            | Self::CreateContainer { image }
            | Self::Switch { to: image, .. }
            | Self::SmokeTest { image, .. }
            | Self::VerifyRunning { image } => Some(image),
            _ => None,
        }
    }
}
