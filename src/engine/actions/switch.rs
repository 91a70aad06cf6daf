//! Stops what is live and keeps it, then starts the release's container on the public port.
//! Undone by stopping the release and starting the kept one again, exactly as it was.

use std::time::Duration;

use super::Scene;
use crate::domain::execution::{Fault, FaultKind, StepOutput};

/// How long the engine may need to kill what has not ended within its drain time.
const KILL: Duration = Duration::from_secs(5);

/// How often it is looked whether a stop has come to its end.
const LOOK: Duration = Duration::from_millis(500);

pub async fn apply(scene: &Scene<'_>) -> Result<StepOutput, Fault> {
    let to = scene.own_container()?;
    let drain = drain(scene)?;
    let mut stopped_at = None;
    if let Some(from) = scene.replaced_container()? {
        stopped_at = Some(scene.began_at());
        scene.world.stop_container(&from, drain, scene.call).await?;
    }
    scene.world.start_container(&to, scene.call).await?;
    Ok(StepOutput {
        stopped_at,
        summary: format!("{to} is started"),
        ..StepOutput::default()
    })
}

pub async fn undo(scene: &Scene<'_>) -> Result<(), Fault> {
    let to = scene.own_container()?;
    let drain = drain(scene)?;
    scene.world.stop_container(&to, drain, scene.call).await?;
    let Some(from) = scene.replaced_container()? else {
        return Ok(());
    };
    if !has_ended(scene) {
        wait_out_a_stop(scene, &from, drain).await?;
    }
    scene.world.start_container(&from, scene.call).await?;
    match scene.world.inspect_container(&from, scene.call).await? {
        Some(facts) if facts.running => Ok(()),
        _ => Err(Fault::new(
            FaultKind::Rejected,
            format!("{from} was started again and does not run"),
        )),
    }
}

/// A stop that nobody waits for any more is carried out all the same, and a start that comes before
/// its end is a success that does not last. Whether one is under way cannot be asked, and it may
/// not have been sent at all: then what runs is the service, and is left alone. So it is looked at
/// until it has ended, or until every stop would have.
async fn wait_out_a_stop(scene: &Scene<'_>, from: &str, drain: Duration) -> Result<(), Fault> {
    let every_stop_is_over = scene.timer.elapsed() + drain + KILL;
    loop {
        match scene.world.inspect_container(from, scene.call).await? {
            Some(facts) if facts.running => {}
            _ => return Ok(()),
        }
        if scene.timer.elapsed() >= every_stop_is_over {
            return Ok(());
        }
        scene.timer.sleep(LOOK).await;
    }
}

/// Whether the switch came to its end; otherwise the stop of what it replaces may be under way.
fn has_ended(scene: &Scene<'_>) -> bool {
    let step = scene.state.steps.get(&scene.call.step);
    step.is_some_and(|step| step.output.is_some())
}

fn drain(scene: &Scene<'_>) -> Result<Duration, Fault> {
    Ok(Duration::from_secs(u64::from(
        scene.configuration()?.drain_seconds,
    )))
}
