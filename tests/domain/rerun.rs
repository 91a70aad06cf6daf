//! From which steps an execution can be run again, and what the new plan stands on.

use commander::domain::digest::Digest;
use commander::domain::execution::{
    ExecutionState, ExecutionStatus, Fault, FaultKind, StepOutput, StepStatus,
};
use commander::domain::plan::InvalidPlan;
use commander::domain::planner;
use commander::domain::release::{Presence, Quality};
use commander::domain::rerun::{Again, RerunRefused, Tests, again};
use commander::domain::step::{StepAction, StepId};

use crate::plans::{
    Scenario, asking_deploy, commit, deploy, image, name, promote, release, restart, rollback,
    settings, shop, test,
};

/// An execution whose steps up to `failed` were done, and then undone.
fn failed_at(scenario: &Scenario, failed: &str) -> ExecutionState {
    let mut state = ExecutionState::new(&scenario.plan.body);
    state.status = ExecutionStatus::Failed;
    for step in scenario.plan.body.in_order().unwrap() {
        let known = state.steps.get_mut(&step.id).unwrap();
        known.status = StepStatus::Undone;
        if step.id.0 == failed {
            known.fault = Some(Fault::new(FaultKind::Rejected, "no"));
            break;
        }
        let builds = matches!(step.action, StepAction::BuildImage(_));
        known.output = Some(StepOutput {
            image_id: builds.then(|| image(4)),
            ..StepOutput::default()
        });
    }
    state
}

fn succeeded(scenario: &Scenario) -> ExecutionState {
    let mut state = failed_at(scenario, "");
    state.status = ExecutionStatus::Succeeded;
    state
}

fn from(scenario: &Scenario, state: &ExecutionState, step: &str) -> Result<Again, RerunRefused> {
    let step = StepId::from(step);
    again(&scenario.plan, state, Some(&step)).map(|(named, again)| {
        assert_eq!(named, step);
        again
    })
}

fn the_image(tests: Tests) -> Again {
    let image_id = image(4);
    Again::Image { image_id, tests }
}

#[test]
fn each_step_has_its_beginning_or_a_sentence_that_names_them() {
    let live = release(1, Presence::Live, Quality::Verified);
    let good = release(2, Presence::Standby, Quality::Verified);
    let ledger = [live, good.clone()];
    let run = the_image(Tests::Run);
    let passed = the_image(Tests::Passed);
    let whole = Again::Whole;
    let source = Again::Source;
    let cases = [
        (
            deploy(4, &ledger),
            vec![
                ("fetch", &source),
                ("build", &source),
                ("test-style", &run),
                ("test-unit", &run),
                ("create", &passed),
                ("switch", &passed),
            ],
        ),
        (
            asking_deploy(4, &ledger),
            vec![
                ("fetch", &source),
                ("build", &source),
                ("test-style", &run),
                ("test-unit", &run),
                ("confirm", &passed),
                ("create", &passed),
                ("switch", &passed),
            ],
        ),
        (
            promote(4, &ledger),
            vec![
                ("require-image", &run),
                ("create", &passed),
                ("switch", &passed),
            ],
        ),
        (
            rollback(&good, &ledger),
            vec![
                ("require-image", &whole),
                ("create", &whole),
                ("switch", &whole),
            ],
        ),
        (restart(&ledger), vec![("restart", &whole)]),
        (
            test(4),
            vec![
                ("fetch", &source),
                ("build", &source),
                ("test-style", &run),
                ("test-unit", &run),
            ],
        ),
    ];
    for (scenario, beginnings) in cases {
        let state = succeeded(&scenario);
        let first = again(&scenario.plan, &state, None).unwrap();
        assert_eq!((first.0.0.as_str(), &first.1), beginnings[0]);
        let possible: Vec<&str> = beginnings.iter().map(|(step, _)| *step).collect();
        let possible = possible.join(", ");
        for step in &scenario.plan.body.steps {
            let found = from(&scenario, &state, &step.id.0);
            match beginnings.iter().find(|(id, _)| *id == step.id.0) {
                Some((_, expected)) => assert_eq!(found.as_ref(), Ok(*expected), "{}", step.id),
                None => {
                    let error = found.unwrap_err();
                    assert!(
                        matches!(error, RerunRefused::NoBeginning { .. }),
                        "{error:?}"
                    );
                    assert!(error.to_string().ends_with(&possible), "{error}");
                }
            }
        }
        let unknown = from(&scenario, &state, "nothing").unwrap_err();
        assert!(matches!(unknown, RerunRefused::UnknownStep { .. }));
        assert!(unknown.to_string().ends_with(&possible), "{unknown}");
    }
}

