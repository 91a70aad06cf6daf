//! Rows that change, and who vouches for them.
//!
//! Each holds the digest of its content, by which an edited one is refused where it is read. The
//! same digest goes into the audit trail with the entry of the transition that wrote the row, or
//! with an entry of its own, so that the verification names a row that was edited, removed, added
//! or put back to what it once was. It is all one commit.
//!
//! An open watch is written at every evaluation; the trail says only that it is open, and holds
//! the digest of it and of its evaluations once it has ended.
//!
//! Not sealed: commands (the plan holds the sentence), locks and ports (what they say is checked
//! against executions and the engine), and what is a cache of a journal.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};

use super::StoreError;
use super::changes::write_failed;
use super::rows::{environment, json, tampered};
use crate::domain::audit::Detail;
use crate::domain::digest::Digest;
use crate::domain::id::ReleaseId;
use crate::domain::lock::Place;
use crate::domain::transition::Change;

/// What begins the name of a row in the detail of an entry of the trail.
pub const PREFIX: &str = "row ";
/// What the trail says instead of a digest.
const OPEN: &str = "open";
const GONE: &str = "gone";

/// One kind of sealed row. All texts are SQL of this file, never from outside.
struct Kind {
    name: &'static str,
    table: &'static str,
    /// What tells its rows apart, as one text.
    id: &'static str,
    /// What a change names.
    key: &'static str,
    /// What is sealed. Caches of other sealed things are left out.
    content: &'static str,
}

const EXECUTION: Kind = Kind {
    name: "execution",
    table: "executions",
    id: "id",
    key: "id",
    content: "body",
};
const RELEASE: Kind = Kind {
    name: "release",
    table: "releases",
    id: "id",
    key: "id",
    content: "presence || ' ' || quality || ' ' || coalesce(image_id, '') || ' ' || coalesce(first_live_at, '') || ' ' || body",
};
const QUARANTINE: Kind = Kind {
    name: "quarantine",
    table: "quarantines",
    id: "release || ' ' || since",
    key: "release",
    content: "coalesce(lifted_at, '') || ' ' || coalesce(lifted_by, '') || ' ' || body",
};
const WATCH: Kind = Kind {
    name: "watch",
    table: "watches",
    id: "id",
    key: "id",
    content: "status || ' ' || body",
};
const INCIDENT: Kind = Kind {
    name: "incident",
    table: "incidents",
    id: "id",
    key: "id",
    content: "body",
};
const FREEZE: Kind = Kind {
    name: "freeze",
    table: "freezes",
    id: "service || ' ' || environment",
    key: "service || ' ' || environment",
    content: "body",
};
const TOKEN: Kind = Kind {
    name: "token",
    table: "tokens",
    id: "name",
    key: "name",
    content: "hash || ' ' || created_at || ' ' || coalesce(revoked_at, '')",
};
const DECISION: Kind = Kind {
    name: "decision",
    table: "decisions",
    id: "statement",
    key: "statement",
    content: "body",
};
const FINAL_STATE: Kind = Kind {
    name: "final state",
    table: "final_states",
    id: "execution",
    key: "execution",
    content: "events || ' ' || head || ' ' || shortened_at || ' ' || body",
};

const KINDS: [&Kind; 9] = [
    &EXECUTION,
    &RELEASE,
    &QUARANTINE,
    &WATCH,
    &INCIDENT,
    &FREEZE,
    &TOKEN,
    &DECISION,
    &FINAL_STATE,
];

