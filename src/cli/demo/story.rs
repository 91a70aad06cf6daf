//! The story: its parts, and what each answer of Commander means for it. Values in, a [`Look`]
//! out; `play` asks and waits.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::execution::{ExecutionStatus, StepStatus};
use crate::domain::id::{ExecutionId, ReleaseId};
use crate::domain::incident::{Incident, IncidentKind, IncidentStatus};
use crate::domain::interpret::Outcome;
use crate::domain::plan::{OnDegraded, Plan, Requester};
use crate::domain::release::{Presence, Quality, Release, VerifiedBy};
use crate::domain::step::StepAction;
use crate::domain::verdict::Outcome as Answered;
use crate::domain::watch::{Evaluation, Rule};
use crate::flow::{Asked, ExecutionView};

/// In the order in which they are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Repository, base image, Prometheus, Commander and visitors are there.
    Stage,
    GoodRelease,
    BadRelease,
    BrokenBuild,
    FailingTests,
    CrashingRelease,
}

impl Part {
    pub fn title(self) -> &'static str {
        match self {
            Self::Stage => "The stage",
            Self::GoodRelease => "A good release goes live and is verified",
            Self::BadRelease => "A bad release takes itself back",
            Self::BrokenBuild => "A version that does not build changes nothing",
            Self::FailingTests => "A version that fails its tests changes nothing",
            Self::CrashingRelease => "A release that crashes takes itself back",
        }
    }

    /// What a person would type; the stage is set without a word.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Stage => "",
            Self::GoodRelease => "deploy v1.0.0 of shop to staging and run the tests",
            Self::BadRelease => "deploy v1.2.0 to staging",
            Self::BrokenBuild => "deploy v1.5.0 to staging",
            Self::FailingTests => "deploy v1.6.0 to staging and run the tests",
            Self::CrashingRelease => "deploy v1.3.0 to staging",
        }
    }

    /// Several times what it takes on two cores that nobody else uses.
    pub fn time_limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Stage | Self::BrokenBuild | Self::FailingTests => 60,
            Self::GoodRelease | Self::BadRelease | Self::CrashingRelease => 120,
        })
    }
}

/// What an answer means for something that is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Look<T> {
    NotYet,
    Seen(T),
    /// It cannot happen any more; the reason is a clause without its end.
    Never(String),
}

/// The plan that a sentence became.
///
/// # Errors
///
/// A clause that says what it became instead.
pub fn planned(asked: Asked) -> Result<Plan, String> {
    let question = asked.question.map(|question| question.text);
    let (Outcome::Plan, Some(plan)) = (asked.outcome, asked.plans.into_iter().next()) else {
        let question = question.map_or_else(String::new, |q| format!(": {q}"));
        return Err(format!("the sentence became no plan{question}"));
    };
    let forbidden = plan.advice.blocking().next();
    if let Some(finding) = forbidden {
        let message = &finding.message;
        return Err(format!("a procedure forbids the plan: {message}"));
    }
    Ok(plan)
}

/// How an execution ended that is expected to go well. Its row is read before its journal: once
/// that says it has ended, everything else is complete.
pub fn succeeded(detail: &ExecutionView) -> Look<()> {
    match detail.execution.status {
        ExecutionStatus::Succeeded => Look::Seen(()),
        status if status.has_ended() => {
            Look::Never(format!("the execution ended as {status:?}{}", why(detail)))
        }
        _ => Look::NotYet,
    }
}

/// How an execution ended that is expected to fail in a step of one kind ([`StepAction::kind`]),
/// with what was done undone: why it failed.
pub fn failed_in(detail: &ExecutionView, kind: &str) -> Look<String> {
    let failed = detail.state.failure.as_ref().and_then(|(id, fault)| {
        let step = detail.plan.body.step(id)?;
        (step.action.kind() == kind).then(|| fault.message.clone())
    });
    match (detail.execution.status, failed) {
        (ExecutionStatus::Failed, Some(message)) => Look::Seen(message),
        (status, _) if status.has_ended() => Look::Never(format!(
            "the execution should have failed in {kind} and ended as {status:?}{}",
            why(detail)
        )),
        _ => Look::NotYet,
    }
}

fn why(detail: &ExecutionView) -> String {
    match &detail.state.failure {
        Some((step, fault)) => format!(" ({step}: {fault})"),
        None => String::new(),
    }
}

/// The release that an execution brought live.
///
/// # Errors
///
/// When it names none.
pub fn release_of(detail: &ExecutionView) -> Result<ReleaseId, String> {
    let release = detail.execution.release.clone();
    release.ok_or_else(|| "the execution made no release".to_owned())
}

/// Whether approving the plan approves the way back to the good release.
///
/// # Errors
///
/// When it does not.
pub fn goes_back_to(plan: &Plan, good: &Release) -> Result<(), String> {
    match &plan.body.on_degraded {
        OnDegraded::RollBack { to } if Some(to) == good.pin().as_ref() => Ok(()),
        _ => Err(format!("the plan does not go back to {}", good.version)),
    }
}

/// How long the image was built, from the start of the step to its end.
pub fn build_time(detail: &ExecutionView) -> Option<Duration> {
    let build = detail.plan.body.steps.iter();
    let mut build = build.filter(|step| matches!(step.action, StepAction::BuildImage(_)));
    let state = detail.state.steps.get(&build.next()?.id)?;
    let length = state.ended_at?.duration_since(state.started_at?);
    Duration::try_from(length).ok()
}

