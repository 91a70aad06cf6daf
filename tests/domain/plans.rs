//! What may be a plan: every way of spoiling a good graph is refused, each by its name.

use std::collections::{BTreeMap, BTreeSet};

use commander::domain::digest::{Digest, canonical_json};
use commander::domain::execution::FaultKind;
use commander::domain::intent::Action;
use commander::domain::plan::{InvalidPlan, PlanBody};
use commander::domain::release::{Presence, Quality};
use commander::domain::step::{Condition, ImageSource, RetryPolicy, Step, StepAction, StepId};
use proptest::prelude::*;

use crate::plans::{
    Scenario, asking_deploy, asking_promote, build_body, configuration, deploy, image, patience,
    promote, release, restart, rollback, staging, test, test_graph,
};

fn bodies() -> Vec<PlanBody> {
    let live = release(1, Presence::Live, Quality::Verified);
    let good = release(2, Presence::Standby, Quality::Verified);
    let ledger = [live, good.clone()];
    vec![
        deploy(4, &[]).plan.body,
        deploy(4, &ledger).plan.body,
        promote(4, &ledger).plan.body,
        asking_deploy(4, &ledger).plan.body,
        asking_promote(4, &ledger).plan.body,
        rollback(&good, &ledger).plan.body,
        restart(&ledger).plan.body,
        test(4).plan.body,
        build_body(),
    ]
}

fn spoilt(spoil: impl FnOnce(&mut PlanBody)) -> InvalidPlan {
    let mut body = deploy(4, &[]).plan.body;
    assert_eq!(body.check(), Ok(()));
    spoil(&mut body);
    body.check().unwrap_err()
}

fn edge(a: &str, b: &str) -> (StepId, StepId) {
    (StepId::from(a), StepId::from(b))
}

#[test]
fn what_the_planner_makes_is_a_plan() {
    for body in bodies() {
        assert_eq!(body.check(), Ok(()), "{:?}", body.action);
    }
}

#[test]
fn a_graph_without_steps_is_refused() {
    assert_eq!(spoilt(|body| body.steps.clear()), InvalidPlan::Empty);
}

#[test]
fn steps_that_wait_for_each_other_are_refused() {
    let circle = spoilt(|body| {
        body.edges.push(edge("verify", "fetch"));
        body.edges.sort();
    });
    assert!(matches!(circle, InvalidPlan::Cycle(_)), "{circle:?}");
    let itself = spoilt(|body| {
        body.edges.push(edge("switch", "switch"));
        body.edges.sort();
    });
    assert_eq!(itself, InvalidPlan::Cycle(StepId::from("switch")));
}

#[test]
fn every_step_that_an_action_needs_must_be_there() {
    for body in bodies() {
        for missing in body.steps.clone() {
            let mut body = body.clone();
            body.steps.retain(|step| step.id != missing.id);
            let (before, after) = neighbours(&body, &missing.id);
            body.edges
                .retain(|(a, b)| *a != missing.id && *b != missing.id);
            let around = before
                .iter()
                .flat_map(|a| after.iter().map(|b| (a.clone(), b.clone())));
            body.edges.extend(around);
            body.edges.sort();
            body.edges.dedup();
            let optional = match missing.action.kind() {
                "run_test" => body.action != Action::Test || body.steps.len() > 2,
                "smoke_test" | "run_script" => true,
                "verify_running" => body.action == Action::Restart,
                _ => false,
            };
            let refused = body.check();
            let context = format!("{:?} without {}", body.action, missing.id);
            assert_eq!(refused.is_ok(), optional, "{context}: {refused:?}");
        }
    }
}

fn neighbours(body: &PlanBody, step: &StepId) -> (Vec<StepId>, Vec<StepId>) {
    let before = body.edges.iter().filter(|(_, b)| b == step);
    let after = body.edges.iter().filter(|(a, _)| a == step);
    (
        before.map(|(a, _)| a.clone()).collect(),
        after.map(|(_, b)| b.clone()).collect(),
    )
}

