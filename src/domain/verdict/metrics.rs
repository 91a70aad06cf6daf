//! The verdict over the metrics: first whether they are current, then whether there is traffic,
//! then each value against its limit.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evidence::{
    Baseline, MetricEvidence, Outcome, QueryError, Reading, ScrapeFacts, ScrapeOutcome,
};
use super::judge::Bench;
use super::thresholds::Metric;
use super::{BadReason, NoData, Provider, Source, Stale, Verdict, VerdictKind};

/// A value is "clearly above" its baseline when it is more than this many times as high.
pub const BASELINE_FACTOR: f64 = 1.5;

/// An error rate may come out slightly above 1, because Prometheus extrapolates both counters by
/// themselves. Beyond this it is no ratio (a percentage, most likely).
const HIGHEST_RATIO: f64 = 1.5;

/// `rate` needs two samples, and the first scrape after a start may still have failed.
const SCRAPES_BEFORE_JUDGING: u32 = 2;

/// An older newest sample means that scraping stopped: two scrapes may be late, three are not.
const SCRAPES_UNTIL_STALE: u32 = 3;

/// One value beside the limit it was held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Measure {
    pub metric: Metric,
    pub value: f64,
    /// The configured threshold.
    pub maximum: f64,
    /// What the value was held against: the threshold, or more where the baseline was bad already.
    pub limit: f64,
    /// The predecessor's value; absent where it had none, or too few requests.
    pub baseline: Option<f64>,
    pub verdict: VerdictKind,
}

/// What a value may be at most. A release is bad only above its threshold **and** clearly above
/// what its predecessor had: more than half as much again, or, for an error rate, more than half
/// of the requests that still worked before. (12 % before: up to 18 % is "already bad", 30 % is
/// bad. 80 % before: up to 90 %.)
pub fn limit_over_baseline(metric: Metric, maximum: f64, baseline: Option<f64>) -> f64 {
    let Some(before) = baseline else {
        return maximum;
    };
    let clearly_above = match metric {
        Metric::ErrorRate => (before * BASELINE_FACTOR).min((1.0 + before) / 2.0),
        Metric::P95 | Metric::Requests => before * BASELINE_FACTOR,
    };
    maximum.max(clearly_above)
}

pub(super) fn judge_metrics(
    evidence: Option<&MetricEvidence>,
    bench: &Bench<'_>,
) -> (Verdict, Vec<Measure>) {
    let Some(evidence) = evidence else {
        let why = NoData::NotAsked;
        return (Verdict::NoData { why }, Vec::new());
    };
    let stale_after = bench.thresholds.scrape_interval.seconds() * SCRAPES_UNTIL_STALE;
    if let Some(verdict) = not_current(&evidence.scrape.outcome, stale_after) {
        return (verdict, Vec::new());
    }
    let traffic = traffic(reading(&evidence.readings, Metric::Requests), bench);
    let mut measures = Vec::new();
    let verdicts: Vec<Verdict> = bench
        .judged_metrics()
        .map(|(metric, maximum)| {
            let reading = reading(&evidence.readings, metric);
            judge_reading(reading, metric, maximum, &traffic, bench, &mut measures)
        })
        .collect();
    (gravest(verdicts), measures)
}

/// The verdict where Prometheus does not see the release as it is now; `None` where it does.
fn not_current(outcome: &ScrapeOutcome, stale_after_seconds: u32) -> Option<Verdict> {
    let facts = match outcome {
        ScrapeOutcome::Failed { error } => return Some(verdict_of_error(error)),
        ScrapeOutcome::Seen { facts } => facts,
    };
    let ScrapeFacts { up, scrapes, .. } = *facts;
    let why = match (up, facts.newest_sample_age_seconds) {
        (Some(false), _) => Stale::TargetDown,
        _ if scrapes < SCRAPES_BEFORE_JUDGING => return Some(Verdict::Warming { scrapes }),
        (None, _) | (Some(true), None) => Stale::Gone,
        (Some(true), Some(age_seconds)) if age_seconds > f64::from(stale_after_seconds) => {
            let limit_seconds = stale_after_seconds;
            Stale::OldSample {
                age_seconds,
                limit_seconds,
            }
        }
        (Some(true), Some(_)) => return None,
    };
    Some(Verdict::Stale { why })
}

