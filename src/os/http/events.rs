//! Server-sent events: an answer without an end, read as it comes.
//!
//! A server that is alive says something every few seconds, a comment if nothing else; whoever is
//! silent for longer than the patience is taken for gone, and the caller opens the stream anew
//! with the id of the last event that it saw.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt};

use super::{Answer, HttpError, body_error, read_to_end, send_error, within};

pub(super) const MEDIA_TYPE: &str = "text/event-stream";

/// How long a stream may be silent, and how much one event may hold.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub open: Duration,
    /// From one byte to the next.
    pub silence: Duration,
    /// Also the limit of an answer that is no stream.
    pub max_event_bytes: usize,
}

/// What a request for a stream is answered with.
pub enum Opened {
    Events(Events),
    /// No stream, most likely a refusal.
    Answer(Answer),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Empty where the server gave none.
    pub id: String,
    /// `message` where the server gave none.
    pub name: String,
    pub data: String,
}

/// The events of one connection, in their order.
pub struct Events(Pin<Box<dyn Stream<Item = Result<Event, HttpError>> + Send>>);

impl Events {
    /// The next event; `None` when the server has closed the stream.
    pub async fn next(&mut self) -> Option<Result<Event, HttpError>> {
        self.0.next().await
    }
}

pub(super) async fn open(
    request: reqwest::RequestBuilder,
    patience: Patience,
) -> Result<Opened, HttpError> {
    let max = patience.max_event_bytes;
    within(patience.open, async {
        let response = request.send().await.map_err(send_error)?;
        if is_stream(&response) {
            Ok(Opened::Events(events(response, patience)))
        } else {
            Ok(Opened::Answer(read_to_end(response, max).await?))
        }
    })
    .await
}

fn is_stream(response: &reqwest::Response) -> bool {
    let kind = response.headers().get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok());
    response.status().is_success() && kind.is_some_and(|kind| kind.starts_with(MEDIA_TYPE))
}

fn events(response: reqwest::Response, patience: Patience) -> Events {
    // The parser keeps what belongs to an event until it is whole: whoever never ends one is cut
    // off by the bytes that came since the last.
    let pending = Arc::new(AtomicUsize::new(0));
    let counted = pending.clone();
    let bytes = Box::pin(response.bytes_stream());
    let watched = futures_util::stream::unfold(bytes, move |mut bytes| async move {
        let chunk = tokio::time::timeout(patience.silence, bytes.next()).await;
        let chunk = match chunk {
            Ok(chunk) => chunk?.map_err(body_error),
            Err(_) => Err(HttpError::Timeout(patience.silence)),
        };
        Some((chunk, bytes))
    });
    let capped = watched.map(move |chunk| {
        let chunk = chunk?;
        let held = counted.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
        if held > patience.max_event_bytes {
            return Err(HttpError::TooLarge(patience.max_event_bytes));
        }
        Ok(chunk)
    });
    let events = capped.eventsource().map(move |event| {
        pending.store(0, Ordering::Relaxed);
        event.map_or_else(
            |error| Err(stream_error(error)),
            |event| Ok(Event::from(event)),
        )
    });
    Events(Box::pin(events))
}

impl From<eventsource_stream::Event> for Event {
    fn from(event: eventsource_stream::Event) -> Self {
        Self {
            id: event.id,
            name: event.event,
            data: event.data,
        }
    }
}

fn stream_error(error: EventStreamError<HttpError>) -> HttpError {
    match error {
        EventStreamError::Transport(error) => error,
        EventStreamError::Utf8(_) | EventStreamError::Parser(_) => {
            HttpError::Interrupted("it is no stream of events".to_owned())
        }
    }
}
