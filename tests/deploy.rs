//! From a sentence to a live release, and back to the state before where it does not come that
//! far: on a real engine and a real repository.

#[path = "deploy/again.rs"]
mod again;
#[path = "deploy/approving.rs"]
mod approving;
#[path = "deploy/asking.rs"]
mod asking;
#[path = "deploy/broken.rs"]
mod broken;
#[path = "deploy/cancelling.rs"]
mod cancelling;
#[path = "support/docker_image.rs"]
mod docker_image;
#[path = "deploy/failing.rs"]
mod failing;
#[path = "deploy/fencing.rs"]
mod fencing;
#[path = "support/house.rs"]
mod house;
#[path = "support/http.rs"]
mod http;
#[path = "deploy/life.rs"]
mod life;
#[path = "deploy/restoring.rs"]
mod restoring;
#[path = "support/shop.rs"]
mod shop;
#[path = "deploy/waiting.rs"]
mod waiting;
