//! A step: a node of the plan's graph; a closed set of actions with typed parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;
use super::execution::FaultKind;
use super::name::{PersonName, TestName};

/// The choice that every question has: it ends the execution, and so does no answer.
pub const NO: &str = "no";
/// The usual other one.
pub const YES: &str = "yes";

/// A step's name inside its plan: `build`, `test-unit`, `switch`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for StepId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    pub id: StepId,
    pub action: StepAction,
    /// A try that takes longer is ended as failed; a question that nobody answers so long is
    /// answered with "no".
    pub timeout_seconds: u32,
    /// Absent where a fault is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// The step is skipped where this does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

/// Which faults of a step are tried again, and how patiently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryPolicy {
    pub on: BTreeSet<FaultKind>,
    /// The first one included.
    pub tries: u32,
    /// After the first try; it doubles with each.
    pub first_pause_milliseconds: u32,
    pub longest_pause_milliseconds: u32,
    /// By so much of itself a pause may be shorter, so that those who failed together do not come
    /// back together.
    pub jitter_percent: u8,
}

impl RetryPolicy {
    /// Whether the try with this number, counted from 1, is followed by another one.
    pub fn covers(&self, fault: FaultKind, attempt: u32) -> bool {
        self.on.contains(&fault) && attempt < self.tries
    }

    /// How long to wait after that try; `fraction` is the chance of the moment, from 0 up to 1.
    pub fn pause(&self, attempt: u32, fraction: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let whole = u64::from(self.first_pause_milliseconds) << doublings;
        let whole = whole.min(self.longest_pause_milliseconds.into());
        let jitter = f64::from(self.jitter_percent) / 100.0 * fraction.clamp(0.0, 1.0);
        Duration::from_millis(whole).mul_f64(1.0 - jitter)
    }

    fn is_sound(&self) -> bool {
        self.tries > 1
            && !self.on.is_empty()
            && !self.on.contains(&FaultKind::Cancelled)
            && self.first_pause_milliseconds <= self.longest_pause_milliseconds
            && self.jitter_percent <= 100
    }
}

impl Step {
    /// Whether its retries are such as may be promised: a sound policy, on what is harmless when
    /// it is done twice.
    pub fn may_retry(&self) -> bool {
        let Some(retry) = &self.retry else {
            return true;
        };
        let once = matches!(
            self.action,
            StepAction::RunScript { .. }
                | StepAction::RestartContainer { .. }
                | StepAction::Confirm { .. }
        );
        retry.is_sound() && !once
    }
}

/// What must hold of earlier outputs for a step to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Condition {
    /// The question of that step was answered with this choice.
    Answered { step: StepId, choice: String },
}

/// What a step may do. Nothing outside this list can be in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum StepAction {
    /// Makes sure that the pinned commit and tree are in the mirror.
    FetchSource {
        repository: String,
        commit: String,
        tree: String,
    },
    /// Builds the image from the pinned tree.
    BuildImage(BuildInstructions),
    /// Makes sure that the pinned image is on the engine.
    #[schema(rename_all = "camelCase")]
    RequireImage { image_id: Digest },
    /// Runs an image test in a container of its own, without network.
    RunTest {
        test: TestName,
        argv: Vec<String>,
        image: ImageSource,
    },
    /// Asks a person and waits for the answer; nothing outside is touched.
    Confirm {
        question: String,
        /// `no` is always among them.
        choices: Vec<String>,
        /// Empty: whoever may approve the plan.
        answerers: Vec<PersonName>,
    },
    /// Creates the release's container, not started.
    CreateContainer { image: ImageSource },
    /// Stops what runs and keeps it; starts the release's container on the public port.
    Switch {
        from: Option<ReleasePin>,
        to: ImageSource,
    },
    /// Waits until the release answers well.
    HealthGate { gate: HealthGate },
    /// Runs a live test in the network of the started release.
    SmokeTest {
        test: TestName,
        argv: Vec<String>,
        image: ImageSource,
    },
    /// Inspects that what runs is the image and configuration that were approved.
    VerifyRunning { image: ImageSource },
    /// Restarts the container of the live release.
    RestartContainer { release: ReleasePin },
    /// Runs a script of the manifest.
    RunScript {
        script: String,
        sha256: String,
        arguments: BTreeMap<String, String>,
    },
}

impl StepAction {
    /// Every answer of `kind`, in alphabetical order.
    pub const KINDS: [&str; 12] = [
        "build_image",
        "confirm",
        "create_container",
        "fetch_source",
        "health_gate",
        "require_image",
        "restart_container",
        "run_script",
        "run_test",
        "smoke_test",
        "switch",
        "verify_running",
    ];

    pub fn kind(&self) -> &'static str {
        match self {
            Self::FetchSource { .. } => "fetch_source",
            Self::BuildImage(_) => "build_image",
            Self::RequireImage { .. } => "require_image",
            Self::RunTest { .. } => "run_test",
            Self::Confirm { .. } => "confirm",
            Self::CreateContainer { .. } => "create_container",
            Self::Switch { .. } => "switch",
            Self::HealthGate { .. } => "health_gate",
            Self::SmokeTest { .. } => "smoke_test",
            Self::VerifyRunning { .. } => "verify_running",
            Self::RestartContainer { .. } => "restart_container",
            Self::RunScript { .. } => "run_script",
        }
    }
}

/// All that a build depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildInstructions {
    pub commit: String,
    /// Directory inside the repository; `.` is its root.
    pub context: String,
    /// Path inside the repository.
    pub dockerfile: String,
    pub build_args: BTreeMap<String, String>,
    /// Images under quarantine there: a build that gives one of them fails.
    pub refused_images: Vec<Digest>,
}

/// Which image a step works with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "from"
)]
pub enum ImageSource {
    /// What that step of the same plan builds; its id is not known before.
    Built { step: StepId },
    /// This very image.
    #[schema(rename_all = "camelCase")]
    Pinned { image_id: Digest },
}

/// How the started release must show that it is well before it goes live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthGate {
    pub check: HealthCheck,
    pub interval_milliseconds: u32,
    pub timeout_milliseconds: u32,
    pub consecutive: u32,
    pub deadline_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum HealthCheck {
    /// GET on the published address answers 2xx.
    Http { path: String },
    /// The HEALTHCHECK of the image says healthy; where the image has none, the container runs and
    /// stays so for the consecutive looks.
    Container,
}

/// A release without row ids: what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleasePin {
    pub image_id: Digest,
    pub configuration: Digest,
    pub commit: String,
}
