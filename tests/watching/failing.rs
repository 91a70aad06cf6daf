//! When taking it back does not work out: one attempt, what still answers is kept, a person is
//! called, and a fix can be deployed.

use commander::domain::execution::ExecutionStatus;
use commander::domain::incident::{Delivery, IncidentKind, IncidentSeverity, NotificationEvent};
use commander::domain::plan::OnDegraded;
use commander::domain::release::{Presence, Quality, VerifiedBy};
use commander::domain::watch::WatchStatus;
use commander::flow::Code;

use crate::docker_image::request;
use crate::house::{House, Setup, staging, until};
use crate::http::{Server, answer};
use crate::story::{LONG, SHORT, Stranger, patient, refused, watched};

#[tokio::test(flavor = "multi_thread")]
async fn hc_24_30_33_a_target_that_does_not_start_is_tried_once_and_a_fix_ends_the_freeze() {
    let failing = answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    let hook = Server::start(vec![failing]).await;
    let mut house = House::with(Setup {
        watchdog: SHORT.to_owned(),
        sections: format!("[notify]\nwebhook = \"{}/secret-path\"", hook.url()),
        ..patient()
    })
    .await;
    let good = house.deploy_and_verify("starts-once").await;
    // Without a Prometheus, Commander's own requests are the proof.
    assert_eq!(good.verified_by, Some(VerifiedBy::Probe));
    house.setup.watchdog = LONG.to_owned();
    house.restart().await;

    let bad = house.deploy("v1.1.0").await;
    house.sicken(&bad).await;
    let rollback = until("a rollback begins", || house.rollbacks().pop()).await;
    let ended = house.end_of(&rollback.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert!(
        ended.why().contains("cannot start again"),
        "{}",
        ended.why()
    );
    let incident = house.incident(IncidentKind::RollbackFailed).await;
    assert_eq!(incident.severity, IncidentSeverity::Critical);
    assert_eq!(incident.rollback_target, Some(good.id.clone()));
    house.serves(&bad).await;
    assert!(!house.is_running(&good));
    let freeze = house.flow().store.freeze(&staging()).unwrap().unwrap();
    assert_eq!(freeze.incident, Some(incident.id.clone()));
    assert_eq!(
        house.end_of_watch_over(&bad).await.status(),
        WatchStatus::Unverified
    );
    assert_eq!(house.release(&bad).quality, Quality::Unverified);

    // The place is frozen: a person may still deploy a fix, and nothing automatic is promised.
    house.setup.watchdog = SHORT.to_owned();
    house.restart().await;
    let plan = house.plan("deploy v1.2.0 of shop to staging").await;
    assert_eq!(plan.body.on_degraded, OnDegraded::CallPerson);
    assert!(
        plan.notes.iter().any(|note| note.contains("freeze")),
        "{:?}",
        plan.notes
    );
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let fix = house.live();
    assert!(house.flow().store.freeze(&staging()).unwrap().is_some());
    let watch = house.end_of_watch_over(&fix).await;
    assert_eq!(watch.status(), WatchStatus::Verified, "{:?}", watch.reason);
    until("the freeze ends", || {
        let freeze = house.flow().store.freeze(&staging()).unwrap();
        freeze.is_none().then_some(())
    })
    .await;
    house.serves(&fix).await;
    assert_eq!(house.rollbacks().len(), 1, "one attempt");

    let requests = hook.requests();
    let about_it = requests.iter().filter(|r| r.contains(incident.id.as_str()));
    assert_eq!(about_it.count(), 6, "{requests:#?}");
    // What the hook did changed nothing, and is said beside the failure that it was to tell of.
    let incident = until("the hook was tried", || {
        let incident = house.flow().store.incident(&incident.id).unwrap();
        (incident.notifications.len() == 2).then_some(incident)
    })
    .await;
    assert!(
        incident.title.contains("the rollback failed: health: "),
        "{}",
        incident.title
    );
    for outcome in &incident.notifications {
        assert_eq!(outcome.event, NotificationEvent::IncidentOpened);
        assert_eq!(outcome.to, hook.url(), "without the path");
        assert_eq!(outcome.attempts, 3);
        assert_eq!(outcome.delivery, Delivery::Rejected { status: 500 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_21_a_pruned_target_is_an_incident_at_once_and_every_plan_says_so() {
    let house = watched(LONG).await;
    let good = house.deploy_and_vouch("v1.0.0").await;
    let bad = house.deploy("v1.1.0").await;
    house.prune(&good);
    let missing = house.incident(IncidentKind::TargetMissing).await;
    assert_eq!(missing.severity, IncidentSeverity::High);
    assert_eq!(missing.rollback_target, Some(good.id.clone()));
    let rebuild = format!(
        "deploy v1.0.0 again, which rebuilds it from commit {}",
        &good.commit[..12]
    );
    assert!(missing.title.contains(&rebuild), "{}", missing.title);
    assert_eq!(house.watch_over(&bad).status(), WatchStatus::Baking);

    let forward = house.plan("deploy v1.2.0 of shop to staging").await;
    assert!(
        forward
            .notes
            .iter()
            .any(|note| note.contains("nothing can be brought back") && note.contains(&rebuild)),
        "{:?}",
        forward.notes
    );
    let back = refused(house.try_ask("roll back shop in staging").await);
    assert_eq!(back.code, Code::NothingToRollBackTo);
    assert!(back.message.contains(&rebuild), "{back}");

    // It turns out bad: it is left running, and nothing is tried.
    house.sicken(&bad).await;
    let incident = house.incident(IncidentKind::RollbackImpossible).await;
    assert_eq!(incident.severity, IncidentSeverity::Critical);
    assert!(
        incident
            .title
            .contains("nothing was done: the image of v1.0.0"),
        "{}",
        incident.title
    );
    house.end_of_watch_over(&bad).await;
    house.serves(&bad).await;
    assert!(house.rollbacks().is_empty());

    // The rebuild is a new candidate that a person approves.
    let again = house.deploy("v1.0.0").await;
    assert_ne!(again.id, good.id);
    house.serves(&again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_32_a_cleanup_that_fails_is_no_failure_and_takes_nothing_that_is_needed() {
    let setup = Setup {
        watchdog: LONG.to_owned(),
        sections: "[docker]\nkeep = 0".to_owned(),
        ..patient()
    };
    let house = House::with(setup).await;
    let old = house.deploy("v1.0.0").await;
    // Somebody else works with the image that is to go, and stands in the way.
    let image = old.image_id.clone().unwrap();
    let stranger = Stranger::create(
        &format!("commander-test-stranger-{}", old.id.short()),
        &serde_json::json!({ "Image": image.as_str() }),
    );
    let good = house.deploy_and_vouch("v1.1.0").await;
    let live = house.deploy("v1.2.0").await;
    house.serves(&live).await;
    assert!(stranger.exists());
    assert_eq!(request("GET", &format!("/images/{image}/json"), b"").0, 200);
    assert!(
        house.inspect(&good).is_some(),
        "the last known good is kept"
    );
    assert!(house.incidents().is_empty());
    house.sicken(&live).await;
    house.is_taken_back(&live, &good).await;
    assert!(stranger.exists());
    assert_eq!(house.release(&old).presence, Presence::Standby);

    // What failed is tried again after the next deploy.
    drop(stranger);
    house.deploy("v1.3.0").await;
    until("the old release is let go of", || {
        (house.release(&old).presence == Presence::Retired).then_some(())
    })
    .await;
    assert!(house.inspect(&old).is_none());
    assert!(house.inspect(&good).is_some());
}
