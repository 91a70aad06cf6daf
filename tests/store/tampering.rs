//! Append-only, and what happens to who does it all the same: hc_47.

use commander::adapters::db::StoreError;
use commander::domain::release::{Presence, Quality};

use super::ledger::{Ledger, kept};
use crate::plans::{Scenario, place, release};

#[tokio::test]
async fn an_untouched_ledger_is_verified() {
    let (ledger, _) = Ledger::with_history().await;
    let report = ledger.verify().unwrap();
    assert_eq!((report.plans, report.journals), (2, 1));
    assert_eq!(report.audit_rows, ledger.count("audit"));
    let rows = ledger.store.audit(0, 100).unwrap();
    assert_eq!(report.head, rows.last().unwrap().hash);
}

#[tokio::test]
async fn what_is_append_only_is_neither_changed_nor_deleted_nor_replaced() {
    let (ledger, _) = Ledger::with_history().await;
    let by_hand = ledger.by_hand();
    // As on the store's own connection, without which REPLACE deletes behind the triggers' back.
    by_hand
        .pragma_update(None, "recursive_triggers", "ON")
        .unwrap();
    let before = dump(&ledger);
    for refused in [
        "UPDATE audit SET actor = 'eve'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT seq, at, 'eve', act, subject, detail, hash FROM audit",
        "UPDATE journal SET event = '{}'",
        "DELETE FROM journal WHERE seq = 2",
        "INSERT OR REPLACE INTO journal SELECT execution, seq, at, '{}', hash FROM journal",
        "UPDATE plan_bodies SET body = '{}'",
        "DELETE FROM plan_bodies",
        "INSERT OR REPLACE INTO plan_bodies SELECT plan, '{}' FROM plan_bodies",
        "UPDATE plans SET digest = ''",
        "DELETE FROM plans",
        "INSERT OR REPLACE INTO plans SELECT id, digest, service, environment, action, 'approved',
         reason, thread, created_at, expires_at FROM plans",
        "UPDATE approvals SET by = 'eve'",
        "DELETE FROM approvals",
        "INSERT OR REPLACE INTO approvals SELECT id, plan, 'eve', body FROM approvals",
        "INSERT INTO final_states (execution, events, head, shortened_at, body)
         VALUES ('exe_x', 1, '', '', '')",
    ] {
        let error = by_hand.execute(refused, []).expect_err(refused);
        let why = error.to_string();
        let said = [
            "append-only",
            "does not change",
            "does not go away",
            "is not shortened",
        ];
        assert!(said.iter().any(|s| why.contains(s)), "{refused}: {why}");
    }
    assert_eq!(dump(&ledger), before);
    assert!(ledger.verify().is_ok());
}

/// Each table's rows as text.
fn dump(ledger: &Ledger) -> String {
    let by_hand = ledger.by_hand();
    let mut out = String::new();
    for sql in [
        "SELECT seq || at || actor || act || subject || detail || hash FROM audit ORDER BY seq",
        "SELECT execution || seq || at || event || hash FROM journal ORDER BY execution, seq",
        "SELECT id || digest || status FROM plans ORDER BY id",
        "SELECT plan || body FROM plan_bodies ORDER BY plan",
        "SELECT id || plan || by || body FROM approvals ORDER BY id",
    ] {
        let mut statement = by_hand.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            out.push_str(&row.get::<_, String>(0).unwrap());
            out.push('\n');
        }
    }
    out
}

/// Drops the triggers, as anybody with the file can, and runs a statement; returns what the
/// verification says.
async fn edited(sql: &str) -> (Ledger, Scenario, String) {
    let (ledger, scenario) = Ledger::with_history().await;
    let by_hand = ledger.by_hand();
    let triggers: Vec<String> = by_hand
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(triggers.len(), 19);
    for trigger in triggers {
        by_hand
            .execute(&format!("DROP TRIGGER {trigger}"), [])
            .unwrap();
    }
    by_hand.pragma_update(None, "foreign_keys", "OFF").unwrap();
    assert!(by_hand.execute(sql, []).unwrap() > 0, "{sql}");
    let found = ledger.verify().expect_err(sql);
    (ledger, scenario, found)
}

