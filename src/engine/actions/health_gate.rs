//! Waits until the release answers well so many times in a row. No undo: it only looks.

use std::time::Duration;

use super::Scene;
use crate::domain::execution::{Fault, FaultKind, StepOutput};
use crate::domain::step::{HealthCheck, HealthGate};
use crate::engine::world::{ContainerFacts, ContainerHealth};

pub async fn apply(scene: &Scene<'_>, gate: &HealthGate) -> Result<StepOutput, Fault> {
    let deadline = scene.timer.elapsed() + Duration::from_secs(u64::from(gate.deadline_seconds));
    let interval = Duration::from_millis(u64::from(gate.interval_milliseconds));
    let mut in_a_row = 0;
    let mut first_answer = None;
    let mut restarts = None;
    loop {
        if scene.call.cancel.is_cancelled() {
            return Err(Fault::new(FaultKind::Cancelled, "the health gate was left"));
        }
        let facts = running(scene).await?;
        // A container that the engine restarts during the gate has crashed, even if it answers.
        let before = *restarts.get_or_insert(facts.restart_count);
        if facts.restart_count > before {
            return Err(crashed(&facts));
        }
        let said = match look(scene, gate, &facts).await? {
            Ok(said) => {
                first_answer.get_or_insert_with(|| scene.timer.now());
                in_a_row += 1;
                said
            }
            Err(said) => {
                in_a_row = 0;
                said
            }
        };
        scene
            .call
            .say(format!("{said} ({in_a_row} of {})", gate.consecutive));
        if in_a_row >= gate.consecutive {
            return Ok(StepOutput {
                answered_at: first_answer,
                summary: said,
                ..StepOutput::default()
            });
        }
        if scene.timer.elapsed() + interval > deadline {
            return Err(Fault::new(
                FaultKind::Rejected,
                format!("not healthy within {} s: {said}", gate.deadline_seconds),
            ));
        }
        scene.timer.sleep(interval).await;
    }
}

async fn running(scene: &Scene<'_>) -> Result<ContainerFacts, Fault> {
    let name = scene.own_container()?;
    let facts = scene.world.inspect_container(&name, scene.call).await?;
    let facts = facts
        .ok_or_else(|| Fault::new(FaultKind::NotFound, format!("the container {name} is gone")))?;
    if facts.running || facts.restart_count > 0 {
        Ok(facts)
    } else {
        Err(crashed(&facts))
    }
}

fn crashed(facts: &ContainerFacts) -> Fault {
    let why = match (facts.oom_killed, facts.exit_code) {
        (true, _) => "it ran out of memory".to_owned(),
        (false, Some(code)) => format!("it ended with exit code {code}"),
        (false, None) => "it ended".to_owned(),
    };
    let tail = if facts.tail.is_empty() {
        String::new()
    } else {
        format!("; its last words: {}", facts.tail)
    };
    Fault::new(
        FaultKind::Rejected,
        format!("the release does not stay up: {why}{tail}"),
    )
}

/// One look: the inner result tells well from not yet well, the outer one is a fault.
async fn look(
    scene: &Scene<'_>,
    gate: &HealthGate,
    facts: &ContainerFacts,
) -> Result<Result<String, String>, Fault> {
    Ok(match &gate.check {
        HealthCheck::Http { path } => {
            let publish = scene.configuration()?.publish;
            let timeout = Duration::from_millis(u64::from(gate.timeout_milliseconds));
            match scene.world.probe(publish, path, timeout, scene.call).await {
                Ok(answer) => Ok(answer.said),
                Err(fault) => Err(fault.message),
            }
        }
        HealthCheck::Container => match &facts.health {
            ContainerHealth::Healthy => Ok("Docker says healthy".to_owned()),
            ContainerHealth::Unchecked if facts.running => Ok("it runs".to_owned()),
            ContainerHealth::Unchecked => Err("it does not run".to_owned()),
            ContainerHealth::Starting => Err("Docker says starting".to_owned()),
            ContainerHealth::Unhealthy { output } => {
                Err(format!("Docker says unhealthy: {output}"))
            }
        },
    })
}
