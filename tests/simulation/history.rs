//! The history of one place: one occasion after the other, and after each everything that must hold.

use std::sync::Arc;
use std::time::Duration;

use commander::domain::approval::{ApprovalWindows, Authorised, authorise};
use commander::domain::digest::Digest;
use commander::domain::execution::{Execution, ExecutionState, ExecutionStatus, JournalEvent};
use commander::domain::id::ReleaseId;
use commander::domain::naming;
use commander::domain::question::{Answer, AnswerRefused, Asking};
use commander::domain::step::StepId;
use commander::engine::{CancelWish, JournalError, RunEnd, RunError, Signal, Waits};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::chance::Chance;
use super::invariants::{self, Seen, Told};
use super::people::{Desk, Planned, VERSIONS, Wish};
use super::weather::{Climate, Weather};
use crate::support::plans::{INSTANCE, by, image, person, shop, staging};
use crate::support::simulated_world::{Ended, Nature, Outside, Simulation, Story, answer};

/// How long a flow waits before it tries again to write a journal that could not be written.
const JOURNAL_RETRY: Duration = Duration::from_secs(5);
/// Longer than any container takes to end.
const ALL_HAS_ENDED: Duration = Duration::from_secs(40);
/// More processes than the weather can end.
const TOO_MANY_PROCESSES: usize = 60;

pub struct History {
    pub simulation: Simulation,
    pub chance: Chance,
    nature: Nature,
    /// Of the newest plan.
    number: u64,
}

impl History {
    /// Must be made inside a runtime whose clock is paused.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let nature = nature(&mut chance);
        let simulation = Simulation::with_ledger(nature.clone());
        Self {
            simulation,
            nature,
            chance,
            number: 0,
        }
    }

    pub fn story(&self) -> Arc<Story> {
        self.simulation.story.clone()
    }

    pub async fn play(&mut self) {
        for _ in 0..4 + self.chance.below(7) {
            let pause = self.chance.pick(&[1, 60, 3600, 86_400]);
            tokio::time::sleep(Duration::from_secs(pause)).await;
            match self.chance.below(10) {
                0..6 => {
                    let wish = Wish::drawn(&mut self.chance);
                    self.carry_out(wish).await;
                }
                6..8 => self.the_bake_ends(),
                _ => self.somebody_tidies_up(),
            }
        }
    }

    pub fn now(&self) -> Timestamp {
        self.simulation.clock().now()
    }

    pub fn tell(&self, what: impl std::fmt::Display) {
        self.simulation.story.tell(what);
    }

    fn seen(&self) -> Seen {
        Seen {
            host: self.simulation.world.host(),
            started: self.simulation.world.started(),
            books: self.simulation.journal.ledger(),
        }
    }
}

/// How the versions behave: most of them well.
fn nature(chance: &mut Chance) -> Nature {
    let mut nature = Nature::default();
    for version in 1..=VERSIONS {
        let image = image(version);
        if chance.one_in(3) {
            let takes = Duration::from_millis(500 + chance.below(28_500));
            nature.stubborn.insert(image.clone(), takes);
        }
        let bad = match chance.below(14) {
            0 => &mut nature.mute,
            1 => &mut nature.crashing,
            2 => &mut nature.failing_images,
            3 => &mut nature.once,
            _ => continue,
        };
        bad.insert(image);
    }
    nature
}

/// One execution.
struct Run {
    planned: Planned,
    authorised: Option<Authorised>,
    climate: Climate,
    before: Seen,
    told: Told,
    /// What may still come over its processes from outside.
    interruptions: u64,
    answers: Vec<(String, oneshot::Receiver<Result<(), AnswerRefused>>)>,
}

impl Run {
    fn execution(&self) -> &Execution {
        &self.planned.scenario.execution
    }
}

