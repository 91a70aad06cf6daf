//! `commander executions`: what is being done and what was. `commander cancel`: end it, and undo
//! what it did.

use serde::Serialize;

use super::ask::keep;
use super::console::Console;
use super::exit::{Exit, Failure};
use super::follow::{self, Absence, Tail};
use super::memory::{Last, Memory};
use super::named;
use super::plans::Selection;
use super::render::comparison::{self, Rows};
use super::render::page::{Page, Tone};
use super::render::words::deed;
use super::render::{execution, log, plan};
use super::server::{Items, Server};
use crate::adapters::logbook::LogEntry;
use crate::domain::comparison::Comparison;
use crate::domain::execution::{Execution, ExecutionStatus};
use crate::domain::id::ExecutionId;
use crate::domain::past::Moment;
use crate::domain::plan::Plan;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ExecutionsArgs {
    #[command(subcommand)]
    pub verb: Option<ExecutionsVerb>,
    /// One execution with its steps; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Print what its steps printed; while it runs, as it comes
    #[arg(long, requires = "id")]
    pub logs: bool,
    /// Follow it as `approve` does: its steps and logs, then the watch of its release
    #[arg(long, requires = "id", conflicts_with = "logs")]
    pub follow: bool,
    /// List the events of its journal with their numbers
    #[arg(long, requires = "id", conflicts_with_all = ["logs", "follow"])]
    pub events: bool,
    /// Show it as it was after the event with this number
    #[arg(long, requires = "id", value_name = "EVENT", conflicts_with_all = ["logs", "follow", "events"])]
    pub at: Option<u64>,
    #[command(flatten)]
    pub selection: Selection,
}

#[derive(Debug, clap::Subcommand)]
pub enum ExecutionsVerb {
    /// Show two executions beside each other, step by step
    Compare(CompareArgs),
    /// Plan to run an ended one again, with its commit or its image; the plan waits for approval
    Rerun(RerunArgs),
}

#[derive(Debug, clap::Args)]
pub struct RerunArgs {
    /// The execution; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: String,
    /// The step to begin with [default: the first one]
    #[arg(long, value_name = "STEP")]
    pub from: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rerunning<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from_step: Option<&'a str>,
}

#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// The one; its last digits are enough
    #[arg(value_name = "FIRST")]
    pub first: String,
    /// The other one
    #[arg(value_name = "SECOND")]
    pub second: String,
    /// Only what differs
    #[arg(long)]
    pub differences: bool,
}

/// # Errors
///
/// When the server does not answer, or there is no such execution.
pub async fn run(console: &Console, args: &ExecutionsArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    match &args.verb {
        Some(ExecutionsVerb::Compare(args)) => return compare(console, &server, args).await,
        Some(ExecutionsVerb::Rerun(args)) => return rerun(console, &server, args).await,
        None => {}
    }
    let Some(given) = &args.id else {
        let reply = server.get(&args.selection.of("/api/executions")).await?;
        console.show(&reply, |page, executions: &Items<Execution>| {
            execution::list(page, &executions.items)
        })?;
        return Ok(Exit::Ok);
    };
    let id: ExecutionId = named::find(&server, given).await?;
    if args.logs {
        return logs(console, &server, &id).await;
    }
    if args.follow {
        return follow::to_the_end(console, &server, &id).await;
    }
    if args.events {
        let reply = server.get(&format!("/api/executions/{id}/journal")).await?;
        console.show(&reply, |page, moments: &Items<Moment>| {
            execution::moments(page, &moments.items)
        })?;
        return Ok(Exit::Ok);
    }
    if let Some(n) = args.at {
        let reply = server.get(&format!("/api/executions/{id}?at={n}")).await?;
        // What went wrong then is no failure of looking at it.
        console.show(&reply, execution::execution)?;
        return Ok(Exit::Ok);
    }
    let reply = server.get(&format!("/api/executions/{id}")).await?;
    let detail = console.show(&reply, execution::execution)?;
    Ok(match detail.execution.status {
        ExecutionStatus::Failed | ExecutionStatus::Cancelled | ExecutionStatus::Stuck => {
            Exit::Failed
        }
        _ => Exit::Ok,
    })
}

async fn rerun(console: &Console, server: &Server, args: &RerunArgs) -> Result<Exit, Failure> {
    let id: ExecutionId = named::find(server, &args.id).await?;
    let from_step = args.from.as_deref();
    let path = format!("/api/executions/{id}/rerun");
    let reply = server.post(&path, &Rerunning { from_step }).await?;
    let plan: Plan = console.show(&reply, plan::plan)?;
    let last = Last {
        plans: vec![plan.id],
        question: None,
    };
    keep(console, &Memory::open(), server, last);
    Ok(Exit::Ok)
}

async fn compare(console: &Console, server: &Server, args: &CompareArgs) -> Result<Exit, Failure> {
    let first: ExecutionId = named::find(server, &args.first).await?;
    let second: ExecutionId = named::find(server, &args.second).await?;
    let path = format!("/api/executions/{first}/comparison?with={second}");
    let reply = server.get(&path).await?;
    let rows = match args.differences {
        true => Rows::Differing,
        false => Rows::All,
    };
    console.show(&reply, |page, compared: &Comparison| {
        // Whatever reads a pipe has no width, and wants whole values.
        let width = if console.interactive {
            page.width
        } else {
            usize::MAX
        };
        let page = Page {
            width,
            ..page.clone()
        };
        comparison::comparison(&page, compared, rows)
    })?;
    Ok(Exit::Ok)
}

async fn logs(console: &Console, server: &Server, id: &ExecutionId) -> Result<Exit, Failure> {
    let path = format!("/api/executions/{id}/logs");
    let mut lines = Tail::new(server, path, Absence::told(console));
    let all = async {
        while let Some(entry) = lines.next::<LogEntry>().await? {
            match console.json() {
                true => console.json_line(&entry)?,
                false => console.line(&log::entry(&console.page(), &entry))?,
            }
        }
        Ok(Exit::Ok)
    };
    follow::unless_interrupted(console, "Stopped reading; the execution goes on.", all).await
}

#[derive(Debug, clap::Args)]
pub struct CancelArgs {
    /// The execution; its last digits are enough
    #[arg(value_name = "ID")]
    pub id: String,
    /// Why, for whoever reads about it later
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Serialize)]
struct Cancelling<'a> {
    reason: &'a str,
}

/// # Errors
///
/// When the server does not answer, or it is too late to cancel.
pub async fn cancel(console: &Console, args: &CancelArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    let id: ExecutionId = named::find(&server, &args.id).await?;
    let cancelling = Cancelling {
        reason: args.reason.as_deref().unwrap_or_default(),
    };
    let path = format!("/api/executions/{id}/cancel");
    let reply = server.post(&path, &cancelling).await?;
    console.show(&reply, |page, execution: &Execution| {
        let what = deed(execution.action, &execution.place);
        let text = match execution.status.has_ended() {
            true => format!("cancelled: {what}"),
            false => format!(
                "{what} is told to stop, and what it did is undone; follow it with: commander executions {} --follow",
                execution.id.short()
            ),
        };
        page.paint(Tone::Plain, &text) + "\n"
    })?;
    Ok(Exit::Ok)
}
