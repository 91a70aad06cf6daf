//! Who may do what, and how a browser signs in.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use super::house::{Answer, House, text};

/// Every route that needs a person, by a path that could exist.
const CLOSED: [(&str, &str); 47] = [
    ("POST", "/api/commands/parse"),
    ("POST", "/api/commands/preview"),
    ("GET", "/api/services"),
    ("GET", "/api/services/shop/refs"),
    ("DELETE", "/api/services/shop/environments/staging/freeze"),
    ("GET", "/api/plans"),
    ("GET", "/api/plans/x"),
    ("GET", "/api/plans/x/approvals"),
    ("POST", "/api/executions/x/answer"),
    ("POST", "/api/plans/x/approve"),
    ("POST", "/api/plans/x/reject"),
    ("POST", "/api/plans/x/refresh"),
    ("GET", "/api/executions"),
    ("GET", "/api/executions/x"),
    ("GET", "/api/executions/x/events"),
    ("GET", "/api/executions/x/journal"),
    ("GET", "/api/executions/x/comparison"),
    ("POST", "/api/executions/x/rerun"),
    ("GET", "/api/executions/x/logs"),
    ("POST", "/api/executions/x/cancel"),
    ("GET", "/api/releases"),
    ("GET", "/api/releases/x"),
    ("POST", "/api/releases/x/verify"),
    ("PUT", "/api/releases/x/quarantine"),
    ("DELETE", "/api/releases/x/quarantine"),
    ("GET", "/api/releases/x/logs"),
    ("POST", "/api/rollbacks"),
    ("GET", "/api/watches"),
    ("GET", "/api/watches/x"),
    ("GET", "/api/watches/x/points"),
    ("POST", "/api/watches/x/stop"),
    ("GET", "/api/incidents"),
    ("GET", "/api/incidents/x"),
    ("GET", "/api/sops"),
    ("GET", "/api/sops/search"),
    ("POST", "/api/sops/reindex"),
    ("GET", "/api/sops/suggestions"),
    ("POST", "/api/sops/suggestions/x/accept"),
    ("POST", "/api/sops/suggestions/x/refuse"),
    ("GET", "/api/audit"),
    ("GET", "/api/audit/verification"),
    ("GET", "/api/status"),
    ("GET", "/api/events"),
    ("DELETE", "/api/session"),
    ("POST", "/api/tokens"),
    ("GET", "/api/tokens"),
    ("DELETE", "/api/tokens/x"),
];

const OPEN: [(&str, &str); 6] = [
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/health/detailed"),
    ("GET", "/metrics"),
    ("POST", "/api/session"),
];

