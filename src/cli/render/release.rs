//! The ledger of releases.

use super::page::{Page, Sheet, Tone};
use super::service::quality;
use super::step::container;
use super::table::{Cell, plain, table};
use super::words::commit;
use crate::domain::release::{Presence, Release, VerifiedBy};

/// A list of releases, newest first.
pub fn list(page: &Page, releases: &[Release]) -> String {
    if releases.is_empty() {
        return page.paint(Tone::Dim, "nothing was released yet") + "\n";
    }
    let rows: Vec<[Cell; 7]> = releases
        .iter()
        .map(|release| {
            let (tone, word) = presence(release.presence);
            let live = release
                .live_since
                .map_or("-".to_owned(), |at| page.distance(at));
            [
                plain(release.id.short()),
                plain(release.service.as_str()),
                plain(release.environment.as_str()),
                plain(release.version.as_str()),
                (tone, word.to_owned()),
                quality(release.quality),
                (Tone::Dim, live),
            ]
        })
        .collect();
    let heads = [
        "RELEASE",
        "SERVICE",
        "ENVIRONMENT",
        "VERSION",
        "PRESENCE",
        "QUALITY",
        "WENT LIVE",
    ];
    table(page, heads, &rows)
}

fn presence(presence: Presence) -> (Tone, &'static str) {
    match presence {
        Presence::Candidate => (Tone::Plain, "candidate"),
        Presence::Live => (Tone::Good, "live"),
        Presence::Standby => (Tone::Plain, "standby"),
        Presence::Retired => (Tone::Dim, "retired"),
    }
}

/// One release with everything that it is made of.
pub fn release(page: &Page, release: &Release) -> String {
    let mut sheet = Sheet::new(page);
    let name = format!(
        "{} {} in {}",
        release.service, release.version, release.environment
    );
    let id = format!("  {}", release.id);
    sheet.entry_of("Release", &[(Tone::Strong, &name), (Tone::Dim, &id)]);
    let (tone, word) = presence(release.presence);
    let (quality_tone, quality_word) = quality(release.quality);
    let by = release.verified_by.as_ref().map(verified_by);
    sheet.entry_of(
        "State",
        &[
            (tone, word),
            (Tone::Plain, ", "),
            (quality_tone, &quality_word),
            (Tone::Dim, &by.unwrap_or_default()),
        ],
    );
    if let Some(at) = release.live_since {
        let text = format!("{}, {}", page.time(at), page.distance(at));
        sheet.entry("Went live", Tone::Plain, &text);
    }
    let by = format!("{}, plan {}", release.by, release.plan);
    sheet.entry("For", Tone::Plain, &by);
    sheet.entry("Commit", Tone::Plain, &release.commit);
    let image = release
        .image_id
        .as_ref()
        .map_or("not built", |id| id.as_str());
    sheet.entry("Image", Tone::Plain, image);
    for (reference, id) in &release.base_images {
        sheet.entry(
            "  from",
            Tone::Dim,
            &format!("{reference} ({})", commit(id)),
        );
    }
    let digest = release.configuration_digest.short();
    sheet.entry("Configuration", Tone::Plain, digest);
    for line in container(&release.configuration) {
        sheet.more(Tone::Dim, &line);
    }
    sheet.finish()
}

fn verified_by(by: &VerifiedBy) -> String {
    match by {
        VerifiedBy::Metrics => "  by metrics".to_owned(),
        VerifiedBy::Probe => "  by the health check".to_owned(),
        VerifiedBy::Person { name } => format!("  by {name}"),
    }
}
