//! The facts of an evaluation: what was asked, when, what came back, and what it was held against.

use super::page::{Page, Sheet, Tone, cut};
use super::watch::{beside_limit, name, value, verdict};
use super::words::counted;
use crate::domain::verdict::{
    ContainerFacts, ContainerReport, ContainerState, DockerHealth, Measure, Metric, Outcome,
    ProbeSummary, Reading, ScrapeOutcome, ScrapeReading, Thresholds, WrongType,
};
use crate::domain::watch::Evaluation;

/// Columns of a raw answer that are shown; the whole comes with `--json`.
const RAW: usize = 300;

/// What is too much.
pub fn limits(thresholds: &Thresholds) -> String {
    let errors = value(Metric::ErrorRate, thresholds.error_rate_max);
    let p95 = thresholds
        .p95_max_seconds
        .map(|seconds| format!(", p95 at most {}", value(Metric::P95, seconds)));
    format!(
        "limits: errors at most {errors}{}, from {} requests in the window on",
        p95.unwrap_or_default(),
        thresholds.min_requests
    )
}

/// The queries as they were sent; they are the same in every evaluation of a release.
pub fn queries(sheet: &mut Sheet<'_>, readings: &[Reading]) {
    for reading in readings {
        fact(sheet, name(reading.metric), Tone::Dim, &reading.query);
    }
}

/// One evaluation: the verdict, and each fact that it rests on with its time.
pub fn evaluation(sheet: &mut Sheet<'_>, page: &Page, evaluation: &Evaluation) {
    let (tone, word) = verdict(evaluation.verdict.kind());
    let marker = format!("  #{:<3}{}  ", evaluation.number, page.time(evaluation.at));
    let sentence = format!("  {}", evaluation.sentence);
    sheet.point(&marker, &[(tone, word), (Tone::Plain, &sentence)]);
    if let Some(metrics) = &evaluation.evidence.metrics {
        for found in &metrics.readings {
            let held = evaluation
                .measures
                .iter()
                .find(|m| m.metric == found.metric);
            reading(sheet, page, found, held);
        }
        scrape(sheet, page, &metrics.scrape);
    }
    if let Some(found) = &evaluation.evidence.probe {
        probe(sheet, found);
    }
    container(sheet, &evaluation.evidence.container);
}

/// The readings of an evaluation, where it had any.
pub fn readings(evaluation: &Evaluation) -> &[Reading] {
    let metrics = evaluation.evidence.metrics.as_ref();
    metrics.map_or(&[], |metrics| &metrics.readings)
}

fn fact(sheet: &mut Sheet<'_>, label: &str, tone: Tone, text: &str) {
    sheet.point(&format!("      {label:<10} "), &[(tone, text)]);
}

/// What a query answered, when, and beside which limit; then the answer as it came.
pub fn reading(sheet: &mut Sheet<'_>, page: &Page, reading: &Reading, held: Option<&Measure>) {
    let asked = format!(
        "  asked {}, took {} ms",
        page.time(reading.asked_at),
        reading.took_milliseconds
    );
    let (tone, said) = match held {
        Some(measure) => (verdict(measure.verdict).0, beside_limit(measure)),
        None => (Tone::Plain, outcome(reading.metric, &reading.outcome)),
    };
    let label = format!("      {:<10} ", name(reading.metric));
    sheet.point(&label, &[(tone, &said), (Tone::Dim, &asked)]);
    if let Some(raw) = &reading.raw {
        fact(sheet, "", Tone::Dim, &cut(raw, RAW));
    }
    if !reading.unknown_metrics.is_empty() {
        let text = format!("never seen: {}", reading.unknown_metrics.join(", "));
        fact(sheet, "", Tone::Warn, &text);
    }
}

fn outcome(metric: Metric, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value { value: found } => value(metric, *found),
        Outcome::Empty => "nothing".to_owned(),
        Outcome::NotANumber => "not a number".to_owned(),
        Outcome::Infinite => "infinite".to_owned(),
        Outcome::SeveralSeries { count } => format!("{count} series instead of one"),
        Outcome::WrongType { found } => match found {
            WrongType::Text => "a text instead of a number".to_owned(),
            WrongType::Matrix => "a range instead of a number".to_owned(),
        },
        Outcome::Partial { warning } => format!("parts are missing: {warning}"),
        Outcome::Failed { error } => format!("no answer: {error}"),
    }
}

fn scrape(sheet: &mut Sheet<'_>, page: &Page, scrape: &ScrapeReading) {
    let text = match &scrape.outcome {
        ScrapeOutcome::Seen { facts } => {
            let up = match facts.up {
                Some(true) => "up",
                Some(false) => "down",
                None => "not known",
            };
            let age = facts
                .newest_sample_age_seconds
                .map(|age| format!(", newest sample {age:.1} s old"));
            format!(
                "{up}{}, {} since the switch",
                age.unwrap_or_default(),
                counted(facts.scrapes, "scrape")
            )
        }
        ScrapeOutcome::Failed { error } => error.to_string(),
    };
    let text = format!("{text} (asked {})", page.time(scrape.asked_at));
    fact(sheet, "scraped", Tone::Plain, &text);
}

fn probe(sheet: &mut Sheet<'_>, probe: &ProbeSummary) {
    let tone = if probe.failed() > 0 {
        Tone::Bad
    } else {
        Tone::Plain
    };
    let mut text = format!(
        "GET {}: {} of {} answered well",
        probe.url, probe.ok, probe.sent
    );
    for (count, what) in [
        (probe.server_errors, "with 5xx"),
        (probe.other_statuses, "with another status"),
        (probe.refused, "refused"),
        (probe.timeouts, "without answer in time"),
        (probe.broken, "broken off"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text.push_str(&format!(", slowest {} ms", probe.slowest_milliseconds));
    fact(sheet, "probe", tone, &text);
}

fn container(sheet: &mut Sheet<'_>, report: &ContainerReport) {
    let facts = match report {
        ContainerReport::Known { facts } => facts,
        ContainerReport::Unknown { error } => {
            return fact(
                sheet,
                "container",
                Tone::Warn,
                &format!("not known: {error}"),
            );
        }
    };
    let ContainerFacts {
        state,
        restart_count,
        exits,
        oom_kills,
        exit_code,
        health,
    } = facts;
    let (tone, word) = match state {
        ContainerState::Running => (Tone::Plain, "running"),
        ContainerState::Restarting => (Tone::Bad, "restarting"),
        ContainerState::Exited => (Tone::Bad, "ended"),
        ContainerState::Missing => (Tone::Bad, "missing"),
    };
    let mut text = format!("{word}, {}", counted(*restart_count, "restart"));
    if *exits > 0 {
        text.push_str(&format!(
            ", {} since the evaluation before",
            counted(*exits, "exit")
        ));
    }
    if let Some(code) = exit_code {
        text.push_str(&format!(", exit code {code}"));
    }
    if *oom_kills > 0 {
        text.push_str(", out of memory");
    }
    match health {
        Some(DockerHealth::Starting) => text.push_str(", health check starting"),
        Some(DockerHealth::Healthy) => text.push_str(", healthy"),
        Some(DockerHealth::Unhealthy) => text.push_str(", unhealthy"),
        None => {}
    }
    fact(sheet, "container", tone, &text);
}
