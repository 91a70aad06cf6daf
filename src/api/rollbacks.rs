//! A person's wish to go back.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Api;
use super::access::By;
use super::extract::Json;
use super::problem::Problem;
use crate::domain::id::ReleaseId;
use crate::domain::lock::Place;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::plan::{Origin, Plan, Requester};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoBack {
    service: ServiceName,
    environment: EnvironmentName,
    /// The release to go back to; the last known good without it.
    to: Option<ReleaseId>,
}

/// Make a plan that goes back; it waits for approval as any other.
#[utoipa::path(
    post, path = "/api/rollbacks", operation_id = "planRollback", tag = "plans",
    responses((status = OK, body = Plan), Problem),
)]
pub async fn plan(
    State(api): State<Arc<Api>>,
    by: By,
    Json(back): Json<GoBack>,
) -> Result<Json<Plan>, Problem> {
    let place = Place {
        service: back.service,
        environment: Some(back.environment),
    };
    let origin = Origin {
        by: Requester::Person { name: by.person },
        surface: by.surface,
        command: None,
        thread: None,
        intent: None,
        text: None,
        rerun_of: None,
    };
    let plan = api
        .flow
        .plan_rollback(&place, back.to.as_ref(), origin)
        .await?;
    Ok(Json(plan))
}
