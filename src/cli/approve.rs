//! `commander approve`: a person's yes to exactly the digest that is shown, and then the run.

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::follow::{self, Line};
use super::memory::Memory;
use super::named;
use super::render::page::{Page, Sheet, Tone};
use super::render::plan;
use super::server::{Items, Server};
use crate::domain::digest::Digest;
use crate::domain::id::PlanId;
use crate::domain::plan::{Plan, PlanStatus};
use crate::flow::Approved;

#[derive(Debug, clap::Args)]
pub struct ApproveArgs {
    /// The plan; its last digits are enough [default: the one that your last command made]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Kept with the approval
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Do not follow the run
    #[arg(long)]
    pub detach: bool,
}

#[derive(Serialize)]
struct Yes<'a> {
    digest: &'a Digest,
    comment: Option<&'a str>,
}

/// # Errors
///
/// When the server does not answer or refuses; when it is not clear which plan is meant.
pub async fn run(console: &Console, args: &ApproveArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    let plan = match &args.id {
        Some(given) => {
            let id: PlanId = named::find(&server, given).await?;
            server.get(&format!("/api/plans/{id}")).await?.read()?
        }
        None => last_plan(console, &server).await?,
    };
    if !console.json() {
        console.print(&announced(&console.page(), &plan))?;
    }
    let yes = Yes {
        digest: &plan.digest,
        comment: args.comment.as_deref(),
    };
    let path = format!("/api/plans/{}/approve", plan.id);
    let reply = server.post(&path, &yes).await?;
    let approved: Approved = reply.read()?;
    if !console.json() {
        console.print(&accepted(&console.page(), &approved))?;
    } else if args.detach || approved.execution.is_none() {
        console.line(reply.body().trim_end())?;
    } else {
        console.json_line(&Line::Approved(&approved))?;
    }
    match &approved.execution {
        Some(execution) if !args.detach => {
            follow::to_the_end(console, &server, &execution.id).await
        }
        _ => Ok(Exit::Ok),
    }
}

/// The only plan of this person's last command that still waits.
async fn last_plan(console: &Console, server: &Server) -> Result<Plan, Failure> {
    let last = Memory::open().recall(server.base());
    let mut waiting = Vec::new();
    for id in &last.plans {
        let plan: Plan = server.get(&format!("/api/plans/{id}")).await?.read()?;
        if plan.status == PlanStatus::PendingApproval {
            waiting.push(plan);
        }
    }
    if let [_] = waiting.as_slice() {
        return Ok(waiting.remove(0));
    }
    let several = !waiting.is_empty();
    if !several {
        let path = "/api/plans?status=pending_approval";
        waiting = server.get(path).await?.read::<Items<Plan>>()?.items;
    }
    if !waiting.is_empty() && !console.json() {
        console.print(&plan::list(&console.page(), &waiting))?;
    }
    Err(Failure::Data(match (several, waiting.is_empty()) {
        (true, _) => "your last command made several plans: name the one that you approve, commander approve ID",
        (false, true) => "no plan waits for approval: make one with commander ask \"...\"",
        (false, false) => "your last command made no plan that waits for approval: read one of these with commander plans ID, then name it",
    }.to_owned()))
}

/// What is approved, and the digest that is sent.
fn announced(page: &Page, plan: &Plan) -> String {
    let mut sheet = Sheet::new(page);
    sheet.entry_of(
        "Approving",
        &[
            (Tone::Strong, &plan::headline(plan)),
            (Tone::Dim, &format!("  {}", plan.id)),
        ],
    );
    sheet.entry("Digest", Tone::Plain, plan.digest.short());
    sheet.finish()
}

/// Whether it starts, and else what it waits for.
fn accepted(page: &Page, approved: &Approved) -> String {
    let mut sheet = Sheet::new(page);
    let by: Vec<&str> = approved
        .approved_by
        .iter()
        .map(|name| name.as_str())
        .collect();
    sheet.entry("Approved by", Tone::Good, &by.join(", "));
    match (&approved.execution, &approved.waits_for) {
        (None, _) => {
            let text = format!(
                "{} of {} approvals are given; another person must approve until {}",
                by.len(),
                approved.required_approvals,
                page.time(approved.plan.expires_at)
            );
            sheet.entry("Waits for", Tone::Warn, &text);
        }
        (Some(execution), Some(holder)) if holder.execution != execution.id => {
            let text = format!(
                "{} (execution {}), which runs there {}",
                holder.action.as_str(),
                holder.execution.short(),
                page.distance(holder.since)
            );
            sheet.entry("Waits for", Tone::Warn, &text);
        }
        (Some(_), _) => {}
    }
    if let Some(execution) = &approved.execution {
        sheet.entry("Execution", Tone::Plain, execution.id.as_str());
    }
    sheet.finish()
}
