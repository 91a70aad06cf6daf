//! What steps print: one file of JSON lines per execution, beside the ledger and not in it,
//! because output is much and need not be durable before an effect begins.
//!
//! ```text
//!   append ──queue──> writer thread ──> logs/<execution>.jsonl ──> those who follow
//! ```
//!
//! The log of an execution that ended is compressed (`.jsonl.gz`) by `src/flow/history.rs`, and read as
//! before.
//!
//! The queue is bounded: what does not fit is dropped and counted in the next line, so that a
//! container that prints without end cannot stop the engine.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, oneshot};
use utoipa::ToSchema;

use crate::domain::id::ExecutionId;
use crate::domain::text::log_line;
use crate::os::files;

/// Lines that wait to be written.
const QUEUE: usize = 8192;
/// How long a mark waits for a place in a full queue before it tries again.
const FULL_QUEUE: Duration = Duration::from_millis(10);
/// Lines a slow follower may be behind before it reads the file again.
const FOLLOWERS: usize = 1024;
/// Characters of a line that are kept.
const LINE: usize = 4096;
/// Lines of one execution that are kept; a build that prints more has its end cut, and says so.
const LINES: u64 = 200_000;

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// 1-based, in the order of arrival.
    pub n: u64,
    pub at: Timestamp,
    pub step: String,
    /// `stdout`, `stderr` or `commander`.
    pub stream: String,
    pub text: String,
}

/// The file of one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    pub execution: ExecutionId,
    pub written_at: Timestamp,
    pub bytes: u64,
    pub compressed: bool,
}

/// What is on its way to the writer.
#[derive(Debug)]
enum Arrival {
    Line {
        execution: ExecutionId,
        entry: LogEntry,
    },
    /// Answered when everything before it is written, and the file of that execution is closed.
    Mark(oneshot::Sender<()>, Option<ExecutionId>),
}

#[derive(Clone)]
pub struct Logbook {
    directory: PathBuf,
    queue: SyncSender<Arrival>,
    dropped: Arc<AtomicU64>,
    written: broadcast::Sender<(ExecutionId, LogEntry)>,
}

