//! Which letters the codes of a font are, by the map in its `ToUnicode`.
//!
//! The library has a reader of these, too: it builds the map back as well, of four thousand million
//! letters where a file of a few bytes says so.

use std::collections::BTreeMap;

use lopdf::Object;
use lopdf::content::Content;

use super::encoding::{is_told, plain};

/// More codes than a font of two bytes can have.
const MAX_LETTERS: usize = 70_000;
/// No code stands for more: in UTF-16.
const MAX_TEXT_BYTES: usize = 64;

/// The map, which is written like the content of a page. What cannot be read of it is missing, and
/// refused where it is used.
pub(super) fn letters(map: &[u8]) -> BTreeMap<u32, String> {
    let mut reading = Reading {
        letters: BTreeMap::new(),
        left: MAX_LETTERS,
    };
    for operation in Content::decode_iter(map).map_while(Result::ok) {
        match operation.operator.as_str() {
            "endbfchar" => {
                for pair in operation.operands.chunks_exact(2) {
                    if let (Some(code), Some(text)) = (code_of(&pair[0]), text_of(&pair[1])) {
                        reading.say(code, &text);
                    }
                }
            }
            "endbfrange" => {
                for range in operation.operands.chunks_exact(3) {
                    if let (Some(first), Some(last)) = (code_of(&range[0]), code_of(&range[1])) {
                        reading.say_range(first, last, &range[2]);
                    }
                }
            }
            _ => {}
        }
    }
    reading.letters
}

struct Reading {
    letters: BTreeMap<u32, String>,
    /// How many more may be said: one said twice counts twice.
    left: usize,
}

impl Reading {
    fn say(&mut self, code: u32, text: &str) {
        let Some(left) = self.left.checked_sub(1) else {
            return;
        };
        self.left = left;
        if is_told(text) {
            self.letters.insert(code, plain(text));
        }
    }

    fn say_range(&mut self, first: u32, last: u32, texts: &Object) {
        let codes = (first..=last).take(self.left);
        if let Object::Array(texts) = texts {
            for (code, text) in codes.zip(texts) {
                if let Some(text) = text_of(text) {
                    self.say(code, &text);
                }
            }
        } else if let Some(start) = text_of(texts) {
            for (code, step) in codes.zip(0..) {
                if let Some(text) = later(&start, step) {
                    self.say(code, &text);
                }
            }
        }
    }
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
    let bytes = object
        .as_str()
        .ok()
        .filter(|bytes| bytes.len() <= MAX_TEXT_BYTES)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_to_unicode_is_read() {
        let map = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
            1 begincodespacerange <0000> <FFFF> endcodespacerange %% one\n\
            3 beginbfchar <0003> <0020> <0004> <FB01> <0005> <0000> endbfchar\n\
            2 beginbfrange <0041> <0043> <0061> <0050> <0051> [<0078> <D83DDE00>] endbfrange\n\
            endcmap";
        let letters = letters(map);
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
        assert!(letters(map).len() <= MAX_LETTERS);
    }
}
