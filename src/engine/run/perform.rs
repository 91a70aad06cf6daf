//! Performing one act: a step, or its undo, within its time, with each way it may break off as a fault.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::Run;
use crate::domain::execution::{Act, Fault, FaultKind, StepOutput};
use crate::domain::plan::Plan;
use crate::domain::step::{Step, StepId};
use crate::domain::text::last_words;
use crate::engine::actions::{self, Scene};
use crate::engine::timer::Timer;
use crate::engine::world::Call;

/// How long an undo may take besides the drain times of the two containers that it may wait for.
const UNDO_TIMEOUT: Duration = Duration::from_secs(180);

/// How long an undo waits before it asks again an engine that did not answer.
const UNDO_PAUSE: Duration = Duration::from_secs(2);

/// What came back from a step.
pub(super) enum Outcome {
    Applied(StepId, Result<StepOutput, Fault>),
    Undone(StepId, Result<(), Fault>),
}

impl<'a> Run<'a> {
    /// Performs one act; its future holds nothing of the run that changes, so that acts run side by
    /// side.
    pub(super) fn launch(&self, act: Act) -> impl Future<Output = Outcome> + Send + use<'a> {
        let (engine, plan, execution) = (self.engine, self.plan, self.execution);
        let fence = self.fence.clone();
        let state = self.state.clone();
        let (id, forward) = match act {
            Act::Start(id) => (id, true),
            Act::Undo(id) => (id, false),
            Act::Ask(_)
            | Act::Skip { .. }
            | Act::Expire { .. }
            | Act::Unwind { .. }
            | Act::End(_) => unreachable!("only steps are launched"),
        };
        let step = self.steps[&id];
        let cancel = if forward {
            self.cancel_steps.child_token()
        } else {
            CancellationToken::new()
        };
        async move {
            let call = Call {
                execution: execution.id.clone(),
                step: id.clone(),
                // What is launched was announced by an event, and the first one took the place.
                fence: fence.expect("a step runs under the run's right"),
                cancel: cancel.clone(),
                log: engine.log.clone(),
            };
            let timeout = if forward {
                Duration::from_secs(u64::from(step.timeout_seconds))
            } else {
                undo_timeout(plan)
            };
            let scene = Scene {
                world: &*engine.world,
                timer: &*engine.timer,
                instance: &engine.instance,
                plan,
                execution,
                state: &state,
                call: &call,
                timeout,
            };
            if forward {
                let work = unbroken(actions::apply(step, &scene));
                Outcome::Applied(id, limited(&*engine.timer, timeout, &cancel, work).await)
            } else {
                let work = unbroken(undo_patiently(step, &scene));
                Outcome::Undone(id, limited(&*engine.timer, timeout, &cancel, work).await)
            }
        }
    }
}

fn undo_timeout(plan: &Plan) -> Duration {
    let configuration = plan.body.configuration.as_ref();
    let drain = configuration.map_or(0, |configuration| configuration.drain_seconds);
    UNDO_TIMEOUT + 2 * Duration::from_secs(drain.into())
}

/// An undo that meets an engine that is away is tried again for as long as it may take: giving up
/// would leave the predecessor stopped because Docker was restarted at the wrong moment. Each undo
/// is harmless when repeated.
async fn undo_patiently(step: &Step, scene: &Scene<'_>) -> Result<(), Fault> {
    let give_up = scene.timer.elapsed() + scene.timeout - UNDO_PAUSE;
    loop {
        let fault = match actions::undo(step, scene).await {
            Err(fault) if fault.kind == FaultKind::Unavailable => fault,
            result => return result,
        };
        if scene.timer.elapsed() >= give_up {
            return Err(fault);
        }
        scene
            .call
            .say(format!("{}; undoing it is tried again", fault.message));
        scene.timer.sleep(UNDO_PAUSE).await;
    }
}

/// A panic of a step is a fault of that step: what was done is undone as after any other, and the
/// execution comes to an end.
async fn unbroken<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    // What the step worked with is dropped with it; what it shares has locks that outlive a panic.
    let worked = AssertUnwindSafe(work).catch_unwind().await;
    worked.unwrap_or_else(|panic| {
        let said = last_words(&*panic);
        Err(actions::broken(&format!("the step broke off ({said})")))
    })
}

/// Ends the work at its time limit, or a little after its cancellation if it does not end itself.
async fn limited<T>(
    timer: &dyn Timer,
    timeout: Duration,
    cancel: &CancellationToken,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let late = async {
        timer.sleep(timeout).await;
        Fault::new(
            FaultKind::TimedOut,
            format!("not done within {} s", timeout.as_secs()),
        )
    };
    let left = async {
        cancel.cancelled().await;
        // The work sees the same token and cleans up after itself; this bounds how long it may.
        timer.sleep(Duration::from_secs(15)).await;
        Fault::new(FaultKind::Cancelled, "cancelled")
    };
    tokio::select! {
        biased;
        result = work => result,
        fault = late => Err(fault),
        fault = left => Err(fault),
    }
}
