//! Incidents: opened, told to people, and kept true while what they are about goes on.

use std::sync::Arc;

use jiff::Timestamp;

use super::Flow;
use super::error::FlowError;
use crate::adapters::docker::{LogEnd, LogTail, LogsRequest};
use crate::domain::audit::AuditEntry;
use crate::domain::execution::{Execution, ExecutionState, StepStatus};
use crate::domain::id::{ApprovalId, IncidentId};
use crate::domain::incident::{
    Act, Delivery, Freeze, Incident, IncidentKind, IncidentSeverity, IncidentStatus, Notification,
    NotificationEvent, TimelineEntry,
};
use crate::domain::lock::Place;
use crate::domain::plan::Plan;
use crate::domain::release::Release;
use crate::domain::step::{StepAction, StepId};
use crate::domain::transition::{Change, Transition};
use crate::domain::watch::{Rule, Watch, WatchStatus};
use crate::os::{clock, ids};

/// Evaluations before the deciding ones that an incident shows, for the way there.
const LEAD_UP: u32 = 5;
/// Lines of the container's log that an incident keeps.
const LOG_LINES: u32 = 100;

impl Flow {
    /// The incident of a degraded release: opened once for a watch, found again after a restart.
    pub(super) async fn open_watch_incident(
        self: &Arc<Self>,
        watch: &Watch,
        kind: IncidentKind,
        rule: Option<Rule>,
        evaluations: &[u32],
    ) -> Result<Incident, FlowError> {
        let known = self.store.incidents(&super::selection(&watch.place, 50))?;
        if let Some(known) = known
            .into_iter()
            .find(|i| i.watch.as_ref() == Some(&watch.id))
        {
            return Ok(known);
        }
        let release = self.store.release(&watch.release)?;
        let all = self.store.evaluations(&watch.id, 200)?;
        let first = evaluations
            .first()
            .copied()
            .unwrap_or(0)
            .saturating_sub(LEAD_UP);
        let evidence: Vec<_> = all.into_iter().filter(|e| e.number >= first).collect();
        let rule = rule.or_else(|| evidence.iter().rev().find_map(|e| e.rule));
        let at = clock::now();
        let why = rule.map_or_else(|| "found bad".to_owned(), |r| r.sentence());
        let mut incident = self.blank(kind, &watch.place, at);
        incident.title = format!(
            "{} of {} turned out bad: {why}",
            release.version, watch.place
        );
        incident.release = Some(release.id.clone());
        incident.watch = Some(watch.id.clone());
        incident.rule = rule;
        incident.baseline = Some(watch.state.baseline.clone());
        incident.container_log = self.last_words(&release).await;
        if let Some(first_bad) = watch.state.first_bad_at {
            told(&mut incident, first_bad, "first bad evaluation");
        }
        told(&mut incident, at, &format!("confirmed: {why}"));
        incident.evidence = evidence;
        self.open_incident(incident).await
    }

    /// Stores the incident and tells people; the telling never holds anything up.
    pub(super) async fn open_incident(
        self: &Arc<Self>,
        incident: Incident,
    ) -> Result<Incident, FlowError> {
        let entry = AuditEntry::new(
            incident.opened_at,
            "commander",
            "incident.opened",
            &incident.id,
        )
        .with("title", &incident.title);
        self.store
            .write(Transition::of(vec![
                Change::OpenIncident(Box::new(incident.clone())),
                Change::Audit(entry),
            ]))
            .await?;
        tracing::error!(incident = %incident.id, severity = ?incident.severity, "{}", incident.title);
        self.tell_of_incident(&incident);
        Ok(incident)
    }

    pub(super) async fn save_incident(&self, incident: &Incident) -> Result<(), FlowError> {
        let change = Change::SaveIncident(Box::new(incident.clone()));
        Ok(self.store.write(Transition::of(vec![change])).await?)
    }

    /// A journal that cannot be written; it goes on being tried.
    pub(super) async fn report_stuck(self: &Arc<Self>, execution: &Execution, why: &str) {
        let mut incident = self.about(IncidentKind::Stuck, execution);
        incident.title = format!("execution {} is stuck: {why}", execution.id);
        self.report_once(incident).await;
    }

