//! Executions: what is being done, its journal and its output as streams.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::access::By;
use super::extract::{InPath, Items, Json, Listed, Query, last_event_id};
use super::problem::Problem;
use super::sse::{self, Listener, Stopped};
use crate::adapters::db::{Notice, Topic};
use crate::adapters::logbook::{LogEntry, LogReader};
use crate::domain::comparison::Comparison;
use crate::domain::digest::Digest;
use crate::domain::execution::{Execution, ExecutionStatus, JournalEvent};
use crate::domain::id::ExecutionId;
use crate::domain::past::Moment;
use crate::domain::plan::{Origin, Plan, Requester};
use crate::domain::question::Answer;
use crate::domain::step::StepId;
use crate::flow::{ExecutionView, Flow, ListedExecution};

/// Lines of output that are read at once.
const PAGE: usize = 1_000;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancelling {
    #[serde(default)]
    reason: String,
}

/// A person's answer to a question in the middle of an execution.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answering {
    /// The step that asks.
    step: StepId,
    choice: String,
    comment: Option<String>,
    /// The digest of what was shown.
    shown: Digest,
}

/// One event of the journal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Told {
    /// Counted from 1.
    n: u64,
    at: Timestamp,
    event: JournalEvent,
}

/// The last event of a stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct End {
    status: ExecutionStatus,
}

/// Executions, newest first.
#[utoipa::path(
    get, path = "/api/executions", operation_id = "listExecutions", tag = "executions", params(Listed),
    responses((status = OK, body = Items<ListedExecution>), Problem),
)]
pub async fn list(
    State(api): State<Arc<Api>>,
    Query(listed): Query<Listed>,
) -> Result<Json<Items<ListedExecution>>, Problem> {
    Ok(Json(
        api.flow.executions(&listed.of::<ExecutionId>()?)?.into(),
    ))
}

/// When in its life an execution is shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct When {
    /// As it was after the event with this number, counted from 1; without it, as it is now.
    at: Option<u64>,
}

/// One execution with its plan and what its journal adds up to, now or at an event of its past.
#[utoipa::path(
    get, path = "/api/executions/{id}", operation_id = "getExecution", tag = "executions", params(("id" = ExecutionId, Path), When),
    responses((status = OK, body = ExecutionView), Problem),
)]
pub async fn one(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<ExecutionId>,
    Query(when): Query<When>,
) -> Result<Json<ExecutionView>, Problem> {
    let view = match when.at {
        Some(n) => api.flow.execution_at(&id, n)?,
        None => api.flow.execution(&id)?,
    };
    Ok(Json(view))
}

/// The events of its journal so far, in words; each is a moment that it can be shown at.
#[utoipa::path(
    get, path = "/api/executions/{id}/journal", operation_id = "listJournal", tag = "executions", params(("id" = ExecutionId, Path)),
    responses((status = OK, body = Items<Moment>), Problem),
)]
pub async fn journal(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<ExecutionId>,
) -> Result<Json<Items<Moment>>, Problem> {
    Ok(Json(api.flow.moments(&id)?.into()))
}

/// With which one an execution is compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct With {
    with: ExecutionId,
}

/// Two executions beside each other: what was planned and what became of it, step by step.
#[utoipa::path(
    get, path = "/api/executions/{id}/comparison", operation_id = "compareExecutions", tag = "executions", params(("id" = ExecutionId, Path), With),
    responses((status = OK, body = Comparison), Problem),
)]
pub async fn compare(
    State(api): State<Arc<Api>>,
    InPath(id): InPath<ExecutionId>,
    Query(other): Query<With>,
) -> Result<Json<Comparison>, Problem> {
    Ok(Json(api.flow.compare(&id, &other.with)?))
}

/// End an execution; what it did is undone.
#[utoipa::path(
    post, path = "/api/executions/{id}/cancel", operation_id = "cancelExecution", tag = "executions", params(("id" = ExecutionId, Path)),
    request_body = Option<Cancelling>,
    responses((status = OK, body = Execution), Problem),
)]
pub async fn cancel(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ExecutionId>,
    body: Option<Json<Cancelling>>,
) -> Result<Json<Execution>, Problem> {
    let reason = body.map(|Json(body)| body.reason).unwrap_or_default();
    Ok(Json(api.flow.cancel(&id, &by.person, &reason).await?))
}

/// Answer what an execution asks; the first answer counts.
#[utoipa::path(
    post, path = "/api/executions/{id}/answer", tag = "executions", params(("id" = ExecutionId, Path)),
    request_body = Answering,
    responses((status = OK, body = Execution), Problem),
)]
pub async fn answer(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ExecutionId>,
    Json(given): Json<Answering>,
) -> Result<Json<Execution>, Problem> {
    let answer = Answer {
        step: given.step,
        by: by.person,
        choice: given.choice,
        comment: given.comment,
        shown: given.shown,
    };
    Ok(Json(api.flow.answer_question(&id, answer).await?))
}

/// From where an execution is run again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rerunning {
    /// The step; its first one where none is named.
    from_step: Option<StepId>,
}

