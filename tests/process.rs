//! The built program as an operating system sees it: a process that is killed, asked to end, started
//! twice, and left without Docker.

#[path = "process/docker_away.rs"]
mod docker_away;
#[path = "support/docker_image.rs"]
mod docker_image;
#[path = "support/house.rs"]
mod house;
#[path = "process/killed.rs"]
mod killed;
#[path = "process/life.rs"]
mod life;
#[path = "docker_adapter/proxy.rs"]
mod proxy;
#[path = "process/server.rs"]
mod server;
#[path = "support/shop.rs"]
mod shop;
