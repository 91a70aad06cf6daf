//! Is it bad? The hard cases 1 to 15, played as scripted evidence through the pure `step`, and the
//! laws that hold for whatever evidence there is.

use std::time::Duration;

use commander::domain::catalogue::MetricQueries;
use commander::domain::verdict::{
    BadReason, Baseline, ContainerFacts, ContainerReport, ContainerState, DockerHealth, Evidence,
    Metric, MetricEvidence, NoData, NoTrafficPolicy, Outcome, ProbeSummary, QueryError, Reading,
    ScrapeFacts, ScrapeInterval, ScrapeOutcome, ScrapeReading, Source, Verdict, VerdictKind,
    WrongType,
};
use commander::domain::watch::{
    Decision, ProbeSettings, Rule, Stepped, Tick, Unverified, WatchEvent, WatchSettings,
    WatchState, WatchStatus, step,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const INTERVAL: Duration = Duration::from_secs(10);
/// Evaluations in a bake of ten minutes.
const BAKE: usize = 60;

// --- the script -----------------------------------------------------------------------------

/// A watch that is driven evaluation by evaluation, with the clock at hand. Between any two it is
/// stored and loaded again, as if Commander had been restarted.
struct Script {
    settings: WatchSettings,
    state: WatchState,
    now: Timestamp,
}

impl Script {
    fn new(settings: WatchSettings) -> Self {
        Self::with_baseline(settings, Baseline::default())
    }

    fn with_baseline(settings: WatchSettings, baseline: Baseline) -> Self {
        assert_eq!(settings.mistakes(), []);
        Self {
            settings,
            state: WatchState::begin(0, baseline),
            now: start(),
        }
    }

    fn tick(&mut self, evidence: Evidence) -> Stepped {
        self.tick_after(INTERVAL, evidence)
    }

    fn tick_after(&mut self, elapsed: Duration, evidence: Evidence) -> Stepped {
        self.now += SignedDuration::try_from(elapsed).unwrap();
        let now = self.now;
        let stepped = step(&self.state, &self.settings, evidence, Tick { elapsed, now }).unwrap();
        let stored = serde_json::to_string(&stepped.state).unwrap();
        self.state = serde_json::from_str(&stored).unwrap();
        assert_eq!(self.state, stepped.state);
        stepped
    }

    /// Plays the same evidence until something is decided, and says after how many evaluations.
    fn until_decided(&mut self, evidence: &Evidence) -> (usize, Decision) {
        for evaluations in 1..=10 * BAKE {
            let decision = self.tick(evidence.clone()).decision;
            if decision != Decision::Continue {
                return (evaluations, decision);
            }
        }
        panic!("nothing was decided in ten bakes");
    }

    /// Plays evidence that must decide nothing, and gives back the kinds of the verdicts.
    fn undecided(&mut self, evidence: impl IntoIterator<Item = Evidence>) -> Vec<VerdictKind> {
        let mut kinds = Vec::new();
        for one in evidence {
            let stepped = self.tick(one);
            assert_eq!(stepped.decision, Decision::Continue);
            kinds.push(stepped.evaluation.verdict.kind());
        }
        kinds
    }
}

fn start() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn measured() -> WatchSettings {
    WatchSettings {
        queries: MetricQueries {
            error_rate: Some("error_rate{{release}}".to_owned()),
            p95: None,
            requests: Some("requests{{release}}".to_owned()),
        },
        probe: Some(ProbeSettings::on("/health")),
        ..WatchSettings::default()
    }
}

fn unmeasured() -> WatchSettings {
    WatchSettings {
        queries: MetricQueries::default(),
        ..measured()
    }
}

fn under(policy: NoTrafficPolicy) -> WatchSettings {
    let mut settings = measured();
    settings.thresholds.no_traffic = policy;
    settings
}

fn reading(metric: Metric, outcome: Outcome) -> Reading {
    Reading {
        metric,
        query: format!("{metric}"),
        asked_at: start(),
        took_milliseconds: 3,
        outcome,
        raw: Some("{}".to_owned()),
        unknown_metrics: Vec::new(),
    }
}

fn value(value: f64) -> Outcome {
    Outcome::Value { value }
}

fn seen(up: Option<bool>, age: Option<f64>, scrapes: u32) -> ScrapeOutcome {
    ScrapeOutcome::Seen {
        facts: ScrapeFacts {
            up,
            newest_sample_age_seconds: age,
            scrapes,
        },
    }
}

/// Evidence of a service that is measured, scraped, probed and running well, but for the outcomes.
fn answers(error_rate: Outcome, requests: Outcome) -> Evidence {
    scraped(seen(Some(true), Some(2.0), 9), error_rate, requests)
}

fn scraped(scrape: ScrapeOutcome, error_rate: Outcome, requests: Outcome) -> Evidence {
    Evidence {
        metrics: Some(MetricEvidence {
            scrape: ScrapeReading {
                query: "up".to_owned(),
                asked_at: start(),
                outcome: scrape,
                raw: None,
            },
            readings: vec![
                reading(Metric::ErrorRate, error_rate),
                reading(Metric::Requests, requests),
            ],
        }),
        probe: Some(probe(0)),
        container: container(running()),
    }
}

fn errors(rate: f64) -> Evidence {
    answers(value(rate), value(3_000.0))
}

fn fails(error: &QueryError) -> Evidence {
    let failed = || Outcome::Failed {
        error: error.clone(),
    };
    let scrape = ScrapeOutcome::Failed {
        error: error.clone(),
    };
    scraped(scrape, failed(), failed())
}

fn quiet() -> Evidence {
    answers(Outcome::NotANumber, value(0.0))
}

fn probe(failed: u32) -> ProbeSummary {
    ProbeSummary {
        url: "http://127.0.0.1:8080/health".to_owned(),
        sent: 3,
        ok: 3 - failed,
        server_errors: failed,
        other_statuses: 0,
        refused: 0,
        timeouts: 0,
        broken: 0,
        slowest_milliseconds: 4,
    }
}

fn running() -> ContainerFacts {
    ContainerFacts {
        state: ContainerState::Running,
        restart_count: 0,
        exits: 0,
        oom_kills: 0,
        exit_code: None,
        health: None,
    }
}

fn container(facts: ContainerFacts) -> ContainerReport {
    ContainerReport::Known { facts }
}

fn only(probe: Option<ProbeSummary>, facts: ContainerFacts) -> Evidence {
    Evidence {
        metrics: None,
        probe,
        container: container(facts),
    }
}

fn with_container(evidence: Evidence, facts: ContainerFacts) -> Evidence {
    Evidence {
        container: container(facts),
        ..evidence
    }
}

fn baseline(error_rate: f64, requests: f64) -> Baseline {
    Baseline {
        readings: vec![
            reading(Metric::ErrorRate, value(error_rate)),
            reading(Metric::Requests, value(requests)),
        ],
    }
}

fn is_degraded(decision: &Decision) -> bool {
    matches!(decision, Decision::Degraded { .. })
}

fn rule_of(decision: &Decision) -> Rule {
    match decision {
        Decision::Degraded { rule, .. } => *rule,
        other => panic!("not degraded: {other:?}"),
    }
}

// --- the hard cases -------------------------------------------------------------------------

#[test]
fn hc_01_a_provider_that_is_down_stops_the_clock_and_says_so_once() {
    let mut script = Script::new(measured());
    script.undecided([errors(0.0)]);
    let baked = script.state.clock.baked_milliseconds;

    let mut changes = Vec::new();
    for _ in 0..12 {
        let stepped = script.tick(fails(&QueryError::Refused));
        assert_eq!(stepped.evaluation.verdict.kind(), VerdictKind::ProviderDown);
        assert_eq!(stepped.decision, Decision::Continue);
        changes.extend(stepped.change);
    }
    assert_eq!(changes.len(), 1, "one event and not one per evaluation");
    assert_eq!(changes[0].from, Some(VerdictKind::Good));
    assert_eq!(script.state.clock.baked_milliseconds, baked, "stopped");
    assert_eq!(script.state.clock.stopped_milliseconds, 120_000);

    let (evaluations, decision) = script.until_decided(&errors(0.0));
    let by = Source::Metrics;
    assert_eq!(decision, Decision::Verified { by });
    assert_eq!(evaluations, BAKE - 1, "resumed with the bake that was left");
}

#[test]
fn hc_01_a_provider_that_never_comes_back_ends_the_bake_at_three_times_its_length() {
    let mut script = Script::new(measured());
    let (evaluations, decision) = script.until_decided(&fails(&QueryError::Timeout));
    assert_eq!(evaluations, 3 * BAKE);
    let mostly = VerdictKind::ProviderDown;
    let why = Unverified::TookTooLong { mostly };
    assert_eq!(decision, Decision::Unverified { why });
}

#[test]
fn hc_02_without_traffic_the_probe_is_the_evidence() {
    for outcome in [Outcome::Empty, Outcome::NotANumber] {
        let mut script = Script::new(under(NoTrafficPolicy::Probe));
        let (evaluations, decision) =
            script.until_decided(&answers(outcome.clone(), Outcome::Empty));
        let by = Source::Probe;
        assert_eq!(decision, Decision::Verified { by }, "{outcome:?}");
        assert_eq!(evaluations, BAKE);
    }
}

#[test]
fn hc_02_without_traffic_a_failing_probe_is_bad() {
    let mut script = Script::new(under(NoTrafficPolicy::Probe));
    let failing = Evidence {
        probe: Some(probe(3)),
        ..quiet()
    };
    let (evaluations, decision) = script.until_decided(&failing);
    assert_eq!(evaluations, 3);
    assert_eq!(rule_of(&decision), Rule::Consecutive { bad: 3 });
}

#[test]
fn hc_02_hold_waits_for_traffic_and_goes_on_where_it_stopped() {
    let mut script = Script::new(under(NoTrafficPolicy::Hold));
    let kinds = script.undecided((0..BAKE).map(|_| quiet()));
    assert!(kinds.iter().all(|kind| *kind == VerdictKind::NoTraffic));
    assert_eq!(script.state.clock.baked_milliseconds, 0);
    let (evaluations, decision) = script.until_decided(&errors(0.0));
    assert_eq!(evaluations, BAKE);
    let by = Source::Metrics;
    assert_eq!(decision, Decision::Verified { by });
}

#[test]
fn hc_02_hold_does_not_wait_for_ever() {
    let mut script = Script::new(under(NoTrafficPolicy::Hold));
    let (evaluations, decision) = script.until_decided(&quiet());
    assert_eq!(evaluations, 3 * BAKE);
    assert!(matches!(decision, Decision::Unverified { .. }));
}

#[test]
fn hc_02_pass_goes_on_and_ends_unverified() {
    let mut script = Script::new(under(NoTrafficPolicy::Pass));
    let (evaluations, decision) = script.until_decided(&quiet());
    assert_eq!(evaluations, BAKE);
    let mostly = VerdictKind::NoTraffic;
    let why = Unverified::NoEvidence { mostly };
    assert_eq!(decision, Decision::Unverified { why });
}

#[test]
fn hc_03_one_error_in_three_requests_is_no_ground_for_a_rollback() {
    let mut script = Script::new(measured());
    let few = answers(value(1.0 / 3.0), value(3.0));
    let stepped = script.tick(few.clone());
    assert_eq!(
        stepped.evaluation.verdict,
        Verdict::Good { by: Source::Probe },
        "the probe stands in, because three requests are no traffic"
    );
    let (_, decision) = script.until_decided(&few);
    assert!(!is_degraded(&decision), "{decision:?}");
}

#[test]
fn hc_03_three_hundred_errors_in_three_thousand_are_rolled_back_within_three_evaluations() {
    let mut script = Script::new(measured());
    let first = script.tick(errors(0.1));
    assert_eq!(
        first.evaluation.sentence,
        "The error rate is 10 %, above its limit of 5 %."
    );
    let (more, decision) = script.until_decided(&errors(0.1));
    assert_eq!(more, 2);
    assert_eq!(
        decision,
        Decision::Degraded {
            rule: Rule::Consecutive { bad: 3 },
            evaluations: vec![1, 2, 3],
        }
    );
    assert_eq!(script.state.first_bad_at, Some(first.evaluation.at));
}

#[test]
fn hc_03_the_limit_itself_is_still_good() {
    let mut script = Script::new(measured());
    let at_the_limit = answers(value(0.05), value(50.0));
    let verdict = script.tick(at_the_limit).evaluation.verdict;
    let by = Source::Metrics;
    assert_eq!(verdict, Verdict::Good { by });
}

#[test]
fn hc_04_a_dead_scrape_is_stale_and_neither_advances_nor_rolls_back() {
    let old_answers_look_perfect = |scrape| scraped(scrape, value(0.0), value(3_000.0));
    let old_answers_look_bad = |scrape| scraped(scrape, value(0.9), value(3_000.0));
    let dead = [
        seen(Some(false), Some(1.0), 9),
        seen(None, None, 9),
        seen(Some(true), Some(181.0), 9),
    ];
    for scrape in dead {
        for evidence in [
            old_answers_look_perfect(scrape.clone()),
            old_answers_look_bad(scrape.clone()),
        ] {
            let mut script = Script::new(measured());
            script.undecided([errors(0.0)]);
            let verdict = script.tick(evidence.clone()).evaluation.verdict;
            assert_eq!(verdict.kind(), VerdictKind::Stale, "{scrape:?}");
            let (_, decision) = script.until_decided(&evidence);
            assert!(
                matches!(
                    decision,
                    Decision::Unverified {
                        why: Unverified::Gap { .. }
                    }
                ),
                "{decision:?}"
            );
        }
    }
}

#[test]
fn hc_04_three_scrape_intervals_are_still_fresh() {
    let mut settings = measured();
    settings.thresholds.scrape_interval = ScrapeInterval::Known { seconds: 5 };
    let at = |age| {
        let evidence = scraped(seen(Some(true), Some(age), 9), value(0.0), value(100.0));
        let mut script = Script::new(settings.clone());
        script.tick(evidence).evaluation.verdict.kind()
    };
    assert_eq!(at(15.0), VerdictKind::Good);
    assert_eq!(at(15.1), VerdictKind::Stale);
}

#[test]
fn hc_05_several_series_are_a_configuration_error() {
    let several = || Outcome::SeveralSeries { count: 2 };
    for evidence in [
        answers(several(), value(3_000.0)),
        answers(value(0.9), several()),
    ] {
        let mut script = Script::new(measured());
        let verdict = script.tick(evidence.clone()).evaluation.verdict;
        assert_eq!(verdict.kind(), VerdictKind::ConfigError);
        assert!(verdict.sentence().contains("2 series"), "{verdict:?}");
        let (_, decision) = script.until_decided(&evidence);
        assert!(matches!(decision, Decision::Unverified { .. }));
    }
}

#[test]
fn hc_06_each_odd_answer_has_its_fixed_verdict() {
    use VerdictKind as V;
    let message = "parse error".to_owned();
    let status = |status| QueryError::HttpStatus { status };
    let reported = |error_type: &str| QueryError::Reported {
        error_type: error_type.to_owned(),
        message: "query timed out".to_owned(),
    };
    let failures = [
        (QueryError::Refused, V::ProviderDown),
        (QueryError::Timeout, V::ProviderDown),
        (
            QueryError::Unreachable {
                what: "no route".to_owned(),
            },
            V::ProviderDown,
        ),
        (status(503), V::ProviderDown),
        (status(500), V::ProviderDown),
        (status(429), V::ProviderDown),
        (reported("timeout"), V::ProviderDown),
        (QueryError::Malformed, V::ProviderDown),
        (status(401), V::ConfigError),
        (status(404), V::ConfigError),
        (
            QueryError::BadQuery {
                message: message.clone(),
            },
            V::ConfigError,
        ),
        (QueryError::Execution { message }, V::ConfigError),
        (QueryError::TooLarge { max_bytes: 262_144 }, V::ConfigError),
        (
            QueryError::Redirect {
                to: "/login".to_owned(),
            },
            V::ConfigError,
        ),
    ];
    for (error, expected) in failures {
        let mut script = Script::new(measured());
        let all = script.tick(fails(&error)).evaluation.verdict.kind();
        let failed = Outcome::Failed {
            error: error.clone(),
        };
        let one = answers(failed, value(3_000.0));
        let one = script.tick(one).evaluation.verdict.kind();
        assert_eq!((all, one), (expected, expected), "{error:?}");
    }

    let answered = [
        (Outcome::Infinite, V::NoData),
        (Outcome::NotANumber, V::NoData),
        (Outcome::Empty, V::NoData),
        (
            Outcome::Partial {
                warning: "a store is missing".to_owned(),
            },
            V::NoData,
        ),
        (
            Outcome::WrongType {
                found: WrongType::Text,
            },
            V::ConfigError,
        ),
        (
            Outcome::WrongType {
                found: WrongType::Matrix,
            },
            V::ConfigError,
        ),
        (value(12.0), V::ConfigError),
        (value(-0.1), V::ConfigError),
    ];
    for (outcome, expected) in answered {
        let mut script = Script::new(measured());
        let evidence = answers(outcome.clone(), value(3_000.0));
        let stepped = script.tick(evidence);
        assert_eq!(
            stepped.evaluation.verdict.kind(),
            expected,
            "{outcome:?} although there is traffic"
        );
    }
}

#[test]
fn hc_07_a_baseline_that_was_bad_already_is_no_ground_for_a_rollback() {
    let mut script = Script::with_baseline(measured(), baseline(0.12, 3_000.0));
    let stepped = script.tick(errors(0.12));
    let sentence = stepped.evaluation.sentence;
    assert!(sentence.contains("already bad"), "{sentence}");
    let (evaluations, decision) = script.until_decided(&errors(0.12));
    assert_eq!(evaluations, BAKE - 1);
    let mostly = VerdictKind::Suspect;
    let why = Unverified::NoEvidence { mostly };
    assert_eq!(decision, Decision::Unverified { why }, "and no success");
}

#[test]
fn hc_07_clearly_worse_than_a_bad_baseline_is_bad() {
    let mut script = Script::with_baseline(measured(), baseline(0.12, 3_000.0));
    let (evaluations, decision) = script.until_decided(&errors(0.30));
    assert_eq!(evaluations, 3);
    assert!(is_degraded(&decision));
}

#[test]
fn hc_07_where_the_line_is_drawn() {
    let kind = |before, requests, now| {
        let mut script = Script::with_baseline(measured(), baseline(before, requests));
        script.tick(errors(now)).evaluation.verdict.kind()
    };
    let many = 3_000.0;
    assert_eq!(kind(0.12, many, 0.18), VerdictKind::Suspect);
    assert_eq!(kind(0.12, many, 0.19), VerdictKind::Bad);
    // A good baseline never makes the threshold stricter.
    assert_eq!(kind(0.01, many, 0.05), VerdictKind::Good);
    assert_eq!(kind(0.01, many, 0.06), VerdictKind::Bad);
    // Even where most failed before, the end of what still worked is bad.
    assert_eq!(kind(0.80, many, 0.90), VerdictKind::Suspect);
    assert_eq!(kind(0.80, many, 1.00), VerdictKind::Bad);
    // Three requests before the switch are no baseline.
    assert_eq!(kind(0.66, 3.0, 0.12), VerdictKind::Bad);
}

#[test]
fn hc_07_one_metric_that_was_bad_before_is_not_outweighed_by_another_that_is_good() {
    let mut settings = measured();
    settings.queries.p95 = Some("p95{{release}}".to_owned());
    settings.thresholds.p95_max_seconds = Some(0.5);
    let mut evidence = errors(0.12);
    let metrics = evidence.metrics.as_mut().unwrap();
    metrics.readings.push(reading(Metric::P95, value(0.1)));
    let mut script = Script::with_baseline(settings, baseline(0.12, 3_000.0));
    let evaluation = script.tick(evidence).evaluation;
    assert_eq!(evaluation.verdict.kind(), VerdictKind::Suspect);
    let kinds: Vec<VerdictKind> = evaluation.measures.iter().map(|m| m.verdict).collect();
    assert_eq!(kinds, [VerdictKind::Suspect, VerdictKind::Good]);
}

#[test]
fn hc_09_one_bad_evaluation_in_twelve_changes_nothing() {
    let mut script = Script::new(measured());
    for round in 0..BAKE {
        let rate = if round % 12 == 5 { 0.5 } else { 0.0 };
        let decision = script.tick(errors(rate)).decision;
        assert!(!is_degraded(&decision));
    }
    assert_eq!(script.state.status, WatchStatus::Verified);
}

#[test]
fn hc_09_alternation_ends_by_the_m_of_n_rule_and_three_in_a_row_by_the_consecutive_one() {
    let mut script = Script::new(measured());
    let alternating = (0..9).map(|round| errors(if round % 2 == 0 { 0.5 } else { 0.0 }));
    let decisions: Vec<Decision> = alternating.map(|e| script.tick(e).decision).collect();
    let (last, before) = decisions.split_last().unwrap();
    assert!(before.iter().all(|d| *d == Decision::Continue));
    assert_eq!(rule_of(last), Rule::BadOf { bad: 5, last: 12 });

    let mut script = Script::new(measured());
    script.undecided([
        errors(0.5),
        errors(0.0),
        errors(0.5),
        errors(0.5),
        errors(0.0),
    ]);
    script.undecided([
        errors(0.0),
        errors(0.0),
        errors(0.0),
        errors(0.0),
        errors(0.0),
    ]);
    script.undecided([
        errors(0.0),
        errors(0.0),
        errors(0.0),
        errors(0.5),
        errors(0.5),
    ]);
    let decision = script.tick(errors(0.5)).decision;
    assert_eq!(rule_of(&decision), Rule::Consecutive { bad: 3 });
}

#[test]
fn hc_09_a_provider_that_fails_between_bad_evaluations_does_not_save_the_release() {
    let mut script = Script::new(measured());
    let down = || fails(&QueryError::Timeout);
    script.undecided([errors(0.5), down(), errors(0.5), down(), down()]);
    let decision = script.tick(errors(0.5)).decision;
    assert_eq!(rule_of(&decision), Rule::Consecutive { bad: 3 });
}

#[test]
fn hc_10_there_is_no_verdict_before_two_scrapes_of_the_new_release() {
    let mut script = Script::new(measured());
    for scrapes in [0, 1] {
        let terrible = scraped(
            seen(Some(true), Some(0.2), scrapes),
            value(1.0),
            value(3_000.0),
        );
        let stepped = script.tick(terrible);
        assert_eq!(stepped.evaluation.verdict, Verdict::Warming { scrapes });
    }
    assert_eq!(script.state.clock.baked_milliseconds, 0);
    let terrible = scraped(seen(Some(true), Some(0.2), 2), value(1.0), value(3_000.0));
    let stepped = script.tick(terrible);
    assert_eq!(stepped.evaluation.verdict.kind(), VerdictKind::Bad);
}

#[test]
fn hc_10_a_percentile_of_nothing_is_no_number_and_no_verdict() {
    let mut settings = measured();
    settings.queries.p95 = Some("p95{{release}}".to_owned());
    settings.thresholds.p95_max_seconds = Some(0.5);
    let with_p95 = |outcome, requests| {
        let mut evidence = answers(value(0.0), value(requests));
        let metrics = evidence.metrics.as_mut().unwrap();
        metrics.readings.push(reading(Metric::P95, outcome));
        let mut script = Script::new(settings.clone());
        script.tick(evidence).evaluation.verdict
    };
    let by = Source::Metrics;
    assert_eq!(with_p95(value(0.5), 100.0), Verdict::Good { by });
    assert_eq!(with_p95(value(0.6), 100.0).kind(), VerdictKind::Bad);
    let metric = Metric::P95;
    let why = NoData::NotFinite { metric };
    assert_eq!(
        with_p95(Outcome::NotANumber, 100.0),
        Verdict::NoData { why }
    );
}

#[test]
fn hc_11_no_evidence_for_the_whole_bake_is_never_a_success() {
    let outcome = || Outcome::Empty;
    let mut script = Script::new(measured());
    let (evaluations, decision) = script.until_decided(&answers(outcome(), value(3_000.0)));
    assert_eq!(evaluations, BAKE);
    let mostly = VerdictKind::NoData;
    let why = Unverified::NoEvidence { mostly };
    assert_eq!(decision, Decision::Unverified { why });

    let mut script = Script::new(measured());
    let never_scraped = scraped(seen(None, None, 0), outcome(), outcome());
    let (evaluations, decision) = script.until_decided(&never_scraped);
    assert_eq!(evaluations, 3 * BAKE);
    assert!(matches!(decision, Decision::Unverified { .. }));
}

#[test]
fn hc_11_a_gap_of_three_intervals_breaks_the_proof_and_two_do_not() {
    let dead = || scraped(seen(Some(false), Some(1.0), 9), value(0.0), value(100.0));
    let with_gap = |evaluations| {
        let mut script = Script::new(measured());
        script.undecided((0..5).map(|_| errors(0.0)));
        script.undecided((0..evaluations).map(|_| dead()));
        script.until_decided(&errors(0.0)).1
    };
    let by = Source::Metrics;
    assert_eq!(with_gap(2), Decision::Verified { by });
    let why = Unverified::Gap {
        intervals: 3,
        mostly: VerdictKind::Stale,
    };
    assert_eq!(with_gap(3), Decision::Unverified { why });
}

#[test]
fn hc_11_a_stretch_without_traffic_makes_it_proved_by_probe() {
    let mut script = Script::new(measured());
    script.undecided((0..5).map(|_| errors(0.0)));
    script.undecided((0..10).map(|_| quiet()));
    let (_, decision) = script.until_decided(&errors(0.0));
    let by = Source::Probe;
    assert_eq!(decision, Decision::Verified { by });
}

#[test]
fn hc_11_a_bake_does_not_end_on_a_bad_evaluation() {
    let mut script = Script::new(measured());
    script.undecided((0..BAKE - 1).map(|_| errors(0.0)));
    script.undecided([errors(0.5), errors(0.5)]);
    let decision = script.tick(errors(0.5)).decision;
    assert_eq!(rule_of(&decision), Rule::Consecutive { bad: 3 });
}

#[test]
fn hc_11_a_bake_without_proof_does_not_end_on_a_bad_evaluation_either() {
    let mut script = Script::new(measured());
    let dead = scraped(seen(Some(false), Some(1.0), 9), value(0.0), value(100.0));
    script.undecided((0..BAKE - 2).map(|_| dead.clone()));
    script.undecided([errors(0.5), errors(0.5)]);
    let decision = script.tick(errors(0.5)).decision;
    assert_eq!(rule_of(&decision), Rule::Consecutive { bad: 3 });
}

#[test]
fn hc_12_a_misspelt_metric_is_no_data_with_a_hint() {
    let mut evidence = answers(Outcome::Empty, Outcome::Empty);
    for reading in &mut evidence.metrics.as_mut().unwrap().readings {
        reading.unknown_metrics = vec!["http_request_total".to_owned()];
    }
    let mut script = Script::new(measured());
    let stepped = script.tick(evidence.clone());
    let evaluation = stepped.evaluation;
    assert_eq!(evaluation.verdict.kind(), VerdictKind::NoData);
    assert!(
        evaluation.sentence.contains("http_request_total"),
        "{}",
        evaluation.sentence
    );
    let (_, decision) = script.until_decided(&evidence);
    assert!(matches!(decision, Decision::Unverified { .. }));
}

#[test]
fn hc_13_a_crash_loop_is_rolled_back_within_two_restarts_whoever_reports_it() {
    let without_prometheus = || fails(&QueryError::Refused);
    let by_events = |exits, restart_count| ContainerFacts {
        restart_count,
        exits,
        exit_code: Some(1),
        ..running()
    };
    // (events, restart count) of two evaluations: both witnesses, either alone, one late.
    for (first, second) in [
        ((1, 1), (1, 2)),
        ((1, 0), (1, 0)),
        ((0, 1), (0, 2)),
        ((1, 0), (1, 1)),
    ] {
        for evidence in [without_prometheus(), errors(0.0), only(None, running())] {
            let mut script = Script::new(measured());
            let crash = |(exits, count)| with_container(evidence.clone(), by_events(exits, count));
            script.undecided([crash(first)]);
            let decision = script.tick(crash(second)).decision;
            let expected = Rule::RepeatedExits { exits: 2 };
            assert_eq!(rule_of(&decision), expected, "{first:?} {second:?}");
        }
    }
}

#[test]
fn hc_13_one_exit_that_two_witnesses_report_at_different_times_is_one_exit() {
    let mut script = Script::new(measured());
    let died = ContainerFacts {
        exits: 1,
        ..running()
    };
    let counted = ContainerFacts {
        restart_count: 1,
        ..running()
    };
    let first = script.tick(with_container(errors(0.0), died));
    assert_eq!(first.evaluation.verdict.kind(), VerdictKind::Bad);
    script.undecided((0..20).map(|_| with_container(errors(0.0), counted)));
    assert_eq!(script.state.exits.total(), 1);
}

#[test]
fn hc_13_restarts_before_go_live_are_not_counted_and_a_count_begun_anew_is() {
    let mut script = Script::new(measured());
    script.state = WatchState::begin(3, Baseline::default());
    let count = |restart_count| {
        let facts = ContainerFacts {
            restart_count,
            ..running()
        };
        with_container(errors(0.0), facts)
    };
    let kinds = script.undecided([count(3), count(0), count(1)]);
    assert_eq!(
        kinds,
        [VerdictKind::Good, VerdictKind::Good, VerdictKind::Bad]
    );
    let decision = script.tick(count(2)).decision;
    assert_eq!(rule_of(&decision), Rule::RepeatedExits { exits: 2 });

    // It began anew and had risen again before anybody looked.
    script.state = WatchState::begin(3, Baseline::default());
    assert_eq!(script.undecided([count(1)]), [VerdictKind::Bad]);
}

#[test]
fn hc_13_an_oom_kill_and_an_exit_without_a_restart_confirm_at_once() {
    let oom = ContainerFacts {
        oom_kills: 1,
        exits: 1,
        exit_code: Some(137),
        ..running()
    };
    let ended = |state, exit_code| ContainerFacts {
        state,
        exit_code,
        ..running()
    };
    let cases = [
        (oom, Rule::OutOfMemory),
        (
            ended(ContainerState::Exited, Some(0)),
            Rule::ExitWithoutRestart { exit_code: Some(0) },
        ),
        (
            ended(ContainerState::Missing, None),
            Rule::ExitWithoutRestart { exit_code: None },
        ),
    ];
    for (facts, expected) in cases {
        let mut script = Script::new(measured());
        let evidence = with_container(fails(&QueryError::Refused), facts);
        let decision = script.tick(evidence).decision;
        assert_eq!(rule_of(&decision), expected);
    }
}

#[test]
fn hc_13_an_event_brings_the_verdict_forward_and_three_looks_at_one_window_are_no_row() {
    let at_once = Duration::from_millis(200);
    let exits = |exits| {
        let facts = ContainerFacts { exits, ..running() };
        with_container(errors(0.0), facts)
    };
    let mut script = Script::new(measured());
    let first = script.tick_after(at_once, exits(1));
    assert_eq!(first.decision, Decision::Continue);
    let second = script.tick_after(at_once, exits(1));
    let expected = Rule::RepeatedExits { exits: 2 };
    assert_eq!(rule_of(&second.decision), expected);
    assert_eq!(script.state.first_bad_at, Some(first.evaluation.at));

    // Events of a neighbour wake this watch too, and again and again.
    let mut script = Script::new(measured());
    for _ in 0..30 {
        let looked = script.tick_after(at_once, errors(0.5));
        assert_eq!(looked.decision, Decision::Continue);
    }
    assert_eq!(script.state.clock.baked_milliseconds, 6_000);
    let (more, decision) = script.until_decided(&errors(0.5));
    assert_eq!(
        (more, rule_of(&decision)),
        (3, Rule::Consecutive { bad: 3 })
    );

    // However often it is woken, its turn comes.
    let mut script = Script::new(measured());
    let often = Duration::from_secs(4);
    let looks = (1..).find(|_| {
        let looked = script.tick_after(often, errors(0.5));
        is_degraded(&looked.decision)
    });
    assert_eq!(looks, Some(6));
}

#[test]
fn hc_13_an_engine_that_does_not_answer_is_no_crash() {
    let unknown = || ContainerReport::Unknown {
        error: "the socket hangs".to_owned(),
    };
    let mut script = Script::new(measured());
    let evidence = Evidence {
        container: unknown(),
        ..errors(0.0)
    };
    let stepped = script.tick(evidence);
    assert_eq!(stepped.evaluation.verdict.kind(), VerdictKind::Good);

    let mut script = Script::new(unmeasured());
    let evidence = Evidence {
        metrics: None,
        probe: None,
        container: unknown(),
    };
    let stepped = script.tick(evidence);
    assert_eq!(stepped.evaluation.verdict.kind(), VerdictKind::ProviderDown);
    assert_eq!(script.state.clock.baked_milliseconds, 0);
}

#[test]
fn hc_14_with_nothing_to_measure_it_ends_unverified_and_says_so() {
    let mut script = Script::new(unmeasured());
    let stepped = script.tick(only(None, running()));
    let why = NoData::NothingMeasures;
    assert_eq!(stepped.evaluation.verdict, Verdict::NoData { why });
    let (_, decision) = script.until_decided(&only(None, running()));
    let Decision::Unverified { why } = decision else {
        panic!("{decision:?}");
    };
    assert!(why.sentence().contains("nothing to measure"));
}

#[test]
fn hc_14_a_health_check_of_the_image_or_of_commander_verifies() {
    let healthy = ContainerFacts {
        health: Some(DockerHealth::Healthy),
        ..running()
    };
    for evidence in [only(None, healthy), only(Some(probe(0)), running())] {
        let mut script = Script::new(unmeasured());
        let by = Source::Probe;
        let (evaluations, decision) = script.until_decided(&evidence);
        assert_eq!(decision, Decision::Verified { by });
        assert_eq!(evaluations, BAKE);
    }
}

#[test]
fn hc_14_unhealthy_needs_three_evaluations_and_one_restart_forfeits_the_proof_by_probe() {
    let unhealthy = ContainerFacts {
        health: Some(DockerHealth::Unhealthy),
        ..running()
    };
    let mut script = Script::new(unmeasured());
    let (evaluations, decision) = script.until_decided(&only(None, unhealthy));
    assert_eq!(evaluations, 3);
    assert!(is_degraded(&decision));

    let mut script = Script::new(unmeasured());
    let once = ContainerFacts {
        restart_count: 1,
        ..running()
    };
    let (_, decision) = script.until_decided(&only(Some(probe(0)), once));
    let why = Unverified::Restarted { exits: 1 };
    assert_eq!(decision, Decision::Unverified { why });
}

#[test]
fn hc_14_a_probe_that_fails_sometimes_is_neither_good_nor_bad() {
    let mut script = Script::new(unmeasured());
    let (_, decision) = script.until_decided(&only(Some(probe(1)), running()));
    let why = Unverified::NoEvidence {
        mostly: VerdictKind::NoData,
    };
    assert_eq!(decision, Decision::Unverified { why });
    let half = ProbeSummary {
        sent: 4,
        ok: 2,
        ..probe(2)
    };
    let mut script = Script::new(unmeasured());
    let kinds = script.undecided([only(Some(half), running())]);
    assert_eq!(kinds, [VerdictKind::NoData], "half is not most");
    let mut script = Script::new(unmeasured());
    let (evaluations, decision) = script.until_decided(&only(Some(probe(2)), running()));
    assert_eq!(evaluations, 3);
    assert!(is_degraded(&decision));
}

#[test]
fn hc_15_a_jump_of_the_clock_or_a_long_sleep_decides_nothing() {
    let mut script = Script::new(measured());
    script.undecided([errors(0.0)]);
    // The wall clock jumps both ways; the monotonic one does not.
    script.now += SignedDuration::from_mins(10);
    script.undecided([errors(0.5)]);
    script.now -= SignedDuration::from_mins(20);
    script.undecided([errors(0.0)]);
    assert_eq!(script.state.clock.baked_milliseconds, 30_000);

    // A sleep that the monotonic clock counts is one evaluation late, not sixty missed ones.
    let late = script.tick_after(Duration::from_secs(600), errors(0.5));
    assert_eq!(late.decision, Decision::Continue);
    assert_eq!(script.state.clock.baked_milliseconds, 50_000);
    assert_eq!(script.state.by_metrics.longest_gap, 2);
}

#[test]
fn hc_48_an_evaluation_holds_everything_it_was_decided_from() {
    let mut script = Script::with_baseline(measured(), baseline(0.12, 3_000.0));
    script.undecided([errors(0.3), errors(0.3)]);
    let evaluation = script.tick(errors(0.3)).evaluation;
    assert_eq!(evaluation.rule, Some(Rule::Consecutive { bad: 3 }));
    assert_eq!(
        evaluation.verdict,
        Verdict::Bad {
            reasons: vec![BadReason::Metric {
                metric: Metric::ErrorRate,
                value: 0.3,
                limit: 0.18,
                baseline: Some(0.12),
            }]
        }
    );
    let json = serde_json::to_value(&evaluation).unwrap();
    let reading = &json["evidence"]["metrics"]["readings"][0];
    assert_eq!(reading["query"], "error rate");
    assert_eq!(reading["raw"], "{}");
    assert_eq!(json["measures"][0]["baseline"], 0.12);
    assert_eq!(json["measures"][0]["maximum"], 0.05);
    assert_eq!(json["thresholds"]["errorRateMax"], 0.05);
    assert_eq!(json["at"], "2026-11-21T10:00:30Z");
    let back: commander::domain::watch::Evaluation = serde_json::from_value(json).unwrap();
    assert_eq!(back, evaluation);
}

// --- the life cycle -------------------------------------------------------------------------

#[test]
fn an_own_stop_during_a_pause_is_no_crash() {
    let mut script = Script::new(measured());
    script.undecided([errors(0.0)]);
    script.state = script.state.apply(WatchEvent::Pause).unwrap();
    let tick = Tick {
        elapsed: INTERVAL,
        now: script.now,
    };
    assert!(step(&script.state, &script.settings, errors(0.0), tick).is_err());
    script.state = script.state.resume(2).unwrap();
    let facts = ContainerFacts {
        restart_count: 2,
        ..running()
    };
    let stepped = script.tick(with_container(errors(0.0), facts));
    assert_eq!(stepped.evaluation.verdict.kind(), VerdictKind::Good);
    assert_eq!(script.state.exits.total(), 0);
}

#[test]
fn settings_that_no_watch_can_be_conducted_by_are_all_named() {
    let mut settings = measured();
    settings.bake_seconds = 29;
    settings.bad_of.bad = 13;
    settings.thresholds.error_rate_max = 5.0;
    settings.probe.as_mut().unwrap().requests = 9;
    let fields: Vec<&str> = settings.mistakes().iter().map(|m| m.field).collect();
    assert_eq!(
        fields,
        ["bake", "bad_of", "error_rate_max", "probe.requests"]
    );
}

#[test]
fn settings_and_state_survive_storage() {
    let settings = measured();
    let json = serde_json::to_string(&settings).unwrap();
    assert!(
        json.contains(r#""errorRate":"error_rate{{release}}""#),
        "{json}"
    );
    let back: WatchSettings = serde_json::from_str(&json).unwrap();
    assert_eq!(back, settings);
}

// --- the laws -------------------------------------------------------------------------------

fn any_error() -> impl Strategy<Value = QueryError> {
    prop_oneof![
        Just(QueryError::Refused),
        Just(QueryError::Timeout),
        Just(QueryError::Malformed),
        (100u16..600).prop_map(|status| QueryError::HttpStatus { status }),
        Just(QueryError::BadQuery {
            message: "x".to_owned()
        }),
        Just(QueryError::Redirect { to: "x".to_owned() }),
    ]
}

/// Answers that hold no number which could be judged.
fn any_non_answer() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Empty),
        Just(Outcome::NotANumber),
        Just(Outcome::Infinite),
        (2u32..9).prop_map(|count| Outcome::SeveralSeries { count }),
        Just(Outcome::WrongType {
            found: WrongType::Text
        }),
        Just(Outcome::Partial {
            warning: "x".to_owned()
        }),
        any_error().prop_map(|error| Outcome::Failed { error }),
    ]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        any_non_answer(),
        (0.0..1.2f64).prop_map(value),
        (0.0..200.0f64).prop_map(value),
    ]
}

