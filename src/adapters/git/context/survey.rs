//! What a build context will have, decided from tree objects before anything is written.

use std::collections::{BTreeSet, HashSet};

use git2::{ObjectType, Odb, Oid, Tree, TreeEntry};

use crate::domain::text::printable;

use super::build_files::BuildFiles;
use super::ignore::{Fitted, Ignore};
use super::{Content, ContextError, ContextSource, ContextSummary, Entry, Survey};
use crate::adapters::git::file::{self, EXECUTABLE, RepoPath, SUBMODULE, SYMLINK};
use crate::adapters::git::mirror::Mirror;

/// How many tree entries are looked at: a tree that names the same subtree again and again can be
/// tiny in the repository and have billions.
const ENTRIES: usize = 200_000;

/// Pointers are "less than 1024 bytes in size" (the Git LFS specification).
const LFS_POINTER: u64 = 1024;

/// How every pointer begins, of this version and of the one before it.
const LFS_HEADS: [&[u8]; 2] = [
    b"version https://git-lfs.github.com/spec/",
    b"version https://hawser.github.com/spec/",
];

/// Surveys a build context: everything that is to be refused is refused here.
pub fn survey(mirror: &Mirror, source: &ContextSource) -> Result<Survey, ContextError> {
    let unreadable = |error: git2::Error| ContextError::from(mirror.unreadable(&error));
    let commit = mirror.commit(&source.commit)?;
    let directory = RepoPath::parse(&source.directory)?;
    let root = commit.tree().map_err(unreadable)?;
    let root = file::path_to(mirror, root, &directory.parts)?.ok_or_else(|| {
        ContextError::NoDirectory {
            directory: directory.shown(),
            commit: source.commit.clone(),
        }
    })?;
    let build_files = BuildFiles::read(mirror, source, &directory)?;
    let made = build_files.made();
    let mut walk = Walk {
        mirror,
        odb: mirror.git.odb().map_err(unreadable)?,
        ignore: build_files.ignore()?,
        always_sent: build_files.always_sent(),
        made: made.iter().map(|entry| entry.path.clone()).collect(),
        max_bytes: source.max_bytes,
        seen: 0,
        bytes: 0,
        sent_directories: HashSet::new(),
        entries: Vec::new(),
    };
    walk.tree(root)?;
    for entry in made {
        walk.send(entry)?;
    }
    let is_file = |entry: &&Entry| entry.content != Content::Directory;
    let files = walk.entries.iter().filter(is_file).count();
    Ok(Survey {
        summary: ContextSummary {
            // At most `ENTRIES` and two.
            files: u32::try_from(files).unwrap_or(u32::MAX),
            bytes: walk.bytes,
            dockerfile: build_files.dockerfile_name(),
        },
        entries: walk.entries,
    })
}

struct Walk<'m> {
    mirror: &'m Mirror,
    odb: Odb<'m>,
    ignore: Ignore,
    always_sent: BTreeSet<String>,
    /// Paths at which something else goes in than what the commit has there.
    made: HashSet<Vec<u8>>,
    max_bytes: u64,
    seen: usize,
    bytes: u64,
    sent_directories: HashSet<Vec<u8>>,
    entries: Vec<Entry>,
}

/// A directory that is still to be looked into.
struct Pending {
    tree: Oid,
    path: Vec<u8>,
    fitted: Fitted,
}

