//! Building an image: the context goes from Git to Docker while it is read.

use std::time::Duration;

use tokio::io::duplex;
use tokio_util::io::SyncIoBridge;

use super::faults::{self, rejected};
use super::world::{Adapters, parse_repository, pass_on};
use crate::adapters::docker::{self, BuildError, ImageReference, Labels};
use crate::adapters::git::{ContextError, ContextSource};
use crate::domain::execution::Fault;
use crate::domain::repository::RepositoryUrl;
use crate::engine::world::{BuildRequest, BuiltImage, Call};

/// The largest build context, in bytes: Docker copies it whole before it begins.
const CONTEXT_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// The largest Dockerfile, in bytes.
const DOCKERFILE_BYTES: u64 = 256 * 1024;
/// What must be free on the engine's disk before a build begins, in bytes.
const FREE_BYTES: u64 = 512 * 1024 * 1024;
/// The step's own time limit ends a build; this only bounds what outlives it.
const BUILD: Duration = Duration::from_secs(3600);
/// How often a build is sent whose cache went away under it.
const BUILD_TRIES: u32 = 3;
/// Bytes of context between Git and Docker.
const PIPE: usize = 256 * 1024;

impl Adapters {
    pub(super) async fn build(
        &self,
        request: &BuildRequest,
        call: &Call,
    ) -> Result<BuiltImage, Fault> {
        self.pass(call)?;
        let url = parse_repository(&request.repository)?;
        let build = &request.instructions;
        let file = self
            .git
            .file(&url, &build.commit, &build.dockerfile, DOCKERFILE_BYTES)
            .await
            .map_err(rejected)?;
        let source = ContextSource {
            commit: build.commit.clone(),
            directory: build.context.clone(),
            dockerfile: build.dockerfile.clone(),
            max_bytes: CONTEXT_BYTES,
        };
        let summary = self
            .git
            .survey_context(&url, source.clone())
            .await
            .map_err(rejected)?;
        call.say(format!(
            "context: {} files, {} bytes",
            summary.files, summary.bytes
        ));
        let order = docker::BuildRequest {
            dockerfile_path: summary.dockerfile,
            dockerfile: String::from_utf8_lossy(&file.bytes).into_owned(),
            build_args: build.build_args.clone(),
            tags: vec![ImageReference::parse(&request.tag).map_err(rejected)?],
            labels: Labels {
                service: Some(request.service.clone()),
                ..Labels::default()
            },
            time_limit: BUILD,
            free_bytes_needed: FREE_BYTES + 2 * summary.bytes,
        };
        let mut built = self.send_build(&url, &source, &order, call).await?;
        for _ in 1..BUILD_TRIES {
            let Err(error @ BuildError::CacheGone { .. }) = &built else {
                break;
            };
            call.say(format!("{error} It is built again."));
            built = self.send_build(&url, &source, &order, call).await?;
        }
        let built = built.map_err(|error| faults::build(&error))?;
        Ok(BuiltImage {
            image_id: built.image_id,
            base_images: built
                .base_images
                .into_iter()
                .map(|base| (base.reference.to_string(), base.image_id.to_string()))
                .collect(),
        })
    }

    /// Sends the context once. What is wrong with the context itself is a fault; how the builder
    /// ended is the caller's to judge.
    async fn send_build(
        &self,
        url: &RepositoryUrl,
        source: &ContextSource,
        order: &docker::BuildRequest,
        call: &Call,
    ) -> Result<Result<docker::BuiltImage, BuildError>, Fault> {
        let (writer, reader) = duplex(PIPE);
        let writer = SyncIoBridge::new(writer);
        let mut sink = |line: docker::LogLine| pass_on(call, &line);
        let (sent, built) = tokio::join!(
            // The writer comes back and is dropped at once: its end is the end of the context, for
            // which the builder waits.
            async {
                self.git
                    .context(url, source.clone(), writer)
                    .await
                    .map(drop)
            },
            self.docker.build(order, reader, &mut sink, &call.cancel),
        );
        // A context that broke off makes the build fail with a message that hides the reason; a
        // build that failed first makes the rest of the context fail.
        match (sent, built) {
            (Err(error @ ContextError::Write { .. }), Ok(_)) => Err(rejected(error)),
            (Ok(_) | Err(ContextError::Write { .. }), built) => Ok(built),
            (Err(error), _) => Err(rejected(error)),
        }
    }
}
