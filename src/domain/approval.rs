//! Approval: who said yes to exactly which plan, and the one value that lets an execution start.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;
use super::id::{ApprovalId, PlanId};
use super::intent::Action;
use super::name::PersonName;
use super::plan::{InvalidPlan, OnDegraded, Plan, PlanBody, PlanStatus, Requester};
use super::step::ImageSource;

/// How long a pending plan is offered and how soon an approved one must start, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalWindows {
    pub offered_for_seconds: u32,
    pub start_within_seconds: u32,
}

impl Default for ApprovalWindows {
    fn default() -> Self {
        Self {
            offered_for_seconds: 24 * 3600,
            start_within_seconds: 3600,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    pub id: ApprovalId,
    pub plan: PlanId,
    pub plan_digest: Digest,
    /// What the procedures said when the person said yes.
    pub advice_digest: Digest,
    pub by: Approver,
    pub at: Timestamp,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Approver {
    Person {
        name: PersonName,
    },
    /// The approval of the release's own plan covered this rollback.
    Policy {
        under: ApprovalId,
    },
}

/// The pre-authorisation of one automatic rollback: it comes from the approval of the plan whose
/// release turned out bad, and is used up by the first rollback plan made under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    pub under: ApprovalId,
    /// The digest of the plan that was approved; its `onDegraded` is what is granted.
    pub plan_digest: Digest,
    pub on_degraded: OnDegraded,
}

impl Grant {
    /// Whether this is the rollback that was approved beforehand: to that release, with its image
    /// and its configuration in every step.
    fn covers(&self, body: &PlanBody) -> bool {
        let OnDegraded::RollBack { to } = &self.on_degraded else {
            return false;
        };
        let configuration = body.configuration.as_ref().map(|c| c.digest());
        let image = ImageSource::Pinned {
            image_id: to.image_id.clone(),
        };
        body.action == Action::Rollback
            && body.rollback_target.as_ref() == Some(to)
            && configuration.as_ref() == Some(&to.configuration)
            && body
                .steps
                .iter()
                .filter_map(|step| step.action.image())
                .all(|used| used == &image)
    }
}

/// The right to start: only [`authorise`] makes it, and the engine starts from nothing else.
#[derive(Debug, Clone)]
pub struct Authorised {
    plan: Plan,
    approvals: Vec<ApprovalId>,
    at: Timestamp,
}

impl Authorised {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn approvals(&self) -> &[ApprovalId] {
        &self.approvals
    }

    /// When the right was given; a resumed execution passes its journaled start.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Why an execution may not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the plan is {0:?}; only an approved plan starts")]
    NotApproved(PlanStatus),
    #[error(transparent)]
    Invalid(#[from] InvalidPlan),
    #[error("{given} of {needed} approvals are given; another person must approve")]
    TooFewApprovals { given: u32, needed: u32 },
    #[error("the plan was approved more than {0} seconds ago; ask for it anew")]
    TooLate(u32),
    #[error("nobody approved a rollback to this release beforehand")]
    NotGranted,
    #[error("the procedures forbid it: {0}")]
    Blocked(String),
}

/// Decides whether a plan may start.
///
/// `windows` bounds the age of the newest approval that was needed; `grant` is looked at for a
/// plan that the watch made, and `now` is the journaled start when an execution is resumed.
pub fn authorise(
    plan: &Plan,
    approvals: &[Approval],
    grant: Option<&Grant>,
    windows: ApprovalWindows,
    now: Timestamp,
) -> Result<Authorised, Refusal> {
    plan.check()?;
    if !matches!(plan.status, PlanStatus::Approved | PlanStatus::Running) {
        return Err(Refusal::NotApproved(plan.status));
    }
    let counted = match &plan.origin.by {
        Requester::Policy { under } => policy_approvals(plan, approvals, grant, under)?,
        Requester::Person { .. } => person_approvals(plan, approvals)?,
    };
    let newest = counted.iter().map(|a| a.at).max().unwrap_or(now);
    let age = now.duration_since(newest).as_secs();
    if age > i64::from(windows.start_within_seconds) {
        return Err(Refusal::TooLate(windows.start_within_seconds));
    }
    Ok(Authorised {
        plan: plan.clone(),
        approvals: counted.into_iter().map(|a| a.id.clone()).collect(),
        at: now,
    })
}

/// Approvals count for this digest only, and one a person.
fn person_approvals<'a>(
    plan: &Plan,
    approvals: &'a [Approval],
) -> Result<Vec<&'a Approval>, Refusal> {
    if let Some(finding) = plan.advice.blocking().next() {
        return Err(Refusal::Blocked(finding.message.clone()));
    }
    let counted = distinct_people(plan, approvals);
    let given = u32::try_from(counted.len()).unwrap_or(u32::MAX);
    let needed = plan.advice.required_approvals.max(1);
    if given < needed {
        return Err(Refusal::TooFewApprovals { given, needed });
    }
    Ok(counted)
}

/// The approvals of this very plan by distinct named people, the first of each.
pub fn distinct_people<'a>(plan: &Plan, approvals: &'a [Approval]) -> Vec<&'a Approval> {
    let mut counted: Vec<&Approval> = Vec::new();
    for approval in approvals {
        let Approver::Person { name } = &approval.by else {
            continue;
        };
        let again = counted
            .iter()
            .any(|a| matches!(&a.by, Approver::Person { name: other } if other == name));
        if approval.plan_digest == plan.digest && approval.plan == plan.id && !again {
            counted.push(approval);
        }
    }
    counted
}

/// What the procedures find is recorded on an automatic rollback and never blocks it.
fn policy_approvals<'a>(
    plan: &Plan,
    approvals: &'a [Approval],
    grant: Option<&Grant>,
    under: &ApprovalId,
) -> Result<Vec<&'a Approval>, Refusal> {
    let granted = grant.is_some_and(|g| &g.under == under && g.covers(&plan.body));
    let approval = approvals.iter().find(|a| {
        a.plan == plan.id
            && a.plan_digest == plan.digest
            && matches!(&a.by, Approver::Policy { under: u } if u == under)
    });
    match approval {
        Some(approval) if granted => Ok(vec![approval]),
        _ => Err(Refusal::NotGranted),
    }
}
