//! Child processes: typed arguments, cleared environment, limits, killed whole.
//!
//! A [`Command`] is a value that says everything about a run; [`run`] carries it out. The child
//! leads a process group of its own, and that group ends with the run, whatever the reason: the
//! program ended, its time was over, the caller cancelled or dropped the future. So no helper that
//! a program started in the background outlives it, unless it made a session of its own.
//!
//! ```text
//!   run ──► spawn ──► wait for the leader ─┐
//!             │       read both streams ───┼─► ended: kill what is left of the group ─► Output
//!             │                            └─► time over, cancelled: TERM, a moment, KILL ─► error
//!             └─ future dropped: KILL
//! ```
//!
//! Nothing here is ever a shell: a program gets its arguments as they are.

mod background;
mod capture;
mod command;

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use crate::os::clock;

pub use background::{Background, own_program};
pub use capture::{Captured, Stream};
pub use command::Command;

/// How long a program may tidy up after SIGTERM (git removes its lock files then) before SIGKILL.
const TIDY_UP: Duration = Duration::from_secs(2);

/// How long the output is still read after the leader ended and its group was killed. Only a
/// program that left the group for a session of its own can hold the streams open for longer.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How much of the end of stderr an error message shows, in characters.
const SHOWN_STDERR: usize = 600;

/// What a program that ended with exit code 0 left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub stdout: Captured,
    pub stderr: Captured,
    pub elapsed: Duration,
}

/// Why a run gave no [`Output`]. `stderr` is the end of what the program wrote there, one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    #[error("the program \"{program}\" was not found: install it, or put it on the PATH")]
    NotFound { program: String },
    #[error("the program \"{program}\" could not be started: {reason}")]
    NotStarted { program: String, reason: String },
    #[error(
        "\"{program}\" was stopped because it took longer than {}: {stderr}",
        seconds(limit)
    )]
    TimedOut {
        program: String,
        limit: Duration,
        stderr: String,
    },
    #[error("\"{program}\" was stopped because the work was cancelled")]
    Cancelled { program: String },
    #[error("\"{program}\" ended with exit code {code}: {stderr}")]
    Exit {
        program: String,
        code: i32,
        stderr: String,
    },
    #[error("\"{program}\" was ended from outside by signal {signal}: {stderr}")]
    Signalled {
        program: String,
        signal: i32,
        stderr: String,
    },
    #[error("\"{program}\" was started, but its end could not be learnt: {reason}")]
    Lost { program: String, reason: String },
}

fn seconds(limit: &Duration) -> String {
    format!("{} s", limit.as_secs_f32())
}

/// Runs a command to its end, with stdin closed. `on_line` gets each line of output as it comes,
/// fit to be stored and shown; it must not block.
///
/// Cancel safe in the strict sense: a dropped future kills the whole process group at once.
///
/// # Errors
///
/// Everything but exit code 0.
pub async fn run(
    command: &Command,
    cancel: &CancellationToken,
    on_line: impl FnMut(Stream, &str) + Send,
) -> Result<Output, ProcessError> {
    supervise(command, Stdio::null(), cancel, on_line).await
}

/// Runs a command that holds a lock for as long as it lives.
///
/// The locked file (empty, so that it reads like a closed stdin) becomes the child's stdin. A lock
/// of `flock` belongs to the open file and not to a process: when we are killed hard, it stays
/// with the orphan, and whoever starts next waits for it instead of working beside it.
///
/// # Errors
///
/// Everything but exit code 0.
pub async fn run_holding(
    command: &Command,
    lock: File,
    cancel: &CancellationToken,
) -> Result<Output, ProcessError> {
    supervise(command, Stdio::from(lock), cancel, |_, _| {}).await
}

enum Ending {
    Exited(io::Result<ExitStatus>),
    TimedOut,
    Cancelled,
}

