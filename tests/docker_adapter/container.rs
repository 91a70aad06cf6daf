use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::Duration;

use commander::adapters::docker::{
    Access, ContainerError, ContainerName, ContainerSpec, Created, Docker, HealthStatus,
    Healthcheck, Instance, Labels, NetworkName, PortHolder, Publish, Resources, RestartPolicy,
    Status, Volume, VolumeName, VolumeSource,
};
use commander::domain::digest::Digest;
use commander::domain::id::{ExecutionId, Id};
use commander::domain::lock::Mark;
use commander::domain::name::ServiceName;

use crate::docker_image::{TestEngine, request};
use crate::{HUNGRY, NO_DRAIN, eventually, image, running, shop, spec};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn publishing(spec: ContainerSpec, host_port: u16) -> ContainerSpec {
    ContainerSpec {
        publish: Some(Publish {
            container_port: 8080,
            address: LOCALHOST,
            host_port,
        }),
        ..spec
    }
}

#[tokio::test]
async fn a_container_is_created_once_and_adopted_after() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let mut spec = spec(&engine, "shop", &engine.base_id);
    spec.env = [("TOKEN".to_owned(), "s3cret".to_owned())]
        .into_iter()
        .collect();

    let created = docker.create(&spec).await.unwrap();
    assert!(matches!(created, Created::New(_)));
    let again = docker.create(&spec).await.unwrap();
    assert_eq!(again, Created::Adopted(created.id().clone()));

    let state = docker.inspect(created.id()).await.unwrap();
    assert_eq!((state.status, state.exit_code), (Status::Created, None));
    assert_eq!(state.labels, shop());
    assert!(state.env_names.contains(&"TOKEN".to_owned()));
    for _ in 0..2 {
        docker.start(created.id()).await.unwrap();
    }
    let found = docker.find(&spec.name).await.unwrap().unwrap();
    assert!(found.is_running() && found.started_at.is_some());
    assert_eq!(found.image_id, engine.base_id);
    let again = docker.create(&spec).await.unwrap();
    assert_eq!(again, Created::Adopted(created.id().clone()));
}

#[tokio::test]
async fn hc_44_a_name_that_something_else_has_is_a_typed_conflict() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let token = |value: &str| {
        [("TOKEN".to_owned(), value.to_owned())]
            .into_iter()
            .collect()
    };
    let mut spec = spec(&engine, "shop", &engine.base_id);
    spec.env = token("old");
    docker.create(&spec).await.unwrap();

    let changed = ContainerSpec {
        init: true,
        ..spec.clone()
    };
    let secret = ContainerSpec {
        env: token("new"),
        ..spec.clone()
    };
    for other in [&changed, &secret] {
        let error = docker.create(other).await.unwrap_err();
        assert!(matches!(error, ContainerError::NameTaken { .. }), "{error}");
        assert!(error.to_string().contains(spec.name.as_str()), "{error}");
    }

    let foreign = ContainerName::parse(&engine.name("foreign")).unwrap();
    let body = format!(
        r#"{{"Image":"{}","Labels":{{"commander.instance":"{}"}}}}"#,
        engine.base_id, engine.instance
    );
    let path = format!("/containers/create?name={foreign}");
    assert_eq!(request("POST", &path, body.as_bytes()).0, 201);
    let on_it = ContainerSpec {
        name: foreign.clone(),
        ..spec
    };
    let error = docker.create(&on_it).await.unwrap_err();
    assert!(matches!(error, ContainerError::NameTaken { .. }), "{error}");
    let error = docker.find(&foreign).await.unwrap_err();
    assert!(matches!(error, ContainerError::NotOurs { .. }), "{error}");
}

#[tokio::test]
async fn what_a_container_needs_and_is_not_there_is_named() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let gone = spec(&engine, "gone", &Digest::of_bytes(b"never built"));
    let error = docker.create(&gone).await.unwrap_err();
    assert!(
        matches!(error, ContainerError::ImageMissing { .. }),
        "{error}"
    );

    let network = NetworkName::parse(&engine.name("net")).unwrap();
    let mut networked = spec(&engine, "networked", &engine.base_id);
    networked.network = Some(network.clone());
    let error = docker.create(&networked).await.unwrap_err();
    assert_eq!(error, ContainerError::NetworkMissing { name: network });
    assert_eq!(docker.list(&Labels::default()).await.unwrap(), []);

    let id = image(&engine, "no-program", "ENTRYPOINT [\"/no/such/program\"]").await;
    let created = docker
        .create(&spec(&engine, "no-program", &id))
        .await
        .unwrap();
    let error = docker.start(created.id()).await.unwrap_err();
    let ContainerError::CannotStart { message } = &error else {
        panic!("{error}");
    };
    assert!(message.contains("/no/such/program"), "{message}");
    assert!(
        docker.inspect(created.id()).await.is_ok(),
        "left to the caller's undo"
    );
}

