//! `commander sops compile`: what the text of procedures demands, as far as it is recognised, and the
//! rule that each demand would become. It needs no server.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::{NO_INPUT, OK};
use crate::adapters::procedures;
use crate::domain::sop::statement::Definition;
use crate::domain::sop::{Mistake, Offer, OfferedRule, Procedures};

#[derive(Debug, Args)]
pub struct CompileArgs {
    /// The folder of procedures.
    #[arg(long, value_name = "DIR", default_value = "sops")]
    pub sops: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs `sops compile` and returns its exit code.
///
/// # Errors
///
/// When the report cannot be written.
pub fn compile(
    args: &CompileArgs,
    definition: &Arc<Definition>,
    out: &mut impl Write,
) -> io::Result<u8> {
    let content = match procedures::read(&args.sops) {
        Ok(content) => content,
        Err(error) => {
            writeln!(out, "{error}")?;
            return Ok(NO_INPUT);
        }
    };
    let procedures = Procedures::recognising(content.sops, definition);
    let report = Compiled {
        statements: Offer::all(&procedures),
        mistakes: content.mistakes,
    };
    if args.json {
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        report.write(out)?;
    }
    Ok(if report.mistakes.is_empty() {
        OK
    } else {
        super::DATA_ERROR
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Compiled {
    statements: Vec<Offer>,
    mistakes: Vec<Mistake>,
}

impl Compiled {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for statement in &self.statements {
            writeln!(
                out,
                "{}  {}  {}",
                statement.citation.place(),
                statement.kind.as_str(),
                statement.id
            )?;
            writeln!(out, "  \u{201c}{}\u{201d}", statement.text)?;
            match &statement.rule {
                None => writeln!(out, "  an exception to other statements")?,
                Some(rule) => {
                    write_rule(rule, out)?;
                    writeln!(out, "  accepted:  {}", statement.effect)?;
                }
            }
        }
        for mistake in &self.mistakes {
            writeln!(out, "{mistake}")?;
        }
        writeln!(
            out,
            "{} statements recognised, {} mistakes",
            self.statements.len(),
            self.mistakes.len()
        )
    }
}

fn write_rule(rule: &OfferedRule, out: &mut impl Write) -> io::Result<()> {
    if let Some(when) = &rule.when {
        writeln!(out, "  when:      {when}")?;
    }
    if let Some(require) = &rule.require {
        writeln!(out, "  require:   {require}")?;
    }
    if let Some(approvals) = rule.approvals {
        writeln!(out, "  approvals: {approvals}")?;
    }
    Ok(())
}
