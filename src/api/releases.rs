//! Releases: what went live, what a person says about it, and what it prints.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::access::By;
use super::extract::{InPath, Items, Json, Listed, Query, last_event_id};
use super::problem::Problem;
use super::sse::{self, Listener, Stopped};
use crate::adapters::docker::{LogStream, Logs};
use crate::domain::id::ReleaseId;
use crate::domain::release::Release;
use crate::flow::{Code, FlowError};

/// Lines before the first live one, where nobody says how many, and at most.
const USUAL_TAIL: u32 = 200;
const LONGEST_TAIL: u32 = 10_000;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quarantining {
    /// Why it may not come back.
    reason: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Tail {
    /// How many of the lines that are there already: 0 to 10000, 200 without it. A client that
    /// resumes gets all that it missed instead.
    tail: Option<u32>,
}

/// One line of a container's output.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContainerLine {
    at: Timestamp,
    /// `stdout` or `stderr`.
    stream: &'static str,
    text: String,
}

/// Why there are no more lines.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogsEnd {
    why: &'static str,
}

/// Releases, newest first.
#[utoipa::path(
    get, path = "/api/releases", operation_id = "listReleases", tag = "releases", params(Listed),
    responses((status = OK, body = Items<Release>), Problem),
)]
pub async fn list(
    State(api): State<Arc<Api>>,
    Query(listed): Query<Listed>,
) -> Result<Json<Items<Release>>, Problem> {
    Ok(Json(
        api.flow.store.releases(&listed.of::<ReleaseId>()?)?.into(),
    ))
}

/// One release.
#[utoipa::path(
    get, path = "/api/releases/{id}", operation_id = "getRelease", tag = "releases", params(("id" = ReleaseId, Path)),
    responses((status = OK, body = Release), Problem),
)]
pub async fn one(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<ReleaseId>,
) -> Result<Json<Release>, Problem> {
    Ok(Json(api.flow.store.release(&id)?))
}

/// A named person vouches for a release.
#[utoipa::path(
    post, path = "/api/releases/{id}/verify", operation_id = "verifyRelease", tag = "releases", params(("id" = ReleaseId, Path)),
    responses((status = OK, body = Release), Problem),
)]
pub async fn verify(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ReleaseId>,
) -> Result<Json<Release>, Problem> {
    Ok(Json(api.flow.verify_release(&id, &by.person).await?))
}

/// A named person forbids a release, and the same commit and image with its configuration.
#[utoipa::path(
    put, path = "/api/releases/{id}/quarantine", operation_id = "quarantineRelease", tag = "releases", params(("id" = ReleaseId, Path)),
    responses((status = OK, body = Release), Problem),
)]
pub async fn quarantine(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ReleaseId>,
    Json(body): Json<Quarantining>,
) -> Result<Json<Release>, Problem> {
    let release = api
        .flow
        .quarantine_release(&id, &by.person, &body.reason)
        .await?;
    Ok(Json(release))
}

/// A named person lifts a quarantine.
#[utoipa::path(
    delete, path = "/api/releases/{id}/quarantine", operation_id = "liftQuarantine", tag = "releases", params(("id" = ReleaseId, Path)),
    responses((status = OK, body = Release), Problem),
)]
pub async fn lift(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ReleaseId>,
) -> Result<Json<Release>, Problem> {
    Ok(Json(api.flow.lift_quarantine(&id, &by.person).await?))
}

/// What the release's container prints: one event `line` for each, then `end` when it stops.
#[utoipa::path(
    get, path = "/api/releases/{id}/logs", operation_id = "streamReleaseLogs", tag = "releases",
    params(("id" = ReleaseId, Path), Tail, ("Last-Event-ID" = Option<Timestamp>, Header, description = "the time of the last line that was seen")),
    responses((status = OK, content_type = "text/event-stream", body = ContainerLine), Problem),
)]
pub async fn logs(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ReleaseId>,
    Query(Tail { tail }): Query<Tail>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tail = tail.unwrap_or(USUAL_TAIL);
    if tail > LONGEST_TAIL {
        return Err(Problem::bad_request(format!(
            "tail is a number from 0 to {LONGEST_TAIL}"
        )));
    }
    let since = last_event_id(&headers)?;
    let logs = api.flow.release_logs(&id, tail, since).await?;
    sse::answer(&api, &by, move |listener| tell(logs, listener))
}

async fn tell(mut logs: Logs, listener: Listener) -> Result<(), Stopped> {
    while let Some(line) = logs.next().await {
        let line = line
            .map_err(|error| Problem::from(FlowError::new(Code::Unavailable, error.to_string())))?;
        let told = ContainerLine {
            at: line.at,
            stream: match line.stream {
                LogStream::Stdout => "stdout",
                LogStream::Stderr => "stderr",
            },
            text: line.text,
        };
        listener
            .say("line", Some(&told.at.to_string()), &told)
            .await?;
    }
    let why = "the container does not run";
    listener.say("end", None, &LogsEnd { why }).await
}
