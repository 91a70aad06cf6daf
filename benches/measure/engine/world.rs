//! An outside that does nothing: every call is answered at once, or never.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use commander::domain::digest::Digest;
use commander::domain::execution::Fault;
use commander::domain::lock::Place;
use commander::domain::snapshot::Publish;
use commander::engine::{
    Answer, BuildRequest, BuiltImage, Call, ContainerFacts, ContainerHealth, ContainerSpec, Exit,
    LogLine, LogSink, TestRun, World,
};

#[derive(Default)]
pub struct Nothing {
    /// No call ever comes back.
    hangs: bool,
    /// When each call came.
    moments: Mutex<Vec<Instant>>,
    /// By name, what was created.
    containers: Mutex<BTreeMap<String, ContainerFacts>>,
}

impl Nothing {
    pub fn that_hangs() -> Self {
        Self {
            hangs: true,
            ..Self::default()
        }
    }

    pub fn moments(&self) -> Vec<Instant> {
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut moments)
    }

    fn containers(&self) -> MutexGuard<'_, BTreeMap<String, ContainerFacts>> {
        let containers = self.containers.lock();
        containers.unwrap_or_else(PoisonError::into_inner)
    }

    async fn note(&self) {
        self.moments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Instant::now());
        if self.hangs {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl World for Nothing {
    async fn highest_token(&self, _: &Place) -> Result<u64, Fault> {
        Ok(0)
    }

    async fn fetch_source(&self, _: &str, _: &str, _: &str, _: &Call) -> Result<(), Fault> {
        self.note().await;
        Ok(())
    }

    async fn build_image(&self, request: &BuildRequest, _: &Call) -> Result<BuiltImage, Fault> {
        self.note().await;
        Ok(BuiltImage {
            image_id: Digest::of_bytes(request.tag.as_bytes()),
            base_images: BTreeMap::new(),
        })
    }

    async fn untag_image(&self, _: &str, _: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn has_image(&self, _: &Digest, _: &Call) -> Result<bool, Fault> {
        self.note().await;
        Ok(true)
    }

    async fn run_test(&self, _: &TestRun, _: &Call) -> Result<Exit, Fault> {
        self.note().await;
        Ok(exit())
    }

    async fn remove_test(&self, _: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn create_container(&self, spec: &ContainerSpec, _: &Call) -> Result<Answer, Fault> {
        self.note().await;
        self.containers().insert(spec.name.clone(), running(spec));
        Ok(answer())
    }

    async fn discard_container(&self, _: &str, _: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn start_container(&self, _: &str, _: &Call) -> Result<(), Fault> {
        self.note().await;
        Ok(())
    }

    async fn stop_container(&self, _: &str, _: Duration, _: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn restart_container(&self, _: &str, _: Duration, _: &Call) -> Result<(), Fault> {
        self.note().await;
        Ok(())
    }

    async fn inspect_container(
        &self,
        name: &str,
        _: &Call,
    ) -> Result<Option<ContainerFacts>, Fault> {
        Ok(self.containers().get(name).cloned())
    }

    async fn probe(&self, _: Publish, _: &str, _: Duration, _: &Call) -> Result<Answer, Fault> {
        self.note().await;
        Ok(answer())
    }

    async fn run_script(
        &self,
        _: &str,
        _: &str,
        _: &BTreeMap<String, String>,
        _: &Call,
    ) -> Result<Exit, Fault> {
        self.note().await;
        Ok(exit())
    }
}

fn running(spec: &ContainerSpec) -> ContainerFacts {
    ContainerFacts {
        image_id: spec.image_id.clone(),
        configuration: Some(spec.configuration.digest()),
        running: true,
        exit_code: None,
        oom_killed: false,
        restart_count: 0,
        health: ContainerHealth::Unchecked,
        started_at: None,
        tail: String::new(),
    }
}

fn exit() -> Exit {
    Exit {
        code: 0,
        tail: String::new(),
    }
}

fn answer() -> Answer {
    Answer {
        said: "nothing was done".to_owned(),
    }
}

/// Nobody reads what these steps print; the peer's print nothing.
pub struct Silence;

impl LogSink for Silence {
    fn line(&self, _: LogLine) {}
}
