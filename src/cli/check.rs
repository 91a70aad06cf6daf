//! `commander check`: reads the configuration and says what was understood, or every mistake.
//! It needs no server and touches nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::config::{Config, ConfigErrors, Mistake, file_to_read, spoken};
use crate::domain::catalogue::{Catalogue, Environment, Settings};

#[derive(Debug, Default, clap::Args)]
pub struct CheckArgs {
    /// The configuration to check [default: $COMMANDER_CONFIG, else commander.toml in this folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Checks, prints, and gives the exit code: 0, or 64 if there is a mistake.
///
/// # Errors
///
/// When nothing can be written to `out`.
pub fn check(
    args: &CheckArgs,
    variables: Vec<(String, String)>,
    out: &mut impl Write,
) -> io::Result<u8> {
    let file = file_to_read(args.config.as_deref(), &variables);
    let outcome = Config::load(file.as_deref(), variables);
    if args.json {
        let report = Report::of(file.as_deref(), &outcome);
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        match &outcome {
            Ok(config) => out.write_all(understood(file.as_deref(), config).as_bytes())?,
            Err(errors) => writeln!(out, "{errors}")?,
        }
    }
    Ok(outcome.map_or(ConfigErrors::EXIT_CODE, |_| 0))
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Report<'a> {
    Ok {
        file: Option<&'a Path>,
        #[serde(flatten)]
        catalogue: &'a Catalogue,
    },
    Mistaken {
        mistakes: &'a [Mistake],
    },
}

impl<'a> Report<'a> {
    fn of(file: Option<&'a Path>, outcome: &'a Result<Config, ConfigErrors>) -> Self {
        match outcome {
            Ok(config) => Self::Ok {
                file,
                catalogue: &config.catalogue,
            },
            Err(errors) => Self::Mistaken {
                mistakes: &errors.mistakes,
            },
        }
    }
}

/// What holds, defaults included, for a person to compare with what was meant.
fn understood(file: Option<&Path>, config: &Config) -> String {
    let services = &config.catalogue.services;
    let environments = services
        .values()
        .map(|service| service.environments.len())
        .sum();
    let place = file.map_or("no file, defaults only".to_owned(), |file| {
        file.display().to_string()
    });
    let mut text = format!(
        "ok: {}, {} ({place})\n\n{}",
        counted(services.len(), "service"),
        counted(environments, "environment"),
        at_large(config)
    );
    if !services.is_empty() {
        text.push('\n');
        text.push_str(&aligned(&rows(config)));
    }
    text
}

fn at_large(config: &Config) -> String {
    let watchdog = &config.watchdog;
    let data = match config.store.directory() {
        Ok(directory) => directory.display().to_string(),
        Err(no_home) => no_home.to_string(),
    };
    let slow = watchdog.max_p95.map(spoken);
    let lines = [
        ("listens on", config.server.listen.to_string()),
        ("data in", data),
        ("SOPs in", config.advisor.sops.display().to_string()),
        (
            "evidence",
            watchdog
                .prometheus
                .as_ref()
                .map_or("probes".to_owned(), |address| {
                    format!("probes, and Prometheus at {address}")
                }),
        ),
        (
            "bad is",
            format!(
                "more than {} failed requests{}",
                percent(watchdog.max_error_rate),
                slow.map_or(String::new(), |most| format!(" or a p95 above {most}"))
            ),
        ),
        (
            "degraded is",
            format!(
                "{} bad evaluations in a row or {} of {}, one every {}",
                watchdog.consecutive,
                watchdog.of_last.bad,
                watchdog.of_last.last,
                spoken(watchdog.interval)
            ),
        ),
    ];
    let line = |(name, value): (&str, String)| format!("{name:11}  {value}\n");
    lines.into_iter().map(line).collect()
}

/// 0.05 as `5 %`, to a hundredth of a percent.
fn percent(share: f64) -> String {
    format!("{} %", (share * 10_000.0).round() / 100.0)
}

const HEAD: [&str; 8] = [
    "SERVICE",
    "ENVIRONMENT",
    "AFTER",
    "PUBLISHED",
    "HEALTH",
    "BAKE",
    "TESTS",
    "METRICS",
];

fn rows(config: &Config) -> Vec<[String; 8]> {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for (name, service) in &config.catalogue.services {
        if service.environments.is_empty() {
            rows.push(row(
                config,
                name.as_str(),
                "(none)",
                None,
                &service.settings,
            ));
        }
        for (own, environment) in service.journey() {
            rows.push(row(
                config,
                name.as_str(),
                own.as_str(),
                Some(environment),
                &environment.settings,
            ));
        }
    }
    rows
}

fn row(
    config: &Config,
    service: &str,
    name: &str,
    environment: Option<&Environment>,
    settings: &Settings,
) -> [String; 8] {
    let run = &settings.run;
    let metrics = &settings.metrics;
    let p95 = match config.watchdog.max_p95 {
        Some(_) => "p95",
        None => "p95 (no limit)",
    };
    let queries = [
        ("error_rate", &metrics.error_rate),
        (p95, &metrics.p95),
        ("requests", &metrics.requests),
    ];
    let after = environment.and_then(|environment| environment.after.as_ref());
    [
        service.to_owned(),
        name.to_owned(),
        after.map_or("-".to_owned(), ToString::to_string),
        run.publish
            .map_or("a free port".to_owned(), |publish| publish.to_string()),
        run.health_path.clone().unwrap_or("the image's".to_owned()),
        spoken(Duration::from_secs(settings.bake_seconds.into())),
        listed(settings.tests.keys().map(ToString::to_string)),
        listed(
            queries
                .iter()
                .filter(|(_, query)| query.is_some())
                .map(|(name, _)| (*name).to_owned()),
        ),
    ]
}

fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join(", ")
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
