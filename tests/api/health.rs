//! Health, status and metrics.

use reqwest::Method;
use serde_json::{Value, json};

use super::house::{Answer, House, text};

#[tokio::test]
async fn a_process_lives_also_where_it_cannot_work() {
    let house = House::new().await;
    let ask = |path: &'static str| Answer::of(house.request(Method::GET, path));
    assert_eq!(ask("/health/live").await.ok(), json!({ "status": "ok" }));
    for path in ["/health", "/health/ready", "/health/detailed"] {
        let answer = ask(path).await;
        assert_eq!(answer.status, 503, "{path}: there is no Docker");
        let health: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(health["ready"], false);
        assert_eq!(health["store"]["state"], "up");
        assert_eq!(health["docker"]["state"], "down");
        assert!(text(&health["docker"]["sentence"]).contains("docker.sock"));
        assert!(health["docker"]["latencyMs"].as_f64().unwrap() < 2_500.0);
    }
    let detailed: Value = serde_json::from_str(&ask("/health/detailed").await.body).unwrap();
    assert!(detailed["databaseBytes"].as_u64().unwrap() > 10_000);
    assert!(detailed["dataDirFreeBytes"].as_u64().unwrap() > 0);
    assert_eq!(detailed["prometheus"], Value::Null);
}

#[tokio::test]
async fn a_process_that_can_work_is_ready() {
    let house = House::with_engine().await;
    for path in ["/health", "/health/ready", "/health/detailed"] {
        let health = Answer::of(house.request(Method::GET, path)).await.ok();
        assert_eq!(health["ready"], true, "{path}: {health:#}");
        assert_eq!(health["docker"]["state"], "up", "{path}");
    }
}

#[tokio::test]
async fn a_prometheus_that_does_not_answer_is_shown_and_no_reason_not_to_be_ready() {
    let house = House::with("[watchdog]\nprometheus = \"http://127.0.0.1:1\"").await;
    let answer = house.get("/health/detailed").await;
    let health: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(health["prometheus"]["state"], "down", "{health:#}");
}

#[tokio::test]
async fn the_status_counts_what_needs_an_eye() {
    let house = House::new().await;
    house.plan("deploy shop v1.0.0 to staging").await;
    let status = house.get("/api/status").await.ok();
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["instance"], house.serving.app.flow.instance.as_ref());
    assert_eq!(status["you"], house.serving.own.name.as_str());
    assert_eq!(status["counts"]["pendingPlans"], 1);
    assert_eq!(status["counts"]["openIncidents"], 0);
    assert_eq!(status["docker"]["state"], "down");
    assert!(status["uptimeSeconds"].is_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_count_what_happened() {
    let house = House::with_engine().await;
    house.failed_execution().await;
    house.get("/api/plans/x").await.problem(400, "bad_request");
    let text = loop {
        let text = Answer::of(house.request(Method::GET, "/metrics"))
            .await
            .body;
        // Counted a moment after it was committed.
        if text.contains("commander_executions_total") {
            break text;
        }
        tokio::task::yield_now().await;
    };
    for line in [
        "commander_commands_total{outcome=\"plan\"} 1",
        "commander_plans_total{event=\"stored\"} 1",
        "commander_plans_total{event=\"approved\"} 1",
        "commander_executions_total{action=\"deploy\",end=\"failed\"} 1",
        "commander_step_seconds_count{kind=\"fetch_source\"} 1",
        "commander_step_seconds_count{kind=\"build_image\"} 1",
        "commander_http_requests_total{method=\"POST\",route=\"/api/plans/{id}/approve\",status=\"200\"} 1",
        "commander_http_requests_total{method=\"GET\",route=\"/api/plans/{id}\",status=\"400\"} 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    for name in ["shop", "staging", "v1.0.0", house.serving.own.name.as_str()] {
        let labels = format!("\"{name}\"");
        assert!(!text.contains(&labels), "{name} is nobody's business");
    }
}

#[tokio::test]
async fn anybody_who_reads_the_trail_may_have_it_verified() {
    let house = House::new().await;
    house.plan("deploy shop v1.0.0 to staging").await;
    let verified = house.get("/api/audit/verification").await.ok();
    assert_eq!(verified["broken"], json!(null));
    let rows = house.get("/api/audit?limit=500").await.ok();
    let last = rows["items"].as_array().unwrap().first().unwrap();
    assert_eq!(verified["found"]["auditRows"], last["seq"]);
    assert_eq!(verified["found"]["head"], last["hash"]);
}
