//! The engine's clock and timers, apart from the system's so that a simulation has its own.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
pub trait Timer: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Time since some fixed point, which never jumps.
    fn elapsed(&self) -> Duration;

    async fn sleep(&self, duration: Duration);

    /// A random number from 0 up to 1, by which pauses are spread.
    fn fraction(&self) -> f64;
}

/// The machine's own clock.
#[derive(Debug)]
pub struct SystemTimer {
    start: std::time::Instant,
}

impl Default for SystemTimer {
    fn default() -> Self {
        Self {
            start: crate::os::clock::monotonic(),
        }
    }
}

#[async_trait]
impl Timer for SystemTimer {
    fn now(&self) -> Timestamp {
        crate::os::clock::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn fraction(&self) -> f64 {
        crate::os::ids::fraction()
    }
}
