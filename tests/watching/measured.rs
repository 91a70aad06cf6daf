//! Verdicts from a real Prometheus that scrapes the releases.

use std::time::Duration;

use commander::domain::incident::Incident;
use commander::domain::release::{Quality, Release, VerifiedBy};
use commander::domain::verdict::{BadReason, Metric, Outcome, Source, Verdict, VerdictKind};
use commander::domain::watch::{Evaluation, Rule, Watch, WatchStatus};

use crate::house::{House, Setup, until};
use crate::prometheus::RealPrometheus;
use crate::story::patient;

/// The window has so many scrapes that one which comes late does no harm, and so few of
/// Commander's own requests (24) that they are no traffic.
fn measured(prometheus: &RealPrometheus, bake: &str) -> Setup {
    Setup {
        watchdog: format!(
            "interval = \"500ms\"\nwindow = \"4s\"\nbake = \"{bake}\"\nconsecutive = 2\nmin_requests = 30\n\
             scrape_interval = \"1s\"\nprometheus = \"{}\"\nfile_sd = \"{}\"",
            prometheus.url,
            prometheus.targets.display()
        ),
        environments: format!("{METRICS}[services.shop.environments.staging]"),
        ..patient()
    }
}

pub const METRICS: &str = r#"[services.shop.metrics]
error_rate = '(sum(rate(http_requests_total{release="{{release}}",code=~"5.."}[{{window}}])) or vector(0)) / sum(rate(http_requests_total{release="{{release}}"}[{{window}}]))'
requests = 'sum(increase(http_requests_total{release="{{release}}"}[{{window}}]))'
"#;

#[tokio::test(flavor = "multi_thread")]
async fn hc_48_a_release_that_fails_its_visitors_is_taken_back_on_evidence() {
    let prometheus = RealPrometheus::start().await;
    let house = House::with(measured(&prometheus, "10m")).await;
    let good = house.deploy_and_vouch("v1.0.0").await;
    let plan = house
        .plan("deploy tag turns-visitors-away of shop to staging")
        .await;
    let execution = house.approve(&plan).await;
    house.end_of(&execution.id).await.must_succeed();
    let bad = house.live();
    assert_eq!(
        house.page("/cgi-bin/buy").await,
        "500 Internal Server Error\n"
    );

    let watch = house.watch_over(&bad);
    let incident = beside_visitors(&house, &good, house.is_taken_back(&bad, &good)).await;
    shows_its_evidence(&incident, &watch);

    // The restored release is judged by what it did itself since it is back.
    let restored = house.watch_over(&good);
    assert_ne!(restored.id, watch.id);
    assert!(restored.restored && restored.grant.is_none());
    let own = until("the restored release is measured", || {
        let all = house.evaluations(&restored);
        let is_measured = all.last().is_some_and(|last| {
            last.verdict
                == Verdict::Good {
                    by: Source::Metrics,
                }
        });
        is_measured.then_some(all)
    });
    let own = beside_visitors(&house, &good, own).await;
    for evaluation in &own {
        assert_ne!(
            evaluation.verdict.kind(),
            VerdictKind::Bad,
            "{evaluation:#?}"
        );
        for query in queries(evaluation) {
            assert!(query.contains(&label_of(&restored)), "{query}");
        }
    }
    assert_eq!(own.last().unwrap().measures[0].value, 0.0);
    assert_eq!(house.rollbacks().len(), 1);
    assert_eq!(house.incidents().len(), 1);
}

