//! What the demo takes for happened, for not yet, and for never.

use std::time::Duration;

use commander::cli::demo::story::{self, Look, Part};

use commander::domain::execution::{ExecutionState, ExecutionStatus, Fault, FaultKind, StepStatus};
use commander::domain::id::ReleaseId;
use commander::domain::incident::{Incident, IncidentKind, IncidentStatus};
use commander::domain::plan::{OnDegraded, Requester};
use commander::domain::release::{Presence, Quality, Release, VerifiedBy};
use commander::domain::step::StepId;
use commander::domain::verdict::{
    Baseline, ContainerFacts, ContainerReport, ContainerState, Evidence,
};
use commander::domain::watch::{
    Evaluation, Rule, Tick, WatchSettings, WatchState, step as evaluate,
};
use commander::flow::ExecutionView;

use super::plans::{Scenario, at, deploy, id, place, release, rollback};

fn detail(scenario: Scenario, status: ExecutionStatus) -> ExecutionView {
    let mut execution = scenario.execution;
    execution.status = status;
    ExecutionView {
        execution,
        state: ExecutionState::new(&scenario.plan.body),
        plan: scenario.plan,
        version: None,
        interruption_ms: None,
        past: None,
        left: Vec::new(),
    }
}

fn good() -> Release {
    release(1, Presence::Live, Quality::Verified)
}

fn is_never<T>(look: &Look<T>) -> bool {
    matches!(look, Look::Never(_))
}

#[test]
fn every_part_has_a_sentence_but_the_stage() {
    let parts = [
        Part::GoodRelease,
        Part::BadRelease,
        Part::BrokenBuild,
        Part::FailingTests,
        Part::CrashingRelease,
    ];
    assert!(parts.iter().all(|part| part.sentence().contains("staging")));
    assert!(Part::Stage.sentence().is_empty());
}

#[test]
fn an_execution_that_fails_where_it_should_is_told_from_one_that_goes_live() {
    let running = detail(deploy(5, &[good()]), ExecutionStatus::Running);
    assert_eq!(story::succeeded(&running), Look::NotYet);
    assert_eq!(story::failed_in(&running, "build_image"), Look::NotYet);

    let live = detail(deploy(5, &[good()]), ExecutionStatus::Succeeded);
    assert_eq!(story::succeeded(&live), Look::Seen(()));
    assert!(is_never(&story::failed_in(&live, "build_image")));

    let mut failed = detail(deploy(5, &[good()]), ExecutionStatus::Failed);
    let fault = Fault::new(FaultKind::Rejected, "it does not compile");
    failed.state.failure = Some((StepId::from("build"), fault));
    assert!(is_never(&story::succeeded(&failed)));
    assert!(is_never(&story::failed_in(&failed, "run_test")));
    let why = "it does not compile".to_owned();
    assert_eq!(story::failed_in(&failed, "build_image"), Look::Seen(why));
}

#[test]
fn a_journal_that_is_ahead_of_its_row_is_not_yet_an_end() {
    let mut detail = detail(deploy(5, &[good()]), ExecutionStatus::Running);
    detail.state.status = ExecutionStatus::Succeeded;
    assert_eq!(story::succeeded(&detail), Look::NotYet);
}

#[test]
fn only_metrics_verify_a_release_of_the_demo() {
    let mut release = release(1, Presence::Live, Quality::Unproven);
    assert_eq!(story::verified(&release), Look::NotYet);
    release.quality = Quality::Unverified;
    assert!(is_never(&story::verified(&release)));
    release.quality = Quality::Verified;
    release.verified_by = Some(VerifiedBy::Probe);
    assert!(is_never(&story::verified(&release)));
    release.verified_by = Some(VerifiedBy::Metrics);
    assert_eq!(story::verified(&release), Look::Seen(()));
}

#[test]
fn times_come_from_the_steps() {
    let mut detail = detail(deploy(2, &[good()]), ExecutionStatus::Succeeded);
    assert_eq!(story::build_time(&detail), None);
    assert_eq!(story::switch(&detail), None);
    let step = |name: &str| StepId::from(name);
    let build = detail.state.steps.get_mut(&step("build")).unwrap();
    (build.started_at, build.ended_at) = (Some(at(10)), Some(at(13)));
    assert_eq!(story::build_time(&detail), Some(Duration::from_secs(3)));

    let switch = detail.state.steps.get_mut(&step("switch")).unwrap();
    switch.output.get_or_insert_default().stopped_at = Some(at(14));
    let gate = detail.state.steps.get_mut(&step("health")).unwrap();
    gate.output.get_or_insert_default().answered_at = Some(at(15));
    detail.execution.ended_at = Some(at(17));
    let switch = story::switch(&detail).unwrap();
    let times = (switch.stopped_at, switch.answered_at, switch.live_at);
    assert_eq!(times, (at(14), at(15), at(17)));
}

