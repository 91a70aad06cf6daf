//! What the engine knows about a container, in our words: typed, capped, printable, without the
//! values of its environment.

use std::net::IpAddr;

use bollard::models::{
    ContainerInspectResponse, ContainerState as EngineState, ContainerStateStatusEnum,
    Health as EngineHealth, HealthStatusEnum, PortMap,
};
use jiff::Timestamp;

use super::identifiers::{ContainerId, Instance};
use super::labels::{Labels, owned};
use crate::domain::digest::Digest;
use crate::domain::text::{log_line, printable};

/// Characters of a health check's output that are kept.
const MAX_OUTPUT: usize = 2000;

/// More variables than any service has.
const MAX_ENV_NAMES: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerState {
    pub id: ContainerId,
    pub name: String,
    /// What it runs, by id: a tag may point elsewhere by now.
    pub image_id: Digest,
    pub status: Status,
    /// Of its last run, if that has ended.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed its last run for want of memory.
    pub oom_killed: bool,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// How often the engine has restarted it by itself.
    pub restart_count: u64,
    pub health: Health,
    /// The ports that are open now.
    pub published: Vec<Published>,
    pub labels: Labels,
    pub env_names: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Created,
    Running,
    Paused,
    /// It ended, and the engine waits before it starts it again.
    Restarting,
    Removing,
    Exited,
    /// Its removal failed half way.
    Dead,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub status: HealthStatus,
    /// Bad checks in a row.
    pub failing_streak: u64,
    /// What the last check wrote.
    pub last_output: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// There is no health check.
    None,
    Starting,
    Healthy,
    Unhealthy,
}

/// A port of a container that is open on the engine's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    pub container_port: u16,
    pub address: IpAddr,
    pub host_port: u16,
}

impl ContainerState {
    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }
}

/// Why a container that the engine described cannot be passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    NotOurs { name: String },
    Incomplete { what: &'static str },
}

pub(super) fn container_state(
    container: ContainerInspectResponse,
    instance: &Instance,
) -> Result<ContainerState, Unread> {
    let incomplete = |what| Unread::Incomplete { what };
    let name = name_of(&container);
    let config = container.config.unwrap_or_default();
    let owned = owned(&config.labels.unwrap_or_default(), instance)
        .ok_or_else(|| Unread::NotOurs { name: name.clone() })?;
    let state = container.state.unwrap_or_default();
    let status = status(&state).ok_or(incomplete("its status is not known"))?;
    let has_ended = matches!(status, Status::Restarting | Status::Exited | Status::Dead);
    let ports = container.network_settings.and_then(|net| net.ports);
    Ok(ContainerState {
        id: container
            .id
            .and_then(|id| ContainerId::parse(&id).ok())
            .ok_or(incomplete("it has no id"))?,
        name,
        image_id: container
            .image
            .and_then(|id| Digest::parse(&id).ok())
            .ok_or(incomplete("it has no image"))?,
        status,
        exit_code: state.exit_code.filter(|_| has_ended),
        oom_killed: state.oom_killed.unwrap_or_default(),
        started_at: state.started_at.as_deref().and_then(time),
        finished_at: state.finished_at.as_deref().and_then(time),
        restart_count: count(container.restart_count),
        health: health(state.health),
        published: published(&ports.unwrap_or_default()),
        labels: owned.labels,
        env_names: env_names(&config.env.unwrap_or_default()),
    })
}

/// The engine writes a slash before the name.
pub(super) fn name_of(container: &ContainerInspectResponse) -> String {
    let name = container.name.as_deref().unwrap_or_default();
    printable(name.trim_start_matches('/'), 200)
}

fn status(state: &EngineState) -> Option<Status> {
    Some(match state.status? {
        ContainerStateStatusEnum::CREATED => Status::Created,
        ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::STOPPING => Status::Running,
        ContainerStateStatusEnum::PAUSED => Status::Paused,
        ContainerStateStatusEnum::RESTARTING => Status::Restarting,
        ContainerStateStatusEnum::REMOVING => Status::Removing,
        ContainerStateStatusEnum::EXITED => Status::Exited,
        ContainerStateStatusEnum::DEAD => Status::Dead,
        ContainerStateStatusEnum::EMPTY => return None,
    })
}

/// The engine writes the year 1 where there is no time.
fn time(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    (time > Timestamp::UNIX_EPOCH).then_some(time)
}

fn count(count: Option<i64>) -> u64 {
    count
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or_default()
}

