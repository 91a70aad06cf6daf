//! Plans of the shape that the planner gives, with the people who approved them: what a suite
//! needs before it can run, store or judge one.

// Each suite is a crate of its own and uses its part.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use commander::domain::advice::Advice;
use commander::domain::approval::{Approval, ApprovalWindows, Approver, Authorised, authorise};
use commander::domain::catalogue::{
    Confirmation, HealthTiming, RunSettings, Settings, Test, TestStage,
};
use commander::domain::digest::Digest;
use commander::domain::execution::{Execution, ExecutionStatus, FaultKind};
use commander::domain::id::{Id, PlanId, ReleaseId};
use commander::domain::intent::Action;
use commander::domain::lock::Place;
use commander::domain::name::{EnvironmentName, PersonName, ServiceName, TestName};
use commander::domain::plan::{Origin, Plan, PlanBody, PlanStatus, Requester, Surface};
use commander::domain::planner::{self, Extras, PlaceFacts, ScriptStep, Source};
use commander::domain::release::{Presence, Quality, Release, VerifiedBy};
use commander::domain::revision::RefKind;
use commander::domain::snapshot::{ConfigurationSnapshot, Publish};
use commander::domain::step::{
    BuildInstructions, Condition, ImageSource, RetryPolicy, Step, StepAction, StepId,
};
use jiff::Timestamp;

/// The random id of the simulated data directory.
pub const INSTANCE: &str = "5ca1ab1e";

/// When everything here happens.
pub const NOON: i64 = 1_795_262_400;

pub fn at(seconds_after_noon: i64) -> Timestamp {
    Timestamp::from_second(NOON + seconds_after_noon).unwrap()
}

pub fn id<T: Id>(n: u64) -> T {
    T::from_digits(&format!("{n:032x}"))
}

pub fn person(name: &str) -> PersonName {
    PersonName::parse(name).unwrap()
}

pub fn by(name: &str) -> Requester {
    Requester::Person { name: person(name) }
}

pub fn shop() -> ServiceName {
    ServiceName::parse("shop").unwrap()
}

pub fn staging() -> EnvironmentName {
    EnvironmentName::parse("staging").unwrap()
}

pub fn place() -> Place {
    Place {
        service: shop(),
        environment: Some(staging()),
    }
}

pub fn commit(n: u64) -> String {
    format!("{n:040x}")
}

pub fn settings() -> Settings {
    let test = |when| Test {
        argv: vec!["/bin/check".to_owned()],
        when,
        timeout_seconds: 120,
    };
    Settings {
        run: RunSettings {
            port: Some(8080),
            health_path: Some("/health".to_owned()),
            ..RunSettings::default()
        },
        // A bad release is looked at four times instead of sixty: the walks over every call of a
        // run are long enough.
        health: HealthTiming {
            deadline_seconds: 3,
            ..HealthTiming::default()
        },
        tests: BTreeMap::from([
            (name("style"), test(TestStage::Image)),
            (name("unit"), test(TestStage::Image)),
            (name("checkout"), test(TestStage::Live)),
        ]),
        ..Settings::default()
    }
}

pub fn name(test: &str) -> TestName {
    TestName::parse(test).unwrap()
}

pub fn configuration() -> ConfigurationSnapshot {
    let publish = Publish {
        address: [127, 0, 0, 1].into(),
        port: 20_000,
    };
    planner::snapshot(&settings().run, 8080, publish)
}

pub fn source(n: u64) -> Source {
    Source {
        repository: "https://git.example/shop.git".to_owned(),
        reference: format!("v1.{n}.0"),
        reference_kind: RefKind::Tag,
        commit: commit(n),
        tree: format!("{:040x}", n + 0xabc),
        dockerfile_blob: format!("{:040x}", 0xd0c),
    }
}

/// What the simulated world builds from these instructions.
pub fn built_from(instructions: &BuildInstructions) -> Digest {
    Digest::of(&(
        &instructions.commit,
        &instructions.context,
        &instructions.dockerfile,
        &instructions.build_args,
    ))
}

/// The image that [`deploy`] of version `n` builds.
pub fn image(n: u64) -> Digest {
    let build = settings().build;
    built_from(&BuildInstructions {
        commit: commit(n),
        context: build.context,
        dockerfile: build.dockerfile,
        build_args: build.build_args,
        refused_images: Vec::new(),
    })
}

/// A release of version `n`; its number is also the day on which it first went live.
pub fn release(n: u64, presence: Presence, quality: Quality) -> Release {
    let configuration = configuration();
    let day = i64::try_from(n).unwrap() * 86_400 - 30 * 86_400;
    let went_live = presence != Presence::Candidate;
    Release {
        id: id(0xe1e0 + n),
        service: shop(),
        environment: staging(),
        plan: id(n),
        execution: id(n),
        version: format!("v1.{n}.0"),
        commit: commit(n),
        tree: source(n).tree,
        image_id: Some(image(n)),
        base_images: BTreeMap::new(),
        configuration_digest: configuration.digest(),
        configuration,
        presence,
        quality,
        verified_by: (quality == Quality::Verified).then_some(VerifiedBy::Probe),
        created_at: at(day),
        first_live_at: went_live.then(|| at(day)),
        live_since: went_live.then(|| at(day)),
        by: person("ada"),
    }
}