#[tokio::test]
async fn a_network_that_exists_is_joined() {
    struct Network(String);
    impl Drop for Network {
        fn drop(&mut self) {
            request("DELETE", &format!("/networks/{}", self.0), b"");
        }
    }
    let engine = TestEngine::start();
    let name = engine.name("net");
    // Dropped before the engine, whose containers use it: so it is removed here by hand first.
    let network = Network(name.clone());
    let body = format!(r#"{{"Name":"{name}"}}"#);
    assert_eq!(request("POST", "/networks/create", body.as_bytes()).0, 201);
    let mut spec = spec(&engine, "networked", &engine.base_id);
    spec.network = Some(NetworkName::parse(&name).unwrap());
    let id = running(&engine.docker, &spec).await;
    let (_, inspected) = request("GET", &format!("/containers/{id}/json"), b"");
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert!(inspected["NetworkSettings"]["Networks"][&name].is_object());
    engine.docker.stop(&id, NO_DRAIN).await.unwrap();
    engine.docker.remove(&id).await.unwrap();
    drop(network);
}

#[tokio::test]
async fn hc_44_a_port_that_a_container_has_is_told_with_that_container() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let first = publishing(spec(&engine, "first", &engine.base_id), 0);
    let held = running(docker, &first).await;
    let port = docker.inspect(&held).await.unwrap().published[0].host_port;

    let second = publishing(spec(&engine, "second", &engine.base_id), port);
    let created = docker.create(&second).await.unwrap();
    let error = docker.start(created.id()).await.unwrap_err();
    let ContainerError::PortTaken { wanted, holder } = &error else {
        panic!("{error}");
    };
    assert_eq!((wanted.address, wanted.host_port), (LOCALHOST, port));
    let PortHolder::Container { name, .. } = holder else {
        panic!("{error}");
    };
    assert_eq!(name, first.name.as_str());
    let state = docker.inspect(created.id()).await.unwrap();
    assert!(!state.is_running(), "left to the caller's undo");

    docker.stop(&held, NO_DRAIN).await.unwrap();
    docker.start(created.id()).await.unwrap();
}

#[tokio::test]
async fn hc_44_a_port_that_a_process_has_is_told_with_that_process() {
    let engine = TestEngine::start();
    let listener = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let spec = publishing(spec(&engine, "shop", &engine.base_id), port);
    let created = engine.docker.create(&spec).await.unwrap();
    let error = engine.docker.start(created.id()).await.unwrap_err();
    let ContainerError::PortTaken { holder, .. } = &error else {
        panic!("{error}");
    };
    let PortHolder::Process { pid, .. } = holder else {
        panic!("{error}");
    };
    assert_eq!(*pid, std::process::id());
}

#[tokio::test]
async fn stopping_and_starting_keeps_the_container() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let spec = publishing(spec(&engine, "shop", &engine.base_id), 0);
    let id = running(docker, &spec).await;
    for _ in 0..2 {
        docker.stop(&id, NO_DRAIN).await.unwrap();
    }
    let stopped = docker.inspect(&id).await.unwrap();
    assert_eq!(
        (stopped.status, stopped.exit_code),
        (Status::Exited, Some(137))
    );
    assert!(stopped.finished_at.is_some() && stopped.published.is_empty());

    docker.start(&id).await.unwrap();
    let started = docker.inspect(&id).await.unwrap();
    assert_eq!((&started.id, started.exit_code), (&id, None));
    assert!(started.is_running());
    assert_eq!(started.published[0].container_port, 8080);

    docker.restart(&id, NO_DRAIN).await.unwrap();
    let restarted = docker.inspect(&id).await.unwrap();
    assert!(restarted.is_running() && restarted.started_at > started.started_at);
}

#[tokio::test]
async fn a_stop_signal_and_an_init_end_a_container_without_a_kill() {
    let engine = TestEngine::start();
    let mut spec = spec(&engine, "shop", &engine.base_id);
    spec.init = true;
    spec.stop_signal = Some("SIGINT".to_owned());
    let id = running(&engine.docker, &spec).await;
    engine
        .docker
        .stop(&id, Duration::from_secs(20))
        .await
        .unwrap();
    // 128 and the number of SIGINT: it was not killed.
    assert_eq!(
        engine.docker.inspect(&id).await.unwrap().exit_code,
        Some(130)
    );
}

