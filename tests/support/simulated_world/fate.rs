//! What may happen to calls and commits, who decides it, and the story of what did.

use std::sync::Mutex;
use std::time::Duration;

use commander::engine::Timer;

use super::VirtualTimer;

/// What happens at one call of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The engine does not answer, and nothing was done.
    Fail,
    /// It is refused for good, and nothing was done.
    Refuse,
    /// It is done, and the caller hears that the engine is gone.
    LoseAnswer,
    /// Nothing is done and no answer comes until the call is cancelled.
    Hang,
    /// It is done, no answer comes, and cancelling is not heard.
    HangAfter,
    /// The process dies before the effect.
    CrashBefore,
    /// The process dies between the effect and the answer.
    CrashAfter,
    /// The step panics before anything is done.
    Panic,
    /// Somebody wants the execution ended while the call is under way.
    Cancel,
    /// The same, and the call goes on to its end all the same.
    CancelUnheard,
    /// It takes so long.
    Slow(Duration),
    /// It comes to the engine a good while later, and cancelling is not heard.
    Late,
}

/// What happens at one commit of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalMishap {
    /// The disk is full, or the database locked: nothing is written.
    Unwritable,
    CrashBefore,
    /// Written, and the process dies before it hears so.
    CrashAfter,
    /// Written, and the disk says that it was not.
    Unsaid,
    /// The disk takes so long.
    Slow(Duration),
}

/// Decides what happens where a test has planned nothing.
pub trait Fate: Send {
    /// What happens at a call, of a step or of its undo, and how long it takes otherwise.
    fn of_call(&mut self, undoing: bool) -> (Option<Mishap>, Duration);

    fn of_commit(&mut self) -> Option<JournalMishap>;
}

/// Where world and journal look for it.
#[derive(Default)]
pub(super) struct Decided(pub(super) Mutex<Option<Box<dyn Fate>>>);

impl Decided {
    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut dyn Fate) -> T) -> Option<T> {
        let mut fate = self.0.lock().unwrap();
        fate.as_mut().map(|fate| question(&mut **fate))
    }
}

/// What happened, a line each, with the virtual time in milliseconds.
pub struct Story {
    pub(super) lines: Mutex<Vec<String>>,
    pub(super) timer: VirtualTimer,
}

impl Story {
    pub fn tell(&self, what: impl std::fmt::Display) {
        let now = self.timer.elapsed().as_millis();
        self.lines.lock().unwrap().push(format!("{now:>9} {what}"));
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}
