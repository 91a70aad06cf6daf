//! The text of a PDF, line by line, as its pages show it.
//!
//! ```text
//! bytes → document (lopdf) → page → operators → runs → lines → text with sizes and gaps
//! ```
//!
//! A PDF has no words and no paragraphs, only strings at places. What stands at one height is a
//! line; a string that begins anew in a line is a word of its own; a gap that is wider than a line
//! begins a paragraph. What a file says of itself is not believed: its size, its pages, what it
//! unpacks to and its time are limited, and it is read in a thread of its own, whose panic is a
//! sentence. Nothing in it is run: no script, no link, no font program.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Encoding, Error, LoadOptions, Object, ObjectId};

use crate::domain::sop::{MAX_FILE_BYTES, PdfLine};
use crate::os::clock;

/// A longer file is a book with pictures, and no procedure.
pub const MAX_PDF_BYTES: usize = 8 * 1024 * 1024;
const MAX_PAGES: usize = 300;
/// What one page, or one part of the file, may unpack to. Ordinary pages have some ten KiB.
const MAX_UNPACKED: usize = 8 * 1024 * 1024;
/// What all pages, and what they draw, may unpack to together.
const MAX_UNPACKED_IN_ALL: usize = 64 * 1024 * 1024;
/// An ordinary page has some thousand operators.
const MAX_OPERATORS: usize = 2_000_000;
/// Forms that draw forms; deeper ones are made to keep a reader busy.
const MAX_FORMS: usize = 8;
/// A file of a hundred pages takes well under a second.
const TIME: Duration = Duration::from_secs(20);

/// A gap in thousandths of the size of the letters that is a space: kerning is less, words are
/// set further apart.
const SPACE: f32 = -180.0;

/// What cannot be read, as one clause behind the name of the file.
pub type Refusal = String;

/// The lines of all pages.
///
/// # Errors
///
/// When it is no PDF, encrypted, without text, or more than a procedure can be.
pub fn lines(bytes: Vec<u8>) -> Result<Vec<PdfLine>, Refusal> {
    let (says, said) = mpsc::channel();
    let until = clock::monotonic() + TIME;
    let reader = thread::Builder::new().name("pdf".to_owned());
    let started = reader.spawn(move || {
        // Nobody listens any more where it took too long.
        let _ = says.send(read(&bytes, until));
    });
    started.map_err(|error| format!("cannot be read now: {error}"))?;
    match said.recv_timeout(TIME) {
        Ok(read) => read,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!(
            "takes more than {} seconds to read: write it as Markdown",
            TIME.as_secs()
        )),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err("is damaged in a way that stops its reader: save it anew".to_owned())
        }
    }
}

fn read(bytes: &[u8], until: Instant) -> Result<Vec<PdfLine>, Refusal> {
    let encrypted = "is encrypted: save it without a password";
    let options = LoadOptions::with_max_decompressed_size(MAX_UNPACKED);
    let document =
        Document::load_mem_with_options(bytes, options).map_err(|error| match error {
            Error::InvalidPassword | Error::Decryption(_) => encrypted.to_owned(),
            error => format!("cannot be read as a PDF: {error}"),
        })?;
    if document.is_encrypted() {
        return Err(encrypted.to_owned());
    }
    let pages: Vec<ObjectId> = document.page_iter().take(MAX_PAGES + 1).collect();
    if pages.len() > MAX_PAGES {
        return Err(format!("has more than {MAX_PAGES} pages: split it"));
    }
    let mut lines = Vec::new();
    let mut length = 0;
    let mut budget = Budget {
        bytes: MAX_UNPACKED_IN_ALL,
        operators: MAX_OPERATORS,
        until,
    };
    for (number, page) in (1..).zip(&pages) {
        let found = of_page(&document, *page, number, &mut budget)?;
        length += found.iter().map(|line| line.text.len()).sum::<usize>();
        if length > MAX_FILE_BYTES {
            let most = MAX_FILE_BYTES / 1024;
            return Err(format!("has more than {most} KiB of text: split it"));
        }
        lines.extend(found);
    }
    if lines.is_empty() {
        return Err("has no text, as a scanned paper has none: write it as Markdown".to_owned());
    }
    Ok(lines)
}

/// What the rest of the file may still take.
struct Budget {
    bytes: usize,
    operators: usize,
    /// Whoever asked has gone then, and the thread ends.
    until: Instant,
}

impl Budget {
    /// What one part may unpack to.
    fn part(&self) -> usize {
        self.bytes.min(MAX_UNPACKED)
    }

    fn unpacked(&mut self, length: usize) {
        self.bytes = self.bytes.saturating_sub(length);
    }

    fn operator(&mut self) -> Result<(), Refusal> {
        if self.operators == 0 {
            return Err(format!(
                "draws more than {MAX_OPERATORS} times: write it as Markdown"
            ));
        }
        self.operators -= 1;
        self.in_time()
    }

    fn in_time(&self) -> Result<(), Refusal> {
        if clock::monotonic() > self.until {
            return Err("takes too long to read: write it as Markdown".to_owned());
        }
        Ok(())
    }
}

