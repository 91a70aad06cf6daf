//! What events of an execution, most of all its first and its last, do to the ledger. All of it is one
//! commit with the events, so that go-live is one moment: release live, predecessor standby, watch
//! begun, execution succeeded, lock free.

use jiff::Timestamp;

use super::approval::{Approval, Grant};
use super::audit::AuditEntry;
use super::execution::{Execution, ExecutionState, ExecutionStatus, JournalEvent};
use super::id::{Id, ReleaseId, WatchId};
use super::intent::Action;
use super::lock::Holder;
use super::name::PersonName;
use super::plan::{OnDegraded, Plan, PlanEvent, PlanStatus, Requester};
use super::release::{Presence, PresenceEvent, Quality, QualityEvent, Quarantine, Release};
use super::step::StepAction;
use super::transition::Change;
use super::verdict::Baseline;
use super::watch::{Watch, WatchEvent, WatchSettings, WatchState, WatchStatus};

/// Events of one execution, to be committed together.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    pub execution: &'a Execution,
    pub plan: &'a Plan,
    /// How many events the journal holds before these: a second writer is found by it.
    pub after: u64,
    pub events: &'a [(Timestamp, JournalEvent)],
    /// The state once the events are taken in; when it has ended, the ledger is settled in the
    /// same commit.
    pub state: &'a ExecutionState,
    /// With its first events a run takes the lock of its place, under a token above this one; it
    /// takes it once more where it only hears later which tokens there are on the engine.
    pub takes: Option<u64>,
}

/// What has to be known of the ledger before [`changes`] can say what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    Nothing,
    /// [`LedgerFacts::open_watch`] alone.
    Watch,
    Everything,
}

impl Progress<'_> {
    pub fn needs(&self) -> Needed {
        if self.ended().is_some() && moves_releases(self.plan.body.action) {
            Needed::Everything
        } else if self.begun().is_some() {
            Needed::Watch
        } else {
            Needed::Nothing
        }
    }

    /// When the execution began, if it did with these events.
    fn begun(&self) -> Option<Timestamp> {
        match self.events.first() {
            Some((at, JournalEvent::Started { .. })) => Some(*at),
            _ => None,
        }
    }

    /// When the execution ended, if it did with these events.
    fn ended(&self) -> Option<Timestamp> {
        let last = self.events.last().map(|(at, _)| *at);
        last.filter(|_| self.state.status.has_ended())
    }
}

/// What the ledger says when an execution begins or ends.
#[derive(Debug, Clone, Default)]
pub struct LedgerFacts {
    pub approvals: Vec<Approval>,
    /// The release that this execution replaces, as it is now.
    pub replaced: Option<Release>,
    /// The status of the plan that brought the replaced release live.
    pub replaced_plan: Option<PlanStatus>,
    /// The watch over the place that has not ended, if any.
    pub open_watch: Option<Watch>,
}

/// The id of the release that an execution makes: the same digits, so that it is known before
/// anything is stored.
pub fn own_release(execution: &Execution) -> ReleaseId {
    ReleaseId::from_digits(execution.id.digits())
}

/// Everything that a commit of these events is. `facts` hold at least what the progress
/// [needs](Progress::needs); `settings` are those of a watch over the place.
pub fn changes(
    progress: &Progress<'_>,
    facts: &LedgerFacts,
    settings: &WatchSettings,
) -> Vec<Change> {
    let Progress {
        execution,
        plan,
        after,
        events,
        state,
        takes,
    } = *progress;
    let mut changes = Vec::new();
    if let (Some(above), Some((at, _))) = (takes, events.first()) {
        changes.push(take_lock(execution, above, *at));
    }
    if let Some(at) = progress.begun() {
        changes.extend(open(plan, execution, facts.open_watch.as_ref(), at));
    }
    changes.push(Change::Journal {
        execution: execution.id.clone(),
        after,
        events: events.to_vec(),
        status: state.status,
    });
    changes.extend(answers(execution, state, events));
    if let Some(at) = progress.ended() {
        changes.extend(settle(plan, execution, state, facts, settings, at));
    }
    changes
}

/// The change that goes with the first event of each run.
fn take_lock(execution: &Execution, above: u64, at: Timestamp) -> Change {
    Change::TakeLock {
        place: execution.place.clone(),
        holder: Holder {
            execution: execution.id.clone(),
            action: execution.action,
            since: at,
        },
        above,
    }
}

