//! `commander ask`: a sentence, and what it comes to.

use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::memory::{Last, Memory, OpenQuestion};
use super::releases;
use super::render::asked::asked as rendered;
use super::server::Server;
use crate::domain::id::ThreadId;
use crate::domain::interpret::Outcome;
use crate::flow::Asked;
use crate::os::clock;

#[derive(Debug, clap::Args)]
pub struct AskArgs {
    /// What is to be done, as one would say it to a colleague; or the answer to the last question
    #[arg(required = true)]
    pub sentence: Vec<String>,
    /// The conversation that it belongs to [default: the one whose question is open, else a new one]
    #[arg(long, value_name = "ID")]
    pub thread: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sentence<'a> {
    text: &'a str,
    thread_id: Option<&'a ThreadId>,
}

/// # Errors
///
/// When the server does not answer, or cannot make the plan.
pub async fn run(console: &Console, args: &AskArgs) -> Result<Exit, Failure> {
    let server = console.server()?;
    let memory = Memory::open();
    let last = memory.recall(server.base());
    let named = args.thread.as_deref().map(ThreadId::parse).transpose();
    let named = named.map_err(|error| Failure::Data(error.to_string()))?;
    // Words after each other without quotes are one sentence, too.
    let text = args.sentence.join(" ");
    let sentence = Sentence {
        text: &text,
        thread_id: named.as_ref().or_else(|| last.open_thread(clock::now())),
    };
    let reply = server.post("/api/commands/parse", &sentence).await?;
    let asked = console.show(&reply, |page, asked: &Asked| rendered(page, &text, asked))?;
    remember(console, &memory, &server, &asked);
    let logs_of = asked.answer.as_ref().and_then(|a| a.logs_of.as_ref());
    if let (Some(release), false) = (logs_of, console.json()) {
        return releases::logs(console, &server, release).await;
    }
    Ok(match asked.outcome {
        Outcome::Plan | Outcome::Answer => Exit::Ok,
        // No plan was made: what waits for one must not go on.
        Outcome::Clarification | Outcome::Unsupported => Exit::Data,
    })
}

/// Keeps the plans for `approve`, or the conversation whose question is open. An answer or a
/// refusal leaves what was before.
fn remember(console: &Console, memory: &Memory, server: &Server, asked: &Asked) {
    let last = match asked.outcome {
        Outcome::Plan => Last {
            plans: asked.plans.iter().map(|plan| plan.id.clone()).collect(),
            question: None,
        },
        Outcome::Clarification => Last {
            plans: Vec::new(),
            question: Some(OpenQuestion {
                thread: asked.thread_id.clone(),
                asked_at: clock::now(),
            }),
        },
        Outcome::Answer | Outcome::Unsupported => return,
    };
    keep(console, memory, server, last);
}

/// Keeps it, or says that it could not be kept and what that means.
pub fn keep(console: &Console, memory: &Memory, server: &Server, last: Last) {
    if let Err(error) = memory.keep(server.base(), last) {
        console.aside(&format!(
            "what was asked last cannot be remembered ({error}): name the plan or the thread next time"
        ));
    }
}
