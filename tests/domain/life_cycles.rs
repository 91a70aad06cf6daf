//! The tables of legal moves, walked through completely.

use std::collections::BTreeSet;
use std::fmt::Debug;

use commander::domain::execution::{ExecutionEvent, ExecutionStatus, StepEvent, StepStatus};
use commander::domain::plan::{PlanEvent, PlanStatus};
use commander::domain::release::{Presence, PresenceEvent, Quality, QualityEvent};
use proptest::prelude::*;

const PLAN_EVENTS: [PlanEvent; 9] = [
    PlanEvent::Approve,
    PlanEvent::Reject,
    PlanEvent::Expire,
    PlanEvent::Supersede,
    PlanEvent::Cancel,
    PlanEvent::Start,
    PlanEvent::Succeed,
    PlanEvent::Fail,
    PlanEvent::RollBack,
];
const EXECUTION_EVENTS: [ExecutionEvent; 6] = [
    ExecutionEvent::Start,
    ExecutionEvent::Unwind,
    ExecutionEvent::Succeed,
    ExecutionEvent::Fail,
    ExecutionEvent::Cancel,
    ExecutionEvent::Stick,
];
const STEP_EVENTS: [StepEvent; 9] = [
    StepEvent::Ask,
    StepEvent::Skip,
    StepEvent::Start,
    StepEvent::Pause,
    StepEvent::Finish,
    StepEvent::Fail,
    StepEvent::Undo,
    StepEvent::Undone,
    StepEvent::UndoFail,
];
const PRESENCE_EVENTS: [PresenceEvent; 3] = [
    PresenceEvent::GoLive,
    PresenceEvent::StandBy,
    PresenceEvent::Retire,
];
const QUALITY_EVENTS: [QualityEvent; 4] = [
    QualityEvent::Verify,
    QualityEvent::EndUnverified,
    QualityEvent::Quarantine,
    QualityEvent::Lift,
];

/// A life cycle as a list of its moves, so that one set of questions fits all of them.
struct LifeCycle<S> {
    first: S,
    all: Vec<S>,
    moves: Vec<(S, S)>,
}

impl<S: Copy + PartialEq + Debug> LifeCycle<S> {
    fn of<E: Copy, X>(all: &[S], events: &[E], next: impl Fn(S, E) -> Result<S, X>) -> Self {
        let pairs = all.iter().flat_map(|s| events.iter().map(|e| (*s, *e)));
        Self {
            first: all[0],
            all: all.to_vec(),
            moves: pairs
                .filter_map(|(s, e)| next(s, e).ok().map(|to| (s, to)))
                .collect(),
        }
    }

    fn after(&self, status: S) -> impl Iterator<Item = S> {
        let moves = self.moves.iter().filter(move |(from, _)| *from == status);
        moves.map(|(_, to)| *to)
    }

    fn ends(&self) -> Vec<S> {
        let ends = self.all.iter().copied();
        ends.filter(|s| self.after(*s).next().is_none()).collect()
    }

    fn reachable(&self, from: S) -> Vec<S> {
        let mut seen = vec![from];
        let mut i = 0;
        while i < seen.len() {
            for to in self.after(seen[i]) {
                if !seen.contains(&to) {
                    seen.push(to);
                }
            }
            i += 1;
        }
        seen
    }

    /// Every status can be reached, and from every status the story can come to an end.
    fn assert_whole(&self, ends: &[S]) {
        assert_eq!(self.ends(), ends);
        let reachable = self.reachable(self.first);
        for status in &self.all {
            assert!(reachable.contains(status), "{status:?} is never reached");
            let ahead = self.reachable(*status);
            assert!(ahead.iter().any(|s| ends.contains(s)), "{status:?}");
        }
    }
}

#[test]
fn a_plan_that_ended_stays_so_but_for_one_way_out() {
    use PlanStatus as S;
    let life = LifeCycle::of(&S::ALL, &PLAN_EVENTS, S::next);
    life.assert_whole(&[
        S::Failed,
        S::Rejected,
        S::Expired,
        S::Superseded,
        S::Cancelled,
        S::RolledBack,
    ]);
    assert_eq!(
        life.after(S::Succeeded).collect::<Vec<_>>(),
        [S::RolledBack]
    );
    for status in S::ALL {
        let ended = life.ends().contains(&status) || status == S::Succeeded;
        assert_eq!(status.is_open(), !ended, "{status:?}");
    }
}

/// Invariant 11: whatever happens, nothing but an approval leads to a start.
#[test]
fn nothing_runs_that_was_not_approved() {
    use PlanStatus as S;
    let without_approval = |s: S, e: PlanEvent| match e {
        PlanEvent::Approve => Err(()),
        e => s.next(e).map_err(drop),
    };
    let life = LifeCycle::of(&S::ALL, &PLAN_EVENTS, without_approval);
    let reached = life.reachable(S::PendingApproval);
    for ran in [
        S::Approved,
        S::Running,
        S::Succeeded,
        S::Failed,
        S::RolledBack,
    ] {
        assert!(!reached.contains(&ran), "{ran:?}");
    }
}

