//! A program that runs beside us until it is told to end.

use std::path::PathBuf;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::capture::Stream;
use super::{Command, ProcessError, run};

/// Dropped before its end, its whole process group is asked to end and then killed, as long as the
/// runtime still turns; with the runtime, it is killed at once.
#[derive(Debug)]
pub struct Background {
    stop: CancellationToken,
    over: JoinHandle<Option<ProcessError>>,
}

impl Background {
    /// Starts a command at once; its time limit counts as in [`run`].
    pub fn start(command: Command, on_line: impl FnMut(Stream, &str) + Send + 'static) -> Self {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let over = tokio::spawn(async move { run(&command, &told, on_line).await.err() });
        Self { stop, over }
    }

    /// Waits until it has ended by itself. `None` is a good end.
    pub async fn ended(&mut self) -> Option<ProcessError> {
        match (&mut self.over).await {
            Ok(ending) => ending,
            Err(lost) => Some(ProcessError::Lost {
                program: "a background program".to_owned(),
                reason: lost.to_string(),
            }),
        }
    }

    /// Asks it to end, and waits until its whole process group is gone.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if !self.over.is_finished() {
            self.ended().await;
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The program that this process is.
///
/// # Errors
///
/// When the operating system does not tell.
pub fn own_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}
