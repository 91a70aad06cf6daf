//! The server at a glance.

use super::page::{Page, Sheet, Tone};
use super::words::counted;
use crate::adapters::db::Counts;
use crate::cli::wire::Status;
use crate::flow::{Part, PartState};

pub fn status(page: &Page, address: &str, status: &Status) -> String {
    let mut sheet = Sheet::new(page);
    let server = format!(
        "Commander {} at {address}, since {} ({})",
        status.version,
        page.time(status.started_at),
        page.distance(status.started_at)
    );
    sheet.entry("Server", Tone::Plain, &server);
    sheet.entry("Instance", Tone::Plain, &status.instance);
    sheet.entry("You", Tone::Plain, status.you.as_str());
    part(&mut sheet, "Docker", &status.docker);
    match &status.prometheus {
        Some(prometheus) => part(&mut sheet, "Prometheus", prometheus),
        None => sheet.entry(
            "Prometheus",
            Tone::Dim,
            "not configured: Commander's own requests are the evidence",
        ),
    }
    counts(&mut sheet, &status.counts);
    sheet.finish()
}

fn part(sheet: &mut Sheet<'_>, label: &str, part: &Part) {
    let tone = match part.state {
        PartState::Up => Tone::Good,
        PartState::Down => Tone::Bad,
    };
    sheet.entry(label, tone, &part.sentence);
}

fn counts(sheet: &mut Sheet<'_>, counts: &Counts) {
    let live = counted(counts.live_releases, "release");
    let watches = counted(counts.open_watches, "open watch");
    sheet.entry("Live", Tone::Plain, &format!("{live}, {watches}"));
    let running = counted(counts.open_executions, "execution");
    sheet.entry("Running", Tone::Plain, &running);
    for (count, one, several, command) in [
        (
            counts.pending_plans,
            "plan waits for approval",
            "plans wait for approval",
            "commander plans --pending",
        ),
        (
            counts.open_incidents,
            "incident is open",
            "incidents are open",
            "commander incidents",
        ),
        (
            counts.freezes,
            "environment is frozen",
            "environments are frozen",
            "commander services",
        ),
    ] {
        let what = if count == 1 { one } else { several };
        if count > 0 {
            let text = format!("{count} {what}: {command}");
            sheet.entry("Attention", Tone::Warn, &text);
        }
    }
}