/// The rows that a change writes, by their key.
fn written(change: &Change) -> Option<(&'static Kind, String)> {
    Some(match change {
        Change::OpenExecution(e) | Change::SaveExecution(e) => (&EXECUTION, e.id.to_string()),
        Change::StoreRelease(r) => (&RELEASE, r.id.to_string()),
        Change::SetImage { release, .. }
        | Change::MovePresence { release, .. }
        | Change::MoveQuality { release, .. } => (&RELEASE, release.to_string()),
        Change::Quarantine { quarantine, .. } => (&QUARANTINE, quarantine.release.to_string()),
        Change::LiftQuarantine { release, .. } => (&QUARANTINE, release.to_string()),
        Change::OpenWatch(w) => (&WATCH, w.id.to_string()),
        Change::SaveWatch { watch, .. } | Change::MoveWatch { watch, .. } => {
            (&WATCH, watch.to_string())
        }
        Change::OpenIncident(i) | Change::SaveIncident(i) => (&INCIDENT, i.id.to_string()),
        Change::AddNotification { incident, .. } => (&INCIDENT, incident.to_string()),
        Change::Freeze(freeze) => (&FREEZE, freeze_key(&freeze.place)),
        Change::Unfreeze { place } => (&FREEZE, freeze_key(place)),
        Change::AddToken { name, .. } | Change::RevokeToken { name, .. } => {
            (&TOKEN, name.to_string())
        }
        Change::Decide { record, .. } => (&DECISION, record.offer.id.to_string()),
        Change::ShortenJournal { execution, .. } => (&FINAL_STATE, execution.to_string()),
        Change::SetInstance { .. }
        | Change::Touch { .. }
        | Change::SetRestored { .. }
        | Change::RecordCommand(_)
        | Change::StorePlan(_)
        | Change::MovePlan { .. }
        | Change::AddApproval(_)
        | Change::Journal { .. }
        | Change::TakeLock { .. }
        | Change::FreeLock { .. }
        | Change::ReservePort { .. }
        | Change::SealJournal { .. }
        | Change::Audit(_) => return None,
    })
}

fn freeze_key(place: &Place) -> String {
    format!("{} {}", place.service, environment(place))
}

/// Refuses changes to a row that is not what was written: sealed anew, it would look as if it were.
pub fn require(db: &Connection, changes: &[Change]) -> Result<(), StoreError> {
    changes
        .iter()
        .filter_map(written)
        .try_for_each(|(kind, key)| each_row(db, kind, Some(&key), |row| row.check(kind)))
}

/// Seals what the changes have written, and gives what the trail has to say about it.
pub fn renew(db: &Connection, changes: &[Change]) -> Result<Detail, StoreError> {
    let mut detail = Detail::new();
    let mut done = BTreeSet::new();
    for (kind, key) in changes.iter().filter_map(written) {
        if !done.insert((kind.name, key.clone())) {
            continue;
        }
        let opened = |c: &Change| matches!(c, Change::OpenWatch(w) if w.id.as_str() == key);
        let is_new = changes.iter().any(opened);
        let rows = sealed_rows(db, kind, Some(&key))?;
        // Of all these rows only a freeze ends by going away.
        if rows.is_empty() && kind.name == FREEZE.name {
            detail.insert(name(kind, &key), GONE.to_owned());
        }
        for row in rows {
            reseal(db, kind, &row)?;
            let said = vouched(db, kind, &row)?;
            if said != OPEN || is_new {
                detail.insert(name(kind, &row.id), said);
            }
        }
    }
    Ok(detail)
}

/// Seals all rows: those that were written before there were seals.
pub fn adopt(db: &Connection) -> Result<Detail, StoreError> {
    let mut detail = Detail::new();
    for kind in KINDS {
        for row in sealed_rows(db, kind, None)? {
            reseal(db, kind, &row)?;
            detail.insert(name(kind, &row.id), vouched(db, kind, &row)?);
        }
    }
    Ok(detail)
}

fn name(kind: &Kind, id: &str) -> String {
    format!("{PREFIX}{} {id}", kind.name)
}

struct SealedRow {
    id: String,
    digest: String,
    seal: Option<String>,
}

impl SealedRow {
    /// Of the columns id, content and seal.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let content: String = row.get(1)?;
        Ok(Self {
            id: row.get(0)?,
            digest: Digest::of_bytes(content.as_bytes()).into(),
            seal: row.get(2)?,
        })
    }

    fn check(&self, kind: &Kind) -> Result<(), StoreError> {
        match self.seal.as_deref() == Some(self.digest.as_str()) {
            true => Ok(()),
            false => Err(not_as_written(kind, &self.id)),
        }
    }
}

fn not_as_written(kind: &Kind, id: &str) -> StoreError {
    tampered(kind.name, id, &"it is not what was written")
}

fn sealed_rows(
    db: &Connection,
    kind: &Kind,
    key: Option<&str>,
) -> Result<Vec<SealedRow>, StoreError> {
    let mut found = Vec::new();
    each_row(db, kind, key, |row| {
        found.push(row);
        Ok(())
    })?;
    Ok(found)
}

