//! Runs of letters become lines and words: by where they stand, not by how the file cuts them.

use std::collections::BTreeMap;

use crate::domain::sop::PdfLine;

/// A wider gap is a space, in units of the letters' size: kerning is less, words are further apart.
const SPACE: f64 = 0.15;
/// A line that is twice written over itself looks bold: so close the second one is.
const OVERPRINT: f64 = 0.1;
/// So many runs before are compared with for that: a line in another line's way has few.
const COMPARED: usize = 64;

/// Some letters in one font, side by side.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub text: String,
    pub place: Place,
    /// Along the line: where it begins and ends.
    pub start: f64,
    pub end: f64,
    /// How high the letters are on the page.
    pub size: f64,
    /// Whether it begins where the run before ended, but for a distance that the file says.
    pub follows: bool,
    /// Whether its end is where the widths of the font say.
    pub is_measured: bool,
}

/// Which line of the page something stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// In which direction it is written, of length 1.
    pub direction: (f64, f64),
    /// How far the line is from the origin.
    pub height: f64,
}

impl Place {
    /// The line of a point, and how far along it the point is.
    pub fn of((x, y): (f64, f64), direction: (f64, f64)) -> (Self, f64) {
        let (right, up) = direction;
        let height = y * right - x * up;
        (Self { direction, height }, x * right + y * up)
    }

    fn is_in_line_with(&self, other: &Run) -> bool {
        let (a, b) = (self.direction, other.place.direction);
        let is_parallel = a.0 * b.0 + a.1 * b.1 > 0.99;
        // What is set a little higher or lower is an exponent in the same line.
        is_parallel && (self.height - other.place.height).abs() < other.size * 0.5
    }
}

/// The lines of one page.
pub(super) struct Lines {
    page: u32,
    /// Of the line that is being written.
    runs: Vec<Run>,
    /// The letters of the page so far, in bytes.
    length: usize,
    /// The height and the size of the line before.
    above: Option<(f64, f64)>,
    lines: Vec<PdfLine>,
}

impl Lines {
    pub fn new(page: u32) -> Self {
        Self {
            page,
            runs: Vec::new(),
            length: 0,
            above: None,
            lines: Vec::new(),
        }
    }

    /// Adds a run, and says how much text there is now, in bytes.
    pub fn add(&mut self, run: Run) -> usize {
        let in_line = self
            .runs
            .first()
            .is_some_and(|first| run.place.is_in_line_with(first));
        if !in_line {
            self.end_line();
        }
        let is_blank = run.text.trim().is_empty();
        if (is_blank && self.runs.is_empty()) || self.is_overprint(&run) {
            return self.length;
        }
        self.length += run.text.len();
        self.runs.push(run);
        self.length
    }

    fn is_overprint(&self, run: &Run) -> bool {
        let before = self.runs.iter().rev().take(COMPARED);
        let near = run.size * OVERPRINT;
        before
            .filter(|before| !run.follows && before.text == run.text)
            .any(|before| (before.start - run.start).abs() < near)
    }

    pub fn end(mut self) -> Vec<PdfLine> {
        self.end_line();
        self.lines
    }

    fn end_line(&mut self) {
        let mut runs = std::mem::take(&mut self.runs);
        let Some(first) = runs.first() else { return };
        let height = first.place.height;
        // Words may be written in any order; accents stand a little before what they follow.
        let goes_back = |pair: &[Run]| pair[1].start < pair[0].start - pair[0].size * 0.5;
        if runs.windows(2).any(goes_back) {
            runs.sort_by(|a, b| a.start.total_cmp(&b.start));
        }
        let mut text = String::new();
        let mut before: Option<&Run> = None;
        for run in &runs {
            if before.is_some_and(|before| is_apart(before, run)) {
                text.push(' ');
            }
            text.push_str(&run.text);
            before = Some(run);
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let size = size_of(&runs);
        // Half as far again as the letters are high is an ordinary distance.
        let far = |(before, other): (f64, f64)| (before - height).abs() > size.max(other) * 1.6;
        self.lines.push(PdfLine {
            page: self.page,
            begins_paragraph: self.above.is_none_or(far),
            size: size as f32,
            text,
        });
        self.above = Some((height, size));
    }
}

/// Whether two runs are two words.
fn is_apart(before: &Run, run: &Run) -> bool {
    if !before.is_measured && !run.follows {
        return true;
    }
    let gap = run.start - before.end;
    let size = before.size.max(run.size);
    // What stands on another run is not the rest of its word.
    gap > size * SPACE || gap < -size
}

/// The size of most letters: a bullet or a number may be larger.
fn size_of(runs: &[Run]) -> f64 {
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for run in runs {
        // Sizes are positive, and so ordered like their bits.
        *sizes.entry(run.size.to_bits()).or_default() += run.text.trim().len();
    }
    let most = sizes.into_iter().max_by_key(|(_, length)| *length);
    most.map_or(0.0, |(bits, _)| f64::from_bits(bits))
}
