//! Visitors for the example: a steady stream of plain GET requests to services on this machine,
//! without which no release can be judged.
//!
//! Open-loop: requests leave at a fixed rate whether earlier ones were answered or not, and their
//! time is counted from the moment at which they were due, so that a slow service looks as slow as
//! its visitors find it. One loop owns every number; each request is a task that sends back how it
//! ended:
//!
//! ```text
//!   rate tick ──▶ one task per address ──▶ Visit{address, outcome, took} ──▶ tallies
//!   every second ──▶ --discover ──▶ addresses       report tick ──▶ a line
//!   SIGINT, SIGTERM or --for ──▶ wait shortly for open requests ──▶ summary
//! ```

mod addresses;
mod tally;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use reqwest::{Client, Url};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use addresses::{Discovered, discover, loopback_url};
use tally::{Outcome, Tally, Totals};

/// Longer than any page may take that a visitor would wait for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stop waits for answers that are still due.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// The most requests without an answer yet; further visitors count as failed. It keeps a service
/// that hangs from taking this machine's sockets too.
const MOST_OPEN: usize = 1000;

/// Send a steady stream of GET requests to services on this machine and count the answers.
///
/// Goes on while a service is down, and stops cleanly on SIGINT or SIGTERM. Every `--report`
/// seconds it prints one line: the requests that ended since the line before, by how they ended: ok
/// (2xx, 3xx), 4xx, 5xx, refused (no connection), failed (no whole answer within 10 s), and the
/// 95th percentile of the time to an answer.
#[derive(Parser)]
#[command(name = "visitors", version)]
struct Options {
    /// Where to go, for example http://127.0.0.1:8080; plain http on the loopback interface only
    #[arg(value_name = "URL", value_parser = loopback_url, required_unless_present = "discover")]
    urls: Vec<Url>,

    /// Requests a second, to each URL
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,

    /// Stop after this many seconds
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    seconds: u64,

    /// Seconds between two lines
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    report: u64,

    /// Look up further URLs here each second: a file with one URL a line, a Prometheus file_sd
    /// file (*.json), or a folder of those; while it is missing or empty, wait
    #[arg(long, value_name = "PATH")]
    discover: Option<PathBuf>,

    /// At the end print a summary as one JSON object on standard output; lines go to standard error
    #[arg(long)]
    json: bool,

    /// Print each request, as it ends, as one JSON object on standard output; lines go to standard
    /// error, and there is no summary
    #[arg(long, conflicts_with = "json")]
    each: bool,
}

/// How one request ended.
struct Visit {
    url: Url,
    outcome: Outcome,
    took: Duration,
    ended: Instant,
}

/// A visit as `--each` prints it, for somebody who puts the times of others beside it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    /// When it ended, by the time of day.
    at: jiff::Timestamp,
    url: &'a str,
    outcome: Outcome,
    took_ms: f64,
}

/// The figures of the whole run, camelCase in JSON like everything else that Commander prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    /// How long the run took.
    seconds: f64,
    /// Requests a second to each URL.
    rate: u32,
    #[serde(flatten)]
    all: Totals,
    urls: BTreeMap<String, Totals>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("visitors: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let client = client()?;
    let (visits_in, mut visits) = mpsc::channel::<Visit>(MOST_OPEN);
    let mut street = Street::new(options);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let started = Instant::now();
    let end = started + Duration::from_secs(options.seconds);
    let mut due = interval(Duration::from_secs(1) / options.rate);
    // Visitors who were due while this process could not run still come, all at once.
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut look = interval(Duration::from_secs(1));
    let report_every = Duration::from_secs(options.report);
    let mut report = tokio::time::interval_at(started + report_every, report_every);

    loop {
        tokio::select! {
            biased;
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = sleep_until(end) => break,
            Some(visit) = visits.recv() => street.count(&visit)?,
            _ = look.tick() => street.look(),
            _ = report.tick() => street.report()?,
            at = due.tick() => street.send(at, &client, &visits_in)?,
        }
    }
    let (stopped, took) = (Instant::now(), started.elapsed());
    let last_answers = timeout(LAST_ANSWERS, async {
        while street.open > 0 {
            match visits.recv().await {
                Some(visit) => street.count(&visit)?,
                None => break,
            }
        }
        Ok::<(), std::io::Error>(())
    });
    // Nobody waits for an answer that is later still.
    last_answers.await.unwrap_or(Ok(()))?;
    street.close(stopped, took, options)
}

/// One connection per request, as new visitors have; no redirect may lead off this machine.
fn client() -> Result<Client, Box<dyn std::error::Error>> {
    // reqwest is built with TLS for the rest of the project and wants a provider even for http.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "another TLS provider was installed first")?;
    Ok(Client::builder()
        // Whatever the hosts file says, this name leads nowhere else.
        .resolve("localhost", ([127, 0, 0, 1], 0).into())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(REQUEST_TIMEOUT)
        .build()?)
}

/// What standard output is for; lines for people go to standard error if it is not for them.
#[derive(Clone, Copy, PartialEq)]
enum Printing {
    Lines,
    /// One JSON object at the end.
    Summary,
    /// One JSON object a request.
    Each,
}

/// Everything that is known while visitors come and go.
struct Street {
    printing: Printing,
    given: Vec<Url>,
    discover: Option<PathBuf>,
    urls: Vec<Url>,
    complaints: Vec<String>,
    tallies: BTreeMap<Url, Tally>,
    window: Tally,
    open: usize,
}

