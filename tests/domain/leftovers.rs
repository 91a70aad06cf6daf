//! What a stuck execution may have left, by what its steps came to.

use commander::domain::execution::{ExecutionState, Fault, FaultKind, StepStatus};
use commander::domain::leftover::{Found, Leftover, Thing, leftovers};
use commander::domain::naming;
use commander::domain::release::{Presence, Quality};
use commander::domain::step::StepId;

use crate::plans::{INSTANCE, Scenario, deploy, release, rollback, shop, staging};

fn container(scenario: &Scenario, replaced: bool) -> String {
    let execution = &scenario.execution;
    let release = match replaced {
        true => &execution.replaces,
        false => &execution.release,
    };
    naming::container(INSTANCE, &shop(), &staging(), release.as_ref().unwrap())
}

/// The steps that are named came to this, and the others to nothing.
fn left(scenario: &Scenario, steps: &[(&str, StepStatus, Option<&str>)]) -> Vec<Leftover> {
    let body = &scenario.plan.body;
    let mut state = ExecutionState::new(body);
    for (step, status, said) in steps {
        let step = state.steps.get_mut(&StepId::from(*step)).unwrap();
        step.status = *status;
        step.fault = said.map(|said| Fault::new(FaultKind::Denied, said));
    }
    leftovers(INSTANCE, body, &scenario.execution, Some(&state))
}

#[test]
fn what_was_begun_and_not_undone_is_named_the_latest_first() {
    let over = [release(1, Presence::Live, Quality::Verified)];
    let scenario = deploy(4, &over);
    let all = left(
        &scenario,
        &[
            ("fetch", StepStatus::Done, None),
            ("build", StepStatus::UndoFailed, Some("it is in use")),
            ("test-unit", StepStatus::Undone, None),
            ("create", StepStatus::UndoFailed, Some("it still runs")),
            ("switch", StepStatus::UndoFailed, Some("the port is taken")),
            // Why a step failed is not why it was not undone.
            ("smoke-checkout", StepStatus::Running, Some("slow")),
        ],
    );
    let said: Vec<_> = all.iter().map(|one| one.said.as_deref()).collect();
    let things: Vec<_> = all.iter().map(|one| one.thing.clone()).collect();
    let tag = naming::image_tag(INSTANCE, &shop(), &scenario.execution.id);
    let expected = [
        Thing::Test {
            execution: scenario.execution.id.clone(),
            step: StepId::from("smoke-checkout"),
        },
        Thing::Kept {
            name: container(&scenario, true),
        },
        Thing::Container {
            name: container(&scenario, false),
        },
        Thing::Image { tag },
    ];
    assert_eq!(things, expected);
    let (port, both) = ("the port is taken", "the port is taken; it still runs");
    assert_eq!(
        said,
        [None, Some(port), Some(both), Some("it is in use")],
        "{all:#?}"
    );
    assert!(all.iter().all(|one| one.found == Found::Unknown));
    // Nothing was begun, or all of it undone.
    assert_eq!(left(&scenario, &[]), []);
    assert_eq!(left(&scenario, &[("switch", StepStatus::Undone, None)]), []);
}

#[test]
fn a_release_that_is_kept_is_never_to_be_removed() {
    let (bad, good) = (
        release(3, Presence::Live, Quality::Unproven),
        release(2, Presence::Standby, Quality::Verified),
    );
    let scenario = rollback(&good, &[good.clone(), bad]);
    let all = left(&scenario, &[("switch", StepStatus::UndoFailed, Some("no"))]);
    let names = [container(&scenario, true), container(&scenario, false)];
    assert_eq!(
        all.iter().map(|one| one.thing.clone()).collect::<Vec<_>>(),
        names.map(|name| Thing::Kept { name })
    );
    for found in [Found::Unknown, Found::There, Found::Running, Found::Gone] {
        for one in &all {
            let advice = one.clone().seen(found).advice;
            assert!(!advice.contains("docker rm"), "{found:?}: {advice}");
        }
    }
    let gone = all[0].clone().seen(Found::Gone);
    assert!(gone.advice.contains("deploy its version anew"), "{gone:?}");
}
