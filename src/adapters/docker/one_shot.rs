//! A command that runs to its end in a container of an image: a test, a smoke test.
//!
//! The container is removed in every case: after its end, after a timeout or a cancellation, and
//! when the caller stops waiting (its future is dropped). Only a process that is killed leaves
//! one behind; the next one finds it by its labels and removes it.

use std::time::Duration;

use bollard::errors::Error as ClientError;
use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{RemoveContainerOptions, WaitContainerOptions};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::container::{ContainerError, container_id};
use super::container_spec::{Env, Resources, limited};
use super::engine::{CHANGE, Docker};
use super::error::EngineError;
use super::identifiers::{ContainerId, Instance};
use super::labels::{Kind, Labels};
use super::log_line::{LogSink, Output};
use super::logs::{LogEnd, LogTail, LogsRequest};
use crate::domain::digest::Digest;

/// A command and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneShot {
    pub image_id: Digest,
    /// The program and its arguments, in place of the image's own entry point. No shell.
    pub argv: Vec<String>,
    pub env: Env,
    pub network: OneShotNetwork,
    pub labels: Labels,
    pub resources: Resources,
    pub time_limit: Duration,
}

/// What a command can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneShotNetwork {
    None,
    Bridge,
    /// The same addresses and ports as another container: `localhost` is that one.
    Of(ContainerId),
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub code: i64,
    /// Whether the kernel killed it for want of memory.
    pub oom_killed: bool,
    /// Its last lines.
    pub log_tail: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("Image {image} is not on this engine any more: build it again.")]
    ImageMissing { image: String },
    #[error("The command cannot be started: {message}. Correct it in the configuration.")]
    CannotStart { message: String },
    #[error("The command's container was removed by somebody else while it ran: run it again.")]
    Gone,
    #[error("The command was cancelled.")]
    Cancelled,
    #[error(
        "The command was stopped after {} s: make it faster or give it more time.",
        after.as_secs()
    )]
    TookTooLong {
        after: Duration,
        log_tail: Vec<String>,
    },
}

impl From<ContainerError> for RunError {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Engine(error) => Self::Engine(error),
            _ => Self::Gone,
        }
    }
}

/// How many lines of a command have been passed on.
#[derive(Clone, Copy)]
struct FromLine(u64);

impl Docker {
    /// Runs a command to its end. An exit code other than 0 is an answer, not an error. Sent once.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    pub async fn run_to_end(
        &self,
        run: &OneShot,
        sink: LogSink<'_>,
        cancel: &CancellationToken,
    ) -> Result<Exit, RunError> {
        let mut output = Output::new(sink);
        let container = Temporary::new(self, self.create_one_shot(run).await?);
        let after = run.time_limit;
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(RunError::Cancelled),
            ended = tokio::time::timeout(after, self.attend(&container.id, after, &mut output)) => {
                ended.unwrap_or(Err(RunError::TookTooLong { after, log_tail: Vec::new() }))
            }
        };
        container.remove().await;
        let log_tail = output.into_tail();
        match ended {
            Ok((code, oom_killed)) => Ok(Exit {
                code,
                oom_killed,
                log_tail,
            }),
            Err(RunError::TookTooLong { after, .. }) => {
                Err(RunError::TookTooLong { after, log_tail })
            }
            Err(error) => Err(error),
        }
    }

    /// How many containers of commands there are, running or left behind.
    ///
    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn count_commands(&self, labels: &Labels) -> Result<usize, EngineError> {
        Ok(self.ids_of(Kind::OneShot, labels).await?.len())
    }

    /// Removes the containers of commands that a process left behind when it was killed. Give the
    /// execution: without it the commands that run now are meant too.
    ///
    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn remove_leftovers(
        &self,
        labels: &Labels,
    ) -> Result<Vec<ContainerId>, ContainerError> {
        let leftovers = self.ids_of(Kind::OneShot, labels).await?;
        for id in &leftovers {
            self.remove_with(id, whole()).await?;
        }
        Ok(leftovers)
    }

    async fn create_one_shot(&self, run: &OneShot) -> Result<ContainerId, RunError> {
        let doing = "create a container";
        let body = one_shot_body(run, self.instance());
        let created = self
            .once(doing, CHANGE, |client| async move {
                client.create_container(None, body).await
            })
            .await;
        match created {
            Ok(created) => Ok(container_id(doing, &created.id)?),
            Err(error) => match error.refusal(&[404]) {
                Some(_) => Err(RunError::ImageMissing {
                    image: run.image_id.to_string(),
                }),
                None => Err(cannot_start(error)),
            },
        }
    }

    /// Starts the container (once: a second start would run the command again), passes its lines
    /// on until they end, and tells its exit code and whether memory was the cause.
    async fn attend(
        &self,
        id: &ContainerId,
        limit: Duration,
        output: &mut Output<'_>,
    ) -> Result<(i64, bool), RunError> {
        self.once("start a container", CHANGE, |client| async move {
            client.start_container(id.as_str(), None).await
        })
        .await
        .map_err(cannot_start)?;
        let passed = self.pass_on_lines(id, output, FromLine(0)).await?;
        self.wait_for_end(id, limit).await?;
        // An engine may end the stream of a command that ends at once before its last lines.
        self.pass_on_lines(id, output, passed).await?;
        let state = self.inspect(id).await?;
        let code = state.exit_code.ok_or_else(|| {
            EngineError::not_understood("inspect a container", "it ended without an exit code")
        })?;
        Ok((code, state.oom_killed))
    }

    async fn pass_on_lines(
        &self,
        id: &ContainerId,
        output: &mut Output<'_>,
        from: FromLine,
    ) -> Result<FromLine, EngineError> {
        let request = LogsRequest {
            since: None,
            tail: LogTail::All,
            end: LogEnd::ContainerStops,
        };
        let mut logs = self.open_logs(id, request).await?;
        let mut seen = 0;
        while let Some(line) = logs.next().await {
            match line {
                Ok(line) if seen >= from.0 => output.line(line),
                Ok(_) => {}
                // The engine was restarted: what counts now is how the command ended.
                Err(error) if error.is_away() => break,
                Err(error) => return Err(error),
            }
            seen += 1;
        }
        Ok(FromLine(from.0.max(seen)))
    }

    /// The answer itself is not read: an exit code other than 0 comes as an error of the client.
    async fn wait_for_end(&self, id: &ContainerId, limit: Duration) -> Result<(), EngineError> {
        self.idempotent("wait for a container", limit, |client| async move {
            let options = WaitContainerOptions {
                condition: "not-running".to_owned(),
            };
            let mut answer = client.wait_container(id.as_str(), Some(options));
            match answer.next().await {
                Some(Err(ClientError::DockerContainerWaitError { .. }) | Ok(_)) | None => Ok(()),
                Some(Err(error)) => Err(error),
            }
        })
        .await
    }
}

