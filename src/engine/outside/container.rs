//! What a container is to be, as Docker takes it, and what one is, as the engine asks it.

use super::faults::rejected;
use super::secrets;
use super::world::Adapters;
use crate::adapters::docker::{
    self, Access, ContainerName, ContainerState, HealthStatus, Healthcheck, Labels, NetworkName,
    Status, VolumeName, VolumeSource,
};
use crate::domain::execution::Fault;
use crate::domain::snapshot::{self, ConfigurationSnapshot};
use crate::engine::world::{Call, ContainerFacts, ContainerHealth, ContainerSpec};

impl Adapters {
    /// The container that a configuration snapshot describes, with the values of its secrets as
    /// they are now.
    pub(super) fn order(
        &self,
        spec: &ContainerSpec,
        call: &Call,
    ) -> Result<docker::ContainerSpec, Fault> {
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

pub(super) fn facts(state: ContainerState, tail: String) -> ContainerFacts {
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
