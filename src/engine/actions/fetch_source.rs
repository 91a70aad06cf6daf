//! Makes sure that the pinned commit and tree are in the mirror. No undo.

use super::Scene;
use crate::domain::execution::{Fault, StepOutput};

pub async fn apply(
    scene: &Scene<'_>,
    repository: &str,
    commit: &str,
    tree: &str,
) -> Result<StepOutput, Fault> {
    scene
        .world
        .fetch_source(repository, commit, tree, scene.call)
        .await?;
    Ok(StepOutput {
        summary: format!("commit {} is here", &commit[..commit.len().min(12)]),
        ..StepOutput::default()
    })
}
