//! Images: what is in one, its tags, whether it is still there.
//!
//! An image is meant by its id (sha256), never by a tag: anybody can move a tag to other bytes.
//! Nothing here uses the engine's `force`, which deletes an image under its stopped containers.

use std::collections::HashMap;

use bollard::models::{ImageConfig, ImageInspect};
use bollard::query_parameters::{RemoveImageOptions, TagImageOptions};
use jiff::Timestamp;

use super::engine::{CHANGE, Docker, QUERY};
use super::error::EngineError;
use super::identifiers::ImageReference;
use super::labels::is_of_instance;
use crate::domain::digest::Digest;
use crate::domain::text::printable;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub id: Digest,
    pub created: Option<Timestamp>,
    pub size_bytes: u64,
    /// As Docker calls it, like `amd64`.
    pub architecture: String,
    /// The TCP ports of `EXPOSE`, sorted, those of the base image included.
    pub exposed_ports: Vec<u16>,
    /// Whether it has a Docker health check of its own.
    pub has_healthcheck: bool,
    pub tags: Vec<String>,
    /// Whether this instance built it, or it stands on one that this instance built.
    pub is_ours: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("There is no image {image} on this engine: it was removed, or built elsewhere.")]
    Missing { image: String },
    #[error("Image {image} was not built by this Commander, so it is left alone.")]
    NotOurs { image: String },
    #[error("Image {image} is still in use ({message}): remove its containers or tags first.")]
    InUse { image: String, message: String },
}

impl Docker {
    /// # Errors
    ///
    /// [`ImageError::Missing`] and whatever is in the way of asking.
    pub async fn inspect_image(&self, id: &Digest) -> Result<Image, ImageError> {
        self.look_up(id.as_str())
            .await?
            .ok_or_else(|| missing(id.as_str()))
    }

    /// What a reference points to now, if it is on this engine.
    ///
    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn find_image(
        &self,
        reference: &ImageReference,
    ) -> Result<Option<Image>, EngineError> {
        self.look_up(reference.as_str()).await
    }

    /// Whether the bytes of an image are still on this engine, whatever its tags.
    ///
    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn has_image(&self, id: &Digest) -> Result<bool, EngineError> {
        Ok(self.look_up(id.as_str()).await?.is_some())
    }

    /// Makes a tag point to an image, taking it away from any other. Twice is harmless.
    ///
    /// # Errors
    ///
    /// [`ImageError::Missing`] and whatever is in the way.
    pub async fn tag_image(&self, id: &Digest, tag: &ImageReference) -> Result<(), ImageError> {
        let (repository, name) = tag.split();
        let options = TagImageOptions {
            repo: Some(repository.to_owned()),
            tag: Some(name.to_owned()),
        };
        self.idempotent("tag an image", CHANGE, |client| {
            let options = options.clone();
            async move { client.tag_image(id.as_str(), Some(options)).await }
        })
        .await
        .map_err(|error| about(error, id.as_str()))
    }

    /// Takes a tag away, if it still points to this image: a tag that somebody moved is theirs.
    /// The engine deletes an image with its last tag, unless a container uses it. Twice is
    /// harmless.
    ///
    /// # Errors
    ///
    /// [`ImageError::InUse`] for the last tag of an image that a container uses.
    pub async fn untag_image(&self, tag: &ImageReference, id: &Digest) -> Result<(), ImageError> {
        match self.find_image(tag).await? {
            Some(image) if image.id == *id => self.remove_reference(tag.as_str()).await,
            _ => Ok(()),
        }
    }

    /// Removes an image that this instance built and that has at most one tag. Twice is harmless.
    ///
    /// # Errors
    ///
    /// [`ImageError::NotOurs`], [`ImageError::InUse`].
    pub async fn remove_image(&self, id: &Digest) -> Result<(), ImageError> {
        match self.look_up(id.as_str()).await? {
            None => Ok(()),
            Some(image) if image.is_ours => self.remove_reference(id.as_str()).await,
            Some(_) => Err(ImageError::NotOurs {
                image: id.to_string(),
            }),
        }
    }

