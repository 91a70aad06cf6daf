//! The process that is killed. It is this very test program, started again with variables that say
//! what to do and when to die.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use commander::app::App;
use commander::domain::execution::Execution;
use commander::domain::execution::JournalEvent;
use commander::domain::lock::Fence;
use commander::domain::plan::{Origin, Plan, Requester, Surface};
use commander::domain::release::{self, Presence, Quality, Release};
use commander::engine::{Journal, JournalError, Progress};
use jiff::Timestamp;
use rustix::process::{Signal, getpid, kill_process};

use crate::house::{Setup, build, person, staging, until};

const DIRECTORY: &str = "COMMANDER_TEST_DIRECTORY";
const ACT: &str = "COMMANDER_TEST_ACT";
const DIES: &str = "COMMANDER_TEST_DIES";

/// What a process is to do before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Deploy(&'static str),
    /// To the release that is not live, which a person has looked at and found good.
    RollBack,
    /// Nothing new: what was begun.
    GoOn,
}

/// At which commit of its journal a process dies, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dies {
    Before(usize),
    After(usize),
}

/// Runs a process to its end; false when it was killed.
pub fn lives(directory: &Path, setup: &Setup, act: Act, dies: Option<Dies>) -> bool {
    // The child builds the same configuration from the same setup.
    assert!(setup.journal.is_none() && setup.procedures.is_empty());
    let act = match act {
        Act::Deploy(version) => format!("deploy {version}"),
        Act::RollBack => "roll back".to_owned(),
        Act::GoOn => "go on".to_owned(),
    };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["child::a_process_of_its_own", "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(ACT, &act)
        .stdin(Stdio::null());
    match dies {
        Some(Dies::Before(commit)) => command.env(DIES, format!("before {commit}")),
        Some(Dies::After(commit)) => command.env(DIES, format!("after {commit}")),
        None => command.env_remove(DIES),
    };
    let done = command.output().unwrap();
    let killed = done.status.signal() == Some(Signal::KILL.as_raw());
    assert!(
        killed || done.status.success(),
        "{act:?}: {}\n{}{}",
        done.status,
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(!killed || dies.is_some());
    !killed
}

/// Without the variables there is nothing to do: the other tests of this suite start it.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_its_own() {
    let Ok(directory) = std::env::var(DIRECTORY) else {
        return;
    };
    let setup = Setup {
        journal: Some(|journal| Arc::new(Deadly::before(journal))),
        ..super::walks::setup()
    };
    let app = build(Path::new(&directory), &setup).await;
    app.start().await.unwrap();
    let act = std::env::var(ACT).unwrap();
    let plan = match act.split_once(' ').unwrap() {
        ("deploy", version) => Some(deploy(&app, version).await),
        ("roll", _) => Some(roll_back(&app).await),
        _ => None,
    };
    if let Some(plan) = plan {
        let ada = person("ada");
        let approved = app.flow.approve(&plan.id, &plan.digest, &ada, None).await;
        approved.unwrap().execution.expect("one approval is enough");
    }
    until("all executions end", || {
        let open = app.flow.store.open_executions().unwrap();
        open.is_empty().then_some(())
    })
    .await;
    app.stop().await;
}

async fn deploy(app: &App, version: &str) -> Plan {
    let sentence = format!("deploy tag {version} of shop to staging and run the tests");
    let ada = person("ada");
    let asked = app.flow.ask(&sentence, &ada, Surface::Web, None, None);
    asked.await.unwrap().plans.remove(0)
}

async fn roll_back(app: &App) -> Plan {
    let ada = person("ada");
    let ledger = app.flow.store.ledger(&staging()).unwrap();
    let kept = |r: &&Release| r.presence == Presence::Standby;
    let target = ledger.iter().find(kept).expect("one is kept").clone();
    if target.quality == Quality::Quarantined {
        app.flow.lift_quarantine(&target.id, &ada).await.unwrap();
    }
    if app.flow.store.release(&target.id).unwrap().quality != Quality::Verified {
        app.flow.verify_release(&target.id, &ada).await.unwrap();
    }
    assert!(release::live(&ledger).is_some());
    let origin = Origin {
        by: Requester::Person { name: ada },
        surface: Surface::Web,
        command: None,
        thread: None,
        intent: None,
        text: None,
        rerun_of: None,
    };
    let planned = app
        .flow
        .plan_rollback(&staging(), Some(&target.id), origin)
        .await;
    planned.unwrap()
}

/// A journal that is the death of its process.
struct Deadly {
    inner: Arc<dyn Journal>,
    dies: Option<Dies>,
    commits: AtomicUsize,
}

impl Deadly {
    fn before(inner: Arc<dyn Journal>) -> Self {
        let said = std::env::var(DIES).ok();
        let dies = said.map(|said| match said.split_once(' ').unwrap() {
            ("before", commit) => Dies::Before(commit.parse().unwrap()),
            (_, commit) => Dies::After(commit.parse().unwrap()),
        });
        Self {
            inner,
            dies,
            commits: AtomicUsize::new(0),
        }
    }

    async fn dies(&self, now: Dies) {
        if self.dies == Some(now) {
            kill_process(getpid(), Signal::KILL).unwrap();
            std::future::pending().await
        }
    }
}

#[async_trait]
impl Journal for Deadly {
    async fn commit(&self, progress: Progress<'_>) -> Result<Option<Fence>, JournalError> {
        let commit = self.commits.fetch_add(1, Ordering::Relaxed);
        self.dies(Dies::Before(commit)).await;
        let fence = self.inner.commit(progress).await?;
        self.dies(Dies::After(commit)).await;
        Ok(fence)
    }

    async fn load(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, JournalError> {
        self.inner.load(execution).await
    }
}
