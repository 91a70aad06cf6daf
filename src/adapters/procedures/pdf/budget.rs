//! What a file may cost: bytes that it unpacks to, operators and time.

use std::time::Instant;

use lopdf::{DecompressError, Error, Stream};

use super::Refusal;
use crate::os::clock;

/// What one page, or one part of the file, may unpack to. Ordinary pages have some ten KiB.
const MAX_UNPACKED: usize = 8 * 1024 * 1024;
/// What all pages, and what they draw, may unpack to together.
pub(super) const MAX_UNPACKED_IN_ALL: usize = 64 * 1024 * 1024;
/// An ordinary page has some thousand operators, where each word is set by itself.
const MAX_OPERATORS: usize = 1_000_000;

/// About how many operators take as long as to begin a form.
const FORM: usize = 100;

/// What the rest of the file may still take.
pub(super) struct Budget {
    bytes: usize,
    operators: usize,
    /// Whoever asked has gone then, and the thread ends.
    until: Instant,
}

impl Budget {
    pub fn new(until: Instant) -> Self {
        Self {
            bytes: MAX_UNPACKED_IN_ALL,
            operators: MAX_OPERATORS,
            until,
        }
    }

    /// What a stream holds, if that is not too much.
    pub fn unpack(&mut self, stream: &Stream) -> Result<Vec<u8>, Refusal> {
        self.in_time()?;
        let most = self.bytes.min(MAX_UNPACKED);
        let content = stream.get_plain_content_with_limit(most).map_err(refusal)?;
        self.bytes -= content.len();
        Ok(content)
    }

    /// Counts one operator.
    pub fn operator(&mut self) -> Result<(), Refusal> {
        self.operators(1)
    }

    /// Counts a form that is drawn, apart from what is in it.
    pub fn form(&mut self) -> Result<(), Refusal> {
        self.operators(FORM)
    }

    fn operators(&mut self, count: usize) -> Result<(), Refusal> {
        let Some(left) = self.operators.checked_sub(count) else {
            return Err(format!(
                "draws more than {MAX_OPERATORS} times: write it as Markdown"
            ));
        };
        self.operators = left;
        self.in_time()
    }

    pub fn in_time(&self) -> Result<(), Refusal> {
        if clock::monotonic() > self.until {
            return Err("takes too long to read: write it as Markdown".to_owned());
        }
        Ok(())
    }
}

/// Why a part could not be read.
pub(super) fn refusal(error: Error) -> Refusal {
    match error {
        Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) => too_large(),
        error => format!("cannot be read as a PDF: {error}"),
    }
}

pub(super) fn too_large() -> Refusal {
    let mib = |bytes: usize| bytes / (1024 * 1024);
    format!(
        "unpacks to more than {} MiB in one part or {} MiB in all: write it as Markdown",
        mib(MAX_UNPACKED),
        mib(MAX_UNPACKED_IN_ALL)
    )
}
