use commander::adapters::docker::{
    ContainerError, ContainerId, Docker, Instance, LogEnd, LogLine, LogStream, LogTail, LogsRequest,
};

use crate::docker_image::TestEngine;
use crate::{NO_DRAIN, image, running, spec};

const ALL: LogsRequest = LogsRequest {
    since: None,
    tail: LogTail::All,
    end: LogEnd::ContainerStops,
};

async fn lines(docker: &Docker, id: &ContainerId, request: LogsRequest) -> Vec<LogLine> {
    let mut logs = docker.logs(id, request).await.unwrap();
    let mut lines = Vec::new();
    while let Some(line) = logs.next().await {
        lines.push(line.unwrap());
    }
    lines
}

fn texts(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[tokio::test]
async fn lines_have_a_stream_and_a_time_and_can_be_resumed() {
    let engine = TestEngine::start();
    let writes = "CMD echo one; echo two >&2; echo three; printf four";
    let id = image(&engine, "writes", writes).await;
    let id = running(&engine.docker, &spec(&engine, "shop", &id)).await;

    let mut all = lines(&engine.docker, &id, ALL).await;
    all.sort_by_key(|line| line.at);
    let mut expected = vec!["four", "one", "three", "two"];
    let mut found = texts(&all);
    found.sort_unstable();
    assert_eq!(found, expected);
    let two = all.iter().find(|line| line.text == "two").unwrap();
    assert_eq!(two.stream, LogStream::Stderr);

    let rest = LogsRequest {
        since: Some(all[1].at),
        ..ALL
    };
    let rest = lines(&engine.docker, &id, rest).await;
    assert_eq!(rest.len(), 2, "{rest:#?}");
    assert!(rest.iter().all(|line| line.at > all[1].at));

    let last = LogsRequest {
        since: None,
        tail: LogTail::Last(1),
        end: LogEnd::Now,
    };
    expected.truncate(1);
    assert_eq!(texts(&lines(&engine.docker, &id, last).await).len(), 1);
}

#[tokio::test]
async fn long_lines_and_hostile_output_are_tamed() {
    let engine = TestEngine::start();
    let id = image(
        &engine,
        "hostile",
        "CMD yes xxxxxxxxx | head -n 5000 | while read x; do printf $x; done; echo end; \
         printf 'a\\007b\\342\\200\\256c\\n'; printf '\\377\\n'",
    )
    .await;
    let id = running(&engine.docker, &spec(&engine, "shop", &id)).await;
    let lines = lines(&engine.docker, &id, ALL).await;
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert_eq!(lines[0].text.len(), 4096);
    assert!(lines[0].text.bytes().all(|b| b == b'x'));
    assert_eq!(lines[1].text, "aU+0007bU+202Ec");
    assert_eq!(lines[2].text, "\u{fffd}");
}

#[tokio::test]
async fn a_running_container_is_followed_until_it_stops() {
    let engine = TestEngine::start();
    let id = image(&engine, "runs", "CMD echo begun; sleep 300").await;
    let id = running(&engine.docker, &spec(&engine, "shop", &id)).await;
    let mut logs = engine.docker.logs(&id, ALL).await.unwrap();
    assert_eq!(logs.next().await.unwrap().unwrap().text, "begun");
    engine.docker.stop(&id, NO_DRAIN).await.unwrap();
    assert!(logs.next().await.is_none());
}

#[tokio::test]
async fn the_output_of_a_foreign_container_is_not_read() {
    let engine = TestEngine::start();
    let id = running(&engine.docker, &spec(&engine, "shop", &engine.base_id)).await;
    let other = Instance::parse(&engine.name("other")).unwrap();
    let other = Docker::connect(None, other).unwrap();
    let refused = other.logs(&id, ALL).await.err().unwrap();
    assert!(
        matches!(refused, ContainerError::NotOurs { .. }),
        "{refused}"
    );
}
