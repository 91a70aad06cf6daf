//! `commander freeze`: automatic acts are off for an environment after a rollback that failed; a
//! named person lets them on again.

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::page::Tone;
use crate::domain::incident::Freeze;
use crate::domain::name::{EnvironmentName, ServiceName};

#[derive(Debug, clap::Args)]
pub struct FreezeArgs {
    #[command(subcommand)]
    pub verb: FreezeVerb,
}

#[derive(Debug, clap::Subcommand)]
pub enum FreezeVerb {
    /// Allow automatic acts again
    Lift(LiftArgs),
}

#[derive(Debug, clap::Args)]
pub struct LiftArgs {
    pub service: String,
    pub environment: String,
}

/// # Errors
///
/// When the server does not answer, or nothing is frozen there.
pub async fn run(console: &Console, args: &FreezeArgs) -> Result<Exit, Failure> {
    let FreezeVerb::Lift(args) = &args.verb;
    let bad_name = |error: crate::domain::name::InvalidName| Failure::Data(error.to_string());
    let service = ServiceName::parse(&args.service).map_err(bad_name)?;
    let environment = EnvironmentName::parse(&args.environment).map_err(bad_name)?;
    let path = format!("/api/services/{service}/environments/{environment}/freeze");
    let reply = console.server()?.delete(&path).await?;
    console.show(&reply, |page, freeze: &Freeze| {
        let text = format!(
            "{}: automatic acts are on again; they were off for {} ({})",
            freeze.place,
            super::render::words::between(freeze.since, page.now),
            freeze.reason
        );
        page.paint(Tone::Plain, &text) + "\n"
    })?;
    Ok(Exit::Ok)
}
