//! Looking for what a stuck execution left: the domain says what there may be, Docker whether it is
//! there.

use std::time::Duration;

use futures_util::future::join_all;

use super::Flow;
use super::error::FlowError;
use crate::adapters::docker::{ContainerName, ImageReference, Labels};
use crate::domain::execution::{Execution, ExecutionState, ExecutionStatus};
use crate::domain::leftover::{Found, Leftover, Thing, leftovers};
use crate::domain::plan::PlanBody;

/// How long each thing is looked for: a person is called with or without the answer.
const LOOK: Duration = Duration::from_secs(3);

impl Flow {
    /// What the execution may have left, each looked for at this moment.
    pub(super) async fn left_behind(
        &self,
        body: &PlanBody,
        execution: &Execution,
        state: Option<&ExecutionState>,
    ) -> Vec<Leftover> {
        let left = leftovers(&self.instance, body, execution, state);
        join_all(left.into_iter().map(|one| self.looked_for(one))).await
    }

    /// The same for an execution whose journal may not be one.
    pub(super) async fn left_by(&self, execution: &Execution) -> Vec<Leftover> {
        match self.store.plan(&execution.plan) {
            Ok(plan) => {
                let state = self.store.execution_state(execution).ok();
                self.left_behind(&plan.body, execution, state.as_ref())
                    .await
            }
            Err(error) => {
                tracing::error!(execution = %execution.id, %error, "what an execution left is not known");
                Vec::new()
            }
        }
    }

    /// As its incident has it, or, where there is none, without a look.
    pub(super) fn listed_as_left(
        &self,
        body: &PlanBody,
        execution: &Execution,
        state: &ExecutionState,
    ) -> Result<Vec<Leftover>, FlowError> {
        if execution.status != ExecutionStatus::Stuck {
            return Ok(Vec::new());
        }
        let incidents = self
            .store
            .incidents(&super::selection(&execution.place, 50))?;
        let mut lists = incidents
            .into_iter()
            .filter(|i| i.execution.as_ref() == Some(&execution.id) && !i.left.is_empty());
        Ok(match lists.next() {
            Some(incident) => incident.left,
            None => leftovers(&self.instance, body, execution, Some(state)),
        })
    }

    async fn looked_for(&self, left: Leftover) -> Leftover {
        let found = tokio::time::timeout(LOOK, self.found(&left.thing)).await;
        left.seen(found.ok().flatten().unwrap_or(Found::Unknown))
    }

    async fn found(&self, thing: &Thing) -> Option<Found> {
        let there = |is_there| match is_there {
            true => Found::There,
            false => Found::Gone,
        };
        match thing {
            Thing::Container { name } | Thing::Kept { name } => {
                let name = ContainerName::parse(name).ok()?;
                let state = self.docker.find(&name).await.ok()?;
                Some(match state {
                    Some(state) if state.is_running() => Found::Running,
                    state => there(state.is_some()),
                })
            }
            Thing::Image { tag } => {
                let tag = ImageReference::parse(tag).ok()?;
                Some(there(self.docker.find_image(&tag).await.ok()?.is_some()))
            }
            Thing::Test { execution, step } => {
                let labels = Labels {
                    execution: Some(execution.clone()),
                    step: Some(step.0.clone()),
                    ..Labels::default()
                };
                Some(there(self.docker.count_commands(&labels).await.ok()? > 0))
            }
            Thing::Script { .. } => None,
        }
    }
}