/// The changes that go with the first event of all. A watch that bakes is paused in the same commit
/// that takes the lock, so that what the execution stops is never taken for a crash.
fn open(
    plan: &Plan,
    execution: &Execution,
    open_watch: Option<&Watch>,
    at: Timestamp,
) -> Vec<Change> {
    let mut changes = vec![
        Change::SaveExecution(Box::new(execution.clone())),
        Change::MovePlan {
            plan: plan.id.clone(),
            event: PlanEvent::Start,
            reason: None,
        },
        Change::Audit(
            AuditEntry::new(
                at,
                actor(&plan.origin.by),
                "execution.started",
                &execution.id,
            )
            .with("plan", &plan.id)
            .with("digest", &plan.digest),
        ),
    ];
    if let Some(watch) = open_watch.filter(|w| w.status() == WatchStatus::Baking) {
        changes.push(Change::MoveWatch {
            watch: watch.id.clone(),
            event: WatchEvent::Pause,
            reason: None,
            at,
        });
    }
    if let Some(release) = candidate(plan, execution, at) {
        changes.push(Change::StoreRelease(Box::new(release)));
    }
    changes
}

/// The release that a deploy or promotion tries to make.
fn candidate(plan: &Plan, execution: &Execution, at: Timestamp) -> Option<Release> {
    if !makes_release(plan.body.action) {
        return None;
    }
    let body = &plan.body;
    let configuration = body.configuration.clone()?;
    let commit = body.pins.commit.clone()?;
    Some(Release {
        id: own_release(execution),
        service: body.service.clone(),
        environment: body.environment.clone()?,
        plan: plan.id.clone(),
        execution: execution.id.clone(),
        version: body
            .pins
            .reference
            .clone()
            .unwrap_or_else(|| commit.clone()),
        commit,
        tree: body.pins.tree.clone().unwrap_or_default(),
        image_id: body.pins.image_id.clone(),
        base_images: Default::default(),
        configuration_digest: configuration.digest(),
        configuration,
        presence: Presence::Candidate,
        quality: Quality::Unproven,
        verified_by: None,
        created_at: at,
        first_live_at: None,
        live_since: None,
        by: person(&plan.origin.by)?,
    })
}

/// Who answered what, for the trail.
fn answers(
    execution: &Execution,
    state: &ExecutionState,
    events: &[(Timestamp, JournalEvent)],
) -> Vec<Change> {
    let entry = |(at, event): &(Timestamp, JournalEvent)| {
        let JournalEvent::Answered {
            step, by, choice, ..
        } = event
        else {
            return None;
        };
        let asking = state.steps.get(step)?.asking.as_ref()?;
        let entry = AuditEntry::new(*at, by.as_str(), "execution.answered", &execution.id)
            .with("step", step)
            .with("choice", choice)
            .with("shown", &asking.digest);
        Some(Change::Audit(entry))
    };
    events.iter().filter_map(entry).collect()
}

pub fn makes_release(action: Action) -> bool {
    matches!(action, Action::Deploy | Action::Promote)
}

/// The actions whose end is one for releases, too.
fn moves_releases(action: Action) -> bool {
    makes_release(action) || action == Action::Rollback
}

/// The changes that go with the last event.
fn settle(
    plan: &Plan,
    execution: &Execution,
    state: &ExecutionState,
    facts: &LedgerFacts,
    settings: &WatchSettings,
    at: Timestamp,
) -> Vec<Change> {
    let mut changes = match (state.status, plan.body.action) {
        (ExecutionStatus::Succeeded, Action::Deploy | Action::Promote) => {
            go_live(plan, execution, state, facts, settings, at)
        }
        (ExecutionStatus::Succeeded, Action::Rollback) => {
            restored(plan, execution, facts, settings, at)
        }
        (ExecutionStatus::Succeeded, _) => Vec::new(),
        // What could not be undone may still be on the engine: the ledger keeps it until it is gone.
        (ExecutionStatus::Stuck, action) if makes_release(action) => Vec::new(),
        (_, action) if makes_release(action) => vec![Change::MovePresence {
            release: own_release(execution),
            event: PresenceEvent::Retire,
            at,
        }],
        (_, Action::Rollback) => not_restored(plan, state, facts, at),
        _ => Vec::new(),
    };
    changes.push(Change::MovePlan {
        plan: plan.id.clone(),
        event: match state.status {
            ExecutionStatus::Succeeded => PlanEvent::Succeed,
            ExecutionStatus::Cancelled => PlanEvent::Cancel,
            _ => PlanEvent::Fail,
        },
        reason: why(state),
    });
    changes.push(Change::FreeLock {
        place: execution.place.clone(),
        execution: execution.id.clone(),
    });
    // The store adds the head of the journal, which these very events make.
    changes.push(Change::SealJournal {
        execution: execution.id.clone(),
        entry: AuditEntry::new(at, "commander", "execution.ended", &execution.id)
            .with("status", format!("{:?}", state.status).to_lowercase()),
    });
    changes
}

