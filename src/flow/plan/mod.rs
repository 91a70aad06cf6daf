//! Planning: an intent is resolved against the mirror and the ledger, and becomes a plan with
//! pins. The same drafting, done again at approval and at the start, tells whether the world has
//! moved meanwhile.
//!
//! ```text
//!   intent ──wish──> [Wish] ──draft──> (source, place) ──> planner ──> [Drafted] ──notes, advice──> Plan
//! ```

mod draft;
mod image;
mod notes;
mod place;
mod rerun;
mod source;
mod wish;

use jiff::SignedDuration;

use self::draft::Drafted;
use self::source::Freshness;
pub(super) use self::wish::Wish;
use self::wish::wish_of;
use super::Flow;
use super::error::{Code, FlowError};
use crate::domain::advice::RuleStage;
use crate::domain::audit::AuditEntry;
use crate::domain::intent::{Action, EnvironmentOrder, Intent};
use crate::domain::lock::Place;
use crate::domain::name::{EnvironmentName, PersonName};
use crate::domain::plan::{Origin, Plan, PlanEvent, PlanStatus, Requester, Surface};
use crate::domain::planner;
use crate::domain::release::{Quality, Release};
use crate::domain::rerun::RerunOf;
use crate::domain::settlement::actor;
use crate::domain::transition::{Change, Transition};
use crate::os::{clock, ids};

impl Flow {
    /// One plan for each (service, environment) of the intent, advised and not stored; of a chain,
    /// the first one.
    ///
    /// # Errors
    ///
    /// Whatever cannot be resolved, in one sentence that says what to do.
    pub(super) async fn plan_intent(
        &self,
        intent: &Intent,
        origin: &Origin,
    ) -> Result<Vec<Plan>, FlowError> {
        let wishes = self.wishes(intent)?;
        let chained = intent.environment_order == EnvironmentOrder::Chain;
        let (now, later) = match chained {
            true => wishes.split_at(wishes.len().min(1)),
            false => (wishes.as_slice(), [].as_slice()),
        };
        let chain: Vec<_> = later.iter().filter_map(|w| w.environment.clone()).collect();
        let mut plans = Vec::new();
        for wish in now {
            plans.push(self.draft_plan(wish, origin.clone(), chain.clone()).await?);
        }
        Ok(plans)
    }

    /// The promotion that follows in a chain, once the plan's release is verified.
    pub(super) async fn plan_next_in_chain(&self, before: &Plan) -> Result<Plan, FlowError> {
        let (next, rest) = before
            .chain
            .split_first()
            .ok_or_else(|| FlowError::new(Code::InvalidInput, "the chain ends here"))?;
        let wish = Wish {
            action: Action::Promote,
            environment: Some(next.clone()),
            reference: None,
            target: None,
            image: None,
            ..wish_of(before)
        };
        let mut origin = before.origin.clone();
        origin.surface = Surface::Chain;
        let from = before.body.environment.clone();
        let mut plan = self
            .draft_plan_from(&wish, origin, rest.to_vec(), from.as_ref())
            .await?;
        plan.notes
            .insert(0, format!("follows plan {} in the chain", before.id));
        self.store_plan(&plan).await?;
        Ok(plan)
    }

    async fn draft_plan(
        &self,
        wish: &Wish,
        origin: Origin,
        chain: Vec<EnvironmentName>,
    ) -> Result<Plan, FlowError> {
        self.draft_plan_from(wish, origin, chain, None).await
    }

    async fn draft_plan_from(
        &self,
        wish: &Wish,
        origin: Origin,
        chain: Vec<EnvironmentName>,
        from: Option<&EnvironmentName>,
    ) -> Result<Plan, FlowError> {
        let drafted = self.draft(wish, Freshness::Mirror, from).await?;
        self.finish_plan(drafted, origin, chain).await
    }

    /// A rollback to a release that is chosen already.
    pub(super) async fn draft_rollback(
        &self,
        place: &Place,
        _ledger: &[Release],
        target: &Release,
        origin: Origin,
    ) -> Result<Plan, FlowError> {
        let wish = Wish {
            action: Action::Rollback,
            service: place.service.clone(),
            environment: place.environment.clone(),
            reference: None,
            tests: Vec::new(),
            scripts: Vec::new(),
            target: Some(target.id.clone()),
            image: None,
        };
        let drafted = self.draft(&wish, Freshness::Mirror, None).await?;
        self.finish_plan(drafted, origin, Vec::new()).await
    }

