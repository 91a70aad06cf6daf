//! The settings that a service and each of its environments have alike.

use std::collections::BTreeMap;
use std::time::Duration;

use super::addresses;
use super::given::Given;
use super::kinds::{
    choice, count, flag, line, memory, milliseconds, processors, seconds, spoken, variable_name,
};
use super::mistake::{Refused, nearest};
use super::reader::Reader;
use super::secrecy::{plain_value, secret};
use super::services::not_a_name;
use super::watchdog::Watchdog;
use crate::domain::catalogue::{
    BuildSettings, Confirmation, HealthTiming, MetricQueries, RunSettings, Settings, Strategy,
    Test, TestStage,
};
use crate::domain::name::{PersonName, TestName};
use crate::domain::snapshot::{Resources, RestartPolicy, SecretReference};

/// Stands in a query for the release that is judged; a query without it judges every release at once.
const RELEASE: &str = "release";
/// What else is filled in.
const PLACEHOLDERS: [&str; 4] = [RELEASE, "service", "environment", "window"];
/// A test that says nothing has this long.
const TEST_TIMEOUT_SECONDS: u32 = 600;

/// What is written in this table, laid over `under`.
pub(super) fn read(reader: &mut Reader<'_, '_>, under: &Settings, watchdog: &Watchdog) -> Settings {
    let (health_path, health) = reader.table("health", |reader| {
        let path = reader.get("path", addresses::http_path);
        (path, health_timing(reader, under.health))
    });
    let mut run = run(reader, &under.run);
    run.health_path = health_path.or(run.health_path);
    Settings {
        build: build(reader, &under.build),
        run,
        health,
        tests: tests(reader, &under.tests),
        metrics: reader.table("metrics", |reader| {
            metrics(reader, &under.metrics, watchdog)
        }),
        bake_seconds: bake(reader, watchdog).unwrap_or(under.bake_seconds),
        strategy: reader
            .get("strategy", choice(&[("recreate", Strategy::Recreate)]))
            .unwrap_or(under.strategy),
        confirmation: confirmation(reader, &under.confirmation),
    }
}

fn confirmation(reader: &mut Reader<'_, '_>, under: &Confirmation) -> Confirmation {
    let by = reader.list("confirm_by", "names of tokens", |given| {
        let found = given.text().unwrap_or_default();
        PersonName::parse(found).map_err(|_| not_a_name("a token", found))
    });
    Confirmation {
        before_switch: reader
            .get("confirm_before_switch", flag)
            .unwrap_or(under.before_switch),
        within_seconds: reader
            .get("confirm_within", seconds)
            .unwrap_or(under.within_seconds),
        by: by.map_or_else(|| under.by.clone(), |by| by.into_iter().collect()),
    }
}

fn build(reader: &mut Reader<'_, '_>, under: &BuildSettings) -> BuildSettings {
    BuildSettings {
        dockerfile: reader
            .get("dockerfile", addresses::inside_repository)
            .unwrap_or_else(|| under.dockerfile.clone()),
        context: reader
            .get("context", addresses::inside_repository)
            .unwrap_or_else(|| under.context.clone()),
        build_args: laid_over(
            &under.build_args,
            reader.map("build_args", variable_name, plain_value),
        ),
    }
}

fn run(reader: &mut Reader<'_, '_>, under: &RunSettings) -> RunSettings {
    let (environment, secrets) = variables(reader, under);
    RunSettings {
        port: reader.get("port", addresses::port).or(under.port),
        publish: reader.get("publish", addresses::publish).or(under.publish),
        health_path: under.health_path.clone(),
        environment,
        secrets,
        volumes: reader
            .list("volumes", "volumes", addresses::volume)
            .unwrap_or_else(|| under.volumes.clone()),
        network: reader
            .get("network", addresses::network)
            .or_else(|| under.network.clone()),
        stop_signal: reader
            .get("stop_signal", stop_signal)
            .or_else(|| under.stop_signal.clone()),
        drain_seconds: reader.get("drain", seconds).unwrap_or(under.drain_seconds),
        resources: reader.table("resources", |reader| Resources {
            memory_bytes: reader
                .get("memory", memory)
                .or(under.resources.memory_bytes),
            cpu_millis: reader
                .get("cpus", processors)
                .or(under.resources.cpu_millis),
        }),
        restart: reader.get("restart", restart).unwrap_or(under.restart),
    }
}

