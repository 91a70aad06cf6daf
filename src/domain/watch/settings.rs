//! How a watch is conducted: one plain value, fixed when the watch begins.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalogue::MetricQueries;
use crate::domain::verdict::{NoTrafficPolicy, Thresholds};

/// Stored with the watch, so that a change of the configuration does not move a bake that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WatchSettings {
    /// From one evaluation to the next.
    pub interval_milliseconds: u32,
    /// What `{{window}}` in a query stands for.
    pub window_seconds: u32,
    pub query_timeout_milliseconds: u32,
    pub bake_seconds: u32,
    /// So many bad evaluations, with none between them that was measured and not bad, confirm.
    pub consecutive_bad: u32,
    pub bad_of: BadOf,
    pub thresholds: Thresholds,
    /// The templates of the service; their placeholders are filled in at each evaluation. Empty
    /// where no Prometheus is configured: then the probe is the evidence.
    pub queries: MetricQueries,
    /// Absent where the service has no health path.
    pub probe: Option<ProbeSettings>,
}

/// `bad` of the last `last` evaluations confirm a degradation, in whatever order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BadOf {
    pub bad: u32,
    pub last: u32,
}

/// Commander's own GETs in each evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeSettings {
    pub path: String,
    pub requests: u32,
    pub timeout_milliseconds: u32,
}

impl ProbeSettings {
    /// Three requests: enough for a majority, and few enough (18 in a window of 60 s) that the
    /// metrics do not take them for traffic, which begins at 50.
    pub fn on(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            requests: 3,
            timeout_milliseconds: 3_000,
        }
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            interval_milliseconds: 10_000,
            window_seconds: 60,
            query_timeout_milliseconds: 5_000,
            bake_seconds: 600,
            consecutive_bad: 3,
            bad_of: BadOf { bad: 5, last: 12 },
            thresholds: Thresholds::default(),
            queries: MetricQueries::default(),
            probe: None,
        }
    }
}

/// A value that no watch can be conducted by: which one, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {expected}")]
pub struct SettingsMistake {
    /// As it is called in [`WatchSettings`].
    pub field: &'static str,
    pub expected: &'static str,
}

impl WatchSettings {
    pub fn interval(&self) -> Duration {
        Duration::from_millis(u64::from(self.interval_milliseconds))
    }

    pub fn bake_milliseconds(&self) -> u64 {
        u64::from(self.bake_seconds) * 1_000
    }

    /// Whether the service has a metric with both a query and a limit.
    pub fn judges_metrics(&self) -> bool {
        let p95 = self.queries.p95.is_some() && self.thresholds.p95_max_seconds.is_some();
        self.queries.error_rate.is_some() || p95
    }

    /// Every mistake at once; empty where a watch can be conducted.
    pub fn mistakes(&self) -> Vec<SettingsMistake> {
        let rate = self.thresholds.error_rate_max;
        let p95 = self.thresholds.p95_max_seconds;
        let rules: [(bool, &'static str, &'static str); 10] = [
            (
                self.interval_milliseconds >= 100,
                "interval",
                "expected at least 100 ms",
            ),
            (
                self.window_seconds > 0,
                "window",
                "expected at least one second",
            ),
            (
                self.query_timeout_milliseconds > 0,
                "query_timeout",
                "expected more than 0 ms",
            ),
            (
                self.bake_milliseconds() >= 3 * u64::from(self.interval_milliseconds),
                "bake",
                "expected at least three intervals",
            ),
            (
                self.consecutive_bad > 0,
                "consecutive_bad",
                "expected at least 1",
            ),
            (
                (1..=self.bad_of.last).contains(&self.bad_of.bad),
                "bad_of",
                "expected between 1 and as many bad evaluations as are looked at",
            ),
            (
                (0.0..=1.0).contains(&rate),
                "error_rate_max",
                "expected a ratio from 0 to 1 (5 % is 0.05)",
            ),
            (
                p95.is_none_or(|seconds| seconds.is_finite() && seconds > 0.0),
                "p95_max_seconds",
                "expected seconds, more than 0",
            ),
            (
                self.thresholds.scrape_interval.seconds() > 0,
                "scrape_interval",
                "expected at least one second",
            ),
            (
                self.probes_are_no_traffic(),
                "probe.requests",
                "expected so few requests that they stay below min_requests in a window",
            ),
        ];
        rules
            .into_iter()
            .filter(|(holds, ..)| !holds)
            .map(|(_, field, expected)| SettingsMistake { field, expected })
            .collect()
    }

    /// Commander's own requests must not pass for the traffic whose absence they stand in for.
    fn probes_are_no_traffic(&self) -> bool {
        let Some(probe) = &self.probe else {
            return true;
        };
        let counted =
            self.queries.requests.is_some() && self.thresholds.no_traffic == NoTrafficPolicy::Probe;
        let in_a_window = u64::from(probe.requests) * u64::from(self.window_seconds) * 1_000
            / u64::from(self.interval_milliseconds.max(1));
        !counted || in_a_window < u64::from(self.thresholds.min_requests)
    }
}
