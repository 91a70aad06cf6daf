//! What each step does and how it is undone: one file per action, with `apply` and `undo` (or
//! the sentence why there is none) in each. The enum only routes.
//!
//! Three laws hold for each of them: twice is harmless, failing at any point can be undone, and
//! undoing twice is harmless.

mod build_image;
mod create_container;
mod fetch_source;
mod health_gate;
mod require_image;
mod restart_container;
mod run_script;
mod run_test;
mod smoke_test;
mod switch;
mod verify_running;

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::digest::Digest;
use crate::domain::execution::{Execution, ExecutionState, Fault, FaultKind, StepOutput};
use crate::domain::id::ReleaseId;
use crate::domain::naming;
use crate::domain::plan::Plan;
use crate::domain::snapshot::ConfigurationSnapshot;
use crate::domain::step::{ImageSource, Step, StepAction};

use super::timer::Timer;
use super::world::{Call, World};

/// How long the engine may need to kill what has not ended within its drain time.
const KILL: Duration = Duration::from_secs(5);

/// How often it is looked whether a stop has come to its end.
const LOOK: Duration = Duration::from_millis(500);

/// What an action works with besides its parameters.
pub struct Scene<'a> {
    pub world: &'a dyn World,
    pub timer: &'a dyn Timer,
    /// The data directory's random id.
    pub instance: &'a str,
    pub plan: &'a Plan,
    pub execution: &'a Execution,
    /// As it was when the step began: the outputs of the steps before it are in it.
    pub state: &'a ExecutionState,
    pub call: &'a Call,
    pub timeout: Duration,
}

pub async fn apply(step: &Step, scene: &Scene<'_>) -> Result<StepOutput, Fault> {
    match &step.action {
        StepAction::FetchSource {
            repository,
            commit,
            tree,
        } => fetch_source::apply(scene, repository, commit, tree).await,
        StepAction::BuildImage(build) => build_image::apply(scene, build).await,
        StepAction::RequireImage { image_id } => require_image::apply(scene, image_id).await,
        StepAction::RunTest { test, argv, image } => {
            run_test::apply(scene, test, argv, image).await
        }
        // Asked by the engine itself and answered by a person; the journal never starts it.
        StepAction::Confirm { .. } => Err(broken("a question was run like a step")),
        StepAction::CreateContainer { image } => create_container::apply(scene, image).await,
        StepAction::Switch { .. } => switch::apply(scene).await,
        StepAction::HealthGate { gate } => health_gate::apply(scene, gate).await,
        StepAction::SmokeTest { test, argv, image } => {
            smoke_test::apply(scene, test, argv, image).await
        }
        StepAction::VerifyRunning { image } => verify_running::apply(scene, image).await,
        StepAction::RestartContainer { .. } => restart_container::apply(scene).await,
        StepAction::RunScript {
            script,
            sha256,
            arguments,
        } => run_script::apply(scene, script, sha256, arguments).await,
    }
}

pub async fn undo(step: &Step, scene: &Scene<'_>) -> Result<(), Fault> {
    match &step.action {
        StepAction::BuildImage(_) => build_image::undo(scene).await,
        StepAction::RunTest { .. } | StepAction::SmokeTest { .. } => run_test::undo(scene).await,
        StepAction::CreateContainer { .. } => create_container::undo(scene).await,
        StepAction::Switch { .. } => switch::undo(scene).await,
        StepAction::RestartContainer { .. } => restart_container::undo(scene).await,
        // No undo: what was fetched stays in the mirror and harms nobody.
        StepAction::FetchSource { .. } => Ok(()),
        // No undo: these only look, or ask.
        StepAction::Confirm { .. }
        | StepAction::RequireImage { .. }
        | StepAction::HealthGate { .. }
        | StepAction::VerifyRunning { .. } => Ok(()),
        // No undo: a script of the manifest says itself whether it has side effects.
        StepAction::RunScript { .. } => Ok(()),
    }
}

impl Scene<'_> {
    fn image(&self, source: &ImageSource) -> Result<Digest, Fault> {
        self.state
            .image(source)
            .ok_or_else(|| broken("the step's image is not known"))
    }

    /// When the step began, also where a process before this one began it.
    fn began_at(&self) -> Timestamp {
        let step = self.state.steps.get(&self.call.step);
        step.and_then(|step| step.started_at)
            .unwrap_or_else(|| self.timer.now())
    }

    fn configuration(&self) -> Result<&ConfigurationSnapshot, Fault> {
        self.plan
            .body
            .configuration
            .as_ref()
            .ok_or_else(|| broken("the plan has no configuration"))
    }

    /// The container of the release that this execution makes live.
    fn own_container(&self) -> Result<String, Fault> {
        let release = self.execution.release.as_ref();
        self.container_of(release.ok_or_else(|| broken("the execution has no release"))?)
    }

    /// The container that is live until the switch.
    fn replaced_container(&self) -> Result<Option<String>, Fault> {
        let replaced = self.execution.replaces.as_ref();
        // A restored release can be what is live already; it is never stopped for itself.
        replaced
            .filter(|id| Some(*id) != self.execution.release.as_ref())
            .map(|id| self.container_of(id))
            .transpose()
    }

    /// Whether the step came to its end; otherwise what it asked for may still be under way.
    fn has_ended(&self) -> bool {
        let step = self.state.steps.get(&self.call.step);
        step.is_some_and(|step| step.output.is_some())
    }

    fn drain(&self) -> Result<Duration, Fault> {
        let seconds = self.configuration()?.drain_seconds;
        Ok(Duration::from_secs(seconds.into()))
    }

    /// A stop that nobody waits for any more is carried out all the same, and a start that comes
    /// before its end is a success that does not last. Whether one is under way cannot be asked, and
    /// it may not have been sent at all: then what runs is the service, and is left alone. So it is
    /// looked at until it has ended, or until every stop would have.
    async fn wait_out_a_stop(&self, name: &str, drain: Duration) -> Result<(), Fault> {
        let every_stop_is_over = self.timer.elapsed() + drain + KILL;
        loop {
            match self.world.inspect_container(name, self.call).await? {
                Some(facts) if facts.running => {}
                _ => return Ok(()),
            }
            if self.timer.elapsed() >= every_stop_is_over {
                return Ok(());
            }
            self.timer.sleep(LOOK).await;
        }
    }

    /// Starts a container that served before, exactly as it is; one that runs is left alone.
    async fn start_as_it_was(&self, name: &str) -> Result<(), Fault> {
        self.world.start_container(name, self.call).await?;
        match self.world.inspect_container(name, self.call).await? {
            Some(facts) if facts.running => Ok(()),
            _ => Err(Fault::new(
                FaultKind::Rejected,
                format!("{name} was started again and does not run"),
            )),
        }
    }

    fn container_of(&self, release: &ReleaseId) -> Result<String, Fault> {
        let body = &self.plan.body;
        let environment = body.environment.as_ref();
        let environment = environment.ok_or_else(|| broken("the plan has no environment"))?;
        Ok(naming::container(
            self.instance,
            &body.service,
            environment,
            release,
        ))
    }
}

/// A plan that passed its check cannot lack what its steps need, and no step may panic.
pub(super) fn broken(what: &str) -> Fault {
    Fault::new(
        FaultKind::Internal,
        format!("{what}: this is a defect of Commander, please report it"),
    )
}
