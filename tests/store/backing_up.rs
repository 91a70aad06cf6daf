//! A ledger as one file, taken while it is written, and back.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use commander::adapters::db::{BackupError, Restored, Selection, Store, Trail, back_up, restore};
use commander::app::KEYS;
use commander::domain::audit::AuditEntry;
use commander::domain::release::PresenceEvent;
use commander::domain::transition::{Change, Transition};
use tempfile::TempDir;

use super::command::{Running, configure, json};
use super::ledger::{Ledger, kept, one_of_each, replaced, verify};
use super::tampering::BEFORE_PLAN_BODIES;
use crate::plans::{at, id};

/// Whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

fn take(data: &Path, file: &Path, replace: bool) -> Result<u64, BackupError> {
    let mut last = (0, 0);
    let about = back_up(data, &KEYS, file, replace, at(0), &mut |done, all| {
        assert!(done >= last.0 && done <= all, "{last:?} {done} {all}");
        last = (done, all);
    })?;
    assert!(last.0 > 0 && last.0 == last.1, "{last:?}");
    Ok(about.audit_rows)
}

fn bring_back(file: &Path, data: &Path) -> Result<Restored, BackupError> {
    restore(file, data, &KEYS, at(1), &mut |_, _| {})
}

/// Megabytes, so that a backup takes a moment.
async fn fill(ledger: &Ledger, rows: i64) {
    for n in 0..rows {
        let entry =
            AuditEntry::new(at(n), "commander", "noted", n).with("text", "x".repeat(50_000));
        ledger.write(vec![Change::Audit(entry)]).await.unwrap();
    }
}

async fn with_keys() -> Ledger {
    let (ledger, scenario) = Ledger::with_history().await;
    for changes in one_of_each(&scenario) {
        ledger.write(changes).await.unwrap();
    }
    for key in KEYS {
        std::fs::write(ledger.directory.path().join(key), format!("the {key}")).unwrap();
    }
    let id = "5ca1ab1e".to_owned();
    ledger
        .write(vec![Change::SetInstance { id }])
        .await
        .unwrap();
    ledger
}

#[tokio::test]
async fn what_is_restored_is_what_was_backed_up() {
    let ledger = with_keys().await;
    let folder = TempDir::new().unwrap();
    let (file, data) = (
        folder.path().join("a.backup"),
        folder.path().join("deep/data"),
    );
    let rows = take(ledger.directory.path(), &file, false).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(names(folder.path()), ["a.backup"]);
    // It is taken once, and replaced only where that is asked for.
    let refused = take(ledger.directory.path(), &file, false).unwrap_err();
    assert!(refused.to_string().contains("--force"), "{refused}");
    take(ledger.directory.path(), &file, true).unwrap();

    let restored = bring_back(&file, &data).unwrap();
    assert_eq!(restored.about.instance, "5ca1ab1e");
    assert_eq!(restored.live.len(), 1);
    assert_eq!(restored.unfinished, []);
    assert_eq!(mode(&data), 0o700);
    for key in KEYS {
        let content = std::fs::read_to_string(data.join(key)).unwrap();
        assert_eq!(content, format!("the {key}"));
        assert_eq!(mode(&data.join(key)), 0o600);
    }
    assert_eq!(names(data.parent().unwrap()), ["data"]);
    assert_eq!(verify(&data).unwrap().audit_rows, rows + 1);
    let store = Store::open(&data).unwrap();
    let trail = store.audit(0, 1000).unwrap();
    assert_eq!(trail[..rows as usize], ledger.store.audit(0, 1000).unwrap());
    assert_eq!(trail.last().unwrap().entry.act, "instance.restored");
    assert_eq!(store.restored().unwrap(), Some(at(1)));
    assert_eq!(store.instance().unwrap(), ledger.store.instance().unwrap());
    // In use now, and before that not empty.
    let refused = bring_back(&file, &data).unwrap_err();
    assert!(matches!(refused, BackupError::InUse(_)), "{refused}");
    drop(store);
    let refused = bring_back(&file, &data).unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
}

