//! Whether Prometheus sees the release as it is now.

use std::time::Duration;

use super::answer::{self, Series};
use super::query::{Prometheus, raw};
use super::template::TargetLabels;
use crate::domain::verdict::{QueryError, ScrapeFacts, ScrapeOutcome, ScrapeReading};
use crate::os::clock;

impl Prometheus {
    /// `since_switch`: how long ago the release's switch began. Older scrapes under the same label
    /// belong to an earlier life of a release that was brought back, and do not count.
    pub async fn scrape(&self, labels: &TargetLabels, since_switch: Duration) -> ScrapeReading {
        let query = facts_query(labels, since_switch);
        let asked_at = clock::now();
        let answer = self.query(&query, None).await;
        let outcome = match answer::series(&answer).and_then(|series| facts(&series)) {
            Ok(facts) => ScrapeOutcome::Seen { facts },
            Err(error) => ScrapeOutcome::Failed { error },
        };
        ScrapeReading {
            query,
            asked_at,
            outcome,
            raw: raw(&answer),
        }
    }
}

/// One query for all facts, so that they are of one moment and by Prometheus' own clock. Each fact
/// carries its name in a label; a fact that there is none of is missing from the answer.
fn facts_query(labels: &TargetLabels, since_switch: Duration) -> String {
    let up = format!("up{}", labels.selector());
    let since = since_switch.as_secs().max(1);
    [
        ("up", format!("min({up})")),
        ("age", format!("max(time() - timestamp({up}))")),
        ("scrapes", format!("max(sum_over_time({up}[{since}s]))")),
    ]
    .map(|(fact, expression)| format!(r#"label_replace({expression}, "fact", "{fact}", "", "")"#))
    .join(" or ")
}

fn facts(series: &[Series]) -> Result<ScrapeFacts, QueryError> {
    let fact = |name: &str| {
        series
            .iter()
            .find(|one| one.metric.get("fact").is_some_and(|fact| fact == name))
            .map(|one| one.value.number().ok_or(QueryError::Malformed))
            .transpose()
    };
    Ok(ScrapeFacts {
        up: fact("up")?.map(|up| up > 0.0),
        newest_sample_age_seconds: fact("age")?.filter(|age| age.is_finite()),
        // The cast of a float saturates; NaN becomes 0.
        scrapes: fact("scrapes")?.unwrap_or(0.0) as u32,
    })
}
