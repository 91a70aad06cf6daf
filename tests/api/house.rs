//! A server with everything that it needs, and a client that may do all.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use axum::routing::get;
use axum::{Json, Router};
use commander::adapters::db::StoreError;
use commander::app::BuildError;
use commander::cli::serve::{ServeError, Serving};
use commander::config::Config;
use commander::os::http;
use eventsource_stream::{Event, Eventsource};
use futures_util::StreamExt;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::UnixListener;

/// Whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const NO_ENGINE: &str = "[docker]\nhost = \"unix:///nonexistent/docker.sock\"\n";

pub struct House {
    pub serving: Serving,
    pub client: reqwest::Client,
    directory: TempDir,
}

impl House {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// With an engine that answers, and has nothing and can do nothing: a deploy fails soon.
    pub async fn with_engine() -> Self {
        Self::with_engine_and("").await
    }

    pub async fn with_engine_and(sections: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let socket = directory.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let version =
            json!({ "Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12" });
        let nothing = (
            StatusCode::NOT_FOUND,
            Json(json!({ "message": "nothing is here" })),
        );
        let engine = Router::new()
            .route("/version", get(move || async { Json(version) }))
            .route("/{version}/_ping", get(|| async { "OK" }))
            .fallback(move || async { nothing });
        tokio::spawn(async move { axum::serve(listener, engine).await });
        Self::start(
            directory,
            &format!(
                "[docker]\nhost = \"unix://{}\"\n{sections}",
                socket.display()
            ),
        )
        .await
    }

    /// `sections` are further sections of the configuration.
    pub async fn with(sections: &str) -> Self {
        let sections = format!("{NO_ENGINE}{sections}");
        Self::start(TempDir::new().unwrap(), &sections).await
    }

    async fn start(directory: TempDir, sections: &str) -> Self {
        super::log::keep();
        make_repository(&directory.path().join("shop"));
        let serving = Serving::start(config(directory.path(), sections)).await;
        Self {
            serving: serving.unwrap(),
            client: client(),
            directory,
        }
    }

    /// Stops the server and starts another one on the same data.
    pub async fn restart(self) -> Self {
        self.serving.stop().await;
        let give_up = Instant::now() + PATIENCE;
        let serving = loop {
            match Serving::start(config(self.directory.path(), NO_ENGINE)).await {
                // An answer that nobody waits for may hold the ledger for a moment; where a
                // process ends, that ends with it.
                Err(ServeError::Build(BuildError::Store(StoreError::InUse(_))))
                    if Instant::now() < give_up =>
                {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                serving => break serving.unwrap(),
            }
        };
        Self { serving, ..self }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.serving.address)
    }

    /// As a stranger.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(path))
            .timeout(PATIENCE)
    }

    /// As the person who started the server.
    pub fn authorised(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path)
            .bearer_auth(&self.serving.own.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.authorised(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.authorised(Method::POST, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.authorised(Method::DELETE, path)).await
    }

    /// A named token of another person.
    pub async fn token_of(&self, name: &str) -> String {
        let made = self.post("/api/tokens", json!({ "name": name })).await;
        made.ok()["token"].as_str().unwrap().to_owned()
    }

    /// The one plan that a sentence makes.
    pub async fn plan(&self, sentence: &str) -> Value {
        let asked = self
            .post("/api/commands/parse", json!({ "text": sentence }))
            .await;
        let asked = asked.ok();
        assert_eq!(asked["outcome"], "plan", "{asked:#}");
        assert_eq!(asked["plans"].as_array().unwrap().len(), 1, "{asked:#}");
        asked["plans"][0].clone()
    }

    pub async fn approve(&self, plan: &Value) -> Answer {
        let path = format!("/api/plans/{}/approve", text(&plan["id"]));
        self.post(&path, json!({ "digest": plan["digest"] })).await
    }

    /// Approves a deploy, which fails at the image; its execution.
    pub async fn failed_execution(&self) -> String {
        let plan = self.plan("deploy shop v1.0.0 to staging").await;
        let approved = self.approve(&plan).await.ok();
        let id = text(&approved["execution"]["id"]).to_owned();
        let path = format!("/api/executions/{id}/events");
        let told = self.stream(&path, None).await.read_out().await;
        assert_eq!(told.last().unwrap().event, "end");
        id
    }

    /// Opens an event stream after the event `after`.
    pub async fn stream(&self, path: &str, after: Option<&str>) -> Stream {
        // Without a time limit for the whole of it.
        let mut request = self.client.get(self.url(path));
        request = request.bearer_auth(&self.serving.own.token);
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream(response.bytes_stream().eventsource().boxed())
    }

    pub fn commit(&self, message: &str) {
        let repository = self.directory.path().join("shop");
        std::fs::write(repository.join("news"), message).unwrap();
        git(&repository, &["add", "."]);
        git(&repository, &["commit", "-q", "-m", message]);
    }

    /// Every file of the data directory that holds the text.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.data()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if holds(&std::fs::read(&path).unwrap(), text) {
                    found.push(path);
                }
            }
        }
        found
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

pub struct Stream(
    futures_util::stream::BoxStream<
        'static,
        Result<Event, eventsource_stream::EventStreamError<reqwest::Error>>,
    >,
);

impl Stream {
    /// `None` at the end of the connection.
    pub async fn next(&mut self) -> Option<Event> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        next.expect("an event, or the end").map(|e| e.unwrap())
    }

    pub async fn read_out(mut self) -> Vec<Event> {
        let mut told = Vec::new();
        while let Some(event) = self.next().await {
            told.push(event);
        }
        told
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    async fn read(response: Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    /// The body of a problem, which has its whole form.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        let kind = &self.headers["content-type"];
        assert_eq!(kind, "application/problem+json", "{}", self.body);
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["code"], code, "{problem:#}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(!text(&problem["title"]).is_empty());
        assert!(!text(&problem["detail"]).is_empty());
        let id = text(&problem["correlationId"]);
        assert_eq!(self.headers["x-request-id"], id);
        problem
    }
}

pub fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

pub fn client() -> reqwest::Client {
    // Installs what the client's TLS needs.
    http::Client::new(http::Route::Direct).unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap()
}

fn config(directory: &Path, sections: &str) -> Config {
    let text = format!(
        r#"
        [server]
        listen = "127.0.0.1:0"
        hosts = ["commander.example"]

        [store]
        data_dir = "data"

        {sections}

        [services.shop]
        repository = "{}"
        port = 8080

        [services.shop.environments.staging]
        [services.shop.environments.production]
        "#,
        directory.join("shop").display()
    );
    Config::parse(&directory.join("commander.toml"), &text, []).unwrap()
}

fn make_repository(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    git(folder, &["init", "-q", "-b", "main"]);
    for tag in ["v1.0.0", "v1.1.0"] {
        let dockerfile = "FROM scratch\nEXPOSE 8080\nCOPY version /\nCMD [\"/version\"]\n";
        std::fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
        std::fs::write(folder.join("version"), tag).unwrap();
        git(folder, &["add", "."]);
        git(folder, &["commit", "-q", "-m", tag]);
        git(folder, &["tag", tag]);
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"];
    let status = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .args(who)
        .args(arguments)
        .status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}
