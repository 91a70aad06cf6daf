//! Where a run is drawn: moving lines on a terminal, lines of text in a file or a pipe, JSON lines
//! for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::absence::Absence;
use crate::adapters::logbook::LogEntry;
use crate::cli::console::Console;
use crate::cli::exit::Failure;
use crate::cli::render::page::{Page, Tone};
use crate::cli::render::{execution, log};
use crate::cli::server::Server;
use crate::cli::wire::Journaled;
use crate::domain::execution::{JournalEvent, StepStatus};
use crate::domain::incident::Incident;
use crate::domain::step::StepId;
use crate::domain::text::printable;
use crate::domain::watch::{Evaluation, Watch};
use crate::flow::{Approved, ExecutionView};

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(120);
/// Characters of a message on a moving line; the terminal's width cuts more.
const LONGEST: usize = 300;

/// One line of `--json` while something is followed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Line<'a> {
    Approved(&'a Approved),
    Journal(&'a Journaled),
    Log(&'a LogEntry),
    Ended(&'a ExecutionView),
    Evaluation(&'a Evaluation),
    Watch(&'a Watch),
    Incident(&'a Incident),
}

pub struct Screen<'c> {
    pub console: &'c Console,
    /// The last digits of the execution that is followed.
    id: String,
    /// Present where a person sees the lines move.
    moving: Option<Moving>,
}

/// The lines that move: one for each step, or one for a watch.
struct Moving {
    all: MultiProgress,
    steps: BTreeMap<StepId, ProgressBar>,
    watch: Option<ProgressBar>,
}

impl<'c> Screen<'c> {
    pub fn new(console: &'c Console) -> Self {
        let moving = console.interactive.then(|| Moving {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
            steps: BTreeMap::new(),
            watch: None,
        });
        Self {
            console,
            id: String::new(),
            moving,
        }
    }

    fn page(&self) -> Page {
        self.console.page()
    }

    /// What the server answers, which is waited for where it is being started anew.
    pub async fn get<T: DeserializeOwned>(
        &self,
        server: &Server,
        path: &str,
    ) -> Result<T, Failure> {
        let reply = Absence::told(self.console).get(server, path).await?;
        reply.read()
    }

    /// A sentence to the person, above what moves.
    pub fn say(&self, tone: Tone, text: &str) -> Result<(), Failure> {
        if self.console.json() {
            return Ok(());
        }
        self.write(&self.page().paint(tone, text))
    }

    /// A line for programs.
    pub fn tell(&self, line: &Line<'_>) -> Result<(), Failure> {
        match self.console.json() {
            true => self.console.json_line(line),
            false => Ok(()),
        }
    }

    fn write(&self, line: &str) -> Result<(), Failure> {
        match &self.moving {
            Some(moving) => moving.all.println(line).map_err(Failure::Output),
            None => self.console.line(line),
        }
    }

    /// Lays out the steps of a run, all waiting.
    pub fn begin(&mut self, detail: &ExecutionView) {
        detail.execution.id.short().clone_into(&mut self.id);
        let Some(moving) = &mut self.moving else {
            return;
        };
        let order = detail.plan.body.in_order().unwrap_or_default();
        let longest = order.iter().map(|step| step.id.0.len()).max().unwrap_or(0);
        moving.steps.clear();
        for step in order {
            let bar = moving.all.add(ProgressBar::new_spinner());
            bar.set_style(still(StepStatus::Waiting));
            bar.set_prefix(format!("{:<longest$}", step.id.0));
            bar.tick();
            moving.steps.insert(step.id.clone(), bar);
        }
    }

    pub fn event(&mut self, journaled: &Journaled) -> Result<(), Failure> {
        self.tell(&Line::Journal(journaled))?;
        // How it ended is said in full once everything is known.
        let is_end = matches!(journaled.event, JournalEvent::Ended { .. });
        if self.console.json() || is_end {
            return Ok(());
        }
        let page = self.page();
        if let JournalEvent::Asked { .. } = journaled.event {
            return self.write(&execution::asked(&page, &self.id, journaled));
        }
        let Some(moving) = &self.moving else {
            return self.console.line(&execution::event(&page, journaled));
        };
        match moving.step(journaled, page.now) {
            Moved::Drawn => Ok(()),
            Moved::NotAStep => self.write(&execution::event(&page, journaled)),
        }
    }

    pub fn log(&self, entry: &LogEntry) -> Result<(), Failure> {
        self.tell(&Line::Log(entry))?;
        if self.console.json() {
            return Ok(());
        }
        self.write(&log::entry(&self.page(), entry))
    }

    /// Puts the steps as they ended in the place of those that moved.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn end(&mut self, detail: &ExecutionView) -> Result<(), Failure> {
        let page = self.page();
        let Some(moving) = &mut self.moving else {
            return Ok(());
        };
        for bar in moving.steps.values() {
            bar.finish_and_clear();
        }
        moving.steps.clear();
        moving.all.clear().map_err(Failure::Output)?;
        self.console.print(&execution::ended_steps(&page, detail))
    }

    /// The one line of a watch, anew; without a terminal only what `is_news` is printed.
    pub fn watch(&mut self, tone: Tone, text: &str, is_news: bool) -> Result<(), Failure> {
        if self.console.json() {
            return Ok(());
        }
        let page = self.page();
        let Some(moving) = &mut self.moving else {
            if is_news {
                let at = page.paint(Tone::Dim, &page.time(page.now));
                return self
                    .console
                    .line(&format!("{at}  {}", page.paint(tone, text)));
            }
            return Ok(());
        };
        let all = &moving.all;
        let bar = moving.watch.get_or_insert_with(|| {
            let bar = all.add(ProgressBar::new_spinner());
            bar.set_style(style("  {spinner} {wide_msg}"));
            bar.enable_steady_tick(TURN);
            bar
        });
        bar.set_message(page.paint(tone, &printable(text, LONGEST)));
        Ok(())
    }

    pub fn end_watch(&mut self) {
        if let Some(bar) = self.moving.as_mut().and_then(|moving| moving.watch.take()) {
            bar.finish_and_clear();
        }
    }
}

enum Moved {
    Drawn,
    NotAStep,
}

impl Moving {
    fn step(&self, journaled: &Journaled, now: Timestamp) -> Moved {
        let (step, status, message) = match &journaled.event {
            JournalEvent::StepStarted { step } => (step, StepStatus::Running, ""),
            JournalEvent::StepDone { step, output } => {
                (step, StepStatus::Done, output.summary.as_str())
            }
            JournalEvent::StepFailed { step, fault } => {
                (step, StepStatus::Failed, fault.message.as_str())
            }
            JournalEvent::StepRetried { step, fault, .. } => {
                (step, StepStatus::Pausing, fault.message.as_str())
            }
            JournalEvent::StepSkipped { step, reason } => {
                (step, StepStatus::Skipped, reason.as_str())
            }
            JournalEvent::UndoStarted { step } => (step, StepStatus::Undoing, "is being undone"),
            JournalEvent::UndoDone { step } => (step, StepStatus::Undone, "undone"),
            JournalEvent::UndoFailed { step, fault } => {
                (step, StepStatus::UndoFailed, fault.message.as_str())
            }
            // A question and its answer are said in full.
            JournalEvent::Started { .. }
            | JournalEvent::Asked { .. }
            | JournalEvent::Answered { .. }
            | JournalEvent::CancelRequested { .. }
            | JournalEvent::UnwindStarted { .. }
            | JournalEvent::Ended { .. } => return Moved::NotAStep,
        };
        let Some(bar) = self.steps.get(step) else {
            return Moved::NotAStep;
        };
        match status {
            StepStatus::Running | StepStatus::Undoing => {
                bar.reset();
                let since = now.duration_since(journaled.at);
                bar.set_elapsed(Duration::try_from(since).unwrap_or_default());
                bar.set_style(style("  {spinner} {prefix}  {elapsed} {wide_msg}"));
                bar.set_message(printable(message, LONGEST));
                bar.enable_steady_tick(TURN);
            }
            _ => {
                bar.disable_steady_tick();
                bar.set_style(still(status));
                bar.abandon_with_message(printable(message, LONGEST));
            }
        }
        Moved::Drawn
    }
}

/// A step that does not move: its mark, its name and what it came to.
fn still(status: StepStatus) -> ProgressStyle {
    let (_, mark, _) = execution::step_status(status);
    match status {
        StepStatus::Waiting => style(&format!("  {mark} {{prefix}}")),
        _ => style(&format!("  {mark} {{prefix}}  {{elapsed}} {{wide_msg}}")),
    }
}

/// The templates are constants of this file, and a test tries each of them.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_one() {
        for template in [
            "  {spinner} {wide_msg}",
            "  {spinner} {prefix}  {elapsed} {wide_msg}",
            "  x {prefix}",
            "  x {prefix}  {elapsed} {wide_msg}",
        ] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
