//! Many seeds, on all processors; a seed that fails is printed with its history.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use commander::domain::text::last_words;

use super::history::History;
use crate::support::simulated_world::Story;

/// How many are played where nobody says anything, with five executions or so in each: less than half a
/// minute for one processor.
const RUNS: u64 = 1_500;

/// What the histories hold between them; otherwise the simulation would prove less than it seems to.
const WANTED: &[&str] = &[
    "Deploy {",
    "Promote {",
    "RollBack {",
    "Degraded is plan",
    "Restart is plan",
    "Build(",
    "Test(",
    "it ended as Succeeded",
    "it ended as Failed",
    "it ended as Cancelled",
    "it ended as Stuck",
    "CrashBefore",
    "CrashAfter",
    "LoseAnswer",
    "HangAfter",
    "the journal: Unwritable",
    "the journal: Unsaid",
    "the process is gone",
    "answered confirm: yes",
    "answered confirm: no",
    "nobody answered",
    "step_retried",
    "is let go of",
    "somebody removes",
    "a quarantine is lifted",
    "under quarantine",
    "the bake ends: Verify",
];

/// A seed whose history broke a rule.
struct Broken {
    seed: u64,
    why: String,
    story: Vec<String>,
}

/// Plays the history of a seed, and gives it line by line.
fn play(seed: u64) -> Result<Vec<String>, Broken> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let story: RefCell<Option<Arc<Story>>> = RefCell::default();
    let played = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut history = History::of(seed);
            story.replace(Some(history.story()));
            history.play().await;
        });
    }));
    let story = story.borrow();
    let story = story.as_ref().map(|s| s.lines()).unwrap_or_default();
    match played {
        Ok(()) => Ok(story),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            Err(Broken {
                seed,
                why: said.unwrap_or_else(|| last_words(&*panic)),
                story,
            })
        }
    }
}

/// What a variable says, if it is set.
fn number(variable: &str) -> Option<u64> {
    let said = std::env::var(variable).ok()?;
    Some(said.parse().expect(variable))
}

/// The first one with its history, and what is wrong with some more.
fn report(broken: &[Broken], of: u64) -> String {
    let Broken { seed, why, story } = &broken[0];
    let more = broken.iter().skip(1).take(12);
    let more = more.map(|b| format!("{}: {}", b.seed, b.why.replace('\n', " ")));
    format!(
        "{} of {of} seeds break a rule; the first is {seed}.\n\n{}\n\n{why}\n\nmore:\n{}\n\n\
         Play it again with\n    COMMANDER_SIMULATION_SEED={seed} cargo test --test simulation -- --nocapture",
        broken.len(),
        story.join("\n"),
        more.collect::<Vec<_>>().join("\n"),
    )
}

#[test]
fn hc_40_whatever_happens_every_history_keeps_the_invariants() {
    if let Some(seed) = number("COMMANDER_SIMULATION_SEED") {
        match play(seed) {
            Ok(story) => println!("{}", story.join("\n")),
            Err(broken) => panic!("{}", report(&[broken], 1)),
        }
        return;
    }
    let runs = number("COMMANDER_SIMULATION_RUNS").unwrap_or(RUNS);
    let next = AtomicU64::new(0);
    let broken = Mutex::new(Vec::new());
    let held = Mutex::new(BTreeSet::<&str>::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= runs {
                        return;
                    }
                    match play(seed) {
                        Ok(story) => held.lock().unwrap().extend(what_is_in(&story)),
                        Err(found) => broken.lock().unwrap().push(found),
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().unwrap();
    broken.sort_by_key(|found| found.seed);
    assert!(broken.is_empty(), "{}", report(&broken, runs));
    let held = held.into_inner().unwrap();
    let missing: Vec<_> = WANTED
        .iter()
        .filter(|what| !held.contains(**what))
        .collect();
    assert!(missing.is_empty() || runs < RUNS, "never: {missing:?}");
}

fn what_is_in(story: &[String]) -> impl Iterator<Item = &'static str> {
    let is_in = |what: &&str| story.iter().any(|line| line.contains(*what));
    WANTED.iter().copied().filter(is_in)
}

#[test]
fn a_seed_gives_the_same_history_each_time() {
    for seed in 0..60 {
        let Ok(first) = play(seed) else {
            panic!("seed {seed} breaks a rule");
        };
        assert_eq!(play(seed).ok().as_ref(), Some(&first), "seed {seed}");
    }
}
