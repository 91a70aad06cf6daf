//! Lines of output, whoever wrote them: what an engine streams as fragments (a build) or as
//! stamped frames (a container) becomes capped, printable lines, passed on as they come.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::domain::text::log_line;
use crate::os::clock;

/// Bytes of a line that are kept.
pub(super) const MAX_LINE: usize = 4096;

/// Lines that a tail keeps: enough to see why something failed.
const TAIL_LINES: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When the engine received its beginning; for a build, when we did.
    pub at: Timestamp,
    pub stream: LogStream,
    /// Printable, without its line break, at most 4 KiB; colours (ANSI escapes) are kept.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogStream {
    Stdout,
    Stderr,
}

/// Where lines go as they come. It must not block: a slow reader is the caller's to buffer.
pub type LogSink<'a> = &'a mut (dyn FnMut(LogLine) + Send);

/// Joins fragments of one stream into lines.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    line: Vec<u8>,
    is_open: bool,
}

impl Joiner {
    /// Takes a fragment and gives the lines that it completes.
    pub fn push(&mut self, fragment: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in fragment.split_inclusive(|b| *b == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            self.add(text);
            self.is_open = !ends;
            if ends {
                lines.push(self.take());
            }
        }
        lines
    }

    /// The line that was begun and not ended, if any.
    pub fn finish(&mut self) -> Option<String> {
        std::mem::take(&mut self.is_open).then(|| self.take())
    }

    /// Whether a line is begun and not ended.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    fn add(&mut self, text: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.line.len());
        self.line.extend(&text[..text.len().min(room)]);
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        shown(&String::from_utf8_lossy(&line))
    }
}

/// A progress bar overwrites its line: what stands behind the last carriage return is what a
/// terminal would show.
fn shown(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    log_line(line.rsplit('\r').next().unwrap_or(line), MAX_LINE)
}

/// The last lines of an output, kept while all of them pass by.
#[derive(Debug, Default)]
struct Tail(VecDeque<String>);

impl Tail {
    fn push(&mut self, line: &str) {
        if self.0.len() == TAIL_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    fn into_lines(self) -> Vec<String> {
        self.0.into()
    }
}

/// Where the lines go: to the caller as they come, and the last of them into a tail.
pub(super) struct Output<'a> {
    sink: LogSink<'a>,
    tail: Tail,
}

impl<'a> Output<'a> {
    pub fn new(sink: LogSink<'a>) -> Self {
        Self {
            sink,
            tail: Tail::default(),
        }
    }

    /// Passes on a line that has a time.
    pub fn line(&mut self, line: LogLine) {
        self.tail.push(&line.text);
        (self.sink)(line);
    }

    pub fn into_tail(self) -> Vec<String> {
        self.tail.into_lines()
    }

    /// Passes on a line that has none, as of now.
    pub fn now(&mut self, stream: LogStream, text: String) {
        self.line(LogLine {
            at: clock::now(),
            stream,
            text,
        });
    }
}

/// Reads the frames of a container's log, each of which begins with its time.
#[derive(Debug, Default)]
pub(super) struct Frames {
    stdout: Open,
    stderr: Open,
}

#[derive(Debug, Default)]
struct Open {
    joiner: Joiner,
    began: Timestamp,
}

impl Frames {
    /// Takes a frame and gives the lines that it completes. A line of more than 16 KiB comes in
    /// several frames, of which only the last ends with a line break.
    pub fn push(&mut self, stream: LogStream, frame: &[u8]) -> Vec<LogLine> {
        let open = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let (at, text) = stamped(frame);
        if !open.joiner.is_open() {
            open.began = at.unwrap_or(open.began);
        }
        let at = open.began;
        let lines = open.joiner.push(text).into_iter();
        lines.map(|text| LogLine { at, stream, text }).collect()
    }

    /// The lines that were begun and not ended.
    pub fn finish(&mut self) -> Vec<LogLine> {
        [
            (LogStream::Stdout, &mut self.stdout),
            (LogStream::Stderr, &mut self.stderr),
        ]
        .into_iter()
        .filter_map(|(stream, open)| {
            let text = open.joiner.finish()?;
            Some(LogLine {
                at: open.began,
                stream,
                text,
            })
        })
        .collect()
    }
}

/// Divides a frame into its time and its text. A frame without a time is all text.
fn stamped(frame: &[u8]) -> (Option<Timestamp>, &[u8]) {
    let space = frame.iter().take(64).position(|b| *b == b' ');
    let parsed = space.and_then(|at| {
        let stamp = std::str::from_utf8(&frame[..at]).ok()?;
        Some((stamp.parse().ok()?, &frame[at + 1..]))
    });
    match parsed {
        Some((at, text)) => (Some(at), text),
        None => (None, frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_become_lines() {
        let mut joiner = Joiner::default();
        assert_eq!(joiner.push(b"Step 1/2 : FROM x"), [""; 0]);
        assert_eq!(joiner.push(b"\n"), ["Step 1/2 : FROM x"]);
        assert_eq!(joiner.push(b"a\r\nb\n\nc"), ["a", "b", ""]);
        assert_eq!(joiner.finish().as_deref(), Some("c"));
        assert_eq!(joiner.finish(), None);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_is_whole() {
        let mut joiner = Joiner::default();
        for _ in 0..10 {
            assert!(joiner.push(&[b'x'; 1000]).is_empty());
        }
        let lines = joiner.push(b"\nnext\n");
        assert_eq!((lines[0].len(), lines[1].as_str()), (MAX_LINE, "next"));
    }

    #[test]
    fn progress_bars_and_hidden_characters_are_tamed() {
        let mut joiner = Joiner::default();
        let lines = joiner.push(b"10%\r55%\r100%\r\n\x1b[1mbold\x07\xff\n");
        assert_eq!(lines, ["100%", "\u{1b}[1mboldU+0007\u{fffd}"]);
    }

    #[test]
    fn frames_carry_the_time_of_their_line() {
        let mut frames = Frames::default();
        let first = b"2026-11-21T01:02:03.000000004Z hello ";
        assert!(frames.push(LogStream::Stdout, first).is_empty());
        let other = b"2026-11-21T01:02:04.000000000Z oops\n";
        let lines = frames.push(LogStream::Stderr, other);
        assert_eq!(
            (lines[0].stream, lines[0].text.as_str()),
            (LogStream::Stderr, "oops")
        );
        let rest = b"2026-11-21T01:02:05.000000000Z world\n";
        let lines = frames.push(LogStream::Stdout, rest);
        assert_eq!(lines[0].text, "hello world");
        assert_eq!(lines[0].at.to_string(), "2026-11-21T01:02:03.000000004Z");
        assert!(frames.finish().is_empty());
    }

    #[test]
    fn the_tail_keeps_the_last_lines() {
        let mut tail = Tail::default();
        for number in 0..TAIL_LINES + 3 {
            tail.push(&number.to_string());
        }
        let lines = tail.into_lines();
        assert_eq!((lines.len(), lines[0].as_str()), (TAIL_LINES, "3"));
    }
}
