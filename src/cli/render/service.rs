//! What runs where.

use super::page::{Page, Sheet, Tone, unbroken};
use super::table::{Cell, plain, table};
use super::words::counted;
use crate::domain::name::ServiceName;
use crate::domain::release::Quality;
use crate::domain::watch::WatchStatus;
use crate::flow::{LiveView, PlaceView, SeenContainer, SeenState, ServiceView};

/// All services, each with its places in the order a version travels.
pub fn services(page: &Page, services: &[ServiceView]) -> String {
    let mut sheet = Sheet::new(page);
    if services.is_empty() {
        sheet.line(
            Tone::Dim,
            "no services: add [services.NAME] with its repository to commander.toml, then start the server anew",
        );
    }
    for (number, service) in services.iter().enumerate() {
        if number > 0 {
            sheet.blank();
        }
        let repository = format!("  {}", service.repository);
        sheet.point(
            "",
            &[
                (Tone::Strong, service.name.as_str()),
                (Tone::Dim, &repository),
            ],
        );
        let of_service: Vec<&PlaceView> = service.environments.iter().collect();
        match of_service.as_slice() {
            [] => sheet.line(Tone::Dim, "no environments"),
            of_service => sheet.append(&table_of(page, of_service)),
        }
    }
    sheet.finish()
}

/// Places of any services, each service under its name.
pub fn places(page: &Page, places: &[PlaceView]) -> String {
    let mut sheet = Sheet::new(page);
    let mut names: Vec<&ServiceName> = places.iter().map(|place| &place.service).collect();
    names.dedup();
    for name in names {
        sheet.line(Tone::Strong, name.as_str());
        let own: Vec<&PlaceView> = places.iter().filter(|p| p.service == *name).collect();
        sheet.append(&table_of(page, &own));
    }
    sheet.finish()
}

const HEADS: [&str; 6] = [
    "ENVIRONMENT",
    "VERSION",
    "QUALITY",
    "CONTAINER",
    "SINCE",
    "ADDRESS",
];

/// A table of one service's places, and below it what a person should know of each.
fn table_of(page: &Page, places: &[&PlaceView]) -> String {
    let rows: Vec<[Cell; 6]> = places.iter().map(|place| row(page, place)).collect();
    let mut sheet = Sheet::new(page);
    sheet.append(&table(page, HEADS, &rows));
    for place in places {
        let name = format!("{}: ", place.environment);
        for (tone, remark) in remarks(page, place) {
            sheet.point("  ", &[(Tone::Plain, &name), (tone, &remark)]);
        }
    }
    sheet.finish()
}

fn row(page: &Page, place: &PlaceView) -> [Cell; 6] {
    let environment = plain(place.environment.as_str());
    let Some(live) = &place.live else {
        let nothing = (Tone::Dim, "nothing".to_owned());
        let none = || (Tone::Dim, "-".to_owned());
        return [environment, nothing, none(), none(), none(), none()];
    };
    let since = live.since.map_or("-".to_owned(), |at| page.distance(at));
    [
        environment,
        plain(live.version.as_str()),
        quality(live.quality),
        container(live),
        plain(since),
        plain(format!("http://{}", live.publish)),
    ]
}

pub fn quality(quality: Quality) -> Cell {
    let (tone, word) = match quality {
        Quality::Unproven => (Tone::Plain, "unproven"),
        Quality::Verified => (Tone::Good, "verified"),
        Quality::Unverified => (Tone::Warn, "unverified"),
        Quality::Quarantined => (Tone::Bad, "quarantined"),
    };
    (tone, word.to_owned())
}

fn container(live: &LiveView) -> Cell {
    let Some(SeenContainer {
        state,
        restart_count,
        ..
    }) = &live.container
    else {
        return (Tone::Dim, "not seen yet".to_owned());
    };
    let (tone, word) = match state {
        SeenState::Running => (Tone::Good, "running"),
        SeenState::Unhealthy => (Tone::Bad, "unhealthy"),
        SeenState::Restarting => (Tone::Bad, "restarting"),
        SeenState::Stopped => (Tone::Bad, "stopped"),
        SeenState::Missing => (Tone::Bad, "missing"),
    };
    match restart_count {
        0 => (tone, word.to_owned()),
        times => (tone, format!("{word} ({})", counted(*times, "restart"))),
    }
}

fn remarks(page: &Page, place: &PlaceView) -> Vec<(Tone, String)> {
    let mut remarks = Vec::new();
    if let Some(freeze) = &place.freeze {
        remarks.push((
            Tone::Bad,
            format!(
                "frozen {}, nothing is automatic; to end that: {} ({})",
                page.distance(freeze.since),
                unbroken(&format!(
                    "commander freeze lift {} {}",
                    place.service, place.environment
                )),
                freeze.reason
            ),
        ));
    }
    if let Some(holder) = &place.locked_by {
        remarks.push((
            Tone::Plain,
            format!(
                "{} runs {} (execution {})",
                holder.action.as_str(),
                page.distance(holder.since),
                holder.execution.short()
            ),
        ));
    }
    let waiting = place.waiting.len() as u64;
    if waiting > 0 {
        let remark = format!("{} waiting behind it", counted(waiting, "execution"));
        remarks.push((Tone::Plain, remark));
    }
    remarks.extend(watched(page, place));
    let pending: Vec<&str> = place.pending_plans.iter().map(|id| id.short()).collect();
    if !pending.is_empty() {
        let remark = format!("waits for approval: plan {}", pending.join(", "));
        remarks.push((Tone::Warn, remark));
    }
    if let (Some(version), Some(_)) = (&place.last_known_good_version, &place.live) {
        let remark = format!("a rollback goes to {version}");
        remarks.push((Tone::Dim, remark));
    }
    if let Some(seen) = place.live.as_ref().and_then(|live| live.container.as_ref()) {
        // The rest comes from the ledger and is never old.
        let remark = format!(
            "its container was looked at {}",
            page.distance(seen.seen_at)
        );
        remarks.push((Tone::Dim, remark));
    }
    remarks
}

fn watched(page: &Page, place: &PlaceView) -> Option<(Tone, String)> {
    let watch = place.watch.as_ref()?;
    let tone = match watch.status() {
        WatchStatus::Degraded => Tone::Bad,
        WatchStatus::Paused => Tone::Warn,
        _ => Tone::Plain,
    };
    let remark = format!(
        "watch {}: {}, begun {}",
        watch.id.short(),
        super::watch::progress(watch),
        page.distance(watch.started_at)
    );
    Some((tone, remark))
}
