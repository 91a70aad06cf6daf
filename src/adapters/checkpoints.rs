//! The file of signed checkpoints, one JSON object a line, and the key that signs them.
//!
//! The file may be on another disk, or on one that only grows: nothing but appending is done to it.
//! The key is in the data directory. Who has the key can sign what they like, but not change what
//! is in the file already.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::domain::checkpoint::Checkpoint;
use crate::os::{clock, files, ids};

/// The name of the key in the data directory.
pub const KEY_FILE: &str = "checkpoint.key";
/// The usual name of the file.
pub const FILE: &str = "checkpoints.jsonl";
/// Bytes of the key.
const SEED: usize = 32;
/// A longer line is no checkpoint.
const LINE: u64 = 4096;

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("{} cannot be used: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is no key: it has 64 hexadecimal digits; put the one of a backup there, or remove it for a new one", .0.display())]
    Key(PathBuf),
    #[error("line {line} of {} is no checkpoint: {why}", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        why: String,
    },
}

/// The file of a running Commander.
pub struct Checkpoints {
    path: PathBuf,
    key: Ed25519KeyPair,
    opened_at: Timestamp,
    last: Mutex<Option<Checkpoint>>,
}

impl Checkpoints {
    /// Takes the key of the data directory, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// When the key or the file cannot be read or made.
    pub fn open(path: PathBuf, data_dir: &Path) -> Result<Self, CheckpointError> {
        let key = data_dir.join(KEY_FILE);
        if !key.exists() {
            let made = ids::secret(SEED).and_then(|seed| files::write_private(&key, &seed));
            made.map_err(failed(&key))?;
        }
        let key = read_key(&key)?;
        let mut file = open(&path)?;
        end_line(&mut file).map_err(failed(&path))?;
        // A line that cannot be read is told of by the verification.
        let last = lines(&path)?.filter_map(|(_, read)| read.ok()).last();
        let last = Mutex::new(last);
        Ok(Self {
            path,
            key,
            opened_at: clock::now(),
            last,
        })
    }

    /// In hexadecimal digits.
    pub fn public_key(&self) -> String {
        hex::encode(self.key.public_key())
    }

    pub fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    pub fn last(&self) -> Option<Checkpoint> {
        self.lock().clone()
    }

    /// Signs and appends; returns once it is durable.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn append(
        &self,
        seq: u64,
        hash: &str,
        at: Timestamp,
    ) -> Result<Checkpoint, CheckpointError> {
        let signature = self.key.sign(Checkpoint::message(seq, hash, at).as_bytes());
        let checkpoint = Checkpoint {
            seq,
            hash: hash.to_owned(),
            at,
            public_key: self.public_key(),
            signature: hex::encode(signature),
        };
        let written = serde_json::to_string(&checkpoint)
            .map_err(std::io::Error::other)
            .and_then(|line| {
                let mut file = open(&self.path).map_err(std::io::Error::other)?;
                end_line(&mut file)?;
                file.write_all(format!("{line}\n").as_bytes())?;
                file.sync_all()
            });
        written.map_err(failed(&self.path))?;
        *self.lock() = Some(checkpoint.clone());
        Ok(checkpoint)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Checkpoint>> {
        // Replaced as a whole.
        self.last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The public key of a data directory, in hexadecimal digits; `None` where there is no key.
///
/// # Errors
///
/// When what is there is none.
pub fn public_key(data_dir: &Path) -> Result<Option<String>, CheckpointError> {
    let path = data_dir.join(KEY_FILE);
    match path.exists() {
        true => Ok(Some(hex::encode(read_key(&path)?.public_key()))),
        false => Ok(None),
    }
}

/// All checkpoints of a file, each with the number of its line.
///
/// # Errors
///
/// The first line that is none, or that none of the public `keys` has signed.
pub fn read(path: &Path, keys: &[String]) -> Result<Vec<(usize, Checkpoint)>, CheckpointError> {
    lines(path)?
        .map(|(line, read)| {
            let wrong = |why: String| CheckpointError::Line {
                path: path.to_owned(),
                line,
                why,
            };
            let checkpoint = read.map_err(wrong)?;
            if !keys.contains(&checkpoint.public_key) {
                let why = format!(
                    "it is signed with the key {}, which is not the one of this data directory; if it is yours, name it with --key",
                    crate::domain::text::printable(&checkpoint.public_key, 80)
                );
                return Err(wrong(why));
            }
            match is_signed(&checkpoint) {
                true => Ok((line, checkpoint)),
                false => Err(wrong("its signature is wrong".to_owned())),
            }
        })
        .collect()
}

fn is_signed(checkpoint: &Checkpoint) -> bool {
    let Checkpoint { seq, hash, at, .. } = checkpoint;
    let (Ok(key), Ok(signature)) = (
        hex::decode(&checkpoint.public_key),
        hex::decode(&checkpoint.signature),
    ) else {
        return false;
    };
    let message = Checkpoint::message(*seq, hash, *at);
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message.as_bytes(), &signature)
        .is_ok()
}

/// Lines are numbered from 1; of one that cannot be read, why.
fn lines(
    path: &Path,
) -> Result<impl Iterator<Item = (usize, Result<Checkpoint, String>)>, CheckpointError> {
    let mut file = BufReader::new(std::fs::File::open(path).map_err(failed(path))?);
    let mut number = 0;
    Ok(std::iter::from_fn(move || {
        let mut line = Vec::new();
        number += 1;
        match file.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => {
                let read = serde_json::from_slice(&line);
                Some((number, read.map_err(|error| error.to_string())))
            }
            Err(error) => Some((number, Err(error.to_string()))),
        }
    }))
}

