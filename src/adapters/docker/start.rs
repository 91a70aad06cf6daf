//! Starting a service's container, and telling who has its port when it cannot be.

use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::ListContainersOptions;

use super::container::ContainerError;
use super::container_state::{Published, published};
use super::engine::{CHANGE, Docker, QUERY};
use super::error::EngineError;
use super::identifiers::ContainerId;
use super::port_holder::{PortHolder, holding_container, holding_process, meant, says_port_taken};

impl Docker {
    /// Starts a container. Starting a running one is harmless. One that could not be started
    /// stays as it is, for the caller's undo.
    ///
    /// # Errors
    ///
    /// [`ContainerError::PortTaken`], [`ContainerError::CannotStart`].
    pub async fn start(&self, id: &ContainerId) -> Result<(), ContainerError> {
        let wanted = wanted_ports(&self.describe_own(id).await?);
        let started = self
            .idempotent("start a container", CHANGE, |client| async move {
                client.start_container(id.as_str(), None).await
            })
            .await;
        let message = match started {
            Ok(()) => return Ok(()),
            Err(EngineError::Refused { message, .. }) => message,
            Err(error) => return Err(error.into()),
        };
        match meant(&message, &wanted) {
            Some(wanted) if says_port_taken(&message) => {
                let holder = self.holder_of(&wanted).await?;
                Err(ContainerError::PortTaken { wanted, holder })
            }
            _ => Err(ContainerError::CannotStart { message }),
        }
    }

    /// Who holds a port of the engine's machine, as far as that can be seen.
    async fn holder_of(&self, wanted: &Published) -> Result<PortHolder, EngineError> {
        let running = self
            .idempotent("list containers", QUERY, |client| async move {
                client
                    .list_containers(Some(ListContainersOptions::default()))
                    .await
            })
            .await?;
        if let Some(holder) = holding_container(&running, wanted) {
            return Ok(holder);
        }
        if !self.is_local() {
            return Ok(PortHolder::Unknown);
        }
        let wanted = *wanted;
        let found = tokio::task::spawn_blocking(move || holding_process(&wanted)).await;
        Ok(found.ok().flatten().unwrap_or(PortHolder::Unknown))
    }
}

/// The ports that a container will ask for when it is started.
fn wanted_ports(container: &ContainerInspectResponse) -> Vec<Published> {
    container
        .host_config
        .as_ref()
        .and_then(|config| config.port_bindings.as_ref())
        .map(published)
        .unwrap_or_default()
}
