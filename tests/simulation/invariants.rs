//! What must always hold, whatever happened: DESIGN.md, sections 3 and 4, as far as it can be seen
//! from the host, the journal and the ledger.

use std::collections::{BTreeMap, BTreeSet};

use commander::domain::execution::{
    Execution, ExecutionState, ExecutionStatus, JournalEvent, StepStatus,
};
use commander::domain::intent::Action;
use commander::domain::plan::PlanStatus;
use commander::domain::release::{Presence, Quality, Release};
use commander::domain::step::{StepAction, StepId};
use commander::engine::RunEnd;
use jiff::Timestamp;

use super::history::{container, tag};
use crate::support::memory_ledger::MemoryLedger;
use crate::support::plans::{Scenario, built_from, person};
use crate::support::simulated_world::{
    Container, Host, JournalMishap, Met, Mishap, Nature, Simulation,
};

/// Host and ledger at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub host: Host,
    /// Containers that were started before.
    pub started: BTreeSet<String>,
    pub books: MemoryLedger,
}

/// What an execution has met; counted from its beginning.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub processes: usize,
    /// What people answered that counts, if it was heard.
    pub answers: Vec<String>,
    pub commits: usize,
    pub calls: Vec<Met>,
    pub journal: Vec<JournalMishap>,
}

impl Told {
    pub fn since(simulation: &Simulation) -> Self {
        Self {
            commits: simulation.journal.commits(),
            calls: simulation.world.record().met,
            journal: simulation.journal.met(),
            ..Self::default()
        }
    }

    /// What came in addition.
    pub fn until(self, simulation: &Simulation) -> Self {
        Self {
            commits: simulation.journal.commits() - self.commits,
            calls: simulation.world.record().met.split_off(self.calls.len()),
            journal: simulation.journal.met().split_off(self.journal.len()),
            ..self
        }
    }
}

/// What holds at every crash and at every end.
pub fn at_any_time(simulation: &Simulation, execution: &Execution, before: &Seen, now: &Seen) {
    let record = simulation.world.record();
    assert_eq!(record.port_conflicts, 0, "two containers at once");
    assert_eq!(record.unannounced, [""; 0], "effects without an event");
    assert_eq!(record.after_end, [""; 0], "calls after the end");
    assert_eq!(simulation.journal.refused(), [""; 0], "refused");
    assert!(running(&now.host).len() <= 1, "{:?}", running(&now.host));

    let status = simulation.journal.status(execution);
    let cached = now.books.executions[&execution.id].status;
    assert_eq!(status, cached, "the cache of the status");
    let goes_on = !matches!(status, ExecutionStatus::Waiting) && !status.has_ended();
    let holder = now.books.locks.get(&execution.place);
    let expected = goes_on.then_some(&execution.id);
    assert_eq!(holder.map(|h| &h.execution), expected, "the lock");
    if status != ExecutionStatus::Succeeded {
        let live = |seen: &Seen| seen.books.live().map(|r| r.id.clone());
        assert_eq!(live(now), live(before), "go-live is one moment");
    }
}

/// Containers of the place that run.
fn running(host: &Host) -> Vec<&str> {
    let ours = host.containers.iter().filter(|(_, c)| c.publish.is_some());
    let running = ours.filter(|(_, c)| c.running);
    running.map(|(name, _)| name.as_str()).collect()
}

/// An execution at its end.
pub struct Ended<'a> {
    pub scenario: &'a Scenario,
    pub events: &'a [(Timestamp, JournalEvent)],
    pub before: &'a Seen,
    pub after: &'a Seen,
    pub nature: &'a Nature,
    pub told: Told,
    pub end: &'a RunEnd,
}

pub fn at_the_end(ended: &Ended<'_>) {
    the_journal_is_whole(ended);
    what_is_undone_is_undone_in_reverse(ended);
    only_an_answer_means_yes(ended);
    commits_are_few(ended);
    the_end_has_its_reason(ended);
    the_host_is_as_it_should(ended);
    the_ledger_is_as_it_should(ended);
    what_runs_is_what_the_ledger_says(ended);
}

impl Ended<'_> {
    fn status(&self) -> ExecutionStatus {
        self.end.status
    }

    fn action(&self) -> Action {
        self.scenario.plan.body.action
    }

    fn position(&self, is_it: impl Fn(&JournalEvent) -> bool) -> Option<usize> {
        self.events.iter().position(|(_, event)| is_it(event))
    }

    fn count(&self, is_it: impl Fn(&JournalEvent) -> bool) -> usize {
        self.events.iter().filter(|(_, event)| is_it(event)).count()
    }

    fn own_release(&self) -> Option<&Release> {
        let id = self.scenario.execution.release.as_ref()?;
        self.after.books.releases.get(id)
    }

    fn makes_release(&self) -> bool {
        matches!(self.action(), Action::Deploy | Action::Promote)
    }

    fn step_of(&self, kind: &str) -> Option<StepId> {
        let mut steps = self.scenario.plan.body.steps.iter();
        steps
            .find(|s| s.action.kind() == kind)
            .map(|s| s.id.clone())
    }
}

