//! What people wrote into commits, made fit to be stored and shown.

use git2::{Commit, Time};
use jiff::Timestamp;

use crate::domain::text::printable;

/// Longer subjects are cut; git's own advice is 50 characters.
const SUBJECT: usize = 200;
const AUTHOR: usize = 100;

pub fn subject(commit: &Commit<'_>) -> String {
    let subject = commit.summary_bytes().unwrap_or_default();
    printable(&String::from_utf8_lossy(subject), SUBJECT)
}

pub fn author(commit: &Commit<'_>) -> String {
    printable(
        &String::from_utf8_lossy(commit.author().name_bytes()),
        AUTHOR,
    )
}

/// Git stores any number of seconds; what no calendar has becomes its nearest end.
pub fn timestamp(time: Time) -> Timestamp {
    let seconds = time.seconds();
    Timestamp::from_second(seconds).unwrap_or(match seconds {
        ..0 => Timestamp::MIN,
        _ => Timestamp::MAX,
    })
}