#[tokio::test]
async fn a_container_is_renamed_and_removed_and_twice_is_harmless() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let id = running(docker, &spec(&engine, "shop", &engine.base_id)).await;
    let standby = ContainerName::parse(&engine.name("standby")).unwrap();
    for _ in 0..2 {
        docker.rename(&id, &standby).await.unwrap();
    }
    assert_eq!(docker.find(&standby).await.unwrap().unwrap().id, id);
    let second = docker
        .create(&spec(&engine, "shop", &engine.base_id))
        .await
        .unwrap();
    let error = docker.rename(second.id(), &standby).await.unwrap_err();
    assert!(matches!(error, ContainerError::NameTaken { .. }), "{error}");

    let error = docker.remove(&id).await.unwrap_err();
    assert!(
        matches!(error, ContainerError::StillRunning { .. }),
        "{error}"
    );
    docker.stop(&id, NO_DRAIN).await.unwrap();
    for _ in 0..2 {
        docker.remove(&id).await.unwrap();
    }
    assert_eq!(docker.find(&standby).await.unwrap(), None);
    for gone in [docker.start(&id).await, docker.stop(&id, NO_DRAIN).await] {
        let error = gone.unwrap_err();
        assert!(matches!(error, ContainerError::Missing { .. }), "{error}");
    }
}

#[tokio::test]
async fn two_instances_on_one_engine_do_not_touch_each_other() {
    let engine = TestEngine::start();
    let other = Instance::parse(&engine.name("other")).unwrap();
    let other = Docker::connect(None, other).unwrap();
    let spec = spec(&engine, "shop", &engine.base_id);
    let id = running(&engine.docker, &spec).await;

    assert_eq!(engine.docker.list(&shop()).await.unwrap().len(), 1);
    assert_eq!(other.list(&Labels::default()).await.unwrap(), []);
    let refusals = [
        other.start(&id).await,
        other.stop(&id, NO_DRAIN).await,
        other.restart(&id, NO_DRAIN).await,
        other.rename(&id, &spec.name).await,
        other.remove(&id).await,
        other.inspect(&id).await.map(drop),
        other.find(&spec.name).await.map(drop),
    ];
    for refused in refusals {
        let error = refused.unwrap_err();
        assert!(matches!(error, ContainerError::NotOurs { .. }), "{error}");
    }
    let error = other.create(&spec).await.unwrap_err();
    assert!(matches!(error, ContainerError::NameTaken { .. }), "{error}");
    assert!(engine.docker.inspect(&id).await.unwrap().is_running());
}

#[tokio::test]
async fn a_list_is_narrowed_by_labels() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    docker
        .create(&spec(&engine, "one", &engine.base_id))
        .await
        .unwrap();
    let blog = Labels {
        service: Some(ServiceName::parse("blog").unwrap()),
        ..Labels::default()
    };
    let mut second = spec(&engine, "two", &engine.base_id);
    second.labels = blog.clone();
    let second = docker.create(&second).await.unwrap();
    assert_eq!(docker.list(&Labels::default()).await.unwrap().len(), 2);
    let listed = docker.list(&blog).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(&listed[0].id, second.id());
}

/// A container with the mark of the run that made it.
fn marked(engine: &TestEngine, name: &str, token: Option<u64>, execution: &str) -> ContainerSpec {
    let mut spec = spec(engine, name, &engine.base_id);
    spec.labels = Labels {
        environment: Some("staging".to_owned().try_into().unwrap()),
        execution: Some(ExecutionId::from_digits(&execution.repeat(32))),
        fence: token,
        ..shop()
    };
    spec
}

#[tokio::test]
async fn the_runs_of_a_place_are_known_by_their_marks() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let place = Labels {
        environment: Some("staging".to_owned().try_into().unwrap()),
        ..shop()
    };
    assert_eq!(docker.marks(&place).await.unwrap(), []);
    // One from before there were marks.
    let old = marked(&engine, "old", None, "a");
    docker.create(&old).await.unwrap();
    assert_eq!(docker.marks(&place).await.unwrap(), []);
    let newest = marked(&engine, "newest", Some(12), "b");
    let id = docker.create(&newest).await.unwrap().id().clone();
    let older = marked(&engine, "older", Some(9), "c");
    docker.create(&older).await.unwrap();
    let mut marks = docker.marks(&place).await.unwrap();
    marks.sort_by_key(|mark| mark.token);
    let mark = |spec: &ContainerSpec| Mark {
        token: spec.labels.fence.unwrap(),
        execution: spec.labels.execution.clone().unwrap(),
    };
    assert_eq!(marks, [mark(&older), mark(&newest)]);
    let read = docker.inspect(&id).await.unwrap();
    assert_eq!(read.labels.fence, Some(12));
    let elsewhere = Labels {
        environment: Some("production".to_owned().try_into().unwrap()),
        ..shop()
    };
    assert_eq!(docker.marks(&elsewhere).await.unwrap(), []);
    // A later run of the same execution adopts what an earlier one made, mark and all.
    let again = marked(&engine, "newest", Some(15), "b");
    let adopted = docker.create(&again).await.unwrap();
    assert_eq!(adopted, Created::Adopted(id.clone()));
    let read = docker.inspect(&id).await.unwrap();
    assert_eq!(read.labels.fence, Some(12));
}

