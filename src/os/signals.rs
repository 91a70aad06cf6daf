//! The signals by which a person or an init system ends this process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears SIGINT and SIGTERM from its making on.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl StopSignals {
    /// # Errors
    ///
    /// When the operating system does not let this process listen.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: None,
        })
    }

    /// Hears also SIGHUP, with which a terminal goes that is closed. Not for a server: under
    /// `nohup` it must not be heard.
    ///
    /// # Errors
    ///
    /// When the operating system does not let this process listen.
    pub fn with_hangup() -> std::io::Result<Self> {
        Ok(Self {
            hangup: Some(signal(SignalKind::hangup())?),
            ..Self::new()?
        })
    }

    /// Waits for the next of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            Some(()) = hear(&mut self.hangup) => {}
        }
    }
}

/// The next one of a signal that is listened for, else never.
async fn hear(signal: &mut Option<Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}
