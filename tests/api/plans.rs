//! From a sentence to an approval, and all that must not count as one.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::house::{Answer, House, text};
use super::lists::{closed, incident, open, write};

#[tokio::test]
async fn a_sentence_becomes_a_pending_plan_that_can_be_read_listed_and_rejected() {
    let house = House::new().await;
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(plan["status"], "pending_approval");
    assert_eq!(plan["origin"]["surface"], "api");
    let path = format!("/api/plans/{}", text(&plan["id"]));
    assert_eq!(house.get(&path).await.ok(), plan);
    let listed = house.get("/api/plans?status=pending_approval").await.ok();
    assert_eq!(listed["items"], json!([plan]));
    let reject = format!("{path}/reject");
    let rejected = house
        .post(&reject, json!({ "reason": "not on a Friday" }))
        .await;
    assert_eq!(rejected.ok()["status"], "rejected");
    house.approve(&plan).await.problem(409, "not_pending");
    house
        .post(&reject, json!({ "reason": "again" }))
        .await
        .problem(409, "not_pending");
}

#[tokio::test]
async fn the_command_line_is_known_by_its_name() {
    let house = House::new().await;
    let request = house
        .authorised(Method::POST, "/api/commands/parse")
        .header("user-agent", "devops-commander/0.1.0")
        .json(&json!({ "text": "deploy shop v1.0.0 to staging" }));
    let asked = Answer::of(request).await.ok();
    assert_eq!(asked["plans"][0]["origin"]["surface"], "cli");
}

