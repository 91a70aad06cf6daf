//! How a server begins and ends.

use serde_json::Value;

use crate::house::Setup;
use crate::server::{Server, text};

#[tokio::test(flavor = "multi_thread")]
async fn hc_41_a_second_server_on_the_same_data_is_refused_with_a_sentence() {
    let server = Server::with(Setup::default()).await;
    let second = server.command().arg("serve").output().unwrap();
    assert_eq!(second.status.code(), Some(75));
    assert!(second.stdout.is_empty());
    let said = String::from_utf8(second.stderr).unwrap();
    let sentence = format!(
        "another Commander uses the data directory {}; stop it, or give this one its own",
        server.data().display()
    );
    let lines: Vec<Value> = said
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert_eq!(text(&lines[0]["message"]), sentence);
    // The first one is not disturbed.
    assert_eq!(server.look("/health/live").await.0, 200);
    server.deploy("v1.0.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_end_ends_its_streams_and_leaves_the_rest_to_the_next() {
    let mut server = Server::with(Setup::default()).await;
    let deploy = server
        .begin("deploy tag unhurried-1 of shop to staging")
        .await;
    server.step_runs(&deploy, "build").await;
    let mut streams = Vec::new();
    for path in ["/api/events", &format!("/api/executions/{deploy}/events")] {
        streams.push(server.client().events(path, "").await.unwrap());
    }
    let ended = tokio::spawn(async move {
        for stream in &mut streams {
            while let Some(event) = stream.next().await {
                event.unwrap();
            }
        }
    });
    let status = server.terminate();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    ended.await.unwrap();
    assert!(!server.data().join("server.json").exists());

    server.start().await;
    server.must_succeed(&deploy).await;
    server.assert_serves("unhurried-1").await;
}
