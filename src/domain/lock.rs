//! One lock per (service, environment): who holds it, who waits, and who goes first.
//!
//! A lock alone does not stop a run that was believed to be gone: it may still be under way to the
//! engine. So each run that takes the lock, or takes it up again, gets a token above all that were
//! given for the place before, and whatever changes something there lets only the newest pass.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::ExecutionId;
use super::intent::Action;
use super::name::{EnvironmentName, ServiceName};

/// What is locked; without environment it is the service itself (build, test).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    pub service: ServiceName,
    pub environment: Option<EnvironmentName>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.environment {
            Some(environment) => write!(f, "{} in {environment}", self.service),
            None => write!(f, "{}", self.service),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    pub execution: ExecutionId,
    pub action: Action,
    pub since: Timestamp,
}

/// One who waits for the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub execution: ExecutionId,
    pub action: Action,
    pub since: Timestamp,
}

/// The right of one run to change what is in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    pub place: Place,
    /// Counted from 1 in each place, and never given twice.
    pub token: u64,
    pub execution: ExecutionId,
    /// Since when the execution has had the lock.
    pub since: Timestamp,
}

/// What a run left on a thing that it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub token: u64,
    pub execution: ExecutionId,
}

/// The largest token that a mark is believed. Nobody counts so far: whoever wrote more wants the
/// place never to be taken again.
pub const LARGEST_TOKEN: u64 = 1 << 53;

impl Fence {
    /// Whether who made the mark took the place after this run. Two processes that do not know of
    /// each other can have given the same token; then who comes second gives way.
    pub fn is_behind(&self, mark: &Mark) -> bool {
        mark.token > self.token || (mark.token == self.token && mark.execution != self.execution)
    }
}

/// A run whose place was taken by another one. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "another run has {place} since {since} (execution {by}, token {newest}, and this run has token {own}): nothing was changed; what serves there is that one's to say"
)]
pub struct Overtaken {
    place: Place,
    since: Timestamp,
    by: ExecutionId,
    newest: u64,
    own: u64,
}

/// The newest run that was heard of in each place.
#[derive(Debug, Default)]
pub struct Fences(HashMap<Place, Fence>);

impl Fences {
    /// Lets the newest run of a place pass, and none before it.
    ///
    /// # Errors
    ///
    /// [`Overtaken`].
    pub fn pass(&mut self, fence: &Fence) -> Result<(), Overtaken> {
        match self.0.get_mut(&fence.place) {
            Some(newest) if newest.token > fence.token => Err(Overtaken {
                place: fence.place.clone(),
                since: newest.since,
                by: newest.execution.clone(),
                newest: newest.token,
                own: fence.token,
            }),
            Some(newest) => {
                newest.clone_from(fence);
                Ok(())
            }
            None => {
                self.0.insert(fence.place.clone(), fence.clone());
                Ok(())
            }
        }
    }

    /// The highest token that was heard of; 0 where there was none.
    pub fn highest(&self, place: &Place) -> u64 {
        self.0.get(place).map_or(0, |fence| fence.token)
    }
}

/// Who gets the lock next: a rollback before all others, then who came first.
pub fn next_in_line(waiting: &[Waiting]) -> Option<&Waiting> {
    waiting
        .iter()
        .min_by_key(|w| (w.action != Action::Rollback, w.since, w.execution.clone()))
}

/// What a rollback that arrives does to those before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MakeWay {
    /// Deploys that only wait are cancelled.
    pub cancel_waiting: Vec<ExecutionId>,
    /// A running deploy is cancelled and unwound first.
    pub cancel_running: Option<ExecutionId>,
}

/// A rollback goes first: it cancels what waits, and has a running change cancelled. Another
/// rollback is left alone, for the two may not race.
pub fn make_way(holder: Option<&Holder>, waiting: &[Waiting]) -> MakeWay {
    MakeWay {
        cancel_waiting: waiting
            .iter()
            .filter(|w| w.action != Action::Rollback)
            .map(|w| w.execution.clone())
            .collect(),
        cancel_running: holder
            .filter(|h| h.action != Action::Rollback)
            .map(|h| h.execution.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    fn waiting(digit: char, action: Action, second: i64) -> Waiting {
        Waiting {
            execution: ExecutionId::from_digits(&digit.to_string().repeat(32)),
            action,
            since: Timestamp::from_second(second).unwrap(),
        }
    }

    #[test]
    fn hc_43_a_rollback_goes_before_a_waiting_deploy() {
        let line = [
            waiting('1', Action::Deploy, 10),
            waiting('2', Action::Restart, 20),
            waiting('3', Action::Rollback, 30),
        ];
        assert_eq!(next_in_line(&line).unwrap().execution, line[2].execution);
        assert_eq!(
            next_in_line(&line[..2]).unwrap().execution,
            line[0].execution
        );
        assert_eq!(next_in_line(&[]), None);
        let way = make_way(None, &line);
        assert_eq!(way.cancel_waiting.len(), 2);
    }

    fn fence(token: u64, execution: char) -> Fence {
        Fence {
            place: Place {
                service: ServiceName::parse("shop").unwrap(),
                environment: Some(EnvironmentName::parse("staging").unwrap()),
            },
            token,
            execution: ExecutionId::from_digits(&execution.to_string().repeat(32)),
            since: Timestamp::from_second(1_795_262_400).unwrap(),
        }
    }

    #[test]
    fn only_the_newest_run_of_a_place_passes() {
        let mut fences = Fences::default();
        let (old, new) = (fence(3, 'a'), fence(4, 'b'));
        assert_eq!(fences.highest(&old.place), 0);
        assert_eq!(fences.pass(&old), Ok(()));
        assert_eq!(fences.pass(&old), Ok(()));
        assert_eq!(fences.pass(&new), Ok(()));
        let refused = fences.pass(&old).unwrap_err().to_string();
        let said = format!(
            "another run has shop in staging since 2026-11-21T12:00:00Z (execution {}, token 4, and this run has token 3): ",
            new.execution
        );
        assert!(refused.starts_with(&said), "{refused}");
        assert_eq!(fences.pass(&new), Ok(()));
        assert_eq!(fences.highest(&old.place), 4);
        let elsewhere = Fence {
            place: Place {
                environment: None,
                ..old.place.clone()
            },
            ..old
        };
        assert_eq!(fences.pass(&elsewhere), Ok(()), "each place counts alone");
    }

    #[test]
    fn a_run_is_behind_whoever_took_the_place_after_it() {
        let mark = |token, execution| {
            let Fence {
                token, execution, ..
            } = fence(token, execution);
            Mark { token, execution }
        };
        let run = fence(5, 'a');
        assert!(!run.is_behind(&mark(4, 'b')), "older");
        assert!(!run.is_behind(&mark(5, 'a')), "its own");
        assert!(run.is_behind(&mark(5, 'b')), "of a process of its own");
        assert!(run.is_behind(&mark(6, 'b')));
        // Another process has taken the same execution up again.
        assert!(run.is_behind(&mark(6, 'a')));
    }

    #[test]
    fn a_rollback_does_not_cancel_a_rollback() {
        let running = Holder {
            execution: ExecutionId::from_digits(&"4".repeat(32)),
            action: Action::Rollback,
            since: Timestamp::from_second(1).unwrap(),
        };
        assert_eq!(make_way(Some(&running), &[]), MakeWay::default());
    }
}
