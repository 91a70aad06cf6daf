//! What somebody would try who means harm, or a program that has gone wrong.

use commander::domain::text::is_printable;
use reqwest::Method;
use reqwest::header::{COOKIE, HOST, ORIGIN};
use serde_json::{Value, json};

use super::access::Session;
use super::house::{Answer, House, text};

/// What steers a terminal or a reader's eye.
const STEERING: &str = "a\u{1b}[2J\u{202e}b\u{200b}\u{7}c\u{2066}d\r\ne\u{e0041}";

#[tokio::test]
async fn a_name_that_only_looks_like_loopback_is_not_ours() {
    let house = House::new().await;
    for host in [
        "127.0.0.1.nip.io",
        "127.1",
        "0.0.0.0",
        "0x7f000001",
        "2130706433",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]:7070",
        "localhost.",
        "localhost@evil.example",
        "evil.example#localhost",
        "localhost, evil.example",
    ] {
        let request = house
            .authorised(Method::GET, "/api/plans")
            .header(HOST, host);
        Answer::of(request).await.problem(403, "forbidden_origin");
    }
    for origin in [
        "null",
        "http://[::]",
        "http://127.0.0.1@evil.example",
        "http://localhost.",
        "http://localhost:7070/",
        "HTTP://evil.example",
        "chrome-extension://localhost",
        "http://localhost http://evil.example",
        "",
    ] {
        let session = Session::open(&house).await;
        let request = house
            .request(Method::POST, "/api/commands/parse")
            .header(COOKIE, &session.cookie)
            .header("x-commander-csrf", &session.csrf)
            .header(ORIGIN, origin)
            .json(&json!({ "text": "status" }));
        Answer::of(request).await.problem(403, "forbidden_origin");
    }
    for origin in [
        "http://[::1]:7070",
        "http://127.0.0.1:1",
        "https://localhost",
    ] {
        let request = house.authorised(Method::GET, "/api/plans");
        Answer::of(request.header(ORIGIN, origin)).await.ok();
    }
}

