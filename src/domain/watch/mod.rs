//! The watch: what follows a release. The bake, a verdict per evaluation, an end.
//!
//! How it is driven (the caller is `flow::watch`):
//!
//! ```text
//!   go-live ── WatchState::begin(restart count, baseline)
//!      │
//!      ├─ every interval ── gather Evidence ── step(state, settings, evidence, tick)
//!      │                                          │
//!      │     one transition stores state and evaluation, then the decision is carried out:
//!      │     Continue │ Verified │ Unverified │ Degraded
//!      │
//!      ├─ an execution takes the environment's lock ── apply(Pause) ... resume(restart count)
//!      └─ somebody stops it, the next release goes live ── apply(Stop), apply(Supersede)
//! ```
//!
//! The state is plain data and holds no wall-clock deadline: time is the sum of what each tick says
//! has passed by a monotonic clock. It can be stored, loaded by another process and stepped on.
//! A jump of the wall clock changes nothing but the times that are shown.
//!
//! An event of Docker may bring an evaluation forward: what Docker says is judged at once, and the
//! rules that count evaluations still see one for each interval.
//!
//! `Degraded` is said once: it moves the watch out of `baking`, and only a baking watch can be
//! stepped. What follows (the rollback, the incident) belongs to the flow, which finds a watch in
//! status `degraded` again after a restart.

mod decide;
mod record;
mod settings;
mod state;
mod status;

pub use decide::{Decision, Rule, Unverified};
pub use record::Watch;
pub use settings::{BadOf, ProbeSettings, SettingsMistake, WatchSettings};
pub use state::{Clock, Continuity, ExitLedger, Mark, MarkKind, WatchState};
pub use status::{IllegalWatchMove, WatchEvent, WatchStatus};

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verdict::{Bench, Evidence, Measure, Thresholds, Verdict, VerdictKind, judge};

/// When an evaluation happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// Since the evaluation before, or since the watch was begun, resumed or loaded, by a clock
    /// that never jumps. More than two intervals count as two: whoever slept saw nothing.
    pub elapsed: Duration,
    /// The time of day, for showing only.
    pub now: Timestamp,
}

/// One evaluation with everything it was decided from; what is stored, and what an incident shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// Counted from 1 within the watch.
    pub number: u32,
    pub at: Timestamp,
    pub verdict: Verdict,
    pub sentence: String,
    pub measures: Vec<Measure>,
    pub thresholds: Thresholds,
    pub evidence: Evidence,
    pub clock: Clock,
    /// The rule that this evaluation completed, where it confirmed the degradation.
    pub rule: Option<Rule>,
}

/// What one step yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Stepped {
    pub state: WatchState,
    pub evaluation: Evaluation,
    pub decision: Decision,
    /// Where the kind of verdict is another one than before: worth an event. A provider that stays
    /// down for a hundred evaluations is one change, not a hundred.
    pub change: Option<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WatchChange)]
pub struct Change {
    /// Absent for the first evaluation.
    pub from: Option<VerdictKind>,
    pub to: VerdictKind,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a watch that is {status} cannot be evaluated: only a baking one can")]
pub struct NotBaking {
    pub status: WatchStatus,
}

/// Judges one evaluation and says what follows from it and from all before it.
///
/// # Errors
///
/// When the watch is paused, has found its release degraded, or has ended.
pub fn step(
    state: &WatchState,
    settings: &WatchSettings,
    evidence: Evidence,
    tick: Tick,
) -> Result<Stepped, NotBaking> {
    if state.status != WatchStatus::Baking {
        let status = state.status;
        return Err(NotBaking { status });
    }
    let mut next = state.clone();
    let exits = next.exits.observe(&evidence.container);
    let bench = Bench {
        thresholds: &settings.thresholds,
        queries: &settings.queries,
        baseline: &state.baseline,
        exits,
    };
    let judgement = judge(&evidence, &bench);
    next.remember(&judgement.verdict, settings, tick);
    let decision = decide::decide(&next, settings, &judgement.verdict);
    if let Some(event) = decision.event() {
        // The table of moves has all three from `baking`, which was checked above.
        next.status = (next.status.next(event))
            .expect("a baking watch may be verified, end unverified and be degraded");
    }
    let to = judgement.verdict.kind();
    let from = state.last_verdict;
    let evaluation = Evaluation {
        number: next.evaluations,
        at: tick.now,
        sentence: judgement.verdict.sentence(),
        verdict: judgement.verdict,
        measures: judgement.measures,
        thresholds: settings.thresholds.clone(),
        evidence,
        clock: next.clock,
        rule: decision.rule(),
    };
    Ok(Stepped {
        change: (from != Some(to)).then_some(Change { from, to }),
        state: next,
        evaluation,
        decision,
    })
}