impl Logbook {
    /// # Errors
    ///
    /// When the directory or the writer thread cannot be made.
    pub fn open(directory: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&directory)?;
        let (queue, arrivals) = sync_channel(QUEUE);
        let (written, _) = broadcast::channel(FOLLOWERS);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            directory: directory.clone(),
            open: HashMap::new(),
            written: written.clone(),
            dropped: dropped.clone(),
        };
        std::thread::Builder::new()
            .name("logbook".to_owned())
            .spawn(move || writer.run(&arrivals))?;
        Ok(Self {
            directory,
            queue,
            dropped,
            written,
        })
    }

    /// Never blocks.
    pub fn append(
        &self,
        execution: ExecutionId,
        step: &str,
        stream: &str,
        text: &str,
        at: Timestamp,
    ) {
        let entry = LogEntry {
            n: 0,
            at,
            step: step.to_owned(),
            stream: stream.to_owned(),
            text: log_line(text, LINE),
        };
        let line = Arrival::Line { execution, entry };
        if self.queue.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns once everything that was appended before is in its file.
    pub async fn settled(&self) {
        self.mark(None).await;
    }

    async fn mark(&self, closes: Option<ExecutionId>) {
        let (done, settled) = oneshot::channel();
        let mut mark = Arrival::Mark(done, closes);
        while let Err(TrySendError::Full(unsent)) = self.queue.try_send(mark) {
            mark = unsent;
            tokio::time::sleep(FULL_QUEUE).await;
        }
        // An error says that the writer is gone, and all that it wrote is written.
        let _ = settled.await;
    }

    /// Lines after number `after`, at most `limit`, oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; an execution without output has an empty log.
    pub fn read(
        &self,
        execution: &ExecutionId,
        after: u64,
        limit: usize,
    ) -> std::io::Result<Vec<LogEntry>> {
        self.reader(execution, after).read(limit)
    }

    /// Reads on from line number `after`, and again whenever there is more.
    pub fn reader(&self, execution: &ExecutionId, after: u64) -> LogReader {
        LogReader {
            path: self.directory.join(execution.as_str()),
            file: None,
            begun: Vec::new(),
            after,
        }
    }

    /// The files there are, that of the newest execution first.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn files(&self) -> std::io::Result<Vec<LogFile>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let (id, compressed) = match name.to_str() {
                Some(name) if name.ends_with(COMPRESSED) => (name.strip_suffix(COMPRESSED), true),
                Some(name) => (name.strip_suffix(PLAIN), false),
                None => continue,
            };
            // What has another name is none of ours.
            let Some(Ok(execution)) = id.map(ExecutionId::parse) else {
                continue;
            };
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Removed since the folder was read.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            files.push(LogFile {
                execution,
                written_at: Timestamp::try_from(metadata.modified()?)
                    .map_err(std::io::Error::other)?,
                bytes: metadata.len(),
                compressed,
            });
        }
        files.sort_by(|a, b| b.execution.cmp(&a.execution));
        Ok(files)
    }

    /// Compresses the log of an execution that has ended. A process that is killed meanwhile leaves
    /// it as it was.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written; then it is as it was.
    pub async fn compress(&self, execution: &ExecutionId) -> std::io::Result<()> {
        self.mark(Some(execution.clone())).await;
        let plain = self.directory.join(format!("{execution}{PLAIN}"));
        let compressed = self.directory.join(format!("{execution}{COMPRESSED}"));
        let done = tokio::task::spawn_blocking(move || compress(&plain, &compressed));
        done.await.map_err(std::io::Error::other)?
    }

    /// # Errors
    ///
    /// When it cannot be removed; what is not there is removed already.
    pub async fn remove(&self, execution: &ExecutionId) -> std::io::Result<()> {
        self.mark(Some(execution.clone())).await;
        for suffix in [PLAIN, COMPRESSED] {
            match std::fs::remove_file(self.directory.join(format!("{execution}{suffix}"))) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Each line once it is in its file.
    pub fn follow(&self) -> broadcast::Receiver<(ExecutionId, LogEntry)> {
        self.written.subscribe()
    }
}

/// A place in the log of one execution.
pub struct LogReader {
    /// Without its ending.
    path: PathBuf,
    file: Option<Box<dyn BufRead + Send>>,
    /// A line whose end is not written yet.
    begun: Vec<u8>,
    after: u64,
}

impl LogReader {
    /// The next lines, at most `limit`; none when there are no more now.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; an execution without output has an empty log.
    pub fn read(&mut self, limit: usize) -> std::io::Result<Vec<LogEntry>> {
        let file = match &mut self.file {
            Some(file) => file,
            None => match readable(&self.path)? {
                Some(file) => self.file.insert(file),
                None => return Ok(Vec::new()),
            },
        };
        let mut found = Vec::new();
        while found.len() < limit {
            file.read_until(b'\n', &mut self.begun)?;
            if !self.begun.ends_with(b"\n") {
                break;
            }
            let line = std::mem::take(&mut self.begun);
            // Only a process that was killed leaves a line that cannot be read, and others
            // follow it.
            let Ok(entry) = serde_json::from_slice::<LogEntry>(&line) else {
                continue;
            };
            if entry.n > self.after {
                self.after = entry.n;
                found.push(entry);
            }
        }
        Ok(found)
    }
}

struct Writer {
    directory: PathBuf,
    open: HashMap<ExecutionId, (std::fs::File, u64)>,
    written: broadcast::Sender<(ExecutionId, LogEntry)>,
    dropped: Arc<AtomicU64>,
}

impl Writer {
    /// Ends when every handle of the logbook is gone.
    fn run(mut self, arrivals: &Receiver<Arrival>) {
        while let Ok(arrival) = arrivals.recv() {
            let (execution, entry) = match arrival {
                Arrival::Line { execution, entry } => (execution, entry),
                Arrival::Mark(done, closes) => {
                    if let Some(execution) = closes {
                        self.open.remove(&execution);
                    }
                    // Whoever waited may have gone.
                    let _ = done.send(());
                    continue;
                }
            };
            let lost = self.dropped.swap(0, Ordering::Relaxed);
            if lost > 0 {
                let notice = LogEntry {
                    stream: "commander".to_owned(),
                    text: format!("{lost} lines came too fast and were not kept"),
                    ..entry.clone()
                };
                self.keep(&execution, notice);
            }
            self.keep(&execution, entry);
        }
    }

    fn keep(&mut self, execution: &ExecutionId, mut entry: LogEntry) {
        // Few executions run at once; files of ended ones are closed by starting over.
        if self.open.len() > 64 && !self.open.contains_key(execution) {
            self.open.clear();
        }
        let file = match self.open.get_mut(execution) {
            Some(open) => open,
            None => match open(&self.directory, execution) {
                Ok(opened) => self.open.entry(execution.clone()).or_insert(opened),
                Err(error) => {
                    tracing::warn!(%execution, %error, "the log file cannot be opened");
                    return;
                }
            },
        };
        if file.1 >= LINES {
            return;
        }
        file.1 += 1;
        entry.n = file.1;
        if entry.n == LINES {
            entry.text = format!("more than {LINES} lines: the rest is not kept");
        }
        let Ok(mut line) = serde_json::to_string(&entry) else {
            return;
        };
        line.push('\n');
        if let Err(error) = file.0.write_all(line.as_bytes()) {
            tracing::warn!(%execution, %error, "the log file cannot be written");
            return;
        }
        // Nobody may be following.
        let _ = self.written.send((execution.clone(), entry));
    }
}

const PLAIN: &str = ".jsonl";
const COMPRESSED: &str = ".jsonl.gz";

fn path(directory: &Path, execution: &ExecutionId) -> PathBuf {
    directory.join(format!("{execution}{PLAIN}"))
}

/// The log whose path lacks its ending, in whatever form it is kept.
fn readable(path: &Path) -> std::io::Result<Option<Box<dyn BufRead + Send>>> {
    let with = |ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    let open = |ending: &str| match std::fs::File::open(with(ending)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    // In this order: what is compressed has its new name before it loses the old one.
    if let Some(plain) = open(PLAIN)? {
        return Ok(Some(Box::new(BufReader::new(plain))));
    }
    let compressed = open(COMPRESSED)?.map(MultiGzDecoder::new);
    Ok(compressed.map(|file| Box::new(BufReader::new(file)) as Box<dyn BufRead + Send>))
}

fn compress(plain: &Path, compressed: &Path) -> std::io::Result<()> {
    let partial = compressed.with_extension("partial");
    let mut from = std::fs::File::open(plain)?;
    let written_at = from.metadata()?.modified()?;
    let into = std::fs::File::create(&partial)?;
    let mut encoder = GzEncoder::new(into, Compression::default());
    std::io::copy(&mut from, &mut encoder)?;
    // Its age stays what it was.
    encoder.finish()?.set_modified(written_at)?;
    files::publish(&partial, compressed, true)?;
    std::fs::remove_file(plain)
}

/// Opens the file at its end and counts what is in it, so that numbers go on after a restart. A
/// line that was cut off by it is ended, so that it stays the only one that is lost.
fn open(directory: &Path, execution: &ExecutionId) -> std::io::Result<(std::fs::File, u64)> {
    if directory.join(format!("{execution}{COMPRESSED}")).exists() {
        return Err(std::io::Error::other("its log is closed and compressed"));
    }
    let path = path(directory, execution);
    let before = std::fs::read(&path).unwrap_or_default();
    let mut lines = before.iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    if !before.is_empty() && !before.ends_with(b"\n") {
        file.write_all(b"\n")?;
        lines += 1;
    }
    Ok((file, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[tokio::test]
    async fn lines_are_numbered_and_can_be_read_from_any_of_them() {
        let directory = tempfile::tempdir().unwrap();
        let execution = ExecutionId::from_digits(&"a".repeat(32));
        let book = Logbook::open(directory.path().to_owned()).unwrap();
        let mut follow = book.follow();
        for n in 0..3 {
            let at = Timestamp::from_second(n).unwrap();
            book.append(
                execution.clone(),
                "build",
                "stdout",
                &format!("line {n}\n"),
                at,
            );
        }
        for n in 1..=3 {
            assert_eq!(follow.recv().await.unwrap().1.n, n);
        }
        let tail = book.read(&execution, 1, 10).unwrap();
        assert_eq!(tail.iter().map(|e| e.n).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(tail[1].text, "line 2");
        let reopened = Logbook::open(directory.path().to_owned()).unwrap();
        let mut follow = reopened.follow();
        reopened.append(
            execution.clone(),
            "build",
            "stderr",
            "more",
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(follow.recv().await.unwrap().1.n, 4);
    }

    #[tokio::test]
    async fn a_reader_goes_on_where_it_was_and_over_a_line_that_a_crash_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let execution = ExecutionId::from_digits(&"b".repeat(32));
        let book = Logbook::open(directory.path().to_owned()).unwrap();
        let mut reader = book.reader(&execution, 0);
        assert_eq!(reader.read(10).unwrap(), []);
        let say = |book: &Logbook, text: &str| {
            book.append(
                execution.clone(),
                "s",
                "stdout",
                text,
                Timestamp::UNIX_EPOCH,
            );
        };
        say(&book, "one");
        say(&book, "two");
        book.settled().await;
        let numbers = |found: Vec<LogEntry>| found.iter().map(|e| e.n).collect::<Vec<_>>();
        assert_eq!(numbers(reader.read(1).unwrap()), [1]);
        assert_eq!(numbers(reader.read(10).unwrap()), [2]);
        drop(book);
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(path(directory.path(), &execution))
            .unwrap();
        file.write_all(b"{\"n\":3,\"te").unwrap();
        assert_eq!(reader.read(10).unwrap(), [], "half a line is none yet");
        let book = Logbook::open(directory.path().to_owned()).unwrap();
        say(&book, "four");
        book.settled().await;
        assert_eq!(numbers(reader.read(10).unwrap()), [4]);
        assert_eq!(numbers(book.read(&execution, 1, 10).unwrap()), [2, 4]);
    }

    #[tokio::test]
    async fn a_compressed_log_is_read_as_before_and_takes_no_more_lines() {
        let directory = tempfile::tempdir().unwrap();
        let execution = ExecutionId::from_digits(&"c".repeat(32));
        let book = Logbook::open(directory.path().to_owned()).unwrap();
        for n in 0..5000 {
            let at = Timestamp::from_second(n).unwrap();
            book.append(
                execution.clone(),
                "build",
                "stdout",
                &format!("line {n}"),
                at,
            );
            if n % 1000 == 0 {
                book.settled().await;
            }
        }
        book.settled().await;
        let plain = book.read(&execution, 0, 10_000).unwrap();
        assert_eq!(plain.len(), 5000);
        let mut reader = book.reader(&execution, 0);
        reader.read(10).unwrap();
        let before = book.files().unwrap().remove(0);
        // What a process that was killed left is in nobody's way.
        std::fs::write(
            directory.path().join(format!("{execution}.jsonl.partial")),
            "x",
        )
        .unwrap();

        book.compress(&execution).await.unwrap();
        let files = book.files().unwrap();
        assert_eq!(files.len(), 1);
        assert!(
            files[0].compressed && files[0].bytes * 4 < before.bytes,
            "{files:?}"
        );
        assert_eq!(files[0].written_at, before.written_at);
        assert_eq!(book.read(&execution, 0, 10_000).unwrap(), plain);
        assert_eq!(book.read(&execution, 4998, 10).unwrap(), plain[4998..]);
        // Who was reading goes on.
        assert_eq!(reader.read(1).unwrap()[0].n, 11);
        book.append(
            execution.clone(),
            "s",
            "stdout",
            "late",
            Timestamp::UNIX_EPOCH,
        );
        book.settled().await;
        assert_eq!(book.read(&execution, 0, 10_000).unwrap(), plain);

        book.remove(&execution).await.unwrap();
        book.remove(&execution).await.unwrap();
        assert_eq!(book.files().unwrap(), []);
    }
}
