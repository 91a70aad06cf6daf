//! The engine: runs the graph of an authorised plan, durably.
//!
//! ```text
//!   Authorised ──> run ──decide──> commit (Journal) ──ack──> perform (actions ──> World)
//!                   ^                                                   |
//!                   └────────────── outcome: one more event <───────────┘
//! ```
//!
//! The state is what the journal adds up to (`domain::execution`); this module only commits what
//! was decided and performs it after the commit. Everything outside is reached through [`World`],
//! [`Journal`] and [`Timer`], so that a simulation can stand in for all three.

pub mod actions;
mod journal;
pub mod outside;
mod run;
mod timer;
mod world;

pub use journal::{Journal, JournalError, Progress};
pub use run::{CancelWish, Engine, Halt, Inbox, RunEnd, RunError, Signal, Waits, may_be_cancelled};
pub use timer::{SystemTimer, Timer};
pub use world::{
    Answer, BuildRequest, BuiltImage, Call, ContainerFacts, ContainerHealth, ContainerSpec, Exit,
    LogLine, LogSink, LogStream, TestRun, World,
};
