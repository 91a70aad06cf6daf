//! What is too much, and what to do when there is nothing to measure.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a query of the service measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Failed requests by all requests, 0 to 1.
    ErrorRate,
    /// The 95th percentile of the latency, in seconds.
    P95,
    /// Requests in the window. It is not judged: it says whether the others count.
    Requests,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ErrorRate => "error rate",
            Self::P95 => "95th percentile of the latency",
            Self::Requests => "number of requests",
        })
    }
}

/// The limits that one evaluation is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Thresholds {
    /// The highest error rate that is still good, 0 to 1.
    pub error_rate_max: f64,
    /// The highest latency that is still good, in seconds; `None`: latency is not judged.
    pub p95_max_seconds: Option<f64>,
    /// Requests in the window before a ratio or a percentile counts.
    pub min_requests: u32,
    pub no_traffic: NoTrafficPolicy,
    pub scrape_interval: ScrapeInterval,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            error_rate_max: 0.05,
            p95_max_seconds: None,
            min_requests: 50,
            no_traffic: NoTrafficPolicy::Probe,
            scrape_interval: ScrapeInterval::default(),
        }
    }
}

/// What an evaluation without traffic means for the bake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoTrafficPolicy {
    /// Commander's own requests are the evidence.
    #[default]
    Probe,
    /// The bake waits for traffic, up to three times its length.
    Hold,
    /// The bake goes on without evidence, and ends unverified at best.
    Pass,
}

/// How often Prometheus scrapes the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind",
    deny_unknown_fields
)]
pub enum ScrapeInterval {
    /// Somebody wrote it into the configuration.
    Known { seconds: u32 },
    /// Nobody said.
    Assumed { seconds: u32 },
}

impl Default for ScrapeInterval {
    /// Prometheus' own default. A shorter guess would call every release stale whose Prometheus
    /// runs on that default; a dead target is seen at once by its `up` all the same.
    fn default() -> Self {
        Self::Assumed { seconds: 60 }
    }
}

impl ScrapeInterval {
    pub fn seconds(self) -> u32 {
        match self {
            Self::Known { seconds } | Self::Assumed { seconds } => seconds,
        }
    }
}