#[test]
fn the_way_back_must_be_the_good_release() {
    let (mut plan, good) = (deploy(2, &[good()]).plan, good());
    story::goes_back_to(&plan, &good).unwrap();
    let other = release(0, Presence::Standby, Quality::Verified);
    story::goes_back_to(&plan, &other).unwrap_err();
    plan.body.on_degraded = OnDegraded::CallPerson;
    story::goes_back_to(&plan, &good).unwrap_err();
}

/// What a watch says of a container that has ended for good.
fn evaluation() -> Evaluation {
    let facts = ContainerFacts {
        state: ContainerState::Exited,
        restart_count: 0,
        exits: 1,
        oom_kills: 0,
        exit_code: Some(2),
        health: None,
    };
    let evidence = Evidence {
        metrics: None,
        probe: None,
        container: ContainerReport::Known { facts },
    };
    let tick = Tick {
        elapsed: Duration::from_secs(2),
        now: at(40),
    };
    let state = WatchState::begin(0, Baseline::default());
    evaluate(&state, &WatchSettings::default(), evidence, tick)
        .unwrap()
        .evaluation
}

fn incident(bad: &ReleaseId) -> Incident {
    Incident {
        id: id(1),
        kind: IncidentKind::Rollback,
        severity: IncidentKind::Rollback.severity(),
        service: place().service,
        environment: place().environment,
        status: IncidentStatus::Open,
        opened_at: at(40),
        title: "v1.2.0 turned out bad".to_owned(),
        release: Some(bad.clone()),
        rollback_target: None,
        watch: None,
        plan: None,
        execution: None,
        rule: None,
        evidence: vec![evaluation()],
        baseline: None,
        container_log: Vec::new(),
        left: Vec::new(),
        acts: Vec::new(),
        timeline: Vec::new(),
        notifications: Vec::new(),
    }
}

#[test]
fn a_release_is_found_bad_once_its_incident_has_a_rollback_and_a_verdict() {
    let bad: ReleaseId = id(2);
    let mut told = incident(&bad);
    assert_eq!(story::found_bad(&[], &bad), Look::NotYet);
    assert_eq!(
        story::found_bad(&[incident(&id(3))], &bad),
        Look::NotYet,
        "an incident about another release"
    );
    let look = |incident: &Incident| story::found_bad(std::slice::from_ref(incident), &bad);
    assert_eq!(look(&told), Look::NotYet);
    told.execution = Some(id(7));
    let Look::Seen(found) = look(&told) else {
        panic!("{:?}", look(&told));
    };
    assert!(!found.is_over);
    assert_eq!(found.rule, Rule::ExitWithoutRestart { exit_code: Some(2) });
    story::rests_on_docker(found.rule).unwrap();
    story::rests_on_docker(Rule::Consecutive { bad: 3 }).unwrap_err();
    story::rests_on_metrics(&found.verdict).unwrap_err();

    told.status = IncidentStatus::Closed {
        at: at(45),
        by: None,
    };
    assert!(matches!(look(&told), Look::Seen(found) if found.is_over));
    told.evidence.clear();
    assert!(is_never(&look(&told)));
    told.kind = IncidentKind::RollbackImpossible;
    assert!(is_never(&look(&told)));
}

#[test]
fn a_rollback_counts_when_the_watch_made_it_and_what_runs_was_inspected() {
    let standby = release(1, Presence::Standby, Quality::Verified);
    let ledger = [
        release(2, Presence::Live, Quality::Unproven),
        standby.clone(),
    ];
    let mut detail = detail(rollback(&standby, &ledger), ExecutionStatus::Succeeded);
    story::automatic_and_inspected(&detail).unwrap_err();
    detail.plan.origin.by = Requester::Policy { under: id(9) };
    story::automatic_and_inspected(&detail).unwrap_err();
    let inspection = detail.state.steps.get_mut(&StepId::from("verify")).unwrap();
    inspection.status = StepStatus::Done;
    story::automatic_and_inspected(&detail).unwrap();
}

#[test]
fn the_ledger_must_have_the_same_bytes_live_and_the_bad_ones_under_quarantine() {
    let good = good();
    let mut bad = release(2, Presence::Standby, Quality::Quarantined);
    let back = |ledger: &[Release], bad: &Release| story::back_in_place(ledger, &good, &bad.id);
    back(&[good.clone(), bad.clone()], &bad).unwrap();
    back(std::slice::from_ref(&good), &bad).unwrap_err();
    bad.quality = Quality::Unproven;
    back(&[good.clone(), bad.clone()], &bad).unwrap_err();

    let mut rebuilt = good.clone();
    rebuilt.image_id = bad.image_id;
    story::serves(&[rebuilt], &good).unwrap_err();
    let mut gone = good.clone();
    gone.presence = Presence::Standby;
    story::serves(&[gone], &good).unwrap_err();
}