    /// Something could not be undone. Where that is the switch, nothing may be serving.
    pub(super) async fn report_left_behind(
        self: &Arc<Self>,
        plan: &Plan,
        execution: &Execution,
        state: &ExecutionState,
        why: &str,
    ) {
        let left: Vec<&StepId> = state.in_status(StepStatus::UndoFailed).collect();
        let steps = left.iter().filter_map(|id| plan.body.step(id));
        let serves = !steps
            .into_iter()
            .any(|step| matches!(step.action, StepAction::Switch { .. }));
        let faults = left.iter().filter_map(|id| {
            let fault = state.steps.get(*id)?.fault.as_ref()?;
            Some(format!("{id}: {}", fault.message))
        });
        let faults: Vec<String> = faults.collect();
        let mut incident = self.about(IncidentKind::Stuck, execution);
        incident.left = self.left_behind(&plan.body, execution, Some(state)).await;
        if !serves {
            incident.severity = IncidentSeverity::Critical;
        }
        incident.title = format!(
            "{} of {} failed ({why}) and was not undone: {}; the incident lists what may be left",
            execution.action.as_str(),
            execution.place,
            faults.join("; ")
        );
        self.report_once(incident).await;
    }

    /// A rollback that did not end with its target running: the environment is frozen and a
    /// person is called.
    pub(super) async fn report_failed_rollback(
        self: &Arc<Self>,
        plan: &Plan,
        execution: &Execution,
        why: &str,
    ) {
        let mut incident = match self.incident_of_plan(plan) {
            Ok(Some(known)) if known.kind == IncidentKind::RollbackFailed => return,
            Ok(Some(known)) => known,
            Ok(None) => {
                let mut incident = self.about(IncidentKind::RollbackFailed, execution);
                incident.title = format!("rollback of {}", execution.place);
                incident.release = execution.replaces.clone();
                incident.rollback_target = plan.target_release.clone();
                incident
            }
            Err(error) => {
                tracing::error!(plan = %plan.id, %error, "incidents cannot be read");
                self.about(IncidentKind::RollbackFailed, execution)
            }
        };
        // First, for from here on nothing automatic may happen there.
        self.freeze(&execution.place, incident.id.clone(), why)
            .await;
        let at = clock::now();
        told(&mut incident, at, &format!("the rollback failed: {why}"));
        incident.title = format!("{}; the rollback failed: {why}", incident.title);
        self.turn_into(incident, IncidentKind::RollbackFailed).await;
    }

    /// An automatic rollback that was approved beforehand was not made: its release stays, and a
    /// person is called.
    pub(super) async fn report_no_rollback(self: &Arc<Self>, plan: &Plan, why: &str) {
        let known = match self.incident_of_plan(plan) {
            Ok(known) => known.filter(|i| i.kind == IncidentKind::Rollback),
            Err(error) => {
                tracing::error!(plan = %plan.id, %error, "incidents cannot be read");
                return;
            }
        };
        let Some(mut incident) = known else { return };
        let at = clock::now();
        told(
            &mut incident,
            at,
            &format!("the rollback was not made: {why}"),
        );
        incident.title = format!("{}; the rollback was not made: {why}", incident.title);
        let watch = incident.watch.clone();
        self.turn_into(incident, IncidentKind::RollbackImpossible)
            .await;
        let ended = match watch.map(|id| self.store.watch(&id)) {
            Some(Ok(watch)) if watch.status() == WatchStatus::Degraded => {
                self.give_up(
                    &watch,
                    format!("degraded, and the rollback was not made: {why}"),
                )
                .await
            }
            Some(Err(error)) => Err(error.into()),
            _ => Ok(()),
        };
        if let Err(error) = ended {
            tracing::error!(plan = %plan.id, %error, "the watch over a degraded release cannot be ended");
        }
    }

