//! Writing: one owner, one commit for many, one winner of two, and all of a transition or nothing.

use std::time::Duration;

use commander::adapters::db::{Store, StoreError};
use commander::domain::approval::Approver;
use commander::domain::audit::AuditEntry;
use commander::domain::execution::{ExecutionState, ExecutionStatus};
use commander::domain::id::{ExecutionId, PlanId};
use commander::domain::lock::{Holder, Place};
use commander::domain::plan::{PlanEvent, PlanStatus};
use commander::domain::release::{Presence, PresenceEvent, Quality, QualityEvent};
use commander::domain::transition::{Change, Transition};
use futures_util::future::join_all;
use futures_util::poll;
use proptest::prelude::*;

use super::ledger::{
    Ledger, another_plan, approved, begun, ended, journal, kept, noted, opened, pending,
    step_started, stored,
};
use crate::plans::{approval, at, deploy, id, person, place, release};

fn assert_conflict(result: Result<(), StoreError>, says: &str) {
    match result {
        Err(StoreError::Conflict(why)) => assert!(why.contains(says), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn hc_41_a_second_owner_of_the_data_directory_is_refused() {
    let ledger = Ledger::new();
    let refused = Store::open(ledger.directory.path()).map(drop).unwrap_err();
    let path = ledger.directory.path().to_owned();
    assert_eq!(refused, StoreError::InUse(path.clone()));
    let sentence = refused.to_string();
    assert!(sentence.contains(&path.display().to_string()), "{sentence}");
    assert!(sentence.contains("stop it"), "{sentence}");
    // The first one is none the worse, and once it is gone the directory is free.
    ledger.write(noted(1)).await.unwrap();
    let Ledger { directory, store } = ledger;
    drop(store);
    let next = Store::open(directory.path()).unwrap();
    assert_eq!(next.audit(0, 10).unwrap().len(), 1);
}

#[tokio::test]
async fn hc_41_a_directory_that_is_not_there_is_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("nowhere");
    let refused = Store::open(&missing).map(drop).unwrap_err();
    assert!(matches!(refused, StoreError::Unwritable(_)), "{refused:?}");
    assert!(refused.to_string().contains("nowhere"));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let (ledger, scenario) = Ledger::with_history().await;
    let Ledger { directory, store } = ledger;
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    let execution = store.execution(&scenario.execution.id).unwrap();
    assert_eq!(execution.status, ExecutionStatus::Succeeded);
    assert_eq!(execution.ended_at, Some(at(63)));
    assert_eq!(store.journal(&execution.id, 0).unwrap().len(), 4);
    assert_eq!(store.journal(&execution.id, 3).unwrap().len(), 1);
    let approvals = store.approvals(&scenario.plan.id).unwrap();
    assert_eq!(approvals, scenario.approvals);
    let plan = store.plan(&scenario.plan.id).unwrap();
    assert_eq!(plan, scenario.plan);
    assert_eq!(store.open_executions().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_42_of_two_approvals_at_once_one_wins() {
    for _ in 0..20 {
        let ledger = Ledger::new();
        let plan = another_plan(7);
        ledger.write(stored(&plan)).await.unwrap();
        let both = [(1, "ada"), (2, "grace")].map(|(n, who)| {
            let store = ledger.store.clone();
            let changes = approved(&approval(&plan, n, who, at(30)));
            tokio::spawn(async move { store.write(Transition::of(changes)).await })
        });
        let results: Vec<_> = join_all(both)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let won = results.iter().filter(|r| r.is_ok()).count();
        assert_eq!(won, 1, "{results:?}");
        let lost = results.into_iter().find(Result::is_err).unwrap();
        assert_conflict(lost, "cannot be approved");
        assert_eq!(ledger.store.approvals(&plan.id).unwrap().len(), 1);
        let plan = ledger.store.plan(&plan.id).unwrap();
        assert_eq!(plan.status, PlanStatus::Approved);
        // The loser left nothing, not even in the trail.
        assert_eq!(ledger.count("audit"), 2);
    }
}

#[tokio::test]
async fn hc_42_the_same_person_approves_once() {
    let ledger = Ledger::new();
    let plan = another_plan(7);
    ledger.write(stored(&plan)).await.unwrap();
    let ada = |n| {
        vec![Change::AddApproval(Box::new(approval(
            &plan,
            n,
            "ada",
            at(30),
        )))]
    };
    ledger.write(ada(1)).await.unwrap();
    assert_conflict(ledger.write(ada(2)).await, "ada has approved");
    let unknown = approval(&another_plan(8), 3, "ada", at(30));
    let refused = ledger.write(approved(&unknown)).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn hc_42_what_has_expired_or_was_superseded_is_not_approved() {
    for event in [PlanEvent::Expire, PlanEvent::Supersede, PlanEvent::Reject] {
        let ledger = Ledger::new();
        let plan = another_plan(7);
        ledger.write(stored(&plan)).await.unwrap();
        let reason = Some("too late".to_owned());
        let gone = Change::MovePlan {
            plan: plan.id.clone(),
            event,
            reason,
        };
        ledger.write(vec![gone]).await.unwrap();
        let refused = ledger
            .write(approved(&approval(&plan, 1, "ada", at(30))))
            .await;
        assert_conflict(refused, "cannot be approved");
        let plan = ledger.store.plan(&plan.id).unwrap();
        assert_eq!(plan.reason.as_deref(), Some("too late"));
    }
}

/// Invariant 8: one automatic rollback under one approval, whatever its plan is called.
#[tokio::test]
async fn one_approval_allows_one_automatic_rollback() {
    let ledger = Ledger::new();
    let mut results = Vec::new();
    for n in [7, 8] {
        let plan = another_plan(n);
        ledger.write(stored(&plan)).await.unwrap();
        let mut approval = approval(&plan, n, "ada", at(30));
        approval.by = Approver::Policy { under: id(500) };
        results.push(ledger.write(approved(&approval)).await);
    }
    assert_eq!(results[0], Ok(()));
    assert_conflict(results.remove(1), "one rollback");
}

#[tokio::test]
async fn one_plan_has_one_execution() {
    let (ledger, scenario) = Ledger::with_history().await;
    let mut again = scenario.execution.clone();
    again.id = id(0xe1);
    assert_conflict(
        ledger.write(opened(&again)).await,
        "has an execution already",
    );
    // That is not what is wrong with an execution of no plan.
    again.plan = id(0xbad);
    let refused = ledger.write(opened(&again)).await;
    assert!(
        matches!(refused, Err(StoreError::Unwritable(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn all_of_a_transition_is_written_or_nothing() {
    let ledger = Ledger::new();
    let plan = another_plan(7);
    let illegal = Change::MovePlan {
        plan: plan.id.clone(),
        event: PlanEvent::Succeed,
        reason: None,
    };
    let changes = [stored(&plan), noted(1), vec![illegal], noted(2)].concat();
    let mut notices = ledger.store.notices();
    assert_conflict(
        ledger.write(changes).await,
        "PendingApproval cannot Succeed",
    );
    assert_eq!(ledger.count("plans") + ledger.count("audit"), 0);
    let missing = ledger.store.plan(&plan.id);
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    // Nobody hears of what did not happen.
    ledger.write(stored(&plan)).await.unwrap();
    assert_eq!(notices.recv().await.unwrap().id, plan.id.to_string());
    assert!(notices.try_recv().is_err());
    assert!(ledger.verify().is_ok());
}

/// One that is refused takes nothing of those with it that are committed together with it.
#[tokio::test]
async fn a_refused_transition_does_not_hurt_its_neighbours() {
    let ledger = Ledger::new();
    let absent = |n| Change::MovePlan {
        plan: id::<PlanId>(n),
        event: PlanEvent::Approve,
        reason: None,
    };
    let writes = (0..60).map(|n| {
        let mut changes = noted(n);
        if n % 3 == 1 {
            changes.push(absent(n as u64));
        }
        ledger.write(changes)
    });
    let results = join_all(writes).await;
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.is_ok(), n % 3 != 1, "{n}: {result:?}");
    }
    assert_eq!(ledger.count("audit"), 40);
    assert!(ledger.verify().is_ok());
}

/// Commits in the write-ahead log: frames that end one (SQLite file format, section 4.1).
fn commits(ledger: &Ledger) -> usize {
    let wal = std::fs::read(ledger.directory.path().join("commander.db-wal")).unwrap();
    let word = |at: usize| u32::from_be_bytes(wal[at..at + 4].try_into().unwrap());
    let (page, salt) = (word(8) as usize, &wal[16..24]);
    let frames = (32..wal.len()).step_by(24 + page);
    frames
        .take_while(|at| &wal[at + 8..at + 16] == salt)
        .filter(|at| word(at + 4) != 0)
        .count()
}

/// While the disk is busy with one commit, all that arrive are gathered into the next.
#[tokio::test]
async fn many_writes_at_once_share_a_commit() {
    let ledger = Ledger::new();
    let by_hand = ledger.by_hand();
    let before = commits(&ledger);
    by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut writes: Vec<_> = (0..200).map(|n| Box::pin(ledger.write(noted(n)))).collect();
    for write in &mut writes {
        assert!(poll!(write).is_pending());
    }
    by_hand.execute_batch("COMMIT").unwrap();
    let results = join_all(writes).await;
    assert!(results.iter().all(Result::is_ok));
    // The one or few that had been taken up, and all the others.
    let made = commits(&ledger) - before;
    assert!((1..=2).contains(&made), "{made} commits for 200 writes");
    assert_eq!(ledger.count("audit"), 200);
    assert!(ledger.verify().is_ok());
    // One alone is not held back to wait for company.
    ledger.write(noted(201)).await.unwrap();
    assert_eq!(commits(&ledger) - before, made + 1);
}

#[tokio::test]
async fn a_lock_is_held_by_one_and_freed_by_its_holder() {
    let ledger = Ledger::new();
    let holder = |n| Holder {
        execution: id::<ExecutionId>(n),
        action: commander::domain::intent::Action::Deploy,
        since: at(n as i64),
    };
    let take = |n| {
        vec![Change::TakeLock {
            place: place(),
            holder: holder(n),
            above: 0,
        }]
    };
    let free = |n| free(&place(), n);
    ledger.write(take(1)).await.unwrap();
    assert_eq!(ledger.store.lock(&place()).unwrap(), Some(holder(1)));
    assert_conflict(ledger.write(take(2)).await, "shop in staging is locked");
    // A restarted process takes it again; who does not hold it cannot free it.
    ledger.write(take(1)).await.unwrap();
    ledger.write(free(2)).await.unwrap();
    assert_eq!(ledger.store.lock(&place()).unwrap(), Some(holder(1)));
    ledger.write(free(1)).await.unwrap();
    assert_eq!(ledger.store.lock(&place()).unwrap(), None);
    ledger.write(take(2)).await.unwrap();
    // Without an environment it is another place.
    let mut elsewhere = place();
    elsewhere.environment = None;
    assert_eq!(ledger.store.lock(&elsewhere).unwrap(), None);
}

fn take(place: &Place, execution: u64, above: u64) -> Vec<Change> {
    let holder = Holder {
        execution: id::<ExecutionId>(execution),
        action: commander::domain::intent::Action::Deploy,
        since: at(60),
    };
    vec![Change::TakeLock {
        place: place.clone(),
        holder,
        above,
    }]
}

fn free(place: &Place, execution: u64) -> Vec<Change> {
    vec![Change::FreeLock {
        place: place.clone(),
        execution: id(execution),
    }]
}

#[tokio::test]
async fn a_fencing_token_is_given_once_whoever_takes_the_lock_and_whenever() {
    let ledger = Ledger::new();
    let place = place();
    let token = |ledger: &Ledger| {
        let fence = ledger.store.fence(&place).unwrap().unwrap();
        assert_eq!(fence.place, place);
        (fence.execution, fence.token)
    };
    assert_eq!(ledger.store.fence(&place).unwrap(), None);
    ledger.write(take(&place, 1, 0)).await.unwrap();
    assert_eq!(token(&ledger), (id(1), 1));
    // The same execution in another run; what is refused costs no token.
    ledger.write(take(&place, 1, 0)).await.unwrap();
    let refused = ledger.write(take(&place, 2, 0)).await;
    assert_conflict(refused, "shop in staging is locked");
    assert_eq!(token(&ledger), (id(1), 2));
    // Not after the lock was freed either, nor by a process that was started anew.
    ledger.write(free(&place, 1)).await.unwrap();
    assert_eq!(ledger.store.fence(&place).unwrap(), None);
    let Ledger { directory, store } = ledger;
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    let ledger = Ledger { directory, store };
    ledger.write(take(&place, 2, 0)).await.unwrap();
    assert_eq!(token(&ledger), (id(2), 3));
    // Above what was seen on the engine, and never below what was given here.
    ledger.write(take(&place, 2, 41)).await.unwrap();
    ledger.write(take(&place, 2, 7)).await.unwrap();
    assert_eq!(token(&ledger), (id(2), 43));
    // Each place counts alone.
    let mut elsewhere = place.clone();
    elsewhere.environment = None;
    ledger.write(take(&elsewhere, 3, 0)).await.unwrap();
    let other = ledger.store.fence(&elsewhere).unwrap().unwrap();
    assert_eq!(other.token, 1);
}

#[tokio::test]
async fn runs_that_take_the_lock_in_one_commit_get_a_token_each() {
    let ledger = Ledger::new();
    let place = place();
    let before = commits(&ledger);
    let mut writes: Vec<_> = Vec::new();
    for execution in 1..=50 {
        writes.push(ledger.write(take(&place, execution, 0)));
        writes.push(ledger.write(free(&place, execution)));
    }
    let results = join_all(writes).await;
    assert!(results.iter().all(Result::is_ok));
    assert!(commits(&ledger) - before <= 2);
    ledger.write(take(&place, 51, 0)).await.unwrap();
    assert_eq!(ledger.store.fence(&place).unwrap().unwrap().token, 51);
}

#[tokio::test]
async fn the_last_token_can_neither_be_lowered_nor_forgotten() {
    let ledger = Ledger::new();
    ledger.write(take(&place(), 1, 4)).await.unwrap();
    let by_hand = ledger.by_hand();
    for edit in [
        "UPDATE fences SET token = 4",
        "UPDATE fences SET token = 5",
        "DELETE FROM fences",
    ] {
        let refused = by_hand.execute(edit, []).expect_err(edit).to_string();
        assert!(
            refused.contains("a fencing token is given once"),
            "{edit}: {refused}"
        );
    }
}

#[tokio::test]
async fn hc_40_never_two_live_releases() {
    let ledger = Ledger::new();
    let one = release(1, Presence::Live, Quality::Verified);
    let two = release(2, Presence::Candidate, Quality::Unproven);
    ledger.write(kept(&one)).await.unwrap();
    ledger.write(kept(&two)).await.unwrap();
    let moved = |release: &commander::domain::release::Release, event| Change::MovePresence {
        release: release.id.clone(),
        event,
        at: at(90),
    };
    let refused = ledger.write(vec![moved(&two, PresenceEvent::GoLive)]).await;
    assert_conflict(refused, "another release is live");
    // One moment: the one stands by as the other goes live.
    let switch = vec![
        moved(&one, PresenceEvent::StandBy),
        moved(&two, PresenceEvent::GoLive),
    ];
    ledger.write(switch).await.unwrap();
    let two = ledger.store.release(&two.id).unwrap();
    assert_eq!(two.presence, Presence::Live);
    assert_eq!(
        (two.first_live_at, two.live_since),
        (Some(at(90)), Some(at(90)))
    );
    let one = ledger.store.release(&one.id).unwrap();
    let first = release(1, Presence::Live, Quality::Verified).first_live_at;
    assert_eq!(
        (one.presence, one.first_live_at),
        (Presence::Standby, first)
    );
}

#[tokio::test]
async fn a_move_that_the_life_cycle_does_not_have_is_a_conflict() {
    let ledger = Ledger::new();
    let gone = release(1, Presence::Retired, Quality::Verified);
    ledger.write(kept(&gone)).await.unwrap();
    let again = Change::MovePresence {
        release: gone.id.clone(),
        event: PresenceEvent::GoLive,
        at: at(1),
    };
    assert_conflict(ledger.write(vec![again]).await, "Retired");
    let verified = Change::MoveQuality {
        release: gone.id.clone(),
        event: QualityEvent::Verify,
        by: None,
    };
    assert_conflict(ledger.write(vec![verified]).await, "verified already");
}

#[tokio::test]
async fn a_journal_is_continued_by_one() {
    let ledger = Ledger::new();
    let scenario = deploy(4, &[]);
    let execution = &scenario.execution;
    ledger
        .write(stored(&pending(&scenario.plan)))
        .await
        .unwrap();
    ledger
        .write(approved(&scenario.approvals[0]))
        .await
        .unwrap();
    ledger.write(opened(execution)).await.unwrap();
    assert_eq!(ledger.store.open_executions().unwrap().len(), 1);
    ledger.write(begun(&scenario)).await.unwrap();
    let late = journal(
        execution,
        0,
        vec![(at(70), step_started())],
        ExecutionStatus::Running,
    );
    assert_conflict(ledger.write(vec![late]).await, "somebody else continued it");
    let state = ledger.store.execution_state(execution).unwrap();
    let events = ledger.store.journal(&execution.id, 0).unwrap();
    let replayed = ExecutionState::replay(&scenario.plan.body, &events);
    assert_eq!(Ok(state), replayed);
    ledger.write(ended(execution)).await.unwrap();
    assert_eq!(ledger.store.open_executions().unwrap(), []);
    let head = ledger.store.journal_head(&execution.id).unwrap();
    let trail = ledger.store.audit(0, 100).unwrap();
    assert_eq!(trail.last().unwrap().entry.detail["journal"], head);
}

/// The clock of the house gives milliseconds; a time that is finer is no reason for an alarm.
#[tokio::test]
async fn a_time_with_nanoseconds_is_verified_too() {
    let ledger = Ledger::new();
    let fine = at(0) + Duration::from_nanos(123_456_789);
    let entry = AuditEntry::new(fine, "ada", "noted", "x");
    ledger.write(vec![Change::Audit(entry)]).await.unwrap();
    assert!(ledger.verify().is_ok(), "{:?}", ledger.verify());
}

#[tokio::test]
async fn tokens_are_given_once_and_revoked_for_good() {
    let ledger = Ledger::new();
    let add = |hash: &str| Change::AddToken {
        name: person("ada"),
        hash: hash.to_owned(),
        at: at(0),
    };
    let revoke = || Change::RevokeToken {
        name: person("ada"),
        at: at(1),
    };
    ledger.write(vec![add("one")]).await.unwrap();
    assert_conflict(ledger.write(vec![add("two")]).await, "ada");
    assert_eq!(ledger.store.token("one"), Ok(Some(person("ada"))));
    ledger.write(vec![revoke()]).await.unwrap();
    assert_eq!(ledger.store.token("one"), Ok(None));
    let again = ledger.write(vec![revoke()]).await;
    assert!(
        matches!(again, Err(StoreError::NotFound { .. })),
        "{again:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any plan events in any order, all at once: the stored status is where the accepted ones
    /// lead, and each refusal was one of the table.
    #[test]
    fn the_stored_status_is_where_the_accepted_moves_lead(
        hail in proptest::collection::vec(proptest::sample::select(vec![
            PlanEvent::Approve, PlanEvent::Reject, PlanEvent::Expire, PlanEvent::Supersede,
            PlanEvent::Cancel, PlanEvent::Start, PlanEvent::Succeed, PlanEvent::Fail,
            PlanEvent::RollBack,
        ]), 1..24)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (stored_status, results) = runtime.block_on(async {
            let ledger = Ledger::new();
            let plan = another_plan(7);
            ledger.write(stored(&plan)).await.unwrap();
            let writes = hail.iter().map(|event| ledger.write(vec![Change::MovePlan {
                plan: plan.id.clone(),
                event: *event,
                reason: None,
            }]));
            let results = join_all(writes).await;
            (ledger.store.plan(&plan.id).unwrap().status, results)
        });
        let mut status = PlanStatus::PendingApproval;
        for (event, result) in hail.iter().zip(results) {
            match status.next(*event) {
                Ok(next) => {
                    prop_assert_eq!(result, Ok(()));
                    status = next;
                }
                Err(illegal) => {
                    prop_assert_eq!(result, Err(StoreError::Conflict(illegal.to_string())));
                }
            }
        }
        prop_assert_eq!(stored_status, status);
    }
}
