//! What somebody types or pastes where it does not belong is kept nowhere.

use reqwest::Method;
use serde_json::{Value, json};

use super::access::Session;
use super::house::{Answer, House, text};
use super::log::written;

const PASSWORD: &str = "swordfish-7731-in-a-sentence";
const KEY: &str = "ghp_0123456789abcdefghijklmnopqrstuvwx";
const FILE: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";

#[tokio::test]
async fn a_secret_in_a_sentence_is_stored_logged_and_answered_nowhere() {
    let house = House::new().await;
    let own = house.token_of("eve").await;
    let sentences = [
        format!("deploy shop v1.0.0 to staging with password {PASSWORD}"),
        format!("deploy shop v1.0.0 to staging password={PASSWORD}"),
        format!("deploy shop v1.0.0 to staging with DB_PASSWORD={PASSWORD},{KEY}"),
        format!("deploy shop v1.0.0 to staging, secret: {PASSWORD}"),
        format!("deploy shop v1.0.0 to staging with token=\"{PASSWORD}\""),
        format!("deploy {KEY} of shop to staging"),
        format!("deploy https://ada:{PASSWORD}@example.com/shop to staging"),
        format!("deploy shop from https://example.com/x?token={PASSWORD}"),
        format!("use -----BEGIN PRIVATE KEY-----\n{FILE}\n{PASSWORD}\n-----END PRIVATE KEY-----"),
        format!("deploy shop v1.0.0 to staging as {own}"),
        // Too long to be read at all.
        format!(
            "deploy shop {} password={PASSWORD} {KEY}",
            "x ".repeat(4_000)
        ),
        format!(
            "password={PASSWORD} {KEY} {own} {FILE} {}",
            "x ".repeat(4_000)
        ),
    ];
    let secrets = [PASSWORD, KEY, FILE, &own];
    let mut thread = Value::Null;
    for (n, sentence) in sentences.iter().enumerate() {
        let key = format!("secret-{n}");
        let ask = || {
            let body = json!({ "text": sentence, "threadId": thread });
            let request = house.authorised(Method::POST, "/api/commands/parse");
            Answer::of(request.header("idempotency-key", &key).json(&body))
        };
        let asked = ask().await;
        let read = asked.ok();
        assert_eq!(read["plans"], json!([]), "{sentence}");
        assert_eq!(ask().await.ok()["commandId"], read["commandId"]);
        if sentence.len() < 4_096 {
            let warned = |warning: &Value| warning["code"] == "secret_in_text";
            let mut warnings = read["warnings"].as_array().unwrap().iter();
            let warning = warnings.find(|warning| warned(warning));
            let span = &warning.unwrap_or_else(|| panic!("{sentence}"))["span"];
            let place = |name: &str| span[name].as_u64().unwrap() as usize;
            let hidden = &sentence[place("start")..place("end")];
            assert!(secrets.iter().any(|s| hidden.contains(s)), "{hidden}");
        }
        let preview = house
            .post("/api/commands/preview", json!({ "text": sentence }))
            .await;
        for secret in secrets {
            assert!(!asked.body.contains(secret), "{sentence}");
            assert!(!preview.body.contains(secret), "{sentence}");
        }
        thread = read["threadId"].clone();
    }
    // What is said beside a decision is kept no more than a sentence.
    let remark = format!("go, the password is {PASSWORD} and the key {KEY}");
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let path = format!("/api/plans/{}/approve", text(&plan["id"]));
    let yes = json!({ "digest": plan["digest"], "comment": remark });
    let execution = house.post(&path, yes).await.ok()["execution"]["id"].clone();
    let path = format!("/api/executions/{}/cancel", text(&execution));
    house.post(&path, json!({ "reason": remark })).await;
    let plan = house.plan("deploy shop v1.0.0 to production").await;
    let path = format!("/api/plans/{}/reject", text(&plan["id"]));
    let rejected = house.post(&path, json!({ "reason": remark })).await;
    assert!(text(&rejected.ok()["reason"]).contains("go, the password is ****"));
    for path in ["/api/audit?limit=500", "/api/plans", "/api/executions"] {
        let answer = house.get(path).await;
        assert!(secrets.iter().all(|secret| !answer.body.contains(secret)));
    }
    // The files as they are while the server runs, with the log of the database, and after it.
    for secret in secrets {
        assert_eq!(house.files_with(secret), Vec::<std::path::PathBuf>::new());
    }
    assert!(
        !house
            .files_with("deploy shop v1.0.0 to staging with password *")
            .is_empty()
    );
    let house = house.restart().await;
    for secret in secrets {
        assert_eq!(house.files_with(secret), Vec::<std::path::PathBuf>::new());
        assert!(!written().contains(secret), "a secret is in the log");
    }
}

#[tokio::test]
async fn a_token_pasted_into_an_address_or_a_body_is_logged_nowhere() {
    let house = House::new().await;
    let token = house.token_of("fay").await;
    let session = Session::open(&house).await;
    let secrets = [&token, &session.csrf, &house.serving.sign_in_token];
    for secret in secrets {
        for path in [
            format!("/{secret}"),
            format!("/?t={secret}"),
            format!("/{secret}/{secret}?{secret}"),
            format!("/api/{secret}"),
            format!("/api/plans/{secret}"),
            format!("/api/plans/{secret}/"),
            format!("/api/plans/plan%20{secret}"),
            format!("/api/plans?{secret}"),
            format!("/api/plans?status={secret}"),
            format!("/api/plans?service={secret}"),
            format!("/api/plans?limit={secret}"),
            format!("/api/events?topics={secret}"),
            format!("/api/events?access_token={secret}"),
            format!("/api/executions/{secret}/logs?token={secret}"),
            format!("/api/services/{secret}/refs?q={secret}"),
            format!("/api/services/shop/refs?q={secret}"),
            format!("/api/sops/search?q={secret}"),
            format!("/health?token={secret}"),
            format!("/metrics?token={secret}"),
        ] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let request = house.authorised(method.clone(), &path);
                let answer = match path.contains("logs") || path.contains("events") {
                    // Not every one of these ends by itself.
                    true => request.header("last-event-id", "garbage"),
                    false => request,
                };
                Answer::of(answer).await;
                Answer::of(house.request(method, &path)).await;
            }
        }
        let delete = format!("/api/tokens/{secret}");
        house.delete(&delete).await;
        for body in [
            json!({ secret.as_str(): 1 }),
            json!({ "text": { secret.as_str(): 1 } }),
            json!({ "text": "status", "threadId": secret }),
            json!(secret),
        ] {
            house
                .post("/api/commands/parse", body)
                .await
                .problem(400, "bad_request");
        }
        let approve = "/api/plans/pln_018f3c5e7d0a7c31b2a44f6f0c9d1e22/approve";
        let answer = house.post(approve, json!({ "digest": secret })).await;
        let problem = answer.problem(400, "bad_request");
        assert!(text(&problem["detail"]).len() > 10);
    }
    let metrics = house.get("/metrics").await;
    let secrets = secrets.map(Clone::clone);
    for secret in &secrets {
        assert!(!metrics.body.contains(secret), "a token is a label");
    }
    house.serving.stop().await;
    let log = written();
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "a token is in the log");
    }
}
