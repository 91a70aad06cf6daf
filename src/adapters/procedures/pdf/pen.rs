//! What an operator does to where and how the next letters are set.

use std::rc::Rc;

use lopdf::Object;

use super::Refusal;
use super::font::Font;
use super::line::{Lines, Place, Run};
use super::matrix::{Matrix, number, numbers};
use crate::domain::sop::{MAX_FILE_BYTES, PdfLine};

/// So deep nobody saves: 28 is what the standard lets a file count on.
const MAX_SAVED: usize = 1_000;

/// What `q` puts aside.
#[derive(Clone)]
struct State {
    /// From here to the page.
    to_page: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    /// The distance that `T*` goes down.
    leading: f64,
    /// The text rendering mode: 3 and 7 show nothing.
    mode: f64,
    between_letters: f64,
    between_words: f64,
    /// How much wider the letters are than they were drawn.
    stretch: f64,
    /// How far above the line they stand.
    rise: f64,
}

/// Where the next string stands, and what was written so far.
pub(super) struct Pen {
    page: u32,
    state: State,
    saved: Vec<State>,
    /// From the string to the state's coordinates.
    text: Matrix,
    /// The same at the begin of its line.
    line: Matrix,
    /// Whether nothing but letters has moved the text since the last run.
    follows: bool,
    lines: Lines,
}

impl Pen {
    pub fn new(page: u32) -> Self {
        Self {
            page,
            state: State {
                to_page: Matrix::IDENTITY,
                font: None,
                size: 0.0,
                leading: 0.0,
                mode: 0.0,
                between_letters: 0.0,
                between_words: 0.0,
                stretch: 1.0,
                rise: 0.0,
            },
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            follows: false,
            lines: Lines::new(page),
        }
    }

    pub fn end(self) -> Vec<PdfLine> {
        self.lines.end()
    }

    /// What comes now stands in a coordinate system of its own.
    pub fn transform(&mut self, matrix: Matrix) {
        self.state.to_page = matrix.within(self.state.to_page);
        self.follows = false;
    }

    /// Takes a font that was looked up; None where it is not there or cannot be read.
    pub fn take_font(&mut self, font: Option<Rc<Font>>, size: f64) {
        self.state.font = font;
        self.state.size = size;
    }

    /// How much is put aside.
    pub fn depth(&self) -> usize {
        self.saved.len()
    }

    pub fn save(&mut self) -> Result<(), Refusal> {
        if self.saved.len() == MAX_SAVED {
            return Err(self.refusal("is drawn in a way that never ends: write it as Markdown"));
        }
        self.saved.push(self.state.clone());
        Ok(())
    }

    /// Takes up what was put aside, down to this depth.
    pub fn restore(&mut self, depth: usize) {
        while self.saved.len() > depth {
            if let Some(state) = self.saved.pop() {
                self.state = state;
            }
        }
        self.follows = false;
    }

