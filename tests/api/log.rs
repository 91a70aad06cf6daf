//! The log: what a request is found again by is in it, and no secret ever.

use std::io::Write;
use std::sync::{Mutex, Once};

use commander::cli::serve::{LogForm, log};
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::house::{Answer, House, text};

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Keeps the log of this process, in which all tests write, at its most talkative.
pub fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = "info,commander=trace,axum=trace,hyper=trace,tower=trace";
        let log = log(LogForm::Json, Some(filter), Keeper);
        tracing::subscriber::set_global_default(log).unwrap();
    });
}

struct Keeper;

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        WRITTEN.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Keeper {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        Self
    }
}

pub fn written() -> String {
    String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_a_request_has_its_id_and_each_of_an_execution_its_plan() {
    let house = House::with_engine().await;
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let id = format!("test-{}", text(&plan["id"]));
    let approve = house
        .authorised(
            Method::POST,
            &format!("/api/plans/{}/approve", text(&plan["id"])),
        )
        .header("x-request-id", &id)
        .json(&json!({ "digest": plan["digest"] }));
    let approved = Answer::of(approve).await.ok();
    let execution = text(&approved["execution"]["id"]).to_owned();
    let path = format!("/api/executions/{execution}/events");
    house.stream(&path, None).await.read_out().await;
    // The last line comes after the last event.
    house.serving.stop().await;
    let log = written();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_request: Vec<&Value> = lines
        .iter()
        .filter(|line| line["span"]["correlation"] == id.as_str())
        .collect();
    let said = |what: &str| of_request.iter().any(|line| line["message"] == what);
    assert!(said("approved") && said("answered"), "{of_request:#?}");
    assert!(of_request.iter().all(|l| l["span"]["path"].is_string()));
    let of_execution: Vec<&Value> = lines
        .iter()
        .filter(|line| line["span"]["id"] == execution.as_str())
        .collect();
    assert!(!of_execution.is_empty());
    assert!(
        of_execution
            .iter()
            .all(|line| line["span"]["plan"] == plan["id"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_cookie_or_csrf_value_is_ever_logged() {
    let house = House::new().await;
    let named = house.token_of("cy").await;
    let sign_in = |token: &str| {
        let request = house.request(Method::POST, "/api/session");
        Answer::of(request.json(&json!({ "token": token })))
    };
    let printed = house.serving.sign_in_token.clone();
    let session = sign_in(&printed).await;
    let cookie = session.headers[SET_COOKIE].to_str().unwrap().to_owned();
    let csrf = text(&session.ok()["csrf"]).to_owned();
    let wrong = "tok_wrong-but-perhaps-somebodys-elsewhere";
    sign_in(wrong).await.problem(401, "unauthorised");
    let request = house.request(Method::GET, "/api/plans").bearer_auth(wrong);
    Answer::of(request).await.problem(401, "unauthorised");
    let request = house
        .request(Method::POST, "/api/commands/parse")
        .header(COOKIE, &cookie)
        .header("x-commander-csrf", &csrf)
        .json(&json!({ "text": "deploy shop v1.0.0 to staging" }));
    Answer::of(request).await.ok();
    let request = house.request(Method::GET, &format!("/api/plans?limit={named}"));
    Answer::of(request.bearer_auth(&named))
        .await
        .problem(400, "bad_request");
    let cookie = cookie.split(['=', ';']).nth(1).unwrap();
    let own = house.serving.own.token.clone();
    house.serving.stop().await;
    let log = written();
    for secret in [&own, &named, &printed, &csrf, wrong, cookie] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
}