#[test]
fn a_step_that_the_action_may_not_have_is_refused() {
    let live = release(1, Presence::Live, Quality::Verified);
    let foreign = |body: &PlanBody| -> Vec<Step> {
        let bodies = bodies().into_iter().flat_map(|b| b.steps);
        let own: BTreeSet<&str> = body.steps.iter().map(|s| s.action.kind()).collect();
        let foreign = bodies.filter(|s| !own.contains(s.action.kind()));
        foreign.collect()
    };
    let mut rollback = rollback(&live, std::slice::from_ref(&live)).plan.body;
    for step in foreign(&rollback) {
        let kind = step.action.kind();
        let step = Step {
            id: StepId::from("zz-smuggled"),
            action: match step.action {
                StepAction::RunTest { test, argv, .. } => StepAction::RunTest {
                    test,
                    argv,
                    image: ImageSource::Pinned { image_id: image(1) },
                },
                StepAction::SmokeTest { test, argv, .. } => StepAction::SmokeTest {
                    test,
                    argv,
                    image: ImageSource::Pinned { image_id: image(1) },
                },
                action => action,
            },
            ..step
        };
        rollback.steps.push(step);
        assert!(
            matches!(rollback.check(), Err(InvalidPlan::NotAllowed { .. })),
            "{kind}"
        );
        rollback.steps.pop();
    }
}

#[test]
fn what_is_only_answered_or_refused_has_no_plan() {
    for action in [
        Action::Scale,
        Action::Status,
        Action::Logs,
        Action::Unsupported,
    ] {
        let mut body = build_body();
        body.action = action;
        assert!(
            matches!(body.check(), Err(InvalidPlan::NotAllowed { .. })),
            "{action:?}"
        );
    }
}

#[test]
fn an_action_has_an_environment_or_not() {
    let nowhere = spoilt(|body| body.environment = None);
    assert_eq!(nowhere, InvalidPlan::Environment(Action::Deploy));
    let mut build = build_body();
    build.environment = Some(staging());
    assert_eq!(build.check(), Err(InvalidPlan::Environment(Action::Build)));
}

#[test]
fn names_and_limits_are_checked() {
    let twice = spoilt(|body| {
        let step = body.steps[0].clone();
        body.steps.insert(0, step);
    });
    assert!(matches!(twice, InvalidPlan::DuplicateStep(_)), "{twice:?}");
    let nobody = spoilt(|body| body.edges.push(edge("verify", "zz")));
    assert_eq!(nobody, InvalidPlan::UnknownStep(StepId::from("zz")));
    let endless = spoilt(|body| body.steps[0].timeout_seconds = 0);
    assert!(matches!(endless, InvalidPlan::NoTimeout(_)), "{endless:?}");
}

#[test]
fn the_same_graph_has_one_form_only() {
    let steps = spoilt(|body| body.steps.swap(0, 1));
    assert_eq!(steps, InvalidPlan::NotCanonical);
    let edges = spoilt(|body| body.edges.reverse());
    assert_eq!(edges, InvalidPlan::NotCanonical);
    let doubled = spoilt(|body| {
        let edge = body.edges[0].clone();
        body.edges.insert(0, edge);
    });
    assert_eq!(doubled, InvalidPlan::NotCanonical);
}

/// Whoever is asked is told of tests only where the plan has some.
#[test]
fn the_question_says_only_what_the_plan_has_done() {
    let question = |scenario: Scenario| {
        let mut body = scenario.plan.body;
        match &step_of(&mut body, "confirm").action {
            StepAction::Confirm { question, .. } => question.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        question(asking_deploy(4, &[])),
        "The image is ready and its tests passed. Let shop go live in staging?"
    );
    assert_eq!(
        question(asking_promote(4, &[])),
        "The image is ready; this plan has run no tests of it. Let shop go live in staging?"
    );
}

fn asking_spoilt(spoil: impl FnOnce(&mut PlanBody)) -> InvalidPlan {
    let mut body = asking_deploy(4, &[]).plan.body;
    assert_eq!(body.check(), Ok(()));
    spoil(&mut body);
    body.check().unwrap_err()
}

fn step_of<'a>(body: &'a mut PlanBody, id: &str) -> &'a mut Step {
    body.steps.iter_mut().find(|step| step.id.0 == id).unwrap()
}

