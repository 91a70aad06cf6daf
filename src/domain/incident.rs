//! An incident: what went wrong, what was done about it by itself, and on which evidence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::{ApprovalId, ExecutionId, IncidentId, PlanId, ReleaseId, WatchId};
use super::leftover::Leftover;
use super::name::{EnvironmentName, PersonName, ServiceName};
use super::verdict::Baseline;
use super::watch::{Evaluation, Rule};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    pub id: IncidentId,
    pub kind: IncidentKind,
    pub severity: IncidentSeverity,
    pub service: ServiceName,
    /// Absent for what concerns the service itself (build, test).
    pub environment: Option<EnvironmentName>,
    pub status: IncidentStatus,
    pub opened_at: Timestamp,
    /// One sentence: what happened and, where a person is needed, what to do.
    pub title: String,
    /// The release that it is about.
    pub release: Option<ReleaseId>,
    /// The release that was, or should have been, brought back.
    pub rollback_target: Option<ReleaseId>,
    pub watch: Option<WatchId>,
    /// The plan and execution of the rollback, where there was one.
    pub plan: Option<PlanId>,
    pub execution: Option<ExecutionId>,
    /// What confirmed the degradation.
    pub rule: Option<Rule>,
    /// The evaluations that it rests on, oldest first.
    pub evidence: Vec<Evaluation>,
    /// What the predecessor had before the switch.
    pub baseline: Option<Baseline>,
    /// The end of the container's log, made printable.
    pub container_log: Vec<String>,
    /// What an execution that is stuck may have left in the world, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Leftover>,
    /// What was done, oldest first.
    pub acts: Vec<Act>,
    pub timeline: Vec<TimelineEntry>,
    pub notifications: Vec<NotificationOutcome>,
}

impl Incident {
    /// What it is about, without what it rests on and what was done: for a list.
    pub fn brief(self) -> Self {
        Self {
            evidence: Vec::new(),
            baseline: None,
            container_log: Vec::new(),
            acts: Vec::new(),
            timeline: Vec::new(),
            ..self
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// A bad release was taken back, and the target serves.
    Rollback,
    /// The rollback did not end with the target running.
    RollbackFailed,
    /// There is nothing that may be rolled back to.
    RollbackImpossible,
    /// Bad, and nothing automatic was allowed.
    DegradedUnattended,
    /// Automatic acts are off for the environment.
    Freeze,
    /// The image or container of the last known good is gone.
    TargetMissing,
    /// A release that was verified crashed later.
    CrashAfterVerified,
    /// An execution or a watch does not get on.
    Stuck,
}

/// How loudly it calls.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IncidentSeverity {
    /// Users may be without the service now, and nothing will happen by itself.
    Critical,
    /// A person should look today; the service is served.
    High,
    /// Over, and worth knowing.
    Notice,
}

impl IncidentKind {
    pub fn severity(self) -> IncidentSeverity {
        match self {
            Self::Rollback => IncidentSeverity::Notice,
            Self::TargetMissing | Self::Freeze | Self::Stuck => IncidentSeverity::High,
            Self::RollbackFailed
            | Self::RollbackImpossible
            | Self::DegradedUnattended
            | Self::CrashAfterVerified => IncidentSeverity::Critical,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum IncidentStatus {
    Open,
    Closed {
        at: Timestamp,
        /// Absent where it closed by itself.
        by: Option<PersonName>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub what: String,
}

/// Something that Commander did by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    pub at: Timestamp,
    pub what: String,
    /// The approval that allowed it beforehand.
    pub under: Option<ApprovalId>,
}

/// What is sent to the webhook. `text` repeats the rest in one sentence, under the name by which
/// chat systems look for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub event: NotificationEvent,
    pub at: Timestamp,
    pub text: String,
    pub service: ServiceName,
    pub environment: Option<EnvironmentName>,
    pub plan: Option<PlanId>,
    pub execution: Option<ExecutionId>,
    pub incident: Option<IncidentId>,
    pub severity: Option<IncidentSeverity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationEvent {
    ApprovalWaiting,
    /// An execution asks in its middle, and waits.
    AnswerWaiting,
    RolledBack,
    IncidentOpened,
}

/// What became of a notification. It never changes the outcome that it tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationOutcome {
    pub event: NotificationEvent,
    pub at: Timestamp,
    /// Scheme, host and port; the path may hold a secret.
    pub to: String,
    pub attempts: u32,
    pub delivery: Delivery,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Delivery {
    Delivered {
        status: u16,
    },
    /// The answer was no success; 4xx is not tried again.
    Rejected {
        status: u16,
    },
    /// There was no answer.
    Failed {
        error: String,
    },
}

/// Automatic acts are off for an environment until a person ends it, or the next release that a
/// person approved is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Freeze {
    pub place: super::lock::Place,
    pub since: Timestamp,
    pub reason: String,
    pub incident: Option<IncidentId>,
}