#[tokio::test]
async fn no_page_of_another_origin_is_let_in_by_a_preflight() {
    let house = House::new().await;
    for origin in ["https://evil.example", "http://localhost:3000"] {
        let ask = house
            .request(Method::OPTIONS, "/api/commands/parse")
            .header(ORIGIN, origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-commander-csrf");
        let answer = Answer::of(ask).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
        let cors = |name: &str| name.starts_with("access-control");
        assert!(!answer.headers.keys().any(|name| cors(name.as_str())));
    }
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing() {
    let house = House::new().await;
    let session = Session::open(&house).await;
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let id = text(&plan["id"]);
    let digits = "018f3c5e7d0a7c31b2a44f6f0c9d1e22";
    for (method, path) in [
        ("POST", format!("/api/plans/{id}/approve")),
        ("POST", format!("/api/plans/{id}/reject")),
        ("POST", format!("/api/plans/{id}/refresh")),
        ("POST", format!("/api/executions/exe_{digits}/cancel")),
        ("POST", format!("/api/releases/rel_{digits}/verify")),
        ("PUT", format!("/api/releases/rel_{digits}/quarantine")),
        ("DELETE", format!("/api/releases/rel_{digits}/quarantine")),
        ("POST", "/api/rollbacks".to_owned()),
        ("POST", format!("/api/watches/wat_{digits}/stop")),
        (
            "DELETE",
            "/api/services/shop/environments/staging/freeze".to_owned(),
        ),
        ("POST", "/api/sops/reindex".to_owned()),
        (
            "POST",
            "/api/sops/suggestions/sug_0123456789abcdef/accept".to_owned(),
        ),
        (
            "POST",
            "/api/sops/suggestions/sug_0123456789abcdef/refuse".to_owned(),
        ),
        ("POST", "/api/tokens".to_owned()),
        ("DELETE", "/api/tokens/bo".to_owned()),
        ("DELETE", "/api/session".to_owned()),
        ("POST", "/api/commands/preview".to_owned()),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = house.request(method, &path).header(COOKIE, &session.cookie);
        // The value of another session is none of this one.
        let other = Session::open(&house).await;
        let with_other = request
            .try_clone()
            .unwrap()
            .header("x-commander-csrf", &other.csrf);
        let body = json!({ "digest": plan["digest"] });
        for request in [request.json(&body), with_other.json(&body)] {
            Answer::of(request).await.problem(403, "csrf_required");
        }
    }
    let path = format!("/api/plans/{id}");
    assert_eq!(house.get(&path).await.ok()["status"], "pending_approval");
    // A method that a browser sends across sites cannot be turned into another one.
    let request = house
        .request(Method::GET, &format!("{path}/approve"))
        .header(COOKIE, &session.cookie)
        .header("x-http-method-override", "POST");
    Answer::of(request).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_body_is_json_of_the_described_form_and_nothing_else() {
    let house = House::new().await;
    let send = |kind: &str, body: String| {
        let request = house.authorised(Method::POST, "/api/commands/parse");
        Answer::of(request.header("content-type", kind).body(body))
    };
    let said = json!({ "text": "status" }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/plain; application/json",
    ] {
        let answer = send(kind, said.clone()).await;
        answer.problem(415, "unsupported_media_type");
    }
    send("application/json; charset=utf-8", said).await.ok();
    for body in [
        format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)),
        format!("{{\"text\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000)),
        "{\"a\":".repeat(10_000),
        "{\"text\":\"a\",\"text\":\"b\"}".to_owned(),
        "{\"text\":\"a\"} {}".to_owned(),
        "{\"text\":\"\\ud800\"}".to_owned(),
        "{\"text\":null}".to_owned(),
        "{\"text\":1e999}".to_owned(),
        "\u{feff}{\"text\":\"a\"}".to_owned(),
    ] {
        let answer = send("application/json", body).await;
        answer.problem(400, "bad_request");
    }
    // Each body refuses what it does not know.
    let id = "018f3c5e7d0a7c31b2a44f6f0c9d1e22";
    let own = house.serving.own.token.clone();
    for (method, path, mut body) in [
        (
            "POST",
            "/api/commands/preview".to_owned(),
            json!({ "text": "x" }),
        ),
        ("POST", "/api/session".to_owned(), json!({ "token": own })),
        ("POST", "/api/tokens".to_owned(), json!({ "name": "bo" })),
        (
            "POST",
            format!("/api/plans/pln_{id}/approve"),
            json!({ "digest": format!("sha256:{:064}", 0) }),
        ),
        (
            "POST",
            format!("/api/plans/pln_{id}/reject"),
            json!({ "reason": "x" }),
        ),
        (
            "POST",
            format!("/api/executions/exe_{id}/cancel"),
            json!({ "reason": "x" }),
        ),
        (
            "PUT",
            format!("/api/releases/rel_{id}/quarantine"),
            json!({ "reason": "x" }),
        ),
        (
            "POST",
            "/api/rollbacks".to_owned(),
            json!({ "service": "shop", "environment": "staging" }),
        ),
    ] {
        body["admin"] = json!(true);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = Answer::of(house.authorised(method, &path).json(&body)).await;
        let problem = answer.problem(400, "bad_request");
        assert!(
            text(&problem["detail"]).contains("admin"),
            "{path}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_path_leads_to_its_route_and_nowhere_else() {
    let house = House::new().await;
    let id = "018f3c5e7d0a7c31b2a44f6f0c9d1e22";
    for path in [
        "/api/../api/plans".to_owned(),
        "//api/plans".to_owned(),
        "/api//plans".to_owned(),
        "/api/plans/".to_owned(),
        "/API/plans".to_owned(),
        "/api/plans;x=y".to_owned(),
        "/api%2Fplans".to_owned(),
        "/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/web/index.html".to_owned(),
        "/index.html".to_owned(),
        "/api/plans/..%2f..%2fstatus".to_owned(),
        "/api/plans/%00".to_owned(),
        "/api/plans/%ff".to_owned(),
        format!("/api/plans/exe_{id}"),
        format!("/api/plans/pln_{}", id.to_uppercase()),
        format!("/api/plans/pln_{id}0"),
        format!("/api/plans/pln_{id}%0a"),
        format!("/api/executions/rel_{id}/events"),
        format!("/api/releases/inc_{id}"),
        format!("/api/watches/pln_{id}"),
        format!("/api/incidents/wat_{id}"),
        "/api/services/SHOP/refs".to_owned(),
        "/api/services/shop%2f..%2fshop/refs".to_owned(),
        "/api/plans?limit=4294967296".to_owned(),
        "/api/plans?limit=1&limit=2".to_owned(),
        "/api/plans?limit=1e2".to_owned(),
        "/api/plans?service=%F0%9F%92%A5".to_owned(),
        "/api/watches?limit=100000".to_owned(),
    ] {
        let answer = house.get(&path).await;
        match answer.status.as_u16() {
            400 => answer.problem(400, "bad_request"),
            // The client itself takes the dots out of the first one.
            200 if path == "/api/../api/plans" => continue,
            _ => answer.problem(404, "not_found"),
        };
    }
}

#[tokio::test]
async fn what_people_write_is_stored_without_what_steers_a_reader() {
    let house = House::new().await;
    let all_printable = |value: &Value| {
        let json = value.to_string();
        // JSON escapes what steers a terminal, and would hide it from this look.
        assert!(json.chars().all(is_printable), "{json}");
        assert!(!json.contains("\\u00") && !json.contains("\\r"), "{json}");
    };
    let said = format!("deploy shop v1.0.0 to staging {STEERING}");
    let asked = house
        .post("/api/commands/parse", json!({ "text": said }))
        .await
        .ok();
    assert_eq!(asked["plans"], json!([]));
    all_printable(&asked);
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let path = format!("/api/plans/{}/reject", text(&plan["id"]));
    all_printable(&house.post(&path, json!({ "reason": STEERING })).await.ok());
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let path = format!("/api/plans/{}/approve", text(&plan["id"]));
    let yes = json!({ "digest": plan["digest"], "comment": STEERING });
    let approved = house.post(&path, yes).await.ok();
    all_printable(&approved);
    let path = format!(
        "/api/executions/{}/cancel",
        text(&approved["execution"]["id"])
    );
    let cancelled = house.post(&path, json!({ "reason": STEERING })).await;
    assert!(
        [200, 409].contains(&cancelled.status.as_u16()),
        "{cancelled:?}"
    );
    for path in ["/api/audit?limit=500", "/api/plans", "/api/executions"] {
        all_printable(&house.get(path).await.ok());
    }
    for name in [STEERING, "a\u{202e}b", "Ada", "-a", "a b", ""] {
        let named = house.post("/api/tokens", json!({ "name": name })).await;
        let problem = named.problem(400, "bad_request");
        all_printable(&problem);
    }
    for path in [
        "/api/plans/%1b%5B2J%e2%80%ae",
        "/api/plans?status=%1b%5B2J%e2%80%ae",
        "/api/services/%1b/refs",
    ] {
        all_printable(&house.get(path).await.problem(400, "bad_request"));
    }
}

#[tokio::test]
async fn the_data_directory_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::with_engine().await;
    house.failed_execution().await;
    house.get("/api/status").await.ok();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&house.data()) & 0o777, 0o700);
    for name in [
        "cli.token",
        "server.json",
        "commander.db",
        "commander.db-wal",
    ] {
        let mode = mode(&house.data().join(name));
        assert_eq!(mode & 0o777, 0o600, "{name}: {mode:o}");
    }
    // No secret of a person is in it but the owner's own token, in its file.
    let token = house.token_of("bo").await;
    let session = Session::open_with(&house, &token).await;
    let cookie = session.cookie.split('=').nth(1).unwrap();
    for secret in [&token, cookie, &session.csrf, &house.serving.sign_in_token] {
        assert!(house.files_with(secret).is_empty());
    }
    // Nor is it answered to who only reads.
    for path in [
        "/api/tokens",
        "/api/audit",
        "/api/status",
        "/metrics",
        "/health/detailed",
    ] {
        let answer = house.get(path).await;
        for secret in [&token, cookie, &session.csrf] {
            assert!(!answer.body.contains(secret), "{path}");
        }
    }
}
