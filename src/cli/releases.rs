//! `commander releases`: the ledger, and what a named person says about a release.

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::follow::{self, Absence, Tail};
use super::named;
use super::plans::Selection;
use super::render::log::without_escapes;
use super::render::page::Tone;
use super::render::release;
use super::server::{Items, Server};
use super::wire::ContainerLine;
use crate::domain::id::ReleaseId;
use crate::domain::release::Release;

/// Lines of a container's past that are shown before those to come.
const PAST_LINES: u32 = 50;

#[derive(Debug, clap::Args)]
pub struct ReleasesArgs {
    #[command(subcommand)]
    pub verb: Option<ReleasesVerb>,
    #[command(flatten)]
    pub selection: Selection,
}

#[derive(Debug, clap::Subcommand)]
pub enum ReleasesVerb {
    /// All releases, newest first (also without a verb)
    List(Selection),
    /// One release with everything that it is made of
    Show(OfRelease),
    /// Say by your name that a release is good, where its bake did not prove it
    Verify(OfRelease),
    /// Forbid its image, and its commit, with this configuration in its environment
    Quarantine(QuarantineArgs),
    /// Lift the quarantine
    Lift(OfRelease),
    /// What its container prints, as it comes
    Logs(OfRelease),
}

#[derive(Debug, clap::Args)]
pub struct OfRelease {
    /// The release; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Debug, clap::Args)]
pub struct QuarantineArgs {
    #[command(flatten)]
    pub release: OfRelease,
    /// Why, for whoever wants to deploy it again
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

#[derive(Serialize)]
struct Because<'a> {
    reason: &'a str,
}

#[derive(Serialize)]
struct Nothing {}

/// # Errors
///
/// When the server does not answer or refuses; when there is no such release.
pub async fn run(console: &Console, args: &ReleasesArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    let (reply, said) = match &args.verb {
        None => return list(console, &server, &args.selection).await,
        Some(ReleasesVerb::List(selection)) => return list(console, &server, selection).await,
        Some(ReleasesVerb::Logs(of)) => {
            let id = named::find(&server, &of.id).await?;
            return logs(console, &server, &id).await;
        }
        Some(ReleasesVerb::Show(of)) => {
            let path = path(&server, of).await?;
            console.show(&server.get(&path).await?, release::release)?;
            return Ok(Exit::Ok);
        }
        Some(ReleasesVerb::Verify(of)) => {
            let path = path(&server, of).await? + "/verify";
            (server.post(&path, &Nothing {}).await?, "verified by you")
        }
        Some(ReleasesVerb::Quarantine(args)) => {
            let path = path(&server, &args.release).await? + "/quarantine";
            let because = Because {
                reason: &args.reason,
            };
            (server.put(&path, &because).await?, "quarantined")
        }
        Some(ReleasesVerb::Lift(of)) => {
            let path = path(&server, of).await? + "/quarantine";
            (server.delete(&path).await?, "the quarantine is lifted")
        }
    };
    console.show(&reply, |page, release: &Release| {
        let text = format!("{} in {}: {said}", release.version, release.environment);
        page.paint(Tone::Plain, &text) + "\n"
    })?;
    Ok(Exit::Ok)
}

async fn path(server: &Server, of: &OfRelease) -> Result<String, Failure> {
    let id: ReleaseId = named::find(server, &of.id).await?;
    Ok(format!("/api/releases/{id}"))
}

async fn list(console: &Console, server: &Server, selection: &Selection) -> Result<Exit, Failure> {
    let reply = server.get(&selection.of("/api/releases")).await?;
    console.show(&reply, |page, releases: &Items<Release>| {
        release::list(page, &releases.items)
    })?;
    Ok(Exit::Ok)
}

/// Prints the lines of a release's container as they come, until the stream or the person ends.
///
/// # Errors
///
/// When the server does not answer.
pub async fn logs(
    console: &Console,
    server: &Server,
    release: &ReleaseId,
) -> Result<Exit, Failure> {
    let path = format!("/api/releases/{release}/logs?tail={PAST_LINES}");
    let mut lines = Tail::new(server, path, Absence::told(console));
    let all = async {
        while let Some(line) = lines.next::<ContainerLine>().await? {
            match console.json() {
                true => console.json_line(&line)?,
                false => {
                    let text = without_escapes(&line.text);
                    console.line(&console.page().paint(Tone::Plain, &text))?;
                }
            }
        }
        Ok(Exit::Ok)
    };
    follow::unless_interrupted(console, "Stopped reading; the release goes on.", all).await
}