fn any_scrape() -> impl Strategy<Value = ScrapeOutcome> {
    let facts = (
        any::<Option<bool>>(),
        proptest::option::of(0.0..400.0f64),
        0u32..5,
    );
    prop_oneof![
        4 => Just(seen(Some(true), Some(1.0), 9)),
        1 => facts.prop_map(|(up, age, scrapes)| seen(up, age, scrapes)),
        1 => any_error().prop_map(|error| ScrapeOutcome::Failed { error }),
    ]
}

/// A container that did not end: whatever else it does is not bad.
fn any_quiet_container() -> impl Strategy<Value = ContainerReport> {
    let health = prop_oneof![
        Just(None),
        Just(Some(DockerHealth::Healthy)),
        Just(Some(DockerHealth::Starting)),
    ];
    prop_oneof![
        health.prop_map(|health| container(ContainerFacts {
            health,
            ..running()
        })),
        Just(ContainerReport::Unknown {
            error: "x".to_owned()
        }),
    ]
}

fn any_container() -> impl Strategy<Value = ContainerReport> {
    let crashing = (0u32..3, 0u32..2, any::<bool>()).prop_map(|(restart_count, exits, oom)| {
        container(ContainerFacts {
            restart_count,
            exits,
            oom_kills: u32::from(oom),
            ..running()
        })
    });
    prop_oneof![9 => any_quiet_container(), 1 => crashing]
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let probe = proptest::option::of((0u32..=3).prop_map(probe));
    (
        any_scrape(),
        any_outcome(),
        any_outcome(),
        probe,
        any_container(),
    )
        .prop_map(
            |(scrape, error_rate, requests, probe, container)| Evidence {
                probe,
                container,
                ..scraped(scrape, error_rate, requests)
            },
        )
}

