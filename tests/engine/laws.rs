//! The three laws of every step, in one loop over all of them: twice is harmless, failing at any
//! point can be undone, undoing twice is harmless.

use std::collections::BTreeSet;
use std::time::Duration;

use commander::domain::execution::{ExecutionState, Fault, FaultKind, JournalEvent, StepOutput};
use commander::domain::lock::Fence;
use commander::domain::question::Asking;
use commander::domain::step::{Step, StepAction};
use commander::engine::Call;
use commander::engine::actions::{self, Scene};
use tokio_util::sync::CancellationToken;

use super::cases::{Case, cases};
use crate::support::plans::{INSTANCE, at, person};
use crate::support::simulated_world::{Mishap, Simulation};

/// Every kind of step that does something; one that no case holds would go untested.
const KINDS: [&str; 11] = [
    "build_image",
    "create_container",
    "fetch_source",
    "health_gate",
    "require_image",
    "restart_container",
    "run_script",
    "run_test",
    "smoke_test",
    "switch",
    "verify_running",
];

/// A host on which the steps before the one that is looked at are done.
struct Stage<'a> {
    case: &'a Case,
    simulation: Simulation,
    state: ExecutionState,
}

impl<'a> Stage<'a> {
    async fn before(case: &'a Case, steps: &[&Step]) -> Self {
        let body = &case.scenario.plan.body;
        let mut state = ExecutionState::new(body);
        let started = JournalEvent::Started {
            graph_version: commander::domain::execution::GRAPH_VERSION,
            plan_digest: body.digest(),
            approvals: Vec::new(),
        };
        state.apply(body, at(60), &started).unwrap();
        let simulation = case.simulation();
        let mut stage = Self {
            case,
            simulation,
            state,
        };
        for step in steps {
            if let StepAction::Confirm { .. } = step.action {
                stage.answered(step);
                continue;
            }
            let output = stage.apply(step).await.unwrap();
            stage.done(step, output);
        }
        stage
    }

    fn done(&mut self, step: &Step, output: StepOutput) {
        let body = &self.case.scenario.plan.body;
        let step = step.id.clone();
        let started = JournalEvent::StepStarted { step: step.clone() };
        let done = JournalEvent::StepDone { step, output };
        self.state.apply(body, at(60), &started).unwrap();
        self.state.apply(body, at(60), &done).unwrap();
    }

    fn answered(&mut self, step: &Step) {
        let body = &self.case.scenario.plan.body;
        let asking = Asking::of(body, &self.state, &step.id, at(60)).unwrap();
        let asked = JournalEvent::Asked {
            step: step.id.clone(),
            shown: asking.shown,
            digest: asking.digest,
            until: asking.until,
        };
        let answered = JournalEvent::Answered {
            step: step.id.clone(),
            by: person("grace"),
            choice: "yes".to_owned(),
            comment: None,
        };
        self.state.apply(body, at(60), &asked).unwrap();
        self.state.apply(body, at(60), &answered).unwrap();
    }

    async fn apply(&self, step: &Step) -> Result<StepOutput, Fault> {
        let call = self.call(step);
        actions::apply(step, &self.scene(&call)).await
    }

    async fn undo(&self, step: &Step) -> Result<(), Fault> {
        let call = self.call(step);
        actions::undo(step, &self.scene(&call)).await
    }

    fn call(&self, step: &Step) -> Call {
        Call {
            execution: self.case.scenario.execution.id.clone(),
            step: step.id.clone(),
            fence: self.fence(1),
            cancel: CancellationToken::new(),
            log: self.simulation.log(),
        }
    }

    fn fence(&self, token: u64) -> Fence {
        let execution = &self.case.scenario.execution;
        Fence {
            place: execution.place.clone(),
            token,
            execution: execution.id.clone(),
            since: at(60),
        }
    }

    fn scene<'s>(&'s self, call: &'s Call) -> Scene<'s> {
        Scene {
            world: &*self.simulation.world,
            timer: self.simulation.clock(),
            instance: INSTANCE,
            plan: &self.case.scenario.plan,
            execution: &self.case.scenario.execution,
            state: &self.state,
            call,
            timeout: Duration::from_secs(60),
        }
    }

    fn calls(&self) -> usize {
        self.simulation.world.record().calls.len()
    }

    fn host(&self) -> crate::support::simulated_world::Host {
        self.simulation.world.host()
    }
}

