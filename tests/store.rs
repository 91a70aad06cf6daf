//! The store on real files: what was written stays, what was edited is found, and of two who act
//! on the same thing one wins.

#[path = "store/backing_up.rs"]
mod backing_up;
#[path = "store/checkpoints.rs"]
mod checkpoints;
#[path = "store/command.rs"]
mod command;
#[path = "store/costs.rs"]
mod costs;
#[path = "store/full.rs"]
mod full;
// What is measured is what is counted; here a part of it.
#[allow(dead_code)]
#[path = "../benches/measure/engine/graphs.rs"]
mod graphs;
#[path = "store/ledger.rs"]
mod ledger;
#[path = "store/shortening.rs"]
mod shortening;
mod support;
#[path = "store/tampering.rs"]
mod tampering;
#[allow(dead_code)]
#[path = "../benches/measure/engine/world.rs"]
mod world;
#[path = "store/writing.rs"]
mod writing;

use support::plans;
