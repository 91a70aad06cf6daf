//! What can be asked of the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::rows::{from_json, from_word, tampered};
use super::{Store, StoreError, Trail, chain, history, seals};
use crate::domain::approval::Approval;
use crate::domain::audit::AuditRow;
use crate::domain::command::Command;
use crate::domain::execution::{Execution, ExecutionState, JournalEvent};
use crate::domain::id::{ExecutionId, IncidentId, PlanId, ReleaseId, ThreadId, WatchId};
use crate::domain::incident::{Freeze, Incident};
use crate::domain::lock::{Fence, Holder, Place};
use crate::domain::name::{EnvironmentName, PersonName, ServiceName};
use crate::domain::plan::{Plan, PlanStatus};
use crate::domain::release::{Quarantine, Release};
use crate::domain::sop::DecisionRecord;
use crate::domain::watch::{Evaluation, Watch};

/// Which rows of a list: newest first.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    /// Only those that are older than the one with this id.
    pub before: Option<String>,
    /// At most this many.
    pub limit: u32,
}

/// How much of what needs somebody's eye there is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub pending_plans: u64,
    /// Executions that wait or run.
    pub open_executions: u64,
    pub live_releases: u64,
    pub open_watches: u64,
    pub open_incidents: u64,
    pub freezes: u64,
}

/// What the ledger of a data directory says has to be on the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Absent before the first start.
    pub instance: Option<String>,
    /// The releases that are live or on standby.
    pub releases: Vec<Release>,
}

const PLAN: &str = "SELECT id, body, status, reason FROM plans LEFT JOIN plan_bodies ON plan = id";
pub const RELEASE: &str = "SELECT id, body, presence, quality FROM releases";
pub const EXECUTION: &str = "SELECT id, body, status, ended_at FROM executions";
pub const PENDING_PLANS: &str = "SELECT id FROM plans
    WHERE service = ?1 AND environment = ?2 AND status = 'pending_approval' ORDER BY id";
/// That of `migrations/0007_what_waits.sql`, word for word: otherwise its index is not used. What is
/// no value any more counts as open, so that it is refused and not passed over.
pub const IS_OPEN: &str =
    "CASE WHEN json_valid(body) THEN body ->> '$.status.kind' END IS NOT 'closed'";

impl Store {
    /// A plan with its present status.
    ///
    /// # Errors
    ///
    /// `Tampered` when its body does not have its digest any more.
    pub fn plan(&self, id: &PlanId) -> Result<Plan, StoreError> {
        self.read(|db| {
            plans(db, &format!("{PLAN} WHERE id = ?1"), [id.as_str()])?
                .pop()
                .ok_or_else(|| missing("plan", id))
        })
    }

