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
//!
//! How the graph of each grows is in `graph`; when a plan is not the one that would be made now is in
//! `drift`.

mod drift;
mod graph;

pub use drift::{drift, outdated};

use std::collections::BTreeMap;

use super::catalogue::{BuildSettings, RunSettings, Settings};
use super::digest::Digest;
use super::intent::Action;
use super::name::{EnvironmentName, ServiceName, TestName};
use super::plan::{OnDegraded, Pins, PlanBody};
use super::release::{Purpose, Quarantine, Release, last_known_good, live};
use super::revision::RefKind;
use super::snapshot::{ConfigurationSnapshot, Publish};
use super::step::{ImageSource, StepAction};
use graph::Graph;

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

const CREATE_TIMEOUT: u32 = 120;
const LOOK_TIMEOUT: u32 = 30;
/// What starting and stopping may take beyond the drain time.
const SWITCH_MARGIN: u32 = 60;

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
    let pins = Pins {
        commit: Some(commit.to_owned()),
        image_id: Some(image_id.clone()),
        ..Pins::default()
    };
    placeless(Action::Test, service, graph, pins)
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
    let pins = source_pins(source, &settings.build);
    placeless(action, service, graph, pins)
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

/// A plan that brings nothing to any environment.
fn placeless(action: Action, service: &ServiceName, graph: Graph, pins: Pins) -> PlanBody {
    let (steps, edges) = graph.sorted();
    PlanBody {
        action,
        service: service.clone(),
        environment: None,
        steps,
        edges,
        pins,
        configuration: None,
        rollback_target: None,
        on_degraded: OnDegraded::NotWatched,
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