fn of_page(
    document: &Document,
    page: ObjectId,
    number: u32,
    budget: &mut Budget,
) -> Result<Vec<PdfLine>, Refusal> {
    let broken = |error: Error| format!("cannot be read on page {number}: {error}");
    budget.in_time()?;
    let fonts = document.get_page_fonts(page).map_err(broken)?;
    let mut encodings: BTreeMap<&[u8], Encoding<'_>> = BTreeMap::new();
    for (name, font) in &fonts {
        budget.in_time()?;
        let map = font.get_deref(b"ToUnicode", document);
        if let Ok(map) = map.and_then(Object::as_stream) {
            let map = map.get_plain_content_with_limit(budget.part());
            budget.unpacked(map.map_err(broken)?.len());
        }
        if let Some(encoding) = encoding(document, font) {
            encodings.insert(name.as_slice(), encoding);
        }
    }
    let (own, shared) = document.get_page_resources(page).map_err(broken)?;
    let mut resources: Vec<&Dictionary> = own.into_iter().collect();
    resources.extend(
        shared
            .iter()
            .filter_map(|id| document.get_dictionary(*id).ok()),
    );
    let content = document
        .get_page_content_with_limit(page, budget.part())
        .map_err(broken)?;
    budget.unpacked(content.len());
    let mut pen = Pen::new(&encodings, number);
    for operation in Content::decode_iter(&content) {
        let operation = operation.map_err(broken)?;
        budget.operator()?;
        if operation.operator == "Do" {
            let shows = form_shows_text(document, &resources, &operation.operands, 0, budget);
            if shows? {
                return Err(format!(
                    "has text in a drawing on page {number}, which is not read: print it to a \
                     PDF anew, or write it as Markdown"
                ));
            }
        }
        pen.take(&operation.operator, &operation.operands);
        if let Some(refusal) = pen.refusal.take() {
            return Err(refusal);
        }
    }
    pen.end_line();
    Ok(pen.lines)
}

/// Whether what `Do` draws is a form with text in it, or one that cannot be looked into.
fn form_shows_text(
    document: &Document,
    resources: &[&Dictionary],
    operands: &[Object],
    depth: usize,
    budget: &mut Budget,
) -> Result<bool, Refusal> {
    let Some(name) = operands.first().and_then(|name| name.as_name().ok()) else {
        return Ok(false);
    };
    let drawn = resources.iter().find_map(|resources| {
        let all = resources.get_deref(b"XObject", document).ok()?;
        let drawn = all.as_dict().ok()?.get_deref(name, document).ok()?;
        drawn.as_stream().ok()
    });
    let Some(form) = drawn else { return Ok(false) };
    let kind = form.dict.get_deref(b"Subtype", document);
    if !kind
        .and_then(Object::as_name)
        .is_ok_and(|kind| kind == b"Form")
    {
        return Ok(false);
    }
    if depth == MAX_FORMS {
        return Ok(true);
    }
    let Ok(content) = form.get_plain_content_with_limit(budget.part()) else {
        return Ok(true);
    };
    budget.unpacked(content.len());
    let own = form.dict.get_deref(b"Resources", document);
    let mut inner: Vec<&Dictionary> = own.and_then(Object::as_dict).into_iter().collect();
    inner.extend(resources);
    for operation in Content::decode_iter(&content) {
        let Ok(operation) = operation else {
            return Ok(true);
        };
        budget.operator()?;
        let shows = match operation.operator.as_str() {
            "Tj" | "TJ" | "'" | "\"" => true,
            "Do" => form_shows_text(document, &inner, &operation.operands, depth + 1, budget)?,
            _ => false,
        };
        if shows {
            return Ok(true);
        }
    }
    Ok(false)
}

/// None for a font whose letters cannot be told: the library would guess them.
fn encoding<'a>(document: &'a Document, font: &'a Dictionary) -> Option<Encoding<'a>> {
    let composite = font.get(b"Subtype").and_then(Object::as_name);
    if composite.is_ok_and(|kind| kind == b"Type0") && !font.has(b"ToUnicode") {
        return None;
    }
    font.get_font_encoding_with_limit(document, MAX_UNPACKED)
        .ok()
}

type Saved<'a> = (Option<&'a Encoding<'a>>, f32, f32, f32, f32);

/// Where the next string stands, and what was written so far.
struct Pen<'a> {
    encodings: &'a BTreeMap<&'a [u8], Encoding<'a>>,
    font: Option<&'a Encoding<'a>>,
    size: f32,
    /// The text rendering mode: 3 and 7 show nothing.
    mode: f32,
    /// How much larger than its own unit the page is drawn.
    zoom: f32,
    /// What `q` put aside: font, size, leading, mode and zoom.
    saved: Vec<Saved<'a>>,
    /// Why the file cannot be used.
    refusal: Option<Refusal>,
    /// The distance that `T*` goes down.
    leading: f32,
    /// The text matrix of the line: scale of its height, and its origin.
    scale: f32,
    x: f32,
    y: f32,
    page: u32,
    line: String,
    /// Of the line that is being written: its height on the page and its size.
    at: Option<(f32, f32)>,
    /// Of the line before.
    above: Option<(f32, f32)>,
    lines: Vec<PdfLine>,
}