fn the_journal_is_whole(ended: &Ended<'_>) {
    let body = &ended.scenario.plan.body;
    let replayed = ExecutionState::replay(body, ended.events);
    assert_eq!(replayed.as_ref(), Ok(&ended.end.state), "the replay");
    let last = ended.events.last().map(|(_, event)| event);
    let status = ended.status();
    assert_eq!(last, Some(&JournalEvent::Ended { status }));
    assert!(
        ended.events.is_sorted_by_key(|(at, _)| *at),
        "time went back"
    );
    for step in &body.steps {
        let done = ended.count(
            |event| matches!(event, JournalEvent::StepDone { step: s, .. } if *s == step.id),
        );
        assert!(done <= 1, "{} was done {done} times", step.id);
    }
}

fn what_is_undone_is_undone_in_reverse(ended: &Ended<'_>) {
    let body = &ended.scenario.plan.body;
    let undone = |step: &StepId| {
        ended.position(|event| matches!(event, JournalEvent::UndoStarted { step: s } if s == step))
    };
    for (first, then) in &body.edges {
        if let (Some(first_undone), Some(then_undone)) = (undone(first), undone(then)) {
            assert!(then_undone < first_undone, "{first} before {then}");
        }
    }
}

/// Invariant 11.
fn only_an_answer_means_yes(ended: &Ended<'_>) {
    for (at, event) in ended.events {
        let JournalEvent::Answered {
            step, by, choice, ..
        } = event
        else {
            continue;
        };
        assert_eq!(by, &person("grace"), "mallory may not");
        assert!(ended.told.answers.contains(choice), "nobody said {choice}");
        let asking = ended.end.state.steps[step].asking.as_ref().unwrap();
        assert!(*at <= asking.until, "too late");
    }
    let yes = ended.position(
        |event| matches!(event, JournalEvent::Answered { choice, .. } if choice == "yes"),
    );
    let (confirm, create) = (ended.step_of("confirm"), ended.step_of("create_container"));
    if let (Some(_), Some(create)) = (confirm, create) {
        let created = ended.position(
            |event| matches!(event, JournalEvent::StepStarted { step } if *step == create),
        );
        assert!(
            created.is_none() || yes < created && yes.is_some(),
            "no yes"
        );
    }
}

/// Each commit has its cause: a process that begins, something that came back, a person, the time.
fn commits_are_few(ended: &Ended<'_>) {
    let causes = ended.count(|event| {
        matches!(
            event,
            JournalEvent::StepDone { .. }
                | JournalEvent::StepFailed { .. }
                | JournalEvent::UndoDone { .. }
                | JournalEvent::UndoFailed { .. }
                | JournalEvent::Answered { .. }
                | JournalEvent::CancelRequested { .. }
        )
    });
    let tries = ended.count(|event| matches!(event, JournalEvent::StepRetried { .. }));
    let told = &ended.told;
    let undisturbed = told.calls.is_empty()
        && told.journal.is_empty()
        && ended.status() == ExecutionStatus::Succeeded
        && ended.count(|event| matches!(event, JournalEvent::StepStarted { .. }))
            <= ended.scenario.plan.body.steps.len()
        && ended.step_of("confirm").is_none();
    let most = match undisturbed {
        true => ended.scenario.plan.body.steps.len() + 1,
        // The last commit of each process may not have been made.
        false => 2 * told.processes + causes + 2 * tries,
    };
    assert!(told.commits <= most, "{} commits, not {most}", told.commits);
}

