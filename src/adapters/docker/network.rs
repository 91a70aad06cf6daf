//! User-defined networks: they are the operator's. One that the configuration names must exist;
//! none is made in silence, for nobody would know who may remove it.

use super::container::ContainerError;
use super::engine::{Docker, QUERY};
use super::identifiers::NetworkName;

impl Docker {
    /// # Errors
    ///
    /// [`ContainerError::NetworkMissing`] when there is no network of that name.
    pub async fn require_network(&self, name: &NetworkName) -> Result<(), ContainerError> {
        let found = self
            .idempotent("inspect a network", QUERY, |client| async move {
                client.inspect_network(name.as_str(), None).await
            })
            .await;
        let missing = || ContainerError::NetworkMissing { name: name.clone() };
        match found {
            // The engine takes the beginning of an id for a name too.
            Ok(network) if network.name.as_deref() == Some(name.as_str()) => Ok(()),
            Ok(_) => Err(missing()),
            Err(error) if error.refusal(&[404]).is_some() => Err(missing()),
            Err(error) => Err(error.into()),
        }
    }
}
