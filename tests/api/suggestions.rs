//! What the text of the procedures demands: offered, decided on by named people, audited, durable,
//! and asked about again when the text changes.

use reqwest::Method;
use serde_json::{Value, json};

use super::house::{Answer, House, text};

const NEVER: &str =
    "# Deploys\n\nNever deploy to staging.\n\nTwo approvals are required for staging.\n";

async fn write(house: &House, content: &str) {
    std::fs::write(house.data().join("sops/text.md"), content).unwrap();
    house.post("/api/sops/reindex", json!({})).await.ok();
}

async fn suggestions(house: &House) -> Vec<Value> {
    let listed = house.get("/api/sops/suggestions").await.ok();
    listed["items"].as_array().unwrap().clone()
}

fn statuses(found: &[Value]) -> Vec<&str> {
    found.iter().map(|one| text(&one["status"])).collect()
}

async fn decide(house: &House, suggestion: &Value, verb: &str) -> Answer {
    let path = format!("/api/sops/suggestions/{}/{verb}", text(&suggestion["id"]));
    house.post(&path, json!({ "comment": "as agreed" })).await
}

/// The severities of what comes from the text.
fn of_statements(plan: &Value) -> Vec<&str> {
    let findings = plan["advice"]["findings"].as_array().unwrap();
    let said = findings
        .iter()
        .filter(|finding| finding["statement"].is_string());
    said.map(|finding| text(&finding["severity"])).collect()
}

const WINDOW: &str = "# Deploys\n\nNo deploys to staging from 00:00 to 24:00 on Monday, Tuesday, Wednesday, \
                      Thursday, Friday, Saturday and Sunday.\n";

#[tokio::test]
async fn a_statement_warns_until_a_named_person_accepts_it_and_then_it_blocks() {
    let house = House::new().await;
    write(&house, WINDOW).await;
    let found = suggestions(&house).await;
    assert_eq!(statuses(&found), ["pending"], "{found:#?}");
    assert_eq!(found[0]["kind"], "time_window");
    assert_eq!(found[0]["citation"]["line"], 3);
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(of_statements(&plan), ["warning"], "{plan:#}");

    let accepted = decide(&house, &found[0], "accept").await.ok();
    assert_eq!(accepted["status"], "accepted");
    let by = text(&accepted["decision"]["by"]).to_owned();
    decide(&house, &found[0], "accept")
        .await
        .problem(409, "conflict");
    let newest = house.get("/api/audit?limit=1").await.ok()["items"][0].clone();
    assert_eq!(newest["act"], "statement.accepted");
    assert_eq!(
        (text(&newest["actor"]), &newest["subject"]),
        (by.as_str(), &found[0]["id"])
    );
    assert_eq!(newest["detail"]["comment"], "as agreed");

    // A plan that was made before is looked at again when it is approved.
    let problem = house.approve(&plan).await.problem(422, "blocked");
    assert_eq!(
        problem["findings"][0]["statement"], found[0]["id"],
        "{problem:#}"
    );
    let plan = house.plan("deploy shop v1.1.0 to staging").await;
    assert_eq!(of_statements(&plan), ["high"]);

    // Who is alone needs nobody else; the plan still says that it was a rule.
    decide(&house, &found[0], "refuse").await.ok();
    let plan = house.plan("deploy shop v1.1.0 to staging").await;
    assert_eq!(of_statements(&plan), ["info"]);
    let said = text(&plan["advice"]["findings"][0]["message"]);
    assert!(
        said.contains("This was a rule until ") && said.ends_with(" (as agreed)."),
        "{said}"
    );
}

async fn say(house: &House, token: &str, suggestion: &Value, verb: &str, why: &str) -> Answer {
    let path = format!("/api/sops/suggestions/{}/{verb}", text(&suggestion["id"]));
    let request = house.request(Method::POST, &path).bearer_auth(token);
    Answer::of(request.json(&json!({ "comment": why }))).await
}