fn answered(step: &str, choice: &str) -> Option<Condition> {
    Some(Condition::Answered {
        step: StepId::from(step),
        choice: choice.to_owned(),
    })
}

#[test]
fn a_condition_speaks_of_an_answer_that_is_given_before() {
    for (step, asked, choice) in [
        ("switch", "nowhere", "yes"),
        ("switch", "build", "yes"),
        ("switch", "confirm", "maybe"),
        ("switch", "confirm", "no"),
        // It comes after the step.
        ("build", "confirm", "yes"),
        ("confirm", "confirm", "yes"),
    ] {
        let refused = asking_spoilt(|body| step_of(body, step).when = answered(asked, choice));
        let expected = InvalidPlan::NotAsked {
            step: StepId::from(step),
            asked: StepId::from(asked),
        };
        assert_eq!(refused, expected, "{step} {asked} {choice}");
    }
}

#[test]
fn what_an_action_needs_is_not_left_out() {
    let three = |body: &mut PlanBody| {
        if let StepAction::Confirm { choices, .. } = &mut step_of(body, "confirm").action {
            choices.push("other".to_owned());
        }
    };
    assert!(matches!(asking_spoilt(three), InvalidPlan::Skippable(_)));
    // A test may be: it is not what makes a deploy.
    let mut body = asking_deploy(4, &[]).plan.body;
    step_of(&mut body, "smoke-checkout").when = answered("confirm", "yes");
    assert_eq!(body.check(), Ok(()));
}

#[test]
fn a_question_can_be_answered_with_yes_and_with_no() {
    let with = |question: &str, choices: &[&str]| {
        asking_spoilt(|body| {
            step_of(body, "confirm").action = StepAction::Confirm {
                question: question.to_owned(),
                choices: choices.iter().map(|c| (*c).to_owned()).collect(),
                answerers: Vec::new(),
            }
        })
    };
    for (question, choices) in [
        ("", &["yes", "no"][..]),
        ("Go on?", &[]),
        ("Go on?", &["no"]),
        ("Go on?", &["yes", "later"]),
        ("Go on?", &["yes", "yes", "no"]),
    ] {
        let refused = with(question, choices);
        assert_eq!(refused, InvalidPlan::Question(StepId::from("confirm")));
    }
}

#[test]
fn only_what_is_harmless_twice_is_tried_again() {
    let good = patience(3);
    let retry = |step: &str, policy: RetryPolicy| {
        let mut body = deploy(4, &[]).plan.body;
        step_of(&mut body, step).retry = Some(policy);
        body.check()
    };
    assert_eq!(retry("create", good.clone()), Ok(()));
    let refused = Err(InvalidPlan::Retry(StepId::from("script-warm-cache")));
    assert_eq!(retry("script-warm-cache", good.clone()), refused);
    let of = |spoil: fn(&mut RetryPolicy)| {
        let mut policy = good.clone();
        spoil(&mut policy);
        retry("fetch", policy)
    };
    let refused = Err(InvalidPlan::Retry(StepId::from("fetch")));
    assert_eq!(of(|p| p.tries = 1), refused);
    assert_eq!(of(|p| p.on.clear()), refused);
    assert_eq!(of(|p| p.on = [FaultKind::Cancelled].into()), refused);
    assert_eq!(of(|p| p.first_pause_milliseconds = 9_000), refused);
    assert_eq!(of(|p| p.jitter_percent = 101), refused);
}

