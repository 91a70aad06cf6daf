//! What a person reads: pure functions from a value to text.
//!
//! [`page`] knows the width, the colours and the time of the reader; everything printed goes
//! through it and is made printable there, because most of it comes from outside (commit messages,
//! procedures, containers). The other files know one kind of value each.

pub mod asked;
pub mod audit;
pub mod comparison;
mod evidence;
pub mod execution;
pub mod incident;
mod leftover;
pub mod log;
pub mod page;
pub mod plan;
pub mod release;
pub mod service;
pub mod sop;
pub mod status;
pub mod step;
pub mod table;
pub mod watch;
pub mod words;
