//! What is answered is what the description says.

use commander::domain::release::{Presence, Quality};
use commander::domain::transition::{Change, Transition};
use reqwest::Method;
use serde_json::{Value, json};

use super::house::{Answer, House, text};
use super::ledger;
use super::schema::assert_fits;

struct Described(Value);

impl Described {
    fn new() -> Self {
        Self(serde_json::to_value(commander::api::document()).unwrap())
    }

    /// The schema of what an operation answers with a status and a content type.
    fn schema(&self, method: &str, path: &str, status: &str, kind: &str) -> &Value {
        let operation = &self.0["paths"][path][method];
        let schema = &operation["responses"][status]["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path} {status} {kind}");
        schema
    }

    #[track_caller]
    fn check(&self, method: &str, path: &str, answer: &Answer) {
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let kind = answer.headers["content-type"].to_str().unwrap();
        let status = match kind {
            "application/problem+json" => "default",
            _ => answer.status.as_str(),
        };
        assert_fits(&self.0, self.schema(method, path, status, kind), &body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_is_of_its_schema() {
    let house = House::with_engine().await;
    let described = Described::new();
    let execution = house.failed_execution().await;
    let plan = house.plan("deploy shop main to production").await;
    let plan = text(&plan["id"]);
    let release = ledger::release(1, Presence::Standby, Quality::Verified);
    let release_id = release.id.clone();
    let store = Change::StoreRelease(Box::new(release));
    let write = house
        .serving
        .app
        .flow
        .store
        .write(Transition::of(vec![store]));
    write.await.unwrap();
    for (template, path) in [
        ("/api/plans", "/api/plans".to_owned()),
        ("/api/plans/{id}", format!("/api/plans/{plan}")),
        ("/api/plans/{id}", "/api/plans/x".to_owned()),
        ("/api/executions", "/api/executions".to_owned()),
        (
            "/api/executions/{id}",
            format!("/api/executions/{execution}"),
        ),
        ("/api/releases", "/api/releases".to_owned()),
        ("/api/releases/{id}", format!("/api/releases/{release_id}")),
        ("/api/services", "/api/services".to_owned()),
        (
            "/api/services/{service}/refs",
            "/api/services/shop/refs".to_owned(),
        ),
        ("/api/watches", "/api/watches".to_owned()),
        ("/api/incidents", "/api/incidents".to_owned()),
        ("/api/sops", "/api/sops".to_owned()),
        ("/api/sops/suggestions", "/api/sops/suggestions".to_owned()),
        ("/api/audit", "/api/audit".to_owned()),
        ("/api/status", "/api/status".to_owned()),
        ("/api/tokens", "/api/tokens".to_owned()),
        ("/health", "/health".to_owned()),
        ("/health/live", "/health/live".to_owned()),
        ("/health/ready", "/health/ready".to_owned()),
        ("/health/detailed", "/health/detailed".to_owned()),
    ] {
        described.check("get", template, &house.get(&path).await);
    }
    for sentence in [
        "deploy shop v1.1.0 to production",
        "deploy shop",
        "what runs on staging?",
        "logs of shop on production",
        "make me a sandwich",
        "deploy shоp v1.0.0 to staging",
        "deploy shop v9.9.9 to staging",
    ] {
        for path in ["/api/commands/parse", "/api/commands/preview"] {
            let answer = house.post(path, json!({ "text": sentence })).await;
            described.check("post", path, &answer);
        }
    }
    let path = format!("/api/plans/{plan}/refresh");
    described.check(
        "post",
        "/api/plans/{id}/refresh",
        &house.post(&path, json!({})).await,
    );
    let quarantine = format!("/api/releases/{release_id}/quarantine");
    let put = house.authorised(Method::PUT, &quarantine);
    let put = Answer::of(put.json(&json!({ "reason": "leaks" }))).await;
    described.check("put", "/api/releases/{id}/quarantine", &put);
    let added = house.post("/api/tokens", json!({ "name": "bo" })).await;
    described.check("post", "/api/tokens", &added);
    let signed_in = json!({ "token": added.ok()["token"] });
    let signed_in = house.post("/api/session", signed_in).await;
    described.check("post", "/api/session", &signed_in);

    let events = format!("/api/executions/{execution}/events");
    let template = "/api/executions/{id}/events";
    let schema = described.schema("get", template, "200", "text/event-stream");
    for event in house.stream(&events, None).await.read_out().await {
        if event.event == "journal" {
            let told = serde_json::from_str(&event.data).unwrap();
            assert_fits(&described.0, schema, &told);
        }
    }
}
