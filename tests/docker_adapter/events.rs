use commander::adapters::docker::{
    ContainerChange, ContainerId, Docker, Events, HealthStatus, ImageChange, Instance, Observation,
    Resources, RestartPolicy,
};

use crate::docker_image::{TestEngine, request};
use crate::double::{Answer, Double};
use crate::proxy::Proxy;
use crate::{HUNGRY, NO_DRAIN, image, running, spec};

/// What happens to one container, up to and with a certain change.
async fn changes(
    events: &mut Events,
    id: &ContainerId,
    last: ContainerChange,
) -> Vec<ContainerChange> {
    let mut changes = Vec::new();
    while changes.last() != Some(&last) {
        match events.next().await {
            Observation::Container(event) if event.container == *id => changes.push(event.what),
            Observation::Container(_) | Observation::Image(_) => {}
            other => panic!("{other:?}"),
        }
    }
    changes
}

#[tokio::test]
async fn the_life_of_a_container_is_told_in_order() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let mut events = docker.events(None).await.unwrap();
    let id = running(docker, &spec(&engine, "shop", &engine.base_id)).await;
    docker.stop(&id, NO_DRAIN).await.unwrap();
    docker.remove(&id).await.unwrap();
    let changes = changes(&mut events, &id, ContainerChange::Destroyed).await;
    assert_eq!(changes.first(), Some(&ContainerChange::Started));
    assert!(
        changes.contains(&ContainerChange::Killed { signal: 9 }),
        "{changes:?}"
    );
    assert!(
        changes.contains(&ContainerChange::Died { exit_code: 137 }),
        "{changes:?}"
    );
    assert!(changes.contains(&ContainerChange::Stopped), "{changes:?}");
}

#[tokio::test]
async fn hc_13_a_crash_loop_is_told_and_counted() {
    let engine = TestEngine::start();
    let crashes = image(&engine, "crashes", "CMD exit 3").await;
    let mut spec = spec(&engine, "shop", &crashes);
    spec.restart = RestartPolicy::UnlessStopped;
    let mut events = engine.docker.events(None).await.unwrap();
    let id = running(&engine.docker, &spec).await;
    let died = ContainerChange::Died { exit_code: 3 };
    for _ in 0..3 {
        let changes = changes(&mut events, &id, died).await;
        assert_eq!(changes, [ContainerChange::Started, died]);
    }
    assert!(engine.docker.inspect(&id).await.unwrap().restart_count >= 2);
}

#[tokio::test]
async fn hc_13_a_kill_for_want_of_memory_is_told() {
    let engine = TestEngine::start();
    let hungry = image(&engine, "hungry", HUNGRY).await;
    let mut spec = spec(&engine, "shop", &hungry);
    spec.resources = Resources {
        memory_bytes: Some(16 << 20),
        milli_cpus: None,
    };
    let mut events = engine.docker.events(None).await.unwrap();
    let id = running(&engine.docker, &spec).await;
    let died = ContainerChange::Died { exit_code: 137 };
    let changes = changes(&mut events, &id, died).await;
    assert!(
        changes.contains(&ContainerChange::OutOfMemory),
        "{changes:?}"
    );
}

#[tokio::test]
async fn health_is_told_when_it_changes() {
    let engine = TestEngine::start();
    let check = "HEALTHCHECK --interval=1s --retries=1 CMD test -e /tmp/ok\nCMD touch /tmp/ok; sleep 2; rm /tmp/ok; sleep 300";
    let checked = image(&engine, "checked", check).await;
    let mut events = engine.docker.events(None).await.unwrap();
    let id = running(&engine.docker, &spec(&engine, "shop", &checked)).await;
    let sick = ContainerChange::Health(HealthStatus::Unhealthy);
    let changes = changes(&mut events, &id, sick).await;
    let healthy = ContainerChange::Health(HealthStatus::Healthy);
    assert_eq!(changes, [ContainerChange::Started, healthy, sick]);
}

#[tokio::test]
async fn hc_21_an_image_that_is_pruned_is_told() {
    let engine = TestEngine::start();
    let id = image(&engine, "v1", "LABEL a=b").await;
    let mut events = engine.docker.events(None).await.unwrap();
    assert_eq!(request("DELETE", &format!("/images/{id}"), b"").0, 200);
    let mut seen = Vec::new();
    while seen.last() != Some(&ImageChange::Deleted) {
        match events.next().await {
            Observation::Image(event) if event.image_id == id => seen.push(event.what),
            Observation::Disconnected { why } => panic!("{why}"),
            _ => {}
        }
    }
    assert_eq!(seen, [ImageChange::Untagged, ImageChange::Deleted]);
}

