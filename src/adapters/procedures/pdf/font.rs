//! Which letters the codes of a string are, and how wide they are set.
//!
//! A font that does not say which letters it draws is not guessed at.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object};

use super::Refusal;
use super::budget::Budget;
use super::encoding::{encoded, is_name, name_of};
use super::matrix::number;
use super::{known, to_unicode};

/// A tabulator and the ends of lines: some write them, and no reader draws anything there.
const BLANKS: [u32; 3] = [9, 10, 13];
/// Of a letter whose font does not say it, in units of its size: about the middle of all letters.
const GUESSED_WIDTH: f64 = 0.5;

pub(super) struct Font {
    /// The bytes of one code.
    bytes: usize,
    letters: BTreeMap<u32, String>,
    widths: Widths,
}

/// One code of a string.
pub(super) struct Letter<'a> {
    /// None where the font does not tell.
    pub text: Option<&'a str>,
    /// In units of the font's size.
    pub width: f64,
    /// Whether the distance between words is added.
    pub is_space: bool,
}

struct Widths {
    /// By the first code: the last one, and how wide each of them is.
    ranges: BTreeMap<u32, (u32, f64)>,
    /// Of the other codes, where it is said.
    other: Option<f64>,
}

impl Font {
    /// None for a font whose letters cannot be told.
    ///
    /// # Errors
    ///
    /// When it is more than the rest of the file may take.
    pub fn read(
        document: &Document,
        font: &Dictionary,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Refusal> {
        let map = font.get_deref(b"ToUnicode", document);
        let told = match map.and_then(Object::as_stream) {
            Ok(map) => to_unicode::letters(&budget.unpack(map)?),
            Err(_) => BTreeMap::new(),
        };
        if is_name(document, font, b"Subtype", b"Type0") {
            let is_plain = is_name(document, font, b"Encoding", b"Identity-H");
            let readable = !told.is_empty() && is_plain;
            return Ok(readable.then(|| Self {
                bytes: 2,
                letters: told,
                widths: Widths::of_composite(document, font),
            }));
        }
        let mut letters = encoded(document, font).unwrap_or_default();
        letters.extend(told);
        let readable = !letters.is_empty();
        for code in BLANKS {
            letters.entry(code).or_insert_with(|| " ".to_owned());
        }
        Ok(readable.then(|| Self {
            bytes: 1,
            letters,
            widths: Widths::of_simple(document, font),
        }))
    }

    /// Whether each letter's width is said, and not guessed.
    pub fn has_widths(&self) -> bool {
        self.widths.other.is_some() || !self.widths.ranges.is_empty()
    }

    pub fn letters<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Letter<'a>> {
        bytes.chunks(self.bytes).map(|code| {
            let number = code.iter().fold(0, |all, byte| all << 8 | u32::from(*byte));
            let whole = code.len() == self.bytes;
            let text = self.letters.get(&number).filter(|_| whole);
            Letter {
                text: text.map(String::as_str),
                width: self.widths.of(number),
                is_space: code == b" ",
            }
        })
    }
}

impl Widths {
    fn of(&self, code: u32) -> f64 {
        let range = self.ranges.range(..=code).next_back();
        let said = range.and_then(|(_, (last, width))| (code <= *last).then_some(*width));
        said.or(self.other).unwrap_or(GUESSED_WIDTH)
    }

    fn of_simple(document: &Document, font: &Dictionary) -> Self {
        let list = font.get_deref(b"Widths", document);
        let unit = match font.get_deref(b"FontMatrix", document) {
            Ok(Object::Array(matrix)) => number(matrix.first()).abs(),
            _ => 0.001,
        };
        let first = font.get_deref(b"FirstChar", document);
        let first = first.and_then(Object::as_i64).unwrap_or(0);
        let first = u32::try_from(first).unwrap_or(0);
        let mut ranges = BTreeMap::new();
        if let Ok(Object::Array(list)) = list {
            for (code, width) in (first..256).zip(list) {
                ranges.insert(code, (code, dereferenced(document, width) * unit));
            }
        }
        let about = font.get_deref(b"FontDescriptor", document);
        let missing = about
            .and_then(Object::as_dict)
            .and_then(|about| about.get_deref(b"MissingWidth", document));
        let other = missing.ok().map(|width| number(Some(width)) * unit);
        if ranges.is_empty() {
            let name = name_of(document, font);
            for code in 0..=u32::from(u8::MAX) {
                if let Some(width) = known::width(&name, code) {
                    ranges.insert(code, (code, f64::from(width) / 1000.0));
                }
            }
        }
        Self { ranges, other }
    }

    fn of_composite(document: &Document, font: &Dictionary) -> Self {
        let mut ranges = BTreeMap::new();
        let inner = font.get_deref(b"DescendantFonts", document);
        let inner = inner
            .and_then(Object::as_array)
            .ok()
            .and_then(|fonts| fonts.first())
            .and_then(|inner| document.dereference(inner).ok())
            .and_then(|(_, inner)| inner.as_dict().ok());
        let Some(inner) = inner else {
            return Self {
                ranges,
                other: None,
            };
        };
        let other = match inner.get_deref(b"DW", document) {
            Ok(width) => number(Some(width)),
            // What the standard says where the file says nothing.
            Err(_) => 1000.0,
        };
        let list = inner.get_deref(b"W", document).and_then(Object::as_array);
        let mut list = list.map(Vec::as_slice).unwrap_or_default();
        while let [first, second, rest @ ..] = list {
            let code = code(document, first);
            match (document.dereference(second), rest) {
                (Ok((_, Object::Array(widths))), _) => {
                    for (code, width) in (code..=u32::from(u16::MAX)).zip(widths) {
                        ranges.insert(code, (code, dereferenced(document, width) / 1000.0));
                    }
                    list = rest;
                }
                (_, [width, rest @ ..]) => {
                    let width = dereferenced(document, width) / 1000.0;
                    ranges.insert(code, (self::code(document, second), width));
                    list = rest;
                }
                (_, []) => break,
            }
        }
        Self {
            ranges,
            other: Some(other / 1000.0),
        }
    }
}

fn dereferenced(document: &Document, object: &Object) -> f64 {
    number(document.dereference(object).ok().map(|(_, object)| object))
}

fn code(document: &Document, object: &Object) -> u32 {
    // A number of a file: what is below 0 is 0, and what is no whole one is cut.
    dereferenced(document, object) as u32
}
