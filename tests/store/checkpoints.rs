//! What was noted outside of the database shows what the database cannot show by itself.

use std::path::{Path, PathBuf};

use commander::adapters::checkpoints::{Checkpoints, FILE, public_key};
use rusqlite::Connection;

use super::command::{configure, json, run};
use super::ledger::{Ledger, noted};
use crate::plans::at;

/// Twelve rows, with checkpoints of row 4, 8 and 12.
struct Noted {
    ledger: Ledger,
    configuration: PathBuf,
    _folder: tempfile::TempDir,
}

impl Noted {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::new();
        let file = folder.path().join(FILE);
        let checkpoints = Checkpoints::open(file, ledger.directory.path()).unwrap();
        for n in 1..=12 {
            ledger.write(noted(n)).await.unwrap();
            if n % 4 == 0 {
                let row = ledger.store.audit(n as u64 - 1, 1).unwrap().remove(0);
                checkpoints.append(row.seq, &row.hash, at(n)).unwrap();
            }
        }
        Self {
            configuration: configure(folder.path(), ledger.directory.path()),
            ledger,
            _folder: folder,
        }
    }

    fn verify(&self) -> (i32, serde_json::Value) {
        let file = self.configuration.with_file_name(FILE);
        let file = file.to_str().unwrap();
        json(
            &self.configuration,
            &["audit", "verify", "--checkpoint", file],
        )
    }

    /// The database without what keeps it append-only.
    fn unlocked(&self) -> Connection {
        let by_hand = self.ledger.by_hand();
        by_hand
            .execute_batch("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete")
            .unwrap();
        by_hand
    }

    /// The trail cut off behind row `row`.
    fn cut(&self, row: u64) {
        let cut = "DELETE FROM audit WHERE seq > ?1";
        assert!(self.unlocked().execute(cut, [row]).unwrap() > 0);
    }
}

#[tokio::test]
async fn an_untouched_trail_agrees_with_its_checkpoints() {
    let noted_rows = Noted::new().await;
    let (code, found) = noted_rows.verify();
    assert_eq!((code, &found["outcome"]), (0, &"ok".into()), "{found:#}");
    assert_eq!(found["checkpoints"], 3);
    assert_eq!(found["auditRows"], 12);
    let said = run(&noted_rows.configuration, &["audit", "verify"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.starts_with("as it was written: 12 audit rows"),
        "{said}"
    );
}

#[tokio::test]
async fn a_trail_that_was_cut_off_is_found_with_the_first_missing_row() {
    let rows = Noted::new().await;
    rows.cut(9);
    // The chain alone is whole.
    assert!(rows.ledger.verify().is_ok());
    let (code, found) = rows.verify();
    assert_eq!(code, 1, "{found:#}");
    assert_eq!(found["outcome"], "broken");
    let contradiction = &found["contradiction"];
    assert_eq!(contradiction["row"], 10);
    assert_eq!(
        (&contradiction["line"], &contradiction["seq"]),
        (&3.into(), &12.into())
    );
    let sentence = found["broken"].as_str().unwrap();
    assert!(
        sentence.starts_with("audit row 10: it is missing, the trail ends at row 9"),
        "{sentence}"
    );
    assert!(
        sentence.contains("the checkpoint in line 3, of row 12"),
        "{sentence}"
    );
}

/// What is cut off behind the newest checkpoint leaves no trace, as the documents say.
#[tokio::test]
async fn what_came_after_the_newest_checkpoint_is_not_vouched_for() {
    let rows = Noted::new().await;
    rows.ledger.write(noted(13)).await.unwrap();
    rows.cut(12);
    assert_eq!(rows.verify().0, 0);
}

#[tokio::test]
async fn a_trail_that_was_put_back_and_went_on_is_found() {
    let rows = Noted::new().await;
    rows.cut(5);
    for n in 100..120 {
        rows.ledger.write(noted(n)).await.unwrap();
    }
    assert!(rows.ledger.verify().is_ok());
    let (code, found) = rows.verify();
    assert_eq!(code, 1);
    // Row 4 is as the first checkpoint saw it.
    assert_eq!(found["contradiction"]["row"], 5, "{found:#}");
    assert_eq!(found["contradiction"]["line"], 2);
}

#[tokio::test]
async fn an_emptied_trail_is_found() {
    let rows = Noted::new().await;
    rows.cut(0);
    let (code, found) = rows.verify();
    assert_eq!(
        (code, &found["contradiction"]["row"]),
        (1, &1.into()),
        "{found:#}"
    );
}

#[tokio::test]
async fn a_row_that_was_only_edited_is_named_by_the_chain() {
    let rows = Noted::new().await;
    rows.unlocked()
        .execute("UPDATE audit SET actor = 'eve' WHERE seq = 6", [])
        .unwrap();
    let (code, found) = rows.verify();
    assert_eq!(code, 1);
    let sentence = found["broken"].as_str().unwrap();
    assert!(sentence.starts_with("audit row 6: "), "{sentence}");
}

#[tokio::test]
async fn checkpoints_of_another_key_or_with_an_edited_line_are_refused() {
    let rows = Noted::new().await;
    let file = rows.configuration.with_file_name(FILE);
    let own = public_key(rows.ledger.directory.path()).unwrap().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"seq\":8", "\"seq\":7", 1)).unwrap();
    let (code, found) = rows.verify();
    assert_eq!(code, 65);
    let error = found["error"].as_str().unwrap();
    assert!(
        error.contains("line 2") && error.contains("signature"),
        "{error}"
    );

    // The data directory is gone, and with it the key: whoever noted the public one can go on.
    std::fs::write(&file, text).unwrap();
    let key = rows.ledger.directory.path().join("checkpoint.key");
    std::fs::rename(&key, key.with_extension("away")).unwrap();
    let (code, found) = rows.verify();
    assert_eq!(code, 65);
    let error = found["error"].as_str().unwrap();
    assert!(error.contains(&own) && error.contains("--key"), "{error}");
    let file = file.to_str().unwrap();
    let words = ["audit", "verify", "--checkpoint", file, "--key", &own];
    assert_eq!(json(&rows.configuration, &words).0, 0);
    let nowhere = ["audit", "verify", "--checkpoint", "nowhere.jsonl"];
    assert_eq!(json(&rows.configuration, &nowhere).0, 66);
}

#[tokio::test]
async fn the_trail_is_exported_without_a_server() {
    let rows = Noted::new().await;
    for n in 13..=1203 {
        rows.ledger.write(noted(n)).await.unwrap();
    }
    let exported = |words: &[&str]| -> Vec<commander::domain::audit::AuditRow> {
        let output = run(&rows.configuration, words);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    };
    let all = exported(&["audit", "export"]);
    assert_eq!(all, rows.ledger.store.audit(0, 5000).unwrap());
    assert_eq!(all.len(), 1203);
    assert_eq!(
        exported(&["audit", "export", "--after", "1200"]),
        all[1200..]
    );
    assert!(exported(&["audit", "export", "--after", "1203"]).is_empty());
    // What leaves is still a chain.
    let last = commander::domain::audit::verify_chain(1, "", all.clone()).unwrap();
    assert_eq!(last, all.last().unwrap().hash);
    assert!(
        Path::new(rows.ledger.directory.path())
            .join("commander.db")
            .exists()
    );
}
