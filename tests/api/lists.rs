//! Lists: what is older than the last row that is known, and as much of each row as a list needs.

use commander::domain::execution::Execution;
use commander::domain::plan::PlanEvent;
use commander::domain::release::{Presence, Quality, Release};
use commander::domain::transition::{Change, Transition};
use commander::domain::watch::WatchEvent;
use serde_json::{Value, json};

use super::house::{House, text};
use super::ledger::{self, Scenario};
use super::watches::watch;

pub async fn write(house: &House, changes: Vec<Change>) {
    let store = &house.serving.app.flow.store;
    store.write(Transition::of(changes)).await.unwrap();
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|one| text(&one["id"]).to_owned()).collect()
}

/// An approved deploy of this number that has not begun, and the execution that it gets.
fn approved(number: u64) -> (Vec<Change>, Execution) {
    let body = ledger::deploy(number, &[]).plan.body;
    let scenario = Scenario::of(number, body, &[], None, ledger::at(60));
    let mut plan = scenario.plan;
    plan.status = commander::domain::plan::PlanStatus::PendingApproval;
    let mut changes = vec![Change::StorePlan(Box::new(plan.clone()))];
    let approvals = scenario.approvals.into_iter();
    changes.extend(approvals.map(|approval| Change::AddApproval(Box::new(approval))));
    changes.push(Change::MovePlan {
        plan: plan.id,
        event: PlanEvent::Approve,
        reason: None,
    });
    (changes, scenario.execution)
}

pub fn open() -> Value {
    json!({ "kind": "open" })
}

pub fn closed() -> Value {
    json!({ "kind": "closed", "at": ledger::at(90), "by": null })
}

pub fn incident(number: u64, status: &Value) -> Change {
    let incident = json!({
        "id": format!("inc_{number:032x}"), "kind": "crash_after_verified", "severity": "critical",
        "service": "shop", "environment": "staging", "status": status, "openedAt": ledger::at(60),
        "title": "it crashed", "release": null, "rollbackTarget": null, "watch": null, "plan": null,
        "execution": null, "rule": null, "evidence": [], "baseline": null,
        "containerLog": ["the last line"], "acts": [],
        "timeline": [{ "at": ledger::at(60), "what": "it ended" }], "notifications": [],
    });
    Change::OpenIncident(Box::new(serde_json::from_value(incident).unwrap()))
}

/// A watch that has ended: a place has one at a time.
fn watched(number: u64, release: &Release) -> [Change; 2] {
    let watch = watch(number, release);
    let stop = Change::MoveWatch {
        watch: watch.id.clone(),
        event: WatchEvent::Stop,
        reason: None,
        at: ledger::at(90),
    };
    [Change::OpenWatch(Box::new(watch)), stop]
}

/// All of a list, a page at a time. The path has a query.
async fn leafed_through(house: &House, path: &str) -> Vec<String> {
    let mut seen = ids(&house.get(path).await.ok());
    while let Some(last) = seen.last() {
        let older = ids(&house.get(&format!("{path}&before={last}")).await.ok());
        if older.is_empty() {
            break;
        }
        assert!(!seen.contains(&older[0]), "{path} goes back: {older:?}");
        seen.extend(older);
    }
    seen
}

#[tokio::test]
async fn a_list_goes_on_behind_the_last_row_that_is_known() {
    let house = House::new().await;
    for number in 1..=5 {
        let (mut changes, execution) = approved(number);
        let release = ledger::release(number, Presence::Standby, Quality::Verified);
        let watched = watched(number, &release);
        changes.push(Change::OpenExecution(Box::new(execution)));
        changes.push(Change::StoreRelease(Box::new(release)));
        changes.extend(watched);
        let status = if number % 2 == 1 { open() } else { closed() };
        changes.push(incident(number, &status));
        write(&house, changes).await;
    }
    for (path, other) in [
        ("plans", "exe"),
        ("executions", "pln"),
        ("releases", "pln"),
        ("watches", "pln"),
        ("incidents", "pln"),
    ] {
        let all = ids(&house.get(&format!("/api/{path}")).await.ok());
        assert_eq!(all.len(), 5, "{path}");
        let pages = leafed_through(&house, &format!("/api/{path}?limit=2")).await;
        assert_eq!(pages, all, "{path}");
        for wrong in ["x".to_owned(), format!("{other}_{}", "0".repeat(32))] {
            let refused = house.get(&format!("/api/{path}?before={wrong}")).await;
            refused.problem(400, "bad_request");
        }
    }
    let open = leafed_through(&house, "/api/incidents?open=true&limit=2").await;
    assert_eq!(open, [5, 3, 1].map(|number| format!("inc_{number:032x}")));
}

