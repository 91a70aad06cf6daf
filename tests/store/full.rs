//! A disk that is really full, under the real store: in a process of its own whose files may not
//! grow beyond a limit, so that the write that meets it is cut off in the middle.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use commander::domain::execution::{Execution, ExecutionState, ExecutionStatus, JournalEvent};
use commander::domain::lock::Fence;
use commander::domain::release::Presence;
use commander::engine::outside::LedgerJournal;
use commander::engine::{Engine, Halt, Journal, JournalError, Progress, RunError};
use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ledger::{Ledger, approved, opened, pending};
use crate::plans::{Scenario, deploy};
use crate::support::simulated_world::{MemoryJournal, Nature, Simulation};

const CHILD: &str = "COMMANDER_TEST_FULL_DISK";
const NAME: &str =
    "full::hc_46_a_full_disk_stops_the_engine_before_the_step_and_room_lets_it_go_on";

/// The real journal, and a copy of what it took for the world, which wants each call announced.
struct Both {
    real: LedgerJournal,
    copy: Arc<MemoryJournal>,
}

#[async_trait]
impl Journal for Both {
    async fn commit(&self, progress: Progress<'_>) -> Result<Option<Fence>, JournalError> {
        let fence = self.real.commit(progress).await?;
        self.copy.commit(progress).await?;
        Ok(fence)
    }

    async fn load(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, JournalError> {
        self.real.load(execution).await
    }
}

/// Files of this process may be so large; `None`: as large as they like.
fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = bytes.or(maximum);
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

struct Stage {
    ledger: Ledger,
    scenario: Scenario,
    simulation: Simulation,
}

impl Stage {
    async fn new() -> Self {
        let ledger = Ledger::new();
        let scenario = deploy(4, &[]);
        let plan = pending(&scenario.plan);
        ledger.write(super::ledger::stored(&plan)).await.unwrap();
        let approval = approved(&scenario.approvals[0]);
        ledger.write(approval).await.unwrap();
        ledger.write(opened(&scenario.execution)).await.unwrap();
        Self {
            ledger,
            scenario,
            simulation: Simulation::new(Nature::default()),
        }
    }

    /// Bytes of the largest file.
    fn size(&self) -> u64 {
        let files = std::fs::read_dir(self.ledger.directory.path()).unwrap();
        let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
        sizes.max().unwrap()
    }

    async fn run(&self) -> Result<Halt, RunError> {
        let engine = Engine {
            journal: Arc::new(Both {
                real: LedgerJournal::new(self.ledger.store.clone(), Arc::new(BTreeMap::new())),
                copy: self.simulation.journal.clone(),
            }),
            ..self.simulation.engine()
        };
        let (_tell, mut inbox) = mpsc::unbounded_channel();
        let (authorised, stop) = (self.scenario.authorised(), CancellationToken::new());
        engine
            .run(&authorised, &self.scenario.execution, &mut inbox, stop)
            .await
    }

    fn journal(&self) -> Vec<(Timestamp, JournalEvent)> {
        let id = &self.scenario.execution.id;
        self.ledger.store.journal(id, 0).unwrap()
    }

    /// What was refused has left nothing, and nothing was begun by it.
    fn assert_untouched_by_what_failed(&self) {
        let record = self.simulation.world.record();
        assert_eq!(record.unannounced, [""; 0], "begun without its event");
        let journal = self.journal();
        assert_eq!(
            journal,
            self.simulation.journal.events(&self.scenario.execution)
        );
        ExecutionState::replay(&self.scenario.plan.body, &journal).unwrap();
        if journal.is_empty() {
            assert_eq!(record.calls, [""; 0]);
        }
        assert!(self.ledger.verify().is_ok());
    }

    fn assert_gone_well(&self, ended: &Halt) {
        let Halt::Ended(end) = ended else {
            panic!("{ended:?}")
        };
        assert_eq!(end.status, ExecutionStatus::Succeeded);
        let release = self.scenario.execution.release.as_ref().unwrap();
        let release = self.ledger.store.release(release).unwrap();
        assert_eq!(release.presence, Presence::Live);
        let record = self.simulation.world.record();
        assert_eq!(record.unannounced, [""; 0]);
        assert_eq!(self.simulation.world.host().running().len(), 1);
        assert!(self.ledger.verify().is_ok());
    }
}

/// For every amount of room there is: how often the disk was full before the end.
async fn with_ever_more_room() -> usize {
    let mut full = 0;
    for room in (0..).step_by(9_001) {
        let stage = Stage::new().await;
        limit(Some(stage.size() + room));
        let ended = stage.run().await;
        limit(None);
        match ended {
            Ok(ended) => {
                stage.assert_gone_well(&ended);
                return full;
            }
            Err(RunError::Journal(JournalError::Unwritable(_))) => full += 1,
            Err(error) => panic!("{room} bytes: {error}"),
        }
        stage.assert_untouched_by_what_failed();
        let ended = stage.run().await.unwrap();
        stage.assert_gone_well(&ended);
    }
    unreachable!("there is room enough some day")
}

#[tokio::test(start_paused = true)]
async fn hc_46_a_full_disk_stops_the_engine_before_the_step_and_room_lets_it_go_on() {
    if std::env::var(CHILD).is_ok() {
        let full = with_ever_more_room().await;
        println!("full {full} times");
        // Nine commits, and more than one write in each.
        assert!(full >= 9, "{full}");
        return;
    }
    // The limit is told by a signal besides, which ends who does not ignore it.
    let ignoring = r#"trap "" XFSZ; exec "$0" "$@""#;
    let program = std::env::current_exe().unwrap();
    let child = Command::new("sh")
        .args(["-c", ignoring])
        .arg(program)
        .args([NAME, "--exact", "--nocapture"])
        .env(CHILD, "yes")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("full "),
        "{}\n{said}{}",
        child.status,
        String::from_utf8_lossy(&child.stderr)
    );
}
