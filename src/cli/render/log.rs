//! Lines that steps and containers printed.

use super::page::{Page, Tone};
use crate::adapters::logbook::LogEntry;

/// One line of an execution's log: the step, then what it printed.
pub fn entry(page: &Page, entry: &LogEntry) -> String {
    let step = page.paint(Tone::Dim, &format!("{} |", entry.step));
    let tone = match entry.stream.as_str() {
        "stderr" => Tone::Warn,
        "commander" => Tone::Dim,
        _ => Tone::Plain,
    };
    format!("{step} {}", page.paint(tone, &without_escapes(&entry.text)))
}

/// The text without the escape sequences by which a program colours it, moves the cursor or names
/// the window (ECMA-48, 5.4 and 5.6): a container that we show must not command our terminal.
pub fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(if c == '\t' { ' ' } else { c });
            continue;
        }
        match rest.next() {
            // A control sequence ends with its first character from @ to ~.
            Some('[') => {
                rest.by_ref().find(|c| ('@'..='~').contains(c));
            }
            // A control string ends with BEL or with ESC \.
            Some(']' | 'P' | '_' | '^' | 'X') => {
                let mut before = ' ';
                for c in rest.by_ref() {
                    if c == '\u{7}' || (before == '\u{1b}' && c == '\\') {
                        break;
                    }
                    before = c;
                }
            }
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_cannot_command_the_terminal() {
        let text =
            "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}and \u{1b}]8;;http://x\u{1b}\\link\tend";
        assert_eq!(without_escapes(text), "red and link end");
        assert_eq!(without_escapes("cut \u{1b}[31"), "cut ");
    }
}
