//! The page that is printed on: lines wrapped to its width, with colours where there are any.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthChar;

use crate::domain::text::printable;

/// Columns of the label before an entry's text.
pub const LABEL: usize = 15;
/// A narrower text is no easier to read than one that the terminal itself breaks.
const NARROWEST: usize = 40;
/// Characters of one text from outside; what is longer is to be had with `--json`.
const LONGEST: usize = 4000;

/// A space at which no line ends; printed as any other, so that the text can be searched.
const NO_BREAK: char = '\u{a0}';

/// The words, which stay on one line.
pub fn unbroken(words: &str) -> String {
    words.replace(' ', &NO_BREAK.to_string())
}

/// Whom it is printed for, and when.
#[derive(Debug, Clone)]
pub struct Page {
    pub width: usize,
    pub colours: bool,
    /// In which times are shown.
    pub zone: TimeZone,
    pub now: Timestamp,
}

/// What a piece of text is, which a colour only underlines: the words say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Dim,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// Its "Select Graphic Rendition" of ECMA-48.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Dim => Some("2"),
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
        }
    }
}

impl Page {
    /// One line of text in a tone, made printable and not wrapped.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        self.coloured(tone, &printable(text, LONGEST))
    }

    fn coloured(&self, tone: Tone, text: &str) -> String {
        match tone.code().filter(|_| self.colours && !text.is_empty()) {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            None => text.to_owned(),
        }
    }
}

/// Text under construction, line by line.
pub struct Sheet<'p> {
    page: &'p Page,
    text: String,
}

impl<'p> Sheet<'p> {
    pub fn new(page: &'p Page) -> Self {
        Self {
            page,
            text: String::new(),
        }
    }

    pub fn finish(self) -> String {
        self.text
    }

    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    pub fn line(&mut self, tone: Tone, text: &str) {
        self.put("", 0, &[(tone, text)]);
    }

    /// `label` in a column of its own and the text beside it.
    pub fn entry(&mut self, label: &str, tone: Tone, text: &str) {
        self.entry_of(label, &[(tone, text)]);
    }

    pub fn entry_of(&mut self, label: &str, pieces: &[(Tone, &str)]) {
        self.put(&format!("{label:<LABEL$}"), LABEL, pieces);
    }

    /// The text that belongs to the entry before it.
    pub fn more(&mut self, tone: Tone, text: &str) {
        self.put(&" ".repeat(LABEL), LABEL, &[(tone, text)]);
    }

    /// A point of a list: the lines after the first begin under the first's text.
    pub fn point(&mut self, marker: &str, pieces: &[(Tone, &str)]) {
        self.put(marker, columns(marker), pieces);
    }

    /// A point whose marker says how it is.
    pub fn marked(&mut self, tone: Tone, marker: &str, pieces: &[(Tone, &str)]) {
        self.put(&self.page.coloured(tone, marker), columns(marker), pieces);
    }

    /// Something to be copied: never broken into lines.
    pub fn verbatim(&mut self, indent: usize, text: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(&self.page.paint(Tone::Strong, text));
        self.text.push('\n');
    }

    /// Lines that were laid out already.
    pub fn append(&mut self, lines: &str) {
        self.text.push_str(lines);
    }

    fn put(&mut self, first: &str, hang: usize, pieces: &[(Tone, &str)]) {
        let width = self.page.width.saturating_sub(hang).max(NARROWEST);
        let characters: Vec<(char, Tone)> = pieces
            .iter()
            .flat_map(|(tone, text)| {
                let text = printable(text, LONGEST);
                text.chars().map(|c| (c, *tone)).collect::<Vec<_>>()
            })
            .collect();
        let lines = wrap(&characters, width);
        if lines.is_empty() {
            self.text.push_str(first.trim_end());
            self.text.push('\n');
        }
        for (number, line) in lines.iter().enumerate() {
            match number {
                0 => self.text.push_str(first),
                _ => self.text.push_str(&" ".repeat(hang)),
            }
            for (tone, run) in runs(line) {
                let run = run.replace(NO_BREAK, " ");
                self.text.push_str(&self.page.coloured(tone, &run));
            }
            self.text.push('\n');
        }
    }
}

/// Breaks at spaces only: a path or a digest stays whole, so that it can be copied.
fn wrap(characters: &[(char, Tone)], width: usize) -> Vec<Vec<(char, Tone)>> {
    let mut lines: Vec<Vec<(char, Tone)>> = Vec::new();
    let mut rest = characters;
    while !rest.is_empty() {
        let spaces = rest.iter().take_while(|(c, _)| *c == ' ').count();
        let (gap, behind) = rest.split_at(spaces);
        let letters = behind.iter().take_while(|(c, _)| *c != ' ').count();
        let (word, behind) = behind.split_at(letters);
        rest = behind;
        match lines.last_mut() {
            _ if word.is_empty() => {}
            Some(line) if taken(line) + spaces + taken(word) <= width => {
                line.extend_from_slice(gap);
                line.extend_from_slice(word);
            }
            _ => lines.push(word.to_vec()),
        }
    }
    lines
}

fn taken(line: &[(char, Tone)]) -> usize {
    line.iter().map(|(c, _)| column(*c)).sum()
}

fn runs(line: &[(char, Tone)]) -> Vec<(Tone, String)> {
    let mut runs: Vec<(Tone, String)> = Vec::new();
    for (c, tone) in line {
        match runs.last_mut() {
            Some((last, run)) if last == tone => run.push(*c),
            _ => runs.push((*tone, c.to_string())),
        }
    }
    runs
}

fn column(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Columns that a text takes on a terminal.
pub fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// The text in so many columns at most, its end cut off with an ellipsis.
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if columns(&kept) + column(c) + 1 > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, colours: bool) -> Page {
        Page {
            width,
            colours,
            zone: TimeZone::UTC,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn text_is_wrapped_under_its_label_and_long_words_stay_whole() {
        let page = page(50, false);
        let mut sheet = Sheet::new(&page);
        let path = "/a/very/long/path/that/does/not/fit/into/the/line/at/all";
        sheet.entry(
            "source",
            Tone::Plain,
            &format!("the repository at {path} on this machine"),
        );
        assert_eq!(
            sheet.finish(),
            format!(
                "source         the repository at\n               {path}\n               on this machine\n"
            )
        );
    }

    #[test]
    fn what_belongs_together_is_not_broken() {
        let page = page(40, false);
        let mut sheet = Sheet::new(&page);
        let limit = unbroken("(at most 30 min)");
        sheet.line(
            Tone::Plain,
            &format!("docker build --file Dockerfile . {limit}"),
        );
        let text = sheet.finish();
        assert_eq!(text, "docker build --file Dockerfile .\n(at most 30 min)\n");
    }

    #[test]
    fn what_comes_from_outside_cannot_move_the_cursor_or_colour_the_page() {
        let page = page(80, true);
        let mut sheet = Sheet::new(&page);
        sheet.line(Tone::Plain, "evil \u{1b}[2J\u{202e}text");
        assert_eq!(sheet.finish(), "evil U+001B[2JU+202Etext\n");
    }

    #[test]
    fn colours_do_not_count_as_columns() {
        let page = page(40, true);
        let mut sheet = Sheet::new(&page);
        sheet.point(
            "- ",
            &[(Tone::Good, "good"), (Tone::Plain, " and the rest")],
        );
        assert_eq!(sheet.finish(), "- \u{1b}[32mgood\u{1b}[0m and the rest\n");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(columns("部署"), 4);
        assert_eq!(cut("部署完成", 5), "部署…");
        assert_eq!(cut("short", 5), "short");
    }
}
