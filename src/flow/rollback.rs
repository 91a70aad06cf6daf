//! Rollback: a plan that brings an environment back to an earlier release. A person asks for one,
//! or the watch makes the one that was approved beforehand.

use std::sync::Arc;

use super::Flow;
use super::approve::new_execution;
use super::error::{Code, FlowError};
use super::incident::act;
use crate::domain::approval::{Approval, Approver, Grant};
use crate::domain::audit::AuditEntry;
use crate::domain::id::{ApprovalId, ReleaseId};
use crate::domain::incident::Incident;
use crate::domain::lock::Place;
use crate::domain::plan::{OnDegraded, Origin, Plan, PlanEvent, Requester, Surface};
use crate::domain::release::{self, Presence, Purpose, Quality, Release};
use crate::domain::step::ReleasePin;
use crate::domain::transition::{Change, Transition};
use crate::domain::watch::Watch;
use crate::os::{clock, ids};

impl Flow {
    /// A plan that goes back to `to`, or to the last known good; pending until a person approves.
    ///
    /// # Errors
    ///
    /// `NothingLive`, `NothingToRollBackTo`, `Quarantined`, `Conflict` when it is live already.
    pub async fn plan_rollback(
        &self,
        place: &Place,
        to: Option<&ReleaseId>,
        origin: Origin,
    ) -> Result<Plan, FlowError> {
        self.service(&place.service)?;
        let ledger = self.store.ledger(place)?;
        let target = choose(place, &ledger, to)?.clone();
        let plan = self.draft_rollback(place, &ledger, &target, origin).await?;
        self.store_plan(&plan).await?;
        Ok(plan)
    }

    /// The one rollback that approving the release's plan allowed. It is made once for a watch,
    /// approved by policy, and goes before all that waits.
    ///
    /// # Errors
    ///
    /// `NothingToRollBackTo` when the pinned release does not qualify any more, `NotAllowed` when
    /// the approval was used up.
    pub(super) async fn roll_back_under(
        self: &Arc<Self>,
        watch: &Watch,
        grant: &Grant,
        mut incident: Incident,
    ) -> Result<(), FlowError> {
        if self.is_begun_under(&watch.place, &grant.under)? {
            return Ok(());
        }
        let ledger = self.store.ledger(&watch.place)?;
        let OnDegraded::RollBack { to } = &grant.on_degraded else {
            return Err(FlowError::new(
                Code::NotAllowed,
                "no rollback was approved beforehand",
            ));
        };
        let target = granted_target(&ledger, to)?.clone();
        let origin = Origin {
            by: Requester::Policy {
                under: grant.under.clone(),
            },
            surface: Surface::Watch,
            command: None,
            thread: None,
            intent: None,
            text: None,
            rerun_of: None,
        };
        let plan = self
            .draft_rollback(&watch.place, &ledger, &target, origin)
            .await?;
        self.require_present(&target).await?;
        let approval = Approval {
            id: ids::new(),
            plan: plan.id.clone(),
            plan_digest: plan.digest.clone(),
            advice_digest: plan.advice.digest(),
            by: Approver::Policy {
                under: grant.under.clone(),
            },
            at: clock::now(),
            comment: None,
        };
        let execution = new_execution(&plan);
        let mut changes = super::plan::stored(&plan);
        changes.push(Change::Audit(
            AuditEntry::new(
                approval.at,
                format!("policy under {}", grant.under),
                "plan.approved",
                &plan.id,
            )
            .with("approval", &approval.id)
            .with("digest", &plan.digest)
            .with("advice", &approval.advice_digest),
        ));
        changes.push(Change::AddApproval(Box::new(approval)));
        changes.push(Change::MovePlan {
            plan: plan.id.clone(),
            event: PlanEvent::Approve,
            reason: None,
        });
        changes.push(Change::OpenExecution(Box::new(execution.clone())));
        incident.plan = Some(plan.id.clone());
        incident.execution = Some(execution.id.clone());
        incident.rollback_target = plan.target_release.clone();
        let what = format!("rollback plan {} was approved by policy", plan.id);
        act(&mut incident, clock::now(), what, Some(grant.under.clone()));
        changes.push(Change::SaveIncident(Box::new(incident)));
        self.store.write(Transition::of(changes)).await?;
        self.line_up(&execution).await.map(drop)
    }

    /// Whether the rollback was made under this approval already, by a process before this one.
    fn is_begun_under(&self, place: &Place, under: &ApprovalId) -> Result<bool, FlowError> {
        let plans = self.store.plans(&super::selection(place, 200), None)?;
        Ok(plans
            .iter()
            .any(|plan| matches!(&plan.origin.by, Requester::Policy { under: u } if u == under)))
    }

    /// The grant that an automatic rollback stands on: it is in the watch of the release that
    /// was found bad.
    pub(super) fn grant(
        &self,
        plan: &Plan,
        under: &ApprovalId,
    ) -> Result<Option<Grant>, FlowError> {
        let place = Place {
            service: plan.body.service.clone(),
            environment: plan.body.environment.clone(),
        };
        let watches = self.store.watches(&super::selection(&place, 200))?;
        Ok(watches
            .into_iter()
            .filter_map(|watch| watch.grant)
            .find(|grant| &grant.under == under))
    }
}

/// What a person's rollback goes to.
pub(super) fn choose<'a>(
    place: &Place,
    ledger: &'a [Release],
    to: Option<&ReleaseId>,
) -> Result<&'a Release, FlowError> {
    let Some(live) = release::live(ledger) else {
        return Err(FlowError::new(
            Code::NothingLive,
            format!("nothing is live for {place}, so there is nothing to roll back"),
        ));
    };
    let Some(wanted) = to else {
        return release::last_known_good(ledger, Purpose::Rollback).ok_or_else(|| {
            FlowError::new(
                Code::NothingToRollBackTo,
                format!(
                    "no earlier release of {place} is verified and kept; deploy a version instead"
                ),
            )
        });
    };
    let target = ledger.iter().find(|r| &r.id == wanted).ok_or_else(|| {
        FlowError::new(Code::NotFound, format!("{wanted} is no release of {place}"))
    })?;
    if target.id == live.id {
        return Err(FlowError::new(
            Code::Conflict,
            format!(
                "{} is what is live for {place} already; nothing to do",
                target.version
            ),
        ));
    }
    if target.presence != Presence::Standby {
        return Err(FlowError::new(
            Code::NothingToRollBackTo,
            format!(
                "{} is not kept any more; deploy it again, which rebuilds it from its commit",
                target.version
            ),
        ));
    }
    if target.quality == Quality::Quarantined {
        return Err(FlowError::new(
            Code::Quarantined,
            format!(
                "{} is under quarantine; a named person can lift it",
                target.version
            ),
        ));
    }
    Ok(target)
}

/// The release behind the pin that was approved, if it still qualifies.
fn granted_target<'a>(ledger: &'a [Release], pin: &ReleasePin) -> Result<&'a Release, FlowError> {
    ledger
        .iter()
        .filter(|r| r.pin().as_ref() == Some(pin))
        .filter(|r| r.quality == Quality::Verified && r.presence == Presence::Standby)
        .max_by_key(|r| r.first_live_at)
        .ok_or_else(|| {
            FlowError::new(
                Code::NothingToRollBackTo,
                format!(
                    "the approved rollback target (image {}) is not verified and kept any more",
                    pin.image_id.short()
                ),
            )
        })
}
