//! Makes sure that the pinned image is on the engine. No undo: it only looks.

use super::Scene;
use crate::domain::digest::Digest;
use crate::domain::execution::{Fault, FaultKind, StepOutput};

pub async fn apply(scene: &Scene<'_>, image_id: &Digest) -> Result<StepOutput, Fault> {
    if scene.world.has_image(image_id, scene.call).await? {
        return Ok(StepOutput {
            summary: format!("image {} is here", image_id.short()),
            ..StepOutput::default()
        });
    }
    Err(Fault::new(
        FaultKind::NotFound,
        format!(
            "the image {} is no longer on the Docker engine: deploy its commit again to rebuild it",
            image_id.short()
        ),
    ))
}