fn health(health: Option<EngineHealth>) -> Health {
    let health = health.unwrap_or_default();
    let last = health.log.as_ref().and_then(|log| log.last());
    Health {
        status: match health.status {
            Some(HealthStatusEnum::STARTING) => HealthStatus::Starting,
            Some(HealthStatusEnum::HEALTHY) => HealthStatus::Healthy,
            Some(HealthStatusEnum::UNHEALTHY) => HealthStatus::Unhealthy,
            Some(HealthStatusEnum::NONE | HealthStatusEnum::EMPTY) | None => HealthStatus::None,
        },
        failing_streak: count(health.failing_streak),
        last_output: last
            .and_then(|check| check.output.as_deref())
            .map(|output| log_line(output, MAX_OUTPUT)),
    }
}

pub(super) fn published(ports: &PortMap) -> Vec<Published> {
    let mut published: Vec<Published> = ports
        .iter()
        .flat_map(|(key, bindings)| {
            let port = key.strip_suffix("/tcp").and_then(|port| port.parse().ok());
            bindings.iter().flatten().filter_map(move |binding| {
                Some(Published {
                    container_port: port?,
                    address: binding.host_ip.as_deref()?.parse().ok()?,
                    host_port: binding.host_port.as_deref()?.parse().ok()?,
                })
            })
        })
        .collect();
    published.sort_by_key(|p| (p.container_port, p.address, p.host_port));
    published
}

fn env_names(env: &[String]) -> Vec<String> {
    env.iter()
        .take(MAX_ENV_NAMES)
        .map(|pair| printable(pair.split('=').next().unwrap_or_default(), 200))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::labels::Kind;
    use super::*;

    fn instance() -> Instance {
        Instance::parse("one").unwrap()
    }

    /// A container as the engine describes it.
    fn described(state: serde_json::Value) -> ContainerInspectResponse {
        let labels = Labels::default().of_container(&instance(), Kind::Service);
        serde_json::from_value(serde_json::json!({
            "Id": "c".repeat(64),
            "Name": "/shop",
            "Image": Digest::of_bytes(b"image"),
            "RestartCount": 2,
            "State": state,
            "Config": {"Labels": labels, "Env": ["PATH=/bin", "TOKEN=s3cret", "EMPTY"]},
            "NetworkSettings": {"Ports": {
                "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}],
                "53/udp": [{"HostIp": "0.0.0.0", "HostPort": "53"}],
                "9000/tcp": null,
            }},
        }))
        .unwrap()
    }

    fn read(state: serde_json::Value) -> ContainerState {
        container_state(described(state), &instance()).unwrap()
    }

    #[test]
    fn a_crashed_container_tells_how_it_ended() {
        let state = read(serde_json::json!({
            "Status": "restarting", "ExitCode": 137, "OOMKilled": true,
            "StartedAt": "2026-11-21T01:02:03.5Z", "FinishedAt": "2026-11-21T01:02:04Z",
        }));
        assert_eq!(state.status, Status::Restarting);
        assert_eq!((state.exit_code, state.oom_killed), (Some(137), true));
        assert_eq!((state.name.as_str(), state.restart_count), ("shop", 2));
        assert!(state.started_at < state.finished_at);
        assert_eq!(state.env_names, ["PATH", "TOKEN", "EMPTY"]);
        assert!(!format!("{state:?}").contains("s3cret"));
    }

    #[test]
    fn a_running_container_has_ports_and_no_exit_code() {
        let state = read(serde_json::json!({
            "Status": "running", "ExitCode": 0, "FinishedAt": "0001-01-01T00:00:00Z",
        }));
        assert!(state.is_running());
        assert_eq!((state.exit_code, state.finished_at), (None, None));
        assert_eq!(state.published.len(), 1);
        assert_eq!(state.published[0].host_port, 18080);
        assert_eq!(state.health.status, HealthStatus::None);
    }

    #[test]
    fn the_last_output_of_a_health_check_is_kept() {
        let check = |output: &str| serde_json::json!({"ExitCode": 1, "Output": output});
        let state = read(serde_json::json!({
            "Status": "running",
            "Health": {
                "Status": "unhealthy", "FailingStreak": 3,
                "Log": [check("first"), check("refused\u{7}\n")],
            },
        }));
        assert_eq!(state.health.status, HealthStatus::Unhealthy);
        assert_eq!(state.health.failing_streak, 3);
        assert_eq!(state.health.last_output.as_deref(), Some("refusedU+0007"));
    }

    #[test]
    fn a_foreign_container_stays_outside() {
        let other = Instance::parse("two").unwrap();
        let described = described(serde_json::json!({"Status": "running"}));
        let unread = container_state(described, &other).unwrap_err();
        assert_eq!(
            unread,
            Unread::NotOurs {
                name: "shop".to_owned()
            }
        );
    }
}
