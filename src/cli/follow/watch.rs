//! Following a watch: its evaluations, its end, and the rollback where it comes to one.

use std::time::Duration;

use super::follow_execution;
use super::screen::{Line, Screen};
use crate::cli::exit::{Exit, Failure};
use crate::cli::render::page::Tone;
use crate::cli::render::watch::{baked, evaluation, verdict};
use crate::cli::server::{Items, Server};
use crate::domain::execution::Execution;
use crate::domain::id::{PlanId, WatchId};
use crate::domain::incident::{Incident, IncidentKind};
use crate::domain::lock::Place;
use crate::domain::plan::{Plan, Surface};
use crate::domain::verdict::VerdictKind;
use crate::domain::watch::{Watch, WatchStatus};
use crate::flow::WatchView;

/// Nobody reads faster, and no watch has shorter intervals than a few of these.
const PAUSE: Duration = Duration::from_millis(500);
/// What follows a degradation is begun within moments; who waits longer is told where to look.
const PATIENCE: u32 = 40;
/// More evaluations than this are not missed between two looks.
const LOOK: u32 = 50;

/// The watch that an execution's go-live began; none where no release was made.
///
/// # Errors
///
/// When the server does not answer.
pub async fn watch_of(
    server: &Server,
    screen: &Screen<'_>,
    execution: &Execution,
) -> Result<Option<Watch>, Failure> {
    let Some(release) = &execution.release else {
        return Ok(None);
    };
    let path = of_place("/api/watches", &execution.place);
    let watches: Items<Watch> = screen.get(server, &path).await?;
    let its_own =
        |watch: &Watch| watch.release == *release && watch.started_at >= execution.created_at;
    Ok(watches.items.into_iter().find(its_own))
}

/// Follows a watch to its end; of one that is rolled back, also the rollback.
///
/// # Errors
///
/// When the server does not answer any more.
pub async fn follow_watch(
    server: &Server,
    screen: &mut Screen<'_>,
    id: &WatchId,
) -> Result<Exit, Failure> {
    let path = format!("/api/watches/{id}?limit={LOOK}");
    let mut seen = 0;
    let mut last: Option<VerdictKind> = None;
    loop {
        let detail: WatchView = screen.get(server, &path).await?;
        let before = seen;
        for new in detail.evaluations.iter().filter(|e| e.number > before) {
            seen = new.number;
            let kind = new.verdict.kind();
            let (tone, word) = verdict(kind);
            let baked = baked(&detail.watch);
            let text = format!("bake, {baked}: {word}: {}", evaluation(new));
            screen.tell(&Line::Evaluation(new))?;
            let is_news = last != Some(kind) || kind == VerdictKind::Bad;
            screen.watch(tone, &text, is_news)?;
            last = Some(kind);
        }
        match detail.watch.status() {
            WatchStatus::Baking | WatchStatus::Paused => tokio::time::sleep(PAUSE).await,
            _ => {
                screen.end_watch();
                screen.tell(&Line::Watch(&detail.watch))?;
                return ended(server, screen, &detail.watch).await;
            }
        }
    }
}

async fn ended(server: &Server, screen: &mut Screen<'_>, watch: &Watch) -> Result<Exit, Failure> {
    let why = watch.reason.as_deref().map(|why| format!(": {why}"));
    let why = why.unwrap_or_default();
    let place = &watch.place;
    match watch.status() {
        WatchStatus::Verified => {
            screen.say(Tone::Good, &format!("{place}: verified{why}"))?;
            next_of_chain(server, screen, watch).await?;
            Ok(Exit::Ok)
        }
        WatchStatus::Unverified => {
            screen.say(Tone::Warn, &format!("{place}: live, but unverified{why}"))?;
            Ok(Exit::Ok)
        }
        WatchStatus::Superseded => {
            screen.say(
                Tone::Plain,
                &format!("{place}: another release went live{why}"),
            )?;
            Ok(Exit::Ok)
        }
        WatchStatus::Stopped => {
            screen.say(
                Tone::Warn,
                &format!("{place}: live, and not watched any more{why}"),
            )?;
            Ok(Exit::Ok)
        }
        WatchStatus::Degraded | WatchStatus::RolledBack => {
            degraded(server, screen, watch, &why).await?;
            Ok(Exit::Failed)
        }
        WatchStatus::Baking | WatchStatus::Paused => Ok(Exit::Ok),
    }
}

