//! What follows from the evaluations so far.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::settings::WatchSettings;
use super::state::{MarkKind, WatchState};
use super::status::WatchEvent;
use crate::domain::verdict::{BadReason, Source, Verdict, VerdictKind};

/// The bake ends at so many times its length at the latest, whatever stopped its clock.
const LONGEST: u64 = 3;

/// Unexpected exits that confirm a degradation by themselves.
const EXITS_THAT_CONFIRM: u32 = 2;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Decision {
    Continue,
    Verified {
        by: Source,
    },
    Unverified {
        why: Unverified,
    },
    /// Bad for certain: what the plan's `onDegraded` says is due.
    Degraded {
        rule: Rule,
        /// Numbers of the bad evaluations that confirm it, oldest first.
        evaluations: Vec<u32>,
    },
}

/// Why a bake ended without proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Unverified {
    /// Not one evaluation was good.
    NoEvidence { mostly: VerdictKind },
    /// There were good ones, but too far apart.
    Gap { intervals: u32, mostly: VerdictKind },
    /// It answered well, but its container did not run through.
    Restarted { exits: u32 },
    /// Three times its length are over.
    TookTooLong { mostly: VerdictKind },
}

/// The rule that confirmed a degradation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Rule {
    Consecutive {
        bad: u32,
    },
    BadOf {
        bad: u32,
        last: u32,
    },
    RepeatedExits {
        exits: u32,
    },
    OutOfMemory,
    #[schema(rename_all = "camelCase")]
    ExitWithoutRestart {
        exit_code: Option<i64>,
    },
}

impl Decision {
    pub(super) fn event(&self) -> Option<WatchEvent> {
        match self {
            Self::Continue => None,
            Self::Verified { .. } => Some(WatchEvent::Verify),
            Self::Unverified { .. } => Some(WatchEvent::EndUnverified),
            Self::Degraded { .. } => Some(WatchEvent::Degrade),
        }
    }

    pub(super) fn rule(&self) -> Option<Rule> {
        match self {
            Self::Degraded { rule, .. } => Some(*rule),
            _ => None,
        }
    }
}

impl Rule {
    pub fn sentence(&self) -> String {
        match self {
            Self::Consecutive { bad } => {
                format!("{bad} bad evaluations with no good one between them")
            }
            Self::BadOf { bad, last } => format!("{bad} of the last {last} evaluations were bad"),
            Self::RepeatedExits { exits } => {
                format!("the container ended {exits} times since go-live")
            }
            Self::OutOfMemory => "the container ran out of memory".to_owned(),
            Self::ExitWithoutRestart { exit_code } => match exit_code {
                Some(code) => {
                    format!("the container ended with exit code {code} and was not started again")
                }
                None => "the container ended and was not started again".to_owned(),
            },
        }
    }
}

impl Unverified {
    pub fn sentence(&self) -> String {
        match self {
            Self::NoEvidence { mostly } => {
                format!(
                    "Nothing proved this release during its bake: {}.",
                    reason(*mostly)
                )
            }
            Self::Gap { intervals, mostly } => format!(
                "The bake had {intervals} intervals in a row without a good evaluation: {}.",
                reason(*mostly)
            ),
            Self::Restarted { exits } => {
                format!("It answered well, but its container ended {exits} times.")
            }
            Self::TookTooLong { mostly } => format!(
                "The bake was given up after three times its length: {}.",
                reason(*mostly)
            ),
        }
    }
}

fn reason(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Good => "good evaluations were too few",
        VerdictKind::Bad => "it was bad at times, yet not often enough to take it back",
        VerdictKind::Suspect => "it was as bad as the release before it",
        VerdictKind::NoTraffic => "there was too little traffic",
        VerdictKind::NoData => "there was nothing to measure",
        VerdictKind::Stale => "Prometheus did not see it",
        VerdictKind::ProviderDown => "those who measure it gave no answer",
        VerdictKind::Warming => "Prometheus did not scrape it twice",
        VerdictKind::ConfigError => "its metric queries have to be corrected",
    }
}

