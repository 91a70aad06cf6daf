//! The adapters as the engine's world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::duplex;
use tokio_util::io::SyncIoBridge;

use super::faults;
use super::secrets::{self, SecretKey};
use crate::adapters::docker::{
    self, Access, BuildError, ContainerError, ContainerName, ContainerState, Docker, Env,
    HealthStatus, Healthcheck, ImageReference, Labels, LogEnd, LogTail, LogsRequest, NetworkName,
    OneShot, OneShotNetwork, Status, VolumeName, VolumeSource,
};
use crate::adapters::git::{ContextError, ContextSource, Git};
use crate::adapters::probe::{Probe, ProbeResult};
use crate::adapters::scripts::Scripts;
use crate::domain::digest::Digest;
use crate::domain::execution::{Fault, FaultKind};
use crate::domain::lock::{Fences, Mark, Place};
use crate::domain::name::ScriptName;
use crate::domain::repository::RepositoryUrl;
use crate::domain::revision::RefName;
use crate::domain::snapshot::{self, ConfigurationSnapshot, Publish};
use crate::engine::world::{
    Answer, BuildRequest, BuiltImage, Call, ContainerFacts, ContainerHealth, ContainerSpec, Exit,
    LogStream, TestRun, World,
};
use crate::os::process::Stream;

/// The largest build context, in bytes: Docker copies it whole before it begins.
const CONTEXT_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// The largest Dockerfile, in bytes.
const DOCKERFILE_BYTES: u64 = 256 * 1024;
/// What must be free on the engine's disk before a build begins, in bytes.
const FREE_BYTES: u64 = 512 * 1024 * 1024;
/// How long the repository is waited for.
const FETCH: Duration = Duration::from_secs(120);
/// The step's own time limit ends a build; this only bounds what outlives it.
const BUILD: Duration = Duration::from_secs(3600);
/// How often a build is sent whose cache went away under it.
const BUILD_TRIES: u32 = 3;
/// Bytes of context between Git and Docker.
const PIPE: usize = 256 * 1024;
/// How long a change waits to hear which runs left their marks on the place's containers. It comes
/// on top of an interruption, and the engine answers in milliseconds.
const MARKS: Duration = Duration::from_secs(5);
/// Lines of a container's output that say why it ended.
const LAST_WORDS: u32 = 5;

#[derive(Clone)]
pub struct Adapters {
    pub git: Git,
    pub docker: Docker,
    pub probe: Probe,
    pub scripts: Arc<Scripts>,
    pub secrets: SecretKey,
    /// The newest run of each place that came by.
    pub fences: Arc<Mutex<Fences>>,
}

#[async_trait]
impl World for Adapters {
    async fn highest_token(&self, place: &Place) -> Result<u64, Fault> {
        let heard = self.fences().highest(place);
        let made = self.marks(place).await?;
        Ok(made.iter().map(|mark| mark.token).fold(heard, u64::max))
    }

    async fn fetch_source(
        &self,
        repository: &str,
        commit: &str,
        tree: &str,
        call: &Call,
    ) -> Result<(), Fault> {
        let url = parse_repository(repository)?;
        let name = RefName::parse(commit).map_err(rejected)?;
        let mut found = self.git.resolve(&url, &name).await;
        if found.is_err() {
            call.say(format!("fetching {repository}"));
            self.git
                .sync(&url, FETCH)
                .await
                .map_err(|error| Fault::new(FaultKind::Unavailable, error.to_string()))?;
            found = self.git.resolve(&url, &name).await;
        }
        let found = found.map_err(|e| Fault::new(FaultKind::NotFound, e.to_string()))?;
        if found.tree != tree || found.commit != commit {
            return Err(Fault::new(
                FaultKind::Drift,
                format!("commit {commit} has another tree than the approved one"),
            ));
        }
        call.say(format!(
            "{} \"{}\" by {}",
            &found.commit[..12],
            found.subject,
            found.author
        ));
        Ok(())
    }

