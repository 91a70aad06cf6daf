//! Counts what happens in the house for the metrics.
//!
//! The store's notices say that something happened; what it was is read from the audit trail and
//! the watches, from where the reading stopped before. So each thing is counted once, also where
//! notices come in bursts or get lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;

use super::metrics::{Metrics, word};
use crate::adapters::db::StoreError;
use crate::domain::audit::AuditEntry;
use crate::domain::execution::Execution;
use crate::domain::id::{ExecutionId, IncidentId, WatchId};
use crate::domain::intent::Action;
use crate::domain::plan::Requester;
use crate::domain::verdict::VerdictKind;
use crate::domain::watch::Watch;
use crate::flow::Flow;

/// Rows of the trail that are read at once.
const PAGE: u32 = 500;

pub struct Counting {
    flow: Arc<Flow>,
    metrics: Arc<Metrics>,
    /// The last audit row that is counted.
    seq: u64,
    /// What is counted of each watch that has not ended.
    watches: HashMap<WatchId, BTreeMap<VerdictKind, u32>>,
}

impl Counting {
    /// Begins with what happens from now on.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn begin(flow: Arc<Flow>, metrics: Arc<Metrics>) -> Result<Self, StoreError> {
        let open = flow.store.open_watches()?.into_iter();
        Ok(Self {
            seq: flow.store.audit_head()?,
            watches: open.map(|watch| (watch.id, watch.state.counts)).collect(),
            flow,
            metrics,
        })
    }

    /// Counts until the process stops.
    pub async fn run(mut self) {
        let mut notices = self.flow.store.notices();
        let stop = self.flow.stop.clone();
        loop {
            if let Err(error) = self.count() {
                tracing::warn!(%error, "the ledger cannot be read for the metrics");
            }
            tokio::select! {
                heard = notices.recv() => if heard == Err(RecvError::Closed) { return },
                () = stop.cancelled() => return,
            }
            // Whatever else has been told meanwhile is read together.
            while notices.try_recv().is_ok() {}
        }
    }

    fn count(&mut self) -> Result<(), StoreError> {
        loop {
            let rows = self.flow.store.audit(self.seq, PAGE)?;
            for row in &rows {
                self.seq = row.seq;
                self.count_entry(&row.entry)?;
            }
            if rows.len() < PAGE as usize {
                break;
            }
        }
        self.count_watches()
    }

    fn count_entry(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        match entry.act.split_once('.') {
            Some(("plan", event)) => self.metrics.plans.with_label_values(&[event]).inc(),
            Some(("execution", "ended" | "not_started")) => {
                if let Ok(id) = ExecutionId::parse(&entry.subject) {
                    self.count_end(&self.flow.store.execution(&id)?)?;
                }
            }
            Some(("incident", "opened")) => {
                if let Ok(id) = IncidentId::parse(&entry.subject) {
                    let kind = word(&self.flow.store.incident(&id)?.kind);
                    self.metrics.incidents.with_label_values(&[&kind]).inc();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count_end(&self, execution: &Execution) -> Result<(), StoreError> {
        let plan = self.flow.store.plan(&execution.plan)?;
        let state = self.flow.store.execution_state(execution)?;
        let end = match state.started_at {
            Some(_) => word(&execution.status),
            None => "not_started".to_owned(),
        };
        let action = execution.action.as_str();
        self.metrics
            .executions
            .with_label_values(&[action, &end])
            .inc();
        if execution.action == Action::Rollback {
            let by = match execution.requested_by {
                Requester::Person { .. } => "person",
                Requester::Policy { .. } => "policy",
            };
            self.metrics.rollbacks.with_label_values(&[by, &end]).inc();
        }
        for step in &plan.body.steps {
            let Some(done) = state.steps.get(&step.id) else {
                continue;
            };
            if let (Some(began), Some(ended)) = (done.started_at, done.ended_at) {
                self.metrics
                    .step_seconds
                    .with_label_values(&[step.action.kind()])
                    .observe(seconds(began, ended));
            }
        }
        Ok(())
    }

    fn count_watches(&mut self) -> Result<(), StoreError> {
        let open = self.flow.store.open_watches()?;
        let mut ended: Vec<WatchId> = self.watches.keys().cloned().collect();
        for watch in open {
            ended.retain(|id| *id != watch.id);
            self.count_verdicts(&watch);
            self.watches.insert(watch.id, watch.state.counts);
        }
        for id in ended {
            self.count_verdicts(&self.flow.store.watch(&id)?);
            self.watches.remove(&id);
        }
        Ok(())
    }

    fn count_verdicts(&self, watch: &Watch) {
        let before = self.watches.get(&watch.id);
        for (verdict, count) in &watch.state.counts {
            let counted = before.and_then(|b| b.get(verdict)).copied().unwrap_or(0);
            self.metrics
                .evaluations
                .with_label_values(&[&word(verdict)])
                .inc_by(u64::from(count.saturating_sub(counted)));
        }
    }
}

fn seconds(began: Timestamp, ended: Timestamp) -> f64 {
    ended.duration_since(began).as_secs_f64().max(0.0)
}
