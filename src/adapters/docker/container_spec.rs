//! What a service's container is to be, as a value, and the request that it becomes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType,
    MountVolumeOptions, PortBinding, PortMap, RestartPolicy as EngineRestartPolicy,
    RestartPolicyNameEnum,
};
use serde::{Serialize, Serializer};

use super::identifiers::{ContainerName, Instance, NetworkName, VolumeName};
use super::labels::{INSTANCE, Kind, Labels, SPEC};
use crate::domain::digest::Digest;

/// A container that serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContainerSpec {
    pub name: ContainerName,
    pub image_id: Digest,
    pub labels: Labels,
    pub env: Env,
    pub publish: Option<Publish>,
    pub volumes: Vec<Volume>,
    /// A user-defined network; else the engine's default bridge.
    pub network: Option<NetworkName>,
    /// Like `SIGINT`; else what the image says.
    pub stop_signal: Option<String>,
    /// Whether a small init runs as process 1 and passes signals on.
    pub init: bool,
    pub resources: Resources,
    pub restart: RestartPolicy,
    pub healthcheck: Healthcheck,
}

/// Environment variables with their values. The values may be secrets: neither `Debug` nor
/// serialisation shows them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<String, String>);

/// A port of the container that is opened on the engine's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Publish {
    pub container_port: u16,
    pub address: IpAddr,
    /// 0 lets the engine choose a free one, anew at each start.
    pub host_port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Volume {
    pub source: VolumeSource,
    /// Where it appears in the container.
    pub target: String,
    pub access: Access,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeSource {
    /// A volume that the engine keeps, made at first use and never removed by Commander.
    Named(VolumeName),
    /// A path on the engine's machine, which must exist.
    Path(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    ReadWrite,
    ReadOnly,
}

/// Limits; none where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// Swap is not given on top, so that the limit is the limit.
    pub memory_bytes: Option<u64>,
    /// Thousandths of a processor.
    pub milli_cpus: Option<u32>,
}

/// When the engine starts a container again by itself. "Always" is not among them: it would
/// bring back a container that was stopped for a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    UnlessStopped,
    OnFailure { retries: u32 },
    No,
}

/// Whose health check runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Healthcheck {
    FromImage,
    /// The image's own is switched off.
    None,
}

impl Env {
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// As `NAME=value`, which is how the engine wants them.
    pub(super) fn assignments(&self) -> Vec<String> {
        let assign = |(name, value): (&String, &String)| format!("{name}={value}");
        self.0.iter().map(assign).collect()
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")?;
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for Env {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl ContainerSpec {
    /// The digest by which a container is known to have been made from this specification. The
    /// values of its environment are left out: a label is no place for anything made of a secret.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }
}

pub(super) fn create_body(spec: &ContainerSpec, instance: &Instance) -> ContainerCreateBody {
    let mut labels = spec.labels.of_container(instance, Kind::Service);
    labels.insert(SPEC.to_owned(), spec.digest().to_string());
    let volume = |volume: &Volume| mount(volume, instance);
    ContainerCreateBody {
        image: Some(spec.image_id.to_string()),
        env: Some(spec.env.assignments()),
        labels: Some(labels.into_iter().collect()),
        exposed_ports: spec.publish.map(|publish| vec![key(&publish)]),
        stop_signal: spec.stop_signal.clone(),
        healthcheck: match spec.healthcheck {
            Healthcheck::FromImage => None,
            Healthcheck::None => Some(HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..HealthConfig::default()
            }),
        },
        host_config: Some(HostConfig {
            port_bindings: spec.publish.map(|publish| port_map(&publish)),
            mounts: Some(spec.volumes.iter().map(volume).collect()),
            network_mode: spec.network.as_ref().map(ToString::to_string),
            init: Some(spec.init),
            restart_policy: Some(restart_policy(spec.restart)),
            ..limited(spec.resources)
        }),
        ..ContainerCreateBody::default()
    }
}

/// The part that every container of ours has: its limits, and logs that cannot fill the disk.
pub(super) fn limited(resources: Resources) -> HostConfig {
    let memory = resources
        .memory_bytes
        .map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    HostConfig {
        memory,
        memory_swap: memory,
        nano_cpus: resources
            .milli_cpus
            .map(|milli| i64::from(milli) * 1_000_000),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                ("max-size".to_owned(), "10m".to_owned()),
                ("max-file".to_owned(), "3".to_owned()),
            ])),
        }),
        ..HostConfig::default()
    }
}

fn key(publish: &Publish) -> String {
    format!("{}/tcp", publish.container_port)
}

