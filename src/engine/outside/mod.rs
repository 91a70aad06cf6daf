//! The production forms of what the engine acts through: the world is the adapters, the journal
//! is the ledger.

mod build;
mod container;
mod faults;
mod fencing;
mod journal;
mod secrets;
mod world;

pub use journal::LedgerJournal;
pub use secrets::{SecretKey, value as secret_value};
pub use world::Adapters;