#[tokio::test(start_paused = true)]
async fn three_laws_hold_for_every_step() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        let order = case.scenario.plan.body.in_order().unwrap();
        for (i, step) in order.iter().enumerate() {
            // It touches nothing outside.
            if let StepAction::Confirm { .. } = step.action {
                continue;
            }
            seen.insert(step.action.kind());
            let context = format!("{} of {}", step.id, case.title);
            let (applying, undoing) = twice_is_harmless(&case, &order[..i], step, &context).await;
            for call in 0..applying {
                for mishap in [Mishap::Fail, Mishap::Refuse, Mishap::LoseAnswer] {
                    let context = format!("{context}, call {call}: {mishap:?}");
                    what_failed_can_be_undone(&case, &order[..i], step, call, mishap, &context)
                        .await;
                }
            }
            for call in 0..undoing {
                for mishap in [Mishap::Fail, Mishap::Refuse, Mishap::LoseAnswer] {
                    let context = format!("{context}, undo, call {call}: {mishap:?}");
                    a_cut_undo_can_be_repeated(&case, &order[..i], step, call, mishap, &context)
                        .await;
                }
            }
        }
    }
    assert_eq!(seen, BTreeSet::from(KINDS));
}

/// Whatever a run still had under way when another one took its place.
#[tokio::test(start_paused = true)]
async fn a_step_of_a_run_that_was_overtaken_changes_nothing() {
    for case in cases() {
        let order = case.scenario.plan.body.in_order().unwrap();
        for (i, step) in order.iter().enumerate() {
            if let StepAction::Confirm { .. } = step.action {
                continue;
            }
            let context = format!("{} of {}", step.id, case.title);
            for begun in [false, true] {
                let stage = Stage::before(&case, &order[..i]).await;
                if begun {
                    stage.apply(step).await.expect(&context);
                }
                stage.simulation.world.overtake(&stage.fence(2));
                let before = stage.host();
                let refused = stage.apply(step).await.expect_err(&context);
                assert_eq!(refused.kind, FaultKind::Overtaken, "{context}");
                // Where there is no undo nothing is called.
                if let Err(refused) = stage.undo(step).await {
                    assert_eq!(refused.kind, FaultKind::Overtaken, "{context}");
                }
                assert_eq!(stage.host(), before, "{context}");
            }
        }
    }
}

/// Returns how many calls an apply and an undo make.
async fn twice_is_harmless(
    case: &Case,
    done: &[&Step],
    step: &Step,
    context: &str,
) -> (usize, usize) {
    let stage = Stage::before(case, done).await;
    let before = stage.host();
    stage.undo(step).await.expect(context);
    assert_eq!(stage.host(), before, "{context}: nothing to undo");

    let start = stage.calls();
    let first = stage.apply(step).await.expect(context);
    let (once, applying) = (stage.host(), stage.calls() - start);
    let second = stage.apply(step).await.expect(context);
    assert_eq!(stage.host(), once, "{context}: applied twice");
    assert_eq!(first.image_id, second.image_id, "{context}");

    let start = stage.calls();
    stage.undo(step).await.expect(context);
    let undoing = stage.calls() - start;
    assert_eq!(stage.host(), before, "{context}: undone once");
    stage.undo(step).await.expect(context);
    assert_eq!(stage.host(), before, "{context}: undone twice");
    (applying, undoing)
}

async fn what_failed_can_be_undone(
    case: &Case,
    done: &[&Step],
    step: &Step,
    call: usize,
    mishap: Mishap,
    context: &str,
) {
    let stage = Stage::before(case, done).await;
    let before = stage.host();
    stage.simulation.world.plan(stage.calls() + call, mishap);
    // A health gate looks again and may still succeed; that is undone the same way.
    let _ = stage.apply(step).await;
    stage.undo(step).await.expect(context);
    assert_eq!(stage.host(), before, "{context}");
}

async fn a_cut_undo_can_be_repeated(
    case: &Case,
    done: &[&Step],
    step: &Step,
    call: usize,
    mishap: Mishap,
    context: &str,
) {
    let stage = Stage::before(case, done).await;
    let before = stage.host();
    stage.apply(step).await.expect(context);
    stage.simulation.world.plan(stage.calls() + call, mishap);
    stage.undo(step).await.expect_err(context);
    stage.undo(step).await.expect(context);
    assert_eq!(stage.host(), before, "{context}");
}
