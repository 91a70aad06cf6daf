//! A step in words: what will be called, with which arguments.

use super::words::{commit, length};
use crate::domain::digest::Digest;
use crate::domain::plan::PlanBody;
use crate::domain::snapshot::{ConfigurationSnapshot, RestartPolicy, SecretReference, Volume};
use crate::domain::step::{
    BuildInstructions, Condition, HealthCheck, HealthGate, ImageSource, Step, StepAction,
};

/// What the step does, as a sentence without its end; then each argument worth a line of its own.
pub fn described(step: &Step, body: &PlanBody) -> (String, Vec<String>) {
    let (what, mut details) = acted(step, body);
    details.extend(
        step.when
            .iter()
            .map(|Condition::Answered { step, choice }| {
                format!("only where {step} is answered with \"{choice}\"")
            }),
    );
    details.extend(step.retry.iter().map(|retry| {
        format!(
            "up to {} tries where it fails as {}, {} to {} between them",
            retry.tries,
            retry
                .on
                .iter()
                .map(|kind| format!("{kind:?}").to_lowercase())
                .collect::<Vec<_>>()
                .join(" or "),
            length(retry.first_pause_milliseconds.into()),
            length(retry.longest_pause_milliseconds.into())
        )
    }));
    (what, details)
}

fn acted(step: &Step, body: &PlanBody) -> (String, Vec<String>) {
    let configuration = body.configuration.as_ref();
    let no_more = |text: String| (text, Vec::new());
    match &step.action {
        StepAction::FetchSource {
            repository,
            commit: sha,
            ..
        } => no_more(format!("fetch commit {} of {repository}", commit(sha))),
        StepAction::BuildImage(build) => (docker_build(build), refused(&build.refused_images)),
        StepAction::RequireImage { image_id } => no_more(format!(
            "look that image {} is on the engine",
            image_id.short()
        )),
        StepAction::RunTest { argv, image, .. } => no_more(format!(
            "run {} in a container of {}, without network",
            words(argv),
            of(image)
        )),
        StepAction::Confirm {
            question,
            choices,
            answerers,
        } => {
            let names: Vec<&str> = answerers.iter().map(|name| name.as_str()).collect();
            let who = match names.is_empty() {
                true => "whoever may approve".to_owned(),
                false => names.join(", "),
            };
            no_more(format!(
                "ask {who}, {}: {question} No answer means no",
                choices.join(" or ")
            ))
        }
        StepAction::CreateContainer { image } => (
            format!("create the container of {}, not started", of(image)),
            configuration.map_or_else(Vec::new, container),
        ),
        StepAction::Switch { from, to } => no_more(switch(from.is_some(), to, configuration)),
        StepAction::HealthGate { gate } => no_more(health_gate(gate, configuration)),
        StepAction::SmokeTest { argv, .. } => no_more(format!(
            "run {} in the network of the started release",
            words(argv)
        )),
        StepAction::VerifyRunning { .. } => no_more(
            "inspect that the running image and configuration are the approved ones".to_owned(),
        ),
        StepAction::RestartContainer { release } => no_more(format!(
            "restart the container of image {}",
            release.image_id.short()
        )),
        StepAction::RunScript {
            script,
            sha256,
            arguments,
        } => (
            format!("run the script {script} (sha256 {})", commit(sha256)),
            arguments
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
    }
}

/// The command that would build the same image from the same tree.
fn docker_build(build: &BuildInstructions) -> String {
    let mut argv = vec![
        "docker".to_owned(),
        "build".to_owned(),
        "--file".to_owned(),
        build.dockerfile.clone(),
    ];
    for (name, value) in &build.build_args {
        argv.push("--build-arg".to_owned());
        argv.push(format!("{name}={value}"));
    }
    argv.push(build.context.clone());
    format!("{} (commit {})", words(&argv), commit(&build.commit))
}

fn refused(images: &[Digest]) -> Vec<String> {
    let quarantined = |image: &Digest| {
        format!(
            "fails if it gives image {}, which is quarantined",
            image.short()
        )
    };
    images.iter().map(quarantined).collect()
}

fn switch(
    replaces: bool,
    to: &ImageSource,
    configuration: Option<&ConfigurationSnapshot>,
) -> String {
    let start = match configuration {
        Some(c) => format!("start the new one on {}", c.publish),
        None => format!("start the one of {}", of(to)),
    };
    match (replaces, configuration) {
        (true, Some(c)) => format!(
            "stop the running container (up to {} to end) and keep it, {start}",
            length(u64::from(c.drain_seconds) * 1000)
        ),
        (true, None) => format!("stop the running container and keep it, {start}"),
        (false, _) => start,
    }
}

fn health_gate(gate: &HealthGate, configuration: Option<&ConfigurationSnapshot>) -> String {
    let times = format!(
        "{} times in a row, every {}, within {}",
        gate.consecutive,
        length(gate.interval_milliseconds.into()),
        length(u64::from(gate.deadline_seconds) * 1000)
    );
    match &gate.check {
        HealthCheck::Http { path } => {
            let at = configuration.map(|c| c.publish.to_string());
            format!(
                "GET http://{}{path} answers 2xx {times}",
                at.as_deref().unwrap_or("the published address")
            )
        }
        HealthCheck::Container => {
            format!("the container is healthy (or runs, without HEALTHCHECK) {times}")
        }
    }
}

/// Everything that the container is created from, one point a line; what is not set is left out.
pub fn container(configuration: &ConfigurationSnapshot) -> Vec<String> {
    let ConfigurationSnapshot {
        port,
        publish,
        environment,
        secrets,
        volumes,
        network,
        stop_signal,
        resources,
        restart,
        ..
    } = configuration;
    let mut lines = vec![format!("port {publish} -> {port}")];
    lines.extend(
        environment
            .iter()
            .map(|(name, value)| format!("env {name}={value}")),
    );
    lines.extend(secrets.iter().map(|(name, from)| secret(name, from)));
    lines.extend(volumes.iter().map(volume));
    lines.extend(network.iter().map(|name| format!("network {name}")));
    lines.extend(
        stop_signal
            .iter()
            .map(|signal| format!("stop signal {signal}")),
    );
    lines.extend(
        resources
            .memory_bytes
            .map(|bytes| format!("memory {}", mebibytes(bytes))),
    );
    lines.extend(
        resources
            .cpu_millis
            .map(|millis| format!("cpus {}", f64::from(millis) / 1000.0)),
    );
    lines.extend(match restart {
        RestartPolicy::UnlessStopped => None,
        RestartPolicy::OnFailure => Some("restart on failure".to_owned()),
        RestartPolicy::No => Some("no restart".to_owned()),
    });
    lines
}

fn secret(name: &str, from: &SecretReference) -> String {
    format!("secret {name} from {}", String::from(from.clone()))
}

fn volume(volume: &Volume) -> String {
    let read_only = if volume.read_only { " (read-only)" } else { "" };
    format!("volume {} at {}{read_only}", volume.source, volume.target)
}

pub fn mebibytes(bytes: u64) -> String {
    const MEBI: u64 = 1024 * 1024;
    const GIBI: u64 = 1024 * MEBI;
    match bytes {
        GIBI.. => format!("{:.1} GiB", bytes as f64 / GIBI as f64),
        _ => format!("{} MiB", bytes / MEBI),
    }
}

fn of(image: &ImageSource) -> String {
    match image {
        ImageSource::Built { .. } => "the built image".to_owned(),
        ImageSource::Pinned { image_id } => format!("image {}", image_id.short()),
    }
}

/// An argument list as one would type it; quotes only say where an argument begins and ends.
fn words(argv: &[String]) -> String {
    let quoted = argv.iter().map(|argument| {
        let is_plain = !argument.is_empty()
            && argument
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c));
        if is_plain {
            argument.clone()
        } else {
            format!("'{}'", argument.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