/// A plan, those who approved it, and the execution that it gets.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub plan: Plan,
    pub approvals: Vec<Approval>,
    pub execution: Execution,
}

impl Scenario {
    pub fn authorised(&self) -> Authorised {
        let windows = ApprovalWindows::default();
        authorise(&self.plan, &self.approvals, None, windows, at(60)).unwrap()
    }
}

/// Version `n` goes where `ledger` is.
pub fn deploy(n: u64, ledger: &[Release]) -> Scenario {
    let extras = Extras {
        tests: vec![name("style"), name("unit")],
        scripts: vec![script()],
    };
    let settings = settings();
    let body = with_place(&settings, ledger, |place| {
        planner::deploy(place, &source(n), configuration(), &extras)
    });
    scenario(body, ledger, None)
}

/// The same, with a question before the switch that only grace and ada may answer.
pub fn asking_deploy(n: u64, ledger: &[Release]) -> Scenario {
    let settings = asking();
    let body = with_place(&settings, ledger, |place| {
        let extras = Extras {
            tests: vec![name("style"), name("unit")],
            ..Extras::default()
        };
        planner::deploy(place, &source(n), configuration(), &extras)
    });
    scenario(body, ledger, None)
}

pub fn asking_promote(n: u64, ledger: &[Release]) -> Scenario {
    let settings = asking();
    let body = with_place(&settings, ledger, |place| {
        let extras = Extras::default();
        planner::promote(place, &image(n), &commit(n), configuration(), &extras)
    });
    scenario(body, ledger, None)
}

/// The settings of a place that asks before the switch.
pub fn asking() -> Settings {
    Settings {
        confirmation: Confirmation {
            before_switch: true,
            within_seconds: 600,
            by: [person("ada"), person("grace")].into(),
        },
        ..settings()
    }
}

