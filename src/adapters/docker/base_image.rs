//! The images that a build stands on: their ids are recorded, and one that is missing is pulled
//! before the build begins, because only then can it be said plainly what is in the way.

use bollard::query_parameters::CreateImageOptions;
use futures_util::TryStreamExt;

use super::build::BuildError;
use super::engine::Docker;
use super::error::EngineError;
use super::identifiers::ImageReference;
use crate::domain::digest::Digest;

/// An image that another one was built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseImage {
    pub reference: ImageReference,
    /// What the reference pointed to when the build began.
    pub image_id: Digest,
}

/// Why an image cannot be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PullFailure {
    #[error(
        "its registry cannot be reached: check the network, or load the image by hand (`docker load`)"
    )]
    RegistryUnreachable,
    #[error(
        "its registry does not have it, or not without a sign-in: check its name, or sign in and pull it by hand (`docker login`, `docker pull`)"
    )]
    NotThere,
    #[error("its registry allows no more pulls for now: wait, or sign in (`docker login`)")]
    TooManyPulls,
    #[error("its registry has it for other kinds of machines only: choose another image or tag")]
    OtherPlatform,
    #[error("the pull failed: pull it by hand (`docker pull`)")]
    Other,
}

impl Docker {
    /// The id of a base image, which is pulled first where it is missing.
    pub(super) async fn base_image(
        &self,
        reference: &ImageReference,
        limit: std::time::Duration,
    ) -> Result<BaseImage, BuildError> {
        let mut image = self.find_image(reference).await?;
        if image.is_none() {
            self.pull(reference, limit).await?;
            image = self.find_image(reference).await?;
        }
        match image {
            Some(image) => Ok(BaseImage {
                reference: reference.clone(),
                image_id: image.id,
            }),
            None => Err(missing(reference, "it was pulled and is not there")),
        }
    }

    async fn pull(
        &self,
        reference: &ImageReference,
        limit: std::time::Duration,
    ) -> Result<(), BuildError> {
        let doing = "pull an image";
        let client = self.client(doing, limit).await?;
        let pulled = client
            .create_image(Some(pull_options(reference)), None, None)
            .try_for_each(|_| async { Ok(()) })
            .await;
        match pulled.map_err(|error| self.classify(&error, doing, limit)) {
            Err(EngineError::Refused { message, .. }) => Err(missing(reference, &message)),
            answer => Ok(answer?),
        }
    }
}

/// A pull names a tag always: without one the engine pulls every tag of the repository.
fn pull_options(reference: &ImageReference) -> CreateImageOptions {
    let (repository, tag) = reference.split();
    CreateImageOptions {
        from_image: Some(repository.to_owned()),
        tag: Some(tag.to_owned()),
        ..CreateImageOptions::default()
    }
}

fn missing(reference: &ImageReference, message: &str) -> BuildError {
    BuildError::BaseImageMissing {
        reference: reference.to_string(),
        why: why(message),
        message: message.to_owned(),
    }
}

/// Reads the engine's words, which are all that it gives: its status is 404 or 500 for each.
fn why(message: &str) -> PullFailure {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["toomanyrequests", "rate limit", "Too Many Requests"]) {
        PullFailure::TooManyPulls
    } else if says(&["no matching manifest"]) {
        PullFailure::OtherPlatform
    } else if says(&[
        "dial tcp",
        "no such host",
        "connection refused",
        "i/o timeout",
        "Client.Timeout",
        "network is unreachable",
        "TLS handshake timeout",
        "proxyconnect",
    ]) {
        PullFailure::RegistryUnreachable
    } else if says(&["denied", "unauthorized", "manifest unknown", "not found"]) {
        PullFailure::NotThere
    } else {
        PullFailure::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_asks_for_one_tag() {
        let reference = ImageReference::parse("ghcr.io/team/base").unwrap();
        let options = pull_options(&reference);
        assert_eq!(options.from_image.as_deref(), Some("ghcr.io/team/base"));
        assert_eq!(options.tag.as_deref(), Some("latest"));
    }

    #[test]
    fn the_engines_words_are_told_apart() {
        for (message, expected) in [
            (
                "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
                PullFailure::RegistryUnreachable,
            ),
            (
                "pull access denied for shop, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                PullFailure::NotThere,
            ),
            (
                "manifest for alpine:99 not found: manifest unknown: manifest unknown",
                PullFailure::NotThere,
            ),
            (
                "toomanyrequests: You have reached your pull rate limit.",
                PullFailure::TooManyPulls,
            ),
            (
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
                PullFailure::OtherPlatform,
            ),
            ("something else", PullFailure::Other),
        ] {
            assert_eq!(why(message), expected, "{message}");
        }
    }
}
