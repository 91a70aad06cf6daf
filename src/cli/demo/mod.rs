//! `commander demo`: the whole story, unattended. A sentence deploys a real service, a bad release
//! takes itself back, and what was measured is printed. It works beside a live instance: it has its
//! own directory, ports, Prometheus, visitors, base image, and a Commander of its own that it
//! drives over HTTP as anybody would.
//!
//! ```text
//!   Stage::set ──> Play (ask, approve, wait; `story` judges) ──> Figures
//!        │              │ a part did not happen, an interrupt, a panic
//!        └──────────────┴──> Stage::strike, always
//! ```

mod figures;
mod play;
mod props;
mod stage;
pub mod story;
mod telling;
mod user;
mod visits;

use std::fmt::Display;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde::Serialize;

use super::console::Console;
use super::exit::{Exit, Failure};
use crate::os::signals::StopSignals;
use figures::Figures;
use play::Play;
use stage::Stage;
use story::Part;
use telling::Telling;
use user::User;

#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Leave the demo's directory (its database, logs and repository) for looking; containers,
    /// images and processes go all the same
    #[arg(long)]
    pub keep: bool,
}

/// How it ended, for `--json`.
#[derive(Serialize)]
#[serde(
    tag = "outcome",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
enum Report<'a> {
    Ok {
        seconds: f64,
        figures: &'a Figures,
    },
    /// A part of the story did not happen.
    Failed {
        seconds: f64,
        part: Part,
        why: &'a str,
    },
    Interrupted {
        seconds: f64,
    },
}

/// Why the story did not come to its end.
enum Broken {
    Missed { part: Part, why: String },
    Interrupted,
    Panicked,
}

/// # Errors
///
/// When the stage cannot be made at all, or something is left of it.
pub async fn run(console: &Console, args: &DemoArgs) -> Result<Exit, Failure> {
    let telling = Telling::new(console);
    telling.introduces();
    let signals = StopSignals::with_hangup();
    let mut signals = signals.map_err(|error| Failure::Internal(error.to_string()))?;
    let mut stage = match Stage::new() {
        Ok(stage) => stage,
        Err(error) => return conclude(console, &telling, &Err(missed(Part::Stage, error))),
    };
    let told = tokio::select! {
        told = AssertUnwindSafe(tell(&mut stage, &telling)).catch_unwind() => {
            told.unwrap_or(Err(Broken::Panicked))
        }
        () = signals.next() => Err(Broken::Interrupted),
    };
    if told.is_err() {
        telling.show(&stage.last_words());
    }
    telling.waits_for("everything to be removed again");
    let directory = stage.directory().display().to_string();
    let struck = stage.strike(args.keep).await;
    telling.ends();
    if args.keep {
        telling.did(&format!("kept in {directory}"));
    }
    let exit = conclude(console, &telling, &told)?;
    match struck {
        Ok(()) => Ok(exit),
        Err(left) => {
            console.aside(&format!(
                "commander: not everything could be removed: {left}"
            ));
            Ok(Exit::Failed)
        }
    }
}

/// Plays all parts.
async fn tell(stage: &mut Stage, telling: &Telling) -> Result<Figures, Broken> {
    let server = part(telling, Part::Stage, stage.set(telling)).await?;
    let play = Play {
        user: User { server, telling },
        stage,
        telling,
    };
    let good = part(telling, Part::GoodRelease, play.good_release()).await?;
    let bad = part(telling, Part::BadRelease, play.bad_release(&good)).await?;
    for (failing, kind) in [
        (Part::BrokenBuild, "build_image"),
        (Part::FailingTests, "run_test"),
    ] {
        part(telling, failing, play.changes_nothing(failing, kind, &good)).await?;
    }
    let crash = part(telling, Part::CrashingRelease, play.crashing_release(&good)).await?;
    let requests = play.stage.visits().all();
    Ok(Figures::of(&good.measured(&bad, &crash), requests))
}

/// Plays one part, within its time.
async fn part<T, E: Display>(
    telling: &Telling,
    part: Part,
    playing: impl Future<Output = Result<T, E>>,
) -> Result<T, Broken> {
    telling.begins(part);
    let limit = part.time_limit();
    match tokio::time::timeout(limit, playing).await {
        Ok(Ok(played)) => Ok(played),
        Ok(Err(error)) => Err(missed(part, error)),
        Err(_) => {
            let (limit, waited_for) = (limit.as_secs(), telling.waited_for());
            let why = format!("after {limit} s it still waited for {waited_for}");
            Err(missed(part, why))
        }
    }
}

fn missed(part: Part, why: impl Display) -> Broken {
    let why = why.to_string();
    Broken::Missed { part, why }
}

/// Prints the figures, or why there are none.
fn conclude(
    console: &Console,
    telling: &Telling,
    told: &Result<Figures, Broken>,
) -> Result<Exit, Failure> {
    let seconds = (telling.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let (report, exit) = match told {
        Ok(figures) => (Report::Ok { seconds, figures }, Exit::Ok),
        Err(Broken::Missed { part, why }) => {
            let part = *part;
            (Report::Failed { seconds, part, why }, Exit::Failed)
        }
        Err(Broken::Interrupted) => (Report::Interrupted { seconds }, Exit::Interrupted),
        Err(Broken::Panicked) => {
            let why = "the demo broke off by a mistake of its own; the lines above say where";
            return Err(Failure::Internal(why.to_owned()));
        }
    };
    if console.json() {
        console.json_line(&report)?;
        return Ok(exit);
    }
    match report {
        Report::Ok { figures, .. } => telling.sums_up(figures),
        Report::Failed { part, why, .. } => {
            let part = part.title();
            console.aside(&format!(
                "commander: this did not happen: \"{part}\": {why}"
            ));
        }
        Report::Interrupted { .. } => {
            console.aside("commander: interrupted; everything was removed again");
        }
    }
    Ok(exit)
}
