//! Places: who has the lock, whether automatic acts are off, which port is reserved.

use rusqlite::{OptionalExtension, params};

use super::bodies;
use crate::adapters::db::rows::{environment, from_word, parse_time, tampered};
use crate::adapters::db::{Store, StoreError};
use crate::domain::id::ExecutionId;
use crate::domain::incident::Freeze;
use crate::domain::lock::{Fence, Holder, Place};

impl Store {
    pub fn lock(&self, place: &Place) -> Result<Option<Holder>, StoreError> {
        Ok(self.held(place)?.map(|(holder, _)| holder))
    }

    /// The right of who has the lock of the place.
    pub fn fence(&self, place: &Place) -> Result<Option<Fence>, StoreError> {
        Ok(self.held(place)?.map(|(holder, token)| Fence {
            place: place.clone(),
            token,
            execution: holder.execution,
            since: holder.since,
        }))
    }

    /// Who has the lock, and the fencing token of the run that took it last.
    fn held(&self, place: &Place) -> Result<Option<(Holder, u64)>, StoreError> {
        self.read(|db| {
            let found: Option<(String, String, String, u64)> = db
                .prepare_cached(
                    "SELECT execution, action, since, token FROM locks WHERE service = ?1 AND environment = ?2",
                )?
                .query_row(params![place.service.as_str(), environment(place)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .optional()?;
            found
                .map(|(execution, action, since, token)| {
                    let holder = Holder {
                        execution: ExecutionId::parse(&execution)
                            .map_err(|e| tampered("lock", &execution, &e))?,
                        action: from_word("lock", &execution, &action)?,
                        since: parse_time("lock", &execution, &since)?,
                    };
                    Ok((holder, token))
                })
                .transpose()
        })
    }

    pub fn freeze(&self, place: &Place) -> Result<Option<Freeze>, StoreError> {
        self.read(|db| {
            Ok(bodies(
                db,
                "freeze",
                "SELECT service || ' ' || environment, body FROM freezes WHERE service = ?1 AND environment = ?2",
                params![place.service.as_str(), environment(place)],
            )?
            .pop())
        })
    }

    pub fn reserved_port(&self, place: &Place) -> Result<Option<u16>, StoreError> {
        self.read(|db| {
            Ok(db
                .prepare_cached("SELECT port FROM ports WHERE service = ?1 AND environment = ?2")?
                .query_row(params![place.service.as_str(), environment(place)], |row| {
                    row.get(0)
                })
                .optional()?)
        })
    }
}
