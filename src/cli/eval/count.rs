//! The counts of scored sentences, and the figures made of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Right values, values that are not in the label, and values that are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slots {
    pub right: usize,
    pub wrong: usize,
    pub missing: usize,
}

impl Slots {
    pub fn precision(self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    pub fn recall(self) -> f64 {
        share(self.right, self.right + self.missing)
    }

    pub fn f1(self) -> f64 {
        share(2 * self.right, 2 * self.right + self.wrong + self.missing)
    }

    /// Compares the values of one slot; whether they are the same.
    pub fn compare(&mut self, expected: &[&str], got: &[&str]) -> bool {
        let set = |values: &[&str]| values.iter().map(|v| spelling(v)).collect::<BTreeSet<_>>();
        let (expected, got) = (set(expected), set(got));
        let right = expected.intersection(&got).count();
        self.right += right;
        self.wrong += got.len() - right;
        self.missing += expected.len() - right;
        expected == got
    }

    fn add(&mut self, more: Self) {
        self.right += more.right;
        self.wrong += more.wrong;
        self.missing += more.missing;
    }
}

/// A part of a whole; of nothing, all is right.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of sentences are far below 2^52"
)]
fn share(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 1.0,
        _ => part as f64 / whole as f64,
    }
}

/// Names are the same in upper and lower case, with and without dashes and the word "service".
fn spelling(name: &str) -> String {
    let lower = name.to_lowercase();
    let bare: String = lower
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .collect();
    match bare.replace("service", "") {
        rest if rest.is_empty() => bare,
        rest => rest,
    }
}

/// The score of some sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    pub sentences: usize,
    pub unsafe_plans: usize,
    pub wrong_environments: usize,
    pub silent_drops: usize,
    pub actions_right: usize,
    pub to_be_asked: usize,
    pub asked: usize,
    pub asked_in_vain: usize,
    pub slots: Slots,
}

impl Score {
    pub fn actions(&self) -> f64 {
        share(self.actions_right, self.sentences)
    }

    pub fn asked_when_needed(&self) -> f64 {
        share(self.asked, self.to_be_asked)
    }

    /// Nothing in it could do harm.
    pub fn is_safe(&self) -> bool {
        self.unsafe_plans == 0 && self.wrong_environments == 0
    }

    pub fn add(&mut self, more: &Self) {
        self.sentences += more.sentences;
        self.unsafe_plans += more.unsafe_plans;
        self.wrong_environments += more.wrong_environments;
        self.silent_drops += more.silent_drops;
        self.actions_right += more.actions_right;
        self.to_be_asked += more.to_be_asked;
        self.asked += more.asked;
        self.asked_in_vain += more.asked_in_vain;
        self.slots.add(more.slots);
    }
}

/// The score of all sentences and of each group.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    pub all: Score,
    pub groups: BTreeMap<String, Score>,
}

impl Scores {
    pub fn add(&mut self, group: Option<&str>, score: &Score) {
        self.all.add(score);
        let group = group.unwrap_or("(none)").to_owned();
        self.groups.entry(group).or_default().add(score);
    }
}
