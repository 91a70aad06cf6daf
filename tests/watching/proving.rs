//! Proof without a Prometheus, and what follows where there is none at all.

use commander::domain::execution::{ExecutionStatus, StepStatus};
use commander::domain::incident::{IncidentKind, IncidentSeverity};
use commander::domain::plan::OnDegraded;
use commander::domain::release::{Quality, VerifiedBy};
use commander::domain::verdict::VerdictKind;
use commander::domain::watch::WatchStatus;
use commander::flow::Code;

use crate::house::{House, Setup, staging};
use crate::story::{LONG, SHORT, patient, refused, watched};

#[tokio::test(flavor = "multi_thread")]
async fn invariant_12_without_a_prometheus_the_probe_verifies_and_takes_back() {
    let mut house = watched(LONG).await;
    // Nothing to go back to: it is left running, and a person is called.
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    assert_eq!(plan.body.on_degraded, OnDegraded::CallPerson);
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let first = house.live();
    house.sicken(&first).await;
    let incident = house.incident(IncidentKind::DegradedUnattended).await;
    assert_eq!(incident.severity, IncidentSeverity::Critical);
    assert_eq!(incident.release, Some(first.id.clone()));
    let watch = house.end_of_watch_over(&first).await;
    assert_eq!(watch.status(), WatchStatus::Unverified);
    house.serves(&first).await;
    assert_eq!(house.executions().len(), 1);

    house.setup.watchdog = SHORT.to_owned();
    house.restart().await;
    let good = house.deploy_and_verify("v1.1.0").await;
    assert_eq!(good.verified_by, Some(VerifiedBy::Probe));

    house.setup.watchdog = LONG.to_owned();
    house.restart().await;
    let bad = house.deploy("v1.2.0").await;
    house.sicken(&bad).await;
    let incident = house.is_taken_back(&bad, &good).await;
    assert!(
        incident
            .evidence
            .iter()
            .all(|e| e.evidence.metrics.is_none()),
        "nobody was asked"
    );

    // Never a rollback of a rollback: what was restored is left running when it turns bad too.
    house.sicken(&good).await;
    let restored = house.watch_over(&good);
    let ended = house.end_of_watch(&restored.id).await;
    assert_eq!(
        ended.status(),
        WatchStatus::Unverified,
        "{:?}",
        ended.reason
    );
    house.serves(&good).await;
    assert_eq!(house.rollbacks().len(), 1);
    assert_eq!(house.release(&good).quality, Quality::Verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_14_with_nothing_to_measure_it_ends_unverified_and_that_is_said() {
    let setup = Setup {
        watchdog: SHORT.to_owned(),
        health: Some("interval = \"200ms\""),
        ..patient()
    };
    let house = House::with(setup).await;
    let plan = house.plan("deploy v1.0.0 of shop to staging").await;
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("can only end as unverified")),
        "{:?}",
        plan.notes
    );
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let release = house.live();
    let watch = house.end_of_watch_over(&release).await;
    assert_eq!(watch.status(), WatchStatus::Unverified);
    assert_eq!(
        watch.reason.as_deref(),
        Some("Nothing proved this release during its bake: there was nothing to measure.")
    );
    assert_eq!(house.release(&release).quality, Quality::Unverified);
    house.serves(&release).await;
    assert!(house.incidents().is_empty());
    let next = house.plan("deploy v1.1.0 of shop to staging").await;
    assert_eq!(next.body.rollback_target, None, "it is no last known good");
    let back = refused(house.roll_back().await);
    assert_eq!(back.code, Code::NothingToRollBackTo);
}

/// What Commander itself stops and starts while an execution holds the lock is no crash.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_pauses_while_an_execution_holds_the_lock_and_goes_on_after_it() {
    let house = watched(LONG).await;
    house.deploy_and_vouch("v1.0.0").await;
    let release = house.deploy("v1.1.0").await;
    house.evaluations_are(&release, 1).await;
    let plan = house
        .plan("deploy tag failing-smoke of shop to staging")
        .await;
    let execution = house.approve(&plan).await;
    house
        .step_is(&execution.id, "smoke-smoke", StepStatus::Running)
        .await;
    let paused = house.watch_over(&release);
    assert_eq!(paused.status(), WatchStatus::Paused);
    assert!(!house.is_running(&release));

    let ended = house.end_of(&execution.id).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    house.watch_is(&release, WatchStatus::Baking).await;
    let seen = paused.state.evaluations;
    house.evaluations_are(&release, seen + 3).await;
    let watch = house.watch_over(&release);
    assert_eq!(watch.id, paused.id);
    assert_eq!(watch.state.exits.total(), 0);
    for evaluation in house.evaluations(&watch) {
        assert_eq!(evaluation.rule, None);
        let kind = evaluation.verdict.kind();
        assert_eq!(kind, VerdictKind::Good, "{}", evaluation.sentence);
    }
    house.serves(&release).await;
    assert!(house.incidents().is_empty());

    // A restart is ours too.
    house
        .carry_out("restart shop in staging")
        .await
        .must_succeed();
    house.watch_is(&release, WatchStatus::Baking).await;
    let seen = house.watch_over(&release).state.evaluations;
    house.evaluations_are(&release, seen + 3).await;
    assert_eq!(house.watch_over(&release).state.exits.total(), 0);
    assert_eq!(house.flow().store.lock(&staging()).unwrap(), None);
    assert!(house.incidents().is_empty());
}