/// Whether there are enough requests for a ratio to count.
enum Traffic {
    Enough,
    /// The service has no query that counts requests: the ratio stands for itself.
    NotCounted,
    TooLittle {
        requests: f64,
    },
    /// It was asked and cannot be said; then nothing else counts either.
    Unclear(Verdict),
}

fn traffic(reading: Option<&Reading>, bench: &Bench<'_>) -> Traffic {
    let Some(reading) = reading else {
        return match bench.queries.requests {
            Some(_) => Traffic::Unclear(Verdict::NoData {
                why: NoData::NotAsked,
            }),
            None => Traffic::NotCounted,
        };
    };
    match &reading.outcome {
        Outcome::Value { value } if *value >= f64::from(bench.thresholds.min_requests) => {
            Traffic::Enough
        }
        Outcome::Value { value } => Traffic::TooLittle { requests: *value },
        Outcome::Empty | Outcome::NotANumber if reading.unknown_metrics.is_empty() => {
            Traffic::TooLittle { requests: 0.0 }
        }
        outcome => Traffic::Unclear(verdict_of_answer(reading, outcome)),
    }
}

fn judge_reading(
    reading: Option<&Reading>,
    metric: Metric,
    maximum: f64,
    traffic: &Traffic,
    bench: &Bench<'_>,
    measures: &mut Vec<Measure>,
) -> Verdict {
    let minimum = bench.thresholds.min_requests;
    let Some(reading) = reading else {
        let why = NoData::NotAsked;
        return Verdict::NoData { why };
    };
    match (&reading.outcome, traffic) {
        (_, Traffic::Unclear(verdict)) => verdict.clone(),
        (Outcome::Value { .. } | Outcome::NotANumber, Traffic::TooLittle { requests }) => {
            let requests = Some(*requests);
            Verdict::NoTraffic { requests, minimum }
        }
        (Outcome::Empty, Traffic::TooLittle { requests }) if reading.unknown_metrics.is_empty() => {
            let requests = Some(*requests);
            Verdict::NoTraffic { requests, minimum }
        }
        (Outcome::NotANumber, Traffic::NotCounted) => no_traffic_counted(minimum),
        (Outcome::Empty, Traffic::NotCounted) if reading.unknown_metrics.is_empty() => {
            no_traffic_counted(minimum)
        }
        (Outcome::Value { value }, _) => judge_value(metric, *value, maximum, bench, measures),
        (outcome, _) => verdict_of_answer(reading, outcome),
    }
}

fn no_traffic_counted(minimum: u32) -> Verdict {
    Verdict::NoTraffic {
        requests: None,
        minimum,
    }
}

fn judge_value(
    metric: Metric,
    value: f64,
    maximum: f64,
    bench: &Bench<'_>,
    measures: &mut Vec<Measure>,
) -> Verdict {
    if !is_plausible(metric, value) {
        let problem = format!(
            "the query of the {metric} answers with {value}, which is not a ratio from 0 to 1"
        );
        return Verdict::ConfigError { problem };
    }
    let baseline = baseline_value(bench.baseline, metric, bench.thresholds.min_requests);
    let limit = limit_over_baseline(metric, maximum, baseline);
    let verdict = match baseline {
        _ if value > limit => bad(metric, value, limit, baseline),
        // Above its threshold, and within a limit that only the baseline can have raised.
        Some(baseline) if value > maximum => Verdict::Suspect {
            metric,
            value,
            maximum,
            baseline,
        },
        _ => Verdict::Good {
            by: Source::Metrics,
        },
    };
    measures.push(Measure {
        metric,
        value,
        maximum,
        limit,
        baseline,
        verdict: verdict.kind(),
    });
    verdict
}

