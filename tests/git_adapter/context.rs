//! The build context of real commits, read back from the archive.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use commander::adapters::git::{ContextError, ContextSource, ContextSummary};
use tar::EntryType;

use crate::source::{Canary, Mirrors, Source};

/// What came out of the archive, by path.
type Archive = BTreeMap<String, Item>;

#[derive(Debug, PartialEq)]
struct Item {
    kind: EntryType,
    mode: u32,
    content: Vec<u8>,
    target: Option<String>,
}

impl Item {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.content).unwrap()
    }
}

fn unpacked(bytes: &[u8]) -> Archive {
    let mut archive = tar::Archive::new(bytes);
    let mut items = Archive::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        assert_eq!(header.mtime().unwrap(), 0);
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        // Each directory stands before what is in it.
        if let Some((parent, _)) = path.rsplit_once('/') {
            assert!(items.contains_key(parent), "{path} before its directory");
        }
        let target = entry
            .link_name()
            .unwrap()
            .map(|t| t.to_str().unwrap().to_owned());
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let item = Item {
            kind: header.entry_type(),
            mode: header.mode().unwrap(),
            content,
            target,
        };
        assert!(items.insert(path.clone(), item).is_none(), "{path} twice");
    }
    items
}

fn whole(commit: &str) -> ContextSource {
    ContextSource {
        commit: commit.to_owned(),
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        max_bytes: 10_000_000,
    }
}

async fn context(
    source: &Source,
    wanted: ContextSource,
) -> Result<(ContextSummary, Archive), ContextError> {
    let mirrors = Mirrors::of(source).await;
    let surveyed = mirrors
        .git
        .survey_context(source.url(), wanted.clone())
        .await;
    let written = mirrors.git.context(source.url(), wanted, Vec::new()).await;
    let (summary, bytes) = match (surveyed, written) {
        (Ok(surveyed), Ok((summary, bytes))) => {
            assert_eq!(surveyed, summary);
            (summary, bytes)
        }
        (Err(surveyed), Err(written)) => {
            assert_eq!(surveyed, written);
            return Err(written);
        }
        differing => panic!("{differing:?}"),
    };
    Ok((summary, unpacked(&bytes)))
}

