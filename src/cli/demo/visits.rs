//! What the visitors met: each request with its end, as `visitors --each` prints them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One request, from the visitor's side.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    /// When it ended.
    pub at: Timestamp,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A whole answer, 2xx or 3xx.
    Ok,
    ClientError,
    ServerError,
    /// No connection: nothing listens.
    Refused,
    /// A connection, but no whole answer.
    Failed,
}

/// How many requests there were, by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    pub sent: u64,
    pub ok: u64,
    /// Answers with 4xx or 5xx.
    pub bad_answers: u64,
    /// No connection, or no whole answer.
    pub unanswered: u64,
}

/// From one good answer to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Gap {
    pub fn length(&self) -> SignedDuration {
        self.until.duration_since(self.from)
    }
}

/// All visits so far.
#[derive(Debug, Clone, Default)]
pub struct Visits(Vec<Visit>);

impl Visits {
    pub fn add(&mut self, visit: Visit) {
        // They come in the order in which they end, but for some that end at nearly the same time.
        let place = self.0.partition_point(|other| other.at <= visit.at);
        self.0.insert(place, visit);
    }

    /// The longest time without a good answer that has some of `from` to `until` in it; `None`
    /// before there was a good answer after `until`.
    pub fn longest_gap(&self, from: Timestamp, until: Timestamp) -> Option<Gap> {
        let good: Vec<Timestamp> = self.ending(Outcome::Ok).collect();
        good.last().filter(|last| **last > until)?;
        good.windows(2)
            .map(|pair| Gap {
                from: pair[0],
                until: pair[1],
            })
            .filter(|gap| gap.until >= from && gap.from <= until)
            .max_by_key(Gap::length)
    }

    /// The first answer with 5xx from a time on.
    pub fn first_bad_answer(&self, from: Timestamp) -> Option<Timestamp> {
        self.ending(Outcome::ServerError).find(|at| *at >= from)
    }

    /// How requests ended from one time to another.
    pub fn between(&self, from: Timestamp, until: Timestamp) -> Requests {
        let inside = |visit: &&Visit| visit.at >= from && visit.at <= until;
        count(self.0.iter().filter(inside))
    }

    pub fn all(&self) -> Requests {
        count(self.0.iter())
    }

    fn ending(&self, outcome: Outcome) -> impl Iterator<Item = Timestamp> {
        let wanted = move |visit: &&Visit| visit.outcome == outcome;
        self.0.iter().filter(wanted).map(|visit| visit.at)
    }
}

fn count<'a>(visits: impl Iterator<Item = &'a Visit>) -> Requests {
    let mut requests = Requests::default();
    for visit in visits {
        requests.sent += 1;
        match visit.outcome {
            Outcome::Ok => requests.ok += 1,
            Outcome::ClientError | Outcome::ServerError => requests.bad_answers += 1,
            Outcome::Refused | Outcome::Failed => requests.unanswered += 1,
        }
    }
    requests
}

impl Requests {
    pub fn failed(&self) -> u64 {
        self.bad_answers + self.unanswered
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    pub fn visits(ends: &[(i64, Outcome)]) -> Visits {
        let mut visits = Visits::default();
        for (milliseconds, outcome) in ends {
            let at = at(*milliseconds);
            visits.add(Visit {
                at,
                outcome: *outcome,
            });
        }
        visits
    }

    #[test]
    fn a_line_of_the_visitors_is_understood() {
        let line = r#"{"at":"2026-11-21T02:49:28.076726652Z","url":"http://127.0.0.1:1/","outcome":"server_error","tookMs":6.2}"#;
        let visit: Visit = serde_json::from_str(line).unwrap();
        assert_eq!(visit.outcome, Outcome::ServerError);
    }

    #[test]
    fn an_interruption_is_the_longest_gap_that_reaches_into_the_switch() {
        use Outcome::{Ok, Refused, ServerError};
        let visits = visits(&[
            (0, Ok),
            (900, Ok),
            (1_000, Ok),
            (1_020, Refused),
            (1_400, ServerError),
            (1_500, Ok),
            (1_520, Ok),
        ]);
        let gap = visits.longest_gap(at(1_010), at(1_410)).unwrap();
        assert_eq!((gap.from, gap.until), (at(1_000), at(1_500)));
        // The longest of all lies before the switch and does not count.
        let gap = visits.longest_gap(at(1_505), at(1_510)).unwrap();
        assert_eq!(gap.until, at(1_520));
        // Nobody knows yet how long it will be.
        assert_eq!(visits.longest_gap(at(1_010), at(1_530)), None);
    }

    #[test]
    fn requests_are_counted_by_what_they_met() {
        use Outcome::{ClientError, Failed, Ok, Refused, ServerError};
        let visits = visits(&[
            (0, Ok),
            (3, ServerError),
            (1, ClientError),
            (2, Refused),
            (4, Failed),
        ]);
        let all = visits.all();
        assert_eq!((all.sent, all.ok, all.failed()), (5, 1, 4));
        let some = visits.between(at(1), at(3));
        assert_eq!((some.sent, some.bad_answers, some.unanswered), (3, 2, 1));
        assert_eq!(visits.first_bad_answer(at(0)), Some(at(3)));
        assert_eq!(visits.first_bad_answer(at(4)), None);
    }
}
