//! Building an image from a context and a Dockerfile.
//!
//! The order: read the Dockerfile, look at the disk, have every base image here, then send the
//! context and read the builder's output until it names the image. The classic builder does the
//! work; BuildKit does where a line of the Dockerfile needs it, because the classic one is the
//! same on every engine and says more plainly what failed.
//!
//! A build is sent once. Dropping its connection makes the engine give it up, which is how it is
//! cancelled and how it is stopped when its time is over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use futures_util::{StreamExt, TryStreamExt};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use super::base_image::{BaseImage, PullFailure};
use super::build_output::BuildOutput;
use super::dockerfile::{Dockerfile, DockerfileError};
use super::engine::Docker;
use super::error::EngineError;
use super::identifiers::{ImageReference, Instance};
use super::image::ImageError;
use super::labels::Labels;
use super::log_line::{LogSink, Output};
use crate::domain::digest::Digest;

/// What is to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRequest {
    /// Where the Dockerfile is in the context.
    pub dockerfile_path: String,
    /// Its text.
    pub dockerfile: String,
    pub build_args: BTreeMap<String, String>,
    /// The names that the image gets.
    pub tags: Vec<ImageReference>,
    /// They become part of the image and so of its id: give what belongs to the bytes (the
    /// service), never what changes from build to build.
    pub labels: Labels,
    /// Base images that must be pulled count too.
    pub time_limit: Duration,
    /// How many bytes must be free on a local engine's disk before anything begins.
    pub free_bytes_needed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    pub image_id: Digest,
    pub base_images: Vec<BaseImage>,
    /// The last lines of the builder's output.
    pub log_tail: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("The Dockerfile cannot be built: {message}. Correct it and commit.")]
    Dockerfile { message: String },
    #[error("Base image {reference} is not on this engine, and {why}. The engine said: {message}")]
    BaseImageMissing {
        reference: String,
        why: PullFailure,
        message: String,
    },
    #[error("The build failed: {message}. The lines before it say why.")]
    Failed {
        message: String,
        log_tail: Vec<String>,
    },
    /// The classic builder met an image in its cache that went away under its hands: another
    /// build's clean-up, a prune. The same build succeeds when it is sent again.
    #[error("An image that the build was standing on was removed meanwhile: {message}. Try again.")]
    CacheGone { message: String },
    #[error("The build context could not be read to its end: {cause}.")]
    Context { cause: String },
    #[error(
        "The engine's disk has {free} bytes free and the build wants {needed}: free some with `docker image prune` and `docker builder prune`."
    )]
    DiskTooFull { free: u64, needed: u64 },
    #[error("The build was cancelled.")]
    Cancelled,
    #[error(
        "The build was stopped after {} s: make it faster or give it more time.",
        after.as_secs()
    )]
    TookTooLong {
        after: Duration,
        log_tail: Vec<String>,
    },
}

impl From<DockerfileError> for BuildError {
    fn from(error: DockerfileError) -> Self {
        Self::Dockerfile {
            message: error.to_string(),
        }
    }
}

impl From<ImageError> for BuildError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Engine(error) => Self::Engine(error),
            other => Self::Failed {
                message: other.to_string(),
                log_tail: Vec::new(),
            },
        }
    }
}

