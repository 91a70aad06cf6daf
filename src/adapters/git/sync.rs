//! Bringing a mirror up to date, one at a time for each mirror, bounded in time.
//!
//! Two locks keep the order. Callers in this process queue at the mirror's gate, and a fetch that
//! began while they queued serves them all. The lock file keeps other processes out; the running
//! git holds it too (see [`run_holding`]), so that a git which outlived a Commander that
//! was killed is waited for, and what a dead one left behind can be removed with certainty.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::domain::repository::RepositoryUrl;
use crate::os::clock;
use crate::os::process::{self, Command, ProcessError, run_holding};

use super::command;
use super::failure::{SyncError, explain};
use super::mirror::{MirrorError, Place};

/// How often a lock that another process holds is tried again.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// The gates of all mirrors in use.
#[derive(Default)]
pub struct Gates(Mutex<HashMap<RepositoryUrl, Gate>>);

type Gate = Arc<tokio::sync::Mutex<Option<Attempt>>>;

/// The last fetch of a mirror, kept for those who queued before it began.
struct Attempt {
    began: Instant,
    outcome: Result<Timestamp, SyncError>,
}

impl Gates {
    fn of(&self, repository: &RepositoryUrl) -> Gate {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(repository.clone()).or_default())
    }
}

/// One call's share of time, waiting included.
#[derive(Clone, Copy)]
struct Budget {
    begun: Instant,
    limit: Duration,
}

impl Budget {
    fn left(&self) -> Duration {
        let spent = clock::monotonic().saturating_duration_since(self.begun);
        self.limit.saturating_sub(spent)
    }

    fn timed_out(&self, repository: &RepositoryUrl) -> SyncError {
        SyncError::TimedOut {
            repository: repository.clone(),
            limit: self.limit,
        }
    }
}

/// Fetches, or shares the outcome of a fetch that began after this call. Gives the time at which
/// the fetch began: what was pushed before it is in the mirror.
pub async fn sync(
    root: &Path,
    gates: &Gates,
    repository: &RepositoryUrl,
    limit: Duration,
) -> Result<Timestamp, SyncError> {
    let budget = Budget {
        begun: clock::monotonic(),
        limit,
    };
    let gate = gates.of(repository);
    let mut last = tokio::time::timeout(budget.left(), gate.lock())
        .await
        .map_err(|_| budget.timed_out(repository))?;
    // An attempt that ran out of time says nothing to a caller who has more of it.
    if let Some(attempt) = &*last
        && attempt.began >= budget.begun
        && !matches!(attempt.outcome, Err(SyncError::TimedOut { .. }))
    {
        return attempt.outcome.clone();
    }
    let began = clock::monotonic();
    let outcome = fetch(&Place::of(root, repository), repository, budget).await;
    *last = Some(Attempt {
        began,
        outcome: outcome.clone(),
    });
    outcome
}

/// Asks the repository whether it is there, past all mirrors.
pub async fn reach(repository: &RepositoryUrl, limit: Duration) -> Result<(), SyncError> {
    let command = command::list_remote(repository, limit);
    let asked = process::run(&command, &CancellationToken::new(), |_, _| {}).await;
    asked
        .map(drop)
        .map_err(|error| explain(repository, error, limit))
}

async fn fetch(
    place: &Place,
    repository: &RepositoryUrl,
    budget: Budget,
) -> Result<Timestamp, SyncError> {
    let lock = enter(place, repository, budget).await?;
    let at = clock::now();
    let command = command::fetch(&place.path(), repository, budget.left());
    run(&command, place, &lock)
        .await?
        .map_err(|error| explain(repository, error, budget.limit))?;
    place.note_synced(at)?;
    Ok(at)
}

/// Packs the mirror if it has grown untidy; nothing is lost by it. For a quiet hour.
pub async fn tidy(
    root: &Path,
    gates: &Gates,
    repository: &RepositoryUrl,
    limit: Duration,
) -> Result<(), SyncError> {
    let budget = Budget {
        begun: clock::monotonic(),
        limit,
    };
    let gate = gates.of(repository);
    let _turn = tokio::time::timeout(budget.left(), gate.lock())
        .await
        .map_err(|_| budget.timed_out(repository))?;
    let place = Place::of(root, repository);
    if place.synced_at().is_none() {
        return Ok(());
    }
    let lock = enter(&place, repository, budget).await?;
    run(&command::tidy(&place.path(), budget.left()), &place, &lock)
        .await?
        .map_err(|error| explain(repository, error, budget.limit))
}

/// Runs git with the lock in its hands as well as in ours.
async fn run(
    command: &Command,
    place: &Place,
    lock: &File,
) -> Result<Result<(), ProcessError>, MirrorError> {
    let shared = lock.try_clone().map_err(|error| place.unwritable(&error))?;
    // Whoever calls us gives up by dropping the future, which kills git.
    let outcome = run_holding(command, shared, &CancellationToken::new()).await;
    Ok(outcome.map(|_| ()))
}

/// Locks a mirror and makes it fit to be worked in.
async fn enter(
    place: &Place,
    repository: &RepositoryUrl,
    budget: Budget,
) -> Result<File, SyncError> {
    let lock = locked(place, repository, budget).await?;
    let place = place.clone();
    // The lock goes along: should our caller give up, the thread still works under it to its end.
    let prepared = blocking(move || place.prepare().map(|()| lock)).await;
    prepared.map_err(|error: MirrorError| error.into())
}

async fn locked(
    place: &Place,
    repository: &RepositoryUrl,
    budget: Budget,
) -> Result<File, SyncError> {
    let lock = place.lock_file()?;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if budget.left().is_zero() => {
                return Err(budget.timed_out(repository));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_INTERVAL).await,
            Err(TryLockError::Error(error)) => return Err(place.unwritable(&error).into()),
        }
    }
}

/// Runs what blocks on a thread that may.
pub async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<MirrorError> + Send + 'static,
{
    match spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime ended before the work began.
        Err(_) => Err(MirrorError::ShuttingDown.into()),
    }
}
