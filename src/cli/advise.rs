//! `commander advise`: what a folder of procedures says about a sentence. It needs no server, Docker
//! or database: what only they know is assumed, told, or given in a file of facts.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::console::Console;
use super::exit::{Exit, Failure};
use crate::adapters::procedures;
use crate::agents;
use crate::app;
use crate::domain::advice::{Citation, Finding, RuleStage, Severity};
use crate::domain::facts::{FactValue, Facts, Kind, fact};
use crate::domain::interpret::{Definition, Vocabulary, interpret};
use crate::domain::sop::statement::{Claims, StatementKind};
use crate::domain::sop::{Decisions, Procedures, Trial, trials, try_out};
use crate::domain::text::printable;
use crate::os::clock;

/// A longer file is no list of facts.
const MAX_FACTS: u64 = 64 * 1024;

#[derive(Debug, clap::Args)]
pub struct AdviseArgs {
    /// What would be asked for.
    pub sentence: String,
    /// The folder of procedures.
    #[arg(long, value_name = "DIR", default_value = "sops")]
    pub sops: PathBuf,
    /// The moment, as 2026-11-20T17:05, in the time zone of the procedures; else what the sentence
    /// says, else now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// A JSON object of facts by name: {"plan.environment": "staging", "attested.backup": true}.
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
    /// Count what is recognised in the text as rules, as if somebody had accepted it.
    #[arg(long)]
    pub accept_suggestions: bool,
}

