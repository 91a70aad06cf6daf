//! The domain's tables and decisions, over all their inputs where there are few and over many
//! random ones where there are not.

#[path = "domain/approvals.rs"]
mod approvals;
#[path = "domain/comparison.rs"]
mod comparison;
#[path = "domain/leftovers.rs"]
mod leftovers;
#[path = "domain/life_cycles.rs"]
mod life_cycles;
#[path = "domain/plans.rs"]
mod plan_checks;
#[path = "support/plans.rs"]
mod plans;
#[path = "domain/releases.rs"]
mod releases;
#[path = "domain/rerun.rs"]
mod rerun;
