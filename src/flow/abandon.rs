//! Executions that cannot go on: a journal that was changed outside Commander or by another
//! version of it, or a panic of our own. Nothing is guessed at: the place stays locked, a person is
//! called, looks, and ends the execution by cancelling it.

use std::sync::Arc;

use super::Flow;
use super::error::{Code, FlowError};
use super::incident::told;
use crate::domain::execution::Execution;
use crate::domain::id::ExecutionId;
use crate::domain::incident::{IncidentKind, IncidentSeverity, IncidentStatus};
use crate::domain::intent::Action;
use crate::domain::name::PersonName;
use crate::domain::settlement;
use crate::domain::transition::Transition;
use crate::engine::CancelWish;
use crate::os::clock;

impl Flow {
    /// Nobody works on a begun execution any more. What serves in its place is not known.
    pub(super) async fn report_broken_off(self: &Arc<Self>, execution: &Execution, why: &str) {
        let mut incident = self.about(IncidentKind::Stuck, execution);
        incident.severity = IncidentSeverity::Critical;
        incident.left = self.left_by(execution).await;
        incident.title = format!(
            "the {} of {} cannot go on, and holds its lock: {why}; look at the containers by hand, then `commander cancel {}` frees the lock",
            execution.action.as_str(),
            execution.place,
            execution.id
        );
        self.report_once(incident).await;
    }

    /// The task of an execution has panicked.
    pub(super) async fn report_panic(self: &Arc<Self>, execution: &Execution, said: &str) {
        let why = format!("Commander broke off ({said}), which is a defect, please report it");
        match self.store.execution(&execution.id) {
            Ok(stored) if stored.status.has_ended() => {
                tracing::error!(execution = %execution.id, "what follows its end: {why}");
            }
            _ => self.report_broken_off(execution, &why).await,
        }
    }

    /// A person ends an execution on which nobody works; what it did stays as it is.
    ///
    /// # Errors
    ///
    /// `TooLate` when it has ended.
    pub(super) async fn abandon(
        self: &Arc<Self>,
        id: &ExecutionId,
        by: &PersonName,
        wish: &CancelWish,
    ) -> Result<Execution, FlowError> {
        // Read anew: what has just ended is not among those at work either.
        let execution = self.store.execution(id)?;
        if execution.status.has_ended() {
            return Err(FlowError::new(Code::TooLate, "it has ended"));
        }
        let at = clock::now();
        let reason = format!("given up {}", wish.reason);
        let written = self.store.journal_length(id)?;
        let changes = settlement::abandon(&execution, written, &wish.by, &reason, at);
        self.store.write(Transition::of(changes)).await?;
        if execution.action == Action::Rollback {
            let plan = self.store.plan(&execution.plan)?;
            self.report_failed_rollback(&plan, &execution, &reason)
                .await;
        } else {
            self.close_broken_off(&execution, by, &reason).await?;
        }
        self.start_waiting(&execution.place);
        self.refresh_view().await;
        Ok(self.store.execution(id)?)
    }

    async fn close_broken_off(
        &self,
        execution: &Execution,
        by: &PersonName,
        reason: &str,
    ) -> Result<(), FlowError> {
        let at = clock::now();
        let known = self
            .store
            .incidents(&super::selection(&execution.place, 50))?;
        let open = known.into_iter().filter(|i| {
            i.execution.as_ref() == Some(&execution.id) && i.status == IncidentStatus::Open
        });
        for mut incident in open {
            told(&mut incident, at, reason);
            incident.status = IncidentStatus::Closed {
                at,
                by: Some(by.clone()),
            };
            self.save_incident(&incident).await?;
        }
        Ok(())
    }
}
