//! The journal: what cannot be written is not begun, and what this engine cannot have written is
//! not continued.

use commander::domain::execution::{
    CorruptJournal, ExecutionStatus, Fault, FaultKind, GRAPH_VERSION, JournalEvent, StepOutput,
};
use commander::domain::step::StepId;
use commander::engine::{Halt, JournalError, RunError};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::cases::{Case, case, cases, measure};
use crate::support::plans::{at, by};
use crate::support::simulated_world::{Ended, JournalMishap, Nature};

#[tokio::test(start_paused = true)]
async fn hc_46_a_step_does_not_start_when_the_journal_cannot_be_written() {
    for case in cases() {
        let (_, commits) = measure(&case, Nature::default()).await;
        for commit in 0..commits {
            let simulation = case.simulation();
            simulation.journal.plan(commit, JournalMishap::Unwritable);
            let Ended::Run(Err(RunError::Journal(JournalError::Unwritable(_)))) =
                simulation.live(&case.scenario).await
            else {
                panic!("{}: commit {commit} was taken for written", case.title);
            };
            let events = simulation.journal.events(&case.scenario.execution);
            if commit == 0 {
                assert_eq!(events, []);
                assert_eq!(simulation.world.record().calls, [] as [String; 0]);
            }
            // The disk has room again: the next process goes on from there.
            let status = simulation.run(&case.scenario).await.status();
            assert_eq!(status, ExecutionStatus::Succeeded);
            case.assert_defined(&format!("full at {commit}"), &simulation, status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_writer_is_found_and_does_nothing() {
    // One that waits for a person is nobody's until it is told something.
    for case in cases().into_iter().filter(|case| !case.asks()) {
        let simulation = case.simulation();
        let (engine, authorised) = (simulation.engine(), case.scenario.authorised());
        let execution = &case.scenario.execution;
        let (_one, mut first) = mpsc::unbounded_channel();
        let (_two, mut second) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let (first, second) = tokio::join!(
            engine.run(&authorised, execution, &mut first, stop.clone()),
            engine.run(&authorised, execution, &mut second, stop.clone()),
        );
        let (won, lost) = if first.is_ok() {
            (first, second)
        } else {
            (second, first)
        };
        let Ok(Halt::Ended(won)) = won else {
            panic!("{won:?}")
        };
        assert_eq!(won.status, ExecutionStatus::Succeeded);
        let conflict = RunError::Journal(JournalError::Conflict);
        assert_eq!(lost, Err(conflict), "{}", case.title);
        let (calls, _) = measure(&case, Nature::default()).await;
        assert_eq!(simulation.world.record().calls.len(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_takes_at_most_one_commit_a_step_and_one_more() {
    for case in cases() {
        let (_, commits) = measure(&case, Nature::default()).await;
        let steps = case.scenario.plan.body.steps.len();
        assert!(
            commits <= steps + 1,
            "{}: {commits} for {steps} steps",
            case.title
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_another_graph_version_is_refused() {
    let mut events = begun(&case("deploy"));
    let JournalEvent::Started { graph_version, .. } = &mut events[0] else {
        unreachable!()
    };
    *graph_version = GRAPH_VERSION + 1;
    let found = GRAPH_VERSION + 1;
    assert_refused(events, CorruptJournal::GraphVersion { found }).await;
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_another_plan_is_refused() {
    let events = begun(&case("rollback"));
    assert_refused(events, CorruptJournal::OtherPlan).await;
}

#[tokio::test(start_paused = true)]
async fn a_journal_with_an_unknown_step_is_refused() {
    let mut events = begun(&case("deploy"));
    let step = StepId::from("mine-bitcoin");
    events.push(JournalEvent::StepStarted { step: step.clone() });
    assert_refused(events, CorruptJournal::UnknownStep(step)).await;
}

#[tokio::test(start_paused = true)]
async fn a_journal_whose_moves_are_not_those_of_the_life_cycle_is_refused() {
    let fetch = || StepId::from("fetch");
    let fault = Fault::new(FaultKind::Internal, "forged");
    let done = JournalEvent::StepDone {
        step: fetch(),
        output: StepOutput::default(),
    };
    let ended = |status| JournalEvent::Ended { status };
    let start = |step: &str| JournalEvent::StepStarted {
        step: StepId::from(step),
    };
    let undo = JournalEvent::UndoStarted { step: fetch() };
    let forged: Vec<(&str, Vec<JournalEvent>)> = vec![
        ("started twice", vec![begun(&case("deploy")).remove(0)]),
        ("done twice", vec![done.clone(), done.clone()]),
        ("undone before the unwind", vec![undo.clone()]),
        ("begun before what it waits for", vec![start("build")]),
        ("ended as it runs", vec![ended(ExecutionStatus::Running)]),
        (
            "succeeded too early",
            vec![ended(ExecutionStatus::Succeeded)],
        ),
        (
            "failed without unwinding",
            vec![ended(ExecutionStatus::Failed)],
        ),
        (
            "goes on after the unwind began",
            vec![
                JournalEvent::UnwindStarted {
                    reason: "forged".to_owned(),
                },
                done.clone(),
            ],
        ),
        (
            "fails after it was done",
            vec![
                done.clone(),
                JournalEvent::StepFailed {
                    step: fetch(),
                    fault,
                },
            ],
        ),
    ];
    for (what, more) in forged {
        let case = case("deploy");
        let events = [begun(&case), more].concat();
        let refused = run_forged(&case, events).await;
        assert!(
            matches!(refused, Ended::Run(Err(RunError::Corrupt(_)))),
            "{what}: {refused:?}"
        );
    }
    let case = case("deploy");
    let headless = run_forged(&case, vec![start("fetch"), done]).await;
    assert!(matches!(headless, Ended::Run(Err(RunError::Corrupt(_)))));
}

#[tokio::test(start_paused = true)]
async fn what_was_cancelled_while_it_waited_never_starts() {
    let case = case("deploy");
    let events = vec![JournalEvent::CancelRequested {
        by: by("grace"),
        reason: "not today".to_owned(),
    }];
    let ended = run_forged(&case, events).await;
    assert_eq!(ended.status(), ExecutionStatus::Cancelled);
}

/// The first commit of an execution: it has begun, and so has its first step.
fn begun(case: &Case) -> Vec<JournalEvent> {
    let plan = &case.scenario.plan;
    let first = plan.body.in_order().unwrap()[0].id.clone();
    vec![
        JournalEvent::Started {
            graph_version: GRAPH_VERSION,
            plan_digest: plan.digest.clone(),
            approvals: Vec::new(),
        },
        JournalEvent::StepStarted { step: first },
    ]
}

/// Runs a deploy on a journal that holds these events; nothing of it may reach the world.
async fn run_forged(case: &Case, events: Vec<JournalEvent>) -> Ended {
    let simulation = case.simulation();
    let events: Vec<(Timestamp, JournalEvent)> = events.into_iter().map(|e| (at(60), e)).collect();
    let execution = &case.scenario.execution;
    simulation.journal.forge(execution, events);
    let ended = simulation.process(&case.scenario).await;
    assert_eq!(simulation.world.record().calls, [] as [String; 0]);
    ended
}

async fn assert_refused(events: Vec<JournalEvent>, why: CorruptJournal) {
    let refused = run_forged(&case("deploy"), events).await;
    assert_eq!(refused, Ended::Run(Err(RunError::Corrupt(why))));
}
