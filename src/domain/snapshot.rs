//! The configuration snapshot: everything a container is created from, apart from its image.
//!
//! A release keeps the snapshot it went live with, and a rollback restores that one, never what
//! the file says today. What only judges a release (tests, metric queries, bake) is not part of
//! it: changing a threshold does not make another release.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigurationSnapshot {
    /// The port the service listens on inside its container.
    pub port: u16,
    pub publish: Publish,
    /// The HTTP path of the health gate; without one the image's own HEALTHCHECK counts.
    pub health_path: Option<String>,
    pub environment: BTreeMap<String, String>,
    /// Where each secret is to be had; its value is in no plan, log, event or table.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"DB_PASSWORD": "env:SHOP_DB_PASSWORD"}))]
    pub secrets: BTreeMap<String, SecretReference>,
    pub volumes: Vec<Volume>,
    /// A user-defined network that exists already; `None` is the engine's bridge.
    pub network: Option<String>,
    pub stop_signal: Option<String>,
    /// How long the container may take to end after the stop signal, in seconds.
    pub drain_seconds: u32,
    pub resources: Resources,
    pub restart: RestartPolicy,
}

impl ConfigurationSnapshot {
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }
}

/// Where the service is reachable on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publish {
    #[schema(value_type = String)]
    pub address: IpAddr,
    pub port: u16,
}

impl std::fmt::Display for Publish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// A secret is named, never held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretReference {
    /// `env:NAME`: a variable of Commander's own environment.
    Environment(String),
    /// `file:PATH`: the content of a file, without the line break at its end.
    File(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a secret is a reference, \"env:NAME\" or \"file:/absolute/path\", never a value")]
pub struct InvalidSecretReference;

impl TryFrom<String> for SecretReference {
    type Error = InvalidSecretReference;
    fn try_from(text: String) -> Result<Self, InvalidSecretReference> {
        match text.split_once(':') {
            Some(("env", name))
                if !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') =>
            {
                Ok(Self::Environment(name.to_owned()))
            }
            Some(("file", path)) if path.starts_with('/') => Ok(Self::File(path.to_owned())),
            _ => Err(InvalidSecretReference),
        }
    }
}

impl From<SecretReference> for String {
    fn from(reference: SecretReference) -> String {
        match reference {
            SecretReference::Environment(name) => format!("env:{name}"),
            SecretReference::File(path) => format!("file:{path}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// A named volume or an absolute path on the host.
    pub source: String,
    /// An absolute path in the container.
    pub target: String,
    pub read_only: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    pub memory_bytes: Option<u64>,
    /// Thousandths of a processor: 1500 is one and a half.
    pub cpu_millis: Option<u32>,
}

/// `always` is not among them: it would start a container that we stopped on purpose whenever
/// the daemon restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    #[default]
    UnlessStopped,
    OnFailure,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_value_is_not_a_reference() {
        assert!(SecretReference::try_from("env:DB_PASSWORD".to_owned()).is_ok());
        assert!(SecretReference::try_from("file:/run/secrets/db".to_owned()).is_ok());
        for bad in ["hunter2", "env:", "env:A B", "file:relative", ""] {
            assert!(SecretReference::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
