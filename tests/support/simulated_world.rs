//! A world without Docker, Git or disk: a host in memory whose state can be looked at, a journal
//! in memory, and time that passes only when everybody waits.
//!
//! It is honest where the engine could lie to itself: a call takes time, has its effect in the
//! middle of it, and can be refused, hang, or lose its answer after the effect; a container needs
//! its image and its port; and the process can die at any call and any commit, after which nothing
//! that was under way goes on. A [`Mishap`] is planned for the n-th call or commit, so that a test
//! can walk through all of them; where nothing is planned, a [`Fate`] may decide. A container may
//! take its time to end, and then it ends whether or not whoever asked for it still waits.
//! Everything that happens is told in a line, so that a run can be read and compared.

// Each suite is a crate of its own and uses its part.
#![allow(dead_code)]

mod fate;
mod journal;
mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use commander::domain::digest::Digest;
use commander::domain::execution::{Fault, FaultKind};
use commander::domain::id::ExecutionId;
use commander::domain::lock::{Fence, Fences, Place};
use commander::domain::snapshot::Publish;
use commander::domain::step::StepId;
use commander::engine::{
    Answer as Said, BuildRequest, BuiltImage, Call, CancelWish, ContainerFacts, ContainerHealth,
    ContainerSpec, Exit, Signal, TestRun, Timer, World,
};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use fate::*;
pub use journal::*;
pub use process::*;

use super::plans::{built_from, by};

/// How long a call takes when nothing happens to it.
const LATENCY: Duration = Duration::from_millis(50);

/// How long a call takes that comes late: longer than a whole run, shorter than a step may take.
const LATE: Duration = Duration::from_secs(8);

/// Longer than all time limits of a run together.
const FOR_EVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// The host, as a person would list it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Host {
    pub images: BTreeSet<Digest>,
    pub tags: BTreeMap<String, Digest>,
    pub containers: BTreeMap<String, Container>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    pub image_id: Digest,
    pub configuration: Option<Digest>,
    /// Absent for the container of a test.
    pub publish: Option<Publish>,
    pub running: bool,
    pub created_by: ExecutionId,
}

impl Host {
    pub fn running(&self) -> Vec<&str> {
        let running = self.containers.iter().filter(|(_, c)| c.running);
        running.map(|(name, _)| name.as_str()).collect()
    }
}

/// What the world was asked, and what it noticed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The calls of the World, in order: `start_container commander-...`.
    pub calls: Vec<String>,
    /// How often a container was started on a port that another one had.
    pub port_conflicts: usize,
    pub restarts: usize,
    pub scripts: usize,
    /// The most tests that ran at the same time.
    pub tests_at_once: usize,
    /// Calls of a step whose start, or whose undo's start, was not in the journal.
    pub unannounced: Vec<String>,
    /// Calls for an execution that had ended.
    pub after_end: Vec<String>,
    /// The mishaps that were met, in order.
    pub met: Vec<Met>,
    /// When the wish to cancel was made.
    pub cancelled_at: Option<Timestamp>,
    /// Calls of a run whose place another run had taken.
    pub overtaken: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    pub call: String,
    pub undoing: bool,
    pub mishap: Mishap,
}

/// How images and tests behave; what is not named here is well.
#[derive(Debug, Clone, Default)]
pub struct Nature {
    /// Images whose container runs and never answers.
    pub mute: BTreeSet<Digest>,
    /// Images whose container ends at once.
    pub crashing: BTreeSet<Digest>,
    /// Images whose container runs when it is new, and never again once it was stopped.
    pub once: BTreeSet<Digest>,
    /// Images whose container takes so long to end, unless its drain time is shorter.
    pub stubborn: BTreeMap<Digest, Duration>,
    /// Images with which every test says no.
    pub failing_images: BTreeSet<Digest>,
    /// Tests that say no.
    pub failing_tests: BTreeSet<String>,
    /// What grace answers to the question of a step, if anything; `yes` where nothing is said here.
    pub answers: BTreeMap<StepId, Option<&'static str>>,
}

#[derive(Default)]
struct Inside {
    host: Host,
    record: Record,
    mishaps: BTreeMap<usize, Mishap>,
    outage: Option<Outage>,
    fences: Fences,
    /// Nobody says which fencing tokens there are.
    hides_tokens: bool,
    /// Containers that were told to end, and when they will have.
    ending: BTreeMap<String, Duration>,
    /// Containers that were started before.
    started: BTreeSet<String>,
    tests_now: usize,
    canceller: Option<mpsc::UnboundedSender<Signal>>,
}

