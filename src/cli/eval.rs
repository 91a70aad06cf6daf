//! `commander eval`: how well a file of labelled sentences is read. It needs no server, Docker or
//! database, and reads in open mode, as `commander interpret` without a catalogue does.

mod count;
pub mod procedures;
mod score;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

pub use count::{Score, Scores, Slots};
pub use score::{Expect, Label, Miss, score};

use super::console::Console;
use super::exit::{Exit, Failure};
use super::interpret::Row;
use crate::agents;
use crate::app;
use crate::domain::interpret::{Definition, Vocabulary, interpret};
use crate::domain::text::printable;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Exit codes:
    0  scored, without a plan that could do harm
    1  scored, with an unsafe plan or a wrong environment
   65  a line is not a labelled sentence; the rest is scored
   66  the file cannot be read")]
pub struct EvalArgs {
    /// A file with one `{\"id\", \"text\", \"expect\"}` a line
    #[arg(value_name = "FILE.jsonl")]
    pub file: PathBuf,
    /// Print each sentence that is read otherwise than labelled
    #[arg(long)]
    pub wrong: bool,
    /// The lines are sentences of procedures: score what is recognised in them
    #[arg(long)]
    pub procedures: bool,
}

/// A sentence that is read otherwise than labelled.
struct Wrong {
    id: String,
    text: String,
    misses: BTreeSet<Miss>,
    row: Value,
}

/// # Errors
///
/// When the file cannot be read, or the output not be written.
pub fn run(console: &Console, args: &EvalArgs) -> Result<Exit, Failure> {
    let definition = Definition::with_languages(agents::INTERPRETER, &agents::LANGUAGES)
        .map_err(|error| Failure::Internal(error.to_string()))?;
    if args.procedures {
        return score_procedures(console, args, &definition);
    }
    let mut scores = Scores::default();
    let mut wrong = Vec::new();
    let mut bad = Vec::new();
    for (number, line) in lines(&args.file)? {
        let label: Label = match serde_json::from_str(&line) {
            Ok(label) => label,
            Err(error) => {
                bad.push(format!("line {number}: {error}"));
                continue;
            }
        };
        let reading = interpret(&label.text, &definition, &Vocabulary::Open, None);
        let row = Row::of(label.id.clone(), &reading);
        let (one, misses) = score(&label.expect, &row);
        scores.add(label.group.as_deref(), &one);
        if !misses.is_empty() {
            let row =
                serde_json::to_value(&row).map_err(|error| Failure::Internal(error.to_string()))?;
            wrong.push(Wrong {
                id: label.id,
                text: label.text,
                misses,
                row,
            });
        }
    }
    for line in &bad {
        console.aside(&format!(
            "commander eval: {line}: expected {{\"id\", \"text\", \"expect\"}}"
        ));
    }
    let listed = if args.wrong { wrong.as_slice() } else { &[] };
    if console.json() {
        console.json_line(&as_json(&scores, listed, bad.len()))?;
    } else {
        console.print(&table(&scores, listed))?;
    }
    Ok(match (bad.is_empty(), scores.all.is_safe()) {
        (_, false) => Exit::Failed,
        (false, true) => Exit::Data,
        (true, true) => Exit::Ok,
    })
}

/// An ordinary moment: a Tuesday morning, far from any holiday.
const ORDINARY: jiff::civil::DateTime = jiff::civil::datetime(2026, 11, 17, 10, 0, 0, 0);

