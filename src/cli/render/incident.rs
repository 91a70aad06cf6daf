//! An incident: the timeline, what was done, and the evidence with nothing left out that a person
//! needs to judge it.

use super::evidence;
use super::leftover;
use super::log::without_escapes;
use super::page::{Page, Sheet, Tone};
use super::table::{Cell, plain, table};
use crate::domain::incident::{
    Delivery, Incident, IncidentSeverity, IncidentStatus, NotificationOutcome,
};
use crate::domain::lock::Place;

/// Lines of the container's log that are shown; all that are kept come with `--json`.
const LOG_LINES: usize = 20;

/// One incident in full.
pub fn incident(page: &Page, incident: &Incident) -> String {
    let mut sheet = Sheet::new(page);
    sheet.entry("Incident", Tone::Strong, &incident.title);
    sheet.more(Tone::Dim, incident.id.as_str());
    state(&mut sheet, page, incident);
    links(&mut sheet, incident);
    if let Some(rule) = &incident.rule {
        sheet.entry("Confirmed by", Tone::Plain, &rule.sentence());
    }
    leftover::list(&mut sheet, &incident.left);
    timeline(&mut sheet, page, incident);
    if !incident.evidence.is_empty() {
        sheet.blank();
        sheet.line(Tone::Strong, "Evidence");
        if let Some(last) = incident.evidence.last() {
            sheet.point("  ", &[(Tone::Dim, &evidence::limits(&last.thresholds))]);
            evidence::queries(&mut sheet, evidence::readings(last));
        }
        for evaluation in &incident.evidence {
            evidence::evaluation(&mut sheet, page, evaluation);
        }
    }
    if let Some(baseline) = &incident.baseline
        && !baseline.readings.is_empty()
    {
        sheet.blank();
        sheet.line(Tone::Strong, "What the release before it had");
        for reading in &baseline.readings {
            evidence::reading(&mut sheet, page, reading, None);
        }
    }
    container_log(&mut sheet, incident);
    notifications(&mut sheet, page, &incident.notifications);
    sheet.finish()
}

fn state(sheet: &mut Sheet<'_>, page: &Page, incident: &Incident) {
    let (tone, severity) = severity(incident.severity);
    let state = match &incident.status {
        IncidentStatus::Open => "open".to_owned(),
        IncidentStatus::Closed { at, by } => {
            let by = by
                .as_ref()
                .map_or("by itself".to_owned(), |name| format!("by {name}"));
            format!("closed {by} {}", page.distance(*at))
        }
    };
    let text = format!(
        ", {state}; opened {} ({})",
        page.time(incident.opened_at),
        page.distance(incident.opened_at)
    );
    sheet.entry_of("State", &[(tone, severity), (Tone::Plain, &text)]);
}

fn severity(severity: IncidentSeverity) -> (Tone, &'static str) {
    match severity {
        IncidentSeverity::Critical => (Tone::Bad, "critical"),
        IncidentSeverity::High => (Tone::Warn, "high"),
        IncidentSeverity::Notice => (Tone::Plain, "notice"),
    }
}

fn links(sheet: &mut Sheet<'_>, incident: &Incident) {
    sheet.entry("Where", Tone::Plain, &place(incident).to_string());
    let links = [
        ("Release", incident.release.as_ref().map(|id| id.as_str())),
        (
            "Rollback to",
            incident.rollback_target.as_ref().map(|id| id.as_str()),
        ),
        ("Watch", incident.watch.as_ref().map(|id| id.as_str())),
        ("Plan", incident.plan.as_ref().map(|id| id.as_str())),
        (
            "Execution",
            incident.execution.as_ref().map(|id| id.as_str()),
        ),
    ];
    for (label, id) in links {
        if let Some(id) = id {
            sheet.entry(label, Tone::Plain, id);
        }
    }
}

fn place(incident: &Incident) -> Place {
    Place {
        service: incident.service.clone(),
        environment: incident.environment.clone(),
    }
}

fn timeline(sheet: &mut Sheet<'_>, page: &Page, incident: &Incident) {
    if !incident.timeline.is_empty() {
        sheet.blank();
        sheet.line(Tone::Strong, "Timeline");
    }
    for entry in &incident.timeline {
        let marker = format!("  {}  ", page.time(entry.at));
        sheet.point(&marker, &[(Tone::Plain, &entry.what)]);
    }
    if !incident.acts.is_empty() {
        sheet.blank();
        sheet.line(Tone::Strong, "Done by itself");
    }
    for act in &incident.acts {
        let marker = format!("  {}  ", page.time(act.at));
        let under = act.under.as_ref();
        let under = under.map(|id| format!("  under approval {id}"));
        sheet.point(
            &marker,
            &[
                (Tone::Plain, &act.what),
                (Tone::Dim, &under.unwrap_or_default()),
            ],
        );
    }
}

fn container_log(sheet: &mut Sheet<'_>, incident: &Incident) {
    let lines = &incident.container_log;
    if lines.is_empty() {
        return;
    }
    sheet.blank();
    sheet.line(Tone::Strong, "The end of the container's log");
    let skipped = lines.len().saturating_sub(LOG_LINES);
    for line in lines.iter().skip(skipped) {
        sheet.point("  ", &[(Tone::Dim, &without_escapes(line))]);
    }
}

fn notifications(sheet: &mut Sheet<'_>, page: &Page, outcomes: &[NotificationOutcome]) {
    if outcomes.is_empty() {
        return;
    }
    sheet.blank();
    sheet.line(Tone::Strong, "Told");
    for outcome in outcomes {
        let (tone, what) = match &outcome.delivery {
            Delivery::Delivered { status } => (Tone::Good, format!("delivered ({status})")),
            Delivery::Rejected { status } => (Tone::Bad, format!("refused with status {status}")),
            Delivery::Failed { error } => (Tone::Bad, format!("not delivered: {error}")),
        };
        let marker = format!("  {}  ", page.time(outcome.at));
        let to = format!("{} ", outcome.to);
        sheet.point(&marker, &[(Tone::Plain, &to), (tone, &what)]);
    }
}

/// A list of incidents, newest first.
pub fn list(page: &Page, incidents: &[Incident]) -> String {
    if incidents.is_empty() {
        return page.paint(Tone::Good, "no incidents") + "\n";
    }
    let rows: Vec<[Cell; 5]> = incidents
        .iter()
        .map(|incident| {
            let (tone, word) = severity(incident.severity);
            let state = match incident.status {
                IncidentStatus::Open => (Tone::Warn, "open".to_owned()),
                IncidentStatus::Closed { .. } => (Tone::Dim, "closed".to_owned()),
            };
            [
                plain(incident.id.short()),
                (tone, word.to_owned()),
                state,
                (Tone::Dim, page.distance(incident.opened_at)),
                plain(incident.title.as_str()),
            ]
        })
        .collect();
    table(
        page,
        ["INCIDENT", "SEVERITY", "STATE", "OPENED", "WHAT"],
        &rows,
    )
}
