//! The score of sentences of procedures: is the demand recognised, does it flag the plan that breaks
//! it, and is it silent about the good one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::domain::advice::Severity;
use crate::domain::interpret::{Definition as Interpreter, Vocabulary, interpret};
use crate::domain::sop::statement::Definition;
use crate::domain::sop::{Decisions, Procedures, Sop, trials, try_out};
use crate::domain::text::printable;

#[derive(Debug, Clone, Deserialize)]
pub struct Labelled {
    pub id: String,
    pub text: String,
    pub expect: Expected,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Expected {
    /// The kind of the demand; `none` for a text that demands nothing, absent where it is not compared.
    pub kind: Option<String>,
    /// A command for a plan that the text is against.
    pub flagged_example: Option<String>,
    /// A command for a plan that it has nothing against.
    pub ok_example: Option<String>,
}

/// What became of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    pub kinds: Vec<&'static str>,
    /// Absent where no example is given.
    pub flagged: Option<bool>,
    pub false_alarm: Option<bool>,
}

/// The definitions that texts and examples are read by.
pub struct Readers<'a> {
    pub advisor: &'a Arc<Definition>,
    pub interpreter: &'a Interpreter,
    /// When the examples that name no time are asked for.
    pub now: DateTime,
}

/// # Errors
///
/// When the text is no procedure at all.
pub fn try_text(label: &Labelled, readers: &Readers<'_>) -> Result<Tried, String> {
    let sop = Sop::parse("text.md", &format!("{}\n", label.text)).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        mistakes.join("; ")
    })?;
    let procedures = Procedures::recognising(vec![sop], readers.advisor);
    let statements = procedures.sops().iter().flat_map(|sop| &sop.statements);
    let mut kinds: Vec<&'static str> = statements.map(|s| s.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let warned = |command: &String| warned(&procedures, command, readers);
    Ok(Tried {
        kinds,
        flagged: label.expect.flagged_example.as_ref().map(warned),
        false_alarm: label.expect.ok_example.as_ref().map(warned),
    })
}

fn warned(procedures: &Procedures, command: &str, readers: &Readers<'_>) -> bool {
    let reading = interpret(command, readers.interpreter, &Vocabulary::Open, None);
    let claims = procedures.claims(command);
    let tried = trials(
        &reading.intent.unwrap_or_default(),
        &claims,
        None,
        readers.now,
    );
    tried.iter().any(|trial| {
        let advice = try_out(procedures, &Decisions::default(), command, &claims, trial);
        advice
            .findings
            .iter()
            .any(|finding| finding.severity != Severity::Info)
    })
}

impl Tried {
    /// What is not as labelled, in words.
    pub fn misses(&self, expected: &Expected) -> Vec<&'static str> {
        let mut misses = Vec::new();
        match expected.kind.as_deref() {
            Some("none") if !self.kinds.is_empty() => misses.push("recognised"),
            Some("none") | None => {}
            Some(kind) if !self.kinds.contains(&kind) => misses.push("kind"),
            Some(_) => {}
        }
        if self.flagged == Some(false) {
            misses.push("not_flagged");
        }
        if self.false_alarm == Some(true) {
            misses.push("false_alarm");
        }
        misses
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub texts: u32,
    /// Texts with a kind, or with none where they demand nothing.
    pub with_kind: u32,
    pub kind_right: u32,
    pub to_flag: u32,
    pub flagged: u32,
    pub good_plans: u32,
    pub false_alarms: u32,
}

impl Counts {
    pub fn add(&mut self, expected: &Expected, tried: &Tried) {
        let misses = tried.misses(expected);
        self.texts += 1;
        self.with_kind += u32::from(expected.kind.is_some());
        let wrong_kind = misses.contains(&"kind") || misses.contains(&"recognised");
        self.kind_right += u32::from(expected.kind.is_some() && !wrong_kind);
        self.to_flag += u32::from(tried.flagged.is_some());
        self.flagged += u32::from(tried.flagged == Some(true));
        self.good_plans += u32::from(tried.false_alarm.is_some());
        self.false_alarms += u32::from(tried.false_alarm == Some(true));
    }
}

/// A line for each kind, and one for all.
pub fn table(counts: &BTreeMap<String, Counts>, all: &Counts) -> String {
    let mut out = format!("{:18}  texts  kind right  flagged  false alarms\n", "");
    for (kind, counts) in counts
        .iter()
        .map(|(kind, c)| (kind.as_str(), c))
        .chain([("all", all)])
    {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{:18}  {:>5}  {:>4} of {:<3}  {:>3}/{:<3}  {:>5}/{:<3}",
            printable(kind, 18),
            counts.texts,
            counts.kind_right,
            counts.with_kind,
            counts.flagged,
            counts.to_flag,
            counts.false_alarms,
            counts.good_plans,
        );
    }
    out
}