#[tokio::test]
async fn two_instances_do_not_hear_each_other() {
    let engine = TestEngine::start();
    let other_id = Instance::parse(&engine.name("other")).unwrap();
    let other = Docker::connect(None, other_id).unwrap();
    let mut heard = other.events(None).await.unwrap();
    let id = running(&engine.docker, &spec(&engine, "shop", &engine.base_id)).await;
    engine.docker.stop(&id, NO_DRAIN).await.unwrap();

    // Something that both hear, so that what came before it has passed.
    let marked = image(&engine, "marked", "LABEL a=b").await;
    assert_eq!(request("DELETE", &format!("/images/{marked}"), b"").0, 200);
    loop {
        match heard.next().await {
            Observation::Image(event) if event.image_id == marked => break,
            Observation::Image(_) => {}
            told => panic!("{told:?}"),
        }
    }
}

/// What the engine remembers is one for all tests: the one that fills it runs by itself.
static MEMORY: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The containers and images of parallel tests are heard on the way; they are passed over.
async fn until_resumed(events: &mut Events) -> bool {
    loop {
        if let Observation::Resumed { complete } = events.next().await {
            return complete;
        }
    }
}

#[tokio::test]
async fn hc_44_a_broken_connection_loses_nothing_and_tells_nothing_twice() {
    let _memory = MEMORY.lock().await;
    let engine = TestEngine::start();
    let mut proxy = Proxy::start();
    let watching = Docker::connect(Some(&proxy.host()), engine.instance.clone()).unwrap();
    let mut events = watching.events(None).await.unwrap();
    let id = running(&engine.docker, &spec(&engine, "shop", &engine.base_id)).await;
    let before = changes(&mut events, &id, ContainerChange::Started).await;
    assert_eq!(before, [ContainerChange::Started]);

    proxy.cut().await;
    engine.docker.stop(&id, NO_DRAIN).await.unwrap();
    engine.docker.start(&id).await.unwrap();
    loop {
        match events.next().await {
            Observation::Disconnected { .. } => break,
            Observation::Image(_) => {}
            told => panic!("{told:?}"),
        }
    }
    proxy.mend();
    // An image event of a parallel test may be the last that was seen; it joins as well.
    assert!(until_resumed(&mut events).await);
    let during = changes(&mut events, &id, ContainerChange::Started).await;
    let died = ContainerChange::Died { exit_code: 137 };
    assert_eq!(
        during.iter().filter(|change| **change == died).count(),
        1,
        "{during:?}"
    );
    assert_eq!(during.last(), Some(&ContainerChange::Started));

    engine.docker.stop(&id, NO_DRAIN).await.unwrap();
    let after = changes(&mut events, &id, died).await;
    assert!(!after.contains(&ContainerChange::Started), "{after:?}");
}

#[tokio::test]
async fn hc_44_events_that_the_engine_has_forgotten_are_admitted() {
    let _memory = MEMORY.lock().await;
    let engine = TestEngine::start();
    let mut proxy = Proxy::start();
    let watching = Docker::connect(Some(&proxy.host()), engine.instance.clone()).unwrap();
    let mut events = watching.events(None).await.unwrap();
    let id = running(&engine.docker, &spec(&engine, "shop", &engine.base_id)).await;
    changes(&mut events, &id, ContainerChange::Started).await;

    proxy.cut().await;
    // The engine remembers 256 events.
    let repository = engine.tag("x").to_string().replace(":x", "");
    for _ in 0..260 {
        let path = format!("/images/{}/tag?repo={repository}&tag=x", engine.base_id);
        assert_eq!(request("POST", &path, b"").0, 201);
    }
    proxy.mend();
    assert!(!until_resumed(&mut events).await);
}

/// A connection can be dead without knowing, on a network that drops it in silence: it stays open
/// and says nothing. Time is paused: it jumps ahead whenever everything waits.
#[tokio::test(start_paused = true)]
async fn hc_44_a_silent_connection_is_opened_anew() {
    const EVENT: &str = r#"{"Type":"image","Action":"delete","timeNano":TIME,"Actor":{"ID":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}"#;
    let double = Double::start(|path, asked_before| {
        let event = |time: &str| EVENT.replace("TIME", time) + "\n";
        match path {
            path if path.contains("/info") => {
                Answer::ended(r#"{"SystemTime":"1970-01-01T00:00:09Z"}"#)
            }
            path if path.contains("until=") => Answer::ended(&event("7000000000")),
            path if path.contains("/events") && asked_before == 0 => {
                Answer::open(&event("7000000000"))
            }
            path if path.contains("/events") => {
                Answer::open(&(event("7000000000") + &event("8000000000")))
            }
            _ => Answer::ended(r#"{"Version":"27","ApiVersion":"1.45"}"#),
        }
    });
    let mut events = double.docker().events(None).await.unwrap();
    let mut times = Vec::new();
    while times.len() < 2 {
        match events.next().await {
            Observation::Image(event) => times.push(event.at.as_second()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(times, [7, 8]);
}
