//! Stops what is live and keeps it, then starts the release's container on the public port.
//! Undone by stopping the release and starting the kept one again, exactly as it was.

use super::Scene;
use crate::domain::execution::{Fault, StepOutput};

pub async fn apply(scene: &Scene<'_>) -> Result<StepOutput, Fault> {
    let to = scene.own_container()?;
    let drain = scene.drain()?;
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
    let drain = scene.drain()?;
    scene.world.stop_container(&to, drain, scene.call).await?;
    let Some(from) = scene.replaced_container()? else {
        return Ok(());
    };
    if !scene.has_ended() {
        scene.wait_out_a_stop(&from, drain).await?;
    }
    scene.start_as_it_was(&from).await
}
