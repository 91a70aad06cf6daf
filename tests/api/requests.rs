//! Requests that cannot be answered as they are: each is told why, in one shape.

use reqwest::Method;
use serde_json::json;

use super::house::{Answer, House, text};

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_with_a_sentence() {
    let house = House::new().await;
    let parse = || house.authorised(Method::POST, "/api/commands/parse");
    let as_json = |body: &'static str| {
        parse()
            .header("content-type", "application/json")
            .body(body)
    };
    for body in [
        "",
        "{",
        "[]",
        "{}",
        "{\"text\":1}",
        "{\"text\":\"x\",\"tex\":1}",
    ] {
        let problem = Answer::of(as_json(body)).await.problem(400, "bad_request");
        assert!(text(&problem["detail"]).len() > 20, "{problem}");
    }
    let invalid = as_json("").body(b"{\"text\":\"\xff\"}".to_vec());
    Answer::of(invalid).await.problem(400, "bad_request");
    let plain = parse().body("deploy shop");
    Answer::of(plain)
        .await
        .problem(415, "unsupported_media_type");
    let thread = json!({ "text": "x", "threadId": "../../etc" });
    house
        .post("/api/commands/parse", thread)
        .await
        .problem(400, "bad_request");
}

#[tokio::test]
async fn paths_and_queries_are_checked_too() {
    let house = House::new().await;
    for path in [
        "/api/plans/x",
        "/api/executions/pln_018f3c5e7d0a7c31b2a44f6f0c9d1e22",
        "/api/plans?limit=0",
        "/api/plans?limit=501",
        "/api/plans?limit=many",
        "/api/plans?status=done",
        "/api/plans?serivce=shop",
        "/api/releases?service=..%2F..%2Fetc",
        "/api/audit?after=-1",
        "/api/events?topics=plan,nonsense",
        "/api/sops/search",
        "/api/services/shop/refs?q=x&limit=0",
    ] {
        house.get(path).await.problem(400, "bad_request");
    }
    let listed = house.get("/api/plans?limit=500&service=shop&environment=staging&status=approved");
    assert_eq!(listed.await.ok(), json!({ "items": [] }));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let house = House::new().await;
    let digits = "018f3c5e7d0a7c31b2a44f6f0c9d1e22";
    for path in [
        format!("/api/plans/pln_{digits}"),
        format!("/api/executions/exe_{digits}"),
        format!("/api/executions/exe_{digits}/events"),
        format!("/api/executions/exe_{digits}/logs"),
        format!("/api/releases/rel_{digits}"),
        format!("/api/releases/rel_{digits}/logs"),
        format!("/api/watches/wat_{digits}"),
        format!("/api/incidents/inc_{digits}"),
        "/api/services/nothing/refs".to_owned(),
        "/api".to_owned(),
        "/nowhere".to_owned(),
        "/../etc/passwd".to_owned(),
    ] {
        house.get(&path).await.problem(404, "not_found");
    }
    let frozen = "/api/services/shop/environments/staging/freeze";
    house.delete(frozen).await.problem(404, "not_found");
    let back = json!({ "service": "nothing", "environment": "staging" });
    house
        .post("/api/rollbacks", back)
        .await
        .problem(404, "not_found");
    let back = json!({ "service": "shop", "environment": "staging" });
    house
        .post("/api/rollbacks", back)
        .await
        .problem(422, "nothing_live");
}

#[tokio::test]
async fn a_method_that_a_route_does_not_have_is_said_so() {
    let house = House::new().await;
    for (method, path) in [
        (Method::DELETE, "/api/plans"),
        (Method::PUT, "/api/commands/parse"),
        (Method::POST, "/health"),
        (Method::POST, "/metrics"),
        (Method::GET, "/api/sops/reindex"),
        (Method::POST, "/"),
    ] {
        let answer = Answer::of(house.authorised(method, path)).await;
        answer.problem(405, "method_not_allowed");
        assert!(answer.headers.contains_key("allow"));
    }
}

#[tokio::test]
async fn hc_69_a_body_of_more_than_64_kib_is_refused_and_a_long_sentence_is_answered_at_once() {
    let house = House::new().await;
    let said = |length: usize| json!({ "text": "a ".repeat(length / 2) });
    for path in [
        "/api/commands/parse",
        "/api/commands/preview",
        "/api/session",
    ] {
        let body = json!({ "text": "x".repeat(1024 * 1024), "token": "x" });
        house.post(path, body).await.problem(413, "too_large");
    }
    let begun = std::time::Instant::now();
    house.post("/api/commands/preview", said(60_000)).await.ok();
    assert!(begun.elapsed().as_millis() < 3_000, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_request_is_known_by_the_callers_id_or_by_a_new_one() {
    let house = House::new().await;
    let named = house
        .authorised(Method::GET, "/api/plans/x")
        .header("x-request-id", "ci-42");
    let problem = Answer::of(named).await.problem(400, "bad_request");
    assert_eq!(problem["correlationId"], "ci-42");
    let forged = house
        .authorised(Method::GET, "/api/plans/x")
        .header("x-request-id", "a b\tc");
    let problem = Answer::of(forged).await.problem(400, "bad_request");
    assert!(text(&problem["correlationId"]).starts_with("req_"));
    let fine = house.get("/api/plans").await;
    assert!(
        fine.headers["x-request-id"]
            .to_str()
            .unwrap()
            .starts_with("req_")
    );
}
