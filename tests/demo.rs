//! `commander demo`: what it takes for the story, and the whole of it through the built binary.

#[path = "support/docker_image.rs"]
mod docker_image;
#[path = "support/plans.rs"]
mod plans;
#[path = "demo/story.rs"]
mod story;
#[path = "demo/whole.rs"]
mod whole;