    pub fn plans(
        &self,
        selection: &Selection,
        status: Option<PlanStatus>,
    ) -> Result<Vec<Plan>, StoreError> {
        let status = status.map(|s| super::rows::word(&s)).transpose()?;
        self.read(|db| {
            plans(
                db,
                &format!(
                    "{PLAN} WHERE (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR environment = ?2)
                     AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR id < ?4)
                     ORDER BY id DESC LIMIT ?5"
                ),
                params![
                    selection.service.as_ref().map(|s| s.as_str()),
                    selection.environment.as_ref().map(|e| e.as_str()),
                    status,
                    selection.before,
                    selection.limit
                ],
            )
        })
    }

    /// Plans of a place that are not at an end.
    pub fn open_plans(&self, place: &Place) -> Result<Vec<Plan>, StoreError> {
        self.read(|db| {
            plans(
                db,
                &format!(
                    "{PLAN} WHERE service = ?1 AND environment = ?2
                     AND status IN ('pending_approval', 'approved', 'running') ORDER BY id"
                ),
                params![place.service.as_str(), environment(place)],
            )
        })
    }

    /// The ids of the plans of a place that wait for approval, oldest first; the plans themselves are
    /// not looked at.
    pub fn pending_plans(&self, place: &Place) -> Result<Vec<PlanId>, StoreError> {
        self.read(|db| {
            let mut pending = db.prepare_cached(PENDING_PLANS)?;
            let of_place = params![place.service.as_str(), environment(place)];
            let mut ids = Vec::new();
            for id in pending.query_map(of_place, |row| row.get::<_, String>(0))? {
                let id = id?;
                ids.push(from_word("plan", &id, &id)?);
            }
            Ok(ids)
        })
    }

    /// Those of all places of a service.
    pub fn open_plans_of(&self, service: &ServiceName) -> Result<Vec<Plan>, StoreError> {
        self.read(|db| {
            plans(
                db,
                &format!(
                    "{PLAN} WHERE service = ?1
                     AND status IN ('pending_approval', 'approved', 'running') ORDER BY id"
                ),
                [service.as_str()],
            )
        })
    }

    /// Plans of a thread that wait for approval.
    pub fn pending_in(&self, thread: &ThreadId) -> Result<Vec<Plan>, StoreError> {
        self.read(|db| {
            plans(
                db,
                &format!("{PLAN} WHERE thread = ?1 AND status = 'pending_approval' ORDER BY id"),
                [thread.as_str()],
            )
        })
    }

    /// Plans that wait for approval although their time was over before `now`; at most `limit`.
    pub fn overdue_plans(&self, now: Timestamp, limit: u32) -> Result<Vec<Plan>, StoreError> {
        self.read(|db| {
            plans(
                db,
                &format!(
                    "{PLAN} WHERE status = 'pending_approval' AND expires_at < ?1 ORDER BY id LIMIT ?2"
                ),
                params![super::rows::at(now), limit],
            )
        })
    }

    pub fn approvals(&self, plan: &PlanId) -> Result<Vec<Approval>, StoreError> {
        let found: Vec<Approval> = self.read(|db| {
            bodies(
                db,
                "approval",
                "SELECT id, body FROM approvals WHERE plan = ?1 ORDER BY id",
                [plan.as_str()],
            )
        })?;
        match found.iter().find(|approval| &approval.plan != plan) {
            None => Ok(found),
            Some(other) => Err(tampered(
                "approval",
                other.id.as_str(),
                &"it is of another plan",
            )),
        }
    }

    pub fn execution(&self, id: &ExecutionId) -> Result<Execution, StoreError> {
        self.read(|db| {
            executions(db, &format!("{EXECUTION} WHERE id = ?1"), [id.as_str()])?
                .pop()
                .ok_or_else(|| missing("execution", id))
        })
    }

    pub fn execution_of(&self, plan: &PlanId) -> Result<Option<Execution>, StoreError> {
        self.read(|db| {
            Ok(executions(db, &format!("{EXECUTION} WHERE plan = ?1"), [plan.as_str()])?.pop())
        })
    }

    pub fn executions(&self, selection: &Selection) -> Result<Vec<Execution>, StoreError> {
        self.read(|db| {
            executions(
                db,
                &format!(
                    "{EXECUTION} WHERE (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR environment = ?2)
                     AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4"
                ),
                params![
                    selection.service.as_ref().map(|s| s.as_str()),
                    selection.environment.as_ref().map(|e| e.as_str()),
                    selection.before,
                    selection.limit
                ],
            )
        })
    }

    /// Executions that have not ended, oldest first.
    pub fn open_executions(&self) -> Result<Vec<Execution>, StoreError> {
        self.read(|db| {
            executions(
                db,
                &format!("{EXECUTION} WHERE ended_at IS NULL ORDER BY id"),
                [],
            )
        })
    }

    /// Executions of a place that have not ended, oldest first.
    pub fn open_executions_in(&self, place: &Place) -> Result<Vec<Execution>, StoreError> {
        self.read(|db| {
            executions(
                db,
                &format!(
                    "{EXECUTION} WHERE service = ?1 AND environment = ?2 AND ended_at IS NULL ORDER BY id"
                ),
                params![place.service.as_str(), environment(place)],
            )
        })
    }

    /// The journal's events from number `after` + 1 on.
    pub fn journal(
        &self,
        execution: &ExecutionId,
        after: u64,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, StoreError> {
        self.read(|db| journal(db, execution, after))
    }

    /// The state that the journal adds up to, or added up to before it was shortened.
    pub fn execution_state(&self, execution: &Execution) -> Result<ExecutionState, StoreError> {
        self.read(|db| match history::final_state(db, &execution.id)? {
            Some(state) => Ok(state),
            None => replayed(db, &execution.id),
        })
    }

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
                params![
                    selection.service.as_ref().map(|s| s.as_str()),
                    selection.environment.as_ref().map(|e| e.as_str()),
                    selection.before,
                    selection.limit
                ],
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
                params![
                    selection.service.as_ref().map(|s| s.as_str()),
                    selection.environment.as_ref().map(|e| e.as_str()),
                    selection.before,
                    selection.limit
                ],
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

    pub fn incident(&self, id: &IncidentId) -> Result<Incident, StoreError> {
        self.read(|db| {
            bodies(
                db,
                "incident",
                "SELECT id, body FROM incidents WHERE id = ?1",
                [id.as_str()],
            )?
            .pop()
            .ok_or_else(|| missing("incident", id))
        })
    }

    pub fn incidents(&self, selection: &Selection) -> Result<Vec<Incident>, StoreError> {
        self.incidents_where("true", selection)
    }

    /// Those that nobody and nothing has closed.
    pub fn open_incidents(&self, selection: &Selection) -> Result<Vec<Incident>, StoreError> {
        self.incidents_where(IS_OPEN, selection)
    }

    fn incidents_where(
        &self,
        condition: &str,
        selection: &Selection,
    ) -> Result<Vec<Incident>, StoreError> {
        self.read(|db| {
            bodies(
                db,
                "incident",
                &incidents(condition),
                params![
                    selection.service.as_ref().map(|s| s.as_str()),
                    selection.environment.as_ref().map(|e| e.as_str()),
                    selection.before,
                    selection.limit
                ],
            )
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

    /// When the ledger was restored from a backup, if it was not compared with what runs since.
    pub fn restored(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db| {
            let at: Option<String> = db
                .prepare_cached("SELECT value FROM meta WHERE key = 'restored_at'")?
                .query_row([], |row| row.get(0))
                .optional()?;
            at.map(|at| parse_time("meta", "restored_at", &at))
                .transpose()
        })
    }

    /// The data directory's random id, made when the store was.
    pub fn instance(&self) -> Result<Option<String>, StoreError> {
        self.read(instance)
    }

    /// Reads the ledger of a data directory, whether or not a Commander runs on it.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened or read.
    pub fn kept(data_dir: &Path) -> Result<Kept, StoreError> {
        let Trail { db } = Trail::of(data_dir)?;
        let which = format!("{RELEASE} WHERE presence IN ('live', 'standby') ORDER BY id");
        let releases = releases(&db, &which, [])?;
        Ok(Kept {
            instance: instance(&db)?,
            releases,
        })
    }

    /// The audit trail after row `after`, oldest first.
    pub fn audit(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read(|db| chain::audit_rows(db, after, u64::from(limit)))
    }

    /// The audit trail before row `before`, or from its end, newest first.
    pub fn newest_audit(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.read(|db| chain::newest_audit_rows(db, before, limit))
    }

    /// The number of the last row of the audit trail.
    pub fn audit_head(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            Ok(db
                .prepare_cached("SELECT coalesce(max(seq), 0) FROM audit")?
                .query_row([], |row| row.get(0))?)
        })
    }

    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|db| {
            let counts = db.prepare_cached(&count_all())?.query_row([], |row| {
                Ok(Counts {
                    pending_plans: row.get(0)?,
                    open_executions: row.get(1)?,
                    live_releases: row.get(2)?,
                    open_watches: row.get(3)?,
                    open_incidents: row.get(4)?,
                    freezes: row.get(5)?,
                })
            })?;
            Ok(counts)
        })
    }

    /// How many events a journal holds, whatever they are.
    pub fn journal_length(&self, execution: &ExecutionId) -> Result<u64, StoreError> {
        self.read(|db| Ok(chain::journal_head(db, execution)?.0))
    }

    /// The hash of the last event of a journal.
    pub fn journal_head(&self, execution: &ExecutionId) -> Result<String, StoreError> {
        self.read(|db| Ok(chain::journal_head(db, execution)?.1))
    }
}

