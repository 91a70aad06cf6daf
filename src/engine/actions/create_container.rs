//! Creates the release's container, not started; undone by removing it if this execution made it.

use super::Scene;
use crate::domain::execution::{Fault, StepOutput};
use crate::domain::step::ImageSource;
use crate::engine::world::ContainerSpec;

pub async fn apply(scene: &Scene<'_>, image: &ImageSource) -> Result<StepOutput, Fault> {
    let body = &scene.plan.body;
    let spec = ContainerSpec {
        name: scene.own_container()?,
        service: body.service.clone(),
        environment: body
            .environment
            .clone()
            .ok_or_else(|| super::broken("the plan has no environment"))?,
        release: scene
            .execution
            .release
            .clone()
            .ok_or_else(|| super::broken("the execution has no release"))?,
        image_id: scene.image(image)?,
        configuration: scene.configuration()?.clone(),
    };
    let created = scene.world.create_container(&spec, scene.call).await?;
    Ok(StepOutput {
        summary: created.said,
        ..StepOutput::default()
    })
}

pub async fn undo(scene: &Scene<'_>) -> Result<(), Fault> {
    let name = scene.own_container()?;
    scene.world.discard_container(&name, scene.call).await
}