fn each_row(
    db: &Connection,
    kind: &Kind,
    key: Option<&str>,
    mut look: impl FnMut(SealedRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let Kind {
        table,
        id,
        key: column,
        content,
        ..
    } = kind;
    let which = match key {
        Some(_) => format!("WHERE {column} = ?1"),
        None => "WHERE ?1 IS NULL".to_owned(),
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT {id}, {content}, seal FROM {table} {which}"
    ))?;
    let mut rows = statement.query([key])?;
    while let Some(row) = rows.next()? {
        look(SealedRow::read(row)?)?;
    }
    Ok(())
}

fn reseal(db: &Connection, kind: &Kind, row: &SealedRow) -> Result<(), StoreError> {
    let Kind { table, id, .. } = kind;
    db.prepare_cached(&format!("UPDATE {table} SET seal = ?2 WHERE {id} = ?1"))?
        .execute(params![row.id, row.digest])
        .map(drop)
        .map_err(write_failed)
}

/// What the trail says about a row that is as it is now.
fn vouched(db: &Connection, kind: &Kind, row: &SealedRow) -> Result<String, StoreError> {
    if kind.name != WATCH.name {
        return Ok(row.digest.clone());
    }
    let is_open: bool = db
        .prepare_cached(
            "SELECT status IN ('baking', 'paused', 'degraded') FROM watches WHERE id = ?1",
        )?
        .query_row([&row.id], |row| row.get(0))?;
    if is_open {
        return Ok(OPEN.to_owned());
    }
    let mut evaluations =
        db.prepare_cached("SELECT body FROM evaluations WHERE watch = ?1 ORDER BY n")?;
    let mut rows = evaluations.query([&row.id])?;
    let mut digest = row.digest.clone();
    while let Some(row) = rows.next()? {
        let body: String = row.get(0)?;
        digest = Digest::of_bytes(format!("{digest}\n{body}").as_bytes()).into();
    }
    Ok(digest)
}

/// Refuses a row that is not what was written. `what` is the name of its kind; what is not sealed
/// passes.
pub fn check(db: &Connection, what: &str, key: &str) -> Result<(), StoreError> {
    let Some(kind) = KINDS.iter().find(|kind| kind.name == what) else {
        return Ok(());
    };
    each_row(db, kind, Some(key), |row| row.check(kind))
}

/// The bodies of these releases, by their ids, in one query. One that is not there, or is not what
/// was written, has none.
pub fn intact_releases(
    db: &Connection,
    ids: &BTreeSet<&ReleaseId>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let Kind {
        table, id, content, ..
    } = RELEASE;
    let mut statement = db.prepare_cached(&format!(
        "SELECT {id}, {content}, seal, body FROM {table}
         WHERE {id} IN (SELECT value FROM json_each(?1))"
    ))?;
    let mut rows = statement.query([json(ids)?])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let sealed = SealedRow::read(row)?;
        if sealed.check(&RELEASE).is_ok() {
            found.insert(sealed.id, row.get(3)?);
        }
    }
    Ok(found)
}

/// The newest word of the trail about each row, by its name.
pub type Vouched = BTreeMap<String, String>;

/// Takes in one entry's detail.
pub fn take_in(vouched: &mut Vouched, detail: &Detail) {
    for (name, said) in detail.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        match said.as_str() {
            GONE => vouched.remove(name),
            _ => vouched.insert(name.clone(), said.clone()),
        };
    }
}

/// Every row must be what the trail said last, and each of which it spoke must be there.
pub fn verify(db: &Connection, mut said: Vouched) -> Result<u64, StoreError> {
    let mut count = 0;
    for kind in KINDS {
        each_row(db, kind, None, |row| {
            row.check(kind)?;
            count += 1;
            match said.remove(&name(kind, &row.id)) {
                Some(digest) if digest == vouched(db, kind, &row)? => Ok(()),
                Some(_) => Err(not_as_written(kind, &row.id)),
                None => {
                    let why = "the audit trail does not know it";
                    Err(tampered(kind.name, &row.id, &why))
                }
            }
        })?;
    }
    let Some(missing) = said.keys().next() else {
        return Ok(count);
    };
    let kind = KINDS
        .iter()
        .find(|kind| missing.starts_with(&name(kind, "")))
        .map_or("row", |kind| kind.name);
    let id = missing
        .rsplit_once(&format!("{kind} "))
        .map_or("", |(_, id)| id);
    Err(tampered(kind, id, &"it is missing"))
}
