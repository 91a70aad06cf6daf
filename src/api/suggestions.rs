//! What the text of the procedures demands, and what people decide about it.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Api;
use super::access::By;
use super::extract::{InPath, Items, Json};
use super::problem::Problem;
use crate::domain::sop::{Ruling, StatementId};
use crate::flow::Suggestion;

/// What is said beside a decision.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// For the audit trail.
    comment: Option<String>,
}

/// What the text of the procedures demands, the rule that each demand would become, and who has
/// accepted or refused it. Stale ones are those whose passage has changed since.
#[utoipa::path(
    get, path = "/api/sops/suggestions", operation_id = "listSuggestions", tag = "sops",
    responses((status = OK, body = Items<Suggestion>), Problem),
)]
pub async fn list(State(api): State<Arc<Api>>) -> Result<Json<Items<Suggestion>>, Problem> {
    Ok(Json(api.flow.suggestions()?.into()))
}

/// Accept a suggestion: from now on it counts as a rule, until its passage changes.
#[utoipa::path(
    post, path = "/api/sops/suggestions/{id}/accept", operation_id = "acceptSuggestion", tag = "sops",
    params(("id" = StatementId, Path)), request_body = Option<Remark>,
    responses((status = OK, body = Suggestion), Problem),
)]
pub async fn accept(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<StatementId>,
    remark: Option<Json<Remark>>,
) -> Result<Json<Suggestion>, Problem> {
    decide(&api, &id, Ruling::Accepted, by, remark).await
}

/// Refuse a suggestion: it is looked at no more, until its passage changes. One that was accepted is
/// taken back by two people, the first of whom says why: until the second one refuses it too, it
/// counts, and whoever accepts it again keeps it. While only one token exists, one person is enough.
#[utoipa::path(
    post, path = "/api/sops/suggestions/{id}/refuse", operation_id = "refuseSuggestion", tag = "sops",
    params(("id" = StatementId, Path)), request_body = Option<Remark>,
    responses((status = OK, body = Suggestion), Problem),
)]
pub async fn refuse(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<StatementId>,
    remark: Option<Json<Remark>>,
) -> Result<Json<Suggestion>, Problem> {
    decide(&api, &id, Ruling::Refused, by, remark).await
}

async fn decide(
    api: &Api,
    id: &StatementId,
    decision: Ruling,
    by: By,
    remark: Option<Json<Remark>>,
) -> Result<Json<Suggestion>, Problem> {
    let Json(remark) = remark.unwrap_or(Json(Remark::default()));
    let comment = remark.comment.as_deref();
    let decided = api.flow.decide(id, decision, &by.person, comment).await?;
    Ok(Json(decided))
}
