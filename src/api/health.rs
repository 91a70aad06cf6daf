//! Whether this process lives, whether it can do its work, and what is wrong where it cannot.
//!
//! No token is asked for: nothing secret is told. Because anybody on the machine may ask, the
//! parts are looked at once a second at most, and all who ask meanwhile get the same answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::Api;
use super::access::By;
use super::extract::Json;
use super::problem::Problem;
use crate::adapters::db::Counts;
use crate::domain::name::PersonName;
use crate::flow::{Flow, Health, Part};
use crate::os::{clock, files};

const FRESH: Duration = Duration::from_secs(1);

/// The last look at the parts.
#[derive(Default)]
pub struct LastLook(Mutex<Option<(Instant, Health)>>);

impl LastLook {
    pub async fn health(&self, flow: &Flow) -> Health {
        let mut last = self.0.lock().await;
        if let Some((at, health)) = &*last
            && at.elapsed() < FRESH
        {
            return health.clone();
        }
        let health = flow.health().await;
        *last = Some((clock::monotonic(), health.clone()));
        health
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    /// Always `ok`: a process that does not live does not answer.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    ready: bool,
    store: Part,
    docker: Part,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Detailed {
    ready: bool,
    #[serde(flatten)]
    parts: Health,
    database_bytes: u64,
    /// Of the database: the journals that are kept in full.
    journals_bytes: u64,
    /// All logs of executions,
    logs_bytes: u64,
    /// and of them those that are compressed.
    compressed_logs_bytes: u64,
    /// Free on the disk of the data directory, for this user.
    data_dir_free_bytes: u64,
}

/// What there is to know at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    version: &'static str,
    /// The data directory's random id, which is in all names and labels.
    instance: String,
    started_at: Timestamp,
    uptime_seconds: u64,
    /// Whose token or session this is.
    you: PersonName,
    counts: Counts,
    docker: Part,
    /// Absent where none is configured.
    prometheus: Option<Part>,
}

/// The process lives.
#[utoipa::path(get, path = "/health/live", operation_id = "getLiveness", tag = "health", security(()), responses((status = OK, body = Alive), Problem))]
pub async fn live() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// It can do its work: the database can be written, Docker answers within two seconds.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "getReadiness", tag = "health", security(()),
    responses((status = OK, body = Ready), (status = SERVICE_UNAVAILABLE, body = Ready), Problem),
)]
pub async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, Json<Ready>) {
    let health = api.last_look.health(&api.flow).await;
    let ready = health.is_ready();
    let body = Ready {
        ready,
        store: health.store,
        docker: health.docker,
    };
    (readiness(ready), Json(body))
}

/// As `/health/ready`.
#[utoipa::path(
    get, path = "/health", operation_id = "getHealth", tag = "health", security(()),
    responses((status = OK, body = Ready), (status = SERVICE_UNAVAILABLE, body = Ready), Problem),
)]
pub async fn health(state: State<Arc<Api>>) -> (StatusCode, Json<Ready>) {
    ready(state).await
}

/// Each part with its state, how long it took to answer, and a sentence; what the disk holds.
#[utoipa::path(
    get, path = "/health/detailed", operation_id = "getHealthDetails", tag = "health", security(()),
    responses((status = OK, body = Detailed), (status = SERVICE_UNAVAILABLE, body = Detailed), Problem),
)]
pub async fn detailed(
    State(api): State<Arc<Api>>,
) -> Result<(StatusCode, Json<Detailed>), Problem> {
    let parts = api.last_look.health(&api.flow).await;
    let (folder, flow) = (api.data_dir.clone(), api.flow.clone());
    let sizes = tokio::task::spawn_blocking(move || {
        let database = ["commander.db", "commander.db-wal"].map(|name| folder.join(name));
        let database = database.iter().map(|file| files::size(file)).sum::<u64>();
        let logs = flow.logbook.files().unwrap_or_default();
        let bytes = |compressed: bool| {
            let files = logs.iter().filter(|file| file.compressed == compressed);
            files.map(|file| file.bytes).sum::<u64>()
        };
        let journals = flow.store.journal_bytes();
        (
            database,
            journals,
            bytes(false),
            bytes(true),
            files::free_bytes(&folder),
        )
    });
    let unknown = |error: &dyn std::fmt::Display| {
        Problem::internal(format!("the data directory cannot be looked at: {error}"))
    };
    let (database_bytes, journals, plain, compressed, free) =
        sizes.await.map_err(|error| unknown(&error))?;
    let body = Detailed {
        ready: parts.is_ready(),
        parts,
        database_bytes,
        journals_bytes: journals?,
        logs_bytes: plain + compressed,
        compressed_logs_bytes: compressed,
        data_dir_free_bytes: free.map_err(|error| unknown(&error))?,
    };
    Ok((readiness(body.ready), Json(body)))
}

/// What there is to know at a glance.
#[utoipa::path(
    get, path = "/api/status", operation_id = "getStatus", tag = "health",
    responses((status = OK, body = Status), Problem),
)]
pub async fn status(State(api): State<Arc<Api>>, by: By) -> Result<Json<Status>, Problem> {
    let health = api.last_look.health(&api.flow).await;
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        instance: api.flow.instance.to_string(),
        started_at: api.started_at,
        uptime_seconds: api.begun.elapsed().as_secs(),
        you: by.person,
        counts: api.flow.store.counts()?,
        docker: health.docker,
        prometheus: health.prometheus,
    }))
}

fn readiness(is_ready: bool) -> StatusCode {
    match is_ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}
