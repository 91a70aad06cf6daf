//! A data directory with the real store and journal, and an engine over an outside that does nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use commander::adapters::db::Store;
use commander::domain::approval::{ApprovalWindows, authorise};
use commander::domain::execution::ExecutionStatus;
use commander::domain::lock::Place;
use commander::domain::transition::Transition;
use commander::domain::watch::WatchSettings;
use commander::engine::outside::LedgerJournal;
use commander::engine::{Engine, Halt, SystemTimer};
use commander::os::clock;

use super::graphs::{Approved, Shape};
use super::world::{Nothing, Silence};
use crate::Result;
use crate::figure::Figure;

/// Executions of which the plans are stored in one transition before the clock starts.
const TOGETHER: usize = 100;
const WARM_UP: usize = 100;

/// What one run came to.
pub struct Run {
    pub per_second: f64,
    /// Commits of one execution.
    pub commits: f64,
    /// Plan, approval and all entries of the trail included.
    pub bytes_per_step: f64,
    /// Milliseconds from one step's call to the next one's, in the order in which they came.
    pub between_steps: Vec<f64>,
}

pub struct House {
    pub folder: TempDir,
    pub store: Store,
    pub engine: Engine,
    pub world: Arc<Nothing>,
    pub runtime: Runtime,
}

/// On the disk that the project is built on: a temporary folder of the system may be in memory.
pub fn folder() -> Result<TempDir> {
    std::fs::create_dir_all(env!("CARGO_TARGET_TMPDIR"))?;
    Ok(TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?)
}

/// How long the disk takes to keep what was written: no commit is faster.
pub fn disk() -> Result<Figure> {
    let folder = folder()?;
    let mut file = File::create(folder.path().join("file"))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        file.write_all(&[1; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    let half = times.len() / 2;
    let medians: Vec<f64> = times.chunks(half).map(crate::figure::median).collect();
    Ok(Figure::new(
        "engine",
        "the disk keeps 4 KiB (fdatasync)",
        "ms",
        &medians,
    ))
}

impl House {
    pub fn make() -> Result<Self> {
        Self::with(Nothing::default())
    }

    pub fn with(world: Nothing) -> Result<Self> {
        Self::watching(world, BTreeMap::new())
    }

    /// One in which the releases of these places are watched like this.
    pub fn watching(world: Nothing, watches: BTreeMap<Place, WatchSettings>) -> Result<Self> {
        let folder = folder()?;
        let store = Store::open(folder.path())?;
        let world = Arc::new(world);
        let engine = Engine {
            world: world.clone(),
            journal: Arc::new(LedgerJournal::new(store.clone(), Arc::new(watches))),
            timer: Arc::new(SystemTimer::default()),
            log: Arc::new(Silence),
            instance: Arc::from("0123ab"),
        };
        Ok(Self {
            folder,
            store,
            engine,
            world,
            runtime: Runtime::new()?,
        })
    }

    /// Ends everything that works on the data directory.
    pub fn close(self) -> TempDir {
        let Self { folder, .. } = self;
        folder
    }

    /// Stores and approves so many plans, each for its own service, or for one of so many.
    pub fn prepare(&self, shape: Shape, count: usize, services: usize) -> Result<Vec<Approved>> {
        let mut prepared = Vec::new();
        for begin in (0..count).step_by(TOGETHER) {
            let mut changes = Vec::new();
            for number in begin..count.min(begin + TOGETHER) {
                let approved = Approved::make(shape, number % services)?;
                changes.extend(approved.changes());
                prepared.push(approved.stored());
            }
            self.runtime
                .block_on(self.store.write(Transition::of(changes)))?;
        }
        Ok(prepared)
    }

    pub fn run(self, shape: Shape, count: usize, at_once: usize) -> Result<Run> {
        for approved in self.prepare(shape, WARM_UP, 1)? {
            self.runtime.block_on(to_its_end(&self.engine, &approved))?;
        }
        self.world.moments();
        let bytes = bytes_stored(self.folder.path())?;
        let prepared = self.prepare(shape, count, at_once)?;
        let steps = prepared[0].plan.body.steps.len();
        let written = self.store.written();
        let mut lanes: Vec<Vec<Approved>> = (0..at_once).map(|_| Vec::new()).collect();
        for (number, approved) in prepared.into_iter().enumerate() {
            lanes[number % at_once].push(approved);
        }
        let begun = Instant::now();
        self.runtime.block_on(async {
            let lanes: Vec<_> = lanes
                .into_iter()
                .map(|lane| tokio::spawn(one_after_the_other(self.engine.clone(), lane)))
                .collect();
            for lane in lanes {
                lane.await??;
            }
            Result::Ok(())
        })?;
        let seconds = begun.elapsed().as_secs_f64();
        let commits = self.store.written().commits - written.commits;
        let grown = bytes_stored(self.folder.path())? - bytes;
        let moments = self.world.moments();
        let expected = count * steps;
        if moments.len() != expected {
            return Err(format!("{} steps were run instead of {expected}", moments.len()).into());
        }
        Ok(Run {
            per_second: count as f64 / seconds,
            commits: commits as f64 / count as f64,
            bytes_per_step: grown as f64 / expected as f64,
            between_steps: within_executions(&moments, steps),
        })
    }
}

/// From the end of one execution to the first step of the next there is more than one step's worth.
fn within_executions(moments: &[Instant], steps: usize) -> Vec<f64> {
    let milliseconds = |pair: &[Instant]| (pair[1] - pair[0]).as_secs_f64() * 1000.0;
    let executions = moments.chunks(steps);
    executions
        .flat_map(|steps| steps.windows(2).map(milliseconds))
        .collect()
}

async fn one_after_the_other(engine: Engine, lane: Vec<Approved>) -> Result<()> {
    for approved in lane {
        to_its_end(&engine, &approved).await?;
    }
    Ok(())
}

pub async fn to_its_end(engine: &Engine, approved: &Approved) -> Result<()> {
    match run(engine, approved).await? {
        Halt::Ended(end) if end.status == ExecutionStatus::Succeeded => Ok(()),
        other => Err(format!("an execution did not succeed: {other:?}").into()),
    }
}

/// As the flow starts one: the right to run is given first.
pub async fn run(engine: &Engine, approved: &Approved) -> Result<Halt> {
    let Approved {
        plan,
        approval,
        execution,
    } = approved;
    let approvals = std::slice::from_ref(approval);
    let windows = ApprovalWindows::default();
    let authorised = authorise(plan, approvals, None, windows, clock::now())?;
    let (_tell, mut inbox) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    Ok(engine.run(&authorised, execution, &mut inbox, stop).await?)
}

/// The database once the log that its writes wait in is taken into it. The log keeps its length, as
/// it does where a process has been at work for a while.
fn bytes_stored(folder: &Path) -> Result<u64> {
    let path = folder.join("commander.db");
    let by_hand = rusqlite::Connection::open(&path)?;
    by_hand.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
    Ok(std::fs::metadata(path)?.len())
}