/// A step between build and switch of a graph that the planner does not make.
#[derive(Debug, Clone)]
pub struct Knot {
    /// Those that it waits for, by number, all smaller than its own.
    pub waits_for: BTreeSet<usize>,
    /// Asks `yes`, `other` or `no`; otherwise it is a test.
    pub asks: bool,
    /// A test that only runs where that question is answered with that choice.
    pub when: Option<(usize, &'static str)>,
    /// A test that is tried again.
    pub patient: bool,
}

pub fn knot(number: usize) -> StepId {
    StepId(format!("t{number:03}"))
}

/// A deploy with these knots between its build and its switch.
pub fn tangled(knots: &[Knot], ledger: &[Release]) -> Scenario {
    let settings = settings();
    let extras = Extras::default();
    let mut body = with_place(&settings, ledger, |place| {
        planner::deploy(place, &source(4), configuration(), &extras)
    });
    for (i, made) in knots.iter().enumerate() {
        let action = match made.asks {
            true => StepAction::Confirm {
                question: "Go on?".to_owned(),
                choices: ["yes", "other", "no"].map(str::to_owned).to_vec(),
                answerers: Vec::new(),
            },
            false => StepAction::RunTest {
                test: name(&knot(i).0),
                argv: vec!["/bin/check".to_owned()],
                image: ImageSource::Built {
                    step: StepId::from("build"),
                },
            },
        };
        body.steps.push(Step {
            id: knot(i),
            action,
            timeout_seconds: 60,
            retry: (made.patient && !made.asks).then(|| patience(3)),
            when: made.when.map(|(asked, choice)| Condition::Answered {
                step: knot(asked),
                choice: choice.to_owned(),
            }),
        });
        body.edges.push((StepId::from("build"), knot(i)));
        body.edges.push((knot(i), StepId::from("create")));
        let asked = made.when.map(|(asked, _)| asked);
        let before: BTreeSet<usize> = made.waits_for.iter().copied().chain(asked).collect();
        body.edges
            .extend(before.into_iter().map(|b| (knot(b), knot(i))));
    }
    body.steps.sort_by(|a, b| a.id.cmp(&b.id));
    body.edges.sort();
    scenario(body, ledger, None)
}

/// So many tries where the engine is away.
pub fn patience(tries: u32) -> RetryPolicy {
    RetryPolicy {
        on: [FaultKind::Unavailable].into(),
        tries,
        first_pause_milliseconds: 1_000,
        longest_pause_milliseconds: 8_000,
        jitter_percent: 50,
    }
}

fn script() -> ScriptStep {
    ScriptStep {
        script: "warm-cache".to_owned(),
        sha256: "0".repeat(64),
        arguments: BTreeMap::new(),
        timeout_seconds: 60,
    }
}

/// The image of version `n` goes where `ledger` is, without a build.
pub fn promote(n: u64, ledger: &[Release]) -> Scenario {
    let settings = settings();
    let body = with_place(&settings, ledger, |place| {
        let extras = Extras::default();
        planner::promote(place, &image(n), &commit(n), configuration(), &extras)
    });
    scenario(body, ledger, None)
}

pub fn rollback(target: &Release, ledger: &[Release]) -> Scenario {
    let settings = settings();
    let body = with_place(&settings, ledger, |place| {
        planner::rollback(place, target).unwrap()
    });
    scenario(body, ledger, Some(target.id.clone()))
}

pub fn restart(ledger: &[Release]) -> Scenario {
    let settings = settings();
    let body = with_place(&settings, ledger, |place| planner::restart(place).unwrap());
    let live = live_id(ledger);
    scenario(body, ledger, live)
}

/// Build and image tests, without environment.
pub fn test(n: u64) -> Scenario {
    let tests = [name("style"), name("unit")];
    let body = planner::build(Action::Test, &shop(), &settings(), &source(n), &tests);
    scenario(body, &[], None)
}

/// A graph that the planner does not make: tests that wait for each other as `waits_for` says
/// (test `i` for those in `waits_for[i]`, all of them smaller).
pub fn test_graph(waits_for: &[BTreeSet<usize>]) -> Scenario {
    let id = |i: usize| StepId(format!("test-{i:03}"));
    let mut body = planner::build(Action::Test, &shop(), &settings(), &source(1), &[]);
    for (i, before) in waits_for.iter().enumerate() {
        body.steps.push(Step {
            id: id(i),
            action: StepAction::RunTest {
                test: name(&format!("t{i:03}")),
                argv: vec!["/bin/check".to_owned()],
                image: ImageSource::Built {
                    step: StepId::from("build"),
                },
            },
            timeout_seconds: 60,
            retry: None,
            when: None,
        });
        body.edges.push((StepId::from("build"), id(i)));
        let waits = before.iter().map(|b| (id(*b), id(i)));
        body.edges.extend(waits);
    }
    body.steps.sort_by(|a, b| a.id.cmp(&b.id));
    body.edges.sort();
    scenario(body, &[], None)
}

fn with_place(
    settings: &Settings,
    ledger: &[Release],
    make: impl FnOnce(PlaceFacts<'_>) -> PlanBody,
) -> PlanBody {
    make(PlaceFacts {
        service: &shop(),
        environment: &staging(),
        settings,
        ledger,
        quarantines: &[],
        frozen: false,
    })
}

fn live_id(ledger: &[Release]) -> Option<ReleaseId> {
    let mut live = ledger.iter().filter(|r| r.presence == Presence::Live);
    live.next().map(|r| r.id.clone())
}

fn scenario(body: PlanBody, ledger: &[Release], target: Option<ReleaseId>) -> Scenario {
    Scenario::of(0xe0, body, ledger, target, at(60))
}

impl Scenario {
    /// The execution with this number, of a plan that ada approved half a minute before `now`.
    pub fn of(
        number: u64,
        body: PlanBody,
        ledger: &[Release],
        target: Option<ReleaseId>,
        now: Timestamp,
    ) -> Self {
        let approved_at = now - Duration::from_secs(30);
        let plan = approved(plan(number, body, target.clone()));
        let makes_release = matches!(plan.body.action, Action::Deploy | Action::Promote);
        let execution = Execution {
            id: id(number),
            plan: plan.id.clone(),
            action: plan.body.action,
            place: Place {
                service: shop(),
                environment: plan.body.environment.clone(),
            },
            status: ExecutionStatus::Waiting,
            created_at: now,
            ended_at: None,
            release: if makes_release {
                Some(id(number))
            } else {
                target
            },
            replaces: live_id(ledger),
            requested_by: by("ada"),
        };
        Self {
            approvals: vec![approval(&plan, number, "ada", approved_at)],
            plan,
            execution,
        }
    }
}

/// A pending plan with this body, offered by ada at noon.
pub fn plan(number: u64, body: PlanBody, target_release: Option<ReleaseId>) -> Plan {
    Plan {
        id: id::<PlanId>(number),
        digest: body.digest(),
        body,
        status: PlanStatus::PendingApproval,
        reason: None,
        origin: Origin {
            by: by("ada"),
            surface: Surface::Cli,
            command: None,
            thread: None,
            intent: None,
            text: Some("deploy shop to staging".to_owned()),
            rerun_of: None,
        },
        created_at: at(0),
        expires_at: at(24 * 3600),
        target_release,
        changes: None,
        advice: Advice::default(),
        chain: Vec::new(),
        notes: Vec::new(),
    }
}

pub fn approved(mut plan: Plan) -> Plan {
    plan.status = PlanStatus::Approved;
    plan
}

pub fn approval(plan: &Plan, number: u64, who: &str, at: Timestamp) -> Approval {
    Approval {
        id: id(number),
        plan: plan.id.clone(),
        plan_digest: plan.digest.clone(),
        advice_digest: plan.advice.digest(),
        by: Approver::Person { name: person(who) },
        at,
        comment: None,
    }
}

/// The smallest plan there is.
pub fn build_body() -> PlanBody {
    planner::build(Action::Build, &shop(), &settings(), &source(1), &[])
}
