//! What is printed, held against what is kept under `tests/cli/golden`: a change of it is seen
//! by whoever reads the change. `UPDATE_GOLDEN=1 cargo test --test cli` writes it anew.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What is another each time, and what stands for it. Ids and digests keep their length, and with
/// it the columns.
static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d", "TIME"),
        (r"commander-[0-9a-f]{6}-", "commander-INSTANCE-"),
        (r"Instance       [0-9a-f]{6}", "Instance       INSTANCE"),
        (r" \(last time \d+\.\d s\)", ""),
        (
            r"\bnow\b|\bin \d+(\.\d)? (s|min|h|d)( \d+ (s|min|h))?",
            "WHEN",
        ),
        (r"\d+(\.\d)? (ms|s|min|h|d)( \d+ (s|min|h))? ago", "WHEN"),
        (r"slowest \d+ ms", "slowest N ms"),
        (r"\d+ of \d+ answered", "N of N answered"),
        (r"\d+ evaluations?", "N evaluations"),
        (r"\d+(\.\d)? [MG]iB", "SIZE"),
        (r"\S+ \(API 1\.\d+, \w+\)", "ENGINE"),
        (r"git version [^\n]+", "git version"),
        (r"/\S*/\.tmp\w+", "HOME"),
    ]
    .map(|(pattern, stands)| (Regex::new(pattern).unwrap(), stands))
    .into()
});

static HEX: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[0-9a-f]{8,64}\b").unwrap());
static ID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b([a-z]{3})_[0-9a-f]{32}").unwrap());

/// The text without what is another each time.
pub fn masked(text: &str) -> String {
    let xs = |found: &Captures<'_>| "x".repeat(found[0].len());
    let text = ID.replace_all(text, |found: &Captures<'_>| {
        format!("{}_{}", &found[1], "x".repeat(32))
    });
    let mut text = HEX.replace_all(&text, xs).into_owned();
    for (pattern, stands) in MASKS.iter() {
        text = pattern.replace_all(&text, *stands).into_owned();
    }
    text
}

/// Lengths of time that are measured, in a text in which no other is of interest. How long ago
/// something was is masked before, for that may also read "now".
pub fn without_lengths(text: &str) -> String {
    let length = Regex::new(r"\d+(\.\d)? (ms|s|min)\b( \d+ s)?").unwrap();
    length.replace_all(&masked(text), "LENGTH").into_owned()
}

/// A table without what depends on its widest cell.
pub fn without_columns(text: &str) -> String {
    let gap = Regex::new(r"(\S) {2,}").unwrap();
    gap.replace_all(text, "$1  ").into_owned()
}

/// # Panics
///
/// With the lines that differ.
#[track_caller]
pub fn compare(name: &str, printed: &str) {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden");
    let kept = kept.join(format!("{name}.txt"));
    let now = masked(printed);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&kept, &now).unwrap();
    }
    let before = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(
        before == now,
        "{} is another; where that is meant: UPDATE_GOLDEN=1 cargo test --test cli\n{}",
        kept.display(),
        difference(&before, &now)
    );
}

/// The lines from the first that differs to the last.
fn difference(before: &str, now: &str) -> String {
    let (before, now): (Vec<_>, Vec<_>) = (before.lines().collect(), now.lines().collect());
    let pairs = before.iter().zip(&now);
    let same = pairs.take_while(|(a, b)| a == b).count();
    let pairs = before[same..].iter().rev().zip(now[same..].iter().rev());
    let behind = pairs.take_while(|(a, b)| a == b).count();
    let gone = before[same..before.len() - behind].iter();
    let new = now[same..now.len() - behind].iter();
    let lines: Vec<String> = std::iter::once(format!("@@ line {} @@", same + 1))
        .chain(gone.map(|line| format!("-{line}")))
        .chain(new.map(|line| format!("+{line}")))
        .collect();
    lines.join("\n")
}

#[test]
fn a_difference_is_shown_by_its_lines() {
    assert_eq!(
        difference("a\nb\nc\nd\n", "a\nB\nx\nd\n"),
        "@@ line 2 @@\n-b\n-c\n+B\n+x"
    );
}

#[test]
fn what_is_another_each_time_is_masked() {
    let text = "pln_0123456789abcdef0123456789abcdef  made 1 min 2 s ago by ada, until 2026-11-22 08:00:00 (in 23 h 59 min)";
    assert_eq!(
        masked(text),
        "pln_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  made WHEN by ada, until TIME (WHEN)"
    );
}

#[test]
fn now_and_a_second_ago_are_the_same() {
    assert_eq!(
        without_lengths("opened (now)"),
        without_lengths("opened (1 s ago)")
    );
}
