//! Whether the parts that Commander stands on do their work now.

use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Flow;
use crate::domain::transition::{Change, Transition};
use crate::domain::verdict::Outcome;
use crate::os::clock;

/// Who asks waits no longer for a part.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    pub store: Part,
    pub docker: Part,
    /// Absent where none is configured: then Commander's own requests are the evidence.
    pub prometheus: Option<Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    pub state: PartState,
    pub latency_ms: f64,
    /// What is wrong and what to do, or that nothing is.
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    Up,
    Down,
}

impl Health {
    /// Whether a deploy could begin. Without Prometheus there is still a watch that finds the
    /// provider down.
    pub fn is_ready(&self) -> bool {
        self.store.state == PartState::Up && self.docker.state == PartState::Up
    }
}

impl Flow {
    /// Asks all parts side by side; each has two seconds.
    pub async fn health(&self) -> Health {
        let (store, docker, prometheus) = tokio::join!(
            look("the database can be written", self.can_write()),
            look("Docker answers", async {
                self.docker.ping().await.map_err(|error| error.to_string())
            }),
            self.prometheus_health(),
        );
        Health {
            store,
            docker,
            prometheus,
        }
    }

    /// Really writes: a full disk shows in nothing else.
    async fn can_write(&self) -> Result<(), String> {
        let touch = Transition::of(vec![Change::Touch { at: clock::now() }]);
        let written = self.store.write(touch).await;
        written.map_err(|error| error.to_string())
    }

    async fn prometheus_health(&self) -> Option<Part> {
        let prometheus = self.prometheus.as_ref()?;
        let answers = async {
            match prometheus.ask("vector(1)", None).await.outcome {
                Outcome::Value { .. } => Ok(()),
                Outcome::Failed { error } => Err(format!("Prometheus does not serve: {error}")),
                _ => Err("what answers there is no Prometheus: it cannot say what 1 is".to_owned()),
            }
        };
        Some(look("Prometheus answers", answers).await)
    }
}

async fn look(up: &str, part: impl Future<Output = Result<(), String>>) -> Part {
    let begun = clock::monotonic();
    let looked = tokio::time::timeout(PATIENCE, part).await;
    let (state, sentence) = match looked {
        Ok(Ok(())) => (PartState::Up, up.to_owned()),
        Ok(Err(why)) => (PartState::Down, why),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            let why = format!("not within {seconds} s did it come true that {up}");
            (PartState::Down, why)
        }
    };
    Part {
        state,
        latency_ms: super::command::milliseconds(begun.elapsed()),
        sentence,
    }
}
