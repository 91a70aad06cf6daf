//! Event streams: what a teller says goes to one client, until there is nothing more to say, the
//! client is gone, or the server closes.
//!
//! Each teller has the same shape: it subscribes to what wakes it, and then reads on from where
//! it was in what is stored. So nothing is lost or told twice, however slow the client is, and
//! nobody polls.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Api;
use super::access::By;
use super::problem::{Problem, SurfaceCode};
use crate::adapters::db::StoreError;
use crate::domain::name::PersonName;

/// A comment this often keeps the way open and shows who has gone away.
const PING: Duration = Duration::from_secs(15);
/// Events that wait for a slow client before its teller waits too.
const AHEAD: usize = 64;
/// Streams that one person may have open: a few browsers and command lines need some ten. Each
/// holds a connection and a task, and whoever gets hold of a cookie could open them without end.
const STREAMS: u32 = 64;

/// The streams that each person has open.
#[derive(Default)]
pub struct Streams(Mutex<HashMap<PersonName, Open>>);

#[derive(Default)]
struct Open {
    count: u32,
    /// Ends those that are open now.
    revoked: CancellationToken,
}

/// One of them, until it is dropped.
struct Place {
    streams: Arc<Streams>,
    person: PersonName,
    revoked: CancellationToken,
}

impl Streams {
    fn take(self: &Arc<Self>, person: &PersonName) -> Result<Place, Problem> {
        let mut open = self.lock();
        let of_person = open.entry(person.clone()).or_default();
        if of_person.count >= STREAMS {
            return Err(Problem::new(
                SurfaceCode::TooManyStreams,
                format!("you have {STREAMS} event streams open: close one first"),
            ));
        }
        of_person.count += 1;
        Ok(Place {
            streams: self.clone(),
            person: person.clone(),
            revoked: of_person.revoked.clone(),
        })
    }

    /// Ends what was opened with a token that is revoked.
    pub fn close_all_of(&self, person: &PersonName) {
        if let Some(open) = self.lock().get_mut(person) {
            std::mem::take(&mut open.revoked).cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PersonName, Open>> {
        // Each critical section changes one entry; a panic leaves the map whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(of_person) = open.get_mut(&self.person) {
            of_person.count -= 1;
            if of_person.count == 0 {
                open.remove(&self.person);
            }
        }
    }
}

/// Where a teller speaks to.
pub struct Listener(mpsc::Sender<Event>);

/// Why a teller stops before its end.
pub enum Stopped {
    /// Nobody listens any more.
    Gone,
    Failed(Box<Problem>),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Failed(Box::new(problem))
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl Listener {
    /// An event with a name, and the id by which the client resumes after it.
    ///
    /// # Errors
    ///
    /// When nobody listens any more.
    pub async fn say<T: Serialize>(
        &self,
        name: &str,
        id: Option<&str>,
        data: &T,
    ) -> Result<(), Stopped> {
        let mut event = Event::default().event(name);
        if let Some(id) = id {
            event = event.id(id);
        }
        let event = event.json_data(data).map_err(|error| {
            Problem::internal(format!("an event cannot be written as JSON: {error}"))
        })?;
        self.0.send(event).await.map_err(|_| Stopped::Gone)
    }
}

/// The answer that a teller speaks into.
///
/// # Errors
///
/// `too_many_streams`, where this person has too many open.
pub fn answer<T, F>(api: &Api, by: &By, teller: T) -> Result<Response, Problem>
where
    T: FnOnce(Listener) -> F,
    F: Future<Output = Result<(), Stopped>> + Send + 'static,
{
    let place = api.streams.take(&by.person)?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    let telling = teller(Listener(sender.clone()));
    let closing = api.closing.clone();
    let task = async move {
        let told = tokio::select! {
            told = telling => told,
            () = sender.closed() => Err(Stopped::Gone),
            () = closing.cancelled() => Err(Stopped::Gone),
            () = place.revoked.cancelled() => Err(Stopped::Gone),
        };
        if let Err(Stopped::Failed(problem)) = told {
            tracing::warn!(why = problem.logged(), "an event stream broke off");
            let _ = Listener(sender).say("problem", None, &problem.body()).await;
        }
    };
    api.flow.tasks.spawn(task.in_current_span());
    let events = ReceiverStream::new(receiver).map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(PING).text("ping");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // A proxy that collects an answer before it passes it on would never pass this one on.
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
