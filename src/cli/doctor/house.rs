//! What people wrote: procedures, scripts, and the repositories that the catalogue names.

use std::time::Duration;

use futures_util::future::join_all;

use super::Check;
use crate::adapters::git::Git;
use crate::adapters::procedures;
use crate::app;
use crate::cli::render::words::counted;
use crate::config::Config;
use crate::domain::catalogue::Service;
use crate::domain::name::ServiceName;
use crate::domain::repository::RepositoryUrl;

/// A repository that takes longer is hard to work with, too.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn look(config: &Config) -> Vec<Check> {
    let mut checks = vec![sops(config), scripts(config)];
    let services = config.catalogue.services.iter();
    checks.extend(join_all(services.map(|(name, service)| repository(name, service))).await);
    checks
}

fn sops(config: &Config) -> Check {
    const WHAT: &str = "procedures";
    let folder = &config.advisor.sops;
    if !folder.exists() {
        let sentence = format!(
            "{} does not exist: plans are not checked against any procedure; set advisor.sops",
            folder.display()
        );
        return Check::warn(WHAT, sentence);
    }
    let procedures = match procedures::load(folder) {
        Ok(procedures) => procedures,
        Err(error) => return Check::fail(WHAT, error.to_string()),
    };
    let unknown = procedures.unknown_names(&config.catalogue);
    if !unknown.is_empty() {
        let lines: Vec<String> = unknown
            .iter()
            .map(|mistake| format!("\n{mistake}"))
            .collect();
        let sentence = format!(
            "they name what the catalogue does not have:{}",
            lines.concat()
        );
        return Check::warn(WHAT, sentence);
    }
    let rules: u64 = procedures
        .sops()
        .iter()
        .map(|sop| sop.rules.len() as u64)
        .sum();
    let count = counted(procedures.sops().len() as u64, "procedure");
    let sentence = format!(
        "{count} with {} in {}",
        counted(rules, "rule"),
        folder.display()
    );
    Check::ok(WHAT, sentence)
}

fn scripts(config: &Config) -> Check {
    const WHAT: &str = "scripts";
    match app::scripts(config) {
        Ok(scripts) => match scripts.iter().count() as u64 {
            0 => Check::ok(WHAT, "none"),
            count => Check::ok(
                WHAT,
                format!("{}, each as its manifest says", counted(count, "script")),
            ),
        },
        Err(error) => Check::fail(WHAT, error.to_string()),
    }
}

async fn repository(name: &ServiceName, service: &Service) -> Check {
    let what = format!("repository of {name}");
    let repository = match RepositoryUrl::parse(&service.repository) {
        Ok(repository) => repository,
        Err(error) => return Check::fail(what, error.to_string()),
    };
    match Git::reach(&repository, PATIENCE).await {
        Ok(()) => Check::ok(what, format!("{repository} answers")),
        Err(error) => Check::fail(what, error.to_string()),
    }
}