fn score_procedures(
    console: &Console,
    args: &EvalArgs,
    interpreter: &Definition,
) -> Result<Exit, Failure> {
    let advisor = app::advisor().map_err(|error| Failure::Internal(error.to_string()))?;
    let readers = procedures::Readers {
        advisor: &advisor,
        interpreter,
        now: ORDINARY,
    };
    let mut all = procedures::Counts::default();
    let mut kinds: BTreeMap<String, procedures::Counts> = BTreeMap::new();
    let (mut wrong, mut bad) = (Vec::new(), 0_u32);
    for (number, line) in lines(&args.file)? {
        let label = serde_json::from_str(&line).map_err(|error| error.to_string());
        let tried = label.and_then(|label: procedures::Labelled| {
            procedures::try_text(&label, &readers).map(|tried| (label, tried))
        });
        let (label, tried) = match tried {
            Ok(both) => both,
            Err(error) => {
                bad += 1;
                console.aside(&format!(
                    "commander eval: line {number}: {}",
                    printable(&error, 200)
                ));
                continue;
            }
        };
        all.add(&label.expect, &tried);
        let kind = label.expect.kind.clone().unwrap_or_default();
        kinds.entry(kind).or_default().add(&label.expect, &tried);
        let misses = tried.misses(&label.expect);
        if args.wrong && !misses.is_empty() {
            wrong.push(
                json!({"id": label.id, "text": label.text, "misses": misses, "kinds": tried.kinds}),
            );
        }
    }
    if console.json() {
        console.json_line(&json!({"all": all, "kinds": kinds, "wrong": wrong, "badLines": bad}))?;
    } else {
        let listed: Vec<String> = wrong.iter().map(|wrong| format!("{wrong}\n")).collect();
        console.print(&(procedures::table(&kinds, &all) + &listed.concat()))?;
    }
    Ok(if bad == 0 { Exit::Ok } else { Exit::Data })
}

/// The lines that are not empty, with their numbers.
fn lines(path: &Path) -> Result<Vec<(usize, String)>, Failure> {
    let unreadable = |source| Failure::Unreadable {
        what: path.display().to_string(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut lines = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if !line.trim().is_empty() {
            lines.push((index + 1, line));
        }
    }
    Ok(lines)
}

fn as_json(scores: &Scores, wrong: &[Wrong], bad: usize) -> Value {
    let groups: serde_json::Map<String, Value> = scores
        .groups
        .iter()
        .map(|(name, score)| (name.clone(), figures(score)))
        .collect();
    let wrong: Vec<Value> = wrong
        .iter()
        .map(|wrong| json!({"id": wrong.id, "text": wrong.text, "misses": wrong.misses, "reading": wrong.row}))
        .collect();
    json!({"all": figures(&scores.all), "groups": groups, "wrong": wrong, "badLines": bad})
}

fn figures(score: &Score) -> Value {
    json!({
        "sentences": score.sentences,
        "unsafePlans": score.unsafe_plans,
        "wrongEnvironments": score.wrong_environments,
        "actionAccuracy": score.actions(),
        "slotPrecision": score.slots.precision(),
        "slotRecall": score.slots.recall(),
        "slotF1": score.slots.f1(),
        "slots": score.slots,
        "toBeAsked": score.to_be_asked,
        "askedWhenNeeded": score.asked_when_needed(),
        "askedInVain": score.asked_in_vain,
        "silentDrops": score.silent_drops,
    })
}

fn table(scores: &Scores, wrong: &[Wrong]) -> String {
    let widest = scores.groups.keys().map(|name| name.chars().count()).max();
    let width = widest.unwrap_or_default().max("all".len());
    let mut out = format!(
        "{:<width$}  sentences  unsafe  wrong env  actions  precision  recall     F1  asked  in vain  silent\n",
        ""
    );
    let rows = scores
        .groups
        .iter()
        .map(|(name, score)| (name.as_str(), score));
    for (name, score) in rows.chain([("all", &scores.all)]) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{name:<width$}  {:>9}  {:>6}  {:>9}  {:>6.1}%  {:>8.3}  {:>6.3}  {:>5.3}  {:>4.0}%  {:>7}  {:>6}",
            score.sentences,
            score.unsafe_plans,
            score.wrong_environments,
            100.0 * score.actions(),
            score.slots.precision(),
            score.slots.recall(),
            score.slots.f1(),
            100.0 * score.asked_when_needed(),
            score.asked_in_vain,
            score.silent_drops,
        );
    }
    for wrong in wrong {
        let misses: Vec<&str> = wrong.misses.iter().map(|miss| miss.as_str()).collect();
        let _ = write!(
            out,
            "\n{}  {}\n    {}\n    {}\n",
            printable(&wrong.id, 80),
            printable(&wrong.text, 200),
            misses.join(", "),
            wrong.row
        );
    }
    out
}
