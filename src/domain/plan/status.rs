//! The table of a plan's legal moves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanStatus {
    PendingApproval,
    Approved,
    Running,
    Succeeded,
    Failed,
    Rejected,
    Expired,
    Superseded,
    Cancelled,
    RolledBack,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanEvent {
    Approve,
    Reject,
    Expire,
    Supersede,
    Cancel,
    Start,
    Succeed,
    Fail,
    RollBack,
}

/// A move that the life cycle does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a plan that is {status:?} cannot {event:?}")]
pub struct IllegalPlanMove {
    pub status: PlanStatus,
    pub event: PlanEvent,
}

impl PlanStatus {
    pub const ALL: [Self; 10] = [
        Self::PendingApproval,
        Self::Approved,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Rejected,
        Self::Expired,
        Self::Superseded,
        Self::Cancelled,
        Self::RolledBack,
    ];

    /// The table of legal moves.
    pub fn next(self, event: PlanEvent) -> Result<Self, IllegalPlanMove> {
        use PlanEvent as E;
        use PlanStatus as S;
        Ok(match (self, event) {
            (S::PendingApproval, E::Approve) => S::Approved,
            (S::PendingApproval, E::Reject) => S::Rejected,
            (S::PendingApproval | S::Approved, E::Expire) => S::Expired,
            (S::PendingApproval | S::Approved, E::Supersede) => S::Superseded,
            (S::PendingApproval | S::Approved, E::Cancel) => S::Cancelled,
            (S::Approved, E::Start) => S::Running,
            (S::Running, E::Succeed) => S::Succeeded,
            (S::Running, E::Fail) => S::Failed,
            (S::Running, E::Cancel) => S::Cancelled,
            (S::Succeeded, E::RollBack) => S::RolledBack,
            (status, event) => return Err(IllegalPlanMove { status, event }),
        })
    }

    pub fn is_open(self) -> bool {
        matches!(self, Self::PendingApproval | Self::Approved | Self::Running)
    }
}
