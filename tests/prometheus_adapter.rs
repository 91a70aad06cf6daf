//! The Prometheus adapter on a real Prometheus, and on servers that fail in ways a real one cannot
//! be made to fail in.

#[path = "support/http.rs"]
mod http;
#[path = "support/prometheus.rs"]
mod prometheus;

use std::time::{Duration, Instant};

use commander::adapters::prometheus::{FileSd, Prometheus, Target, TargetLabels};
use commander::domain::catalogue::MetricQueries;
use commander::domain::id::ReleaseId;
use commander::domain::name::{EnvironmentName, ServiceName};
use commander::domain::verdict::{
    Metric, Outcome, PreflightFinding, QueryError, Reading, ScrapeFacts, ScrapeOutcome, WrongType,
};
use commander::os::ids;
use http::{Manner, Server, answer, closed_port};
use jiff::Timestamp;
use prometheus::{MetricsTarget, RealPrometheus};

const METRICS: &str = "\
shop_errors 0.3
shop_traffic 3000
shop_requests_total{code=\"200\"} 70
shop_requests_total{code=\"500\"} 30
";

fn client(url: &str) -> Prometheus {
    Prometheus::new(url, Duration::from_secs(5)).unwrap()
}

fn labels() -> TargetLabels {
    TargetLabels {
        service: ServiceName::parse("shop").unwrap(),
        environment: EnvironmentName::parse("staging").unwrap(),
        release: ids::new::<ReleaseId>(),
    }
}

/// A service that a Prometheus of its own scrapes under the labels of a release.
struct Scraped {
    server: RealPrometheus,
    prometheus: Prometheus,
    files: FileSd,
    target: MetricsTarget,
    labels: TargetLabels,
}

impl Scraped {
    async fn start() -> Self {
        let server = RealPrometheus::start().await;
        let scraped = Self {
            prometheus: client(&server.url),
            files: FileSd::new(&server.targets, "c0ffee"),
            target: MetricsTarget::start(METRICS).await,
            labels: labels(),
            server,
        };
        scraped.write(&scraped.labels).await;
        scraped
            .until(&scraped.labels, |facts| facts.scrapes >= 2)
            .await;
        scraped
    }

    async fn write(&self, labels: &TargetLabels) {
        let target = Target {
            address: self.target.address,
            labels: labels.clone(),
        };
        self.files.write(&target).await.unwrap();
    }

    async fn facts(&self, labels: &TargetLabels) -> ScrapeFacts {
        let reading = self
            .prometheus
            .scrape(labels, Duration::from_secs(120))
            .await;
        match reading.outcome {
            ScrapeOutcome::Seen { facts } => facts,
            ScrapeOutcome::Failed { error } => panic!("{error}"),
        }
    }

    async fn until(&self, labels: &TargetLabels, holds: impl Fn(&ScrapeFacts) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let facts = self.facts(labels).await;
            if holds(&facts) {
                return;
            }
            assert!(Instant::now() < deadline, "it stays at {facts:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn readings(&self, queries: &MetricQueries) -> Vec<Reading> {
        let (prometheus, labels) = (&self.prometheus, &self.labels);
        prometheus.readings(queries, labels, 60, None).await
    }

    /// The outcome of one query, as the one for the error rate.
    async fn reading(&self, template: &str) -> Reading {
        let queries = error_rate(template);
        self.readings(&queries).await.remove(0)
    }

    async fn preflight(&self, template: &str) -> Vec<PreflightFinding> {
        let queries = error_rate(template);
        let tried = self.prometheus.preflight(&queries, &self.labels, 60).await;
        tried.into_iter().flat_map(|one| one.findings).collect()
    }
}

fn error_rate(template: &str) -> MetricQueries {
    MetricQueries {
        error_rate: Some(template.to_owned()),
        ..MetricQueries::default()
    }
}

// --- on a real Prometheus -------------------------------------------------------------------

#[tokio::test]
async fn hc_06_every_answer_of_a_real_prometheus_is_typed() {
    let server = RealPrometheus::start().await;
    let prometheus = client(&server.url);
    let two = r#"(label_replace(vector(1), "a", "x", "", "") or vector(2))"#;
    let cases = [
        ("vector(0.3)".to_owned(), Outcome::Value { value: 0.3 }),
        ("1 + 1".to_owned(), Outcome::Value { value: 2.0 }),
        ("no_such_metric".to_owned(), Outcome::Empty),
        ("vector(0) / vector(0)".to_owned(), Outcome::NotANumber),
        ("0 / 0".to_owned(), Outcome::NotANumber),
        ("vector(1) / vector(0)".to_owned(), Outcome::Infinite),
        ("vector(-1) / vector(0)".to_owned(), Outcome::Infinite),
        (two.to_owned(), Outcome::SeveralSeries { count: 2 }),
        (
            "\"text\"".to_owned(),
            Outcome::WrongType {
                found: WrongType::Text,
            },
        ),
        (
            "up[1m]".to_owned(),
            Outcome::WrongType {
                found: WrongType::Matrix,
            },
        ),
    ];
    for (query, expected) in cases {
        let asked = prometheus.ask(&query, None).await;
        assert_eq!(asked.outcome, expected, "{query}: {:?}", asked.raw);
        assert!(asked.raw.unwrap().contains("success"), "{query}");
    }

    let bad = prometheus.ask("sum(", None).await.outcome;
    let is_bad_query = matches!(
        &bad,
        Outcome::Failed {
            error: QueryError::BadQuery { message }
        } if message.contains("parse error")
    );
    assert!(is_bad_query, "{bad:?}");
    let impossible = format!("{two} * on() {two}");
    let impossible = prometheus.ask(&impossible, None).await.outcome;
    let is_execution = matches!(
        &impossible,
        Outcome::Failed {
            error: QueryError::Execution { message }
        } if message.contains("many-to-many")
    );
    assert!(is_execution, "{impossible:?}");
}

#[tokio::test]
async fn hc_01_a_prometheus_that_is_gone_refuses_connections() {
    let mut server = RealPrometheus::start().await;
    let prometheus = client(&server.url);
    let one = Outcome::Value { value: 1.0 };
    assert_eq!(prometheus.ask("1", None).await.outcome, one);
    server.kill();
    let error = QueryError::Refused;
    let asked = prometheus.ask("1", None).await;
    assert_eq!(
        asked.outcome,
        Outcome::Failed {
            error: error.clone()
        }
    );
    assert_eq!(asked.raw, None);
    let scrape = prometheus.scrape(&labels(), Duration::from_secs(1)).await;
    assert_eq!(scrape.outcome, ScrapeOutcome::Failed { error });
}

#[tokio::test]
async fn hc_07_a_baseline_is_asked_for_its_own_time() {
    let server = RealPrometheus::start().await;
    let at: Timestamp = "2026-01-02T03:04:05.25Z".parse().unwrap();
    let readings = client(&server.url)
        .readings(&error_rate("time()"), &labels(), 60, Some(at))
        .await;
    let value = at.as_millisecond() as f64 / 1000.0;
    assert_eq!(readings[0].outcome, Outcome::Value { value });
}

#[tokio::test]
async fn file_sd_is_seen_within_ten_seconds_and_hands_over_to_the_next_release() {
    let begun = Instant::now();
    let scraped = Scraped::start().await;
    // Ten seconds to be seen, two scrapes of a second, the start of Prometheus itself, and much for a
    // machine that is busy. Prometheus by itself looks only every five minutes.
    assert!(begun.elapsed() < Duration::from_secs(60));
    let facts = scraped.facts(&scraped.labels).await;
    assert_eq!(facts.up, Some(true));
    assert!(facts.newest_sample_age_seconds.unwrap() < 3.0, "{facts:?}");

    let next = labels();
    assert_eq!(scraped.facts(&next).await.scrapes, 0);
    scraped.write(&next).await;
    scraped.until(&next, |facts| facts.scrapes >= 2).await;
    // The old one is known no more, although it was scraped before. Prometheus marks the end of
    // its series two scrapes late.
    let gone = |facts: &ScrapeFacts| facts.up.is_none() && facts.scrapes >= 2;
    scraped.until(&scraped.labels, gone).await;
    // What was scraped before the switch does not count for a release that comes back.
    let just_now = scraped
        .prometheus
        .scrape(&scraped.labels, Duration::from_secs(1));
    let ScrapeOutcome::Seen { facts } = just_now.await.outcome else {
        panic!("no facts");
    };
    assert!(facts.scrapes < 2, "{facts:?}");
}

#[tokio::test]
async fn hc_04_a_scrape_that_dies_shows_as_down_and_then_as_gone() {
    let mut scraped = Scraped::start().await;
    scraped.target.die().await;
    scraped
        .until(&scraped.labels, |facts| facts.up == Some(false))
        .await;
    let labels = scraped.labels.clone();
    scraped
        .files
        .remove(&labels.service, &labels.environment)
        .await
        .unwrap();
    scraped
        .until(&labels, |facts| facts.up.is_none() && facts.scrapes >= 2)
        .await;
    scraped.server.kill();
}

/// One test, because it takes ten seconds until Prometheus scrapes anything.
#[tokio::test]
async fn hc_02_05_06_12_48_queries_on_a_service_that_is_scraped() {
    let scraped = Scraped::start().await;
    hc_48_a_reading_holds_the_resolved_query_and_the_raw_answer(&scraped).await;
    hc_02_a_ratio_without_traffic_is_no_number(&scraped).await;
    hc_05_preflight_finds_several_series(&scraped).await;
    hc_06_preflight_finds_a_bad_query(&scraped).await;
    hc_12_preflight_finds_a_query_that_watches_the_wrong_thing(&scraped).await;
    a_placeholder_that_is_none_never_reaches_prometheus(&scraped).await;
}

async fn hc_48_a_reading_holds_the_resolved_query_and_the_raw_answer(scraped: &Scraped) {
    let queries = MetricQueries {
        error_rate: Some(r#"shop_errors{release="{{release}}"}"#.to_owned()),
        p95: None,
        requests: Some(
            r#"max_over_time(shop_traffic{release="{{release}}"}[{{window}}])"#.to_owned(),
        ),
    };
    let readings = scraped.readings(&queries).await;
    let release = &scraped.labels.release;
    assert_eq!(readings[0].metric, Metric::ErrorRate);
    assert_eq!(
        readings[0].query,
        format!(r#"shop_errors{{release="{release}"}}"#)
    );
    assert_eq!(readings[0].outcome, Outcome::Value { value: 0.3 });
    assert_eq!(readings[1].metric, Metric::Requests);
    assert_eq!(readings[1].outcome, Outcome::Value { value: 3_000.0 });
    let raw = readings[0].raw.as_deref().unwrap();
    assert!(
        raw.contains("\"0.3\"") && raw.contains(release.as_str()),
        "{raw}"
    );
}

async fn hc_02_a_ratio_without_traffic_is_no_number(scraped: &Scraped) {
    let template = r#"sum(rate(shop_requests_total{release="{{release}}",code="500"}[{{window}}]))
        / sum(rate(shop_requests_total{release="{{release}}"}[{{window}}]))"#;
    let reading = scraped.reading(template).await;
    assert_eq!(reading.outcome, Outcome::NotANumber, "{reading:?}");
    // A release that is not scraped answers nothing, by a metric that is known all the same.
    let template = r#"sum(shop_requests_total{release="{{release}}",code="404"})"#;
    let reading = scraped.reading(template).await;
    assert_eq!(reading.outcome, Outcome::Empty);
    assert!(reading.unknown_metrics.is_empty(), "{reading:?}");
    assert_eq!(scraped.preflight(template).await, []);
}

async fn hc_05_preflight_finds_several_series(scraped: &Scraped) {
    let template = r#"shop_requests_total{release="{{release}}"}"#;
    let found = scraped.preflight(template).await;
    assert_eq!(found, [PreflightFinding::SeveralSeries { count: 2 }]);
    assert!(found[0].is_config_error());
    let aggregated = format!("sum({template})");
    assert_eq!(scraped.preflight(&aggregated).await, []);
}

async fn hc_06_preflight_finds_a_bad_query(scraped: &Scraped) {
    let found = scraped.preflight(r#"sum(x{release="{{release}}"}"#).await;
    assert!(
        matches!(&found[..], [PreflightFinding::Refused { .. }]),
        "{found:?}"
    );
    assert!(found[0].is_config_error());
}

async fn hc_12_preflight_finds_a_query_that_watches_the_wrong_thing(scraped: &Scraped) {
    let misspelt = r#"sum(shop_request_total{release="{{release}}"}) / sum(shop_requests_total{release="{{release}}"})"#;
    let names = vec!["shop_request_total".to_owned()];
    assert_eq!(
        scraped.preflight(misspelt).await,
        [PreflightFinding::UnknownMetrics {
            names: names.clone()
        }]
    );
    let reading = scraped.reading(misspelt).await;
    assert_eq!(reading.outcome, Outcome::Empty);
    assert_eq!(reading.unknown_metrics, names);

    let any_release = r#"max(shop_errors) + 0 * max(shop_errors{job!="{{release}}"})"#;
    let found = scraped.preflight(any_release).await;
    assert_eq!(found, [PreflightFinding::SameForAnyRelease { value: 0.3 }]);
    let with_zero = r#"sum(shop_errors{release="{{release}}"}) or vector(0)"#;
    assert_eq!(scraped.preflight(with_zero).await, []);
}

async fn a_placeholder_that_is_none_never_reaches_prometheus(scraped: &Scraped) {
    let reading = scraped.reading(r#"x{release="{{relase}}"}"#).await;
    let Outcome::Failed {
        error: QueryError::BadQuery { message },
    } = reading.outcome
    else {
        panic!("{reading:?}");
    };
    assert!(message.contains("{{release}}"), "{message}");
}

// --- faulty_prometheus ----------------------------------------------------------------------

/// What a Prometheus that behaves in one faulty manner is asked, and answers.
async fn faulty_prometheus(manner: Manner) -> (Outcome, Server) {
    let server = Server::start(vec![manner]).await;
    let prometheus = Prometheus::new(&server.url(), Duration::from_secs(2)).unwrap();
    let outcome = prometheus.ask("up", None).await.outcome;
    (outcome, server)
}

/// A whole answer with a body of JSON.
fn json(status: &str, body: &str) -> Manner {
    let length = body.len();
    answer(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

fn vector(value: &str, more: &str) -> String {
    format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[1,"{value}"]}}]}}{more}}}"#
    )
}

#[tokio::test]
async fn hc_06_each_fault_has_its_own_name() {
    let reported = |error_type: &str, message: &str| QueryError::Reported {
        error_type: error_type.to_owned(),
        message: message.to_owned(),
    };
    let whole = vector("0.3", "");
    let cut = &whole[..40];
    let cases = [
        ("truncated JSON", json("200 OK", cut), QueryError::Malformed),
        (
            "an answer that breaks off",
            answer(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{cut}"
            )),
            QueryError::Malformed,
        ),
        (
            "no HTTP at all",
            answer("SSH-2.0-OpenSSH\r\n"),
            QueryError::Malformed,
        ),
        (
            "a login page",
            answer("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"),
            QueryError::Malformed,
        ),
        (
            "a value that is no number",
            json("200 OK", &vector("much", "")),
            QueryError::Malformed,
        ),
        ("a hang", Manner::Hang, QueryError::Timeout),
        (
            "status error under 200",
            json(
                "200 OK",
                r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#,
            ),
            reported("timeout", "query timed out"),
        ),
        (
            "503 in words",
            json(
                "503 Service Unavailable",
                r#"{"status":"error","errorType":"canceled","error":"query was canceled"}"#,
            ),
            reported("canceled", "query was canceled"),
        ),
        (
            "503 without words",
            answer("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"),
            QueryError::HttpStatus { status: 503 },
        ),
        (
            "422",
            json(
                "422 Unprocessable Entity",
                r#"{"status":"error","errorType":"execution","error":"too many samples"}"#,
            ),
            QueryError::Execution {
                message: "too many samples".to_owned(),
            },
        ),
        (
            "an endless answer",
            answer(format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(300 * 1024))),
            QueryError::TooLarge {
                max_bytes: 256 * 1024,
            },
        ),
    ];
    for (what, manner, error) in cases {
        let begun = Instant::now();
        let (outcome, _) = faulty_prometheus(manner).await;
        assert_eq!(outcome, Outcome::Failed { error }, "{what}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
    }
}

