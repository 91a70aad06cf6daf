use std::time::Duration;

use commander::adapters::docker::{
    Docker, Exit, Instance, Labels, LogLine, OneShot, OneShotNetwork, Resources, RunError,
};
use commander::domain::digest::Digest;
use tokio_util::sync::CancellationToken;

use crate::docker_image::{TestEngine, escaped, request};
use crate::{eventually, ignore, image, running, shop, spec};

fn run(engine: &TestEngine, argv: &[&str]) -> OneShot {
    OneShot {
        image_id: engine.base_id.clone(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        env: std::iter::empty().collect(),
        network: OneShotNetwork::None,
        labels: shop(),
        resources: Resources::default(),
        time_limit: Duration::from_secs(60),
    }
}

async fn ran(engine: &TestEngine, run: &OneShot) -> Result<Exit, RunError> {
    let cancel = CancellationToken::new();
    engine.docker.run_to_end(run, &mut ignore, &cancel).await
}

/// The containers that carry the test's instance, whatever their state.
fn left(engine: &TestEngine) -> usize {
    let filter = format!(r#"{{"label":["commander.instance={}"]}}"#, engine.instance);
    let path = format!("/containers/json?all=1&filters={}", escaped(&filter));
    let listed: Vec<serde_json::Value> =
        serde_json::from_str(&request("GET", &path, b"").1).unwrap();
    listed.len()
}

#[tokio::test]
async fn a_command_gives_its_exit_code_and_its_lines() {
    let engine = TestEngine::start();
    for code in [0, 1, 42] {
        let mut run = run(
            &engine,
            &["sh", "-c", "echo $WORD; echo oops >&2; exit $CODE"],
        );
        run.env = [
            ("WORD".to_owned(), "said".to_owned()),
            ("CODE".to_owned(), code.to_string()),
        ]
        .into_iter()
        .collect();
        let exit = ran(&engine, &run).await.unwrap();
        assert_eq!((exit.code, exit.oom_killed), (code, false));
        assert!(exit.log_tail.contains(&"said".to_owned()), "{exit:?}");
        assert!(exit.log_tail.contains(&"oops".to_owned()), "{exit:?}");
    }
    assert_eq!(left(&engine), 0);
}

#[tokio::test]
async fn hc_63_a_command_is_no_shell_and_replaces_the_entry_point() {
    let engine = TestEngine::start();
    let id = image(&engine, "entry", "ENTRYPOINT [\"/bin/false\"]").await;
    let mut run = run(&engine, &["echo", "$(id); `id` && id"]);
    run.image_id = id;
    let exit = ran(&engine, &run).await.unwrap();
    assert_eq!(
        (exit.code, exit.log_tail),
        (0, vec!["$(id); `id` && id".to_owned()])
    );
}

#[tokio::test]
async fn a_command_that_cannot_be_started_says_why() {
    let engine = TestEngine::start();
    let error = ran(&engine, &run(&engine, &["no-such-program"]))
        .await
        .unwrap_err();
    let RunError::CannotStart { message } = &error else {
        panic!("{error}");
    };
    assert!(message.contains("no-such-program"), "{message}");
    assert_eq!(left(&engine), 0);

    let mut gone = run(&engine, &["true"]);
    gone.image_id = Digest::of_bytes(b"never built");
    let error = ran(&engine, &gone).await.unwrap_err();
    assert!(matches!(error, RunError::ImageMissing { .. }), "{error}");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped_and_removed() {
    let engine = TestEngine::start();
    let mut run = run(&engine, &["sh", "-c", "echo begun; sleep 300"]);
    run.time_limit = Duration::from_secs(2);
    let error = ran(&engine, &run).await.unwrap_err();
    let RunError::TookTooLong { log_tail, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(log_tail, ["begun"]);
    assert_eq!(left(&engine), 0);
}

#[tokio::test]
async fn hc_29_a_cancelled_command_leaves_nothing() {
    let engine = TestEngine::start();
    let cancel = CancellationToken::new();
    let canceller = cancel.clone();
    let mut sink = move |_: LogLine| canceller.cancel();
    let run = run(&engine, &["sh", "-c", "echo begun; sleep 300"]);
    let ran = engine.docker.run_to_end(&run, &mut sink, &cancel).await;
    assert_eq!(ran.unwrap_err(), RunError::Cancelled);
    assert_eq!(left(&engine), 0);
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_any_more_leaves_nothing() {
    let engine = TestEngine::start();
    let (begun, mut wait) = tokio::sync::mpsc::unbounded_channel();
    let waiting = tokio::spawn({
        let docker = engine.docker.clone();
        let run = run(&engine, &["sh", "-c", "echo begun; sleep 300"]);
        async move {
            let mut sink = |line: LogLine| begun.send(line).unwrap();
            let cancel = CancellationToken::new();
            docker.run_to_end(&run, &mut sink, &cancel).await
        }
    });
    assert_eq!(wait.recv().await.unwrap().text, "begun");
    assert_eq!(left(&engine), 1);
    waiting.abort();
    eventually("the container is gone", || async {
        (left(&engine) == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn hc_40_what_a_killed_process_left_behind_is_found_and_removed() {
    let engine = TestEngine::start();
    let service = running(&engine.docker, &spec(&engine, "shop", &engine.base_id)).await;
    let body = format!(
        r#"{{"Image":"{}","Labels":{{"commander.instance":"{}","commander.kind":"one_shot","commander.service":"shop"}}}}"#,
        engine.base_id, engine.instance
    );
    assert_eq!(
        request("POST", "/containers/create", body.as_bytes()).0,
        201
    );
    let other = Instance::parse(&engine.name("other")).unwrap();
    let other = Docker::connect(None, other).unwrap();
    assert_eq!(
        other.remove_leftovers(&Labels::default()).await.unwrap(),
        []
    );
    assert_eq!(
        engine.docker.remove_leftovers(&shop()).await.unwrap().len(),
        1
    );
    assert_eq!(engine.docker.remove_leftovers(&shop()).await.unwrap(), []);
    assert!(engine.docker.inspect(&service).await.unwrap().is_running());
}

#[tokio::test]
async fn a_command_reaches_what_its_network_says() {
    let engine = TestEngine::start();
    let serves = image(&engine, "serves", "CMD httpd -f -p 127.0.0.1:8080").await;
    let service = running(&engine.docker, &spec(&engine, "shop", &serves)).await;
    // Anything but a refused connection: it serves no files.
    let asks = ["sh", "-c", "echo | nc -w 2 127.0.0.1 8080"];
    let mut beside = run(&engine, &asks);
    beside.network = OneShotNetwork::Of(service);
    eventually("it is reached", || async {
        (ran(&engine, &beside).await.unwrap().code == 0).then_some(())
    })
    .await;
    let alone = ran(&engine, &run(&engine, &asks)).await.unwrap();
    assert_ne!(alone.code, 0);
}

#[tokio::test]
async fn a_command_that_eats_too_much_memory_is_told_so() {
    let engine = TestEngine::start();
    // With time before and after, as for `HUNGRY`.
    let eats = "sleep 1; tail -c 100m /dev/zero; sleep 2; exit 137";
    let mut run = run(&engine, &["sh", "-c", eats]);
    run.resources.memory_bytes = Some(16 << 20);
    let exit = ran(&engine, &run).await.unwrap();
    assert_eq!((exit.code, exit.oom_killed), (137, true));
}
