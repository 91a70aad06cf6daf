//! `commander interpret`: what a sentence, or each line of a file, is read as. It needs no
//! server, Docker or database.
//!
//! Without a catalogue (`run`) any well-formed name is a service; `run_with` takes the names that
//! count. It ignores the environment and the current folder, so that a line is read alike everywhere.

mod batch;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use batch::{BatchError, Lines, Row, batch};
use batch::{slug, version_as_said};

use crate::agents;
use crate::domain::intent::{Draft, Slot, SlotSource, Span};
use crate::domain::interpret::{
    Definition, InvalidDefinition, Outcome, Reading, Vocabulary, interpret,
};
use crate::domain::text::printable;

#[derive(Debug, Clone, clap::Args)]
pub struct InterpretArgs {
    /// What is to be done, as one would say it to a colleague.
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    pub sentence: Option<String>,
    /// A file with one `{"id", "text"}` a line; `-` is the standard input. One line is printed for each.
    #[arg(long, value_name = "FILE.jsonl")]
    pub batch: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Show for each slot the words that prove it, their place, and where the value comes from.
    #[arg(long, conflicts_with = "batch")]
    pub explain: bool,
}

/// Exit codes, after sysexits.
const BAD_LINES: u8 = 65;
const NO_INPUT: u8 = 66;
const OWN_MISTAKE: u8 = 70;
const NO_OUTPUT: u8 = 74;

/// Reads in open mode.
pub fn run(args: &InterpretArgs) -> ExitCode {
    run_with(args, &Vocabulary::Open)
}

