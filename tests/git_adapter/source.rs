//! Real repositories for the tests, made with the system's git, and the mirrors of them.

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use commander::adapters::git::{Git, ResolveError};
use commander::domain::repository::RepositoryUrl;
use commander::domain::revision::{RefName, Resolved};
use tempfile::TempDir;

pub const LIMIT: Duration = Duration::from_secs(30);

/// A repository somewhere else, that the tests fetch from.
pub struct Source {
    dir: TempDir,
    url: RepositoryUrl,
    clock: Cell<u64>,
}

impl Source {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let source = Self {
            url: RepositoryUrl::parse(dir.path().to_str().unwrap()).unwrap(),
            dir,
            clock: Cell::new(1_700_000_000),
        };
        source.git(&["init", "--quiet", "--template=", "--initial-branch=main"]);
        source
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn url(&self) -> &RepositoryUrl {
        &self.url
    }

    /// Runs git in it and gives what it printed, trimmed.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_with(args, b"")
    }

    pub fn git_with(&self, args: &[&str], stdin: &[u8]) -> String {
        let date = format!("{} +0000", self.clock.get());
        let mut git = Command::new("git")
            .current_dir(self.path())
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        git.stdin.take().unwrap().write_all(stdin).unwrap();
        let output = git.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn write_executable(&self, path: &str, content: &str) {
        self.write(path, content);
        let path = self.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn link(&self, path: &str, target: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// Commits all there is, a second after the commit before; gives its digits.
    pub fn commit(&self, message: &str) -> String {
        self.clock.set(self.clock.get() + 1);
        self.git(&["add", "--all", "."]);
        let args = [
            "commit",
            "--quiet",
            "--no-verify",
            "--allow-empty",
            "-m",
            message,
        ];
        self.git(&args);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Makes a commit of a tree that git itself would not have written, on `main`.
    pub fn commit_tree(&self, tree: &str) -> String {
        let commit = self.git(&["commit-tree", "-m", "Made by hand", tree]);
        self.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    }

    /// Writes a tree object from its raw bytes: (mode, name, digits) each.
    pub fn raw_tree(&self, entries: &[(&str, &str, &str)]) -> String {
        let mut bytes = Vec::new();
        for (mode, name, digits) in entries {
            bytes.extend(format!("{mode} {name}\0").as_bytes());
            bytes.extend(hex::decode(digits).unwrap());
        }
        let args = ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"];
        self.git_with(&args, &bytes)
    }

    pub fn blob(&self, content: &str) -> String {
        self.git_with(&["hash-object", "-w", "--stdin"], content.as_bytes())
    }
}

/// Mirrors in a directory of their own.
pub struct Mirrors {
    dir: TempDir,
    pub git: Git,
}

impl Mirrors {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path().join("mirrors"));
        Self { dir, git }
    }

    pub async fn of(source: &Source) -> Self {
        let mirrors = Self::new();
        mirrors.git.sync(source.url(), LIMIT).await.unwrap();
        mirrors
    }

    pub async fn resolve(&self, source: &Source, name: &str) -> Result<Resolved, ResolveError> {
        let name = RefName::parse(name).unwrap();
        self.git.resolve(source.url(), &name).await
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("mirrors")
    }

    /// The only mirror there is.
    pub fn only(&self) -> PathBuf {
        self.ending_with(".git")
    }

    pub fn ending_with(&self, end: &str) -> PathBuf {
        let entries = fs::read_dir(self.root()).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths
            .find(|path| path.to_str().unwrap().ends_with(end))
            .unwrap_or_else(|| panic!("nothing ends with {end}"))
    }
}

/// A file that something hostile would make if it ever ran.
pub struct Canary {
    dir: TempDir,
}

impl Canary {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("sang")
    }

    /// A command line that makes it.
    pub fn song(&self) -> String {
        format!("touch {}", self.path().display())
    }

    pub fn assert_silent(&self) {
        assert!(!self.path().exists(), "something of a repository was run");
    }
}
