//! A run that was believed to be gone changes nothing once another one has its place: in the same
//! process, in the next one, and where a backup runs beside what it was made of.

use std::time::Duration;

use commander::adapters::db::{back_up, restore};
use commander::app::KEYS;
use commander::domain::execution::{ExecutionStatus, Fault, FaultKind};
use commander::domain::incident::IncidentKind;
use commander::domain::lock::Fence;
use commander::domain::naming;
use commander::domain::release::Release;
use commander::domain::step::StepId;
use commander::engine::{Call, ContainerSpec};
use commander::flow::Flow;
use commander::os::clock;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::house::{House, label, person, staging};

/// What a step of that run still has in its hands.
fn call_under(flow: &Flow, fence: &Fence) -> Call {
    Call {
        execution: fence.execution.clone(),
        step: StepId::from("switch"),
        fence: fence.clone(),
        cancel: CancellationToken::new(),
        log: flow.engine.log.clone(),
    }
}

fn name_of(flow: &Flow, release: &Release) -> String {
    naming::container(
        &flow.instance,
        &release.service,
        &release.environment,
        &release.id,
    )
}

/// Tries all that a run does to containers; each is refused with the same sentence.
async fn try_everything(flow: &Flow, fence: &Fence, live: &Release, kept: &Release) -> Vec<Fault> {
    let world = &flow.engine.world;
    let call = call_under(flow, fence);
    let (live_name, kept_name) = (name_of(flow, live), name_of(flow, kept));
    let spec = ContainerSpec {
        name: format!("{live_name}-stale"),
        service: live.service.clone(),
        environment: live.environment.clone(),
        release: live.id.clone(),
        image_id: live.image_id.clone().unwrap(),
        configuration: live.configuration.clone(),
    };
    let drain = Duration::from_secs(1);
    let results = [
        world.create_container(&spec, &call).await.map(drop),
        world.start_container(&kept_name, &call).await,
        world.stop_container(&live_name, drain, &call).await,
        world.restart_container(&live_name, drain, &call).await,
        world.discard_container(&kept_name, &call).await,
    ];
    results
        .map(|result| result.expect_err("it is refused"))
        .into()
}

/// Containers as they are: which, since when each runs, and whether it does.
fn world_of(house: &House) -> Vec<[Value; 3]> {
    let mut all: Vec<_> = house
        .containers()
        .iter()
        .map(|c| [&c["Id"], &c["State"]["StartedAt"], &c["State"]["Running"]].map(Value::clone))
        .collect();
    all.sort_by_key(|one| one[0].to_string());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_wakes_up_after_its_execution_was_given_up_is_refused() {
    let mut house = House::new().await;
    let first = house.deploy_and_vouch("v1.0.0").await;
    let broken = house.broken_execution().await;
    let stale = house.flow().store.fence(&staging()).unwrap().unwrap();
    assert_eq!((&stale.execution, stale.token), (&broken.id, 2));
    house.restart().await;
    house.incident(IncidentKind::Stuck).await;
    let flow = house.flow().clone();
    let given_up = flow.cancel(&broken.id, &person("bob"), "I looked").await;
    assert_eq!(given_up.unwrap().status, ExecutionStatus::Stuck);
    let second = house.deploy("v1.1.0").await;
    assert_eq!(mark(&house, &second), "3");

    let before = world_of(&house);
    for fault in try_everything(&flow, &stale, &second, &first).await {
        assert_eq!(fault.kind, FaultKind::Overtaken, "{fault}");
        let said = "another run has shop in staging since ";
        assert!(fault.message.starts_with(said), "{fault}");
        let by = format!(
            "(execution {}, token 3, and this run has token 2)",
            second.execution
        );
        assert!(fault.message.contains(&by), "{fault}");
    }
    assert_eq!(world_of(&house), before);
    drop(flow);

    // Another process knows it from what the newer run made.
    house.restart().await;
    let flow = house.flow().clone();
    for fault in try_everything(&flow, &stale, &second, &first).await {
        assert_eq!(fault.kind, FaultKind::Overtaken, "{fault}");
        let said = "another Commander with this data has made a container of shop in staging";
        assert!(fault.message.starts_with(said), "{fault}");
    }
    assert_eq!(world_of(&house), before);
    house.answers_as("v1.1.0").await;
    drop(flow);
    // A rollback starts a container that carries an older mark than its own.
    let back = house.roll_back().await.unwrap();
    let back = house.approve(&back).await;
    house.end_of(&back.id).await.must_succeed();
    house.answers_as("v1.0.0").await;
    assert_eq!(mark(&house, &first), "1");
}

/// The ledger of before, while what was made after it carries higher tokens.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_restored_takes_its_places_above_all_that_was_given() {
    let mut house = House::new().await;
    house.deploy("v1.0.0").await;
    let (data, file) = (house.path("data"), house.path("a.backup"));
    let mut quietly = |_, _| {};
    back_up(&data, &KEYS, &file, false, clock::now(), &mut quietly).unwrap();
    let second = house.deploy("v1.1.0").await;
    let third = house.deploy("v1.2.0").await;
    assert_eq!(mark(&house, &second), "2");
    let lost = house.executions().remove(0);
    assert_eq!(lost.id, third.execution);
    house.stop().await;
    std::fs::rename(&data, house.path("lost")).unwrap();
    restore(&file, &data, &KEYS, clock::now(), &mut quietly).unwrap();
    house.start().await;
    // A person does as the incident says; of what the ledger does not know one is left.
    house.incident(IncidentKind::Stuck).await;
    house.remove_container(&third.id);
    let next = house.deploy("v1.3.0").await;
    house.answers_as("v1.3.0").await;
    assert_eq!(mark(&house, &next), "3");

    // The process that the backup was made of still runs somewhere, with the same token.
    let stale = Fence {
        place: staging(),
        token: 3,
        execution: third.execution.clone(),
        since: lost.created_at,
    };
    let before = world_of(&house);
    let flow = house.flow().clone();
    for fault in try_everything(&flow, &stale, &next, &second).await {
        assert_eq!(fault.kind, FaultKind::Overtaken, "{fault}");
        let said = "another Commander with this data has made a container of shop in staging";
        assert!(fault.message.starts_with(said), "{fault}");
    }
    assert_eq!(world_of(&house), before);
}

fn mark(house: &House, release: &Release) -> String {
    let container = house.inspect(release).unwrap();
    label(&container, "commander.fence").to_owned()
}
