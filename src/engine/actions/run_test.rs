//! Runs an image test in a container of its own without network; undone by removing what a test
//! that was cut short left behind.

use super::Scene;
use crate::domain::execution::{Fault, FaultKind, StepOutput};
use crate::domain::name::TestName;
use crate::domain::step::ImageSource;
use crate::engine::world::TestRun;

pub async fn apply(
    scene: &Scene<'_>,
    test: &TestName,
    argv: &[String],
    image: &ImageSource,
) -> Result<StepOutput, Fault> {
    run(scene, test, argv, image, None).await
}

/// Shared with the smoke tests, which run beside the started release.
pub async fn run(
    scene: &Scene<'_>,
    test: &TestName,
    argv: &[String],
    image: &ImageSource,
    beside: Option<String>,
) -> Result<StepOutput, Fault> {
    let run = TestRun {
        service: scene.plan.body.service.clone(),
        test: test.clone(),
        image_id: scene.image(image)?,
        argv: argv.to_vec(),
        beside,
        timeout: scene.timeout,
    };
    let exit = scene.world.run_test(&run, scene.call).await?;
    if exit.code == 0 {
        return Ok(StepOutput {
            summary: format!("test {test} passed"),
            ..StepOutput::default()
        });
    }
    Err(Fault::new(
        FaultKind::Rejected,
        format!(
            "test {test} failed with exit code {}: {}",
            exit.code,
            last_line(&exit.tail)
        ),
    ))
}

pub async fn undo(scene: &Scene<'_>) -> Result<(), Fault> {
    scene.world.remove_test(scene.call).await
}

/// The last line that says something.
fn last_line(tail: &str) -> &str {
    tail.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it printed nothing")
}