fn assert_tampered<T: std::fmt::Debug>(read: Result<T, StoreError>, id: &str) {
    let error = read.expect_err("an edited row was read");
    assert!(matches!(error, StoreError::Tampered { .. }), "{error:?}");
    let sentence = error.to_string();
    assert!(sentence.contains(id), "{sentence}");
    assert!(sentence.contains("commander audit verify"), "{sentence}");
}

#[tokio::test]
async fn hc_47_an_edited_plan_is_refused_and_named() {
    let (ledger, scenario, found) =
        edited("UPDATE plan_bodies SET body = replace(body, 'timeoutSeconds\":300', 'timeoutSeconds\":9') WHERE plan LIKE '%e0'").await;
    let id = &scenario.plan.id;
    assert_tampered(ledger.store.plan(id), id.as_str());
    assert!(found.contains(id.as_str()), "{found}");
}

/// The digest does not cover how many must approve; the trail does.
#[tokio::test]
async fn hc_47_an_edited_advice_is_named() {
    let (_, scenario, found) = edited(
        "UPDATE plan_bodies SET body = replace(body, 'requiredApprovals\":1', 'requiredApprovals\":0') WHERE plan LIKE '%e0'",
    )
    .await;
    assert!(found.contains(scenario.plan.id.as_str()), "{found}");
}

#[tokio::test]
async fn hc_47_a_removed_plan_is_named() {
    let (_, scenario, found) = edited("DELETE FROM plans WHERE id LIKE '%e0'").await;
    assert!(found.contains(scenario.plan.id.as_str()), "{found}");
}

/// What a plan says is in a row of its own.
#[tokio::test]
async fn hc_47_a_plan_that_has_lost_what_it_says_is_refused_and_named() {
    let (ledger, scenario, found) = edited("DELETE FROM plan_bodies WHERE plan LIKE '%e0'").await;
    let id = &scenario.plan.id;
    assert_tampered(ledger.store.plan(id), id.as_str());
    assert!(found.contains(id.as_str()), "{found}");
}

#[tokio::test]
async fn hc_47_what_belongs_to_no_plan_is_named() {
    let added = "INSERT INTO plan_bodies SELECT 'pln_stray', body FROM plan_bodies LIMIT 1";
    let (_, _, found) = edited(added).await;
    assert!(found.contains("pln_stray"), "{found}");
}

#[tokio::test]
async fn hc_47_an_edited_journal_is_refused_and_named() {
    let (ledger, scenario, found) =
        edited("UPDATE journal SET event = replace(event, 'fetch', 'build') WHERE seq = 2").await;
    let id = &scenario.execution.id;
    assert_tampered(ledger.store.journal(id, 0), id.as_str());
    assert_tampered(
        ledger.store.execution_state(&scenario.execution),
        id.as_str(),
    );
    assert!(found.contains(id.as_str()), "{found}");
    assert!(found.contains("event 2"), "{found}");
}

#[tokio::test]
async fn hc_47_a_journal_that_was_cut_short_is_named() {
    for sql in [
        "DELETE FROM journal WHERE seq = 4",
        "DELETE FROM journal",
        "DELETE FROM executions",
    ] {
        let (_, scenario, found) = edited(sql).await;
        assert!(found.contains(scenario.execution.id.as_str()), "{found}");
    }
    // A hole in the middle is seen by who reads it, too.
    let (ledger, scenario, _) = edited("DELETE FROM journal WHERE seq = 2").await;
    let id = &scenario.execution.id;
    assert_tampered(ledger.store.journal(id, 0), id.as_str());
}

/// Saying that it has not ended does not hide that its end is gone.
#[tokio::test]
async fn hc_47_a_journal_that_was_reopened_is_named() {
    let (ledger, scenario, _) = edited("DELETE FROM journal WHERE seq = 4").await;
    let by_hand = ledger.by_hand();
    let reopened = "UPDATE executions SET ended_at = NULL, status = 'running'";
    by_hand.execute(reopened, []).unwrap();
    let found = ledger.verify().unwrap_err();
    assert!(found.contains(scenario.execution.id.as_str()), "{found}");
}

