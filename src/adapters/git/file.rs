//! One file of a commit, read from its blob as it was committed: no filter, no symlink followed.

use git2::{ErrorCode, ObjectType, Tree};

use crate::domain::text::printable;

use super::mirror::{Mirror, MirrorError};

/// The modes that a tree entry can have, as git stores them.
pub const EXECUTABLE: i32 = 0o100_755;
pub const SYMLINK: i32 = 0o120_000;
pub const SUBMODULE: i32 = 0o160_000;

/// A file as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedFile {
    /// The digits of its blob: they change if and only if the content does.
    pub blob: String,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error(
        "\"{path}\" is not a path inside a repository: write it from the root, like docker/Dockerfile"
    )]
    InvalidPath { path: String },
    #[error("there is no {path} in commit {commit}")]
    NotFound { path: String, commit: String },
    #[error("{path} is a {what} in commit {commit}, and a plain file is needed")]
    NotAFile {
        path: String,
        commit: String,
        what: &'static str,
    },
    #[error("{path} has {size} bytes, and at most {max} are read")]
    TooLarge { path: String, size: u64, max: u64 },
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

pub fn read(
    mirror: &Mirror,
    commit: &str,
    path: &str,
    max: u64,
) -> Result<CommittedFile, FileError> {
    let unreadable = |error: git2::Error| FileError::from(mirror.unreadable(&error));
    let path = RepoPath::parse(path)?;
    let commit = mirror.commit(commit)?;
    let not_found = || FileError::NotFound {
        path: path.shown(),
        commit: commit.id().to_string(),
    };
    let root = commit.tree().map_err(unreadable)?;
    let (name, directories) = path.parts.split_last().ok_or_else(not_found)?;
    let directory = path_to(mirror, root, directories)?.ok_or_else(not_found)?;
    let entry = directory.get_name(name).ok_or_else(not_found)?;
    let what = match (entry.filemode_raw(), entry.kind()) {
        (SYMLINK, _) => Some("symbolic link"),
        (SUBMODULE, _) => Some("submodule"),
        (_, Some(ObjectType::Tree)) => Some("directory"),
        _ => None,
    };
    if let Some(what) = what {
        return Err(FileError::NotAFile {
            path: path.shown(),
            commit: commit.id().to_string(),
            what,
        });
    }
    let odb = mirror.git.odb().map_err(unreadable)?;
    let (size, _) = odb.read_header(entry.id()).map_err(unreadable)?;
    if size as u64 > max {
        return Err(FileError::TooLarge {
            path: path.shown(),
            size: size as u64,
            max,
        });
    }
    let blob = mirror.git.find_blob(entry.id()).map_err(unreadable)?;
    Ok(CommittedFile {
        blob: blob.id().to_string(),
        bytes: blob.content().to_owned(),
    })
}

/// Walks down from a tree through real directories; none if one of them is not there.
pub fn path_to<'m>(
    mirror: &'m Mirror,
    root: Tree<'m>,
    directories: &[&str],
) -> Result<Option<Tree<'m>>, MirrorError> {
    let mut tree = root;
    for name in directories {
        let Some(id) = tree.get_name(name).map(|entry| entry.id()) else {
            return Ok(None);
        };
        tree = match mirror.git.find_tree(id) {
            Ok(tree) => tree,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(mirror.unreadable(&error)),
        };
    }
    Ok(Some(tree))
}

/// A path from a repository's root, cut into its parts. `.` and the empty path are the root itself.
pub struct RepoPath<'a> {
    pub parts: Vec<&'a str>,
}

impl<'a> RepoPath<'a> {
    pub fn parse(path: &'a str) -> Result<Self, FileError> {
        let parts: Vec<&str> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        if path.starts_with('/')
            || path.len() > 1_000
            || path.contains('\0')
            || parts.contains(&"..")
        {
            return Err(FileError::InvalidPath {
                path: printable(path, 120),
            });
        }
        Ok(Self { parts })
    }

    pub fn joined(&self) -> String {
        self.parts.join("/")
    }

    pub fn shown(&self) -> String {
        printable(&self.joined(), 300)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside_its_repository() {
        assert_eq!(RepoPath::parse("./a//b/").unwrap().joined(), "a/b");
        assert!(RepoPath::parse(".").unwrap().parts.is_empty());
        for bad in ["/etc/passwd", "../x", "a/../../x", "a/..", "a\0b"] {
            assert!(RepoPath::parse(bad).is_err(), "{bad:?}");
        }
    }
}
