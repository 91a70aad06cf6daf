//! `kill -9` and a new start: what was begun is completed or undone, and the watch goes on.

use std::time::Duration;

use commander::os::clock;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::house::Setup;
use crate::server::{Server, text};

fn patient() -> Setup {
    Setup {
        deadline: Some("40s"),
        ..Setup::default()
    }
}

fn milliseconds(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn time(value: &Value) -> Timestamp {
    text(value).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_40_a_deploy_and_a_rollback_outlive_a_kill_in_each_of_their_steps() {
    let mut server = Server::with(patient()).await;
    server.deploy("unhurried-1").await;
    server.vouch().await;

    let deploy = server
        .begin("deploy tag unhurried-2 of shop to staging and run the tests")
        .await;
    let mut switched_before = None;
    for step in ["build", "test-unit", "switch", "health", "smoke-smoke"] {
        server.step_runs(&deploy, step).await;
        server.kill();
        if step == "switch" {
            switched_before = Some(clock::now());
        }
        // Go-live is one moment, and it has not come.
        assert_eq!(server.live(), ["unhurried-1"], "{step}");
        server.start().await;
    }
    let end = server.must_succeed(&deploy).await;
    server.assert_serves("unhurried-2").await;
    // The interruption began when the old one was told to stop, not when a later process came.
    let stopped_at = time(&end["state"]["steps"]["switch"]["output"]["stoppedAt"]);
    assert!(Some(stopped_at) < switched_before, "{end:#}");
    let answered_at = time(&end["state"]["steps"]["health"]["output"]["answeredAt"]);
    let interruption = Duration::try_from(answered_at.duration_since(stopped_at)).unwrap();
    assert_eq!(
        u128::from(milliseconds(&end["interruptionMs"])),
        interruption.as_millis()
    );

    let back = json!({ "service": "shop", "environment": "staging" });
    let back = server.post("/api/rollbacks", back).await.unwrap();
    let rollback = server.approve(&back).await;
    for step in ["switch", "health"] {
        server.step_runs(&rollback, step).await;
        server.kill();
        assert_eq!(server.live(), ["unhurried-2"], "{step}");
        server.start().await;
    }
    server.must_succeed(&rollback).await;
    server.assert_serves("unhurried-1").await;
    assert_eq!(server.get("/api/incidents").await["items"], json!([]));
}

/// Nobody has to free anything: the next process takes the place up again, as a new run. And while
/// it works there no other process comes in.
#[tokio::test(flavor = "multi_thread")]
async fn hc_41_a_crash_leaves_no_lock_behind_for_a_person_to_free() {
    let mut server = Server::with(patient()).await;
    let deploy = server
        .begin("deploy tag unhurried-1 of shop to staging and run the tests")
        .await;
    for (step, token) in [("build", 1), ("test-unit", 2)] {
        server.step_runs(&deploy, step).await;
        server.kill();
        // The lock is still that of the execution, under the token of the run that was killed.
        let held = server.fence().expect("the place is locked");
        assert_eq!((held.execution.as_str(), held.token), (&*deploy, token));
        server.start().await;
        let second = server.command().arg("serve").output().unwrap();
        assert_eq!(second.status.code(), Some(75), "{second:?}");
    }
    server.must_succeed(&deploy).await;
    server.assert_serves("unhurried-1").await;
    server.deploy("v1.0.0").await;
    server.assert_serves("v1.0.0").await;
    server.kill();
    assert_eq!(server.fence(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_40_an_unwind_outlives_a_kill() {
    let mut server = Server::with(Setup::default()).await;
    server.deploy("v1.0.0").await;
    let deploy = server
        .begin("deploy tag unhurried-and-bad of shop to staging")
        .await;
    server.step_runs(&deploy, "health").await;
    server.kill_and_start().await;
    // Undoing the switch takes the drain time of the bad one.
    server.status_is(&deploy, "unwinding").await;
    server.kill_and_start().await;
    let end = server.end_of(&deploy).await;
    assert_eq!(end["execution"]["status"], "failed", "{end:#}");
    assert!(text(&end["plan"]["reason"]).contains("not healthy within 3 s"));
    server.assert_serves("v1.0.0").await;
    assert_eq!(server.containers(), 1, "the bad one is gone");
    assert_eq!(server.get("/api/incidents").await["items"], json!([]));
    // The place is free.
    server.deploy("v1.1.0").await;
    server.assert_serves("v1.1.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_40_a_watch_goes_on_with_the_bake_that_was_left() {
    const BAKE: u64 = 4_000;
    let setup = Setup {
        watchdog: "interval = \"500ms\"\nbake = \"4s\"".to_owned(),
        ..Setup::default()
    };
    let mut server = Server::with(setup).await;
    server.deploy("v1.0.0").await;
    let watch = server.watch().await;
    let path = format!("/api/watches/{}?limit=100", text(&watch["id"]));
    let baked =
        |watch: &Value| milliseconds(&watch["watch"]["state"]["clock"]["bakedMilliseconds"]);
    let mut before = server.get(&path).await;
    while baked(&before) < 1_000 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        before = server.get(&path).await;
    }
    server.kill();
    // By the wall clock the bake is over when it comes back.
    tokio::time::sleep(Duration::from_millis(BAKE)).await;
    server.start().await;

    let mut after = server.get(&path).await;
    assert_eq!(after["watch"]["state"]["status"], "baking", "{after:#}");
    while after["watch"]["endedAt"].is_null() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        after = server.get(&path).await;
    }
    assert_eq!(after["watch"]["state"]["status"], "verified", "{after:#}");
    let evaluations = after["evaluations"].as_array().unwrap();
    let numbers: Vec<_> = evaluations
        .iter()
        .map(|e| milliseconds(&e["number"]))
        .collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    // What was baked counts, and what was left was baked.
    let clock = |e: &Value| milliseconds(&e["clock"]["bakedMilliseconds"]);
    assert!(evaluations.is_sorted_by_key(clock), "{evaluations:#?}");
    let known = before["evaluations"].as_array().unwrap().len();
    let left = evaluations.len() as u64 - known as u64;
    // An evaluation that comes late counts as two intervals at most.
    assert!(left * 1_000 >= BAKE - baked(&before) - 1_000, "{after:#}");
    let releases = server
        .get("/api/releases?service=shop&environment=staging")
        .await;
    assert_eq!(
        releases["items"][0]["verifiedBy"]["kind"], "probe",
        "{releases:#}"
    );
}
