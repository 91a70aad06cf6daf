//! The audit trail.

use crate::adapters::db::{Store, StoreError, chain};
use crate::domain::audit::AuditRow;

impl Store {
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
}
