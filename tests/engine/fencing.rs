//! Of two runs that both believe that a place is theirs, the one that took it last has it.

use std::time::Duration;

use commander::domain::execution::{ExecutionStatus, FaultKind, JournalEvent};
use commander::domain::lock::{Fence, Place};
use jiff::Timestamp;

use super::cases::{Case, case, container, measure};
use crate::support::plans::{self, Scenario, at, id};
use crate::support::simulated_world::{Ended, JournalMishap, Mishap, Nature, Simulation};

fn place(case: &Case) -> &Place {
    &case.scenario.execution.place
}

#[tokio::test(start_paused = true)]
async fn each_run_takes_its_place_with_a_token_of_its_own() {
    let case = case("deploy with a question");
    let simulation = case.simulation();
    let token = || simulation.journal.token(place(&case));
    let Ended::Waits(_) = simulation.process(&case.scenario).await else {
        panic!("it asks")
    };
    assert_eq!(token(), 1);
    // Who has nothing to write, nor to do, takes nothing.
    let Ended::Waits(_) = simulation.process(&case.scenario).await else {
        panic!("it still asks")
    };
    assert_eq!(token(), 1);
    let (_, commits) = measure(&case, Nature::default()).await;
    simulation
        .journal
        .plan(commits - 2, JournalMishap::CrashAfter);
    assert_eq!(simulation.live(&case.scenario).await, Ended::Crashed);
    assert_eq!(token(), 2, "one that goes on after the answer");
    let ended = simulation.run(&case.scenario).await;
    assert_eq!(ended.status(), ExecutionStatus::Succeeded);
    assert_eq!(token(), 3, "one that goes on after a crash");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_says_which_tokens_there_are_the_ledger_alone_counts() {
    let case = case("deploy");
    let simulation = case.simulation();
    simulation.world.hide_tokens(true);
    let ended = simulation.run(&case.scenario).await;
    assert_eq!(ended.status(), ExecutionStatus::Succeeded);
    assert_eq!(simulation.journal.token(place(&case)), 1);
    // Above a token that was given elsewhere, once it is known.
    let simulation = case.simulation();
    simulation.world.overtake(&elsewhere(&case));
    let ended = simulation.run(&case.scenario).await;
    assert_eq!(ended.status(), ExecutionStatus::Succeeded);
    assert_eq!(simulation.journal.token(place(&case)), 42);
}

/// A token that the ledger does not know of, as after the restore of a backup.
fn elsewhere(case: &Case) -> Fence {
    Fence {
        place: place(case).clone(),
        token: 41,
        execution: id(0xe1),
        since: at(0),
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_slow_to_say_which_tokens_there_are_is_waited_for() {
    let case = case("deploy");
    let simulation = case.simulation();
    simulation.world.overtake(&elsewhere(&case));
    simulation.world.hide_tokens(true);
    let slow = async {
        simulation.clock().sleep(Duration::from_secs(4)).await;
        simulation.world.hide_tokens(false);
    };
    let (ended, ()) = tokio::join!(simulation.run(&case.scenario), slow);
    assert_eq!(ended.status(), ExecutionStatus::Succeeded);
    assert_eq!(simulation.journal.token(place(&case)), 42);
}

/// It took its place without knowing, so that its calls are refused; it is told before it undoes
/// what it did, and is not stuck.
#[tokio::test(start_paused = true)]
async fn a_run_that_was_not_told_the_tokens_asks_again_and_heals_by_itself() {
    let case = case("deploy");
    let before = case.simulation().world.host();
    let simulation = case.simulation();
    simulation.world.hide_tokens(true);
    let told = async {
        let world = &simulation.world;
        while !world.record().calls.iter().any(|c| c.starts_with("stop_")) {
            simulation.clock().sleep(Duration::from_millis(10)).await;
        }
        world.overtake(&elsewhere(&case));
        world.hide_tokens(false);
    };
    let (ended, ()) = tokio::join!(simulation.run(&case.scenario), told);
    assert!(!simulation.world.record().overtaken.is_empty());
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert_eq!(simulation.journal.token(place(&case)), 42);
    assert_eq!(simulation.world.host().running(), before.running());
    // The next one is well from its first commit on.
    let ended = simulation.run(&next(&case.scenario)).await;
    assert_eq!(ended.status(), ExecutionStatus::Succeeded);
    assert_eq!(simulation.journal.token(place(&case)), 43);
}

/// The deploy of another version to the same place.
fn next(over: &Scenario) -> Scenario {
    let mut next = plans::deploy(5, &[]);
    next.execution.id = id(0xe1);
    next.execution.release = Some(id(0xe1));
    next.execution.replaces.clone_from(&over.execution.replaces);
    next
}

/// One call comes to the engine late; meanwhile the place was freed, and another execution took it.
async fn overtaken_at(case: &Case, call: usize) -> (Simulation, Ended, ExecutionStatus) {
    let simulation = case.simulation();
    simulation.world.plan(call, Mishap::Late);
    let next = next(&case.scenario);
    let first = simulation.process(&case.scenario);
    let second = async {
        while simulation.world.record().calls.len() <= call {
            simulation.clock().sleep(Duration::from_millis(10)).await;
        }
        let status = simulation.process(&next).await.status();
        (status, simulation.world.host())
    };
    let (stale, (status, host)) = tokio::join!(first, second);
    let context = format!("late at call {call}, then {status:?}");
    assert_eq!(simulation.world.host(), host, "{context}");
    let refused = simulation.world.record().overtaken;
    assert!(!refused.is_empty(), "{context}");
    case.assert_announced(&context, &simulation);
    (simulation, stale, status)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_after_another_run_took_the_place_is_refused() {
    let case = case("deploy");
    let (calls, _) = measure(&case, Nature::default()).await;
    let serving = container(&id(0xe1));
    let mut took_over = 0;
    for call in 0..calls {
        let (simulation, stale, status) = overtaken_at(&case, call).await;
        let Ended::Run(Ok(end)) = &stale else {
            panic!("{stale:?}")
        };
        let (_, fault) = end.state.failure.as_ref().unwrap();
        // The health gate tells it as the answer that it got.
        let said = "another run has shop in staging since ";
        assert!(fault.message.contains(said), "{fault}");
        // What it had begun it cannot undo any more: that is told, and not done.
        let undos = undos(&simulation.journal.events(&case.scenario.execution));
        assert_eq!(end.status == ExecutionStatus::Stuck, undos > 0, "{call}");
        if status == ExecutionStatus::Succeeded {
            took_over += 1;
            // A test that was cut short goes on to its end, and holds nothing.
            let host = simulation.world.host();
            let mut running = host.running();
            running.retain(|name| !name.starts_with("test-"));
            assert_eq!(running, [serving.as_str()]);
        }
    }
    // Before the stale one had switched there was nothing in the way.
    assert!(took_over > 5, "{took_over} of {calls}");
}

/// How many undos were refused.
fn undos(events: &[(Timestamp, JournalEvent)]) -> usize {
    let refused = |(_, event): &&(Timestamp, JournalEvent)| matches!(event, JournalEvent::UndoFailed { fault, .. } if fault.kind == FaultKind::Overtaken);
    events.iter().filter(refused).count()
}
