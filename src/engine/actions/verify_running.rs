//! Inspects that what runs is the image and configuration that were approved. No undo: it only
//! looks.

use super::Scene;
use crate::domain::execution::{Fault, FaultKind, StepOutput};
use crate::domain::step::ImageSource;

pub async fn apply(scene: &Scene<'_>, image: &ImageSource) -> Result<StepOutput, Fault> {
    let name = scene.own_container()?;
    let wanted_image = scene.image(image)?;
    let wanted_configuration = scene.configuration()?.digest();
    let facts = scene.world.inspect_container(&name, scene.call).await?;
    let drift = |what: String| Err(Fault::new(FaultKind::Drift, what));
    match facts {
        None => drift(format!("the container {name} is gone")),
        Some(facts) if !facts.running => drift(format!("{name} does not run")),
        Some(facts) if facts.image_id != wanted_image => drift(format!(
            "{name} runs image {}, approved was {}",
            facts.image_id.short(),
            wanted_image.short()
        )),
        Some(facts) if facts.configuration.as_ref() != Some(&wanted_configuration) => drift(
            format!("{name} was created from another configuration than the approved one"),
        ),
        Some(facts) => Ok(StepOutput {
            summary: format!("{name} runs image {}", facts.image_id.short()),
            ..StepOutput::default()
        }),
    }
}