#[tokio::test]
async fn hc_47_an_edited_approval_is_named() {
    let (_, scenario, found) =
        edited("UPDATE approvals SET by = 'eve', body = replace(body, 'ada', 'eve')").await;
    let id = &scenario.approvals[0].id;
    assert!(found.contains(id.as_str()), "{found}");
}

#[tokio::test]
async fn hc_47_an_approval_that_was_moved_to_another_plan_is_refused_and_named() {
    let (ledger, scenario, found) =
        edited("UPDATE approvals SET plan = (SELECT id FROM plans WHERE id NOT LIKE '%e0')").await;
    let id = &scenario.approvals[0].id;
    let other = super::ledger::another_plan(7).id;
    assert_tampered(ledger.store.approvals(&other), id.as_str());
    assert!(found.contains(id.as_str()), "{found}");
}

#[tokio::test]
async fn hc_47_a_removed_approval_is_named() {
    let (_, scenario, found) = edited("DELETE FROM approvals").await;
    assert!(found.contains(scenario.plan.id.as_str()), "{found}");
}

#[tokio::test]
async fn hc_47_an_edited_audit_row_is_named() {
    let (_, _, found) = edited("UPDATE audit SET actor = 'eve' WHERE seq = 2").await;
    assert!(found.starts_with("audit row 2"), "{found}");
    let (_, _, found) = edited("DELETE FROM audit WHERE seq = 2").await;
    assert!(found.starts_with("audit row 2"), "{found}");
    let (_, _, found) = edited("UPDATE audit SET detail = '[' WHERE seq = 3").await;
    assert!(found.starts_with("audit row 3"), "{found}");
}

#[tokio::test]
async fn hc_47_what_is_no_value_any_more_is_refused() {
    let ledger = Ledger::new();
    let live = release(1, Presence::Live, Quality::Verified);
    ledger.write(kept(&live)).await.unwrap();
    let by_hand = ledger.by_hand();
    let nonsense = "UPDATE releases SET body = replace(body, '\"verified\"', '\"splendid\"')";
    by_hand.execute(nonsense, []).unwrap();
    assert_tampered(ledger.store.release(&live.id), live.id.as_str());
    assert_tampered(ledger.store.ledger(&place()), live.id.as_str());
}

/// The column is what the unique index looks at and the body what people see: they say the same.
#[tokio::test]
async fn hc_47_a_release_whose_columns_say_something_else_is_refused() {
    for sql in [
        "UPDATE releases SET quality = 'verified'",
        "UPDATE releases SET body = replace(body, '\"unproven\"', '\"verified\"')",
        "UPDATE releases SET presence = 'standby'",
        "UPDATE releases SET body = replace(body, '\"live\"', '\"standby\"')",
    ] {
        let ledger = Ledger::new();
        let live = release(1, Presence::Live, Quality::Unproven);
        ledger.write(kept(&live)).await.unwrap();
        assert!(ledger.store.release(&live.id).is_ok());
        assert_eq!(ledger.by_hand().execute(sql, []), Ok(1));
        assert_tampered(ledger.store.release(&live.id), live.id.as_str());
        assert_tampered(ledger.store.ledger(&place()), live.id.as_str());
    }
}

/// A ledger in which there is one of everything that changes.
async fn with_one_of_each() -> (Ledger, Scenario) {
    let (ledger, scenario) = Ledger::with_history().await;
    for changes in super::ledger::one_of_each(&scenario) {
        ledger.write(changes).await.unwrap();
    }
    let report = ledger.verify().unwrap();
    // Execution, release, quarantine, watch, incident, freeze, token.
    assert_eq!(report.rows, 7);
    (ledger, scenario)
}

