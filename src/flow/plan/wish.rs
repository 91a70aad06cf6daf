//! What is wanted for one place, before it is looked up: the words of an intent as names of the
//! catalogue and of the ledger.

use std::collections::BTreeMap;

use super::super::Flow;
use super::super::error::{Code, FlowError};
use crate::domain::catalogue::TestStage;
use crate::domain::digest::Digest;
use crate::domain::id::ReleaseId;
use crate::domain::intent::{Action, Intent, PostStep, VersionWish};
use crate::domain::lock::Place;
use crate::domain::name::{EnvironmentName, ScriptName, ServiceName, TestName};
use crate::domain::plan::{Plan, PlanBody};
use crate::domain::planner::{Extras, ScriptStep};
use crate::domain::release::{self, Release};
use crate::domain::revision::RefKind;
use crate::domain::snapshot::ConfigurationSnapshot;
use crate::domain::step::StepAction;

/// What is wanted for one place, before it is looked up.
#[derive(Debug, Clone)]
pub(in crate::flow) struct Wish {
    pub action: Action,
    pub service: ServiceName,
    pub environment: Option<EnvironmentName>,
    /// The tag, branch or commit.
    pub reference: Option<String>,
    pub tests: Vec<TestName>,
    /// Scripts of the manifest, by name.
    pub scripts: Vec<String>,
    /// The release to go back to.
    pub target: Option<ReleaseId>,
    /// The image of an earlier execution, where nothing is built and nothing is promoted.
    pub image: Option<ImageOfThen>,
}

/// An image that was built, or brought up, by an execution that has ended.
#[derive(Debug, Clone)]
pub(in crate::flow) struct ImageOfThen {
    pub image_id: Digest,
    pub commit: String,
    pub tree: Option<String>,
    pub reference_kind: Option<RefKind>,
    /// Where the service listened then; today's configuration comes first.
    pub port: Option<u16>,
}

impl ImageOfThen {
    /// What the plan of then says about it.
    pub fn of(body: &PlanBody, image_id: &Digest) -> Self {
        Self {
            image_id: image_id.clone(),
            commit: body.pins.commit.clone().unwrap_or_default(),
            tree: body.pins.tree.clone(),
            reference_kind: body.pins.reference_kind,
            port: body.configuration.as_ref().map(|c| c.port),
        }
    }
}

impl Flow {
    pub(super) fn wishes(&self, intent: &Intent) -> Result<Vec<Wish>, FlowError> {
        let service = intent
            .service
            .as_ref()
            .map(|slot| slot.value.clone())
            .ok_or_else(|| FlowError::new(Code::InvalidInput, "no service was named"))?;
        let action = intent.action.value;
        let reference = match intent.version.as_ref().map(|slot| &slot.value) {
            Some(VersionWish::Reference(name)) => Some(name.clone()),
            Some(VersionWish::RunningIn(environment)) => {
                Some(self.running_in(&service, environment)?.commit)
            }
            Some(VersionWish::Previous) | None => None,
            Some(VersionWish::Unclear(text)) => {
                return Err(FlowError::new(
                    Code::InvalidInput,
                    format!("\"{text}\" is no version: name a tag, a branch or a commit"),
                ));
            }
        };
        let base = Wish {
            action,
            tests: self.tests(&service, intent)?,
            scripts: self.wanted_scripts(&service, intent)?,
            service,
            environment: None,
            reference,
            target: None,
            image: None,
        };
        if !action.needs_environment() {
            return Ok(vec![base]);
        }
        if intent.environments.is_empty() {
            return Err(FlowError::new(
                Code::InvalidInput,
                "no environment was named",
            ));
        }
        let places = intent.environments.iter();
        places
            .map(|slot| {
                let environment = Some(slot.value.clone());
                let target = self.wished_target(&base, slot.value.clone())?;
                Ok(Wish {
                    environment,
                    target,
                    ..base.clone()
                })
            })
            .collect()
    }

    /// "roll back to v1.1.0": the newest kept release of that version.
    fn wished_target(
        &self,
        wish: &Wish,
        environment: EnvironmentName,
    ) -> Result<Option<ReleaseId>, FlowError> {
        let (Action::Rollback, Some(version)) = (wish.action, &wish.reference) else {
            return Ok(None);
        };
        let place = Place {
            service: wish.service.clone(),
            environment: Some(environment),
        };
        let ledger = self.store.ledger(&place)?;
        let found = ledger.iter().rev().find(|r| {
            r.first_live_at.is_some()
                && (&r.version == version || r.commit.starts_with(version.as_str()))
        });
        match found {
            Some(release) => Ok(Some(release.id.clone())),
            None => Err(FlowError::new(
                Code::NotFound,
                format!(
                    "{version} never ran for {place}, so that one cannot go back to it; deploy it instead"
                ),
            )),
        }
    }

