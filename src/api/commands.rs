//! Sentences.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::access::By;
use super::extract::Json;
use super::problem::Problem;
use crate::domain::id::ThreadId;
use crate::domain::interpret::Reading;
use crate::flow::{Asked, Interpreted};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Said {
    /// The sentence.
    text: String,
    /// The conversation that it belongs to; without it, one begins.
    thread_id: Option<ThreadId>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    reading: Reading,
    interpreter: Interpreted,
}

/// Read a sentence, and store what comes of it: a question, an answer, or pending plans.
///
/// Nothing is changed in the world. The same `Idempotency-Key` of the same person gives the same
/// answer again and does nothing.
#[utoipa::path(
    post, path = "/api/commands/parse", operation_id = "parseCommand", tag = "commands",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters")),
    responses((status = OK, body = Asked), Problem),
)]
pub async fn parse(
    State(api): State<Arc<Api>>,
    by: By,
    headers: HeaderMap,
    Json(said): Json<Said>,
) -> Result<Json<Asked>, Problem> {
    let key = idempotency_key(&headers)?;
    let asked = api
        .flow
        .ask(&said.text, &by.person, by.surface, said.thread_id, key)
        .await?;
    api.metrics.command(asked.outcome);
    Ok(Json(asked))
}

/// Read a sentence and write nothing.
#[utoipa::path(
    post, path = "/api/commands/preview", operation_id = "previewCommand", tag = "commands",
    responses((status = OK, body = Preview), Problem),
)]
pub async fn preview(State(api): State<Arc<Api>>, Json(tried): Json<Tried>) -> Json<Preview> {
    let (reading, interpreter) = api.flow.preview(&tried.text);
    Json(Preview {
        reading,
        interpreter,
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=200).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        Problem::bad_request("Idempotency-Key is 1 to 200 visible ASCII characters, such as a UUID")
    })
}
