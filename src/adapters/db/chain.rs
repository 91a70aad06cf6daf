//! The hash chains: one over the audit trail, one over each journal, whose head enters the trail
//! when the execution ends.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use utoipa::ToSchema;

use super::changes::write_failed;
use super::rows::{at, from_json, json, tampered};
use super::{StoreError, seals};
use crate::domain::audit::{AuditEntry, AuditRow, BrokenChain, Detail, verify_chain};
use crate::domain::digest::Digest;
use crate::domain::id::ExecutionId;
use crate::domain::transition::Change;
use crate::os::clock;

/// Rows that are verified at a time, to bound memory.
const PAGE: u64 = 1000;

/// Names in the detail of an entry, beside digests of what was stored with it. A plan's own digest
/// covers what was approved; the seal covers its whole row: the advice, who asked, until when.
const PLAN_SEAL: &str = "planRow";
const APPROVAL_SEAL: &str = "approvalRow";
const JOURNAL_SEAL: &str = "journal";
/// Beside the seal of a journal: how its execution ended.
const STATUS: &str = "status";

/// Appends the entries of a transition that is written otherwise. The last one gets `rows`, what
/// the trail has to say about the rows that were written; without any there is one of its own.
pub fn append_entries(
    db: &Connection,
    changes: &[Change],
    mut rows: Detail,
) -> Result<(), StoreError> {
    let is_entry = |c: &&Change| matches!(c, Change::Audit(_) | Change::SealJournal { .. });
    let mut entries = Vec::new();
    for change in changes.iter().filter(is_entry) {
        entries.push(match change {
            Change::SealJournal { execution, entry } => {
                let (_, head) = journal_head(db, execution)?;
                entry.clone().with(JOURNAL_SEAL, head)
            }
            Change::Audit(entry) => sealed(entry, changes)?,
            _ => continue,
        });
    }
    if entries.is_empty() && !rows.is_empty() {
        let first = rows.keys().next().map(|name| name.rsplit(' ').next());
        let subject = first.flatten().unwrap_or_default().to_owned();
        entries.push(AuditEntry::new(
            clock::now(),
            "commander",
            "ledger.written",
            subject,
        ));
    }
    if let Some(last) = entries.last_mut() {
        last.detail.append(&mut rows);
    }
    entries
        .iter()
        .try_for_each(|entry| append_audit(db, entry).map(drop))
}

/// The entry, with the seals of the rows about the same plan that are stored beside it.
fn sealed(entry: &AuditEntry, beside: &[Change]) -> Result<AuditEntry, StoreError> {
    let mut sealed = entry.clone();
    for change in beside {
        let (name, row) = match change {
            Change::StorePlan(plan) if plan.id.as_str() == entry.subject => {
                (PLAN_SEAL, json(plan)?)
            }
            Change::AddApproval(approval) if approval.plan.as_str() == entry.subject => {
                (APPROVAL_SEAL, json(approval)?)
            }
            _ => continue,
        };
        sealed = sealed.with(name, seal(&row));
    }
    Ok(sealed)
}

pub fn append_audit(db: &Connection, entry: &AuditEntry) -> Result<u64, StoreError> {
    let (seq, before) = db
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?
        .unwrap_or_default();
    let seq = seq + 1;
    // The hash is over the entry as it will be read back: times are kept to the millisecond.
    let entry = AuditEntry {
        at: parse_at(&at(entry.at), seq)?,
        ..entry.clone()
    };
    let hash = entry.chained(seq, &before);
    db.prepare_cached(
        "INSERT INTO audit (seq, at, actor, act, subject, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        seq,
        at(entry.at),
        entry.actor,
        entry.act,
        entry.subject,
        json(&entry.detail)?,
        hash.as_str()
    ])
    .map_err(write_failed)?;
    Ok(seq)
}

pub fn link(before: &str, seq: u64, at: &str, event: &str) -> String {
    Digest::of_bytes(format!("{before}\n{seq}\n{at}\n{event}").as_bytes()).into()
}

