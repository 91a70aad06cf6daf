//! Whether the events before and after a broken connection join without a gap.
//!
//! The engine remembers its last 256 events (health checks alone fill that in minutes) and none
//! from before its own restart. A connection is therefore opened again from a little before the
//! last event that was seen: what was seen already is dropped, and if the last one is given again,
//! nothing between was lost.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// How far a new connection reaches back: concurrent events may be stamped out of order.
const OVERLAP: SignedDuration = SignedDuration::from_secs(1);

/// Twice what the engine remembers.
const REMEMBERED: usize = 512;

/// What tells one event from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventKey {
    pub at: Timestamp,
    pub action: String,
    pub actor: String,
}

#[derive(Debug)]
pub(super) struct Continuity {
    began: Timestamp,
    seen: VecDeque<EventKey>,
}

impl Continuity {
    pub fn since(began: Timestamp) -> Self {
        Self {
            began,
            seen: VecDeque::new(),
        }
    }

    /// From when on events are to be asked for. Not before the beginning.
    pub fn resume_at(&self) -> Timestamp {
        let last = self.seen.iter().map(|key| key.at).max();
        last.and_then(|last| last.checked_sub(OVERLAP).ok())
            .map_or(self.began, |at| at.max(self.began))
    }

    /// Takes note of an event; whether it is new.
    pub fn is_new(&mut self, key: EventKey) -> bool {
        if self.seen.contains(&key) {
            return false;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(key);
        true
    }

    /// Whether any event was seen, without which nothing can be said about a gap.
    pub fn has_seen(&self) -> bool {
        !self.seen.is_empty()
    }

    /// Whether what the engine remembers reaches back to the last event that was seen.
    pub fn joins(&self, remembered: &[EventKey]) -> bool {
        self.seen
            .back()
            .is_some_and(|last| remembered.contains(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    fn key(millisecond: i64, action: &str) -> EventKey {
        EventKey {
            at: at(millisecond),
            action: action.to_owned(),
            actor: "c1".to_owned(),
        }
    }

    #[test]
    fn an_event_is_new_once() {
        let mut events = Continuity::since(at(0));
        assert!(events.is_new(key(5_000, "die")));
        assert!(events.is_new(key(5_000, "start")));
        assert!(!events.is_new(key(5_000, "die")));
    }

    #[test]
    fn a_new_connection_overlaps_the_old_one() {
        let mut events = Continuity::since(at(4_500));
        assert_eq!(events.resume_at(), at(4_500));
        events.is_new(key(5_000, "die"));
        assert_eq!(events.resume_at(), at(4_500));
        events.is_new(key(9_000, "start"));
        events.is_new(key(8_999, "die"));
        assert_eq!(events.resume_at(), at(8_000));
    }

    #[test]
    fn only_the_last_event_proves_that_nothing_was_lost() {
        let mut events = Continuity::since(at(0));
        assert!(!events.joins(&[]));
        events.is_new(key(1_000, "start"));
        events.is_new(key(2_000, "die"));
        assert!(events.joins(&[key(2_000, "die"), key(3_000, "start")]));
        assert!(!events.joins(&[key(1_000, "start")]));
        assert!(!events.joins(&[key(3_000, "start")]));
    }

    #[test]
    fn memory_is_bounded() {
        let mut events = Continuity::since(at(0));
        for millisecond in 0..2_000 {
            events.is_new(key(millisecond, "die"));
        }
        assert_eq!(events.seen.len(), REMEMBERED);
    }
}
