//! Following what goes on at the server, until it has ended:
//!
//! ```text
//!   execution: events and logs ──> go-live ──> its watch, evaluation by evaluation
//!                                                 │ degraded
//!                                                 └──> the incident, and the rollback's execution
//! ```
//!
//! Following changes nothing: whoever stops does not stop what is followed.

mod absence;
mod screen;
mod tail;
mod watch;

use std::time::Duration;

pub use absence::Absence;
pub use screen::{Line, Screen};
pub use tail::Tail;
pub use watch::{follow_watch, watch_of};

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::execution::ending;
use super::render::page::Tone;
use super::server::Server;
use super::wire::Journaled;
use crate::adapters::logbook::LogEntry;
use crate::domain::execution::{ExecutionStatus, JournalEvent};
use crate::domain::id::ExecutionId;
use crate::domain::intent::Action;
use crate::flow::ExecutionView;
use crate::os::signals::StopSignals;

/// How long the last lines of a log may take after the end of what printed them.
const LAST_LINES: Duration = Duration::from_secs(5);

/// Follows an execution, and after go-live the watch of its release, until nothing is open any
/// more, or until the person presses Ctrl-C.
///
/// # Errors
///
/// When the server does not answer any more.
pub async fn to_the_end(
    console: &Console,
    server: &Server,
    id: &ExecutionId,
) -> Result<Exit, Failure> {
    let short = id.short();
    let farewell = format!(
        "Stopped following; what was approved goes on at the server.\n  \
         follow it again:    commander executions {short} --follow\n  \
         until it is live:   commander cancel {short}\n  \
         after that:         commander rollback SERVICE ENVIRONMENT"
    );
    let followed =
        unless_interrupted(console, &farewell, execution_and_watch(console, server, id)).await;
    if followed.as_ref().is_err_and(Failure::is_absence) {
        console.aside(&format!(
            "Lost the server; what was approved is taken up when it runs again.\n  \
             follow it again:    commander executions {short} --follow"
        ));
    }
    followed
}

/// Does the work until it ends or the person presses Ctrl-C, who is then told what that means.
///
/// # Errors
///
/// Those of the work.
pub async fn unless_interrupted(
    console: &Console,
    farewell: &str,
    work: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    let mut signals = StopSignals::new().map_err(|error| Failure::Internal(error.to_string()))?;
    tokio::select! {
        exit = work => exit,
        () = signals.next() => {
            // Behind the ^C that the terminal shows.
            console.aside("");
            console.aside(farewell);
            Ok(Exit::Interrupted)
        }
    }
}

async fn execution_and_watch(
    console: &Console,
    server: &Server,
    id: &ExecutionId,
) -> Result<Exit, Failure> {
    let mut screen = Screen::new(console);
    let detail = follow_execution(server, &mut screen, id).await?;
    if detail.execution.status != ExecutionStatus::Succeeded {
        return Ok(Exit::Failed);
    }
    match watch_of(server, &screen, &detail.execution).await? {
        // What it goes back to has been proven before: its watch decides nothing.
        Some(watch) if detail.execution.action == Action::Rollback => {
            let text = format!(
                "it is watched, without automatic acts: commander watch {} --follow",
                watch.id.short()
            );
            screen.say(Tone::Dim, &text)?;
            Ok(Exit::Ok)
        }
        Some(watch) => follow_watch(server, &mut screen, &watch.id).await,
        None => Ok(Exit::Ok),
    }
}

/// Follows an execution to its end.
///
/// # Errors
///
/// When the server does not answer any more.
pub async fn follow_execution(
    server: &Server,
    screen: &mut Screen<'_>,
    id: &ExecutionId,
) -> Result<ExecutionView, Failure> {
    let path = format!("/api/executions/{id}");
    let detail: ExecutionView = screen.get(server, &path).await?;
    screen.begin(&detail);
    let told = Absence::told(screen.console);
    let mut journal = Tail::new(server, format!("{path}/events"), told);
    let mut logs = Tail::new(server, format!("{path}/logs"), Absence::untold());
    let mut logs_end = false;
    loop {
        tokio::select! {
            journaled = journal.next::<Journaled>() => match journaled? {
                Some(journaled) => {
                    screen.event(&journaled)?;
                    if matches!(journaled.event, JournalEvent::Ended { .. }) {
                        break;
                    }
                }
                None => break,
            },
            entry = logs.next::<LogEntry>(), if !logs_end => match entry? {
                Some(entry) => screen.log(&entry)?,
                None => logs_end = true,
            },
        }
    }
    if !logs_end {
        last_lines(screen, &mut logs).await?;
    }
    let detail: ExecutionView = screen.get(server, &path).await?;
    screen.end(&detail)?;
    screen.tell(&Line::Ended(&detail))?;
    let (tone, text) = ending(&detail);
    screen.say(tone, &text)?;
    if !detail.left.is_empty() {
        let text = format!(
            "what may be left in the world: commander executions {}",
            detail.execution.id.short()
        );
        screen.say(Tone::Warn, &text)?;
    }
    Ok(detail)
}

/// The lines are a help to people: how it ended does not wait for them for long.
async fn last_lines(screen: &Screen<'_>, logs: &mut Tail<'_>) -> Result<(), Failure> {
    let rest = async {
        while let Some(entry) = logs.next::<LogEntry>().await? {
            screen.log(&entry)?;
        }
        Ok(())
    };
    tokio::time::timeout(LAST_LINES, rest)
        .await
        .unwrap_or(Ok(()))
}
