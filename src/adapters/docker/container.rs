//! The life of a service's container after it was created (`create`) and started (`start`):
//! stopped, restarted, renamed, removed, looked at.
//!
//! Every change looks first whether the container is ours.

use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerSummary};
use bollard::query_parameters::{
    ListContainersOptions, RemoveContainerOptions, RenameContainerOptions, RestartContainerOptions,
    StopContainerOptions,
};

use super::container_state::{ContainerState, Published, Unread, container_state, name_of};
use super::engine::{CHANGE, Docker, QUERY};
use super::error::EngineError;
use super::identifiers::{ContainerId, ContainerName, Instance, NetworkName};
use super::labels::{Kind, Labels, owned};
use super::port_holder::PortHolder;
use crate::domain::lock::Mark;

const LISTING: &str = "list containers";

/// What the engine may take on top of the time that a container is given to stop.
const STOP_MARGIN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("There is no container {container} on this engine: it was removed.")]
    Missing { container: String },
    #[error("Container {name} was not made by this Commander, so it is left alone.")]
    NotOurs { name: String },
    #[error(
        "The name {name} is taken by another container ({why}): rename or remove that one, for example with `docker rename {name} {name}-old`."
    )]
    NameTaken { name: String, why: &'static str },
    #[error("Image {image} is not on this engine any more: build it again.")]
    ImageMissing { image: String },
    #[error(
        "Network {name} does not exist: create it (`docker network create {name}`) or take it out of the configuration."
    )]
    NetworkMissing { name: NetworkName },
    #[error(
        "Port {port} on {address} is taken by {holder}: stop that, or publish another port.",
        address = wanted.address, port = wanted.host_port
    )]
    PortTaken {
        wanted: Published,
        holder: PortHolder,
    },
    #[error("The container cannot be started: {message}. Correct the image or its configuration.")]
    CannotStart { message: String },
    #[error("Container {container} is running: stop it before it is removed.")]
    StillRunning { container: String },
}

impl Docker {
    /// Stops a container with its stop signal, and kills it when it has not ended after `drain`.
    /// Stopping a stopped one is harmless.
    ///
    /// # Errors
    ///
    /// [`ContainerError::Missing`], [`ContainerError::NotOurs`].
    pub async fn stop(&self, id: &ContainerId, drain: Duration) -> Result<(), ContainerError> {
        self.describe_own(id).await?;
        let options = StopContainerOptions {
            t: Some(seconds(drain)),
            ..StopContainerOptions::default()
        };
        let limit = drain.saturating_add(STOP_MARGIN);
        self.idempotent("stop a container", limit, |client| {
            let options = options.clone();
            async move { client.stop_container(id.as_str(), Some(options)).await }
        })
        .await
        .map_err(|error| about(error, id))
    }

    /// Stops and starts the same container. Sent once: twice would interrupt it twice.
    ///
    /// # Errors
    ///
    /// [`ContainerError::Missing`], [`ContainerError::NotOurs`].
    pub async fn restart(&self, id: &ContainerId, drain: Duration) -> Result<(), ContainerError> {
        self.describe_own(id).await?;
        let options = RestartContainerOptions {
            t: Some(seconds(drain)),
            ..RestartContainerOptions::default()
        };
        let limit = drain.saturating_add(STOP_MARGIN);
        self.once("restart a container", limit, |client| async move {
            client.restart_container(id.as_str(), Some(options)).await
        })
        .await
        .map_err(|error| about(error, id))
    }

    /// # Errors
    ///
    /// [`ContainerError::NameTaken`], [`ContainerError::Missing`], [`ContainerError::NotOurs`].
    pub async fn rename(
        &self,
        id: &ContainerId,
        name: &ContainerName,
    ) -> Result<(), ContainerError> {
        if name_of(&self.describe_own(id).await?) == name.as_str() {
            return Ok(());
        }
        let options = RenameContainerOptions {
            name: name.to_string(),
        };
        self.once("rename a container", CHANGE, |client| async move {
            client.rename_container(id.as_str(), options).await
        })
        .await
        .map_err(|error| match error.refusal(&[409]) {
            Some(_) => ContainerError::NameTaken {
                name: name.to_string(),
                why: "it was there before",
            },
            None => about(error, id),
        })
    }

    /// Removes a container that is not running; its volumes stay. Twice is harmless.
    ///
    /// # Errors
    ///
    /// [`ContainerError::StillRunning`], [`ContainerError::NotOurs`].
    pub async fn remove(&self, id: &ContainerId) -> Result<(), ContainerError> {
        match self.describe_own(id).await {
            Err(ContainerError::Missing { .. }) => return Ok(()),
            described => described?,
        };
        self.remove_with(id, RemoveContainerOptions::default())
            .await
    }

    /// The removal itself. One that somebody else has begun already counts as done.
    pub(super) async fn remove_with(
        &self,
        id: &ContainerId,
        options: RemoveContainerOptions,
    ) -> Result<(), ContainerError> {
        let removed = self
            .idempotent("remove a container", CHANGE, |client| {
                let options = options.clone();
                async move { client.remove_container(id.as_str(), Some(options)).await }
            })
            .await;
        let Err(error) = removed else { return Ok(()) };
        if error.refusal(&[404]).is_some() {
            return Ok(());
        }
        match error.refusal(&[409]) {
            Some(message) if message.contains("already in progress") => Ok(()),
            Some(_) => Err(ContainerError::StillRunning {
                container: id.short().to_owned(),
            }),
            None => Err(error.into()),
        }
    }