#[tokio::test]
async fn what_is_no_whole_backup_is_not_restored() {
    let ledger = with_keys().await;
    let folder = TempDir::new().unwrap();
    let (file, data) = (folder.path().join("a.backup"), folder.path().join("data"));
    let refused = |why: &str| {
        let error = bring_back(&file, &data).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(!data.exists());
    };
    refused("no such file");
    std::fs::write(&file, "something else").unwrap();
    refused("is no backup");
    // A database, and not a backup.
    std::fs::remove_file(&file).unwrap();
    let plain = format!("VACUUM INTO '{}'", file.display());
    ledger.by_hand().execute_batch(&plain).unwrap();
    refused("is no backup");
    take(ledger.directory.path(), &file, true).unwrap();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(bring_back(&file, &data).is_err());
    assert!(!data.exists());
    std::fs::write(&file, &whole).unwrap();
    let edited = rusqlite::Connection::open(&file).unwrap();
    edited
        .execute(
            "UPDATE releases SET body = replace(body, 'v1.1.0', 'v6.6.6')",
            [],
        )
        .unwrap();
    drop(edited);
    refused("release rel_");
    // What is broken is not backed up as if it were whole, either.
    ledger
        .by_hand()
        .execute("UPDATE tokens SET hash = 'mine'", [])
        .unwrap();
    let error = take(ledger.directory.path(), &folder.path().join("b"), false).unwrap_err();
    assert!(error.to_string().contains("token bob"), "{error}");
    assert!(!folder.path().join("b").exists());
    let nothing = take(&folder.path().join("nowhere"), &file, true).unwrap_err();
    assert!(nothing.to_string().contains("no database"), "{nothing}");
}

#[tokio::test]
async fn a_backup_that_an_older_commander_made_is_restored_and_verified() {
    let ledger = with_keys().await;
    let folder = TempDir::new().unwrap();
    let (file, data) = (folder.path().join("a.backup"), folder.path().join("data"));
    take(ledger.directory.path(), &file, false).unwrap();
    let older = rusqlite::Connection::open(&file).unwrap();
    older.execute_batch(BEFORE_PLAN_BODIES).unwrap();
    drop(older);

    let edited = folder.path().join("edited.backup");
    std::fs::copy(&file, &edited).unwrap();
    let by_hand = rusqlite::Connection::open(&edited).unwrap();
    let release = "UPDATE releases SET body = replace(body, 'v1.1.0', 'v6.6.6')";
    by_hand.execute(release, []).unwrap();
    drop(by_hand);
    let refused = bring_back(&edited, &data).unwrap_err().to_string();
    assert!(refused.contains("is not what was written"), "{refused}");
    std::fs::remove_file(&edited).unwrap();
    assert_eq!(names(folder.path()), ["a.backup"], "nothing is left of it");

    bring_back(&file, &data).unwrap();
    verify(&data).unwrap();
    let store = Store::open(&data).unwrap();
    let all = Selection {
        limit: 10,
        ..Selection::default()
    };
    let plans = store.plans(&all, None).unwrap();
    assert!(!plans.is_empty());
    assert_eq!(plans, ledger.store.plans(&all, None).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_one_moment_and_stops_nobody() {
    let ledger = with_keys().await;
    fill(&ledger, 100).await;
    let folder = TempDir::new().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4u64)
        .map(|writer| {
            let (store, stop) = (ledger.store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    let number = 1000 + writer * 1_000_000 + n;
                    store.write(Transition::of(step(number))).await.unwrap();
                }
                n
            })
        })
        .collect();
    let mut rows = Vec::new();
    for n in 0..4 {
        let (data, file) = (
            ledger.directory.path().to_owned(),
            folder.path().join(format!("{n}.backup")),
        );
        let taken = tokio::task::spawn_blocking(move || take(&data, &file, false)).await;
        rows.push(taken.unwrap().unwrap());
        // The writers went on meanwhile, and do between two backups.
        let seen = ledger.store.audit_head().unwrap();
        let begun = Instant::now();
        while ledger.store.audit_head().unwrap() == seen {
            assert!(begun.elapsed() < PATIENCE, "nobody writes any more");
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        assert!(writer.await.unwrap() > 0);
    }
    assert!(rows.is_sorted() && rows[0] < rows[3], "{rows:?}");
    let source = Trail::of(ledger.directory.path()).unwrap();
    assert!(source.verify().unwrap().is_ok());
    for (n, rows) in rows.into_iter().enumerate() {
        let data = folder.path().join(format!("data {n}"));
        let file = folder.path().join(format!("{n}.backup"));
        bring_back(&file, &data).unwrap();
        let copy = Trail::of(&data).unwrap();
        // Each row of the ledger is as the trail said at that moment.
        assert_eq!(copy.verify().unwrap().unwrap().audit_rows, rows + 1);
        let mut after = 0;
        while after < rows {
            let mut page = copy.rows(after, 100).unwrap();
            page.retain(|row| row.seq <= rows);
            assert_eq!(page, source.rows(after, page.len() as u32).unwrap());
            after += page.len() as u64;
        }
    }
}

