//! Two executions beside each other, as a table: what is alike is dimmed.

use super::page::{Page, Tone};
use super::table::{Cell, table};
use super::words::deed;
use crate::domain::comparison::{Compared, ComparedStep, Comparison};
use crate::domain::execution::Execution;

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    All,
    Differing,
}

pub fn comparison(page: &Page, comparison: &Comparison, rows: Rows) -> String {
    let head = |label: &str, execution: &Execution| {
        let what = deed(execution.action, &execution.place);
        let text = format!("{label:<8}{what}  {}", execution.id);
        page.paint(Tone::Strong, &text) + "\n"
    };
    let mut all: Vec<[Cell; 4]> = Vec::new();
    all.extend(comparison.whole.iter().map(|value| row("-", value)));
    for step in &comparison.steps {
        all.extend(presence(step));
        all.extend(step.values.iter().map(|value| row(&step.step.0, value)));
    }
    if rows == Rows::Differing {
        all.retain(|[step, ..]| step.0 != Tone::Dim);
    }
    let mut text = head("First", &comparison.first) + &head("Second", &comparison.second);
    text.push('\n');
    match all.is_empty() {
        true => text.push_str("they do not differ\n"),
        false => text.push_str(&table(page, ["STEP", "WHAT", "FIRST", "SECOND"], &all)),
    }
    text
}

/// Said only where one of the two does not have the step.
fn presence(step: &ComparedStep) -> Option<[Cell; 4]> {
    let word = |is_there: bool| Some(if is_there { "yes" } else { "no" }.to_owned());
    let value = Compared {
        what: "is there".to_owned(),
        first: word(step.in_first),
        second: word(step.in_second),
        differs: true,
    };
    (step.in_first != step.in_second).then(|| row(&step.step.0, &value))
}

fn row(step: &str, value: &Compared) -> [Cell; 4] {
    let tone = match value.differs {
        true => Tone::Plain,
        false => Tone::Dim,
    };
    let side = |side: &Option<String>| (tone, side.clone().unwrap_or_else(|| "-".to_owned()));
    [
        (tone, step.to_owned()),
        (tone, value.what.clone()),
        side(&value.first),
        side(&value.second),
    ]
}
