//! What Prometheus can scrape about Commander itself. No name of a service, person or version is
//! in it, so that it needs no token: a scraper rarely has one, and the door (`gate`) is passed
//! all the same.
//!
//! | name | labels | what |
//! |---|---|---|
//! | `commander_build_info` | `version` | always 1 |
//! | `commander_http_requests_total` | `route`, `method`, `status` | requests answered |
//! | `commander_http_request_seconds` | `route`, `method` | time to the answer; of a stream, to its beginning |
//! | `commander_commands_total` | `outcome` | sentences read |
//! | `commander_plans_total` | `event` | `stored`, `approved` (each approval), `rejected`, `expired`, `superseded` |
//! | `commander_executions_total` | `action`, `end` | executions ended; `not_started` where it never began |
//! | `commander_step_seconds` | `kind` | how long a step took, well or not |
//! | `commander_rollbacks_total` | `by`, `end` | the executions among them that roll back; `by` is `person` or `policy` |
//! | `commander_evaluations_total` | `verdict` | what the watches found |
//! | `commander_incidents_total` | `kind` | incidents opened |
//! | `commander_store_commits_total` | | commits of the database; many transitions may share one |
//! | `commander_store_transitions_total` | | transitions written by them |
//!
//! All count from the start of the process. What is counted of the ledger is read from it
//! (`counting`), so that no stage knows of this module.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use serde::Serialize;

use super::Api;
use super::problem::Problem;
use crate::domain::interpret::Outcome;

/// From an answer out of memory to one that waits for a repository, in seconds.
const REQUEST_SECONDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0,
];
/// From a container that starts at once to a long build, in seconds.
const STEP_SECONDS: [f64; 10] = [0.05, 0.2, 1.0, 5.0, 15.0, 30.0, 60.0, 180.0, 600.0, 1800.0];

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    commands: IntCounterVec,
    pub(super) plans: IntCounterVec,
    pub(super) executions: IntCounterVec,
    pub(super) step_seconds: HistogramVec,
    pub(super) rollbacks: IntCounterVec,
    pub(super) evaluations: IntCounterVec,
    pub(super) incidents: IntCounterVec,
    commits: IntCounter,
    transitions: IntCounter,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let keep = |name| Keep {
            registry: &registry,
            name,
        };
        let build = keep("build_info").gauge("The version that runs.", &["version"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Self {
            requests: keep("http_requests_total")
                .counter("Requests answered.", &["route", "method", "status"]),
            request_seconds: keep("http_request_seconds").histogram(
                "Time to the answer.",
                &["route", "method"],
                &REQUEST_SECONDS,
            ),
            commands: keep("commands_total").counter("Sentences read.", &["outcome"]),
            plans: keep("plans_total").counter("What happened to plans.", &["event"]),
            executions: keep("executions_total").counter("Executions ended.", &["action", "end"]),
            step_seconds: keep("step_seconds").histogram(
                "How long a step took.",
                &["kind"],
                &STEP_SECONDS,
            ),
            rollbacks: keep("rollbacks_total").counter("Rollbacks ended.", &["by", "end"]),
            evaluations: keep("evaluations_total").counter("What the watches found.", &["verdict"]),
            incidents: keep("incidents_total").counter("Incidents opened.", &["kind"]),
            commits: keep("store_commits_total").total("Commits of the database."),
            transitions: keep("store_transitions_total").total("Transitions written."),
            registry,
        }
    }
}

impl Metrics {
    pub fn request(&self, route: &str, method: &str, status: StatusCode, took: Duration) {
        self.requests
            .with_label_values(&[route, method, status.as_str()])
            .inc();
        self.request_seconds
            .with_label_values(&[route, method])
            .observe(took.as_secs_f64());
    }

    pub fn command(&self, outcome: Outcome) {
        self.commands.with_label_values(&[&word(&outcome)]).inc();
    }

    /// The text that Prometheus scrapes.
    fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// The word by which a value of a closed set stands in JSON, and so in a label.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}

/// What Prometheus scrapes.
#[utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "health", security(()),
    responses((status = OK, content_type = "text/plain; version=0.0.4", body = String), Problem),
)]
pub async fn scrape(State(api): State<Arc<Api>>) -> Result<impl IntoResponse, Problem> {
    let written = api.flow.store.written();
    let metrics = &api.metrics;
    metrics
        .commits
        .inc_by(written.commits - metrics.commits.get());
    metrics
        .transitions
        .inc_by(written.transitions - metrics.transitions.get());
    let text = metrics
        .text()
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}

/// Makes and registers one of ours.
struct Keep<'a> {
    registry: &'a Registry,
    name: &'static str,
}

impl Keep<'_> {
    fn counter(&self, help: &str, labels: &[&str]) -> IntCounterVec {
        self.made(IntCounterVec::new(self.opts(help), labels))
    }

    fn total(&self, help: &str) -> IntCounter {
        self.made(IntCounter::with_opts(self.opts(help)))
    }

    fn gauge(&self, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.made(IntGaugeVec::new(self.opts(help), labels))
    }

    fn histogram(&self, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        let opts = HistogramOpts::from(self.opts(help)).buckets(buckets.to_vec());
        self.made(HistogramVec::new(opts, labels))
    }

    fn opts(&self, help: &str) -> Opts {
        Opts::new(self.name, help).namespace("commander")
    }

    fn made<T: Collector + Clone + 'static>(&self, metric: prometheus::Result<T>) -> T {
        // Names and labels are the constants above, which a test registers.
        let metric = metric.expect("a metric with a legal name");
        // Each constant is used once, so that no name is registered twice.
        self.registry
            .register(Box::new(metric.clone()))
            .expect("each name is registered once");
        metric
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exposed_is_what_the_table_above_says() {
        let metrics = Metrics::default();
        metrics.request("/x", "GET", StatusCode::OK, Duration::from_millis(2));
        metrics.command(Outcome::Plan);
        for counter in [&metrics.plans, &metrics.evaluations, &metrics.incidents] {
            counter.with_label_values(&["x"]).inc();
        }
        metrics.executions.with_label_values(&["x", "y"]).inc();
        metrics.rollbacks.with_label_values(&["x", "y"]).inc();
        metrics.step_seconds.with_label_values(&["x"]).observe(1.0);
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        let mut exposed: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        let mut documented: Vec<&str> = include_str!("metrics.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | `")?.split('`').next())
            .collect();
        exposed.sort_unstable();
        documented.sort_unstable();
        assert_eq!(exposed, documented);
        assert!(text.contains("commander_commands_total{outcome=\"plan\"} 1"));
    }
}
