//! `commander rollback`: a plan that brings an environment back to an earlier release.

use serde::Serialize;

use super::ask::keep;
use super::console::Console;
use super::exit::{Exit, Failure};
use super::memory::{Last, Memory};
use super::named;
use super::render::plan;
use crate::domain::id::ReleaseId;
use crate::domain::plan::Plan;

#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    pub service: String,
    pub environment: String,
    /// The release to go back to; its last digits are enough [default: the last known good]
    #[arg(long, value_name = "RELEASE")]
    pub to: Option<String>,
}

#[derive(Serialize)]
struct Wanted<'a> {
    service: &'a str,
    environment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<ReleaseId>,
}

/// # Errors
///
/// When the server does not answer, or there is nothing to go back to.
pub async fn run(console: &Console, args: &RollbackArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    let to = match &args.to {
        Some(given) => Some(named::find(&server, given).await?),
        None => None,
    };
    let wanted = Wanted {
        service: &args.service,
        environment: &args.environment,
        to,
    };
    let reply = server.post("/api/rollbacks", &wanted).await?;
    let plan: Plan = console.show(&reply, plan::plan)?;
    let last = Last {
        plans: vec![plan.id],
        question: None,
    };
    keep(console, &Memory::open(), &server, last);
    Ok(Exit::Ok)
}