/// How many events a journal holds, and the hash of the last.
pub fn journal_head(db: &Connection, execution: &ExecutionId) -> Result<(u64, String), StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT seq, hash FROM journal WHERE execution = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([execution.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default())
}

fn parse_at(text: &str, seq: u64) -> Result<Timestamp, StoreError> {
    text.parse()
        .map_err(|error| tampered("audit row", &seq.to_string(), &error))
}

fn audit_row(row: &Row<'_>) -> Result<AuditRow, StoreError> {
    let seq: u64 = row.get(0)?;
    let id = seq.to_string();
    Ok(AuditRow {
        seq,
        entry: AuditEntry {
            at: parse_at(&row.get::<_, String>(1)?, seq)?,
            actor: row.get(2)?,
            act: row.get(3)?,
            subject: row.get(4)?,
            detail: from_json("audit row", &id, &row.get::<_, String>(5)?)?,
        },
        hash: row.get(6)?,
    })
}

pub fn audit_rows(db: &Connection, after: u64, limit: u64) -> Result<Vec<AuditRow>, StoreError> {
    let wanted = "seq > ?1 ORDER BY seq LIMIT ?2";
    select_audit_rows(db, wanted, params![as_row(after), limit])
}

/// Newest first, before row `before`.
pub fn newest_audit_rows(
    db: &Connection,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let wanted = "(?1 IS NULL OR seq < ?1) ORDER BY seq DESC LIMIT ?2";
    select_audit_rows(db, wanted, params![before.map(as_row), limit])
}

/// The number of a row as SQLite compares it; no row has a number beyond what it can hold.
pub fn as_row(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn select_audit_rows(
    db: &Connection,
    wanted: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<AuditRow>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT seq, at, actor, act, subject, detail, hash FROM audit WHERE {wanted}"
    ))?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(audit_row(row)?);
    }
    Ok(found)
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainReport {
    pub audit_rows: u64,
    pub journals: u64,
    pub plans: u64,
    /// Executions, releases, quarantines, watches, incidents, freezes, tokens and final states.
    pub rows: u64,
    pub head: String,
}

/// Either all is as it was written, or the first thing that is not.
pub type Verification = Result<ChainReport, String>;