    pub fn take(&mut self, operator: &str, operands: &[Object]) -> Result<(), Refusal> {
        let first = number(operands.first());
        let [right, up] = numbers(operands);
        match operator {
            "BT" => self.go_to(Matrix::IDENTITY),
            "Tr" => self.state.mode = first,
            "Tc" => self.state.between_letters = first,
            "Tw" => self.state.between_words = first,
            "Tz" => self.state.stretch = first / 100.0,
            "Ts" => self.state.rise = first,
            "TL" => self.state.leading = first,
            "q" => self.save()?,
            "cm" => self.transform(Matrix::new(numbers(operands))),
            "Tm" => self.go_to(Matrix::new(numbers(operands))),
            "Td" => self.move_by(right, up),
            "TD" => {
                self.state.leading = -up;
                self.move_by(right, up);
            }
            "T*" => self.next_line(),
            "Tj" => self.show(operands)?,
            "TJ" => {
                if let Some(Object::Array(parts)) = operands.first() {
                    self.show(parts)?;
                }
            }
            "'" => {
                self.next_line();
                self.show(operands)?;
            }
            "\"" => {
                (self.state.between_words, self.state.between_letters) = (right, up);
                self.next_line();
                self.show(operands.get(2..).unwrap_or_default())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn next_line(&mut self) {
        self.move_by(0.0, -self.state.leading);
    }

    fn move_by(&mut self, right: f64, up: f64) {
        self.go_to(Matrix::shift(right, up).within(self.line));
    }

    fn go_to(&mut self, place: Matrix) {
        self.line = place;
        self.text = place;
        self.follows = false;
    }

    fn advance(&mut self, right: f64) {
        self.text = Matrix::shift(right, 0.0).within(self.text);
    }

    fn show(&mut self, parts: &[Object]) -> Result<(), Refusal> {
        for part in parts {
            match part {
                Object::String(bytes, _) if bytes.is_empty() => {}
                Object::String(bytes, _) => self.write(bytes)?,
                gap => {
                    let back = number(Some(gap)) / 1000.0;
                    self.advance(-back * self.state.size * self.state.stretch);
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        // One code may stand for many letters: what is too long is not even decoded.
        if bytes.len() > MAX_FILE_BYTES {
            return Err(self.too_long());
        }
        let state = &self.state;
        let unknown = "has text in a font whose letters cannot be told: print it to a PDF anew, \
                       or write it as Markdown";
        let Some(font) = state.font.as_ref() else {
            return Err(self.refusal(unknown));
        };
        let mut text = String::new();
        let mut width = 0.0;
        for letter in font.letters(bytes) {
            let Some(letter_text) = letter.text else {
                return Err(self.refusal(unknown));
            };
            text.push_str(letter_text);
            width += letter.width * state.size + state.between_letters;
            if letter.is_space {
                width += state.between_words;
            }
        }
        if !text.trim().is_empty() && self.is_invisible() {
            return Err(self.refusal(
                "has text that no reader can see, as recognised scans have: write what counts as \
                 Markdown",
            ));
        }
        let is_measured = font.has_widths();
        let begin = self.here();
        self.advance(width * self.state.stretch);
        let run = self.run(text, begin, is_measured);
        self.follows = true;
        if self.lines.add(run) > MAX_FILE_BYTES {
            return Err(self.too_long());
        }
        Ok(())
    }

    fn run(&self, text: String, begin: Matrix, is_measured: bool) -> Run {
        let forward = begin.stretch() * (self.state.size * self.state.stretch).signum();
        let direction = (begin.a / forward, begin.b / forward);
        let (place, start) = Place::of((begin.x, begin.y), direction);
        let end = self.here();
        let (_, end) = Place::of((end.x, end.y), direction);
        Run {
            text,
            place,
            start,
            end,
            size: self.state.size.abs() * begin.height(),
            follows: self.follows,
            is_measured,
        }
    }

    /// From the next letter to the page.
    fn here(&self) -> Matrix {
        Matrix::shift(0.0, self.state.rise)
            .within(self.text)
            .within(self.state.to_page)
    }

    /// Not drawn at all, as a dot, or nowhere: a person who reads the file does not know of it.
    fn is_invisible(&self) -> bool {
        let here = self.here();
        let size = self.state.size.abs();
        let (width, height) = (
            size * self.state.stretch.abs() * here.stretch(),
            size * here.height(),
        );
        // No comparison holds with what is no number.
        let is_drawn = width >= 1.0 && height >= 1.0 && width.max(height) < f64::MAX;
        let is_somewhere = here.x.is_finite() && here.y.is_finite();
        self.state.mode == 3.0 || self.state.mode == 7.0 || !is_drawn || !is_somewhere
    }

    fn too_long(&self) -> Refusal {
        let most = MAX_FILE_BYTES / 1024;
        self.refusal(&format!("has more than {most} KiB of text: split it"))
    }

    /// Why the file cannot be used.
    pub fn refusal(&self, why: &str) -> Refusal {
        format!("{why} (page {})", self.page)
    }
}
