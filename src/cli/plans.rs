//! `commander plans`: what waits for approval, and what became of the rest. `commander reject`: no.

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::named;
use super::render::plan;
use super::server::Items;
use crate::domain::id::PlanId;
use crate::domain::plan::Plan;

#[derive(Debug, clap::Args)]
pub struct PlansArgs {
    /// One plan, with every step and what the procedures say; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Only those that wait for approval
    #[arg(long, conflicts_with = "id")]
    pub pending: bool,
    #[command(flatten)]
    pub selection: Selection,
}

/// Which rows of a list.
#[derive(Debug, Default, clap::Args)]
pub struct Selection {
    /// Only of this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only of this environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// At most so many, newest first
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub limit: u32,
}

impl Selection {
    /// The list that is asked for.
    pub fn of(&self, list: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        for (name, value) in [
            ("service", &self.service),
            ("environment", &self.environment),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        format!("{list}?{}", query.finish())
    }
}

/// # Errors
///
/// When the server does not answer, or there is no such plan.
pub async fn run(console: &Console, args: &PlansArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    if let Some(given) = &args.id {
        let id: PlanId = named::find(&server, given).await?;
        let reply = server.get(&format!("/api/plans/{id}")).await?;
        console.show(&reply, plan::plan)?;
        return Ok(Exit::Ok);
    }
    let mut path = args.selection.of("/api/plans");
    if args.pending {
        path.push_str("&status=pending_approval");
    }
    let reply = server.get(&path).await?;
    console.show(&reply, |page, plans: &Items<Plan>| {
        plan::list(page, &plans.items)
    })?;
    Ok(Exit::Ok)
}

#[derive(Debug, clap::Args)]
pub struct RejectArgs {
    /// The plan; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: String,
    /// Why, for whoever asked for it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

#[derive(Serialize)]
struct No<'a> {
    reason: &'a str,
}

/// # Errors
///
/// When the server does not answer, or the plan waits for no approval.
pub async fn reject(console: &Console, args: &RejectArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    let id: PlanId = named::find(&server, &args.id).await?;
    let no = No {
        reason: &args.reason,
    };
    let reply = server.post(&format!("/api/plans/{id}/reject"), &no).await?;
    console.show(&reply, |page, plan: &Plan| {
        let said = format!("rejected: {}", plan::headline(plan));
        page.paint(super::render::page::Tone::Plain, &said) + "\n"
    })?;
    Ok(Exit::Ok)
}
