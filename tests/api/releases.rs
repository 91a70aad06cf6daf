//! What a named person says about a release.

use commander::domain::id::ReleaseId;
use commander::domain::incident::Freeze;
use commander::domain::release::{Presence, Quality};
use commander::domain::transition::{Change, Transition};
use reqwest::Method;
use serde_json::{Value, json};

use super::house::{Answer, House, text};
use super::ledger;

async fn with_release(presence: Presence, quality: Quality) -> (House, String) {
    let house = House::new().await;
    let release = ledger::release(1, presence, quality);
    let path = format!("/api/releases/{}", release.id);
    let store = Change::StoreRelease(Box::new(release));
    let write = house
        .serving
        .app
        .flow
        .store
        .write(Transition::of(vec![store]));
    write.await.unwrap();
    (house, path)
}

#[tokio::test]
async fn a_person_vouches_for_a_release_by_name() {
    let (house, path) = with_release(Presence::Standby, Quality::Unverified).await;
    let verified = house.post(&format!("{path}/verify"), json!({})).await.ok();
    assert_eq!(verified["quality"], "verified");
    let name = house.serving.own.name.as_str();
    assert_eq!(
        verified["verifiedBy"],
        json!({ "kind": "person", "name": name })
    );
    house
        .post(&format!("{path}/verify"), json!({}))
        .await
        .problem(409, "conflict");
    let audit = house.get("/api/audit?limit=500").await.ok();
    let rows: &Vec<Value> = audit["items"].as_array().unwrap();
    let row = rows.iter().find(|row| row["act"] == "release.verified");
    assert_eq!(row.unwrap()["actor"], name);
}

#[tokio::test]
async fn a_release_that_never_was_live_is_vouched_for_by_nobody() {
    let (house, path) = with_release(Presence::Candidate, Quality::Unproven).await;
    house
        .post(&format!("{path}/verify"), json!({}))
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn a_person_forbids_a_release_and_allows_it_again() {
    let (house, path) = with_release(Presence::Standby, Quality::Verified).await;
    let quarantine = format!("{path}/quarantine");
    let put = || {
        let request = house.authorised(Method::PUT, &quarantine);
        Answer::of(request.json(&json!({ "reason": "leaks memory" })))
    };
    assert_eq!(put().await.ok()["quality"], "quarantined");
    put().await.problem(409, "conflict");
    let release = house.get(&path).await.ok();
    assert_eq!(release["verifiedBy"], Value::Null);
    let listed = house.get("/api/releases?service=shop").await.ok();
    assert_eq!(listed["items"], json!([release]));
    // What was proven before is not remembered as proof.
    assert_eq!(
        house.delete(&quarantine).await.ok()["quality"],
        "unverified"
    );
    house.delete(&quarantine).await.problem(409, "conflict");
}

#[tokio::test]
async fn logs_of_a_container_need_docker_and_say_so() {
    let (house, path) = with_release(Presence::Live, Quality::Verified).await;
    let logs = house.get(&format!("{path}/logs?tail=10")).await;
    let problem = logs.problem(503, "unavailable");
    assert_eq!(logs.headers["retry-after"], "5");
    assert!(text(&problem["detail"]).contains("/nonexistent/docker.sock"));
    house
        .get(&format!("{path}/logs?tail=10001"))
        .await
        .problem(400, "bad_request");
}

#[tokio::test]
async fn a_person_ends_a_freeze_once() {
    let house = House::new().await;
    let freeze = Freeze {
        place: ledger::place(),
        since: ledger::at(0),
        reason: "the rollback failed".to_owned(),
        incident: None,
    };
    let changes = vec![Change::Freeze(Box::new(freeze))];
    let write = house.serving.app.flow.store.write(Transition::of(changes));
    write.await.unwrap();
    let path = "/api/services/shop/environments/staging/freeze";
    let ended = house.delete(path).await.ok();
    assert_eq!(ended["reason"], "the rollback failed");
    house.delete(path).await.problem(404, "not_found");
    let audit = house.get("/api/audit?limit=1").await.ok();
    assert_eq!(audit["items"][0]["act"], "environment.unfrozen");
    assert_eq!(audit["items"][0]["actor"], house.serving.own.name.as_str());
}

#[tokio::test]
async fn a_person_asks_to_go_back_and_is_told_why_where_that_cannot_be() {
    let (house, _) = with_release(Presence::Live, Quality::Verified).await;
    let place = json!({ "service": "shop", "environment": "staging" });
    let to = |release: &str| {
        let mut body = place.clone();
        body["to"] = json!(release);
        house.post("/api/rollbacks", body)
    };
    house
        .post("/api/rollbacks", place.clone())
        .await
        .problem(422, "nothing_to_roll_back_to");
    for (n, presence, quality) in [
        (2, Presence::Standby, Quality::Quarantined),
        (3, Presence::Retired, Quality::Verified),
        (4, Presence::Standby, Quality::Verified),
    ] {
        let release = Box::new(ledger::release(n, presence, quality));
        let changes = vec![Change::StoreRelease(release)];
        let write = house.serving.app.flow.store.write(Transition::of(changes));
        write.await.unwrap();
    }
    let id = |n: u64| ledger::id::<ReleaseId>(0xe1e0 + n).to_string();
    to(&id(1)).await.problem(409, "conflict");
    to(&id(2)).await.problem(422, "quarantined");
    to(&id(3)).await.problem(422, "nothing_to_roll_back_to");
    to(&id(9)).await.problem(404, "not_found");
    to("pln_018f3c5e7d0a7c31b2a44f6f0c9d1e22")
        .await
        .problem(400, "bad_request");
    let plan = house.post("/api/rollbacks", place.clone()).await.ok();
    assert_eq!(plan["body"]["action"], "rollback", "{plan:#}");
    assert_eq!(plan["targetRelease"], id(4));
    assert_eq!(plan["status"], "pending_approval");
}
