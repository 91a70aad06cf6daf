//! The planner: facts in, the body of a plan out. The graphs of all actions are here.
//!
//! ```text
//!   deploy:   fetch ─> build ─> test-* ─> create ─> switch ─> health ─> smoke-* ─> verify
//!   promote:  require-image ─> test-* ─> create ─> switch ─> health ─> smoke-* ─> verify
//!   again:    as a promotion, of the image of an earlier execution; a test: require-image ─> test-*
//!   rollback: require-image ─> create ─> switch ─> health ─> verify
//!   restart:  restart ─> health ─> verify
//!   build:    fetch ─> build          test: fetch ─> build ─> test-*
//! ```
//!
//! Where the environment wants it, a deploy and a promotion ask a person before `create`.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{BuildSettings, RunSettings, Settings, Test, TestStage};
use super::digest::Digest;
use super::execution::FaultKind;
use super::intent::Action;
use super::name::{EnvironmentName, ServiceName, TestName};
use super::plan::{OnDegraded, Pins, PlanBody};
use super::release::{Purpose, Quarantine, Release, last_known_good, live};
use super::revision::RefKind;
use super::snapshot::{ConfigurationSnapshot, Publish};
use super::step::{
    BuildInstructions, Condition, HealthCheck, HealthGate, ImageSource, NO, ReleasePin,
    RetryPolicy, Step, StepAction, StepId, YES,
};

/// A version looked up in the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub repository: String,
    /// The tag, branch or commit that was named.
    pub reference: String,
    pub reference_kind: RefKind,
    pub commit: String,
    pub tree: String,
    /// The blob of the Dockerfile in that tree.
    pub dockerfile_blob: String,
}

/// A script of the manifest that the sentence asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptStep {
    pub script: String,
    pub sha256: String,
    pub arguments: BTreeMap<String, String>,
    pub timeout_seconds: u32,
}

/// What is wanted beyond the action itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// Image tests to run before anything is switched.
    pub tests: Vec<TestName>,
    /// Scripts to run once the release answers well, before go-live.
    pub scripts: Vec<ScriptStep>,
}

/// One (service, environment) as it is.
#[derive(Debug, Clone, Copy)]
pub struct PlaceFacts<'a> {
    pub service: &'a ServiceName,
    pub environment: &'a EnvironmentName,
    pub settings: &'a Settings,
    /// The releases of the place.
    pub ledger: &'a [Release],
    pub quarantines: &'a [Quarantine],
    /// Automatic acts are off there.
    pub frozen: bool,
}

const FETCH_TIMEOUT: u32 = 300;
const BUILD_TIMEOUT: u32 = 1800;
const CREATE_TIMEOUT: u32 = 120;
const LOOK_TIMEOUT: u32 = 30;
/// What starting and stopping may take beyond the drain time.
const SWITCH_MARGIN: u32 = 60;
/// What the step gets beyond the health gate's own deadline.
const GATE_MARGIN: u32 = 15;

/// The container's settings, with the port and the address now known.
pub fn snapshot(run: &RunSettings, port: u16, publish: Publish) -> ConfigurationSnapshot {
    ConfigurationSnapshot {
        port,
        publish,
        health_path: run.health_path.clone(),
        environment: run.environment.clone(),
        secrets: run.secrets.clone(),
        volumes: run.volumes.clone(),
        network: run.network.clone(),
        stop_signal: run.stop_signal.clone(),
        drain_seconds: run.drain_seconds,
        resources: run.resources.clone(),
        restart: run.restart,
    }
}

