//! What calls and commits meet during one execution.

use std::time::Duration;

use super::chance::Chance;
use crate::support::simulated_world::{Fate, JournalMishap, Mishap};

/// Which mishaps there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Climate {
    Calm,
    /// Only such as must not change how an execution ends: the process dies, the disk is full.
    Crashes,
    /// Only such as come from outside.
    Faults,
    Storm,
}

/// Mishaps, until there were so many.
pub struct Weather {
    climate: Climate,
    chance: Chance,
    left: u64,
    one_in: u64,
}

impl Weather {
    pub fn drawn(mut chance: Chance) -> (Climate, Self) {
        use Climate::{Calm, Crashes, Faults, Storm};
        let climate = chance.pick(&[Calm, Crashes, Crashes, Faults, Faults, Storm, Storm]);
        let weather = Self {
            climate,
            left: 1 + chance.below(7),
            one_in: chance.pick(&[3, 6, 12, 24]),
            chance,
        };
        (climate, weather)
    }

    /// Whether something happens now.
    fn strikes(&mut self) -> bool {
        let strikes =
            self.climate != Climate::Calm && self.left > 0 && self.chance.one_in(self.one_in);
        self.left -= u64::from(strikes);
        strikes
    }

    fn some(&mut self, longest_seconds: u64) -> Duration {
        Duration::from_millis(1 + self.chance.below(longest_seconds * 1000))
    }
}

const CRASHES: [Mishap; 2] = [Mishap::CrashBefore, Mishap::CrashAfter];

impl Fate for Weather {
    fn of_call(&mut self, _undoing: bool) -> (Option<Mishap>, Duration) {
        // Never long, and in ever another order.
        let takes = Duration::from_millis(self.chance.pick(&[5, 20, 50, 50, 50, 120]));
        if !self.strikes() {
            return (None, takes);
        }
        let slow = Mishap::Slow(self.some(20));
        let faults = [
            Mishap::Fail,
            Mishap::Fail,
            Mishap::Refuse,
            Mishap::LoseAnswer,
            Mishap::LoseAnswer,
            Mishap::Hang,
            Mishap::HangAfter,
            Mishap::Panic,
            Mishap::Cancel,
            Mishap::CancelUnheard,
            slow,
        ];
        let crash = self.climate == Climate::Crashes
            || (self.climate == Climate::Storm && self.chance.one_in(2));
        let mishap = match crash {
            true => self.chance.pick(&CRASHES),
            false => self.chance.pick(&faults),
        };
        (Some(mishap), takes)
    }

    fn of_commit(&mut self) -> Option<JournalMishap> {
        if !self.strikes() {
            return None;
        }
        let slow = JournalMishap::Slow(self.some(3));
        let full = [JournalMishap::Unwritable, JournalMishap::Unsaid, slow];
        let crash = self.climate != Climate::Faults && self.chance.one_in(2);
        Some(match crash {
            true => self
                .chance
                .pick(&[JournalMishap::CrashBefore, JournalMishap::CrashAfter]),
            false => self.chance.pick(&full),
        })
    }
}
