//! A watch and its evaluations.

use super::evidence::{self, limits};
use super::page::{Page, Sheet, Tone};
use super::table::{Cell, plain, table};
use super::words::{counted, length};
use crate::domain::verdict::{Measure, Metric, VerdictKind};
use crate::domain::watch::{Evaluation, Watch, WatchStatus};
use crate::flow::WatchView;

/// Evaluations of a watch that are shown one a line before the last, which is shown in full.
const LINES: usize = 12;

/// One watch with its evaluations, the last of them in full.
pub fn detail(page: &Page, detail: &WatchView) -> String {
    let WatchView { watch, evaluations } = detail;
    let mut sheet = Sheet::new(page);
    let (tone, _) = status(watch.status());
    let id = format!("  {}", watch.id);
    sheet.entry_of(
        "Watch",
        &[(Tone::Strong, &watch.place.to_string()), (Tone::Dim, &id)],
    );
    sheet.entry("Status", tone, &progress(watch));
    if let Some(reason) = &watch.reason {
        sheet.more(tone, reason);
    }
    sheet.entry("Release", Tone::Plain, watch.release.as_str());
    let automatic = match (&watch.grant, watch.restored) {
        (Some(grant), _) => format!("a rollback, once, under approval {}", grant.under),
        (None, true) => "nothing: it watches a release that was restored".to_owned(),
        (None, false) => "nothing: a person is called".to_owned(),
    };
    sheet.entry("If it is bad", Tone::Plain, &automatic);
    sheet.entry("Judged by", Tone::Plain, &rules(watch));
    sheet.blank();
    let skipped = evaluations.len().saturating_sub(LINES + 1);
    let shown: Vec<&Evaluation> = evaluations.iter().skip(skipped).collect();
    let Some((last, before)) = shown.split_last() else {
        sheet.line(Tone::Dim, "no evaluation yet");
        return sheet.finish();
    };
    for earlier in before {
        let (tone, word) = verdict(earlier.verdict.kind());
        let marker = format!("  #{:<4}{}  ", earlier.number, page.time(earlier.at));
        let text = format!("  {}", evaluation(earlier));
        sheet.point(&marker, &[(tone, word), (Tone::Plain, &text)]);
    }
    evidence::evaluation(&mut sheet, page, last);
    sheet.finish()
}

fn rules(watch: &Watch) -> String {
    let settings = &watch.settings;
    format!(
        "{}; bad for certain with {} in a row or {} of {}, one every {}",
        limits(&settings.thresholds),
        settings.consecutive_bad,
        settings.bad_of.bad,
        settings.bad_of.last,
        length(settings.interval_milliseconds.into())
    )
}

/// A list of watches, newest first.
pub fn list(page: &Page, watches: &[Watch]) -> String {
    if watches.is_empty() {
        return page.paint(Tone::Dim, "nothing was watched yet") + "\n";
    }
    let rows: Vec<[Cell; 5]> = watches
        .iter()
        .map(|watch| {
            let (tone, word) = status(watch.status());
            [
                plain(watch.id.short()),
                plain(watch.place.to_string()),
                (tone, word.to_owned()),
                plain(baked(watch)),
                (Tone::Dim, page.distance(watch.started_at)),
            ]
        })
        .collect();
    table(page, ["WATCH", "WHERE", "STATUS", "BAKED", "BEGUN"], &rows)
}

fn status(status: WatchStatus) -> (Tone, &'static str) {
    match status {
        WatchStatus::Baking => (Tone::Plain, "baking"),
        WatchStatus::Paused => (Tone::Warn, "paused"),
        WatchStatus::Degraded => (Tone::Bad, "degraded"),
        WatchStatus::Verified => (Tone::Good, "verified"),
        WatchStatus::Unverified => (Tone::Warn, "unverified"),
        WatchStatus::RolledBack => (Tone::Bad, "rolled back"),
        WatchStatus::Superseded => (Tone::Dim, "superseded"),
        WatchStatus::Stopped => (Tone::Dim, "stopped"),
    }
}

/// How much of its bake is over.
pub fn baked(watch: &Watch) -> String {
    let baked = length(watch.state.clock.baked_milliseconds);
    let whole = length(watch.settings.bake_milliseconds());
    format!("{baked} of {whole}")
}

/// How far a watch is, in a few words.
pub fn progress(watch: &Watch) -> String {
    let baked = baked(watch);
    let evaluations = counted(watch.state.evaluations, "evaluation");
    match watch.status() {
        WatchStatus::Baking | WatchStatus::Paused => {
            format!("{}, {baked} baked, {evaluations}", watch.status())
        }
        status => format!("{status} after {baked}, {evaluations}"),
    }
}

/// One evaluation in one line: what is good by its values, and else why it is not.
pub fn evaluation(evaluation: &Evaluation) -> String {
    let values: Vec<String> = evaluation.measures.iter().map(measure).collect();
    match evaluation.verdict.kind() {
        VerdictKind::Good if !values.is_empty() => values.join("; "),
        _ => evaluation.sentence.clone(),
    }
}

/// A value beside its limit, with its name.
pub fn measure(measure: &Measure) -> String {
    format!("{} {}", name(measure.metric), beside_limit(measure))
}

/// A value beside its limit.
pub fn beside_limit(measure: &Measure) -> String {
    let shown = |found| value(measure.metric, found);
    let before = measure
        .baseline
        .map(|before| format!(", {} before", shown(before)));
    format!(
        "{}, limit {}{}",
        shown(measure.value),
        shown(measure.limit),
        before.unwrap_or_default()
    )
}

/// In one word, as it stands before a value.
pub fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::ErrorRate => "errors",
        Metric::P95 => "p95",
        Metric::Requests => "requests",
    }
}

/// A value with its unit.
pub fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::ErrorRate => format!("{} %", trimmed(value * 100.0, 2)),
        Metric::P95 if value < 1.0 => format!("{} ms", trimmed(value * 1000.0, 1)),
        Metric::P95 => format!("{} s", trimmed(value, 3)),
        Metric::Requests => trimmed(value, 0),
    }
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

pub fn verdict(kind: VerdictKind) -> (Tone, &'static str) {
    match kind {
        VerdictKind::Good => (Tone::Good, "good"),
        VerdictKind::Bad => (Tone::Bad, "bad"),
        VerdictKind::Suspect => (Tone::Warn, "suspect"),
        VerdictKind::NoTraffic => (Tone::Warn, "no traffic"),
        VerdictKind::NoData => (Tone::Warn, "no data"),
        VerdictKind::Stale => (Tone::Warn, "stale"),
        VerdictKind::ProviderDown => (Tone::Warn, "provider down"),
        VerdictKind::Warming => (Tone::Dim, "warming up"),
        VerdictKind::ConfigError => (Tone::Bad, "configuration"),
    }
}