pub fn deploy(
    place: PlaceFacts<'_>,
    source: &Source,
    configuration: ConfigurationSnapshot,
    extras: &Extras,
) -> PlanBody {
    let mut graph = Graph::default();
    // What may be gone back to may be deployed, also where the same bytes were left by a rollback.
    let good = last_known_good(place.ledger, Purpose::Deploy).and_then(|r| r.image_id.as_ref());
    let refused = place.quarantines.iter();
    let refused = refused
        .filter(|q| q.configuration == configuration.digest() && Some(&q.image_id) != good)
        .map(|q| q.image_id.clone())
        .collect();
    let image = graph.build(source, &place.settings.build, refused);
    graph.bring_up(place, &configuration, &image, extras);
    let pins = Pins {
        live: live(place.ledger).and_then(Release::pin),
        ..source_pins(source, &place.settings.build)
    };
    body(Action::Deploy, place, graph, pins, configuration)
}

/// `image_id` is verified in the environment that goes before this one.
pub fn promote(
    place: PlaceFacts<'_>,
    image_id: &Digest,
    commit: &str,
    configuration: ConfigurationSnapshot,
    extras: &Extras,
) -> PlanBody {
    bring_up_image(
        Action::Promote,
        place,
        image_id,
        commit,
        configuration,
        extras,
    )
}

/// A deploy or a promotion of an image that is there; nothing is built.
pub fn bring_up_image(
    action: Action,
    place: PlaceFacts<'_>,
    image_id: &Digest,
    commit: &str,
    configuration: ConfigurationSnapshot,
    extras: &Extras,
) -> PlanBody {
    let mut graph = Graph::default();
    let image = graph.require_image(image_id);
    graph.bring_up(place, &configuration, &image, extras);
    let pins = Pins {
        commit: Some(commit.to_owned()),
        image_id: Some(image_id.clone()),
        live: live(place.ledger).and_then(Release::pin),
        ..Pins::default()
    };
    body(action, place, graph, pins, configuration)
}

/// The image tests of an image that is there; nothing is built.
pub fn test_image(
    service: &ServiceName,
    settings: &Settings,
    image_id: &Digest,
    commit: &str,
    tests: &[TestName],
) -> PlanBody {
    let mut graph = Graph::default();
    let image = graph.require_image(image_id);
    graph.image_tests(settings, tests, &image);
    let (steps, edges) = graph.sorted();
    PlanBody {
        action: Action::Test,
        service: service.clone(),
        environment: None,
        steps,
        edges,
        pins: Pins {
            commit: Some(commit.to_owned()),
            image_id: Some(image_id.clone()),
            ..Pins::default()
        },
        configuration: None,
        rollback_target: None,
        on_degraded: OnDegraded::NotWatched,
    }
}

/// Back to `target`: its image and **its** configuration, not today's. `None` when the target was
/// never built.
pub fn rollback(place: PlaceFacts<'_>, target: &Release) -> Option<PlanBody> {
    let pin = target.pin()?;
    let configuration = target.configuration.clone();
    let mut graph = Graph::default();
    let image = graph.require_image(&pin.image_id);
    graph.add(
        "create",
        CREATE_TIMEOUT,
        StepAction::CreateContainer {
            image: image.clone(),
        },
    );
    graph.switch(place, &configuration, &image);
    graph.gate(place, &configuration);
    graph.add("verify", LOOK_TIMEOUT, StepAction::VerifyRunning { image });
    let pins = Pins {
        commit: Some(target.commit.clone()),
        image_id: Some(pin.image_id.clone()),
        live: live(place.ledger).and_then(Release::pin),
        ..Pins::default()
    };
    Some(PlanBody {
        rollback_target: Some(pin),
        // Never a rollback of a rollback.
        on_degraded: OnDegraded::CallPerson,
        ..body(Action::Rollback, place, graph, pins, configuration)
    })
}