#[tokio::test]
async fn hc_47_an_edited_row_of_the_ledger_is_refused_and_named() {
    for (table, sql, id) in [
        (
            "execution",
            "UPDATE executions SET body = replace(body, 'ada', 'eve')",
            "exe_",
        ),
        (
            "release",
            "UPDATE releases SET body = replace(body, 'v1.1.0', 'v6.6.6')",
            "rel_",
        ),
        (
            "release",
            "UPDATE releases SET first_live_at = '2001-01-01T00:00:00.000Z'",
            "rel_",
        ),
        (
            "quarantine",
            "UPDATE quarantines SET lifted_at = '2026-11-21T12:00:00.000Z', lifted_by = 'eve'",
            "rel_",
        ),
        ("watch", "UPDATE watches SET status = 'verified'", "wat_"),
        (
            "watch",
            "UPDATE watches SET body = replace(body, 'bakeSeconds\":600', 'bakeSeconds\":6')",
            "wat_",
        ),
        (
            "incident",
            "UPDATE incidents SET body = replace(body, 'went wrong', 'went well')",
            "inc_",
        ),
        (
            "freeze",
            "UPDATE freezes SET environment = 'production'",
            "production",
        ),
        ("token", "UPDATE tokens SET revoked_at = created_at", "bob"),
        ("token", "UPDATE tokens SET hash = 'my own'", "bob"),
    ] {
        let (ledger, _) = with_one_of_each().await;
        assert_eq!(ledger.by_hand().execute(sql, []), Ok(1), "{sql}");
        let found = ledger.verify().expect_err(sql);
        assert!(found.starts_with(table), "{sql}: {found}");
        assert!(found.contains(id), "{sql}: {found}");
        // Whoever makes the row fit its own seal is found by the trail.
        let resealed = format!("{sql}, seal = 'sha256:{}'", "0".repeat(64));
        let (ledger, _) = with_one_of_each().await;
        ledger.by_hand().execute(&resealed, []).unwrap();
        assert!(ledger.verify().expect_err(sql).contains(id), "{sql}");
    }
}

#[tokio::test]
async fn hc_47_an_edited_row_is_neither_read_nor_written_over() {
    let (ledger, scenario) = with_one_of_each().await;
    let by_hand = ledger.by_hand();
    for sql in [
        "UPDATE executions SET body = replace(body, 'ada', 'eve')",
        "UPDATE releases SET body = replace(body, 'v1.1.0', 'v6.6.6')",
        "UPDATE watches SET body = replace(body, 'bakeSeconds\":600', 'bakeSeconds\":6')",
        "UPDATE incidents SET body = replace(body, 'went wrong', 'went well')",
        "UPDATE freezes SET body = replace(body, 'it failed', 'no reason')",
        "UPDATE quarantines SET body = replace(body, 'it was bad', 'no reason')",
        "UPDATE tokens SET created_at = '2001-01-01T00:00:00.000Z'",
    ] {
        assert_eq!(by_hand.execute(sql, []), Ok(1), "{sql}");
    }
    let store = &ledger.store;
    let release = super::ledger::replaced();
    assert_tampered(store.execution(&scenario.execution.id), "exe_");
    assert_tampered(
        store
            .open_executions()
            .map(|_| ())
            .and(store.executions(&selection())),
        "exe_",
    );
    assert_tampered(store.release(&release.id), release.id.as_str());
    assert_tampered(store.open_watches(), "wat_");
    assert_tampered(store.incidents(&selection()), "inc_");
    assert_tampered(store.freeze(&place()), "staging");
    assert_tampered(store.quarantines(&place()), release.id.as_str());
    assert_tampered(store.token("the hash of bob's token"), "bob");
    // Sealed anew with the next change, it would look as if Commander had written it.
    let moved = commander::domain::transition::Change::MovePresence {
        release: release.id.clone(),
        event: commander::domain::release::PresenceEvent::StandBy,
        at: crate::plans::at(100),
    };
    assert_tampered(ledger.write(vec![moved]).await, release.id.as_str());
}

fn selection() -> commander::adapters::db::Selection {
    commander::adapters::db::Selection {
        limit: 10,
        ..Default::default()
    }
}

