//! A watch as the ledger keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{WatchSettings, WatchState, WatchStatus};
use crate::domain::approval::Grant;
use crate::domain::id::{PlanId, ReleaseId, WatchId};
use crate::domain::lock::Place;

/// What follows a release: the bake, a verdict per evaluation, an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Watch {
    pub id: WatchId,
    pub release: ReleaseId,
    pub place: Place,
    /// The plan that brought the release live.
    pub plan: PlanId,
    /// What was live before: the baseline is measured on it.
    pub predecessor: Option<ReleaseId>,
    /// The release was restored by a rollback: nothing is automatic.
    pub restored: bool,
    /// The rollback that was approved beforehand; absent where nothing is automatic.
    pub grant: Option<Grant>,
    /// As they were when the watch began.
    pub settings: WatchSettings,
    /// Everything that the next evaluation must remember, its status among it.
    pub state: WatchState,
    /// Why it ended as it did.
    pub reason: Option<String>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Watch {
    pub fn status(&self) -> WatchStatus {
        self.state.status
    }
}
