//! From a name to one commit, or to a sentence that says why not.

use std::fs;

use commander::adapters::git::{FileError, ResolveError};
use commander::domain::repository::RepositoryUrl;
use commander::domain::revision::{RefKind, RefName};

use crate::source::{Canary, Mirrors, Source};

#[tokio::test]
async fn branches_tags_and_digits_are_found() {
    let source = Source::new();
    source.write("a", "1");
    let first = source.commit("Begin\n\nWith a body.");
    source.git(&["tag", "v1.0.0"]);
    source.git(&["tag", "--annotate", "-m", "The first", "v1.0.1"]);
    source.git(&["tag", "--annotate", "-m", "A tag of a tag", "v1", "v1.0.1"]);
    source.git(&["checkout", "--quiet", "-b", "feature/login"]);
    let second = source.commit("Let people in");
    let mirrors = Mirrors::of(&source).await;

    for (name, kind, commit) in [
        ("v1.0.0", RefKind::Tag, &first),
        ("v1.0.1", RefKind::Tag, &first),
        ("v1", RefKind::Tag, &first),
        ("refs/tags/v1.0.1", RefKind::Tag, &first),
        ("main", RefKind::Branch, &first),
        ("refs/heads/main", RefKind::Branch, &first),
        ("feature/login", RefKind::Branch, &second),
        (&second, RefKind::Commit, &second),
        (&second.to_uppercase(), RefKind::Commit, &second),
        (&second[..8], RefKind::Commit, &second),
        // An annotated tag by its own digits means its commit, too.
        (
            &source.git(&["rev-parse", "v1.0.1"]),
            RefKind::Commit,
            &first,
        ),
    ] {
        let found = mirrors.resolve(&source, name).await.unwrap();
        assert_eq!((found.kind, &found.commit), (kind, commit), "{name}");
    }
    let found = mirrors.resolve(&source, "refs/tags/v1.0.1").await.unwrap();
    assert_eq!(found.name, "v1.0.1");
    assert_eq!(found.tree, source.git(&["rev-parse", "v1.0.1^{tree}"]));
    assert_eq!(
        (found.author.as_str(), found.subject.as_str()),
        ("Ada", "Begin")
    );
    assert_eq!(found.committed_at.to_string(), "2023-11-14T22:13:21Z");
}

