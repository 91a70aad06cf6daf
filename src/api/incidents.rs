//! Incidents.

use std::sync::Arc;

use axum::extract::State;

use super::Api;
use super::extract::{InPath, Items, Json, Listed, Query};
use super::problem::Problem;
use crate::domain::id::IncidentId;
use crate::domain::incident::Incident;

/// Incidents, newest first.
#[utoipa::path(
    get, path = "/api/incidents", operation_id = "listIncidents", tag = "incidents", params(Listed),
    responses((status = OK, body = Items<Incident>), Problem),
)]
pub async fn list(
    State(api): State<Arc<Api>>,
    Query(listed): Query<Listed>,
) -> Result<Json<Items<Incident>>, Problem> {
    Ok(Json(api.flow.store.incidents(&listed.into())?.into()))
}

/// One incident with its evidence.
#[utoipa::path(
    get, path = "/api/incidents/{id}", operation_id = "getIncident", tag = "incidents", params(("id" = IncidentId, Path)),
    responses((status = OK, body = Incident), Problem),
)]
pub async fn one(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<IncidentId>,
) -> Result<Json<Incident>, Problem> {
    Ok(Json(api.flow.store.incident(&id)?))
}