/// No end without its cause, and no disturbance that ought to change nothing changes the end.
fn the_end_has_its_reason(ended: &Ended<'_>) {
    let cancelled = ended.position(|e| matches!(e, JournalEvent::CancelRequested { .. }));
    let state = &ended.end.state;
    let undo_failed = state.in_status(StepStatus::UndoFailed).next().is_some();
    match ended.status() {
        ExecutionStatus::Succeeded => {
            assert_eq!(cancelled, None, "cancelled, and it succeeded");
            assert!(state.failure.is_none());
        }
        ExecutionStatus::Failed => {
            assert_eq!(cancelled, None, "cancelled, and it failed");
            assert!(state.failure.is_some(), "failed without a failure");
        }
        ExecutionStatus::Cancelled => assert!(cancelled.is_some(), "nobody cancelled it"),
        ExecutionStatus::Stuck => {
            assert!(undo_failed, "stuck with nothing that could not be undone");
            assert!(may_be_stuck(ended), "nothing was in the way of the undo");
        }
        other => panic!("{other:?} is no end"),
    }
    assert_eq!(undo_failed, ended.status() == ExecutionStatus::Stuck);
    if let Some(cancelled) = cancelled {
        let switch = ended.step_of("switch");
        let switched = ended.position(
            |e| matches!(e, JournalEvent::StepStarted { step } if Some(step) == switch.as_ref()),
        );
        let too_late = ended.action() == Action::Rollback && switched < Some(cancelled);
        assert!(!too_late || switched.is_none(), "past its switch");
    }
    let harmless = |met: &Met| matches!(met.mishap, Mishap::CrashBefore | Mishap::CrashAfter);
    if ended.told.calls.iter().all(harmless) && cancelled.is_none() {
        let good = would_succeed(ended);
        let why = &state.failure;
        let succeeded = ended.status() == ExecutionStatus::Succeeded;
        assert_eq!(succeeded, good, "a crash decided the end: {why:?}");
    }
}

/// Whether an undo met something that it could not get over, or what was replaced does not come
/// back by its nature.
fn may_be_stuck(ended: &Ended<'_>) -> bool {
    let in_the_way = |met: &Met| {
        met.undoing
            && matches!(
                met.mishap,
                Mishap::Refuse | Mishap::Hang | Mishap::HangAfter | Mishap::Panic
            )
    };
    let replaced = ended.before.books.live().and_then(|r| r.image_id.clone());
    let never_again = replaced.is_some_and(|image| ended.nature.once.contains(&image));
    never_again || ended.told.calls.iter().any(in_the_way)
}

/// Whether nothing but the weather could keep it from succeeding.
fn would_succeed(ended: &Ended<'_>) -> bool {
    let body = &ended.scenario.plan.body;
    let Nature {
        mute,
        crashing,
        once,
        failing_images,
        ..
    } = ended.nature;
    let mut built = body.steps.iter().filter_map(|step| match &step.action {
        StepAction::BuildImage(build) => Some((built_from(build), &build.refused_images)),
        _ => None,
    });
    let built = built.next();
    if built
        .as_ref()
        .is_some_and(|(image, refused)| refused.contains(image))
    {
        return false;
    }
    let image = built.map(|(image, _)| image).or(body.pins.image_id.clone());
    let Some(image) = image else { return true };
    let tested = body
        .steps
        .iter()
        .any(|step| matches!(step.action.kind(), "run_test" | "smoke_test"));
    let starts = body.steps.iter().any(|step| step.action.kind() == "switch");
    let own = ended.scenario.execution.release.as_ref().map(container);
    let again = own.is_some_and(|own| ended.before.started.contains(&own));
    let refused = ended.end.state.failure.as_ref();
    let asked = refused.is_some_and(|(step, _)| Some(step) == ended.step_of("confirm").as_ref());
    !(tested && failing_images.contains(&image)
        || starts && (mute.contains(&image) || crashing.contains(&image))
        || again && once.contains(&image)
        || asked)
}

fn the_host_is_as_it_should(ended: &Ended<'_>) {
    let (before, after) = (&ended.before.host, &ended.after.host);
    match ended.status() {
        ExecutionStatus::Succeeded => assert_eq!(*after, gone_well(ended), "the host"),
        ExecutionStatus::Stuck => what_is_left_is_named(ended),
        // What cannot be started again was restarted, and does not run.
        _ if ended.action() == Action::Restart && cannot_start_again(ended) => {
            let mut after = after.clone();
            for (name, here) in &mut after.containers {
                here.running = before.containers[name].running;
            }
            assert_eq!(after, *before, "unwound");
        }
        _ => assert_eq!(after, before, "unwound"),
    }
}

fn cannot_start_again(ended: &Ended<'_>) -> bool {
    let image = ended.scenario.plan.body.pins.image_id.as_ref();
    let Nature { once, crashing, .. } = ended.nature;
    image.is_some_and(|image| once.contains(image) || crashing.contains(image))
}

/// The host after a success: nothing else was touched.
fn gone_well(ended: &Ended<'_>) -> Host {
    let Scenario {
        plan, execution, ..
    } = ended.scenario;
    let mut host = ended.before.host.clone();
    let mut image = plan.body.pins.image_id.clone();
    for step in &plan.body.steps {
        if let StepAction::BuildImage(build) = &step.action {
            let built = built_from(build);
            host.images.insert(built.clone());
            host.tags.insert(tag(execution), built.clone());
            image = Some(built);
        }
    }
    let Some(configuration) = &plan.body.configuration else {
        return host;
    };
    for here in host.containers.values_mut() {
        here.running = false;
    }
    let own = container(execution.release.as_ref().unwrap());
    let here = host.containers.entry(own).or_insert_with(|| Container {
        image_id: image.clone().unwrap(),
        configuration: Some(configuration.digest()),
        publish: Some(configuration.publish),
        running: true,
        created_by: execution.id.clone(),
    });
    here.running = true;
    host
}

