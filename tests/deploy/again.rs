//! An ended execution is run again: with the very image of then, in the world of now, and never
//! without an approval of its own.

use commander::domain::execution::{ExecutionStatus, StepStatus};
use commander::domain::id::ExecutionId;
use commander::domain::intent::Action;
use commander::domain::name::PersonName;
use commander::domain::plan::{Origin, Plan, PlanStatus, Requester, Surface};
use commander::domain::release::{Presence, Quality, Release};
use commander::domain::step::StepId;
use commander::flow::{Code, FlowError};

use crate::house::{House, Setup, person, place, until};

fn origin(by: PersonName) -> Origin {
    Origin {
        by: Requester::Person { name: by },
        surface: Surface::Web,
        command: None,
        thread: None,
        intent: None,
        text: None,
        rerun_of: None,
    }
}

async fn try_again(house: &House, id: &ExecutionId, from: &str) -> Result<Plan, FlowError> {
    let from = StepId::from(from);
    let origin = origin(person("ada"));
    house.flow().rerun(id, Some(&from), origin).await
}

async fn again(house: &House, id: &ExecutionId, from: &str) -> Plan {
    try_again(house, id, from).await.unwrap()
}

fn steps(plan: &Plan) -> Vec<&str> {
    let order = plan.body.in_order().unwrap();
    order.into_iter().map(|step| step.id.0.as_str()).collect()
}

