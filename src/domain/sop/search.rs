//! Finding passages by words: BM25 over an index in memory.
//!
//! Words are runs of letters and digits in lower case; a script without spaces is one word here.
//! Equal scores are ordered by place, so that the same query gives the same list.

use std::collections::{BTreeMap, BTreeSet};

use super::Sop;

/// How fast repetitions of a word stop counting, and how much long passages are held back: the
/// usual values of the BM25 literature.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// More words than this are no question of a person.
const MAX_QUERY_WORDS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PassagePlace {
    pub sop: usize,
    pub passage: usize,
}

#[derive(Debug, Default)]
pub(super) struct PassageIndex {
    /// For each word, the passages that have it and how often.
    words: BTreeMap<String, BTreeMap<usize, u32>>,
    /// For each passage, its place and its length in words.
    passages: Vec<(PassagePlace, usize)>,
    average_length: f64,
}

impl PassageIndex {
    pub fn build(sops: &[Sop]) -> Self {
        let mut index = Self::default();
        for (sop, document) in sops.iter().enumerate() {
            for (passage, content) in document.passages.iter().enumerate() {
                let parts = [&document.title, &content.text];
                let texts = parts
                    .into_iter()
                    .chain(&content.heading)
                    .chain(&content.lead);
                let found: Vec<String> = texts.flat_map(|text| words(text)).collect();
                let number = index.passages.len();
                index
                    .passages
                    .push((PassagePlace { sop, passage }, found.len()));
                for word in found {
                    *index
                        .words
                        .entry(word)
                        .or_default()
                        .entry(number)
                        .or_default() += 1;
                }
            }
        }
        let total: usize = index.passages.iter().map(|(_, length)| length).sum();
        index.average_length = total as f64 / index.passages.len().max(1) as f64;
        index
    }

    pub fn find(&self, query: &str, limit: usize) -> Vec<PassagePlace> {
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        let asked: BTreeSet<String> = words(query).take(MAX_QUERY_WORDS).collect();
        for holders in asked.iter().filter_map(|word| self.words.get(word)) {
            let (all, having) = (self.passages.len() as f64, holders.len() as f64);
            let rarity = (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
            for (number, count) in holders {
                let length = self.passages[*number].1 as f64 / self.average_length;
                let count = f64::from(*count);
                *scores.entry(*number).or_default() +=
                    rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
            }
        }
        let mut ranked: Vec<(usize, f64)> = scores.into_iter().collect();
        ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        ranked.truncate(limit);
        ranked
            .into_iter()
            .map(|(number, _)| self.passages[number].0)
            .collect()
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}
