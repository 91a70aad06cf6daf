//! Time that passes when all wait, and one process after the other that runs the engine.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use commander::domain::approval::Authorised;
use commander::domain::digest::Digest;
use commander::domain::execution::{Execution, ExecutionState, ExecutionStatus, JournalEvent};
use commander::domain::plan::Requester;
use commander::domain::question::{Answer, AnswerRefused};
use commander::domain::step::StepId;
use commander::engine::{Engine, Halt, LogLine, LogSink, RunEnd, RunError, Signal, Timer, Waits};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::fate::{Decided, Fate, Story};
use super::journal::MemoryJournal;
use super::{FOR_EVER, Life, Nature, SimulatedWorld};
use crate::support::memory_ledger::MemoryLedger;
use crate::support::plans::{INSTANCE, Scenario, at, person};

/// Tokio's paused clock: it moves when every task waits.
#[derive(Clone, Copy)]
pub struct VirtualTimer {
    pub(super) start: tokio::time::Instant,
}

#[async_trait]
impl Timer for VirtualTimer {
    fn now(&self) -> Timestamp {
        at(60) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// The same in each run.
    fn fraction(&self) -> f64 {
        f64::from(self.elapsed().subsec_millis() % 1000) / 1000.0
    }
}

struct Silence;

impl LogSink for Silence {
    fn line(&self, _line: LogLine) {}
}

/// A host, a journal, and one process after the other that runs the engine on them.
pub struct Simulation {
    pub world: Arc<SimulatedWorld>,
    pub journal: Arc<MemoryJournal>,
    pub story: Arc<Story>,
    life: Arc<Life>,
    timer: VirtualTimer,
    fate: Arc<Decided>,
}

/// What comes over a process from outside while it runs, each after some time.
#[derive(Debug, Default)]
pub struct Outside {
    /// Told as soon as the run listens.
    pub told: Vec<Signal>,
    pub cancel: Option<Duration>,
    /// SIGTERM.
    pub stop: Option<Duration>,
    /// `kill -9`.
    pub kill: Option<Duration>,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    Run(Result<RunEnd, RunError>),
    /// Nothing goes on until a person answers.
    Waits(Waits),
    Crashed,
}

impl Ended {
    pub fn status(&self) -> ExecutionStatus {
        match self {
            Self::Run(Ok(end)) => end.status,
            other => panic!("the run has no end: {other:?}"),
        }
    }
}

impl Simulation {
    /// Must be made inside a runtime whose clock is paused.
    pub fn new(nature: Nature) -> Self {
        let timer = VirtualTimer {
            start: tokio::time::Instant::now(),
        };
        let life = Arc::new(Life::default());
        let fate = Arc::new(Decided::default());
        let story = Arc::new(Story {
            lines: Mutex::default(),
            timer,
        });
        let journal = Arc::new(MemoryJournal {
            kept: Mutex::default(),
            life: life.clone(),
            timer,
            fate: fate.clone(),
            story: story.clone(),
        });
        Self {
            world: Arc::new(SimulatedWorld {
                inside: Mutex::default(),
                nature,
                journal: journal.clone(),
                life: life.clone(),
                timer,
                fate: fate.clone(),
                story: story.clone(),
            }),
            journal,
            story,
            life,
            timer,
            fate,
        }
    }

    /// With a ledger, in which all that the engine commits is settled.
    pub fn with_ledger(nature: Nature) -> Self {
        let simulation = Self::new(nature);
        simulation.journal.kept().ledger = Some(MemoryLedger::default());
        simulation
    }

    /// From now on.
    pub fn decide_by(&self, fate: Option<Box<dyn Fate>>) {
        *self.fate.0.lock().unwrap() = fate;
        self.world.inside().outage = None;
    }

    /// The engine of a new process.
    pub fn engine(&self) -> Engine {
        Engine {
            world: self.world.clone(),
            journal: self.journal.clone(),
            timer: Arc::new(self.timer),
            log: Arc::new(Silence),
            instance: INSTANCE.into(),
        }
    }

    pub fn clock(&self) -> &dyn Timer {
        &self.timer
    }

    pub fn log(&self) -> Arc<dyn LogSink> {
        Arc::new(Silence)
    }

    /// One process: runs the execution until its end, a question, an error, or a crash.
    pub async fn process(&self, scenario: &Scenario) -> Ended {
        self.process_told(scenario, Vec::new()).await
    }

