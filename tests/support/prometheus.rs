//! A real Prometheus on a free loopback port with a directory of its own, and something for it to
//! scrape. Both end with their values, also when a test panics.

// Each test crate uses a part of this.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use commander::os::http::{Client, Route};
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub struct RealPrometheus {
    pub url: String,
    /// What `file_sd_configs` points at.
    pub targets: PathBuf,
    process: Child,
    address: SocketAddr,
    directory: TempDir,
}

impl RealPrometheus {
    /// Scrapes every second what the files in `targets` say.
    pub async fn start() -> Self {
        // Between choosing a port and listening on it somebody else may take it.
        for _ in 0..3 {
            if let Some(started) = Self::try_start().await {
                return started;
            }
        }
        panic!("Prometheus does not start: is the package \"prometheus\" installed?");
    }

    async fn try_start() -> Option<Self> {
        let directory = TempDir::new().unwrap();
        let targets = directory.path().join("targets");
        std::fs::create_dir(&targets).unwrap();
        let pattern = targets.join("*.json");
        std::fs::write(
            directory.path().join("prometheus.yml"),
            format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n- job_name: commander\n  file_sd_configs: [{{files: ['{}']}}]\n",
                pattern.display()
            ),
        )
        .unwrap();
        // Free again as soon as its value is dropped, for Prometheus to take.
        let address = super::http::closed_port().address;
        let mut started = Self {
            url: format!("http://{address}"),
            targets,
            process: spawn(directory.path(), address)?,
            address,
            directory,
        };
        started.becomes_ready().await.then_some(started)
    }

    /// Starts it again after a [`RealPrometheus::kill`]: same address, same data.
    pub async fn start_again(&mut self) {
        self.process = spawn(self.directory.path(), self.address).unwrap();
        assert!(self.becomes_ready().await, "Prometheus does not come back");
    }

    async fn becomes_ready(&mut self) -> bool {
        let client = Client::new(Route::Direct).unwrap();
        let url = format!("{}/-/ready", self.url);
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && self.process.try_wait().unwrap().is_none() {
            if client.status(&url, Duration::from_secs(1)).await == Ok(200) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Ends it, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(directory: &Path, address: SocketAddr) -> Option<Child> {
    let place = |name: &str| directory.join(name).display().to_string();
    Command::new("prometheus")
        .arg(format!("--config.file={}", place("prometheus.yml")))
        .arg(format!("--web.listen-address={address}"))
        .arg(format!("--storage.tsdb.path={}", place("data")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

impl Drop for RealPrometheus {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A service with `/metrics`.
pub struct MetricsTarget {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl MetricsTarget {
    pub async fn start(metrics: &str) -> Self {
        let metrics = metrics.to_owned();
        let route = get(move || async move { metrics });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let app = Router::new().route("/metrics", route);
            axum::serve(listener, app).await.unwrap();
        });
        Self { address, task }
    }

    /// Stops listening and drops what it holds, as a crash would.
    pub async fn die(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for MetricsTarget {
    fn drop(&mut self) {
        self.task.abort();
    }
}
