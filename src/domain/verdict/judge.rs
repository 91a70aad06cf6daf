//! The verdict over everything: the container first, then the probe, then the metrics.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evidence::{
    Baseline, ContainerFacts, ContainerReport, ContainerState, DockerHealth, Evidence, ProbeSummary,
};
use super::metrics::{Measure, judge_metrics};
use super::thresholds::{Metric, NoTrafficPolicy, Thresholds};
use super::{BadReason, NoData, Provider, Source, Verdict};
use crate::domain::catalogue::MetricQueries;

/// What the evidence is held against.
#[derive(Debug, Clone, Copy)]
pub struct Bench<'a> {
    pub thresholds: &'a Thresholds,
    pub queries: &'a MetricQueries,
    pub baseline: &'a Baseline,
    pub exits: Exits,
}

impl<'a> Bench<'a> {
    /// The metrics that have both a query and a limit, with the limit.
    pub fn judged_metrics(&self) -> impl Iterator<Item = (Metric, f64)> + use<'a> {
        let error_rate = (self.queries.error_rate.as_ref())
            .map(|_| (Metric::ErrorRate, self.thresholds.error_rate_max));
        let p95 = (self.queries.p95.as_ref())
            .and(self.thresholds.p95_max_seconds)
            .map(|limit| (Metric::P95, limit));
        error_rate.into_iter().chain(p95)
    }
}

/// Exits that nobody asked for. Docker's events and its restart count are two witnesses of the
/// same exits: the events may get lost, the count may lag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exits {
    /// Since the watch began.
    pub total: u32,
    /// Since the evaluation before.
    pub new: u32,
}

/// The verdict, and each value that was held against a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    pub verdict: Verdict,
    pub measures: Vec<Measure>,
}

/// Judges one evaluation.
///
/// Anything bad makes it bad, whoever saw it. Otherwise the metrics speak where the service has
/// some, and the probe where it has none; under the policy `probe` the probe also stands in for
/// metrics without traffic. It never stands in for metrics that are missing, stale or unanswered.
pub fn judge(evidence: &Evidence, bench: &Bench<'_>) -> Judgement {
    let probe = judge_probe(evidence.probe.as_ref(), &evidence.container);
    let has_metrics = bench.judged_metrics().next().is_some();
    let (metrics, measures) = match has_metrics {
        true => judge_metrics(evidence.metrics.as_ref(), bench),
        false => (probe.clone(), Vec::new()),
    };

    let mut reasons = container_reasons(&evidence.container, bench.exits);
    reasons.extend(reasons_of(&probe));
    if has_metrics {
        reasons.extend(reasons_of(&metrics));
    }
    let verdict = if !reasons.is_empty() {
        Verdict::Bad { reasons }
    } else {
        match (&metrics, &probe, bench.thresholds.no_traffic) {
            (Verdict::NoTraffic { .. }, Verdict::Good { .. }, NoTrafficPolicy::Probe) => probe,
            _ => metrics,
        }
    };
    Judgement { verdict, measures }
}

fn reasons_of(verdict: &Verdict) -> Vec<BadReason> {
    match verdict {
        Verdict::Bad { reasons } => reasons.clone(),
        _ => Vec::new(),
    }
}

fn container_reasons(report: &ContainerReport, exits: Exits) -> Vec<BadReason> {
    let ContainerReport::Known { facts } = report else {
        return Vec::new();
    };
    let ContainerFacts { exit_code, .. } = *facts;
    let mut reasons = Vec::new();
    if facts.oom_kills > 0 {
        reasons.push(BadReason::OutOfMemory);
    }
    match facts.state {
        ContainerState::Exited | ContainerState::Missing => {
            reasons.push(BadReason::NotRunning { exit_code });
        }
        ContainerState::Running | ContainerState::Restarting if exits.new > 0 => {
            let exits = exits.total;
            reasons.push(BadReason::Exited { exits, exit_code });
        }
        ContainerState::Running | ContainerState::Restarting => {}
    }
    if facts.health == Some(DockerHealth::Unhealthy) {
        reasons.push(BadReason::Unhealthy);
    }
    reasons
}

/// A round is bad when most of its requests failed and good when none did. In between it is
/// neither: the few requests of a round are no sample to take a ratio of.
fn judge_probe(probe: Option<&ProbeSummary>, container: &ContainerReport) -> Verdict {
    let good = Verdict::Good { by: Source::Probe };
    match probe.filter(|probe| probe.sent > 0) {
        None => judge_health(container),
        Some(probe) => match (probe.failed(), probe.sent) {
            (0, _) => good,
            (failed, sent) if failed * 2 > sent => {
                let reasons = vec![BadReason::Probe { failed, sent }];
                Verdict::Bad { reasons }
            }
            (failed, sent) => {
                let why = NoData::MixedProbe { failed, sent };
                Verdict::NoData { why }
            }
        },
    }
}

/// The image's own HEALTHCHECK, where the service has no health path. "Unhealthy" is a reason of
/// the container's already.
fn judge_health(container: &ContainerReport) -> Verdict {
    let why = match container {
        ContainerReport::Unknown { error } => {
            return Verdict::ProviderDown {
                provider: Provider::Docker,
                what: error.clone(),
            };
        }
        ContainerReport::Known { facts } => match facts.health {
            Some(DockerHealth::Healthy) => return Verdict::Good { by: Source::Probe },
            Some(DockerHealth::Starting | DockerHealth::Unhealthy) => NoData::HealthStarting,
            None => NoData::NothingMeasures,
        },
    };
    Verdict::NoData { why }
}
