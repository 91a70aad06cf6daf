//! A person is asked once more before the switch: yes, no, silence, two answers, another process.

use std::time::{Duration, Instant};

use commander::domain::digest::Digest;
use commander::domain::execution::{Execution, ExecutionStatus, StepStatus};
use commander::domain::question::{Answer, Asking};
use commander::domain::step::{StepAction, StepId};
use commander::flow::{Code, FlowError};

use crate::house::{House, Setup, person, until};
use crate::http::Server;

fn asking(more: &str) -> Setup {
    Setup {
        service: format!("confirm_before_switch = true\n{more}"),
        ..Setup::default()
    }
}

/// A deploy that waits for its answer.
async fn asked(house: &House, version: &str) -> (Execution, Asking) {
    let sentence = format!("deploy tag {version} of shop to staging and run the tests");
    let plan = house.plan(&sentence).await;
    let asks =
        |step: &&commander::domain::step::Step| matches!(step.action, StepAction::Confirm { .. });
    assert_eq!(plan.body.steps.iter().filter(asks).count(), 1);
    let execution = house.approve(&plan).await;
    house
        .step_is(&execution.id, "confirm", StepStatus::Asking)
        .await;
    let asking = question(house, &execution);
    (execution, asking)
}

fn question(house: &House, execution: &Execution) -> Asking {
    let state = house.flow().execution(&execution.id).unwrap().state;
    let (_, asking) = state.questions().next().expect("a question");
    asking.clone()
}

