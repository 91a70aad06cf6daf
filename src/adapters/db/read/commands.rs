//! Commands: what people said, and in which thread.

use rusqlite::params;

use super::bodies;
use crate::adapters::db::{Store, StoreError};
use crate::domain::command::Command;
use crate::domain::id::ThreadId;
use crate::domain::name::PersonName;

impl Store {
    /// The last `limit` commands of a thread, oldest first.
    pub fn thread(&self, thread: &ThreadId, limit: u32) -> Result<Vec<Command>, StoreError> {
        let mut found: Vec<Command> = self.read(|db| {
            bodies(
                db,
                "command",
                "SELECT id, body FROM commands WHERE thread = ?1 ORDER BY id DESC LIMIT ?2",
                params![thread.as_str(), limit],
            )
        })?;
        found.reverse();
        Ok(found)
    }

    /// The command that a person gave under an idempotency key.
    pub fn command_by_key(
        &self,
        by: &PersonName,
        key: &str,
    ) -> Result<Option<Command>, StoreError> {
        self.read(|db| {
            Ok(bodies(
                db,
                "command",
                "SELECT id, body FROM commands WHERE by = ?1 AND idempotency_key = ?2",
                params![by.as_str(), key],
            )?
            .pop())
        })
    }
}
