//! Is the release bad? The verdict over the facts of one evaluation.
//!
//! The adapters gather an [`Evidence`]: what each metric query answered, whether Prometheus scrapes
//! the release, what Commander's own probe and Docker say. [`judge`] turns it into one [`Verdict`]
//! and is a function of values alone. What several evaluations mean together (three bad ones, a
//! bake without gaps) is decided in `domain::watch`.
//!
//! The rule above all others: an answer that is missing, old, odd or broken is never "bad" and
//! never "good". Every way in which an answer can fail therefore has its own name here and its
//! fixed verdict; nothing falls through to a default.

mod evidence;
mod judge;
mod metrics;
mod preflight;
mod sentence;
mod thresholds;

pub use evidence::{
    Baseline, ContainerFacts, ContainerReport, ContainerState, DockerHealth, Evidence,
    MetricEvidence, Outcome, ProbeSummary, QueryError, Reading, ScrapeFacts, ScrapeOutcome,
    ScrapeReading, WrongType,
};
pub use judge::{Bench, Exits, Judgement, judge};
pub use metrics::{BASELINE_FACTOR, Measure, limit_over_baseline};
pub use preflight::{Preflight, PreflightFinding};
pub use thresholds::{Metric, NoTrafficPolicy, ScrapeInterval, Thresholds};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one evaluation says about the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Verdict {
    Good {
        by: Source,
    },
    Bad {
        reasons: Vec<BadReason>,
    },
    /// Above its threshold, but so was the predecessor: "baseline already bad". Neither good nor bad.
    Suspect {
        metric: Metric,
        value: f64,
        maximum: f64,
        baseline: f64,
    },
    /// Fewer requests in the window than a ratio needs, and nothing stands in for them.
    NoTraffic {
        requests: Option<f64>,
        minimum: u32,
    },
    NoData {
        why: NoData,
    },
    /// Prometheus answers, but with what it saw of this release some time ago.
    Stale {
        why: Stale,
    },
    ProviderDown {
        provider: Provider,
        what: String,
    },
    /// Fewer than two scrapes under the release's own label.
    Warming {
        scrapes: u32,
    },
    /// A person has to correct the configuration before anything can be measured.
    ConfigError {
        problem: String,
    },
}

/// The verdict without its details: what is counted, remembered and filtered by.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    Good,
    Bad,
    Suspect,
    NoTraffic,
    NoData,
    Stale,
    ProviderDown,
    Warming,
    ConfigError,
}

impl Verdict {
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Good { .. } => VerdictKind::Good,
            Self::Bad { .. } => VerdictKind::Bad,
            Self::Suspect { .. } => VerdictKind::Suspect,
            Self::NoTraffic { .. } => VerdictKind::NoTraffic,
            Self::NoData { .. } => VerdictKind::NoData,
            Self::Stale { .. } => VerdictKind::Stale,
            Self::ProviderDown { .. } => VerdictKind::ProviderDown,
            Self::Warming { .. } => VerdictKind::Warming,
            Self::ConfigError { .. } => VerdictKind::ConfigError,
        }
    }
}

/// What a good verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Metrics,
    /// Commander's own requests, or the image's HEALTHCHECK.
    Probe,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum BadReason {
    /// `limit` is the threshold, or what the baseline raised it to.
    Metric {
        metric: Metric,
        value: f64,
        limit: f64,
        baseline: Option<f64>,
    },
    /// Most of Commander's own requests failed.
    Probe {
        failed: u32,
        sent: u32,
    },
    /// The image's HEALTHCHECK says so.
    Unhealthy,
    /// It ended by itself and was started again; `exits` since the watch began.
    #[schema(rename_all = "camelCase")]
    Exited {
        exits: u32,
        exit_code: Option<i64>,
    },
    OutOfMemory,
    /// It ended, or was removed, and nothing starts it again.
    #[schema(rename_all = "camelCase")]
    NotRunning {
        exit_code: Option<i64>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum NoData {
    /// The service has neither a metric that is judged nor a health check.
    NothingMeasures,
    /// The metrics were not asked in this evaluation.
    NotAsked,
    /// The query answers nothing although the release has traffic.
    EmptyDespiteTraffic {
        metric: Metric,
    },
    /// Prometheus has never seen these names: a misspelling, or the release does not expose them.
    UnknownMetrics {
        metric: Metric,
        names: Vec<String>,
    },
    NotFinite {
        metric: Metric,
    },
    /// The answer came with warnings that parts of it are missing.
    PartialAnswer {
        metric: Metric,
        warning: String,
    },
    /// Some of Commander's own requests failed, but not most.
    MixedProbe {
        failed: u32,
        sent: u32,
    },
    /// The image's HEALTHCHECK has not answered since the container was started.
    HealthStarting,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Stale {
    /// `up` is 0: Prometheus cannot scrape the release.
    TargetDown,
    /// The release was scraped before and is no longer known to Prometheus.
    Gone,
    #[schema(rename_all = "camelCase")]
    OldSample {
        age_seconds: f64,
        limit_seconds: u32,
    },
}

/// Who was asked and did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Prometheus,
    Docker,
}
