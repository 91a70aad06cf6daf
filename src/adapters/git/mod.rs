//! Git: the network part through the system's `git`, reading through git2.
//!
//! Each repository has a bare mirror of its branches and tags. [`Git::sync`] brings it up to date;
//! everything else only reads it, without the network, and says so if it was never fetched.
//!
//! ```text
//!   sync ──► command (argv) ──► os::process ──► git fetch ──► mirror ──┐
//!              └─ failure: what git said                               │
//!   resolve, refs, changes, file, context ◄── git2, on a blocking thread ┘
//! ```
//!
//! Nothing of a repository is ever run or followed: there is no checkout, so there are no hooks,
//! filters or submodules, and a symbolic link is content.

mod changes;
mod command;
mod context;
mod failure;
mod file;
mod mirror;
mod refs;
mod resolve;
mod sync;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::changes::Changes;
use crate::domain::repository::RepositoryUrl;
use crate::domain::revision::{RefInfo, RefName, Resolved};

use mirror::{Mirror, Place};
use sync::Gates;

pub use context::{ContextError, ContextSource, ContextSummary, InvalidPattern};
pub use failure::SyncError;
pub use file::{CommittedFile, FileError};
pub use mirror::MirrorError;
pub use resolve::ResolveError;

/// The mirrors below one directory. Clones share them.
#[derive(Clone)]
pub struct Git {
    root: Arc<PathBuf>,
    gates: Arc<Gates>,
}

impl Git {
    /// The directory is made when the first mirror is.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root: Arc::new(root),
            gates: Arc::default(),
        }
    }

    /// Brings the mirror up to date within `limit`, waiting for others included. Gives the time at
    /// which the fetch began: whatever was pushed before it is in the mirror now.
    ///
    /// A fetch that fails, is killed or dropped leaves the mirror usable.
    ///
    /// # Errors
    ///
    /// Why the repository could not be fetched; the mirror then is as old as it was.
    pub async fn sync(
        &self,
        repository: &RepositoryUrl,
        limit: Duration,
    ) -> Result<Timestamp, SyncError> {
        sync::sync(&self.root, &self.gates, repository, limit).await
    }

    /// Asks the repository itself whether it can be reached; nothing is written.
    ///
    /// # Errors
    ///
    /// Why it cannot be.
    pub async fn reach(repository: &RepositoryUrl, limit: Duration) -> Result<(), SyncError> {
        sync::reach(repository, limit).await
    }

    /// Packs a mirror that has grown untidy; without it, many fetches make reading slow. No commit
    /// is lost by it, not even one that no branch holds any more.
    ///
    /// # Errors
    ///
    /// As [`Git::sync`].
    pub async fn tidy(&self, repository: &RepositoryUrl, limit: Duration) -> Result<(), SyncError> {
        sync::tidy(&self.root, &self.gates, repository, limit).await
    }

    /// When the last fetch began that succeeded; none if there was none.
    pub fn synced_at(&self, repository: &RepositoryUrl) -> Option<Timestamp> {
        Place::of(&self.root, repository).synced_at()
    }

    /// The commit that a name means.
    ///
    /// # Errors
    ///
    /// When it means none, or more than one; the error says what could have been meant.
    pub async fn resolve(
        &self,
        repository: &RepositoryUrl,
        name: &RefName,
    ) -> Result<Resolved, ResolveError> {
        let name = name.clone();
        self.read(repository, move |mirror| resolve::resolve(mirror, &name))
            .await
    }

    /// Branches and tags whose name holds `query`, newest first.
    ///
    /// # Errors
    ///
    /// When the mirror cannot be read.
    pub async fn refs(
        &self,
        repository: &RepositoryUrl,
        query: &str,
        limit: usize,
    ) -> Result<Vec<RefInfo>, MirrorError> {
        let query = query.to_owned();
        self.read(repository, move |mirror| refs::list(mirror, &query, limit))
            .await
    }

    /// What changed from one commit to another, with at most `limit` commits listed.
    ///
    /// # Errors
    ///
    /// When the mirror has one of the commits not.
    pub async fn changes(
        &self,
        repository: &RepositoryUrl,
        since: Option<&str>,
        to: &str,
        limit: usize,
    ) -> Result<Changes, MirrorError> {
        let (since, to) = (since.map(str::to_owned), to.to_owned());
        self.read(repository, move |mirror| {
            changes::between(mirror, since.as_deref(), &to, limit)
        })
        .await
    }

    /// One file of a commit, of at most `max_bytes`.
    ///
    /// # Errors
    ///
    /// When there is no plain file at that path, or a larger one.
    pub async fn file(
        &self,
        repository: &RepositoryUrl,
        commit: &str,
        path: &str,
        max_bytes: u64,
    ) -> Result<CommittedFile, FileError> {
        let (commit, path) = (commit.to_owned(), path.to_owned());
        self.read(repository, move |mirror| {
            file::read(mirror, &commit, &path, max_bytes)
        })
        .await
    }

    /// What a build context would hold, and whether it can be built from at all: for the plan.
    ///
    /// # Errors
    ///
    /// Everything for which [`Git::context`] would refuse it.
    pub async fn survey_context(
        &self,
        repository: &RepositoryUrl,
        source: ContextSource,
    ) -> Result<ContextSummary, ContextError> {
        self.read(repository, move |mirror| {
            Ok(context::survey(mirror, &source)?.summary)
        })
        .await
    }

    /// Writes a build context as a tar archive, and gives the writer back.
    ///
    /// # Errors
    ///
    /// When the context is refused, before a byte is written; when the writer fails.
    pub async fn context<W: Write + Send + 'static>(
        &self,
        repository: &RepositoryUrl,
        source: ContextSource,
        writer: W,
    ) -> Result<(ContextSummary, W), ContextError> {
        self.read(repository, move |mirror| {
            let survey = context::survey(mirror, &source)?;
            let writer = context::write(mirror, &survey, writer)?;
            Ok((survey.summary, writer))
        })
        .await
    }

    async fn read<T, E>(
        &self,
        repository: &RepositoryUrl,
        work: impl FnOnce(&Mirror) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<MirrorError> + Send + 'static,
    {
        let place = Place::of(&self.root, repository);
        sync::blocking(move || work(&place.open()?)).await
    }
}
