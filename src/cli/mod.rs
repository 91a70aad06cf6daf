//! The command line: one file per verb.
//!
//! ```text
//!   words ──clap──> Verb ──> its file ──> Server (HTTP) ──> render ──> stdout
//!                            │
//!                            └─ advise, backup, restore, check, demo, doctor, eval, interpret,
//!                               sops check, sops compile, audit verify: no server
//! ```
//!
//! It is a client of the running server: it knows the types of the domain, because that is what the
//! API speaks, and none of the adapters, its serverless commands apart. Every verb ends with an
//! [`Exit`] or a [`Failure`](exit::Failure), which says what to do.

pub mod advise;
pub mod answer;
pub mod approve;
pub mod ask;
pub mod audit;
pub mod backup;
pub mod check;
pub mod console;
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod executions;
pub mod exit;
mod follow;
pub mod freeze;
pub mod incidents;
pub mod interpret;
mod memory;
mod named;
pub mod plans;
pub mod releases;
pub mod render;
pub mod rollback;
pub mod serve;
pub mod server;
pub mod services;
pub mod sops;
pub mod status;
pub mod token;
pub mod watch;
pub mod wire;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use console::{Console, Global};
use exit::{Exit, Failure};

use crate::app;
use crate::domain::interpret::Vocabulary;
use crate::os::env;

/// One sentence becomes a checked plan, an approved deploy, a watched release, and a rollback when
/// it turns out bad.
#[derive(Debug, Parser)]
#[command(name = "commander", version, after_help = exit::HELP, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say what is to be done; prints the plan, a question, or the answer
    Ask(ask::AskArgs),
    /// List plans, or read one
    Plans(plans::PlansArgs),
    /// Say yes to a plan, and follow what it does
    Approve(approve::ApproveArgs),
    /// Say no to a plan
    Reject(plans::RejectArgs),
    /// Answer what an execution asks before it goes on
    Answer(answer::AnswerArgs),
    /// List executions, look at one and its past, compare two, run one again
    Executions(executions::ExecutionsArgs),
    /// End an execution and undo what it did
    Cancel(executions::CancelArgs),
    /// The ledger of releases: list, verify, quarantine, lift, logs
    Releases(releases::ReleasesArgs),
    /// Plan to bring an environment back to an earlier release
    Rollback(rollback::RollbackArgs),
    /// What went wrong, what was done, and on which evidence
    Incidents(incidents::IncidentsArgs),
    /// How releases do in their bake
    Watch(watch::WatchArgs),
    /// What runs where
    Services,
    /// The server at a glance
    Status,
    /// The written procedures: list, search, check, compile, suggestions
    Sops(sops::SopsArgs),
    /// The names under which people and programs act
    Token(token::TokenArgs),
    /// Who decided what, and whether the record of it is whole
    Audit(audit::AuditArgs),
    /// Allow automatic acts again where a rollback failed
    Freeze(freeze::FreezeArgs),
    /// Write the ledger and its keys into one file, beside a running server or without one
    Backup(backup::BackupArgs),
    /// Make an empty data directory from such a file (no server)
    Restore(backup::RestoreArgs),
    /// Look at everything that a deploy needs, and say what to do about what is missing (no server)
    Doctor,
    /// Read the configuration and show what is understood, or every mistake (no server)
    Check,
    /// Show what a sentence is read as, or each line of a file (no server)
    Interpret(interpret::InterpretArgs),
    /// Show what a folder of procedures says about a sentence (no server)
    Advise(advise::AdviseArgs),
    /// Score how a file of labelled sentences is read (no server)
    Eval(eval::EvalArgs),
    /// Play the whole story on this machine: a deploy, a bad release, the way back (no server)
    Demo(demo::DemoArgs),
    /// Serve the page and the API, and carry out what is approved
    Serve,
}

