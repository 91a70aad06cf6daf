//! Plans and their approvals.

use jiff::Timestamp;
use rusqlite::{Connection, Params, params};

use super::{Selection, bodies, missing};
use crate::adapters::db::rows::{at, environment, from_json, from_word, tampered, word};
use crate::adapters::db::{Store, StoreError};
use crate::domain::approval::Approval;
use crate::domain::id::{PlanId, ThreadId};
use crate::domain::lock::Place;
use crate::domain::name::ServiceName;
use crate::domain::plan::{Plan, PlanStatus};

pub(super) const PLAN: &str =
    "SELECT id, body, status, reason FROM plans LEFT JOIN plan_bodies ON plan = id";
pub const PENDING_PLANS: &str = "SELECT id FROM plans
    WHERE service = ?1 AND environment = ?2 AND status = 'pending_approval' ORDER BY id";

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
        let status = status.map(|s| word(&s)).transpose()?;
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
                params![at(now), limit],
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
}

/// Plans by a query that begins with [`PLAN`].
pub(super) fn plans(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Plan>, StoreError> {
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
