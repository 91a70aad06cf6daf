//! Lengths of time and shares in a text: "for at least 30 minutes", "0.5 %", "800 ms". A procedure
//! names a limit, a command names what was reached, and both are read here.

use super::meaning::Meaning;
use super::sentence::Tag;

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
        count(tags, at)?.checked_mul(minutes)
    };
    (0..tags.len())
        .filter_map(|at| length(at).map(|value| Measure { at, value }))
        .collect()
}

/// "two business days" are a length, and no days of the week.
pub(super) fn is_counted(tags: &[Tag], at: usize) -> bool {
    let days = matches!(tags[at].meaning, Meaning::Days(days) if days.count_ones() == 5);
    let before = at.checked_sub(1).map(|before| &tags[before].meaning);
    days && matches!(before, Some(Meaning::Number(_)))
}

fn count(tags: &[Tag], at: usize) -> Option<u32> {
    // "un an", "einen Tag": the phrase has its article with it.
    if tags[at].is_phrase()
        && ["un", "um", "ein", "eine", "einen", "einem"].contains(&tags[at].first.as_str())
    {
        return Some(1);
    }
    let mut before = tags[..at].iter().rev().take(2);
    let number = before.find_map(|tag| match tag.meaning {
        Meaning::Number(number) => Some(number),
        _ => None,
    });
    number.or_else(|| {
        let word = |back: usize| Some(tags.get(at.checked_sub(back)?)?.first.as_str());
        let full = ["full", "whole", "entire", "business", "further"].contains(&word(1)?);
        let article = if full { word(2)? } else { word(1)? };
        [
            "a", "an", "one", "per", "ein", "eine", "einen", "un", "une", "uma", "um", "一",
        ]
        .contains(&article)
        .then_some(1)
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
        let last = number(tags, at.checked_sub(1)?)?;
        let whole = || {
            let point = tags.get(at.checked_sub(2)?)?;
            let is_point = matches!(point.meaning, Meaning::Mark('.' | ','));
            number(tags, at.checked_sub(3)?).filter(|_| is_point)
        };
        match whole() {
            // Of the digits behind the point two count.
            Some(whole) => {
                let digits = tags[at - 1].end - tags[at - 1].start;
                let behind = match digits {
                    1 => last.checked_mul(10)?,
                    2 => last,
                    more => last / 10_u32.checked_pow(u32::try_from(more).ok()? - 2)?,
                };
                whole.checked_mul(100)?.checked_add(behind)
            }
            None => last.checked_mul(100),
        }
    };
    (0..tags.len())
        .filter_map(|at| share(at).map(|value| Measure { at, value }))
        .collect()
}

/// The share of requests that fail: "success rate 99.5 %" leaves half a percent.
pub(super) fn failing_share(tags: &[Tag]) -> Option<u32> {
    let share = shares(tags).first()?.value;
    let succeeds = tags
        .iter()
        .any(|tag| ["success", "availability"].contains(&tag.first.as_str()));
    match succeeds {
        true => 10_000_u32.checked_sub(share),
        false => Some(share),
    }
}

/// How long an answer takes, in milliseconds.
pub(super) fn latencies(tags: &[Tag]) -> Vec<Measure> {
    let latency = |at: usize| {
        let scale = match tags[at].first.as_str() {
            "ms" | "millis" | "milliseconds" => 1,
            "s" | "sec" | "seconds" => 1_000,
            _ => return None,
        };
        number(tags, at.checked_sub(1)?)?.checked_mul(scale)
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