/// Make a plan that runs an ended execution again; it waits for approval as any other.
///
/// The commit or the image of then is pinned in it, the rest is of today. Asked for again by the
/// same person while it waits, it is the same plan.
#[utoipa::path(
    post, path = "/api/executions/{id}/rerun", operation_id = "rerunExecution", tag = "executions", params(("id" = ExecutionId, Path)),
    request_body = Option<Rerunning>,
    responses((status = OK, body = Plan), Problem),
)]
pub async fn rerun(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ExecutionId>,
    body: Option<Json<Rerunning>>,
) -> Result<Json<Plan>, Problem> {
    let from = body.and_then(|Json(body)| body.from_step);
    let origin = Origin {
        by: Requester::Person { name: by.person },
        surface: by.surface,
        command: None,
        thread: None,
        intent: None,
        text: None,
        rerun_of: None,
    };
    Ok(Json(api.flow.rerun(&id, from.as_ref(), origin).await?))
}

/// The journal as it grows: one event `journal` for each entry, then `end`.
#[utoipa::path(
    get, path = "/api/executions/{id}/events", operation_id = "streamJournal", tag = "executions",
    params(("id" = ExecutionId, Path), ("Last-Event-ID" = Option<u64>, Header, description = "the number of the last entry that was seen")),
    responses((status = OK, content_type = "text/event-stream", body = Told), Problem),
)]
pub async fn events(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ExecutionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = last_event_id(&headers)?.unwrap_or(0);
    api.flow.store.execution(&id)?;
    let flow = api.flow.clone();
    sse::answer(&api, &by, move |listener| {
        tell_journal(flow, id, after, listener)
    })
}

async fn tell_journal(
    flow: Arc<Flow>,
    id: ExecutionId,
    mut after: u64,
    listener: Listener,
) -> Result<(), Stopped> {
    let mut notices = flow.store.notices();
    loop {
        // Asked before the journal is read: whatever came before the end is read after this.
        let status = flow.store.execution(&id)?.status;
        for (at, event) in flow.store.journal(&id, after)? {
            after += 1;
            let told = Told {
                n: after,
                at,
                event,
            };
            listener
                .say("journal", Some(&after.to_string()), &told)
                .await?;
        }
        if status.has_ended() {
            return listener.say("end", None, &End { status }).await;
        }
        loop {
            match notices.recv().await {
                Ok(notice) if is_about(&notice, &id) => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return Err(Stopped::Gone),
            }
        }
    }
}

fn is_about(notice: &Notice, id: &ExecutionId) -> bool {
    matches!(notice.topic, Topic::Journal | Topic::Execution) && notice.id == id.as_str()
}

/// What the steps print: one event `line` for each, then `end` once the execution has ended and
/// all lines are sent.
#[utoipa::path(
    get, path = "/api/executions/{id}/logs", operation_id = "streamOutput", tag = "executions",
    params(("id" = ExecutionId, Path), ("Last-Event-ID" = Option<u64>, Header, description = "the number of the last line that was seen")),
    responses((status = OK, content_type = "text/event-stream", body = LogEntry), Problem),
)]
pub async fn logs(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(id): InPath<ExecutionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = last_event_id(&headers)?.unwrap_or(0);
    api.flow.store.execution(&id)?;
    let flow = api.flow.clone();
    sse::answer(&api, &by, move |listener| {
        tell_logs(flow, id, after, listener)
    })
}

async fn tell_logs(
    flow: Arc<Flow>,
    id: ExecutionId,
    after: u64,
    listener: Listener,
) -> Result<(), Stopped> {
    let mut notices = flow.store.notices();
    let mut written = flow.logbook.follow();
    let mut reader = flow.logbook.reader(&id, after);
    loop {
        let status = flow.store.execution(&id)?.status;
        if status.has_ended() {
            // What was printed before the end may still be on its way into the file.
            flow.logbook.settled().await;
        }
        loop {
            let lines;
            (reader, lines) = read_page(reader).await?;
            if lines.is_empty() {
                break;
            }
            for line in &lines {
                listener
                    .say("line", Some(&line.n.to_string()), line)
                    .await?;
            }
        }
        if status.has_ended() {
            return listener.say("end", None, &End { status }).await;
        }
        loop {
            tokio::select! {
                line = written.recv() => match line {
                    Ok((execution, _)) if execution == id => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Err(Stopped::Gone),
                },
                notice = notices.recv() => match notice {
                    Ok(notice) if is_about(&notice, &id) => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Err(Stopped::Gone),
                },
            }
        }
    }
}

/// The file is read on a thread where waiting for a disk keeps nobody else up.
async fn read_page(mut reader: LogReader) -> Result<(LogReader, Vec<LogEntry>), Problem> {
    let read = tokio::task::spawn_blocking(move || {
        let page = reader.read(PAGE);
        (reader, page)
    });
    let unreadable = |error: &dyn std::fmt::Display| {
        Problem::internal(format!("the log of the execution cannot be read: {error}"))
    };
    match read.await {
        Ok((reader, Ok(lines))) => Ok((reader, lines)),
        Ok((_, Err(error))) => Err(unreadable(&error)),
        Err(error) => Err(unreadable(&error)),
    }
}
