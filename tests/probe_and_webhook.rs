//! Commander's own requests to a service, and what it tells a webhook.

#[path = "support/http.rs"]
mod http;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use commander::adapters::notify::{Patience, Webhook};
use commander::adapters::probe::{Probe, ProbeResult};
use commander::domain::incident::{Delivery, Notification, NotificationEvent};
use commander::domain::name::{EnvironmentName, ServiceName};
use commander::domain::snapshot::Publish;
use http::{Manner, Server, answer, closed_port};

const TIMEOUT: Duration = Duration::from_millis(500);

fn status(line: &str) -> Manner {
    answer(format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n"))
}

fn publish(server: &Server) -> Publish {
    Publish {
        address: server.address.ip(),
        port: server.address.port(),
    }
}

#[tokio::test]
async fn a_round_counts_each_kind_of_answer() {
    let server = Server::start(vec![
        status("200 OK"),
        status("204 No Content"),
        status("500 Internal Server Error"),
        status("302 Found"),
        status("404 Not Found"),
        answer("no HTTP\r\n"),
        Manner::Hang,
    ])
    .await;
    let probe = Probe::new().unwrap();
    let begun = Instant::now();
    let summary = probe.round(publish(&server), "/health", 12, TIMEOUT).await;
    // The six that hang are waited for side by side.
    assert!(begun.elapsed() < TIMEOUT * 4);
    assert_eq!(summary.url, format!("{}/health", server.url()));
    assert_eq!((summary.sent, summary.ok, summary.failed()), (12, 2, 10));
    assert_eq!((summary.server_errors, summary.other_statuses), (1, 2));
    assert_eq!(
        (summary.broken, summary.timeouts, summary.refused),
        (1, 6, 0)
    );
    assert!(summary.slowest_milliseconds >= 500);
}

#[tokio::test]
async fn one_get_is_what_the_health_gate_asks() {
    let probe = Probe::new().unwrap();
    let server = Server::start(vec![status("200 OK"), status("503 Unavailable")]).await;
    let everywhere = Publish {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        ..publish(&server)
    };
    let first = probe.get(everywhere, "/ready", TIMEOUT).await;
    assert!(first.is_success());
    let second = probe.get(everywhere, "ready", TIMEOUT).await;
    assert_eq!(second.result, ProbeResult::Status(503));
    assert!(!second.is_success());
    let requests = server.requests();
    assert!(
        requests
            .iter()
            .all(|r| r.starts_with("GET /ready HTTP/1.1"))
    );

    let closed = closed_port();
    let nobody = Publish {
        address: closed.address.ip(),
        port: closed.address.port(),
    };
    let refused = probe.get(nobody, "/", TIMEOUT).await;
    assert_eq!(refused.result, ProbeResult::Refused);
}

#[tokio::test]
async fn a_status_is_an_answer_however_long_the_page() {
    let endless = answer("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\nbegins");
    let server = Server::start(vec![endless]).await;
    let got = Probe::new()
        .unwrap()
        .get(publish(&server), "/", TIMEOUT)
        .await;
    assert_eq!(got.result, ProbeResult::Status(200));
}

fn notification() -> Notification {
    Notification {
        event: NotificationEvent::RolledBack,
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        text: "shop in staging was rolled back to v1.0.0.".to_owned(),
        service: ServiceName::parse("shop").unwrap(),
        environment: Some(EnvironmentName::parse("staging").unwrap()),
        plan: None,
        execution: None,
        incident: None,
        severity: None,
    }
}

fn webhook(address: &str) -> Webhook {
    let patience = Patience {
        timeout: TIMEOUT,
        attempts: 3,
        pause: Duration::from_millis(10),
    };
    Webhook::new(address, patience).unwrap()
}

#[tokio::test]
async fn a_notification_arrives_as_json() {
    let server = Server::start(vec![status("204 No Content")]).await;
    let address = format!("{}/services/secret", server.url());
    let outcome = webhook(&address).send(&notification()).await;
    assert_eq!(outcome.delivery, Delivery::Delivered { status: 204 });
    assert_eq!(outcome.attempts, 1);
    assert_eq!(outcome.to, server.url(), "the path may be a secret");
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("POST /services/secret HTTP/1.1"),
        "{request}"
    );
    assert!(request.contains("content-type: application/json"));
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    let sent: Notification = serde_json::from_str(body).unwrap();
    assert_eq!(sent, notification());
}

#[tokio::test]
async fn hc_33_a_hook_that_hangs_or_fails_leaves_an_outcome_within_its_time() {
    let hanging = Server::start(vec![Manner::Hang]).await;
    let begun = Instant::now();
    let outcome = webhook(&hanging.url()).send(&notification()).await;
    assert!(begun.elapsed() < TIMEOUT * 4);
    assert_eq!(outcome.attempts, 3);
    assert!(matches!(outcome.delivery, Delivery::Failed { .. }));

    let failing = Server::start(vec![status("500 Internal Server Error")]).await;
    let outcome = webhook(&failing.url()).send(&notification()).await;
    assert_eq!(outcome.delivery, Delivery::Rejected { status: 500 });
    assert_eq!((outcome.attempts, failing.requests().len()), (3, 3));

    let closed = closed_port();
    let outcome = webhook(&format!("http://{}", closed.address))
        .send(&notification())
        .await;
    let Delivery::Failed { error } = outcome.delivery else {
        panic!("{outcome:?}");
    };
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn hc_33_a_hook_is_tried_again_where_that_helps_and_only_there() {
    let recovering = Server::start(vec![status("503 Unavailable"), status("200 OK")]).await;
    let outcome = webhook(&recovering.url()).send(&notification()).await;
    assert_eq!(outcome.delivery, Delivery::Delivered { status: 200 });
    assert_eq!(outcome.attempts, 2);

    let gone = Server::start(vec![status("404 Not Found")]).await;
    let outcome = webhook(&gone.url()).send(&notification()).await;
    assert_eq!(outcome.delivery, Delivery::Rejected { status: 404 });
    assert_eq!(outcome.attempts, 1);
}