    async fn build_image(&self, request: &BuildRequest, call: &Call) -> Result<BuiltImage, Fault> {
        self.pass(call)?;
        let url = parse_repository(&request.repository)?;
        let build = &request.instructions;
        let file = self
            .git
            .file(&url, &build.commit, &build.dockerfile, DOCKERFILE_BYTES)
            .await
            .map_err(rejected)?;
        let source = ContextSource {
            commit: build.commit.clone(),
            directory: build.context.clone(),
            dockerfile: build.dockerfile.clone(),
            max_bytes: CONTEXT_BYTES,
        };
        let summary = self
            .git
            .survey_context(&url, source.clone())
            .await
            .map_err(rejected)?;
        call.say(format!(
            "context: {} files, {} bytes",
            summary.files, summary.bytes
        ));
        let order = docker::BuildRequest {
            dockerfile_path: summary.dockerfile,
            dockerfile: String::from_utf8_lossy(&file.bytes).into_owned(),
            build_args: build.build_args.clone(),
            tags: vec![ImageReference::parse(&request.tag).map_err(rejected)?],
            labels: Labels {
                service: Some(request.service.clone()),
                ..Labels::default()
            },
            time_limit: BUILD,
            free_bytes_needed: FREE_BYTES + 2 * summary.bytes,
        };
        let mut built = self.send_build(&url, &source, &order, call).await?;
        for _ in 1..BUILD_TRIES {
            let Err(error @ BuildError::CacheGone { .. }) = &built else {
                break;
            };
            call.say(format!("{error} It is built again."));
            built = self.send_build(&url, &source, &order, call).await?;
        }
        let built = built.map_err(|error| faults::build(&error))?;
        Ok(BuiltImage {
            image_id: built.image_id,
            base_images: built
                .base_images
                .into_iter()
                .map(|base| (base.reference.to_string(), base.image_id.to_string()))
                .collect(),
        })
    }

    async fn untag_image(&self, tag: &str, call: &Call) -> Result<(), Fault> {
        self.pass(call)?;
        let tag = ImageReference::parse(tag).map_err(rejected)?;
        let found = self
            .docker
            .find_image(&tag)
            .await
            .map_err(|e| faults::engine(&e))?;
        let Some(image) = found else {
            return Ok(());
        };
        self.docker
            .untag_image(&tag, &image.id)
            .await
            .map_err(|error| faults::image(&error))
    }

    async fn has_image(&self, image_id: &Digest, _call: &Call) -> Result<bool, Fault> {
        self.docker
            .has_image(image_id)
            .await
            .map_err(|e| faults::engine(&e))
    }

    async fn run_test(&self, run: &TestRun, call: &Call) -> Result<Exit, Fault> {
        self.pass(call)?;
        let network = match &run.beside {
            None => OneShotNetwork::None,
            Some(name) => OneShotNetwork::Of(self.existing(name).await?.id),
        };
        let labels = step_labels(call, Some(run.service.clone()));
        // What an earlier try of this step left is in the way of nobody, and of no use.
        self.docker
            .remove_leftovers(&labels)
            .await
            .map_err(|e| faults::container(&e))?;
        let order = OneShot {
            image_id: run.image_id.clone(),
            argv: run.argv.clone(),
            env: Env::default(),
            network,
            labels: Labels {
                fence: Some(call.fence.token),
                ..labels
            },
            resources: docker::Resources::default(),
            time_limit: run.timeout,
        };
        let mut sink = |line: docker::LogLine| pass_on(call, &line);
        let exit = self
            .docker
            .run_to_end(&order, &mut sink, &call.cancel)
            .await
            .map_err(|error| faults::run(&error))?;
        let tail = exit.log_tail.join("\n");
        Ok(match exit.oom_killed {
            true => Exit {
                code: exit.code,
                tail: format!("{tail}\nit ran out of memory"),
            },
            false => Exit {
                code: exit.code,
                tail,
            },
        })
    }

    async fn remove_test(&self, call: &Call) -> Result<(), Fault> {
        self.pass(call)?;
        self.docker
            .remove_leftovers(&step_labels(call, None))
            .await
            .map(drop)
            .map_err(|error| faults::container(&error))
    }

    async fn create_container(&self, spec: &ContainerSpec, call: &Call) -> Result<Answer, Fault> {
        let order = self.order(spec, call)?;
        self.pass_engine(call).await?;
        let mut said = format!("container {} is created", spec.name);
        if let Some(kept) = self.find(&spec.name).await? {
            let same = kept.image_id == order.image_id
                && kept.labels.configuration == order.labels.configuration;
            if same && kept.labels.secrets == order.labels.secrets {
                return Ok(Answer {
                    said: format!("container {} is there", spec.name),
                });
            }
            let why = if same {
                "a secret has changed since"
            } else {
                "it is not as approved"
            };
            said = format!("container {} is created anew: {why}", spec.name);
            self.docker
                .remove(&kept.id)
                .await
                .map_err(|e| faults::container(&e))?;
        }
        self.docker
            .create(&order)
            .await
            .map_err(|e| faults::container(&e))?;
        Ok(Answer { said })
    }