    /// The next plan of a chain cannot be made: whoever waits for it is told.
    pub(super) async fn report_broken_chain(self: &Arc<Self>, watch: &Watch, why: &str) {
        let mut incident = self.blank(IncidentKind::Stuck, &watch.place, clock::now());
        incident.title = format!(
            "{} is verified, and what was to follow it was not planned: {why}",
            watch.place
        );
        incident.release = Some(watch.release.clone());
        incident.watch = Some(watch.id.clone());
        incident.plan = Some(watch.plan.clone());
        self.report_once(incident).await;
    }

    /// Stores an incident that has become another one, and tells people of it again.
    async fn turn_into(self: &Arc<Self>, mut incident: Incident, kind: IncidentKind) {
        incident.kind = kind;
        incident.severity = kind.severity();
        let known = self.store.incident(&incident.id).is_ok();
        if !known {
            return self.report(incident).await;
        }
        if let Err(error) = self.save_incident(&incident).await {
            tracing::error!(incident = %incident.id, %error, "the incident cannot be stored");
        }
        tracing::error!(incident = %incident.id, severity = ?incident.severity, "{}", incident.title);
        self.tell_of_incident(&incident);
    }

    /// Opens an incident unless there is one of its kind about the same plan.
    pub(super) async fn report_once(self: &Arc<Self>, incident: Incident) {
        let place = Place {
            service: incident.service.clone(),
            environment: incident.environment.clone(),
        };
        let known = self.store.incidents(&super::selection(&place, 50));
        let is_known = known.is_ok_and(|known| {
            known
                .iter()
                .any(|i| i.kind == incident.kind && i.plan == incident.plan)
        });
        if !is_known {
            self.report(incident).await;
        }
    }

    pub(super) fn about(&self, kind: IncidentKind, execution: &Execution) -> Incident {
        let mut incident = self.blank(kind, &execution.place, clock::now());
        incident.execution = Some(execution.id.clone());
        incident.plan = Some(execution.plan.clone());
        incident.release = execution.release.clone();
        incident
    }

    async fn freeze(&self, place: &Place, incident: IncidentId, why: &str) {
        let freeze = Freeze {
            place: place.clone(),
            since: clock::now(),
            reason: format!("the rollback failed: {why}"),
            incident: Some(incident),
        };
        let entry = AuditEntry::new(freeze.since, "commander", "environment.frozen", place)
            .with("reason", &freeze.reason);
        let changes = vec![Change::Freeze(Box::new(freeze)), Change::Audit(entry)];
        if let Err(error) = self.store.write(Transition::of(changes)).await {
            tracing::error!(%place, %error, "the freeze cannot be stored");
        }
    }

    /// An automatic rollback has ended well.
    pub(super) async fn close_after_rollback(self: &Arc<Self>, plan: &Plan, execution: &Execution) {
        let known = match self.incident_of_plan(plan) {
            Ok(known) => known.filter(|i| i.status == IncidentStatus::Open),
            Err(error) => {
                tracing::error!(plan = %plan.id, %error, "incidents cannot be read");
                return;
            }
        };
        let Some(mut incident) = known else { return };
        let at = clock::now();
        let target = plan.target_release.as_ref();
        let version = target
            .and_then(|id| self.store.release(id).ok())
            .map(|r| r.version);
        let version = version.unwrap_or_default();
        told(&mut incident, at, &format!("{version} serves again"));
        act(
            &mut incident,
            at,
            format!("execution {} brought {version} back", execution.id),
            None,
        );
        incident.title = format!("{}; {version} was brought back", incident.title);
        incident.status = IncidentStatus::Closed { at, by: None };
        if let Err(error) = self.save_incident(&incident).await {
            tracing::error!(incident = %incident.id, %error, "the incident cannot be stored");
        }
        self.tell(
            notification(&incident, NotificationEvent::RolledBack),
            Some(incident.id),
        );
    }

    fn incident_of_plan(&self, plan: &Plan) -> Result<Option<Incident>, FlowError> {
        let place = Place {
            service: plan.body.service.clone(),
            environment: plan.body.environment.clone(),
        };
        let known = self.store.incidents(&super::selection(&place, 50))?;
        Ok(known
            .into_iter()
            .find(|i| i.plan.as_ref() == Some(&plan.id)))
    }

