//! The engine on a simulated world: whatever fails, hangs, dies or is cancelled, and whenever,
//! an execution ends with the new release serving or with the host as it was before.

#[path = "engine/asking.rs"]
mod asking;
#[path = "engine/cancelling.rs"]
mod cancelling;
#[path = "engine/cases.rs"]
mod cases;
#[path = "engine/crashing.rs"]
mod crashing;
#[path = "engine/crowd.rs"]
mod crowd;
#[path = "engine/failing.rs"]
mod failing;
#[path = "engine/fencing.rs"]
mod fencing;
#[path = "engine/graphs.rs"]
mod graphs;
#[path = "engine/journal.rs"]
mod journal;
#[path = "engine/laws.rs"]
mod laws;
#[path = "engine/retrying.rs"]
mod retrying;
mod support;