impl<'a> Pen<'a> {
    fn new(encodings: &'a BTreeMap<&'a [u8], Encoding<'a>>, page: u32) -> Self {
        Self {
            encodings,
            font: None,
            size: 0.0,
            mode: 0.0,
            zoom: 1.0,
            saved: Vec::new(),
            refusal: None,
            leading: 0.0,
            scale: 1.0,
            x: 0.0,
            y: 0.0,
            page,
            line: String::new(),
            at: None,
            above: None,
            lines: Vec::new(),
        }
    }

    fn take(&mut self, operator: &str, operands: &[Object]) {
        let number = |at: usize| {
            let number = operands.get(at).and_then(|n| n.as_float().ok());
            number.filter(|n| n.is_finite()).unwrap_or(0.0)
        };
        match operator {
            "BT" => (self.scale, self.x, self.y) = (1.0, 0.0, 0.0),
            "Tf" => {
                let name = operands.first().and_then(|name| name.as_name().ok());
                self.font = name.and_then(|name| self.encodings.get(name));
                self.size = number(1).abs();
            }
            "Tr" => self.mode = number(0),
            "q" => {
                let now = (self.font, self.size, self.leading, self.mode, self.zoom);
                self.saved.push(now);
            }
            "Q" => {
                if let Some(saved) = self.saved.pop() {
                    (self.font, self.size, self.leading, self.mode, self.zoom) = saved;
                }
            }
            "cm" => self.zoom *= number(3).abs().max(number(1).abs()),
            "TL" => self.leading = number(0),
            "Tm" => {
                self.scale = number(3).abs().max(number(1).abs());
                self.go_to(number(4), number(5));
            }
            "Td" => self.move_by(number(0), number(1)),
            "TD" => {
                self.leading = -number(1);
                self.move_by(number(0), number(1));
            }
            "T*" => self.move_by(0.0, -self.leading),
            "Tj" => self.show(operands),
            "TJ" => {
                if let Some(Object::Array(parts)) = operands.first() {
                    self.show(parts);
                }
            }
            "'" => {
                self.move_by(0.0, -self.leading);
                self.show(operands);
            }
            "\"" => {
                self.move_by(0.0, -self.leading);
                self.show(operands.get(2..).unwrap_or_default());
            }
            _ => {}
        }
    }

    fn move_by(&mut self, right: f32, up: f32) {
        self.go_to(self.x + right * self.scale, self.y + up * self.scale);
    }

    fn go_to(&mut self, x: f32, y: f32) {
        // What is set a little higher or lower is an exponent in the same line.
        let same_line = |(height, size): (f32, f32)| (height - y).abs() < size.max(1.0) * 0.5;
        if self.at.is_some_and(same_line) {
            if x != self.x && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
        } else {
            self.end_line();
        }
        (self.x, self.y) = (x, y);
    }

    fn show(&mut self, parts: &[Object]) {
        for part in parts {
            match part {
                Object::String(bytes, _) if bytes.is_empty() => {}
                Object::String(bytes, _) => {
                    // One code may stand for many letters: what is too long is not even decoded.
                    if self.line.len() + bytes.len() > MAX_FILE_BYTES {
                        return self.refuse("has a line that is too long: write it as Markdown");
                    }
                    let text = self.font.map(|font| Document::decode_text(font, bytes));
                    let Some(Ok(text)) = text else {
                        return self.refuse(
                            "has text in a font whose letters cannot be told: print it to a PDF \
                             anew, or write it as Markdown",
                        );
                    };
                    let blank = text.trim().is_empty();
                    if !blank && self.is_invisible() {
                        return self.refuse(
                            "has text that no reader can see, as recognised scans have: write \
                             what counts as Markdown",
                        );
                    }
                    if self.at.is_none() && !blank {
                        self.at = Some((self.y, self.size * self.scale));
                    }
                    self.line.push_str(&text);
                }
                gap if gap.as_float().is_ok_and(|gap| gap < SPACE) => self.line.push(' '),
                _ => {}
            }
        }
    }

    /// Not drawn at all, or as a dot: a person who reads the file does not know of it.
    fn is_invisible(&self) -> bool {
        self.mode == 3.0 || self.mode == 7.0 || self.size * self.scale * self.zoom < 1.0
    }

    fn refuse(&mut self, why: &str) {
        self.refusal = Some(format!("{why} (page {})", self.page));
    }

    fn end_line(&mut self) {
        let written = std::mem::take(&mut self.line);
        let Some((height, size)) = self.at.take() else {
            return;
        };
        let text = written.split_whitespace().collect::<Vec<_>>().join(" ");
        // Half as far again as the letters are high is an ordinary distance.
        let far = |(before, other): (f32, f32)| (before - height).abs() > size.max(other) * 1.6;
        self.lines.push(PdfLine {
            page: self.page,
            begins_paragraph: self.above.is_none_or(far),
            size,
            text,
        });
        self.above = Some((height, size));
    }
}
