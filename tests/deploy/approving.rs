//! An approval is of one digest, by a named person, in time, and of a world that has not moved.

use commander::domain::digest::Digest;
use commander::domain::execution::ExecutionStatus;
use commander::domain::plan::{Plan, PlanStatus};
use commander::flow::Code;
use jiff::Timestamp;

use crate::house::{House, Setup, person, until};

const TWO_PEOPLE: &str = r#"---
title: Two people
applies_to:
  actions: [deploy]
rules:
  - id: two-people
    approvals: 2
    message: Two people look at each deploy.
    passes:
      - {approval.count: 2}
    fails:
      - {approval.count: 1}
---
# Two people
"#;

#[tokio::test(flavor = "multi_thread")]
async fn hc_42_of_two_approvals_at_once_one_starts_it() {
    let house = House::new().await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    let (ada, bob, again) = tokio::join!(
        house.try_approve(&plan, "ada"),
        house.try_approve(&plan, "bob"),
        house.try_approve(&plan, "ada"),
    );
    let (yes, no): (Vec<_>, Vec<_>) = [ada, bob, again].into_iter().partition(Result::is_ok);
    assert_eq!(yes.len(), 1, "{no:?}");
    for error in no {
        let code = error.unwrap_err().code;
        assert!(
            matches!(code, Code::Conflict | Code::NotPending),
            "{code:?}"
        );
    }
    assert_eq!(house.executions().len(), 1);
    house.end_of(&house.executions()[0].id).await.must_succeed();
    let late = house.try_approve(&plan, "bob").await.unwrap_err();
    assert_eq!(late.code, Code::NotPending);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_42_two_approvals_at_once_are_two_where_two_are_needed() {
    let setup = Setup {
        procedures: vec![("two.md", TWO_PEOPLE.to_owned())],
        ..Setup::default()
    };
    let house = House::with(setup).await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    let (ada, bob) = tokio::join!(
        house.try_approve(&plan, "ada"),
        house.try_approve(&plan, "bob")
    );
    let started: Vec<_> = [ada.unwrap(), bob.unwrap()]
        .into_iter()
        .filter_map(|a| a.execution)
        .collect();
    assert_eq!(started.len(), 1);
    house.end_of(&started[0].id).await.must_succeed();
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_42_one_person_is_one_approval() {
    let setup = Setup {
        procedures: vec![("two.md", TWO_PEOPLE.to_owned())],
        ..Setup::default()
    };
    let house = House::with(setup).await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    let first = house.try_approve(&plan, "ada").await.unwrap();
    assert_eq!(
        (first.required_approvals, first.approved_by, first.execution),
        (2, vec![person("ada")], None)
    );
    assert_eq!(
        house.try_approve(&plan, "ada").await.unwrap_err().code,
        Code::Conflict
    );
    assert_eq!(house.stored(&plan.id).status, PlanStatus::PendingApproval);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_42_late_superseded_and_mistaken_approvals_start_nothing() {
    let setup = Setup {
        sections: "[approval]\noffered_for = \"5s\"".to_owned(),
        ..Setup::default()
    };
    let mut house = House::with(setup).await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    let other = Digest::of_bytes(b"something else");
    let mistaken = house
        .flow()
        .approve(&plan.id, &other, &person("ada"), None)
        .await
        .unwrap_err();
    assert_eq!(mistaken.code, Code::DigestMismatch);
    until("its time is over", || {
        (Timestamp::now() > plan.expires_at).then_some(())
    })
    .await;
    let late = house.try_approve(&plan, "ada").await.unwrap_err();
    assert_eq!(late.code, Code::Expired);
    assert_eq!(house.stored(&plan.id).status, PlanStatus::Expired);
    assert_eq!(
        house.try_approve(&plan, "ada").await.unwrap_err().code,
        Code::Expired
    );

    house.setup = Setup::default();
    house.restart().await;
    let asked = house.ask("deploy v1.0.0 of shop to staging").await;
    let thread = Some(asked.thread_id.clone());
    let surface = commander::domain::plan::Surface::Web;
    let sentence = "deploy v1.1.0 of shop to staging";
    house
        .flow()
        .ask(sentence, &person("ada"), surface, thread, None)
        .await
        .unwrap();
    let replaced = house.try_approve(&asked.plans[0], "ada").await.unwrap_err();
    assert_eq!(replaced.code, Code::Superseded);
    assert!(replaced.message.contains("replaced by plan"), "{replaced}");

    let rejected = house.plan("deploy v1.2.0 of shop to staging").await;
    house
        .flow()
        .reject(&rejected.id, &person("bob"), "not on a Friday")
        .await
        .unwrap();
    assert_eq!(
        house.try_approve(&rejected, "ada").await.unwrap_err().code,
        Code::NotPending
    );
    assert_eq!(
        house.stored(&rejected.id).reason.unwrap(),
        "bob: not on a Friday"
    );
    assert!(house.executions().is_empty());
}

/// Approves a plan that is out of date: nothing is done, and the reason is said.
async fn is_drift(house: &House, plan: &Plan, reason: &str) {
    let error = house.try_approve(plan, "ada").await.unwrap_err();
    assert!(
        matches!(error.code, Code::Drift | Code::Superseded),
        "{error:?}"
    );
    assert!(error.message.contains(reason), "{error}");
    let stored = house.stored(&plan.id);
    assert_eq!(stored.status, PlanStatus::Superseded);
    assert!(stored.reason.unwrap().contains(reason));
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_45_what_moved_since_the_plan_was_made_supersedes_it() {
    let house = House::new().await;
    house.repository.branch("feature/till", "v1.1.0");
    let by_tag = house.plan("deploy v1.1.0 of shop to staging").await;
    let by_branch = house
        .plan("deploy branch feature/till of shop to staging")
        .await;
    house.repository.move_tag("v1.1.0", "v1.2.0");
    house
        .repository
        .commit("feature/till", "v1.1.0", "one more commit");
    is_drift(&house, &by_tag, "the version now names another commit").await;
    is_drift(&house, &by_branch, "the version now names another commit").await;
    assert!(house.executions().is_empty());

    // Another release goes live.
    let first = house.plan("deploy v1.0.0 of shop to staging").await;
    let stale = house.plan("deploy v1.2.0 of shop to staging").await;
    let execution = house.approve(&first).await;
    house.end_of(&execution.id).await.must_succeed();
    is_drift(&house, &stale, "another release is live now").await;

    // What would be gone back to is another one.
    let live = house.live();
    let stale = house.plan("deploy v1.2.0 of shop to staging").await;
    house.vouch(&live).await;
    is_drift(&house, &stale, "the rollback target is another one now").await;
    assert_eq!(house.executions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_45_todays_configuration_is_looked_at_again() {
    let mut house = House::new().await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    house.setup.service = "env = { GREETING = \"hello\" }".to_owned();
    house.restart().await;
    is_drift(&house, &plan, "the configuration has changed").await;
    let fresh = house
        .flow()
        .refresh(&house.stored(&plan.id), &person("ada"))
        .await
        .unwrap();
    let execution = house.approve(&fresh).await;
    house.end_of(&execution.id).await.must_succeed();
    assert_eq!(house.page("/greeting").await, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_66_no_sentence_approves() {
    let house = House::new().await;
    let asked = house.ask("deploy v1.0.0 of shop to staging").await;
    let plan = &asked.plans[0];
    let thread = Some(asked.thread_id.clone());
    let surface = commander::domain::plan::Surface::Web;
    for sentence in [
        "yes",
        "approve",
        "ok",
        "do it",
        &format!("/approve {}", plan.id),
        &format!("approve plan {}", plan.id),
    ] {
        let asked = house
            .flow()
            .ask(sentence, &person("ada"), surface, thread.clone(), None)
            .await;
        assert!(
            asked.is_err() || asked.unwrap().plans.is_empty(),
            "{sentence}"
        );
        assert_eq!(
            house.stored(&plan.id).status,
            PlanStatus::PendingApproval,
            "{sentence}"
        );
    }
    assert!(house.executions().is_empty());
    assert!(house.flow().store.approvals(&plan.id).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_with_the_same_key_is_the_same_sentence() {
    let house = House::new().await;
    let surface = commander::domain::plan::Surface::Web;
    let sentence = "deploy v1.0.0 of shop to staging";
    let ask = || {
        house
            .flow()
            .ask(sentence, &PERSON, surface, None, Some("key-1".to_owned()))
    };
    let (one, two) = tokio::join!(ask(), ask());
    let asked: Vec<_> = [one, two].into_iter().flatten().collect();
    assert!(!asked.is_empty());
    let third = ask().await.unwrap();
    assert!(
        asked
            .iter()
            .all(|asked| asked.plans[0].id == third.plans[0].id)
    );
    let pending = house.flow().services().unwrap()[0].environments[0]
        .pending_plans
        .clone();
    assert_eq!(pending, [third.plans[0].id.clone()]);
}

static PERSON: std::sync::LazyLock<commander::domain::name::PersonName> =
    std::sync::LazyLock::new(|| person("ada"));

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_counts_for_a_while_only() {
    let setup = Setup {
        sections: "[approval]\nstart_within = \"1s\"".to_owned(),
        ..Setup::default()
    };
    let house = House::with(setup).await;
    let first = house
        .plan("deploy tag failing-smoke of shop to staging")
        .await;
    let second = house.plan("deploy v1.1.0 of shop to staging").await;
    let first = house.approve(&first).await;
    let second = house.approve(&second).await;
    house.end_of(&first.id).await;
    let ended = house.end_of(&second.id).await;
    assert_eq!(
        (ended.status(), ended.plan.status),
        (ExecutionStatus::Cancelled, PlanStatus::Superseded)
    );
    assert!(
        ended.why().contains("approved more than 1 seconds ago"),
        "{}",
        ended.why()
    );
    assert_eq!(house.try_live(), None);
}
