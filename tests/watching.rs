//! A release after its go-live: watched on real evidence, and taken back by itself where it turns
//! out bad; on a real engine, a real repository and a real Prometheus.

#[path = "watching/bringing_back.rs"]
mod bringing_back;
#[path = "watching/choosing.rs"]
mod choosing;
#[path = "support/docker_image.rs"]
mod docker_image;
#[path = "watching/docker_tells.rs"]
mod docker_tells;
#[path = "watching/failing.rs"]
mod failing;
#[path = "support/house.rs"]
mod house;
#[path = "support/http.rs"]
mod http;
#[path = "watching/measured.rs"]
mod measured;
#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "watching/proving.rs"]
mod proving;
#[path = "support/shop.rs"]
mod shop;
#[path = "watching/story.rs"]
mod story;