    /// The same, with what the run is told as soon as it listens.
    pub async fn process_told(&self, scenario: &Scenario, told: Vec<Signal>) -> Ended {
        let outside = Outside {
            told,
            ..Outside::default()
        };
        self.process_met(&scenario.authorised(), &scenario.execution, outside)
            .await
    }

    /// The same, with all that may come over a process.
    pub async fn process_met(
        &self,
        authorised: &Authorised,
        execution: &Execution,
        outside: Outside,
    ) -> Ended {
        let life = self.life.begin();
        let (canceller, mut inbox) = mpsc::unbounded_channel();
        for signal in outside.told {
            canceller.send(signal).unwrap();
        }
        self.world.inside().canceller = Some(canceller);
        let engine = self.engine();
        let stop = CancellationToken::new();
        let run = engine.run(authorised, execution, &mut inbox, stop.clone());
        let cancelled = self.after(outside.cancel, || self.world.wish());
        let stopped = self.after(outside.stop, || stop.cancel());
        let killed = self.after(outside.kill, || life.cancel());
        tokio::select! {
            biased;
            () = life.cancelled() => Ended::Crashed,
            end = run => match end {
                Ok(Halt::Ended(end)) => Ended::Run(Ok(end)),
                Ok(Halt::Waits(waits)) => Ended::Waits(waits),
                Err(error) => Ended::Run(Err(error)),
            },
            never = cancelled => never,
            never = stopped => never,
            never = killed => never,
            // Virtual time passes when all wait: who waits for nothing is found at once.
            () = self.timer.sleep(FOR_EVER) => panic!("the run waits for ever"),
        }
    }

    /// Does it after that time, if at all, and never returns.
    async fn after(&self, time: Option<Duration>, what: impl FnOnce()) -> Ended {
        if let Some(time) = time {
            self.timer.sleep(time).await;
            what();
        }
        pending().await
    }

    /// Until it ends or crashes; questions are answered as nature has it.
    pub async fn live(&self, scenario: &Scenario) -> Ended {
        let mut told = Vec::new();
        loop {
            match self.process_told(scenario, told).await {
                Ended::Waits(waits) => told = self.person(scenario, &waits).await,
                ended => return ended,
            }
        }
    }

    /// What a person says, some time after they were asked; or nothing until it is too late.
    async fn person(&self, scenario: &Scenario, waits: &Waits) -> Vec<Signal> {
        let events = self.journal.events(&scenario.execution);
        let state = ExecutionState::replay(&scenario.plan.body, &events).unwrap();
        for (step, asking) in state.questions() {
            let answers = &self.world.nature.answers;
            let choice = answers.get(step).copied().unwrap_or(Some("yes"));
            let Some(choice) = choice else { continue };
            self.timer.sleep(Duration::from_secs(7)).await;
            return vec![answer(step, choice, &asking.digest).0];
        }
        let left = waits.until.duration_since(self.timer.now());
        let left = Duration::try_from(left).unwrap_or_default();
        self.timer.sleep(left + Duration::from_millis(1)).await;
        Vec::new()
    }

    /// One process after the other until one does not crash.
    pub async fn run(&self, scenario: &Scenario) -> Ended {
        loop {
            match self.live(scenario).await {
                Ended::Crashed => continue,
                ended => return ended,
            }
        }
    }

    /// The wish of a person, from outside the run.
    pub fn cancel(&self) {
        self.world.wish();
    }
}

/// The answer of grace, and where its fate is heard.
pub fn answer(
    step: &StepId,
    choice: &str,
    shown: &Digest,
) -> (Signal, oneshot::Receiver<Result<(), AnswerRefused>>) {
    let answer = Answer {
        step: step.clone(),
        by: person("grace"),
        choice: choice.to_owned(),
        comment: None,
        shown: shown.clone(),
    };
    let (reply, heard) = oneshot::channel();
    (Signal::Answer(answer, reply), heard)
}

/// Who asked for the end of an execution, and when it was written down.
pub fn acknowledged(events: &[(Timestamp, JournalEvent)]) -> Option<(Timestamp, Requester)> {
    events.iter().find_map(|(at, event)| match event {
        JournalEvent::CancelRequested { by, .. } => Some((*at, by.clone())),
        _ => None,
    })
}