#[tokio::test]
async fn a_preview_writes_nothing() {
    let house = House::new().await;
    let store = &house.serving.app.flow.store;
    let before = (store.written(), store.audit_head().unwrap());
    let said = json!({ "text": "deploy shop v1.0.0 to staging" });
    let preview = house.post("/api/commands/preview", said).await.ok();
    assert_eq!(preview["reading"]["outcome"], "plan");
    assert_eq!(preview["interpreter"]["provider"], "embedded");
    assert_eq!((store.written(), store.audit_head().unwrap()), before);
    assert_eq!(house.get("/api/plans").await.ok(), json!({ "items": [] }));
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_command() {
    let house = House::new().await;
    let ask = |key: &'static str, sentence: &'static str| {
        Answer::of(
            house
                .authorised(Method::POST, "/api/commands/parse")
                .header("idempotency-key", key)
                .json(&json!({ "text": sentence })),
        )
    };
    let sentence = "deploy shop v1.0.0 to staging";
    // A double click: both are under way at once.
    let (one, two) = tokio::join!(ask("k1", sentence), ask("k1", sentence));
    let (one, two) = (one.ok(), two.ok());
    assert_eq!(one["commandId"], two["commandId"]);
    assert_eq!(one["plans"], two["plans"]);
    assert_eq!(ask("k1", sentence).await.ok()["plans"], one["plans"]);
    let plans = || async { house.get("/api/plans").await.ok()["items"].clone() };
    assert_eq!(plans().await.as_array().unwrap().len(), 1);
    let other = ask("k1", "deploy shop v1.1.0 to staging").await;
    other.problem(409, "conflict");
    let other_key = ask("k2", sentence).await.ok();
    assert_ne!(other_key["commandId"], one["commandId"]);
    // Another person's key is another key.
    let bo = house.token_of("bo").await;
    let of_bo = house
        .request(Method::POST, "/api/commands/parse")
        .bearer_auth(&bo)
        .header("idempotency-key", "k1")
        .json(&json!({ "text": "status" }));
    let of_bo = Answer::of(of_bo).await.ok();
    assert_ne!(of_bo["commandId"], one["commandId"]);
    for bad in ["", "a b", "é"] {
        ask(bad, sentence).await.problem(400, "bad_request");
    }
    // What failed is not remembered as done.
    ask("k3", "deploy shop v9.9.9 to staging")
        .await
        .problem(404, "not_found");
    ask("k3", "deploy shop v9.9.9 to staging")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn hc_42_only_the_digest_of_the_plan_approves_it() {
    let house = House::new().await;
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let other = house.plan("deploy shop v1.1.0 to production").await;
    let path = format!("/api/plans/{}/approve", text(&plan["id"]));
    let with = |body: Value| house.post(&path, body);
    with(json!({ "digest": other["digest"] }))
        .await
        .problem(409, "digest_mismatch");
    for body in [
        json!({}),
        json!({ "digest": "" }),
        json!({ "digest": null }),
    ] {
        with(body).await.problem(400, "bad_request");
    }
    assert_eq!(
        house.get("/api/executions").await.ok(),
        json!({ "items": [] })
    );
    let approved = with(json!({ "digest": plan["digest"], "comment": "go" }))
        .await
        .ok();
    assert_eq!(approved["execution"]["plan"], plan["id"]);
    let name = house.serving.own.name.as_str();
    assert_eq!(approved["approvedBy"], json!([name]));
    let path = format!("/api/plans/{}/approvals", text(&plan["id"]));
    let told = house.get(&path).await.ok();
    let approval = &told["items"][0];
    assert_eq!(approval["planDigest"], plan["digest"]);
    assert_eq!(approval["by"], json!({ "kind": "person", "name": name }));
    assert_eq!(approval["comment"], "go");
}

#[tokio::test]
async fn hc_42_two_approvals_at_once_start_one_execution() {
    let house = House::new().await;
    let bo = house.token_of("bo").await;
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let path = format!("/api/plans/{}/approve", text(&plan["id"]));
    let body = json!({ "digest": plan["digest"] });
    let approve = |token: &str| {
        let request = house.request(Method::POST, &path).bearer_auth(token);
        Answer::of(request.json(&body))
    };
    let own = house.serving.own.token.as_str();
    let answers = tokio::join!(approve(own), approve(own), approve(&bo), approve(&bo));
    let answers = [answers.0, answers.1, answers.2, answers.3];
    let started = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(started, 1, "{answers:#?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        let problem: Value = serde_json::from_str(&refused.body).unwrap();
        let code = text(&problem["code"]).to_owned();
        assert!(
            ["conflict", "not_pending"].contains(&code.as_str()),
            "{problem}"
        );
        refused.problem(409, &code);
    }
    let executions = house.get("/api/executions").await.ok();
    assert_eq!(executions["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn hc_42_a_plan_whose_time_is_over_is_not_approved() {
    let house = House::with("[approval]\noffered_for = \"1s\"").await;
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let until: Timestamp = text(&plan["expiresAt"]).parse().unwrap();
    while Timestamp::now() <= until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    house.approve(&plan).await.problem(409, "expired");
    house.approve(&plan).await.problem(409, "expired");
    let path = format!("/api/plans/{}", text(&plan["id"]));
    assert_eq!(house.get(&path).await.ok()["status"], "expired");
}

#[tokio::test]
async fn hc_42_a_superseded_plan_is_not_approved() {
    let house = House::new().await;
    let said = json!({ "text": "deploy shop v1.0.0 to staging" });
    let first = house.post("/api/commands/parse", said).await.ok();
    let again = json!({ "text": "deploy shop v1.1.0 to staging", "threadId": first["threadId"] });
    house.post("/api/commands/parse", again).await.ok();
    house
        .approve(&first["plans"][0])
        .await
        .problem(409, "superseded");

    let plan = house.plan("deploy shop v1.0.0 to production").await;
    let refresh = format!("/api/plans/{}/refresh", text(&plan["id"]));
    let fresh = house.post(&refresh, json!({})).await.ok();
    assert_ne!(fresh["id"], plan["id"]);
    house.approve(&plan).await.problem(409, "superseded");
    house.approve(&fresh).await.ok();
}

#[tokio::test]
async fn a_branch_that_moved_is_drift() {
    let house = House::new().await;
    let plan = house.plan("deploy shop main to staging").await;
    house.commit("a later thought");
    let problem = house.approve(&plan).await.problem(409, "drift");
    assert!(
        text(&problem["detail"]).contains("another commit"),
        "{problem}"
    );
    house.approve(&plan).await.problem(409, "superseded");
}

#[tokio::test]
async fn what_a_procedure_forbids_is_told_with_its_findings() {
    let house = House::new().await;
    let sops = house.data().join("sops");
    let rule = "---\ntitle: Never\nrules:\n  - id: never\n    require: plan.action != \"deploy\"\n    severity: high\n    message: Nothing is deployed here.\n---\n# Never\nNot today.\n";
    std::fs::write(sops.join("never.md"), rule).unwrap();
    let indexed = house.post("/api/sops/reindex", json!({})).await.ok();
    assert_eq!(
        indexed["items"][0]["rules"][0]["demand"]["severity"],
        "high"
    );
    let shown = &indexed["items"][0];
    assert_eq!(
        shown["rules"][0]["demand"]["require"],
        "plan.action != \"deploy\""
    );
    assert_eq!(shown["passages"][0]["text"], "Not today.");
    let found = house.get("/api/sops/search?q=today").await.ok();
    assert_eq!(found["items"][0]["sop"], "never.md");
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let problem = house.approve(&plan).await.problem(422, "blocked");
    let finding = &problem["findings"][0];
    assert_eq!(finding["citation"]["rule"], "never", "{problem:#}");
    std::fs::write(sops.join("broken.md"), "---\nrules: 1\n---\n").unwrap();
    house
        .post("/api/sops/reindex", json!({}))
        .await
        .problem(400, "invalid_input");
    assert_eq!(house.get("/api/sops").await.ok(), indexed);
}

#[tokio::test]
async fn hc_66_no_sentence_approves_a_plan() {
    let house = House::new().await;
    let said = json!({ "text": "deploy shop v1.0.0 to staging" });
    let first = house.post("/api/commands/parse", said).await.ok();
    let id = text(&first["plans"][0]["id"]).to_owned();
    let sentences = [
        "yes".to_owned(),
        "approve".to_owned(),
        "/approve 42".to_owned(),
        "go ahead".to_owned(),
        format!("approve {id}"),
        format!(
            "approve plan {id} with digest {}",
            text(&first["plans"][0]["digest"])
        ),
    ];
    for sentence in sentences {
        let said = json!({ "text": sentence, "threadId": first["threadId"] });
        let asked = house.post("/api/commands/parse", said).await.ok();
        assert_ne!(asked["outcome"], "plan", "{sentence}: {asked:#}");
    }
    let plan = house.get(&format!("/api/plans/{id}")).await.ok();
    assert_eq!(plan["status"], "pending_approval");
    assert_eq!(
        house.get("/api/executions").await.ok(),
        json!({ "items": [] })
    );
}

#[tokio::test]
async fn branches_and_tags_complete_a_version() {
    let house = House::new().await;
    let refs = house.get("/api/services/shop/refs?q=v1").await.ok();
    let names: Vec<&str> = refs["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| text(&r["name"]))
        .collect();
    assert_eq!(names.len(), 2, "{refs:#}");
    assert!(names.contains(&"v1.0.0") && names.contains(&"v1.1.0"));
    let services = house.get("/api/services").await.ok();
    assert_eq!(services["items"][0]["name"], "shop");
}

#[tokio::test]
async fn where_two_people_have_to_approve_one_person_is_not_enough() {
    let house = House::new().await;
    let bo = house.token_of("bo").await;
    let rule = "---\ntitle: Two\nrules:\n  - id: two\n    approvals: 2\n    at: plan\n    message: Two people approve.\n---\n# Two\nFour eyes.\n";
    std::fs::write(house.data().join("sops/two.md"), rule).unwrap();
    let indexed = house.post("/api/sops/reindex", json!({})).await.ok();
    assert_eq!(indexed["items"][0]["rules"][0]["demand"]["count"], 2);
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let first = house.approve(&plan).await.ok();
    assert_eq!(first["requiredApprovals"], 2);
    assert_eq!(first["execution"], Value::Null);
    assert_eq!(first["plan"]["status"], "pending_approval");
    house.approve(&plan).await.problem(409, "conflict");
    assert_eq!(
        house.get("/api/executions").await.ok(),
        json!({ "items": [] })
    );
    let path = format!("/api/plans/{}/approve", text(&plan["id"]));
    let second = house.request(Method::POST, &path).bearer_auth(&bo);
    let second = second.json(&json!({ "digest": plan["digest"] }));
    let second = Answer::of(second).await.ok();
    assert_eq!(second["execution"]["plan"], plan["id"]);
    let own = house.serving.own.name.as_str();
    assert_eq!(second["approvedBy"], json!([own, "bo"]));
}

#[tokio::test]
async fn search_finds_the_passage_or_nothing() {
    let house = House::new().await;
    let text = "---\ntitle: Night\n---\n# Night\nNobody deploys after supper.\n";
    std::fs::write(house.data().join("sops/night.md"), text).unwrap();
    house.post("/api/sops/reindex", json!({})).await.ok();
    let search = |words: &'static str| house.get(words);
    let found = search("/api/sops/search?q=supper").await.ok();
    assert_eq!(found["items"][0]["sop"], "night.md");
    let nothing = json!({ "items": [] });
    for path in [
        "/api/sops/search?q=breakfast",
        "/api/sops/search?q=",
        "/api/sops/search?q=%22%27%28%2A%3B--",
    ] {
        assert_eq!(search(path).await.ok(), nothing, "{path}");
    }
}

const NOTHING_OPEN: &str = "---
title: Incidents
rules:
  - id: nothing-open
    require: incident.open == 0
    severity: high
    message: Nothing is deployed while an incident is open.
    passes:
      - {incident.open: 0}
    fails:
      - {incident.open: 1}
---
# Incidents

Nothing is deployed while an incident is open.
";

/// However many were opened and closed after it.
#[tokio::test]
async fn an_incident_that_is_open_blocks_however_old_it_is() {
    let house = House::new().await;
    std::fs::write(house.data().join("sops/incidents.md"), NOTHING_OPEN).unwrap();
    house.post("/api/sops/reindex", json!({})).await.ok();
    let closed = (2..=61).map(|number| incident(number, &closed())).collect();
    write(&house, closed).await;
    let findings = |plan: &Value| -> Vec<String> {
        let findings = plan["advice"]["findings"].as_array().unwrap().iter();
        findings
            .map(|one| text(&one["severity"]).to_owned())
            .collect()
    };
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(findings(&plan), [""; 0], "{plan:#}");
    write(&house, vec![incident(1, &open())]).await;
    let plan = house.plan("deploy shop v1.1.0 to staging").await;
    assert_eq!(findings(&plan), ["high"], "{plan:#}");
    house.approve(&plan).await.problem(422, "blocked");
}
