//! The command line as a person uses it: the real program as a server, the real program as its
//! client, real Docker between them. What is printed is piped, so that it is plain text.

#[path = "cli/alone.rs"]
mod alone;
#[path = "cli/asking.rs"]
mod asking;
#[path = "cli/commander.rs"]
mod commander;
#[path = "support/docker_image.rs"]
mod docker_image;
#[path = "cli/golden.rs"]
mod golden;
#[path = "support/house.rs"]
mod house;
#[path = "support/shop.rs"]
mod shop;
#[path = "cli/story.rs"]
mod story;
#[path = "cli/taken_back.rs"]
mod taken_back;
#[path = "cli/trouble.rs"]
mod trouble;
