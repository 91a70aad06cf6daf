//! Who may change a place: of two runs only the newest.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::faults;
use super::world::Adapters;
use crate::adapters::docker::Labels;
use crate::domain::execution::{Fault, FaultKind};
use crate::domain::lock::{Fences, Mark, Place};
use crate::engine::world::Call;

/// How long a change waits to hear which runs left their marks on the place's containers. It comes
/// on top of an interruption, and the engine answers in milliseconds.
const MARKS: Duration = Duration::from_secs(5);

impl Adapters {
    /// Refuses a run that another run of this process has overtaken. What changes nothing of the
    /// place's containers needs no more.
    pub(super) fn pass(&self, call: &Call) -> Result<(), Fault> {
        self.fences()
            .pass(&call.fence)
            .map_err(|overtaken| Fault::new(FaultKind::Overtaken, overtaken.to_string()))
    }

    /// The same, and one that a run of another process has overtaken, which left its mark on the
    /// engine: that of a backup that was restored while the first process still runs.
    ///
    /// A mark that was read and is newer refuses. Marks that cannot be read do not: among the runs
    /// of this process, which alone has this data directory, the fence in memory decides, and it
    /// was asked. What is not seen then is a copy of the data in use elsewhere, a mistake that the
    /// next look tells; a switch that is refused half way, a rollback's above all, is an outage.
    pub(super) async fn pass_engine(&self, call: &Call) -> Result<(), Fault> {
        self.pass(call)?;
        let marks = tokio::time::timeout(MARKS, self.marks(&call.fence.place))
            .await
            .unwrap_or_else(|_| {
                let waited = format!("no answer within {} s", MARKS.as_secs());
                Err(Fault::new(FaultKind::TimedOut, waited))
            })
            .unwrap_or_else(|fault| {
                tracing::warn!(execution = %call.execution, step = %call.step, %fault, "the marks on the place's containers are not known");
                call.say(format!(
                    "whether another Commander with this data has changed {} cannot be seen ({}); in this one no other run has it, so this one goes on",
                    call.fence.place, fault.message
                ));
                Vec::new()
            });
        match marks.iter().find(|mark| call.fence.is_behind(mark)) {
            Some(mark) => Err(Fault::new(
                FaultKind::Overtaken,
                format!(
                    "another Commander with this data has made a container of {} since (execution {}, token {}, and this run has token {}): nothing was changed; stop one of the two",
                    call.fence.place, mark.execution, mark.token, call.fence.token
                ),
            )),
            // A call that waited for the engine may have been overtaken meanwhile.
            None => self.pass(call),
        }
    }

    pub(super) async fn marks(&self, place: &Place) -> Result<Vec<Mark>, Fault> {
        // Nothing stays there where nothing is deployed.
        let Some(environment) = place.environment.clone() else {
            return Ok(Vec::new());
        };
        let labels = Labels {
            service: Some(place.service.clone()),
            environment: Some(environment),
            ..Labels::default()
        };
        let marks = self.docker.marks(&labels).await;
        marks.map_err(|error| faults::engine(&error))
    }

    pub(super) fn fences(&self) -> MutexGuard<'_, Fences> {
        // Each critical section is one call; a panic cannot leave it half done.
        self.fences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
