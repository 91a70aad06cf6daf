//! Which letters the codes of a string are, and how wide they are set.
//!
//! A font that does not say which letters it draws is not guessed at.

use std::collections::BTreeMap;

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Encoding, Object, dictionary};

use super::Refusal;
use super::budget::Budget;
use super::known;
use super::matrix::number;

/// More codes than a font of two bytes can have.
const MAX_LETTERS: usize = 70_000;
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
            Ok(map) => to_unicode(&budget.unpack(map)?),
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

fn is_name(document: &Document, of: &Dictionary, key: &[u8], name: &[u8]) -> bool {
    let found = of.get_deref(key, document).and_then(Object::as_name);
    found.is_ok_and(|found| found == name)
}

/// The letters of a `ToUnicode` map, which is written like the content of a page.
fn to_unicode(map: &[u8]) -> BTreeMap<u32, String> {
    let mut letters = BTreeMap::new();
    let mut say = |code: u32, text: String| {
        if letters.len() < MAX_LETTERS && is_told(&text) {
            letters.insert(code, plain(&text));
        }
    };
    // What cannot be read is missing, and refused where it is used.
    for operation in Content::decode_iter(map).map_while(Result::ok) {
        match operation.operator.as_str() {
            "endbfchar" => {
                for pair in operation.operands.chunks_exact(2) {
                    if let (Some(code), Some(text)) = (code_of(&pair[0]), text_of(&pair[1])) {
                        say(code, text);
                    }
                }
            }
            "endbfrange" => {
                for range in operation.operands.chunks_exact(3) {
                    let (Some(first), Some(last)) = (code_of(&range[0]), code_of(&range[1])) else {
                        continue;
                    };
                    let codes = (first..=last).take(MAX_LETTERS);
                    match &range[2] {
                        Object::Array(texts) => {
                            for (code, text) in codes.zip(texts) {
                                text_of(text).into_iter().for_each(|text| say(code, text));
                            }
                        }
                        start => {
                            let Some(start) = text_of(start) else {
                                continue;
                            };
                            for (code, step) in codes.zip(0..) {
                                later(&start, step)
                                    .into_iter()
                                    .for_each(|text| say(code, text));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    letters
}

/// What can be read as a letter at all.
fn is_told(text: &str) -> bool {
    !text.is_empty() && !text.contains(['\0', char::REPLACEMENT_CHARACTER])
}

/// Letters that were drawn as one are two again, a hyphen that was drawn is one, and a sign of the
/// font's own, which has no other name, is mostly the bullet of a list.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '\u{fb00}' => plain.push_str("ff"),
            '\u{fb01}' => plain.push_str("fi"),
            '\u{fb02}' => plain.push_str("fl"),
            '\u{fb03}' => plain.push_str("ffi"),
            '\u{fb04}' => plain.push_str("ffl"),
            '\u{ad}' => plain.push('-'),
            '\u{e000}'..='\u{f8ff}' => plain.push('•'),
            letter => plain.push(letter),
        }
    }
    plain
}

fn code_of(object: &Object) -> Option<u32> {
    let bytes = object.as_str().ok().filter(|bytes| bytes.len() <= 4)?;
    Some(
        bytes
            .iter()
            .fold(0, |all, byte| all << 8 | u32::from(*byte)),
    )
}

/// A string in UTF-16.
fn text_of(object: &Object) -> Option<String> {
    let bytes = object.as_str().ok()?;
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|unit| unit.iter().fold(0, |all, byte| all << 8 | u16::from(*byte)))
        .collect();
    String::from_utf16(&units).ok()
}

/// The text whose last letter is so many further on.
fn later(start: &str, step: u32) -> Option<String> {
    let mut text = start.to_owned();
    let last = u32::from(text.pop()?);
    text.push(char::from_u32(last.checked_add(step)?)?);
    Some(text)
}

/// The letters of a font of one byte by the names in its `Encoding`, or of the encoding that all
/// such fonts have without one.
fn encoded(document: &Document, font: &Dictionary) -> Option<BTreeMap<u32, String>> {
    let standard: &[u8] = b"StandardEncoding";
    let name = name_of(document, font);
    let signs = (0..=u8::MAX).filter_map(|code| {
        let sign = known::sign(&name, code)?;
        Some((u32::from(code), sign.to_owned()))
    });
    let signs: BTreeMap<u32, String> = signs.collect();
    if !signs.is_empty() {
        return Some(signs);
    }
    let Ok(encoding) = font.get_deref(b"Encoding", document) else {
        if name.starts_with("CM") {
            return tex(&name, base(standard)?);
        }
        let is_known = !has_own_letters(document, font);
        return is_known.then(|| base(standard)).flatten();
    };
    if let Ok(name) = encoding.as_name() {
        return base(name);
    }
    let encoding = encoding.as_dict().ok()?;
    let named = encoding.get_deref(b"BaseEncoding", document);
    let mut letters = base(named.and_then(Object::as_name).unwrap_or(standard))?;
    let differences = encoding.get_deref(b"Differences", document);
    let mut code = 0_u32;
    for difference in differences.and_then(Object::as_array).into_iter().flatten() {
        match document.dereference(difference).ok()?.1 {
            Object::Name(name) => {
                match glyph(name) {
                    Some(letter) => letters.insert(code, letter),
                    None => letters.remove(&code),
                };
                code = code.saturating_add(1);
            }
            number => code = u32::try_from(number.as_i64().ok()?).ok()?,
        }
    }
    Some(letters)
}

/// What TeX's own fonts draw, of which older files say nothing.
fn tex(name: &str, mut letters: BTreeMap<u32, String>) -> Option<BTreeMap<u32, String>> {
    let others = if name.starts_with("CMMI") {
        letters.retain(|code, _| u8::try_from(*code).is_ok_and(|code| code.is_ascii_alphabetic()));
        known::TEX_MATHS
    } else {
        known::TEX
    };
    letters.extend(
        others
            .iter()
            .map(|(code, text)| (*code, (*text).to_owned())),
    );
    Some(letters)
}

fn base(name: &[u8]) -> Option<BTreeMap<u32, String>> {
    let known: [&[u8]; 4] = [
        b"StandardEncoding",
        b"MacRomanEncoding",
        b"MacExpertEncoding",
        b"WinAnsiEncoding",
    ];
    if !known.contains(&name) {
        return None;
    }
    let font = dictionary! {"Type" => "Font", "Encoding" => Object::Name(name.to_vec())};
    let nothing = Document::new();
    let encoding = font.get_font_encoding(&nothing).ok()?;
    let letters = (0..=u8::MAX).filter_map(|code| {
        let letter = decoded(&encoding, code)?;
        Some((u32::from(code), letter))
    });
    Some(letters.collect())
}

fn decoded(encoding: &Encoding<'_>, code: u8) -> Option<String> {
    let letter = Document::decode_text(encoding, &[code]).ok()?;
    is_told(&letter).then(|| plain(&letter))
}

/// The letter of a name such as `A`, `eacute`, `f_i`, `uni00E9`, `u1F600` or `a.small`.
fn glyph(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.split('.').next().filter(|name| !name.is_empty())?;
    let parts = name.split('_').map(|part| {
        let hex = |digits: &str| {
            let number = u32::from_str_radix(digits, 16).ok()?;
            char::from_u32(number).map(String::from)
        };
        known_glyph(part)
            .or_else(|| part.strip_prefix("uni").and_then(hex))
            .or_else(|| part.strip_prefix('u').and_then(hex))
    });
    let letter: String = parts.collect::<Option<_>>()?;
    is_told(&letter).then(|| plain(&letter))
}

/// By the library's list, which it shows only through an encoding with this difference.
fn known_glyph(name: &str) -> Option<String> {
    let list = vec![0.into(), Object::Name(name.as_bytes().to_vec())];
    let font = dictionary! {
        "Type" => "Font", "Encoding" => dictionary! {"Differences" => list},
    };
    let nothing = Document::new();
    let encoding = font.get_font_encoding(&nothing).ok()?;
    // For an unknown name it falls back to an encoding that has nothing at 0.
    decoded(&encoding, 0)
}

/// Without the six letters and `+` that mark a font of which not all letters are there.
fn name_of(document: &Document, font: &Dictionary) -> String {
    let name = font.get_deref(b"BaseFont", document);
    let name = String::from_utf8_lossy(name.and_then(Object::as_name).unwrap_or_default());
    let behind = name.split_once('+').map(|(_, name)| name.to_owned());
    behind.unwrap_or_else(|| name.into_owned())
}

/// Whether a font in the file has letters that only its program knows.
fn has_own_letters(document: &Document, font: &Dictionary) -> bool {
    let about = font.get_deref(b"FontDescriptor", document);
    let Ok(about) = about.and_then(Object::as_dict) else {
        return is_name(document, font, b"Subtype", b"Type3");
    };
    let kinds: [&[u8]; 3] = [b"FontFile", b"FontFile2", b"FontFile3"];
    let flags = about.get_deref(b"Flags", document).and_then(Object::as_i64);
    kinds.iter().any(|kind| about.has(kind)) && flags.is_ok_and(|flags| flags & 4 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_letters_are_read_and_unknown_ones_are_not_guessed() {
        let said = |name: &str| glyph(name.as_bytes());
        assert_eq!(said("eacute").as_deref(), Some("é"));
        assert_eq!(said("f_i").as_deref(), Some("fi"));
        assert_eq!(said("uni00E9").as_deref(), Some("é"));
        assert_eq!(said("u1F600").as_deref(), Some("😀"));
        assert_eq!(said("a.small").as_deref(), Some("a"));
        assert_eq!(said("g17"), None);
        assert_eq!(said(".notdef"), None);
    }

    #[test]
    fn every_letter_of_western_europe_has_its_code() {
        let letters = base(b"WinAnsiEncoding").unwrap();
        // Windows has no letter at these, nor at 127.
        let empty = [127, 129, 141, 143, 144, 157];
        let missing: Vec<u32> = (32..256)
            .filter(|code| !letters.contains_key(code))
            .collect();
        assert!(
            missing.iter().all(|code| empty.contains(code)),
            "{missing:?}"
        );
        assert_eq!(letters[&0xe4], "ä");
        assert_eq!(letters[&0xad], "-");
        assert_eq!(letters[&0xa0].trim(), "");
    }

    #[test]
    fn a_map_to_unicode_is_read() {
        let map = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
            1 begincodespacerange <0000> <FFFF> endcodespacerange %% one\n\
            3 beginbfchar <0003> <0020> <0004> <FB01> <0005> <0000> endbfchar\n\
            2 beginbfrange <0041> <0043> <0061> <0050> <0051> [<0078> <D83DDE00>] endbfrange\n\
            endcmap";
        let letters = to_unicode(map);
        let letters: Vec<(u32, &str)> = letters.iter().map(|(c, t)| (*c, t.as_str())).collect();
        let expected = [
            (3, " "),
            (4, "fi"),
            (0x41, "a"),
            (0x42, "b"),
            (0x43, "c"),
            (0x50, "x"),
            (0x51, "😀"),
        ];
        assert_eq!(letters, expected);
    }

    #[test]
    fn a_map_of_all_codes_there_can_be_is_cut() {
        let map = b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange";
        assert!(to_unicode(map).len() <= MAX_LETTERS);
    }
}