async fn supervise(
    command: &Command,
    stdin: Stdio,
    cancel: &CancellationToken,
    on_line: impl FnMut(Stream, &str) + Send,
) -> Result<Output, ProcessError> {
    let started = clock::monotonic();
    let mut child = spawn(command, stdin)?;
    // Declared after the child, so dropped before it: the leader is not yet reaped, and its number
    // still names this group and no other.
    let group = Group::of(&child);

    let mut stdout = Captured::new(command.output_limit);
    let mut stderr = Captured::new(command.output_limit);
    let pipes = (child.stdout.take(), child.stderr.take());
    let lines = Mutex::new(on_line);
    let exited = CancellationToken::new();

    let wait = async {
        let status = child.wait().await;
        group.end();
        exited.cancel();
        status
    };
    let read = async {
        tokio::join!(
            capture::pump(pipes.0, Stream::Stdout, &mut stdout, &lines),
            capture::pump(pipes.1, Stream::Stderr, &mut stderr, &lines),
        );
    };
    let read_until_ended = async {
        tokio::select! {
            () = read => {}
            () = async { exited.cancelled().await; tokio::time::sleep(LAST_WORDS).await } => {}
        }
    };
    let ending = tokio::select! {
        (status, ()) = async { tokio::join!(wait, read_until_ended) } => Ending::Exited(status),
        () = cancel.cancelled() => Ending::Cancelled,
        () = tokio::time::sleep(command.time_limit) => Ending::TimedOut,
    };
    if !matches!(ending, Ending::Exited(_)) {
        stop(&mut child, &group).await;
    }
    conclude(command, ending, stdout, stderr, started)
}

fn spawn(command: &Command, stdin: Stdio) -> Result<Child, ProcessError> {
    let program = command.name();
    // The system says "not found" of the program and of its directory alike.
    if !command.dir.is_dir() {
        let reason = format!("its directory {} does not exist", command.dir.display());
        return Err(ProcessError::NotStarted { program, reason });
    }
    command
        .to_process(stdin)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProcessError::NotFound { program },
            _ => ProcessError::NotStarted {
                program,
                reason: error.to_string(),
            },
        })
}

/// TERM to the whole group, a moment to tidy up, then KILL to what is left of it.
async fn stop(child: &mut Child, group: &Group) {
    group.signal(Signal::TERM);
    let in_time = tokio::time::timeout(TIDY_UP, child.wait()).await;
    group.end();
    if in_time.is_err() {
        // After SIGKILL a wait can only fail because somebody else has reaped the child.
        let _ = child.wait().await;
    }
}

fn conclude(
    command: &Command,
    ending: Ending,
    stdout: Captured,
    stderr: Captured,
    started: Instant,
) -> Result<Output, ProcessError> {
    let program = command.name();
    let last_words = stderr.last_words(SHOWN_STDERR);
    match ending {
        Ending::Exited(Ok(status)) if status.success() => Ok(Output {
            stdout,
            stderr,
            elapsed: started.elapsed(),
        }),
        Ending::Exited(Ok(status)) => Err(match (status.code(), status.signal()) {
            (Some(code), _) => ProcessError::Exit {
                program,
                code,
                stderr: last_words,
            },
            (None, signal) => ProcessError::Signalled {
                program,
                signal: signal.unwrap_or(0),
                stderr: last_words,
            },
        }),
        Ending::Exited(Err(error)) => Err(ProcessError::Lost {
            program,
            reason: error.to_string(),
        }),
        Ending::TimedOut => Err(ProcessError::TimedOut {
            program,
            limit: command.time_limit,
            stderr: last_words,
        }),
        Ending::Cancelled => Err(ProcessError::Cancelled { program }),
    }
}

/// The child's process group; dropped before its end, it is killed.
///
/// `end` signals the group once more right after its leader was reaped. Should no member be left
/// then, its number is free, and could name another group only after the system had handed out
/// every other process number in those microseconds.
struct Group {
    leader: Option<Pid>,
    ended: AtomicBool,
}

impl Group {
    fn of(child: &Child) -> Self {
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Self {
            leader,
            ended: AtomicBool::new(false),
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // The only failure is that nobody is left to be signalled, which is the aim.
            let _ = kill_process_group(leader, signal);
        }
    }

    fn end(&self) {
        self.signal(Signal::KILL);
        self.ended.store(true, Ordering::Relaxed);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Relaxed) {
            self.signal(Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests;
