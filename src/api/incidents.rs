//! Incidents.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::extract::{InPath, Items, Json, Limit, Query, before};
use super::problem::Problem;
use crate::adapters::db::Selection;
use crate::domain::id::IncidentId;
use crate::domain::incident::Incident;
use crate::domain::name::{EnvironmentName, ServiceName};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncidentsWanted {
    service: Option<ServiceName>,
    environment: Option<EnvironmentName>,
    /// Only those that are open.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    open: bool,
    /// Without evidence, baseline, the container's log, acts and timeline: these are empty then.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    brief: bool,
    /// The id of one of them: what is older than it is wanted.
    before: Option<String>,
    /// At most so many: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 500)]
    limit: Limit,
}

/// Incidents, newest first.
#[utoipa::path(
    get, path = "/api/incidents", operation_id = "listIncidents", tag = "incidents", params(IncidentsWanted),
    responses((status = OK, body = Items<Incident>), Problem),
)]
pub async fn list(
    State(api): State<Arc<Api>>,
    Query(wanted): Query<IncidentsWanted>,
) -> Result<Json<Items<Incident>>, Problem> {
    let selection = Selection {
        service: wanted.service,
        environment: wanted.environment,
        before: before::<IncidentId>(wanted.before)?,
        limit: wanted.limit.0,
    };
    let store = &api.flow.store;
    let mut found = match wanted.open {
        true => store.open_incidents(&selection)?,
        false => store.incidents(&selection)?,
    };
    if wanted.brief {
        found = found.into_iter().map(Incident::brief).collect();
    }
    Ok(Json(found.into()))
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