impl History {
    async fn carry_out(&mut self, wish: Wish) {
        if wish == Wish::Degraded && !self.the_watch_finds_it_degraded() {
            return;
        }
        let careless = self.chance.one_in(4);
        let books = self.simulation.journal.ledger();
        let desk = Desk::new(books, self.number + 1, self.now(), careless);
        let wish = if careless { desk.tempted(wish) } else { wish };
        let Some(planned) = desk.plan(wish) else {
            if wish == Wish::Degraded {
                self.give_up();
            }
            return;
        };
        self.number += 1;
        self.tell(format_args!("{wish:?} is plan {}", self.number));
        self.store(&planned);
        if let Wish::Promote { what, .. } = wish {
            self.simulation.world.arrange(|host| {
                let (image, tag) = (image(what.number), format!("verified:{}", what.number));
                host.images.insert(image.clone());
                host.tags.insert(tag, image);
            });
        }
        let (climate, weather) = Weather::drawn(self.chance.branch());
        self.tell(format_args!("the weather is {climate:?}"));
        let faults = matches!(climate, Climate::Faults | Climate::Storm);
        self.simulation.decide_by(Some(Box::new(weather)));
        if faults && self.chance.one_in(10) {
            let from = self.simulation.world.record().calls.len() as u64 + self.chance.below(20);
            let lasts = Duration::from_secs(5 + self.chance.below(90));
            let from = usize::try_from(from).unwrap();
            self.simulation.world.plan_outage(from, lasts);
        }
        let mut run = Run {
            before: self.seen(),
            told: Told::since(&self.simulation),
            interruptions: if climate == Climate::Calm { 0 } else { 3 },
            planned,
            authorised: None,
            climate,
            answers: Vec::new(),
        };
        let end = self.play_out(&mut run).await;
        self.tell(format_args!("it ended as {:?}", end.status));
        // What still happens now was begun before.
        self.simulation.decide_by(None);
        tokio::time::sleep(ALL_HAS_ENDED).await;
        let after = self.seen();
        let scenario = &run.planned.scenario;
        let ended = invariants::Ended {
            scenario,
            events: &self.simulation.journal.events(&scenario.execution),
            before: &run.before,
            after: &after,
            nature: &self.nature,
            told: run.told.clone().until(&self.simulation),
            end: &end,
        };
        invariants::at_the_end(&ended);
        self.nothing_more(&mut run, end.status).await;
        self.set_right();
        self.resume_the_watch();
    }

    /// One process after the other.
    async fn play_out(&mut self, run: &mut Run) -> RunEnd {
        let mut signals = Vec::new();
        loop {
            run.told.processes += 1;
            assert!(run.told.processes < TOO_MANY_PROCESSES, "it never ends");
            let outside = self.outside(run, signals);
            let authorised = self.authorised(run);
            let execution = run.execution();
            let ended = self
                .simulation
                .process_met(&authorised, execution, outside)
                .await;
            self.hear(run);
            invariants::at_any_time(&self.simulation, run.execution(), &run.before, &self.seen());
            signals = match ended {
                Ended::Run(Ok(end)) => return end,
                Ended::Crashed | Ended::Run(Err(RunError::Stopping)) => {
                    let down = self.chance.pick(&[0, 1, 20, 240]);
                    self.tell(format_args!("the process is gone for {down} s"));
                    tokio::time::sleep(Duration::from_secs(down)).await;
                    Vec::new()
                }
                Ended::Run(Err(RunError::Journal(JournalError::Unwritable(_)))) => {
                    tokio::time::sleep(JOURNAL_RETRY).await;
                    Vec::new()
                }
                Ended::Run(Err(error)) => panic!("the run broke off: {error}"),
                Ended::Waits(waits) => self.a_person_is_asked(run, &waits).await,
            };
        }
    }

    /// Given anew as of the journaled start, once there is one.
    fn authorised(&self, run: &mut Run) -> Authorised {
        let Planned { scenario, grant } = &run.planned;
        let events = self.simulation.journal.events(&scenario.execution);
        let started = events.first().map(|(at, _)| *at);
        let now = started.unwrap_or(scenario.execution.created_at);
        if let Some(given) = run.authorised.as_ref().filter(|given| given.at() == now) {
            return given.clone();
        }
        let given = authorise(
            &scenario.plan,
            &scenario.approvals,
            grant.as_ref(),
            ApprovalWindows::default(),
            now,
        );
        run.authorised.insert(given.unwrap()).clone()
    }

