//! `commander status`: the server at a glance.

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::status;

/// # Errors
///
/// When the server does not answer.
pub async fn run(console: &Console) -> Result<Exit, Failure> {
    let server = console.server()?;
    let reply = server.get("/api/status").await?;
    console.show(&reply, |page, found| {
        status::status(page, server.base(), found)
    })?;
    Ok(Exit::Ok)
}
