//! Random graphs under random mishaps: the journal always adds up to the live state, and each
//! execution ends as it should.

use std::collections::{BTreeMap, BTreeSet};

use commander::domain::execution::{
    ExecutionState, ExecutionStatus, JournalEvent, PARALLEL_STEPS, StepStatus,
};
use commander::domain::id::ExecutionId;
use commander::domain::past::{self, NoSuchMoment};
use commander::domain::plan::PlanBody;
use commander::domain::release::{Presence, Quality};
use commander::domain::step::StepId;
use jiff::Timestamp;
use proptest::prelude::*;

use super::cases::Case;
use crate::support::plans::{Knot, knot, release, tangled, test_graph};
use crate::support::simulated_world::{Ended, JournalMishap, Mishap, Nature, Simulation};

/// Runs a future under virtual time.
fn simulate<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(future)
}

#[derive(Debug, Clone)]
struct Weather {
    knots: Vec<Knot>,
    answers: BTreeMap<usize, Option<&'static str>>,
    failing: BTreeSet<usize>,
    mishaps: Vec<(usize, Mishap)>,
    journal: Vec<(usize, JournalMishap)>,
}

fn weather() -> impl Strategy<Value = Weather> {
    let graph = (1usize..12).prop_flat_map(|knots| (0..knots).map(drawn).collect::<Vec<_>>());
    let graph = graph.prop_map(|drawn| {
        let mut knots: Vec<Knot> = Vec::new();
        for (i, (mut waits_for, kind, asked, choice)) in drawn.into_iter().enumerate() {
            // The first one has none before it.
            waits_for.retain(|before| *before < i);
            let asked = asked.index(i.max(1));
            let asks_there = knots.get(asked).is_some_and(|knot| knot.asks);
            knots.push(Knot {
                waits_for,
                asks: kind == 0,
                when: (kind > 2 && asks_there).then_some((asked, choice)),
                patient: kind == 2,
            });
        }
        knots
    });
    let answer = proptest::sample::select(vec![
        Some("yes"),
        Some("yes"),
        Some("other"),
        Some("other"),
        Some("no"),
        None,
    ]);
    let mishap = prop_oneof![
        Just(Mishap::Fail),
        Just(Mishap::Refuse),
        Just(Mishap::LoseAnswer),
        Just(Mishap::Hang),
        Just(Mishap::HangAfter),
        Just(Mishap::CrashBefore),
        Just(Mishap::CrashAfter),
        Just(Mishap::Cancel),
        Just(Mishap::CancelUnheard),
    ];
    let crash = prop_oneof![
        Just(JournalMishap::CrashBefore),
        Just(JournalMishap::CrashAfter)
    ];
    (
        graph,
        proptest::collection::btree_map(0usize..12, answer, 0..6),
        proptest::collection::btree_set(0usize..12, 0..2),
        proptest::collection::vec((0usize..24, mishap), 0..3),
        proptest::collection::vec((0usize..14, crash), 0..3),
    )
        .prop_map(|(knots, answers, failing, mishaps, journal)| Weather {
            knots,
            answers,
            failing,
            mishaps,
            journal,
        })
}