/// The switch of an execution as the engine saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// The old container was told to stop.
    pub stopped_at: Timestamp,
    /// The new one answered well for the first time.
    pub answered_at: Timestamp,
    /// The execution ended: what was new is live.
    pub live_at: Timestamp,
}

pub fn switch(detail: &ExecutionView) -> Option<Switch> {
    let outputs = || {
        detail
            .state
            .steps
            .values()
            .filter_map(|step| step.output.as_ref())
    };
    Some(Switch {
        stopped_at: outputs().find_map(|output| output.stopped_at)?,
        answered_at: outputs().find_map(|output| output.answered_at)?,
        live_at: detail.execution.ended_at?,
    })
}

/// Whether the bake has proven a release, on Prometheus' evidence.
pub fn verified(release: &Release) -> Look<()> {
    match (release.quality, &release.verified_by) {
        (Quality::Unproven, _) => Look::NotYet,
        (Quality::Verified, Some(VerifiedBy::Metrics)) => Look::Seen(()),
        (quality, by) => Look::Never(format!(
            "{} was not verified by metrics: it is {quality:?} ({by:?})",
            release.version
        )),
    }
}

/// The watch found a release bad, as the incident tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundBad {
    /// What was begun by itself.
    pub rollback: ExecutionId,
    pub rule: Rule,
    /// The evaluation that completed the rule.
    pub verdict: Evaluation,
    /// The good release serves again, and nobody has to do anything.
    pub is_over: bool,
}

/// Whether there is an incident about the bad release, with a rollback and the verdict that it
/// rests on.
pub fn found_bad(incidents: &[Incident], bad: &ReleaseId) -> Look<FoundBad> {
    let Some(incident) = incidents.iter().find(|i| i.release.as_ref() == Some(bad)) else {
        return Look::NotYet;
    };
    if incident.kind != IncidentKind::Rollback {
        let title = &incident.title;
        return Look::Never(format!("another kind of incident was opened: {title}"));
    }
    let Some(rollback) = &incident.execution else {
        return Look::NotYet;
    };
    let mut confirming = incident.evidence.iter().rev();
    match confirming.find_map(|evaluation| Some((evaluation.rule?, evaluation))) {
        Some((rule, verdict)) => Look::Seen(FoundBad {
            rollback: rollback.clone(),
            rule,
            verdict: verdict.clone(),
            is_over: matches!(incident.status, IncidentStatus::Closed { .. }),
        }),
        None => Look::Never("the incident lacks the evaluation that confirmed it".to_owned()),
    }
}

/// Whether a verdict was made from answers of Prometheus, kept with the query as it was sent.
///
/// # Errors
///
/// When it was not.
pub fn rests_on_metrics(verdict: &Evaluation) -> Result<(), String> {
    let metrics = verdict.evidence.metrics.as_ref();
    let answered = metrics.is_some_and(|metrics| {
        metrics.readings.iter().any(|reading| {
            let is_value = matches!(reading.outcome, Answered::Value { .. });
            is_value && !reading.query.is_empty() && reading.raw.is_some()
        })
    });
    match answered {
        true => Ok(()),
        false => Err("the incident holds no answer of Prometheus".to_owned()),
    }
}

/// Whether a rule was fulfilled by what Docker told.
///
/// # Errors
///
/// When it was not.
pub fn rests_on_docker(rule: Rule) -> Result<(), String> {
    match rule {
        Rule::RepeatedExits { .. } | Rule::ExitWithoutRestart { .. } | Rule::OutOfMemory => Ok(()),
        Rule::Consecutive { .. } | Rule::BadOf { .. } => Err(format!(
            "not Docker's events confirmed it, but {}",
            rule.sentence()
        )),
    }
}

/// Whether an execution was started by the watch, and what runs after it was inspected and is
/// what its plan says.
///
/// # Errors
///
/// When it was not.
pub fn automatic_and_inspected(detail: &ExecutionView) -> Result<(), String> {
    if !matches!(detail.plan.origin.by, Requester::Policy { .. }) {
        return Err("the rollback was not made by the watch".to_owned());
    }
    let steps = &detail.plan.body.steps;
    let mut inspections =
        (steps.iter()).filter(|step| matches!(step.action, StepAction::VerifyRunning { .. }));
    let done = inspections
        .next()
        .and_then(|step| detail.state.steps.get(&step.id));
    match done.map(|state| state.status) {
        Some(StepStatus::Done) => Ok(()),
        _ => Err("the running image was not inspected after the rollback".to_owned()),
    }
}

/// Whether the ledger says that the good release serves and the bad one is under quarantine.
///
/// # Errors
///
/// What it says instead.
pub fn back_in_place(ledger: &[Release], good: &Release, bad: &ReleaseId) -> Result<(), String> {
    serves(ledger, good)?;
    match ledger.iter().find(|release| &release.id == bad) {
        Some(left)
            if left.quality == Quality::Quarantined && left.presence == Presence::Standby =>
        {
            Ok(())
        }
        Some(left) => Err(format!(
            "{} is {:?} and {:?} and not kept under quarantine",
            left.version, left.presence, left.quality
        )),
        None => Err("the ledger has lost the bad release".to_owned()),
    }
}

/// Whether the good release is the one that is live, with the very bytes that were verified.
///
/// # Errors
///
/// What is live instead.
pub fn serves(ledger: &[Release], good: &Release) -> Result<(), String> {
    match ledger
        .iter()
        .find(|release| release.presence == Presence::Live)
    {
        Some(live) if live.id == good.id && live.pin() == good.pin() => Ok(()),
        Some(live) => Err(format!("{} is live and not {}", live.version, good.version)),
        None => Err("nothing is live".to_owned()),
    }
}