#[tokio::test]
async fn hc_47_a_row_that_was_removed_added_or_put_back_is_named() {
    let (ledger, _) = with_one_of_each().await;
    for table in ["quarantines", "incidents", "freezes", "tokens"] {
        let (ledger, _) = with_one_of_each().await;
        ledger
            .by_hand()
            .execute(&format!("DELETE FROM {table}"), [])
            .unwrap();
        let found = ledger.verify().expect_err(table);
        assert!(found.starts_with(&table[..table.len() - 1]), "{found}");
        assert!(found.ends_with("it is missing"), "{found}");
    }
    let by_hand = ledger.by_hand();
    by_hand
        .execute(
            "INSERT INTO tokens SELECT 'eve', 'h', created_at, NULL, seal FROM tokens",
            [],
        )
        .unwrap();
    let found = ledger.verify().unwrap_err();
    assert!(found.contains("token eve"), "{found}");
    // A row as it once was, seal and all.
    by_hand
        .execute("DELETE FROM tokens WHERE name = 'eve'", [])
        .unwrap();
    assert!(ledger.verify().is_ok());
    by_hand
        .execute_batch("CREATE TEMP TABLE before AS SELECT * FROM releases")
        .unwrap();
    let moved = commander::domain::transition::Change::MovePresence {
        release: super::ledger::replaced().id,
        event: commander::domain::release::PresenceEvent::StandBy,
        at: crate::plans::at(100),
    };
    ledger.write(vec![moved]).await.unwrap();
    assert!(ledger.verify().is_ok());
    by_hand
        .execute_batch(
            "UPDATE releases SET (presence, body, seal) = (SELECT presence, body, seal FROM before)",
        )
        .unwrap();
    let found = ledger.verify().unwrap_err();
    assert!(found.starts_with("release rel_"), "{found}");
}

/// An incident that was made unreadable is not gone from those that are open.
#[tokio::test]
async fn hc_47_an_open_incident_that_is_no_value_any_more_is_not_passed_over() {
    let (ledger, _) = with_one_of_each().await;
    let by_hand = ledger.by_hand();
    for body in ["replace(body, '\"open\"', '\"splendid\"')", "'nothing'"] {
        let edit = format!("UPDATE incidents SET body = {body}");
        assert_eq!(by_hand.execute(&edit, []), Ok(1), "{edit}");
        assert_tampered(ledger.store.open_incidents(&selection()), "inc_");
        assert_eq!(ledger.store.counts().unwrap().open_incidents, 1, "{edit}");
    }
}

/// What an open watch counts is sealed when it ends, its evaluations with it.
#[tokio::test]
async fn hc_47_an_edited_evaluation_is_named_once_its_watch_has_ended() {
    let (ledger, scenario) = with_one_of_each().await;
    ledger
        .write(super::ledger::watch_ended(&scenario))
        .await
        .unwrap();
    assert!(ledger.verify().is_ok());
    let by_hand = ledger.by_hand();
    for refused in ["UPDATE evaluations SET n = 7", "DELETE FROM evaluations"] {
        assert!(by_hand.execute(refused, []).is_err());
    }
    by_hand
        .execute_batch(
            "DROP TRIGGER evaluations_no_update; UPDATE evaluations SET body = replace(body, 'bad', 'good')",
        )
        .unwrap();
    let found = ledger.verify().unwrap_err();
    assert!(found.starts_with("watch wat_"), "{found}");
}

#[tokio::test]
async fn a_database_from_before_there_were_seals_is_sealed_at_the_first_start() {
    let (ledger, _) = with_one_of_each().await;
    let Ledger { directory, store } = ledger;
    drop(store);
    let file = directory.path().join("commander.db");
    let by_hand = rusqlite::Connection::open(&file).unwrap();
    // As the first migration left it: no row of the trail speaks of rows.
    by_hand
        .execute_batch(
            "DELETE FROM meta WHERE key = 'sealed'; UPDATE releases SET seal = NULL;
             UPDATE tokens SET seal = NULL; UPDATE incidents SET seal = NULL",
        )
        .unwrap();
    assert!(super::ledger::verify(directory.path()).is_err());
    drop(by_hand);
    let store = commander::adapters::db::Store::open(directory.path()).unwrap();
    assert!(super::ledger::verify(directory.path()).is_ok());
    assert_eq!(
        store.audit(0, 100).unwrap().last().unwrap().entry.act,
        "ledger.written"
    );
    let rows = store.audit_head().unwrap();
    drop(store);
    let store = commander::adapters::db::Store::open(directory.path()).unwrap();
    assert_eq!(store.audit_head().unwrap(), rows, "once");
}