#[test]
fn an_execution_that_ended_stays_so() {
    use ExecutionStatus as S;
    let life = LifeCycle::of(&S::ALL, &EXECUTION_EVENTS, S::next);
    let ends = [S::Succeeded, S::Failed, S::Cancelled, S::Stuck];
    life.assert_whole(&ends);
    for status in S::ALL {
        assert_eq!(status.has_ended(), ends.contains(&status), "{status:?}");
    }
    // What unwinds never succeeds, and what began only fails through an unwind.
    assert!(!life.reachable(S::Unwinding).contains(&S::Succeeded));
    assert!(!life.after(S::Running).any(|s| s == S::Failed));
}

#[test]
fn a_step_goes_forward_and_back_once() {
    use StepStatus as S;
    let life = LifeCycle::of(&S::ALL, &STEP_EVENTS, S::next);
    life.assert_whole(&[S::Undone, S::UndoFailed, S::Skipped]);
    // A restarted process adopts what runs and what is being undone; nothing else stands still.
    for status in S::ALL {
        let again = life.after(status).any(|to| to == status);
        let adopted = matches!(status, S::Running | S::Undoing);
        assert_eq!(again, adopted, "{status:?}");
    }
    // There is no way from the way back to the way forward.
    let back = life.reachable(S::Undoing);
    for forward in [
        S::Waiting,
        S::Asking,
        S::Running,
        S::Pausing,
        S::Done,
        S::Failed,
        S::Skipped,
    ] {
        assert!(!back.contains(&forward), "{forward:?}");
    }
}

#[test]
fn a_release_is_kept_or_retired() {
    use Presence as P;
    let life = LifeCycle::of(&P::ALL, &PRESENCE_EVENTS, P::next);
    life.assert_whole(&[P::Retired]);
    // What is live is never retired in one step, and what never was live is never kept.
    assert!(!life.after(P::Live).any(|p| p == P::Retired));
    assert!(!life.after(P::Candidate).any(|p| p == P::Standby));
}

#[test]
fn a_quarantine_is_left_only_by_being_lifted_and_then_nothing_is_proven() {
    use Quality as Q;
    let life = LifeCycle::of(&Q::ALL, &QUALITY_EVENTS, Q::next);
    assert_eq!(life.ends(), []);
    assert_eq!(life.reachable(Q::Unproven).len(), Q::ALL.len());
    for event in QUALITY_EVENTS {
        let lifted = Q::Quarantined.next(event);
        assert_eq!(lifted.is_ok(), event == QualityEvent::Lift, "{event:?}");
    }
    assert_eq!(Q::Quarantined.next(QualityEvent::Lift), Ok(Q::Unverified));
    for quality in Q::ALL {
        let becomes_good = life.after(quality).any(|q| q == Q::Verified);
        let unsure = matches!(quality, Q::Unproven | Q::Unverified);
        assert_eq!(becomes_good, unsure, "{quality:?}");
    }
}

/// Each event has a place in the life it belongs to, and a refusal names what was asked.
#[test]
fn an_illegal_move_says_what_it_was() {
    let refused = PlanStatus::Expired.next(PlanEvent::Approve).unwrap_err();
    assert_eq!(refused.to_string(), "a plan that is Expired cannot Approve");
    let refused = ExecutionStatus::Stuck.next(ExecutionEvent::Start);
    assert!(refused.unwrap_err().to_string().contains("Stuck"));
    let possible = |event| PlanStatus::ALL.iter().any(|s| s.next(event).is_ok());
    assert!(PLAN_EVENTS.into_iter().all(possible));
    let possible = |event| StepStatus::ALL.iter().any(|s| s.next(event).is_ok());
    assert!(STEP_EVENTS.into_iter().all(possible));
}

fn plan_event() -> impl Strategy<Value = PlanEvent> {
    proptest::sample::select(&PLAN_EVENTS[..])
}

proptest! {
    /// Any hail of events moves a plan at most five times, and at most once to its start.
    #[test]
    fn a_plan_cannot_be_talked_into_a_second_run(
        hail in proptest::collection::vec(plan_event(), 0..64)
    ) {
        let mut status = PlanStatus::PendingApproval;
        let mut seen = BTreeSet::from([format!("{status:?}")]);
        let (mut moves, mut starts) = (0, 0);
        for event in hail {
            if let Ok(next) = status.next(event) {
                prop_assert!(seen.insert(format!("{next:?}")), "{next:?} twice");
                moves += 1;
                starts += i32::from(event == PlanEvent::Start);
                status = next;
            }
        }
        prop_assert!(moves <= 4);
        prop_assert!(starts <= 1);
    }
}