/// What the trail says was stored, as (kind of seal, subject, digest).
type Seals = BTreeSet<(&'static str, String, String)>;

/// Whatever is not as it was written is `Tampered`.
pub fn verify_all(db: &Connection) -> Result<ChainReport, StoreError> {
    let Trailed {
        audit_rows,
        head,
        mut seals,
        rows,
    } = verify_audit(db)?;
    let plans = verify_plans(db, &mut seals)?;
    verify_approvals(db, &mut seals)?;
    let journals = verify_journals(db, &mut seals)?;
    // A seal that is left belongs to something that is not there any more.
    if let Some((kind, subject, _)) = seals.first() {
        let what = match *kind {
            PLAN_SEAL => "plan",
            APPROVAL_SEAL => "an approval of plan",
            _ => "the journal of execution",
        };
        return Err(tampered(what, subject, &"it is missing"));
    }
    Ok(ChainReport {
        rows: seals::verify(db, rows)?,
        audit_rows,
        journals,
        plans,
        head,
    })
}

/// What the trail says, once it is known to be whole.
#[derive(Default)]
struct Trailed {
    audit_rows: u64,
    head: String,
    seals: Seals,
    rows: seals::Vouched,
}

fn verify_audit(db: &Connection) -> Result<Trailed, StoreError> {
    let mut trail = Trailed::default();
    loop {
        let page = audit_rows(db, trail.audit_rows, PAGE)?;
        let Some(last) = page.last().map(|row| row.seq) else {
            return Ok(trail);
        };
        for entry in page.iter().map(|row| &row.entry) {
            for kind in [PLAN_SEAL, APPROVAL_SEAL, JOURNAL_SEAL] {
                if let Some(digest) = entry.detail.get(kind) {
                    let status = entry.detail.get(STATUS).filter(|_| kind == JOURNAL_SEAL);
                    let digest = sealed_end(digest, status.map_or("", String::as_str));
                    trail.seals.insert((kind, entry.subject.clone(), digest));
                }
            }
            seals::take_in(&mut trail.rows, &entry.detail);
        }
        trail.head = verify_chain(trail.audit_rows + 1, &trail.head, page)
            .map_err(|broken| not_as_written(&broken))?;
        trail.audit_rows = last;
    }
}

/// The hash of a journal and how its execution ended.
fn sealed_end(head: &str, status: &str) -> String {
    format!("{head} {status}").trim_end().to_owned()
}

fn not_as_written(broken: &BrokenChain) -> StoreError {
    let (row, why) = match broken {
        BrokenChain::Gap { expected, found } => {
            (expected, format!("it is missing; the next one is {found}"))
        }
        BrokenChain::Changed { seq, act, subject } => {
            (seq, format!("{act} {subject} is not what was written"))
        }
    };
    tampered("audit row", &row.to_string(), &why)
}

/// Each plan's row must be the one that the trail recorded when it was stored.
fn verify_plans(db: &Connection, seals: &mut Seals) -> Result<u64, StoreError> {
    // One that has lost what it says is refused as one that says something else.
    let mut statement = db.prepare(
        "SELECT id, coalesce(body, '') FROM plans LEFT JOIN plan_bodies ON plan = id ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (id, body): (String, String) = (row.get(0)?, row.get(1)?);
        if !seals.remove(&(PLAN_SEAL, id.clone(), seal(&body))) {
            return Err(tampered("plan", &id, &"it is not the one that was stored"));
        }
        count += 1;
    }
    let strays = "SELECT min(plan) FROM plan_bodies WHERE plan NOT IN (SELECT id FROM plans)";
    let stray: Option<String> = db.query_row(strays, [], |row| row.get(0))?;
    match stray {
        None => Ok(count),
        Some(id) => Err(tampered("plan", &id, &"only what it says is there")),
    }
}

fn verify_approvals(db: &Connection, seals: &mut Seals) -> Result<(), StoreError> {
    let mut statement = db.prepare("SELECT id, plan, body FROM approvals ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, plan, body): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if !seals.remove(&(APPROVAL_SEAL, plan, seal(&body))) {
            return Err(tampered(
                "approval",
                &id,
                &"it is not the one that was given",
            ));
        }
    }
    Ok(())
}

fn verify_journals(db: &Connection, seals: &mut Seals) -> Result<u64, StoreError> {
    let mut statement = db.prepare(
        "SELECT id, ended_at IS NOT NULL, status, final_states.head
         FROM executions LEFT JOIN final_states ON execution = id ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (id, ended, status): (String, bool, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let shortened: Option<String> = row.get(3)?;
        let head = match (verify_journal(db, &id)?, shortened) {
            (head, None) => head,
            (rest, Some(head)) if rest.is_empty() => head,
            (_, Some(_)) => {
                let why = "it was shortened, and holds events all the same";
                return Err(tampered("journal", &id, &why));
            }
        };
        // An entry says how it ended, or it says nothing about that.
        let sealed = seals.remove(&(JOURNAL_SEAL, id.clone(), sealed_end(&head, &status)))
            || seals.remove(&(JOURNAL_SEAL, id.clone(), head));
        if !sealed && ended {
            let why = "it does not end as the audit trail says";
            return Err(tampered("journal", &id, &why));
        }
        count += 1;
    }
    Ok(count)
}

/// Returns the hash of the journal's last event.
fn verify_journal(db: &Connection, id: &str) -> Result<String, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, at, event, hash FROM journal WHERE execution = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([id])?;
    let (mut expected, mut hash) = (1u64, String::new());
    while let Some(row) = rows.next()? {
        let (seq, at, event): (u64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let stored: String = row.get(3)?;
        if seq != expected || link(&hash, seq, &at, &event) != stored {
            let why = format!("event {expected} is not what was written");
            return Err(tampered("journal", id, &why));
        }
        hash = stored;
        expected += 1;
    }
    Ok(hash)
}

fn seal(row: &str) -> String {
    Digest::of_bytes(row.as_bytes()).into()
}
