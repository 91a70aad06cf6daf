//! Where it goes back to, how often, and what may not come again.

use commander::domain::execution::ExecutionStatus;
use commander::domain::plan::OnDegraded;
use commander::domain::release::{Presence, Quality};
use commander::domain::watch::WatchStatus;
use commander::flow::Code;

use crate::story::{LONG, refused, watched};

#[tokio::test(flavor = "multi_thread")]
async fn hc_27_back_to_what_was_verified_over_what_was_still_in_its_bake() {
    let house = watched(LONG).await;
    let good = house.deploy_and_vouch("v1.3.0").await;
    let baking = house.deploy("v1.4.0").await;
    assert_eq!(house.watch_over(&baking).status(), WatchStatus::Baking);

    let plan = house.plan("deploy v1.2.0 of shop to staging").await;
    assert_eq!(plan.body.pins.live, baking.pin());
    assert_eq!(plan.body.rollback_target, good.pin());
    assert_eq!(
        plan.body.on_degraded,
        OnDegraded::RollBack {
            to: good.pin().unwrap()
        }
    );
    assert!(
        plan.notes
            .iter()
            .any(|note| note
                .contains("v1.3.0 is brought back by itself: approving this approves that")),
        "{:?}",
        plan.notes
    );
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let bad = house.live();
    assert_eq!(house.watch_over(&baking).status(), WatchStatus::Superseded);
    house.sicken(&bad).await;
    house.is_taken_back(&bad, &good).await;
    let passed_over = house.release(&baking);
    assert_eq!(
        (passed_over.presence, passed_over.quality),
        (Presence::Standby, Quality::Unproven)
    );
    assert!(!house.is_running(&baking));
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_28_nothing_to_roll_back_is_said_and_a_double_click_is_one_rollback() {
    let house = watched(LONG).await;
    assert_eq!(refused(house.roll_back().await).code, Code::NothingLive);
    let good = house.deploy_and_vouch("v1.0.0").await;
    let nothing = refused(house.roll_back().await);
    assert_eq!(nothing.code, Code::NothingToRollBackTo);
    assert!(
        nothing.message.contains("no earlier release of shop"),
        "{nothing}"
    );

    let left = house.deploy("v1.1.0").await;
    let (one, two) = tokio::join!(house.roll_back(), house.roll_back());
    let (one, two) = (one.unwrap(), two.unwrap());
    // Two windows, and two clicks in each.
    let (a, b, c, d) = tokio::join!(
        house.try_approve(&one, "ada"),
        house.try_approve(&one, "ada"),
        house.try_approve(&two, "bob"),
        house.try_approve(&two, "bob"),
    );
    let mut begun = Vec::new();
    for approved in [a, b, c, d].into_iter().flatten() {
        begun.extend(approved.execution);
    }
    let mut succeeded = Vec::new();
    for execution in begun {
        let ended = house.end_of(&execution.id).await;
        if ended.status() == ExecutionStatus::Succeeded {
            succeeded.push(ended);
        } else {
            // By the one that was first, or by its own look at what is live.
            let why = ended.why();
            assert!(
                why == "another release is live now" || why.ends_with("already; nothing to do"),
                "{why}"
            );
        }
    }
    assert_eq!(succeeded.len(), 1);
    house.serves(&good).await;
    assert_eq!(house.release(&left).quality, Quality::Quarantined);
    assert_eq!(house.watch_over(&left).status(), WatchStatus::Superseded);
    let nothing = refused(house.roll_back().await);
    assert_eq!(nothing.code, Code::NothingToRollBackTo);
    assert!(house.incidents().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_31_what_was_taken_back_is_refused_there_until_a_person_lifts_it() {
    // Versions that no other test of this binary builds: two builds at the same time can give two
    // images of the same bytes.
    let house = watched(LONG).await;
    let good = house.deploy_and_vouch("slow-tests").await;
    let bad = house.deploy("slow-smoke").await;
    house.sicken(&bad).await;
    house.is_taken_back(&bad, &good).await;

    let again = refused(
        house
            .try_ask("deploy tag slow-smoke of shop to staging")
            .await,
    );
    assert_eq!(again.code, Code::Quarantined);
    assert!(again.message.contains("lift"), "{again}");
    // The same commit under another name.
    house.repository.branch("same/commit", "slow-smoke");
    let sentence = "deploy branch same/commit of shop to staging";
    let renamed = refused(house.try_ask(sentence).await);
    assert_eq!(renamed.code, Code::Quarantined);
    let back = refused(
        house
            .flow()
            .plan_rollback(&crate::house::staging(), Some(&bad.id), origin())
            .await,
    );
    assert_eq!(back.code, Code::Quarantined);
    // Another commit with the same bytes shows when it is built, before anything is switched.
    house.repository.branch("same/bytes", "slow-smoke");
    house
        .repository
        .commit("same/bytes", "slow-smoke", "slow-smoke");
    let same = house
        .carry_out("deploy branch same/bytes of shop to staging")
        .await;
    assert_eq!(same.status(), ExecutionStatus::Failed);
    assert!(
        same.why().starts_with("build: ") && same.why().contains("under quarantine"),
        "{}",
        same.why()
    );
    house.serves(&good).await;

    // The target's own pair is taken back as another release of it: it is never refused itself.
    let twin = house.deploy("slow-tests").await;
    assert_eq!(twin.pin(), good.pin());
    house.sicken(&twin).await;
    house.is_taken_back(&twin, &good).await;
    house.deploy("slow-tests").await;

    house.lift(&bad).await;
    house.deploy("slow-smoke").await;
    house.answers_as("slow-smoke").await;
}

fn origin() -> commander::domain::plan::Origin {
    commander::domain::plan::Origin {
        by: commander::domain::plan::Requester::Person {
            name: crate::house::person("ada"),
        },
        surface: commander::domain::plan::Surface::Web,
        command: None,
        thread: None,
        intent: None,
        text: None,
        rerun_of: None,
    }
}