/// A release that goes through its life in three changes of one transition.
fn step(number: u64) -> Vec<Change> {
    let mut release = replaced();
    release.id = id(number);
    release.presence = commander::domain::release::Presence::Candidate;
    let mut changes = kept(&release);
    changes.push(Change::MovePresence {
        release: release.id.clone(),
        event: PresenceEvent::Retire,
        at: at(5),
    });
    changes.push(Change::Audit(AuditEntry::new(
        at(5),
        "ada",
        "noted",
        &release.id,
    )));
    changes
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Starts the command, kills it as soon as there is something, and looks at what has the final name.
fn killed(configuration: &Path, words: &[&str], begun: &[PathBuf]) {
    let mut running = Running::start(configuration, words);
    let since = Instant::now();
    while !begun.iter().any(|path| path.exists()) && running.0.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < PATIENCE, "it does not begin");
        std::thread::sleep(Duration::from_micros(200));
    }
    running.0.kill().unwrap();
    running.0.wait().unwrap();
}

#[tokio::test]
async fn a_backup_or_a_restore_that_is_killed_leaves_nothing_half() {
    let ledger = with_keys().await;
    fill(&ledger, 200).await;
    let folder = TempDir::new().unwrap();
    let config = configure(folder.path(), ledger.directory.path());
    let file = folder.path().join("a.backup");
    let partial = folder.path().join("a.backup.partial");
    let name = file.to_str().unwrap();
    let mut in_the_middle = 0;
    for _ in 0..5 {
        killed(&config, &["backup", name], &[file.clone(), partial.clone()]);
        if file.exists() {
            assert!(Trail::at(&file).unwrap().verify().unwrap().is_ok());
            std::fs::remove_file(&file).unwrap();
        } else {
            in_the_middle += 1;
        }
    }
    let (code, about) = json(&config, &["backup", name]);
    assert_eq!(code, 0, "{about:#}");
    assert_eq!(about["instance"], "5ca1ab1e");
    assert!(!partial.exists(), "what the killed ones left is gone");
    let (code, _) = json(&config, &["backup", name]);
    assert_eq!(code, 65);

    let data = folder.path().join("data");
    let staging = folder.path().join("data.restoring");
    let config = configure(folder.path(), &data);
    for _ in 0..5 {
        killed(
            &config,
            &["restore", name],
            &[data.clone(), staging.clone()],
        );
        if data.exists() {
            assert!(verify(&data).is_ok());
            std::fs::remove_dir_all(&data).unwrap();
        } else {
            in_the_middle += 1;
        }
    }
    assert!(in_the_middle > 0, "each was faster than the kill");
    let (code, restored) = json(&config, &["restore", name]);
    assert_eq!(code, 0, "{restored:#}");
    assert_eq!(restored["live"].as_array().unwrap().len(), 1);
    assert!(!staging.exists());
    assert!(verify(&data).is_ok());
    let (code, refused) = json(&config, &["restore", name]);
    assert_eq!(code, 65, "{refused:#}");
}