/// The engine is away for a while, beginning with one call.
#[derive(Debug, Clone, Copy)]
struct Outage {
    from_call: usize,
    lasts: Duration,
    until: Option<Duration>,
}

pub struct SimulatedWorld {
    inside: Mutex<Inside>,
    nature: Nature,
    journal: Arc<MemoryJournal>,
    life: Arc<Life>,
    timer: VirtualTimer,
    fate: Arc<Decided>,
    story: Arc<Story>,
}

/// The life of the process that runs the engine: once it is over, nothing under way goes on.
#[derive(Default)]
struct Life(Mutex<CancellationToken>);

impl Life {
    fn token(&self) -> CancellationToken {
        self.0.lock().unwrap().clone()
    }

    fn begin(&self) -> CancellationToken {
        let token = CancellationToken::new();
        *self.0.lock().unwrap() = token.clone();
        token
    }

    async fn end(&self) -> ! {
        self.token().cancel();
        pending().await
    }

    /// A dead process does nothing more.
    async fn go_on(&self) {
        if self.token().is_cancelled() {
            pending().await
        }
    }
}

impl SimulatedWorld {
    /// What has ended by now has ended before anybody looks.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        let mut inside = self.inside.lock().unwrap();
        inside.end_what_is_due(self.timer.elapsed());
        inside
    }

    pub fn host(&self) -> Host {
        self.inside().host.clone()
    }

    pub fn record(&self) -> Record {
        self.inside().record.clone()
    }

    /// Prepares what is there before the engine begins.
    pub fn arrange(&self, change: impl FnOnce(&mut Host)) {
        change(&mut self.inside().host);
    }

    /// Another run has taken the place.
    pub fn overtake(&self, by: &Fence) {
        self.inside().fences.pass(by).unwrap();
    }

    /// Whether nobody says which fencing tokens there are.
    pub fn hide_tokens(&self, hidden: bool) {
        self.inside().hides_tokens = hidden;
    }

    /// Plans a mishap for the call with this number, counted from 0 over the world's whole life.
    pub fn plan(&self, call: usize, mishap: Mishap) {
        self.inside().mishaps.insert(call, mishap);
    }

    /// From the call with this number on nothing answers for a while.
    pub fn plan_outage(&self, from_call: usize, lasts: Duration) {
        self.inside().outage = Some(Outage {
            from_call,
            lasts,
            until: None,
        });
    }

    /// Containers that were started before.
    pub fn started(&self) -> BTreeSet<String> {
        self.inside().started.clone()
    }

    /// Takes a tag away by hand; the image goes with its last one, if nothing uses it.
    pub fn untag_by_hand(&self, tag: &str) {
        // What is used stays, as Docker has it.
        let _ = self.inside().untag(tag);
    }

    /// One call: it takes its time, has its effect in the middle of it, and meets its mishap.
    async fn call<T>(
        &self,
        name: String,
        call: &Call,
        effect: impl FnOnce(&mut Inside) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        self.life.go_on().await;
        let (mishap, takes) = self.note(name.clone(), call);
        match mishap {
            Some(Mishap::Fail) => return Err(gone()),
            Some(Mishap::Refuse) => return Err(Fault::new(FaultKind::Denied, "it is forbidden")),
            Some(Mishap::Hang) => {
                call.cancel.cancelled().await;
                return Err(left());
            }
            // Without the hook, which would print it each time.
            Some(Mishap::Panic) => resume_unwind(Box::new("a defect in the middle of a step")),
            Some(Mishap::CrashBefore) => self.life.end().await,
            Some(Mishap::Cancel | Mishap::CancelUnheard) => self.wish(),
            _ => {}
        }
        self.pass(call, mishap, takes).await?;
        self.life.go_on().await;
        let result = {
            let mut inside = self.inside();
            match inside.fences.pass(&call.fence) {
                Ok(()) => effect(&mut inside),
                Err(overtaken) => {
                    inside.record.overtaken.push(name);
                    Err(Fault::new(FaultKind::Overtaken, overtaken.to_string()))
                }
            }
        };
        match mishap {
            Some(Mishap::LoseAnswer) => Err(gone()),
            Some(Mishap::HangAfter) => pending().await,
            Some(Mishap::CrashAfter) => self.life.end().await,
            _ => result,
        }
    }

    /// The time between the question and its effect, left early by whoever cancels.
    async fn pass(
        &self,
        call: &Call,
        mishap: Option<Mishap>,
        takes: Duration,
    ) -> Result<(), Fault> {
        let deaf = matches!(mishap, Some(Mishap::CancelUnheard | Mishap::Late));
        tokio::select! {
            biased;
            () = call.cancel.cancelled(), if !deaf => Err(left()),
            () = self.timer.sleep(takes) => Ok(()),
        }
    }

    /// Writes the call down, and says what happens to it and how long it takes.
    fn note(&self, name: String, call: &Call) -> (Option<Mishap>, Duration) {
        let (announced, undoing) = self.journal.announces(call);
        let ended = self.journal.has_ended(&call.execution);
        let mut inside = self.inside();
        let number = inside.record.calls.len();
        inside.record.calls.push(name.clone());
        if !announced {
            inside.record.unannounced.push(name.clone());
        }
        if ended {
            inside.record.after_end.push(name.clone());
        }
        let planned = inside.mishaps.get(&number).copied();
        let decided = self.fate.ask(|fate| fate.of_call(undoing));
        let (decided, takes) = decided.unwrap_or((None, LATENCY));
        let away = inside.is_away(number, self.timer.elapsed());
        let mishap = away.or(planned).or(decided);
        let takes = match mishap {
            Some(Mishap::Slow(takes)) => takes,
            Some(Mishap::Late) => LATE,
            _ => takes,
        };
        match mishap {
            Some(mishap) => {
                self.story
                    .tell(format_args!("    {name} ({}): {mishap:?}", call.step));
                inside.record.met.push(Met {
                    call: name,
                    undoing,
                    mishap,
                });
            }
            None => self.story.tell(format_args!("    {name} ({})", call.step)),
        }
        (mishap, takes)
    }

    fn wish(&self) {
        let now = self.timer.now();
        let mut inside = self.inside();
        if let Some(canceller) = inside.canceller.take() {
            self.story.tell("grace wants it ended");
            inside.record.cancelled_at = Some(now);
            let wish = CancelWish {
                by: by("grace"),
                reason: "not today".to_owned(),
            };
            // The run may have ended in the same moment.
            let _ = canceller.send(Signal::Cancel(wish));
        }
    }
}

