//! Time travel: an execution at each event of its journal.

use serde_json::Value;

use super::house::{House, text};

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_shown_at_each_event_of_its_journal() {
    let house = House::with_engine().await;
    let id = house.failed_execution().await;
    let path = format!("/api/executions/{id}");
    let now = house.get(&path).await.ok();
    assert!(now.get("past").is_none(), "{now:#}");
    let journal = house.get(&format!("{path}/journal")).await.ok();
    let moments = journal["items"].as_array().unwrap();
    let told = house.stream(&format!("{path}/events"), None).await;
    let told = told.read_out().await;
    assert_eq!(told.len(), moments.len() + 1);
    for (moment, event) in moments.iter().zip(&told) {
        // The ids of the stream are the numbers of the events.
        assert_eq!(moment["n"].to_string(), event.id);
        let event: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(moment["event"], event["event"]);
        let then = house.get(&format!("{path}?at={}", moment["n"])).await.ok();
        assert_eq!(&then["past"]["moment"], moment);
        assert_eq!(then["past"]["of"], moments.len());
        assert_eq!(then["execution"]["status"], then["state"]["status"]);
        assert_eq!(then["plan"], now["plan"]);
    }
    let first = house.get(&format!("{path}?at=1")).await.ok();
    assert_eq!(first["state"]["status"], "running", "{first:#}");
    assert_eq!(first["execution"]["endedAt"], Value::Null);
    assert_eq!(first["past"]["moment"]["words"], "started");
    let last = house.get(&format!("{path}?at={}", moments.len())).await;
    let last = last.ok();
    assert_eq!(last["state"], now["state"]);
    assert_eq!(last["execution"], now["execution"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_executions_are_compared_step_by_step() {
    let house = House::with_engine().await;
    let first = house.failed_execution().await;
    let plan = house.plan("build shop v1.1.0").await;
    let approved = house.approve(&plan).await.ok();
    let second = text(&approved["execution"]["id"]).to_owned();
    let events = format!("/api/executions/{second}/events");
    house.stream(&events, None).await.read_out().await;
    let path = |with: &str| format!("/api/executions/{first}/comparison?with={with}");

    let itself = house.get(&path(&first)).await.ok();
    let rows = itself["steps"].as_array().unwrap();
    assert!(
        rows.iter().all(|step| step["differs"] == false),
        "{itself:#}"
    );
    let compared = house.get(&path(&second)).await.ok();
    assert_eq!(compared["second"]["id"], second.as_str());
    let whole = compared["whole"].as_array().unwrap();
    let of = |what: &str| whole.iter().find(|row| row["what"] == what).unwrap();
    assert_eq!(of("action")["first"], "deploy");
    assert_eq!(of("action")["second"], "build");
    assert_eq!(of("environment")["second"], Value::Null);
    assert_eq!(of("pins.reference")["first"], "v1.0.0");
    assert_eq!(of("approved by")["differs"], false);
    let steps = compared["steps"].as_array().unwrap();
    let of = |id: &str| steps.iter().find(|row| row["step"] == id).unwrap();
    assert_eq!(of("fetch")["inSecond"], true);
    assert_eq!(of("switch")["inSecond"], false);

    let nowhere = path(&format!("exe_{}", "0".repeat(32)));
    house.get(&nowhere).await.problem(404, "not_found");
    for bad in [path("none"), path(&first).replace("?with=", "?without=")] {
        house.get(&bad).await.problem(400, "bad_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_never_was_is_refused_with_the_range() {
    let house = House::with_engine().await;
    let id = house.failed_execution().await;
    let path = format!("/api/executions/{id}");
    let journal = house.get(&format!("{path}/journal")).await.ok();
    let count = journal["items"].as_array().unwrap().len();
    for n in ["0", "9999", "18446744073709551615"] {
        let none = house.get(&format!("{path}?at={n}")).await;
        let none = none.problem(404, "not_found");
        let why = text(&none["detail"]);
        let range = format!("its events are 1 to {count}");
        assert!(why.contains(&range), "{why}");
    }
    for query in ["at=-1", "at=x", "at=", "at=1&before=2"] {
        let bad = house.get(&format!("{path}?{query}")).await;
        bad.problem(400, "bad_request");
    }
    let nowhere = format!("/api/executions/exe_{}?at=1", "0".repeat(32));
    house.get(&nowhere).await.problem(404, "not_found");
}