#[tokio::test]
async fn a_rule_that_somebody_accepted_is_taken_back_by_two_people_with_a_reason() {
    let house = House::new().await;
    write(&house, WINDOW).await;
    let (ada, bo) = (house.token_of("ada").await, house.token_of("bo").await);
    let found = suggestions(&house).await;
    let refuse = async |token: &str, why: &str| say(&house, token, &found[0], "refuse", why).await;
    let accept = async |token: &str| say(&house, token, &found[0], "accept", "").await;
    let newest = async || house.get("/api/audit?limit=1").await.ok()["items"][0].clone();
    accept(&ada).await.ok();
    let mut heard = house.stream("/api/events?topics=suggestion", None).await;

    refuse(&bo, " ").await.problem(400, "invalid_input");
    let asked = refuse(&bo, "it is in the way").await.ok();
    assert_eq!(asked["status"], "accepted", "{asked:#}");
    assert_eq!(asked["decision"]["by"], "ada");
    assert_eq!(asked["decision"]["withdrawal"]["by"], "bo");
    assert_eq!(
        asked["decision"]["withdrawal"]["reason"],
        "it is in the way"
    );
    let told = heard.next().await.unwrap();
    let told: Value = serde_json::from_str(&told.data).unwrap();
    assert_eq!(told, json!({ "topic": "suggestion", "id": found[0]["id"] }));
    let entry = newest().await;
    assert_eq!(entry["act"], "statement.withdrawal_asked", "{entry:#}");
    assert_eq!(
        (&entry["actor"], &entry["detail"]["comment"]),
        (&json!("bo"), &json!("it is in the way"))
    );

    // It counts as before, and says what is under way.
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(of_statements(&plan), ["high"]);
    let said = text(&plan["advice"]["findings"][0]["message"]);
    assert!(said.contains("bo asked at "), "{said}");
    refuse(&bo, "really").await.problem(409, "conflict");
    // Somebody keeps it: the next one is a first one again.
    assert_eq!(
        accept(&ada).await.ok()["decision"]["withdrawal"],
        Value::Null
    );
    accept(&bo).await.problem(409, "conflict");
    refuse(&bo, "it is in the way").await.ok();
    let refused = refuse(&ada, "agreed").await.ok();
    assert_eq!(refused["status"], "refused");
    let entry = newest().await;
    assert_eq!(
        (&entry["act"], &entry["actor"], &entry["detail"]["asked_by"]),
        (&json!("statement.refused"), &json!("ada"), &json!("bo"))
    );
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(of_statements(&plan), ["info"]);
    let said = text(&plan["advice"]["findings"][0]["message"]);
    assert!(
        said.contains("This was a rule until bo and ada took it back at "),
        "{said}"
    );
    // One person makes a rule of it again.
    assert_eq!(accept(&bo).await.ok()["status"], "accepted");
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(of_statements(&plan), ["high"]);
}

#[tokio::test]
async fn a_decision_is_durable_and_stale_when_its_passage_changes() {
    let house = House::new().await;
    write(&house, WINDOW).await;
    let found = suggestions(&house).await;
    decide(&house, &found[0], "accept").await.ok();
    let house = house.restart().await;
    assert_eq!(statuses(&suggestions(&house).await), ["accepted"]);

    write(&house, &WINDOW.replace("No deploys", "Please: no deploys")).await;
    let changed = suggestions(&house).await;
    assert_eq!(statuses(&changed), ["pending", "stale"]);
    assert_ne!(changed[0]["id"], found[0]["id"]);
    assert_eq!(changed[1]["id"], found[0]["id"]);
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(of_statements(&plan), ["warning"]);
    decide(&house, &found[0], "accept")
        .await
        .problem(404, "not_found");
    // What it was is back: so is the decision.
    write(&house, WINDOW).await;
    assert_eq!(statuses(&suggestions(&house).await), ["accepted"]);
}

#[tokio::test]
async fn accepted_approvals_are_counted_and_unknown_suggestions_refused() {
    let house = House::new().await;
    house.token_of("bo").await;
    write(&house, NEVER).await;
    let found = suggestions(&house).await;
    let approvals = found
        .iter()
        .find(|one| one["kind"] == "approval_required")
        .unwrap();
    decide(&house, approvals, "accept").await.ok();
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    assert_eq!(plan["advice"]["requiredApprovals"], 2, "{plan:#}");
    let unknown = "/api/sops/suggestions/sug_0123456789abcdef/accept";
    house
        .post(unknown, json!({}))
        .await
        .problem(404, "not_found");
    let nonsense = "/api/sops/suggestions/x/accept";
    assert_eq!(house.post(nonsense, json!({})).await.status, 400);
    let stranger = Answer::of(house.request(Method::POST, unknown).json(&json!({}))).await;
    stranger.problem(401, "unauthorised");
}