/// The changes by which a person ends an execution that cannot go on, as it stands. Nothing of its
/// journal is believed but its length.
pub fn abandon(
    execution: &Execution,
    written: u64,
    by: &Requester,
    reason: &str,
    at: Timestamp,
) -> Vec<Change> {
    let reason = reason.to_owned();
    let mut events = vec![JournalEvent::CancelRequested {
        by: by.clone(),
        reason: reason.clone(),
    }];
    if execution.status == ExecutionStatus::Running {
        events.push(JournalEvent::UnwindStarted {
            reason: reason.clone(),
        });
    }
    events.push(JournalEvent::Ended {
        status: ExecutionStatus::Stuck,
    });
    vec![
        Change::Journal {
            execution: execution.id.clone(),
            after: written,
            events: events.into_iter().map(|event| (at, event)).collect(),
            status: ExecutionStatus::Stuck,
        },
        Change::MovePlan {
            plan: execution.plan.clone(),
            event: PlanEvent::Fail,
            reason: Some(reason.clone()),
        },
        Change::FreeLock {
            place: execution.place.clone(),
            execution: execution.id.clone(),
        },
        Change::SealJournal {
            execution: execution.id.clone(),
            entry: AuditEntry::new(at, actor(by), "execution.ended", &execution.id)
                .with("status", "stuck")
                .with("reason", reason),
        },
    ]
}

fn why(state: &ExecutionState) -> Option<String> {
    match (&state.cancel, &state.failure) {
        (Some(reason), _) => Some(format!("cancelled: {reason}")),
        (None, Some((step, fault))) => Some(format!("{step}: {}", fault.message)),
        (None, None) => None,
    }
}

fn go_live(
    plan: &Plan,
    execution: &Execution,
    state: &ExecutionState,
    facts: &LedgerFacts,
    settings: &WatchSettings,
    at: Timestamp,
) -> Vec<Change> {
    let release = own_release(execution);
    let mut changes = stand_by(facts, at);
    changes.extend(end_watch(facts, WatchEvent::Supersede, at));
    if let Some((image_id, base_images)) = built(plan, state) {
        changes.push(Change::SetImage {
            release: release.clone(),
            image_id,
            base_images,
        });
    }
    changes.push(Change::MovePresence {
        release: release.clone(),
        event: PresenceEvent::GoLive,
        at,
    });
    changes.push(Change::OpenWatch(Box::new(Watch {
        grant: grant(plan, &facts.approvals),
        ..watch(plan, execution, release, settings, at)
    })));
    changes
}

/// A rollback makes no release: the target becomes live again with the quality it has, and what
/// it left is quarantined.
fn restored(
    plan: &Plan,
    execution: &Execution,
    facts: &LedgerFacts,
    settings: &WatchSettings,
    at: Timestamp,
) -> Vec<Change> {
    let Some(target) = plan.target_release.clone() else {
        return Vec::new();
    };
    let mut changes = stand_by(facts, at);
    if let Some(left) = &facts.replaced {
        changes.extend(quarantine(plan, execution, left, at));
        // A release that was restored once and is left again has a plan that is rolled back already.
        if facts.replaced_plan == Some(PlanStatus::Succeeded) {
            changes.push(Change::MovePlan {
                plan: left.plan.clone(),
                event: PlanEvent::RollBack,
                reason: Some(format!("rolled back by plan {}", plan.id)),
            });
        }
    }
    let end = match plan.origin.by {
        Requester::Policy { .. } => WatchEvent::RollBack,
        Requester::Person { .. } => WatchEvent::Supersede,
    };
    changes.extend(end_watch(facts, end, at));
    changes.push(Change::MovePresence {
        release: target.clone(),
        event: PresenceEvent::GoLive,
        at,
    });
    changes.push(Change::OpenWatch(Box::new(watch(
        plan, execution, target, settings, at,
    ))));
    changes
}

/// The automatic rollback has had its one attempt: what is degraded stays as it is.
fn not_restored(
    plan: &Plan,
    state: &ExecutionState,
    facts: &LedgerFacts,
    at: Timestamp,
) -> Vec<Change> {
    let automatic = matches!(plan.origin.by, Requester::Policy { .. });
    let degraded = |watch: &&Watch| watch.status() == WatchStatus::Degraded;
    match facts.open_watch.as_ref().filter(degraded) {
        Some(watch) if automatic => {
            let why = why(state).unwrap_or_default();
            let why = format!("degraded, and the rollback was not made: {why}");
            let quality = facts.replaced.as_ref().map(|r| r.quality);
            give_up(watch, quality, why, at)
        }
        _ => Vec::new(),
    }
}

