//! What an execution costs the store, counted and not timed: commits, and bytes of the database.
//! The engine and its journal are the real ones, the outside is the one of the measurements, which
//! does nothing.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use commander::adapters::db::Store;
use commander::domain::approval::{ApprovalWindows, authorise};
use commander::domain::execution::{Execution, ExecutionStatus, JournalEvent};
use commander::domain::lock::Fence;
use commander::domain::transition::Transition;
use commander::engine::outside::LedgerJournal;
use commander::engine::{Engine, Halt, Journal, JournalError, Progress, SystemTimer};
use futures_util::future::join_all;
use futures_util::poll;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{Barrier, mpsc};
use tokio_util::sync::CancellationToken;

use super::graphs::{Approved, Shape};
use super::ledger::Ledger;
use super::world::{Nothing, Silence};

/// So many at once.
const CROWD: usize = 64;

fn engine(journal: impl Journal + 'static) -> Engine {
    Engine {
        world: Arc::new(Nothing::default()),
        journal: Arc::new(journal),
        timer: Arc::new(SystemTimer::default()),
        log: Arc::new(Silence),
        instance: Arc::from("0123ab"),
    }
}

fn ledger_journal(store: &Store) -> LedgerJournal {
    LedgerJournal::new(store.clone(), Arc::default())
}

/// Stores and approves the plan of an execution in a place of its own.
async fn approved(ledger: &Ledger, shape: Shape, service: usize) -> Approved {
    let approved = Approved::make(shape, service).unwrap();
    let changes = Transition::of(approved.changes());
    ledger.store.write(changes).await.unwrap();
    approved.stored()
}

async fn succeeds(engine: &Engine, approved: &Approved) {
    let Approved {
        plan,
        approval,
        execution,
    } = approved;
    let approvals = std::slice::from_ref(approval);
    let windows = ApprovalWindows::default();
    let authorised = authorise(plan, approvals, None, windows, approval.at).unwrap();
    let (_tell, mut inbox) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let halt = engine.run(&authorised, execution, &mut inbox, stop).await;
    let Ok(Halt::Ended(end)) = halt else {
        panic!("{halt:?}")
    };
    assert_eq!(end.status, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn an_execution_takes_at_most_one_commit_a_step_and_one_more_of_the_store() {
    for shape in [Shape::Line, Shape::Fan] {
        let ledger = Ledger::new();
        let approved = approved(&ledger, shape, 0).await;
        let before = ledger.store.written();
        succeeds(&engine(ledger_journal(&ledger.store)), &approved).await;
        let commits = ledger.store.written().commits - before.commits;
        let steps = approved.plan.body.steps.len() as u64;
        assert!(commits > 1, "{shape:?}: {commits}");
        assert!(commits <= steps + 1, "{shape:?}: {commits} for {steps}");
        // And nothing is missing of it.
        let end = ledger.store.execution(&approved.execution.id).unwrap();
        assert_eq!(end.status, ExecutionStatus::Succeeded);
        let events = ledger.store.journal(&end.id, 0).unwrap();
        let done = events
            .iter()
            .filter(|(_, event)| matches!(event, JournalEvent::StepDone { .. }));
        assert_eq!(done.count() as u64, steps);
        ledger.verify().unwrap();
    }
}

/// The journal in the store, whose writer is kept waiting until all executions have handed their
/// events in: by a write lock that somebody else holds.
struct Together {
    journal: LedgerJournal,
    somebody: Mutex<Connection>,
    all: Barrier,
    handed_in: AtomicUsize,
}

impl Together {
    fn new(ledger: &Ledger) -> Self {
        let somebody = ledger.by_hand();
        let patience = std::time::Duration::from_secs(60);
        somebody.busy_timeout(patience).unwrap();
        Self {
            journal: ledger_journal(&ledger.store),
            somebody: Mutex::new(somebody),
            all: Barrier::new(CROWD),
            handed_in: AtomicUsize::new(0),
        }
    }

    fn somebody(&self, sql: &str) {
        self.somebody.lock().unwrap().execute_batch(sql).unwrap();
    }
}

#[async_trait]
impl Journal for Together {
    async fn commit(&self, progress: Progress<'_>) -> Result<Option<Fence>, JournalError> {
        // All are here, so the writer has nothing to do.
        self.all.wait().await;
        let number = self.handed_in.fetch_add(1, Ordering::SeqCst);
        if number.is_multiple_of(CROWD) {
            self.somebody("BEGIN IMMEDIATE");
        }
        let mut committing = pin!(self.journal.commit(progress));
        // The first look at it hands it in.
        assert!(poll!(committing.as_mut()).is_pending());
        if number % CROWD == CROWD - 1 {
            self.somebody("ROLLBACK");
        }
        committing.await
    }

    async fn load(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, JournalError> {
        self.journal.load(execution).await
    }
}

/// In one thread, so that nothing else happens between handing in and the next one.
#[tokio::test]
async fn executions_at_once_share_their_commits() {
    let ledger = Ledger::new();
    let mut crowd = Vec::new();
    for service in 0..CROWD {
        crowd.push(approved(&ledger, Shape::Line, service).await);
    }
    let before = ledger.store.written();
    let engine = engine(Together::new(&ledger));
    join_all(crowd.iter().map(|approved| succeeds(&engine, approved))).await;
    let written = ledger.store.written();
    let transitions = written.transitions - before.transitions;
    let commits = written.commits - before.commits;
    let rounds = crowd[0].plan.body.steps.len() as u64 + 1;
    assert_eq!(transitions, CROWD as u64 * rounds);
    // The writer may have taken the first ones of a round before it had to wait.
    assert!(commits <= 2 * rounds, "{commits} commits for {transitions}");
    ledger.verify().unwrap();
}

#[tokio::test]
async fn a_step_takes_less_than_four_kibibytes_of_the_database() {
    for shape in [Shape::Line, Shape::Fan] {
        let ledger = Ledger::new();
        let before = bytes(&ledger);
        let engine = engine(ledger_journal(&ledger.store));
        let mut steps = 0;
        for _ in 0..20 {
            let approved = approved(&ledger, shape, 0).await;
            succeeds(&engine, &approved).await;
            steps += approved.plan.body.steps.len() as u64;
        }
        // The plan, its approval and all entries of the trail are in it.
        let a_step = (bytes(&ledger) - before) / steps;
        assert!(a_step < 4096, "{shape:?}: {a_step} bytes a step");
    }
}

/// The database once the log that its writes wait in is taken into it.
fn bytes(ledger: &Ledger) -> u64 {
    let by_hand = ledger.by_hand();
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = by_hand.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0, "somebody else holds the log");
    std::fs::metadata(ledger.file()).unwrap().len()
}
