//! The audit trail.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::extract::{Items, Json, Limit, Query};
use super::problem::Problem;
use crate::adapters::db::{ChainReport, Store};
use crate::domain::audit::AuditRow;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowsWanted {
    /// Only rows older than the one with this number: the next page.
    before: Option<u64>,
    /// Only rows newer than the one with this number, oldest first: to follow the trail.
    after: Option<u64>,
    /// At most so many: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 500)]
    limit: Limit,
}

/// What a verification found: `found` where all is as it was written, else what is not.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verified {
    found: Option<ChainReport>,
    broken: Option<String>,
}

/// Check that the trail, the plans, the approvals and the journals are as they were written.
#[utoipa::path(
    get, path = "/api/audit/verification", operation_id = "verifyAudit", tag = "audit",
    responses((status = OK, body = Verified), Problem),
)]
pub async fn verification(State(api): State<Arc<Api>>) -> Result<Json<Verified>, Problem> {
    let data_dir = api.data_dir.clone();
    // All that was ever written is read: not on a thread that others wait for.
    let verified = tokio::task::spawn_blocking(move || Store::verify(&data_dir))
        .await
        .map_err(|error| Problem::internal(format!("the verification broke off: {error}")))??;
    let (found, broken) = match verified {
        Ok(found) => (Some(found), None),
        Err(broken) => (None, Some(broken)),
    };
    Ok(Json(Verified { found, broken }))
}

/// Who did what, newest first; the rows of `after` oldest first.
#[utoipa::path(
    get, path = "/api/audit", operation_id = "listAudit", tag = "audit", params(RowsWanted),
    responses((status = OK, body = Items<AuditRow>), Problem),
)]
pub async fn list(
    State(api): State<Arc<Api>>,
    Query(wanted): Query<RowsWanted>,
) -> Result<Json<Items<AuditRow>>, Problem> {
    let limit = wanted.limit.0;
    let rows = match (wanted.after, wanted.before) {
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request(
                "name the row before or the row after which, not both",
            ));
        }
        (Some(after), None) => api.flow.store.audit(after, limit)?,
        (None, before) => api.flow.store.newest_audit(before, limit)?,
    };
    Ok(Json(rows.into()))
}
