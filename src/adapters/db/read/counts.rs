//! Figures for the metrics.

use super::incidents::IS_OPEN;
use crate::adapters::db::{Store, StoreError};

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

impl Store {
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