fn port_map(publish: &Publish) -> PortMap {
    let binding = PortBinding {
        host_ip: Some(publish.address.to_string()),
        host_port: Some(publish.host_port.to_string()),
    };
    PortMap::from([(key(publish), Some(vec![binding]))])
}

/// As a mount and not as a `source:target` text, which a colon in a path would break.
fn mount(volume: &Volume, instance: &Instance) -> Mount {
    let (typ, source, volume_options) = match &volume.source {
        VolumeSource::Path(path) => (MountType::BIND, path.clone(), None),
        VolumeSource::Named(name) => {
            let label = (INSTANCE.to_owned(), instance.to_string());
            let options = MountVolumeOptions {
                labels: Some(HashMap::from([label])),
                ..MountVolumeOptions::default()
            };
            (MountType::VOLUME, name.to_string(), Some(options))
        }
    };
    Mount {
        typ: Some(typ),
        source: Some(source),
        target: Some(volume.target.clone()),
        read_only: Some(volume.access == Access::ReadOnly),
        volume_options,
        ..Mount::default()
    }
}

fn restart_policy(policy: RestartPolicy) -> EngineRestartPolicy {
    let (name, retries) = match policy {
        RestartPolicy::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        RestartPolicy::OnFailure { retries } => {
            (RestartPolicyNameEnum::ON_FAILURE, Some(i64::from(retries)))
        }
        RestartPolicy::No => (RestartPolicyNameEnum::NO, None),
    };
    EngineRestartPolicy {
        name: Some(name),
        maximum_retry_count: retries,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ContainerSpec {
        ContainerSpec {
            name: ContainerName::parse("shop-production").unwrap(),
            image_id: Digest::of_bytes(b"image"),
            labels: Labels::default(),
            env: [("TOKEN".to_owned(), "s3cret".to_owned())]
                .into_iter()
                .collect(),
            publish: Some(Publish {
                container_port: 8080,
                address: IpAddr::from([127, 0, 0, 1]),
                host_port: 18080,
            }),
            volumes: vec![
                Volume {
                    source: VolumeSource::Named(VolumeName::parse("shop-data").unwrap()),
                    target: "/data".to_owned(),
                    access: Access::ReadWrite,
                },
                Volume {
                    source: VolumeSource::Path("/etc/shop".to_owned()),
                    target: "/etc/shop".to_owned(),
                    access: Access::ReadOnly,
                },
            ],
            network: Some(NetworkName::parse("backend").unwrap()),
            stop_signal: Some("SIGINT".to_owned()),
            init: true,
            resources: Resources {
                memory_bytes: Some(64 << 20),
                milli_cpus: Some(500),
            },
            restart: RestartPolicy::OnFailure { retries: 3 },
            healthcheck: Healthcheck::None,
        }
    }

    #[test]
    fn a_specification_becomes_one_request() {
        let body = create_body(&spec(), &Instance::parse("one").unwrap());
        let expected = serde_json::json!({
            "Image": Digest::of_bytes(b"image"),
            "Env": ["TOKEN=s3cret"],
            "Labels": {
                "commander.instance": "one",
                "commander.kind": "service",
                "commander.spec": spec().digest(),
            },
            "ExposedPorts": {"8080/tcp": {}},
            "StopSignal": "SIGINT",
            "Healthcheck": {"Test": ["NONE"]},
            "HostConfig": {
                "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]},
                "Mounts": [
                    {
                        "Type": "volume", "Source": "shop-data", "Target": "/data",
                        "ReadOnly": false,
                        "VolumeOptions": {"Labels": {"commander.instance": "one"}},
                    },
                    {"Type": "bind", "Source": "/etc/shop", "Target": "/etc/shop", "ReadOnly": true},
                ],
                "NetworkMode": "backend",
                "Init": true,
                "Memory": 64 << 20,
                "MemorySwap": 64 << 20,
                "NanoCpus": 500_000_000,
                "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
                "LogConfig": {
                    "Type": "json-file",
                    "Config": {"max-size": "10m", "max-file": "3"},
                },
            },
        });
        assert_eq!(serde_json::to_value(body).unwrap(), expected);
    }

    #[test]
    fn values_are_in_the_request_alone() {
        let spec = spec();
        assert!(!format!("{spec:?}").contains("s3cret"));
        assert!(format!("{spec:?}").contains("TOKEN"));
        assert!(!serde_json::to_string(&spec).unwrap().contains("s3cret"));
    }

    #[test]
    fn the_digest_knows_the_specification_and_not_the_values() {
        let mut other = spec();
        other.env = [("TOKEN".to_owned(), "other".to_owned())]
            .into_iter()
            .collect();
        assert_eq!(other.digest(), spec().digest());
        other.init = false;
        assert_ne!(other.digest(), spec().digest());
    }
}
