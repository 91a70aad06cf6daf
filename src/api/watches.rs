//! Watches: how a release does, and on which evidence.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::access::By;
use super::extract::{InPath, Items, Json, Limit, Listed, Query};
use super::problem::Problem;
use crate::domain::id::WatchId;
use crate::domain::verdict::{Measure, VerdictKind};
use crate::domain::watch::{Evaluation, Watch};
use crate::flow::WatchView;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EvaluationsWanted {
    /// At most so many: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 500)]
    limit: Limit,
}

/// An evaluation without its evidence: a point of a plot.
#[derive(Debug, Serialize, ToSchema)]
pub struct Point {
    number: u32,
    at: Timestamp,
    verdict: VerdictKind,
    measures: Vec<Measure>,
}

/// Watches, newest first.
#[utoipa::path(
    get, path = "/api/watches", operation_id = "listWatches", tag = "watches", params(Listed),
    responses((status = OK, body = Items<Watch>), Problem),
)]
pub async fn list(
    State(api): State<Arc<Api>>,
    Query(listed): Query<Listed>,
) -> Result<Json<Items<Watch>>, Problem> {
    Ok(Json(
        api.flow.store.watches(&listed.of::<WatchId>()?)?.into(),
    ))
}

/// One watch with its last evaluations, oldest first.
#[utoipa::path(
    get, path = "/api/watches/{id}", operation_id = "getWatch", tag = "watches", params(("id" = WatchId, Path), EvaluationsWanted),
    responses((status = OK, body = WatchView), Problem),
)]
pub async fn one(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<WatchId>,
    Query(wanted): Query<EvaluationsWanted>,
) -> Result<Json<WatchView>, Problem> {
    Ok(Json(api.flow.watch(&id, wanted.limit.0)?))
}

/// The last evaluations of a watch as points, oldest first.
#[utoipa::path(
    get, path = "/api/watches/{id}/points", operation_id = "listPoints", tag = "watches", params(("id" = WatchId, Path), EvaluationsWanted),
    responses((status = OK, body = Items<Point>), Problem),
)]
pub async fn points(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<WatchId>,
    Query(wanted): Query<EvaluationsWanted>,
) -> Result<Json<Items<Point>>, Problem> {
    let evaluations = api.flow.watch(&id, wanted.limit.0)?.evaluations;
    let points: Vec<Point> = evaluations.into_iter().map(Point::of).collect();
    Ok(Json(points.into()))
}

/// End a watch; nothing automatic follows for its release.
#[utoipa::path(
    post, path = "/api/watches/{id}/stop", operation_id = "stopWatch", tag = "watches", params(("id" = WatchId, Path)),
    responses((status = OK, body = Watch), Problem),
)]
pub async fn stop(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<WatchId>,
) -> Result<Json<Watch>, Problem> {
    Ok(Json(api.flow.stop_watch(&id, &by.person).await?))
}

impl Point {
    fn of(evaluation: Evaluation) -> Self {
        Self {
            number: evaluation.number,
            at: evaluation.at,
            verdict: evaluation.verdict.kind(),
            measures: evaluation.measures,
        }
    }
}