#[tokio::test]
async fn hc_06_a_redirect_is_named_and_not_followed() {
    let server = Server::start(vec![json("200 OK", &vector("1", ""))]).await;
    let elsewhere = format!("{}/elsewhere", server.url());
    let (outcome, _) = faulty_prometheus(answer(format!(
        "HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n"
    )))
    .await;
    let error = QueryError::Redirect { to: elsewhere };
    assert_eq!(outcome, Outcome::Failed { error });
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn hc_06_a_partial_answer_does_not_count_and_a_remark_on_style_does_no_harm() {
    let warned = |text: &str| {
        json(
            "200 OK",
            &vector("0.3", &format!(r#","warnings":["{text}"]"#)),
        )
    };
    let (outcome, _) = faulty_prometheus(warned("store a: connection refused")).await;
    let warning = "store a: connection refused".to_owned();
    assert_eq!(outcome, Outcome::Partial { warning });
    let remark = "PromQL info: metric might not be a counter";
    let (outcome, _) = faulty_prometheus(warned(remark)).await;
    assert_eq!(outcome, Outcome::Value { value: 0.3 });
}

#[tokio::test]
async fn what_an_answer_says_is_made_printable_and_capped() {
    let body = r#"{"status":"error","errorType":"bad_data","error":"\u001b[31m\u202ered"}"#;
    let (outcome, _) = faulty_prometheus(json("400 Bad Request", body)).await;
    let message = "U+001B[31mU+202Ered".to_owned();
    let error = QueryError::BadQuery { message };
    assert_eq!(outcome, Outcome::Failed { error });

    let long = "x".repeat(100_000);
    let server = Server::start(vec![json("200 OK", &vector(&long, ""))]).await;
    let raw = client(&server.url()).ask("up", None).await.raw.unwrap();
    assert!(raw.chars().count() <= 4_001);
}

#[tokio::test]
async fn an_address_may_have_a_path_and_a_closed_port_is_refused() {
    let server = Server::start(vec![json("200 OK", &vector("1", ""))]).await;
    client(&format!("{}/monitoring/", server.url()))
        .ask("up", None)
        .await;
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET /monitoring/api/v1/query?query=up&timeout=5000ms HTTP/1.1"),
        "{request}"
    );
    let nobody = closed_port();
    let closed = client(&format!("http://{}", nobody.address));
    let error = QueryError::Refused;
    assert_eq!(
        closed.ask("up", None).await.outcome,
        Outcome::Failed { error }
    );
    assert!(Prometheus::new("localhost:9090", Duration::from_secs(1)).is_err());
}