/// A stuck end says what is left: each difference belongs to a step that could not be undone.
fn what_is_left_is_named(ended: &Ended<'_>) {
    let (before, after) = (&ended.before.host, &ended.after.host);
    let state = &ended.end.state;
    let left: BTreeSet<&StepId> = state.in_status(StepStatus::UndoFailed).collect();
    let named = |kind: &str| {
        let steps = ended.scenario.plan.body.steps.iter();
        let mut steps = steps.filter(|s| s.action.kind() == kind);
        steps.any(|s| left.contains(&s.id))
    };
    if before.tags != after.tags || before.images != after.images {
        assert!(named("build_image"), "an image is left: {left:?}");
    }
    let ran = |host: &Host| -> BTreeMap<String, bool> {
        let ours = host.containers.iter().filter(|(_, c)| c.publish.is_some());
        ours.map(|(name, c)| (name.clone(), c.running)).collect()
    };
    let (ran_before, ran_after) = (ran(before), ran(after));
    for (name, here) in &after.containers {
        if before.containers.contains_key(name) {
            continue;
        }
        match here.publish {
            Some(_) => assert!(named("create_container"), "{name} is left: {left:?}"),
            None => assert!(
                left.iter().any(|step| name.ends_with(step.0.as_str())),
                "{name} is left: {left:?}"
            ),
        }
    }
    for (name, was) in &ran_before {
        let is = ran_after.get(name);
        assert!(is.is_some(), "{name} was taken away");
        let told = named("switch") || named("restart_container");
        assert!(is == Some(was) || told, "{name}: {left:?}");
    }
}

fn the_ledger_is_as_it_should(ended: &Ended<'_>) {
    let (before, after) = (&ended.before.books, &ended.after.books);
    let execution = &ended.scenario.execution;
    let plan = after.plans[&execution.plan].status;
    let expected = match ended.status() {
        ExecutionStatus::Succeeded => PlanStatus::Succeeded,
        ExecutionStatus::Cancelled => PlanStatus::Cancelled,
        _ => PlanStatus::Failed,
    };
    assert_eq!(plan, expected, "the plan");
    assert!(after.locks.is_empty(), "{:?}", after.locks);
    for act in ["execution.started", "execution.ended"] {
        let rows = after.trail.iter();
        let rows = rows.filter(|e| e.act == act && e.subject == execution.id.as_str());
        assert_eq!(rows.count(), 1, "{act}");
    }
    let open = after.watches.values().filter(|w| w.status().is_open());
    assert!(open.count() <= 1, "watched twice");
    let succeeded = ended.status() == ExecutionStatus::Succeeded;
    let brings = ended.makes_release() || ended.action() == Action::Rollback;
    if succeeded && brings {
        let own = ended.own_release().unwrap();
        assert_eq!(after.live().map(|r| &r.id), Some(&own.id), "go-live");
        let watch = after.open_watch(&execution.place).unwrap();
        assert_eq!(watch.release, own.id, "the watch");
        if let Some(left) = before.live() {
            let left = &after.releases[&left.id];
            assert_eq!(left.presence, Presence::Standby, "the predecessor");
            let quarantined = left.quality == Quality::Quarantined;
            assert!(
                quarantined || ended.action() != Action::Rollback,
                "what was left"
            );
        }
    } else if ended.makes_release() {
        let presence = match ended.status() {
            ExecutionStatus::Stuck => Presence::Candidate,
            _ => Presence::Retired,
        };
        assert_eq!(ended.own_release().unwrap().presence, presence);
    }
}

/// Never none after the first success, and always what the ledger says.
fn what_runs_is_what_the_ledger_says(ended: &Ended<'_>) {
    let Seen { host, books, .. } = ended.after;
    let Some(live) = books.live() else {
        let fine = ended.status() == ExecutionStatus::Stuck || running(host).is_empty();
        assert!(fine, "nothing is live, and something runs");
        return;
    };
    let name = container(&live.id);
    let here = host.containers.get(&name).expect("what is live is there");
    assert_eq!(Some(&here.image_id), live.image_id.as_ref(), "its image");
    let configuration = here.configuration.as_ref();
    assert_eq!(configuration, Some(&live.configuration_digest));
    // A stuck end and a restart that failed say so.
    let said = ended.status() == ExecutionStatus::Stuck
        || ended.action() == Action::Restart && ended.status() != ExecutionStatus::Succeeded;
    assert!(said || running(host) == [name.as_str()], "nothing serves");
}