#[test]
fn pauses_double_up_to_the_longest_and_are_spread_below_it() {
    let policy = patience(10);
    let pauses = |fraction| (1..6).map(move |n| patience(10).pause(n, fraction).as_millis());
    assert!(pauses(0.0).eq([1_000, 2_000, 4_000, 8_000, 8_000]));
    assert!(pauses(1.0).eq([500, 1_000, 2_000, 4_000, 4_000]));
    assert_eq!(policy.pause(u32::MAX, 0.5).as_millis(), 6_000);
    let away = FaultKind::Unavailable;
    assert!(policy.covers(away, 9) && !policy.covers(away, 10));
    assert!(!policy.covers(FaultKind::Rejected, 1));
}

/// What was approved under the first version reads as it did, and has the digest it had.
#[test]
fn a_step_that_says_nothing_of_retries_and_conditions_has_none() {
    let mut body = deploy(4, &[]).plan.body;
    for step in &mut body.steps {
        step.retry = None;
    }
    let written = canonical_json(&body);
    assert!(!written.contains("retry") && !written.contains("when"));
    assert_eq!(serde_json::from_str::<PlanBody>(&written).unwrap(), body);
}

#[test]
fn an_image_is_used_only_after_it_was_built() {
    let early = spoilt(|body| {
        // Nothing but the first step waits for nothing now.
        body.edges.retain(|(before, _)| before.0 != "build");
    });
    assert!(
        matches!(early, InvalidPlan::ImageNotBuilt { .. }),
        "{early:?}"
    );
    let wrong = spoilt(|body| {
        for step in &mut body.steps {
            if let StepAction::CreateContainer { image } = &mut step.action {
                let step = StepId::from("fetch");
                *image = ImageSource::Built { step };
            }
        }
    });
    assert!(
        matches!(wrong, InvalidPlan::ImageNotBuilt { .. }),
        "{wrong:?}"
    );
}

/// Takes the edge away, so that the two run side by side.
fn loosened(bodies: &[PlanBody], before: &str, after: &str) -> InvalidPlan {
    let wanted = edge(before, after);
    let body = bodies.iter().rfind(|body| body.edges.contains(&wanted));
    let mut body = body.expect("one has this edge").clone();
    body.edges.retain(|e| e != &wanted);
    body.check().unwrap_err()
}

#[test]
fn nothing_is_looked_at_before_it_is_there_and_nothing_goes_live_untested() {
    let bodies = bodies();
    for (before, after) in [
        ("test-unit", "create"),
        ("create", "switch"),
        ("switch", "health"),
        ("require-image", "create"),
        ("restart", "health"),
    ] {
        let refused = loosened(&bodies, before, after);
        assert!(
            matches!(refused, InvalidPlan::OutOfOrder { .. }),
            "{before} and {after}: {refused:?}"
        );
    }
    let mut early = bodies[0].clone();
    assert_eq!(early.action, Action::Deploy);
    early
        .edges
        .retain(|(a, b)| (a.0.as_str(), b.0.as_str()) != ("switch", "health"));
    early.edges.retain(|(_, b)| b.0 != "switch");
    early.edges.push(edge("create", "health"));
    early.edges.push(edge("health", "switch"));
    early.edges.sort();
    let refused = early.check();
    let (before, after) = (StepId::from("switch"), StepId::from("health"));
    assert_eq!(refused, Err(InvalidPlan::OutOfOrder { before, after }));
}

