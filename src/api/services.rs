//! Services: what runs where.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::access::By;
use super::extract::{InPath, Items, Json, Limit, Query};
use super::problem::Problem;
use crate::domain::incident::Freeze;
use crate::domain::lock::Place;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::revision::RefInfo;
use crate::flow::ServiceView;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RefsWanted {
    /// What the name holds.
    #[serde(default)]
    q: String,
    /// At most so many: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 500)]
    limit: Limit,
}

/// What runs where, since when, by whom, and how good it is.
#[utoipa::path(
    get, path = "/api/services", operation_id = "listServices", tag = "services",
    responses((status = OK, body = Items<ServiceView>), Problem),
)]
pub async fn list(State(api): State<Arc<Api>>) -> Result<Json<Items<ServiceView>>, Problem> {
    Ok(Json(api.flow.services()?.into()))
}

/// Branches and tags of a service's repository, newest first: for completion.
#[utoipa::path(
    get, path = "/api/services/{service}/refs", operation_id = "listRefs", tag = "services",
    params(("service" = ServiceName, Path), RefsWanted),
    responses((status = OK, body = Items<RefInfo>), Problem),
)]
pub async fn refs(
    State(api): State<Arc<Api>>,
    InPath(service): InPath<ServiceName>,
    Query(wanted): Query<RefsWanted>,
) -> Result<Json<Items<RefInfo>>, Problem> {
    let refs = api
        .flow
        .refs(&service, &wanted.q, wanted.limit.0 as usize)
        .await?;
    Ok(Json(refs.into()))
}

/// End a freeze: automatic acts are on again. The answer is the freeze that ended.
#[utoipa::path(
    delete, path = "/api/services/{service}/environments/{environment}/freeze", operation_id = "endFreeze", tag = "services",
    params(("service" = ServiceName, Path), ("environment" = EnvironmentName, Path)),
    responses((status = OK, body = Freeze), Problem),
)]
pub async fn unfreeze(
    State(api): State<Arc<Api>>,
    by: By,
    InPath((service, environment)): InPath<(ServiceName, EnvironmentName)>,
) -> Result<Json<Freeze>, Problem> {
    let place = Place {
        service,
        environment: Some(environment),
    };
    Ok(Json(api.flow.unfreeze(&place, &by.person).await?))
}
