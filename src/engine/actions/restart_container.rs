//! Restarts the container of the live release. No undo.

use std::time::Duration;

use super::Scene;
use crate::domain::execution::{Fault, StepOutput};

pub async fn apply(scene: &Scene<'_>) -> Result<StepOutput, Fault> {
    let name = scene.own_container()?;
    let drain = Duration::from_secs(u64::from(scene.configuration()?.drain_seconds));
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
