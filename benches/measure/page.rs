//! The page in Chromium with 200 services and 5,000 executions: how soon each view is there, how
//! long the browser is busy at a time, and how much is sent.
//!
//! What is looked at is written as it always is: plans of the planner, approved, run by the engine on
//! the real store, and watches stepped by their own rules; only the outside does nothing, and the
//! evidence is made up. `tests/page/crowd.mjs` then does what a person does, against a server on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use tokio::task::JoinSet;

use commander::adapters::db::Store;
use commander::domain::catalogue::{MetricQueries, Settings, Test, TestStage};
use commander::domain::digest::Digest;
use commander::domain::incident::{Incident, IncidentKind, IncidentStatus, TimelineEntry};
use commander::domain::lock::Place;
use commander::domain::name::{EnvironmentName, PersonName, ServiceName, TestName};
use commander::domain::planner::{self, Extras, PlaceFacts, Source};
use commander::domain::release::{self, QualityEvent, Release, VerifiedBy};
use commander::domain::revision::RefKind;
use commander::domain::snapshot::Publish;
use commander::domain::transition::{Change, Transition};
use commander::domain::verdict::{
    ContainerFacts, ContainerReport, ContainerState, Evidence, Metric, MetricEvidence, Outcome,
    Reading, ScrapeFacts, ScrapeOutcome, ScrapeReading,
};
use commander::domain::watch::{self, Decision, Evaluation, Tick, Watch, WatchSettings};
use commander::os::{clock, ids};

use crate::Result;
use crate::engine::graphs::Approved;
use crate::engine::house::{self, House};
use crate::engine::world::Nothing;
use crate::figure::Figure;
use crate::server::Server;
use crate::shop::{Shop, run};

const SERVICES: usize = 200;
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];
const EXECUTIONS: usize = 5_000;
/// So many places have a plan that waits, and so many had an incident, some of them an open one.
const PENDING: usize = 40;
const INCIDENTS: usize = 100;
const OPEN_INCIDENTS: usize = 10;
/// Places in which is deployed at the same time.
const AT_ONCE: usize = 32;
/// Evaluations of a release that the next one follows soon.
const FEW: u32 = 6;

/// A figure as the script prints it.
#[derive(Deserialize)]
struct Seen {
    figure: String,
    unit: String,
    value: f64,
}

pub fn measure() -> Result<Vec<Figure>> {
    let shop = Shop::make()?;
    let data = fill()?;
    let server = Server::start_on(data.path(), &configuration(&shop.repository()))?;
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("page");
    let script = tools.join("crowd.mjs");
    let token = data.path().join("cli.token");
    let address = format!("http://{}", server.address);
    let printed = run(
        "node",
        [script.as_os_str(), address.as_ref(), token.as_os_str()],
    )?;
    printed.lines().map(figure).collect()
}

fn figure(line: &str) -> Result<Figure> {
    let seen: Seen = serde_json::from_str(line)?;
    let unit = match seen.unit.as_str() {
        "ms" => "ms",
        "kB" => "kB",
        "MiB" => "MiB",
        "nodes" => "nodes",
        other => return Err(format!("a figure in {other}").into()),
    };
    Ok(Figure::new("page", seen.figure, unit, &[seen.value]))
}

/// Docker is away, so that a start does not look for the containers that were never there.
fn configuration(repository: &Path) -> String {
    let mut text = String::from("[docker]\nhost = \"unix:///nonexistent/docker.sock\"\n");
    for service in 0..SERVICES {
        text += &format!(
            "[services.{}]\nrepository = {repository:?}\n",
            name(service)
        );
        for environment in ENVIRONMENTS {
            text += &format!("[services.{}.environments.{environment}]\n", name(service));
        }
    }
    text
}

fn name(service: usize) -> String {
    format!("service-{service:03}")
}

fn place(number: usize) -> Result<Place> {
    Ok(Place {
        service: ServiceName::parse(&name(number / ENVIRONMENTS.len()))?,
        environment: Some(EnvironmentName::parse(
            ENVIRONMENTS[number % ENVIRONMENTS.len()],
        )?),
    })
}