#[tokio::test]
async fn a_volume_outlives_its_container() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let volume = |access| Volume {
        source: VolumeSource::Named(VolumeName::parse(&engine.name("data")).unwrap()),
        target: "/data".to_owned(),
        access,
    };
    let writes = image(&engine, "writes", "CMD echo kept > /data/x").await;
    let mut writer = spec(&engine, "writer", &writes);
    writer.volumes = vec![volume(Access::ReadWrite)];
    let id = running(docker, &writer).await;
    ended(docker, &id, Some(0)).await;
    docker.remove(&id).await.unwrap();

    let reads = image(&engine, "reads", "CMD test -s /data/x && ! touch /data/y").await;
    let mut reader = spec(&engine, "reader", &reads);
    reader.volumes = vec![volume(Access::ReadOnly)];
    let id = running(docker, &reader).await;
    ended(docker, &id, Some(0)).await;
}

async fn ended(docker: &Docker, id: &commander::adapters::docker::ContainerId, code: Option<i64>) {
    let exit_code = eventually("the container ends", || async {
        docker.inspect(id).await.unwrap().exit_code
    })
    .await;
    assert_eq!(Some(exit_code), code);
}

#[tokio::test]
async fn health_is_read_with_the_last_output() {
    let engine = TestEngine::start();
    let docker = &engine.docker;
    let checked = image(
        &engine,
        "checked",
        "HEALTHCHECK --interval=1s --retries=2 CMD echo looked; test -e /tmp/ok",
    )
    .await;
    let id = running(docker, &spec(&engine, "sick", &checked)).await;
    assert_eq!(
        docker.inspect(&id).await.unwrap().health.status,
        HealthStatus::Starting
    );
    let sick = eventually("it is unhealthy", || async {
        let health = docker.inspect(&id).await.unwrap().health;
        (health.status == HealthStatus::Unhealthy).then_some(health)
    })
    .await;
    assert_eq!(sick.last_output.as_deref(), Some("looked"));
    assert!(sick.failing_streak >= 2);

    let mut without = spec(&engine, "unchecked", &checked);
    without.healthcheck = Healthcheck::None;
    let id = running(docker, &without).await;
    assert_eq!(
        docker.inspect(&id).await.unwrap().health.status,
        HealthStatus::None
    );
}

#[tokio::test]
async fn hc_13_a_crash_loop_shows_in_the_restart_count() {
    let engine = TestEngine::start();
    let crashes = image(&engine, "crashes", "CMD exit 3").await;
    let mut spec = spec(&engine, "shop", &crashes);
    spec.restart = RestartPolicy::UnlessStopped;
    let id = running(&engine.docker, &spec).await;
    eventually("it was restarted twice", || async {
        let state = engine.docker.inspect(&id).await.unwrap();
        (state.restart_count >= 2).then_some(())
    })
    .await;
    engine.docker.stop(&id, NO_DRAIN).await.unwrap();
    let stopped = engine.docker.inspect(&id).await.unwrap();
    assert_eq!(
        (stopped.status, stopped.exit_code),
        (Status::Exited, Some(3))
    );
}

#[tokio::test]
async fn a_restart_policy_with_a_limit_gives_up() {
    let engine = TestEngine::start();
    let crashes = image(&engine, "crashes", "CMD exit 3").await;
    let mut spec = spec(&engine, "shop", &crashes);
    spec.restart = RestartPolicy::OnFailure { retries: 1 };
    let id = running(&engine.docker, &spec).await;
    let state = eventually("it gave up", || async {
        let state = engine.docker.inspect(&id).await.unwrap();
        (state.status == Status::Exited).then_some(state)
    })
    .await;
    assert_eq!((state.restart_count, state.exit_code), (1, Some(3)));
}

#[tokio::test]
async fn hc_13_a_kill_for_want_of_memory_is_seen() {
    let engine = TestEngine::start();
    let hungry = image(&engine, "hungry", HUNGRY).await;
    let mut spec = spec(&engine, "shop", &hungry);
    spec.resources = Resources {
        memory_bytes: Some(16 << 20),
        milli_cpus: Some(500),
    };
    let id = running(&engine.docker, &spec).await;
    let state = eventually("it ends", || async {
        let state = engine.docker.inspect(&id).await.unwrap();
        state.exit_code.is_some().then_some(state)
    })
    .await;
    assert_eq!((state.exit_code, state.oom_killed), (Some(137), true));
}
