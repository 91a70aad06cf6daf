//! What was measured: computed from the times that Commander gave and those of the visitors.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::story::Switch;
use super::visits::{Gap, Requests, Visits};

/// In milliseconds where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// From sending the first sentence to its stored plan in hand, over HTTP.
    pub sentence_to_plan_ms: f64,
    /// The build step of the first release.
    pub build_ms: f64,
    /// The switch from the good release to the bad one.
    pub interruption: Interruption,
    /// Below zero when visitors met the new release before it had passed its gates: until the
    /// router, it is tested where it serves.
    pub go_live_to_first_bad_answer_ms: f64,
    pub first_bad_answer_to_verdict_ms: f64,
    /// Until a visitor had a good answer of the last known good.
    pub verdict_to_last_known_good_ms: f64,
    pub first_bad_answer_to_last_known_good_ms: f64,
    /// The switch back.
    pub rollback_interruption: Interruption,
    /// The release that crashes: from the verdict to the last known good serving.
    pub crash_verdict_to_last_known_good_ms: f64,
    pub requests: Requests,
}

/// How long nobody was served.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Interruption {
    /// From a visitor's last good answer to the next one.
    pub felt_ms: f64,
    /// From the order to stop to the first good answer to the health gate.
    pub measured_ms: f64,
}

/// A switch with what the visitors felt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Felt {
    pub switch: Switch,
    pub gap: Gap,
}

impl Felt {
    /// `None` until a visitor was served again.
    pub fn of(switch: Switch, visits: &Visits) -> Option<Self> {
        let gap = visits.longest_gap(switch.stopped_at, switch.answered_at)?;
        Some(Self { switch, gap })
    }

    fn interruption(&self) -> Interruption {
        Interruption {
            felt_ms: between(self.gap.from, self.gap.until),
            measured_ms: between(self.switch.stopped_at, self.switch.answered_at),
        }
    }
}

/// A release that was taken back, from its switch to the good one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    pub deploy: Felt,
    pub verdict_at: Timestamp,
    pub rollback: Felt,
}

/// Everything that the figures are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    pub sentence_to_plan: Duration,
    pub build: Duration,
    pub bad: Failed,
    pub first_bad_answer: Timestamp,
    pub crash: Failed,
}

impl Figures {
    pub fn of(measured: &Measured, requests: Requests) -> Self {
        let Measured {
            bad,
            first_bad_answer,
            crash,
            ..
        } = measured;
        let good_again = bad.rollback.gap.until;
        Self {
            sentence_to_plan_ms: milliseconds(measured.sentence_to_plan),
            build_ms: milliseconds(measured.build),
            interruption: bad.deploy.interruption(),
            go_live_to_first_bad_answer_ms: between(bad.deploy.switch.live_at, *first_bad_answer),
            first_bad_answer_to_verdict_ms: between(*first_bad_answer, bad.verdict_at),
            verdict_to_last_known_good_ms: between(bad.verdict_at, good_again),
            first_bad_answer_to_last_known_good_ms: between(*first_bad_answer, good_again),
            rollback_interruption: bad.rollback.interruption(),
            crash_verdict_to_last_known_good_ms: between(
                crash.verdict_at,
                crash.rollback.gap.until,
            ),
            requests,
        }
    }

