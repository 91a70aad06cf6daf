//! Releases, and which of them are quarantined.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{conflict, stored_body, unique, write_failed};
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::{at, environment, json, word};
use crate::domain::digest::Digest;
use crate::domain::id::ReleaseId;
use crate::domain::lock::Place;
use crate::domain::name::PersonName;
use crate::domain::release::{
    Presence, PresenceEvent, Quality, QualityEvent, Quarantine, Release, VerifiedBy,
};

pub fn store(db: &Connection, release: &Release) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO releases (id, service, environment, presence, quality, image_id, first_live_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        release.id.as_str(),
        release.service.as_str(),
        release.environment.as_str(),
        word(&release.presence)?,
        word(&release.quality)?,
        release.image_id.as_ref().map(|d| d.as_str()),
        release.first_live_at.map(at),
        json(release)?,
    ])
    .map_err(write_failed)?;
    Ok(())
}

pub fn set_image(
    db: &Connection,
    id: &ReleaseId,
    image_id: &Digest,
    base_images: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    edit(db, id, |r| {
        r.image_id = Some(image_id.clone());
        r.base_images.clone_from(base_images);
        Ok(())
    })
}

pub fn move_presence(
    db: &Connection,
    id: &ReleaseId,
    event: PresenceEvent,
    at: Timestamp,
) -> Result<(), StoreError> {
    edit(db, id, |release| {
        release.presence = release.presence.next(event).map_err(conflict)?;
        if release.presence == Presence::Live {
            release.first_live_at.get_or_insert(at);
            release.live_since = Some(at);
        }
        Ok(())
    })
}

pub fn move_quality(
    db: &Connection,
    id: &ReleaseId,
    event: QualityEvent,
    by: Option<VerifiedBy>,
) -> Result<(), StoreError> {
    edit(db, id, |release| {
        release.quality = release.quality.next(event).map_err(conflict)?;
        release.verified_by = by.filter(|_| release.quality == Quality::Verified);
        Ok(())
    })
}

pub fn quarantine(
    db: &Connection,
    place: &Place,
    quarantine: &Quarantine,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO quarantines (release, since, service, environment, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        quarantine.release.as_str(),
        at(quarantine.since),
        place.service.as_str(),
        environment(place),
        json(quarantine)?,
    ])
    .map_err(write_failed)?;
    Ok(())
}

pub fn lift_quarantine(
    db: &Connection,
    release: &ReleaseId,
    by: &PersonName,
    when: Timestamp,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE quarantines SET lifted_at = ?2, lifted_by = ?3 WHERE release = ?1 AND lifted_at IS NULL",
    )?
    .execute(params![release.as_str(), at(when), by.as_str()])
    .map(drop)
    .map_err(write_failed)
}

/// Reads a release, lets `edit` change it, and writes it back.
fn edit(
    db: &Connection,
    id: &ReleaseId,
    edit: impl FnOnce(&mut Release) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut release: Release = stored_body(db, "releases", "release", id.as_str())?;
    edit(&mut release)?;
    db.prepare_cached(
        "UPDATE releases SET presence = ?2, quality = ?3, image_id = ?4, first_live_at = ?5, body = ?6 WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        word(&release.presence)?,
        word(&release.quality)?,
        release.image_id.as_ref().map(|d| d.as_str()),
        release.first_live_at.map(at),
        json(&release)?,
    ])
    .map_err(|error| match unique(&error) {
        true => StoreError::Conflict("another release is live there".to_owned()),
        false => write_failed(error),
    })?;
    Ok(())
}
