//! `commander incidents`: what went wrong, what was done about it, and on which evidence.

use super::console::Console;
use super::exit::{Exit, Failure};
use super::named;
use super::plans::Selection;
use super::render::incident;
use super::server::Items;
use crate::domain::id::IncidentId;
use crate::domain::incident::Incident;

#[derive(Debug, clap::Args)]
pub struct IncidentsArgs {
    /// One incident with its timeline and evidence; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[command(flatten)]
    pub selection: Selection,
}

/// # Errors
///
/// When the server does not answer, or there is no such incident.
pub async fn run(console: &Console, args: &IncidentsArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    if let Some(given) = &args.id {
        let id: IncidentId = named::find(&server, given).await?;
        let reply = server.get(&format!("/api/incidents/{id}")).await?;
        console.show(&reply, incident::incident)?;
        return Ok(Exit::Ok);
    }
    let reply = server.get(&args.selection.of("/api/incidents")).await?;
    console.show(&reply, |page, incidents: &Items<Incident>| {
        incident::list(page, &incidents.items)
    })?;
    Ok(Exit::Ok)
}