    async fn discard_container(&self, name: &str, call: &Call) -> Result<(), Fault> {
        self.pass_engine(call).await?;
        match self.find(name).await? {
            // A kept container of an earlier execution stays.
            Some(state) if state.labels.execution.as_ref() == Some(&call.execution) => self
                .docker
                .remove(&state.id)
                .await
                .map_err(|error| faults::container(&error)),
            _ => Ok(()),
        }
    }

    async fn start_container(&self, name: &str, call: &Call) -> Result<(), Fault> {
        self.pass_engine(call).await?;
        let id = self.existing(name).await?.id;
        self.docker
            .start(&id)
            .await
            .map_err(|e| faults::container(&e))
    }

    async fn stop_container(&self, name: &str, drain: Duration, call: &Call) -> Result<(), Fault> {
        self.pass_engine(call).await?;
        let Some(state) = self.find(name).await? else {
            // What is gone does not run.
            return Ok(());
        };
        match self.docker.stop(&state.id, drain).await {
            // It may go after it was found, too: somebody is removing it.
            Ok(()) | Err(ContainerError::Missing { .. }) => Ok(()),
            Err(error) => Err(faults::container(&error)),
        }
    }

    async fn restart_container(
        &self,
        name: &str,
        drain: Duration,
        call: &Call,
    ) -> Result<(), Fault> {
        self.pass_engine(call).await?;
        let id = self.existing(name).await?.id;
        self.docker
            .restart(&id, drain)
            .await
            .map_err(|e| faults::container(&e))
    }

    async fn inspect_container(
        &self,
        name: &str,
        _call: &Call,
    ) -> Result<Option<ContainerFacts>, Fault> {
        let Some(state) = self.find(name).await? else {
            return Ok(None);
        };
        let has_ended_before = !state.is_running() || state.restart_count > 0;
        let tail = match has_ended_before {
            true => self.last_words(&state).await,
            false => String::new(),
        };
        Ok(Some(facts(state, tail)))
    }

    async fn probe(
        &self,
        publish: Publish,
        path: &str,
        timeout: Duration,
        _call: &Call,
    ) -> Result<Answer, Fault> {
        let answer = self.probe.get(publish, path, timeout).await;
        let took = answer.took.as_millis();
        let failed = |what: String| {
            Err(Fault::new(
                FaultKind::Rejected,
                format!("GET {path} on {publish} {what}"),
            ))
        };
        match &answer.result {
            ProbeResult::Status(status) if answer.is_success() => Ok(Answer {
                said: format!("GET {path} on {publish} answered {status} in {took} ms"),
            }),
            ProbeResult::Status(status) => failed(format!("answered {status}")),
            ProbeResult::Refused => failed("is refused".to_owned()),
            ProbeResult::Timeout => {
                failed(format!("did not answer within {} ms", timeout.as_millis()))
            }
            ProbeResult::Broken(what) => failed(format!("failed: {what}")),
        }
    }

    async fn run_script(
        &self,
        script: &str,
        sha256: &str,
        arguments: &BTreeMap<String, String>,
        call: &Call,
    ) -> Result<Exit, Fault> {
        self.pass(call)?;
        let name = ScriptName::parse(script).map_err(rejected)?;
        let known = self.scripts.get(&name).map_err(rejected)?;
        if known.digest.as_str() != sha256 {
            return Err(Fault::new(
                FaultKind::Drift,
                format!("the script {script} is another one than the approved one"),
            ));
        }
        let on_line = |stream: Stream, line: &str| {
            let stream = match stream {
                Stream::Stdout => LogStream::Stdout,
                Stream::Stderr => LogStream::Stderr,
            };
            call.print(stream, line.to_owned());
        };
        match self
            .scripts
            .run(&name, arguments, &call.cancel, on_line)
            .await
        {
            Ok(_) => Ok(Exit {
                code: 0,
                tail: String::new(),
            }),
            Err(error) => Err(rejected(error)),
        }
    }
}