/// Waits for something while visitors come and go.
async fn beside_visitors<T>(house: &House, at: &Release, what: impl Future<Output = T>) -> T {
    let visitors = async {
        loop {
            house.page_of(at, "/cgi-bin/buy").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        seen = what => seen,
        () = visitors => unreachable!("visitors never end"),
    }
}

fn label_of(watch: &Watch) -> String {
    format!("release=\"rel_{}\"", watch.id.digits())
}

fn queries(evaluation: &Evaluation) -> Vec<&str> {
    let metrics = evaluation.evidence.metrics.as_ref().unwrap();
    let readings = metrics.readings.iter().map(|r| r.query.as_str());
    readings.chain([metrics.scrape.query.as_str()]).collect()
}

/// Resolved query, raw answer, value, limit, times and rule are all in the incident itself.
fn shows_its_evidence(incident: &Incident, watch: &Watch) {
    assert_eq!(incident.rule, Some(Rule::Consecutive { bad: 2 }));
    assert_eq!(incident.watch.as_ref(), Some(&watch.id));
    let bad: Vec<_> = incident
        .evidence
        .iter()
        .filter(|evaluation| evaluation.verdict.kind() == VerdictKind::Bad)
        .collect();
    assert!(bad.len() >= 2, "{:#?}", incident.evidence);
    let last = incident.evidence.last().unwrap();
    assert_eq!(last.rule, incident.rule, "the last one confirmed it");
    for evaluation in bad {
        let Verdict::Bad { reasons } = &evaluation.verdict else {
            unreachable!("filtered above");
        };
        assert!(
            matches!(reasons[..], [BadReason::Metric { metric: Metric::ErrorRate, value, limit, .. }] if value == 1.0 && limit == 0.05),
            "{reasons:?}"
        );
        let measure = &evaluation.measures[0];
        assert_eq!((measure.value, measure.maximum), (1.0, 0.05));
        assert_eq!(evaluation.thresholds.error_rate_max, 0.05);
        let metrics = evaluation.evidence.metrics.as_ref().unwrap();
        for reading in &metrics.readings {
            assert!(
                reading.query.contains(&label_of(watch)),
                "{}",
                reading.query
            );
            assert!(reading.query.contains("[4s]"), "{}", reading.query);
            let raw = reading.raw.as_ref().unwrap();
            assert!(raw.contains(r#""status":"success""#), "{raw}");
            assert!(matches!(reading.outcome, Outcome::Value { .. }), "{raw}");
            assert!(watch.started_at < reading.asked_at && reading.asked_at <= incident.opened_at);
        }
    }
    let baseline = incident.baseline.as_ref().unwrap();
    let before = baseline
        .readings
        .iter()
        .find(|r| r.metric == Metric::ErrorRate);
    assert!(
        before.is_some(),
        "what the predecessor had is shown beside it"
    );
    assert!(
        incident.title.contains("turned out bad: 2 bad evaluations"),
        "{}",
        incident.title
    );
    assert!(
        incident.title.contains("v1.0.0 was brought back"),
        "{}",
        incident.title
    );
    assert_eq!(incident.timeline[0].what, "first bad evaluation");
    assert!(incident.timeline.is_sorted_by_key(|entry| entry.at));
    assert!(incident.acts[0].under.is_some(), "{:?}", incident.acts);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_01_a_prometheus_that_is_gone_right_after_the_switch_holds_the_bake() {
    let mut prometheus = RealPrometheus::start().await;
    let house = House::with(measured(&prometheus, "10s")).await;
    house.deploy_and_vouch("v1.0.0").await;
    let release = house.deploy("v1.1.0").await;
    prometheus.kill();

    let id = house.watch_over(&release).id;
    let watch = || house.flow().store.watch(&id).unwrap();
    let down = |all: &[Evaluation]| {
        let all = all.iter().cloned();
        all.filter(|e| e.verdict.kind() == VerdictKind::ProviderDown)
            .collect::<Vec<_>>()
    };
    let silent = until("Prometheus was asked in vain", || {
        let down = down(&house.evaluations(&watch()));
        (down.len() >= 4).then_some(down)
    })
    .await;
    let first = silent.first().unwrap();
    for later in &silent[1..] {
        assert_eq!(
            later.clock.baked_milliseconds, first.clock.baked_milliseconds,
            "the bake's clock stands still"
        );
    }
    assert!(silent.last().unwrap().clock.stopped_milliseconds > first.clock.stopped_milliseconds);
    assert_eq!(watch().status(), WatchStatus::Baking);

    prometheus.start_again().await;
    let ended = house.end_of_watch(&id).await;
    assert_eq!(ended.status(), WatchStatus::Verified, "{:?}", ended.reason);
    assert!(
        ended.state.clock.baked_milliseconds >= 10_000,
        "the whole bake"
    );
    let verified = house.release(&release);
    assert_eq!(verified.quality, Quality::Verified);
    assert!(matches!(
        verified.verified_by,
        Some(VerifiedBy::Metrics | VerifiedBy::Probe)
    ));
    assert_eq!(house.live().id, release.id);
    assert!(house.rollbacks().is_empty() && house.incidents().is_empty());
    // However often it was asked in vain, that is one change of the verdict and one back.
    let mut kinds: Vec<_> = house
        .evaluations(&ended)
        .iter()
        .map(|evaluation| evaluation.verdict.kind() == VerdictKind::ProviderDown)
        .collect();
    kinds.dedup();
    let changes = kinds.iter().filter(|is_down| **is_down).count();
    assert_eq!(changes, 1, "{kinds:?}");
}
