//! Two executions beside each other.

use commander::domain::comparison::{Compared, ComparedStep, Comparison, Side, compare};
use commander::domain::execution::{
    ExecutionState, Fault, FaultKind, GRAPH_VERSION, JournalEvent, StepOutput,
};
use commander::domain::release::{Presence, Quality};
use commander::domain::snapshot::SecretReference;
use commander::domain::step::{StepAction, StepId};
use jiff::Timestamp;

use crate::plans::{
    Scenario, asking_deploy, at, deploy, image, promote, release, restart, rollback, test,
};

fn every_kind() -> Vec<Scenario> {
    let live = release(1, Presence::Live, Quality::Verified);
    let good = release(2, Presence::Standby, Quality::Verified);
    let ledger = [live, good.clone()];
    vec![
        deploy(4, &[]),
        deploy(4, &ledger),
        asking_deploy(4, &ledger),
        promote(4, &ledger),
        rollback(&good, &ledger),
        restart(&ledger),
        test(4),
    ]
}

/// A journal in which the first steps are done, one each second.
fn journal(scenario: &Scenario, done: usize) -> Vec<(Timestamp, JournalEvent)> {
    let mut events = vec![JournalEvent::Started {
        graph_version: GRAPH_VERSION,
        plan_digest: scenario.plan.digest.clone(),
        approvals: Vec::new(),
    }];
    let order = scenario.plan.body.in_order().unwrap();
    let asks = |action: &StepAction| matches!(action, StepAction::Confirm { .. });
    for step in order.iter().take(done).take_while(|s| !asks(&s.action)) {
        let builds = matches!(step.action, StepAction::BuildImage(_));
        let step = step.id.clone();
        events.push(JournalEvent::StepStarted { step: step.clone() });
        let output = StepOutput {
            image_id: builds.then(|| image(4)),
            summary: format!("{step} went well"),
            ..StepOutput::default()
        };
        events.push(JournalEvent::StepDone { step, output });
    }
    (60..).map(at).zip(events).collect()
}

fn state(scenario: &Scenario, journal: &[(Timestamp, JournalEvent)]) -> ExecutionState {
    ExecutionState::replay(&scenario.plan.body, journal).unwrap()
}

fn side<'a>(scenario: &'a Scenario, state: &'a ExecutionState) -> Side<'a> {
    Side {
        execution: &scenario.execution,
        plan: &scenario.plan,
        state,
        approvals: &scenario.approvals,
    }
}

fn step<'a>(comparison: &'a Comparison, id: &str) -> &'a ComparedStep {
    let id = StepId::from(id);
    let mut steps = comparison.steps.iter();
    steps.find(|step| step.step == id).unwrap()
}

fn value<'a>(values: &'a [Compared], what: &str) -> &'a Compared {
    let found = values.iter().find(|value| value.what == what);
    found.unwrap_or_else(|| panic!("no {what} in {values:#?}"))
}

fn both(value: &Compared) -> (Option<&str>, Option<&str>) {
    (value.first.as_deref(), value.second.as_deref())
}

#[test]
fn an_execution_does_not_differ_from_itself() {
    for scenario in every_kind() {
        for done in 0..=scenario.plan.body.steps.len() {
            let state = state(&scenario, &journal(&scenario, done));
            let compared = compare(side(&scenario, &state), side(&scenario, &state));
            assert!(!compared.differs(), "{compared:#?}");
            assert_eq!(compared.steps.len(), scenario.plan.body.steps.len());
        }
    }
}