impl Adapters {
    /// Refuses a run that another run of this process has overtaken. What changes nothing of the
    /// place's containers needs no more.
    fn pass(&self, call: &Call) -> Result<(), Fault> {
        self.fences()
            .pass(&call.fence)
            .map_err(|overtaken| Fault::new(FaultKind::Overtaken, overtaken.to_string()))
    }

    /// The same, and one that a run of another process has overtaken, which left its mark on the
    /// engine: that of a backup that was restored while the first process still runs.
    ///
    /// A mark that was read and is newer refuses. Marks that cannot be read do not: among the runs
    /// of this process, which alone has this data directory, the fence in memory decides, and it
    /// was asked. What is not seen then is a copy of the data in use elsewhere, a mistake that the
    /// next look tells; a switch that is refused half way, a rollback's above all, is an outage.
    async fn pass_engine(&self, call: &Call) -> Result<(), Fault> {
        self.pass(call)?;
        let marks = tokio::time::timeout(MARKS, self.marks(&call.fence.place))
            .await
            .unwrap_or_else(|_| {
                let waited = format!("no answer within {} s", MARKS.as_secs());
                Err(Fault::new(FaultKind::TimedOut, waited))
            })
            .unwrap_or_else(|fault| {
                tracing::warn!(execution = %call.execution, step = %call.step, %fault, "the marks on the place's containers are not known");
                call.say(format!(
                    "whether another Commander with this data has changed {} cannot be seen ({}); in this one no other run has it, so this one goes on",
                    call.fence.place, fault.message
                ));
                Vec::new()
            });
        match marks.iter().find(|mark| call.fence.is_behind(mark)) {
            Some(mark) => Err(Fault::new(
                FaultKind::Overtaken,
                format!(
                    "another Commander with this data has made a container of {} since (execution {}, token {}, and this run has token {}): nothing was changed; stop one of the two",
                    call.fence.place, mark.execution, mark.token, call.fence.token
                ),
            )),
            // A call that waited for the engine may have been overtaken meanwhile.
            None => self.pass(call),
        }
    }

    async fn marks(&self, place: &Place) -> Result<Vec<Mark>, Fault> {
        // Nothing stays there where nothing is deployed.
        let Some(environment) = place.environment.clone() else {
            return Ok(Vec::new());
        };
        let labels = Labels {
            service: Some(place.service.clone()),
            environment: Some(environment),
            ..Labels::default()
        };
        let marks = self.docker.marks(&labels).await;
        marks.map_err(|error| faults::engine(&error))
    }

