//! People: their tokens, and what they have decided about the procedures.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::write_failed;
use crate::adapters::db::StoreError;
use crate::adapters::db::rows::{at, from_json, json};
use crate::domain::name::PersonName;
use crate::domain::sop::DecisionRecord;

pub fn add_token(
    db: &Connection,
    name: &PersonName,
    hash: &str,
    when: Timestamp,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO tokens (name, hash, created_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at, revoked_at = NULL
                 WHERE revoked_at IS NOT NULL",
    )?
    .execute(params![name.as_str(), hash, at(when)])
    .map_err(write_failed)
    .and_then(|added| match added {
        0 => Err(StoreError::Conflict(format!(
            "there is a token named {name} already: revoke it first, or take another name"
        ))),
        _ => Ok(()),
    })
}

pub fn revoke_token(db: &Connection, name: &PersonName, when: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE tokens SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL")?
        .execute(params![name.as_str(), at(when)])
        .map_err(write_failed)
        .and_then(|revoked| match revoked {
            0 => Err(StoreError::NotFound {
                what: "token",
                id: name.to_string(),
            }),
            _ => Ok(()),
        })
}

pub fn decide(
    db: &Connection,
    record: &DecisionRecord,
    over: Option<&DecisionRecord>,
) -> Result<(), StoreError> {
    let id = record.offer.id.as_str();
    let stored: Option<String> = db
        .prepare_cached("SELECT body FROM decisions WHERE statement = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let stored: Option<DecisionRecord> = stored
        .map(|body| from_json("decision", id, &body))
        .transpose()?;
    if stored.as_ref() != over {
        return Err(StoreError::Conflict(format!(
            "somebody else has decided about {id} in the same moment: look at it again"
        )));
    }
    db.prepare_cached(
        "INSERT INTO decisions (statement, decided_at, body) VALUES (?1, ?2, ?3)
         ON CONFLICT (statement) DO UPDATE SET decided_at = excluded.decided_at, body = excluded.body",
    )?
    .execute(params![id, at(record.at), json(record)?])
    .map(drop)
    .map_err(write_failed)
}
