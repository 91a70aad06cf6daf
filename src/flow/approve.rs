//! Approval: a person says yes to exactly one digest.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::db::StoreError;
use crate::domain::advice::{Advice, RuleStage};
use crate::domain::approval::{Approval, Approver, distinct_people};
use crate::domain::audit::AuditEntry;
use crate::domain::digest::Digest;
use crate::domain::execution::{Execution, ExecutionStatus};
use crate::domain::id::PlanId;
use crate::domain::lock::{Holder, Place};
use crate::domain::name::PersonName;
use crate::domain::plan::{Plan, PlanEvent, PlanStatus};
use crate::domain::settlement::{makes_release, own_release};
use crate::domain::transition::{Change, Transition};
use crate::os::{clock, ids};

/// A comment or a reason, in characters.
const COMMENT: usize = 500;
/// Plans that are marked as expired in one round; the rest waits for the next.
const OVERDUE: u32 = 200;

/// What an approval led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    pub plan: Plan,
    /// Who has approved so far.
    pub approved_by: Vec<PersonName>,
    pub required_approvals: u32,
    /// Present once enough people have approved.
    pub execution: Option<Execution>,
    /// Who holds the lock that the execution waits for.
    pub waits_for: Option<Holder>,
}

impl Flow {
    /// Records that `by` approves the plan with this digest; with enough approvals it starts.
    ///
    /// # Errors
    ///
    /// `DigestMismatch`, `Expired`, `NotPending` (and its kin), `Drift`, `Blocked`.
    pub async fn approve(
        self: &Arc<Self>,
        id: &PlanId,
        digest: &Digest,
        by: &PersonName,
        comment: Option<String>,
    ) -> Result<Approved, FlowError> {
        let plan = self.store.plan(id)?;
        self.check_pending(&plan).await?;
        if *digest != plan.digest {
            return Err(FlowError::new(
                Code::DigestMismatch,
                "the digest is not the plan's: what was approved is not what would be done; read the plan again",
            ));
        }
        self.check_drift(&plan).await?;
        // Of two people who approve at the same moment the second must see the first, or each would
        // take themselves for the first of two.
        let one_at_a_time = self.approving.lock().await;
        let earlier = self.store.approvals(id)?;
        let advice = self
            .advise_anew(&plan, RuleStage::Approve, &earlier, Some(by))
            .await?;
        let blocking: Vec<_> = advice
            .blocking()
            .chain(plan.advice.blocking())
            .cloned()
            .collect();
        if !blocking.is_empty() {
            return Err(FlowError::blocked(blocking));
        }
        let approval = Approval {
            id: ids::new(),
            plan: id.clone(),
            plan_digest: plan.digest.clone(),
            advice_digest: plan.advice.digest(),
            by: Approver::Person { name: by.clone() },
            at: clock::now(),
            comment: comment.map(|text| self.remark(&text, COMMENT)),
        };
        let mut approved = self
            .record_approval(plan, earlier, approval, &advice)
            .await?;
        drop(one_at_a_time);
        if let Some(execution) = &approved.execution {
            tracing::info!(plan = %execution.plan, execution = %execution.id, "an execution waits for its turn");
            approved.waits_for = self.line_up(execution).await?;
        }
        Ok(approved)
    }

    async fn record_approval(
        &self,
        plan: Plan,
        mut approvals: Vec<Approval>,
        approval: Approval,
        advice: &Advice,
    ) -> Result<Approved, FlowError> {
        let required = plan
            .advice
            .required_approvals
            .max(advice.required_approvals)
            .max(1);
        let mut changes = vec![
            Change::AddApproval(Box::new(approval.clone())),
            Change::Audit(approval_entry(&plan, &approval)),
        ];
        approvals.push(approval);
        let given = distinct_people(&plan, &approvals).len();
        let enough = u32::try_from(given).unwrap_or(u32::MAX) >= required;
        let execution = enough.then(|| new_execution(&plan));
        if let Some(execution) = &execution {
            changes.push(Change::MovePlan {
                plan: plan.id.clone(),
                event: PlanEvent::Approve,
                reason: None,
            });
            changes.push(Change::OpenExecution(Box::new(execution.clone())));
        }
        self.store.write(Transition::of(changes)).await?;
        tracing::info!(plan = %plan.id, approvals = given, required, "approved");
        Ok(Approved {
            approved_by: people(&plan, &approvals),
            required_approvals: required,
            plan: self.store.plan(&plan.id)?,
            execution,
            waits_for: None,
        })
    }

    /// Ends a pending plan because a person says no.
    ///
    /// # Errors
    ///
    /// When it is not pending any more.
    pub async fn reject(
        &self,
        id: &PlanId,
        by: &PersonName,
        reason: &str,
    ) -> Result<Plan, FlowError> {
        let plan = self.store.plan(id)?;
        self.check_pending(&plan).await?;
        let reason = self.remark(reason, COMMENT);
        let entry =
            AuditEntry::new(clock::now(), by.as_str(), "plan.rejected", id).with("reason", &reason);
        self.store
            .write(Transition::of(vec![
                Change::MovePlan {
                    plan: id.clone(),
                    event: PlanEvent::Reject,
                    reason: Some(format!("{by}: {reason}")),
                },
                Change::Audit(entry),
            ]))
            .await?;
        Ok(self.store.plan(id)?)
    }

