//! The folder of procedures on disk.
//!
//! Regular files that end in `.md` or `.pdf` are read, in real folders below it too; hidden ones are not. A
//! symbolic link counts only where it ends inside the folder (as in a mounted ConfigMap). Whatever
//! looks like a procedure and cannot be one is a mistake with a sentence, never left out in
//! silence: a set with a mistake is refused as a whole, and a re-reading keeps the set before it.

mod pdf;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::sop::statement::Definition;
use crate::domain::sop::{MAX_FILE_BYTES, Mistake, Procedures, Sop};
use crate::domain::text::{is_printable, printable};

/// More files are no procedures that anybody keeps in order.
const MAX_FILES: usize = 500;
/// Deeper folders are another tree, mounted by mistake.
const MAX_DEPTH: usize = 8;

/// Why there are no procedures to use.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the folder of procedures {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("the procedures cannot be used until this is repaired:\n{}", lines(.0))]
    Mistakes(Vec<Mistake>),
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes
        .iter()
        .map(|mistake| format!("  {mistake}"))
        .collect();
    lines.join("\n")
}

/// What is in a folder: procedures that can be read, and what is wrong with the others.
#[derive(Debug)]
pub struct FolderContent {
    pub sops: Vec<Sop>,
    pub mistakes: Vec<Mistake>,
}

/// Reads a folder, good files and bad.
///
/// # Errors
///
/// When the folder itself cannot be read.
pub fn read(folder: &Path) -> Result<FolderContent, LoadError> {
    let failed = |source| LoadError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let root = fs::canonicalize(folder).map_err(failed)?;
    let mut reading = Reading {
        root: &root,
        files: 0,
        content: FolderContent {
            sops: Vec::new(),
            mistakes: Vec::new(),
        },
    };
    reading.folder(&root, "", 0).map_err(failed)?;
    reading.content.mistakes.sort();
    Ok(reading.content)
}

/// Reads a folder of which every file must be good.
///
/// # Errors
///
/// When the folder cannot be read, or any file in it has a mistake; then with all mistakes.
pub fn load(folder: &Path) -> Result<Procedures, LoadError> {
    let content = read(folder)?;
    if content.mistakes.is_empty() {
        Ok(Procedures::new(content.sops))
    } else {
        Err(LoadError::Mistakes(content.mistakes))
    }
}

/// The same, looked through for what their text demands.
///
/// # Errors
///
/// As [`load`].
pub fn load_recognising(
    folder: &Path,
    definition: &Arc<Definition>,
) -> Result<Procedures, LoadError> {
    let content = read(folder)?;
    if content.mistakes.is_empty() {
        Ok(Procedures::recognising(content.sops, definition))
    } else {
        Err(LoadError::Mistakes(content.mistakes))
    }
}

/// The procedures in use, and the folder that they come from.
#[derive(Debug)]
pub struct ProcedureFolder {
    folder: PathBuf,
    definition: Arc<Definition>,
    current: RwLock<Arc<Procedures>>,
}

impl ProcedureFolder {
    /// # Errors
    ///
    /// As [`load`]: Commander does not start with procedures that it cannot read.
    pub fn open(folder: &Path, definition: Arc<Definition>) -> Result<Self, LoadError> {
        let procedures = load_recognising(folder, &definition)?;
        Ok(Self {
            folder: folder.to_owned(),
            definition,
            current: RwLock::new(Arc::new(procedures)),
        })
    }

    pub fn current(&self) -> Arc<Procedures> {
        // The lock is held only to copy or replace the handle, which cannot leave it half done.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the folder again and uses what is there now.
    ///
    /// # Errors
    ///
    /// As [`load`]; the procedures before it stay in use.
    pub fn reindex(&self) -> Result<Arc<Procedures>, LoadError> {
        let fresh = Arc::new(load_recognising(&self.folder, &self.definition)?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::clone(&fresh);
        Ok(fresh)
    }
}

struct Reading<'a> {
    root: &'a Path,
    files: usize,
    content: FolderContent,
}

impl Reading<'_> {
    /// `place` is the folder's path below the root, with a `/` at its end, or empty.
    fn folder(&mut self, folder: &Path, place: &str, depth: usize) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.chars().all(is_printable)) else {
                let shown = printable(&name.to_string_lossy(), 120);
                let message = "its name is not UTF-8 or has hidden characters: rename it";
                self.mistake(&format!("{place}{shown}"), message);
                continue;
            };
            if !name.starts_with('.') {
                self.entry(&entry, &format!("{place}{name}"), depth);
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &fs::DirEntry, place: &str, depth: usize) {
        let path = entry.path();
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.mistake(place, &format!("cannot be looked at: {error}")),
        };
        let is_procedure = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("md") || is_pdf(&path));
        if kind.is_dir() && depth >= MAX_DEPTH {
            self.mistake(place, &format!("lies more than {MAX_DEPTH} folders deep"));
        } else if kind.is_dir() {
            if let Err(error) = self.folder(&path, &format!("{place}/"), depth + 1) {
                self.mistake(place, &format!("the folder cannot be read: {error}"));
            }
        } else if kind.is_symlink() && path.is_dir() {
            self.mistake(
                place,
                "is a symbolic link to a folder: put the folder itself here",
            );
        } else if is_procedure && self.files == MAX_FILES {
            self.files += 1;
            self.mistake(place, &format!("is one of more than {MAX_FILES} files"));
        } else if is_procedure && self.files < MAX_FILES {
            self.files += 1;
            self.file(&path, kind.is_symlink(), place);
        }
    }

    fn file(&mut self, path: &Path, is_link: bool, place: &str) {
        if is_link && !fs::canonicalize(path).is_ok_and(|end| end.starts_with(self.root)) {
            return self.mistake(
                place,
                "is a symbolic link that does not end inside the folder: put the file itself here",
            );
        }
        if is_pdf(path) {
            let lines = read_bytes(path, pdf::MAX_PDF_BYTES)
                .map_err(|error| format!("cannot be read: {error}"))
                .and_then(pdf::lines);
            return match lines {
                Ok(lines) => self.content.sops.push(Sop::of_pages(place, &lines)),
                Err(refusal) => self.mistake(place, &refusal),
            };
        }
        match read_text(path) {
            Err(error) => self.mistake(place, &format!("cannot be read: {error}")),
            Ok(text) => match Sop::parse(place, &text) {
                Ok(sop) => self.content.sops.push(sop),
                Err(mistakes) => self.content.mistakes.extend(mistakes),
            },
        }
    }

    fn mistake(&mut self, place: &str, message: &str) {
        self.content.mistakes.push(Mistake {
            file: printable(place, 200),
            line: None,
            key: String::new(),
            message: message.to_owned(),
        });
    }
}

fn is_pdf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("pdf"))
}

fn read_text(path: &Path) -> io::Result<String> {
    let bytes = read_bytes(path, MAX_FILE_BYTES)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// The whole file, if it is no longer than `most` bytes.
fn read_bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        let message = format!("it is longer than {} KiB: split it", most / 1024);
        return Err(io::Error::other(message));
    }
    Ok(bytes)
}
