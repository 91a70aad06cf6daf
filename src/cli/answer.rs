//! `commander answer`: what an execution asks in its middle, and a person's answer to exactly what
//! is shown.

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::named;
use super::render::execution::{question, questions};
use super::render::page::Tone;
use crate::domain::digest::Digest;
use crate::domain::execution::Execution;
use crate::domain::id::ExecutionId;
use crate::domain::step::StepId;
use crate::flow::ExecutionView;

#[derive(Debug, clap::Args)]
pub struct AnswerArgs {
    /// The execution; its last digits are enough
    #[arg(value_name = "EXECUTION")]
    pub id: String,
    /// The answer, one of the choices; without it, only the question is shown
    #[arg(long, value_name = "CHOICE")]
    pub choice: Option<String>,
    /// The step that asks; needed where several do
    #[arg(long, value_name = "STEP", requires = "choice")]
    pub step: Option<String>,
    /// Kept with the answer
    #[arg(long, value_name = "TEXT", requires = "choice")]
    pub comment: Option<String>,
}

#[derive(Serialize)]
struct Answering<'a> {
    step: &'a StepId,
    choice: &'a str,
    comment: Option<&'a str>,
    shown: &'a Digest,
}

/// # Errors
///
/// When the server does not answer or refuses, or nothing is asked.
pub async fn run(console: &Console, args: &AnswerArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    let id: ExecutionId = named::find(&server, &args.id).await?;
    let reply = server.get(&format!("/api/executions/{id}")).await?;
    let view: ExecutionView = reply.read()?;
    let Some(choice) = &args.choice else {
        return match console.json() {
            true => console.line(reply.body().trim_end()),
            false => console.print(&questions(&console.page(), &view)),
        }
        .map(|()| Exit::Ok);
    };
    let step = args.step.as_deref().map(StepId::from);
    let named = |asked: &&StepId| step.as_ref().is_none_or(|step| step == *asked);
    let asked: Vec<_> = (view.state.questions())
        .filter(|(step, _)| named(step))
        .collect();
    let [(step, asking)] = asked.as_slice() else {
        return Err(Failure::Data(match asked.is_empty() {
            true => format!(
                "nothing is asked there: read it with commander executions {}",
                id.short()
            ),
            false => "several steps ask: name the one that you answer, with --step STEP".to_owned(),
        }));
    };
    if !console.json() {
        console.print(&question(&console.page(), &view, step, asking))?;
    }
    let answering = Answering {
        step,
        choice,
        comment: args.comment.as_deref(),
        shown: &asking.digest,
    };
    let path = format!("/api/executions/{id}/answer");
    let reply = server.post(&path, &answering).await?;
    console.show(&reply, |page, execution: &Execution| {
        let text = format!(
            "answered \"{choice}\"; follow it with: commander executions {} --follow",
            execution.id.short()
        );
        page.paint(Tone::Plain, &text) + "\n"
    })?;
    Ok(Exit::Ok)
}
