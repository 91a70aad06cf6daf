//! From the first bad answer that a visitor gets to the last known good serving again, as
//! `commander demo` plays and measures it on a real engine and a real Prometheus.

use serde::Deserialize;

use crate::Result;
use crate::figure::Figure;
use crate::server::BINARY;
use crate::shop::run;

const RUNS: usize = 3;

/// What `commander demo --json` prints, as far as it is a figure of this measure.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Played {
    figures: Figures,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    first_bad_answer_to_verdict_ms: f64,
    verdict_to_last_known_good_ms: f64,
    first_bad_answer_to_last_known_good_ms: f64,
}

pub fn measure() -> Result<Vec<Figure>> {
    let mut played = Vec::new();
    for _ in 0..RUNS {
        let printed = run(BINARY, ["demo", "--json"])?;
        played.push(serde_json::from_str::<Played>(&printed)?.figures);
    }
    let figure = |name, pick: fn(&Figures) -> f64| {
        let seconds: Vec<_> = played.iter().map(|p| pick(p) / 1000.0).collect();
        Figure::new("rollback", name, "s", &seconds)
    };
    Ok(vec![
        figure("first bad answer to verdict", |f| {
            f.first_bad_answer_to_verdict_ms
        }),
        figure("verdict to last known good serving", |f| {
            f.verdict_to_last_known_good_ms
        }),
        figure("first bad answer to last known good serving", |f| {
            f.first_bad_answer_to_last_known_good_ms
        }),
    ])
}