/// Plain variables and secrets share one set of names: what is nearer to the environment wins, in
/// the same table both is a mistake.
fn variables(
    reader: &mut Reader<'_, '_>,
    under: &RunSettings,
) -> (BTreeMap<String, String>, BTreeMap<String, SecretReference>) {
    let plain = reader.map("env", variable_name, plain_value);
    let secret = reader.map("secrets", variable_name, |_, given| secret(given));
    for name in plain.keys().filter(|name| secret.contains_key(*name)) {
        let refused = Refused::expected("each variable in `env` or in `secrets`");
        reader.wrong(&["env", name], refused.found("it in both"));
    }
    let mut environment = under.environment.clone();
    environment.retain(|name, _| !secret.contains_key(name));
    let mut secrets = under.secrets.clone();
    secrets.retain(|name, _| !plain.contains_key(name));
    (laid_over(&environment, plain), laid_over(&secrets, secret))
}

fn stop_signal(given: Given<'_>) -> Result<String, Refused> {
    const SIGNALS: [&str; 8] = [
        "SIGTERM",
        "SIGINT",
        "SIGQUIT",
        "SIGHUP",
        "SIGUSR1",
        "SIGUSR2",
        "SIGWINCH",
        "SIGRTMIN+3",
    ];
    choice(&SIGNALS.map(|signal| (signal, signal)))(given).map(str::to_owned)
}

fn restart(given: Given<'_>) -> Result<RestartPolicy, Refused> {
    if given.text() == Some("always") {
        return Err(Refused::expected(
            "\"unless-stopped\", \"on-failure\" or \"no\" (\"always\" would start a container that was stopped on purpose whenever the engine restarts)",
        ));
    }
    choice(&[
        ("unless-stopped", RestartPolicy::UnlessStopped),
        ("on-failure", RestartPolicy::OnFailure),
        ("no", RestartPolicy::No),
    ])(given)
}

fn health_timing(reader: &mut Reader<'_, '_>, under: HealthTiming) -> HealthTiming {
    let timing = HealthTiming {
        interval_milliseconds: reader
            .get("interval", milliseconds)
            .unwrap_or(under.interval_milliseconds),
        timeout_milliseconds: reader
            .get("timeout", milliseconds)
            .unwrap_or(under.timeout_milliseconds),
        consecutive: reader
            .get("consecutive", count(1..=100))
            .unwrap_or(under.consecutive),
        deadline_seconds: reader
            .get("deadline", seconds)
            .unwrap_or(under.deadline_seconds),
    };
    let shortest =
        Duration::from_millis(timing.interval_milliseconds.into()) * (timing.consecutive - 1);
    let deadline = Duration::from_secs(timing.deadline_seconds.into());
    if deadline <= shortest
        && let Some(at) = reader.written_one_of(&["deadline", "consecutive", "interval"])
    {
        let refused = Refused::expected(format!(
            "a deadline above {}, which {} good answers take at least",
            spoken(shortest),
            timing.consecutive
        ));
        reader.wrong(&[at], refused.found(spoken(deadline)));
    }
    timing
}

fn tests(
    reader: &mut Reader<'_, '_>,
    under: &BTreeMap<TestName, Test>,
) -> BTreeMap<TestName, Test> {
    let mut tests = under.clone();
    reader.tables("tests", |own, reader| {
        let name = TestName::parse(own);
        let test = test(reader, name.as_ref().ok().and_then(|name| under.get(name)));
        match name {
            Ok(name) => {
                tests.insert(name, test);
            }
            Err(_) => reader.wrong(&[], not_a_name("a test", own)),
        }
    });
    tests
}

