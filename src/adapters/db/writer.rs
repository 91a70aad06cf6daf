//! The writer thread: drains its queue into one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{broadcast, oneshot};

use super::{StoreError, changes};
use crate::domain::transition::Transition;
use crate::os::clock;

/// How long the writer looks for what comes next before it sleeps. What an execution commits next
/// follows its last commit closely, and to be woken takes as long as a third of a commit.
const LOOKS: Duration = Duration::from_micros(150);

/// The most transitions in one commit; more wait for the next, so that the first ones do not
/// wait for a queue that never empties.
const BATCH: usize = 256;

pub struct Job {
    pub transition: Transition,
    pub ack: oneshot::Sender<Result<(), StoreError>>,
}

/// What was committed, for those who listen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Notice {
    pub topic: Topic,
    /// The id of what changed.
    pub id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Plan,
    Execution,
    Journal,
    Release,
    Watch,
    Incident,
    Freeze,
    /// What people decide about a suggestion of the procedures.
    Suggestion,
}

impl Topic {
    pub const ALL: [Self; 8] = [
        Self::Plan,
        Self::Execution,
        Self::Journal,
        Self::Release,
        Self::Watch,
        Self::Incident,
        Self::Freeze,
        Self::Suggestion,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Execution => "execution",
            Self::Journal => "journal",
            Self::Release => "release",
            Self::Watch => "watch",
            Self::Incident => "incident",
            Self::Freeze => "freeze",
            Self::Suggestion => "suggestion",
        }
    }
}

/// What the writer has done since it was started.
#[derive(Debug, Default)]
pub struct Tally {
    commits: AtomicU64,
    transitions: AtomicU64,
}

/// What was written since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub commits: u64,
    pub transitions: u64,
}

impl Tally {
    pub fn read(&self) -> Written {
        Written {
            commits: self.commits.load(Ordering::Relaxed),
            transitions: self.transitions.load(Ordering::Relaxed),
        }
    }

    fn add(&self, results: &[Result<(), StoreError>]) {
        let written = results.iter().filter(|result| result.is_ok()).count() as u64;
        // Without any there is nothing that was made durable.
        self.commits
            .fetch_add(u64::from(written > 0), Ordering::Relaxed);
        self.transitions.fetch_add(written, Ordering::Relaxed);
    }
}

pub fn spawn(
    connection: Connection,
    notices: broadcast::Sender<Notice>,
    tally: Arc<Tally>,
) -> std::io::Result<Sender<Job>> {
    let (queue, jobs) = channel();
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || run(connection, &jobs, &notices, &tally))?;
    Ok(queue)
}

/// Ends when every handle of the store is gone.
fn run(
    mut connection: Connection,
    jobs: &Receiver<Job>,
    notices: &broadcast::Sender<Notice>,
    tally: &Tally,
) {
    while let Some(first) = next(jobs) {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let (transitions, acks): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|job| (job.transition, job.ack))
            .unzip();
        let (results, heard) = match commit(&mut connection, &transitions) {
            Ok(done) => {
                tally.add(&done.0);
                done
            }
            Err(error) => (vec![Err(error); acks.len()], Vec::new()),
        };
        for (ack, result) in acks.into_iter().zip(results) {
            // A caller that went away does not need its answer.
            let _ = ack.send(result);
        }
        for notice in heard {
            // Nobody may be listening.
            let _ = notices.send(notice);
        }
    }
}

/// `None` once every handle of the store is gone.
fn next(jobs: &Receiver<Job>) -> Option<Job> {
    let begun = clock::monotonic();
    while begun.elapsed() < LOOKS {
        match jobs.try_recv() {
            Ok(job) => return Some(job),
            Err(TryRecvError::Disconnected) => return None,
            // Whoever else has something to do goes first.
            Err(TryRecvError::Empty) => std::thread::yield_now(),
        }
    }
    jobs.recv().ok()
}

type Committed = (Vec<Result<(), StoreError>>, Vec<Notice>);

/// One commit for all of them. A transition that cannot be carried out is left out of it.
pub fn commit(
    connection: &mut Connection,
    transitions: &[Transition],
) -> Result<Committed, StoreError> {
    match commit_all(connection, transitions)? {
        Ok(heard) => Ok((vec![Ok(()); transitions.len()], heard)),
        Err(error) if transitions.len() == 1 => Ok((vec![Err(error)], Vec::new())),
        Err(_) => commit_apart(connection, transitions),
    }
}

/// Nearly always all of them can be carried out, and then none needs a savepoint, for which SQLite
/// would copy each page that the next one changes. Where one cannot, nothing is written (`Ok(Err)`);
/// what the database itself refuses, most of all the commit, is not tried again (`Err`).
fn commit_all(
    connection: &mut Connection,
    transitions: &[Transition],
) -> Result<Result<Vec<Notice>, StoreError>, StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(super::unwritable)?;
    let mut heard = Vec::new();
    for transition in transitions {
        if let Err(error) = changes::apply(&transaction, &transition.changes, &mut heard) {
            // Dropping the transaction rolls it back.
            return Ok(Err(error));
        }
    }
    transaction.commit().map_err(super::unwritable)?;
    Ok(Ok(heard))
}

/// Each with a savepoint of its own, to which it alone is taken back.
fn commit_apart(
    connection: &mut Connection,
    transitions: &[Transition],
) -> Result<Committed, StoreError> {
    let mut transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(super::unwritable)?;
    let mut results = Vec::with_capacity(transitions.len());
    let mut notices = Vec::new();
    for transition in transitions {
        let savepoint = transaction.savepoint().map_err(super::unwritable)?;
        let mut heard = Vec::new();
        let result = changes::apply(&savepoint, &transition.changes, &mut heard);
        match result {
            Ok(()) => {
                savepoint.commit().map_err(super::unwritable)?;
                notices.append(&mut heard);
                results.push(Ok(()));
            }
            Err(error) => {
                // Dropping the savepoint rolls it back.
                drop(savepoint);
                // A full disk makes SQLite roll back all of the batch, and what came after would
                // be written outside of it.
                if transaction.is_autocommit() {
                    return Err(error);
                }
                results.push(Err(error));
            }
        }
    }
    transaction.commit().map_err(super::unwritable)?;
    Ok((results, notices))
}
