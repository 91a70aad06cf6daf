//! The bare mirror of one repository: where it lies, how it is begun, how it is opened for reading.
//!
//! ```text
//! <root>/<hash of the address>.git/                  branches, tags and objects
//! <root>/<hash of the address>.git/commander-synced  when the last fetch began that succeeded
//! <root>/<hash of the address>.lock                  locked by whoever changes the mirror
//! ```
//!
//! Its HEAD means nothing and is never read: names are looked up in full, commits by their digits.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository, RepositoryInitOptions};
use jiff::Timestamp;

use crate::domain::digest::Digest;
use crate::domain::repository::RepositoryUrl;
use crate::domain::text::printable;

/// Written after each good fetch; without it nothing in the mirror is believed.
const SYNCED: &str = "commander-synced";

/// Why a mirror cannot be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    #[error("{repository} has not been fetched yet")]
    NotSynced { repository: RepositoryUrl },
    #[error(
        "the mirror of {repository} in {} cannot be read: {reason}. If that stays so, remove the directory: it will be fetched anew",
        path.display()
    )]
    Unreadable {
        repository: RepositoryUrl,
        path: PathBuf,
        reason: String,
    },
    #[error("the mirror of {repository} in {} cannot be written: {reason}", path.display())]
    Unwritable {
        repository: RepositoryUrl,
        path: PathBuf,
        reason: String,
    },
    #[error("there is no commit {commit} in {repository}: fetch it again, or name another commit")]
    NoSuchCommit {
        repository: RepositoryUrl,
        commit: String,
    },
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// Where the mirror of a repository lies, whether or not it is there.
#[derive(Debug, Clone)]
pub struct Place {
    repository: RepositoryUrl,
    root: PathBuf,
    name: String,
}

impl Place {
    pub fn of(root: &Path, repository: &RepositoryUrl) -> Self {
        let digest = Digest::of_bytes(repository.as_str().as_bytes());
        let digits = digest.as_str().trim_start_matches("sha256:");
        Self {
            repository: repository.clone(),
            root: root.to_owned(),
            // 128 bits: no two addresses meet by chance.
            name: digits[..32].to_owned(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.root.join(format!("{}.git", self.name))
    }

    /// Opens the file that is locked while the mirror is changed, and makes the directory for it.
    pub fn lock_file(&self) -> Result<File, MirrorError> {
        let open = || {
            fs::create_dir_all(&self.root)?;
            let path = self.root.join(format!("{}.lock", self.name));
            // Readable and never written: a child gets it as its empty stdin.
            File::options()
                .create(true)
                .append(true)
                .read(true)
                .open(path)
        };
        open().map_err(|error| self.unwritable(&error))
    }

    /// Makes the mirror fit to be fetched into: begun if it is not there, and without what a git
    /// that was killed left lying. Only for whoever holds the lock.
    pub fn prepare(&self) -> Result<(), MirrorError> {
        let path = self.path();
        if path.exists() {
            remove_leftovers(&path).map_err(|error| self.unwritable(&error))
        } else {
            self.begin(&path)
        }
    }

    /// An empty repository appears under its name whole or not at all.
    fn begin(&self, path: &Path) -> Result<(), MirrorError> {
        let unfinished = self.root.join(format!("{}.new", self.name));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(|error| self.unwritable(&error))?;
        }
        let mut options = RepositoryInitOptions::new();
        options
            .bare(true)
            .no_reinit(true)
            // Templates of the machine may bring hooks.
            .external_template(false)
            .description(self.repository.as_str());
        Repository::init_opts(&unfinished, &options)
            .map_err(|error| self.unwritable(&io::Error::other(error.message().to_owned())))?;
        fs::rename(&unfinished, path).map_err(|error| self.unwritable(&error))
    }

    /// When the last fetch began that succeeded.
    pub fn synced_at(&self) -> Option<Timestamp> {
        let text = fs::read_to_string(self.path().join(SYNCED)).ok()?;
        text.trim().parse().ok()
    }

    pub fn note_synced(&self, at: Timestamp) -> Result<(), MirrorError> {
        let path = self.path();
        let draft = path.join(format!("{SYNCED}.new"));
        fs::write(&draft, at.to_string())
            .and_then(|()| fs::rename(&draft, path.join(SYNCED)))
            .map_err(|error| self.unwritable(&error))
    }

    /// Opens the mirror for reading.
    pub fn open(&self) -> Result<Mirror, MirrorError> {
        if self.synced_at().is_none() {
            return Err(MirrorError::NotSynced {
                repository: self.repository.clone(),
            });
        }
        match Repository::open_bare(self.path()) {
            Ok(git) => Ok(Mirror {
                place: self.clone(),
                git,
            }),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn unreadable(&self, error: &git2::Error) -> MirrorError {
        MirrorError::Unreadable {
            repository: self.repository.clone(),
            path: self.path(),
            reason: printable(error.message(), 200),
        }
    }

    pub fn unwritable(&self, error: &io::Error) -> MirrorError {
        MirrorError::Unwritable {
            repository: self.repository.clone(),
            path: self.path(),
            reason: error.to_string(),
        }
    }
}

/// A mirror open for reading. It blocks: use it where blocking is allowed.
pub struct Mirror {
    place: Place,
    pub git: Repository,
}

impl Mirror {
    pub fn repository(&self) -> RepositoryUrl {
        self.place.repository.clone()
    }

    /// A commit by all of its digits.
    pub fn commit(&self, digits: &str) -> Result<git2::Commit<'_>, MirrorError> {
        let no_such_commit = || MirrorError::NoSuchCommit {
            repository: self.repository(),
            commit: printable(digits, 64),
        };
        if digits.len() != 40 {
            return Err(no_such_commit());
        }
        let oid = Oid::from_str(digits).map_err(|_| no_such_commit())?;
        self.git
            .find_commit(oid)
            .map_err(|error| match error.code() {
                ErrorCode::NotFound => no_such_commit(),
                _ => self.unreadable(&error),
            })
    }

    pub fn unreadable(&self, error: &git2::Error) -> MirrorError {
        self.place.unreadable(error)
    }
}

/// Removes lock files and half-written packs. Whoever holds the mirror's lock knows that no git
/// works in it, not even an orphan of a Commander that was killed: so whatever they are, they are
/// nobody's. (No branch can be named like a lock file: git refuses names that end in `.lock`.)
fn remove_leftovers(mirror: &Path) -> io::Result<()> {
    remove_files(mirror, |name| name.ends_with(".lock") || name == "gc.pid")?;
    remove_files(&mirror.join("objects/pack"), |name| {
        name.starts_with("tmp_")
    })?;
    remove_files(&mirror.join("objects/info"), |name| name.ends_with(".lock"))?;
    let mut directories = vec![mirror.join("refs")];
    while let Some(directory) = directories.pop() {
        remove_files(&directory, |name| name.ends_with(".lock"))?;
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                directories.push(entry.path());
            }
        }
    }
    Ok(())
}

fn remove_files(directory: &Path, is_leftover: impl Fn(&str) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name().to_str().is_some_and(&is_leftover) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
