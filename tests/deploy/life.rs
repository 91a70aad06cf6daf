//! What goes well.

use commander::domain::execution::ExecutionStatus;
use commander::domain::interpret::Outcome;
use commander::domain::plan::{OnDegraded, PlanStatus};
use commander::domain::release::{Presence, Quality};
use commander::domain::watch::WatchStatus;
use commander::flow::{Code, interruption};

use crate::house::{House, person, staging, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_becomes_a_release_that_serves() {
    let house = House::new().await;
    let plan = house
        .plan("deploy v1.0.0 of shop to staging and run the tests")
        .await;
    assert_eq!(plan.status, PlanStatus::PendingApproval);
    assert_eq!(
        plan.body.pins.commit,
        Some(house.repository.commit_of("v1.0.0"))
    );
    assert_eq!(plan.body.on_degraded, OnDegraded::CallPerson);
    let steps: Vec<_> = plan
        .body
        .in_order()
        .unwrap()
        .iter()
        .map(|s| s.id.to_string())
        .collect();
    assert_eq!(
        steps,
        [
            "fetch",
            "build",
            "test-unit",
            "create",
            "switch",
            "health",
            "smoke-smoke",
            "verify"
        ]
    );
    assert!(house.containers().is_empty(), "a plan changes nothing");

    let execution = house.approve(&plan).await;
    let ended = house.end_of(&execution.id).await;
    ended.must_succeed();
    assert_eq!(ended.plan.status, PlanStatus::Succeeded);
    house.answers_as("v1.0.0").await;
    let printed = house.printed(&execution.id);
    for line in [
        "fetch c",
        "build Step 1/",
        "test-unit all is well",
        "smoke-smoke v1.0.0",
    ] {
        let line = line.replace(
            "fetch c",
            &format!("fetch {}", &plan.body.pins.commit.as_ref().unwrap()[..12]),
        );
        assert!(printed.contains(&line), "{line:?} is not in\n{printed}");
    }

    let live = house.live();
    assert_eq!(
        (live.presence, live.quality),
        (Presence::Live, Quality::Unproven)
    );
    assert_eq!(Some(&live.id), execution.release.as_ref());
    let container = house.inspect(&live).unwrap();
    assert_eq!(container["Image"], live.image_id.as_ref().unwrap().as_str());
    let labels = &container["Config"]["Labels"];
    assert_eq!(
        labels["commander.configuration"],
        live.configuration_digest.as_str()
    );
    assert_eq!(
        container["HostConfig"]["RestartPolicy"]["Name"],
        "unless-stopped"
    );
    assert_eq!(
        house.containers().len(),
        1,
        "the tests' containers are gone"
    );

    assert_eq!(house.watch_over(&live).status(), WatchStatus::Baking);
    assert_eq!(house.flow().store.lock(&staging()).unwrap(), None);
    assert_eq!(interruption(&ended.state), None, "nothing was stopped");
    let acts: Vec<_> = house.flow().store.audit(0, 100).unwrap();
    let acts = acts.iter().map(|row| row.entry.act.as_str());
    // What the fixture wrote by itself is another story.
    let acts: Vec<_> = acts.filter(|act| *act != "ledger.written").collect();
    assert_eq!(
        acts,
        [
            "plan.stored",
            "plan.approved",
            "execution.started",
            "execution.ended"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_replaces_another_which_is_kept() {
    let house = House::new().await;
    let first = house.deploy("v1.0.0").await;
    let plan = house.plan("deploy v1.1.0 of shop to staging").await;
    assert_eq!(plan.body.pins.live, first.pin());
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("v1.0.0 is stopped before")),
        "{:?}",
        plan.notes
    );
    assert_eq!(plan.changes.as_ref().unwrap().commits.len(), 1);
    let execution = house.approve(&plan).await;
    let ended = house.end_of(&execution.id).await;
    ended.must_succeed();

    house.answers_as("v1.1.0").await;
    let second = house.live();
    assert_eq!(
        second.configuration.publish, first.configuration.publish,
        "the port is kept"
    );
    assert_eq!(house.release(&first).presence, Presence::Standby);
    assert!(house.inspect(&first).is_some(), "its container is kept");
    assert!(!house.is_running(&first));
    let down = interruption(&ended.state).expect("it is measured");
    assert!(down.as_millis() > 0 && down.as_secs() < 10, "{down:?}");
    assert_eq!(house.watch_over(&first).status(), WatchStatus::Superseded);

    // The same version once more is another release of the same bytes.
    let again = house.deploy("v1.1.0").await;
    assert_ne!(again.id, second.id);
    assert_eq!(again.pin(), second.pin());
    house.answers_as("v1.1.0").await;
    assert!(
        house
            .plan("deploy v1.0.0 of shop to staging")
            .await
            .notes
            .iter()
            .any(|note| note.contains("last time"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_build_and_test_make_no_release() {
    let house = House::new().await;
    let nothing = house.try_ask("restart shop in staging").await.unwrap_err();
    assert_eq!(nothing.code, Code::NothingLive);

    let live = house.deploy("v1.0.0").await;
    let before = house.inspect(&live).unwrap();
    house
        .carry_out("restart shop in staging")
        .await
        .must_succeed();
    let after = house.inspect(&live).unwrap();
    assert_eq!(before["Id"], after["Id"]);
    assert_ne!(before["State"]["StartedAt"], after["State"]["StartedAt"]);
    house.answers_as("v1.0.0").await;

    let built = house.carry_out("build v1.1.0 of shop").await;
    built.must_succeed();
    assert_eq!(built.execution.place.environment, None);
    house.carry_out("test v1.1.0 of shop").await.must_succeed();
    let failed = house.carry_out("test tag failing-tests of shop").await;
    assert_eq!(failed.status(), ExecutionStatus::Failed);
    assert!(
        failed
            .why()
            .contains("test unit failed with exit code 3: two and two is five"),
        "{}",
        failed.why()
    );
    assert_eq!(house.ledger().len(), 1);
    assert_eq!(house.containers().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_logs_are_answered_from_what_is_known() {
    let house = House::new().await;
    let asked = house.ask("what is running in staging?").await;
    assert_eq!(asked.outcome, Outcome::Answer);
    assert!(
        asked
            .answer
            .unwrap()
            .places
            .iter()
            .all(|place| place.live.is_none())
    );
    let live = house.deploy("v1.0.0").await;
    // Docker is asked behind the end of the deploy.
    until("Docker was asked after the deploy", || {
        let services = house.flow().services().unwrap();
        let seen = services[0].environments[0].live.clone();
        seen.and_then(|live| live.container)
    })
    .await;
    let answer = house.ask("status of shop in staging").await.answer.unwrap();
    let seen = answer.places[0].live.as_ref().unwrap();
    assert_eq!(
        (seen.version.as_str(), &seen.by),
        ("v1.0.0", &person("ada"))
    );
    let container = seen.container.as_ref().unwrap();
    assert_eq!(format!("{:?}", container.state), "Running");
    let logs = house
        .ask("show the logs of shop in staging")
        .await
        .answer
        .unwrap();
    assert_eq!(logs.logs_of, Some(live.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_verified_in_staging_is_promoted_without_building() {
    let house = House::new().await;
    let early = house
        .try_ask("promote shop to production")
        .await
        .unwrap_err();
    assert_eq!(early.code, Code::NothingLive);
    let staged = house.deploy("v1.0.0").await;
    let unproven = house
        .try_ask("promote shop to production")
        .await
        .unwrap_err();
    assert!(
        unproven
            .message
            .contains("only a verified release is promoted"),
        "{unproven}"
    );
    house.vouch(&staged).await;
    house
        .carry_out("promote shop to production")
        .await
        .must_succeed();
    let ledger = house
        .flow()
        .store
        .ledger(&crate::house::place("production"))
        .unwrap();
    assert_eq!(ledger[0].image_id, staged.image_id);
    assert_eq!(ledger[0].version, "v1.0.0");
    assert_ne!(
        ledger[0].configuration.publish,
        staged.configuration.publish
    );
    assert_eq!(house.page_of(&ledger[0], "/version").await, "v1.0.0");
    let refused = house
        .try_ask("deploy v1.1.0 of shop to production")
        .await
        .unwrap_err();
    assert!(
        refused.message.contains("takes its image from staging"),
        "{refused}"
    );
}
