//! Checkpoints of the audit trail: where it stood at a moment, signed, and kept outside of the
//! database. A chain of hashes shows that something in the middle was changed; that its end was cut
//! off, or all of it written anew, shows only against what somebody noted before.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// The number of the last row of the trail,
    pub seq: u64,
    /// and its hash.
    pub hash: String,
    pub at: Timestamp,
    /// Ed25519, in hexadecimal digits, as the signature.
    pub public_key: String,
    pub signature: String,
}

impl Checkpoint {
    /// What is signed.
    pub fn message(seq: u64, hash: &str, at: Timestamp) -> String {
        format!("commander checkpoint\n{seq}\n{hash}\n{at}")
    }
}

/// How often a checkpoint is made where something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub time: Duration,
    pub rows: u64,
}

/// Whether the next checkpoint is due when the trail ends at row `head`. Without a last one the time
/// is counted from `start`, that of the process.
pub fn is_due(
    last: Option<&Checkpoint>,
    start: Timestamp,
    head: u64,
    now: Timestamp,
    interval: Interval,
) -> bool {
    // The row that tells of the last checkpoint is no reason for another one.
    let (known, since) = last.map_or((0, start), |last| (last.seq + 1, last.at));
    if last.is_some_and(|last| head < last.seq) {
        // The trail was put back: what it says now is noted at once.
        return true;
    }
    let rows = head.saturating_sub(known);
    // A clock that was put back must not stop them.
    let passed = Duration::try_from(now.duration_since(since)).unwrap_or(interval.time);
    rows > 0 && (rows >= interval.rows || passed >= interval.time)
}

/// Where the trail is not what a checkpoint saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contradiction {
    /// The first row that is missing, or may have been rewritten: the rows before it are as another
    /// checkpoint saw them.
    pub row: u64,
    /// Which checkpoint says so: the line of the file, and its row.
    pub line: usize,
    pub seq: u64,
    pub at: Timestamp,
    /// Where the trail ends, if that is before the checkpoint's row.
    pub ends_at: Option<u64>,
}

impl std::fmt::Display for Contradiction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            row,
            line,
            seq,
            at,
            ends_at,
        } = self;
        match ends_at {
            Some(0) => write!(f, "audit row 1: the trail is empty")?,
            Some(end) => write!(
                f,
                "audit row {row}: it is missing, the trail ends at row {end}"
            )?,
            None if row == seq => write!(f, "audit row {row}: it is not the one that was there")?,
            None => write!(
                f,
                "audit row {row}: from it on, up to row {seq}, the trail is not the one that was there"
            )?,
        }
        write!(
            f,
            "; the checkpoint in line {line}, of row {seq} at {at}, says so"
        )
    }
}

/// Compares checkpoints (by line) with the trail that ends at row `head` and whose row of a number
/// has the hash that `hash_of` gives.
///
/// # Errors
///
/// What `hash_of` fails with.
pub fn contradiction<E>(
    checkpoints: &[(usize, Checkpoint)],
    head: u64,
    mut hash_of: impl FnMut(u64) -> Result<Option<String>, E>,
) -> Result<Option<Contradiction>, E> {
    let mut in_order: Vec<_> = checkpoints.iter().collect();
    in_order.sort_by_key(|(line, checkpoint)| (checkpoint.seq, *line));
    let mut vouched = 0;
    for (line, checkpoint) in in_order {
        let seq = checkpoint.seq;
        if hash_of(seq)?.as_deref() == Some(checkpoint.hash.as_str()) {
            vouched = seq;
            continue;
        }
        let is_cut = head < seq;
        return Ok(Some(Contradiction {
            row: if is_cut { head + 1 } else { vouched + 1 },
            line: *line,
            seq,
            at: checkpoint.at,
            ends_at: is_cut.then_some(head),
        }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Interval = Interval {
        time: Duration::from_secs(600),
        rows: 100,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn checkpoint(seq: u64, second: i64) -> Checkpoint {
        Checkpoint {
            seq,
            hash: format!("hash {seq}"),
            at: at(second),
            public_key: String::new(),
            signature: String::new(),
        }
    }

    #[test]
    fn a_checkpoint_is_due_by_rows_or_by_time_and_never_because_of_itself() {
        let last = checkpoint(10, 1000);
        for (head, second, due) in [
            (10, 9000, false),
            // Its own entry.
            (11, 9000, false),
            (12, 1001, false),
            (12, 1599, false),
            (12, 1600, true),
            (110, 1001, false),
            (111, 1001, true),
            // The trail was put back, or the clock.
            (9, 1001, true),
            (12, 500, true),
        ] {
            assert_eq!(
                is_due(Some(&last), at(0), head, at(second), INTERVAL),
                due,
                "{head} {second}"
            );
        }
        for (head, second, due) in [
            (0, 9000, false),
            (1, 599, false),
            (1, 600, true),
            (100, 1, true),
        ] {
            assert_eq!(
                is_due(None, at(0), head, at(second), INTERVAL),
                due,
                "{head} {second}"
            );
        }
    }

    #[test]
    fn the_first_row_that_is_in_doubt_is_named() {
        let lines = [
            (1, checkpoint(5, 1)),
            (2, checkpoint(8, 2)),
            (3, checkpoint(12, 3)),
        ];
        let compare = |head: u64, rewritten_from: u64| {
            let hash_of = |seq| -> Result<_, ()> {
                Ok((seq <= head).then(|| match seq >= rewritten_from {
                    true => "another".to_owned(),
                    false => format!("hash {seq}"),
                }))
            };
            contradiction(&lines, head, hash_of).unwrap()
        };
        assert_eq!(compare(12, 99), None);
        assert_eq!(
            compare(20, 13),
            None,
            "behind the newest checkpoint nothing is known"
        );
        let cut = compare(9, 99).unwrap();
        assert_eq!((cut.row, cut.line, cut.seq), (10, 3, 12));
        assert!(
            cut.to_string().starts_with("audit row 10: it is missing"),
            "{cut}"
        );
        let rewritten = compare(20, 7).unwrap();
        assert_eq!((rewritten.row, rewritten.line, rewritten.seq), (6, 2, 8));
        let emptied = compare(0, 99).unwrap();
        assert_eq!((emptied.row, emptied.line), (1, 1));
    }
}
