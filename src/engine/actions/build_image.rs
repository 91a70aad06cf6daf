//! Builds the image from the pinned tree; undone by taking its tag away.

use super::Scene;
use crate::domain::execution::{Fault, FaultKind, StepOutput};
use crate::domain::naming;
use crate::domain::step::{BuildInstructions, StepAction};
use crate::engine::world::BuildRequest;

pub async fn apply(scene: &Scene<'_>, build: &BuildInstructions) -> Result<StepOutput, Fault> {
    let request = BuildRequest {
        service: scene.plan.body.service.clone(),
        repository: repository(scene)?,
        instructions: build.clone(),
        tag: tag(scene),
    };
    let built = scene.world.build_image(&request, scene.call).await?;
    if build.refused_images.contains(&built.image_id) {
        return Err(Fault::new(
            FaultKind::Rejected,
            format!(
                "the build gives image {}, which is under quarantine here; a named person can lift it",
                built.image_id.short()
            ),
        ));
    }
    Ok(StepOutput {
        summary: format!("image {}", built.image_id.short()),
        image_id: Some(built.image_id),
        base_images: built.base_images,
        ..StepOutput::default()
    })
}

pub async fn undo(scene: &Scene<'_>) -> Result<(), Fault> {
    scene.world.untag_image(&tag(scene), scene.call).await
}

fn tag(scene: &Scene<'_>) -> String {
    naming::image_tag(
        scene.instance,
        &scene.plan.body.service,
        &scene.execution.id,
    )
}

/// The repository that the plan fetches from: the one the digest covers, not today's file.
fn repository(scene: &Scene<'_>) -> Result<String, Fault> {
    let steps = scene.plan.body.steps.iter();
    steps
        .filter_map(|step| match &step.action {
            StepAction::FetchSource { repository, .. } => Some(repository.clone()),
            _ => None,
        })
        .next()
        .ok_or_else(|| super::broken("the plan builds without fetching"))
}
