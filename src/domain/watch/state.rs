//! What a watch must remember between evaluations, as plain data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Tick;
use super::settings::WatchSettings;
use super::status::{IllegalWatchMove, WatchEvent, WatchStatus};
use crate::domain::verdict::{
    Baseline, ContainerReport, ContainerState, Exits, NoTrafficPolicy, Source, Verdict, VerdictKind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WatchState {
    pub status: WatchStatus,
    pub clock: Clock,
    /// How many there were.
    pub evaluations: u32,
    /// Since the last evaluation that left a mark.
    pub since_mark_milliseconds: u64,
    /// One for each interval, oldest first; as many as the m-of-n rule looks at.
    pub marks: Vec<Mark>,
    /// Evaluations that were good by metrics.
    pub by_metrics: Continuity,
    /// Evaluations that were good by whatever source.
    pub by_any: Continuity,
    pub exits: ExitLedger,
    /// The first bad evaluation of the present trouble; none once all marks are free of it.
    pub first_bad_at: Option<Timestamp>,
    pub last_verdict: Option<VerdictKind>,
    /// How often each kind of verdict was given.
    pub counts: BTreeMap<VerdictKind, u32>,
    /// Measured once on the predecessor, before the switch.
    pub baseline: Baseline,
}

/// Elapsed time. No deadline is stored, so that a restart or a jump of the clock moves nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clock {
    /// Time that counts for the bake.
    pub baked_milliseconds: u64,
    /// Time in which the bake's clock stood still, because there was nobody to ask yet or any more.
    pub stopped_milliseconds: u64,
}

impl Clock {
    pub fn total_milliseconds(self) -> u64 {
        self.baked_milliseconds + self.stopped_milliseconds
    }
}

/// What one evaluation means for the rules that look at several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mark {
    /// Number of the evaluation.
    pub evaluation: u32,
    pub kind: MarkKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    Bad,
    /// Measured, and not bad.
    NotBad,
    /// Nothing was measured: it neither adds to a row of bad ones nor ends it.
    Unknown,
}

/// How long the watch went without a good evaluation, in intervals of running bake clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Continuity {
    pub good: u32,
    pub gap: u32,
    pub longest_gap: u32,
}

impl Continuity {
    /// A gap of three intervals breaks the proof.
    const BREAKS_AT: u32 = 3;

    pub fn is_unbroken(self) -> bool {
        self.longest_gap < Self::BREAKS_AT
    }

    fn good(&mut self) {
        self.good += 1;
        self.gap = 0;
    }

    fn without(&mut self, intervals: u32) {
        self.gap = self.gap.saturating_add(intervals);
        self.longest_gap = self.longest_gap.max(self.gap);
    }
}

/// Counts exits by two witnesses, each cumulative; the higher one is believed. Adding up what is
/// new in either would count one exit twice when its event and its count arrive in different
/// evaluations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExitLedger {
    pub last_restart_count: u32,
    pub by_count: u32,
    pub by_events: u32,
}

impl ExitLedger {
    pub fn total(self) -> u32 {
        self.by_count.max(self.by_events)
    }

    pub(super) fn observe(&mut self, report: &ContainerReport) -> Exits {
        let before = self.total();
        if let ContainerReport::Known { facts } = report {
            self.by_events = self.by_events.saturating_add(facts.exits);
            let restarts = match facts.restart_count.checked_sub(self.last_restart_count) {
                Some(risen) => risen,
                // The engine began to count anew, with a start by hand or of the daemon.
                None => facts.restart_count,
            };
            // The last exit is in no restart count when nothing restarted it.
            let last = match facts.state {
                ContainerState::Exited | ContainerState::Missing => 1,
                ContainerState::Running | ContainerState::Restarting => 0,
            };
            self.last_restart_count = facts.restart_count;
            self.by_count = self.by_count.saturating_add(restarts).saturating_add(last);
        }
        let total = self.total();
        let new = total - before;
        Exits { total, new }
    }
}

impl WatchState {
    /// `restart_count`: Docker's count at go-live. `baseline`: what the predecessor had.
    pub fn begin(restart_count: u32, baseline: Baseline) -> Self {
        Self {
            status: WatchStatus::Baking,
            clock: Clock::default(),
            evaluations: 0,
            since_mark_milliseconds: 0,
            marks: Vec::new(),
            by_metrics: Continuity::default(),
            by_any: Continuity::default(),
            exits: ExitLedger {
                last_restart_count: restart_count,
                ..ExitLedger::default()
            },
            first_bad_at: None,
            last_verdict: None,
            counts: BTreeMap::new(),
            baseline,
        }
    }

