//! The build context of a commit, written as a tar stream from its tree objects.
//!
//! Nothing is checked out: no hook, filter or attribute of the repository has any say, and the same
//! commit gives the same bytes for ever (owner, group and time are zero, so Docker's layer cache
//! hits). First the tree is surveyed, so that everything that is refused is refused before a byte
//! is written; then it is written.
//!
//! A symbolic link goes in as a link, wherever it points, and is never followed: not here, and not by
//! Docker, which resolves links within the context only (tried: a `COPY` of one that points out of
//! it fails as "file not found"). To refuse it instead would stop builds that work by hand: a link
//! out of the context is common, and mostly means something inside the container
//! (`/usr/bin/python3`) or nothing to this image (`../.editorconfig`).

mod build_files;
mod ignore;
mod survey;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::Oid;
use tar::{EntryType, Header};

use super::file::FileError;
use super::mirror::{Mirror, MirrorError};

pub use ignore::InvalidPattern;
pub use survey::survey;

/// What to build from: both paths are written from the repository's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextSource {
    /// The commit, all forty digits.
    pub commit: String,
    /// The directory that is sent; `.` for all of it.
    pub directory: String,
    /// It may lie outside of the directory: then it is sent under another name.
    pub dockerfile: String,
    /// How many bytes all files together may have.
    pub max_bytes: u64,
}

/// What a context holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextSummary {
    /// Files and links, not directories.
    pub files: u32,
    /// Of all files, without the frame of the archive.
    pub bytes: u64,
    /// The name of the Dockerfile inside the archive.
    pub dockerfile: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    #[error("there is no directory {directory} in commit {commit}: correct the service's context")]
    NoDirectory { directory: String, commit: String },
    #[error(
        "there is no {dockerfile} in commit {commit}{}: correct the service's dockerfile, written from the repository's root",
        also(found)
    )]
    NoDockerfile {
        dockerfile: String,
        commit: String,
        /// Where there is one of that name.
        found: Option<String>,
    },
    #[error(
        "{path} is a submodule, whose files are not in this repository: leave it out in .dockerignore, or put its files here"
    )]
    Submodule { path: String },
    #[error(
        "{path} is a Git LFS pointer, and its content is not in the repository: leave it out in .dockerignore, or commit the file itself"
    )]
    LfsPointer { path: String },
    #[error("{path} cannot be in a build context: the tree object that names it is malformed")]
    Malformed { path: String },
    #[error(
        "the build context has more than {max} bytes: leave files out in .dockerignore, or allow more"
    )]
    TooLarge { max: u64 },
    #[error("the commit's tree has more than {max} entries: choose a smaller context directory")]
    TooManyEntries { max: usize },
    #[error(transparent)]
    Ignore(#[from] InvalidPattern),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    #[error("the build context could not be handed on: {reason}")]
    Write { reason: String },
}

fn also(found: &Option<String>) -> String {
    match found {
        Some(path) => format!(" (there is {path})"),
        None => String::new(),
    }
}

/// One entry of the archive, its path relative to the context.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    path: Vec<u8>,
    content: Content,
}

#[derive(Debug, PartialEq, Eq)]
enum Content {
    Directory,
    Blob {
        oid: Oid,
        size: u64,
        executable: bool,
    },
    /// A file that is not in the commit as it stands.
    Made(Vec<u8>),
    Link {
        target: Vec<u8>,
    },
}

/// What a survey found: all that the archive will have, and nothing refused in it.
pub struct Survey {
    entries: Vec<Entry>,
    pub summary: ContextSummary,
}

/// Writes a surveyed context. Gives the writer back, with everything written to it.
pub fn write<W: Write>(mirror: &Mirror, survey: &Survey, writer: W) -> Result<W, ContextError> {
    let mut archive = tar::Builder::new(writer);
    for entry in &survey.entries {
        append(mirror, &mut archive, entry)?;
    }
    let mut writer = archive.into_inner().map_err(unwritten)?;
    writer.flush().map_err(unwritten)?;
    Ok(writer)
}

fn unwritten(error: io::Error) -> ContextError {
    ContextError::Write {
        reason: error.to_string(),
    }
}

fn append(
    mirror: &Mirror,
    archive: &mut tar::Builder<impl Write>,
    entry: &Entry,
) -> Result<(), ContextError> {
    let path = Path::new(OsStr::from_bytes(&entry.path));
    match &entry.content {
        Content::Directory => archive
            .append_data(
                &mut header(EntryType::Directory, 0o755, 0),
                path,
                io::empty(),
            )
            .map_err(unwritten),
        Content::Blob {
            oid, executable, ..
        } => {
            let blob = mirror
                .git
                .find_blob(*oid)
                .map_err(|e| mirror.unreadable(&e))?;
            let mode = if *executable { 0o755 } else { 0o644 };
            append_file(archive, path, mode, blob.content())
        }
        Content::Made(bytes) => append_file(archive, path, 0o644, bytes),
        Content::Link { target } => append_link(archive, path, target).map_err(unwritten),
    }
}

fn append_file(
    archive: &mut tar::Builder<impl Write>,
    path: &Path,
    mode: u32,
    bytes: &[u8],
) -> Result<(), ContextError> {
    let mut header = header(EntryType::Regular, mode, bytes.len() as u64);
    archive
        .append_data(&mut header, path, bytes)
        .map_err(unwritten)
}

fn append_link(
    archive: &mut tar::Builder<impl Write>,
    path: &Path,
    target: &[u8],
) -> io::Result<()> {
    let mut header = header(EntryType::Symlink, 0o777, 0);
    if header.set_link_name_literal(target).is_ok() {
        archive.append_data(&mut header, path, io::empty())
    } else {
        // Too long for the header: it goes into an entry of its own.
        archive.append_link(&mut header, path, OsStr::from_bytes(target))
    }
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
