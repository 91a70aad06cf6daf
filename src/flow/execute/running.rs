//! The executions of this process: which place each works on, and how one is told something.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};

use crate::domain::execution::Execution;
use crate::domain::id::ExecutionId;
use crate::domain::lock::Place;
use crate::engine::{Inbox, Signal};

/// The executions of this process.
#[derive(Default)]
pub struct Running {
    places: Mutex<HashMap<Place, Handle>>,
    gates: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
    pub(super) waits: Notify,
}

struct Handle {
    execution: ExecutionId,
    state: HandleState,
}

enum HandleState {
    Runs {
        tell: mpsc::UnboundedSender<Signal>,
        /// One wish is enough.
        cancelled: bool,
    },
    /// For a person; nothing runs.
    Waits { until: Timestamp },
}

/// What became of something that was to be told to a run.
pub(in crate::flow) enum Told {
    Heard,
    /// It waited for a person; a run that reads this goes on with it.
    Woken(Inbox),
    /// It is not here, or is being cancelled already.
    NotHere,
}

/// Whether a place is one of those that are meant.
pub(in crate::flow) type Places<'a> = dyn Fn(&Place) -> bool + Send + Sync + 'a;

impl Running {
    /// Whether an execution of this process works on the place.
    pub fn is_busy(&self, place: &Place) -> bool {
        self.places().contains_key(place)
    }

    pub(super) fn enter(&self, place: &Place, execution: &ExecutionId) -> Inbox {
        let (state, inbox) = running();
        self.places().insert(
            place.clone(),
            Handle {
                execution: execution.clone(),
                state,
            },
        );
        inbox
    }

    /// Notes that the execution waits for a person; false when it was told something meanwhile and
    /// has to go on.
    pub(super) fn wait(&self, execution: &Execution, until: Timestamp, inbox: &Inbox) -> bool {
        let mut places = self.places();
        let nothing = inbox.is_empty();
        if nothing {
            places.insert(execution.place.clone(), waiting(execution, until));
            self.waits.notify_one();
        }
        nothing
    }

    /// Notes that the execution waited for a person when the process before this one ended. Who
    /// keeps the time is told once, when all are noted.
    pub(super) fn found_waiting(&self, execution: &Execution, until: Timestamp) {
        let handle = waiting(execution, until);
        self.places().insert(execution.place.clone(), handle);
    }

    /// Returns when another execution waits for a person.
    pub(in crate::flow) async fn somebody_waits(&self) {
        self.waits.notified().await;
    }

    /// Whose question ends first, and when.
    pub(in crate::flow) fn next_end(&self) -> Option<(ExecutionId, Timestamp)> {
        let places = self.places();
        let ends = places.values().filter_map(|handle| match handle.state {
            HandleState::Waits { until } => Some((&handle.execution, until)),
            HandleState::Runs { .. } => None,
        });
        let first = ends.min_by_key(|(_, until)| *until);
        first.map(|(execution, until)| (execution.clone(), until))
    }

    pub(super) fn leave(&self, place: &Place) {
        self.places().remove(place);
    }

    /// What works on the place, or is about to.
    pub(super) fn at(&self, place: &Place) -> Option<ExecutionId> {
        self.places()
            .get(place)
            .map(|handle| handle.execution.clone())
    }

    /// Delivers the signal, or only wakes who waits.
    pub(in crate::flow) fn tell(&self, execution: &ExecutionId, signal: Option<Signal>) -> Told {
        let mut places = self.places();
        let handle = places.values_mut().find(|h| &h.execution == execution);
        let Some(handle) = handle else {
            return Told::NotHere;
        };
        let mut woken = None;
        if let HandleState::Waits { .. } = handle.state {
            let (state, inbox) = running();
            handle.state = state;
            woken = Some(inbox);
        }
        let HandleState::Runs { tell, cancelled } = &mut handle.state else {
            return Told::NotHere;
        };
        let again = matches!(signal, Some(Signal::Cancel(_))) && std::mem::replace(cancelled, true);
        let heard = !again && signal.is_none_or(|signal| tell.send(signal).is_ok());
        match (woken, heard) {
            (Some(inbox), _) => Told::Woken(inbox),
            (None, true) => Told::Heard,
            (None, false) => Told::NotHere,
        }
    }

    /// One at a time decides what starts in a place.
    pub(in crate::flow) fn gate(&self, place: &Place) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self
            .gates
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        gates.entry(place.clone()).or_default().clone()
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashMap<Place, Handle>> {
        // Each critical section is one call on the map; a panic cannot leave it half done.
        self.places
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn waiting(execution: &Execution, until: Timestamp) -> Handle {
    Handle {
        execution: execution.id.clone(),
        state: HandleState::Waits { until },
    }
}

fn running() -> (HandleState, Inbox) {
    let (tell, inbox) = mpsc::unbounded_channel();
    let cancelled = false;
    (HandleState::Runs { tell, cancelled }, inbox)
}