impl Street {
    fn new(options: &Options) -> Self {
        Self {
            printing: match (options.each, options.json) {
                (true, _) => Printing::Each,
                (false, true) => Printing::Summary,
                (false, false) => Printing::Lines,
            },
            given: options.urls.clone(),
            discover: options.discover.clone(),
            urls: options.urls.clone(),
            complaints: Vec::new(),
            tallies: BTreeMap::new(),
            window: Tally::default(),
            open: 0,
        }
    }

    /// Reads the addresses again; each complaint about them is printed once.
    fn look(&mut self) {
        let Some(path) = &self.discover else { return };
        let Discovered { urls, complaints } = discover(path);
        self.urls = self.given.iter().chain(&urls).cloned().collect();
        self.urls.sort();
        self.urls.dedup();
        for complaint in &complaints {
            if !self.complaints.contains(complaint) {
                eprintln!("visitors: {complaint}");
            }
        }
        self.complaints = complaints;
    }

    fn send(
        &mut self,
        due: Instant,
        client: &Client,
        visits: &mpsc::Sender<Visit>,
    ) -> std::io::Result<()> {
        for url in self.urls.clone() {
            if self.open >= MOST_OPEN {
                let turned_away = Visit {
                    url,
                    outcome: Outcome::Failed,
                    took: Duration::ZERO,
                    ended: due,
                };
                self.open += 1;
                self.count(&turned_away)?;
                continue;
            }
            self.open += 1;
            let (client, visits) = (client.clone(), visits.clone());
            tokio::spawn(async move {
                let outcome = visit(&client, url.clone()).await;
                let ended = Instant::now();
                let visit = Visit {
                    url,
                    outcome,
                    took: ended - due,
                    ended,
                };
                // The receiver is gone only when the run is over and nobody counts any more.
                let _ = visits.send(visit).await;
            });
        }
        Ok(())
    }

    fn count(&mut self, visit: &Visit) -> std::io::Result<()> {
        self.open -= 1;
        self.window.count(visit.outcome, visit.took, visit.ended);
        let tally = self.tallies.entry(visit.url.clone()).or_default();
        tally.count(visit.outcome, visit.took, visit.ended);
        if self.printing == Printing::Each {
            let line = Line {
                at: jiff::Timestamp::now() - visit.ended.elapsed(),
                url: visit.url.as_str(),
                outcome: visit.outcome,
                took_ms: visit.took.as_secs_f64() * 1000.0,
            };
            let mut out = std::io::stdout().lock();
            serde_json::to_writer(&mut out, &line)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn report(&mut self) -> std::io::Result<()> {
        let time = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
        let line = if self.urls.is_empty() {
            let path = self
                .discover
                .as_deref()
                .unwrap_or(std::path::Path::new("nowhere"));
            format!("{time}  no visitors yet: no address in {}", path.display())
        } else {
            format!("{time}  {}", self.window.totals().line())
        };
        self.window = Tally::default();
        match self.printing {
            Printing::Lines => writeln!(std::io::stdout(), "{line}"),
            Printing::Summary | Printing::Each => writeln!(std::io::stderr(), "{line}"),
        }
    }

    /// The end of the run: what was not answered failed, and the summary is printed.
    fn close(
        mut self,
        stopped: Instant,
        took: Duration,
        options: &Options,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let mut all = Tally::default();
        for tally in self.tallies.values_mut() {
            tally.end(stopped);
            all.add(tally);
        }
        all.give_up(std::mem::take(&mut self.open));
        let urls = self
            .tallies
            .iter()
            .map(|(url, tally)| (url.to_string(), tally.totals()));
        let summary = Summary {
            seconds: took.as_secs_f64(),
            rate: options.rate,
            all: all.totals(),
            urls: urls.collect(),
        };
        let mut out = std::io::stdout().lock();
        match self.printing {
            Printing::Lines => writeln!(out, "in all    {}", summary.all.line())?,
            Printing::Summary => {
                serde_json::to_writer(&mut out, &summary)?;
                writeln!(out)?;
            }
            Printing::Each => {}
        }
        Ok(())
    }
}

/// One visitor: asks, reads the whole answer, leaves.
async fn visit(client: &Client, url: Url) -> Outcome {
    let answer = match client.get(url).send().await {
        Ok(answer) => answer,
        Err(error) if error.is_connect() => return Outcome::Refused,
        Err(_) => return Outcome::Failed,
    };
    let status = answer.status();
    match answer.bytes().await {
        Err(_) => Outcome::Failed,
        Ok(_) if status.is_server_error() => Outcome::ServerError,
        Ok(_) if status.is_client_error() => Outcome::ClientError,
        Ok(_) => Outcome::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// What a visitor makes of a server that answers with these bytes and hangs up.
    async fn outcome_of(answer: &'static str) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut visitor, _) = listener.accept().await.unwrap();
            let mut question = [0; 1024];
            let _ = visitor.read(&mut question).await.unwrap();
            visitor.write_all(answer.as_bytes()).await.unwrap();
        });
        visit_once(port).await
    }

    async fn visit_once(port: u16) -> Outcome {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        let url = loopback_url(&format!("http://127.0.0.1:{port}/")).unwrap();
        visit(&client, url).await
    }

    #[tokio::test]
    async fn every_end_of_a_request_is_told_apart() {
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(outcome_of(whole).await, Outcome::Ok);
        let cut = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok";
        assert_eq!(outcome_of(cut).await, Outcome::Failed);
        assert_eq!(outcome_of("").await, Outcome::Failed);
        let missing = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(outcome_of(missing).await, Outcome::ClientError);
        let broken = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(outcome_of(broken).await, Outcome::ServerError);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(visit_once(port).await, Outcome::Refused);
    }
}
