//! The mirrors are kept fresh in the background, so that a sentence rarely waits for a repository.

use std::sync::Arc;
use std::time::Duration;

use super::Flow;

/// How often every repository is asked for what is new. A sentence that names something unknown
/// asks at once, so this only bounds how stale completion is.
const SYNC: Duration = Duration::from_secs(300);
/// How long one repository may take.
const LIMIT: Duration = Duration::from_secs(120);
/// Many fetches leave many packs, which make reading slow; one tidying a day is enough.
const SYNCS_PER_TIDYING: u32 = 288;

impl Flow {
    /// Runs until the process stops.
    pub(super) fn keep_mirrors(self: &Arc<Self>) {
        let flow = self.clone();
        self.tasks.spawn(async move {
            for round in 1u32.. {
                flow.sync_mirrors(round % SYNCS_PER_TIDYING == 0).await;
                tokio::select! {
                    () = tokio::time::sleep(SYNC) => {}
                    () = flow.stop.cancelled() => return,
                }
            }
        });
    }

    async fn sync_mirrors(&self, tidy: bool) {
        for (name, service) in &self.catalogue.services {
            let Ok(repository) = self.repository(service) else {
                continue;
            };
            let synced = tokio::select! {
                synced = self.git.sync(&repository, LIMIT) => synced,
                () = self.stop.cancelled() => return,
            };
            if let Err(error) = synced {
                tracing::warn!(service = %name, %error, "the repository cannot be asked");
            } else if tidy && let Err(error) = self.git.tidy(&repository, LIMIT).await {
                tracing::warn!(service = %name, %error, "the mirror was not tidied");
            }
        }
    }
}
