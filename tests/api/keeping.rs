//! What is kept in the background: checkpoints, short journals, compressed logs.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use commander::adapters::checkpoints::{self, FILE};
use commander::adapters::db::Trail;
use commander::domain::audit::AuditRow;
use commander::domain::checkpoint::contradiction;
use commander::domain::execution::ExecutionState;
use commander::domain::id::ExecutionId;
use commander::os::clock;
use serde_json::Value;

use super::house::{House, text};

/// Whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let begun = clock::monotonic();
    while !look() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn agrees(data: &Path, file: &Path) -> usize {
    let keys = [checkpoints::public_key(data).unwrap().unwrap()];
    let noted = checkpoints::read(file, &keys).unwrap();
    let trail = Trail::of(data).unwrap();
    let head = trail.head().unwrap();
    let found = contradiction(&noted, head, |seq| trail.hash(seq)).unwrap();
    assert_eq!(found, None);
    assert!(trail.verify().unwrap().is_ok());
    noted.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_gets_checkpoints_that_are_signed_and_told_of() {
    let house = House::with(
        "[audit]\ncheckpoint_rows = 1\ncheckpoint_every = \"720h\"\ncheckpoints = \"elsewhere.jsonl\"",
    )
    .await;
    let data = house.data();
    let file = data.with_file_name("elsewhere.jsonl");
    assert!(!data.join(FILE).exists());
    let lines = || std::fs::read_to_string(&file).unwrap().lines().count();
    house.plan("deploy shop v1.0.0 to staging").await;
    let is_told = || {
        let trail = house.serving.app.flow.store.audit(0, 1000).unwrap();
        let last = trail.last().unwrap();
        last.entry.act == "audit.checkpointed" && last.entry.subject == (last.seq - 1).to_string()
    };
    until("the newest row has a checkpoint", is_told).await;
    // Nothing new, no checkpoint.
    let before = lines();
    assert!(!house.serving.app.flow.checkpoint_if_due().await.unwrap());
    assert_eq!(lines(), before);
    assert_eq!(agrees(&data, &file), before);
    house.plan("deploy shop v1.1.0 to staging").await;
    // The end of the process is a reason, too.
    let house = house.restart().await;
    until("there is another one", || lines() > before).await;
    agrees(&data, &file);
    drop(house);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_exported_from_the_server() {
    let house = House::new().await;
    house.plan("deploy shop v1.0.0 to staging").await;
    let (url, token) = (house.url(""), house.serving.own.token.clone());
    let export = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_commander"))
            .args(["audit", "export"])
            .env_clear()
            .env("COMMANDER_URL", url)
            .env("COMMANDER_TOKEN", token)
            .output()
            .unwrap()
    });
    let output = export.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<AuditRow> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let trail = house.serving.app.flow.store.audit(0, 1000).unwrap();
    assert!(!rows.is_empty());
    assert_eq!(rows, trail[..rows.len()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_long_ago_is_made_small_and_still_answers() {
    let history = "[history]\njournal_days = 0\njournal_newest = 0\nlog_days = 30\nlog_newest = 0";
    let house = House::with_engine_and(history).await;
    let id = house.failed_execution().await;
    let execution = ExecutionId::parse(&id).unwrap();
    let flow = &house.serving.app.flow;
    for n in 0..500 {
        let line = format!("line {n} of a long output");
        flow.logbook
            .append(execution.clone(), "build", "stdout", &line, clock::now());
    }
    flow.logbook.settled().await;
    let path = format!("/api/executions/{id}");
    let before = house.get(&path).await.ok();
    let logs = format!("{path}/logs");
    let printed = told(&house, &logs).await;
    assert!(printed.len() > 500);
    let sizes = sizes(&house).await;
    assert!(
        sizes[0] > 0 && sizes[1] > 10_000 && sizes[2] == 0,
        "{sizes:?}"
    );

    let file = house.data().join("logs").join(format!("{id}.jsonl"));
    age(&file, 2);
    assert!(flow.tidy().await.unwrap() >= 1);
    // The journal may have been shortened by the background at once; now it is in any case.
    assert_eq!(flow.store.journal(&execution, 0).unwrap(), []);
    let state: ExecutionState =
        serde_json::from_value(house.get(&path).await.ok()["state"].clone()).unwrap();
    assert_eq!(serde_json::to_value(&state).unwrap(), before["state"]);
    assert_eq!(told(&house, &logs).await, printed);
    let events = told(&house, &format!("{path}/events")).await;
    assert_eq!(events.len(), 1, "{events:?}");
    // Of its past only the end is known, and that is said.
    for past in [format!("{path}/journal"), format!("{path}?at=1")] {
        let gone = house.get(&past).await.problem(410, "shortened");
        let why = text(&gone["detail"]);
        assert!(why.contains("were shortened at 20"), "{why}");
    }
    let small = self::sizes(&house).await;
    assert_eq!(small[0], 0);
    assert!(
        small[1] == small[2] && small[2] > 0 && small[2] * 4 < sizes[1],
        "{small:?}"
    );
    assert!(Trail::of(&house.data()).unwrap().verify().unwrap().is_ok());

    age(&file.with_extension("jsonl.gz"), 31 * 24);
    flow.tidy().await.unwrap();
    assert_eq!(self::sizes(&house).await[1], 0);
    assert_eq!(told(&house, &logs).await.len(), 1);
}

/// The data of all events of a stream, to its end.
async fn told(house: &House, path: &str) -> Vec<String> {
    let events = house.stream(path, None).await.read_out().await;
    events.into_iter().map(|event| event.data).collect()
}

/// Of journals, of logs, and of those that are compressed.
async fn sizes(house: &House) -> [u64; 3] {
    let answer = house.get("/health/detailed").await;
    let health: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(!text(&health["store"]["sentence"]).is_empty());
    ["journalsBytes", "logsBytes", "compressedLogsBytes"].map(|key| health[key].as_u64().unwrap())
}

fn age(file: &Path, hours: u64) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    file.set_modified(then).unwrap();
}