/// `None` when nothing is live there.
pub fn restart(place: PlaceFacts<'_>) -> Option<PlanBody> {
    let release = live(place.ledger)?;
    let pin = release.pin()?;
    let configuration = release.configuration.clone();
    let mut graph = Graph::default();
    let timeout = configuration.drain_seconds + SWITCH_MARGIN;
    graph.add(
        "restart",
        timeout,
        StepAction::RestartContainer {
            release: pin.clone(),
        },
    );
    graph.gate(place, &configuration);
    let image = ImageSource::Pinned {
        image_id: pin.image_id.clone(),
    };
    graph.add("verify", LOOK_TIMEOUT, StepAction::VerifyRunning { image });
    let pins = Pins {
        commit: Some(release.commit.clone()),
        image_id: Some(pin.image_id.clone()),
        live: Some(pin),
        ..Pins::default()
    };
    Some(PlanBody {
        rollback_target: None,
        on_degraded: OnDegraded::NotWatched,
        ..body(Action::Restart, place, graph, pins, configuration)
    })
}

/// Build, and with `tests` also test; no environment, no release.
pub fn build(
    action: Action,
    service: &ServiceName,
    settings: &Settings,
    source: &Source,
    tests: &[TestName],
) -> PlanBody {
    let mut graph = Graph::default();
    let image = graph.build(source, &settings.build, Vec::new());
    graph.image_tests(settings, tests, &image);
    let (steps, edges) = graph.sorted();
    PlanBody {
        action,
        service: service.clone(),
        environment: None,
        steps,
        edges,
        pins: source_pins(source, &settings.build),
        configuration: None,
        rollback_target: None,
        on_degraded: OnDegraded::NotWatched,
    }
}

fn source_pins(source: &Source, build: &BuildSettings) -> Pins {
    Pins {
        reference: Some(source.reference.clone()),
        reference_kind: Some(source.reference_kind),
        commit: Some(source.commit.clone()),
        tree: Some(source.tree.clone()),
        dockerfile: Some(source.dockerfile_blob.clone()),
        build_args: build.build_args.clone(),
        image_id: None,
        live: None,
    }
}

/// The parts that all plans of a place share; the rollback target is the last known good.
fn body(
    action: Action,
    place: PlaceFacts<'_>,
    graph: Graph,
    pins: Pins,
    configuration: ConfigurationSnapshot,
) -> PlanBody {
    let target = last_known_good(place.ledger, Purpose::Deploy).and_then(Release::pin);
    let on_degraded = match &target {
        Some(to) if !place.frozen => OnDegraded::RollBack { to: to.clone() },
        _ => OnDegraded::CallPerson,
    };
    let (steps, edges) = graph.sorted();
    PlanBody {
        action,
        service: place.service.clone(),
        environment: Some(place.environment.clone()),
        steps,
        edges,
        pins,
        configuration: Some(configuration),
        rollback_target: target,
        on_degraded,
    }
}

/// A graph that grows at its end; what is added waits for all that `tips` names.
#[derive(Default)]
struct Graph {
    steps: Vec<Step>,
    edges: Vec<(StepId, StepId)>,
    tips: Vec<StepId>,
    /// What must hold for the steps that are added.
    only_if: Option<Condition>,
}

impl Graph {
    fn add(&mut self, id: &str, timeout_seconds: u32, action: StepAction) -> StepId {
        let id = self.branch(id, timeout_seconds, action);
        self.tips = vec![id.clone()];
        id
    }

    /// Adds a step after the tips without becoming one.
    fn branch(&mut self, id: &str, timeout_seconds: u32, action: StepAction) -> StepId {
        let id = StepId::from(id);
        let edges = self.tips.iter().map(|tip| (tip.clone(), id.clone()));
        self.edges.extend(edges);
        self.steps.push(Step {
            retry: retry_of(&action),
            when: self.only_if.clone(),
            id: id.clone(),
            action,
            timeout_seconds,
        });
        id
    }

    /// Adds steps side by side; what comes next waits for all of them.
    fn fan_out(&mut self, steps: Vec<(String, u32, StepAction)>) {
        if steps.is_empty() {
            return;
        }
        self.tips = steps
            .into_iter()
            .map(|(id, timeout, action)| self.branch(&id, timeout, action))
            .collect();
    }

