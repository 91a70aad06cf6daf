//! An execution: where it is, and each event of its journal as a line.

use jiff::Timestamp;

use super::leftover;
use super::page::{Page, Sheet, Tone};
use super::plan::{headline, requester};
use super::table::{Cell, plain, table};
use super::words::{between, deed, length};
use crate::cli::wire::Journaled;
use crate::domain::execution::{Execution, ExecutionStatus, JournalEvent, StepState, StepStatus};
use crate::domain::past::{Moment, Past, standing, words};
use crate::domain::question::{Asking, Shown};
use crate::domain::step::StepId;
use crate::flow::ExecutionView;

/// An execution with all its steps.
pub fn execution(page: &Page, detail: &ExecutionView) -> String {
    let ExecutionView {
        execution,
        // The plan says it in full.
        version: _,
        state,
        plan,
        interruption_ms,
        past,
        left,
    } = detail;
    let mut sheet = Sheet::new(page);
    if let Some(past) = past {
        as_it_was(&mut sheet, page, past);
    }
    sheet.entry_of(
        "Execution",
        &[
            (Tone::Strong, &headline(plan)),
            (Tone::Dim, &format!("  {}", execution.id)),
        ],
    );
    let (tone, word) = status(execution.status);
    sheet.entry_of(
        "Status",
        &[
            (tone, word),
            (Tone::Dim, &format!("  {}", times(page, detail))),
        ],
    );
    match (&state.cancel, &state.failure) {
        // The step that was cut off failed by that.
        (Some(reason), _) => sheet.more(Tone::Warn, &format!("cancelled: {reason}")),
        (None, Some((step, fault))) => {
            sheet.more(Tone::Bad, &format!("{step}: {}", fault.message));
        }
        (None, None) => {}
    }
    if let Some(milliseconds) = interruption_ms {
        sheet.entry("Interruption", Tone::Plain, &length(*milliseconds));
    }
    let by = requester(&execution.requested_by);
    sheet.entry("For", Tone::Plain, &format!("{by}, plan {}", plan.id));
    if let Some(release) = &execution.release {
        sheet.entry("Release", Tone::Plain, release.as_str());
    }
    sheet.blank();
    steps(&mut sheet, page, detail);
    leftover::list(&mut sheet, left);
    for (step, asking) in state.questions() {
        sheet.blank();
        ask(&mut sheet, page, execution.id.short(), step, asking);
    }
    if past.is_none() {
        next(&mut sheet, execution);
    }
    sheet.finish()
}

/// Says before all else that this is not how it is now.
fn as_it_was(sheet: &mut Sheet<'_>, page: &Page, past: &Past) {
    let Past { moment, of } = past;
    let at = page.time(moment.at);
    let text = format!("as it was after event {} of {of}, {at}", moment.n);
    sheet.entry("The past", Tone::Warn, &text);
    sheet.more(event_tone(&moment.event), &moment.words);
    sheet.blank();
}

/// The events of a journal, to choose one of them.
pub fn moments(page: &Page, moments: &[Moment]) -> String {
    if moments.is_empty() {
        return page.paint(Tone::Dim, "nothing has begun yet") + "\n";
    }
    let mut sheet = Sheet::new(page);
    let longest = moments.len().to_string().len();
    for moment in moments {
        let marker = format!("{:>longest$}  {}  ", moment.n, page.time(moment.at));
        let tone = event_tone(&moment.event);
        sheet.point(&marker, &[(tone, &moment.words)]);
    }
    sheet.finish()
}

fn times(page: &Page, detail: &ExecutionView) -> String {
    let ended = detail.execution.ended_at;
    match (detail.state.started_at, ended) {
        (Some(from), Some(to)) => format!(
            "{} to {}, {}",
            page.time(from),
            page.time(to),
            between(from, to)
        ),
        (Some(from), None) => format!(
            "since {}, {}",
            page.time(from),
            between(from, shown_at(page, detail))
        ),
        (None, Some(at)) => format!("at {}", page.time(at)),
        (None, None) => format!("created {}", page.distance(detail.execution.created_at)),
    }
}

/// The steps as they ended, to stand where they moved before.
pub fn ended_steps(page: &Page, detail: &ExecutionView) -> String {
    let mut sheet = Sheet::new(page);
    steps(&mut sheet, page, detail);
    sheet.finish()
}