fn settings() -> Result<Settings> {
    let mut settings = Settings::default();
    settings.run.health_path = Some("/health".to_owned());
    let unit = Test {
        argv: vec!["/app/unit-tests".to_owned()],
        when: TestStage::Image,
        timeout_seconds: 120,
    };
    settings.tests = BTreeMap::from([(TestName::parse("unit")?, unit)]);
    Ok(settings)
}

fn queries() -> MetricQueries {
    MetricQueries {
        error_rate: Some(
            "sum(rate(http_requests_total{release=\"{{release}}\",code=~\"5..\"}[60s]))".into(),
        ),
        p95: Some("histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{release=\"{{release}}\"}[60s])))".into()),
        requests: None,
    }
}

/// A data directory with all of it.
fn fill() -> Result<tempfile::TempDir> {
    let places = SERVICES * ENVIRONMENTS.len();
    let watched = WatchSettings {
        queries: queries(),
        ..WatchSettings::default()
    };
    let watches: Result<BTreeMap<_, _>> = (0..places)
        .map(|n| Ok((place(n)?, watched.clone())))
        .collect();
    let house = Arc::new(House::watching(Nothing::default(), watches?)?);
    house.runtime.block_on(async {
        let mut running = JoinSet::new();
        for number in 0..places {
            if running.len() == AT_ONCE
                && let Some(done) = running.join_next().await
            {
                done??;
            }
            let deploys = EXECUTIONS * (number + 1) / places - EXECUTIONS * number / places;
            running.spawn(life(house.clone(), number, deploys));
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        Result::Ok(())
    })?;
    let house = Arc::into_inner(house).ok_or("a place is still being filled")?;
    let folder = house.close();
    match Store::verify(folder.path())? {
        Ok(_) => Ok(folder),
        Err(broken) => Err(format!("what was written is not whole: {broken}").into()),
    }
}

/// One place from its first release to its last, which is verified.
async fn life(house: Arc<House>, number: usize, deploys: usize) -> Result<()> {
    let place = place(number)?;
    let mut last = Vec::new();
    for version in 1..=deploys {
        let approved = deploy(&house, &place, number, version)?;
        house
            .store
            .write(Transition::of(approved.changes()))
            .await?;
        house::to_its_end(&house.engine, &approved.stored()).await?;
        let watch = house
            .store
            .open_watch(&place)?
            .ok_or("nothing is watched")?;
        // The first and the last one bake to their end; another one follows the others before.
        let most = if version == 1 || version == deploys {
            u32::MAX
        } else {
            FEW
        };
        last = bake(&house, &watch, most).await?;
    }
    if number < PENDING {
        let waiting = deploy(&house, &place, number, deploys + 1)?;
        house.store.write(Transition::of(waiting.offered())).await?;
    }
    if number < INCIDENTS {
        let told = Change::OpenIncident(Box::new(incident(&place, number, last)?));
        house.store.write(Transition::of(vec![told])).await?;
    }
    Ok(())
}

fn deploy(house: &House, place: &Place, number: usize, version: usize) -> Result<Approved> {
    let ledger: Vec<Release> = house.store.ledger(place)?;
    let environment = place
        .environment
        .as_ref()
        .ok_or("a place has an environment")?;
    let settings = settings()?;
    let facts = PlaceFacts {
        service: &place.service,
        environment,
        settings: &settings,
        ledger: &ledger,
        quarantines: &[],
        frozen: false,
    };
    let hash = |what: &str| {
        let digest = Digest::of_bytes(format!("{what} {place} {version}").as_bytes());
        digest.as_str()["sha256:".len()..][..40].to_owned()
    };
    let source = Source {
        repository: "/srv/git/service.git".to_owned(),
        reference: format!("v1.{version}.0"),
        reference_kind: RefKind::Tag,
        commit: hash("commit"),
        tree: hash("tree"),
        dockerfile_blob: hash("file"),
    };
    let publish = Publish {
        address: [127, 0, 0, 1].into(),
        port: u16::try_from(20_000 + number)?,
    };
    let configuration = planner::snapshot(&settings.run, 8080, publish);
    let extras = Extras {
        tests: settings.tests.keys().cloned().collect(),
        ..Extras::default()
    };
    let body = planner::deploy(facts, &source, configuration, &extras);
    let sentence = format!("deploy v1.{version}.0 of {place} and run the tests");
    let live = release::live(&ledger).map(|live| live.id.clone());
    Approved::of(body, &sentence, live)
}

/// At most so many evaluations, stored as the watch's own flow stores them.
async fn bake(house: &House, watch: &Watch, most: u32) -> Result<Vec<Evaluation>> {
    let mut state = watch.state.clone();
    let mut evaluations = Vec::new();
    let mut changes = Vec::new();
    for n in 0..most {
        let tick = Tick {
            elapsed: watch.settings.interval(),
            now: clock::now(),
        };
        let from = state.status;
        let stepped = watch::step(&state, &watch.settings, evidence(n), tick)?;
        evaluations.push(stepped.evaluation.clone());
        state = stepped.state.clone();
        let ended = stepped.decision != Decision::Continue;
        changes.push(Change::SaveWatch {
            watch: watch.id.clone(),
            from,
            state: Box::new(stepped.state),
            reason: ended.then(|| "good by metrics over the whole bake".to_owned()),
            evaluation: Some(Box::new(stepped.evaluation)),
        });
        if ended {
            let Decision::Verified { .. } = stepped.decision else {
                return Err(format!("a good bake came to {:?}", stepped.decision).into());
            };
            changes.push(Change::MoveQuality {
                release: watch.release.clone(),
                event: QualityEvent::Verify,
                by: Some(VerifiedBy::Metrics),
            });
            break;
        }
    }
    house.store.write(Transition::of(changes)).await?;
    Ok(evaluations)
}

/// Good, and never twice the same.
fn evidence(n: u32) -> Evidence {
    let now = clock::now();
    let wave = f64::from(n * 7 % 11) / 10.0;
    let reading = |metric, query: Option<String>, value: f64| Reading {
        metric,
        query: query.unwrap_or_default(),
        asked_at: now,
        took_milliseconds: 3,
        outcome: Outcome::Value { value },
        raw: Some(format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[{},"{value}"]}}]}}}}"#,
            now.as_second()
        )),
        unknown_metrics: Vec::new(),
    };
    let asked = queries();
    Evidence {
        metrics: Some(MetricEvidence {
            scrape: ScrapeReading {
                query: "up".to_owned(),
                asked_at: now,
                outcome: ScrapeOutcome::Seen {
                    facts: ScrapeFacts {
                        up: Some(true),
                        newest_sample_age_seconds: Some(1.0 + wave),
                        scrapes: n + 3,
                    },
                },
                raw: None,
            },
            readings: vec![
                reading(Metric::ErrorRate, asked.error_rate, wave / 100.0),
                reading(Metric::P95, asked.p95, 0.08 + wave / 10.0),
            ],
        }),
        probe: None,
        container: ContainerReport::Known {
            facts: ContainerFacts {
                state: ContainerState::Running,
                restart_count: 0,
                exits: 0,
                oom_kills: 0,
                exit_code: None,
                health: None,
            },
        },
    }
}

fn incident(place: &Place, number: usize, evidence: Vec<Evaluation>) -> Result<Incident> {
    let kind = IncidentKind::CrashAfterVerified;
    let now = clock::now();
    Ok(Incident {
        id: ids::new(),
        kind,
        severity: kind.severity(),
        service: place.service.clone(),
        environment: place.environment.clone(),
        status: match number < OPEN_INCIDENTS {
            true => IncidentStatus::Open,
            false => IncidentStatus::Closed {
                at: now,
                by: Some(PersonName::parse("ada")?),
            },
        },
        opened_at: now,
        title: format!("{place}: the release crashed after it was verified"),
        release: None,
        rollback_target: None,
        watch: None,
        plan: None,
        execution: None,
        rule: None,
        evidence,
        baseline: None,
        container_log: (0..200).map(|n| format!("line {n}")).collect(),
        left: Vec::new(),
        acts: Vec::new(),
        timeline: vec![TimelineEntry {
            at: now,
            what: "the container ended with code 1".to_owned(),
        }],
        notifications: Vec::new(),
    })
}