impl Walk<'_> {
    /// With a list instead of recursion, because a repository may nest as deep as it likes.
    fn tree(&mut self, root: Tree<'_>) -> Result<(), ContextError> {
        let mut pending = vec![Pending {
            tree: root.id(),
            path: Vec::new(),
            fitted: Fitted::default(),
        }];
        while let Some(directory) = pending.pop() {
            let mirror = self.mirror;
            let tree = mirror
                .git
                .find_tree(directory.tree)
                .map_err(|error| mirror.unreadable(&error))?;
            let mut names = HashSet::new();
            for entry in &tree {
                let name = entry.name_bytes();
                let path = join_bytes(&directory.path, name);
                // A name twice, once as a link and once as a directory, would lead what is written
                // into the directory to wherever the link points.
                if !names.insert(name.to_owned()) || !is_name(name) {
                    return Err(ContextError::Malformed { path: shown(&path) });
                }
                pending.extend(self.entry(&entry, path, &directory.fitted)?);
            }
        }
        Ok(())
    }

    /// Decides about one entry; gives it back when it is a directory to look into.
    fn entry(
        &mut self,
        entry: &TreeEntry<'_>,
        path: Vec<u8>,
        parent: &Fitted,
    ) -> Result<Option<Pending>, ContextError> {
        self.seen += 1;
        if self.seen > ENTRIES {
            return Err(ContextError::TooManyEntries { max: ENTRIES });
        }
        if self.made.contains(&path) {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&path).into_owned();
        let (left_out, fitted) = self.ignore.leaves_out(&text, parent);
        let left_out = left_out && !self.always_sent.contains(&text);
        if entry.kind() == Some(ObjectType::Tree) {
            let within = format!("{text}/");
            let needed = self
                .always_sent
                .iter()
                .any(|sent| sent.starts_with(&within));
            let look_inside = !left_out || needed || self.ignore.takes_in_again();
            if !left_out {
                self.send_directories(&join_bytes(&path, b""));
            }
            return Ok(look_inside.then(|| Pending {
                tree: entry.id(),
                path,
                fitted,
            }));
        }
        if !left_out {
            let content = self.content(entry, &path)?;
            self.send(Entry { path, content })?;
        }
        Ok(None)
    }

    fn content(&self, entry: &TreeEntry<'_>, path: &[u8]) -> Result<Content, ContextError> {
        let oid = entry.id();
        match entry.filemode_raw() {
            SUBMODULE => Err(ContextError::Submodule { path: shown(path) }),
            SYMLINK => Ok(Content::Link {
                target: self.blob(oid)?,
            }),
            mode => {
                let size = self.size(oid)?;
                if size < LFS_POINTER && self.is_lfs_pointer(oid)? {
                    return Err(ContextError::LfsPointer { path: shown(path) });
                }
                Ok(Content::Blob {
                    oid,
                    size,
                    executable: mode == EXECUTABLE,
                })
            }
        }
    }

    fn is_lfs_pointer(&self, oid: Oid) -> Result<bool, ContextError> {
        let blob = self.blob(oid)?;
        Ok(LFS_HEADS.iter().any(|head| blob.starts_with(head)))
    }

    /// Counts an entry in, with the directories above it that were left out themselves.
    fn send(&mut self, entry: Entry) -> Result<(), ContextError> {
        self.bytes += match &entry.content {
            Content::Blob { size, .. } => *size,
            Content::Made(bytes) => bytes.len() as u64,
            Content::Directory | Content::Link { .. } => 0,
        };
        if self.bytes > self.max_bytes {
            return Err(ContextError::TooLarge {
                max: self.max_bytes,
            });
        }
        self.send_directories(&entry.path);
        self.entries.push(entry);
        Ok(())
    }

    /// Sends each directory that a path leads through, once, the outermost first. They have entries
    /// of their own, so that their modes are ours and not some default of Docker's.
    fn send_directories(&mut self, path: &[u8]) {
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for (end, _) in slashes {
            if self.sent_directories.insert(path[..end].to_owned()) {
                self.entries.push(Entry {
                    path: path[..end].to_owned(),
                    content: Content::Directory,
                });
            }
        }
    }

    fn size(&self, oid: Oid) -> Result<u64, ContextError> {
        let header = self.odb.read_header(oid);
        let (size, _) = header.map_err(|error| self.mirror.unreadable(&error))?;
        Ok(size as u64)
    }

    fn blob(&self, oid: Oid) -> Result<Vec<u8>, ContextError> {
        let blob = self.mirror.git.find_blob(oid);
        let blob = blob.map_err(|error| self.mirror.unreadable(&error))?;
        Ok(blob.content().to_owned())
    }
}

/// Whether a tree entry is named as a file can be. Git refuses other names when it makes a tree,
/// but a tree can be made without git.
fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b".." | b".git") && !name.contains(&b'/')
}

fn join_bytes(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        name.to_owned()
    } else {
        [directory, b"/", name].concat()
    }
}

fn shown(path: &[u8]) -> String {
    printable(&String::from_utf8_lossy(path), 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_their_directory_are_none() {
        for bad in ["", ".", "..", ".git", "a/b"] {
            assert!(!is_name(bad.as_bytes()), "{bad:?}");
        }
        assert!(is_name(b"..."));
    }
}
