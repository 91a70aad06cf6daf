//! Which letters the codes of a font of one byte are, by the names that the file gives them.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Encoding, Object, dictionary};

use super::known;

/// Each of 256 codes has a number and a name at the most.
const MAX_DIFFERENCES: usize = 512;

/// The letters of a font of one byte by the names in its `Encoding`, or of the encoding that all
/// such fonts have without one.
pub(super) fn encoded(document: &Document, font: &Dictionary) -> Option<BTreeMap<u32, String>> {
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
    let differences = differences.and_then(Object::as_array).into_iter().flatten();
    for difference in differences.take(MAX_DIFFERENCES) {
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

/// Without the six letters and `+` that mark a font of which not all letters are there.
pub(super) fn name_of(document: &Document, font: &Dictionary) -> String {
    let name = font.get_deref(b"BaseFont", document);
    let name = String::from_utf8_lossy(name.and_then(Object::as_name).unwrap_or_default());
    let behind = name.split_once('+').map(|(_, name)| name.to_owned());
    behind.unwrap_or_else(|| name.into_owned())
}

pub(super) fn is_name(document: &Document, of: &Dictionary, key: &[u8], name: &[u8]) -> bool {
    let found = of.get_deref(key, document).and_then(Object::as_name);
    found.is_ok_and(|found| found == name)
}

/// What can be read as a letter at all.
pub(super) fn is_told(text: &str) -> bool {
    !text.is_empty() && !text.contains(['\0', char::REPLACEMENT_CHARACTER])
}

/// Letters that were drawn as one are two again, a hyphen that was drawn is one, and a sign of the
/// font's own, which has no other name, is mostly the bullet of a list.
pub(super) fn plain(text: &str) -> String {
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
}
