//! Very many executions at once.

use std::time::Duration;

use commander::domain::execution::{Execution, ExecutionStatus, FaultKind, JournalEvent};
use commander::engine::Halt;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::plans::{id, test};
use crate::support::simulated_world::{Mishap, Nature, Simulation};

const CROWD: usize = 1_000;

#[tokio::test(start_paused = true)]
async fn of_a_thousand_steps_that_hang_each_is_ended_in_time() {
    let simulation = Simulation::new(Nature::default());
    let scenario = test(4);
    let (engine, authorised) = (simulation.engine(), scenario.authorised());
    // The first call of each never comes back.
    for call in 0..CROWD {
        simulation.world.plan(call, Mishap::Hang);
    }
    let executions: Vec<Execution> = (0..CROWD)
        .map(|number| Execution {
            id: id(0x1000 + number as u64),
            ..scenario.execution.clone()
        })
        .collect();
    let runs = executions.iter().enumerate().map(|(number, execution)| {
        let (engine, authorised) = (&engine, &authorised);
        async move {
            // Each begins at a moment of its own, and so each has one at which its time is over.
            tokio::time::sleep(Duration::from_millis(number as u64)).await;
            let (_tell, mut inbox) = mpsc::unbounded_channel();
            let stop = CancellationToken::new();
            engine.run(authorised, execution, &mut inbox, stop).await
        }
    });
    for halt in join_all(runs).await {
        let Ok(Halt::Ended(end)) = halt else {
            panic!("{halt:?}")
        };
        assert_eq!(end.status, ExecutionStatus::Failed);
    }
    let first = scenario.plan.body.in_order().unwrap()[0];
    let limit = Duration::from_secs(first.timeout_seconds.into());
    for execution in &executions {
        let events = simulation.journal.events(execution);
        let took = from_start_to_timeout(&events);
        // Tokio counts in milliseconds.
        let late = took.checked_sub(limit);
        let late = late.unwrap_or_else(|| panic!("{took:?} is too early"));
        assert!(late < Duration::from_millis(5), "{late:?} late");
    }
}

fn from_start_to_timeout(events: &[(Timestamp, JournalEvent)]) -> Duration {
    let at = |wanted: fn(&JournalEvent) -> bool| {
        let found = events.iter().find(|(_, event)| wanted(event));
        found.unwrap_or_else(|| panic!("{events:#?}")).0
    };
    let started = at(|event| matches!(event, JournalEvent::StepStarted { .. }));
    let ended = at(
        |event| matches!(event, JournalEvent::StepFailed { fault, .. } if fault.kind == FaultKind::TimedOut),
    );
    Duration::try_from(ended.duration_since(started)).unwrap()
}
