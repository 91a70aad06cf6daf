//! Many sentences in one run: a JSON line in, a JSON line out, in the same order.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::domain::intent::{Action, Draft, PostStep, Slot, VersionWish};
use crate::domain::interpret::{Definition, Outcome, Reading, Vocabulary, WarningCode, interpret};
use crate::domain::text::printable;

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    AllGood,
    SomeBad,
}

#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error("the lines cannot be read: {0}")]
    Input(#[source] io::Error),
    #[error("the output cannot be written: {0}")]
    Output(#[source] io::Error),
}

#[derive(Deserialize)]
struct Line {
    id: LineId,
    text: String,
}

/// The name of a line, as it was given.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LineId {
    Text(String),
    Number(i64),
}

impl From<String> for LineId {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Reads lines `{"id", "text"}` and writes one line for each, in their order. A bad line is
/// answered with an error, and the rest goes on.
///
/// # Errors
///
/// When the input or the output itself fails.
pub fn batch(
    mut input: impl BufRead,
    mut output: impl Write,
    definition: &Definition,
    vocabulary: &Vocabulary,
) -> Result<Lines, BatchError> {
    let mut end = Lines::AllGood;
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        let read = input.read_until(b'\n', &mut bytes);
        if read.map_err(BatchError::Input)? == 0 {
            break;
        }
        let json = match line(&bytes) {
            Ok(line) => {
                let reading = interpret(&line.text, definition, vocabulary, None);
                serde_json::to_string(&Row::of(line.id, &reading))
            }
            Err(error) => {
                end = Lines::SomeBad;
                serde_json::to_string(&BadLine {
                    id: None,
                    line: number,
                    error,
                })
            }
        };
        json.map_err(io::Error::from)
            .and_then(|json| writeln!(output, "{json}"))
            .map_err(BatchError::Output)?;
    }
    output.flush().map_err(BatchError::Output)?;
    Ok(end)
}

fn line(bytes: &[u8]) -> Result<Line, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())?;
    serde_json::from_str(text)
        .map_err(|error| printable(&format!("expected {{\"id\", \"text\"}}: {error}"), 200))
}

#[derive(Serialize)]
struct BadLine {
    id: Option<LineId>,
    line: u64,
    error: String,
}

/// One line of the batch's output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    pub id: LineId,
    pub outcome: Outcome,
    pub action: Option<Action>,
    pub service: Option<&'a str>,
    pub version: Option<String>,
    pub environments: Vec<&'a str>,
    pub post_steps: Vec<String>,
    pub unconsumed: Vec<&'a str>,
    pub warnings: Vec<RowWarning<'a>>,
    pub question: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub struct RowWarning<'a> {
    pub code: WarningCode,
    pub text: &'a str,
}

impl<'a> Row<'a> {
    pub fn of(id: impl Into<LineId>, reading: &'a Reading) -> Self {
        let draft = reading.intent.as_ref();
        let action = draft.and_then(|d| d.action.as_ref()).map(|slot| slot.value);
        // A text that asks for nothing at all is unsupported, not without an action.
        let action = match (action, reading.outcome) {
            (None, Outcome::Unsupported) => Some(Action::Unsupported),
            (action, _) => action,
        };
        Self {
            id: id.into(),
            outcome: reading.outcome,
            action,
            service: draft
                .and_then(|d| d.service.as_ref())
                .map(|slot| slot.value.as_str()),
            version: draft.and_then(version_as_said),
            environments: draft.map_or_else(Vec::new, |d| {
                d.environments
                    .iter()
                    .map(|slot| slot.value.as_str())
                    .collect()
            }),
            post_steps: draft.map_or_else(Vec::new, |d| d.post_steps.iter().map(slug).collect()),
            unconsumed: reading.unconsumed.iter().map(|u| u.text.as_str()).collect(),
            warnings: reading
                .warnings
                .iter()
                .map(|warning| RowWarning {
                    code: warning.code,
                    text: &warning.text,
                })
                .collect(),
            question: reading.question.as_ref().map(|q| q.text.as_str()),
        }
    }
}

/// The version as it was meant; none where no word of the sentence names one.
pub(super) fn version_as_said(draft: &Draft) -> Option<String> {
    let version = draft.version.as_ref()?;
    let action = draft.action.as_ref();
    match &version.value {
        VersionWish::Reference(name) => Some(name.clone()),
        VersionWish::Unclear(text) => Some(text.clone()),
        // "roll back" alone implies it.
        VersionWish::Previous if action.is_some_and(|slot| slot.span == version.span) => None,
        VersionWish::Previous => Some("previous".to_owned()),
        // "promote it from staging to live" says where from, not which.
        VersionWish::RunningIn(_) if action.is_some_and(|slot| slot.value == Action::Promote) => {
            None
        }
        VersionWish::RunningIn(environment) => Some(format!("the version on {environment}")),
    }
}

pub(super) fn slug(step: &Slot<PostStep>) -> String {
    match &step.value {
        PostStep::RunTests => "tests".to_owned(),
        PostStep::SmokeTests => "smoke_tests".to_owned(),
        PostStep::HealthCheck => "health_check".to_owned(),
        PostStep::Named(name) => name.replace(['-', ' '], "_").to_lowercase(),
    }
}
