//! `commander sops`: the procedures in use, and what an author of them needs. `check` reads a
//! folder of procedures and tries the examples beside the rules, without a server.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

mod compile;

pub use compile::{CompileArgs, compile};

use super::console::Console;
use super::exit::{Exit, Failure};
use super::render::page::Page;
use super::render::sop;
use super::server::Items;
use super::wire::SopListed;
use crate::adapters::procedures::{self, FolderContent, LoadError};
use crate::app;
use crate::domain::advice::{Citation, RuleStage, Severity};
use crate::domain::facts::facts_table;
use crate::domain::rule::{Demand, Rule};
use crate::domain::sop::{FailedExample, Mistake, Sop, StatementId, Suspicion};
use crate::domain::text::printable;
use crate::flow::Suggestion;

/// Exit codes of `sops check`, after BSD's sysexits.
pub const OK: u8 = 0;
/// A procedure has a mistake, or an example does not hold.
pub const DATA_ERROR: u8 = 65;
/// The folder cannot be read.
pub const NO_INPUT: u8 = 66;

#[derive(Debug, Args)]
pub struct SopsArgs {
    #[command(subcommand)]
    pub command: SopsCommand,
}

#[derive(Debug, Subcommand)]
pub enum SopsCommand {
    /// The procedures that the server uses.
    List,
    /// Passages that the words are found in, the best first.
    Search {
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Have the server read its folder again.
    Reindex,
    /// Read the procedures, report every mistake, and try the examples beside the rules.
    Check(CheckArgs),
    /// What the text of the server's procedures demands, and what was decided about it.
    Suggestions,
    /// Have a suggestion count as a rule, until its passage changes.
    Accept(DecideArgs),
    /// Have a suggestion looked at no more, until its passage changes. One that was accepted is taken
    /// back by two people, with a reason (`--comment`).
    Refuse(DecideArgs),
    /// Show what the text of procedures demands, and the rule that each demand would become (no
    /// server).
    Compile(CompileArgs),
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The folder of procedures.
    #[arg(long, value_name = "DIR", default_value = "sops")]
    pub sops: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The id of the suggestion, as `commander sops suggestions` shows it.
    pub id: String,
    /// Why, for the audit trail.
    #[arg(long)]
    pub comment: Option<String>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Remark<'a> {
    comment: Option<&'a str>,
}

/// # Errors
///
/// When the server does not answer; `check` needs none.
pub async fn run(console: &Console, args: &SopsArgs) -> Result<Exit, Failure> {
    let listed = |page: &Page, sops: &Items<SopListed>| sop::list(page, &sops.items);
    match &args.command {
        SopsCommand::List => {
            let reply = console.server()?.get("/api/sops").await?;
            console.show(&reply, listed)?;
        }
        SopsCommand::Reindex => {
            let server = console.server()?;
            let reply = server.post("/api/sops/reindex", &Nothing {}).await?;
            console.show(&reply, listed)?;
        }
        SopsCommand::Suggestions => {
            let reply = console.server()?.get("/api/sops/suggestions").await?;
            console.show(&reply, |page, found: &Items<Suggestion>| {
                sop::suggestions(page, &found.items)
            })?;
        }
        SopsCommand::Accept(args) => decide(console, args, "accept").await?,
        SopsCommand::Refuse(args) => decide(console, args, "refuse").await?,
        SopsCommand::Search { words } => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("q", &words.join(" "));
            let path = format!("/api/sops/search?{}", query.finish());
            let reply = console.server()?.get(&path).await?;
            console.show(&reply, |page, found: &Items<Citation>| {
                sop::passages(page, &found.items)
            })?;
        }
        SopsCommand::Check(args) => {
            let args = CheckArgs {
                sops: args.sops.clone(),
                json: args.json || console.json(),
            };
            let code = check(&args, &mut io::stdout().lock()).map_err(Failure::Output)?;
            return Ok(exit_of(code));
        }
        SopsCommand::Compile(args) => {
            let args = CompileArgs {
                sops: args.sops.clone(),
                json: args.json || console.json(),
            };
            let definition =
                app::advisor().map_err(|error| Failure::Internal(error.to_string()))?;
            let code = compile(&args, &definition, &mut io::stdout().lock());
            return Ok(exit_of(code.map_err(Failure::Output)?));
        }
    }
    Ok(Exit::Ok)
}

async fn decide(console: &Console, args: &DecideArgs, verb: &str) -> Result<(), Failure> {
    let wrong = || {
        let id = printable(&args.id, 80);
        Failure::Data(format!(
            "\"{id}\" is not the id of a suggestion: `commander sops suggestions` lists them"
        ))
    };
    let id = StatementId::parse(&args.id).ok_or_else(wrong)?;
    let remark = Remark {
        comment: args.comment.as_deref(),
    };
    let path = format!("/api/sops/suggestions/{id}/{verb}");
    let reply = console.server()?.post(&path, &remark).await?;
    console.show(&reply, |page, decided: &Suggestion| {
        sop::suggestions(page, std::slice::from_ref(decided))
    })?;
    Ok(())
}

fn exit_of(code: u8) -> Exit {
    match code {
        OK => Exit::Ok,
        NO_INPUT => Exit::NoInput,
        _ => Exit::Data,
    }
}