fn gone() -> Fault {
    Fault::new(FaultKind::Unavailable, "the engine does not answer")
}

fn left() -> Fault {
    Fault::new(FaultKind::Cancelled, "left because it was cancelled")
}

fn absent(what: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("there is no {what}"))
}

impl Inside {
    fn is_away(&mut self, call: usize, now: Duration) -> Option<Mishap> {
        let outage = self.outage.as_mut().filter(|o| call >= o.from_call)?;
        let until = *outage.until.get_or_insert(now + outage.lasts);
        (now < until).then_some(Mishap::Fail)
    }

    fn end_what_is_due(&mut self, now: Duration) {
        let Self { ending, host, .. } = self;
        ending.retain(|name, at| {
            let due = *at <= now;
            if let Some(container) = host.containers.get_mut(name).filter(|_| due) {
                container.running = false;
            }
            !due
        });
    }

    /// Tells a container to end, and says when it will have. Asked twice it ends at the same time.
    fn stop(&mut self, name: &str, drain: Duration, nature: &Nature, now: Duration) -> Duration {
        let Some(container) = self.host.containers.get_mut(name).filter(|c| c.running) else {
            return now;
        };
        let takes = nature.stubborn.get(&container.image_id);
        let takes = takes.copied().unwrap_or_default().min(drain);
        if takes.is_zero() {
            container.running = false;
            self.ending.remove(name);
            return now;
        }
        let at = self.ending.entry(name.to_owned()).or_insert(now + takes);
        *at
    }

    fn start(&mut self, name: &str, nature: &Nature) -> Result<(), Fault> {
        let container = self.host.containers.get(name).ok_or_else(|| absent(name))?;
        if container.running {
            return Ok(());
        }
        let publish = container.publish;
        let taken = |c: &Container| c.running && c.publish.is_some() && c.publish == publish;
        if self.host.containers.values().any(taken) {
            self.record.port_conflicts += 1;
            return Err(Fault::new(FaultKind::Taken, "the port is taken"));
        }
        let again = !self.started.insert(name.to_owned());
        let ends = nature.crashing.contains(&container.image_id)
            || (again && nature.once.contains(&container.image_id));
        if let Some(container) = self.host.containers.get_mut(name) {
            container.running = !ends;
        }
        Ok(())
    }

