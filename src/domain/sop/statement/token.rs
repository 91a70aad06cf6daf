//! Words of a procedure: lower case, in one form of each letter, with the bytes they stand at.
//!
//! Letters that are written without blanks between words (Chinese) are words of one letter each;
//! phrases of several of them are found like phrases of several words.

use unicode_normalization::UnicodeNormalization;

use crate::domain::letters::simplified;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub text: String,
    pub form: Form,
    /// What stands between it and the token before it.
    pub glue: Glue,
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Word,
    Number(u32),
    /// Minutes since midnight: `15:30`.
    Clock(u32),
    Mark(char),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glue {
    Nothing,
    Blank,
    Hyphen,
    Slash,
}

pub(super) fn tokenise(text: &str) -> Vec<Token> {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let mut tokens = Vec::new();
    let mut glue = Glue::Nothing;
    let mut at = 0;
    while let Some((start, c)) = letters.get(at).copied() {
        if c.is_whitespace() {
            glue = Glue::Blank;
            at += 1;
        } else if is_joining(&letters, at) {
            glue = if c == '/' { Glue::Slash } else { Glue::Hyphen };
            at += 1;
        } else {
            let until = end_of_token(&letters, at);
            let end = letters.get(until).map_or(text.len(), |(end, _)| *end);
            tokens.push(token(&text[start..end], glue, start, end));
            glue = Glue::Nothing;
            at = until;
        }
    }
    tokens
}

/// A hyphen or slash between two letters or digits: the words count as two.
fn is_joining(letters: &[(usize, char)], at: usize) -> bool {
    let beside = |index: Option<usize>| {
        index
            .and_then(|index| letters.get(index))
            .is_some_and(|(_, c)| c.is_alphanumeric())
    };
    let joins = letters.get(at).is_some_and(|(_, c)| {
        matches!(
            c,
            '-' | '/' | '\'' | '\u{2019}' | '\u{2010}' | '\u{2011}' | '\u{2013}'
        )
    });
    joins && beside(at.checked_sub(1)) && beside(Some(at + 1))
}

fn end_of_token(letters: &[(usize, char)], at: usize) -> usize {
    let letter = |index: usize| letters.get(index).map(|(_, c)| *c);
    let Some(first) = letter(at) else {
        return at;
    };
    if !first.is_alphanumeric() || is_wide(first) {
        return at + 1;
    }
    let digits = |mut index: usize| {
        while letter(index).is_some_and(|c| c.is_ascii_digit()) {
            index += 1;
        }
        index
    };
    if first.is_ascii_digit() {
        let until = digits(at);
        let minutes = digits(until + 1);
        let is_clock = matches!(letter(until), Some(':' | '\u{ff1a}')) && minutes == until + 3;
        return if is_clock { minutes } else { until };
    }
    let mut index = at + 1;
    while letter(index).is_some_and(|c| {
        let inside = |mark: char| {
            // "don't" is a word; "d'urgence" is two.
            (mark == '_' || (matches!(mark, '\'' | '\u{2019}') && index - at >= 2))
                && letter(index + 1).is_some_and(char::is_alphanumeric)
        };
        (c.is_alphanumeric() && !is_wide(c)) || is_mark_of_letter(c) || inside(c)
    }) {
        index += 1;
    }
    index
}

fn token(written: &str, glue: Glue, start: usize, end: usize) -> Token {
    let text: String = written
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| if c == '\u{2019}' { '\'' } else { simplified(c) })
        .collect();
    // "The engineer's approval" is the engineer's.
    let text = match text.strip_suffix("'s") {
        Some(owner) if !CONTRACTED.contains(&owner) => owner.to_owned(),
        _ => text,
    };
    let form = match text.chars().next() {
        Some(c) if c.is_ascii_digit() => number_or_clock(&text),
        Some(c) if c.is_alphanumeric() => Form::Word,
        Some(c) => Form::Mark(c),
        None => Form::Mark(' '),
    };
    Token {
        text,
        form,
        glue,
        start,
        end,
    }
}

/// "it's" is no possessive.
const CONTRACTED: [&str; 9] = [
    "else", "it", "that", "what", "there", "who", "here", "let", "he",
];

fn number_or_clock(text: &str) -> Form {
    // A number of more digits than that is none that a sentence counts or dates with.
    const TOO_MUCH: u32 = u32::MAX;
    match text.split_once(':') {
        Some((hour, minute)) => match (hour.parse::<u32>(), minute.parse::<u32>()) {
            (Ok(hour), Ok(minute)) if hour <= 24 && minute < 60 => Form::Clock(hour * 60 + minute),
            _ => Form::Mark(':'),
        },
        None => Form::Number(text.parse().unwrap_or(TOO_MUCH)),
    }
}

/// Letters of scripts without blanks between words.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// An accent that follows its letter.
fn is_mark_of_letter(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_times_are_told_apart() {
        let shown: Vec<String> = tokenise("On-call: 9am–5pm, 15:30 (don't!) P0 生产 2h")
            .iter()
            .map(|token| format!("{}{:?}", token.text, token.glue))
            .collect();
        assert_eq!(
            shown,
            [
                "onNothing",
                "callHyphen",
                ":Nothing",
                "9Blank",
                "amNothing",
                "5Hyphen",
                "pmNothing",
                ",Nothing",
                "15:30Blank",
                "(Blank",
                "don'tNothing",
                "!Nothing",
                ")Nothing",
                "p0Blank",
                "生Blank",
                "产Nothing",
                "2Blank",
                "hNothing"
            ]
        );
    }
}