    async fn finish_plan(
        &self,
        drafted: Drafted,
        origin: Origin,
        chain: Vec<EnvironmentName>,
    ) -> Result<Plan, FlowError> {
        drafted
            .body
            .check()
            .map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))?;
        let created_at = clock::now();
        let offered =
            SignedDuration::from_secs(i64::from(self.settings.windows.offered_for_seconds));
        let mut plan = Plan {
            id: ids::new(),
            digest: drafted.body.digest(),
            body: drafted.body,
            status: PlanStatus::PendingApproval,
            reason: None,
            origin,
            created_at,
            expires_at: created_at.checked_add(offered).unwrap_or(created_at),
            target_release: drafted.target,
            changes: drafted.changes,
            advice: Default::default(),
            chain,
            notes: drafted.notes,
        };
        plan.advice = self.advise_anew(&plan, RuleStage::Plan, &[], None).await?;
        Ok(plan)
    }

    pub(super) async fn store_plan(&self, plan: &Plan) -> Result<(), FlowError> {
        let changes = self.storing(plan)?;
        Ok(self.store.write(Transition::of(changes)).await?)
    }

    /// What stores a plan, and supersedes what the same person has pending for the same place in
    /// the same thread.
    pub(super) fn storing(&self, plan: &Plan) -> Result<Vec<Change>, FlowError> {
        let mut changes = Vec::new();
        for old in self.replaced_by(plan)? {
            changes.push(Change::MovePlan {
                plan: old.id.clone(),
                event: PlanEvent::Supersede,
                reason: Some(format!("replaced by plan {}", plan.id)),
            });
            changes.push(Change::Audit(
                AuditEntry::new(
                    plan.created_at,
                    actor(&plan.origin.by),
                    "plan.superseded",
                    &old.id,
                )
                .with("by", &plan.id),
            ));
        }
        changes.extend(stored(plan));
        Ok(changes)
    }

    fn replaced_by(&self, plan: &Plan) -> Result<Vec<Plan>, FlowError> {
        let Some(thread) = &plan.origin.thread else {
            return Ok(Vec::new());
        };
        let pending = self.store.pending_in(thread)?;
        Ok(pending
            .into_iter()
            .filter(|old| place_of(old) == place_of(plan) && old.origin.by == plan.origin.by)
            .collect())
    }

    /// A new plan for the wish of an old one, which is superseded if it still waits.
    ///
    /// # Errors
    ///
    /// As for a new sentence.
    pub async fn refresh(&self, plan: &Plan, by: &PersonName) -> Result<Plan, FlowError> {
        let mut origin = plan.origin.clone();
        origin.by = Requester::Person { name: by.clone() };
        let mut wish = wish_of(plan);
        if plan.body.action != Action::Rollback {
            wish.target = None;
        }
        let from = match plan.body.action {
            Action::Promote => self.promotion_source(plan)?,
            _ => None,
        };
        let chain = plan.chain.clone();
        let fresh = match plan.origin.rerun_of.clone() {
            // What it stands on is what was then, wherever a name points now.
            Some(RerunOf {
                execution,
                from_step,
            }) => {
                let (_, drafted) = self.draft_again(&execution, Some(&from_step)).await?;
                self.finish_plan(drafted, origin, chain).await?
            }
            None => {
                self.draft_plan_from(&wish, origin, chain, from.as_ref())
                    .await?
            }
        };
        let mut changes = Vec::new();
        if plan.status == PlanStatus::PendingApproval {
            changes.push(Change::MovePlan {
                plan: plan.id.clone(),
                event: PlanEvent::Supersede,
                reason: Some(format!("refreshed as plan {}", fresh.id)),
            });
            changes.push(Change::Audit(
                AuditEntry::new(fresh.created_at, by.as_str(), "plan.superseded", &plan.id)
                    .with("by", &fresh.id),
            ));
        }
        changes.extend(stored(&fresh));
        self.store.write(Transition::of(changes)).await?;
        Ok(fresh)
    }

    /// The sentences that say how the world has moved since the plan was made; empty when the
    /// same wish still gives the same plan.
    pub(super) async fn drift(&self, plan: &Plan) -> Result<Vec<String>, FlowError> {
        let mut wish = wish_of(plan);
        if plan.body.action == Action::Restart {
            wish.target = None;
        }
        let from = match plan.body.action {
            Action::Promote => self.promotion_source(plan)?,
            _ => None,
        };
        match self.draft(&wish, Freshness::Asked, from.as_ref()).await {
            Ok(drafted) => Ok(planner::drift(&plan.body, &drafted.body)),
            // What cannot be asked is not known to have moved, and not known to have stayed.
            Err(error) if error.code == Code::Unavailable => Err(error),
            Err(error) => Ok(vec![error.message]),
        }
    }

    /// Where a promotion's image comes from: the environment before it, or in a chain without
    /// `after` the one where the image is live and, if there are several, verified.
    fn promotion_source(&self, plan: &Plan) -> Result<Option<EnvironmentName>, FlowError> {
        let service = self.service(&plan.body.service)?;
        let own = plan.body.environment.as_ref();
        if own.is_some_and(|own| {
            service
                .environments
                .get(own)
                .is_some_and(|e| e.after.is_some())
        }) {
            return Ok(None);
        }
        let others = service.environments.keys().filter(|e| Some(*e) != own);
        let live = others.filter_map(|e| Some((e, self.running_in(&plan.body.service, e).ok()?)));
        let same = live.filter(|(_, r)| r.image_id == plan.body.pins.image_id);
        Ok(same
            .max_by_key(|(_, r)| r.quality == Quality::Verified)
            .map(|(environment, _)| environment.clone()))
    }
}

/// The changes that store a plan.
pub(super) fn stored(plan: &Plan) -> Vec<Change> {
    let mut entry = AuditEntry::new(
        plan.created_at,
        actor(&plan.origin.by),
        "plan.stored",
        &plan.id,
    )
    .with("digest", &plan.digest)
    .with("advice", plan.advice.digest());
    if let Some(rerun) = &plan.origin.rerun_of {
        entry = entry
            .with("rerun_of", &rerun.execution)
            .with("from_step", &rerun.from_step);
    }
    vec![
        Change::StorePlan(Box::new(plan.clone())),
        Change::Audit(entry),
    ]
}

pub(super) fn place_of(plan: &Plan) -> Place {
    Place {
        service: plan.body.service.clone(),
        environment: plan.body.environment.clone(),
    }
}
