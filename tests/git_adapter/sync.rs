//! Mirrors are brought up to date, one fetch at a time, in bounded time, and never spoilt.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use commander::adapters::git::{Git, MirrorError, ResolveError, SyncError};
use commander::domain::repository::RepositoryUrl;
use commander::domain::revision::RefName;
use tokio::net::TcpListener;

use crate::http::Server;
use crate::source::{Canary, LIMIT, Mirrors, Source};

fn url(text: &str) -> RepositoryUrl {
    RepositoryUrl::parse(text).unwrap()
}

#[tokio::test]
async fn a_repository_is_fetched_by_path_by_file_url_and_over_http() {
    let source = Source::new();
    let commit = source.commit("Begin");
    source.git(&["update-server-info"]);
    let server = Server::of_files(source.path().join(".git")).await;
    for address in [
        source.path().display().to_string(),
        format!("file://{}", source.path().display()),
        format!("http://{}/shop.git", server.address),
    ] {
        let mirrors = Mirrors::new();
        let main = RefName::parse("main").unwrap();
        let before = mirrors
            .git
            .resolve(&url(&address), &main)
            .await
            .unwrap_err();
        assert!(
            matches!(before, ResolveError::Mirror(MirrorError::NotSynced { .. })),
            "{before}"
        );
        assert_eq!(mirrors.git.synced_at(&url(&address)), None);
        let at = mirrors.git.sync(&url(&address), LIMIT).await.unwrap();
        assert_eq!(mirrors.git.synced_at(&url(&address)), Some(at));
        let main = mirrors.git.resolve(&url(&address), &main).await.unwrap();
        assert_eq!(main.commit, commit, "{address}");
    }
}

#[tokio::test]
async fn mirrors_may_lie_in_a_directory_relative_to_ours() {
    let source = Source::new();
    let commit = source.commit("Begin");
    let dir = tempfile::tempdir().unwrap();
    let up = std::env::current_dir()
        .unwrap()
        .components()
        .skip(1)
        .map(|_| "..")
        .collect();
    let root: PathBuf = [up, dir.path().strip_prefix("/").unwrap().to_owned()]
        .iter()
        .collect();
    let git = Git::new(root);
    git.sync(source.url(), LIMIT).await.unwrap();
    let main = git
        .resolve(source.url(), &RefName::parse("main").unwrap())
        .await
        .unwrap();
    assert_eq!(main.commit, commit);
}

#[tokio::test]
async fn a_mirror_follows_what_is_new_moved_and_gone() {
    let source = Source::new();
    source.commit("Begin");
    source.git(&["branch", "gone"]);
    source.git(&["branch", "topic"]);
    source.git(&["tag", "moved"]);
    let mirrors = Mirrors::of(&source).await;

    let second = source.commit("Go on");
    source.git(&["tag", "--force", "moved"]);
    source.git(&["branch", "--delete", "--force", "gone"]);
    // A branch where a directory of branches has to be.
    source.git(&["branch", "--move", "topic", "topic/one"]);
    // Commits of merge requests live under other names, and stay out.
    source.git(&["update-ref", "refs/pull/1/head", &second]);
    mirrors.git.sync(source.url(), LIMIT).await.unwrap();

    assert_eq!(
        mirrors.resolve(&source, "main").await.unwrap().commit,
        second
    );
    assert_eq!(
        mirrors.resolve(&source, "moved").await.unwrap().commit,
        second
    );
    assert!(mirrors.resolve(&source, "topic/one").await.is_ok());
    assert!(mirrors.resolve(&source, "gone").await.is_err());
    assert!(mirrors.resolve(&source, "refs/pull/1/head").await.is_err());
}

