//! Many at once: what waits for a person holds no memory to speak of, of a thousand that hang each
//! is ended in time, and a process that is started on ten thousand that are not at their end is
//! ready soon, whether they wait for a person or were in the middle of a step.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use commander::domain::execution::{ExecutionStatus, JournalEvent};
use commander::domain::id::ExecutionId;
use commander::engine::Halt;

use super::graphs::{Approved, BRIEF, Shape};
use super::house::{self, House};
use super::world::Nothing;
use crate::Result;
use crate::figure::{Figure, percentile};
use crate::load::milliseconds;
use crate::server::Server;

const WAITING: usize = 10_000;
const RUNNING: usize = 1_000;
/// Executions whose process ended in the middle of a step.
const BROKEN_OFF: usize = 10_000;
/// Longer than it may take on a busy machine until all of them are as far as they should be.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(10);
const ROUNDS: usize = 3;
/// What belongs to the start is over by then.
const IDLE: Duration = Duration::from_secs(3);
const MIB: f64 = (1 << 20) as f64;

pub fn measure() -> Result<Vec<Figure>> {
    let mut figures = waiting()?;
    figures.extend(broken_off()?);
    figures.extend(running()?);
    Ok(figures)
}

/// Servers on a data directory in which so many executions wait for a person, beside servers on one
/// without any.
fn waiting() -> Result<Vec<Figure>> {
    let house = House::make()?;
    let prepared = house.prepare(Shape::Asks, WAITING, WAITING)?;
    all_at_once(&house, prepared, |halt| matches!(halt, Halt::Waits(_)))?;
    let folder = house.close();
    let (mut ready, mut more) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let empty = idle_memory(&Server::start("")?)?;
        let server = Server::start_on(folder.path(), "")?;
        ready.push(server.answered_after.as_secs_f64());
        more.push(idle_memory(&server)? - empty);
    }
    let what = format!("{WAITING} executions wait for a person");
    Ok(vec![
        Figure::new(
            "engine",
            format!("{what}: start to the first answer"),
            "s",
            &ready,
        ),
        Figure::new("engine", format!("{what}: more memory (RSS)"), "MiB", &more),
    ])
}

fn idle_memory(server: &Server) -> Result<f64> {
    std::thread::sleep(IDLE);
    Ok(server.memory()? as f64 / MIB)
}

/// Servers that are started on executions which another process left in the middle of their first
/// step. All of them have gone on once each has taken the lock of its place up again, under a new
/// token and in one commit with the step that begins anew.
fn broken_off() -> Result<Vec<Figure>> {
    let house = House::with(Nothing::that_hangs())?;
    let prepared = house.prepare(Shape::Line, BROKEN_OFF, BROKEN_OFF)?;
    for approved in prepared {
        let engine = house.engine.clone();
        house
            .runtime
            .spawn(async move { house::run(&engine, &approved).await.map(drop) });
    }
    let mut called = 0;
    wait("every first step is called", || {
        called += house.world.moments().len();
        Ok(called == BROKEN_OFF)
    })?;
    let folder = house.close();
    let (mut ready, mut gone_on) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let copy = copy_of(folder.path())?;
        let begun = Instant::now();
        let mut server = Server::start_on(copy.path(), "")?;
        ready.push(server.answered_after.as_secs_f64());
        wait("every execution goes on", || {
            Ok(taken_up_again(copy.path())? == BROKEN_OFF)
        })?;
        gone_on.push(begun.elapsed().as_secs_f64());
        server.stop();
    }
    let what = format!("{BROKEN_OFF} executions in the middle of a step");
    Ok(vec![
        Figure::new(
            "engine",
            format!("{what}: start to the first answer"),
            "s",
            &ready,
        ),
        Figure::new(
            "engine",
            format!("{what}: start to the last one that goes on"),
            "s",
            &gone_on,
        ),
    ])
}

fn wait(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !is_so()? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("waited in vain: {what}").into());
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// As each start changes what is there.
fn copy_of(data: &Path) -> Result<TempDir> {
    let copy = house::folder()?;
    let database = data.join("commander.db");
    // What is still in the log is taken along.
    Connection::open(&database)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    std::fs::copy(database, copy.path().join("commander.db"))?;
    Ok(copy)
}

/// How many places were taken more than once.
fn taken_up_again(data: &Path) -> Result<usize> {
    let reader =
        Connection::open_with_flags(data.join("commander.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let again = "SELECT count(*) FROM fences WHERE token > 1";
    Ok(reader.query_row(again, [], |row| row.get(0))?)
}

/// How late the end of each try is that never comes back, by the journal.
fn running() -> Result<Vec<Figure>> {
    let mut late = Vec::new();
    for _ in 0..ROUNDS {
        let house = House::with(Nothing::that_hangs())?;
        let prepared = house.prepare(Shape::Brief, RUNNING, RUNNING)?;
        let executions: Vec<ExecutionId> =
            prepared.iter().map(|a| a.execution.id.clone()).collect();
        all_at_once(&house, prepared, |halt| match halt {
            Halt::Ended(end) => end.status == ExecutionStatus::Failed,
            Halt::Waits(_) => false,
        })?;
        let lateness: Result<Vec<f64>> = executions
            .iter()
            .map(|execution| lateness(&house, execution))
            .collect();
        late.push(percentile(&lateness?, 100));
    }
    let what = format!("{RUNNING} running at once, each over its time: the latest end");
    Ok(vec![Figure::new("engine", what, "ms late", &late)])
}

/// Runs them all in tasks of their own, and wants the same of each.
fn all_at_once(house: &House, all: Vec<Approved>, good: fn(&Halt) -> bool) -> Result<()> {
    house.runtime.block_on(async {
        let runs: Vec<_> = all
            .into_iter()
            .map(|approved| {
                let engine = house.engine.clone();
                tokio::spawn(async move { house::run(&engine, &approved).await })
            })
            .collect();
        for run in runs {
            let halt = run.await??;
            if !good(&halt) {
                return Err(format!("an execution came to something else: {halt:?}").into());
            }
        }
        Ok(())
    })
}

fn lateness(house: &House, execution: &ExecutionId) -> Result<f64> {
    let journal = house.store.journal(execution, 0)?;
    let at = |wanted: fn(&JournalEvent) -> bool| {
        let found = journal.iter().find(|(_, event)| wanted(event));
        found.map(|(at, _)| *at)
    };
    let started = at(|e| matches!(e, JournalEvent::StepStarted { .. }));
    let failed = at(|e| matches!(e, JournalEvent::StepFailed { .. }));
    let (Some(started), Some(failed)) = (started, failed) else {
        return Err(format!("the timeout of {execution} was missed").into());
    };
    let took = Duration::try_from(failed.duration_since(started))?;
    Ok(milliseconds(
        took.saturating_sub(Duration::from_secs(BRIEF.into())),
    ))
}
