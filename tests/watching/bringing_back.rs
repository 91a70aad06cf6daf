//! What comes back is the target as it was, by inspection, or a person is called.

use std::net::SocketAddr;
use std::time::Duration;

use commander::domain::execution::{Execution, ExecutionStatus};
use commander::domain::incident::{IncidentKind, IncidentSeverity};
use commander::domain::release::Quality;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::docker_image::request;
use crate::house::{House, Setup, person, staging, until};
use crate::http::closed_port;
use crate::story::{LONG, Stranger, name, patient, remove_container, watched};

/// All that must be the same: what it runs, and how.
fn identity(container: &Value) -> [Value; 3] {
    [
        &container["Image"],
        &container["Config"],
        &container["HostConfig"],
    ]
    .map(Value::clone)
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_20_25_it_comes_back_as_it_was_and_not_as_todays_file_says() {
    let folder = TempDir::new().unwrap();
    let then = Setup {
        watchdog: LONG.to_owned(),
        service: format!(
            "env = {{ GREETING = \"then\" }}\nvolumes = [\"{}:/shelf:ro\"]",
            folder.path().display()
        ),
        ..patient()
    };
    let mut house = House::with(then).await;
    let good = house.deploy_and_vouch("v1.0.0").await;
    let served = house.inspect(&good).unwrap();

    let port = closed_port().address.port();
    house.setup = Setup {
        watchdog: LONG.to_owned(),
        service: "env = { GREETING = \"today\" }".to_owned(),
        environments: format!("[services.shop.environments.staging]\npublish = {port}"),
        ..patient()
    };
    house.restart().await;
    let bad = house.deploy("v1.1.0").await;
    assert_eq!(bad.configuration.publish.port, port);
    assert_eq!(house.page("/greeting").await, "today");
    house.sicken(&bad).await;
    house.is_taken_back(&bad, &good).await;
    let serves = house.inspect(&good).unwrap();
    assert_eq!(serves["Id"], served["Id"], "the kept container itself");
    assert_eq!(identity(&serves), identity(&served));
    assert_eq!(house.page("/greeting").await, "then");

    // Somebody has removed the kept container: it is made anew from the pinned image and snapshot.
    let bad = house.deploy("v1.2.0").await;
    remove_container(&house.inspect(&good).unwrap());
    house.sicken(&bad).await;
    house.is_taken_back(&bad, &good).await;
    let anew = house.inspect(&good).unwrap();
    assert_ne!(anew["Id"], served["Id"]);
    assert_eq!(anew["Mounts"], served["Mounts"]);
    assert_eq!(anew["Config"]["Env"], served["Config"]["Env"]);
    assert_eq!(
        anew["HostConfig"]["PortBindings"],
        served["HostConfig"]["PortBindings"]
    );
    assert_eq!(house.page("/greeting").await, "then");
}

/// Something else runs under the target's name when it is looked at: it answers well, and is not
/// what was approved. It is put there while the health gate waits for an answer, and looks at
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn hc_20_what_runs_instead_of_the_target_is_found_by_inspection() {
    let setup = Setup {
        watchdog: LONG.to_owned(),
        health: Some(
            "path = \"/health\"\ninterval = \"200ms\"\ntimeout = \"60s\"\ndeadline = \"90s\"",
        ),
        ..patient()
    };
    let house = House::with(setup).await;
    let good = house.deploy_and_vouch("returns-mute").await;
    let bad = house.deploy("v1.1.0").await;
    house.sicken(&bad).await;
    let rollback = until("a rollback begins", || house.rollbacks().pop()).await;
    let target = until("the gate waits for an answer", || {
        let target = house.inspect(&good)?;
        log(&target).contains("GET /health").then_some(target)
    })
    .await;
    let labels = &target["Config"]["Labels"];
    let image = bad.image_id.as_ref().unwrap().as_str();
    let other = Stranger::create(
        &format!("{}-other", name(&target)),
        &json!({ "Image": image, "Cmd": ["sleep", "3600"], "Labels": labels }),
    );
    other.start();
    rename(&target["Id"], &format!("{}-away", name(&target)));
    rename(&json!(other.id), name(&target));
    remove_container(&target);
    let publish = good.configuration.publish;
    answer_the_gate(&house, &rollback, (publish.address, publish.port).into()).await;

    let ended = house.end_of(&rollback.id).await;
    assert_eq!(
        ended.status(),
        ExecutionStatus::Failed,
        "{:#?}",
        ended.state
    );
    assert!(ended.why().starts_with("verify: "), "{}", ended.why());
    assert!(ended.why().contains("approved was"), "{}", ended.why());
    let incident = house.incident(IncidentKind::RollbackFailed).await;
    assert_eq!(incident.severity, IncidentSeverity::Critical);
    assert_eq!(incident.release, Some(bad.id.clone()));
    assert!(
        incident.title.contains("the rollback failed: verify: "),
        "{}",
        incident.title
    );
    // What was live before serves again, and nothing more happens by itself.
    house.serves(&bad).await;
    assert!(house.flow().store.freeze(&staging()).unwrap().is_some());
    assert_eq!(house.rollbacks().len(), 1);
    assert_eq!(house.incidents().len(), 1);
}

/// A container that is not ours has the target's name: it is left alone, and a person is called.
#[tokio::test(flavor = "multi_thread")]
async fn hc_20_a_strangers_container_under_the_targets_name_is_left_alone() {
    let house = watched(LONG).await;
    let good = house.deploy_and_vouch("v1.0.0").await;
    let bad = house.deploy("v1.1.0").await;
    let kept = house.inspect(&good).unwrap();
    remove_container(&kept);
    let image = json!({ "Image": good.image_id.as_ref().unwrap().as_str() });
    let stranger = Stranger::create(name(&kept), &image);
    house.sicken(&bad).await;

    let incident = house.incident(IncidentKind::RollbackFailed).await;
    assert_eq!(incident.severity, IncidentSeverity::Critical);
    assert!(incident.title.contains(name(&kept)), "{}", incident.title);
    assert!(stranger.exists());
    house.serves(&bad).await;
    let frozen = house.flow().services().unwrap()[0].environments[0]
        .freeze
        .clone();
    assert_eq!(frozen.unwrap().incident, Some(incident.id));

    // A named person ends the freeze.
    house
        .flow()
        .unfreeze(&staging(), &person("bob"))
        .await
        .unwrap();
    assert!(house.flow().store.freeze(&staging()).unwrap().is_none());
    let left = house.release(&bad);
    assert_eq!(left.quality, Quality::Unverified, "nobody knows better");
}

fn log(container: &Value) -> String {
    let id = container["Id"].as_str().unwrap();
    request("GET", &format!("/containers/{id}/logs?stdout=1"), b"").1
}

fn rename(id: &Value, name: &str) {
    let path = format!("/containers/{}/rename?name={name}", id.as_str().unwrap());
    let (status, answer) = request("POST", &path, b"");
    assert_eq!(status, 204, "{answer}");
}

/// Two good answers are enough. The port is free again before the second one is given.
async fn answer_the_gate(house: &House, rollback: &Execution, address: SocketAddr) {
    // The engine lets go of the port a moment after the container is gone.
    let free = until("the port is free", || {
        let rollback = house.flow().store.execution(&rollback.id).unwrap();
        assert!(!rollback.status.has_ended(), "the gate does not wait");
        std::net::TcpListener::bind(address).ok()
    })
    .await;
    free.set_nonblocking(true).unwrap();
    let mut listener = Some(TcpListener::from_std(free).unwrap());
    for last in [false, true] {
        let open = listener.as_ref().expect("it is closed after the last");
        let asked = timeout(Duration::from_secs(90), open.accept()).await;
        let (mut stream, _) = asked.expect("the gate asks again").unwrap();
        if last {
            listener = None;
        }
        let mut request = [0; 1024];
        let read = stream.read(&mut request).await.unwrap();
        assert!(request[..read].starts_with(b"GET /health"));
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    }
}