    pub(super) fn running_in(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Result<Release, FlowError> {
        let place = Place {
            service: service.clone(),
            environment: Some(environment.clone()),
        };
        let ledger = self.store.ledger(&place)?;
        release::live(&ledger).cloned().ok_or_else(|| {
            FlowError::new(Code::NothingLive, format!("nothing is live for {place}"))
        })
    }

    /// The image tests that the words ask for.
    fn tests(&self, service: &ServiceName, intent: &Intent) -> Result<Vec<TestName>, FlowError> {
        let settings = &self.service(service)?.settings;
        let all = |stage: TestStage| {
            let tests = settings.tests.iter();
            tests
                .filter(move |(_, test)| test.when == stage)
                .map(|(name, _)| name.clone())
        };
        let mut wanted: Vec<TestName> = Vec::new();
        if intent.action.value == Action::Test {
            wanted.extend(all(TestStage::Image));
        }
        for slot in &intent.post_steps {
            match &slot.value {
                PostStep::RunTests => wanted.extend(all(TestStage::Image)),
                // Live tests and the health gate are part of every go-live.
                PostStep::SmokeTests | PostStep::HealthCheck => {}
                PostStep::Named(name) => {
                    wanted.extend(
                        settings
                            .tests
                            .keys()
                            .filter(|t| t.as_str() == name)
                            .cloned(),
                    );
                }
            }
        }
        wanted.sort();
        wanted.dedup();
        if wanted.is_empty() && asks_for_tests(intent) {
            return Err(FlowError::new(
                Code::InvalidInput,
                format!(
                    "{service} has no tests: add [services.{service}.tests.NAME] to the configuration, or leave them out"
                ),
            ));
        }
        Ok(wanted)
    }

    /// Names among the wished steps that are no tests: scripts of the manifest.
    fn wanted_scripts(
        &self,
        service: &ServiceName,
        intent: &Intent,
    ) -> Result<Vec<String>, FlowError> {
        let tests = &self.service(service)?.settings.tests;
        let named = intent
            .post_steps
            .iter()
            .filter_map(|slot| match &slot.value {
                PostStep::Named(name) if !tests.keys().any(|t| t.as_str() == name) => {
                    Some(name.clone())
                }
                _ => None,
            });
        Ok(named.collect())
    }

    /// The scripts as steps. Their arguments are what the plan knows by the same name; a script
    /// that needs others cannot be part of a plan.
    pub(super) fn extras(
        &self,
        wish: &Wish,
        configuration: &ConfigurationSnapshot,
    ) -> Result<Extras, FlowError> {
        let known = BTreeMap::from([
            ("service", wish.service.to_string()),
            (
                "environment",
                wish.environment
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            ),
            ("host", configuration.publish.address.to_string()),
            ("address", configuration.publish.address.to_string()),
            ("port", configuration.publish.port.to_string()),
        ]);
        let refused = |error: String| FlowError::new(Code::InvalidInput, error);
        let steps = wish.scripts.iter().map(|text| {
            let name = ScriptName::parse(text).map_err(|e| refused(e.to_string()))?;
            let script = self
                .scripts
                .get(&name)
                .map_err(|e| refused(e.to_string()))?;
            let arguments: BTreeMap<String, String> = script
                .arguments
                .iter()
                .filter_map(|a| Some((a.name.clone(), known.get(a.name.as_str())?.clone())))
                .collect();
            self.scripts
                .command(&name, &arguments)
                .map_err(|error| refused(error.to_string()))?;
            Ok(ScriptStep {
                script: text.clone(),
                sha256: script.digest.to_string(),
                arguments,
                timeout_seconds: u32::try_from(script.time_limit.as_secs())
                    .unwrap_or(u32::MAX)
                    .max(1),
            })
        });
        Ok(Extras {
            tests: wish.tests.clone(),
            scripts: steps.collect::<Result<_, FlowError>>()?,
        })
    }
}

/// What a plan was made from.
pub(super) fn wish_of(plan: &Plan) -> Wish {
    let mut wish = Wish {
        action: plan.body.action,
        service: plan.body.service.clone(),
        environment: plan.body.environment.clone(),
        reference: plan.body.pins.reference.clone(),
        tests: Vec::new(),
        scripts: Vec::new(),
        target: plan.target_release.clone(),
        image: image_of_then(plan),
    };
    for step in &plan.body.steps {
        match &step.action {
            StepAction::RunTest { test, .. } => wish.tests.push(test.clone()),
            StepAction::RunScript { script, .. } => wish.scripts.push(script.clone()),
            _ => {}
        }
    }
    wish
}

/// The image that a re-run pins; that of a promotion or a rollback is looked up anew each time.
fn image_of_then(plan: &Plan) -> Option<ImageOfThen> {
    plan.origin.rerun_of.as_ref()?;
    let image_id = plan.body.pins.image_id.as_ref()?;
    let brings_up = matches!(
        plan.body.action,
        Action::Deploy | Action::Promote | Action::Test
    );
    brings_up.then(|| ImageOfThen::of(&plan.body, image_id))
}

fn asks_for_tests(intent: &Intent) -> bool {
    intent.action.value == Action::Test
        || intent
            .post_steps
            .iter()
            .any(|slot| slot.value == PostStep::RunTests)
}
