//! `commander token`: the names under which people and programs act.

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::page::{Sheet, Tone};
use super::server::Items;
use crate::domain::name::PersonName;
use crate::flow::{KnownToken, NewToken};

#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    pub verb: TokenVerb,
}

#[derive(Debug, clap::Subcommand)]
pub enum TokenVerb {
    /// Make a token; it is shown once
    Create {
        /// Who acts with it: lower-case letters, digits and dashes
        name: String,
    },
    /// The names of all tokens
    List,
    /// Make a token worthless
    Revoke {
        /// Whose
        name: String,
    },
}

#[derive(Serialize)]
struct Wanted<'a> {
    name: &'a str,
}

/// # Errors
///
/// When the server does not answer or refuses.
pub async fn run(console: &Console, args: &TokenArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    match &args.verb {
        TokenVerb::Create { name } => {
            let reply = server.post("/api/tokens", &Wanted { name }).await?;
            console.show(&reply, |page, made: &NewToken| {
                let mut sheet = Sheet::new(page);
                sheet.entry("Token of", Tone::Strong, made.name.as_str());
                sheet.verbatim(2, &made.token);
                sheet.line(
                    Tone::Warn,
                    "It is shown only now. Use it as COMMANDER_TOKEN, or to sign in to the page.",
                );
                sheet.finish()
            })?;
        }
        TokenVerb::List => {
            let reply = server.get("/api/tokens").await?;
            console.show(&reply, |page, tokens: &Items<KnownToken>| {
                let names = tokens.items.iter().map(|row| row.name.as_str());
                let lines = names.map(|name| page.paint(Tone::Plain, name) + "\n");
                lines.collect()
            })?;
        }
        TokenVerb::Revoke { name } => {
            let bad = |error: crate::domain::name::InvalidName| Failure::Data(error.to_string());
            let name = PersonName::parse(name).map_err(bad)?;
            server.delete(&format!("/api/tokens/{name}")).await?;
            match console.json() {
                // The server has nothing to say to it.
                true => console.json_line(&KnownToken { name })?,
                false => console.line(&format!("the token of {name} is worthless now"))?,
            }
        }
    }
    Ok(Exit::Ok)
}
