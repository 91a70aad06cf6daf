//! Ending an execution early: by a person, or to make way for a rollback.

use std::sync::Arc;

use super::line;
use crate::domain::audit::AuditEntry;
use crate::domain::execution::{Execution, ExecutionStatus, JournalEvent};
use crate::domain::id::ExecutionId;
use crate::domain::intent::Action;
use crate::domain::lock::{Holder, make_way};
use crate::domain::name::PersonName;
use crate::domain::plan::{Plan, PlanEvent, PlanStatus, Requester};
use crate::domain::settlement::actor;
use crate::domain::transition::{Change, Transition};
use crate::engine::{CancelWish, Signal, may_be_cancelled};
use crate::flow::Flow;
use crate::flow::error::{Code, FlowError};
use crate::os::clock;

impl Flow {
    /// A person ends an execution; what it did is undone.
    ///
    /// # Errors
    ///
    /// `TooLate` when it has ended, is being undone, or is a rollback whose switch has begun.
    pub async fn cancel(
        self: &Arc<Self>,
        id: &ExecutionId,
        by: &PersonName,
        reason: &str,
    ) -> Result<Execution, FlowError> {
        let execution = self.store.execution(id)?;
        let said = self.remark(reason, 500);
        let wish = CancelWish {
            by: Requester::Person { name: by.clone() },
            reason: if said.trim().is_empty() {
                format!("by {by}")
            } else {
                format!("by {by}: {said}")
            },
        };
        let runs = self.running.at(&execution.place).as_ref() == Some(id);
        if execution.status == ExecutionStatus::Waiting && !runs {
            match self
                .end_waiting(&execution, by.as_str(), &wish.reason, PlanEvent::Cancel)
                .await
            {
                // It has begun in between.
                Err(error) if error.code == Code::Conflict => {}
                done => {
                    done?;
                    return Ok(self.store.execution(id)?);
                }
            }
        }
        let is_begun = matches!(
            execution.status,
            ExecutionStatus::Running | ExecutionStatus::Unwinding
        );
        if is_begun && !runs {
            return self.abandon(id, by, &wish).await;
        }
        let plan = self.store.plan(&execution.plan)?;
        let state = self.store.execution_state(&execution)?;
        let is_about_to_start = state.status == ExecutionStatus::Waiting;
        if !is_about_to_start && !may_be_cancelled(&plan, &state) {
            return Err(FlowError::new(Code::TooLate, too_late(&plan, state.status)));
        }
        if !self.signal(&execution, Some(Signal::Cancel(wish))) {
            return Err(FlowError::new(
                Code::TooLate,
                "it is being cancelled already",
            ));
        }
        Ok(self.store.execution(id)?)
    }

    /// A rollback goes first.
    pub(super) async fn make_way(self: &Arc<Self>, rollback: &Execution) -> Result<(), FlowError> {
        let open = self.store.open_executions_in(&rollback.place)?;
        let mut waiting = line(&open, &rollback.place);
        waiting.retain(|w| w.execution != rollback.id);
        // The lock is taken by an execution's first event; who is about to take it counts too.
        let at_work = self.running.at(&rollback.place);
        let holder = at_work
            .and_then(|id| open.iter().find(|e| e.id == id))
            .map(|e| Holder {
                execution: e.id.clone(),
                action: e.action,
                since: e.created_at,
            });
        let way = make_way(holder.as_ref(), &waiting);
        let wish = CancelWish {
            by: rollback.requested_by.clone(),
            reason: "a rollback goes first".to_owned(),
        };
        for execution in open.iter().filter(|e| way.cancel_waiting.contains(&e.id)) {
            if self.signal(execution, Some(Signal::Cancel(wish.clone()))) {
                continue;
            }
            let by = actor(&rollback.requested_by);
            match self
                .end_waiting(execution, &by, &wish.reason, PlanEvent::Cancel)
                .await
            {
                // It has begun or ended in between.
                Err(error) if error.code == Code::Conflict => {
                    self.signal(execution, Some(Signal::Cancel(wish.clone())));
                }
                done => done?,
            }
        }
        let running = way.cancel_running;
        if let Some(running) = open.iter().find(|e| Some(&e.id) == running.as_ref()) {
            self.signal(running, Some(Signal::Cancel(wish)));
        }
        Ok(())
    }

    /// Ends an execution that has not begun, and its plan.
    ///
    /// # Errors
    ///
    /// `Conflict` when it has begun.
    pub(super) async fn end_waiting(
        self: &Arc<Self>,
        execution: &Execution,
        by: &str,
        reason: &str,
        event: PlanEvent,
    ) -> Result<(), FlowError> {
        let now = clock::now();
        let wish = JournalEvent::CancelRequested {
            by: execution.requested_by.clone(),
            reason: reason.to_owned(),
        };
        let mut changes = vec![
            Change::Journal {
                execution: execution.id.clone(),
                after: 0,
                events: vec![(now, wish)],
                status: ExecutionStatus::Cancelled,
            },
            // Its journal is one event long, and sealed as any other.
            Change::SealJournal {
                execution: execution.id.clone(),
                entry: AuditEntry::new(now, by, "execution.ended", &execution.id)
                    .with("status", "cancelled")
                    .with("reason", reason),
            },
        ];
        let plan = self.store.plan(&execution.plan)?;
        if plan.status == PlanStatus::Approved {
            changes.push(Change::MovePlan {
                plan: execution.plan.clone(),
                event,
                reason: Some(reason.to_owned()),
            });
        }
        self.store.write(Transition::of(changes)).await?;
        if plan.body.action == Action::Rollback {
            self.report_no_rollback(&plan, reason).await;
        }
        Ok(())
    }
}

fn too_late(plan: &Plan, status: ExecutionStatus) -> String {
    match status {
        ExecutionStatus::Running => format!(
            "the rollback of {} has begun its switch and is carried through",
            plan.body.service
        ),
        ExecutionStatus::Unwinding => "it is being undone already".to_owned(),
        _ => format!("it has ended: {status:?}").to_lowercase(),
    }
}
