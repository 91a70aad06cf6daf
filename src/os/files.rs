//! Files that only their owner may read, and what a disk holds.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes a file that only its owner can read, or replaces its content.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// Gives a finished file its name in one moment, durably. A file that has the name already is
/// replaced only where that is wanted.
///
/// # Errors
///
/// `AlreadyExists` where the name is taken and stays so.
pub fn publish(finished: &Path, name: &Path, replace: bool) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    std::fs::File::open(finished)?.sync_all()?;
    let flags = match replace {
        true => RenameFlags::empty(),
        false => RenameFlags::NOREPLACE,
    };
    renameat_with(CWD, finished, CWD, name, flags)?;
    sync_folder_of(name)
}

/// Makes the names in the folder of `path` durable.
///
/// # Errors
///
/// When the folder cannot be opened.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder_of(path))?.sync_all()
}

/// The folder that holds `path`.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes sure that a file is there which only its owner can read; its content stays.
///
/// # Errors
///
/// When it cannot be made, or belongs to somebody else.
pub fn keep_private(path: &Path) -> std::io::Result<()> {
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// Bytes of a file, or of the files directly in a folder. What is not there has none; a file that
/// goes away meanwhile is not counted.
pub fn size(path: &Path) -> u64 {
    let Ok(metadata) = std::fs::metadata(path) else {
        return 0;
    };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| entry.metadata().ok());
    files.filter(|file| file.is_file()).map(|f| f.len()).sum()
}

/// Free bytes on the disk that holds `path`, for a user without special rights.
///
/// # Errors
///
/// When there is no such path.
pub fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