    fn build(
        &mut self,
        source: &Source,
        build: &BuildSettings,
        refused_images: Vec<Digest>,
    ) -> ImageSource {
        self.add(
            "fetch",
            FETCH_TIMEOUT,
            StepAction::FetchSource {
                repository: source.repository.clone(),
                commit: source.commit.clone(),
                tree: source.tree.clone(),
            },
        );
        let step = self.add(
            "build",
            BUILD_TIMEOUT,
            StepAction::BuildImage(BuildInstructions {
                commit: source.commit.clone(),
                context: build.context.clone(),
                dockerfile: build.dockerfile.clone(),
                build_args: build.build_args.clone(),
                refused_images,
            }),
        );
        ImageSource::Built { step }
    }

    fn require_image(&mut self, image_id: &Digest) -> ImageSource {
        let image_id = image_id.clone();
        let action = StepAction::RequireImage {
            image_id: image_id.clone(),
        };
        self.add("require-image", LOOK_TIMEOUT, action);
        ImageSource::Pinned { image_id }
    }

    fn image_tests(&mut self, settings: &Settings, tests: &[TestName], image: &ImageSource) {
        let wanted = settings
            .tests
            .iter()
            .filter(|(name, test)| test.when == TestStage::Image && tests.contains(name));
        let steps = wanted.map(|(name, test)| {
            let action = StepAction::RunTest {
                test: name.clone(),
                argv: test.argv.clone(),
                image: image.clone(),
            };
            (format!("test-{name}"), test.timeout_seconds, action)
        });
        self.fan_out(steps.collect());
    }

    /// From an image to a release that is ready to go live.
    fn bring_up(
        &mut self,
        place: PlaceFacts<'_>,
        configuration: &ConfigurationSnapshot,
        image: &ImageSource,
        extras: &Extras,
    ) {
        self.image_tests(place.settings, &extras.tests, image);
        self.confirm(place);
        self.add(
            "create",
            CREATE_TIMEOUT,
            StepAction::CreateContainer {
                image: image.clone(),
            },
        );
        self.switch(place, configuration, image);
        self.only_if = None;
        self.gate(place, configuration);
        self.smoke_tests(&place.settings.tests, image);
        for script in &extras.scripts {
            let action = StepAction::RunScript {
                script: script.script.clone(),
                sha256: script.sha256.clone(),
                arguments: script.arguments.clone(),
            };
            self.add(
                &format!("script-{}", script.script),
                script.timeout_seconds,
                action,
            );
        }
        self.add(
            "verify",
            LOOK_TIMEOUT,
            StepAction::VerifyRunning {
                image: image.clone(),
            },
        );
    }

    /// Asks before anything of the release is on the host, where the environment wants it: what
    /// comes next names the answer that it needs.
    fn confirm(&mut self, place: PlaceFacts<'_>) {
        let wanted = &place.settings.confirmation;
        if !wanted.before_switch {
            return;
        }
        // Whoever answers must not take for tested what was not: a promotion runs no tests, and a
        // deploy only those that were asked for.
        let is_test = |step: &Step| matches!(step.action, StepAction::RunTest { .. });
        let ready = match self.steps.iter().any(is_test) {
            true => "The image is ready and its tests passed.",
            false => "The image is ready; this plan has run no tests of it.",
        };
        let question = format!(
            "{ready} Let {} go live in {}?",
            place.service, place.environment
        );
        let step = self.add(
            "confirm",
            wanted.within_seconds,
            StepAction::Confirm {
                question,
                choices: vec![YES.to_owned(), NO.to_owned()],
                answerers: wanted.by.iter().cloned().collect(),
            },
        );
        self.only_if = Some(Condition::Answered {
            step,
            choice: YES.to_owned(),
        });
    }

    fn switch(
        &mut self,
        place: PlaceFacts<'_>,
        configuration: &ConfigurationSnapshot,
        image: &ImageSource,
    ) {
        let from: Option<ReleasePin> = live(place.ledger).and_then(Release::pin);
        let timeout = configuration.drain_seconds + SWITCH_MARGIN;
        self.add(
            "switch",
            timeout,
            StepAction::Switch {
                from,
                to: image.clone(),
            },
        );
    }