    /// # Errors
    ///
    /// [`ContainerError::Missing`], [`ContainerError::NotOurs`].
    pub async fn inspect(&self, id: &ContainerId) -> Result<ContainerState, ContainerError> {
        self.read(self.describe(id.as_str()).await?)
    }

    /// Our container of that name, if there is one.
    ///
    /// # Errors
    ///
    /// [`ContainerError::NotOurs`] when somebody else has the name.
    pub async fn find(
        &self,
        name: &ContainerName,
    ) -> Result<Option<ContainerState>, ContainerError> {
        match self.describe(name.as_str()).await {
            // The engine takes the beginning of an id for a name too.
            Ok(found) if name_of(&found) != name.as_str() => Ok(None),
            Ok(found) => self.read(found).map(Some),
            Err(ContainerError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Our service containers, in whatever state, that carry at least these labels.
    ///
    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn list(&self, labels: &Labels) -> Result<Vec<ContainerState>, ContainerError> {
        let mut states = Vec::new();
        for id in self.ids_of(Kind::Service, labels).await? {
            match self.inspect(&id).await {
                Ok(state) => states.push(state),
                // Removed between the two calls.
                Err(ContainerError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(states)
    }

    /// The runs that left their marks on our service containers that carry at least these labels.
    /// Containers that were made before there were marks have none.
    ///
    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn marks(&self, labels: &Labels) -> Result<Vec<Mark>, EngineError> {
        let listed = self.listed(Kind::Service, labels).await?;
        let marks = listed.into_iter().filter_map(|container| {
            let labels = owned(&container.labels?, self.instance())?.labels;
            Some(Mark {
                token: labels.fence?,
                execution: labels.execution?,
            })
        });
        Ok(marks.collect())
    }

    pub(super) async fn ids_of(
        &self,
        kind: Kind,
        labels: &Labels,
    ) -> Result<Vec<ContainerId>, EngineError> {
        self.listed(kind, labels)
            .await?
            .iter()
            .map(|one| container_id(LISTING, one.id.as_deref().unwrap_or_default()))
            .collect()
    }

    async fn listed(
        &self,
        kind: Kind,
        labels: &Labels,
    ) -> Result<Vec<ContainerSummary>, EngineError> {
        let options = ListContainersOptions {
            all: true,
            filters: Some(labels.filter(self.instance(), kind)),
            ..ListContainersOptions::default()
        };
        self.idempotent(LISTING, QUERY, |client| {
            let options = options.clone();
            async move { client.list_containers(Some(options)).await }
        })
        .await
    }

    pub(super) async fn describe(
        &self,
        container: &str,
    ) -> Result<ContainerInspectResponse, ContainerError> {
        self.idempotent("inspect a container", QUERY, |client| async move {
            client.inspect_container(container, None).await
        })
        .await
        .map_err(|error| match error.refusal(&[404]) {
            Some(_) => ContainerError::Missing {
                container: container.to_owned(),
            },
            None => error.into(),
        })
    }

    pub(super) async fn describe_own(
        &self,
        id: &ContainerId,
    ) -> Result<ContainerInspectResponse, ContainerError> {
        let described = self.describe(id.as_str()).await?;
        if is_ours(&described, self.instance()) {
            Ok(described)
        } else {
            Err(ContainerError::NotOurs {
                name: name_of(&described),
            })
        }
    }

    fn read(&self, described: ContainerInspectResponse) -> Result<ContainerState, ContainerError> {
        container_state(described, self.instance()).map_err(|unread| match unread {
            Unread::NotOurs { name } => ContainerError::NotOurs { name },
            Unread::Incomplete { what } => {
                EngineError::not_understood("inspect a container", what).into()
            }
        })
    }
}

pub(super) fn container_id(doing: &'static str, id: &str) -> Result<ContainerId, EngineError> {
    ContainerId::parse(id).map_err(|error| EngineError::not_understood(doing, &error.to_string()))
}

fn about(error: EngineError, id: &ContainerId) -> ContainerError {
    match error.refusal(&[404]) {
        Some(_) => ContainerError::Missing {
            container: id.short().to_owned(),
        },
        None => error.into(),
    }
}

fn is_ours(container: &ContainerInspectResponse, instance: &Instance) -> bool {
    let labels = container.config.as_ref().and_then(|c| c.labels.as_ref());
    labels.is_some_and(|labels| owned(labels, instance).is_some())
}

/// Whole seconds, as the engine counts them; a part of one counts as one.
fn seconds(time: Duration) -> i32 {
    let part = u64::from(time.subsec_nanos() > 0);
    let seconds = time.as_secs().saturating_add(part);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_is_never_shortened() {
        assert_eq!(seconds(Duration::from_millis(1500)), 2);
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::MAX), i32::MAX);
    }

    #[test]
    fn a_taken_port_names_its_holder() {
        let error = ContainerError::PortTaken {
            wanted: Published {
                container_port: 80,
                address: "127.0.0.1".parse().unwrap(),
                host_port: 18080,
            },
            holder: PortHolder::Process {
                pid: 7,
                name: "nginx".to_owned(),
            },
        };
        assert_eq!(
            error.to_string(),
            "Port 18080 on 127.0.0.1 is taken by process 7 (nginx): stop that, or publish another port."
        );
    }
}
