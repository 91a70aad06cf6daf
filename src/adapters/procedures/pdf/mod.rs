//! The text of a PDF, line by line, as its pages show it.
//!
//! ```text
//! bytes → document (load) → page (page) → operators → runs (pen, font) → lines (line)
//! ```
//!
//! A PDF has no words and no paragraphs, only strings at places. What stands at one height is a
//! line; how far one string ends before the next begins tells whether they are one word; a gap
//! that is wider than a line begins a paragraph. What a page shows and this cannot read is a
//! refusal, never left out. What a file says of itself is not believed: its size, its pages, what
//! it unpacks to and its time are limited, and it is read in a thread of its own, whose panic is a
//! sentence. Nothing in it is run: no script, no link, no font program.

mod budget;
mod encoding;
mod font;
mod known;
mod line;
mod load;
mod matrix;
mod page;
mod pen;
mod to_unicode;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use budget::Budget;
use page::Pages;

use crate::domain::sop::{MAX_FILE_BYTES, PdfLine};
use crate::os::clock;

/// A longer file is a book with pictures, and no procedure.
pub const MAX_PDF_BYTES: usize = 8 * 1024 * 1024;
const MAX_PAGES: usize = 300;
/// A file of a hundred pages takes well under a second.
const TIME: Duration = Duration::from_secs(20);

/// What cannot be read, as one clause behind the name of the file.
pub type Refusal = String;

/// The lines of all pages.
///
/// # Errors
///
/// When it is no PDF, encrypted, without text, more than a procedure can be, or shows what cannot
/// be read.
pub fn lines(bytes: Vec<u8>) -> Result<Vec<PdfLine>, Refusal> {
    let (says, said) = mpsc::channel();
    let until = clock::monotonic() + TIME;
    let reader = thread::Builder::new().name("pdf".to_owned());
    let started = reader.spawn(move || {
        // Nobody listens any more where it took too long.
        let _ = says.send(read(&bytes, until));
    });
    started.map_err(|error| format!("cannot be read now: {error}"))?;
    match said.recv_timeout(TIME) {
        Ok(read) => read,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!(
            "takes more than {} seconds to read: write it as Markdown",
            TIME.as_secs()
        )),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err("is damaged in a way that stops its reader: save it anew".to_owned())
        }
    }
}

fn read(bytes: &[u8], until: Instant) -> Result<Vec<PdfLine>, Refusal> {
    let document = load::document(bytes, until)?;
    let pages = load::pages(&document, MAX_PAGES)?;
    let mut reader = Pages::new(&document, Budget::new(until));
    let mut lines = Vec::new();
    let mut length = 0;
    for (number, page) in (1..).zip(&pages) {
        let found = reader.lines_of(*page, number)?;
        length += found.iter().map(|line| line.text.len()).sum::<usize>();
        if length > MAX_FILE_BYTES {
            let most = MAX_FILE_BYTES / 1024;
            return Err(format!("has more than {most} KiB of text: split it"));
        }
        lines.extend(found);
    }
    if lines.is_empty() {
        return Err("has no text, as a scanned paper has none: write it as Markdown".to_owned());
    }
    Ok(lines)
}
