//! Time travel: what an execution was at one event of its journal. It is replayed as the engine
//! replays it, only not to the end; nothing is remembered beside the journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::execution::{CorruptJournal, ExecutionState, ExecutionStatus, JournalEvent};
use super::plan::PlanBody;
use super::question::sentence;
use super::text::length;

/// One event of a journal, as people choose it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// Counted from 1, as the ids of the stream of events are.
    pub n: u64,
    pub at: Timestamp,
    pub event: JournalEvent,
    /// The event in words.
    pub words: String,
}

/// Where in its past an execution is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Past {
    /// The last event that counts.
    pub moment: Moment,
    /// Events that the journal has by now.
    pub of: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchMoment {
    #[error("the journal has no event yet: nothing has begun")]
    Nothing,
    #[error("the journal has no event {n}: its events are 1 to {of}")]
    OutOfRange { n: u64, of: u64 },
    #[error(transparent)]
    Corrupt(#[from] CorruptJournal),
}

/// All events in order, in words.
pub fn moments(journal: &[(Timestamp, JournalEvent)]) -> Vec<Moment> {
    (1..)
        .zip(journal)
        .map(|(n, (at, event))| Moment {
            n,
            at: *at,
            words: words(event),
            event: event.clone(),
        })
        .collect()
}

/// The state as it was after event `n`, counted from 1.
///
/// # Errors
///
/// When there is no such event, or the journal is none of this engine's.
pub fn after(
    body: &PlanBody,
    journal: &[(Timestamp, JournalEvent)],
    n: u64,
) -> Result<(ExecutionState, Past), NoSuchMoment> {
    let of = journal.len() as u64;
    if of == 0 {
        return Err(NoSuchMoment::Nothing);
    }
    let begun = usize::try_from(n).ok().and_then(|n| journal.get(..n));
    let Some(moment) = begun.map(moments).and_then(|mut moments| moments.pop()) else {
        return Err(NoSuchMoment::OutOfRange { n, of });
    };
    let state = ExecutionState::replay(body, begun.unwrap_or_default())?;
    Ok((state, Past { moment, of }))
}

/// One event in words.
pub fn words(event: &JournalEvent) -> String {
    match event {
        JournalEvent::Started { .. } => "started".to_owned(),
        JournalEvent::StepStarted { step } => format!("{step}: runs"),
        JournalEvent::StepDone { step, output } if output.summary.is_empty() => {
            format!("{step}: done")
        }
        JournalEvent::StepDone { step, output } => format!("{step}: done, {}", output.summary),
        JournalEvent::StepFailed { step, fault } => format!("{step}: failed: {}", fault.message),
        JournalEvent::StepRetried {
            step,
            fault,
            attempt,
            pause_milliseconds,
        } => format!(
            "{step}: try {attempt} failed, the next one is in {}: {}",
            length(*pause_milliseconds),
            fault.message
        ),
        JournalEvent::StepSkipped { step, reason } => format!("{step}: skipped: {reason}"),
        JournalEvent::Asked { step, shown, .. } => format!("{step}: {}", shown.question),
        JournalEvent::Answered {
            step,
            by,
            choice,
            comment,
        } => format!("{step}: {}", sentence(by, choice, comment.as_deref())),
        // The reason names the person.
        JournalEvent::CancelRequested { reason, .. } => format!("cancelled: {reason}"),
        JournalEvent::UnwindStarted { reason } => {
            format!("everything done is undone now: {reason}")
        }
        JournalEvent::UndoStarted { step } => format!("{step}: is being undone"),
        JournalEvent::UndoDone { step } => format!("{step}: undone"),
        JournalEvent::UndoFailed { step, fault } => {
            format!("{step}: could not be undone: {}", fault.message)
        }
        JournalEvent::Ended { status } => standing(*status).to_owned(),
    }
}

/// How an execution stands, in words.
pub fn standing(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Waiting => "waits for the lock",
        ExecutionStatus::Running => "running",
        ExecutionStatus::Unwinding => "is being undone",
        ExecutionStatus::Succeeded => "succeeded",
        ExecutionStatus::Failed => "failed, and all that was done is undone",
        ExecutionStatus::Cancelled => "cancelled, and all that was done is undone",
        ExecutionStatus::Stuck => "stuck: something could not be undone, a person must look",
    }
}
