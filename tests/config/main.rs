//! The configuration as a person meets it: all mistakes at once, at their place, with a hint; and
//! examples that tell the truth.

mod check;
mod examples;
mod mistakes;
mod panic;
mod rules;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use commander::config::{Config, ConfigErrors, Mistake, NoTraffic, OfLast, Place, file_to_read};
use commander::domain::catalogue::{self, Environment, Service, Settings, TestStage};
use commander::domain::name::{EnvironmentName, ServiceName, TestName};
use commander::domain::snapshot::{Publish, RestartPolicy, SecretReference, Volume};

const FILE: &str = "commander.toml";

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    with_variables(text, &[])
}

fn with_variables(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(Path::new(FILE), text, variables)
}

fn mistakes(text: &str) -> Vec<Mistake> {
    parse(text).map_or_else(|errors| errors.mistakes, |_| Vec::new())
}

fn line_of(mistake: &Mistake) -> Option<usize> {
    match mistake.place {
        Place::Line { line, .. } => Some(line),
        Place::File { .. } | Place::Variable { .. } => None,
    }
}

fn service<'c>(config: &'c Config, name: &str) -> &'c Service {
    &config.catalogue.services[&ServiceName::parse(name).unwrap()]
}

fn environment<'c>(config: &'c Config, name: &str, environment: &str) -> &'c Environment {
    &service(config, name).environments[&EnvironmentName::parse(environment).unwrap()]
}

#[test]
fn nothing_configured_is_a_configuration() {
    let config = parse("").unwrap();
    assert_eq!(config, Config::default());
    assert!(config.catalogue.services.is_empty());
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:7070");
    assert_eq!(config.store.data_dir, None);
    assert_eq!(config.approval.offered_for, Duration::from_secs(24 * 3600));
    assert_eq!(config.approval.start_within, Duration::from_secs(3600));
    assert_eq!(config.docker.keep, 2);
    assert_eq!(config.watchdog.interval, Duration::from_secs(10));
    assert_eq!(config.watchdog.query_timeout, Duration::from_secs(5));
    assert_eq!(config.watchdog.window, Duration::from_secs(60));
    assert_eq!(config.watchdog.max_error_rate, 0.05);
    assert_eq!(config.watchdog.max_p95, None);
    assert_eq!(config.watchdog.consecutive, 3);
    assert_eq!(config.watchdog.of_last, OfLast { bad: 5, last: 12 });
    assert_eq!(config.watchdog.min_requests, 50);
    assert_eq!(config.watchdog.no_traffic, NoTraffic::Probe);
    assert_eq!(config.watchdog.bake, Duration::from_secs(600));
}

#[test]
fn a_service_needs_only_its_repository_and_an_environment_may_be_empty() {
    let config = parse(
        "[services.shop]\nrepository = \"/srv/git/shop.git\"\n[services.shop.environments.staging]\n",
    )
    .unwrap();
    let staging = environment(&config, "shop", "staging");
    assert_eq!(service(&config, "shop").repository, "/srv/git/shop.git");
    assert_eq!(staging.settings, service(&config, "shop").settings);
    assert_eq!(staging.settings.build.dockerfile, "Dockerfile");
    assert_eq!(staging.settings.run.publish, None);
    assert_eq!(staging.settings.run.drain_seconds, 30);
    assert_eq!(staging.settings.run.restart, RestartPolicy::UnlessStopped);
    assert_eq!(staging.settings.bake_seconds, 600);
    assert_eq!(staging.settings.strategy, catalogue::Strategy::Recreate);
    assert_eq!(staging.settings.health.consecutive, 2);
    assert_eq!(staging.settings.health.interval_milliseconds, 1_000);
    assert_eq!(staging.settings.health.timeout_milliseconds, 3_000);
    assert_eq!(staging.settings.health.deadline_seconds, 60);
}