#[tokio::test]
async fn every_route_but_the_open_ones_asks_who_you_are() {
    let house = House::new().await;
    for (method, path) in CLOSED {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = Answer::of(house.request(method, path)).await;
        answer.problem(401, "unauthorised");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    for (method, path) in OPEN {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = Answer::of(house.request(method, path)).await;
        assert!(![401, 404, 405].contains(&answer.status.as_u16()), "{path}");
    }
    // The lists above are whole: they and the description name the same operations.
    let described = serde_json::to_value(commander::api::document()).unwrap();
    let described: BTreeSet<String> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let answered: BTreeSet<String> = CLOSED
        .iter()
        .chain(&OPEN)
        .map(|(method, path)| {
            let template = described
                .iter()
                .filter_map(|operation| operation.strip_prefix(method)?.strip_prefix(' '))
                .find(|template| fits(template, path));
            format!("{method} {}", template.unwrap_or(path))
        })
        .collect();
    assert_eq!(described, answered);
}

/// A name in braces stands for any one part.
fn fits(template: &str, path: &str) -> bool {
    let parts = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (template, path) = (parts(template), parts(path));
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(t, p)| t.starts_with('{') || t == p)
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_and_a_session_does_not_stand_in_for_it() {
    let house = House::new().await;
    let session = Session::open(&house).await;
    for wrong in ["Bearer tok_wrong", "Bearer ", "Basic YWRhOng="] {
        let request = house
            .request(Method::GET, "/api/plans")
            .header(COOKIE, &session.cookie)
            .header(AUTHORIZATION, wrong);
        Answer::of(request).await.problem(401, "unauthorised");
    }
}

#[tokio::test]
async fn the_printed_token_signs_in_once() {
    let house = House::new().await;
    let body = json!({ "token": house.serving.sign_in_token });
    let sign_in = || house.request(Method::POST, "/api/session").json(&body);
    let first = Answer::of(sign_in()).await;
    assert_eq!(first.ok()["person"], house.serving.own.name.as_str());
    let cookie = first.headers[SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let instance = house.serving.app.flow.instance.to_string();
    assert!(cookie.starts_with(&format!("commander_{instance}=")));
    Answer::of(sign_in()).await.problem(401, "unauthorised");
}

#[tokio::test]
async fn the_cookie_reads_and_changes_only_with_the_value_from_the_sign_in() {
    let house = House::new().await;
    let session = Session::open(&house).await;
    let read = house
        .request(Method::GET, "/api/status")
        .header(COOKIE, &session.cookie);
    let status = Answer::of(read).await.ok();
    assert_eq!(status["you"], house.serving.own.name.as_str());
    let change = || {
        house
            .request(Method::POST, "/api/commands/parse")
            .header(COOKIE, &session.cookie)
            .json(&json!({ "text": "deploy shop v1.0.0 to staging" }))
    };
    Answer::of(change()).await.problem(403, "csrf_required");
    let guessed = change().header("x-commander-csrf", "guessed");
    Answer::of(guessed).await.problem(403, "csrf_required");
    let asked = change().header("x-commander-csrf", &session.csrf);
    let asked = Answer::of(asked).await.ok();
    let plan = &asked["plans"][0];
    assert_eq!(plan["origin"]["surface"], "web");
    // A service on another port of this host receives the cookie with every visit of its page;
    // with it alone it must get nothing by which it could change something.
    for (method, path) in CLOSED.iter().filter(|(method, _)| *method == "GET") {
        if path.ends_with("events") || path.ends_with("logs") {
            continue;
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = house.request(method, path).header(COOKIE, &session.cookie);
        let answer = Answer::of(request).await;
        assert!(!answer.body.contains(&session.csrf), "{path}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let house = House::new().await;
    let session = Session::open(&house).await;
    let out = house
        .request(Method::DELETE, "/api/session")
        .header(COOKIE, &session.cookie)
        .header("x-commander-csrf", &session.csrf);
    assert_eq!(Answer::of(out).await.status, 204);
    let read = house
        .request(Method::GET, "/api/plans")
        .header(COOKIE, &session.cookie);
    Answer::of(read).await.problem(401, "unauthorised");
}

#[tokio::test]
async fn a_token_is_shown_once_named_and_ends_with_its_sessions() {
    let house = House::new().await;
    let token = house.token_of("bo").await;
    let listed = house.get("/api/tokens").await;
    assert!(listed.ok()["items"].to_string().contains("\"bo\""));
    assert!(!listed.body.contains(&token));
    house
        .post("/api/tokens", json!({ "name": "bo" }))
        .await
        .problem(409, "conflict");
    for reserved in ["commander", "policy"] {
        house
            .post("/api/tokens", json!({ "name": reserved }))
            .await
            .problem(400, "invalid_input");
    }
    let session = Session::open_with(&house, &token).await;
    let read = || {
        let request = house.request(Method::GET, "/api/status");
        request.header(COOKIE, &session.cookie)
    };
    assert_eq!(Answer::of(read()).await.ok()["you"], "bo");
    assert_eq!(house.delete("/api/tokens/bo").await.status, 204);
    Answer::of(read()).await.problem(401, "unauthorised");
    let revoked = house.request(Method::GET, "/api/plans").bearer_auth(&token);
    Answer::of(revoked).await.problem(401, "unauthorised");
    house
        .delete("/api/tokens/bo")
        .await
        .problem(404, "not_found");
    // The same person may be let in again, with another token.
    assert_ne!(house.token_of("bo").await, token);
    let acts = house.get("/api/audit").await.ok();
    let acts: Vec<&Value> = acts["items"].as_array().unwrap().iter().collect();
    let acts: Vec<&str> = acts
        .iter()
        .filter(|row| row["subject"] == "bo")
        .map(|row| text(&row["act"]))
        .collect();
    assert_eq!(acts, ["token.added", "token.revoked", "token.added"]);
    // Of the tokens that the database keeps there are only hashes.
    assert!(house.files_with(&token).is_empty());
}

#[tokio::test]
async fn the_token_file_outlives_the_server_and_only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new().await;
    let own = house.serving.own.token.clone();
    let file = house.data().join("cli.token");
    for name in ["cli.token", "server.json"] {
        let mode = std::fs::metadata(house.data().join(name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), own);
    assert_eq!(house.files_with(&own), std::slice::from_ref(&file));
    let server = std::fs::read(house.data().join("server.json")).unwrap();
    let server: Value = serde_json::from_slice(&server).unwrap();
    assert_eq!(server["address"], house.serving.address.to_string());
    assert_eq!(server["pid"], std::process::id());

    let house = house.restart().await;
    assert_eq!(house.serving.own.token, own);
    house.get("/api/plans").await.ok();
    // Who lost the file gets another token under the same name, and the lost one ends.
    std::fs::remove_file(&file).unwrap();
    let name = house.serving.own.name.clone();
    let house = house.restart().await;
    assert_eq!(house.serving.own.name, name);
    let lost = house.request(Method::GET, "/api/plans").bearer_auth(&own);
    Answer::of(lost).await.problem(401, "unauthorised");
    house.get("/api/plans").await.ok();
}

pub struct Session {
    pub cookie: String,
    pub csrf: String,
}

impl Session {
    pub async fn open(house: &House) -> Self {
        Self::open_with(house, &house.serving.own.token).await
    }

    pub async fn open_with(house: &House, token: &str) -> Self {
        let request = house.request(Method::POST, "/api/session");
        let answer = Answer::of(request.json(&json!({ "token": token }))).await;
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        Self {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            csrf: text(&answer.ok()["csrf"]).to_owned(),
        }
    }
}