/// Degraded goes before everything: a bake that is over does not hide a release that is bad.
pub(super) fn decide(state: &WatchState, settings: &WatchSettings, verdict: &Verdict) -> Decision {
    if let Some(decision) = degraded(state, settings, verdict) {
        return decision;
    }
    let bake = settings.bake_milliseconds();
    if state.clock.baked_milliseconds >= bake
        && let Some(decision) = end_of_bake(state, settings, verdict)
    {
        return decision;
    }
    if state.clock.total_milliseconds() >= bake * LONGEST {
        let mostly = mostly(state);
        let why = Unverified::TookTooLong { mostly };
        return Decision::Unverified { why };
    }
    Decision::Continue
}

/// How the bake ends now that its time is up; `None` where the last evaluation leaves it open: a
/// bad one is no end, and a missing one becomes a gap or is followed by a good one.
fn end_of_bake(
    state: &WatchState,
    settings: &WatchSettings,
    verdict: &Verdict,
) -> Option<Decision> {
    let is_good = matches!(verdict, Verdict::Good { .. });
    if settings.judges_metrics() && state.by_metrics.is_unbroken() {
        let by = Source::Metrics;
        return is_good.then_some(Decision::Verified { by });
    }
    if state.by_any.is_unbroken() {
        return is_good.then(|| verified_by_probe(state.exits.total()));
    }
    if matches!(verdict, Verdict::Bad { .. }) {
        return None;
    }
    let mostly = mostly(state);
    let intervals = state.by_any.longest_gap;
    let why = match state.by_any.good {
        0 => Unverified::NoEvidence { mostly },
        _ => Unverified::Gap { intervals, mostly },
    };
    Some(Decision::Unverified { why })
}

/// A probe proves little about what happened between two rounds: the container must have run through.
fn verified_by_probe(exits: u32) -> Decision {
    match exits {
        0 => Decision::Verified { by: Source::Probe },
        _ => Decision::Unverified {
            why: Unverified::Restarted { exits },
        },
    }
}

/// The most frequent verdict that was not good.
fn mostly(state: &WatchState) -> VerdictKind {
    (state.counts.iter())
        .filter(|(kind, _)| **kind != VerdictKind::Good)
        .max_by_key(|(_, count)| **count)
        .map_or(VerdictKind::Good, |(kind, _)| *kind)
}

fn degraded(state: &WatchState, settings: &WatchSettings, verdict: &Verdict) -> Option<Decision> {
    let Verdict::Bad { reasons } = verdict else {
        return None;
    };
    let (rule, evaluations) = match confirmed_at_once(state, reasons) {
        Some(rule) => (rule, vec![state.evaluations]),
        None => confirmed_by_count(state, settings)?,
    };
    Some(Decision::Degraded { rule, evaluations })
}

/// What Docker says needs no second evaluation.
fn confirmed_at_once(state: &WatchState, reasons: &[BadReason]) -> Option<Rule> {
    let exits = state.exits.total();
    reasons.iter().find_map(|reason| match reason {
        BadReason::OutOfMemory => Some(Rule::OutOfMemory),
        BadReason::NotRunning { exit_code } => {
            let exit_code = *exit_code;
            Some(Rule::ExitWithoutRestart { exit_code })
        }
        BadReason::Exited { .. } if exits >= EXITS_THAT_CONFIRM => {
            Some(Rule::RepeatedExits { exits })
        }
        _ => None,
    })
}

fn confirmed_by_count(state: &WatchState, settings: &WatchSettings) -> Option<(Rule, Vec<u32>)> {
    let bad = settings.consecutive_bad;
    let in_a_row = bad_in_a_row(state);
    if in_a_row.len() >= bad as usize {
        return Some((Rule::Consecutive { bad }, in_a_row));
    }
    let last = settings.bad_of.last;
    let recent = state.marks.len().saturating_sub(last as usize);
    let bad: Vec<u32> = (state.marks[recent..].iter())
        .filter(|mark| mark.kind == MarkKind::Bad)
        .map(|mark| mark.evaluation)
        .collect();
    let count = u32::try_from(bad.len()).unwrap_or(u32::MAX);
    (count >= settings.bad_of.bad).then_some((Rule::BadOf { bad: count, last }, bad))
}

/// The bad evaluations since the last one that was measured and not bad, oldest first.
fn bad_in_a_row(state: &WatchState) -> Vec<u32> {
    let mut row: Vec<u32> = (state.marks.iter().rev())
        .take_while(|mark| mark.kind != MarkKind::NotBad)
        .filter(|mark| mark.kind == MarkKind::Bad)
        .map(|mark| mark.evaluation)
        .collect();
    row.reverse();
    row
}
