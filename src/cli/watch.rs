//! `commander watch`: how a release does in its bake.

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::follow::{self, Screen};
use super::named;
use super::plans::Selection;
use super::render::page::Tone;
use super::render::watch;
use super::server::{Items, Server};
use crate::domain::id::WatchId;
use crate::domain::watch::{Watch, WatchStatus};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct WatchArgs {
    /// One watch with its evaluations; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Follow it to its end [of the newest one without ID]
    #[arg(long)]
    pub follow: bool,
    #[command(flatten)]
    pub selection: Selection,
    #[command(subcommand)]
    pub verb: Option<WatchVerb>,
}

#[derive(Debug, clap::Subcommand)]
pub enum WatchVerb {
    /// End a watch: nothing is automatic any more, and the release stays as it is
    Stop {
        /// The watch; its last digits are enough
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Serialize)]
struct Nothing {}

/// # Errors
///
/// When the server does not answer, or there is no such watch.
pub async fn run(console: &Console, args: &WatchArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    if let Some(WatchVerb::Stop { id }) = &args.verb {
        return stop(console, &server, id).await;
    }
    let reply = match (&args.id, args.follow) {
        (Some(given), true) => {
            let id = named::find(&server, given).await?;
            return followed(console, &server, &id).await;
        }
        (Some(given), false) => {
            let id: WatchId = named::find(&server, given).await?;
            let reply = server.get(&format!("/api/watches/{id}")).await?;
            console.show(&reply, watch::detail)?;
            return Ok(Exit::Ok);
        }
        (None, _) => server.get(&args.selection.of("/api/watches")).await?,
    };
    if !args.follow {
        console.show(&reply, |page, watches: &Items<Watch>| {
            watch::list(page, &watches.items)
        })?;
        return Ok(Exit::Ok);
    }
    let watches: Items<Watch> = reply.read()?;
    match watches.items.first() {
        Some(newest) => followed(console, &server, &newest.id).await,
        None => Err(Failure::Data(
            "nothing was watched yet: a watch begins when a release goes live".to_owned(),
        )),
    }
}

async fn followed(console: &Console, server: &Server, id: &WatchId) -> Result<Exit, Failure> {
    let work = async {
        let mut screen = Screen::new(console);
        follow::follow_watch(server, &mut screen, id).await
    };
    let farewell = format!(
        "Stopped following; the watch goes on. Again: commander watch {} --follow",
        id.short()
    );
    follow::unless_interrupted(console, &farewell, work).await
}

async fn stop(console: &Console, server: &Server, given: &str) -> Result<Exit, Failure> {
    let id: WatchId = named::find(server, given).await?;
    let path = format!("/api/watches/{id}/stop");
    let reply = server.post(&path, &Nothing {}).await?;
    console.show(&reply, |page, watch: &Watch| {
        let text = match watch.status() {
            WatchStatus::Stopped => format!(
                "the watch of {} is stopped: its release stays as it is, and nothing is automatic",
                watch.place
            ),
            status => format!("the watch of {} is {status}", watch.place),
        };
        page.paint(Tone::Plain, &text) + "\n"
    })?;
    Ok(Exit::Ok)
}