/// As the fifth migration left it: what a plan says was in the row that holds its status.
pub const BEFORE_PLAN_BODIES: &str = "
    DROP INDEX plans_pending_by_place;
    DROP INDEX incidents_open;
    DROP TRIGGER plans_stay;
    DROP TRIGGER plan_bodies_no_delete;
    ALTER TABLE plans ADD COLUMN body TEXT NOT NULL DEFAULT '';
    UPDATE plans SET body = (SELECT body FROM plan_bodies WHERE plan = id);
    DROP TABLE plan_bodies;
    CREATE TRIGGER plans_stay BEFORE UPDATE OF id, digest, service, environment, action, thread, created_at, body ON plans
    BEGIN SELECT RAISE(ABORT, 'a plan does not change'); END;
    CREATE INDEX plans_by_status ON plans (status, id);
    PRAGMA user_version = 5;
";

#[tokio::test]
async fn a_database_of_the_fifth_migration_keeps_its_plans_and_is_as_it_was_written() {
    let (ledger, scenario) = Ledger::with_history().await;
    let plan = ledger.store.plan(&scenario.plan.id).unwrap();
    let before = dump(&ledger);
    let Ledger { directory, store } = ledger;
    drop(store);
    let file = directory.path().join("commander.db");
    let by_hand = rusqlite::Connection::open(file).unwrap();
    by_hand.execute_batch(BEFORE_PLAN_BODIES).unwrap();
    drop(by_hand);
    let store = commander::adapters::db::Store::open(directory.path()).unwrap();
    let ledger = Ledger { directory, store };
    assert_eq!(ledger.store.plan(&plan.id).unwrap(), plan);
    assert_eq!(dump(&ledger), before);
    ledger.verify().unwrap();
    let said = "UPDATE plan_bodies SET body = '{}'";
    let refused = ledger.by_hand().execute(said, []).unwrap_err();
    assert!(refused.to_string().contains("does not change"), "{refused}");
}

/// Who edits what a person has decided about a procedure does not make it count.
#[tokio::test]
async fn hc_47_an_edited_decision_is_refused_and_named() {
    use commander::domain::name::PersonName;
    use commander::domain::sop::statement::Definition;
    use commander::domain::sop::{DecisionRecord, Offer, Procedures, Ruling, Sop};
    use commander::domain::transition::Change;

    let ledger = Ledger::new();
    let definition = Definition::parse(commander::agents::ADVISOR, &[]).unwrap();
    let sop = Sop::parse("a.md", "Never deploy on Fridays.\n").unwrap();
    let procedures = Procedures::recognising(vec![sop], &std::sync::Arc::new(definition));
    let record = DecisionRecord {
        offer: Offer::all(&procedures).remove(0),
        decision: Ruling::Refused,
        by: PersonName::parse("ada").unwrap(),
        at: "2026-11-17T10:00:00Z".parse().unwrap(),
        comment: None,
        withdrawal: None,
    };
    let id = record.offer.id.to_string();
    let decide = Change::Decide {
        record: Box::new(record.clone()),
        over: None,
    };
    ledger.write(vec![decide.clone()]).await.unwrap();
    let unseen = ledger.write(vec![decide]).await;
    assert!(
        matches!(unseen, Err(StoreError::Conflict(_))),
        "over what nobody saw: {unseen:?}"
    );
    assert_eq!(ledger.store.decisions().unwrap(), [record]);
    assert!(ledger.verify().is_ok());
    let by_hand = ledger.by_hand();
    by_hand
        .execute("DELETE FROM decisions", [])
        .expect_err("a decision was deleted");
    let edit = "UPDATE decisions SET body = replace(body, 'refused', 'accepted')";
    assert_eq!(by_hand.execute(edit, []).unwrap(), 1);
    assert_tampered(ledger.store.decisions(), &id);
    assert!(ledger.verify().unwrap_err().contains(&id));
}