fn read_key(path: &Path) -> Result<Ed25519KeyPair, CheckpointError> {
    let text = std::fs::read_to_string(path).map_err(failed(path))?;
    let no_key = || CheckpointError::Key(path.to_owned());
    let seed = hex::decode(text.trim()).map_err(|_| no_key())?;
    Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| no_key())
}

fn open(path: &Path) -> Result<std::fs::File, CheckpointError> {
    std::fs::OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(failed(path))
}

/// Ends a line that a process that was killed left half, so that it stays the only one.
fn end_line(file: &mut std::fs::File) -> std::io::Result<()> {
    let length = file.metadata()?.len();
    let mut last = [0];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
    }
    match length > 0 && last != *b"\n" {
        true => file.write_all(b"\n"),
        false => Ok(()),
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> CheckpointError {
    move |source| CheckpointError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn checkpoints_are_signed_and_an_edited_one_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let open = || Checkpoints::open(path.clone(), folder.path()).unwrap();
        let checkpoints = open();
        assert_eq!(checkpoints.last(), None);
        let key = folder.path().join(KEY_FILE);
        let mode = std::fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let at = Timestamp::from_second(1).unwrap();
        checkpoints.append(3, "three", at).unwrap();
        let second = checkpoints.append(7, "seven", at).unwrap();
        // A process that was killed in the middle of a line.
        let mut file = super::open(&path).unwrap();
        file.write_all(b"{\"seq\":9").unwrap();
        let again = open();
        assert_eq!(again.public_key(), checkpoints.public_key());
        assert_eq!(again.last(), Some(second));
        again.append(9, "nine", at).unwrap();

        let keys = [again.public_key()];
        let half = read(&path, &keys).unwrap_err();
        assert!(half.to_string().contains("line 3"), "{half}");
        let text = std::fs::read_to_string(&path).unwrap();
        let whole = text.replace("{\"seq\":9\n", "");
        std::fs::write(&path, &whole).unwrap();
        let found = read(&path, &keys).unwrap();
        let found: Vec<_> = found.iter().map(|(line, c)| (*line, c.seq)).collect();
        assert_eq!(found, [(1, 3), (2, 7), (3, 9)]);
        std::fs::write(&path, whole.replace("seven", "eight")).unwrap();
        let edited = read(&path, &keys).unwrap_err().to_string();
        assert!(
            edited.contains("line 2") && edited.contains("signature"),
            "{edited}"
        );
        std::fs::write(&path, &whole).unwrap();
        let strange = read(&path, &["00".to_owned()]).unwrap_err().to_string();
        assert!(
            strange.contains("line 1") && strange.contains("--key"),
            "{strange}"
        );
    }
}