fn names(archive: &Archive) -> Vec<&str> {
    archive.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_context_is_the_commit_and_nothing_else() {
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    source.write_executable("bin/run", "#!/bin/sh\n");
    let long = format!("deep/{}/{}", "d".repeat(120), "f".repeat(120));
    source.write(&long, "long");
    source.write("empty", "");
    let commit = source.commit("Begin");
    // What lies about in the source is no part of the commit.
    source.write("untracked", "x");
    source.write("Dockerfile", "FROM changed\n");

    let (summary, archive) = context(&source, whole(&commit)).await.unwrap();
    let deep = &long[..long.rfind('/').unwrap()];
    assert_eq!(
        names(&archive),
        [
            "Dockerfile",
            "bin",
            "bin/run",
            "deep",
            deep,
            long.as_str(),
            "empty"
        ]
    );
    assert_eq!(archive["Dockerfile"].text(), "FROM scratch\n");
    assert_eq!(archive["Dockerfile"].mode, 0o644);
    assert_eq!(archive["bin/run"].mode, 0o755);
    assert_eq!(
        (archive["bin"].kind, archive["bin"].mode),
        (EntryType::Directory, 0o755)
    );
    assert_eq!(archive[&long].text(), "long");
    assert_eq!(
        summary,
        ContextSummary {
            files: 4,
            bytes: 13 + 10 + 4,
            dockerfile: "Dockerfile".to_owned()
        }
    );
}

#[tokio::test]
async fn the_same_commit_gives_the_same_bytes() {
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    for number in 0..50 {
        source.write(&format!("d{}/f{number}", number % 7), number.to_string());
    }
    let commit = source.commit("Begin");
    let mut written = Vec::new();
    for _ in 0..2 {
        let mirrors = Mirrors::of(&source).await;
        let context = mirrors
            .git
            .context(source.url(), whole(&commit), Vec::new());
        written.push(context.await.unwrap().1);
    }
    assert_eq!(written[0], written[1]);
}

#[tokio::test]
async fn dockerignore_is_honoured_and_the_build_files_always_sent() {
    let source = Source::new();
    source.write(
        ".dockerignore",
        "# all but the sources\n*\n!src\nsrc/**/*.tmp\n",
    );
    for path in [
        "Dockerfile",
        "README.md",
        "src/a.rs",
        "src/x/b.rs",
        "src/x/b.tmp",
        "other/c",
    ] {
        source.write(path, path);
    }
    let commit = source.commit("Begin");
    let (_, archive) = context(&source, whole(&commit)).await.unwrap();
    assert_eq!(
        names(&archive),
        [
            ".dockerignore",
            "Dockerfile",
            "src",
            "src/a.rs",
            "src/x",
            "src/x/b.rs"
        ]
    );

    // Taken in again from deep inside a directory that is left out; a Dockerfile in such a one.
    source.write(".dockerignore", "other\n!**/keep\ndocker\n");
    source.write("other/deep/keep", "1");
    source.write("other/deep/drop", "1");
    source.write("docker/Dockerfile", "FROM scratch\n");
    source.write("docker/notes", "1");
    let commit = source.commit("Go on");
    let mut wanted = whole(&commit);
    wanted.dockerfile = "docker/Dockerfile".to_owned();
    let (summary, archive) = context(&source, wanted).await.unwrap();
    let has = |path: &str| archive.contains_key(path);
    assert!(has("other/deep/keep") && !has("other/deep/drop") && !has("other/c"));
    assert!(has("docker/Dockerfile") && !has("docker/notes"));
    assert_eq!(summary.dockerfile, "docker/Dockerfile");
}

#[tokio::test]
async fn an_ignore_file_of_the_dockerfile_goes_first_and_a_bad_one_is_named() {
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    source.write(".dockerignore", "a\n");
    source.write("Dockerfile.dockerignore", "b\n");
    source.write("a", "1");
    source.write("b", "1");
    let commit = source.commit("Begin");
    let (_, archive) = context(&source, whole(&commit)).await.unwrap();
    assert!(archive.contains_key("a") && !archive.contains_key("b"));

    source.write("Dockerfile.dockerignore", "ok\n[a\n");
    let commit = source.commit("Break it");
    let error = context(&source, whole(&commit)).await.unwrap_err();
    let shown = "line 2 of Dockerfile.dockerignore is not a pattern: \"[a\"";
    assert_eq!(error.to_string(), shown);
}

#[tokio::test]
async fn a_context_can_be_a_directory_with_the_dockerfile_in_or_out_of_it() {
    let source = Source::new();
    source.write("app/Dockerfile", "FROM inside\n");
    source.write("app/src/main.c", "int main;\n");
    source.write("docker/app.Dockerfile", "FROM outside\n");
    source.write("secret", "x");
    let commit = source.commit("Begin");
    let mut wanted = whole(&commit);
    wanted.directory = "app/".to_owned();
    wanted.dockerfile = "app/Dockerfile".to_owned();
    let (summary, archive) = context(&source, wanted.clone()).await.unwrap();
    assert_eq!(names(&archive), ["Dockerfile", "src", "src/main.c"]);
    assert_eq!(summary.dockerfile, "Dockerfile");

    wanted.dockerfile = "docker/app.Dockerfile".to_owned();
    let (summary, archive) = context(&source, wanted.clone()).await.unwrap();
    assert_eq!(archive[&summary.dockerfile].text(), "FROM outside\n");
    // Docker reads this file to know what an instruction may not copy.
    assert!(
        archive[".dockerignore"]
            .text()
            .lines()
            .any(|l| l == summary.dockerfile)
    );
    assert!(!archive.contains_key("secret"));

    wanted.dockerfile = "Dockerfile".to_owned();
    let error = context(&source, wanted.clone()).await.unwrap_err();
    assert!(
        error.to_string().contains("(there is app/Dockerfile)"),
        "{error}"
    );
    wanted.directory = "nowhere".to_owned();
    let error = context(&source, wanted.clone()).await.unwrap_err();
    assert!(matches!(error, ContextError::NoDirectory { .. }), "{error}");
    wanted.directory = "../..".to_owned();
    let error = context(&source, wanted).await.unwrap_err();
    assert!(matches!(error, ContextError::File(_)), "{error}");
}

#[tokio::test]
async fn hc_72_filters_and_attributes_change_nothing_in_a_context() {
    let canary = Canary::new();
    let source = Source::new();
    let attributes =
        "*.txt text eol=crlf ident filter=evil export-ignore working-tree-encoding=UTF-16\n";
    source.write("Dockerfile", "FROM scratch\n");
    source.write("a.txt", "$Id$\nplain\n");
    let blob = source.blob("$Id$\nplain\n");
    source.commit("Begin");
    source.write(".gitattributes", attributes);
    source.git(&["add", ".gitattributes"]);
    source.git(&["commit", "--quiet", "-m", "Attributes"]);
    let commit = source.git(&["rev-parse", "HEAD"]);
    assert_eq!(source.git(&["rev-parse", "HEAD:a.txt"]), blob);

    let mirrors = Mirrors::of(&source).await;
    let config = mirrors.only().join("config");
    let song = canary.song();
    let filter = format!("[filter \"evil\"]\n\tsmudge = {song}\n\tprocess = {song}\n\trequired\n");
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + &filter).unwrap();
    let written = mirrors
        .git
        .context(source.url(), whole(&commit), Vec::new());
    let archive = unpacked(&written.await.unwrap().1);
    assert_eq!(archive["a.txt"].text(), "$Id$\nplain\n");
    canary.assert_silent();
}