/// hc_47: whatever is edited in the body, the digest does not fit any more.
#[test]
fn hc_47_a_plan_whose_body_was_edited_is_refused() {
    let edits: [fn(&mut PlanBody); 8] = [
        |b| b.action = Action::Promote,
        |b| b.environment = None,
        |b| b.steps[0].timeout_seconds += 1,
        |b| drop(b.edges.pop()),
        |b| b.pins.commit = Some("f".repeat(40)),
        |b| b.configuration.as_mut().unwrap().port = 22,
        |b| b.rollback_target = None,
        |b| b.on_degraded = commander::domain::plan::OnDegraded::NotWatched,
    ];
    for (i, edit) in edits.into_iter().enumerate() {
        let live = release(1, Presence::Live, Quality::Verified);
        let mut plan = deploy(4, &[live]).plan;
        assert_eq!(plan.check(), Ok(()));
        edit(&mut plan.body);
        assert_eq!(plan.check(), Err(InvalidPlan::DigestMismatch), "edit {i}");
    }
}

#[test]
fn the_digest_is_that_of_the_canonical_json() {
    for body in bodies() {
        let json = canonical_json(&body);
        let read: PlanBody = serde_json::from_str(&json).unwrap();
        assert_eq!(read, body);
        assert_eq!(read.digest(), body.digest());
        assert_eq!(Digest::of_bytes(json.as_bytes()), body.digest());
    }
}

/// A digest once approved must mean the same after an upgrade: these bytes are fixed.
#[test]
fn the_digest_of_a_known_configuration_does_not_change() {
    assert_eq!(
        canonical_json(&configuration()),
        concat!(
            r#"{"drainSeconds":30,"environment":{},"healthPath":"/health","network":null,"port":8080,"#,
            r#""publish":{"address":"127.0.0.1","port":20000},"resources":{"cpuMillis":null,"#,
            r#""memoryBytes":null},"restart":"unless_stopped","secrets":{},"stopSignal":null,"volumes":[]}"#
        )
    );
}

/// A value of JSON, and the same one with the members of each object written in another order.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(serde_json::Value::String),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            proptest::collection::btree_map("[a-z]{1,4}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn written_backwards(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(map) => {
            let members = map.iter().rev();
            let members = members
                .map(|(k, v)| format!("{} : {}", serde_json::json!(k), written_backwards(v)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(" , "))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written_backwards).collect();
            format!("[ {} ]", items.join(" , "))
        }
        leaf => leaf.to_string(),
    }
}

/// Random graphs: test `i` waits for some of those before it.
fn graph() -> impl Strategy<Value = Vec<BTreeSet<usize>>> {
    (1usize..10).prop_flat_map(|n| {
        (0..n)
            .map(|i| proptest::collection::btree_set(0..i.max(1), 0..=i))
            .collect::<Vec<_>>()
            .prop_map(|mut waits_for| {
                waits_for[0].clear();
                waits_for
            })
    })
}

proptest! {
    #[test]
    fn the_order_of_members_and_the_white_space_do_not_change_a_digest(value in json()) {
        let other: serde_json::Value = serde_json::from_str(&written_backwards(&value)).unwrap();
        prop_assert_eq!(Digest::of(&value), Digest::of(&other));
    }

    #[test]
    fn steps_come_after_all_that_they_wait_for(waits_for in graph()) {
        let body = test_graph(&waits_for).plan.body;
        prop_assert_eq!(body.check(), Ok(()));
        let order = body.in_order().unwrap();
        prop_assert_eq!(order.len(), body.steps.len());
        let place: BTreeMap<&StepId, usize> =
            order.iter().enumerate().map(|(i, step)| (&step.id, i)).collect();
        for (before, after) in &body.edges {
            prop_assert!(place[before] < place[after], "{} before {}", before, after);
        }
    }

    /// Any graph that gets one edge against its order is refused.
    #[test]
    fn one_edge_backwards_makes_a_circle(waits_for in graph(), pick in any::<prop::sample::Index>()) {
        let mut body = test_graph(&waits_for).plan.body;
        let (before, after) = body.edges[pick.index(body.edges.len())].clone();
        body.edges.push((after, before));
        body.edges.sort();
        prop_assert!(matches!(body.check(), Err(InvalidPlan::Cycle(_))));
    }
}
