//! Creating a service's container, or adopting the one that an earlier attempt made.
//!
//! A name is deterministic, so a process that was killed half way finds what it began: the
//! container of that name is adopted if its labels prove that it is ours and was made from the
//! same specification. Anything else there is a conflict.

use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::CreateContainerOptions;

use super::container::{ContainerError, container_id};
use super::container_spec::{ContainerSpec, create_body};
use super::engine::{CHANGE, Docker};
use super::identifiers::{ContainerId, Instance};
use super::labels::{Kind, owned};

/// A container that now exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    New(ContainerId),
    /// It was there already, made by us from the same specification.
    Adopted(ContainerId),
}

impl Created {
    pub fn id(&self) -> &ContainerId {
        match self {
            Self::New(id) | Self::Adopted(id) => id,
        }
    }
}

impl Docker {
    /// Creates a container, or adopts the one of that name which was made from the same
    /// specification. Not started. Sent once; to call it again after a lost connection is safe.
    ///
    /// # Errors
    ///
    /// [`ContainerError::NameTaken`], [`ContainerError::ImageMissing`],
    /// [`ContainerError::NetworkMissing`].
    pub async fn create(&self, spec: &ContainerSpec) -> Result<Created, ContainerError> {
        if let Some(network) = &spec.network {
            self.require_network(network).await?;
        }
        match self.create_new(spec).await {
            Err(ContainerError::NameTaken { .. }) => match self.adopt(spec).await {
                // It was removed between the two calls.
                Err(ContainerError::Missing { .. }) => self.create_new(spec).await,
                adopted => adopted,
            },
            created => created,
        }
    }

    async fn create_new(&self, spec: &ContainerSpec) -> Result<Created, ContainerError> {
        let doing = "create a container";
        let options = CreateContainerOptions {
            name: Some(spec.name.to_string()),
            ..CreateContainerOptions::default()
        };
        let body = create_body(spec, self.instance());
        let created = self
            .once(doing, CHANGE, |client| async move {
                client.create_container(Some(options), body).await
            })
            .await;
        match created {
            Ok(created) => Ok(Created::New(container_id(doing, &created.id)?)),
            Err(error) if error.refusal(&[409]).is_some() => Err(ContainerError::NameTaken {
                name: spec.name.to_string(),
                why: "it was there before",
            }),
            Err(error) if error.refusal(&[404]).is_some() => Err(ContainerError::ImageMissing {
                image: spec.image_id.to_string(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    async fn adopt(&self, spec: &ContainerSpec) -> Result<Created, ContainerError> {
        let name = spec.name.as_str();
        let held = self.describe(name).await?;
        match differs(&held, spec, self.instance()) {
            None => {
                let id = held.id.unwrap_or_default();
                Ok(Created::Adopted(container_id("inspect a container", &id)?))
            }
            Some(why) => Err(ContainerError::NameTaken {
                name: spec.name.to_string(),
                why,
            }),
        }
    }
}

/// Why a container is not the one that a specification describes; `None` when it is.
///
/// The digest in its label covers all but the values of the environment, which are compared here.
fn differs(
    held: &ContainerInspectResponse,
    spec: &ContainerSpec,
    instance: &Instance,
) -> Option<&'static str> {
    let config = held.config.as_ref();
    let labels = config.and_then(|config| config.labels.as_ref());
    let Some(owned) = labels.and_then(|labels| owned(labels, instance)) else {
        return Some("not made by this Commander");
    };
    let env = config.and_then(|config| config.env.as_deref());
    let has = |pair: &String| env.is_some_and(|env| env.contains(pair));
    if owned.kind != Kind::Service || owned.spec != Some(spec.digest()) {
        Some("made by this Commander from another specification")
    } else if !spec.env.assignments().iter().all(has) {
        Some("made by this Commander with other values in its environment")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ContainerConfig;

    use super::super::container_spec::{Healthcheck, Resources, RestartPolicy};
    use super::super::identifiers::ContainerName;
    use super::super::labels::Labels;
    use super::*;
    use crate::domain::digest::Digest;

    fn spec(value: &str) -> ContainerSpec {
        ContainerSpec {
            name: ContainerName::parse("shop-production").unwrap(),
            image_id: Digest::of_bytes(b"image"),
            labels: Labels::default(),
            env: [("TOKEN".to_owned(), value.to_owned())]
                .into_iter()
                .collect(),
            publish: None,
            volumes: Vec::new(),
            network: None,
            stop_signal: None,
            init: false,
            resources: Resources::default(),
            restart: RestartPolicy::UnlessStopped,
            healthcheck: Healthcheck::FromImage,
        }
    }

    /// The container that a specification makes, with what its image adds.
    fn made_from(spec: &ContainerSpec, instance: &Instance) -> ContainerInspectResponse {
        let body = create_body(spec, instance);
        let mut env = body.env.unwrap_or_default();
        env.push("PATH=/bin".to_owned());
        ContainerInspectResponse {
            config: Some(ContainerConfig {
                env: Some(env),
                labels: body.labels,
                ..ContainerConfig::default()
            }),
            ..ContainerInspectResponse::default()
        }
    }

    #[test]
    fn only_the_same_specification_is_adopted() {
        let (one, two) = (
            Instance::parse("one").unwrap(),
            Instance::parse("two").unwrap(),
        );
        let held = made_from(&spec("a"), &one);
        assert_eq!(differs(&held, &spec("a"), &one), None);
        let why = |spec: &ContainerSpec, instance| differs(&held, spec, instance).unwrap();
        assert!(why(&spec("a"), &two).contains("not made by this"));
        assert!(why(&spec("b"), &one).contains("other values"));
        let other = ContainerSpec {
            init: true,
            ..spec("a")
        };
        assert!(why(&other, &one).contains("another specification"));
        let foreign = ContainerInspectResponse::default();
        assert!(differs(&foreign, &spec("a"), &one).is_some());
    }
}
