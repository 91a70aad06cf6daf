//! What changed since the release that runs.

use commander::adapters::git::MirrorError;
use commander::domain::changes::Direction;

use crate::source::{Mirrors, Source};

#[tokio::test]
async fn each_direction_is_told_with_its_commits_and_files() {
    let source = Source::new();
    source.write("a", "1");
    let first = source.commit("Begin");
    source.write("a", "2");
    source.write("dir/b", "1");
    let second = source.commit("Add b");
    let third = source.commit("Nothing");
    source.git(&["checkout", "--quiet", "-b", "other", &first]);
    source.write("c", "1");
    let other = source.commit("Add c");
    let mirrors = Mirrors::of(&source).await;
    let changes = async |since, to| {
        let changes = mirrors.git.changes(source.url(), since, to, 10).await;
        changes.unwrap()
    };
    let subjects = |changes: &commander::domain::changes::Changes| -> Vec<String> {
        changes.commits.iter().map(|c| c.subject.clone()).collect()
    };

    let forward = changes(Some(first.as_str()), third.as_str()).await;
    assert_eq!(forward.direction, Direction::Forward);
    assert_eq!(subjects(&forward), ["Nothing", "Add b"]);
    assert_eq!(forward.commits[1].sha, second);
    assert_eq!(forward.files, ["a", "dir/b"]);
    assert_eq!((forward.more_commits, forward.lost_commits), (0, 0));

    let backward = changes(Some(third.as_str()), first.as_str()).await;
    assert_eq!(backward.direction, Direction::Backward);
    assert_eq!(subjects(&backward), ["Nothing", "Add b"]);
    assert_eq!(backward.lost_commits, 2);

    let diverged = changes(Some(third.as_str()), other.as_str()).await;
    assert_eq!(diverged.direction, Direction::Diverged);
    assert_eq!(subjects(&diverged), ["Add c"]);
    assert_eq!(diverged.lost_commits, 2);
    assert_eq!(diverged.files, ["a", "c", "dir/b"]);

    let same = changes(Some(third.as_str()), third.as_str()).await;
    assert_eq!(same.direction, Direction::Same);
    assert!(same.commits.is_empty() && same.files.is_empty());

    let begin = changes(None, third.as_str()).await;
    assert_eq!(
        (begin.direction, begin.since.as_deref()),
        (Direction::First, None)
    );
    assert_eq!(subjects(&begin), ["Nothing", "Add b", "Begin"]);
    assert!(begin.files.is_empty());
}

#[tokio::test]
async fn a_long_list_is_cut_and_counted() {
    let source = Source::new();
    let first = source.commit("Begin");
    for number in 0..250 {
        source.write(&format!("files/{number:03}"), "1");
    }
    for number in 0..6 {
        source.commit(&format!("Commit {number}"));
    }
    let mirrors = Mirrors::of(&source).await;
    let to = source.git(&["rev-parse", "HEAD"]);
    let changes = mirrors
        .git
        .changes(source.url(), Some(&first), &to, 4)
        .await
        .unwrap();
    assert_eq!((changes.commits.len(), changes.more_commits), (4, 2));
    assert_eq!((changes.files.len(), changes.more_files), (200, 50));
    assert_eq!(changes.commits[0].subject, "Commit 5");
}

#[tokio::test]
async fn a_commit_that_is_not_there_is_an_error() {
    let source = Source::new();
    let first = source.commit("Begin");
    let mirrors = Mirrors::of(&source).await;
    for unknown in ["0".repeat(40), "main".to_owned(), first[..10].to_owned()] {
        let error = mirrors
            .git
            .changes(source.url(), Some(&unknown), &first, 4)
            .await;
        assert!(
            matches!(error, Err(MirrorError::NoSuchCommit { .. })),
            "{error:?}"
        );
    }
}