impl Docker {
    /// Builds an image. `context` gives a tar; lines go to `sink` as they come. A restarted caller
    /// builds again: the layer cache makes that cheap, and the same sources give the same image.
    ///
    /// # Errors
    ///
    /// See [`BuildError`].
    pub async fn build(
        &self,
        request: &BuildRequest,
        context: impl AsyncRead + Send + 'static,
        sink: LogSink<'_>,
        cancel: &CancellationToken,
    ) -> Result<BuiltImage, BuildError> {
        let mut output = Output::new(sink);
        let after = request.time_limit;
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(BuildError::Cancelled),
            ended = tokio::time::timeout(after, self.build_to_end(request, context, &mut output)) => {
                ended.unwrap_or(Err(BuildError::TookTooLong { after, log_tail: Vec::new() }))
            }
        };
        let tail = output.into_tail();
        match ended {
            Ok((image_id, base_images)) => Ok(BuiltImage {
                image_id,
                base_images,
                log_tail: tail,
            }),
            Err(error) => Err(with_tail(error, tail)),
        }
    }

    async fn build_to_end(
        &self,
        request: &BuildRequest,
        context: impl AsyncRead + Send + 'static,
        output: &mut Output<'_>,
    ) -> Result<(Digest, Vec<BaseImage>), BuildError> {
        let recipe = Dockerfile::parse(&request.dockerfile, &request.build_args)?;
        self.check_disk(request.free_bytes_needed).await?;
        let mut base_images = Vec::new();
        for reference in recipe.base_images() {
            base_images.push(self.base_image(reference, request.time_limit).await?);
        }
        let builder = builder_for(&recipe);
        let options = build_options(request, self.instance(), builder);
        let image_id = self
            .run_builder(request.time_limit, options, context, output)
            .await?;
        for tag in request.tags.iter().skip(1) {
            self.tag_image(&image_id, tag).await?;
        }
        Ok((image_id, base_images))
    }

    async fn check_disk(&self, needed: u64) -> Result<(), BuildError> {
        match self.free_disk_bytes().await? {
            Some(free) if free < needed => Err(BuildError::DiskTooFull { free, needed }),
            _ => Ok(()),
        }
    }

    /// Sends the context and reads the output until the builder names the image.
    async fn run_builder(
        &self,
        limit: Duration,
        options: BuildImageOptions,
        context: impl AsyncRead + Send + 'static,
        output: &mut Output<'_>,
    ) -> Result<Digest, BuildError> {
        let doing = "build an image";
        let client = self.client(doing, limit).await?;
        let unreadable = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&unreadable);
        let body = ReaderStream::new(context).inspect_err(move |error| {
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        });
        let mut parts = client.build_image(options, None, Some(bollard::body_try_stream(body)));
        let mut built = BuildOutput::default();
        while let Some(part) = parts.next().await {
            match part {
                Ok(part) => built.take(part, output),
                Err(error) => {
                    built.finish(output);
                    let unreadable = unreadable.lock().unwrap_or_else(PoisonError::into_inner);
                    return Err(match unreadable.as_deref() {
                        Some(cause) => BuildError::Context {
                            cause: super::error::message(cause),
                        },
                        None => failure(self.classify(&error, doing, limit)),
                    });
                }
            }
        }
        built.finish(output);
        built.image_id().ok_or_else(|| {
            let cause = "the build ended without naming an image";
            EngineError::not_understood(doing, cause).into()
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Builder {
    Classic,
    Buildkit,
}

fn builder_for(recipe: &Dockerfile) -> Builder {
    if recipe.needs_buildkit().is_empty() {
        Builder::Classic
    } else {
        Builder::Buildkit
    }
}

fn build_options(
    request: &BuildRequest,
    instance: &Instance,
    builder: Builder,
) -> BuildImageOptions {
    let labels = request.labels.of_image(instance);
    let options = BuildImageOptions {
        dockerfile: request.dockerfile_path.clone(),
        // The first tag is given by the builder itself, so that the image is at no moment one
        // that a prune takes for rubbish.
        t: request.tags.first().map(ToString::to_string),
        buildargs: Some(request.build_args.clone().into_iter().collect()),
        labels: Some(labels.into_iter().collect()),
        // The containers of the build go away with it, also when it fails.
        rm: true,
        forcerm: true,
        ..BuildImageOptions::default()
    };
    match builder {
        Builder::Classic => options,
        Builder::Buildkit => BuildImageOptions {
            version: BuilderVersion::BuilderBuildKit,
            session: Some(session_id(instance)),
            ..options
        },
    }
}

/// BuildKit wants a name for each session; it lives as long as the connection.
fn session_id(instance: &Instance) -> String {
    static SESSIONS: AtomicU64 = AtomicU64::new(0);
    let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
    format!("{instance}-{number}")
}

/// A refusal before the stream is about the Dockerfile, one inside it about a step; BuildKit
/// tells all inside the stream, with words that name the Dockerfile.
fn failure(error: EngineError) -> BuildError {
    const ABOUT_DOCKERFILE: [&str; 3] = [
        "ockerfile parse error",
        "failed to create LLB definition",
        "failed to read dockerfile",
    ];
    match error {
        EngineError::Refused { message, .. } if is_about_cache(&message) => {
            BuildError::CacheGone { message }
        }
        EngineError::Refused {
            status, message, ..
        } => {
            let about_dockerfile = (400..500).contains(&status)
                || ABOUT_DOCKERFILE.iter().any(|words| message.contains(words));
            if about_dockerfile {
                BuildError::Dockerfile { message }
            } else {
                BuildError::Failed {
                    message,
                    log_tail: Vec::new(),
                }
            }
        }
        other => other.into(),
    }
}

/// Whether the classic builder lost an image of its own cache. Its words come from the image and
/// layer stores of the engine (moby, `image/fs.go`, `image/store.go`, `layer/layer.go`), or from the
/// container that it wants to make of the image for the next line.
fn is_about_cache(message: &str) -> bool {
    let file_gone = message.contains("no such file or directory");
    (message.contains("failed to get digest sha256:") && file_gone)
        || message.contains("unknown parent image ID sha256:")
        || message.starts_with("No such image: sha256:")
        || message.ends_with("layer does not exist")
}

fn with_tail(error: BuildError, tail: Vec<String>) -> BuildError {
    match error {
        BuildError::Failed { message, .. } => BuildError::Failed {
            message,
            log_tail: tail,
        },
        BuildError::TookTooLong { after, .. } => BuildError::TookTooLong {
            after,
            log_tail: tail,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn request(dockerfile: &str) -> BuildRequest {
        BuildRequest {
            dockerfile_path: "deploy/Dockerfile".to_owned(),
            dockerfile: dockerfile.to_owned(),
            build_args: BTreeMap::from([("VERSION".to_owned(), "1".to_owned())]),
            tags: vec![
                ImageReference::parse("shop:1").unwrap(),
                ImageReference::parse("shop:latest").unwrap(),
            ],
            labels: Labels::default(),
            time_limit: Duration::from_secs(60),
            free_bytes_needed: 0,
        }
    }

    fn options(builder: Builder) -> BuildImageOptions {
        let instance = Instance::parse("one").unwrap();
        build_options(&request("FROM a"), &instance, builder)
    }

    #[test]
    fn a_build_is_asked_for_with_tag_arguments_and_labels() {
        let pairs = |pairs: &[(&str, &str)]| -> Option<HashMap<String, String>> {
            let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
            Some(pairs.iter().map(own).collect())
        };
        let expected = BuildImageOptions {
            dockerfile: "deploy/Dockerfile".to_owned(),
            t: Some("shop:1".to_owned()),
            buildargs: pairs(&[("VERSION", "1")]),
            labels: pairs(&[("commander.instance", "one")]),
            rm: true,
            forcerm: true,
            ..BuildImageOptions::default()
        };
        assert_eq!(options(Builder::Classic), expected);
    }

    #[test]
    fn buildkit_gets_a_session_of_its_own() {
        let (one, two) = (options(Builder::Buildkit), options(Builder::Buildkit));
        assert_eq!(one.version, BuilderVersion::BuilderBuildKit);
        assert!(one.session.is_some() && one.session != two.session);
    }

    #[test]
    fn buildkit_builds_only_what_needs_it() {
        let builder = |text: &str| builder_for(&Dockerfile::parse(text, &BTreeMap::new()).unwrap());
        assert_eq!(builder("FROM a\nRUN true"), Builder::Classic);
        assert_eq!(
            builder("FROM a\nRUN --mount=type=cache,target=/c true"),
            Builder::Buildkit
        );
    }

    #[test]
    fn what_failed_is_told_apart() {
        let refused = |status, message: &str| {
            failure(EngineError::Refused {
                doing: "build an image",
                status,
                message: message.to_owned(),
            })
        };
        let parse_error = "dockerfile parse error line 3: unknown instruction: FRM";
        for error in [
            refused(400, parse_error),
            refused(0, &format!("failed to solve: {parse_error}")),
        ] {
            assert!(matches!(error, BuildError::Dockerfile { .. }), "{error}");
        }
        let failed = refused(
            0,
            "The command '/bin/sh -c false' returned a non-zero code: 1",
        );
        assert!(matches!(failed, BuildError::Failed { .. }), "{failed}");
        for message in [
            "failed to get digest sha256:d6: open /docker/imagedb/d6: no such file or directory",
            "No such image: sha256:fea67c848e0495166a177d0740e67f02b470edff8935db0998c58c81b535a1c7",
        ] {
            let vanished = refused(0, message);
            assert!(
                matches!(vanished, BuildError::CacheGone { .. }),
                "{vanished}"
            );
        }
    }
}