/// Incidents as a selection wants them, newest first.
pub fn incidents(condition: &str) -> String {
    format!(
        "SELECT id, body FROM incidents WHERE {condition}
         AND (?1 IS NULL OR service = ?1) AND (?2 IS NULL OR environment = ?2)
         AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4"
    )
}

/// The figures of [`Counts`], each from an index but for the freezes, which are few.
pub fn count_all() -> String {
    format!(
        "SELECT (SELECT count(*) FROM plans WHERE status = 'pending_approval'),
                (SELECT count(*) FROM executions WHERE ended_at IS NULL),
                (SELECT count(*) FROM releases WHERE presence = 'live'),
                (SELECT count(*) FROM watches WHERE status IN ('baking', 'paused', 'degraded')),
                (SELECT count(*) FROM incidents WHERE {IS_OPEN}),
                (SELECT count(*) FROM freezes)"
    )
}

/// The state that a journal adds up to.
pub fn replayed(db: &Connection, execution: &ExecutionId) -> Result<ExecutionState, StoreError> {
    let plan = plans(
        db,
        &format!("{PLAN} WHERE id = (SELECT plan FROM executions WHERE id = ?1)"),
        [execution.as_str()],
    )?
    .pop()
    .ok_or_else(|| missing("execution", execution))?;
    ExecutionState::replay(&plan.body, &journal(db, execution, 0)?)
        .map_err(|error| tampered("journal", execution.as_str(), &error))
}

