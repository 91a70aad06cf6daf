//! What releases are judged by: Prometheus, and whether each query can be judged at all.

use super::Check;
use crate::adapters::db::Kept;
use crate::adapters::prometheus::{Prometheus, TargetLabels};
use crate::config::Config;
use crate::domain::catalogue::MetricQueries;
use crate::domain::id::{Id, ReleaseId};
use crate::domain::release::Presence;
use crate::domain::verdict::{Outcome, Preflight, PreflightFinding};

/// Labels for a place without a release: a UUID of zeros is made by nobody.
const NOBODY: &str = "00000000000000000000000000000000";

pub(super) async fn look(config: &Config, kept: Option<&Kept>) -> Vec<Check> {
    const WHAT: &str = "prometheus";
    let Some(address) = &config.watchdog.prometheus else {
        let sentence = "not configured (watchdog.prometheus): Commander's own requests to the health paths are the evidence";
        return vec![Check::ok(WHAT, sentence)];
    };
    let prometheus = match Prometheus::new(address, config.watchdog.query_timeout) {
        Ok(prometheus) => prometheus,
        Err(error) => return vec![Check::fail(WHAT, format!("{address}: {error}"))],
    };
    if let Outcome::Failed { error } = prometheus.ask("1", None).await.outcome {
        let sentence = format!(
            "{address}: {error}: start it, or correct watchdog.prometheus; without it no release is judged by its metrics"
        );
        return vec![Check::fail(WHAT, sentence)];
    }
    let mut checks = vec![Check::ok(WHAT, format!("{address} answers"))];
    for place in places(config, kept) {
        checks.extend(queries(&prometheus, config, place).await);
    }
    checks
}

struct Place<'a> {
    labels: TargetLabels,
    queries: &'a MetricQueries,
    is_live: bool,
}

fn places<'a>(config: &'a Config, kept: Option<&'a Kept>) -> impl Iterator<Item = Place<'a>> {
    config
        .catalogue
        .services
        .iter()
        .flat_map(move |(service, settings)| {
            settings
                .environments
                .iter()
                .map(move |(environment, settings)| {
                    let releases = kept.map_or(&[][..], |kept| kept.releases.as_slice());
                    let live = releases.iter().find(|release| {
                        release.presence == Presence::Live
                            && release.service == *service
                            && release.environment == *environment
                    });
                    let nobody = || ReleaseId::from_digits(NOBODY);
                    Place {
                        labels: TargetLabels {
                            service: service.clone(),
                            environment: environment.clone(),
                            release: live.map_or_else(nobody, |release| release.id.clone()),
                        },
                        queries: &settings.settings.metrics,
                        is_live: live.is_some(),
                    }
                })
        })
}

async fn queries(prometheus: &Prometheus, config: &Config, place: Place<'_>) -> Vec<Check> {
    let what = format!(
        "metrics of {} in {}",
        place.labels.service, place.labels.environment
    );
    if !place.queries.any() {
        return Vec::new();
    }
    let window = u32::try_from(config.watchdog.window.as_secs()).unwrap_or(u32::MAX);
    let tried = prometheus
        .preflight(place.queries, &place.labels, window)
        .await;
    let found: Vec<Check> = tried
        .iter()
        .flat_map(|preflight| judged(&what, preflight, place.is_live))
        .collect();
    match found.is_empty() {
        true => vec![Check::ok(what, "each query can be judged")],
        false => found,
    }
}

fn judged(what: &str, preflight: &Preflight, is_live: bool) -> Vec<Check> {
    preflight
        .findings
        .iter()
        // Before the first release nothing has exposed its metrics yet.
        .filter(|finding| is_live || !matches!(finding, PreflightFinding::UnknownMetrics { .. }))
        .map(|finding| {
            let sentence = format!(
                "{} ({})",
                finding.sentence(preflight.metric),
                preflight.query
            );
            match finding.is_config_error() {
                true => Check::fail(what, sentence),
                false => Check::warn(what, sentence),
            }
        })
        .collect()
}
