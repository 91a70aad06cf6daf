//! Cancelling at every point: acknowledged at once, and ended in a defined state.

use std::time::Duration;

use commander::domain::execution::{ExecutionState, ExecutionStatus};
use commander::engine::{CancelWish, RunError, Signal, may_be_cancelled};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::cases::{case, cases, measure};
use crate::support::plans::{by, image};
use crate::support::simulated_world::{Ended, Mishap, Nature, acknowledged};

#[tokio::test(start_paused = true)]
async fn hc_29_cancelling_at_any_call_is_acknowledged_at_once_and_ends_defined() {
    for case in cases() {
        let is_rollback = case.title == "rollback";
        let (calls, _) = measure(&case, Nature::default()).await;
        let mut past_the_switch = false;
        for call in 0..calls {
            for mishap in [Mishap::Cancel, Mishap::CancelUnheard] {
                let when = format!("{mishap:?} at {call}");
                let simulation = case.simulation();
                simulation.world.plan(call, mishap);
                let status = simulation.run(&case.scenario).await.status();
                case.assert_defined(&when, &simulation, status);
                let record = simulation.world.record();
                past_the_switch |= is_rollback && record.calls[call].starts_with("stop_");
                let events = simulation.journal.events(&case.scenario.execution);
                let heard = acknowledged(&events);
                if past_the_switch {
                    assert_eq!(status, ExecutionStatus::Succeeded, "{when}");
                    assert_eq!(heard, None, "{when}");
                } else {
                    assert_eq!(status, ExecutionStatus::Cancelled, "{}, {when}", case.title);
                    let (heard, who) = heard.unwrap();
                    assert_eq!(who, by("grace"));
                    let wished = record.cancelled_at.unwrap();
                    assert!(
                        heard.duration_since(wished).as_secs_f64() < 1.0,
                        "{}, {when}",
                        case.title
                    );
                }
            }
        }
        assert_eq!(past_the_switch, is_rollback, "{}", case.title);
    }
}

/// A step that hangs is told to stop and ends at once; one that does not listen is left behind.
/// Neither is waited for until its time limit.
#[tokio::test(start_paused = true)]
async fn hc_29_a_step_that_hangs_is_not_waited_for() {
    for case in cases() {
        let (calls, _) = measure(&case, Nature::default()).await;
        for call in 0..calls {
            for (mishap, within) in [(Mishap::Hang, 5.0), (Mishap::HangAfter, 25.0)] {
                let when = format!("{mishap:?} at {call}");
                let simulation = case.simulation();
                simulation.world.plan(call, mishap);
                let (ended, ()) = tokio::join!(simulation.run(&case.scenario), async {
                    while simulation.world.record().calls.len() <= call {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    simulation.cancel();
                });
                case.assert_defined(&when, &simulation, ended.status());
                let events = simulation.journal.events(&case.scenario.execution);
                if acknowledged(&events).is_some() {
                    let wished = simulation.world.record().cancelled_at.unwrap();
                    let (end, _) = events.last().unwrap();
                    let took = end.duration_since(wished).as_secs_f64();
                    // A stop that was left may be under way, and it is looked at until it would be
                    // over; what serves is not touched meanwhile.
                    let hung = &simulation.world.record().calls[call];
                    let drain = match &case.scenario.plan.body.configuration {
                        Some(it) if hung.starts_with("stop_") || hung.starts_with("restart_") => {
                            it.drain_seconds + 6
                        }
                        _ => 0,
                    };
                    let within = within + f64::from(drain);
                    assert!(took < within, "{}, {when}: {took} s", case.title);
                }
            }
        }
    }
}

/// An unwind goes on as it is; a wish that comes during it changes nothing.
#[tokio::test(start_paused = true)]
async fn cancelling_what_unwinds_changes_nothing() {
    let case = case("deploy");
    let (calls, _) = measure(&case, case.bad_release()).await;
    let (healthy, _) = measure(&case, Nature::default()).await;
    for call in healthy..calls {
        let simulation = case.simulation_with(case.bad_release());
        simulation.world.plan(call, Mishap::Cancel);
        let status = simulation.run(&case.scenario).await.status();
        case.assert_defined(&format!("cancelled at {call}"), &simulation, status);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_may_not_be_cancelled() {
    for case in cases() {
        let simulation = case.simulation();
        simulation.run(&case.scenario).await;
        let plan = &case.scenario.plan;
        let events = simulation.journal.events(&case.scenario.execution);
        let state = ExecutionState::replay(&plan.body, &events).unwrap();
        assert!(!may_be_cancelled(plan, &state), "{}", case.title);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stops_leaves_the_execution_to_the_next() {
    for case in cases().into_iter().filter(|case| !case.asks()) {
        let (calls, _) = measure(&case, Nature::default()).await;
        for call in 0..calls {
            let simulation = case.simulation();
            let stop = CancellationToken::new();
            let (_canceller, mut inbox) = mpsc::unbounded_channel();
            let (engine, authorised) = (simulation.engine(), case.scenario.authorised());
            let execution = &case.scenario.execution;
            let (ended, ()) = tokio::join!(
                engine.run(&authorised, execution, &mut inbox, stop.clone()),
                async {
                    while simulation.world.record().calls.len() <= call {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    stop.cancel();
                }
            );
            assert_eq!(ended, Err(RunError::Stopping), "{} {call}", case.title);
            let status = simulation.run(&case.scenario).await.status();
            assert_eq!(status, ExecutionStatus::Succeeded);
            case.assert_defined(&format!("stopped at {call}"), &simulation, status);
        }
    }
}

/// What is told to end does so, whether or not anybody still waits for it: what was replaced serves
/// when the unwinding is over, and goes on to.
#[tokio::test(start_paused = true)]
async fn hc_29_what_is_still_ending_when_the_switch_is_left_serves_again() {
    for title in ["deploy", "promote"] {
        left_while_it_ends(title).await;
    }
}

/// The engine may have heard only of the stop.
#[tokio::test(start_paused = true)]
async fn a_restart_that_is_left_in_its_drain_starts_again_what_served() {
    left_while_it_ends("restart").await;
}

async fn left_while_it_ends(title: &'static str) {
    let case = case(title);
    let takes = Duration::from_secs(29);
    let nature = Nature {
        stubborn: [(image(1), takes)].into(),
        ..Nature::default()
    };
    let (calls, _) = measure(&case, nature.clone()).await;
    for call in 0..calls {
        for mishap in [
            Mishap::Cancel,
            Mishap::CancelUnheard,
            Mishap::LoseAnswer,
            Mishap::HangAfter,
        ] {
            let when = format!("{mishap:?} at {call}");
            let simulation = case.simulation_with(nature.clone());
            simulation.world.plan(call, mishap);
            let status = simulation.run(&case.scenario).await.status();
            tokio::time::sleep(takes).await;
            case.assert_defined(&when, &simulation, status);
        }
        let simulation = case.simulation_with(nature.clone());
        simulation.world.plan(call, Mishap::CrashAfter);
        simulation.live(&case.scenario).await;
        let wish = Signal::Cancel(CancelWish {
            by: by("grace"),
            reason: "not today".to_owned(),
        });
        let mut ended = simulation.process_told(&case.scenario, vec![wish]).await;
        while let Ended::Crashed | Ended::Waits(_) = ended {
            ended = simulation.live(&case.scenario).await;
        }
        tokio::time::sleep(takes).await;
        let when = format!("killed at {call}, and cancelled");
        case.assert_defined(&when, &simulation, ended.status());
    }
}