fn any_settings() -> impl Strategy<Value = WatchSettings> {
    let policy = prop_oneof![
        Just(NoTrafficPolicy::Probe),
        Just(NoTrafficPolicy::Hold),
        Just(NoTrafficPolicy::Pass),
    ];
    (policy, any::<bool>(), any::<bool>(), 30u32..120).prop_map(
        |(policy, judged, counted, bake_seconds)| {
            let mut settings = under(policy);
            settings.bake_seconds = bake_seconds;
            if !judged {
                settings.queries.error_rate = None;
            }
            if !counted {
                settings.queries.requests = None;
            }
            settings
        },
    )
}

proptest! {
    #[test]
    fn no_data_never_rolls_back_and_never_verifies(
        policy in prop_oneof![Just(NoTrafficPolicy::Hold), Just(NoTrafficPolicy::Pass)],
        script in proptest::collection::vec(
            (any_scrape(), any_non_answer(), any_outcome(), any_quiet_container()), 1..60),
    ) {
        let mut settings = under(policy);
        settings.bake_seconds = 60;
        let mut played = Script::new(settings);
        for (scrape, error_rate, requests, container) in script {
            let evidence = Evidence { container, ..scraped(scrape, error_rate, requests) };
            let stepped = played.tick(evidence);
            let kind = stepped.evaluation.verdict.kind();
            prop_assert!(!matches!(kind, VerdictKind::Good | VerdictKind::Bad), "{kind:?}");
            match stepped.decision {
                Decision::Continue => {}
                Decision::Unverified { .. } => break,
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn a_watch_ends_once_and_within_three_times_its_bake(
        settings in any_settings(),
        script in proptest::collection::vec((any_evidence(), 1u64..60_000), 1..100),
    ) {
        let mut played = Script::new(settings);
        let bake = played.settings.bake_milliseconds();
        let mut turns = script.iter().cycle();
        let mut ends = 0;
        while ends == 0 {
            let total = played.state.clock.total_milliseconds();
            prop_assert!(total < 3 * bake, "still baking after {total} of {bake} ms");
            let (evidence, elapsed) = turns.next().unwrap();
            // A clock that moves by nothing at all would never end anything.
            let elapsed = Duration::from_millis(*elapsed).max(Duration::from_millis(100));
            let stepped = played.tick_after(elapsed, evidence.clone());
            prop_assert_eq!(&stepped.evaluation.evidence, evidence);
            ends += u32::from(stepped.decision != Decision::Continue);
            let status = match stepped.decision {
                Decision::Continue => WatchStatus::Baking,
                Decision::Verified { .. } => WatchStatus::Verified,
                Decision::Unverified { .. } => WatchStatus::Unverified,
                Decision::Degraded { .. } => WatchStatus::Degraded,
            };
            prop_assert_eq!(played.state.status, status);
        }
        let tick = Tick { elapsed: INTERVAL, now: played.now };
        let again = step(&played.state, &played.settings, script[0].0.clone(), tick);
        prop_assert!(again.is_err(), "at most one end, at most one Degraded");
    }

    #[test]
    fn degraded_rests_on_evaluations_that_were_bad(
        settings in any_settings(),
        script in proptest::collection::vec(any_evidence(), 1..40),
    ) {
        let mut played = Script::new(settings);
        let mut bad = Vec::new();
        for evidence in script {
            let stepped = played.tick(evidence);
            if stepped.evaluation.verdict.kind() == VerdictKind::Bad {
                bad.push(stepped.evaluation.number);
            }
            match stepped.decision {
                Decision::Continue => {}
                Decision::Degraded { evaluations, .. } => {
                    prop_assert!(!evaluations.is_empty());
                    prop_assert!(evaluations.iter().all(|number| bad.contains(number)));
                    break;
                }
                _ => break,
            }
        }
    }

    #[test]
    fn the_table_of_a_watch_has_no_way_out_of_an_end(
        events in proptest::collection::vec(proptest::sample::select(&WatchEvent::ALL[..]), 1..20),
    ) {
        let mut status = WatchStatus::Baking;
        for event in events {
            match status.next(event) {
                Ok(next) => {
                    prop_assert!(status.is_open());
                    prop_assert_ne!(next, status);
                    // Only what was found bad, or is baking, can be rolled back or verified.
                    prop_assert!(next != WatchStatus::Verified || status == WatchStatus::Baking);
                    prop_assert!(next != WatchStatus::Degraded || status == WatchStatus::Baking);
                    status = next;
                }
                Err(refused) => prop_assert_eq!(refused.status, status),
            }
        }
    }
}

#[test]
fn every_open_watch_can_be_superseded_and_stopped_and_no_ended_one_can_move() {
    for status in WatchStatus::ALL {
        for event in WatchEvent::ALL {
            let moves = status.next(event).is_ok();
            let always = matches!(event, WatchEvent::Supersede | WatchEvent::Stop);
            assert!(!always || moves == status.is_open(), "{status} {event:?}");
            assert!(status.is_open() || !moves, "{status} {event:?}");
        }
    }
}
