//! Each verdict as a sentence for a person.

use super::thresholds::Metric;
use super::{BadReason, NoData, Provider, Source, Stale, Verdict};

impl Verdict {
    pub fn sentence(&self) -> String {
        match self {
            Self::Good {
                by: Source::Metrics,
            } => "The metrics are within their limits.".to_owned(),
            Self::Good { by: Source::Probe } => "The health check answers well.".to_owned(),
            Self::Bad { reasons } => {
                let reasons: Vec<String> = reasons.iter().map(BadReason::sentence).collect();
                reasons.join(" ")
            }
            Self::Suspect {
                metric,
                value,
                maximum,
                baseline,
            } => format!(
                "The baseline was already bad: the {metric} is {}, above {}, but it was {} before the switch.",
                shown(*metric, *value),
                shown(*metric, *maximum),
                shown(*metric, *baseline)
            ),
            Self::NoTraffic {
                requests: Some(requests),
                minimum,
            } => format!(
                "There is too little traffic to judge: {requests:.0} requests in the window, {minimum} are needed."
            ),
            Self::NoTraffic { requests: None, .. } => {
                "There is no traffic: the query has nothing to divide by.".to_owned()
            }
            Self::NoData { why } => why.sentence(),
            Self::Stale { why } => why.sentence(),
            Self::ProviderDown { provider, what } => match provider {
                Provider::Prometheus => format!("Prometheus gives no answer: {what}."),
                Provider::Docker => format!("The Docker engine gives no answer: {what}."),
            },
            Self::Warming { scrapes } => format!(
                "Waiting for Prometheus: it has scraped this release {scrapes} of 2 times; if that stays so, look whether its configuration has Commander's file_sd."
            ),
            Self::ConfigError { problem } => {
                format!("The configuration has to be corrected: {problem}.")
            }
        }
    }
}

impl BadReason {
    pub fn sentence(&self) -> String {
        match self {
            Self::Metric {
                metric,
                value,
                limit,
                baseline,
            } => {
                let before = match baseline {
                    Some(baseline) => {
                        format!(" ({} before the switch)", shown(*metric, *baseline))
                    }
                    None => String::new(),
                };
                let (value, limit) = (shown(*metric, *value), shown(*metric, *limit));
                format!("The {metric} is {value}, above its limit of {limit}{before}.")
            }
            Self::Probe { failed, sent } => {
                format!("{failed} of {sent} requests to the health path failed.")
            }
            Self::Unhealthy => "Docker's health check says unhealthy.".to_owned(),
            Self::Exited { exits, exit_code } => {
                let often = match exits {
                    1 => "once".to_owned(),
                    exits => format!("{exits} times"),
                };
                let code = with_code(*exit_code);
                format!(
                    "The container ended by itself{code} and was started again, {often} since go-live."
                )
            }
            Self::OutOfMemory => {
                "The container was killed because it ran out of memory.".to_owned()
            }
            Self::NotRunning { exit_code } => format!(
                "The container does not run any more: it ended{} and nothing starts it again.",
                with_code(*exit_code)
            ),
        }
    }
}

impl NoData {
    fn sentence(&self) -> String {
        match self {
            Self::NothingMeasures => {
                "Nothing measures this release: it has neither a judged metric nor a health check."
                    .to_owned()
            }
            Self::NotAsked => "The metrics were not asked.".to_owned(),
            Self::EmptyDespiteTraffic { metric } => format!(
                "The query of the {metric} answers nothing although there is traffic: a ratio without any error needs \"or vector(0)\"."
            ),
            Self::UnknownMetrics { metric, names } => format!(
                "The query of the {metric} answers nothing, and Prometheus has never seen {}: is it spelt right, and does the release expose it?",
                names.join(", ")
            ),
            Self::NotFinite { metric } => {
                format!("The query of the {metric} answers with no finite number.")
            }
            Self::PartialAnswer { metric, warning } => format!(
                "The answer on the {metric} may lack parts, so that it does not count: {warning}"
            ),
            Self::MixedProbe { failed, sent } => format!(
                "{failed} of {sent} requests to the health path failed: too many to be good, too few to be bad."
            ),
            Self::HealthStarting => {
                "Docker's health check has not answered since the start.".to_owned()
            }
        }
    }
}

impl Stale {
    fn sentence(&self) -> String {
        match self {
            Self::TargetDown => {
                "Prometheus cannot scrape this release (its up is 0), so that its metrics do not count."
                    .to_owned()
            }
            Self::Gone => {
                "Prometheus does not know this release any more, so that its metrics do not count."
                    .to_owned()
            }
            Self::OldSample {
                age_seconds,
                limit_seconds,
            } => format!(
                "The newest sample of this release is {age_seconds:.0} s old, more than {limit_seconds} s, so that its metrics do not count."
            ),
        }
    }
}

fn with_code(exit_code: Option<i64>) -> String {
    exit_code.map_or(String::new(), |code| format!(" with exit code {code}"))
}

/// A value with its unit, as a person reads it.
fn shown(metric: Metric, value: f64) -> String {
    match metric {
        Metric::ErrorRate => {
            let percent = format!("{:.1}", value * 100.0);
            format!("{} %", percent.strip_suffix(".0").unwrap_or(&percent))
        }
        Metric::P95 => format!("{value:.3} s"),
        Metric::Requests => format!("{value:.0}"),
    }
}
