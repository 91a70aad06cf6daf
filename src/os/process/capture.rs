//! What a child writes: the end of it is kept, each line of it is handed on, and neither an endless
//! line nor an endless stream costs more memory than its limit.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::domain::text::{log_line, printable};

/// The longest line that is handed on, in bytes; the rest of it is left out.
const LONGEST_LINE: usize = 8 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// The last bytes of a stream, and how many went before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    tail: VecDeque<u8>,
    limit: usize,
    cut: u64,
}

impl Captured {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            tail: VecDeque::new(),
            limit,
            cut: 0,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.tail.extend(bytes);
        let over = self.tail.len().saturating_sub(self.limit);
        self.tail.drain(..over);
        self.cut += over as u64;
    }

    /// How many bytes at the beginning were not kept.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.tail.iter().copied().collect()
    }

    /// The text, with a note in front when its beginning was cut off. What is not UTF-8 is
    /// replaced; control characters are still in it.
    pub fn text(&self) -> String {
        let bytes = self.bytes();
        let text = String::from_utf8_lossy(&bytes);
        match self.cut {
            0 => text.into_owned(),
            cut => format!("[the first {cut} bytes were cut off]\n{text}"),
        }
    }

    /// The end of the text as one printable line of at most `max` characters.
    pub(super) fn last_words(&self, max: usize) -> String {
        let text = String::from_utf8_lossy(&self.bytes()).into_owned();
        let text = text.trim();
        let surplus = text.chars().count().saturating_sub(max);
        let end: String = text.chars().skip(surplus).collect();
        match (end.is_empty(), surplus) {
            (true, _) => "it wrote nothing to stderr".to_owned(),
            (false, 0) => printable(&end, max),
            (false, _) => format!("…{}", printable(&end, max)),
        }
    }
}

/// Reads a stream to its end.
pub(super) async fn pump(
    source: Option<impl AsyncRead + Unpin>,
    stream: Stream,
    kept: &mut Captured,
    on_line: &Mutex<impl FnMut(Stream, &str)>,
) {
    let Some(mut source) = source else { return };
    let mut lines = Lines::default();
    // On the heap: futures hold their locals, and are moved about.
    let mut buffer = vec![0u8; 8 * 1024];
    let mut emit = |line: &[u8]| {
        let line = log_line(&String::from_utf8_lossy(line), LONGEST_LINE);
        // A callback that panicked once has ended the run; there is nobody left to tell.
        if let Ok(mut on_line) = on_line.lock() {
            on_line(stream, &line);
        }
    };
    // A read error on a pipe of ours is its end.
    while let Ok(n @ 1..) = source.read(&mut buffer).await {
        kept.push(&buffer[..n]);
        lines.feed(&buffer[..n], &mut emit);
    }
    lines.finish(&mut emit);
}

/// Cuts a stream into lines.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn feed(&mut self, bytes: &[u8], emit: &mut impl FnMut(&[u8])) {
        let mut parts = bytes.split(|b| *b == b'\n').peekable();
        while let Some(part) = parts.next() {
            let room = LONGEST_LINE - self.begun.len();
            self.begun.extend(&part[..part.len().min(room)]);
            if parts.peek().is_some() {
                emit(&self.begun);
                self.begun.clear();
            }
        }
    }

    fn finish(&mut self, emit: &mut impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            emit(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_kept_with_a_note() {
        let mut captured = Captured::new(5);
        captured.push(b"abc");
        assert_eq!(captured.text(), "abc");
        captured.push(b"defgh");
        assert_eq!(captured.text(), "[the first 3 bytes were cut off]\ndefgh");
        assert_eq!(captured.last_words(2), "…gh");
    }

    #[test]
    fn lines_are_joined_from_fragments_and_an_endless_one_is_bounded() {
        let mut seen = Vec::new();
        let mut emit = |line: &[u8]| seen.push(String::from_utf8_lossy(line).into_owned());
        let mut lines = Lines::default();
        lines.feed(b"on", &mut emit);
        lines.feed(b"e\n\ntwo\nthr", &mut emit);
        lines.feed(&vec![b'x'; 3 * LONGEST_LINE], &mut emit);
        lines.finish(&mut emit);
        assert_eq!(seen[..3], ["one", "", "two"]);
        assert_eq!(seen[3].len(), LONGEST_LINE);
    }
}