fn test(reader: &mut Reader<'_, '_>, under: Option<&Test>) -> Test {
    let argv = reader.list("argv", "strings", line("a text that is not empty"));
    let lacking = under.is_none() && !reader.written("argv");
    if lacking || argv.as_ref().is_some_and(Vec::is_empty) {
        let refused =
            Refused::expected("a program and its arguments, such as [\"/bin/check\", \"--all\"]");
        reader.wrong(&["argv"], refused.found("nothing"));
    }
    let stages = [("image", TestStage::Image), ("live", TestStage::Live)];
    Test {
        argv: argv
            .or_else(|| under.map(|test| test.argv.clone()))
            .unwrap_or_default(),
        when: reader
            .get("when", choice(&stages))
            .unwrap_or(under.map_or(TestStage::Image, |test| test.when)),
        timeout_seconds: reader
            .get("timeout", seconds)
            .unwrap_or(under.map_or(TEST_TIMEOUT_SECONDS, |test| test.timeout_seconds)),
    }
}

fn metrics(
    reader: &mut Reader<'_, '_>,
    under: &MetricQueries,
    watchdog: &Watchdog,
) -> MetricQueries {
    let mut query =
        |key, under: &Option<String>| reader.get(key, query_template).or_else(|| under.clone());
    let metrics = MetricQueries {
        error_rate: query("error_rate", &under.error_rate),
        p95: query("p95", &under.p95),
        requests: query("requests", &under.requests),
    };
    let Some(at) = reader.written_one_of(&["error_rate", "p95", "requests"]) else {
        return metrics;
    };
    if metrics.any() && !reader.written("requests") && metrics.requests.is_none() {
        let refused = Refused::expected(
            "a query `requests` beside it: without the number of requests, one error in three would count like 300 in 900",
        );
        reader.wrong(&[at], refused.found("none"));
    }
    if watchdog.prometheus.is_none() {
        let refused = Refused::expected(
            "`watchdog.prometheus` to be set where a service has queries: nobody else can answer them",
        );
        reader.wrong(&[at], refused.found("no address there"));
    }
    metrics
}

fn query_template(given: Given<'_>) -> Result<String, Refused> {
    let refused = || {
        Refused::expected(
            "a query with {{release}} where the release is selected, and besides it only {{service}}, {{environment}} and {{window}}",
        )
    };
    let text = given.text().map(str::trim).unwrap_or_default();
    let names = placeholders(text).ok_or_else(refused)?;
    let unknown = names.iter().find(|name| !PLACEHOLDERS.contains(name));
    if let Some(unknown) = unknown {
        let near = nearest(unknown, PLACEHOLDERS.into_iter());
        return Err(refused().suggest(near.map(|near| format!("{{{{{near}}}}}"))));
    }
    if text.len() <= 16 * 1024 && names.contains(&RELEASE) {
        Ok(text.to_owned())
    } else {
        Err(refused())
    }
}

/// The names between double braces, which mean nothing else in a query; `None` where one is not
/// closed.
fn placeholders(template: &str) -> Option<Vec<&str>> {
    template
        .split("{{")
        .skip(1)
        .map(|after| Some(after.split_once("}}")?.0.trim()))
        .collect()
}

fn bake(reader: &mut Reader<'_, '_>, watchdog: &Watchdog) -> Option<u32> {
    let bake = reader.get("bake", seconds)?;
    match watchdog.refuse_bake(Duration::from_secs(bake.into())) {
        Some(refused) => {
            reader.wrong(&["bake"], refused);
            None
        }
        None => Some(bake),
    }
}

fn laid_over<T: Clone>(
    under: &BTreeMap<String, T>,
    over: BTreeMap<String, T>,
) -> BTreeMap<String, T> {
    let mut all = under.clone();
    all.extend(over);
    all
}