fn bad(metric: Metric, value: f64, limit: f64, baseline: Option<f64>) -> Verdict {
    let reasons = vec![BadReason::Metric {
        metric,
        value,
        limit,
        baseline,
    }];
    Verdict::Bad { reasons }
}

fn is_plausible(metric: Metric, value: f64) -> bool {
    match metric {
        Metric::ErrorRate => (0.0..=HIGHEST_RATIO).contains(&value),
        Metric::P95 | Metric::Requests => value >= 0.0,
    }
}

/// The predecessor's value, where it had enough requests for one.
fn baseline_value(baseline: &Baseline, metric: Metric, min_requests: u32) -> Option<f64> {
    let value = |metric| match reading(&baseline.readings, metric)?.outcome {
        Outcome::Value { value } => Some(value),
        _ => None,
    };
    let counted = reading(&baseline.readings, Metric::Requests).is_some();
    if counted && value(Metric::Requests)? < f64::from(min_requests) {
        return None;
    }
    value(metric).filter(|value| is_plausible(metric, *value))
}

fn reading(readings: &[Reading], metric: Metric) -> Option<&Reading> {
    readings.iter().find(|reading| reading.metric == metric)
}

/// The fixed verdict of an answer that is no usable number although there is traffic.
fn verdict_of_answer(reading: &Reading, outcome: &Outcome) -> Verdict {
    let metric = reading.metric;
    let why = match outcome {
        Outcome::Failed { error } => return verdict_of_error(error),
        Outcome::SeveralSeries { count } => {
            let problem = format!(
                "the query of the {metric} answers with {count} series: aggregate it to one, for example with sum(...)"
            );
            return Verdict::ConfigError { problem };
        }
        Outcome::WrongType { .. } => {
            let problem = format!(
                "the query of the {metric} does not answer with a number: take a range or a text out of it"
            );
            return Verdict::ConfigError { problem };
        }
        Outcome::Partial { warning } => NoData::PartialAnswer {
            metric,
            warning: warning.clone(),
        },
        Outcome::Empty if !reading.unknown_metrics.is_empty() => NoData::UnknownMetrics {
            metric,
            names: reading.unknown_metrics.clone(),
        },
        Outcome::Empty => NoData::EmptyDespiteTraffic { metric },
        Outcome::NotANumber | Outcome::Infinite | Outcome::Value { .. } => {
            NoData::NotFinite { metric }
        }
    };
    Verdict::NoData { why }
}

fn verdict_of_error(error: &QueryError) -> Verdict {
    if error.is_providers_fault() {
        Verdict::ProviderDown {
            provider: Provider::Prometheus,
            what: error.to_string(),
        }
    } else {
        Verdict::ConfigError {
            problem: format!("Prometheus gives no answer: {error}"),
        }
    }
}

/// One verdict over several metrics: anything bad is bad, with every reason; short of that, what
/// keeps us from knowing goes before what we know.
fn gravest(verdicts: Vec<Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict.kind() {
        VerdictKind::Bad => 0,
        VerdictKind::ConfigError => 1,
        VerdictKind::ProviderDown => 2,
        VerdictKind::Stale => 3,
        VerdictKind::Warming => 4,
        VerdictKind::NoData => 5,
        VerdictKind::NoTraffic => 6,
        VerdictKind::Suspect => 7,
        VerdictKind::Good => 8,
    };
    let reasons: Vec<BadReason> = verdicts
        .iter()
        .filter_map(|verdict| match verdict {
            Verdict::Bad { reasons } => Some(reasons.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    if !reasons.is_empty() {
        return Verdict::Bad { reasons };
    }
    verdicts
        .into_iter()
        .min_by_key(rank)
        .unwrap_or(Verdict::NoData {
            why: NoData::NothingMeasures,
        })
}
