//! Listening to Docker: what happens to our containers is told to the watch at once, and the view
//! of what runs is kept fresh.

use std::sync::Arc;
use std::time::Duration;

use super::Flow;
use super::watch::Told;
use crate::adapters::docker::{ContainerChange, ContainerEvent, Observation};

/// How often what runs is looked at without being told.
const LOOK: Duration = Duration::from_secs(15);
/// How long the engine is left alone when it does not answer.
const AWAY: Duration = Duration::from_secs(5);

impl Flow {
    /// Runs until the process stops.
    pub fn listen(self: &Arc<Self>) {
        self.keep_mirrors();
        let flow = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = flow.hear() => {}
                () = flow.stop.cancelled() => {}
            }
        });
        let flow = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = flow.look_around() => {}
                () = flow.stop.cancelled() => {}
            }
        });
    }

    /// What nobody tells of is looked for.
    async fn look_around(self: &Arc<Self>) {
        loop {
            self.refresh_view().await;
            self.check_live().await;
            self.check_targets().await;
            self.expire_plans().await;
            self.preflight_all().await;
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.images_changed.notified() => {}
            }
        }
    }

    async fn hear(self: &Arc<Self>) {
        loop {
            let mut events = match self.docker.events(None).await {
                Ok(events) => events,
                Err(_) => {
                    tokio::time::sleep(AWAY).await;
                    continue;
                }
            };
            loop {
                match events.next().await {
                    Observation::Container(event) => self.heard(&event),
                    // Many go at once when somebody tidies up: they are looked at together.
                    Observation::Image(_) => self.images_changed.notify_one(),
                    Observation::Disconnected { why } => {
                        tracing::warn!(%why, "Docker's events cannot be heard");
                    }
                    // What was missed shows in the restart counts, which every evaluation reads.
                    Observation::Resumed { complete } => {
                        tracing::info!(complete, "Docker's events are heard again");
                    }
                }
            }
        }
    }

    fn heard(self: &Arc<Self>, event: &ContainerEvent) {
        let Some(release) = &event.labels.release else {
            return;
        };
        let (exits, oom_kills) = match event.what {
            ContainerChange::Died { .. } => (1, 0),
            ContainerChange::OutOfMemory => (0, 1),
            ContainerChange::Started
            | ContainerChange::Health(_)
            | ContainerChange::Stopped
            | ContainerChange::Killed { .. }
            | ContainerChange::Destroyed => return,
        };
        let is_watched = self
            .witness
            .tell(release, event.at, Told { exits, oom_kills });
        if let (false, ContainerChange::Died { exit_code }) = (is_watched, event.what) {
            self.heard_unwatched(release.clone(), exit_code);
        }
    }
}