    fn gate(&mut self, place: PlaceFacts<'_>, configuration: &ConfigurationSnapshot) {
        let check = match &configuration.health_path {
            Some(path) => HealthCheck::Http { path: path.clone() },
            None => HealthCheck::Container,
        };
        let timing = place.settings.health;
        let gate = HealthGate {
            check,
            interval_milliseconds: timing.interval_milliseconds,
            timeout_milliseconds: timing.timeout_milliseconds,
            consecutive: timing.consecutive,
            deadline_seconds: timing.deadline_seconds,
        };
        self.add(
            "health",
            timing.deadline_seconds + GATE_MARGIN,
            StepAction::HealthGate { gate },
        );
    }

    /// Live tests are part of every go-live, side by side.
    fn smoke_tests(&mut self, tests: &BTreeMap<TestName, Test>, image: &ImageSource) {
        let live = tests
            .iter()
            .filter(|(_, test)| test.when == TestStage::Live);
        let steps = live.map(|(name, test)| {
            let action = StepAction::SmokeTest {
                test: name.clone(),
                argv: test.argv.clone(),
                image: image.clone(),
            };
            (format!("smoke-{name}"), test.timeout_seconds, action)
        });
        self.fan_out(steps.collect());
    }

    fn sorted(mut self) -> (Vec<Step>, Vec<(StepId, StepId)>) {
        self.steps.sort_by(|a, b| a.id.cmp(&b.id));
        self.edges.sort();
        (self.steps, self.edges)
    }
}

/// What waits for a repository or for the engine may meet one that is just being restarted; a
/// build that did not begin is begun again.
fn retry_of(action: &StepAction) -> Option<RetryPolicy> {
    let patient = matches!(
        action,
        StepAction::FetchSource { .. } | StepAction::BuildImage(_)
    );
    patient.then(|| RetryPolicy {
        on: BTreeSet::from([FaultKind::Unavailable]),
        tries: 4,
        first_pause_milliseconds: 1_000,
        longest_pause_milliseconds: 30_000,
        jitter_percent: 50,
    })
}

/// The sentences that say in which pins two plans for the same wish differ; empty when they are
/// the same plan.
pub fn drift(before: &PlanBody, now: &PlanBody) -> Vec<String> {
    if before.digest() == now.digest() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut differs = |changed: bool, what: &str| {
        if changed {
            found.push(what.to_owned());
        }
    };
    differs(
        before.pins.commit != now.pins.commit,
        "the version now names another commit",
    );
    differs(
        before.pins.live != now.pins.live,
        "another release is live now",
    );
    differs(
        before.rollback_target != now.rollback_target,
        "the rollback target is another one now",
    );
    differs(
        before.on_degraded != now.on_degraded,
        "what happens when it turns out bad has changed",
    );
    differs(
        before.configuration != now.configuration,
        "the configuration has changed",
    );
    differs(
        before.pins.image_id != now.pins.image_id,
        "the image is another one now",
    );
    if found.is_empty() && before.pins.reference != now.pins.reference {
        found.push("the tag that the plan names now names another commit, or is gone".to_owned());
    }
    if found.is_empty() {
        found.push("the steps have changed".to_owned());
    }
    found
}

/// Why a plan that waits is out of date, as far as the ledger alone can tell.
pub fn outdated(body: &PlanBody, ledger: &[Release]) -> Option<&'static str> {
    body.environment.as_ref()?;
    if body.pins.live != live(ledger).and_then(Release::pin) {
        return Some("another release is live now");
    }
    let goes_forward = matches!(body.action, Action::Deploy | Action::Promote);
    let target = last_known_good(ledger, Purpose::Deploy).and_then(Release::pin);
    (goes_forward && body.rollback_target != target)
        .then_some("the rollback target is another one now")
}