#[tokio::test]
async fn an_execution_is_listed_with_the_version_that_it_brings() {
    let house = House::new().await;
    for number in [1, 2] {
        let (mut changes, mut execution) = approved(number);
        let release = ledger::release(number, Presence::Standby, Quality::Verified);
        execution.release = Some(release.id.clone());
        changes.push(Change::OpenExecution(Box::new(execution)));
        // The second one has not begun: its release is not there yet.
        if number == 1 {
            changes.push(Change::StoreRelease(Box::new(release)));
        }
        write(&house, changes).await;
    }
    let listed = house.get("/api/executions").await.ok();
    assert_eq!(listed["items"][0].get("version"), None);
    assert_eq!(listed["items"][1]["version"], "v1.1.0");
    for row in listed["items"].as_array().unwrap() {
        let path = format!("/api/executions/{}", text(&row["id"]));
        let alone = house.get(&path).await.ok();
        assert_eq!(alone.get("version"), row.get("version"), "{path}");
    }
}

#[tokio::test]
async fn an_edited_release_takes_its_version_and_no_more_out_of_the_list_of_executions() {
    let house = House::new().await;
    for number in [1, 2, 3] {
        let (mut changes, mut execution) = approved(number);
        let release = ledger::release(number, Presence::Standby, Quality::Verified);
        execution.release = Some(release.id.clone());
        changes.push(Change::OpenExecution(Box::new(execution)));
        changes.push(Change::StoreRelease(Box::new(release)));
        write(&house, changes).await;
    }
    let by_hand = rusqlite::Connection::open(house.data().join("commander.db")).unwrap();
    for (number, sql) in [
        (2, "SET body = replace(body, 'v1.2.0', 'v6.6.6')"),
        (3, "SET body = 'v6.6.6'"),
    ] {
        let id = ledger::release(number, Presence::Standby, Quality::Verified).id;
        let edit = format!("UPDATE releases {sql} WHERE id = '{id}'");
        assert_eq!(by_hand.execute(&edit, []), Ok(1), "{edit}");
        let refused = house.get(&format!("/api/releases/{id}")).await;
        refused.problem(500, "tampered");
    }
    let listed = house.get("/api/executions").await.ok();
    let versions = listed["items"].as_array().unwrap().iter();
    let versions: Vec<_> = versions.map(|row| row.get("version")).collect();
    assert_eq!(versions, [None, None, Some(&json!("v1.1.0"))]);
    for row in listed["items"].as_array().unwrap() {
        let path = format!("/api/executions/{}", text(&row["id"]));
        let alone = house.get(&path).await.ok();
        assert_eq!(alone.get("version"), row.get("version"), "{path}");
    }
}

#[tokio::test]
async fn incidents_are_listed_without_their_evidence_and_the_open_ones_alone() {
    let house = House::new().await;
    write(&house, vec![incident(0, &open()), incident(1, &closed())]).await;
    let all = house.get("/api/incidents").await.ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(all["items"][0]["containerLog"], json!(["the last line"]));
    let open = house.get("/api/incidents?open=true").await.ok();
    assert_eq!(ids(&open), [format!("inc_{:032x}", 0)]);
    assert_eq!(open["items"][0]["timeline"][0]["what"], "it ended");
    let brief = house.get("/api/incidents?brief=true&limit=1").await.ok();
    assert_eq!(ids(&brief), [format!("inc_{:032x}", 1)]);
    assert_eq!(brief["items"][0]["title"], "it crashed");
    assert_eq!(brief["items"][0]["containerLog"], json!([]));
    assert_eq!(brief["items"][0]["timeline"], json!([]));
}
