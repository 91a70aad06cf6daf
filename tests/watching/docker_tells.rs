//! What Docker tells needs no metrics: exits and kills are rolled back while Prometheus is away.

use commander::domain::verdict::VerdictKind;
use commander::domain::watch::Rule;

use crate::docker_image::request;
use crate::house::{House, Setup};
use crate::http::closed_port;
use crate::measured::METRICS;
use crate::story::{LONG, patient};

/// A Prometheus that is configured and down, and a container that the engine restarts only after
/// a failure.
#[tokio::test(flavor = "multi_thread")]
async fn hc_13_crash_loop_oom_kill_and_exits_are_taken_back_without_any_metrics() {
    let nobody = closed_port();
    let setup = Setup {
        watchdog: format!(
            "{LONG}\nwindow = \"3s\"\nprometheus = \"http://{}\"",
            nobody.address
        ),
        service: "restart = \"on-failure\"\nresources = { memory = \"16MiB\" }".to_owned(),
        environments: format!("{METRICS}[services.shop.environments.staging]"),
        ..patient()
    };
    let house = House::with(setup).await;
    let good = house.deploy_and_vouch("v1.0.0").await;

    let loops = house.deploy("v1.1.0").await;
    house.end(&loops, 3).await;
    let incident = house.is_taken_back(&loops, &good).await;
    // Two are enough; it may have ended more often until it was looked at.
    assert!(
        matches!(incident.rule, Some(Rule::RepeatedExits { exits }) if exits >= 2),
        "{:?}",
        incident.rule
    );
    assert!(
        incident.evidence.iter().all(|evaluation| matches!(
            evaluation.verdict.kind(),
            VerdictKind::Bad | VerdictKind::ProviderDown
        )),
        "{:#?}",
        incident.evidence
    );
    let log = incident.container_log.join("\n");
    assert!(log.contains("version v1.1.0 starts"), "{log}");

    let hungry = house.deploy("v1.2.0").await;
    house.page_of(&hungry, "/cgi-bin/eat").await;
    let incident = house.is_taken_back(&hungry, &good).await;
    assert_eq!(incident.rule, Some(Rule::OutOfMemory));

    let leaves = house.deploy("v1.3.0").await;
    house.end(&leaves, 0).await;
    let incident = house.is_taken_back(&leaves, &good).await;
    assert_eq!(
        incident.rule,
        Some(Rule::ExitWithoutRestart { exit_code: Some(0) })
    );

    // Somebody removes it.
    let removed = house.deploy("v1.4.0").await;
    let id = house.inspect(&removed).unwrap()["Id"].clone();
    let path = format!("/containers/{}?force=1", id.as_str().unwrap());
    request("DELETE", &path, b"");
    let incident = house.is_taken_back(&removed, &good).await;
    assert!(
        matches!(incident.rule, Some(Rule::ExitWithoutRestart { .. })),
        "{:?}",
        incident.rule
    );
    assert_eq!(house.rollbacks().len(), 4);
}
