//! Journals of executions that ended long ago are shortened, and everything still adds up.

use commander::adapters::db::StoreError;
use commander::domain::audit::AuditEntry;
use commander::domain::execution::{
    Execution, ExecutionStatus, GRAPH_VERSION, JournalEvent, StepOutput,
};
use commander::domain::transition::Change;

use super::ledger::{Ledger, approved, begun, journal, opened, pending, stored};
use crate::plans::{Scenario, at, deploy};

/// An execution whose every step was done.
async fn with_an_end() -> (Ledger, Scenario) {
    let ledger = Ledger::new();
    let scenario = deploy(4, &[]);
    let plan = &scenario.plan;
    let mut events = vec![JournalEvent::Started {
        graph_version: GRAPH_VERSION,
        plan_digest: plan.digest.clone(),
        approvals: vec![scenario.approvals[0].id.clone()],
    }];
    for step in plan.body.in_order().unwrap() {
        let step = step.id.clone();
        events.push(JournalEvent::StepStarted { step: step.clone() });
        let output = StepOutput::default();
        events.push(JournalEvent::StepDone { step, output });
    }
    let status = ExecutionStatus::Succeeded;
    events.push(JournalEvent::Ended { status });
    let execution = &scenario.execution;
    let events = events.into_iter().map(|event| (at(63), event)).collect();
    let mut ended = vec![journal(execution, 0, events, status)];
    ended.push(Change::SealJournal {
        execution: execution.id.clone(),
        entry: AuditEntry::new(at(63), "commander", "execution.ended", &execution.id)
            .with("status", "succeeded"),
    });
    for changes in [
        stored(&pending(plan)),
        approved(&scenario.approvals[0]),
        opened(execution),
        ended,
    ] {
        ledger.write(changes).await.unwrap();
    }
    (ledger, scenario)
}

fn shorten(execution: &Execution) -> Vec<Change> {
    vec![
        Change::Audit(AuditEntry::new(
            at(99),
            "commander",
            "journal.shortened",
            &execution.id,
        )),
        Change::ShortenJournal {
            execution: execution.id.clone(),
            at: at(99),
        },
    ]
}

#[tokio::test]
async fn a_shortened_journal_keeps_its_end_and_its_hash() {
    let (ledger, scenario) = with_an_end().await;
    let execution = &scenario.execution;
    let store = &ledger.store;
    let ended = store.execution(&execution.id).unwrap();
    let before = store.execution_state(&ended).unwrap();
    let head = store.journal_head(&execution.id).unwrap();
    assert!(store.journal_bytes().unwrap() > 100);

    ledger.write(shorten(execution)).await.unwrap();
    assert_eq!(store.journal(&execution.id, 0).unwrap(), []);
    assert_eq!(store.journal_bytes().unwrap(), 0);
    assert_eq!(store.execution(&execution.id).unwrap(), ended);
    assert_eq!(store.execution_state(&ended).unwrap(), before);
    let report = ledger.verify().unwrap();
    assert_eq!(report.journals, 1);
    let (events, kept): (u64, String) = ledger
        .by_hand()
        .query_row("SELECT events, head FROM final_states", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let steps = scenario.plan.body.steps.len() as u64;
    assert_eq!((events, kept), (2 * steps + 2, head));
    let again = ledger.write(shorten(execution)).await.unwrap_err();
    assert!(matches!(again, StoreError::Conflict(_)), "{again:?}");
}

#[tokio::test]
async fn only_ended_executions_are_shortened() {
    let ledger = Ledger::new();
    let scenario = deploy(4, &[]);
    for changes in [
        stored(&pending(&scenario.plan)),
        approved(&scenario.approvals[0]),
        opened(&scenario.execution),
        begun(&scenario),
    ] {
        ledger.write(changes).await.unwrap();
    }
    let refused = ledger
        .write(shorten(&scenario.execution))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("has not ended"), "{refused}");
    assert_eq!(
        ledger
            .store
            .journal(&scenario.execution.id, 0)
            .unwrap()
            .len(),
        2
    );
    let none = ledger.store.journal_to_shorten(at(9999), 0, None);
    assert_eq!(none.unwrap(), None);
}

#[tokio::test]
async fn young_and_newest_journals_stay() {
    let (ledger, scenario) = with_an_end().await;
    let find = |before, newest, after| {
        let found = ledger.store.journal_to_shorten(at(before), newest, after);
        found.unwrap()
    };
    let id = &scenario.execution.id;
    // It ended at second 63.
    assert_eq!(find(63, 0, None), None);
    assert_eq!(find(64, 1, None), None);
    assert_eq!(find(64, 0, Some(id)), None);
    assert_eq!(find(64, 0, None).as_ref(), Some(id));
    ledger.write(shorten(&scenario.execution)).await.unwrap();
    assert_eq!(find(64, 0, None), None);
}

#[tokio::test]
async fn hc_47_what_is_left_of_a_journal_is_sealed() {
    for (sql, says) in [
        (
            "UPDATE final_states SET body = replace(body, 'succeeded', 'failed')",
            "final state exe_",
        ),
        ("UPDATE final_states SET head = 'sha256:00'", "journal exe_"),
        ("DELETE FROM final_states", "journal exe_"),
        ("UPDATE executions SET status = 'failed'", "journal exe_"),
    ] {
        let (ledger, scenario) = with_an_end().await;
        ledger.write(shorten(&scenario.execution)).await.unwrap();
        let by_hand = ledger.by_hand();
        for refused in [
            "DELETE FROM final_states",
            "UPDATE final_states SET events = 1",
        ] {
            assert!(by_hand.execute(refused, []).is_err(), "{refused}");
        }
        by_hand
            .execute_batch(
                "DROP TRIGGER final_states_no_update; DROP TRIGGER final_states_no_delete",
            )
            .unwrap();
        assert_eq!(by_hand.execute(sql, []), Ok(1));
        let found = ledger.verify().expect_err(sql);
        assert!(found.starts_with(says), "{sql}: {found}");
    }
    // An edited journal is not shortened: that would hide it.
    let (ledger, scenario) = with_an_end().await;
    ledger
        .by_hand()
        .execute_batch(
            "DROP TRIGGER journal_no_update; UPDATE journal SET at = '2001' WHERE seq = 2",
        )
        .unwrap();
    let refused = ledger
        .write(shorten(&scenario.execution))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::Tampered { .. }),
        "{refused:?}"
    );
}
