//! How long what ended executions leave is kept: their journals in full, and their logs.

use jiff::{SignedDuration, Timestamp};

/// What is younger than so many days is kept, and so are so many of the newest, however old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub days: u32,
    pub newest: u32,
}

impl Keep {
    /// What is older than this may go.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        let days = SignedDuration::from_hours(24 * i64::from(self.days));
        now.checked_sub(days).unwrap_or(Timestamp::MIN)
    }
}

/// Both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    pub journals: Keep,
    pub logs: Keep,
}

/// A log of an execution that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedLog<T> {
    pub execution: T,
    pub written_at: Timestamp,
    pub compressed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogAct {
    Compress,
    Remove,
}

/// A log that was written to lately may be written to again, and is read most.
pub const REST: SignedDuration = SignedDuration::from_hours(1);

/// What is to be done about logs, newest first: at most `limit` acts.
pub fn log_acts<T>(
    logs: Vec<EndedLog<T>>,
    keep: Keep,
    now: Timestamp,
    limit: usize,
) -> Vec<(T, LogAct)> {
    let since = keep.since(now);
    let rests = now.checked_sub(REST).unwrap_or(Timestamp::MIN);
    let act = |(rank, log): (usize, EndedLog<T>)| {
        let is_kept = rank < keep.newest as usize || log.written_at >= since;
        let act = match (is_kept, log.compressed) {
            (false, _) => LogAct::Remove,
            (true, false) if log.written_at < rests => LogAct::Compress,
            (true, _) => return None,
        };
        Some((log.execution, act))
    };
    logs.into_iter()
        .enumerate()
        .filter_map(act)
        .take(limit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_logs_go_unless_they_are_among_the_newest_and_the_rest_is_compressed() {
        let hour = |hours: i64| Timestamp::from_second(1_000_000_000 - hours * 3600).unwrap();
        let log = |execution, hours, compressed| EndedLog {
            execution,
            written_at: hour(hours),
            compressed,
        };
        let logs = vec![
            log("now", 0, false),
            log("today", 5, false),
            log("compressed", 6, true),
            log("old but newest", 100, false),
            log("old", 200, true),
            log("older", 300, false),
            log("young again", 2, false),
        ];
        let keep = Keep { days: 2, newest: 4 };
        let acts = log_acts(logs.clone(), keep, hour(0), 10);
        assert_eq!(
            acts,
            [
                ("today", LogAct::Compress),
                ("old but newest", LogAct::Compress),
                ("old", LogAct::Remove),
                ("older", LogAct::Remove),
                ("young again", LogAct::Compress),
            ]
        );
        assert_eq!(log_acts(logs, keep, hour(0), 2), acts[..2]);
    }
}