    fn fences(&self) -> MutexGuard<'_, Fences> {
        // Each critical section is one call; a panic cannot leave it half done.
        self.fences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the context once. What is wrong with the context itself is a fault; how the builder
    /// ended is the caller's to judge.
    async fn send_build(
        &self,
        url: &RepositoryUrl,
        source: &ContextSource,
        order: &docker::BuildRequest,
        call: &Call,
    ) -> Result<Result<docker::BuiltImage, BuildError>, Fault> {
        let (writer, reader) = duplex(PIPE);
        let writer = SyncIoBridge::new(writer);
        let mut sink = |line: docker::LogLine| pass_on(call, &line);
        let (sent, built) = tokio::join!(
            // The writer comes back and is dropped at once: its end is the end of the context, for
            // which the builder waits.
            async {
                self.git
                    .context(url, source.clone(), writer)
                    .await
                    .map(drop)
            },
            self.docker.build(order, reader, &mut sink, &call.cancel),
        );
        // A context that broke off makes the build fail with a message that hides the reason; a
        // build that failed first makes the rest of the context fail.
        match (sent, built) {
            (Err(error @ ContextError::Write { .. }), Ok(_)) => Err(rejected(error)),
            (Ok(_) | Err(ContextError::Write { .. }), built) => Ok(built),
            (Err(error), _) => Err(rejected(error)),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<ContainerState>, Fault> {
        let name = ContainerName::parse(name).map_err(rejected)?;
        self.docker
            .find(&name)
            .await
            .map_err(|e| faults::container(&e))
    }

    async fn existing(&self, name: &str) -> Result<ContainerState, Fault> {
        self.find(name)
            .await?
            .ok_or_else(|| Fault::new(FaultKind::NotFound, format!("the container {name} is gone")))
    }

    async fn last_words(&self, state: &ContainerState) -> String {
        let request = LogsRequest {
            since: None,
            tail: LogTail::Last(LAST_WORDS),
            end: LogEnd::Now,
        };
        let Ok(mut logs) = self.docker.logs(&state.id, request).await else {
            return String::new();
        };
        let mut lines = Vec::new();
        while let Some(Ok(line)) = logs.next().await {
            lines.push(crate::domain::text::printable(&line.text, 300));
        }
        lines.join(" | ")
    }

    /// The container that a configuration snapshot describes, with the values of its secrets as
    /// they are now.
    fn order(&self, spec: &ContainerSpec, call: &Call) -> Result<docker::ContainerSpec, Fault> {
        let ConfigurationSnapshot {
            environment,
            secrets,
            ..
        } = &spec.configuration;
        let secrets = secrets::resolve(secrets)?;
        let fingerprint = self.secrets.fingerprint(&secrets);
        let configuration = &spec.configuration;
        let network = configuration.network.as_deref();
        Ok(docker::ContainerSpec {
            name: ContainerName::parse(&spec.name).map_err(rejected)?,
            image_id: spec.image_id.clone(),
            labels: Labels {
                service: Some(spec.service.clone()),
                environment: Some(spec.environment.clone()),
                release: Some(spec.release.clone()),
                execution: Some(call.execution.clone()),
                configuration: Some(configuration.digest()),
                secrets: Some(fingerprint),
                fence: Some(call.fence.token),
                ..Labels::default()
            },
            env: environment.clone().into_iter().chain(secrets).collect(),
            publish: Some(docker::Publish {
                container_port: configuration.port,
                address: configuration.publish.address,
                host_port: configuration.publish.port,
            }),
            volumes: configuration
                .volumes
                .iter()
                .map(volume)
                .collect::<Result<_, _>>()?,
            network: network
                .map(NetworkName::parse)
                .transpose()
                .map_err(rejected)?,
            stop_signal: configuration.stop_signal.clone(),
            // Many images have a process 1 that does not pass signals on.
            init: true,
            resources: docker::Resources {
                memory_bytes: configuration.resources.memory_bytes,
                milli_cpus: configuration.resources.cpu_millis,
            },
            restart: match configuration.restart {
                snapshot::RestartPolicy::UnlessStopped => docker::RestartPolicy::UnlessStopped,
                snapshot::RestartPolicy::OnFailure => {
                    docker::RestartPolicy::OnFailure { retries: 5 }
                }
                snapshot::RestartPolicy::No => docker::RestartPolicy::No,
            },
            healthcheck: Healthcheck::FromImage,
        })
    }
}

fn volume(volume: &snapshot::Volume) -> Result<docker::Volume, Fault> {
    let source = if volume.source.starts_with('/') {
        VolumeSource::Path(volume.source.clone())
    } else {
        VolumeSource::Named(VolumeName::parse(&volume.source).map_err(rejected)?)
    };
    Ok(docker::Volume {
        source,
        target: volume.target.clone(),
        access: if volume.read_only {
            Access::ReadOnly
        } else {
            Access::ReadWrite
        },
    })
}

fn facts(state: ContainerState, tail: String) -> ContainerFacts {
    ContainerFacts {
        running: state.status == Status::Running,
        exit_code: state.exit_code,
        oom_killed: state.oom_killed,
        restart_count: state.restart_count,
        health: match state.health.status {
            HealthStatus::None => ContainerHealth::Unchecked,
            HealthStatus::Starting => ContainerHealth::Starting,
            HealthStatus::Healthy => ContainerHealth::Healthy,
            HealthStatus::Unhealthy => ContainerHealth::Unhealthy {
                output: state.health.last_output.unwrap_or_default(),
            },
        },
        started_at: state.started_at,
        configuration: state.labels.configuration,
        image_id: state.image_id,
        tail,
    }
}

fn step_labels(call: &Call, service: Option<crate::domain::name::ServiceName>) -> Labels {
    Labels {
        service,
        execution: Some(call.execution.clone()),
        step: Some(call.step.0.clone()),
        ..Labels::default()
    }
}

fn pass_on(call: &Call, line: &docker::LogLine) {
    let stream = match line.stream {
        docker::LogStream::Stdout => LogStream::Stdout,
        docker::LogStream::Stderr => LogStream::Stderr,
    };
    call.print(stream, line.text.clone());
}

fn parse_repository(repository: &str) -> Result<RepositoryUrl, Fault> {
    RepositoryUrl::parse(repository).map_err(rejected)
}

fn rejected(error: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Rejected, error.to_string())
}