fn steps(sheet: &mut Sheet<'_>, page: &Page, detail: &ExecutionView) {
    // The server has checked the plan; without an order there is nothing to list.
    let order = detail.plan.body.in_order().unwrap_or_default();
    let longest = order.iter().map(|step| step.id.0.len()).max().unwrap_or(0);
    for step in order {
        let Some(state) = detail.state.steps.get(&step.id) else {
            continue;
        };
        let (tone, mark, word) = step_status(state.status);
        let marker = format!("  {mark} {:<longest$}  ", step.id.0);
        let took = took(shown_at(page, detail), state)
            .map(|t| format!("  {t}"))
            .unwrap_or_default();
        let said = said(state).map(|t| format!("  {t}")).unwrap_or_default();
        sheet.point(
            &marker,
            &[(tone, word), (Tone::Dim, &took), (Tone::Plain, &said)],
        );
    }
}

fn took(now: Timestamp, state: &StepState) -> Option<String> {
    let from = state.started_at?;
    Some(between(from, state.ended_at.unwrap_or(now)))
}

/// The end of what goes on: now, or the moment that is looked at.
fn shown_at(page: &Page, detail: &ExecutionView) -> Timestamp {
    detail.past.as_ref().map_or(page.now, |past| past.moment.at)
}

fn said(state: &StepState) -> Option<&str> {
    let summary = state.output.as_ref().map(|output| output.summary.as_str());
    let fault = state.fault.as_ref().map(|fault| fault.message.as_str());
    fault
        .or(summary)
        .or(state.skipped.as_deref())
        .filter(|text| !text.is_empty())
}

/// Everything that an execution asks now.
pub fn questions(page: &Page, detail: &ExecutionView) -> String {
    let all = detail.state.questions();
    let all: String = all
        .map(|(step, asking)| question(page, detail, step, asking))
        .collect();
    match all.is_empty() {
        true => page.paint(Tone::Dim, "nothing is asked there now") + "\n",
        false => all,
    }
}

pub fn question(page: &Page, detail: &ExecutionView, step: &StepId, asking: &Asking) -> String {
    let mut sheet = Sheet::new(page);
    ask(&mut sheet, page, detail.execution.id.short(), step, asking);
    sheet.finish()
}

/// A question as it comes while the execution is followed.
pub fn asked(page: &Page, id: &str, journaled: &Journaled) -> String {
    let JournalEvent::Asked {
        step,
        shown,
        digest,
        until,
    } = &journaled.event
    else {
        return event(page, journaled);
    };
    let asking = Asking {
        shown: shown.clone(),
        digest: digest.clone(),
        until: *until,
    };
    let mut sheet = Sheet::new(page);
    ask(&mut sheet, page, id, step, &asking);
    sheet.finish().trim_end().to_owned()
}

fn ask(sheet: &mut Sheet<'_>, page: &Page, id: &str, step: &StepId, asking: &Asking) {
    let Shown {
        question,
        choices,
        answerers,
        image_id,
        results,
    } = &asking.shown;
    sheet.entry("Question", Tone::Warn, question);
    if let Some(image) = image_id {
        sheet.entry("Image", Tone::Plain, image.short());
    }
    for (before, result) in results {
        sheet.entry("Result", Tone::Plain, &format!("{before}: {result}"));
    }
    let names: Vec<&str> = answerers.iter().map(|name| name.as_str()).collect();
    let who = match names.is_empty() {
        true => "whoever may approve".to_owned(),
        false => names.join(", "),
    };
    let text = format!(
        "{who}, until {}; no answer means no",
        page.time(asking.until)
    );
    sheet.entry("Answered by", Tone::Plain, &text);
    for choice in choices {
        let text = format!("commander answer {id} --step {step} --choice {choice}");
        sheet.entry("Answer", Tone::Strong, &text);
    }
}

fn next(sheet: &mut Sheet<'_>, execution: &Execution) {
    sheet.blank();
    let id = execution.id.short();
    if execution.status.has_ended() {
        let text = format!("commander executions {id} --logs");
        sheet.entry("Logs", Tone::Plain, &text);
    } else {
        let text = format!("commander executions {id} --follow");
        sheet.entry("Follow", Tone::Plain, &text);
        sheet.entry("Cancel", Tone::Plain, &format!("commander cancel {id}"));
    }
}

pub fn status(status: ExecutionStatus) -> (Tone, &'static str) {
    (status_tone(status), standing(status))
}

fn status_tone(status: ExecutionStatus) -> Tone {
    match status {
        ExecutionStatus::Running => Tone::Plain,
        ExecutionStatus::Waiting | ExecutionStatus::Unwinding | ExecutionStatus::Cancelled => {
            Tone::Warn
        }
        ExecutionStatus::Succeeded => Tone::Good,
        ExecutionStatus::Failed | ExecutionStatus::Stuck => Tone::Bad,
    }
}