    /// Opens an incident where there is nobody to return an error to.
    pub(super) async fn report(self: &Arc<Self>, incident: Incident) {
        let title = incident.title.clone();
        if let Err(error) = self.open_incident(incident).await {
            tracing::error!(%error, "an incident cannot be stored: {title}");
        }
    }

    fn tell_of_incident(self: &Arc<Self>, incident: &Incident) {
        self.tell(
            notification(incident, NotificationEvent::IncidentOpened),
            Some(incident.id.clone()),
        );
    }

    /// Posts to the webhook in the background; what became of it is written into the incident,
    /// and changes nothing else.
    pub(super) fn tell(self: &Arc<Self>, notification: Notification, about: Option<IncidentId>) {
        let Some(webhook) = self.webhook.clone() else {
            return;
        };
        let flow = self.clone();
        self.tasks.spawn(async move {
            let outcome = webhook.send(&notification).await;
            if !matches!(outcome.delivery, Delivery::Delivered { .. }) {
                tracing::warn!(to = %outcome.to, delivery = ?outcome.delivery, "a notification was not delivered");
            }
            let Some(id) = about else { return };
            let change = Change::AddNotification { incident: id.clone(), outcome: Box::new(outcome) };
            let stored = flow.store.write(Transition::of(vec![change])).await;
            if let Err(error) = stored {
                tracing::error!(incident = %id, %error, "the outcome of a notification cannot be stored");
            }
        });
    }

    /// For what has no incident: the outcome is only logged.
    pub(super) fn tell_in_background(&self, notification: Notification) {
        let Some(webhook) = self.webhook.clone() else {
            return;
        };
        self.tasks.spawn(async move {
            let outcome = webhook.send(&notification).await;
            if !matches!(outcome.delivery, Delivery::Delivered { .. }) {
                tracing::warn!(to = %outcome.to, delivery = ?outcome.delivery, "a notification was not delivered");
            }
        });
    }

    pub(super) async fn last_words(&self, release: &Release) -> Vec<String> {
        let Ok(name) = self.container_name(release) else {
            return Vec::new();
        };
        let Ok(Some(state)) = self.docker.find(&name).await else {
            return Vec::new();
        };
        let request = LogsRequest {
            since: None,
            tail: LogTail::Last(LOG_LINES),
            end: LogEnd::Now,
        };
        let Ok(mut logs) = self.docker.logs(&state.id, request).await else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        while let Some(Ok(line)) = logs.next().await {
            lines.push(line.text);
        }
        lines
    }

    pub(super) fn blank(&self, kind: IncidentKind, place: &Place, at: Timestamp) -> Incident {
        Incident {
            id: ids::new(),
            kind,
            severity: kind.severity(),
            service: place.service.clone(),
            environment: place.environment.clone(),
            status: IncidentStatus::Open,
            opened_at: at,
            title: String::new(),
            release: None,
            rollback_target: None,
            watch: None,
            plan: None,
            execution: None,
            rule: None,
            evidence: Vec::new(),
            baseline: None,
            container_log: Vec::new(),
            left: Vec::new(),
            acts: Vec::new(),
            timeline: Vec::new(),
            notifications: Vec::new(),
        }
    }
}

pub(super) fn told(incident: &mut Incident, at: Timestamp, what: &str) {
    incident.timeline.push(TimelineEntry {
        at,
        what: what.to_owned(),
    });
}

pub(super) fn act(incident: &mut Incident, at: Timestamp, what: String, under: Option<ApprovalId>) {
    incident.acts.push(Act { at, what, under });
}

fn notification(incident: &Incident, event: NotificationEvent) -> Notification {
    Notification {
        event,
        at: clock::now(),
        text: incident.title.clone(),
        service: incident.service.clone(),
        environment: incident.environment.clone(),
        plan: incident.plan.clone(),
        execution: incident.execution.clone(),
        incident: Some(incident.id.clone()),
        severity: Some(incident.severity),
    }
}
