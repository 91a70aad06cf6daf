//! Two who want the same place.

use commander::domain::execution::{ExecutionStatus, StepStatus};
use commander::domain::plan::PlanStatus;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn hc_43_the_second_deploy_waits_and_is_superseded_when_the_first_goes_live() {
    let house = House::new().await;
    let first = house.plan("deploy tag slow-smoke of shop to staging").await;
    let second = house.plan("deploy v1.1.0 of shop to staging").await;
    let first = house.approve(&first).await;
    house
        .step_is(&first.id, "smoke-smoke", StepStatus::Running)
        .await;
    let approved = house.try_approve(&second, "bob").await.unwrap();
    let holder = approved.waits_for.expect("it waits");
    assert_eq!(holder.execution, first.id);
    let waiting = approved.execution.unwrap();
    assert_eq!(waiting.status, ExecutionStatus::Waiting);
    assert_eq!(
        house.flow().services().unwrap()[0].environments[0].waiting,
        std::slice::from_ref(&waiting.id)
    );

    house.end_of(&first.id).await.must_succeed();
    let ended = house.end_of(&waiting.id).await;
    assert_eq!(
        (ended.status(), ended.plan.status),
        (ExecutionStatus::Cancelled, PlanStatus::Superseded)
    );
    assert!(
        ended.why().contains("another release is live now"),
        "{}",
        ended.why()
    );
    house.answers_as("slow-smoke").await;
    assert!(
        house
            .ledger()
            .iter()
            .all(|release| Some(&release.id) != waiting.release.as_ref())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_43_the_second_deploy_starts_when_the_first_is_unwound() {
    let house = House::new().await;
    let first = house
        .plan("deploy tag failing-smoke of shop to staging")
        .await;
    let second = house.plan("deploy v1.1.0 of shop to staging").await;
    let first = house.approve(&first).await;
    let second = house.approve(&second).await;
    assert_eq!(
        house.end_of(&first.id).await.status(),
        ExecutionStatus::Failed
    );
    house.end_of(&second.id).await.must_succeed();
    house.answers_as("v1.1.0").await;
    let first = house.flow().store.execution(&first.id).unwrap();
    let second = house.flow().store.execution(&second.id).unwrap();
    assert!(first.ended_at < second.ended_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_43_a_rollback_goes_before_a_running_and_a_waiting_deploy() {
    let house = House::new().await;
    let good = house.deploy_and_vouch("v1.0.0").await;
    let left = house.deploy("v1.1.0").await;
    let running = house.plan("deploy tag slow-build of shop to staging").await;
    let waiting = house.plan("deploy v1.2.0 of shop to staging").await;
    let rollback = house.plan("roll back shop in staging").await;
    let running = house.approve(&running).await;
    house
        .step_is(&running.id, "build", StepStatus::Running)
        .await;
    let waiting = house.approve(&waiting).await;
    let rollback = house.approve(&rollback).await;

    let ended = house.end_of(&waiting.id).await;
    assert_eq!(
        (ended.status(), ended.plan.status),
        (ExecutionStatus::Cancelled, PlanStatus::Cancelled)
    );
    assert_eq!(ended.why(), "a rollback goes first");
    let ended = house.end_of(&running.id).await;
    assert_eq!(
        ended.status(),
        ExecutionStatus::Cancelled,
        "{}",
        ended.why()
    );
    house.end_of(&rollback.id).await.must_succeed();
    assert_eq!(house.live().id, good.id);
    house.answers_as("v1.0.0").await;
    assert!(!house.is_running(&left));
}

/// Different places do not wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_runs_beside_a_deploy() {
    let house = House::new().await;
    let deploy = house.plan("deploy tag slow-smoke of shop to staging").await;
    let build = house.plan("build v1.1.0 of shop").await;
    let deploy = house.approve(&deploy).await;
    house
        .step_is(&deploy.id, "smoke-smoke", StepStatus::Running)
        .await;
    let approved = house.try_approve(&build, "ada").await.unwrap();
    assert_eq!(approved.waits_for, None);
    house
        .end_of(&approved.execution.unwrap().id)
        .await
        .must_succeed();
    house.end_of(&deploy.id).await.must_succeed();
}
