//! Counting: how requests ended, how long they took, how long nobody was served.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// How one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A whole answer, 2xx or 3xx.
    Ok,
    ClientError,
    ServerError,
    /// No connection: nothing listens.
    Refused,
    /// A connection, but no whole answer: reset, or too slow.
    Failed,
}

/// Times are kept in steps of 2 %: exact enough for a percentile, and the same small memory for a
/// minute as for a day.
const STEP: f64 = 1.02;
/// 1 µs × 1.02^900 is nearly a minute, longer than any request may take.
const STEPS: usize = 900;

/// Counts of requests; adding two gives the counts of both.
#[derive(Clone, Debug)]
pub struct Tally {
    ok: u64,
    client_errors: u64,
    server_errors: u64,
    refused: u64,
    failed: u64,
    /// Requests that got an answer, good or bad, by the step in which their time falls.
    times: Vec<u64>,
    last_ok: Option<Instant>,
    longest_gap: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            ok: 0,
            client_errors: 0,
            server_errors: 0,
            refused: 0,
            failed: 0,
            times: vec![0; STEPS],
            last_ok: None,
            longest_gap: Duration::ZERO,
        }
    }
}

/// What a tally says, as it is printed.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    pub sent: u64,
    pub ok: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    pub refused: u64,
    pub failed: u64,
    /// Milliseconds from the moment at which a request was due to its whole answer; null without answers.
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// The longest time without a good answer once there was one, in milliseconds: what visitors
    /// felt of an interruption. Over several URLs, the longest of any.
    pub longest_gap_ms: f64,
}

impl Tally {
    pub fn count(&mut self, outcome: Outcome, took: Duration, ended: Instant) {
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::ClientError => self.client_errors += 1,
            Outcome::ServerError => self.server_errors += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Failed => self.failed += 1,
        }
        if !matches!(outcome, Outcome::Refused | Outcome::Failed) {
            self.times[step_of(took)] += 1;
        }
        if outcome == Outcome::Ok {
            if let Some(last) = self.last_ok {
                self.longest_gap = self.longest_gap.max(ended.saturating_duration_since(last));
            }
            self.last_ok = Some(ended);
        }
    }

    /// Ends the count: whoever was served last was left without a good answer until now.
    pub fn end(&mut self, now: Instant) {
        if let Some(last) = self.last_ok {
            self.longest_gap = self.longest_gap.max(now.saturating_duration_since(last));
        }
    }

    /// Counts requests that nobody waits for any longer.
    pub fn give_up(&mut self, requests: usize) {
        self.failed += requests as u64;
    }

    /// Adds the requests to another URL.
    pub fn add(&mut self, other: &Tally) {
        self.ok += other.ok;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.refused += other.refused;
        self.failed += other.failed;
        for (mine, theirs) in self.times.iter_mut().zip(&other.times) {
            *mine += theirs;
        }
        self.longest_gap = self.longest_gap.max(other.longest_gap);
    }

    pub fn totals(&self) -> Totals {
        Totals {
            sent: self.ok + self.client_errors + self.server_errors + self.refused + self.failed,
            ok: self.ok,
            client_errors: self.client_errors,
            server_errors: self.server_errors,
            refused: self.refused,
            failed: self.failed,
            p50_ms: self.percentile(0.50),
            p95_ms: self.percentile(0.95),
            p99_ms: self.percentile(0.99),
            longest_gap_ms: self.longest_gap.as_secs_f64() * 1000.0,
        }
    }

    /// The time within which this share of the answers came, in milliseconds, never understated.
    fn percentile(&self, share: f64) -> Option<f64> {
        let answers: u64 = self.times.iter().sum();
        let wanted = (answers as f64 * share).ceil() as u64;
        let mut seen = 0;
        let step = self.times.iter().position(|count| {
            seen += count;
            seen >= wanted && seen > 0
        })?;
        let milliseconds = STEP.powi(step as i32 + 1) / 1000.0;
        Some((milliseconds * 1000.0).round() / 1000.0)
    }
}

/// The step in which a time falls: step n ends at 1.02^(n+1) µs.
fn step_of(took: Duration) -> usize {
    let microseconds = took.as_micros().max(1) as f64;
    ((microseconds.ln() / STEP.ln()) as usize).min(STEPS - 1)
}

impl Totals {
    /// One line for a person.
    pub fn line(&self) -> String {
        let p95 = self
            .p95_ms
            .map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
        format!(
            "sent {}  ok {}  4xx {}  5xx {}  refused {}  failed {}  p95 {p95}",
            self.sent, self.ok, self.client_errors, self.server_errors, self.refused, self.failed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn percentiles_are_within_a_step_of_the_truth() {
        let mut tally = Tally::default();
        let now = Instant::now();
        (1..=100).for_each(|n| tally.count(Outcome::Ok, ms(n), now));
        let p95 = tally.totals().p95_ms.unwrap();
        assert!((95.0..=95.0 * STEP).contains(&p95), "{p95}");
    }

    #[test]
    fn times_beyond_the_scale_do_not_break_it() {
        let mut tally = Tally::default();
        let now = Instant::now();
        tally.count(Outcome::Ok, Duration::ZERO, now);
        tally.count(Outcome::Ok, Duration::from_secs(86_400), now);
        assert!(tally.totals().p99_ms.unwrap() > 10_000.0);
    }

    #[test]
    fn without_an_answer_there_is_no_percentile() {
        let mut tally = Tally::default();
        tally.count(Outcome::Refused, ms(1), Instant::now());
        tally.give_up(2);
        let totals = tally.totals();
        assert_eq!((totals.sent, totals.refused, totals.failed), (3, 1, 2));
        assert_eq!(totals.p95_ms, None);
        assert!(totals.line().ends_with("p95 -"));
    }

    #[test]
    fn the_longest_gap_is_that_of_one_url_up_to_the_end() {
        let start = Instant::now();
        let mut one = Tally::default();
        one.count(Outcome::Ok, ms(1), start);
        one.count(Outcome::ServerError, ms(1), start + ms(400));
        one.count(Outcome::Ok, ms(1), start + ms(700));
        let mut other = Tally::default();
        other.count(Outcome::Ok, ms(1), start + ms(100));
        other.count(Outcome::Ok, ms(1), start + ms(200));
        other.end(start + ms(500));
        one.add(&other);
        assert_eq!(one.totals().longest_gap_ms, 700.0);
        one.end(start + ms(2000));
        assert_eq!(one.totals().longest_gap_ms, 1300.0);
        assert_eq!(one.totals().sent, 5);
    }
}
