//! Lengths of time and shares in a text: "for at least 30 minutes", "0.5 %", "800 ms". A procedure
//! names a limit, a command names what was reached, and both are read here.

use super::meaning::{Meaning, Word};
use super::sentence::Tag;
use super::token::Glue;

/// What was measured, and where it ends in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    pub at: usize,
    pub value: u32,
}

const DAY: u32 = 24 * 60;

/// Lengths of time, in minutes.
pub(super) fn durations(tags: &[Tag]) -> Vec<Measure> {
    let length = |at: usize| {
        let minutes = match tags[at].meaning {
            Meaning::Unit(minutes) => minutes,
            // "two business days"
            Meaning::Days(days) if days.count_ones() == 5 && is_counted(tags, at) => DAY,
            _ => return None,
        };
        let count = labelled(tags, at).or_else(|| count(tags, at))?;
        let length = u64::from(count) * u64::from(minutes) / 100;
        u32::try_from(length).ok()
    };
    (0..tags.len())
        .filter_map(|at| length(at).map(|value| Measure { at, value }))
        .collect()
}

/// "retention-days: 30", "soak_hours=4": the number behind, in hundredths.
fn labelled(tags: &[Tag], at: usize) -> Option<u32> {
    let mark = tags.get(at + 1)?;
    let marks = matches!(mark.meaning, Meaning::Mark(':' | '='));
    let hyphened = tags[at].glue == Glue::Hyphen;
    (marks && hyphened)
        .then(|| hundredths(tags, at + 2))
        .flatten()
}

/// "two business days" are a length, and no days of the week.
pub(super) fn is_counted(tags: &[Tag], at: usize) -> bool {
    let days = matches!(tags[at].meaning, Meaning::Days(days) if days.count_ones() == 5);
    let before = at.checked_sub(1).map(|before| &tags[before].meaning);
    days && matches!(before, Some(Meaning::Number(_)))
}

/// In hundredths: "1.5 hours", "two business days", "a week".
fn count(tags: &[Tag], at: usize) -> Option<u32> {
    // "un an", "einen Tag": the phrase has its article with it.
    if tags[at].is_phrase()
        && ["un", "um", "ein", "eine", "einen", "einem"].contains(&tags[at].first.as_str())
    {
        return Some(100);
    }
    let number = (at.saturating_sub(2)..at)
        .rev()
        .find_map(|before| hundredths(tags, before));
    number.or_else(|| {
        let word = |back: usize| Some(tags.get(at.checked_sub(back)?)?.first.as_str());
        let full = ["full", "whole", "entire", "business", "further"].contains(&word(1)?);
        let article = if full { word(2)? } else { word(1)? };
        [
            "a", "an", "one", "per", "ein", "eine", "einen", "un", "une", "uma", "um", "一",
        ]
        .contains(&article)
        .then_some(100)
    })
}

/// Shares, in hundredths of a percent.
pub(super) fn shares(tags: &[Tag]) -> Vec<Measure> {
    let share = |at: usize| {
        let is_percent = tags[at].meaning == Meaning::Mark('%')
            || ["percent", "prozent", "pct"].contains(&tags[at].first.as_str());
        if !is_percent {
            return None;
        }
        hundredths(tags, at.checked_sub(1)?)
    };
    (0..tags.len())
        .filter_map(|at| share(at).map(|value| Measure { at, value }))
        .collect()
}

/// How many times something: "1.5x the baseline", in hundredths.
pub(super) fn multiples(tags: &[Tag]) -> Vec<Measure> {
    let multiple = |at: usize| {
        let times = tags[at].first == "x" || tags[at].meaning == Meaning::Mark('\u{d7}');
        let written = tags[at].glue == Glue::Nothing;
        (times && written).then(|| hundredths(tags, at.checked_sub(1)?))?
    };
    (0..tags.len())
        .filter_map(|at| multiple(at).map(|value| Measure { at, value }))
        .collect()
}