#[tokio::test]
async fn hc_72_symlinks_are_never_followed() {
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    source.write("app/file", "1");
    source.link("app/absolute", "/etc/passwd");
    source.link("app/inside", "../Dockerfile");
    source.link("app/out", "../../../../etc/passwd");
    source.link("app/folder", "/etc");
    source.link("app/dotted", "./x/../file");
    let long = "d/".repeat(80) + "file";
    source.link("long", &long);
    let commit = source.commit("Begin");
    let (_, archive) = context(&source, whole(&commit)).await.unwrap();
    for (path, target) in [
        ("app/absolute", "/etc/passwd"),
        ("app/inside", "../Dockerfile"),
        ("app/out", "../../../../etc/passwd"),
        ("app/folder", "/etc"),
        ("app/dotted", "./x/../file"),
        ("long", &long),
    ] {
        let item = &archive[path];
        assert_eq!(
            (item.kind, item.target.as_deref()),
            (EntryType::Symlink, Some(target))
        );
        assert!(item.content.is_empty(), "{path}");
    }

    // A Dockerfile that is a link would be somebody else's file.
    source.write("real", "FROM scratch\n");
    std::fs::remove_file(source.path().join("Dockerfile")).unwrap();
    source.link("Dockerfile", "real");
    let commit = source.commit("Link the Dockerfile");
    let error = context(&source, whole(&commit)).await.unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
}

#[tokio::test]
async fn hc_72_a_name_that_is_both_link_and_directory_is_refused() {
    let source = Source::new();
    let file = source.blob("FROM scratch\n");
    let target = source.blob("/etc");
    let inner = source.raw_tree(&[("100644", "passwd", &file)]);
    for entries in [
        [
            ("120000", "a", target.as_str()),
            ("40000", "a", inner.as_str()),
        ],
        [
            ("100644", "..", file.as_str()),
            ("40000", "b", inner.as_str()),
        ],
        [
            ("40000", ".git", inner.as_str()),
            ("40000", "b", inner.as_str()),
        ],
    ] {
        let mut tree = vec![("100644", "Dockerfile", file.as_str())];
        tree.extend(entries);
        tree.sort_by_key(|(_, name, _)| *name);
        let commit = source.commit_tree(&source.raw_tree(&tree));
        let error = context(&source, whole(&commit)).await.unwrap_err();
        assert!(
            matches!(
                error,
                ContextError::Malformed { .. } | ContextError::Mirror(_)
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn hc_72_submodules_are_refused_by_path() {
    let canary = Canary::new();
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    let url = format!("ext::sh -c touch% {}", canary.path().display());
    source.write(
        ".gitmodules",
        format!("[submodule \"x\"]\npath = libs/x\nurl = {url}\n"),
    );
    let first = source.commit("Begin");
    source.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        "160000",
        &first,
        "libs/x",
    ]);
    source.git(&["commit", "--quiet", "-m", "A submodule"]);
    let commit = source.git(&["rev-parse", "HEAD"]);
    let error = context(&source, whole(&commit)).await.unwrap_err();
    assert!(
        matches!(&error, ContextError::Submodule { path } if path == "libs/x"),
        "{error}"
    );
    canary.assert_silent();
}

#[tokio::test]
async fn lfs_pointers_are_refused_by_path_unless_left_out() {
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
        "a".repeat(64)
    );
    source.write("assets/big.bin", pointer);
    let commit = source.commit("Begin");
    let error = context(&source, whole(&commit)).await.unwrap_err();
    assert!(
        matches!(&error, ContextError::LfsPointer { path } if path == "assets/big.bin"),
        "{error}"
    );
    source.write(".dockerignore", "**/*.bin\n");
    let commit = source.commit("Leave it out");
    assert!(context(&source, whole(&commit)).await.is_ok());
}

#[tokio::test]
async fn size_and_number_are_bounded_before_anything_is_written() {
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    source.write("big", vec![b'x'; 1_000]);
    let commit = source.commit("Begin");
    let mut wanted = whole(&commit);
    wanted.max_bytes = 1_013;
    assert_eq!(
        context(&source, wanted.clone()).await.unwrap().0.bytes,
        1_013
    );
    wanted.max_bytes = 1_012;
    let error = context(&source, wanted).await.unwrap_err();
    assert!(
        matches!(error, ContextError::TooLarge { max: 1_012 }),
        "{error}"
    );

    // Twelve small trees that unfold to a million million directories.
    let dockerfile = source.blob("FROM scratch\n");
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let mut tree = source.raw_tree(&[]);
    for _ in 0..12 {
        tree = source.raw_tree(&names.map(|name| ("40000", name, tree.as_str())));
    }
    let root = [
        ("100644", "Dockerfile", dockerfile.as_str()),
        ("40000", "bomb", tree.as_str()),
    ];
    let commit = source.commit_tree(&source.raw_tree(&root));
    let error = context(&source, whole(&commit)).await.unwrap_err();
    assert!(
        matches!(error, ContextError::TooManyEntries { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_writer_that_fails_ends_the_context() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let source = Source::new();
    source.write("Dockerfile", "FROM scratch\n");
    let commit = source.commit("Begin");
    let mirrors = Mirrors::of(&source).await;
    let outcome = mirrors
        .git
        .context(source.url(), whole(&commit), Full)
        .await;
    let Err(error) = outcome else {
        panic!("it was written nowhere")
    };
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
