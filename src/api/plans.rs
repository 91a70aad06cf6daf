//! Plans: what would be done, and a person's yes or no to it.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::access::By;
use super::extract::{InPath, Items, Json, Limit, Query, before};
use super::problem::Problem;
use crate::adapters::db::Selection;
use crate::domain::approval::Approval;
use crate::domain::digest::Digest;
use crate::domain::id::PlanId;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::plan::{Plan, PlanStatus};
use crate::flow::Approved;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlansWanted {
    status: Option<PlanStatus>,
    service: Option<ServiceName>,
    environment: Option<EnvironmentName>,
    /// The id of one of them: what is older than it is wanted.
    before: Option<String>,
    /// At most so many: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 500)]
    limit: Limit,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Yes {
    /// The digest of the plan that was read: what is approved is exactly that.
    digest: Digest,
    comment: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct No {
    reason: String,
}

/// Plans, newest first.
#[utoipa::path(
    get, path = "/api/plans", operation_id = "listPlans", tag = "plans", params(PlansWanted),
    responses((status = OK, body = Items<Plan>), Problem),
)]
pub async fn list(
    State(api): State<Arc<Api>>,
    Query(wanted): Query<PlansWanted>,
) -> Result<Json<Items<Plan>>, Problem> {
    let selection = Selection {
        service: wanted.service,
        environment: wanted.environment,
        before: before::<PlanId>(wanted.before)?,
        limit: wanted.limit.0,
    };
    Ok(Json(
        api.flow.store.plans(&selection, wanted.status)?.into(),
    ))
}

/// One plan.
#[utoipa::path(
    get, path = "/api/plans/{id}", operation_id = "getPlan", tag = "plans", params(("id" = PlanId, Path)),
    responses((status = OK, body = Plan), Problem),
)]
pub async fn one(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<PlanId>,
) -> Result<Json<Plan>, Problem> {
    Ok(Json(api.flow.plan_by_id(&id)?))
}

/// Who said yes to it so far, oldest first.
#[utoipa::path(
    get, path = "/api/plans/{id}/approvals", operation_id = "listApprovals", tag = "plans", params(("id" = PlanId, Path)),
    responses((status = OK, body = Items<Approval>), Problem),
)]
pub async fn approvals(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<PlanId>,
) -> Result<Json<Items<Approval>>, Problem> {
    api.flow.store.plan(&id)?;
    Ok(Json(api.flow.store.approvals(&id)?.into()))
}

/// Say yes to exactly this digest. With enough approvals the plan starts.
#[utoipa::path(
    post, path = "/api/plans/{id}/approve", operation_id = "approvePlan", tag = "plans", params(("id" = PlanId, Path)),
    responses((status = OK, body = Approved), Problem),
)]
pub async fn approve(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<PlanId>,
    Json(yes): Json<Yes>,
) -> Result<Json<Approved>, Problem> {
    let approved = api
        .flow
        .approve(&id, &yes.digest, &by.person, yes.comment)
        .await?;
    Ok(Json(approved))
}

/// Say no, which ends the plan.
#[utoipa::path(
    post, path = "/api/plans/{id}/reject", operation_id = "rejectPlan", tag = "plans", params(("id" = PlanId, Path)),
    responses((status = OK, body = Plan), Problem),
)]
pub async fn reject(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<PlanId>,
    Json(no): Json<No>,
) -> Result<Json<Plan>, Problem> {
    Ok(Json(api.flow.reject(&id, &by.person, &no.reason).await?))
}

/// A new plan for the wish of an old one; the old one is superseded where it still waits.
#[utoipa::path(
    post, path = "/api/plans/{id}/refresh", operation_id = "refreshPlan", tag = "plans", params(("id" = PlanId, Path)),
    responses((status = OK, body = Plan), Problem),
)]
pub async fn refresh(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<PlanId>,
) -> Result<Json<Plan>, Problem> {
    let plan = api.flow.plan_by_id(&id)?;
    Ok(Json(api.flow.refresh(&plan, &by.person).await?))
}