/// # Errors
///
/// When the folder, the time or the facts cannot be read.
pub fn run(console: &Console, args: &AdviseArgs) -> Result<Exit, Failure> {
    let report = report(args)?;
    let mut out = io::stdout().lock();
    let written = match console.json() {
        true => serde_json::to_writer(&mut out, &report)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
        false => out.write_all(report.plain().as_bytes()),
    };
    written.map_err(Failure::Output)?;
    Ok(Exit::Ok)
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub sentence: String,
    /// The local time that the procedures were asked about.
    pub at: String,
    /// What the sentence does not say and no fact of the file does.
    pub assumptions: Vec<String>,
    pub plans: Vec<TriedPlan>,
    pub findings: Vec<TriedFinding>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriedPlan {
    pub action: String,
    pub service: String,
    pub environment: String,
    pub required_approvals: u32,
    /// Rules and accepted statements that concern the plan and are kept.
    pub rules_kept: u32,
    pub blocked: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriedFinding {
    pub severity: Severity,
    /// The environment of the plan that it is about.
    pub environment: String,
    /// The id of the rule, where it comes from a front matter.
    pub rule: Option<String>,
    /// The id of the statement, where it comes from the text.
    pub statement: Option<String>,
    pub kind: Option<StatementKind>,
    pub at: RuleStage,
    pub message: String,
    pub citation: Citation,
}

/// # Errors
///
/// As [`run`].
pub fn report(args: &AdviseArgs) -> Result<Report, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::Internal(error.to_string());
    let advisor = app::advisor().map_err(|error| broken(&error))?;
    let interpreter = Definition::with_languages(agents::INTERPRETER, &agents::LANGUAGES)
        .map_err(|error| broken(&error))?;
    let procedures = procedures::load_recognising(&args.sops, &advisor)
        .map_err(|error| Failure::Data(error.to_string()))?;
    let given = args
        .facts
        .as_deref()
        .map(read_facts)
        .transpose()?
        .unwrap_or_default();
    let at = args.at.as_deref().map(local_time).transpose()?;
    let now = clock::now().to_zoned(TimeZone::UTC).datetime();

    let reading = interpret(&args.sentence, &interpreter, &Vocabulary::Open, None);
    let draft = reading.intent.unwrap_or_default();
    let claims = procedures.claims(&args.sentence);
    let mut tried = trials(&draft, &claims, at, now);
    for trial in &mut tried {
        for (name, value) in &given {
            let set = trial.facts.set(name, value.clone());
            set.map_err(|wrong| Failure::Data(format!("--facts: {wrong}")))?;
        }
    }
    if given.iter().any(|(name, _)| name == "plan.environment") {
        tried.truncate(1);
    }
    let decisions = match args.accept_suggestions {
        true => Decisions::all_accepted(),
        false => Decisions::default(),
    };
    Ok(Report::of(
        &args.sentence,
        &procedures,
        &decisions,
        &claims,
        &tried,
    ))
}

impl Report {
    fn of(
        sentence: &str,
        procedures: &Procedures,
        decisions: &Decisions,
        claims: &Claims,
        tried: &[Trial],
    ) -> Self {
        let mut report = Self {
            sentence: printable(sentence, 4_096),
            at: String::new(),
            assumptions: Vec::new(),
            plans: Vec::new(),
            findings: Vec::new(),
        };
        for trial in tried {
            let Trial {
                facts, assumptions, ..
            } = trial;
            let advice = try_out(procedures, decisions, sentence, claims, trial);
            let Facts { plan, time, .. } = facts;
            report.at = format!(
                "{} {:02}:{:02} ({})",
                time.date, time.hour, time.minute, time.weekday
            );
            report.assumptions.extend(assumptions.iter().cloned());
            report.plans.push(TriedPlan {
                action: plan.action.clone(),
                service: plan.service.clone(),
                environment: plan.environment.clone(),
                required_approvals: advice.required_approvals,
                rules_kept: advice.rules_kept,
                blocked: advice.blocking().next().is_some(),
            });
            let findings = advice.findings.into_iter();
            report.findings.extend(
                findings.map(|finding| TriedFinding::of(finding, &plan.environment, procedures)),
            );
        }
        report.assumptions.sort();
        report.assumptions.dedup();
        report
    }

    fn plain(&self) -> String {
        let mut lines = Vec::new();
        for plan in &self.plans {
            let TriedPlan {
                action,
                service,
                environment,
                rules_kept,
                required_approvals,
                ..
            } = plan;
            lines.push(format!(
                "{action} {service} to {environment}, {}: {rules_kept} rules are kept, {required_approvals} approvals",
                self.at
            ));
        }
        lines.extend(
            self.assumptions
                .iter()
                .map(|assumed| format!("assumed: {assumed}")),
        );
        for finding in &self.findings {
            let severity = match finding.severity {
                Severity::High => "HIGH",
                Severity::Warning => "WARNING",
                Severity::Info => "INFO",
            };
            let source = finding.rule.as_ref().or(finding.statement.as_ref());
            lines.push(format!("\n{severity}  {}", finding.message));
            lines.push(format!(
                "  {}  {}  {}",
                finding.citation.place(),
                finding.citation.heading.join(" > "),
                source.map_or("", String::as_str)
            ));
        }
        if self.findings.is_empty() {
            lines.push("The procedures have nothing to say against it.".to_owned());
        }
        lines.join("\n") + "\n"
    }
}

impl TriedFinding {
    fn of(finding: Finding, environment: &str, procedures: &Procedures) -> Self {
        let statements = procedures.sops().iter().flat_map(|sop| &sop.statements);
        let kind = finding.statement.as_deref().and_then(|id| {
            statements
                .into_iter()
                .find(|statement| statement.id.as_str() == id)
                .map(|statement| statement.kind)
        });
        Self {
            severity: finding.severity,
            environment: environment.to_owned(),
            rule: finding.citation.rule.clone(),
            statement: finding.statement,
            kind,
            at: finding.at,
            message: finding.message,
            citation: finding.citation,
        }
    }
}

/// The time as it is written: its zone is that of the procedures.
fn local_time(text: &str) -> Result<DateTime, Failure> {
    let wrong = || {
        Failure::Usage(format!(
            "--at: \"{}\" is no time: write it as 2026-11-20T17:05",
            printable(text, 80)
        ))
    };
    let text = text.trim();
    let date_end = text.len().min(10);
    let zone = text
        .get(date_end..)
        .and_then(|rest| rest.find(['Z', 'z', '+', '-', '[']))
        .map_or(text.len(), |at| date_end + at);
    let local = text.get(..zone).ok_or_else(wrong)?;
    let local = local.replace(' ', "T");
    match local.len() {
        0..=10 => format!("{local}T12:00:00"),
        _ => local,
    }
    .parse()
    .map_err(|_| wrong())
}

fn read_facts(path: &Path) -> Result<Vec<(String, FactValue)>, Failure> {
    let unreadable = |source| Failure::Unreadable {
        what: path.display().to_string(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FACTS)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    facts_of(&text).map_err(|wrong| Failure::Data(format!("{}: {wrong}", path.display())))
}

/// Facts by name: `{"plan.environment": "staging"}`, or in groups: `{"plan": {"environment": ...}}`.
///
/// # Errors
///
/// What is wrong with them, in a sentence.
pub fn facts_of(text: &str) -> Result<Vec<(String, FactValue)>, String> {
    const FORM: &str =
        "must be a JSON object of facts by name, as {\"plan.environment\": \"staging\"}";
    let value: Value = serde_json::from_str(text).map_err(|error| format!("{FORM}: {error}"))?;
    let Value::Object(entries) = value else {
        return Err(FORM.to_owned());
    };
    let mut facts = Vec::new();
    for (name, value) in entries {
        match value {
            Value::Object(group) => {
                for (member, value) in group {
                    facts.push(one_fact(&format!("{name}.{member}"), value)?);
                }
            }
            value => facts.push(one_fact(&name, value)?),
        }
    }
    let mut tried = Facts::example();
    for (name, value) in &facts {
        tried
            .set(name, value.clone())
            .map_err(|wrong| wrong.to_string())?;
    }
    Ok(facts)
}

fn one_fact(name: &str, value: Value) -> Result<(String, FactValue), String> {
    let is_attested = fact(name).is_some_and(
        |fact| matches!(fact.kind, Kind::Word(words) if words.contains(&"yes") && words.contains(&"no")),
    );
    let texts = |items: Vec<Value>| {
        items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect::<Option<Vec<String>>>()
    };
    let found = match value {
        Value::Bool(true) if is_attested => Some(FactValue::Text("yes".to_owned())),
        Value::Bool(false) if is_attested => Some(FactValue::Text("no".to_owned())),
        Value::Bool(value) => Some(FactValue::Bool(value)),
        Value::Number(number) => number.as_i64().map(FactValue::Number),
        Value::String(text) => Some(FactValue::Text(text)),
        Value::Array(items) => texts(items).map(FactValue::Texts),
        Value::Null | Value::Object(_) => None,
    };
    found.map(|value| (name.to_owned(), value)).ok_or_else(|| {
        format!(
            "\"{}\" must be true or false, a whole number, text or a list of texts",
            printable(name, 80)
        )
    })
}