    fn create(&mut self, spec: &ContainerSpec, by: &ExecutionId) -> Result<Said, Fault> {
        if !self.host.images.contains(&spec.image_id) {
            return Err(absent("such image"));
        }
        let configuration = Some(spec.configuration.digest());
        let same = self
            .host
            .containers
            .get(&spec.name)
            .is_some_and(|c| c.image_id == spec.image_id && c.configuration == configuration);
        if same {
            let said = format!("{} is there already", spec.name);
            return Ok(Said { said });
        }
        self.remove(&spec.name)?;
        let container = Container {
            image_id: spec.image_id.clone(),
            configuration,
            publish: Some(spec.configuration.publish),
            running: false,
            created_by: by.clone(),
        };
        self.host.containers.insert(spec.name.clone(), container);
        let said = format!("{} is created", spec.name);
        Ok(Said { said })
    }

    fn remove(&mut self, name: &str) -> Result<(), Fault> {
        if self.host.containers.get(name).is_some_and(|c| c.running) {
            return Err(Fault::new(
                FaultKind::Rejected,
                format!("{name} still runs"),
            ));
        }
        self.host.containers.remove(name);
        Ok(())
    }

    fn untag(&mut self, tag: &str) -> Result<(), Fault> {
        let Some(image) = self.host.tags.get(tag) else {
            return Ok(());
        };
        let tags = self.host.tags.values().filter(|i| *i == image).count();
        if tags == 1 {
            if self.host.containers.values().any(|c| c.image_id == *image) {
                return Err(Fault::new(FaultKind::Taken, "a container uses the image"));
            }
            self.host.images.remove(image);
        }
        self.host.tags.remove(tag);
        Ok(())
    }
}

#[async_trait]
impl World for SimulatedWorld {
    async fn highest_token(&self, place: &Place) -> Result<u64, Fault> {
        self.life.go_on().await;
        while self.inside().hides_tokens {
            self.timer.sleep(LATENCY).await;
        }
        Ok(self.inside().fences.highest(place))
    }

    async fn fetch_source(
        &self,
        _repository: &str,
        commit: &str,
        _tree: &str,
        call: &Call,
    ) -> Result<(), Fault> {
        self.call(format!("fetch_source {commit}"), call, |_| Ok(()))
            .await
    }

    async fn build_image(&self, request: &BuildRequest, call: &Call) -> Result<BuiltImage, Fault> {
        let image_id = built_from(&request.instructions);
        self.call(format!("build_image {}", request.tag), call, |inside| {
            inside.host.images.insert(image_id.clone());
            let tag = request.tag.clone();
            inside.host.tags.insert(tag, image_id.clone());
            Ok(BuiltImage {
                image_id,
                base_images: BTreeMap::new(),
            })
        })
        .await
    }

    async fn untag_image(&self, tag: &str, call: &Call) -> Result<(), Fault> {
        self.call(format!("untag_image {tag}"), call, |inside| {
            inside.untag(tag)
        })
        .await
    }

    async fn has_image(&self, image_id: &Digest, call: &Call) -> Result<bool, Fault> {
        self.call(format!("has_image {}", image_id.short()), call, |inside| {
            Ok(inside.host.images.contains(image_id))
        })
        .await
    }

    /// The container stands while the test runs, so that a test that is cut short leaves it.
    async fn run_test(&self, run: &TestRun, call: &Call) -> Result<Exit, Fault> {
        self.life.go_on().await;
        let name = test_container(call);
        let running = {
            let mut inside = self.inside();
            if let Err(overtaken) = inside.fences.pass(&call.fence) {
                return Err(Fault::new(FaultKind::Overtaken, overtaken.to_string()));
            }
            if !inside.host.images.contains(&run.image_id) {
                return Err(absent("such image"));
            }
            let container = Container {
                image_id: run.image_id.clone(),
                configuration: None,
                publish: None,
                running: true,
                created_by: call.execution.clone(),
            };
            inside.host.containers.insert(name.clone(), container);
            inside.tests_now += 1;
            inside.record.tests_at_once = inside.record.tests_at_once.max(inside.tests_now);
            TestCount(self)
        };
        let fails = self.nature.failing_tests.contains(run.test.as_str())
            || self.nature.failing_images.contains(&run.image_id);
        let code = i64::from(fails);
        let exit = self
            .call(format!("run_test {name}"), call, |inside| {
                inside.host.containers.remove(&name);
                let tail = "the last line\n".to_owned();
                Ok(Exit { code, tail })
            })
            .await;
        drop(running);
        exit
    }

