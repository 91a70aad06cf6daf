//! A stream that outlives its connections: when one breaks, the next begins behind the last event
//! that was seen.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::absence::Absence;
use crate::cli::exit::Failure;
use crate::cli::server::Server;
use crate::os::http::Events;

/// The event after which nothing comes.
const END: &str = "end";
/// The event by which the server says why it cannot go on.
const PROBLEM: &str = "problem";
/// Before a stream is opened again that ended without a value, so that it is not asked for all
/// the time.
const PAUSE: Duration = Duration::from_secs(1);

pub struct Tail<'s> {
    server: &'s Server,
    path: String,
    last_seen: String,
    events: Option<Events>,
    absence: Absence<'s>,
    opened: Opened,
}

/// What the connections gave so far.
#[derive(PartialEq)]
enum Opened {
    Never,
    InVain,
    WithSuccess,
}

impl<'s> Tail<'s> {
    pub fn new(server: &'s Server, path: String, absence: Absence<'s>) -> Self {
        Self {
            server,
            path,
            last_seen: String::new(),
            events: None,
            absence,
            opened: Opened::Never,
        }
    }

    /// The next value; `None` at the end. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    ///
    /// When the server refuses, or does not come back.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Failure> {
        loop {
            let Some(events) = &mut self.events else {
                self.open().await?;
                continue;
            };
            match events.next().await {
                Some(Ok(event)) if event.name == END => return Ok(None),
                Some(Ok(event)) if event.name == PROBLEM => {
                    return Err(Failure::Problem(Box::new(read(&event.data)?)));
                }
                Some(Ok(event)) => {
                    self.opened = Opened::WithSuccess;
                    self.last_seen = event.id;
                    return read(&event.data).map(Some);
                }
                // Broken off, or closed by a server that stops: it is asked again.
                Some(Err(_)) | None => self.events = None,
            }
        }
    }

    async fn open(&mut self) -> Result<(), Failure> {
        if self.opened == Opened::InVain {
            tokio::time::sleep(PAUSE).await;
        }
        match self.server.events(&self.path, &self.last_seen).await {
            Ok(events) => {
                self.absence.is_over();
                self.opened = Opened::InVain;
                self.events = Some(events);
                Ok(())
            }
            // A server that was never there is not waited for.
            Err(failure) if self.opened == Opened::Never => Err(failure),
            Err(failure) => self.absence.wait(failure).await,
        }
    }
}

fn read<T: DeserializeOwned>(data: &str) -> Result<T, Failure> {
    serde_json::from_str(data).map_err(|error| Failure::NotUnderstood(error.to_string()))
}
