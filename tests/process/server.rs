//! `commander serve` in a process of its own, on a data directory, a repository and a base image
//! that belong to the test; spoken to as the command line does.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use commander::adapters::db::Store;
use commander::cli::exit::Failure;
use commander::cli::server::Server as Client;
use commander::domain::lock::Fence;
use commander::domain::release::Presence;
use commander::os::http::{self, Limits, Route};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::docker_image::TestEngine;
use crate::house::{
    Setup, base_image, configuration_text, containers_of, label, remove_all_of, staging, until,
};
use crate::shop::Repository;

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(20),
    max_body_bytes: 64 * 1024,
};

pub struct Server {
    child: Option<Child>,
    directory: TempDir,
    // Last, for all that is made from it goes before it.
    _base: Arc<TestEngine>,
}

impl Server {
    /// Starts one, and waits until it serves.
    pub async fn with(setup: Setup) -> Self {
        let directory = TempDir::new().unwrap();
        let base = base_image();
        Repository::make(directory.path().join("shop"), base.base.as_str());
        let setup = Setup {
            sections: format!("[server]\nlisten = \"127.0.0.1:0\"\n{}", setup.sections),
            ..setup
        };
        let text = configuration_text(directory.path(), &setup);
        std::fs::write(directory.path().join("commander.toml"), text).unwrap();
        let mut server = Self {
            child: None,
            directory,
            _base: base,
        };
        server.start().await;
        server
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The program with its configuration, ready to be given a verb.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_commander"));
        command
            .arg("--config")
            .arg(self.directory.path().join("commander.toml"))
            // Each request is told in a line otherwise.
            .env("RUST_LOG", "info,commander::api=warn")
            .stdin(Stdio::null());
        command
    }

    pub async fn start(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let log = self.directory.path().join("log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        let child = self
            .command()
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let child = self.child.insert(child.unwrap());
        let pid = child.id();
        until("it serves", || {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("{status}: {}", self.log());
            }
            // What a process that was killed left there names another one.
            let file = std::fs::read_to_string(self.data().join("server.json")).ok()?;
            let file: Value = serde_json::from_str(&file).ok()?;
            (file["pid"] == pid).then_some(())
        })
        .await;
    }

    /// `kill -9`. Nothing runs of it when this returns.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub async fn kill_and_start(&mut self) {
        self.kill();
        self.start().await;
    }

    /// SIGTERM, as an init system sends it.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        child.wait().unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    pub fn client(&self) -> Client {
        Client::of(&self.data()).unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let reply = self.client().get(path).await;
        reply.unwrap().read().unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        let reply = self.client().post(path, &body).await?;
        Ok(reply.read().unwrap())
    }

    /// What an open route answers, whatever its status.
    pub async fn look(&self, path: &str) -> (u16, Value) {
        let client = http::Client::new(Route::Direct).unwrap();
        let url = format!("{}{path}", self.client().base());
        let answer = client.get(&url, &[], LIMITS).await.unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }
}

/// What a person does.
impl Server {
    /// The one plan that a sentence makes.
    pub async fn plan(&self, sentence: &str) -> Value {
        let asked = json!({ "text": sentence });
        let mut asked = self.post("/api/commands/parse", asked).await.unwrap();
        assert_eq!(
            asked["plans"].as_array().map(Vec::len),
            Some(1),
            "{asked:#}"
        );
        asked["plans"][0].take()
    }

    /// The id of the execution that begins by it.
    pub async fn approve(&self, plan: &Value) -> String {
        let path = format!("/api/plans/{}/approve", text(&plan["id"]));
        let approved = self.post(&path, json!({ "digest": plan["digest"] })).await;
        text(&approved.unwrap()["execution"]["id"]).to_owned()
    }

    /// Begins a deploy and gives its execution.
    pub async fn begin(&self, sentence: &str) -> String {
        let plan = self.plan(sentence).await;
        self.approve(&plan).await
    }

    /// Deploys to staging, and waits for the end, which must be a good one.
    pub async fn deploy(&self, version: &str) {
        let execution = self
            .begin(&format!("deploy tag {version} of shop to staging"))
            .await;
        self.must_succeed(&execution).await;
    }