    async fn remove_test(&self, call: &Call) -> Result<(), Fault> {
        let name = test_container(call);
        self.call(format!("remove_test {name}"), call, |inside| {
            inside.host.containers.remove(&name);
            Ok(())
        })
        .await
    }

    async fn create_container(&self, spec: &ContainerSpec, call: &Call) -> Result<Said, Fault> {
        self.call(format!("create_container {}", spec.name), call, |inside| {
            inside.create(spec, &call.execution)
        })
        .await
    }

    async fn discard_container(&self, name: &str, call: &Call) -> Result<(), Fault> {
        self.call(format!("discard_container {name}"), call, |inside| {
            let own = |c: &Container| c.created_by == call.execution;
            if inside.host.containers.get(name).is_some_and(own) {
                inside.remove(name)?;
            }
            Ok(())
        })
        .await
    }

    async fn start_container(&self, name: &str, call: &Call) -> Result<(), Fault> {
        self.call(format!("start_container {name}"), call, |inside| {
            inside.start(name, &self.nature)
        })
        .await
    }

    /// What ends does so whether or not the caller waits for it.
    async fn stop_container(&self, name: &str, drain: Duration, call: &Call) -> Result<(), Fault> {
        let ends = self
            .call(format!("stop_container {name}"), call, |inside| {
                Ok(inside.stop(name, drain, &self.nature, self.timer.elapsed()))
            })
            .await?;
        let left = ends.saturating_sub(self.timer.elapsed());
        if !left.is_zero() {
            self.timer.sleep(left).await;
            self.life.go_on().await;
        }
        Ok(())
    }

    /// A stop, and a start only as long as somebody waits for it: older engines do no more.
    async fn restart_container(
        &self,
        name: &str,
        drain: Duration,
        call: &Call,
    ) -> Result<(), Fault> {
        let ends = self
            .call(format!("restart_container {name}"), call, |inside| {
                inside.record.restarts += 1;
                Ok(inside.stop(name, drain, &self.nature, self.timer.elapsed()))
            })
            .await?;
        let left = ends.saturating_sub(self.timer.elapsed());
        if !left.is_zero() {
            self.timer.sleep(left).await;
            self.life.go_on().await;
        }
        self.inside().start(name, &self.nature)
    }

    async fn inspect_container(
        &self,
        name: &str,
        call: &Call,
    ) -> Result<Option<ContainerFacts>, Fault> {
        self.call(format!("inspect_container {name}"), call, |inside| {
            Ok(inside.host.containers.get(name).map(facts))
        })
        .await
    }

    async fn probe(
        &self,
        publish: Publish,
        _path: &str,
        _timeout: Duration,
        call: &Call,
    ) -> Result<Said, Fault> {
        self.call(format!("probe {publish}"), call, |inside| {
            let answers = |c: &Container| {
                c.running && c.publish == Some(publish) && !self.nature.mute.contains(&c.image_id)
            };
            if inside.host.containers.values().any(answers) {
                let said = "GET answers 200".to_owned();
                Ok(Said { said })
            } else {
                Err(Fault::new(FaultKind::Rejected, "GET is refused"))
            }
        })
        .await
    }

    async fn run_script(
        &self,
        script: &str,
        _sha256: &str,
        _arguments: &BTreeMap<String, String>,
        call: &Call,
    ) -> Result<Exit, Fault> {
        self.call(format!("run_script {script}"), call, |inside| {
            inside.record.scripts += 1;
            let tail = String::new();
            Ok(Exit { code: 0, tail })
        })
        .await
    }
}

/// A step has at most one test container.
fn test_container(call: &Call) -> String {
    format!("test-{}-{}", call.execution.short(), call.step)
}

/// Counts a running test, however it ends.
struct TestCount<'a>(&'a SimulatedWorld);

impl Drop for TestCount<'_> {
    fn drop(&mut self) {
        self.0.inside().tests_now -= 1;
    }
}

fn facts(container: &Container) -> ContainerFacts {
    ContainerFacts {
        image_id: container.image_id.clone(),
        configuration: container.configuration.clone(),
        running: container.running,
        exit_code: (!container.running).then_some(1),
        oom_killed: false,
        restart_count: 0,
        health: ContainerHealth::Unchecked,
        started_at: None,
        tail: String::new(),
    }
}
