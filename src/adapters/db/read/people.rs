//! People: their tokens, and what they have decided about the procedures.

use rusqlite::OptionalExtension;

use crate::adapters::db::rows::{from_json, tampered};
use crate::adapters::db::{Store, StoreError, seals};
use crate::domain::name::PersonName;
use crate::domain::sop::DecisionRecord;

impl Store {
    /// The name of the token with this hash, unless it is revoked.
    pub fn token(&self, hash: &str) -> Result<Option<PersonName>, StoreError> {
        self.read(|db| {
            let found: Option<String> = db
                .prepare_cached("SELECT name FROM tokens WHERE hash = ?1 AND revoked_at IS NULL")?
                .query_row([hash], |row| row.get(0))
                .optional()?;
            found
                .map(|name| {
                    seals::check(db, "token", &name)?;
                    PersonName::parse(&name).map_err(|e| tampered("token", &name, &e))
                })
                .transpose()
        })
    }

    /// The names of the tokens that are not revoked.
    pub fn tokens(&self) -> Result<Vec<PersonName>, StoreError> {
        self.read(|db| {
            let mut statement = db
                .prepare_cached("SELECT name FROM tokens WHERE revoked_at IS NULL ORDER BY name")?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            names
                .map(|name| {
                    let name = name?;
                    PersonName::parse(&name).map_err(|e| tampered("token", &name, &e))
                })
                .collect()
        })
    }

    /// What people have decided about statements of the procedures, oldest first.
    pub fn decisions(&self) -> Result<Vec<DecisionRecord>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT statement, body FROM decisions ORDER BY decided_at, statement",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.map(|row| {
                let (id, body): (String, String) = row?;
                seals::check(db, "decision", &id)?;
                from_json("decision", &id, &body)
            })
            .collect()
        })
    }
}
