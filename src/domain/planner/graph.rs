//! The graph of a plan while it grows, step by step.

use std::collections::{BTreeMap, BTreeSet};

use super::{CREATE_TIMEOUT, Extras, LOOK_TIMEOUT, PlaceFacts, SWITCH_MARGIN, Source};
use crate::domain::catalogue::{BuildSettings, Settings, Test, TestStage};
use crate::domain::digest::Digest;
use crate::domain::execution::FaultKind;
use crate::domain::name::TestName;
use crate::domain::release::{Release, live};
use crate::domain::snapshot::ConfigurationSnapshot;
use crate::domain::step::{
    BuildInstructions, Condition, HealthCheck, HealthGate, ImageSource, NO, ReleasePin,
    RetryPolicy, Step, StepAction, StepId, YES,
};

const FETCH_TIMEOUT: u32 = 300;
const BUILD_TIMEOUT: u32 = 1800;
/// What the step gets beyond the health gate's own deadline.
const GATE_MARGIN: u32 = 15;

/// A graph that grows at its end; what is added waits for all that `tips` names.
#[derive(Default)]
pub(super) struct Graph {
    steps: Vec<Step>,
    edges: Vec<(StepId, StepId)>,
    tips: Vec<StepId>,
    /// What must hold for the steps that are added.
    only_if: Option<Condition>,
}

impl Graph {
    pub(super) fn add(&mut self, id: &str, timeout_seconds: u32, action: StepAction) -> StepId {
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

    pub(super) fn build(
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

    pub(super) fn require_image(&mut self, image_id: &Digest) -> ImageSource {
        let image_id = image_id.clone();
        let action = StepAction::RequireImage {
            image_id: image_id.clone(),
        };
        self.add("require-image", LOOK_TIMEOUT, action);
        ImageSource::Pinned { image_id }
    }

    pub(super) fn image_tests(
        &mut self,
        settings: &Settings,
        tests: &[TestName],
        image: &ImageSource,
    ) {
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
    pub(super) fn bring_up(
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

    pub(super) fn switch(
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

    pub(super) fn gate(&mut self, place: PlaceFacts<'_>, configuration: &ConfigurationSnapshot) {
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

    pub(super) fn sorted(mut self) -> (Vec<Step>, Vec<(StepId, StepId)>) {
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
