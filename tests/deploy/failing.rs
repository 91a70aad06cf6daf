//! What fails before go-live is undone: the release before it serves again exactly as before.

use std::net::TcpListener;

use commander::domain::execution::{ExecutionStatus, StepStatus};
use commander::domain::plan::PlanStatus;
use commander::domain::release::Presence;
use commander::domain::watch::WatchStatus;
use serde_json::Value;

use crate::docker_image::request;
use crate::house::{House, Setup, staging};

/// All that must be the same afterwards: the container itself, and what it runs.
fn identity(container: &Value) -> [Value; 4] {
    [
        &container["Id"],
        &container["Image"],
        &container["Config"],
        &container["HostConfig"],
    ]
    .map(Value::clone)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_before_go_live_leaves_the_predecessor_serving() {
    let house = House::new().await;
    let before = house.deploy("v1.0.0").await;
    let images = house.images();
    let cases = [
        ("nobuild", "build: ", "no compiler here", false),
        (
            "failing-tests",
            "test-unit: ",
            "exit code 3: two and two is five",
            false,
        ),
        ("dies-at-once", "health: ", "its last words: ", true),
        (
            "never-healthy",
            "health: ",
            "not healthy within 3 s: GET /health",
            true,
        ),
        (
            "failing-smoke",
            "smoke-smoke: ",
            "exit code 4: the till is shut",
            true,
        ),
    ];
    for (version, step, words, switched) in cases {
        let served = house.inspect(&before).unwrap();
        let ended = house
            .carry_out(&format!(
                "deploy tag {version} of shop to staging and run the tests"
            ))
            .await;
        assert_eq!(ended.status(), ExecutionStatus::Failed, "{version}");
        assert_eq!(ended.plan.status, PlanStatus::Failed);
        assert!(ended.why().starts_with(step), "{version}: {}", ended.why());
        assert!(ended.why().contains(words), "{version}: {}", ended.why());

        assert_eq!(house.live().id, before.id);
        let serves = house.inspect(&before).unwrap();
        assert_eq!(identity(&serves), identity(&served), "{version}");
        let was_stopped = serves["State"]["StartedAt"] != served["State"]["StartedAt"];
        assert_eq!(was_stopped, switched, "{version}");
        house.answers_as("v1.0.0").await;
        assert_eq!(
            house.containers().len(),
            1,
            "{version}: the candidate is gone"
        );
        assert_eq!(house.images(), images, "{version}: its image too");
        let candidate = ended.execution.release.as_ref().unwrap();
        let candidate = house.flow().store.release(candidate).unwrap();
        assert_eq!(candidate.presence, Presence::Retired);
        assert_eq!(house.flow().store.lock(&staging()).unwrap(), None);
    }
    assert_eq!(house.incidents(), []);
    house.watch_is(&before, WatchStatus::Baking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_23_a_first_deploy_that_fails_leaves_nothing_behind() {
    let house = House::new().await;
    let ended = house
        .carry_out("deploy tag never-healthy of shop to staging")
        .await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert!(
        ended.why().contains("not healthy within 3 s"),
        "{}",
        ended.why()
    );
    assert!(house.containers().is_empty());
    assert!(house.images().is_empty());
    assert_eq!(house.try_live(), None);
    assert!(house.incidents().is_empty());
    assert_eq!(
        house.executions().len(),
        1,
        "nothing is tried again by itself"
    );

    assert_eq!(
        house
            .page_of(&house.deploy("v1.0.0").await, "/version")
            .await,
        "v1.0.0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_a_process_holds_is_named_and_nothing_is_left() {
    let house = House::new().await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    let publish = plan.body.configuration.as_ref().unwrap().publish;
    let holder = TcpListener::bind((publish.address, publish.port)).unwrap();
    let execution = house.approve(&plan).await;
    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.step("switch"), StepStatus::Undone);
    let taken = format!(
        "Port {} on {} is taken by process {}",
        publish.port,
        publish.address,
        std::process::id()
    );
    assert!(ended.why().contains(&taken), "{}", ended.why());
    assert!(house.containers().is_empty());
    drop(holder);
    house.deploy("v1.0.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_another_container_holds_is_named_and_the_predecessor_serves_again() {
    let mut house = House::new().await;
    let other = House::new().await;
    let holder = other.deploy("v1.0.0").await;
    let before = house.deploy("v1.0.0").await;
    let served = house.inspect(&before).unwrap();
    // Today's file publishes where the other one is.
    let port = holder.configuration.publish.port;
    house.setup = Setup {
        environments: format!("[services.shop.environments.staging]\npublish = {port}"),
        ..Setup::default()
    };
    house.restart().await;
    let ended = house.carry_out("deploy v1.1.0 of shop to staging").await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    let name = other.inspect(&holder).unwrap()["Name"].as_str().unwrap()[1..].to_owned();
    assert!(
        ended
            .why()
            .contains(&format!("is taken by container {name}")),
        "{}",
        ended.why()
    );
    assert_eq!(
        identity(&house.inspect(&before).unwrap()),
        identity(&served)
    );
    house.answers_as("v1.0.0").await;
    assert_eq!(house.containers().len(), 1);
    other.answers_as("v1.0.0").await;
}

/// Somebody removes the candidate while it is being taken back. It does not end when it is asked to:
/// without being removed it would be waited for much longer than the test needs to see it.
#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_somebody_removes_while_it_is_undone_is_gone_all_the_same() {
    let setup = Setup {
        environments: "[services.shop.environments.staging]\ndrain = \"60s\"".to_owned(),
        ..Setup::default()
    };
    let house = House::with(setup).await;
    let before = house.deploy("v1.0.0").await;
    let plan = house
        .plan("deploy tag unhurried-and-bad of shop to staging")
        .await;
    let execution = house.approve(&plan).await;
    house
        .step_is(&execution.id, "switch", StepStatus::Undoing)
        .await;
    house.remove_container(execution.release.as_ref().unwrap());
    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed, "{}", ended.why());
    assert_eq!(house.live().id, before.id);
    house.answers_as("v1.0.0").await;
}

/// Somebody removes the candidate while its health gate looks at it.
#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_somebody_removes_is_unwound() {
    let house = House::new().await;
    let before = house.deploy("v1.0.0").await;
    let plan = house.plan("deploy tag slow-smoke of shop to staging").await;
    let execution = house.approve(&plan).await;
    house
        .step_is(&execution.id, "smoke-smoke", StepStatus::Running)
        .await;
    let candidate = house
        .container_of(execution.release.as_ref().unwrap())
        .unwrap();
    let id = candidate["Id"].as_str().unwrap();
    request("DELETE", &format!("/containers/{id}?force=1"), b"");
    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed, "{}", ended.why());
    assert_eq!(house.live().id, before.id);
    house.answers_as("v1.0.0").await;
}