#[tokio::test]
async fn a_commit_outlives_its_branch_even_through_tidying() {
    let source = Source::new();
    source.commit("Begin");
    let mirrors = Mirrors::of(&source).await;
    // A machine that packs at once and throws away at once.
    let config = mirrors.only().join("config");
    let eager = "[fetch]\nunpackLimit = 1\n[gc]\nautoPackLimit = 1\npruneExpire = now\n";
    fs::write(&config, fs::read_to_string(&config).unwrap() + eager).unwrap();

    let released = source.commit("Released");
    mirrors.git.sync(source.url(), LIMIT).await.unwrap();
    source.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    source.commit("Another history");
    mirrors.git.sync(source.url(), LIMIT).await.unwrap();
    mirrors.git.tidy(source.url(), LIMIT).await.unwrap();
    let tidied = mirrors.only().join("objects/info/commit-graph");
    assert!(tidied.exists(), "nothing was tidied");
    let found = mirrors.resolve(&source, &released).await.unwrap();
    assert_eq!(found.commit, released);
}

#[tokio::test]
async fn what_is_no_repository_says_so() {
    let empty = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::new();
    for address in ["/no/such/repository", empty.path().to_str().unwrap()] {
        let error = mirrors.git.sync(&url(address), LIMIT).await.unwrap_err();
        assert!(matches!(error, SyncError::NotARepository { .. }), "{error}");
        assert_eq!(mirrors.git.synced_at(&url(address)), None);
    }
    let server = Server::always(StatusCode::NOT_FOUND).await;
    let address = url(&format!("http://{}/shop.git", server.address));
    let error = mirrors.git.sync(&address, LIMIT).await.unwrap_err();
    assert!(matches!(error, SyncError::NotARepository { .. }), "{error}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let mirrors = Mirrors::new();
    for address in [
        format!("http://{closed}/shop.git"),
        format!("ssh://git@{closed}/shop.git"),
    ] {
        let error = mirrors.git.sync(&url(&address), LIMIT).await.unwrap_err();
        assert!(matches!(error, SyncError::Unreachable { .. }), "{error}");
    }
    let server = Server::always(StatusCode::SERVICE_UNAVAILABLE).await;
    let address = url(&format!("http://{}/shop.git", server.address));
    let error = mirrors.git.sync(&address, LIMIT).await.unwrap_err();
    assert!(matches!(error, SyncError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_host_that_wants_a_password_is_not_waited_for() {
    let server = Server::always(StatusCode::UNAUTHORIZED).await;
    let mirrors = Mirrors::new();
    let address = url(&format!("http://{}/shop.git", server.address));
    let error = mirrors.git.sync(&address, LIMIT).await.unwrap_err();
    assert!(matches!(error, SyncError::AccessRefused { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_hits_the_time_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = url(&format!("http://{}/shop.git", silent.local_addr().unwrap()));
    let mirrors = Mirrors::new();
    let begun = Instant::now();
    let limit = Duration::from_millis(300);
    let error = mirrors.git.sync(&address, limit).await.unwrap_err();
    assert_eq!(
        error,
        SyncError::TimedOut {
            repository: address,
            limit
        }
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_fetch_that_was_killed_spoils_nothing() {
    let source = Source::new();
    let commit = source.commit("Begin");
    let mirrors = Mirrors::of(&source).await;
    // What git leaves behind when it is killed at its worst moments.
    let mirror = mirrors.only();
    let leftovers = [
        "refs/heads/main.lock",
        "packed-refs.lock",
        "HEAD.lock",
        "config.lock",
        "objects/pack/tmp_pack_x1y2z3",
    ];
    for leftover in leftovers {
        fs::write(mirror.join(leftover), "half").unwrap();
    }
    assert_eq!(
        mirrors.resolve(&source, "main").await.unwrap().commit,
        commit
    );
    let next = source.commit("Go on");
    mirrors.git.sync(source.url(), LIMIT).await.unwrap();
    assert_eq!(mirrors.resolve(&source, "main").await.unwrap().commit, next);
    for leftover in leftovers {
        assert!(!mirror.join(leftover).exists(), "{leftover}");
    }
}

#[tokio::test]
async fn a_first_fetch_that_was_dropped_can_be_done_again() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = url(&format!("http://{}/shop.git", silent.local_addr().unwrap()));
    let mirrors = Mirrors::new();
    {
        let fetch = mirrors.git.sync(&address, LIMIT);
        tokio::pin!(fetch);
        tokio::select! {
            outcome = &mut fetch => panic!("{outcome:?}"),
            // Git has begun: it asks for the first thing.
            connection = silent.accept() => drop(connection.unwrap().0),
        }
    }
    // A beginning that was cut short before it had its name.
    let lock = mirrors.ending_with(".lock");
    fs::create_dir(lock.with_extension("new")).unwrap();
    drop(silent);
    let error = mirrors.git.sync(&address, LIMIT).await.unwrap_err();
    assert!(matches!(error, SyncError::Unreachable { .. }), "{error}");
    assert_eq!(mirrors.git.synced_at(&address), None);
}

#[tokio::test]
async fn those_who_queue_share_one_fetch() {
    let source = Source::new();
    source.commit("Begin");
    source.git(&["update-server-info"]);
    let server = Server::of_files(source.path().join(".git")).await;
    let address = url(&format!("http://{}/shop.git", server.address));
    let mirrors = Mirrors::new();
    let syncs = (0..8).map(|_| mirrors.git.sync(&address, LIMIT));
    for outcome in futures_util::future::join_all(syncs).await {
        outcome.unwrap();
    }
    // The first began before the others asked, so these may not rely on it.
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn a_git_that_outlived_its_commander_is_waited_for() {
    let source = Source::new();
    source.commit("Begin");
    let mirrors = Mirrors::of(&source).await;
    let orphan = File::open(mirrors.ending_with(".lock")).unwrap();
    orphan.lock().unwrap();
    let limit = Duration::from_millis(200);
    let error = mirrors.git.sync(source.url(), limit).await.unwrap_err();
    assert!(matches!(error, SyncError::TimedOut { .. }), "{error}");
    let waiting = mirrors.git.sync(source.url(), LIMIT);
    tokio::pin!(waiting);
    let early = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
    assert!(early.is_err());
    drop(orphan);
    waiting.await.unwrap();
}

#[tokio::test]
async fn hc_72_hooks_filters_and_ext_submodules_do_not_run_on_a_fetch() {
    let canary = Canary::new();
    let source = Source::new();
    source.write(".gitattributes", "* filter=evil diff=evil\n");
    let submodule = "[submodule \"evil\"]\npath = evil\nurl = ext::sh -c touch% ";
    source.write(
        ".gitmodules",
        format!("{submodule}{}\n", canary.path().display()),
    );
    source.write("a.txt", "a");
    let first = source.commit("Begin");
    source.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        "160000",
        &first,
        "evil",
    ]);
    source.git(&["commit", "--quiet", "-m", "A submodule"]);
    let hook = format!("#!/bin/sh\n{}\n", canary.song());
    for name in [
        "post-checkout",
        "post-update",
        "reference-transaction",
        "pre-auto-gc",
    ] {
        source.write_executable(&format!(".git/hooks/{name}"), &hook);
    }
    canary.assert_silent();

    let mirrors = Mirrors::of(&source).await;
    // As if the machine's templates or somebody's hand had put them into the mirror as well.
    let mirror = mirrors.only();
    let hooks = mirror.join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    for name in ["reference-transaction", "post-update", "pre-auto-gc"] {
        fs::copy(
            source.path().join(".git/hooks").join(name),
            hooks.join(name),
        )
        .unwrap();
    }
    let song = canary.song();
    let mut config = fs::read_to_string(mirror.join("config")).unwrap();
    config += &format!("[filter \"evil\"]\n\tsmudge = {song}\n\tclean = {song}\n\trequired\n");
    fs::write(mirror.join("config"), config).unwrap();

    source.git(&["-c", "core.hooksPath=/dev/null", "branch", "another"]);
    mirrors.git.sync(source.url(), LIMIT).await.unwrap();
    mirrors.git.tidy(source.url(), LIMIT).await.unwrap();
    let main = mirrors.resolve(&source, "another").await.unwrap();
    let file = mirrors
        .git
        .file(source.url(), &main.commit, "a.txt", 10)
        .await
        .unwrap();
    assert_eq!(file.bytes, b"a");
    canary.assert_silent();
}