    async fn look_up(&self, image: &str) -> Result<Option<Image>, EngineError> {
        let doing = "inspect an image";
        let answer = self
            .idempotent(doing, QUERY, |client| async move {
                client.inspect_image(image).await
            })
            .await;
        match answer {
            Ok(inspected) => read(inspected, |labels| is_of_instance(labels, self.instance()))
                .map(Some)
                .ok_or_else(|| EngineError::not_understood(doing, "the image has no id")),
            Err(error) if error.refusal(&[404]).is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn remove_reference(&self, image: &str) -> Result<(), ImageError> {
        let removed = self
            .idempotent("remove an image", CHANGE, |client| async move {
                let options = RemoveImageOptions::default();
                client.remove_image(image, Some(options), None).await
            })
            .await;
        match removed.map_err(|error| about(error, image)) {
            Ok(_) | Err(ImageError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn missing(image: &str) -> ImageError {
    ImageError::Missing {
        image: image.to_owned(),
    }
}

fn about(error: EngineError, image: &str) -> ImageError {
    if error.refusal(&[404]).is_some() {
        return missing(image);
    }
    match error.refusal(&[409]) {
        Some(message) => ImageError::InUse {
            image: image.to_owned(),
            message: message.to_owned(),
        },
        None => error.into(),
    }
}

fn read(image: ImageInspect, is_ours: impl Fn(&HashMap<String, String>) -> bool) -> Option<Image> {
    let config = image.config.unwrap_or_default();
    let created = image.created.map(|at| at.unix_timestamp_nanos());
    Some(Image {
        id: Digest::parse(&image.id?).ok()?,
        created: created.and_then(|at| Timestamp::from_nanosecond(at).ok()),
        size_bytes: image
            .size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or_default(),
        architecture: printable(&image.architecture.unwrap_or_default(), 40),
        exposed_ports: tcp_ports(config.exposed_ports.as_deref().unwrap_or_default()),
        has_healthcheck: has_healthcheck(&config),
        tags: image
            .repo_tags
            .unwrap_or_default()
            .iter()
            .take(100)
            .map(|tag| printable(tag, 300))
            .collect(),
        is_ours: is_ours(&config.labels.unwrap_or_default()),
    })
}

/// `HEALTHCHECK NONE` is written as the test `["NONE"]`.
fn has_healthcheck(config: &ImageConfig) -> bool {
    config
        .healthcheck
        .as_ref()
        .and_then(|check| check.test.as_ref())
        .is_some_and(|test| test.first().is_some_and(|first| first != "NONE"))
}

fn tcp_ports(exposed: &[String]) -> Vec<u16> {
    let mut ports: Vec<u16> = exposed
        .iter()
        .filter_map(|port| port.strip_suffix("/tcp")?.parse().ok())
        .collect();
    ports.sort_unstable();
    ports
}

#[cfg(test)]
mod tests {
    use bollard::models::HealthConfig;

    use super::*;

    fn checked_by(test: &[&str]) -> ImageConfig {
        ImageConfig {
            healthcheck: Some(HealthConfig {
                test: Some(test.iter().map(|word| (*word).to_owned()).collect()),
                ..HealthConfig::default()
            }),
            ..ImageConfig::default()
        }
    }

    #[test]
    fn a_health_check_that_was_switched_off_is_none() {
        assert!(has_healthcheck(&checked_by(&["CMD-SHELL", "true"])));
        assert!(!has_healthcheck(&checked_by(&["NONE"])));
        assert!(!has_healthcheck(&checked_by(&[])));
        assert!(!has_healthcheck(&ImageConfig::default()));
    }

    #[test]
    fn ports_are_the_tcp_ones() {
        let exposed = ["9000/tcp", "53/udp", "80/tcp", "x/tcp"].map(str::to_owned);
        assert_eq!(tcp_ports(&exposed), [80, 9000]);
    }

    #[test]
    fn an_image_without_an_id_is_not_understood() {
        assert_eq!(read(ImageInspect::default(), |_| true), None);
    }
}
