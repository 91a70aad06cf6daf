//! Restarts the container of the live release. One that was broken off between its stop and its
//! start is undone by the start; after its end there is nothing to undo: it runs or does not.

use super::Scene;
use crate::domain::execution::{Fault, StepOutput};

pub async fn apply(scene: &Scene<'_>) -> Result<StepOutput, Fault> {
    let name = scene.own_container()?;
    let drain = scene.drain()?;
    let stopped_at = scene.began_at();
    scene
        .world
        .restart_container(&name, drain, scene.call)
        .await?;
    Ok(StepOutput {
        stopped_at: Some(stopped_at),
        summary: format!("{name} is restarted"),
        ..StepOutput::default()
    })
}

/// An engine that was asked to restart may have heard only of the stop: what serves must not stay
/// down because nobody waited for the start.
pub async fn undo(scene: &Scene<'_>) -> Result<(), Fault> {
    if scene.has_ended() {
        return Ok(());
    }
    let name = scene.own_container()?;
    scene.wait_out_a_stop(&name, scene.drain()?).await?;
    match scene.world.inspect_container(&name, scene.call).await? {
        Some(facts) if facts.running => Ok(()),
        Some(_) => scene.start_as_it_was(&name).await,
        // Somebody has removed it: nothing of this restart is left.
        None => Ok(()),
    }
}
