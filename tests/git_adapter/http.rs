//! A small HTTP server for one test: files of a directory, or one fixed answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Stops when it is dropped.
pub struct Server {
    pub address: String,
    advertised: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Files {
    root: PathBuf,
    advertised: Arc<AtomicUsize>,
}

impl Server {
    /// Serves a repository as plain files ("dumb" HTTP), under `/shop.git`.
    pub async fn of_files(root: PathBuf) -> Self {
        let advertised = Arc::new(AtomicUsize::new(0));
        let files = Files {
            root,
            advertised: Arc::clone(&advertised),
        };
        let router = Router::new()
            .route("/shop.git/{*path}", get(file))
            .with_state(files);
        Self::start(router, advertised).await
    }

    pub async fn always(status: StatusCode) -> Self {
        let router = Router::new().fallback(move || async move {
            let challenge = [("www-authenticate", "Basic realm=\"shop\"")];
            (status, challenge, "no").into_response()
        });
        Self::start(router, Arc::default()).await
    }

    async fn start(router: Router, advertised: Arc<AtomicUsize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            advertised,
            task,
        }
    }

    /// How many fetches have begun.
    pub fn fetches(&self) -> usize {
        self.advertised.load(Ordering::SeqCst)
    }
}

async fn file(State(files): State<Files>, Path(path): Path<String>) -> impl IntoResponse {
    if path.ends_with("info/refs") {
        files.advertised.fetch_add(1, Ordering::SeqCst);
    }
    match tokio::fs::read(files.root.join(path)).await {
        Ok(bytes) => (StatusCode::OK, bytes),
        Err(_) => (StatusCode::NOT_FOUND, Vec::new()),
    }
}
