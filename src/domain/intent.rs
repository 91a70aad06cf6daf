//! The intent: a sentence understood, each part with the words that prove it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::name::{EnvironmentName, ServiceName};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Deploy,
    Rollback,
    Build,
    Test,
    Promote,
    Restart,
    Scale,
    Status,
    Logs,
    Unsupported,
}

impl Action {
    /// Whether a plan is made for it (the others are answered or refused).
    pub fn makes_plan(self) -> bool {
        matches!(
            self,
            Self::Deploy
                | Self::Rollback
                | Self::Build
                | Self::Test
                | Self::Promote
                | Self::Restart
        )
    }

    /// Whether it concerns one environment; build and test are the service's own.
    pub fn needs_environment(self) -> bool {
        matches!(
            self,
            Self::Deploy | Self::Rollback | Self::Promote | Self::Restart
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Build => "build",
            Self::Test => "test",
            Self::Promote => "promote",
            Self::Restart => "restart",
            Self::Scale => "scale",
            Self::Status => "status",
            Self::Logs => "logs",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Bytes `start..end` of the sentence as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Where the value of a slot comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotSource {
    /// The words at `span`.
    Text,
    /// The words at `span` are an alias of the catalogue or a usual short form.
    Alias,
    /// There is only one service.
    OnlyService,
    /// Said earlier in the same thread.
    Thread,
}

/// One understood part of the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Slot<T> {
    pub value: T,
    pub source: SlotSource,
    /// Absent only where the words are not in this sentence (`only_service`, `thread`).
    pub span: Option<Span>,
}

/// A version as it was meant, before it is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum VersionWish {
    /// A tag, branch or commit by name.
    Reference(String),
    /// "previous", "last good", "back": the last known good, for a rollback.
    Previous,
    /// "the version on staging".
    RunningIn(EnvironmentName),
    /// "latest", "newest", "two versions back": must be asked, for nobody knows what is meant.
    Unclear(String),
}

/// How several environments belong together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentOrder {
    /// "staging and production": a plan for each.
    #[default]
    Together,
    /// "staging then production": the next plan when the one before is verified.
    Chain,
}

/// Something to do as part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum PostStep {
    /// "run the tests": every image test.
    RunTests,
    /// "run the smoke tests": every live test.
    SmokeTests,
    /// "check that it is healthy": the health gate, which every plan that starts a release has.
    HealthCheck,
    /// One test of the service, or one script of the manifest, by its name.
    Named(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    pub action: Slot<Action>,
    pub service: Option<Slot<ServiceName>>,
    pub version: Option<Slot<VersionWish>>,
    pub environments: Vec<Slot<EnvironmentName>>,
    pub environment_order: EnvironmentOrder,
    pub post_steps: Vec<Slot<PostStep>>,
}

/// What has been understood so far: an intent that may have holes. It is shown while something
/// is asked, and it is what the answer completes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// The best guess also while it is asked; absent only where nothing points to any.
    pub action: Option<Slot<Action>>,
    /// As typed, or the catalogue's name. Without a catalogue it may have a form that a service
    /// of the catalogue cannot have (`acme/mailer`).
    pub service: Option<Slot<String>>,
    /// A rollback always has one (`Previous`, proved by the verb, unless another was said).
    pub version: Option<Slot<VersionWish>>,
    pub environments: Vec<Slot<EnvironmentName>>,
    pub environment_order: EnvironmentOrder,
    pub post_steps: Vec<Slot<PostStep>>,
}

impl Draft {
    /// The intent, once there is an action and the service's name has the form of one.
    pub fn complete(&self) -> Option<Intent> {
        let service = match &self.service {
            Some(slot) => Some(Slot {
                value: ServiceName::parse(&slot.value).ok()?,
                source: slot.source,
                span: slot.span,
            }),
            None => None,
        };
        Some(Intent {
            action: self.action.clone()?,
            service,
            version: self.version.clone(),
            environments: self.environments.clone(),
            environment_order: self.environment_order,
            post_steps: self.post_steps.clone(),
        })
    }
}
