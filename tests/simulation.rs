//! Whole histories of one place, drawn from seeds: people deploy, promote, roll back, restart and
//! change their minds, while calls fail, hang and lose their answers, the disk is full and the
//! process is killed. The engine and the ledger's rules are the real ones; host, disk and time are
//! simulated. After each execution and each crash everything that must always hold is looked at.
//!
//! `COMMANDER_SIMULATION_RUNS=200000` plays so many seeds instead of the usual number, and
//! `COMMANDER_SIMULATION_SEED=17` plays that one and prints its history:
//!
//! ```text
//! COMMANDER_SIMULATION_SEED=17 cargo test --test simulation -- --nocapture
//! ```

#[path = "simulation/chance.rs"]
mod chance;
#[path = "simulation/flows.rs"]
mod flows;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/people.rs"]
mod people;
#[path = "simulation/seeds.rs"]
mod seeds;
mod support;
#[path = "simulation/weather.rs"]
mod weather;
