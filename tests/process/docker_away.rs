//! Docker is away: when the server starts, and in the middle of a deploy.

use std::time::Duration;

use serde_json::json;

use crate::house::Setup;
use crate::proxy::Proxy;
use crate::server::{Server, text};

async fn behind(proxy: &Proxy) -> Server {
    Server::with(Setup {
        sections: format!("[docker]\nhost = \"{}\"", proxy.host()),
        deadline: Some("40s"),
        ..Setup::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_44_without_docker_it_starts_says_so_and_deploys_once_docker_is_there() {
    let mut proxy = Proxy::start();
    proxy.cut().await;
    let server = behind(&proxy).await;
    let (status, health) = server.look("/health/detailed").await;
    assert_eq!((status, &health["ready"]), (503, &json!(false)));
    assert_eq!(health["store"]["state"], "up");
    assert_eq!(health["docker"]["state"], "down");
    let sentence = text(&health["docker"]["sentence"]).to_owned();
    assert!(sentence.contains("systemctl start docker"), "{sentence}");
    assert!(sentence.contains(&proxy.host()), "{sentence}");

    let deploy = server.begin("deploy v1.0.0 of shop to staging").await;
    let end = server.end_of(&deploy).await;
    assert_eq!(end["execution"]["status"], "cancelled", "{end:#}");
    assert_eq!(end["plan"]["status"], "superseded", "{end:#}");
    assert_eq!(text(&end["plan"]["reason"]), sentence);
    assert!(end["state"]["startedAt"].is_null(), "nothing was begun");

    proxy.mend();
    server.deploy("v1.0.0").await;
    server.assert_serves("v1.0.0").await;
    let (status, health) = server.look("/health/detailed").await;
    assert_eq!((status, &health["docker"]["state"]), (200, &json!("up")));
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_44_docker_that_goes_away_in_the_middle_ends_a_deploy_as_before_it() {
    let mut proxy = Proxy::start();
    let server = behind(&proxy).await;
    server.deploy("stubborn").await;
    for step in ["build", "switch"] {
        let deploy = server
            .begin("deploy tag unhurried-2 of shop to staging")
            .await;
        server.step_runs(&deploy, step).await;
        proxy.cut().await;
        // Until it is given up: what is idempotent is tried a few times.
        server.status_is(&deploy, "unwinding").await;
        // Undoing needs Docker as well, and waits for it.
        tokio::time::sleep(Duration::from_secs(1)).await;
        proxy.mend();
        let end = server.end_of(&deploy).await;
        assert_eq!(end["execution"]["status"], "failed", "{step}: {end:#}");
        let why = text(&end["plan"]["reason"]);
        assert!(why.starts_with(&format!("{step}: ")), "{why}");
        server.assert_serves("stubborn").await;
        assert_eq!(server.containers(), 1, "{step}");
    }
    assert_eq!(server.get("/api/incidents").await["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_44_a_socket_that_hangs_does_not_hold_up_a_start() {
    let mut proxy = Proxy::start();
    proxy.hang().await;
    let server = behind(&proxy).await;
    let (status, health) = server.look("/health/detailed").await;
    assert_eq!((status, &health["docker"]["state"]), (503, &json!("down")));
    let sentence = text(&health["docker"]["sentence"]);
    assert!(sentence.contains("not within 2 s"), "{sentence}");
    // A plan asks Docker nothing.
    let plan = server.plan("deploy v1.0.0 of shop to staging").await;
    assert_eq!(plan["status"], "pending_approval");
}