#[test]
fn an_environments_settings_are_laid_over_its_services() {
    let config = parse(
        r#"
[watchdog]
bake = "20m"
prometheus = "http://127.0.0.1:9090/"

[services.shop]
repository = "shop.git"
build_args = { PROFILE = "release" }
env = { LEVEL = "info", DATABASE = "memory", REGION = "eu" }
secrets = { KEY = "file:/run/secrets/key", CACHE = "env:CACHE" }
port = 8080
volumes = ["assets:/assets:ro"]
drain = "10s"
resources = { memory = "256MiB", cpus = 1.5 }
health = { path = "/healthz", deadline = "2m" }
metrics.requests = 'r{release="{{release}}"}'
tests.unit = { argv = ["/unit"] }
confirm_within = "30m"
confirm_by = ["ada"]

[services.shop.environments.staging]
publish = 8081
tests.smoke = { argv = ["/smoke", "--quick"], when = "live", timeout = "30s" }

[services.shop.environments.production]
after = "staging"
bake = "1h"
publish = "0.0.0.0:80"
env = { LEVEL = "warn", CACHE = "none" }
secrets = { DATABASE = "env:SHOP_DATABASE" }
volumes = []
network = "shop"
stop_signal = "SIGINT"
restart = "on-failure"
resources = { memory = "1GiB" }
health = { consecutive = 5 }
metrics.error_rate = 'e{release="{{release}}"}'
tests.unit = { timeout = "1m" }
confirm_before_switch = true
confirm_by = ["bob", "grace"]
"#,
    )
    .unwrap();
    let staging = &environment(&config, "shop", "staging").settings;
    let production = environment(&config, "shop", "production");
    assert_eq!(production.after.as_ref().unwrap().as_str(), "staging");
    let production = &production.settings;

    assert_eq!(service(&config, "shop").repository, "shop.git");
    assert_eq!(
        config.watchdog.prometheus.as_deref(),
        Some("http://127.0.0.1:9090")
    );
    assert_eq!(staging.bake_seconds, 1200);
    assert_eq!(production.bake_seconds, 3600);
    let asked = |settings: &catalogue::Settings| {
        let asked = settings.confirmation.clone();
        let by: Vec<String> = asked.by.iter().map(ToString::to_string).collect();
        (asked.before_switch, asked.within_seconds, by.join(" "))
    };
    assert_eq!(asked(staging), (false, 1800, "ada".to_owned()));
    assert_eq!(asked(production), (true, 1800, "bob grace".to_owned()));
    assert_eq!(production.build, staging.build);
    assert_eq!(
        staging.run.publish,
        Some(Publish {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8081
        })
    );
    assert_eq!(
        production.run.publish,
        Some(Publish {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 80
        })
    );
    let variables: Vec<_> = production
        .run
        .environment
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(variables, ["CACHE=none", "LEVEL=warn", "REGION=eu"]);
    let secrets: Vec<_> = production.run.secrets.keys().collect();
    assert_eq!(secrets, ["DATABASE", "KEY"]);
    assert_eq!(
        production.run.secrets["KEY"],
        SecretReference::File("/run/secrets/key".to_owned())
    );
    assert_eq!(
        staging.run.volumes,
        [Volume {
            source: "assets".to_owned(),
            target: "/assets".to_owned(),
            read_only: true
        }]
    );
    assert!(production.run.volumes.is_empty());
    assert_eq!(production.run.drain_seconds, 10);
    assert_eq!(production.run.network.as_deref(), Some("shop"));
    assert_eq!(production.run.stop_signal.as_deref(), Some("SIGINT"));
    assert_eq!(production.run.restart, RestartPolicy::OnFailure);
    assert_eq!(
        production.run.resources.memory_bytes,
        Some(1024 * 1024 * 1024)
    );
    assert_eq!(production.run.resources.cpu_millis, Some(1500));
    assert_eq!(production.run.health_path.as_deref(), Some("/healthz"));
    assert_eq!(production.health.consecutive, 5);
    assert_eq!(production.health.deadline_seconds, 120);
    assert!(production.metrics.error_rate.is_some() && production.metrics.requests.is_some());
    assert_eq!(staging.metrics.error_rate, None);
    let test = |settings: &Settings, name: &str| {
        settings.tests.get(&TestName::parse(name).unwrap()).cloned()
    };
    assert_eq!(test(production, "smoke"), None);
    assert_eq!(test(staging, "smoke").unwrap().when, TestStage::Live);
    assert_eq!(test(staging, "smoke").unwrap().timeout_seconds, 30);
    assert_eq!(test(staging, "unit").unwrap().timeout_seconds, 600);
    assert_eq!(test(production, "unit").unwrap().argv, ["/unit"]);
    assert_eq!(test(production, "unit").unwrap().timeout_seconds, 60);
}

#[test]
fn variables_override_the_keys_of_top_level_sections() {
    let config = with_variables(
        "[watchdog]\nmax_error_rate = 0.1\ninterval = \"1s\"\n",
        &[
            ("COMMANDER_WATCHDOG__MAX_ERROR_RATE", "0.02"),
            ("COMMANDER_WATCHDOG__CONSECUTIVE", "4"),
            ("COMMANDER_DOCKER__KEEP", "5"),
            ("COMMANDER_SERVER__HOSTS", "a.example.com, b.example.com"),
            ("COMMANDER_STORE__DATA_DIR", "/data"),
            ("COMMANDER_ADVISOR__TIMEZONE", "Europe/Zurich"),
            // Not ours, or not an override.
            ("COMMANDER_CONFIG", "elsewhere.toml"),
            ("COMMANDER_PORT_7070_TCP", "tcp://10.0.0.1:7070"),
            ("COMMANDER_SERVICE_HOST", "10.0.0.1"),
            ("WATCHDOG__INTERVAL", "never"),
        ],
    )
    .unwrap();
    assert_eq!(config.watchdog.max_error_rate, 0.02);
    assert_eq!(config.watchdog.interval, Duration::from_secs(1));
    assert_eq!(config.watchdog.consecutive, 4);
    assert_eq!(config.docker.keep, 5);
    assert_eq!(config.server.hosts, ["a.example.com", "b.example.com"]);
    assert_eq!(config.store.data_dir, Some(PathBuf::from("/data")));
    assert_eq!(config.advisor.timezone.iana_name(), Some("Europe/Zurich"));
}

#[test]
fn the_named_file_goes_before_the_variable() {
    let variables = [("COMMANDER_CONFIG".to_owned(), "by-variable.toml".to_owned())];
    let named = Path::new("named.toml");
    assert_eq!(
        file_to_read(Some(named), &variables),
        Some(named.to_owned())
    );
    assert_eq!(
        file_to_read(None, &variables),
        Some(PathBuf::from("by-variable.toml"))
    );
}
