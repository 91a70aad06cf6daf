//! First stage: the text as it is read, and for each of its bytes the bytes as they were typed.
//!
//! Unicode NFKC is applied letter by letter (a letter with its combining marks), so that every
//! span can be given in the text as typed. Typographic quotes and dashes become plain ones.
//! Characters that cannot be seen are left out and reported; control characters and those that
//! turn the direction of the text are refused (Unicode TR 36). Look-alikes of other scripts are
//! recognised a word at a time, for Russian text is no deceit: see `fold_look_alikes`.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::reading::{Change, ChangeKind};
use crate::domain::intent::Span;
use crate::domain::letters::simplified;
use crate::domain::text::is_printable;

#[derive(Debug, Clone, Default)]
pub(super) struct Normalised {
    pub text: String,
    /// For each byte of `text` where its letter began and ended as typed.
    starts: Vec<usize>,
    ends: Vec<usize>,
    pub changes: Vec<Change>,
}

impl Normalised {
    /// Where a non-empty range of `text` stands in the text as typed.
    pub fn span(&self, range: Range<usize>) -> Span {
        Span {
            start: self.starts[range.start],
            end: self.ends[range.end - 1],
        }
    }

    fn push(&mut self, c: char, typed: Span) {
        for _ in 0..c.len_utf8() {
            self.starts.push(typed.start);
            self.ends.push(typed.end);
        }
        self.text.push(c);
    }

    fn change(&mut self, from: &str, to: &str, span: Span, kind: ChangeKind) {
        self.changes.push(Change {
            from: code_points(from),
            to: to.to_owned(),
            span,
            kind,
        });
    }
}

pub(super) fn normalise(typed: &str) -> Normalised {
    let mut out = Normalised::default();
    // Line breaks and blanks at the ends are how text is pasted; in the middle a line break is refused.
    let start = typed.len() - typed.trim_start().len();
    let body = typed.trim();
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        let at = start + body.len() - rest.len();
        let (letter, tail) = rest.split_at(letter_length(rest, first));
        let span = Span {
            start: at,
            end: at + letter.len(),
        };
        read_letter(&mut out, letter, first, span);
        rest = tail;
    }
    out
}

/// The first character with the combining marks that follow it.
fn letter_length(rest: &str, first: char) -> usize {
    rest[first.len_utf8()..]
        .char_indices()
        .find(|(_, c)| c.is_ascii() || canonical_combining_class(*c) == 0)
        .map_or(rest.len(), |(at, _)| first.len_utf8() + at)
}

fn read_letter(out: &mut Normalised, letter: &str, first: char, span: Span) {
    if letter.len() == 1 && (first == '\t' || !first.is_ascii_control()) {
        return out.push(if first == '\t' { ' ' } else { first }, span);
    }
    if let Some(plain) = typographic(first) {
        out.change(letter, &plain.to_string(), span, ChangeKind::Typography);
        // A quotation mark is one only beside a blank, and Chinese text has none.
        let quotes = matches!(first, '\u{300a}'..='\u{300f}');
        if quotes && opens(first) && !out.text.is_empty() {
            out.push(' ', span);
        }
        out.push(plain, span);
        if is_wide(first) || quotes && !opens(first) {
            // No blank follows the marks of Chinese text.
            out.push(' ', span);
        }
        return;
    }
    match unseen(first) {
        Some(ChangeKind::Refused) => {
            out.change(letter, "", span, ChangeKind::Refused);
            return out.push(' ', span);
        }
        Some(kind) => return out.change(letter, "", span, kind),
        None => {}
    }
    let folded: String = letter.nfkc().collect();
    if folded != letter.nfc().collect::<String>() {
        out.change(letter, &folded, span, ChangeKind::Compatibility);
    }
    for c in folded.chars() {
        // Some compatibility forms contain a space or another control-like character.
        out.push(if is_printable(c) { c } else { ' ' }, span);
    }
}

