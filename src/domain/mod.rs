//! Values, rules and state machines: what a plan is, when a release is bad, who may start what.
//!
//! Nothing here does I/O, reads a clock or draws a random number: facts come in as arguments,
//! decisions go out as values, and `flow` and `engine` carry them out.

pub mod advice;
pub mod approval;
pub mod audit;
pub mod catalogue;
pub mod changes;
pub mod checkpoint;
pub mod command;
pub mod comparison;
pub mod digest;
pub mod execution;
pub mod facts;
pub mod history;
pub mod holidays;
pub mod id;
pub mod incident;
pub mod intent;
pub mod interpret;
pub mod leftover;
pub mod letters;
pub mod lock;
pub mod name;
pub mod naming;
pub mod past;
pub mod plan;
pub mod planner;
pub mod question;
pub mod release;
pub mod repository;
pub mod rerun;
pub mod revision;
pub mod rule;
pub mod settlement;
pub mod snapshot;
pub mod sop;
pub mod step;
pub mod text;
pub mod transition;
pub mod verdict;
pub mod watch;
