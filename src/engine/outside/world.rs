//! The adapters as the engine's world. Who may pass is in `fencing`, how an image is built in `build`,
//! and what a container is to be and what it is in `container`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::container::facts;
use super::faults::{self, rejected};
use super::secrets::SecretKey;
use crate::adapters::docker::{
    self, ContainerError, ContainerName, ContainerState, Docker, Env, ImageReference, Labels,
    LogEnd, LogTail, LogsRequest, OneShot, OneShotNetwork,
};
use crate::adapters::git::Git;
use crate::adapters::probe::{Probe, ProbeResult};
use crate::adapters::scripts::Scripts;
use crate::domain::digest::Digest;
use crate::domain::execution::{Fault, FaultKind};
use crate::domain::lock::{Fences, Place};
use crate::domain::name::{ScriptName, ServiceName};
use crate::domain::repository::RepositoryUrl;
use crate::domain::revision::RefName;
use crate::domain::snapshot::Publish;
use crate::domain::text::printable;
use crate::engine::world::{
    Answer, BuildRequest, BuiltImage, Call, ContainerFacts, ContainerSpec, Exit, LogStream,
    TestRun, World,
};
use crate::os::process::Stream;

/// How long the repository is waited for.
const FETCH: Duration = Duration::from_secs(120);
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
        self.build(request, call).await
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
            lines.push(printable(&line.text, 300));
        }
        lines.join(" | ")
    }
}

fn step_labels(call: &Call, service: Option<ServiceName>) -> Labels {
    Labels {
        service,
        execution: Some(call.execution.clone()),
        step: Some(call.step.0.clone()),
        ..Labels::default()
    }
}

pub(super) fn pass_on(call: &Call, line: &docker::LogLine) {
    let stream = match line.stream {
        docker::LogStream::Stdout => LogStream::Stdout,
        docker::LogStream::Stderr => LogStream::Stderr,
    };
    call.print(stream, line.text.clone());
}

pub(super) fn parse_repository(repository: &str) -> Result<RepositoryUrl, Fault> {
    RepositoryUrl::parse(repository).map_err(rejected)
}
