//! Runs a script of the manifest. No undo: a script that changes something says so there.

use std::collections::BTreeMap;

use super::Scene;
use crate::domain::execution::{Fault, FaultKind, StepOutput};

pub async fn apply(
    scene: &Scene<'_>,
    script: &str,
    sha256: &str,
    arguments: &BTreeMap<String, String>,
) -> Result<StepOutput, Fault> {
    let exit = scene
        .world
        .run_script(script, sha256, arguments, scene.call)
        .await?;
    if exit.code == 0 {
        return Ok(StepOutput {
            summary: format!("script {script} succeeded"),
            ..StepOutput::default()
        });
    }
    Err(Fault::new(
        FaultKind::Rejected,
        format!(
            "script {script} failed with exit code {}: {}",
            exit.code, exit.tail
        ),
    ))
}
