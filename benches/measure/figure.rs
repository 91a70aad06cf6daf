//! Figures: what several runs of one measure come to.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

/// One measured quantity, as it stands in `target/bench.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    pub bench: &'static str,
    pub figure: String,
    pub unit: &'static str,
    /// The median of the runs.
    pub ours: f64,
    pub peer: Option<f64>,
    pub peer_name: Option<&'static str>,
    /// Ours divided by the peer's.
    pub ratio: Option<f64>,
    pub runs: usize,
    /// The largest run minus the smallest one, divided by the median; of ours.
    pub spread: f64,
}

impl Figure {
    pub fn new(
        bench: &'static str,
        figure: impl Into<String>,
        unit: &'static str,
        runs: &[f64],
    ) -> Self {
        let ours = median(runs);
        let smallest = runs.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = runs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self {
            bench,
            figure: figure.into(),
            unit,
            ours: rounded(ours),
            peer: None,
            peer_name: None,
            ratio: None,
            runs: runs.len(),
            spread: rounded(if ours == 0.0 {
                0.0
            } else {
                (largest - smallest) / ours
            }),
        }
    }

    pub fn beside(mut self, name: &'static str, runs: &[f64]) -> Self {
        let peer = median(runs);
        self.ratio = Some(rounded(self.ours / peer));
        self.peer = Some(rounded(peer));
        self.peer_name = Some(name);
        self
    }
}

pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The smallest value that so many of a hundred do not exceed.
pub fn percentile(values: &[f64], of_a_hundred: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * of_a_hundred).div_ceil(100).max(1);
    sorted[rank - 1]
}

/// Three digits after the point: a microsecond where milliseconds are counted.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

pub fn write(path: &Path, figures: &[Figure]) -> crate::Result<()> {
    let mut text = String::new();
    for figure in figures {
        writeln!(text, "{}", serde_json::to_string(figure)?)?;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, text)?)
}

/// A Markdown table, as the README has it.
pub fn table(figures: &[Figure]) -> String {
    let mut table = String::from(
        "| measure | figure | ours | peer | ratio | runs | spread |\n|---|---|--:|--:|--:|--:|--:|\n",
    );
    for f in figures {
        let quantity = |value: f64| format!("{} {}", shown(value), f.unit);
        let peer = match (f.peer, f.peer_name) {
            (Some(value), Some(name)) => format!("{} ({name})", quantity(value)),
            _ => "".to_owned(),
        };
        let ratio = f
            .ratio
            .map(|ratio| format!("{ratio:.2}"))
            .unwrap_or_default();
        let _ = writeln!(
            table,
            "| {} | {} | {} | {peer} | {ratio} | {} | {:.0} % |",
            f.bench,
            f.figure,
            quantity(f.ours),
            f.runs,
            f.spread * 100.0,
        );
    }
    table
}

/// Three digits that count; nobody believes more.
fn shown(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}
