//! What one commit may alter. The life cycles decide a list of changes; the store carries out all
//! of a list or nothing of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::approval::Approval;
use super::audit::AuditEntry;
use super::command::Command;
use super::digest::Digest;
use super::execution::{Execution, ExecutionStatus, JournalEvent};
use super::id::{ExecutionId, IncidentId, PlanId, ReleaseId, WatchId};
use super::incident::{Freeze, Incident, NotificationOutcome};
use super::lock::{Holder, Place};
use super::name::PersonName;
use super::plan::{Plan, PlanEvent};
use super::release::{PresenceEvent, QualityEvent, Quarantine, Release, VerifiedBy};
use super::sop::DecisionRecord;
use super::watch::{Evaluation, Watch, WatchEvent, WatchState, WatchStatus};

#[derive(Debug, Clone, Default)]
pub struct Transition {
    pub changes: Vec<Change>,
}

impl Transition {
    pub fn of(changes: Vec<Change>) -> Self {
        Self { changes }
    }
}

/// One change. Moves are checked against the tables of legal moves inside the commit, so that of
/// two callers who act on the same state only one succeeds.
#[derive(Debug, Clone)]
pub enum Change {
    /// The data directory's random id; the first one stays.
    SetInstance {
        id: String,
    },
    /// Writes the time, to see whether anything can be written.
    Touch {
        at: Timestamp,
    },
    /// That the ledger came from a backup, and is still to be compared with what runs; `None` once
    /// that is done.
    SetRestored {
        at: Option<Timestamp>,
    },
    RecordCommand(Box<Command>),
    StorePlan(Box<Plan>),
    MovePlan {
        plan: PlanId,
        event: PlanEvent,
        reason: Option<String>,
    },
    AddApproval(Box<Approval>),
    OpenExecution(Box<Execution>),
    /// Appends to a journal that holds `after` events, and sets the cached status.
    Journal {
        execution: ExecutionId,
        after: u64,
        events: Vec<(Timestamp, JournalEvent)>,
        status: ExecutionStatus,
    },
    /// Takes the lock, or takes it up again for who has it, under a new fencing token: one above all
    /// that were given for the place, and above this one.
    TakeLock {
        place: Place,
        holder: Holder,
        above: u64,
    },
    FreeLock {
        place: Place,
        execution: ExecutionId,
    },
    StoreRelease(Box<Release>),
    SetImage {
        release: ReleaseId,
        image_id: Digest,
        base_images: BTreeMap<String, String>,
    },
    MovePresence {
        release: ReleaseId,
        event: PresenceEvent,
        at: Timestamp,
    },
    MoveQuality {
        release: ReleaseId,
        event: QualityEvent,
        by: Option<VerifiedBy>,
    },
    Quarantine {
        place: Place,
        quarantine: Box<Quarantine>,
    },
    LiftQuarantine {
        release: ReleaseId,
        by: PersonName,
        at: Timestamp,
    },
    /// Writes what was learnt at the start: which release is replaced.
    SaveExecution(Box<Execution>),
    OpenWatch(Box<Watch>),
    /// Refused when somebody else has moved the watch meanwhile.
    SaveWatch {
        watch: WatchId,
        /// The status in which it was decided.
        from: WatchStatus,
        state: Box<WatchState>,
        /// Why it ended, where it did.
        reason: Option<String>,
        evaluation: Option<Box<Evaluation>>,
    },
    MoveWatch {
        watch: WatchId,
        event: WatchEvent,
        reason: Option<String>,
        at: Timestamp,
    },
    OpenIncident(Box<Incident>),
    /// Everything but the outcomes of its notifications.
    SaveIncident(Box<Incident>),
    AddNotification {
        incident: IncidentId,
        outcome: Box<NotificationOutcome>,
    },
    Freeze(Box<Freeze>),
    Unfreeze {
        place: Place,
    },
    /// The loopback port of a place that has no configured address: chosen once and kept.
    ReservePort {
        place: Place,
        port: u16,
    },
    /// Only the hash of a token is kept.
    AddToken {
        name: PersonName,
        hash: String,
        at: Timestamp,
    },
    RevokeToken {
        name: PersonName,
        at: Timestamp,
    },
    /// What becomes of a statement of the procedures by a person's word, where it still is as they
    /// saw it.
    Decide {
        record: Box<DecisionRecord>,
        over: Option<Box<DecisionRecord>>,
    },
    /// Puts the head of an ended execution's journal into the audit chain with this entry.
    SealJournal {
        execution: ExecutionId,
        entry: AuditEntry,
    },
    /// Leaves of the journal of an ended execution what it added up to and the hash of its last event.
    ShortenJournal {
        execution: ExecutionId,
        at: Timestamp,
    },
    Audit(AuditEntry),
}