/// Runs `sops check` and returns its exit code.
///
/// # Errors
///
/// When the report cannot be written.
pub fn check(args: &CheckArgs, out: &mut impl Write) -> io::Result<u8> {
    let report = match procedures::read(&args.sops) {
        Ok(content) => Report::of(&content),
        Err(error) => {
            let report = Report::unreadable(&error);
            report.write(args.json, out)?;
            return Ok(NO_INPUT);
        }
    };
    report.write(args.json, out)?;
    Ok(if report.is_clean() { OK } else { DATA_ERROR })
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Why nothing could be read.
    error: Option<String>,
    sops: Vec<SopReport>,
    mistakes: Vec<Mistake>,
    failed_examples: Vec<FailedExample>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SopReport {
    file: String,
    title: String,
    passages: usize,
    rules: Vec<RuleReport>,
    suspicions: Vec<Suspicion>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleReport {
    id: String,
    line: u32,
    at: RuleStage,
    /// Absent where the rule asks for approvals.
    severity: Option<Severity>,
    approvals: Option<u32>,
    examples: usize,
}

impl Report {
    fn of(content: &FolderContent) -> Self {
        let mut sops: Vec<SopReport> = content.sops.iter().map(SopReport::of).collect();
        sops.sort_by(|one, other| one.file.cmp(&other.file));
        Self {
            error: None,
            sops,
            mistakes: content.mistakes.clone(),
            failed_examples: content.sops.iter().flat_map(Sop::failed_examples).collect(),
        }
    }

    fn unreadable(error: &LoadError) -> Self {
        Self {
            error: Some(error.to_string()),
            ..Self::default()
        }
    }

    fn is_clean(&self) -> bool {
        self.mistakes.is_empty() && self.failed_examples.is_empty()
    }

    fn write(&self, json: bool, out: &mut impl Write) -> io::Result<()> {
        if json {
            serde_json::to_writer(&mut *out, self)?;
            return writeln!(out);
        }
        if let Some(error) = &self.error {
            return writeln!(out, "{error}");
        }
        for sop in &self.sops {
            sop.write(out)?;
        }
        self.write_faults(out)?;
        writeln!(out, "{}", self.summary())
    }

    fn write_faults(&self, out: &mut impl Write) -> io::Result<()> {
        for mistake in &self.mistakes {
            writeln!(out, "{mistake}")?;
        }
        for failed in &self.failed_examples {
            let FailedExample {
                file,
                line,
                rule,
                expected,
                found,
            } = failed;
            writeln!(
                out,
                "{file}:{line}: {rule}: the example says \"{expected}\", the rule \"{found}\""
            )?;
        }
        if self
            .mistakes
            .iter()
            .any(|mistake| mistake.message.contains("there is no fact"))
        {
            writeln!(out, "\nThe facts:\n\n{}", facts_table())?;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let rules = || self.sops.iter().flat_map(|sop| &sop.rules);
        let examples: usize = rules().map(|rule| rule.examples).sum();
        format!(
            "{} procedures, {} rules, {examples} examples; {} mistakes, {} examples that do not hold, \
             {} suspicious places",
            self.sops.len(),
            rules().count(),
            self.mistakes.len(),
            self.failed_examples.len(),
            self.sops
                .iter()
                .map(|sop| sop.suspicions.len())
                .sum::<usize>()
        )
    }
}

impl SopReport {
    fn of(sop: &Sop) -> Self {
        Self {
            file: sop.file.clone(),
            title: sop.title.clone(),
            passages: sop.passages.len(),
            rules: sop.rules.iter().map(RuleReport::of).collect(),
            suspicions: sop.shown_suspicions().to_vec(),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{}  {} ({} passages)",
            self.file, self.title, self.passages
        )?;
        for rule in &self.rules {
            writeln!(out, "  {}", rule.line())?;
        }
        for suspicion in &self.suspicions {
            let Suspicion {
                line,
                kind,
                excerpt,
            } = suspicion;
            writeln!(
                out,
                "  line {line} is suspicious, {}: {excerpt}",
                kind.as_str()
            )?;
        }
        Ok(())
    }
}

impl RuleReport {
    fn of(rule: &Rule) -> Self {
        let (severity, approvals) = match rule.demand {
            Demand::Condition { severity, .. } => (Some(severity), None),
            Demand::Approvals(needed) => (None, Some(needed)),
        };
        Self {
            id: rule.id.clone(),
            line: rule.line,
            at: rule.at,
            severity,
            approvals,
            examples: rule.examples.len(),
        }
    }

    fn line(&self) -> String {
        let demand = match (self.severity, self.approvals) {
            (Some(Severity::High), _) => "blocks".to_owned(),
            (Some(Severity::Warning), _) => "warns".to_owned(),
            (Some(Severity::Info), _) => "informs".to_owned(),
            (None, approvals) => format!("{} approvals", approvals.unwrap_or(1)),
        };
        let stage = match self.at {
            RuleStage::Plan => "from the plan on",
            RuleStage::Approve => "from the approval on",
            RuleStage::Start => "at the start",
        };
        format!(
            "{} (line {}): {demand} {stage}, {} examples",
            self.id, self.line, self.examples
        )
    }
}
