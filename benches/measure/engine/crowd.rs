//! Many at once: what waits for a person holds no memory to speak of, of a thousand that hang each
//! is ended in time, and a process that is started on ten thousand that are not at their end is
//! ready soon.

use std::time::Duration;

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
const ROUNDS: usize = 3;
/// What belongs to the start is over by then.
const IDLE: Duration = Duration::from_secs(3);
const MIB: f64 = (1 << 20) as f64;

pub fn measure() -> Result<Vec<Figure>> {
    let mut figures = waiting()?;
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
