//! What events of an execution, most of all its first and its last, do to the ledger. All of it is one
//! commit with the events, so that go-live is one moment: release live, predecessor standby, watch
//! begun, execution succeeded, lock free.
//!
//! What goes with the first event is in `begin`, with the last one in `end`, and what an end means for
//! releases and their watches in `releases`.

mod begin;
mod end;
mod releases;

pub use end::abandon;
pub use releases::give_up;

use jiff::Timestamp;

use super::approval::Approval;
use super::audit::AuditEntry;
use super::execution::{Execution, ExecutionState, JournalEvent};
use super::id::{Id, ReleaseId};
use super::intent::Action;
use super::plan::{Plan, PlanStatus, Requester};
use super::release::Release;
use super::transition::Change;
use super::watch::{Watch, WatchSettings};

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
        changes.push(begin::take_lock(execution, above, *at));
    }
    if let Some(at) = progress.begun() {
        changes.extend(begin::open(plan, execution, facts.open_watch.as_ref(), at));
    }
    changes.push(Change::Journal {
        execution: execution.id.clone(),
        after,
        events: events.to_vec(),
        status: state.status,
    });
    changes.extend(answers(execution, state, events));
    if let Some(at) = progress.ended() {
        changes.extend(end::settle(plan, execution, state, facts, settings, at));
    }
    changes
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

/// Who acts, as the audit trail names them.
pub fn actor(by: &Requester) -> String {
    match by {
        Requester::Person { name } => name.to_string(),
        Requester::Policy { under } => format!("policy under {under}"),
    }
}