fn typographic(c: char) -> Option<char> {
    Some(match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{02bc}' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{00ab}' | '\u{00bb}' | '\u{300a}'..='\u{300f}' => '"',
        '\u{2010}' | '\u{2011}' => '-',
        '\u{00a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{00bf}' | '\u{00a1}' => ' ',
        '\u{3001}' | '\u{ff0c}' => ',',
        '\u{3002}' => '.',
        '\u{ff01}' => '!',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        '\u{ff1a}' => ':',
        '\u{ff1b}' => ';',
        '\u{ff1f}' => '?',
        // The definitions have Chinese letters in their simplified form.
        c => return Some(simplified(c)).filter(|simple| *simple != c),
    })
}

/// Of two marks beside each other the first opens.
fn opens(c: char) -> bool {
    matches!(c, '\u{300a}' | '\u{300c}' | '\u{300e}')
}

/// A mark as wide as a Chinese letter.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3001}' | '\u{3002}' | '\u{ff00}'..='\u{ff20}')
}

/// How a character that cannot be seen is treated; `None` for all others.
fn unseen(c: char) -> Option<ChangeKind> {
    match c {
        // They shape letters and emoji, or hold words together or apart; without them the text reads the same.
        '\u{200b}'..='\u{200d}'
        | '\u{2060}'
        | '\u{feff}'
        | '\u{00ad}'
        | '\u{180e}'
        | '\u{fe00}'..='\u{fe0f}' => Some(ChangeKind::Hidden),
        c if is_printable(c) => None,
        _ => Some(ChangeKind::Refused),
    }
}

/// `U+0061 U+0301`
fn code_points(text: &str) -> String {
    let points: Vec<String> = text
        .chars()
        .map(|c| format!("U+{:04X}", c as u32))
        .collect();
    points.join(" ")
}

/// A word in Latin letters only, if look-alikes of other scripts stood in it; `None` for a word
/// that is Latin already, or has a letter that no Latin one looks like.
pub(super) fn fold_look_alikes(word: &str) -> Option<String> {
    if word.is_ascii() {
        return None;
    }
    word.chars()
        .map(|c| if c.is_ascii() { Some(c) } else { look_alike(c) })
        .collect()
}

/// The letters of Unicode TR 39's confusables that are drawn like Latin ones in common fonts.
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' | 'ɑ' => 'a',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' => 'l',
        'м' => 'm',
        'ո' => 'n',
        'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' => 'w',
        'с' | 'ϲ' => 'c',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' | 'Օ' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'У' | 'Υ' => 'Y',
        'Ζ' => 'Z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_point_into_the_text_as_typed() {
        let typed = "  ｐｒｏｄ é\u{200b}x ";
        let read = normalise(typed);
        assert_eq!(read.text, "prod éx");
        let span = read.span(0..4);
        assert_eq!(&typed[span.start..span.end], "ｐｒｏｄ");
        let kinds: Vec<ChangeKind> = read.changes.iter().map(|c| c.kind).collect();
        assert_eq!(kinds[..4], [ChangeKind::Compatibility; 4]);
        assert_eq!(kinds[4], ChangeKind::Hidden);
        assert_eq!(read.changes[4].from, "U+200B");
    }

    #[test]
    fn control_and_direction_characters_are_refused_and_quotes_are_not() {
        for bad in [
            "a\u{202e}b",
            "a\u{0}b",
            "a\nb",
            "a\u{e0041}b",
            "a\u{1b}[31mb",
        ] {
            let read = normalise(bad);
            assert!(
                read.changes.iter().any(|c| c.kind == ChangeKind::Refused),
                "{bad:?}"
            );
        }
        assert_eq!(normalise("部署「shop」v3").text, "部署 \"shop\" v3");
        let read = normalise("“shop”");
        assert_eq!(read.text, "\"shop\"");
        assert!(
            read.changes
                .iter()
                .all(|c| c.kind == ChangeKind::Typography)
        );
    }

    #[test]
    fn a_look_alike_is_one_only_in_a_word_that_could_be_latin() {
        assert_eq!(
            fold_look_alikes("рrоduction").as_deref(),
            Some("production")
        );
        assert_eq!(fold_look_alikes("привет"), None);
        assert_eq!(fold_look_alikes("prod"), None);
    }
}
