//! What only a person can set right: a journal that cannot be gone on with, a switch that cannot be
//! undone. And what nobody was there to see.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use commander::domain::execution::{Execution, ExecutionStatus, JournalEvent, StepStatus};
use commander::domain::incident::{IncidentKind, IncidentSeverity, IncidentStatus};
use commander::domain::leftover::{Found, Thing};
use commander::domain::lock::Fence;
use commander::domain::naming;
use commander::domain::plan::PlanStatus;
use commander::domain::release::Presence;
use commander::domain::watch::WatchStatus;
use commander::engine::{Journal, JournalError, Progress};
use jiff::Timestamp;

use crate::docker_image::request;
use crate::house::{House, Setup, person, staging};

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_whose_journal_makes_no_sense_calls_a_person_who_ends_it() {
    let mut house = House::new().await;
    let before = house.deploy("v1.0.0").await;
    let broken = house.broken_execution().await;
    house.restart().await;

    let incident = house.incident(IncidentKind::Stuck).await;
    assert_eq!(incident.severity, IncidentSeverity::Critical);
    let how = format!("`commander cancel {}` frees the lock", broken.id);
    assert!(incident.title.contains(&how), "{}", incident.title);
    // Its journal adds up to nothing: what its steps do may be there, and is looked for.
    let found = incident
        .left
        .iter()
        .map(|one| (one.step.0.as_str(), one.found));
    // That of the test may be on its way out: its process was asked to end.
    let found: Vec<_> = found.filter(|(step, _)| *step != "test-unit").collect();
    let expected = [
        ("smoke-smoke", Found::Gone),
        ("switch", Found::Running),
        ("switch", Found::Gone),
        ("build", Found::There),
    ];
    assert_eq!(found, expected, "{:#?}", incident.left);
    assert_eq!(house.live().id, before.id);
    house.answers_as("v1.0.0").await;

    // Until a person has looked nothing else happens there.
    let next = house.plan("deploy v1.1.0 of shop to staging").await;
    let next = house.approve(&next).await;
    let holder = house.flow().store.lock(&staging()).unwrap();
    assert_eq!(holder.map(|h| h.execution), Some(broken.id.clone()));

    let flow = house.flow();
    let ended = flow.cancel(&broken.id, &person("bob"), "I looked").await;
    assert_eq!(ended.unwrap().status, ExecutionStatus::Stuck);
    let again = flow.cancel(&broken.id, &person("bob"), "I looked").await;
    assert!(again.is_err());
    let plan = house.stored(&broken.plan);
    assert_eq!(plan.status, PlanStatus::Failed);
    assert_eq!(plan.reason.as_deref(), Some("given up by bob: I looked"));
    let incident = house.flow().store.incident(&incident.id).unwrap();
    let IncidentStatus::Closed { by, .. } = &incident.status else {
        panic!("{:?}", incident.status)
    };
    assert_eq!(by, &Some(person("bob")));
    house.end_of(&next.id).await.must_succeed();
    house.answers_as("v1.1.0").await;
}

/// A journal with a defect: it panics when the build is done.
struct Defect(Arc<dyn Journal>);

#[async_trait]
impl Journal for Defect {
    async fn commit(&self, progress: Progress<'_>) -> Result<Option<Fence>, JournalError> {
        let is_done = |(_, event): &(Timestamp, JournalEvent)| matches!(event, JournalEvent::StepDone { step, .. } if step.0 == "build");
        assert!(
            !progress.events.iter().any(is_done),
            "the journal fell down"
        );
        self.0.commit(progress).await
    }