async fn deployed(house: &House, version: &str) -> Release {
    let sentence = format!("deploy tag {version} of shop to staging and run the tests");
    house.carry_out(&sentence).await.must_succeed();
    house.live()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_of_then_goes_live_again_and_only_by_its_own_approval() {
    let house = House::new().await;
    let first = deployed(&house, "v1.0.0").await;
    let second = deployed(&house, "v1.1.0").await;
    let named = again(&house, &first.execution, "create").await;
    assert_eq!(named.body.pins.reference.as_deref(), Some("v1.0.0"));
    // Wherever the name points now: it is the image of then, and is not called by that name.
    house.repository.move_tag("v1.0.0", "v1.2.0");
    let moved = house.try_approve(&named, "ada").await.unwrap_err();
    assert_eq!(moved.code, Code::Drift, "{moved}");
    let plan = again(&house, &first.execution, "create").await;
    let said = format!(
        "the tag v1.0.0 now names another commit ({}); this plan uses the commit of then, {}",
        &house.repository.commit_of("v1.2.0")[..12],
        &first.commit[..12],
    );
    assert!(plan.notes.contains(&said), "{:?}", plan.notes);
    assert_eq!(plan.body.pins.reference.as_ref(), Some(&first.commit));
    let built = again(&house, &first.execution, "fetch").await;
    assert!(built.notes.contains(&said), "{:?}", built.notes);
    assert_eq!(plan.status, PlanStatus::PendingApproval);
    assert_eq!(
        steps(&plan),
        [
            "require-image",
            "create",
            "switch",
            "health",
            "smoke-smoke",
            "verify"
        ]
    );
    assert_eq!(plan.body.pins.image_id, first.image_id);
    assert_eq!(plan.body.pins.commit.as_ref(), Some(&first.commit));
    assert_eq!(plan.body.pins.live, second.pin());
    let rerun = plan.origin.rerun_of.as_ref().unwrap();
    assert_eq!(rerun.execution, first.execution);
    let twin = again(&house, &first.execution, "create").await;
    assert_eq!(twin.id, plan.id, "pressed twice");

    // The yes of then, and any other digest, is none for this.
    let then = house.stored(&first.plan);
    assert_ne!(then.digest, plan.digest);
    let flow = house.flow();
    let old = flow
        .approve(&plan.id, &then.digest, &person("ada"), None)
        .await;
    assert_eq!(old.unwrap_err().code, Code::DigestMismatch);
    let spent = flow
        .approve(&then.id, &then.digest, &person("bob"), None)
        .await;
    assert_eq!(spent.unwrap_err().code, Code::NotPending);
    assert_eq!(house.executions().len(), 2);
    house.answers_as("v1.1.0").await;

    let execution = house.approve(&plan).await;
    let ended = house.end_of(&execution.id).await;
    ended.must_succeed();
    house.answers_as("v1.0.0").await;
    let live = house.live();
    assert_ne!(live.id, first.id);
    assert_eq!(
        (&live.image_id, &live.commit),
        (&first.image_id, &first.commit)
    );
    assert_eq!(live.version, first.commit);
    let container = house.inspect(&live).unwrap();
    assert_eq!(
        container["Image"],
        first.image_id.as_ref().unwrap().as_str()
    );
    assert_eq!(house.release(&second).presence, Presence::Standby);
}

/// The name alone would lead to two commits, and to none that was meant.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_branch_has_the_name_of_the_tag_it_is_the_commit_of_then() {
    let house = House::new().await;
    let first = deployed(&house, "v1.0.0").await;
    house.repository.branch("v1.0.0", "v1.1.0");
    let plan = again(&house, &first.execution, "fetch").await;
    assert_eq!(plan.body.pins.commit.as_ref(), Some(&first.commit));
    assert_eq!(plan.body.pins.reference.as_ref(), Some(&first.commit));
    let said = "v1.0.0 does not name one commit alone any more";
    assert!(
        plan.notes.iter().any(|note| note.starts_with(said)),
        "{:?}",
        plan.notes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_its_test_the_image_of_then_is_tested_again() {
    let house = House::new().await;
    let first = deployed(&house, "v1.0.0").await;
    deployed(&house, "v1.1.0").await;
    let plan = again(&house, &first.execution, "test-unit").await;
    assert_eq!(steps(&plan)[..3], ["require-image", "test-unit", "create"]);
    let execution = house.approve(&plan).await;
    let ended = house.end_of(&execution.id).await;
    ended.must_succeed();
    assert_eq!(ended.step("test-unit"), StepStatus::Done);
    let printed = house.printed(&execution.id);
    assert!(printed.contains("test-unit all is well"), "{printed}");
    assert_eq!(house.live().image_id, first.image_id);
    // A re-run can be run again, and from its first step that is all of it.
    let third = house
        .flow()
        .rerun(&execution.id, None, origin(person("bob")))
        .await;
    assert_eq!(steps(&third.unwrap()), steps(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_its_test_is_not_brought_up_and_is_built_anew() {
    let house = House::new().await;
    let before = deployed(&house, "v1.0.0").await;
    let sentence = "deploy tag failing-tests of shop to staging and run the tests";
    let failed = house.carry_out(sentence).await;
    assert_eq!(failed.status(), ExecutionStatus::Failed);
    let id = &failed.execution.id;
    let untested = try_again(&house, id, "create").await.unwrap_err();
    assert_eq!(untested.code, Code::Conflict);
    assert!(
        untested.message.contains("\"test-unit\" did not pass then"),
        "{untested}"
    );
    // What was undone has let go of its image, and this is said before anything is approved.
    let gone = try_again(&house, id, "test-unit").await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    assert!(gone.message.contains("no longer on the engine"), "{gone}");

    house.repository.move_tag("failing-tests", "v1.1.0");
    let plan = again(&house, id, "build").await;
    let then = &failed.plan.body.pins;
    assert_eq!(plan.body.pins.commit, then.commit);
    assert_eq!(plan.body.pins.reference, then.commit);
    assert_eq!(steps(&plan)[..3], ["fetch", "build", "test-unit"]);
    let execution = house.approve(&plan).await;
    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert!(ended.why().starts_with("test-unit"), "{}", ended.why());
    assert_eq!(house.live().id, before.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantine_drift_and_a_lost_image_stop_a_rerun_as_any_plan() {
    let setup = Setup {
        sections: "[docker]\nkeep = 5".to_owned(),
        ..Setup::default()
    };
    let house = House::with(setup).await;
    let first = house.deploy_and_vouch("v1.0.0").await;
    let second = house.deploy_and_vouch("v1.1.0").await;
    // Something else goes live while the plan waits.
    let plan = again(&house, &first.execution, "create").await;
    let third = house.deploy_and_vouch("v1.2.0").await;
    let late = house.try_approve(&plan, "ada").await.unwrap_err();
    assert!(
        matches!(late.code, Code::Superseded | Code::Drift),
        "{late:?}"
    );
    // The image goes while the plan waits.
    let plan = again(&house, &first.execution, "create").await;
    house.prune(&first);
    let lost = house.try_approve(&plan, "ada").await.unwrap_err();
    assert_eq!(lost.code, Code::Drift, "{lost}");
    assert!(lost.message.contains("no longer on the engine"), "{lost}");
    // What a rollback left is not brought back by the way round.
    let back = house.roll_back().await.unwrap();
    let execution = house.approve(&back).await;
    house.end_of(&execution.id).await.must_succeed();
    assert_eq!(house.live().id, second.id);
    for from in ["create", "fetch"] {
        let bad = try_again(&house, &third.execution, from).await;
        assert_eq!(bad.unwrap_err().code, Code::Quarantined, "{from}");
    }
    // A rollback is run again as a rollback, to the same release; that one is live.
    let whole = try_again(&house, &execution.id, "switch").await;
    assert_eq!(whole.unwrap_err().code, Code::Conflict);
    house.answers_as("v1.1.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_is_run_again_only_with_what_is_verified_before_it() {
    let house = House::new().await;
    let staged = house.deploy_and_vouch("v1.0.0").await;
    let promoted = house.carry_out("promote shop to production").await;
    promoted.must_succeed();
    let id = promoted.execution.id.clone();
    let plan = again(&house, &id, "create").await;
    assert_eq!(plan.body.action, Action::Promote);
    assert_eq!(plan.body.pins.image_id, staged.image_id);
    // Another version is live in staging by now; the image of then is verified there still.
    house.deploy("v1.1.0").await;
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let flow = house.flow();
    let ledger = flow.store.ledger(&place("production")).unwrap();
    assert_eq!(ledger.len(), 2);
    assert!(ledger.iter().all(|r| r.image_id == staged.image_id));
    let because = "it loses orders";
    // The same image again in staging, and that one is found to be bad.
    let once_more = again(&house, &staged.execution, "create").await;
    let execution = house.approve(&once_more).await;
    house.end_of(&execution.id).await.must_succeed();
    let worse = house.live();
    assert_eq!(worse.image_id, staged.image_id);
    flow.quarantine_release(&worse.id, &person("ada"), because)
        .await
        .unwrap();
    assert_eq!(house.release(&staged).quality, Quality::Verified);
    let refused = try_again(&house, &id, "create").await.unwrap_err();
    assert!(
        refused.message.contains("put under quarantine there since"),
        "{refused}"
    );
    flow.quarantine_release(&staged.id, &person("ada"), because)
        .await
        .unwrap();
    let refused = try_again(&house, &id, "create").await.unwrap_err();
    assert!(
        refused.message.contains("not verified in staging"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_builds_and_tests_are_run_again_as_what_they_are() {
    let house = House::new().await;
    let live = house.deploy("v1.0.0").await;
    let restarted = house.carry_out("restart shop in staging").await;
    let plan = again(&house, &restarted.execution.id, "restart").await;
    assert_eq!(plan.body.action, Action::Restart);
    assert_eq!(plan.target_release.as_ref(), Some(&live.id));
    let tested = house.carry_out("test v1.1.0 of shop").await;
    tested.must_succeed();
    let plan = again(&house, &tested.execution.id, "test-unit").await;
    assert_eq!(steps(&plan), ["require-image", "test-unit"]);
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let plan = again(&house, &tested.execution.id, "fetch").await;
    assert_eq!(steps(&plan), ["fetch", "build", "test-unit"]);
    house.deploy("v1.1.0").await;
    let other = try_again(&house, &restarted.execution.id, "restart").await;
    assert_eq!(other.unwrap_err().code, Code::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_stays_as_long_as_a_release_with_it_is_kept() {
    let setup = Setup {
        sections: "[docker]\nkeep = 0".to_owned(),
        ..Setup::default()
    };
    let house = House::with(setup).await;
    let first = house.deploy("v1.0.0").await;
    let plan = again(&house, &first.execution, "create").await;
    assert!(
        plan.notes
            .iter()
            .any(|n| n.contains("what is live already")),
        "{:?}",
        plan.notes
    );
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let live = house.live();
    until("the release before it is let go of", || {
        (house.release(&first).presence == Presence::Retired).then_some(())
    })
    .await;
    house.answers_as("v1.0.0").await;
    let image = live.image_id.clone().unwrap();
    let has_image = || house.flow().docker.has_image(&image);
    assert!(has_image().await.unwrap());
    house.deploy("v1.1.0").await;
    until("that one, too", || {
        (house.release(&live).presence == Presence::Retired).then_some(())
    })
    .await;
    assert!(!has_image().await.unwrap(), "nothing needs it any more");
}
