//! The Docker adapter against a real engine: each test has an instance and a base image of its
//! own and leaves nothing behind.

mod build;
mod connection;
mod container;
mod double;
mod events;
mod image;
mod logs;
mod marks;
mod one_shot;
mod proxy;
mod vanishing;

#[path = "../support/docker_image.rs"]
mod docker_image;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use commander::adapters::docker::{
    ContainerId, ContainerName, ContainerSpec, Docker, Healthcheck, Labels, LogLine, Resources,
    RestartPolicy,
};
use commander::domain::digest::Digest;
use commander::domain::name::ServiceName;
use docker_image::TestEngine;

const NO_DRAIN: Duration = Duration::ZERO;

/// An image whose child is killed for want of memory, a second after the first process begins and two
/// before it ends. An engine learns of such a kill from a notice that it asks for only when the process
/// runs, and that reaches it beside the end of the process in any order: of a kill at the very beginning
/// or of the first process itself it does not always say `OOMKilled` (moby/moby issues 15621 and 18510).
const HUNGRY: &str = "CMD sleep 1; tail -c 100m /dev/zero; sleep 2; exit 137";

fn shop() -> Labels {
    Labels {
        service: Some(ServiceName::parse("shop").unwrap()),
        ..Labels::default()
    }
}

/// A container of an image that runs what the image says.
fn spec(engine: &TestEngine, name: &str, image_id: &Digest) -> ContainerSpec {
    ContainerSpec {
        name: ContainerName::parse(&engine.name(name)).unwrap(),
        image_id: image_id.clone(),
        labels: shop(),
        env: std::iter::empty().collect(),
        publish: None,
        volumes: Vec::new(),
        network: None,
        stop_signal: None,
        init: false,
        resources: Resources::default(),
        restart: RestartPolicy::No,
        healthcheck: Healthcheck::FromImage,
    }
}

/// Builds an image on the test's base image.
async fn image(engine: &TestEngine, tag: &str, lines: &str) -> Digest {
    let dockerfile = format!("FROM {}\n{lines}\n", engine.base);
    let request = build::request(engine, tag, &dockerfile);
    build::built(engine, &request, &[]).await.unwrap().image_id
}

/// Creates and starts a container.
async fn running(docker: &Docker, spec: &ContainerSpec) -> ContainerId {
    let id = docker.create(spec).await.unwrap().id().clone();
    docker.start(&id).await.unwrap();
    id
}

/// Asks until the answer is there.
async fn eventually<T, F, A>(what: &str, mut ask: A) -> T
where
    F: Future<Output = Option<T>>,
    A: FnMut() -> F,
{
    for _ in 0..600 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited 30 s in vain: {what}");
}

fn ignore(_: LogLine) {}

fn no_args() -> BTreeMap<String, String> {
    BTreeMap::new()
}
