//! What the suites share.

pub mod memory_ledger;
pub mod plans;
pub mod simulated_world;
