//! Finding passages by words: BM25 over an index in memory.
//!
//! A word is a run of letters and digits, folded: lower case, without accents and without the `s`
//! of a plural. Chinese, Japanese, Korean and Thai are written without spaces: there every two
//! characters beside each other are a word, and a character that stands alone is one. Equal scores
//! are ordered by place, so that the same query gives the same list.
//!
//! Why not SQLite's FTS5: it reads the whole list of every word again for each query, and with the
//! common words that people type it takes ten times the 5 ms that a search may take among 10,000
//! passages (`scripts/bench search` measures both). The passages are in memory anyway.

use std::collections::{BTreeSet, HashMap};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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
    /// For each word, the passages that have it, in order, and how much it counts in each.
    words: HashMap<String, Vec<(u32, f32)>>,
    places: Vec<PassagePlace>,
}

impl PassageIndex {
    pub fn build(sops: &[Sop]) -> Self {
        let mut index = Self::default();
        let mut lengths: Vec<f64> = Vec::new();
        for (sop, document) in sops.iter().enumerate() {
            for (passage, content) in document.passages.iter().enumerate() {
                let number = u32::try_from(index.places.len()).unwrap_or(u32::MAX);
                index.places.push(PassagePlace { sop, passage });
                let parts = [&document.title, &content.text];
                let texts = parts
                    .into_iter()
                    .chain(&content.heading)
                    .chain(&content.lead);
                let mut length = 0;
                for word in texts.flat_map(|text| words(text)) {
                    length += 1;
                    index.count(word, number);
                }
                lengths.push(f64::from(length));
            }
        }
        index.weigh(&lengths);
        index
    }

    fn count(&mut self, word: String, number: u32) {
        let holders = self.words.entry(word).or_default();
        match holders.last_mut().filter(|(last, _)| *last == number) {
            Some((_, count)) => *count += 1.0,
            None => holders.push((number, 1.0)),
        }
    }

    /// What a word adds to a passage's score depends on the texts alone, so it is known before
    /// anybody asks.
    fn weigh(&mut self, lengths: &[f64]) {
        let all = lengths.len() as f64;
        let average = lengths.iter().sum::<f64>() / all.max(1.0);
        for holders in self.words.values_mut() {
            let having = holders.len() as f64;
            let rarity = (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
            for (number, weight) in holders {
                let count = f64::from(*weight);
                let length = lengths[*number as usize] / average;
                let bm25 = rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
                *weight = bm25 as f32;
            }
        }
    }

    pub fn find(&self, query: &str, limit: usize) -> Vec<PassagePlace> {
        let mut scores = vec![0.0_f32; self.places.len()];
        // In the order of the words, for a sum of floating-point numbers depends on it.
        let asked: BTreeSet<String> = words(query).take(MAX_QUERY_WORDS).collect();
        for holders in asked.iter().filter_map(|word| self.words.get(word)) {
            for (number, weight) in holders {
                scores[*number as usize] += weight;
            }
        }
        let mut ranked: Vec<(usize, f32)> = scores
            .into_iter()
            .enumerate()
            .filter(|(_, score)| *score > 0.0)
            .collect();
        let best_first = |one: &(usize, f32), other: &(usize, f32)| {
            other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
        };
        if ranked.len() > limit && limit > 0 {
            ranked.select_nth_unstable_by(limit - 1, best_first);
        }
        ranked.truncate(limit);
        ranked.sort_unstable_by(best_first);
        ranked
            .into_iter()
            .map(|(number, _)| self.places[number])
            .collect()
    }
}

/// The words of a text as they are compared.
fn words(text: &str) -> impl Iterator<Item = String> {
    let folded: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    let mut found = Vec::new();
    for run in folded.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let dense = is_written_without_spaces(first);
            let end = rest
                .find(|c| is_written_without_spaces(c) != dense)
                .unwrap_or(rest.len());
            let (part, behind) = rest.split_at(end);
            rest = behind;
            if dense {
                pairs(part, &mut found);
            } else {
                found.push(singular(part).to_owned());
            }
        }
    }
    found.into_iter()
}

fn pairs(part: &str, into: &mut Vec<String>) {
    let characters: Vec<char> = part.chars().collect();
    if let [alone] = characters.as_slice() {
        into.push(alone.to_string());
    }
    into.extend(characters.windows(2).map(|pair| pair.iter().collect()));
}

/// "backups" is found by "backup"; "address" is no plural.
fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if word.len() > 3 && !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => word,
    }
}

fn is_written_without_spaces(c: char) -> bool {
    matches!(u32::from(c),
        // Thai and Lao, Myanmar, Khmer
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff
        // kana; decomposed Hangul has its blocks here and below
        | 0x3040..=0x30ff | 0x31f0..=0x31ff
        // Han
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        words(text).collect()
    }

    #[test]
    fn words_are_folded_and_scripts_without_spaces_cut_into_pairs() {
        assert_eq!(of("Backups, Über-Café!"), ["backup", "uber", "cafe"]);
        assert_eq!(
            of("address status is v1.2"),
            ["address", "status", "is", "v1", "2"]
        );
        assert_eq!(of("部署到生产"), ["部署", "署到", "到生", "生产"]);
        assert_eq!(of("shop部"), ["shop", "部"]);
    }

    #[test]
    fn the_same_query_gives_the_same_list_and_no_word_gives_none() {
        let text = "# Rules\n\nDeploy on Monday.\n\nDeploy on Tuesday.\n\nBack up the database.\n\n\
                    发布之前必须备份数据库。\n";
        let sop = Sop::parse("rules.md", text).unwrap();
        let sops = [sop];
        let index = PassageIndex::build(&sops);
        let found = |query: &str, limit: usize| -> Vec<usize> {
            let places = index.find(query, limit);
            places.iter().map(|place| place.passage).collect()
        };
        assert_eq!(
            found("deploy", 10),
            [0, 1],
            "equal scores are in the order of the text"
        );
        assert_eq!(found("deploy tuesday", 10), [1, 0]);
        assert_eq!(found("databases", 10), [2]);
        assert_eq!(found("备份", 10), [3]);
        assert_eq!(found("deploy", 1), [0]);
        assert_eq!(found("nothing of that", 10), Vec::<usize>::new());
        assert_eq!(found("", 10), Vec::<usize>::new());
        assert_eq!(found("deploy", 0), Vec::<usize>::new());
    }
}
