//! A server that goes away while it is followed: started anew it goes on where it was, so that
//! its return is waited for, and that is said.

use std::time::Duration;

use crate::cli::console::Console;
use crate::cli::exit::Failure;
use crate::cli::server::{Reply, Server};

/// A server that is started anew is back within this many pauses.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

pub struct Absence<'c> {
    /// Who is told; nobody where another stream from the same server says it.
    told: Option<&'c Console>,
    misses: u32,
}

impl<'c> Absence<'c> {
    pub fn told(console: &'c Console) -> Self {
        Self {
            told: Some(console),
            misses: 0,
        }
    }

    pub fn untold() -> Self {
        Self {
            told: None,
            misses: 0,
        }
    }

    /// Asks until there is an answer.
    ///
    /// # Errors
    ///
    /// When the server refuses, or does not come back.
    pub async fn get(&mut self, server: &Server, path: &str) -> Result<Reply, Failure> {
        loop {
            match server.get(path).await {
                Ok(reply) => {
                    self.is_over();
                    return Ok(reply);
                }
                Err(failure) => self.wait(failure).await?,
            }
        }
    }

    /// The server answered.
    pub fn is_over(&mut self) {
        self.misses = 0;
    }

    /// Waits a moment for the server.
    ///
    /// # Errors
    ///
    /// The failure itself, where it is no absence or this one is too long.
    pub async fn wait(&mut self, failure: Failure) -> Result<(), Failure> {
        if !failure.is_absence() || self.misses >= ATTEMPTS {
            return Err(failure);
        }
        if let (0, Some(console)) = (self.misses, self.told) {
            let seconds = PAUSE.as_secs() * u64::from(ATTEMPTS);
            console.aside(&format!(
                "The server does not answer any more; it is waited for, {seconds} s at most."
            ));
        }
        self.misses += 1;
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}
