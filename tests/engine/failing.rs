//! Everything goes well, or one thing goes wrong at any call: unwound to the clean slate.

use std::time::Duration;

use commander::domain::execution::{ExecutionState, ExecutionStatus, FaultKind, StepStatus};
use commander::domain::leftover::{Leftover, Thing, leftovers};

use super::cases::{Case, case, cases, container, measure};
use crate::support::plans::{INSTANCE, Scenario, id, image};
use crate::support::simulated_world::{Ended, Host, Mishap, Nature, Simulation};

#[tokio::test(start_paused = true)]
async fn all_goes_well() {
    for case in cases() {
        let simulation = case.simulation();
        let ended = simulation.run(&case.scenario).await;
        assert_eq!(ended.status(), ExecutionStatus::Succeeded, "{}", case.title);
        case.assert_defined("all well", &simulation, ended.status());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_replaced_is_kept_as_it_was_but_stopped() {
    let case = case("deploy");
    let simulation = case.simulation();
    simulation.run(&case.scenario).await;
    let replaced = container(case.scenario.execution.replaces.as_ref().unwrap());
    let mut expected = case.before().containers[&replaced].clone();
    expected.running = false;
    assert_eq!(simulation.world.host().containers[&replaced], expected);
}

#[tokio::test(start_paused = true)]
async fn one_fault_at_any_call_unwinds_to_the_clean_slate() {
    let mishaps = [
        Mishap::Fail,
        Mishap::Refuse,
        Mishap::LoseAnswer,
        Mishap::Hang,
        Mishap::HangAfter,
        Mishap::Panic,
    ];
    for case in cases() {
        let (calls, _) = measure(&case, Nature::default()).await;
        for call in 0..calls {
            for mishap in mishaps {
                let simulation = case.simulation();
                simulation.world.plan(call, mishap);
                let status = simulation.run(&case.scenario).await.status();
                case.assert_defined(&format!("{mishap:?} at {call}"), &simulation, status);
            }
        }
    }
}

/// What was to be stopped may not have been, and then it is what serves.
#[tokio::test(start_paused = true)]
async fn a_switch_that_stopped_nothing_leaves_alone_what_serves() {
    let case = case("deploy");
    let replaced = container(case.scenario.execution.replaces.as_ref().unwrap());
    let stop = format!("stop_container {replaced}");
    let all_well = case.simulation();
    all_well.run(&case.scenario).await;
    let calls = all_well.world.record().calls;
    let at = calls.iter().position(|call| *call == stop).unwrap();
    for mishap in [Mishap::Fail, Mishap::Refuse, Mishap::Hang] {
        let simulation = case.simulation();
        simulation.world.plan(at, mishap);
        let status = simulation.run(&case.scenario).await.status();
        case.assert_defined(&format!("{mishap:?}"), &simulation, status);
        let calls = simulation.world.record().calls;
        let stops = calls.iter().filter(|call| **call == stop).count();
        assert_eq!(stops, 1, "{mishap:?}: {calls:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn hc_44_docker_is_away_for_a_minute_from_any_call_on() {
    for case in cases() {
        for nature in [Nature::default(), case.bad_release()] {
            let (calls, _) = measure(&case, nature.clone()).await;
            for call in 0..calls {
                let simulation = case.simulation_with(nature.clone());
                let minute = Duration::from_secs(60);
                simulation.world.plan_outage(call, minute);
                let status = simulation.run(&case.scenario).await.status();
                case.assert_defined(&format!("away from {call}"), &simulation, status);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_does_not_answer_never_goes_live() {
    let titles = [
        "first deploy",
        "deploy",
        "deploy of what is live",
        "promote",
        "rollback",
    ];
    for title in titles {
        let case = case(title);
        let simulation = case.simulation_with(case.bad_release());
        let ended = simulation.run(&case.scenario).await;
        assert_eq!(ended.status(), ExecutionStatus::Failed, "{title}");
        case.assert_defined("mute", &simulation, ended.status());
        assert_eq!(failed_step(&ended), "health");
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_ends_at_once_is_not_waited_for() {
    let case = case("deploy");
    let nature = Nature {
        crashing: [image(4)].into(),
        ..Nature::default()
    };
    let simulation = case.simulation_with(nature);
    let ended = simulation.run(&case.scenario).await;
    case.assert_defined("crashing", &simulation, ended.status());
    assert_eq!(failed_step(&ended), "health");
    let probes = simulation.world.record().calls;
    let probes = probes.iter().filter(|call| call.starts_with("probe"));
    assert_eq!(probes.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn hc_23_a_first_deploy_that_fails_leaves_nothing() {
    let case = case("first deploy");
    let simulation = case.simulation_with(case.bad_release());
    let ended = simulation.run(&case.scenario).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert_eq!(simulation.world.host(), Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_failing_test_ends_it_before_anything_is_switched() {
    let case = case("deploy");
    let nature = Nature {
        failing_tests: ["unit".to_owned()].into(),
        ..Nature::default()
    };
    let simulation = case.simulation_with(nature);
    let ended = simulation.run(&case.scenario).await;
    case.assert_defined("failing test", &simulation, ended.status());
    assert_eq!(failed_step(&ended), "test-unit");
    let calls = simulation.world.record().calls;
    let switched = |call: &String| call.starts_with("stop_") || call.starts_with("start_");
    assert!(!calls.iter().any(switched), "{calls:#?}");
}

/// An undo that is refused is not the end of all undoing, but what still serves is left alone.
#[tokio::test(start_paused = true)]
async fn an_undo_that_is_refused_leaves_it_stuck_and_takes_nothing_away_that_serves() {
    for title in ["first deploy", "deploy", "promote", "rollback"] {
        let case = case(title);
        let (calls, _) = measure(&case, case.bad_release()).await;
        let mut stuck = 0;
        for (call, mishap) in (0..calls).flat_map(|c| [(c, Mishap::Refuse), (c, Mishap::Panic)]) {
            let simulation = case.simulation_with(case.bad_release());
            simulation.world.plan(call, mishap);
            let ended = simulation.run(&case.scenario).await;
            if ended.status() == ExecutionStatus::Stuck {
                stuck += 1;
                assert_stuck(&case, &simulation, &ended);
            } else {
                case.assert_defined(
                    &format!("{mishap:?} at {call}"),
                    &simulation,
                    ended.status(),
                );
            }
        }
        assert!(stuck > 0, "{title}: no undo was refused");
    }
}

fn assert_stuck(case: &Case, simulation: &Simulation, ended: &Ended) {
    let Ended::Run(Ok(end)) = ended else {
        panic!("{ended:?}")
    };
    let host = simulation.world.host();
    assert!(end.state.in_status(StepStatus::UndoFailed).next().is_some());
    for name in case.before().containers.keys() {
        assert!(host.containers.contains_key(name), "{name} is gone");
    }
    for step in case.scenario.plan.body.steps.iter() {
        let status = end.state.steps[&step.id].status;
        assert!(
            matches!(
                status,
                StepStatus::Undone | StepStatus::UndoFailed | StepStatus::Waiting
            ),
            "{} was left {status:?}",
            step.id
        );
    }
    assert_all_is_named(case, &host, &end.state);
    case.assert_orderly("stuck", simulation);
}

/// Whatever is not as it was before is on the list of what may be left, and each step that could
/// not be undone has said why.
fn assert_all_is_named(case: &Case, host: &Host, state: &ExecutionState) {
    let Scenario {
        plan, execution, ..
    } = &case.scenario;
    let left = leftovers(INSTANCE, &plan.body, execution, Some(state));
    let names = |wanted: &dyn Fn(&Thing) -> bool, what: &str| {
        let named = left.iter().any(|one| wanted(&one.thing));
        assert!(named, "{}: {what} is not in {left:#?}", case.title);
    };
    let before = case.before();
    let all = host.containers.keys().chain(before.containers.keys());
    for name in all.filter(|name| host.containers.get(*name) != before.containers.get(*name)) {
        let is_it = |thing: &Thing| match thing {
            Thing::Container { name: own } | Thing::Kept { name: own } => own == name,
            Thing::Test { step, .. } => name.ends_with(&format!("-{step}")),
            Thing::Image { .. } | Thing::Script { .. } => false,
        };
        names(&is_it, name);
    }
    for tag in host
        .tags
        .keys()
        .filter(|tag| !before.tags.contains_key(*tag))
    {
        let is_it = |thing: &Thing| matches!(thing, Thing::Image { tag: own } if own == tag);
        names(&is_it, tag);
    }
    for step in state.in_status(StepStatus::UndoFailed) {
        let why = &state.steps[step].fault.as_ref().unwrap().message;
        let said = |one: &Leftover| one.said.as_ref().is_some_and(|said| said.contains(why));
        assert!(left.iter().any(said), "{step}: {why} is not in {left:#?}");
    }
    // Without a journal everything that the plan does may be there.
    let unknown = leftovers(INSTANCE, &plan.body, execution, None);
    for one in &left {
        assert!(unknown.iter().any(|other| other.thing == one.thing));
    }
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_cannot_be_undone_keeps_the_release_that_still_runs() {
    let case = case("deploy");
    let simulation = case.simulation_with(case.bad_release());
    let own = case.own_container();
    let (calls, _) = measure(&case, case.bad_release()).await;
    // The first stop of the release's own container is that of the undo.
    let probe = case.simulation_with(case.bad_release());
    probe.run(&case.scenario).await;
    let stop = format!("stop_container {own}");
    let stop = probe.world.record().calls.iter().position(|c| *c == stop);
    assert!(stop.unwrap() < calls);
    simulation.world.plan(stop.unwrap(), Mishap::Refuse);
    let ended = simulation.run(&case.scenario).await;
    assert_eq!(ended.status(), ExecutionStatus::Stuck);
    assert_eq!(simulation.world.host().running(), [own.as_str()]);
}

#[tokio::test(start_paused = true)]
async fn a_build_that_gives_an_image_under_quarantine_is_refused_and_untagged() {
    let mut case = case("deploy");
    let plan = &mut case.scenario.plan;
    for step in &mut plan.body.steps {
        if let commander::domain::step::StepAction::BuildImage(build) = &mut step.action {
            build.refused_images = vec![image(4)];
        }
    }
    plan.digest = plan.body.digest();
    for approval in &mut case.scenario.approvals {
        approval.plan_digest = plan.digest.clone();
    }
    let simulation = case.simulation();
    let ended = simulation.run(&case.scenario).await;
    case.assert_defined("refused image", &simulation, ended.status());
    assert_eq!(failed_step(&ended), "build");
}

#[tokio::test(start_paused = true)]
async fn what_runs_must_be_what_was_approved() {
    let case = case("restart");
    let simulation = case.simulation();
    simulation.world.arrange(|host| {
        let live = container(&id(0xe1e0 + 1));
        let live = host.containers.get_mut(&live).unwrap();
        live.configuration = None;
    });
    let Ended::Run(Ok(end)) = simulation.run(&case.scenario).await else {
        panic!("no end")
    };
    let (step, fault) = end.state.failure.unwrap();
    assert_eq!((step.0.as_str(), fault.kind), ("verify", FaultKind::Drift));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_step_is_a_fault_that_says_what_it_is() {
    let case = case("deploy");
    let simulation = case.simulation();
    simulation.world.plan(0, Mishap::Panic);
    let Ended::Run(Ok(end)) = simulation.run(&case.scenario).await else {
        panic!("no end")
    };
    let (_, fault) = end.state.failure.unwrap();
    assert_eq!(fault.kind, FaultKind::Internal);
    assert_eq!(
        fault.message,
        "the step broke off (a defect in the middle of a step): this is a defect of Commander, please report it"
    );
}

fn failed_step(ended: &Ended) -> String {
    let Ended::Run(Ok(end)) = ended else {
        panic!("no end: {ended:?}")
    };
    end.state.failure.as_ref().unwrap().0.to_string()
}