#[test]
fn only_what_has_ended_is_run_again() {
    let scenario = deploy(4, &[]);
    for status in ExecutionStatus::ALL {
        let mut state = succeeded(&scenario);
        state.status = status;
        let found = from(&scenario, &state, "fetch");
        match status.has_ended() {
            true => assert_eq!(found, Ok(Again::Source)),
            false => assert_eq!(found, Err(RerunRefused::NotEnded)),
        }
    }
}

#[test]
fn what_is_left_out_must_have_been_good_then() {
    let scenario = deploy(4, &[]);
    let untested = failed_at(&scenario, "test-unit");
    for step in ["create", "switch"] {
        let test = StepId::from("test-unit");
        let refused = Err(RerunRefused::NotPassed { test });
        assert_eq!(from(&scenario, &untested, step), refused);
    }
    assert_eq!(
        from(&scenario, &untested, "test-style"),
        Ok(the_image(Tests::Run))
    );
    let unbuilt = failed_at(&scenario, "build");
    for step in ["test-unit", "test-style"] {
        let error = from(&scenario, &unbuilt, step).unwrap_err();
        assert!(matches!(error, RerunRefused::NotBuilt { .. }), "{error:?}");
        assert!(error.to_string().ends_with("from fetch, build"), "{error}");
    }
    let create = from(&scenario, &unbuilt, "create").unwrap_err();
    assert!(matches!(create, RerunRefused::NotPassed { .. }));
    assert_eq!(from(&scenario, &unbuilt, "build"), Ok(Again::Source));
    // What failed later was tested all the same.
    let unhealthy = failed_at(&scenario, "health");
    assert_eq!(
        from(&scenario, &unhealthy, "create"),
        Ok(the_image(Tests::Passed))
    );
}

#[test]
fn an_image_is_built_in_the_plan_or_is_there_and_never_both() {
    let built = deploy(4, &[]).plan.body;
    let mut there = promote(4, &[]).plan.body;
    there.action = built.action;
    assert_eq!(there.check(), Ok(()));
    assert_ne!(there.digest(), built.digest());
    assert_ne!(there.digest(), promote(4, &[]).plan.body.digest());
    let mut both = built.clone();
    let required = there.steps.iter();
    let required = required.filter(|s| s.action.kind() == "require_image");
    both.steps.extend(required.cloned());
    both.steps.sort_by(|a, b| a.id.cmp(&b.id));
    let refused = both.check().unwrap_err();
    assert!(
        matches!(refused, InvalidPlan::NotAllowed { .. }),
        "{refused}"
    );
    let mut neither = there.clone();
    neither.steps.retain(|s| s.action.kind() != "require_image");
    neither
        .edges
        .retain(|(before, _)| before.0 != "require-image");
    let refused = neither.check().unwrap_err();
    assert!(
        matches!(refused, InvalidPlan::Incomplete { .. }),
        "{refused}"
    );
}

#[test]
fn the_digest_covers_which_image_is_tested_again() {
    let body = |image_id: &Digest| {
        let tests = [name("unit")];
        planner::test_image(&shop(), &settings(), image_id, &commit(4), &tests)
    };
    assert_eq!(body(&image(4)).check(), Ok(()));
    assert_ne!(body(&image(4)).digest(), body(&image(5)).digest());
    let none = planner::test_image(&shop(), &settings(), &image(4), &commit(4), &[]);
    assert!(matches!(none.check(), Err(InvalidPlan::Incomplete { .. })));
}