/// The container of a command, which does not outlive its owner.
struct Temporary {
    docker: Docker,
    id: ContainerId,
    is_removed: bool,
}

impl Temporary {
    fn new(docker: &Docker, id: ContainerId) -> Self {
        Self {
            docker: docker.clone(),
            id,
            is_removed: false,
        }
    }

    /// What the command did stands, whatever happens here.
    async fn remove(mut self) {
        self.is_removed = true;
        remove_or_warn(&self.docker, &self.id).await;
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.is_removed {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (docker, id) = (self.docker.clone(), self.id.clone());
            runtime.spawn(async move { remove_or_warn(&docker, &id).await });
        }
    }
}

async fn remove_or_warn(docker: &Docker, id: &ContainerId) {
    if let Err(error) = docker.remove_with(id, whole()).await {
        tracing::warn!(container = id.short(), %error, "a command's container is left behind");
    }
}

/// Kill it where it runs, and take its anonymous volumes along.
fn whole() -> RemoveContainerOptions {
    RemoveContainerOptions {
        force: true,
        v: true,
        ..RemoveContainerOptions::default()
    }
}

fn cannot_start(error: EngineError) -> RunError {
    match error {
        EngineError::Refused { message, .. } => RunError::CannotStart { message },
        other => other.into(),
    }
}

fn one_shot_body(run: &OneShot, instance: &Instance) -> ContainerCreateBody {
    let (program, arguments) = match run.argv.split_first() {
        Some((program, arguments)) => (vec![program.clone()], arguments.to_vec()),
        None => (Vec::new(), Vec::new()),
    };
    let labels = run.labels.of_container(instance, Kind::OneShot);
    ContainerCreateBody {
        image: Some(run.image_id.to_string()),
        entrypoint: Some(program),
        cmd: Some(arguments),
        env: Some(run.env.assignments()),
        labels: Some(labels.into_iter().collect()),
        // The image's health check is about its own program.
        healthcheck: Some(HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        }),
        host_config: Some(HostConfig {
            network_mode: Some(match &run.network {
                OneShotNetwork::None => "none".to_owned(),
                OneShotNetwork::Bridge => "bridge".to_owned(),
                OneShotNetwork::Of(container) => format!("container:{container}"),
            }),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::NO),
                maximum_retry_count: None,
            }),
            ..limited(run.resources)
        }),
        ..ContainerCreateBody::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_becomes_one_request() {
        let id = ContainerId::parse(&"c".repeat(64)).unwrap();
        let run = OneShot {
            image_id: Digest::of_bytes(b"image"),
            argv: ["/bin/test", "-x", "$(id); rm"].map(str::to_owned).to_vec(),
            env: [("A".to_owned(), "1".to_owned())].into_iter().collect(),
            network: OneShotNetwork::Of(id.clone()),
            labels: Labels::default(),
            resources: Resources::default(),
            time_limit: Duration::from_secs(1),
        };
        let body = one_shot_body(&run, &Instance::parse("one").unwrap());
        let expected = serde_json::json!({
            "Image": run.image_id,
            "Entrypoint": ["/bin/test"],
            "Cmd": ["-x", "$(id); rm"],
            "Env": ["A=1"],
            "Labels": {"commander.instance": "one", "commander.kind": "one_shot"},
            "Healthcheck": {"Test": ["NONE"]},
            "HostConfig": {
                "NetworkMode": format!("container:{id}"),
                "RestartPolicy": {"Name": "no"},
                "LogConfig": {
                    "Type": "json-file",
                    "Config": {"max-size": "10m", "max-file": "3"},
                },
            },
        });
        assert_eq!(serde_json::to_value(body).unwrap(), expected);
    }
}
