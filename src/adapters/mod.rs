//! The outside: each foreign client crate is named in one adapter only, and adapters are
//! strangers to each other.

pub mod checkpoints;
pub mod db;
pub mod docker;
pub mod git;
pub mod logbook;
pub mod notify;
pub mod probe;
pub mod procedures;
pub mod prometheus;
pub mod scripts;
