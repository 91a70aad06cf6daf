//! The commit behind a wished version, and what its Dockerfile says.

use std::time::Duration;

use jiff::SignedDuration;

use super::super::Flow;
use super::super::error::{Code, FlowError};
use super::wish::Wish;
use crate::adapters::docker::Dockerfile;
use crate::adapters::git::ResolveError;
use crate::domain::catalogue::{Service, Settings};
use crate::domain::planner::Source;
use crate::domain::repository::RepositoryUrl;
use crate::domain::revision::{RefKind, RefName, Resolved};
use crate::os::clock;

/// How long a sentence may wait for the repository, and how old a branch may be without asking it.
const SENTENCE_FETCH: Duration = Duration::from_secs(10);
const BRANCH_AGE: SignedDuration = SignedDuration::from_secs(60);
/// How long an approval or a start may wait for it.
const CHECK_FETCH: Duration = Duration::from_secs(60);
const DOCKERFILE_BYTES: u64 = 256 * 1024;

/// How fresh the mirror has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Ask the repository only for what is missing or an old branch.
    Mirror,
    /// Ask the repository: a moved tag or branch must be seen.
    Asked,
}

/// What was found in the repository.
pub(super) struct FoundSource {
    pub source: Source,
    pub exposed: Vec<u16>,
    pub notes: Vec<String>,
}

/// Where a tag points that a plan was made for.
pub(super) enum TagToday {
    Same,
    Moved {
        to: String,
    },
    /// There is no such tag, or none any more.
    Unknown,
}

/// What a plan says that stands on the commit that a tag named then.
pub(super) fn moved(name: &str, to: &str, commit: &str) -> String {
    format!(
        "the tag {name} now names another commit ({to}); this plan uses the commit of then, {}",
        short(commit)
    )
}

pub(super) fn gone(name: &str, commit: &str) -> String {
    format!(
        "the tag {name} is not in the repository any more; this plan uses the commit of then, {}",
        short(commit)
    )
}

pub(super) fn not_alone(name: &str, commit: &str) -> String {
    format!(
        "{name} does not name one commit alone any more; this plan uses the commit of then, {}",
        short(commit)
    )
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

impl Flow {
    pub(in crate::flow) fn repository(
        &self,
        service: &Service,
    ) -> Result<RepositoryUrl, FlowError> {
        RepositoryUrl::parse(&service.repository)
            .map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))
    }

    /// The commit behind the wished version, and what its Dockerfile says.
    pub(super) async fn find_source(
        &self,
        wish: &Wish,
        service: &Service,
        settings: &Settings,
        freshness: Freshness,
    ) -> Result<FoundSource, FlowError> {
        let repository = self.repository(service)?;
        let reference = wish.reference.as_deref().ok_or_else(|| {
            FlowError::new(
                Code::InvalidInput,
                format!(
                    "which version of {}? Name a tag, a branch or a commit",
                    wish.service
                ),
            )
        })?;
        let name = RefName::parse(reference)
            .map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))?;
        let (resolved, mut notes) = self.resolve(&repository, &name, freshness).await?;
        let file = self
            .git
            .file(
                &repository,
                &resolved.commit,
                &settings.build.dockerfile,
                DOCKERFILE_BYTES,
            )
            .await
            .map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))?;
        let text = String::from_utf8_lossy(&file.bytes);
        let dockerfile = Dockerfile::parse(&text, &settings.build.build_args)
            .map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))?;
        if resolved.kind == RefKind::Branch {
            notes.push(format!(
                "{} is a branch: it is pinned to this commit, and a newer one is drift",
                resolved.name
            ));
        }
        Ok(FoundSource {
            source: Source {
                repository: service.repository.clone(),
                reference: resolved.name,
                reference_kind: resolved.kind,
                commit: resolved.commit,
                tree: resolved.tree,
                dockerfile_blob: file.blob,
            },
            exposed: dockerfile.exposed_ports().to_vec(),
            notes,
        })
    }

    /// What is to be told of a tag that named `commit` when a plan was made: whether it still does.
    /// Where the repository cannot be asked, what was known of it last counts.
    pub(super) async fn tag_today(
        &self,
        service: &Service,
        name: &str,
        commit: &str,
    ) -> Result<TagToday, FlowError> {
        let repository = self.repository(service)?;
        let Ok(tag) = RefName::parse(&format!("refs/tags/{name}")) else {
            return Ok(TagToday::Unknown);
        };
        let asked = self.git.sync(&repository, SENTENCE_FETCH).await;
        if let Err(error) = asked {
            tracing::warn!(%repository, %error, "whether a tag has moved is looked at in the mirror");
        }
        Ok(match self.git.resolve(&repository, &tag).await {
            Ok(found) if found.commit == commit => TagToday::Same,
            Ok(found) => TagToday::Moved {
                to: short(&found.commit).to_owned(),
            },
            Err(ResolveError::Unknown { .. }) => TagToday::Unknown,
            Err(error) => return Err(FlowError::new(Code::Unavailable, error.to_string())),
        })
    }

    async fn resolve(
        &self,
        repository: &RepositoryUrl,
        name: &RefName,
        freshness: Freshness,
    ) -> Result<(Resolved, Vec<String>), FlowError> {
        let mut notes = Vec::new();
        if freshness == Freshness::Asked {
            self.git
                .sync(repository, CHECK_FETCH)
                .await
                .map_err(|error| FlowError::new(Code::Unavailable, error.to_string()))?;
        }
        let found = self.git.resolve(repository, name).await;
        let is_current = match &found {
            Ok(resolved) if resolved.kind == RefKind::Branch => {
                let age = self
                    .git
                    .synced_at(repository)
                    .map(|at| clock::now().duration_since(at));
                age.is_some_and(|age| age < BRANCH_AGE)
            }
            Ok(_) => true,
            Err(_) => false,
        };
        if freshness == Freshness::Asked || is_current {
            let resolved = found.map_err(|e| FlowError::new(Code::NotFound, e.to_string()))?;
            return Ok((resolved, notes));
        }
        match (self.git.sync(repository, SENTENCE_FETCH).await, found) {
            (Ok(_), _) => {
                let resolved = self
                    .git
                    .resolve(repository, name)
                    .await
                    .map_err(|error| FlowError::new(Code::NotFound, error.to_string()))?;
                Ok((resolved, notes))
            }
            (Err(error), Ok(resolved)) => {
                notes.push(format!(
                    "the repository could not be asked ({error}); this is what was known of it"
                ));
                Ok((resolved, notes))
            }
            (Err(error), Err(_)) => Err(FlowError::new(Code::Unavailable, error.to_string())),
        }
    }
}