/// Reads with the names of a catalogue.
pub fn run_with(args: &InterpretArgs, vocabulary: &Vocabulary) -> ExitCode {
    match carry_out(args, vocabulary) {
        Ok(Lines::AllGood) => ExitCode::SUCCESS,
        Ok(Lines::SomeBad) => ExitCode::from(BAD_LINES),
        Err(failure) => {
            eprintln!("commander interpret: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Definition(#[from] InvalidDefinition),
    #[error("{} cannot be read ({cause}): name a file of JSON lines", path.display())]
    Input { path: PathBuf, cause: io::Error },
    #[error("the output cannot be written: {0}")]
    Output(#[source] io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Definition(_) => OWN_MISTAKE,
            Self::Input { .. } => NO_INPUT,
            Self::Output(_) => NO_OUTPUT,
        }
    }
}

fn carry_out(args: &InterpretArgs, vocabulary: &Vocabulary) -> Result<Lines, Failure> {
    let definition = Definition::with_languages(agents::INTERPRETER, &agents::LANGUAGES)?;
    let out = BufWriter::new(io::stdout().lock());
    match (&args.batch, &args.sentence) {
        (Some(path), _) => batch(open(path)?, out, &definition, vocabulary).map_err(|e| match e {
            BatchError::Input(cause) => Failure::Input {
                path: path.clone(),
                cause,
            },
            BatchError::Output(cause) => Failure::Output(cause),
        }),
        (None, sentence) => {
            let text = sentence.as_deref().unwrap_or_default();
            let reading = interpret(text, &definition, vocabulary, None);
            let style = match (args.json, args.explain) {
                (true, _) => Style::Json,
                (false, true) => Style::Explained,
                (false, false) => Style::Plain,
            };
            print(out, text, &reading, style).map_err(Failure::Output)?;
            Ok(Lines::AllGood)
        }
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(cause) => Err(Failure::Input {
            path: path.to_owned(),
            cause,
        }),
    }
}

#[derive(Clone, Copy)]
enum Style {
    Json,
    Plain,
    Explained,
}

fn print(mut out: impl Write, text: &str, reading: &Reading, style: Style) -> io::Result<()> {
    match style {
        Style::Json => writeln!(out, "{}", serde_json::to_string(reading)?)?,
        Style::Plain => write!(out, "{}", plain(text, reading))?,
        Style::Explained => {
            write!(out, "{}", plain(text, reading))?;
            write!(out, "{}", explained(text, reading))?;
        }
    }
    out.flush()
}

/// The reading for people's eyes: each slot with the words that prove it.
fn plain(text: &str, reading: &Reading) -> String {
    let mut lines = vec![format!("outcome      {}", outcome(reading.outcome))];
    if let Some(draft) = &reading.intent {
        lines.extend(draft_lines(text, draft));
    }
    for warning in &reading.warnings {
        lines.push(format!("warning      {}", warning.text));
    }
    for left in &reading.unconsumed {
        lines.push(format!("not used     {}", left.text));
    }
    if let Some(question) = &reading.question {
        lines.push(format!("question     {}", question.text));
        for (index, choice) in question.choices.iter().enumerate() {
            lines.push(format!("             {}. {choice}", index + 1));
        }
    }
    lines.extend(
        reading
            .answer
            .iter()
            .map(|answer| format!("answer       {answer}")),
    );
    lines.join("\n") + "\n"
}

/// Each slot with its place in the text and its source; then what was read otherwise than typed.
fn explained(text: &str, reading: &Reading) -> String {
    let mut lines = vec![String::new()];
    if let Some(draft) = &reading.intent {
        lines.extend(draft.action.iter().map(|slot| origin("action", slot, text)));
        lines.extend(
            draft
                .service
                .iter()
                .map(|slot| origin("service", slot, text)),
        );
        lines.extend(
            draft
                .version
                .iter()
                .map(|slot| origin("version", slot, text)),
        );
        let environments = draft.environments.iter();
        lines.extend(environments.map(|slot| origin("environment", slot, text)));
        lines.extend(
            draft
                .post_steps
                .iter()
                .map(|slot| origin("with", slot, text)),
        );
    }
    for change in &reading.changes {
        let to = match change.to.as_str() {
            "" => "left out".to_owned(),
            to => format!("read as “{}”", printable(to, 20)),
        };
        lines.push(format!("{:<12} {} {to}", "character", change.from));
    }
    lines.join("\n") + "\n"
}

/// "environment  bytes 25 to 29, “prod”, an alias of the catalogue or a usual short form"
fn origin<T>(label: &str, slot: &Slot<T>, text: &str) -> String {
    let source = match slot.source {
        SlotSource::Text => "the text",
        SlotSource::Alias => "an alias of the catalogue or a usual short form",
        SlotSource::OnlyService => "the only service there is",
        SlotSource::Thread => "an earlier sentence of the thread",
    };
    match slot.span {
        Some(Span { start, end }) => {
            let words = printable(&text[start..end], 80);
            format!("{label:<12} bytes {start} to {end}, “{words}”: {source}")
        }
        None => format!("{label:<12} {source}"),
    }
}

fn draft_lines(text: &str, draft: &Draft) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(slot) = &draft.action {
        lines.push(proved("action", slot.value.as_str(), slot, text));
    }
    if let Some(slot) = &draft.service {
        lines.push(proved("service", &slot.value, slot, text));
    }
    if let (Some(slot), Some(version)) = (&draft.version, version_as_said(draft)) {
        lines.push(proved("version", &version, slot, text));
    }
    for slot in &draft.environments {
        lines.push(proved("environment", slot.value.as_str(), slot, text));
    }
    for slot in &draft.post_steps {
        lines.push(proved("with", &slug(slot), slot, text));
    }
    lines
}

fn proved<T>(label: &str, value: &str, slot: &Slot<T>, text: &str) -> String {
    let words = match slot.span {
        Some(span) => format!("“{}”", printable(&text[span.start..span.end], 80)),
        None => format!("{:?}", slot.source),
    };
    format!("{label:<12} {} ({words})", printable(value, 80))
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Plan => "plan",
        Outcome::Clarification => "clarification",
        Outcome::Answer => "answer",
        Outcome::Unsupported => "unsupported",
    }
}
