//! `commander services`: what runs where.

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::service;
use super::server::Items;
use crate::flow::ServiceView;

/// # Errors
///
/// When the server does not answer.
pub async fn run(console: &Console) -> Result<Exit, Failure> {
    let reply = console.server()?.get("/api/services").await?;
    console.show(&reply, |page, services: &Items<ServiceView>| {
        service::services(page, &services.items)
    })?;
    Ok(Exit::Ok)
}