fn plans(db: &Connection, sql: &str, params: impl Params) -> Result<Vec<Plan>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let body: Option<String> = row.get(1)?;
        let body = body.ok_or_else(|| tampered("plan", &id, &"what it says is missing"))?;
        let mut plan: Plan = from_json("plan", &id, &body)?;
        plan.status = from_word("plan", &id, &row.get::<_, String>(2)?)?;
        plan.reason = row.get(3)?;
        plan.check()
            .map_err(|error| tampered("plan", &id, &error))?;
        found.push(plan);
    }
    Ok(found)
}

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

pub fn executions(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Execution>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let mut execution: Execution = from_json("execution", &id, &row.get::<_, String>(1)?)?;
        execution.status = from_word("execution", &id, &row.get::<_, String>(2)?)?;
        let ended: Option<String> = row.get(3)?;
        execution.ended_at = ended
            .map(|t| parse_time("execution", &id, &t))
            .transpose()?;
        seals::check(db, "execution", &id)?;
        found.push(execution);
    }
    Ok(found)
}

/// Reads events and their hashes: an edited one is refused here, not only by the verification.
fn journal(
    db: &Connection,
    execution: &ExecutionId,
    after: u64,
) -> Result<Vec<(Timestamp, JournalEvent)>, StoreError> {
    let id = execution.as_str();
    let mut statement = db.prepare_cached(
        "SELECT seq, at, event, hash FROM journal WHERE execution = ?1 AND seq >= ?2 ORDER BY seq",
    )?;
    // The row before is read for its hash.
    let mut rows = statement.query(params![id, chain::as_row(after)])?;
    let mut hash = String::new();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, at, event): (u64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let stored: String = row.get(3)?;
        if seq > after {
            if chain::link(&hash, seq, &at, &event) != stored {
                return Err(tampered(
                    "journal",
                    id,
                    &format!("event {seq} has another hash"),
                ));
            }
            found.push((
                parse_time("journal", id, &at)?,
                from_json("journal", id, &event)?,
            ));
        }
        hash = stored;
    }
    Ok(found)
}

fn bodies<T: DeserializeOwned>(
    db: &Connection,
    what: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        found.push(from_json(what, &id, &row.get::<_, String>(1)?)?);
        seals::check(db, what, &id)?;
    }
    Ok(found)
}

pub fn instance(db: &Connection) -> Result<Option<String>, StoreError> {
    Ok(db
        .prepare_cached("SELECT value FROM meta WHERE key = 'instance'")?
        .query_row([], |row| row.get(0))
        .optional()?)
}

fn parse_time(what: &'static str, id: &str, text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|error| tampered(what, id, &error))
}

fn environment(place: &Place) -> &str {
    place.environment.as_ref().map_or("", |e| e.as_str())
}

fn missing(what: &'static str, id: impl ToString) -> StoreError {
    StoreError::NotFound {
        what,
        id: id.to_string(),
    }
}
