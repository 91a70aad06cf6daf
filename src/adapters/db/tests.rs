//! What can only be played with the write connection in hand: a full disk, a locked database.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::domain::audit::AuditEntry;
use crate::domain::transition::Change;

fn note(letters: usize) -> Transition {
    let at = Timestamp::from_second(1_795_262_400).unwrap();
    let entry = AuditEntry::new(at, "commander", "noted", letters);
    Transition::of(vec![Change::Audit(entry.with("text", "x".repeat(letters)))])
}

/// A connection whose file may grow by so many pages.
fn connection_with_room_for(pages: u32, directory: &Path) -> Connection {
    let connection = connect(&directory.join("commander.db")).unwrap();
    let used: u32 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    let set: u32 = connection
        .pragma_update_and_check(None, "max_page_count", used + pages, |row| row.get(0))
        .unwrap();
    assert_eq!(set, used + pages);
    connection
}

fn notes(connection: &Connection) -> u64 {
    connection
        .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn hc_46_on_a_full_disk_nothing_is_written_and_it_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let connection = connection_with_room_for(2, directory.path());
    let path = directory.path().join("commander.db");
    let store = Store::start(path, connection, own(directory.path()).unwrap()).unwrap();
    store.write(note(10)).await.unwrap();
    let refused = store.write(note(100_000)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unwritable(_)), "{refused:?}");
    assert!(refused.to_string().contains("full"), "{refused}");
    assert_eq!(store.audit(0, 10).unwrap().len(), 1);
    // What still fits is written, and the trail has no hole.
    store.write(note(10)).await.unwrap();
    assert!(Store::verify(directory.path()).unwrap().is_ok());
}

/// SQLite rolls a whole transaction back when the disk is full: those before the one that did not
/// fit are gone, and those after it must not be written outside of it.
#[test]
fn hc_46_a_batch_that_meets_a_full_disk_is_answered_as_it_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = connection_with_room_for(2, directory.path());
    let batch = [note(10), note(100_000), note(10)];
    let answers = match writer::commit(&mut connection, &batch) {
        Ok((results, _)) => results,
        Err(error) => vec![Err(error); batch.len()],
    };
    let said_written = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(said_written as u64, notes(&connection), "{answers:?}");
    assert!(connection.is_autocommit());
    // The next batch is none the worse.
    writer::commit(&mut connection, &[note(10)]).unwrap();
    assert!(Store::verify(directory.path()).unwrap().is_ok());
}

#[tokio::test]
async fn hc_46_on_a_locked_database_nothing_is_written_and_it_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("commander.db");
    let connection = connect(&path).unwrap();
    connection.busy_timeout(Duration::from_millis(50)).unwrap();
    let ownership = own(directory.path()).unwrap();
    let store = Store::start(path.clone(), connection, ownership).unwrap();
    let stranger = Connection::open(&path).unwrap();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.write(note(10)).await.unwrap_err();
    assert_eq!(
        refused,
        StoreError::Unwritable("database is locked".to_owned())
    );
    stranger.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.audit(0, 10).unwrap().len(), 0);
    store.write(note(10)).await.unwrap();
    assert_eq!(store.audit(0, 10).unwrap().len(), 1);
}

/// The promise of an acknowledged write is kept by these settings.
#[test]
fn the_write_connection_waits_for_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let connection = connect(&directory.path().join("commander.db")).unwrap();
    let number = |pragma: &str| -> i64 {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .unwrap()
    };
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    // 2 is FULL.
    assert_eq!(number("synchronous"), 2);
    assert_eq!(number("foreign_keys"), 1);
    assert_eq!(number("recursive_triggers"), 1);
}

/// How SQLite goes about a query: a line for each table.
fn ways(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explained = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let mut rows = explained.raw_query();
    let mut ways = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let way: String = row.get("detail").unwrap();
        let is_of_table = way.starts_with("SCAN ") || way.starts_with("SEARCH ");
        if is_of_table && way != "SCAN CONSTANT ROW" {
            ways.push(way);
        }
    }
    ways
}

/// However much has been decided and closed: it is not looked at for what is not.
#[test]
fn what_waits_is_found_and_counted_in_indexes_of_what_waits() {
    let directory = tempfile::tempdir().unwrap();
    let connection = connect(&directory.path().join("commander.db")).unwrap();
    let pending = ways(&connection, read::plans::PENDING_PLANS);
    assert_eq!(pending.len(), 1, "{pending:?}");
    let index = "INDEX plans_pending_by_place (service=? AND environment=?)";
    assert!(pending[0].ends_with(index), "{pending:?}");
    let open = ways(
        &connection,
        &read::incidents::incidents(read::incidents::IS_OPEN),
    );
    assert_eq!(open, ["SCAN incidents USING INDEX incidents_open"]);
    let counted = ways(&connection, &read::counts::count_all());
    assert_eq!(counted.len(), 6, "{counted:?}");
    for way in counted {
        // Of freezes there are those that are, at most one for each place.
        assert!(
            way.contains(" INDEX ") || way == "SCAN freezes",
            "all of a table is looked at: {way}"
        );
    }
}
