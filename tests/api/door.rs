//! Requests that come from, or are meant for, somebody else.

use reqwest::Method;
use reqwest::header::{HOST, ORIGIN};

use super::house::{Answer, House};

#[tokio::test]
async fn a_name_that_somebody_else_has_resolved_to_us_is_refused() {
    let house = House::new().await;
    for path in ["/", "/health", "/api/plans", "/metrics", "/nowhere"] {
        let rebound = house
            .authorised(Method::GET, path)
            .header(HOST, "evil.example:7070");
        Answer::of(rebound).await.problem(403, "forbidden_origin");
    }
    for ours in ["localhost:1234", "[::1]:9", "COMMANDER.example"] {
        let named = house
            .authorised(Method::GET, "/api/plans")
            .header(HOST, ours);
        Answer::of(named).await.ok();
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_cannot_send_anything() {
    let house = House::new().await;
    let send = |origin: &'static str| {
        house
            .authorised(Method::GET, "/api/plans")
            .header(ORIGIN, origin)
    };
    for foreign in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
    ] {
        let answer = Answer::of(send(foreign)).await;
        answer.problem(403, "forbidden_origin");
    }
    for ours in ["http://localhost:3000", "https://commander.example"] {
        let answer = Answer::of(send(ours)).await;
        answer.ok();
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_to_run_guess_and_keep_nothing() {
    let house = House::new().await;
    for path in ["/", "/api/plans", "/health", "/nowhere", "/openapi.json"] {
        let answer = house.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        for nothing in ["default-src 'none'", "frame-ancestors 'none'"] {
            assert!(
                header("content-security-policy").contains(nothing),
                "{path}"
            );
        }
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    }
}
