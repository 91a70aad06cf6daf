//! Tries: which faults are tried again, how often and when; over crashes and cancellations.

use std::time::Duration;

use commander::domain::execution::{ExecutionStatus, FaultKind, JournalEvent};
use jiff::Timestamp;

use super::cases::{Case, case};
use crate::support::simulated_world::{
    Ended, JournalMishap, Mishap, Nature, Simulation, acknowledged,
};

type Events = Vec<(Timestamp, JournalEvent)>;

fn events(case: &Case, simulation: &Simulation) -> Events {
    simulation.journal.events(&case.scenario.execution)
}

/// When each failed try was written down, its number, and when the next one was due.
fn retries(events: &Events) -> Vec<(Timestamp, u32, Timestamp)> {
    let retries = events.iter().filter_map(|(at, event)| match event {
        JournalEvent::StepRetried {
            attempt,
            pause_milliseconds,
            ..
        } => Some((
            *at,
            *attempt,
            *at + Duration::from_millis(*pause_milliseconds),
        )),
        _ => None,
    });
    retries.collect()
}

fn starts(events: &Events, step: &str) -> Vec<Timestamp> {
    let starts = events.iter().filter_map(|(at, event)| match event {
        JournalEvent::StepStarted { step: id } if id.0 == step => Some(*at),
        _ => None,
    });
    starts.collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_away_for_a_moment_is_tried_again() {
    let case = case("deploy");
    let simulation = case.simulation();
    for call in 0..3 {
        simulation.world.plan(call, Mishap::Fail);
    }
    let status = simulation.run(&case.scenario).await.status();
    assert_eq!(status, ExecutionStatus::Succeeded);
    case.assert_defined("three failed fetches", &simulation, status);
    let events = events(&case, &simulation);
    let (retries, starts) = (retries(&events), starts(&events, "fetch"));
    let attempts: Vec<u32> = retries.iter().map(|(_, attempt, _)| *attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    let mut shortest = Duration::from_millis(500);
    for ((failed, _, due), started) in retries.iter().zip(&starts[1..]) {
        let pause = Duration::try_from(due.duration_since(*failed)).unwrap();
        assert!((shortest..=2 * shortest).contains(&pause), "{pause:?}");
        let late = started.duration_since(*due);
        assert!(!late.is_negative() && late.as_millis() <= 2, "{late:?}");
        shortest *= 2;
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_it_is_over() {
    let case = case("deploy");
    let simulation = case.simulation();
    for call in 0..4 {
        simulation.world.plan(call, Mishap::Fail);
    }
    let ended = simulation.run(&case.scenario).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    let Ended::Run(Ok(end)) = ended else {
        unreachable!()
    };
    let (step, fault) = end.state.failure.unwrap();
    assert_eq!(
        (step.0.as_str(), fault.kind),
        ("fetch", FaultKind::Unavailable)
    );
    assert_eq!(retries(&events(&case, &simulation)).len(), 3);
    assert_eq!(simulation.world.record().calls.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_tried_again() {
    let case = case("deploy");
    let simulation = case.simulation();
    simulation.world.plan(0, Mishap::Refuse);
    let status = simulation.run(&case.scenario).await.status();
    assert_eq!(status, ExecutionStatus::Failed);
    assert_eq!(retries(&events(&case, &simulation)), []);
}

/// The pause goes on over a crash, neither shorter nor from its beginning.
#[tokio::test(start_paused = true)]
async fn hc_40_a_pause_survives_a_crash() {
    for crash in [JournalMishap::CrashBefore, JournalMishap::CrashAfter] {
        let case = case("deploy");
        let simulation = case.simulation();
        simulation.world.plan(0, Mishap::Fail);
        // The first commit begins, the second holds the failed try, the third the next one.
        simulation.journal.plan(2, crash);
        let first = simulation.live(&case.scenario).await;
        assert_eq!(first, Ended::Crashed);
        let status = simulation.run(&case.scenario).await.status();
        assert_eq!(status, ExecutionStatus::Succeeded);
        let events = events(&case, &simulation);
        let (_, _, due) = retries(&events)[0];
        let second = starts(&events, "fetch")[1];
        assert!(second >= due && second.duration_since(due).as_millis() <= 2);
    }
}

#[tokio::test(start_paused = true)]
async fn hc_29_cancelling_in_a_pause_is_acknowledged_at_once() {
    let case = case("deploy");
    let simulation = case.simulation();
    simulation.world.plan_outage(0, Duration::from_secs(3600));
    let (ended, ()) = tokio::join!(simulation.run(&case.scenario), async {
        while retries(&events(&case, &simulation)).len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        simulation.cancel();
    });
    assert_eq!(ended.status(), ExecutionStatus::Cancelled);
    let (heard, _) = acknowledged(&events(&case, &simulation)).unwrap();
    let wished = simulation.world.record().cancelled_at.unwrap();
    assert!(heard.duration_since(wished).as_secs_f64() < 0.1);
    // No try began after that.
    assert_eq!(starts(&events(&case, &simulation), "fetch").len(), 2);
    assert_eq!(retries(&events(&case, &simulation)).len(), 2);
}

/// What is retried costs no more commits than its tries.
#[tokio::test(start_paused = true)]
async fn a_try_is_one_commit_at_its_end_and_one_at_the_next_begin() {
    let case = case("deploy");
    let calm = case.simulation_with(Nature::default());
    calm.run(&case.scenario).await;
    let simulation = case.simulation();
    simulation.world.plan(0, Mishap::Fail);
    simulation.run(&case.scenario).await;
    assert_eq!(simulation.journal.commits(), calm.journal.commits() + 2);
}