/// Of the shares of a sentence the one that stands nearest to what is measured: "shift 10 % of the
/// traffic, roll back when errors exceed 1 %".
pub(super) fn rate(tags: &[Tag]) -> Option<Measure> {
    let measured = |at: &usize| tags[*at].is(Word::Threshold) || tags[*at].is(Word::Pass);
    let distance = |share: &Measure| {
        let near = (0..tags.len()).filter(measured);
        near.map(|at| at.abs_diff(share.at)).min()
    };
    shares(tags)
        .into_iter()
        .filter(|share| !is_of_traffic(tags, share.at))
        .min_by_key(|share| distance(share).unwrap_or(usize::MAX))
}

/// "10 % of the traffic", "5 % canary"
fn is_of_traffic(tags: &[Tag], at: usize) -> bool {
    const USERS: [&str; 5] = ["traffic", "users", "user", "requests", "hosts"];
    // "> 1 % of the requests" is a limit.
    let limit = tags[..at]
        .iter()
        .rev()
        .take(2)
        .any(|tag| tag.meaning == Meaning::Mark('>'));
    if limit {
        return false;
    }
    // "Go on to 50 %"
    let step = at
        .checked_sub(2)
        .is_some_and(|before| tags[before].is(Word::To))
        && tags.iter().any(|tag| tag.is(Word::GoOn));
    let behind = tags.get(at + 1..).unwrap_or_default();
    step || behind.iter().take(3).any(|tag| {
        USERS.contains(&tag.first.as_str()) || matches!(tag.meaning, Meaning::Strategy(_))
    })
}

/// Whether a share counts what succeeds: "success rate 99.5 %" leaves half a percent.
pub(super) fn counts_successes(tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| ["success", "availability"].contains(&tag.first.as_str()))
}

/// The share of requests that fail, in hundredths of a percent.
pub(super) fn failing_share(tags: &[Tag]) -> Option<u32> {
    let share = rate(tags)?.value;
    match counts_successes(tags) {
        true => 10_000_u32.checked_sub(share),
        false => Some(share),
    }
}

/// How long an answer takes, in milliseconds.
pub(super) fn latencies(tags: &[Tag]) -> Vec<Measure> {
    let latency = |at: usize| {
        let scale = match tags[at].first.as_str() {
            "ms" | "millis" | "milliseconds" => 1,
            "s" | "sec" | "seconds" => 1_000_u64,
            _ => return None,
        };
        let latency = u64::from(hundredths(tags, at.checked_sub(1)?)?) * scale / 100;
        u32::try_from(latency).ok()
    };
    (0..tags.len())
        .filter_map(|at| latency(at).map(|value| Measure { at, value }))
        .collect()
}

fn number(tags: &[Tag], at: usize) -> Option<u32> {
    match tags.get(at)?.meaning {
        Meaning::Number(number) => Some(number),
        _ => None,
    }
}

/// The number that ends here, in hundredths: "1.5", "0,25", "1,000".
fn hundredths(tags: &[Tag], at: usize) -> Option<u32> {
    let last = number(tags, at)?;
    let digits = tags[at].end - tags[at].start;
    let joined = at.checked_sub(2).and_then(|whole| {
        let mark = &tags[at - 1];
        let glued = mark.start == tags[whole].end && mark.end == tags[at].start;
        match mark.meaning {
            Meaning::Mark(point @ ('.' | ',')) if glued => Some((number(tags, whole)?, point)),
            _ => None,
        }
    });
    match joined {
        // A comma before three digits parts thousands.
        Some((whole, ',')) if digits == 3 => whole
            .checked_mul(1_000)?
            .checked_add(last)?
            .checked_mul(100),
        // Of the digits behind the point two count.
        Some((whole, _)) => {
            let behind = match digits {
                1 => last.checked_mul(10)?,
                2 => last,
                more => last / 10_u32.checked_pow(u32::try_from(more).ok()? - 2)?,
            };
            whole.checked_mul(100)?.checked_add(behind)
        }
        None => last.checked_mul(100),
    }
}
