//! Text from outside, made fit to be stored and shown; and lengths of time as people read them.

use std::any::Any;

/// Whether a character may be shown as it is: no control, no bidi override or isolate, no
/// zero-width or tag character (Unicode TR 36, "Unicode Security Considerations").
pub fn is_printable(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'))
}

/// One line of text from outside: hidden and control characters become `U+XXXX`, a line break or
/// tab a space; cut with an ellipsis after `max` characters.
pub fn printable(text: &str, max: usize) -> String {
    let mut out = String::new();
    for (shown, c) in text.chars().enumerate() {
        if shown == max {
            out.push('…');
            break;
        }
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&format!("U+{:04X}", c as u32)),
        }
    }
    out
}

/// A line of a log: line breaks at its end cut off, hidden characters as `U+XXXX`, but tabs and
/// ANSI escapes (U+001B) kept for a viewer that colours them; at most `max` characters.
pub fn log_line(text: &str, max: usize) -> String {
    let mut out = String::new();
    for (shown, c) in text.trim_end_matches(['\n', '\r']).chars().enumerate() {
        if shown == max {
            out.push('…');
            break;
        }
        match c {
            '\t' | '\u{1b}' => out.push(c),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&format!("U+{:04X}", c as u32)),
        }
    }
    out
}

/// What a panic said, made printable.
pub fn last_words(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    printable(said.unwrap_or("without a word"), 300)
}

/// A length of time in the two largest units that say something.
pub fn length(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..10 => tenths(milliseconds),
        10..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

fn tenths(milliseconds: u64) -> String {
    let tenths = (milliseconds + 50) / 100;
    match tenths % 10 {
        0 => format!("{} s", tenths / 10),
        rest => format!("{}.{rest} s", tenths / 10),
    }
}

fn two(large: u64, unit: &str, small: u64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown_as_code_points_and_long_text_is_cut() {
        assert_eq!(printable("a\u{200b}b\nc", 10), "aU+200Bb c");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(
            log_line("\u{1b}[31mred\u{1b}[0m\r\n", 80),
            "\u{1b}[31mred\u{1b}[0m"
        );
    }
}
