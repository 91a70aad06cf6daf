//! Procedures: finding passages by words among very many, beside what Python programs use for it
//! (`benches/peers/search`), and what it costs at the start to read what their text demands.

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use commander::agents;
use commander::domain::sop::statement::Definition;
use commander::domain::sop::{Procedures, Sop};
use serde_json::{Value, json};

use crate::Result;
use crate::figure::{Figure, percentile};

const RUNS: usize = 5;
const FILES: usize = 100;
const PASSAGES_EACH: usize = 100;
const QUERIES: usize = 400;
const LIMIT: usize = 20;
const RARE_WORDS: usize = 8_000;
/// The first of them are in most passages, and in most questions.
const COMMON: [&str; 24] = [
    "the",
    "a",
    "to",
    "of",
    "in",
    "and",
    "before",
    "after",
    "must",
    "be",
    "is",
    "on",
    "for",
    "with",
    "production",
    "staging",
    "deploy",
    "release",
    "database",
    "approval",
    "tests",
    "run",
    "every",
    "team",
];
/// Sentences as procedures have them, to be looked through for demands.
const SENTENCES: [&str; 6] = [
    "No deploys to production on Fridays after 15:00.",
    "Two approvals are required for production, unless it is an emergency.",
    "Run the smoke tests after every deploy.",
    "Back up the database before a migration, and keep the backup for thirty days.",
    "The service was moved to the new cluster last year, which took about two weeks.",
    "Deploy to staging first and let it bake for an hour before production.",
];

pub fn measure() -> Result<Vec<Figure>> {
    let mut words = Words::new();
    let texts: Vec<Vec<String>> = (0..FILES)
        .map(|_| (0..PASSAGES_EACH).map(|_| words.text(12, 60)).collect())
        .collect();
    let queries: Vec<String> = (0..QUERIES).map(|_| words.text(2, 8)).collect();
    let procedures = Procedures::new(parsed(&texts)?);
    let mut p50 = Vec::new();
    let mut p95 = Vec::new();
    let mut peers = Peers::default();
    for _ in 0..RUNS {
        let took: Vec<f64> = queries
            .iter()
            .map(|query| milliseconds(|| procedures.search(query, LIMIT)))
            .collect();
        p50.push(percentile(&took, 50));
        p95.push(percentile(&took, 95));
        peers.run(&texts, &queries)?;
    }
    let what = |which: &str| format!("{which} of a search among 10,000 passages");
    let figure = |which: &str, runs: &[f64]| Figure::new("search", what(which), "ms", runs);
    let mut figures = vec![figure("p50", &p50)];
    if peers.rank_bm25.is_empty() {
        figures.push(figure("p95", &p95));
    } else {
        figures.push(figure("p95", &p95).beside("rank_bm25", &peers.rank_bm25));
        figures.push(figure("p95", &p95).beside("FTS5 from Python", &peers.fts5));
    }
    figures.extend(at_the_start(&texts)?);
    Ok(figures)
}

/// What is done once, when the folder is read.
fn at_the_start(texts: &[Vec<String>]) -> Result<Vec<Figure>> {
    let definition = Arc::new(Definition::parse(
        agents::ADVISOR,
        &agents::ADVISOR_LANGUAGES,
    )?);
    let demanding: Vec<Vec<String>> = (0..10)
        .map(|_| {
            let said = SENTENCES.iter().map(|said| (*said).to_owned());
            said.cycle().take(PASSAGES_EACH).collect()
        })
        .collect();
    let shipped = shipped()?;
    let runs = |of: &dyn Fn() -> Result<f64>| (0..RUNS).map(|_| of()).collect::<Result<Vec<_>>>();
    let indexed = runs(&|| {
        let sops = parsed(texts)?;
        Ok(milliseconds(move || Procedures::new(sops)))
    })?;
    let recognised = runs(&|| {
        let sops = parsed(&demanding)?;
        Ok(milliseconds(|| Procedures::recognising(sops, &definition)))
    })?;
    let ours = runs(&|| {
        Ok(milliseconds(|| {
            let sops = shipped
                .iter()
                .filter_map(|(file, text)| Sop::parse(file, text).ok());
            Procedures::recognising(sops.collect(), &definition)
        }))
    })?;
    let figure = |what: &str, runs: &[f64]| Figure::new("search", what, "ms", runs);
    Ok(vec![
        figure("indexing 10,000 passages", &indexed),
        figure("recognising what 1,000 passages demand", &recognised),
        figure("reading the procedures of sops/ with all that", &ours),
    ])
}