    /// Moves the status; everything else stays. To resume, use [`WatchState::resume`].
    pub fn apply(&self, event: WatchEvent) -> Result<Self, IllegalWatchMove> {
        let status = self.status.next(event)?;
        Ok(Self {
            status,
            ..self.clone()
        })
    }

    /// Goes on after a pause. What Commander stopped and started meanwhile is no exit, so that
    /// counting begins at the `restart_count` of now.
    pub fn resume(&self, restart_count: u32) -> Result<Self, IllegalWatchMove> {
        let mut resumed = self.apply(WatchEvent::Resume)?;
        resumed.exits.last_restart_count = restart_count;
        Ok(resumed)
    }

    /// An evaluation may come out of turn, because Docker told of something. Its time counts, and
    /// what Docker says; a mark it leaves only when the turn has come. Otherwise three looks within a
    /// second at one bad window would be "three in a row".
    pub(super) fn remember(&mut self, verdict: &Verdict, settings: &WatchSettings, tick: Tick) {
        let interval = u64::from(settings.interval_milliseconds);
        let elapsed = u64::try_from(tick.elapsed.as_millis()).unwrap_or(u64::MAX);
        let elapsed = elapsed.min(interval * 2);
        self.evaluations += 1;
        self.last_verdict = Some(verdict.kind());
        *self.counts.entry(verdict.kind()).or_default() += 1;
        let stopped = stops_the_clock(verdict, settings.thresholds.no_traffic);
        match stopped {
            true => self.clock.stopped_milliseconds += elapsed,
            false => self.clock.baked_milliseconds += elapsed,
        }
        self.since_mark_milliseconds += elapsed;
        // A timer may be a little early; a quarter of an interval is no timer.
        if self.since_mark_milliseconds * 4 >= interval * 3 {
            self.leave_mark(verdict, settings);
            if !stopped {
                let twice = self.since_mark_milliseconds * 2 >= interval * 3;
                self.prove(verdict, if twice { 2 } else { 1 });
            }
            self.since_mark_milliseconds = 0;
        }
        self.remember_trouble(verdict, tick.now);
    }

    fn leave_mark(&mut self, verdict: &Verdict, settings: &WatchSettings) {
        self.marks.push(Mark {
            evaluation: self.evaluations,
            kind: mark(verdict),
        });
        let keep = settings.bad_of.last.max(settings.consecutive_bad) as usize;
        let surplus = self.marks.len().saturating_sub(keep);
        self.marks.drain(..surplus);
    }

    fn prove(&mut self, verdict: &Verdict, intervals: u32) {
        match verdict {
            Verdict::Good { by } => {
                self.by_any.good();
                match by {
                    Source::Metrics => self.by_metrics.good(),
                    Source::Probe => self.by_metrics.without(intervals),
                }
            }
            _ => {
                self.by_any.without(intervals);
                self.by_metrics.without(intervals);
            }
        }
    }

    fn remember_trouble(&mut self, verdict: &Verdict, now: Timestamp) {
        if matches!(verdict, Verdict::Bad { .. }) {
            self.first_bad_at.get_or_insert(now);
        } else if self.marks.iter().all(|mark| mark.kind != MarkKind::Bad) {
            self.first_bad_at = None;
        }
    }
}

fn mark(verdict: &Verdict) -> MarkKind {
    match verdict.kind() {
        VerdictKind::Bad => MarkKind::Bad,
        VerdictKind::Good | VerdictKind::Suspect => MarkKind::NotBad,
        VerdictKind::NoTraffic
        | VerdictKind::NoData
        | VerdictKind::Stale
        | VerdictKind::ProviderDown
        | VerdictKind::Warming
        | VerdictKind::ConfigError => MarkKind::Unknown,
    }
}

/// The bake waits for a provider that is down, for the first scrapes, and under the policy `hold`
/// for traffic. It does not wait for data that is missing or old: that time is lost for the proof.
fn stops_the_clock(verdict: &Verdict, no_traffic: NoTrafficPolicy) -> bool {
    match verdict.kind() {
        VerdictKind::ProviderDown | VerdictKind::Warming => true,
        VerdictKind::NoTraffic => no_traffic == NoTrafficPolicy::Hold,
        _ => false,
    }
}
