//! What Commander costs and how fast it is, measured on this machine: `scripts/bench` prepares the
//! machine and runs this.
//!
//! ```text
//!   interpret  reading a sentence, without a server
//!   search     passages of procedures by words, beside Python (`benches/peers/search`)
//!   sentence   load on POST /api/commands/parse            (no Docker call)
//!   start      cold start to the first answer, idle memory
//!   deploy     sentence to live, beside the same steps by hand (deploy-by-hand)
//!   rollback   first bad answer to the last known good     (`commander demo`)
//!   engine     durable steps, beside LangGraph with SQLite (`benches/peers/langgraph`)
//!   page       the page in Chromium with 200 services and 5,000 executions (`tests/page/crowd.mjs`)
//! ```
//!
//! Each measure starts Commander processes of its own, with a data directory and ports of their own,
//! and gives back figures. One JSON object a line goes to the file, a table to standard output.

mod deploy;
mod engine;
mod figure;
mod http;
mod interpret;
mod load;
mod page;
mod rollback;
mod search;
mod sentence;
mod server;
mod shop;
mod start;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use figure::Figure;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measure DevOps Commander on this machine.
#[derive(Parser)]
struct Options {
    /// What to measure; everything if nothing is named
    #[arg(value_name = "NAME", value_enum)]
    names: Vec<Measure>,

    /// The figures, one JSON object a line
    #[arg(long, value_name = "FILE", default_value = "target/bench.jsonl")]
    out: PathBuf,

    /// Cargo gives this to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Measure {
    Interpret,
    Search,
    Sentence,
    Start,
    Deploy,
    Rollback,
    Engine,
    Page,
}

impl Measure {
    const ALL: [Self; 8] = [
        Self::Interpret,
        Self::Search,
        Self::Sentence,
        Self::Start,
        Self::Deploy,
        Self::Rollback,
        Self::Engine,
        Self::Page,
    ];

    fn take(self) -> Result<Vec<Figure>> {
        match self {
            Self::Interpret => interpret::measure(),
            Self::Search => search::measure(),
            Self::Sentence => sentence::measure(),
            Self::Start => start::measure(),
            Self::Deploy => deploy::measure(),
            Self::Rollback => rollback::measure(),
            Self::Engine => engine::measure(),
            Self::Page => page::measure(),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let mut names = options.names.clone();
    if names.is_empty() {
        names.extend(Measure::ALL);
    }
    let mut figures = Vec::new();
    for name in names {
        eprintln!("measuring {name:?}");
        figures.extend(name.take().map_err(|error| format!("{name:?}: {error}"))?);
    }
    figure::write(&options.out, &figures)?;
    println!("{}", figure::table(&figures));
    Ok(())
}