    async fn load(
        &self,
        execution: &Execution,
    ) -> Result<Vec<(Timestamp, JournalEvent)>, JournalError> {
        self.0.load(execution).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_outside_of_the_steps_calls_a_person_and_keeps_nothing_busy() {
    let mut house = House::with(Setup {
        journal: Some(|journal| Arc::new(Defect(journal))),
        ..Setup::default()
    })
    .await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    let execution = house.approve(&plan).await;
    let incident = house.incident(IncidentKind::Stuck).await;
    let why = "Commander broke off (the journal fell down), which is a defect";
    assert!(incident.title.contains(why), "{}", incident.title);
    assert!(!house.flow().running.is_busy(&staging()));
    let flow = house.flow();
    let ended = flow.cancel(&execution.id, &person("bob"), "enough").await;
    assert_eq!(ended.unwrap().status, ExecutionStatus::Stuck);
    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.why(), "given up by bob: enough");
    assert_eq!(house.flow().store.lock(&staging()).unwrap(), None);

    // Mended, it works there again.
    house.setup.journal = None;
    house.restart().await;
    house.deploy("v1.0.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_undone_stays_in_the_ledger_until_it_is_cleaned_up() {
    let house = House::new().await;
    let before = house.deploy("v1.0.0").await;
    let plan = house
        .plan("deploy tag failing-smoke of shop to staging")
        .await;
    let execution = house.approve(&plan).await;
    house
        .step_is(&execution.id, "smoke-smoke", StepStatus::Running)
        .await;
    // Somebody tidies up what is stopped: there is nothing to go back to any more.
    let kept = house.inspect(&before).unwrap();
    let id = kept["Id"].as_str().unwrap();
    let kept_name = kept["Name"].as_str().unwrap();
    request("DELETE", &format!("/containers/{id}?force=1"), b"");
    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Stuck, "{}", ended.why());
    let incident = house.incident(IncidentKind::Stuck).await;
    assert_eq!(incident.severity, IncidentSeverity::Critical);
    // The list says of each thing whether it is there.
    let [kept, own] = &incident.left[..] else {
        panic!("{:#?}", incident.left)
    };
    let name = kept_name.trim_start_matches('/').to_owned();
    assert_eq!(kept.thing, Thing::Kept { name });
    assert_eq!((kept.found, own.found), (Found::Gone, Found::Gone));
    assert!(kept.said.as_ref().unwrap().contains("is gone"), "{kept:?}");
    assert!(kept.advice.contains("deploy its version anew"), "{kept:?}");
    assert_eq!(own.advice, "nothing is to be done");
    let shown = house.flow().execution(&execution.id).unwrap();
    assert_eq!(shown.left, incident.left);
    let candidate = execution.release.as_ref().unwrap();
    let presence = || house.flow().store.release(candidate).unwrap().presence;
    assert_eq!(presence(), Presence::Candidate);

    house.deploy("v1.1.0").await;
    crate::house::until("it is cleaned up", || {
        (presence() == Presence::Retired).then_some(())
    })
    .await;
    assert_eq!(house.container_of(candidate), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_listed_with_what_stands_in_the_way_and_what_to_do() {
    let house = House::with(Setup {
        service: "confirm_before_switch = true".to_owned(),
        ..Setup::default()
    })
    .await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    let execution = house.approve(&plan).await;
    house
        .step_is(&execution.id, "confirm", StepStatus::Asking)
        .await;
    // Somebody uses the image too; it goes with the house, whose label it inherits.
    let image = &house.images()[0];
    let body = format!(r#"{{"Image": "{image}"}}"#);
    let (status, said) = request("POST", "/containers/create", body.as_bytes());
    assert_eq!(status, 201, "{said}");
    let flow = house.flow();
    let cancelled = flow.cancel(&execution.id, &person("bob"), "no").await;
    cancelled.unwrap();
    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Stuck, "{}", ended.why());
    assert_eq!(ended.step("build"), StepStatus::UndoFailed);
    let incident = house.incident(IncidentKind::Stuck).await;
    assert_eq!(incident.severity, IncidentSeverity::High, "nothing is down");
    let [left] = &incident.left[..] else {
        panic!("{:#?}", incident.left)
    };
    let tag = naming::image_tag(&house.flow().instance, &staging().service, &execution.id);
    assert_eq!(
        left.advice,
        format!("`docker rmi {tag}` once no container uses it; it only takes space")
    );
    assert_eq!(left.thing, Thing::Image { tag });
    assert_eq!((left.step.0.as_str(), left.found), ("build", Found::There));
    let said = left.said.as_deref().unwrap();
    assert!(incident.title.contains(said), "{}: {said}", incident.title);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_release_that_ends_is_an_incident_also_when_nobody_was_there() {
    let mut house = House::new().await;
    let release = house.deploy_and_vouch("v1.0.0").await;
    assert_eq!(house.watch_over(&release).status(), WatchStatus::Stopped);
    house.kill_container(&release);
    let told = house.incident(IncidentKind::CrashAfterVerified).await;
    assert!(
        told.title.starts_with("v1.0.0 of shop in staging "),
        "{}",
        told.title
    );
    assert_eq!(told.release, Some(release.id));

    let second = house.deploy_and_vouch("v1.1.0").await;
    house.stop().await;
    house.kill_container(&second);
    house.start().await;
    let seen = crate::house::until("the second incident", || {
        let incidents = house.incidents().into_iter();
        let mut crashes = incidents.filter(|i| i.kind == IncidentKind::CrashAfterVerified);
        crashes.find(|i| i.release.as_ref() == Some(&second.id))
    })
    .await;
    assert!(
        seen.title.contains("does not run any more"),
        "{}",
        seen.title
    );
    assert!(
        seen.title.contains("a rollback brings v1.0.0 back"),
        "{}",
        seen.title
    );
    assert_eq!(house.incidents().len(), 2, "each is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_nobody_answered_expires_by_itself() {
    let mut house = House::with(Setup {
        sections: "[approval]\noffered_for = \"1s\"".to_owned(),
        ..Setup::default()
    })
    .await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    // It looks around when it starts, and every quarter of a minute after.
    house.restart().await;
    crate::house::until("it expires", || {
        (house.stored(&plan.id).status == PlanStatus::Expired).then_some(())
    })
    .await;
    assert!(house.executions().is_empty());
}

/// The process ended between the last commit of a deploy and what follows it.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_an_end_is_caught_up_with_at_the_next_start() {
    let keep = |count: u32| format!("[docker]\nkeep = {count}");
    let mut house = House::with(Setup {
        sections: keep(5),
        ..Setup::default()
    })
    .await;
    let first = house.deploy("v1.0.0").await;
    let good = house.deploy_and_vouch("v1.1.0").await;
    house.deploy("v1.2.0").await;
    assert_eq!(house.release(&first).presence, Presence::Standby);
    // As it is where retention did not come to its turn.
    house.stop().await;
    house.setup.sections = keep(0);
    house.start().await;
    crate::house::until("the first is let go of", || {
        (house.release(&first).presence == Presence::Retired).then_some(())
    })
    .await;
    assert_eq!(house.inspect(&first), None);
    assert_eq!(house.release(&good).presence, Presence::Standby);
    assert!(house.inspect(&good).is_some(), "a rollback goes there");
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_were_built_and_never_deployed_do_not_pile_up() {
    let house = House::new().await;
    let live = house.deploy("v1.0.0").await;
    for (verb, version) in [("build", "v1.1.0"), ("test", "v1.2.0"), ("build", "v1.3.0")] {
        house
            .carry_out(&format!("{verb} {version} of shop"))
            .await
            .must_succeed();
    }
    // The live one's and the newest.
    crate::house::until("two images are left", || {
        (house.images().len() == 2).then_some(())
    })
    .await;
    // Deployed and built alike: the release keeps its image when the build's tag goes.
    house.carry_out("build v1.0.0 of shop").await.must_succeed();
    house.carry_out("build v1.4.0 of shop").await.must_succeed();
    crate::house::until("two images are left again", || {
        (house.images().len() == 2).then_some(())
    })
    .await;
    let image = live.image_id.as_ref().unwrap();
    assert!(house.images().contains(&image.to_string()));
    assert!(house.is_running(&live));
}
