//! The one door through which the engine acts on the outside. Its production form is the
//! adapters (`engine::outside`); a simulation implements the same trait under `tests/`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::domain::digest::Digest;
use crate::domain::execution::Fault;
use crate::domain::id::{ExecutionId, ReleaseId};
use crate::domain::lock::{Fence, Place};
use crate::domain::name::{EnvironmentName, ServiceName, TestName};
use crate::domain::snapshot::{ConfigurationSnapshot, Publish};
use crate::domain::step::{BuildInstructions, StepId};

/// Every call is idempotent: what is already so is a success.
#[async_trait]
pub trait World: Send + Sync {
    /// The highest fencing token that is known of for the place, on what was made there too: a
    /// ledger that came from a backup does not know all that were given.
    async fn highest_token(&self, place: &Place) -> Result<u64, Fault>;

    /// Makes sure that the commit is in the mirror and has this tree.
    async fn fetch_source(
        &self,
        repository: &str,
        commit: &str,
        tree: &str,
        call: &Call,
    ) -> Result<(), Fault>;

    async fn build_image(&self, request: &BuildRequest, call: &Call) -> Result<BuiltImage, Fault>;

    /// Takes the tag away; the image goes with its last one. The last tag of an image that a
    /// container uses is refused.
    async fn untag_image(&self, tag: &str, call: &Call) -> Result<(), Fault>;

    async fn has_image(&self, image_id: &Digest, call: &Call) -> Result<bool, Fault>;

    /// Runs a test to its end in a container that is removed afterwards.
    async fn run_test(&self, run: &TestRun, call: &Call) -> Result<Exit, Fault>;

    /// Removes what the step's test, cut short, left behind.
    async fn remove_test(&self, call: &Call) -> Result<(), Fault>;

    /// Creates the container, not started, or adopts the one that is there if it is of the same
    /// image and configuration and its secrets are still the same; otherwise makes it anew.
    async fn create_container(&self, spec: &ContainerSpec, call: &Call) -> Result<Answer, Fault>;

    /// Removes the container if this execution created it. One that still runs is refused: where
    /// the switch could not be undone, it may be all that serves.
    async fn discard_container(&self, name: &str, call: &Call) -> Result<(), Fault>;

    async fn start_container(&self, name: &str, call: &Call) -> Result<(), Fault>;

    /// Asks it to end and waits `drain` before it is killed.
    async fn stop_container(&self, name: &str, drain: Duration, call: &Call) -> Result<(), Fault>;

    async fn restart_container(
        &self,
        name: &str,
        drain: Duration,
        call: &Call,
    ) -> Result<(), Fault>;

    async fn inspect_container(
        &self,
        name: &str,
        call: &Call,
    ) -> Result<Option<ContainerFacts>, Fault>;

    /// One GET; `Ok` with a sentence when it answered 2xx, `Err` with a sentence when not.
    async fn probe(
        &self,
        publish: Publish,
        path: &str,
        timeout: Duration,
        call: &Call,
    ) -> Result<Answer, Fault>;

    async fn run_script(
        &self,
        script: &str,
        sha256: &str,
        arguments: &BTreeMap<String, String>,
        call: &Call,
    ) -> Result<Exit, Fault>;
}

/// What every call knows of its step.
#[derive(Clone)]
pub struct Call {
    pub execution: ExecutionId,
    pub step: StepId,
    /// The right of the run that calls. Once another run has the place, the call is refused with a
    /// fault of kind `Overtaken`, and changes nothing.
    pub fence: Fence,
    /// The call ends soon, with a fault of kind `Cancelled`, once this is cancelled.
    pub cancel: CancellationToken,
    pub log: Arc<dyn LogSink>,
}

impl Call {
    /// One of Commander's own lines in the step's log.
    pub fn say(&self, text: impl Into<String>) {
        self.print(LogStream::Commander, text.into());
    }

    /// A line that the step's work printed.
    pub fn print(&self, stream: LogStream, text: String) {
        self.log.line(LogLine {
            execution: self.execution.clone(),
            step: self.step.clone(),
            stream,
            text,
        });
    }
}

/// Where the output of steps goes. It never blocks: what it cannot keep it drops and counts.
pub trait LogSink: Send + Sync {
    fn line(&self, line: LogLine);
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub execution: ExecutionId,
    pub step: StepId,
    pub stream: LogStream,
    pub text: String,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    Stdout,
    Stderr,
    Commander,
}

/// What was found or done, in a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub said: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    pub service: ServiceName,
    pub repository: String,
    pub instructions: BuildInstructions,
    pub tag: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    pub image_id: Digest,
    /// By the reference in the Dockerfile.
    pub base_images: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRun {
    pub service: ServiceName,
    pub test: TestName,
    pub image_id: Digest,
    pub argv: Vec<String>,
    /// The container whose network it shares; without one it has none.
    pub beside: Option<String>,
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub code: i64,
    /// The last lines of its output, printable.
    pub tail: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ContainerSpec {
    pub name: String,
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub release: ReleaseId,
    pub image_id: Digest,
    pub configuration: ConfigurationSnapshot,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ContainerFacts {
    pub image_id: Digest,
    /// The digest of the configuration snapshot it was created from.
    pub configuration: Option<Digest>,
    pub running: bool,
    pub exit_code: Option<i64>,
    pub oom_killed: bool,
    pub restart_count: u64,
    pub health: ContainerHealth,
    pub started_at: Option<Timestamp>,
    /// The last lines of its output, printable.
    pub tail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerHealth {
    /// The image has no HEALTHCHECK.
    Unchecked,
    Starting,
    Healthy,
    Unhealthy {
        output: String,
    },
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("execution", &self.execution)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}
