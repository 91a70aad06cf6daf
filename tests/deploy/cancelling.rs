//! A person changes their mind: heard at once, and ended as if nothing had been begun.

use std::time::{Duration, Instant};

use commander::domain::execution::{ExecutionStatus, StepStatus};
use commander::domain::plan::{Plan, PlanStatus};
use commander::domain::release::Release;
use commander::flow::Code;

use crate::house::{Ended, House, Setup, person, staging};

/// Starts a deploy, cancels it while `step` runs, and gives its end.
async fn cancelled_during(house: &House, version: &str, step: &str) -> Ended {
    let sentence = format!("deploy tag {version} of shop to staging and run the tests");
    cancelled_in(house, &house.plan(&sentence).await, step).await
}

/// The end of an execution that was cancelled while `step` of it ran.
async fn cancelled_in(house: &House, plan: &Plan, step: &str) -> Ended {
    let execution = house.approve(plan).await;
    house
        .step_is(&execution.id, step, StepStatus::Running)
        .await;
    let asked = Instant::now();
    house
        .flow()
        .cancel(&execution.id, &person("bob"), "wrong version")
        .await
        .unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{step}: {:?}",
        asked.elapsed()
    );
    let again = house
        .flow()
        .cancel(&execution.id, &person("bob"), "wrong version")
        .await;
    assert_eq!(again.unwrap_err().code, Code::TooLate);
    let ended = house.end_of(&execution.id).await;
    // The longest drain here is of 18 s.
    assert!(
        asked.elapsed() < Duration::from_secs(60),
        "{step}: {:?}",
        asked.elapsed()
    );
    assert_eq!(
        ended.status(),
        ExecutionStatus::Cancelled,
        "{step}: {}",
        ended.why()
    );
    assert_eq!(ended.plan.status, PlanStatus::Cancelled);
    assert_eq!(ended.why(), "cancelled: by bob: wrong version");
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_29_cancelling_during_build_tests_switch_and_gate_ends_as_before() {
    // The gate waits long for what never becomes healthy.
    let setup = Setup {
        deadline: Some("40s"),
        ..Setup::default()
    };
    let house = House::with(setup).await;
    let before = house.deploy("stubborn").await;
    let images = house.images();
    for (version, step) in [
        ("slow-build", "build"),
        ("slow-tests", "test-unit"),
        // The live one does not end when it is asked to: the switch takes its two seconds.
        ("v1.1.0", "switch"),
        ("never-healthy", "health"),
        ("slow-smoke", "smoke-smoke"),
    ] {
        cancelled_during(&house, version, step).await;
        assert_eq!(house.live().id, before.id, "{step}");
        house.answers_as("stubborn").await;
        assert_eq!(house.containers().len(), 1, "{step}");
        assert_eq!(house.images(), images, "{step}");
        assert_eq!(house.flow().store.lock(&staging()).unwrap(), None);
    }
    assert!(house.incidents().is_empty());
}

/// A release whose container takes longer to end than a step that was cancelled is waited for.
async fn with_what_takes_long_to_end() -> (House, Release) {
    let drain = "[services.shop.environments.staging]\ndrain = \"18s\"";
    let house = House::with(Setup {
        environments: drain.to_owned(),
        ..Setup::default()
    })
    .await;
    let release = house.deploy("stubborn").await;
    (house, release)
}

/// The engine carries a stop out, whether or not anybody still waits for it: what was told to end
/// when the switch was left is waited for, and started again after it.
#[tokio::test(flavor = "multi_thread")]
async fn hc_29_what_takes_long_to_end_serves_again_after_a_cancelled_switch() {
    let (house, before) = with_what_takes_long_to_end().await;
    let began = |house: &House| {
        let container = house.inspect(&before).unwrap();
        container["State"]["StartedAt"].as_str().unwrap().to_owned()
    };
    let first = began(&house);
    let plan = house.plan("deploy v1.1.0 of shop to staging").await;
    cancelled_in(&house, &plan, "switch").await;
    // Not the one that was still ending.
    assert_ne!(began(&house), first);
    assert_eq!(house.live().id, before.id);
    house.answers_as("stubborn").await;
    assert_eq!(house.containers().len(), 1);
    assert!(house.incidents().is_empty());
}

/// Whether the engine goes on to start what it was told to stop differs from version to version.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_that_is_cancelled_in_its_drain_leaves_the_service_running() {
    let (house, before) = with_what_takes_long_to_end().await;
    let plan = house.plan("restart shop in staging").await;
    let ended = cancelled_in(&house, &plan, "restart").await;
    assert_eq!(ended.step("restart"), StepStatus::Undone);
    assert_eq!(house.live().id, before.id);
    house.answers_as("stubborn").await;
    assert!(house.incidents().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_29_what_waits_behind_another_is_cancelled_too() {
    let house = House::new().await;
    let first = house
        .plan("deploy tag slow-tests of shop to staging and run the tests")
        .await;
    let first = house.approve(&first).await;
    house
        .step_is(&first.id, "test-unit", StepStatus::Running)
        .await;
    let second = house.plan("deploy v1.1.0 of shop to staging").await;
    let second = house.approve(&second).await;

    house
        .flow()
        .cancel(&second.id, &person("bob"), "not today")
        .await
        .unwrap();
    let ended = house.end_of(&second.id).await;
    assert_eq!(
        (ended.status(), ended.plan.status),
        (ExecutionStatus::Cancelled, PlanStatus::Cancelled)
    );
    assert_eq!(
        house.flow().store.execution(&first.id).unwrap().status,
        ExecutionStatus::Running
    );
    let late = house
        .flow()
        .cancel(&second.id, &person("bob"), "not today")
        .await
        .unwrap_err();
    assert_eq!(late.code, Code::TooLate);
    assert!(late.message.contains("it has ended: cancelled"), "{late}");

    house
        .flow()
        .cancel(&first.id, &person("bob"), "nor that")
        .await
        .unwrap();
    assert_eq!(
        house.end_of(&first.id).await.status(),
        ExecutionStatus::Cancelled
    );
}
