//! Instant queries.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::answer;
use super::names::metric_names;
use super::template::{TargetLabels, quoted, resolve};
use crate::domain::catalogue::MetricQueries;
use crate::domain::text::printable;
use crate::domain::verdict::{Metric, Outcome, QueryError, Reading};
use crate::os::clock;
use crate::os::http::{Answer, Client, HttpError, Limits, Route, origin};

/// A query of a watch answers with one number; what is longer by so much has to aggregate.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Characters of the raw answer that are kept as evidence.
const RAW_CHARACTERS: usize = 4_000;

/// One Prometheus server. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Prometheus {
    client: Client,
    base: String,
    limits: Limits,
}

/// A query that was sent, and what came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub asked_at: Timestamp,
    pub took: Duration,
    pub outcome: Outcome,
    /// The body of the answer, made printable and capped.
    pub raw: Option<String>,
}

impl Prometheus {
    /// `address` may have a path before `/api/v1`; `timeout` is for each query.
    ///
    /// # Errors
    ///
    /// When the address is none.
    pub fn new(address: &str, timeout: Duration) -> Result<Self, HttpError> {
        origin(address)?;
        Ok(Self {
            client: Client::new(Route::Direct)?,
            base: address.trim_end_matches('/').to_owned(),
            limits: Limits {
                timeout,
                max_body_bytes: MAX_BODY_BYTES,
            },
        })
    }

    /// Asks for the value of a query, at the server's now or at a given time.
    pub async fn ask(&self, query: &str, at: Option<Timestamp>) -> Asked {
        let asked_at = clock::now();
        let begun = clock::monotonic();
        let answer = self.query(query, at).await;
        Asked {
            asked_at,
            took: begun.elapsed(),
            outcome: answer::outcome(&answer),
            raw: raw(&answer),
        }
    }

    /// Asks every query of a service for one release, side by side: now for an evaluation, at the
    /// time when the switch began for the baseline of the predecessor.
    pub async fn readings(
        &self,
        queries: &MetricQueries,
        labels: &TargetLabels,
        window_seconds: u32,
        at: Option<Timestamp>,
    ) -> Vec<Reading> {
        let asked = each(queries)
            .map(|(metric, template)| self.reading(metric, template, labels, window_seconds, at));
        join_all(asked).await
    }

    async fn reading(
        &self,
        metric: Metric,
        template: &str,
        labels: &TargetLabels,
        window_seconds: u32,
        at: Option<Timestamp>,
    ) -> Reading {
        let query = match resolve(template, labels, window_seconds) {
            Ok(query) => query,
            Err(problem) => return unresolved(metric, template, &problem.to_string()),
        };
        let asked = self.ask(&query, at).await;
        let unknown_metrics = match asked.outcome {
            // Without an answer to this one, the outcome stands without the hint.
            Outcome::Empty => self.unknown_metrics(&query).await.unwrap_or_default(),
            _ => Vec::new(),
        };
        Reading {
            metric,
            query,
            asked_at: asked.asked_at,
            took_milliseconds: u64::try_from(asked.took.as_millis()).unwrap_or(u64::MAX),
            outcome: asked.outcome,
            raw: asked.raw,
            unknown_metrics,
        }
    }

    /// The metric names of a query that Prometheus has no series of, in its whole retention.
    pub(super) async fn unknown_metrics(&self, query: &str) -> Result<Vec<String>, QueryError> {
        let names = metric_names(query);
        if names.is_empty() {
            return Ok(names);
        }
        let url = format!("{}/api/v1/label/__name__/values", self.base);
        let matchers: Vec<String> = names
            .iter()
            .map(|name| format!(r#"{{__name__="{}"}}"#, quoted(name)))
            .collect();
        let parameters: Vec<(&str, &str)> = matchers
            .iter()
            .map(|matcher| ("match[]", matcher.as_str()))
            .collect();
        let known = answer::names(&self.client.get(&url, &parameters, self.limits).await)?;
        Ok(names
            .into_iter()
            .filter(|name| !known.contains(name))
            .collect())
    }

    pub(super) async fn query(
        &self,
        query: &str,
        at: Option<Timestamp>,
    ) -> Result<Answer, HttpError> {
        let url = format!("{}/api/v1/query", self.base);
        let timeout = format!("{}ms", self.limits.timeout.as_millis());
        let at = at.map(|at| at.to_string());
        let mut parameters = vec![("query", query), ("timeout", timeout.as_str())];
        parameters.extend(at.as_deref().map(|at| ("time", at)));
        self.client.get(&url, &parameters, self.limits).await
    }
}

pub(super) fn each(queries: &MetricQueries) -> impl Iterator<Item = (Metric, &str)> {
    [
        (Metric::ErrorRate, queries.error_rate.as_deref()),
        (Metric::P95, queries.p95.as_deref()),
        (Metric::Requests, queries.requests.as_deref()),
    ]
    .into_iter()
    .filter_map(|(metric, template)| Some((metric, template?)))
}

pub(super) fn raw(answer: &Result<Answer, HttpError>) -> Option<String> {
    let body = String::from_utf8_lossy(&answer.as_ref().ok()?.body);
    Some(printable(&body, RAW_CHARACTERS))
}

/// The configuration is checked for this when it is read; a stored one may be older.
fn unresolved(metric: Metric, template: &str, problem: &str) -> Reading {
    Reading {
        metric,
        query: template.to_owned(),
        asked_at: clock::now(),
        took_milliseconds: 0,
        outcome: Outcome::Failed {
            error: QueryError::BadQuery {
                message: problem.to_owned(),
            },
        },
        raw: None,
        unknown_metrics: Vec::new(),
    }
}
