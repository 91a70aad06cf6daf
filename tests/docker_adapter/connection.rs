use std::time::Duration;

use commander::adapters::docker::{Docker, EngineError, Instance};
use tokio::net::UnixListener;

use crate::docker_image::{TestEngine, request};
use crate::double::{Answer, Double};
use crate::proxy::Proxy;
use crate::{eventually, running, spec};

fn connect(host: &str) -> Docker {
    Docker::connect(Some(host), Instance::parse("test-connection").unwrap()).unwrap()
}

#[tokio::test]
async fn the_engine_describes_itself() {
    let docker = connect("unix:///var/run/docker.sock");
    docker.ping().await.unwrap();
    let info = docker.info().await.unwrap();
    assert!(
        !info.version.is_empty() && !info.storage_driver.is_empty(),
        "{info:?}"
    );
    // Not the newest one that the client knows, but the one that both know.
    let (_, version) = request("GET", "/version", b"");
    let version: serde_json::Value = serde_json::from_str(&version).unwrap();
    let minor = |version: &str| version.split_once('.').unwrap().1.parse::<u32>().unwrap();
    let theirs = minor(version["ApiVersion"].as_str().unwrap());
    assert!(minor(&info.api_version) <= theirs, "{info:?}");
    assert_eq!(info.os, "linux");
    assert_eq!(info.architecture, std::env::consts::ARCH);
    assert!(
        docker
            .free_disk_bytes()
            .await
            .unwrap()
            .is_some_and(|free| free > 0)
    );
}

#[tokio::test]
async fn an_engine_that_does_not_run_says_how_to_start_it() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = format!("unix://{}/none.sock", directory.path().display());
    let left_behind = format!("unix://{}/dead.sock", directory.path().display());
    drop(UnixListener::bind(directory.path().join("dead.sock")).unwrap());
    for host in [nothing.as_str(), left_behind.as_str(), "tcp://127.0.0.1:9"] {
        let error = connect(host).ping().await.unwrap_err();
        assert!(
            matches!(error, EngineError::NotRunning { .. }),
            "{host}: {error}"
        );
        assert!(
            error.to_string().contains("systemctl start docker"),
            "{error}"
        );
        assert!(error.to_string().contains(host), "{error}");
    }
}

/// Time is paused: it jumps ahead whenever everything waits.
#[tokio::test(start_paused = true)]
async fn hc_44_a_socket_that_hangs_is_a_typed_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hanging.sock");
    // It is listened on, and nobody ever answers.
    let _listener = UnixListener::bind(&path).unwrap();
    let docker = connect(&format!("unix://{}", path.display()));
    let began = tokio::time::Instant::now();
    for answer in [docker.ping().await, docker.info().await.map(drop)] {
        let error = answer.unwrap_err();
        assert!(matches!(error, EngineError::Hanging { .. }), "{error}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}

fn engine_of_version(answer: &'static str) -> Double {
    Double::start(move |_, _| Answer::ended(answer))
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_named_with_its_version() {
    let double = engine_of_version(r#"{"Version":"1.13","ApiVersion":"1.25"}"#);
    let error = double.docker().ping().await.unwrap_err();
    assert!(matches!(error, EngineError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("1.13"), "{error}");
}

#[tokio::test]
async fn the_version_is_asked_for_once_and_then_pinned() {
    let double = engine_of_version(r#"{"Version":"27","ApiVersion":"1.45"}"#);
    let docker = double.docker();
    for _ in 0..2 {
        docker.ping().await.unwrap();
    }
    assert_eq!(double.asked(), ["/version", "/v1.45/_ping", "/v1.45/_ping"]);
}

#[tokio::test]
async fn an_answer_that_is_no_engines_is_a_typed_error() {
    let double = engine_of_version("<html>");
    let error = double.docker().ping().await.unwrap_err();
    assert!(
        matches!(error, EngineError::NotUnderstood { .. }),
        "{error}"
    );
}

/// Root may open every socket, so the rights are given up first, by this thread alone.
#[test]
fn a_socket_without_rights_says_which_group_to_join() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let path = directory.path().join("closed.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let host = format!("unix://{}", path.display());
    let asked = std::thread::spawn(move || {
        let nobody = rustix::process::Uid::from_raw(65534);
        rustix::thread::set_thread_res_uid(None, nobody, None).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(connect(&host).ping())
    });
    let error = asked.join().unwrap().unwrap_err();
    assert!(matches!(error, EngineError::NoPermission { .. }), "{error}");
}

#[tokio::test]
async fn hc_44_what_is_idempotent_outlives_a_restart_of_the_engine() {
    let engine = TestEngine::start();
    let mut proxy = Proxy::start();
    let docker = Docker::connect(Some(&proxy.host()), engine.instance.clone()).unwrap();
    let id = running(&docker, &spec(&engine, "shop", &engine.base_id)).await;

    proxy.cut().await;
    let outage = async {
        let once = docker.ping().await.unwrap_err();
        assert!(matches!(once, EngineError::NotRunning { .. }), "{once}");
        // Longer than the first attempt takes, shorter than the pauses together.
        tokio::time::sleep(Duration::from_millis(300)).await;
        proxy.mend();
    };
    let (asked, ()) = tokio::join!(docker.inspect(&id), outage);
    assert!(asked.unwrap().is_running());
    eventually("pings arrive again", || async { docker.ping().await.ok() }).await;
}
