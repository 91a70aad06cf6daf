//! The files by which Prometheus finds what to scrape (`file_sd_configs`).
//!
//! One file per service and environment, with the labels of the release that is live there. For a
//! switch the new labels are written after the old container has stopped and before the new one
//! starts: written earlier, samples of the old one would come in under the new label; samples that
//! still come in under the old one are asked for by nobody. Prometheus needs up to ten seconds to
//! see a change.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::template::TargetLabels;
use crate::domain::name::{EnvironmentName, ServiceName};

/// The directory with the files; `*.json` in it is what Prometheus is configured with.
#[derive(Debug, Clone)]
pub struct FileSd {
    directory: PathBuf,
    /// Of the data directory, as on containers and tags.
    instance: String,
}

/// Where a release is scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub address: SocketAddr,
    pub labels: TargetLabels,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the target file {path} cannot be written, so that Prometheus will not see the release: {source}"
)]
pub struct FileSdError {
    path: PathBuf,
    source: io::Error,
}

#[derive(Serialize)]
struct TargetGroup<'a> {
    targets: [String; 1],
    labels: BTreeMap<&'static str, &'a str>,
}

impl FileSd {
    pub fn new(directory: &Path, instance: &str) -> Self {
        Self {
            directory: directory.to_owned(),
            instance: instance.to_owned(),
        }
    }

    /// Tells Prometheus to scrape this release, instead of the one before it in its environment.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the one before it is then still there as a whole.
    pub async fn write(&self, target: &Target) -> Result<(), FileSdError> {
        let path = self.path(&target.labels.service, &target.labels.environment);
        let content = content(target, &self.instance);
        replace(&path, &content)
            .await
            .map_err(|source| FileSdError { path, source })
    }

    /// Tells Prometheus that nothing runs there any more. Twice is harmless.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be removed.
    pub async fn remove(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
    ) -> Result<(), FileSdError> {
        let path = self.path(service, environment);
        match tokio::fs::remove_file(&path).await {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(FileSdError { path, source })
            }
            _ => Ok(()),
        }
    }

    /// A dot is in no name, so that no two pairs share a file.
    fn path(&self, service: &ServiceName, environment: &EnvironmentName) -> PathBuf {
        self.directory.join(format!("{service}.{environment}.json"))
    }
}

fn content(target: &Target, instance: &str) -> String {
    let group = TargetGroup {
        targets: [target.address.to_string()],
        labels: BTreeMap::from([
            ("service", target.labels.service.as_str()),
            ("environment", target.labels.environment.as_str()),
            ("release", target.labels.release.as_str()),
            // `instance` is Prometheus' own label for the address.
            ("commander_instance", instance),
        ]),
    };
    crate::domain::digest::canonical_json(&[group])
}

/// Prometheus reads the file whenever it changes and must never see half of it. Its pattern does
/// not match the name that the new content has until it is complete.
async fn replace(path: &Path, content: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        tokio::fs::create_dir_all(directory).await?;
    }
    let unfinished = path.with_extension("json.unfinished");
    tokio::fs::write(&unfinished, content).await?;
    tokio::fs::rename(&unfinished, path).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ReleaseId;

    fn target(service: &str, environment: &str) -> Target {
        Target {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            labels: TargetLabels {
                service: ServiceName::parse(service).unwrap(),
                environment: EnvironmentName::parse(environment).unwrap(),
                release: ReleaseId::parse("rel_018f3c5e7d0a7c31b2a44f6f0c9d1e22").unwrap(),
            },
        }
    }

    #[test]
    fn the_file_is_what_prometheus_reads() {
        assert_eq!(
            content(&target("shop", "staging"), "c0ffee"),
            r#"[{"labels":{"commander_instance":"c0ffee","environment":"staging","release":"rel_018f3c5e7d0a7c31b2a44f6f0c9d1e22","service":"shop"},"targets":["127.0.0.1:8080"]}]"#
        );
    }

    #[tokio::test]
    async fn each_environment_has_one_whole_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let files = FileSd::new(&directory.path().join("targets"), "c0ffee");
        for target in [target("a-b", "c"), target("a", "b-c"), target("a", "b-c")] {
            files.write(&target).await.unwrap();
        }
        let listed = || {
            let entries = std::fs::read_dir(directory.path().join("targets")).unwrap();
            let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(listed(), ["a-b.c.json", "a.b-c.json"]);
        let gone = target("a", "b-c").labels;
        for _ in 0..2 {
            files
                .remove(&gone.service, &gone.environment)
                .await
                .unwrap();
        }
        assert_eq!(listed(), ["a-b.c.json"]);
    }
}