    /// A person's word makes what is live the last known good, without a bake.
    pub async fn vouch(&self) {
        let watch = self.watch().await;
        let path = format!("/api/watches/{}/stop", text(&watch["id"]));
        self.post(&path, json!({})).await.unwrap();
        let path = format!("/api/releases/{}/verify", text(&watch["release"]));
        self.post(&path, json!({})).await.unwrap();
    }
}

/// Waiting and looking.
impl Server {
    pub async fn execution(&self, id: &str) -> Value {
        self.get(&format!("/api/executions/{id}")).await
    }

    pub async fn step_runs(&self, execution: &str, step: &str) {
        self.seen(&format!("{step} runs"), execution, |seen| {
            seen["state"]["steps"][step]["status"] == "running"
        })
        .await;
    }

    pub async fn status_is(&self, execution: &str, status: &str) {
        self.seen(status, execution, |seen| {
            seen["execution"]["status"] == status
        })
        .await;
    }

    /// Waits until the execution looks so; if it ends before, it never will.
    async fn seen(&self, what: &str, execution: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let give_up = std::time::Instant::now() + Duration::from_secs(90);
        loop {
            let seen = self.execution(execution).await;
            if is_so(&seen) {
                return seen;
            }
            let has_ended = !seen["execution"]["endedAt"].is_null();
            assert!(!has_ended, "it ended before {what}: {seen:#}");
            assert!(
                std::time::Instant::now() < give_up,
                "never {what}: {seen:#}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn end_of(&self, execution: &str) -> Value {
        let has_ended = |seen: &Value| !seen["execution"]["endedAt"].is_null();
        self.seen("ended", execution, has_ended).await
    }

    pub async fn must_succeed(&self, execution: &str) -> Value {
        let end = self.end_of(execution).await;
        assert_eq!(end["execution"]["status"], "succeeded", "{end:#}");
        end
    }

    /// The newest watch over staging.
    pub async fn watch(&self) -> Value {
        let mut watches = self
            .get("/api/watches?service=shop&environment=staging")
            .await;
        watches["items"][0].take()
    }

    /// The versions that are live, read as the file has them, also while no server runs.
    pub fn live(&self) -> Vec<String> {
        let kept = Store::kept(&self.data()).unwrap().releases.into_iter();
        let live = kept.filter(|r| r.presence == Presence::Live);
        live.map(|r| r.version).collect()
    }

    pub fn instance(&self) -> String {
        let kept = Store::kept(&self.data());
        kept.ok().and_then(|kept| kept.instance).unwrap_or_default()
    }

    /// One release is live, it alone runs, and it serves.
    pub async fn assert_serves(&self, version: &str) {
        assert_eq!(self.live(), [version]);
        let kept = Store::kept(&self.data()).unwrap().releases;
        let live = kept.iter().find(|r| r.presence == Presence::Live).unwrap();
        let containers = containers_of(&self.instance());
        let running = containers.iter().filter(|c| c["State"]["Running"] == true);
        let running: Vec<_> = running.map(|c| label(c, "commander.release")).collect();
        assert_eq!(running, [live.id.as_str()]);
        let client = http::Client::new(Route::Direct).unwrap();
        let url = format!("http://{}/version", live.configuration.publish);
        let answer = client.get(&url, &[], LIMITS).await.unwrap();
        assert_eq!(String::from_utf8(answer.body).unwrap(), version);
    }

    /// Under which right the place is locked; the server must be gone.
    pub fn fence(&self) -> Option<Fence> {
        let store = Store::open(&self.data()).unwrap();
        store.fence(&staging()).unwrap()
    }

    /// Containers of this server, running or not.
    pub fn containers(&self) -> usize {
        containers_of(&self.instance()).len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself, which its test has told by then.
            let _ = child.kill();
            let _ = child.wait();
        }
        let instance = self.instance();
        if !instance.is_empty() {
            remove_all_of(&instance);
        }
        if std::thread::panicking() {
            eprintln!("the log of the server:\n{}", self.log());
        } else {
            // Whatever happened to it, the trail that it left is whole.
            let found = Store::verify(&self.data()).unwrap();
            assert!(found.is_ok(), "{found:?}");
        }
    }
}

pub fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}
