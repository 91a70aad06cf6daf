//! The HTTP API. A handler extracts, calls one function of the flow or the store, and converts;
//! there is no decision here.
//!
//! ```text
//!   request ─> correlate ─> protect ─> check_origin ─> require_person ─> handler ─> flow
//!              id, span,    headers    Host, Origin    token, or cookie
//!              one log line                            and CSRF value
//! ```
//!
//! All routes are in [`open_routes`] and [`routes`]; the path of each stands at its handler, and
//! `tests/openapi.json` lists them all.

mod access;
mod audit;
mod commands;
mod correlation;
mod counting;
mod events;
mod executions;
mod extract;
mod gate;
mod health;
mod incidents;
mod metrics;
mod notices;
mod openapi;
mod page;
mod plans;
mod problem;
mod releases;
mod rollbacks;
mod services;
mod session;
mod sops;
mod sse;
mod suggestions;
mod tokens;
mod watches;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use bytes::Bytes;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::config::Server;
use crate::flow::{Flow, FlowError};
use crate::os::clock;

pub use session::Sessions;

/// The longest body of a request: a sentence is a few hundred bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// What the handlers work with. One for a process.
pub struct Api {
    flow: Arc<Flow>,
    data_dir: PathBuf,
    hosts: gate::Hosts,
    pub sessions: Sessions,
    /// Cookies ignore ports: two servers on one host name must not take each other's.
    cookie_name: String,
    notices: Arc<notices::Notices>,
    metrics: Arc<metrics::Metrics>,
    streams: Arc<sse::Streams>,
    last_look: health::LastLook,
    openapi: Bytes,
    started_at: Timestamp,
    begun: Instant,
    /// Ends the event streams, which would keep a graceful stop waiting for ever.
    pub closing: CancellationToken,
}

impl Api {
    /// Begins to listen to the store, until the flow stops.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn open(app: &App, server: &Server) -> Result<Arc<Self>, FlowError> {
        let flow = app.flow.clone();
        let started_at = clock::now();
        let process = format!("{:x}", started_at.as_millisecond());
        let notices = Arc::new(notices::Notices::new(process));
        let metrics = Arc::new(metrics::Metrics::default());
        let counting = counting::Counting::begin(flow.clone(), metrics.clone())?;
        flow.tasks.spawn(counting.run());
        let (hearing, heard) = (notices.clone(), flow.store.notices());
        let until = flow.stop.clone();
        flow.tasks.spawn(async move {
            until.run_until_cancelled(hearing.hear(heard)).await;
        });
        Ok(Arc::new(Self {
            hosts: gate::Hosts::new(&server.hosts),
            sessions: Sessions::default(),
            cookie_name: format!("commander_{}", flow.instance),
            data_dir: app.data_dir.clone(),
            streams: Default::default(),
            last_look: Default::default(),
            openapi: document_text().into(),
            begun: clock::monotonic(),
            closing: CancellationToken::new(),
            started_at,
            notices,
            metrics,
            flow,
        }))
    }
}

/// What needs no token.
fn open_routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(openapi::Head::openapi())
        .route("/", get(page::index))
        .route("/web/{*path}", get(page::file))
        .route("/openapi.json", get(openapi::serve))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::detailed))
        .routes(routes!(metrics::scrape))
        .routes(routes!(tokens::sign_in))
}

/// What a person's token or session is asked for.
fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(commands::parse))
        .routes(routes!(commands::preview))
        .routes(routes!(services::list))
        .routes(routes!(services::refs))
        .routes(routes!(services::unfreeze))
        .routes(routes!(plans::list))
        .routes(routes!(plans::one))
        .routes(routes!(plans::approvals))
        .routes(routes!(plans::approve))
        .routes(routes!(plans::reject))
        .routes(routes!(plans::refresh))
        .routes(routes!(executions::list))
        .routes(routes!(executions::one))
        .routes(routes!(executions::journal))
        .routes(routes!(executions::compare))
        .routes(routes!(executions::cancel))
        .routes(routes!(executions::answer))
        .routes(routes!(executions::rerun))
        .routes(routes!(executions::events))
        .routes(routes!(executions::logs))
        .routes(routes!(releases::list))
        .routes(routes!(releases::one))
        .routes(routes!(releases::verify))
        .routes(routes!(releases::quarantine, releases::lift))
        .routes(routes!(releases::logs))
        .routes(routes!(rollbacks::plan))
        .routes(routes!(watches::list))
        .routes(routes!(watches::one))
        .routes(routes!(watches::points))
        .routes(routes!(watches::stop))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::one))
        .routes(routes!(sops::list))
        .routes(routes!(sops::search))
        .routes(routes!(sops::reindex))
        .routes(routes!(suggestions::list))
        .routes(routes!(suggestions::accept))
        .routes(routes!(suggestions::refuse))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verification))
        .routes(routes!(health::status))
        .routes(routes!(events::stream))
        .routes(routes!(tokens::sign_out))
        .routes(routes!(tokens::add, tokens::list))
        .routes(routes!(tokens::revoke))
}

pub fn router(api: Arc<Api>) -> Router {
    let (open, _) = open_routes().split_for_parts();
    let (closed, _) = routes().split_for_parts();
    let closed = closed.route_layer(from_fn_with_state(api.clone(), access::require_person));
    open.merge(closed)
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(api.clone(), gate::check_origin))
        .layer(from_fn(gate::protect))
        .layer(from_fn_with_state(api.clone(), correlation::correlate))
        .with_state(api)
}

/// The description of all routes.
pub fn document() -> OpenApi {
    open_routes().merge(routes()).into_openapi()
}

fn document_text() -> String {
    // Names and schemas are all strings and numbers, which JSON always has a form for.
    document()
        .to_pretty_json()
        .expect("the description is made of constants")
}
