//! Releases, and which of them are quarantined.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Params, params};
use serde::Deserialize;

use super::{Selection, bodies, missing};
use crate::adapters::db::rows::{environment, from_json, from_word, tampered};
use crate::adapters::db::{Store, StoreError, seals};
use crate::domain::id::ReleaseId;
use crate::domain::lock::Place;
use crate::domain::release::{Quarantine, Release};

pub const RELEASE: &str = "SELECT id, body, presence, quality FROM releases";

impl Store {
    pub fn release(&self, id: &ReleaseId) -> Result<Release, StoreError> {
        self.read(|db| {
            releases(db, &format!("{RELEASE} WHERE id = ?1"), [id.as_str()])?
                .pop()
                .ok_or_else(|| missing("release", id))
        })
    }

    /// The versions of these releases. One that is not there, or is not what was written, has none: it
    /// is refused where it is read itself, and a list that names it can be read all the same.
    pub fn versions(
        &self,
        releases: &BTreeSet<&ReleaseId>,
    ) -> Result<BTreeMap<ReleaseId, String>, StoreError> {
        #[derive(Deserialize)]
        struct Named {
            version: String,
        }
        self.read(|db| {
            let bodies = seals::intact_releases(db, releases)?;
            let version = |id: &ReleaseId| {
                let named: Option<Named> = serde_json::from_str(bodies.get(id.as_str())?).ok();
                Some((id.clone(), named?.version))
            };
            Ok(releases.iter().filter_map(|id| version(id)).collect())
        })
    }

    /// All releases of a place, oldest first.
    pub fn ledger(&self, place: &Place) -> Result<Vec<Release>, StoreError> {
        self.read(|db| {
            releases(
                db,
                &format!("{RELEASE} WHERE service = ?1 AND environment = ?2 ORDER BY id"),
                params![place.service.as_str(), environment(place)],
            )
        })
    }

    pub fn releases(&self, selection: &Selection) -> Result<Vec<Release>, StoreError> {
        self.read(|db| {
            releases(
                db,
                &format!(
                    "{RELEASE} WHERE (?1 IS NULL OR service = ?1)
                     AND (?2 IS NULL OR environment = ?2)
                     AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4"
                ),
                selection.bounds(),
            )
        })
    }

    /// The quarantines of a place that nobody has lifted.
    pub fn quarantines(&self, place: &Place) -> Result<Vec<Quarantine>, StoreError> {
        self.read(|db| {
            bodies(
                db,
                "quarantine",
                "SELECT release, body FROM quarantines
                 WHERE service = ?1 AND environment = ?2 AND lifted_at IS NULL ORDER BY since",
                params![place.service.as_str(), environment(place)],
            )
        })
    }
}

/// Releases by a query that begins with [`RELEASE`].
///
/// The columns are what the indexes look at, the body is what rollbacks go by: a release of which
/// only one was edited is refused.
pub fn releases(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Release>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let release: Release = from_json("release", &id, &row.get::<_, String>(1)?)?;
        let presence = from_word("release", &id, &row.get::<_, String>(2)?)?;
        let quality = from_word("release", &id, &row.get::<_, String>(3)?)?;
        if (release.presence, release.quality) != (presence, quality) {
            let why = "its columns and its body say different things";
            return Err(tampered("release", &id, &why));
        }
        seals::check(db, "release", &id)?;
        found.push(release);
    }
    Ok(found)
}