    fn outside(&mut self, run: &mut Run, told: Vec<Signal>) -> Outside {
        let mut outside = Outside {
            told,
            ..Outside::default()
        };
        if run.interruptions == 0 || !self.chance.one_in(4) {
            return outside;
        }
        run.interruptions -= 1;
        let longest = self.chance.pick(&[100, 1_000, 10_000, 60_000]);
        let after = Some(Duration::from_millis(self.chance.below(longest)));
        let may_be_killed = run.climate != Climate::Faults;
        let may_be_cancelled = run.climate != Climate::Crashes;
        match (self.chance.below(4), may_be_killed, may_be_cancelled) {
            (0 | 1, true, _) => outside.kill = after,
            (2, true, _) => outside.stop = after,
            (_, _, true) => outside.cancel = after,
            _ => {}
        }
        outside
    }

    /// What a person says who is asked, some time later; or what happens instead.
    async fn a_person_is_asked(&mut self, run: &mut Run, waits: &Waits) -> Vec<Signal> {
        let scenario = &run.planned.scenario;
        let events = self.simulation.journal.events(&scenario.execution);
        let state = ExecutionState::replay(&scenario.plan.body, &events).unwrap();
        let (step, asking) = state.questions().next().unwrap();
        let calm = matches!(run.climate, Climate::Calm | Climate::Crashes);
        let minutes = Duration::from_secs(self.chance.below(300));
        match self.chance.below(12) {
            0 if !calm => {
                let left = waits.until.duration_since(self.now());
                let left = Duration::try_from(left).unwrap_or_default();
                tokio::time::sleep(left + Duration::from_millis(1)).await;
                Vec::new()
            }
            1 if !calm => vec![Signal::Cancel(CancelWish {
                by: by("bob"),
                reason: "enough".to_owned(),
            })],
            // Another process takes it up, and finds that nothing goes on.
            2 => Vec::new(),
            drawn => {
                tokio::time::sleep(minutes).await;
                let choice = if drawn == 3 && !calm { "no" } else { "yes" };
                let (signal, heard) = answer(step, choice, &asking.digest);
                run.answers.push((choice.to_owned(), heard));
                let mut signals = Vec::new();
                if drawn > 8 {
                    signals.push(self.what_does_not_count(step, asking));
                }
                signals.push(signal);
                signals
            }
        }
    }

    /// An answer by somebody who may not, or to something else.
    fn what_does_not_count(&mut self, step: &StepId, asking: &Asking) -> Signal {
        let other = Digest::of(&"something else");
        let (signal, _) = answer(step, "no", &other);
        match (signal, self.chance.one_in(2)) {
            (Signal::Answer(said, reply), true) => Signal::Answer(
                Answer {
                    by: person("mallory"),
                    shown: asking.digest.clone(),
                    ..said
                },
                reply,
            ),
            (signal, _) => signal,
        }
    }

    /// An answer that was acknowledged is in the journal.
    fn hear(&self, run: &mut Run) {
        let events = self.simulation.journal.events(run.execution());
        for (choice, mut heard) in std::mem::take(&mut run.answers) {
            if let Ok(Ok(())) = heard.try_recv() {
                let is_it = |(_, event): &(Timestamp, JournalEvent)| matches!(event, JournalEvent::Answered { choice: c, .. } if *c == choice);
                assert!(events.iter().any(is_it), "an answer was lost");
            }
            run.told.answers.push(choice);
        }
    }

    /// What has ended is left alone, also by a process that does not know it.
    async fn nothing_more(&mut self, run: &mut Run, status: ExecutionStatus) {
        if !self.chance.one_in(4) {
            return;
        }
        let (calls, commits) = self.work();
        let authorised = self.authorised(run);
        let outside = Outside::default();
        let again = self
            .simulation
            .process_met(&authorised, run.execution(), outside)
            .await;
        assert_eq!(again.status(), status);
        assert_eq!(self.work(), (calls, commits), "it was run again");
    }

    fn work(&self) -> (usize, usize) {
        let calls = self.simulation.world.record().calls.len();
        (calls, self.simulation.journal.commits())
    }
}

pub fn container(release: &ReleaseId) -> String {
    naming::container(INSTANCE, &shop(), &staging(), release)
}

pub fn tag(execution: &Execution) -> String {
    naming::image_tag(INSTANCE, &shop(), &execution.id)
}