#[tokio::test]
async fn an_unknown_name_offers_the_near_ones() {
    let source = Source::new();
    source.commit("Begin");
    source.git(&["tag", "v1.4.2"]);
    let mirrors = Mirrors::of(&source).await;
    // HEAD is there, and never looked at.
    for (asked, offered) in [
        ("1.4.2", "v1.4.2"),
        ("mian", "main"),
        ("refs/heads/v1.4.2", "v1.4.2"),
    ] {
        let error = mirrors.resolve(&source, asked).await.unwrap_err();
        let ResolveError::Unknown { suggestions, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(suggestions, &[offered], "{error}");
    }
    for unknown in ["HEAD", "FETCH_HEAD", "0000000", &"0".repeat(40), "abc123"] {
        let error = mirrors.resolve(&source, unknown).await.unwrap_err();
        assert!(
            matches!(error, ResolveError::Unknown { .. }),
            "{unknown}: {error}"
        );
    }
}

#[tokio::test]
async fn a_name_of_both_a_tag_and_a_branch_is_asked_about() {
    let source = Source::new();
    let first = source.commit("Begin");
    source.git(&["tag", "twin"]);
    source.git(&["branch", "twin"]);
    let mirrors = Mirrors::of(&source).await;
    // Both mean the same commit: nothing to ask.
    assert_eq!(
        mirrors.resolve(&source, "twin").await.unwrap().kind,
        RefKind::Tag
    );

    let second = source.commit("Go on");
    source.git(&["branch", "--force", "twin"]);
    let mirrors = Mirrors::of(&source).await;
    let error = mirrors.resolve(&source, "twin").await.unwrap_err();
    assert!(
        matches!(&error, ResolveError::TagAndBranch { tag, branch, .. } if (tag, branch) == (&first, &second)),
        "{error}"
    );
    let branch = mirrors.resolve(&source, "refs/heads/twin").await.unwrap();
    assert_eq!((branch.kind, branch.commit), (RefKind::Branch, second));
}

#[tokio::test]
async fn a_tag_goes_before_digits() {
    let source = Source::new();
    let first = source.commit("Begin");
    source.commit("Go on");
    let digits = &source.git(&["rev-parse", "HEAD"])[..7];
    source.git(&["tag", digits, &first]);
    let mirrors = Mirrors::of(&source).await;
    let found = mirrors.resolve(&source, digits).await.unwrap();
    assert_eq!((found.kind, found.commit), (RefKind::Tag, first));
}

/// The numbers were searched for: the commit objects with them as messages begin alike.
#[tokio::test]
async fn digits_of_several_commits_are_asked_about() {
    let source = Source::new();
    let tree = source.raw_tree(&[]);
    let commit = |message: u32| {
        let who = "A <a@example.com> 1700000000 +0000";
        let text = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\n{message}\n");
        source.git_with(
            &["hash-object", "-t", "commit", "-w", "--stdin"],
            text.as_bytes(),
        )
    };
    let (one, two, other) = (commit(7423), commit(13877), commit(75260));
    assert_eq!(one[..7], two[..7]);
    for (name, commit) in [("one", &one), ("two", &two), ("other", &other)] {
        source.git(&["update-ref", &format!("refs/heads/{name}"), commit]);
    }
    // A file that begins like the third commit is in nobody's way.
    source.write("file", "977\n");
    source.commit("Begin");
    let file = source.git(&["rev-parse", "HEAD:file"]);
    assert_eq!(file[..7], other[..7]);
    let mirrors = Mirrors::of(&source).await;

    let error = mirrors.resolve(&source, &one[..7]).await.unwrap_err();
    let ResolveError::AmbiguousDigits { candidates, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        candidates.contains(&one) && candidates.contains(&two),
        "{error}"
    );
    assert_eq!(
        mirrors.resolve(&source, &two[..12]).await.unwrap().commit,
        two
    );
    assert_eq!(
        mirrors.resolve(&source, &other[..7]).await.unwrap().commit,
        other
    );
    let error = mirrors.resolve(&source, &file[..12]).await.unwrap_err();
    assert!(matches!(error, ResolveError::NotACommit { .. }), "{error}");
}

#[tokio::test]
async fn a_tag_on_a_file_is_no_commit() {
    let source = Source::new();
    source.write("a", "1");
    source.commit("Begin");
    source.git(&["tag", "only-a-file", "HEAD:a"]);
    let mirrors = Mirrors::of(&source).await;
    let error = mirrors.resolve(&source, "only-a-file").await.unwrap_err();
    assert!(matches!(error, ResolveError::NotACommit { .. }), "{error}");
    let listed = mirrors.git.refs(source.url(), "", 10).await.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn completion_lists_the_newest_first() {
    let source = Source::new();
    source.commit("Begin");
    source.git(&["tag", "v1"]);
    source.commit("Go on");
    source.git(&["tag", "v2"]);
    source.git(&["branch", "odd;name"]);
    let mirrors = Mirrors::of(&source).await;
    let names = |refs: Vec<_>| -> Vec<String> {
        let name = |info: commander::domain::revision::RefInfo| info.name.to_string();
        refs.into_iter().map(name).collect()
    };
    let all = mirrors.git.refs(source.url(), "", 10).await.unwrap();
    assert_eq!(all[0].subject, "Go on");
    assert_eq!(names(all), ["main", "v2", "v1"]);
    let some = mirrors.git.refs(source.url(), "V", 1).await.unwrap();
    assert_eq!(names(some), ["v2"]);
}

#[tokio::test]
async fn texts_of_a_repository_are_printable_and_capped() {
    let source = Source::new();
    source.commit(&format!("\u{1b}[31mred\u{202e}{}", "x".repeat(1_000)));
    let mirrors = Mirrors::of(&source).await;
    let subject = mirrors.resolve(&source, "main").await.unwrap().subject;
    assert!(subject.starts_with("U+001B[31mredU+202Exxx"), "{subject}");
    assert!(subject.chars().count() < 250, "{subject}");
}

#[tokio::test]
async fn a_file_is_read_as_it_was_committed() {
    let source = Source::new();
    source.write(".gitattributes", "* text eol=crlf ident\n");
    source.write("docker/Dockerfile", "FROM scratch\n# $Id$\n");
    source.link("link", "docker/Dockerfile");
    let commit = source.commit("Begin");
    let mirrors = Mirrors::of(&source).await;
    let read = async |path, max| mirrors.git.file(source.url(), &commit, path, max).await;

    let file = read("docker/Dockerfile", 100).await.unwrap();
    assert_eq!(file.bytes, b"FROM scratch\n# $Id$\n");
    assert_eq!(
        file.blob,
        source.git(&["rev-parse", "HEAD:docker/Dockerfile"])
    );
    assert_eq!(read("./docker//Dockerfile", 100).await.unwrap(), file);

    let refused = read("docker/Dockerfile", 5).await.unwrap_err();
    assert!(
        matches!(refused, FileError::TooLarge { size: 20, .. }),
        "{refused}"
    );
    for (path, what) in [("link", "symbolic link"), ("docker", "directory")] {
        let refused = read(path, 100).await.unwrap_err();
        assert!(
            matches!(refused, FileError::NotAFile { what: is, .. } if is == what),
            "{refused}"
        );
    }
    for path in ["nothing", "link/x", "docker/Dockerfile/x", ""] {
        let refused = read(path, 100).await.unwrap_err();
        assert!(
            matches!(refused, FileError::NotFound { .. }),
            "{path}: {refused}"
        );
    }
    for path in ["../a", "/etc/passwd"] {
        let refused = read(path, 100).await.unwrap_err();
        assert!(
            matches!(refused, FileError::InvalidPath { .. }),
            "{path}: {refused}"
        );
    }
}

/// No such text gets further than the form of its type: there is no other way to the adapter.
#[tokio::test]
async fn hc_63_hostile_names_start_no_process_and_mean_nothing() {
    let canary = Canary::new();
    let song = canary.song();
    let hostile = [
        format!("; {song}"),
        format!("`{song}`"),
        format!("$({song})"),
        format!("--upload-pack={song}"),
        format!("ext::sh -c {}", song.replace(' ', "% ")),
        format!("main\n{song}"),
        "; rm -rf /".to_owned(),
        "../../etc/passwd".to_owned(),
        "HEAD@{1}".to_owned(),
        "a..b".to_owned(),
        "main\0".to_owned(),
        "-x".to_owned(),
    ];
    for text in &hostile {
        assert!(RefName::parse(text).is_err(), "{text:?}");
        assert!(RepositoryUrl::parse(text).is_err(), "{text:?}");
    }

    // What git would take for a revision and we take for a name is the name of nothing.
    let source = Source::new();
    source.commit("Begin");
    source.commit("Go on");
    let mirrors = Mirrors::of(&source).await;
    let before = fs::read_dir(mirrors.root()).unwrap().count();
    for text in ["@", "HEAD", "main@1", "heads/main", "tags/v1", "refs/heads"] {
        let Ok(name) = RefName::parse(text) else {
            continue;
        };
        let error = mirrors.git.resolve(source.url(), &name).await.unwrap_err();
        assert!(
            matches!(error, ResolveError::Unknown { .. }),
            "{text}: {error}"
        );
    }
    assert_eq!(fs::read_dir(mirrors.root()).unwrap().count(), before);
    canary.assert_silent();
}
