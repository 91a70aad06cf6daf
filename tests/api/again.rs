//! Running an ended execution again: a plan as any other, and nothing before its approval.

use serde_json::{Value, json};

use super::house::{House, text};

async fn rerun(house: &House, id: &str, from: &str) -> super::house::Answer {
    let path = format!("/api/executions/{id}/rerun");
    house.post(&path, json!({ "fromStep": from })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_is_a_pending_plan_that_says_what_it_runs_again() {
    let house = House::with_engine().await;
    let id = house.failed_execution().await;
    let before = house.get("/api/executions").await.ok();
    let plan = rerun(&house, &id, "build").await.ok();
    assert_eq!(plan["status"], "pending_approval");
    let origin = &plan["origin"];
    assert_eq!(
        origin["rerunOf"],
        json!({ "execution": id, "fromStep": "build" })
    );
    assert_eq!(plan["body"]["action"], "deploy");
    assert_eq!(plan["body"]["pins"]["reference"], "v1.0.0");
    let notes = plan["notes"].to_string();
    assert!(
        notes.contains(&format!("runs {id} (failed) again from build")),
        "{notes}"
    );
    assert!(notes.contains("it begins with fetch"), "{notes}");
    assert!(notes.contains("the same as then"), "{notes}");
    assert_eq!(house.get("/api/executions").await.ok(), before);

    // Pressed twice, it is one plan; from another step it is another one.
    let again = rerun(&house, &id, "build").await.ok();
    assert_eq!(again["id"], plan["id"]);
    let whole = format!("/api/executions/{id}/rerun");
    let first = house.post(&whole, json!({})).await.ok();
    assert_ne!(first["id"], plan["id"]);
    assert_eq!(first["origin"]["rerunOf"]["fromStep"], "fetch");

    let trail = house.get("/api/audit?limit=20").await.ok();
    let rows = trail["items"].as_array().unwrap();
    let stored = rows.iter().find(|row| row["subject"] == plan["id"]);
    let stored = stored.unwrap();
    assert_eq!(stored["act"], "plan.stored");
    assert_eq!(stored["detail"]["rerun_of"], id.as_str());
    assert_eq!(stored["detail"]["from_step"], "build");
    assert_eq!(stored["detail"]["digest"], plan["digest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_approval_of_then_is_none_of_now() {
    let house = House::with_engine().await;
    let id = house.failed_execution().await;
    let then = house.get(&format!("/api/executions/{id}")).await.ok();
    let plan = rerun(&house, &id, "fetch").await.ok();
    let approvals = format!("/api/plans/{}/approvals", text(&plan["id"]));
    assert_eq!(house.get(&approvals).await.ok()["items"], json!([]));
    // The same wish in the same world is the same body, and needs its own yes all the same.
    assert_eq!(plan["digest"], then["plan"]["digest"]);
    assert_eq!(plan["status"], "pending_approval");
    // The old plan has had its one execution.
    let old = house.approve(&then["plan"]).await;
    old.problem(409, "not_pending");
    house.commit("a step further");
    let other = house.plan("deploy main of shop to staging").await;
    let path = format!("/api/plans/{}/approve", text(&plan["id"]));
    let wrong = json!({ "digest": other["digest"] });
    house
        .post(&path, wrong)
        .await
        .problem(409, "digest_mismatch");
    let executions = house.get("/api/executions").await.ok();
    assert_eq!(executions["items"].as_array().unwrap().len(), 1);
    let approved = house.approve(&plan).await.ok();
    assert_ne!(approved["execution"]["id"], id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_run_again_says_from_where_it_could() {
    let house = House::with_engine().await;
    let id = house.failed_execution().await;
    let says = |problem: &Value, words: &str| {
        let detail = text(&problem["detail"]);
        assert!(detail.contains(words), "{detail}");
    };
    let half = rerun(&house, &id, "health").await.problem(409, "conflict");
    says(&half, "fetch, build, create, switch");
    let unknown = rerun(&house, &id, "no-step")
        .await
        .problem(404, "not_found");
    says(&unknown, "fetch, build, create, switch");
    // Its image was never built.
    let unbuilt = rerun(&house, &id, "create").await.problem(409, "conflict");
    says(
        &unbuilt,
        "no image was built then; run it again from fetch, build",
    );
    let nothing = format!("exe_{}", "0".repeat(32));
    rerun(&house, &nothing, "fetch")
        .await
        .problem(404, "not_found");
    let path = format!("/api/executions/{id}/rerun");
    let bad = house.post(&path, json!({ "from": "fetch" })).await;
    bad.problem(400, "bad_request");
    let stranger = house.request(reqwest::Method::POST, &path);
    let stranger = super::house::Answer::of(stranger.json(&json!({}))).await;
    stranger.problem(401, "unauthorised");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_moved_on_is_run_again_as_the_commit_of_then() {
    let house = House::with_engine().await;
    let plan = house.plan("deploy main of shop to staging").await;
    let approved = house.approve(&plan).await.ok();
    let id = text(&approved["execution"]["id"]).to_owned();
    let events = format!("/api/executions/{id}/events");
    house.stream(&events, None).await.read_out().await;
    house.commit("a step further");
    let again = rerun(&house, &id, "fetch").await.ok();
    let (then, now) = (&plan["body"]["pins"], &again["body"]["pins"]);
    assert_eq!(now["commit"], then["commit"]);
    assert_eq!(now["reference"], then["commit"]);
    assert_eq!(now["referenceKind"], "commit");
    let path = format!("/api/plans/{}/refresh", text(&again["id"]));
    let fresh = house.post(&path, json!({})).await.ok();
    assert_ne!(fresh["id"], again["id"]);
    assert_eq!(fresh["body"], again["body"]);
    assert_eq!(fresh["origin"]["rerunOf"], again["origin"]["rerunOf"]);
}