/// The plan for the next environment, which waits for its own approval.
async fn next_of_chain(server: &Server, screen: &Screen<'_>, watch: &Watch) -> Result<(), Failure> {
    let path = format!("/api/plans/{}", watch.plan);
    let plan: Plan = screen.get(server, &path).await?;
    let Some(environment) = plan.chain.first() else {
        return Ok(());
    };
    let place = Place {
        service: plan.body.service.clone(),
        environment: Some(environment.clone()),
    };
    let path = of_place("/api/plans", &place) + "&status=pending_approval";
    for _ in 0..PATIENCE {
        let plans: Items<Plan> = screen.get(server, &path).await?;
        let next = plans
            .items
            .iter()
            .find(|p| p.origin.surface == Surface::Chain);
        if let Some(next) = next {
            let text = format!(
                "next in the chain, waiting for approval: commander plans {short}, then commander approve {short}",
                short = next.id.short()
            );
            return screen.say(Tone::Strong, &text);
        }
        tokio::time::sleep(PAUSE).await;
    }
    let text = format!("no plan for {environment} was made; look at: commander plans");
    screen.say(Tone::Warn, &text)
}

/// The incident of a release that turned out bad, and the rollback that was approved beforehand.
async fn degraded(
    server: &Server,
    screen: &mut Screen<'_>,
    watch: &Watch,
    why: &str,
) -> Result<(), Failure> {
    let Some(incident) = incident_of(server, screen, watch).await? else {
        let text = format!("{}: the release was bad{why}", watch.place);
        screen.say(Tone::Bad, &text)?;
        let text = format!(
            "look at: commander incidents, commander watch {}",
            watch.id.short()
        );
        return screen.say(Tone::Warn, &text);
    };
    screen.say(Tone::Bad, &incident.title)?;
    if let Some(plan) = &incident.plan
        && let Some(rollback) = execution_of(server, screen, &watch.place, plan).await?
    {
        follow_execution(server, screen, &rollback.id).await?;
    }
    let path = format!("/api/incidents/{}", incident.id);
    let incident: Incident = screen.get(server, &path).await?;
    screen.tell(&Line::Incident(&incident))?;
    let text = format!(
        "what was seen and done: commander incidents {}",
        incident.id.short()
    );
    screen.say(Tone::Strong, &text)
}

/// The incident, once it says what is done about it.
async fn incident_of(
    server: &Server,
    screen: &Screen<'_>,
    watch: &Watch,
) -> Result<Option<Incident>, Failure> {
    let path = of_place("/api/incidents", &watch.place);
    let mut found = None;
    for _ in 0..PATIENCE {
        let incidents: Items<Incident> = screen.get(server, &path).await?;
        let own = |incident: &Incident| incident.watch.as_ref() == Some(&watch.id);
        found = incidents.items.into_iter().find(own);
        let is_complete = |incident: &Incident| {
            incident.plan.is_some() || incident.kind != IncidentKind::Rollback
        };
        if found.as_ref().is_some_and(is_complete) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(found)
}

async fn execution_of(
    server: &Server,
    screen: &Screen<'_>,
    place: &Place,
    plan: &PlanId,
) -> Result<Option<Execution>, Failure> {
    let path = of_place("/api/executions", place);
    for _ in 0..PATIENCE {
        let executions: Items<Execution> = screen.get(server, &path).await?;
        let own = |execution: &Execution| execution.plan == *plan;
        if let Some(execution) = executions.items.into_iter().find(own) {
            return Ok(Some(execution));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(None)
}

/// A list of one place. Names are DNS labels and need no escapes.
fn of_place(list: &str, place: &Place) -> String {
    match &place.environment {
        Some(environment) => {
            format!("{list}?service={}&environment={environment}", place.service)
        }
        None => format!("{list}?service={}", place.service),
    }
}
