//! Runs a live test in the network of the started release, before go-live. Undone like an image
//! test (`run_test::undo`).

use super::{Scene, run_test};
use crate::domain::execution::{Fault, StepOutput};
use crate::domain::name::TestName;
use crate::domain::step::ImageSource;

pub async fn apply(
    scene: &Scene<'_>,
    test: &TestName,
    argv: &[String],
    image: &ImageSource,
) -> Result<StepOutput, Fault> {
    let beside = scene.own_container()?;
    run_test::run(scene, test, argv, image, Some(beside)).await
}