#[test]
fn every_step_of_both_is_there_once_and_turned_round_it_says_the_same() {
    for first in every_kind() {
        for second in every_kind() {
            let (one, other) = (
                state(&first, &journal(&first, 3)),
                ExecutionState::new(&second.plan.body),
            );
            let compared = compare(side(&first, &one), side(&second, &other));
            let back = compare(side(&second, &other), side(&first, &one));
            let mut ids: Vec<&StepId> = compared.steps.iter().map(|s| &s.step).collect();
            ids.sort();
            let steps = first.plan.body.steps.iter().chain(&second.plan.body.steps);
            let mut all: Vec<&StepId> = steps.map(|s| &s.id).collect();
            all.sort();
            all.dedup();
            assert_eq!(ids, all);
            assert_eq!(compared.differs(), back.differs());
            for there in &compared.steps {
                let again = step(&back, &there.step.0);
                assert_eq!(
                    (there.in_first, there.in_second),
                    (again.in_second, again.in_first)
                );
                assert_eq!(there.differs, again.differs);
                for row in &there.values {
                    let turned = value(&again.values, &row.what);
                    assert_eq!(
                        both(row),
                        (turned.second.as_deref(), turned.first.as_deref())
                    );
                    assert_eq!(row.differs, row.first != row.second);
                }
            }
        }
    }
}

#[test]
fn what_differs_is_named_value_by_value() {
    let first = deploy(4, &[]);
    let mut second = deploy(4, &[]);
    for step in &mut second.plan.body.steps {
        if let StepAction::RunTest { argv, .. } = &mut step.action {
            argv.push("--fast".to_owned());
        }
    }
    let configuration = second.plan.body.configuration.as_mut().unwrap();
    let word = |text: &str| text.to_owned();
    configuration
        .environment
        .insert(word("LEVEL"), word("debug"));
    let secret = SecretReference::try_from(word("env:SHOP_PASSWORD")).unwrap();
    configuration.secrets.insert(word("PASSWORD"), secret);
    second.approvals.clear();
    let one = state(&first, &journal(&first, 3));
    let mut other = one.clone();
    let unit = other.steps.get_mut(&StepId::from("test-style")).unwrap();
    unit.fault = Some(Fault::new(FaultKind::Rejected, "it ended with 1"));
    unit.failed_tries = 2;
    let compared = compare(side(&first, &one), side(&second, &other));

    let whole = |what| both(value(&compared.whole, what));
    assert_eq!(
        whole("configuration.environment.LEVEL"),
        (None, Some("debug"))
    );
    // Where it comes from is all that a plan knows of a secret.
    let secret = (None, Some("env:SHOP_PASSWORD"));
    assert_eq!(whole("configuration.secrets.PASSWORD"), secret);
    assert_eq!(whole("approved by"), (Some("ada"), None));
    assert!(!value(&compared.whole, "pins.commit").differs);
    let tested = step(&compared, "test-style");
    assert!(tested.differs && tested.in_first && tested.in_second);
    let calls = (
        Some(r#"["/bin/check"]"#),
        Some(r#"["/bin/check","--fast"]"#),
    );
    assert_eq!(both(value(&tested.values, "argv")), calls);
    assert_eq!(both(value(&tested.values, "tries")), (Some("1"), Some("3")));
    assert_eq!(
        both(value(&tested.values, "fault")),
        (None, Some("it ended with 1"))
    );
    assert!(!step(&compared, "build").differs);
    let built = value(&step(&compared, "build").values, "image");
    assert_eq!(built.first.as_deref(), Some(image(4).as_str()));
}

#[test]
fn steps_of_one_side_stand_where_they_run() {
    let (first, second) = (promote(4, &[]), deploy(4, &[]));
    let (one, other) = (
        ExecutionState::new(&first.plan.body),
        ExecutionState::new(&second.plan.body),
    );
    let compared = compare(side(&first, &one), side(&second, &other));
    let order: Vec<(&str, bool, bool)> = compared
        .steps
        .iter()
        .map(|s| (s.step.0.as_str(), s.in_first, s.in_second))
        .collect();
    assert_eq!(
        order,
        [
            ("fetch", false, true),
            ("build", false, true),
            ("test-style", false, true),
            ("test-unit", false, true),
            ("require-image", true, false),
            ("create", true, true),
            ("switch", true, true),
            ("health", true, true),
            ("smoke-checkout", true, true),
            ("script-warm-cache", false, true),
            ("verify", true, true),
        ]
    );
}
