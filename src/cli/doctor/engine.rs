//! The Docker engine, and what the ledger says must be on it.

use std::collections::BTreeMap;

use super::{Check, State};
use crate::adapters::db::Kept;
use crate::adapters::docker::{ContainerError, ContainerState, Docker, EngineError, Labels};
use crate::app;
use crate::cli::render::step::mebibytes;
use crate::config::Config;
use crate::domain::id::ReleaseId;
use crate::domain::lock::Place;
use crate::domain::release::{Presence, Purpose, Release, last_known_good};

/// Stands for the data directory's id before the first start: then nothing of it is on the engine.
const NOBODY: &str = "000000";
/// An image of an ordinary service, and the layers that its build makes, fit into this.
const LITTLE: u64 = 5 * 1024 * 1024 * 1024;

pub(super) async fn look(config: &Config, kept: Option<&Kept>) -> Vec<Check> {
    let instance = kept.and_then(|kept| kept.instance.as_deref());
    let docker = match app::docker(config, instance.unwrap_or(NOBODY)) {
        Ok(docker) => docker,
        Err(error) => return vec![Check::fail("docker", error.to_string())],
    };
    let mut checks = match engine(&docker).await {
        Ok(checks) => checks,
        Err(error) => return vec![Check::fail("docker", error.to_string())],
    };
    if let Some(kept) = kept {
        match releases(&docker, &kept.releases).await {
            Ok(found) => checks.extend(found),
            Err(error) => checks.push(Check::fail("kept releases", error.to_string())),
        }
    }
    checks
}

async fn engine(docker: &Docker) -> Result<Vec<Check>, EngineError> {
    docker.ping().await?;
    let info = docker.info().await?;
    let sentence = format!(
        "{} (API {}, {})",
        info.version, info.api_version, info.storage_driver
    );
    let mut checks = vec![match info.os.as_str() {
        "linux" => Check::ok("docker", sentence),
        // Without Linux containers there is neither a base image for a service nor BuildKit.
        other => Check::fail(
            "docker",
            format!("{sentence} runs {other} containers: switch it to Linux containers"),
        ),
    }];
    if let Some(free) = docker.free_disk_bytes().await? {
        let (state, advice) = match free {
            LITTLE.. => (State::Ok, ""),
            _ => (
                State::Warn,
                ": a build may fill it; free some with `docker image prune`",
            ),
        };
        let sentence = format!("{} at {}{advice}", mebibytes(free), info.root_dir);
        checks.push(Check::new("engine's disk", state, sentence));
    }
    Ok(checks)
}

/// Whether each release that is live or kept has its image and container.
async fn releases(docker: &Docker, kept: &[Release]) -> Result<Vec<Check>, ContainerError> {
    let containers = docker.list(&Labels::default()).await?;
    let mut places: BTreeMap<Place, Vec<Release>> = BTreeMap::new();
    for release in kept {
        let place = Place {
            service: release.service.clone(),
            environment: Some(release.environment.clone()),
        };
        places.entry(place).or_default().push(release.clone());
    }
    let mut checks = Vec::new();
    for (place, ledger) in &places {
        checks.push(of_place(docker, place, ledger, &containers).await?);
    }
    Ok(checks)
}

async fn of_place(
    docker: &Docker,
    place: &Place,
    ledger: &[Release],
    containers: &[ContainerState],
) -> Result<Check, EngineError> {
    let good = last_known_good(ledger, Purpose::Rollback).map(|release| &release.id);
    let what = format!("releases of {place}");
    let mut state = State::Ok;
    let mut missing = Vec::new();
    for release in ledger {
        let container = container_of(containers, &release.id);
        let gone = match (container, &release.image_id) {
            (Some(found), _) if release.presence == Presence::Live && !found.is_running() => {
                "its container does not run"
            }
            (Some(_), Some(image)) if docker.has_image(image).await? => continue,
            (Some(_), _) => "its image is gone",
            (None, _) => "its container is gone",
        };
        let matters = release.presence == Presence::Live || good == Some(&release.id);
        let role = match (release.presence, good == Some(&release.id)) {
            (Presence::Live, _) => "live",
            (_, true) => "the rollback target",
            (_, false) => "kept",
        };
        if matters {
            state = State::Fail;
        } else if state == State::Ok {
            state = State::Warn;
        }
        missing.push(format!("{} ({role}): {gone}", release.version));
    }
    Ok(match missing.is_empty() {
        true => Check::ok(what, present(ledger, good)),
        false => Check::new(
            what,
            state,
            format!(
                "{}: deploy what should run anew, before a rollback needs it",
                missing.join("; ")
            ),
        ),
    })
}

fn container_of<'a>(
    containers: &'a [ContainerState],
    release: &ReleaseId,
) -> Option<&'a ContainerState> {
    containers
        .iter()
        .find(|container| container.labels.release.as_ref() == Some(release))
}

fn present(ledger: &[Release], good: Option<&ReleaseId>) -> String {
    let names: Vec<String> = ledger
        .iter()
        .map(
            |release| match (release.presence, good == Some(&release.id)) {
                (Presence::Live, _) => format!("{} (live)", release.version),
                (_, true) => format!("{} (rollback target)", release.version),
                (_, false) => release.version.clone(),
            },
        )
        .collect();
    format!("image and container are there of {}", names.join(", "))
}