/// Its colour, its mark and its word.
pub fn step_status(status: StepStatus) -> (Tone, char, &'static str) {
    match status {
        StepStatus::Waiting => (Tone::Dim, '·', "waits"),
        StepStatus::Asking => (Tone::Warn, '?', "waits for an answer"),
        StepStatus::Running => (Tone::Plain, '>', "runs"),
        StepStatus::Pausing => (Tone::Warn, '~', "failed, and is tried again"),
        StepStatus::Skipped => (Tone::Dim, '-', "skipped"),
        StepStatus::Done => (Tone::Good, '✓', "done"),
        StepStatus::Failed => (Tone::Bad, '✗', "failed"),
        StepStatus::Undoing => (Tone::Warn, '<', "is being undone"),
        StepStatus::Undone => (Tone::Warn, '-', "undone"),
        StepStatus::UndoFailed => (Tone::Bad, '!', "could not be undone"),
    }
}

/// One event of the journal as a line for those who read no colours and no moving pictures.
pub fn event(page: &Page, journaled: &Journaled) -> String {
    let at = page.paint(Tone::Dim, &page.time(journaled.at));
    let text = page.paint(event_tone(&journaled.event), &words(&journaled.event));
    format!("{at}  {text}")
}

fn event_tone(event: &JournalEvent) -> Tone {
    match event {
        JournalEvent::Started { .. }
        | JournalEvent::StepStarted { .. }
        | JournalEvent::Answered { .. }
        | JournalEvent::UndoStarted { .. } => Tone::Plain,
        JournalEvent::StepDone { .. } => Tone::Good,
        JournalEvent::StepFailed { .. } | JournalEvent::UndoFailed { .. } => Tone::Bad,
        JournalEvent::StepSkipped { .. } => Tone::Dim,
        JournalEvent::StepRetried { .. }
        | JournalEvent::Asked { .. }
        | JournalEvent::CancelRequested { .. }
        | JournalEvent::UnwindStarted { .. }
        | JournalEvent::UndoDone { .. } => Tone::Warn,
        JournalEvent::Ended { status } => status_tone(*status),
    }
}

/// How it ended, in the last line that a follower reads.
pub fn ending(detail: &ExecutionView) -> (Tone, String) {
    let (tone, word) = status(detail.execution.status);
    let took = match (detail.state.started_at, detail.execution.ended_at) {
        (Some(from), Some(to)) => format!(" after {}", between(from, to)),
        _ => String::new(),
    };
    let what = headline(&detail.plan);
    match detail.execution.status {
        ExecutionStatus::Succeeded => {
            let interrupted = detail
                .interruption_ms
                .map(|milliseconds| format!(", interruption {}", length(milliseconds)))
                .unwrap_or_default();
            (tone, format!("{what}: {word}{took}{interrupted}"))
        }
        _ => {
            let why = match (&detail.state.cancel, &detail.state.failure) {
                // The step that was cut off failed by that.
                (Some(reason), _) => Some(format!(": {reason}")),
                (None, Some((step, fault))) => Some(format!(": {step}: {}", fault.message)),
                (None, None) => None,
            };
            (
                tone,
                format!("{what}: {word}{took}{}", why.unwrap_or_default()),
            )
        }
    }
}

/// A list of executions, newest first.
pub fn list(page: &Page, executions: &[Execution]) -> String {
    if executions.is_empty() {
        return page.paint(Tone::Dim, "nothing was executed yet") + "\n";
    }
    let rows: Vec<[Cell; 5]> = executions
        .iter()
        .map(|execution| {
            let (tone, word) = short_status(execution.status);
            let took = execution
                .ended_at
                .map_or("-".to_owned(), |at| between(execution.created_at, at));
            [
                plain(execution.id.short()),
                (tone, word.to_owned()),
                plain(deed(execution.action, &execution.place)),
                (Tone::Dim, page.distance(execution.created_at)),
                (Tone::Dim, took),
            ]
        })
        .collect();
    table(
        page,
        ["EXECUTION", "STATUS", "WHAT", "CREATED", "TOOK"],
        &rows,
    )
}

fn short_status(status: ExecutionStatus) -> (Tone, &'static str) {
    match status {
        ExecutionStatus::Waiting => (Tone::Warn, "waiting"),
        ExecutionStatus::Running => (Tone::Plain, "running"),
        ExecutionStatus::Unwinding => (Tone::Warn, "unwinding"),
        ExecutionStatus::Succeeded => (Tone::Good, "succeeded"),
        ExecutionStatus::Failed => (Tone::Bad, "failed"),
        ExecutionStatus::Cancelled => (Tone::Warn, "cancelled"),
        ExecutionStatus::Stuck => (Tone::Bad, "stuck"),
    }
}
