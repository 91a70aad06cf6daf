//! The catalogue: which services there are, where each may run, and with which settings.
//! It is read from `commander.toml` at start and does not change while the process lives.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::name::{EnvironmentName, PersonName, ServiceName, TestName};
use super::snapshot::{Publish, Resources, RestartPolicy, SecretReference, Volume};

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalogue {
    pub services: BTreeMap<ServiceName, Service>,
}

impl Catalogue {
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        self.services.get(name)
    }

    pub fn environment(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Option<&Environment> {
        self.services.get(service)?.environments.get(environment)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    pub aliases: Vec<String>,
    /// A path, or a `file://`, `http(s)://` or `ssh://` address.
    pub repository: String,
    /// Service-level settings: for build and test, which have no environment.
    pub settings: Settings,
    pub environments: BTreeMap<EnvironmentName, Environment>,
}

impl Service {
    /// Its environments in the order a version travels: each one behind the one it takes its image
    /// from, by name where nothing says more.
    pub fn journey(&self) -> Vec<(&EnvironmentName, &Environment)> {
        let mut environments: Vec<_> = self.environments.iter().collect();
        environments.sort_by_key(|(name, _)| self.stages_before(name));
        environments
    }

    /// How many environments come before this one; a circle ends after one round.
    fn stages_before(&self, environment: &EnvironmentName) -> usize {
        let before = |name: &EnvironmentName| self.environments.get(name)?.after.as_ref();
        std::iter::successors(before(environment), |name| before(name))
            .take(self.environments.len())
            .count()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    pub aliases: Vec<String>,
    /// `promote` takes what is verified in this environment, without building.
    pub after: Option<EnvironmentName>,
    /// The service's settings with this environment's own laid over them.
    pub settings: Settings,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub build: BuildSettings,
    pub run: RunSettings,
    pub health: HealthTiming,
    pub tests: BTreeMap<TestName, Test>,
    pub metrics: MetricQueries,
    pub bake_seconds: u32,
    pub strategy: Strategy,
    pub confirmation: Confirmation,
}

impl Default for Settings {
    /// What a service has that says nothing but its repository.
    fn default() -> Self {
        Self {
            build: BuildSettings::default(),
            run: RunSettings::default(),
            health: HealthTiming::default(),
            tests: BTreeMap::new(),
            metrics: MetricQueries::default(),
            bake_seconds: 600,
            strategy: Strategy::default(),
            confirmation: Confirmation::default(),
        }
    }
}

/// What an environment with `after` may not override: it takes the image as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildSettings {
    /// Path inside the repository.
    pub dockerfile: String,
    /// Directory inside the repository; `.` is its root.
    pub context: String,
    pub build_args: BTreeMap<String, String>,
}

impl Default for BuildSettings {
    fn default() -> Self {
        Self {
            dockerfile: "Dockerfile".to_owned(),
            context: ".".to_owned(),
            build_args: BTreeMap::new(),
        }
    }
}

/// What becomes a configuration snapshot once the port and the published address are known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSettings {
    /// `None`: the single EXPOSE of the Dockerfile.
    pub port: Option<u16>,
    /// `None`: a free loopback port, chosen once and kept.
    pub publish: Option<Publish>,
    pub health_path: Option<String>,
    pub environment: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, SecretReference>,
    pub volumes: Vec<Volume>,
    pub network: Option<String>,
    pub stop_signal: Option<String>,
    pub drain_seconds: u32,
    pub resources: Resources,
    pub restart: RestartPolicy,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            port: None,
            publish: None,
            health_path: None,
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            volumes: Vec::new(),
            network: None,
            stop_signal: None,
            drain_seconds: 30,
            resources: Resources::default(),
            restart: RestartPolicy::default(),
        }
    }
}

/// How patient the health gate is. It judges a release and is therefore no part of what the
/// release is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthTiming {
    pub interval_milliseconds: u32,
    pub timeout_milliseconds: u32,
    /// So many good answers in a row open the gate.
    pub consecutive: u32,
    pub deadline_seconds: u32,
}

impl Default for HealthTiming {
    fn default() -> Self {
        Self {
            interval_milliseconds: 1_000,
            timeout_milliseconds: 3_000,
            consecutive: 2,
            deadline_seconds: 60,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Test {
    /// Exec form; no shell is added.
    pub argv: Vec<String>,
    pub when: TestStage,
    pub timeout_seconds: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStage {
    /// In a container of the image, before anything is switched.
    Image,
    /// Against the started release, in its network, before go-live.
    Live,
}

/// Query templates; each contains `{{release}}` (checked when the configuration is read).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricQueries {
    /// Answers with a ratio, 0 to 1.
    pub error_rate: Option<String>,
    /// Answers with seconds.
    pub p95: Option<String>,
    /// Answers with requests in the window; tells no traffic from good traffic.
    pub requests: Option<String>,
}

impl MetricQueries {
    pub fn any(&self) -> bool {
        self.error_rate.is_some() || self.p95.is_some()
    }
}

/// Whether a person is asked once more when the image is built and tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    pub before_switch: bool,
    /// No answer in so long means no.
    pub within_seconds: u32,
    /// Who may answer; empty: whoever may approve.
    pub by: BTreeSet<PersonName>,
}

impl Default for Confirmation {
    fn default() -> Self {
        Self {
            before_switch: false,
            within_seconds: 3600,
            by: BTreeSet::new(),
        }
    }
}

#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Stop the old container and keep it, start the new one on the public port.
    #[default]
    Recreate,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(environments: &[(&str, Option<&str>)]) -> Service {
        let name = |text: &str| EnvironmentName::parse(text).unwrap();
        Service {
            aliases: Vec::new(),
            repository: "/srv/shop.git".to_owned(),
            settings: Settings::default(),
            environments: environments
                .iter()
                .map(|(own, after)| {
                    let environment = Environment {
                        aliases: Vec::new(),
                        after: after.map(name),
                        settings: Settings::default(),
                    };
                    (name(own), environment)
                })
                .collect(),
        }
    }

    fn journey(environments: &[(&str, Option<&str>)]) -> Vec<String> {
        let service = service(environments);
        service
            .journey()
            .iter()
            .map(|(name, _)| name.to_string())
            .collect()
    }

    #[test]
    fn environments_come_in_the_order_a_version_travels() {
        assert_eq!(
            journey(&[
                ("canary", Some("staging")),
                ("production", Some("canary")),
                ("staging", None),
                ("demo", None)
            ]),
            ["demo", "staging", "canary", "production"]
        );
        assert_eq!(journey(&[("a", Some("b")), ("b", Some("a"))]), ["a", "b"]);
    }
}
