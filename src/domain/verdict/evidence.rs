//! The facts of one evaluation, as the adapters found them and before anybody judged them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::thresholds::Metric;

/// Everything that was found out for one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Absent where the service has no metric queries.
    pub metrics: Option<MetricEvidence>,
    /// Absent where the service has no health path.
    pub probe: Option<ProbeSummary>,
    pub container: ContainerReport,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricEvidence {
    pub scrape: ScrapeReading,
    pub readings: Vec<Reading>,
}

/// One query, with what it was, when, and what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MetricReading)]
pub struct Reading {
    pub metric: Metric,
    /// The query with its placeholders filled in, as it was sent.
    pub query: String,
    pub asked_at: Timestamp,
    pub took_milliseconds: u64,
    pub outcome: Outcome,
    /// The body of the answer, made printable and capped; absent where none came.
    pub raw: Option<String>,
    /// Metric names of the query that Prometheus does not know; asked only after an empty answer.
    pub unknown_metrics: Vec<String>,
}

/// What a query answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
#[schema(as = MetricOutcome)]
pub enum Outcome {
    /// One finite number.
    Value {
        value: f64,
    },
    Empty,
    NotANumber,
    Infinite,
    /// More than one series: the last one never wins.
    SeveralSeries {
        count: u32,
    },
    /// A text or a matrix where one number was expected.
    WrongType {
        found: WrongType,
    },
    /// A success that says that parts of it are missing.
    Partial {
        warning: String,
    },
    Failed {
        error: QueryError,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WrongType {
    Text,
    Matrix,
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum QueryError {
    #[error("it refuses connections")]
    Refused,
    #[error("it did not answer in time")]
    Timeout,
    #[error("it cannot be reached: {what}")]
    Unreachable { what: String },
    #[error("it answered with HTTP status {status}")]
    HttpStatus { status: u16 },
    /// 400, or `bad_data`: the query is no PromQL.
    #[error("it refuses the query: {message}")]
    BadQuery { message: String },
    /// 422, or `execution`: the query cannot be computed.
    #[error("it cannot compute the query: {message}")]
    Execution { message: String },
    /// `status: error` of any other type, also under HTTP 200.
    #[error("it reports an error of type \"{error_type}\": {message}")]
    #[schema(rename_all = "camelCase")]
    Reported { error_type: String, message: String },
    #[error("its answer is broken off or is not the JSON of Prometheus")]
    Malformed,
    #[error("its answer is longer than {max_bytes} bytes: let the query aggregate")]
    #[schema(rename_all = "camelCase")]
    TooLarge { max_bytes: u64 },
    #[error("it redirects to {to}, which is not followed: configure the final address")]
    Redirect { to: String },
}

impl QueryError {
    /// Whether the provider is at fault and may be well again by itself; otherwise somebody has
    /// to correct the address or the query.
    pub fn is_providers_fault(&self) -> bool {
        match self {
            Self::Refused
            | Self::Timeout
            | Self::Unreachable { .. }
            | Self::Reported { .. }
            | Self::Malformed => true,
            // Too Many Requests passes by itself; any other 4xx is a wrong address or a missing right.
            Self::HttpStatus { status } => *status == 429 || !(400..500).contains(status),
            Self::BadQuery { .. }
            | Self::Execution { .. }
            | Self::TooLarge { .. }
            | Self::Redirect { .. } => false,
        }
    }
}

/// Whether Prometheus sees the release at all, asked in one query so that the facts belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeReading {
    pub query: String,
    pub asked_at: Timestamp,
    pub outcome: ScrapeOutcome,
    pub raw: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum ScrapeOutcome {
    Seen { facts: ScrapeFacts },
    Failed { error: QueryError },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeFacts {
    /// `up` of the release; absent where Prometheus has no current sample of it.
    pub up: Option<bool>,
    /// Age of the newest `up` sample by Prometheus' own clock, in seconds.
    pub newest_sample_age_seconds: Option<f64>,
    /// Successful scrapes under the release's own label since its switch began.
    pub scrapes: u32,
}

/// A round of Commander's own GETs on the published address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeSummary {
    pub url: String,
    pub sent: u32,
    /// Answers with 2xx; everything else failed.
    pub ok: u32,
    /// Answers with 5xx.
    pub server_errors: u32,
    /// Answers with any other status; redirects are not followed.
    pub other_statuses: u32,
    pub refused: u32,
    pub timeouts: u32,
    /// Connections that broke, answers that were no HTTP.
    pub broken: u32,
    pub slowest_milliseconds: u64,
}

impl ProbeSummary {
    pub fn failed(&self) -> u32 {
        self.sent.saturating_sub(self.ok)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum ContainerReport {
    Known {
        facts: ContainerFacts,
    },
    /// The engine did not answer.
    Unknown {
        error: String,
    },
}

/// What Docker says about the release's container. What Commander itself stops and starts is not
/// in here: the watch is paused meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerFacts {
    pub state: ContainerState,
    /// Docker's own count, by inspection. It outlives lost events.
    pub restart_count: u32,
    /// `die` events since the evaluation before.
    pub exits: u32,
    /// `oom` events since the evaluation before, or 1 where inspection says so now.
    pub oom_kills: u32,
    /// Of the last exit, where there was one.
    pub exit_code: Option<i64>,
    /// Absent where the image has no HEALTHCHECK.
    pub health: Option<DockerHealth>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    Running,
    /// Ended, and the engine will start it again.
    Restarting,
    /// Ended, and nothing starts it again.
    Exited,
    Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DockerHealth {
    Starting,
    Healthy,
    Unhealthy,
}

/// The same queries on the predecessor, over the window that ended when the switch began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// Empty where there was no predecessor.
    pub readings: Vec<Reading>,
}
