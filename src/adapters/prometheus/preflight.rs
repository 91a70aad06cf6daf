//! Trying a service's queries out before anything is deployed.

use futures_util::future::join_all;

use super::query::{Asked, Prometheus, each};
use super::template::{TargetLabels, resolve};
use crate::domain::catalogue::MetricQueries;
use crate::domain::id::{Id, ReleaseId};
use crate::domain::verdict::{Metric, Outcome, Preflight, PreflightFinding, QueryError};
use crate::os::clock;

/// A release that there never was: a UUID of zeros is made by nobody.
const NOBODY: &str = "00000000000000000000000000000000";

impl Prometheus {
    /// Tries out each query of a service, with the labels of the release that is live now, or of
    /// the one to come where none is.
    pub async fn preflight(
        &self,
        queries: &MetricQueries,
        labels: &TargetLabels,
        window_seconds: u32,
    ) -> Vec<Preflight> {
        let tried = each(queries)
            .map(|(metric, template)| self.try_out(metric, template, labels, window_seconds));
        join_all(tried).await
    }

    async fn try_out(
        &self,
        metric: Metric,
        template: &str,
        labels: &TargetLabels,
        window_seconds: u32,
    ) -> Preflight {
        let asked_at = clock::now();
        let nobody = TargetLabels {
            release: ReleaseId::from_digits(NOBODY),
            ..labels.clone()
        };
        let resolved = resolve(template, labels, window_seconds)
            .and_then(|query| Ok((query, resolve(template, &nobody, window_seconds)?)));
        let (query, findings) = match resolved {
            Ok((query, of_nobody)) => {
                let findings = self.findings(&query, &of_nobody).await;
                (query, findings)
            }
            Err(problem) => {
                let message = problem.to_string();
                let error = QueryError::BadQuery { message };
                (
                    template.to_owned(),
                    vec![PreflightFinding::Refused { error }],
                )
            }
        };
        Preflight {
            metric,
            query,
            asked_at,
            findings,
        }
    }

    async fn findings(&self, query: &str, of_nobody: &str) -> Vec<PreflightFinding> {
        let asked = self.ask(query, None).await;
        if let Some(finding) = finding(&asked) {
            return vec![finding];
        }
        let nobody = self.ask(of_nobody, None).await;
        let mut findings = Vec::new();
        findings.extend(same_for_any_release(&nobody.outcome));
        match self.unknown_metrics(query).await {
            Ok(names) if names.is_empty() => {}
            Ok(names) => findings.push(PreflightFinding::UnknownMetrics { names }),
            Err(error) => findings.push(PreflightFinding::NotChecked { error }),
        }
        findings
    }
}

fn finding(asked: &Asked) -> Option<PreflightFinding> {
    match &asked.outcome {
        Outcome::Failed { error } if error.is_providers_fault() => {
            let error = error.clone();
            Some(PreflightFinding::NotChecked { error })
        }
        Outcome::Failed { error } => {
            let error = error.clone();
            Some(PreflightFinding::Refused { error })
        }
        Outcome::SeveralSeries { count } => Some(PreflightFinding::SeveralSeries { count: *count }),
        Outcome::WrongType { .. } => Some(PreflightFinding::NotANumber),
        Outcome::Value { .. }
        | Outcome::Empty
        | Outcome::NotANumber
        | Outcome::Infinite
        | Outcome::Partial { .. } => None,
    }
}

/// A query that filters by release has nothing for a release that does not exist: an empty answer,
/// NaN, or the 0 of an `or vector(0)`.
fn same_for_any_release(of_nobody: &Outcome) -> Option<PreflightFinding> {
    match of_nobody {
        Outcome::Value { value } if *value != 0.0 => {
            Some(PreflightFinding::SameForAnyRelease { value: *value })
        }
        _ => None,
    }
}
