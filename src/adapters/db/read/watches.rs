//! Watches, and their evaluations.

use rusqlite::params;

use super::{Selection, bodies, missing};
use crate::adapters::db::rows::environment;
use crate::adapters::db::{Store, StoreError};
use crate::domain::id::WatchId;
use crate::domain::lock::Place;
use crate::domain::watch::{Evaluation, Watch};

impl Store {
    pub fn watch(&self, id: &WatchId) -> Result<Watch, StoreError> {
        self.read(|db| {
            bodies(
                db,
                "watch",
                "SELECT id, body FROM watches WHERE id = ?1",
                [id.as_str()],
            )?
            .pop()
            .ok_or_else(|| missing("watch", id))
        })
    }

    /// Watches that have not ended, oldest first.
    pub fn open_watches(&self) -> Result<Vec<Watch>, StoreError> {
        self.read(|db| {
            bodies(
                db,
                "watch",
                "SELECT id, body FROM watches WHERE status IN ('baking', 'paused', 'degraded') ORDER BY id",
                [],
            )
        })
    }

    pub fn open_watch(&self, place: &Place) -> Result<Option<Watch>, StoreError> {
        self.read(|db| {
            Ok(bodies(
                db,
                "watch",
                "SELECT id, body FROM watches WHERE service = ?1 AND environment = ?2
                 AND status IN ('baking', 'paused', 'degraded')",
                params![place.service.as_str(), environment(place)],
            )?
            .pop())
        })
    }

    pub fn watches(&self, selection: &Selection) -> Result<Vec<Watch>, StoreError> {
        self.read(|db| {
            bodies(
                db,
                "watch",
                "SELECT id, body FROM watches WHERE (?1 IS NULL OR service = ?1)
                 AND (?2 IS NULL OR environment = ?2)
                     AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4",
                selection.bounds(),
            )
        })
    }

    /// The last `limit` evaluations of a watch, oldest first.
    pub fn evaluations(&self, watch: &WatchId, limit: u32) -> Result<Vec<Evaluation>, StoreError> {
        let mut found: Vec<Evaluation> = self.read(|db| {
            bodies(
                db,
                "evaluation",
                "SELECT watch, body FROM evaluations WHERE watch = ?1 ORDER BY n DESC LIMIT ?2",
                params![watch.as_str(), limit],
            )
        })?;
        found.reverse();
        Ok(found)
    }
}