fn shipped() -> Result<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sops");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        found.push((name, std::fs::read_to_string(path)?));
    }
    Ok(found)
}

fn parsed(texts: &[Vec<String>]) -> Result<Vec<Sop>> {
    let mut sops = Vec::new();
    for (number, passages) in texts.iter().enumerate() {
        let text = format!("# Procedure {number}\n\n{}\n", passages.join("\n\n"));
        let sop = Sop::parse(&format!("{number:03}.md"), &text)
            .map_err(|mistakes| format!("{mistakes:?}"))?;
        sops.push(sop);
    }
    Ok(sops)
}

fn milliseconds<T>(act: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    black_box(act());
    begun.elapsed().as_secs_f64() * 1e3
}

/// Words as often as in a language: the nth one is an nth as frequent as the first.
struct Words {
    words: Vec<String>,
    sums: Vec<f64>,
    seed: u64,
}

impl Words {
    fn new() -> Self {
        let rare = (0..RARE_WORDS).map(|number| format!("word{number}"));
        let words: Vec<String> = COMMON.iter().map(|w| (*w).to_owned()).chain(rare).collect();
        let mut sum = 0.0;
        let sums = (1..=words.len())
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self {
            words,
            sums,
            seed: 7,
        }
    }

    /// Between 0 and 1; the constants are Knuth's.
    fn random(&mut self) -> f64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn text(&mut self, least: usize, most: usize) -> String {
        let length = least + (self.random() * (most - least) as f64) as usize;
        let mut text = String::new();
        for _ in 0..length {
            let at = self.random() * self.sums.last().copied().unwrap_or_default();
            let word = self.sums.partition_point(|sum| *sum < at);
            let _ = write!(text, "{} ", self.words[word.min(self.words.len() - 1)]);
        }
        text.trim_end().to_owned()
    }
}

/// The 95th percentile of each run, in milliseconds; empty where the peers are not installed.
#[derive(Default)]
struct Peers {
    rank_bm25: Vec<f64>,
    fts5: Vec<f64>,
}

impl Peers {
    fn run(&mut self, texts: &[Vec<String>], queries: &[String]) -> Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // `target/tmp` is what Cargo gives a benchmark.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let python = target
            .parent()
            .unwrap_or(target)
            .join("peers/search/bin/python");
        if !python.exists() {
            eprintln!(
                "rank_bm25 is not installed: `scripts/bench search` does that; ours is measured alone"
            );
            return Ok(());
        }
        let passages: Vec<&String> = texts.iter().flatten().collect();
        let asked = tempfile::NamedTempFile::new()?;
        let question = json!({"passages": passages, "queries": queries, "limit": LIMIT});
        serde_json::to_writer(asked.as_file(), &question)?;
        let output = Command::new(python)
            .arg(root.join("benches/peers/search/measure.py"))
            .stdin(Stdio::from(File::open(asked.path())?))
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("the peers of search ended with {}", output.status).into());
        }
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let p95 = |peer: &str| -> Result<f64> {
            let took = said[peer].as_array().ok_or("the peer says no times")?;
            let took: Vec<f64> = took.iter().filter_map(Value::as_f64).collect();
            Ok(percentile(&took, 95))
        };
        self.rank_bm25.push(p95("rank_bm25")?);
        self.fts5.push(p95("fts5")?);
        Ok(())
    }
}