    /// Refuses a plan that cannot be approved or rejected any more, with the reason and what to
    /// do; one whose time is over is marked so.
    async fn check_pending(&self, plan: &Plan) -> Result<(), FlowError> {
        let reason = plan.reason.as_deref().unwrap_or("no reason is recorded");
        let refused = match plan.status {
            PlanStatus::PendingApproval if clock::now() > plan.expires_at => {
                self.expire(plan).await?;
                FlowError::new(
                    Code::Expired,
                    format!(
                        "the plan was offered until {}; ask for it anew",
                        plan.expires_at
                    ),
                )
            }
            PlanStatus::PendingApproval => return Ok(()),
            PlanStatus::Expired => {
                FlowError::new(Code::Expired, "the plan has expired; ask for it anew")
            }
            PlanStatus::Superseded => FlowError::new(
                Code::Superseded,
                format!("the plan is superseded ({reason}); ask for it anew"),
            ),
            status => FlowError::new(
                Code::NotPending,
                format!("the plan waits for no approval: it is {status:?}").to_lowercase(),
            ),
        };
        Err(refused)
    }

    /// Ends the pending plans whose time is over, so that nothing is kept for them.
    pub(super) async fn expire_plans(&self) {
        let overdue = match self.store.overdue_plans(clock::now(), OVERDUE) {
            Ok(overdue) => overdue,
            Err(error) => return tracing::error!(%error, "overdue plans cannot be read"),
        };
        for plan in &overdue {
            if let Err(error) = self.expire(plan).await {
                tracing::error!(plan = %plan.id, %error, "a plan cannot be marked as expired");
            }
        }
    }

    async fn expire(&self, plan: &Plan) -> Result<(), FlowError> {
        let now = clock::now();
        let changes = vec![
            Change::MovePlan {
                plan: plan.id.clone(),
                event: PlanEvent::Expire,
                reason: Some(format!("nobody approved it until {}", plan.expires_at)),
            },
            Change::Audit(AuditEntry::new(now, "commander", "plan.expired", &plan.id)),
        ];
        match self.store.write(Transition::of(changes)).await {
            // Somebody else was first to see that its time is over.
            Err(StoreError::Conflict(_)) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The plan must be what would be planned now; otherwise it is superseded.
    pub(super) async fn check_drift(&self, plan: &Plan) -> Result<(), FlowError> {
        let found = self.drift(plan).await?;
        if found.is_empty() {
            return Ok(());
        }
        let reason = found.join("; ");
        self.supersede(plan, &reason).await?;
        Err(FlowError::new(
            Code::Drift,
            format!(
                "{reason}, since the plan was made: nothing was done; ask for it anew or refresh the plan"
            ),
        ))
    }

    /// Ends a plan that the world has left behind, if it is still pending.
    pub(super) async fn supersede(&self, plan: &Plan, why: &str) -> Result<(), FlowError> {
        let _none_meanwhile = self.approving.lock().await;
        if self.store.plan(&plan.id)?.status != PlanStatus::PendingApproval {
            return Ok(());
        }
        let entry = AuditEntry::new(clock::now(), "commander", "plan.superseded", &plan.id)
            .with("reason", why);
        let changes = vec![
            Change::MovePlan {
                plan: plan.id.clone(),
                event: PlanEvent::Supersede,
                reason: Some(why.to_owned()),
            },
            Change::Audit(entry),
        ];
        match self.store.write(Transition::of(changes)).await {
            Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn approval_entry(plan: &Plan, approval: &Approval) -> AuditEntry {
    let actor = match &approval.by {
        Approver::Person { name } => name.to_string(),
        Approver::Policy { under } => format!("policy under {under}"),
    };
    AuditEntry::new(approval.at, actor, "plan.approved", &plan.id)
        .with("approval", &approval.id)
        .with("digest", &approval.plan_digest)
        .with("advice", &approval.advice_digest)
}

fn people(plan: &Plan, approvals: &[Approval]) -> Vec<PersonName> {
    distinct_people(plan, approvals)
        .into_iter()
        .filter_map(|approval| match &approval.by {
            Approver::Person { name } => Some(name.clone()),
            Approver::Policy { .. } => None,
        })
        .collect()
}

/// One run of the plan, waiting for its lock.
pub(super) fn new_execution(plan: &Plan) -> Execution {
    let mut execution = Execution {
        id: ids::new(),
        plan: plan.id.clone(),
        action: plan.body.action,
        place: Place {
            service: plan.body.service.clone(),
            environment: plan.body.environment.clone(),
        },
        status: ExecutionStatus::Waiting,
        created_at: clock::now(),
        ended_at: None,
        release: plan.target_release.clone(),
        replaces: None,
        requested_by: plan.origin.by.clone(),
    };
    if makes_release(plan.body.action) {
        execution.release = Some(own_release(&execution));
    }
    execution
}
