//! DevOps Commander: one sentence becomes a checked plan, an approved deploy, a watched release,
//! and a rollback by itself when it turns out bad.
//!
//! ARCHITECTURE.md is the map of the house.

pub mod adapters;
pub mod agents;
pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod flow;
pub mod os;