/// Reads the command line, does it, and says with which code it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Where the help cannot be printed, nothing can be.
            let _ = error.print();
            return match error.use_stderr() {
                true => Exit::Usage.into(),
                false => Exit::Ok.into(),
            };
        }
    };
    let console = Console::new(cli.global);
    match run(&console, cli.verb) {
        Ok(code) => code,
        // Whoever reads along has seen enough, as `| head` does.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Exit::Ok.into(),
        Err(failure) => report(&console, &failure).into(),
    }
}

fn run(console: &Console, verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        // It has threads and a log of its own.
        Verb::Serve => Ok(serve::serve(console.config()?)),
        Verb::Interpret(args) => interpreted(console, args),
        Verb::Eval(args) => eval::run(console, &args).map(ExitCode::from),
        Verb::Advise(args) => advise::run(console, &args).map(ExitCode::from),
        Verb::Check => checked(console).map(ExitCode::from),
        Verb::Backup(args) => backup::backup(console, &args).map(ExitCode::from),
        Verb::Restore(args) => backup::restore(console, &args).map(ExitCode::from),
        verb => {
            // One thread is enough for a client, and starts at once.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| Failure::Internal(error.to_string()))?;
            let exit = runtime.block_on(asked_of_the_server(console, verb));
            exit.map(ExitCode::from)
        }
    }
}

async fn asked_of_the_server(console: &Console, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Ask(args) => ask::run(console, &args).await,
        Verb::Plans(args) => plans::run(console, &args).await,
        Verb::Approve(args) => approve::run(console, &args).await,
        Verb::Answer(args) => answer::run(console, &args).await,
        Verb::Reject(args) => plans::reject(console, &args).await,
        Verb::Executions(args) => executions::run(console, &args).await,
        Verb::Cancel(args) => executions::cancel(console, &args).await,
        Verb::Releases(args) => releases::run(console, &args).await,
        Verb::Rollback(args) => rollback::run(console, &args).await,
        Verb::Incidents(args) => incidents::run(console, &args).await,
        Verb::Watch(args) => watch::run(console, &args).await,
        Verb::Services => services::run(console).await,
        Verb::Status => status::run(console).await,
        Verb::Sops(args) => sops::run(console, &args).await,
        Verb::Token(args) => token::run(console, &args).await,
        Verb::Audit(args) => audit::run(console, &args).await,
        Verb::Freeze(args) => freeze::run(console, &args).await,
        Verb::Doctor => doctor::run(console).await,
        Verb::Demo(args) => demo::run(console, &args).await,
        Verb::Serve
        | Verb::Interpret(_)
        | Verb::Eval(_)
        | Verb::Advise(_)
        | Verb::Check
        | Verb::Backup(_)
        | Verb::Restore(_) => Ok(Exit::Internal),
    }
}

/// With `--config` only the names of the catalogue count. Neither the variable nor the current
/// folder is looked at: a line is read alike everywhere.
fn interpreted(console: &Console, mut args: interpret::InterpretArgs) -> Result<ExitCode, Failure> {
    args.json |= console.json();
    if console.global.config.is_none() {
        return Ok(interpret::run(&args));
    }
    let config = console.config()?;
    let scripts = app::scripts(&config).map_err(|error| Failure::Data(error.to_string()))?;
    let names = scripts.iter().map(|script| script.name.to_string());
    let vocabulary = Vocabulary::from_catalogue(&config.catalogue, names.collect());
    Ok(interpret::run_with(&args, &vocabulary))
}

/// `check` has its own codes, which are among ours.
fn checked(console: &Console) -> Result<Exit, Failure> {
    let args = check::CheckArgs {
        config: console.global.config.clone(),
        json: console.json(),
    };
    let code = check::check(&args, env::variables(), &mut std::io::stdout().lock());
    match code.map_err(Failure::Output)? {
        0 => Ok(Exit::Ok),
        _ => Ok(Exit::Usage),
    }
}

/// Says why it could not be done: a sentence for people, an object for programs.
fn report(console: &Console, failure: &Failure) -> Exit {
    let exit = failure.exit();
    if console.json() {
        // Where nothing can be written, the exit code still says it.
        let _ = console.json_line(&failure.as_json());
    } else {
        console.aside(&format!("commander: {failure}"));
    }
    exit
}