async fn answer(
    house: &House,
    execution: &Execution,
    by: &str,
    choice: &str,
    shown: &Digest,
) -> Result<Execution, FlowError> {
    let answer = Answer {
        step: StepId::from("confirm"),
        by: person(by),
        choice: choice.to_owned(),
        comment: Some("looked at it".to_owned()),
        shown: shown.clone(),
    };
    house.flow().answer_question(&execution.id, answer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_in_time_goes_on_and_nothing_else_does() {
    let hook = Server::start(vec![crate::http::answer("HTTP/1.1 204 No Content\r\n\r\n")]).await;
    let mut setup = asking("confirm_by = [\"bob\"]");
    setup.sections = format!("[notify]\nwebhook = \"{}\"", hook.url());
    let mut house = House::with(setup).await;
    let (execution, asking) = asked(&house, "v1.0.0").await;
    let shown = &asking.shown;
    assert!(shown.image_id.is_some(), "{shown:?}");
    let unit = &shown.results[&StepId::from("test-unit")];
    assert_eq!(unit, "test unit passed");
    assert!(house.containers().is_empty());
    until("the webhook is told", || {
        let told = hook.requests();
        told.iter()
            .any(|r| r.contains("answer_waiting"))
            .then_some(())
    })
    .await;

    // Another process asks the same until the same time, and its place stays taken.
    house.restart().await;
    house
        .step_is(&execution.id, "confirm", StepStatus::Asking)
        .await;
    assert_eq!(question(&house, &execution), asking);
    let other = house.plan("deploy v1.1.0 of shop to staging").await;
    let waiting = house.try_approve(&other, "ada").await.unwrap();
    assert_eq!(waiting.waits_for.unwrap().execution, execution.id);

    let digest = &asking.digest;
    let refused = |result: Result<Execution, FlowError>| result.unwrap_err().code;
    let by_ada = answer(&house, &execution, "ada", "yes", digest).await;
    assert_eq!(refused(by_ada), Code::NotAllowed);
    let unseen = Digest::of(&"something else");
    let unseen = answer(&house, &execution, "bob", "yes", &unseen).await;
    assert_eq!(refused(unseen), Code::DigestMismatch);
    let maybe = answer(&house, &execution, "bob", "maybe", digest).await;
    assert_eq!(refused(maybe), Code::InvalidInput);
    assert!(house.containers().is_empty());

    // Two tabs: one answer counts, whichever it is.
    let (yes, no) = tokio::join!(
        answer(&house, &execution, "bob", "yes", digest),
        answer(&house, &execution, "bob", "no", digest),
    );
    let yes_counts = yes.is_ok();
    assert_ne!(yes_counts, no.is_ok());
    let late = if yes_counts { no } else { yes };
    let late = late.unwrap_err();
    assert!(
        matches!(late.code, Code::Conflict | Code::NotPending),
        "{late:?}"
    );
    let ended = house.end_of(&execution.id).await;
    let expected = match yes_counts {
        true => ExecutionStatus::Succeeded,
        false => ExecutionStatus::Failed,
    };
    assert_eq!(ended.status(), expected, "{}", ended.why());
    let trail = house.flow().store.audit(0, 1_000).unwrap();
    let answered = trail
        .iter()
        .filter(|row| row.entry.act == "execution.answered");
    let who: Vec<&str> = answered.map(|row| row.entry.actor.as_str()).collect();
    assert_eq!(who, ["bob"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_silence_and_a_cancellation_leave_what_serves() {
    let mut house = House::with(asking("")).await;
    let (first, asking_first) = asked(&house, "v1.0.0").await;
    answer(&house, &first, "ada", "yes", &asking_first.digest)
        .await
        .unwrap();
    house.end_of(&first.id).await.must_succeed();
    let live = house.live();
    house.vouch(&live).await;
    let containers = house.containers().len();

    let (second, asking_second) = asked(&house, "v1.1.0").await;
    answer(&house, &second, "bob", "no", &asking_second.digest)
        .await
        .unwrap();
    let ended = house.end_of(&second.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert!(
        ended.why().contains("bob answered \"no\""),
        "{}",
        ended.why()
    );

    let (third, _) = asked(&house, "v1.2.0").await;
    let wished = Instant::now();
    let flow = house.flow();
    flow.cancel(&third.id, &person("bob"), "not today")
        .await
        .unwrap();
    until("the wish is acknowledged", || {
        let state = flow.execution(&third.id).unwrap().state;
        state.cancel.is_some().then_some(())
    })
    .await;
    assert!(wished.elapsed() < Duration::from_secs(1));
    let ended = house.end_of(&third.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Cancelled);

    house.setup.service = "confirm_before_switch = true\nconfirm_within = \"3s\"".to_owned();
    house.restart().await;
    let ended = house.carry_out("deploy v1.2.0 of shop to staging").await;
    let asking = ended.state.steps[&StepId::from("confirm")].asking.clone();
    let digest = asking.unwrap().digest;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert!(ended.why().contains("means no"), "{}", ended.why());
    let late = answer(&house, &ended.execution, "ada", "yes", &digest).await;
    assert_eq!(late.unwrap_err().code, Code::Conflict);

    assert_eq!(house.live().id, live.id);
    house.answers_as("v1.0.0").await;
    assert_eq!(house.containers().len(), containers);
}

/// A way back is never kept waiting by a question.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_asks_nothing_and_goes_before_what_waits_for_an_answer() {
    let house = House::with(asking("")).await;
    for version in ["v1.0.0", "v1.1.0"] {
        let (execution, asking) = asked(&house, version).await;
        answer(&house, &execution, "ada", "yes", &asking.digest)
            .await
            .unwrap();
        house.end_of(&execution.id).await.must_succeed();
        if version == "v1.0.0" {
            house.vouch(&house.live()).await;
        }
    }
    let rollback = house.plan("roll back shop in staging").await;
    let kinds = rollback.body.steps.iter().map(|step| step.action.kind());
    assert!(!kinds.into_iter().any(|kind| kind == "confirm"));
    let (waits, _) = asked(&house, "v1.2.0").await;
    let rollback = house.approve(&rollback).await;
    let ended = house.end_of(&waits.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Cancelled);
    assert_eq!(ended.why(), "cancelled: a rollback goes first");
    house.end_of(&rollback.id).await.must_succeed();
    house.answers_as("v1.0.0").await;
}