    /// One line a figure, for a person.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let seconds = |ms: f64| format!("{:.2} s", ms / 1_000.0);
        let both = |of: Interruption| {
            let (felt, measured) = (seconds(of.felt_ms), seconds(of.measured_ms));
            format!("{felt} as visitors felt it, {measured} as the engine measured it")
        };
        let go_live = match self.go_live_to_first_bad_answer_ms {
            before if before < 0.0 => {
                format!("{} before it, while the gates looked", seconds(-before))
            }
            after => seconds(after),
        };
        let requests = &self.requests;
        vec![
            (
                "sentence to plan",
                format!("{:.1} ms", self.sentence_to_plan_ms),
            ),
            ("build", seconds(self.build_ms)),
            ("interruption by the deploy", both(self.interruption)),
            ("go-live to first bad answer", go_live),
            (
                "first bad answer to verdict",
                seconds(self.first_bad_answer_to_verdict_ms),
            ),
            (
                "verdict to last known good",
                seconds(self.verdict_to_last_known_good_ms),
            ),
            (
                "bad answer to last known good",
                seconds(self.first_bad_answer_to_last_known_good_ms),
            ),
            (
                "interruption by the rollback",
                both(self.rollback_interruption),
            ),
            (
                "crash: verdict to known good",
                seconds(self.crash_verdict_to_last_known_good_ms),
            ),
            (
                "requests",
                format!(
                    "{} sent, {} failed ({} bad answers, {} unanswered)",
                    requests.sent,
                    requests.failed(),
                    requests.bad_answers,
                    requests.unanswered
                ),
            ),
        ]
    }
}

/// Below zero where `until` comes first. Stored times are whole milliseconds, so that more digits
/// would say nothing.
fn between(from: Timestamp, until: Timestamp) -> f64 {
    until.duration_since(from).as_millis() as f64
}

/// To the hundredth.
fn milliseconds(length: Duration) -> f64 {
    (length.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::super::visits::Outcome;
    use super::super::visits::tests::{at, visits};
    use super::*;

    fn felt(switch: [i64; 3], gap: [i64; 2]) -> Felt {
        let [stopped_at, answered_at, live_at] = switch.map(at);
        Felt {
            switch: Switch {
                stopped_at,
                answered_at,
                live_at,
            },
            gap: Gap {
                from: at(gap[0]),
                until: at(gap[1]),
            },
        }
    }

    fn measured() -> Measured {
        Measured {
            sentence_to_plan: Duration::from_micros(8_126),
            build: Duration::from_millis(1_500),
            bad: Failed {
                deploy: felt([1_000, 1_600, 2_800], [990, 1_650]),
                verdict_at: at(15_000),
                rollback: felt([15_100, 15_700, 16_800], [15_080, 15_760]),
            },
            first_bad_answer: at(1_900),
            crash: Failed {
                deploy: felt([30_000, 30_600, 31_000], [29_990, 30_610]),
                verdict_at: at(43_000),
                rollback: felt([43_100, 43_500, 44_600], [42_000, 43_600]),
            },
        }
    }

    #[test]
    fn figures_are_differences_of_times() {
        let figures = Figures::of(&measured(), Requests::default());
        assert_eq!(figures.sentence_to_plan_ms, 8.13);
        assert_eq!(figures.build_ms, 1_500.0);
        assert_eq!(figures.interruption.felt_ms, 660.0);
        assert_eq!(figures.interruption.measured_ms, 600.0);
        assert_eq!(figures.go_live_to_first_bad_answer_ms, -900.0);
        assert_eq!(figures.first_bad_answer_to_verdict_ms, 13_100.0);
        assert_eq!(figures.verdict_to_last_known_good_ms, 760.0);
        assert_eq!(figures.first_bad_answer_to_last_known_good_ms, 13_860.0);
        assert_eq!(figures.crash_verdict_to_last_known_good_ms, 600.0);
        let shown = figures.lines();
        let go_live = shown.iter().find(|(name, _)| name.starts_with("go-live"));
        assert!(go_live.unwrap().1.starts_with("0.90 s before"), "{shown:?}");
    }

    #[test]
    fn a_switch_is_felt_once_somebody_is_served_again() {
        let switch = measured().bad.deploy.switch;
        let before = [(900, Outcome::Ok), (1_100, Outcome::Refused)];
        assert_eq!(Felt::of(switch, &visits(&before)), None);
        let after = [before[0], before[1], (1_700, Outcome::Ok)];
        let felt = Felt::of(switch, &visits(&after)).unwrap();
        assert_eq!((felt.gap.from, felt.gap.until), (at(900), at(1_700)));
    }
}
