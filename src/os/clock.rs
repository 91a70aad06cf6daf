//! The time of day, and the monotonic time that timers go by.

use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time of day, to the millisecond: what is stored and shown.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    // Milliseconds since 1970 stay far inside the range of a timestamp.
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Time that never jumps, for measuring how long something took.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// The time zone of this machine, in which its people read times.
pub fn zone() -> TimeZone {
    TimeZone::system()
}

/// The runtime's monotonic time: what its timeouts go by, and what stands still where a test pauses
/// it.
pub fn runtime() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
