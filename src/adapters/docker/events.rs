//! What happens to our containers and to images, as it happens.
//!
//! ```text
//! connect ── event ──> is it new? ours? ──> Observation::Container / Image
//!    ^  └── broken or silent for a minute
//!    └── ask what the engine remembers; Resumed { complete } says whether it reaches back far enough
//! ```
//!
//! One connection carries all: the engine cannot filter a deleted image by label, because it is
//! gone, so labels are looked at here.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bollard::errors::Error as ClientError;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptions;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio::time::Instant;

use super::continuity::{Continuity, EventKey};
use super::engine::{Docker, QUERY};
use super::error::EngineError;
use super::event::{Observation, key, observation};
use crate::os::clock;

const DOING: &str = "report events";

/// A connection that is silent for so long is opened anew: it may be dead without knowing.
const SILENCE: Duration = Duration::from_secs(60);

/// Between attempts to reach an engine that is away.
const PAUSE: Duration = Duration::from_millis(500);

/// The stream of events. Dropping it ends it.
pub struct Events {
    docker: Docker,
    continuity: Continuity,
    link: Link,
    ready: VecDeque<Observation>,
}

type Messages = BoxStream<'static, Result<EventMessage, ClientError>>;

/// The times are in here and not in a timer that is awaited, so that they go on when the caller
/// stops waiting for a while.
enum Link {
    Up {
        messages: Messages,
        silent_at: Instant,
    },
    /// Silent for so long that it is opened anew; not known to have been broken.
    Stale,
    /// Not there, which was told.
    Down { retry_at: Instant },
}

impl Link {
    fn up(messages: Messages) -> Self {
        Self::Up {
            messages,
            silent_at: clock::runtime() + SILENCE,
        }
    }

    fn down() -> Self {
        Self::Down {
            retry_at: clock::runtime() + PAUSE,
        }
    }
}

impl Docker {
    /// Events from `since` on, or from now on (in the engine's time).
    ///
    /// # Errors
    ///
    /// When the engine cannot be asked for its time.
    pub async fn events(&self, since: Option<Timestamp>) -> Result<Events, EngineError> {
        let since = match since {
            Some(since) => since,
            None => self.engine_time().await?,
        };
        let continuity = Continuity::since(since);
        let messages = self.messages(continuity.resume_at(), None).await?;
        Ok(Events {
            docker: self.clone(),
            continuity,
            link: Link::up(messages),
            ready: VecDeque::new(),
        })
    }

    async fn messages(
        &self,
        since: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Messages, EngineError> {
        let client = self.client(DOING, QUERY).await?;
        Ok(client.events(Some(events_options(since, until))).boxed())
    }

    /// Asked once: whoever waits for an engine to come back asks again by itself.
    async fn engine_time(&self) -> Result<Timestamp, EngineError> {
        let info = self
            .once("tell its time", QUERY, |client| async move {
                client.info().await
            })
            .await?;
        let time = info.system_time.and_then(|time| time.parse().ok());
        Ok(time.unwrap_or_else(clock::now))
    }
}

impl Events {
    /// The next observation; waits for it without end. Nothing is lost when it is not awaited to
    /// its end.
    pub async fn next(&mut self) -> Observation {
        loop {
            if let Some(observation) = self.ready.pop_front() {
                return observation;
            }
            match &mut self.link {
                Link::Up {
                    messages,
                    silent_at,
                } => match tokio::time::timeout_at(*silent_at, messages.next()).await {
                    Ok(Some(Ok(message))) => {
                        *silent_at = clock::runtime() + SILENCE;
                        self.take(&message);
                    }
                    Ok(Some(Err(error))) => {
                        let why = self.docker.classify(&error, DOING, QUERY);
                        self.lost(why);
                    }
                    Ok(None) => self.lost(ended()),
                    Err(_) => self.link = Link::Stale,
                },
                Link::Stale => {
                    if let Err(why) = self.reconnect().await {
                        self.lost(why);
                    }
                }
                Link::Down { retry_at } => {
                    tokio::time::sleep_until(*retry_at).await;
                    if let Err(why) = self.reconnect().await {
                        tracing::debug!(%why, "Docker events still cannot be heard");
                        self.link = Link::down();
                    }
                }
            }
        }
    }

    fn lost(&mut self, why: EngineError) {
        self.ready.push_back(Observation::Disconnected { why });
        self.link = Link::down();
    }

    /// Asks what the engine remembers, says whether that joins what was seen, and connects again.
    async fn reconnect(&mut self) -> Result<(), EngineError> {
        let since = self.continuity.resume_at();
        let now = self.docker.engine_time().await?;
        let mut remembered = self.docker.messages(since, Some(now)).await?;
        let mut messages = Vec::new();
        while let Some(message) = tokio::time::timeout(QUERY, remembered.next())
            .await
            .map_err(|_| hanging())?
        {
            messages.push(message.map_err(|e| self.docker.classify(&e, DOING, QUERY))?);
        }
        let link = self.docker.messages(since, None).await?;
        let keys: Vec<EventKey> = messages.iter().filter_map(key).collect();
        let complete = self.continuity.joins(&keys);
        let was_told = matches!(self.link, Link::Down { .. });
        if was_told || (!complete && self.continuity.has_seen()) {
            self.ready.push_back(Observation::Resumed { complete });
        }
        for message in &messages {
            self.take(message);
        }
        self.link = Link::up(link);
        Ok(())
    }

    fn take(&mut self, message: &EventMessage) {
        if let Some(key) = key(message)
            && self.continuity.is_new(key)
            && let Some(observation) = observation(message, self.docker.instance())
        {
            self.ready.push_back(observation);
        }
    }
}

fn ended() -> EngineError {
    EngineError::ConnectionLost {
        doing: DOING,
        cause: "it ended the stream".to_owned(),
    }
}

fn hanging() -> EngineError {
    EngineError::Hanging {
        doing: DOING,
        after: QUERY,
    }
}

fn events_options(since: Timestamp, until: Option<Timestamp>) -> EventsOptions {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    EventsOptions {
        since: Some(engine_timestamp(since)),
        until: until.map(engine_timestamp),
        filters: Some(HashMap::from([
            ("type".to_owned(), words(&["container", "image"])),
            (
                "event".to_owned(),
                words(&[
                    "start",
                    "die",
                    "oom",
                    "health_status",
                    "stop",
                    "kill",
                    "destroy",
                    "untag",
                    "delete",
                ]),
            ),
        ])),
    }
}

/// Seconds and nanoseconds with a point between, which is the engine's form.
fn engine_timestamp(at: Timestamp) -> String {
    format!("{}.{:09}", at.as_second(), at.subsec_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_asked_for_from_the_nanosecond() {
        let since = "2026-11-21T01:02:03.000000007Z".parse().unwrap();
        let options = events_options(since, Some(since));
        assert_eq!(options.since.as_deref(), Some("1795222923.000000007"));
        assert_eq!(options.until, options.since);
        assert_eq!(options.filters.unwrap()["type"], ["container", "image"]);
    }
}