/// What it waits for, its kind, and the question and the choice on which it may depend.
fn drawn(
    i: usize,
) -> impl Strategy<Value = (BTreeSet<usize>, u8, prop::sample::Index, &'static str)> {
    (
        proptest::collection::btree_set(0..i.max(1), 0..=i.min(3)),
        0u8..6,
        any::<prop::sample::Index>(),
        proptest::sample::select(vec!["yes", "other"]),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn replaying_the_journal_gives_the_live_state(weather in weather()) {
        simulate(run(weather));
    }
}

async fn run(weather: Weather) {
    let over = vec![release(1, Presence::Live, Quality::Verified)];
    let case = Case::of("random", tangled(&weather.knots, &over), over);
    let scenario = &case.scenario;
    let answers = weather.answers.iter();
    let simulation = case.simulation_with(Nature {
        failing_tests: weather.failing.iter().map(|i| knot(*i).0).collect(),
        answers: answers.map(|(i, choice)| (knot(*i), *choice)).collect(),
        ..Nature::default()
    });
    for (call, mishap) in &weather.mishaps {
        simulation.world.plan(*call, *mishap);
    }
    for (commit, mishap) in &weather.journal {
        simulation.journal.plan(*commit, *mishap);
    }
    let Ended::Run(Ok(end)) = simulation.run(scenario).await else {
        panic!("no end");
    };
    let events = simulation.journal.events(&scenario.execution);
    let replayed = ExecutionState::replay(&scenario.plan.body, &events);
    assert_eq!(replayed.as_ref(), Ok(&end.state));
    assert_past(&scenario.plan.body, &events, &end.state);
    let record = simulation.world.record();
    assert!(record.tests_at_once <= PARALLEL_STEPS, "{record:?}");
    let refused = weather.mishaps.iter().any(|(_, m)| refuses_an_undo(*m));
    match end.status {
        ExecutionStatus::Stuck => assert!(refused),
        status => case.assert_defined("random", &simulation, status),
    }
    for (i, made) in weather.knots.iter().enumerate() {
        let state = &end.state.steps[&knot(i)];
        let chosen = state
            .output
            .as_ref()
            .and_then(|output| output.choice.as_deref());
        let answer = weather.answers.get(&i).copied().unwrap_or(Some("yes"));
        if made.asks && state.status == StepStatus::Done {
            assert_eq!(chosen, answer, "an answer that nobody gave");
        }
        if end.status == ExecutionStatus::Succeeded {
            let unmet = made.when.is_some_and(|(asked, choice)| {
                let answer = weather.answers.get(&asked).copied().flatten();
                answer.unwrap_or("yes") != choice
            });
            let skipped = state.status == StepStatus::Skipped;
            assert_eq!(skipped, unmet, "{}", knot(i));
            assert!(skipped || made.asks || !weather.failing.contains(&i));
        }
    }
    assert_tries(&weather, &events);
}

/// Each event can be gone back to, the last one is how it ended, and there are no others.
fn assert_past(body: &PlanBody, events: &[(Timestamp, JournalEvent)], end: &ExecutionState) {
    let count = events.len() as u64;
    let mut live = ExecutionState::new(body);
    for (n, (at, event)) in (1..).zip(events) {
        live.apply(body, *at, event).unwrap();
        let (state, past) = past::after(body, events, n).unwrap();
        assert_eq!(state, live);
        assert_eq!((past.moment.n, past.of), (n, count));
        assert_eq!((past.moment.at, &past.moment.event), (*at, event));
        assert!(!past.moment.words.is_empty());
    }
    assert_eq!(&live, end);
    for n in [0, count + 1, u64::MAX] {
        let none = NoSuchMoment::OutOfRange { n, of: count };
        assert_eq!(past::after(body, events, n), Err(none));
    }
}

/// Only patient steps are tried again, and never more often than they may.
fn assert_tries(weather: &Weather, events: &[(Timestamp, JournalEvent)]) {
    let mut tries: BTreeMap<&StepId, u32> = BTreeMap::new();
    for (_, event) in events {
        if let JournalEvent::StepRetried { step, attempt, .. } = event {
            let before = tries.entry(step).or_default();
            *before += 1;
            assert_eq!(attempt, before, "{step}");
        }
    }
    for (i, made) in weather.knots.iter().enumerate() {
        let tries = tries.get(&knot(i)).copied().unwrap_or(0);
        let most = if made.patient && !made.asks { 2 } else { 0 };
        assert!(tries <= most, "{}: {tries}", knot(i));
    }
}

/// What makes an undo give up: no is no, and what does not come back in time neither.
fn refuses_an_undo(mishap: Mishap) -> bool {
    matches!(mishap, Mishap::Refuse | Mishap::Hang | Mishap::HangAfter)
}

#[test]
fn tests_run_side_by_side_but_not_more_than_allowed() {
    let at_once = simulate(async {
        let scenario = test_graph(&vec![BTreeSet::new(); 3 * PARALLEL_STEPS]);
        let simulation = Simulation::new(Nature::default());
        simulation.run(&scenario).await;
        simulation.world.record().tests_at_once
    });
    assert_eq!(at_once, PARALLEL_STEPS);
}

/// Two executions share a host and a journal, and nothing else.
#[test]
fn executions_do_not_see_each_other() {
    simulate(async {
        let one = test_graph(&vec![BTreeSet::new(); 3]);
        let mut other = one.clone();
        other.execution.id = crate::support::plans::id::<ExecutionId>(0xff);
        // One place has one at a time.
        other.execution.place = crate::support::plans::place();
        let simulation = Simulation::new(Nature::default());
        let (first, second) = tokio::join!(simulation.process(&one), simulation.process(&other));
        assert_eq!(first.status(), ExecutionStatus::Succeeded);
        assert_eq!(second.status(), ExecutionStatus::Succeeded);
        let first = simulation.journal.events(&one.execution);
        assert_eq!(
            first.len(),
            simulation.journal.events(&other.execution).len()
        );
    });
}