/// Ends the watch over a degraded release to which nothing more is done by itself.
pub fn give_up(watch: &Watch, quality: Option<Quality>, why: String, at: Timestamp) -> Vec<Change> {
    let mut changes = vec![Change::MoveWatch {
        watch: watch.id.clone(),
        event: WatchEvent::EndUnverified,
        reason: Some(why),
        at,
    }];
    if quality == Some(Quality::Unproven) {
        changes.push(Change::MoveQuality {
            release: watch.release.clone(),
            event: QualityEvent::EndUnverified,
            by: None,
        });
    }
    changes
}

fn stand_by(facts: &LedgerFacts, at: Timestamp) -> Vec<Change> {
    let replaced = facts
        .replaced
        .iter()
        .filter(|r| r.presence == Presence::Live);
    replaced
        .map(|r| Change::MovePresence {
            release: r.id.clone(),
            event: PresenceEvent::StandBy,
            at,
        })
        .collect()
}

fn quarantine(plan: &Plan, execution: &Execution, left: &Release, at: Timestamp) -> Vec<Change> {
    let Some(image_id) = left
        .image_id
        .clone()
        .filter(|_| left.quality != Quality::Quarantined)
    else {
        return Vec::new();
    };
    let reason = format!("left by rollback plan {}", plan.id);
    vec![
        Change::MoveQuality {
            release: left.id.clone(),
            event: QualityEvent::Quarantine,
            by: None,
        },
        Change::Quarantine {
            place: execution.place.clone(),
            quarantine: Box::new(Quarantine {
                release: left.id.clone(),
                image_id,
                commit: left.commit.clone(),
                configuration: left.configuration_digest.clone(),
                since: at,
                reason: reason.clone(),
            }),
        },
        Change::Audit(
            AuditEntry::new(at, actor(&plan.origin.by), "release.quarantined", &left.id)
                .with("reason", reason),
        ),
    ]
}

fn end_watch(facts: &LedgerFacts, event: WatchEvent, at: Timestamp) -> Option<Change> {
    let watch = facts.open_watch.as_ref()?;
    Some(Change::MoveWatch {
        watch: watch.id.clone(),
        event,
        reason: None,
        at,
    })
}

/// A watch without automatic acts; a deploy adds its grant.
fn watch(
    plan: &Plan,
    execution: &Execution,
    release: ReleaseId,
    settings: &WatchSettings,
    at: Timestamp,
) -> Watch {
    Watch {
        id: WatchId::from_digits(execution.id.digits()),
        release,
        place: execution.place.clone(),
        plan: plan.id.clone(),
        predecessor: execution.replaces.clone(),
        restored: plan.body.action == Action::Rollback,
        grant: None,
        settings: settings.clone(),
        // Docker counts restarts from the start that was asked for. The baseline is looked up by the
        // watch before its first evaluation.
        state: WatchState::begin(0, Baseline::default()),
        reason: None,
        started_at: at,
        ended_at: None,
    }
}

/// The pre-authorisation that the approval of a deploy gives.
fn grant(plan: &Plan, approvals: &[Approval]) -> Option<Grant> {
    let OnDegraded::RollBack { .. } = &plan.body.on_degraded else {
        return None;
    };
    let approval = approvals.iter().rfind(|a| a.plan_digest == plan.digest)?;
    Some(Grant {
        under: approval.id.clone(),
        plan_digest: plan.digest.clone(),
        on_degraded: plan.body.on_degraded.clone(),
    })
}

fn built(
    plan: &Plan,
    state: &ExecutionState,
) -> Option<(
    super::digest::Digest,
    std::collections::BTreeMap<String, String>,
)> {
    let build = plan
        .body
        .steps
        .iter()
        .find(|step| matches!(step.action, StepAction::BuildImage(_)))?;
    let output = state.steps.get(&build.id)?.output.as_ref()?;
    Some((output.image_id.clone()?, output.base_images.clone()))
}

/// Who acts, as the audit trail names them.
pub fn actor(by: &Requester) -> String {
    match by {
        Requester::Person { name } => name.to_string(),
        Requester::Policy { under } => format!("policy under {under}"),
    }
}

fn person(by: &Requester) -> Option<PersonName> {
    match by {
        Requester::Person { name } => Some(name.clone()),
        Requester::Policy { .. } => None,
    }
}
