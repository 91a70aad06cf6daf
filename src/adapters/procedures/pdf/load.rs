//! From bytes to a document whose parts together are no more than a procedure can be.
//!
//! lopdf limits what one part unpacks to, not all of them: it shows every object to a filter
//! before it keeps it, and there they are weighed. The filter is a plain function without a state
//! of its own, and cannot stop the loading: hence the thread's variable, and the unwinding that is
//! caught again at once.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use lopdf::{Document, Error, LoadOptions, Object, ObjectId};

use super::Refusal;
use super::budget::{MAX_UNPACKED_IN_ALL, refusal, too_large};
use crate::os::clock;

/// What one stream of objects, or one index of them, may unpack to. Ordinary ones have a hundred
/// objects, in some ten KiB.
const MAX_OBJECTS_UNPACKED: usize = 2 * 1024 * 1024;
/// A file gets one more index each time that a program adds changes to it.
const MAX_INDEXES: usize = 100;
/// About what an object takes in memory apart from what it holds.
const OBJECT: usize = 96;
/// Where the bytes of a file can begin a word, a list or a string. Pictures have one at every 26th
/// byte by chance; lists of nothing have one at every byte, and take a hundred times their length.
const MAX_BEGINS: usize = 600_000;

/// What may still be loaded in this thread, and until when.
struct Scale {
    left: usize,
    until: Instant,
}

/// Why the loading was ended. A type of its own, for panics throw texts.
struct Ended(Refusal);

thread_local! {
    static SCALE: RefCell<Option<Scale>> = const { RefCell::new(None) };
}

/// # Errors
///
/// When it is no PDF, encrypted, or too much.
pub(super) fn document(bytes: &[u8], until: Instant) -> Result<Document, Refusal> {
    let encrypted = "is encrypted: save it without a password";
    if indexes(bytes) > MAX_INDEXES {
        return Err(format!(
            "was changed more than {MAX_INDEXES} times without being written anew: print it to a \
             PDF anew"
        ));
    }
    if begins(bytes) > MAX_BEGINS {
        return Err("has more objects than a procedure can have: split it".to_owned());
    }
    let left = MAX_UNPACKED_IN_ALL;
    SCALE.set(Some(Scale { left, until }));
    let options = LoadOptions {
        filter: Some(weighed),
        ..LoadOptions::with_max_decompressed_size(MAX_OBJECTS_UNPACKED)
    };
    let loaded = catch_unwind(AssertUnwindSafe(|| {
        Document::load_mem_with_options(bytes, options)
    }));
    SCALE.set(None);
    let document = match loaded {
        Ok(Ok(document)) => document,
        Ok(Err(Error::InvalidPassword | Error::Decryption(_))) => return Err(encrypted.to_owned()),
        Ok(Err(error)) => return Err(refusal(error)),
        Err(thrown) => match thrown.downcast::<Ended>() {
            Ok(ended) => return Err(ended.0),
            Err(panic) => resume_unwind(panic),
        },
    };
    if document.is_encrypted() {
        return Err(encrypted.to_owned());
    }
    if is_drawn_by_its_reader(&document) {
        return Err(
            "has a form that only the program of its making shows: print it to a PDF anew"
                .to_owned(),
        );
    }
    Ok(document)
}

/// Whether the fields of a form are to be drawn by who shows it: what the file has of them is
/// nothing, or old.
fn is_drawn_by_its_reader(document: &Document) -> bool {
    let form = document
        .catalog()
        .and_then(|catalog| catalog.get_deref(b"AcroForm", document))
        .and_then(Object::as_dict);
    let Ok(form) = form else { return false };
    let fields = form
        .get_deref(b"Fields", document)
        .and_then(Object::as_array);
    let needed = form
        .get_deref(b"NeedAppearances", document)
        .and_then(Object::as_bool);
    form.has(b"XFA") || (needed.unwrap_or(false) && fields.is_ok_and(|all| !all.is_empty()))
}

/// The pages in their order.
///
/// # Errors
///
/// When there are too many of them, or not as many as the file says.
pub(super) fn pages(document: &Document, most: usize) -> Result<Vec<ObjectId>, Refusal> {
    let pages: Vec<ObjectId> = document.page_iter().take(most + 1).collect();
    if pages.len() > most {
        return Err(format!("has more than {most} pages: split it"));
    }
    let tree = document
        .catalog()
        .and_then(|catalog| catalog.get_deref(b"Pages", document));
    let count = tree
        .and_then(Object::as_dict)
        .and_then(|tree| tree.get_deref(b"Count", document))
        .and_then(Object::as_i64);
    match count {
        Ok(count) if usize::try_from(count) == Ok(pages.len()) => Ok(pages),
        _ => Err(format!(
            "is damaged: {} pages can be found, which is not what it says: save it anew",
            pages.len()
        )),
    }
}

/// How many objects could begin in these bytes.
fn begins(bytes: &[u8]) -> usize {
    let begins = |pair: &[u8]| {
        let is_word = is_space(pair[0]) && !is_space(pair[1]);
        is_word || matches!(pair[1], b'[' | b'<' | b'(' | b'/')
    };
    bytes.windows(2).filter(|pair| begins(pair)).count()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

/// How many indexes of objects may be chained: each leads to the one before by `/Prev` with a
/// number. A reference behind it is a bookmark's.
fn indexes(bytes: &[u8]) -> usize {
    let mut found = 0;
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'/') {
        rest = &rest[at + 1..];
        let (name, behind) = name(rest);
        if name == *b"Prev" && !is_reference(behind) {
            found += 1;
        }
    }
    found
}

/// The first four letters of a name, of which any may be written as `#` and its number.
fn name(mut rest: &[u8]) -> ([u8; 4], &[u8]) {
    let mut name = [0; 4];
    for letter in &mut name {
        let hex = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        (*letter, rest) = match (rest.first(), hex(1), hex(2)) {
            // Two digits are below 256.
            (Some(b'#'), Some(high), Some(low)) => ((high * 16 + low) as u8, &rest[3..]),
            (Some(byte), ..) => (*byte, &rest[1..]),
            (None, ..) => break,
        };
    }
    (name, rest)
}

/// `12 0 R`
fn is_reference(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(24)];
    let mut words = start
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let mut is_number = || {
        words
            .next()
            .is_some_and(|word| word.iter().all(u8::is_ascii_digit))
    };
    is_number() && is_number() && words.next().is_some_and(|word| word.starts_with(b"R"))
}

/// Keeps an object, or ends the loading.
fn weighed(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let mut weight = weight(object);
    if let Object::Stream(stream) = object
        && stream.dict.has_type(b"ObjStm")
    {
        // What does not unpack is the loader's to complain of.
        if let Ok(content) = stream.get_plain_content_with_limit(MAX_OBJECTS_UNPACKED) {
            weight += content.len() + begins(&content) * OBJECT;
            if !lie_apart(&content, &stream.dict) {
                end("is damaged: its objects lie in each other: save it anew".to_owned());
            }
        }
    }
    let refusal = SCALE.with_borrow_mut(|scale| {
        let Some(scale) = scale.as_mut() else {
            // Another thread, as lopdf with its feature `rayon` has them: nothing is unweighed.
            return Some("cannot be weighed while it is loaded: write it as Markdown".to_owned());
        };
        if clock::monotonic() > scale.until {
            return Some("takes too long to read: write it as Markdown".to_owned());
        }
        let left = scale.left.checked_sub(weight);
        scale.left = left.unwrap_or(0);
        left.is_none().then(too_large)
    });
    if let Some(refusal) = refusal {
        end(refusal);
    }
    // Only what comes out of another object is used as it is given back, and no stream can.
    let kept = match object {
        Object::Stream(_) => Object::Null,
        object => object.clone(),
    };
    Some((id, kept))
}

/// Not a panic: nothing is printed, and `document` takes it up.
fn end(refusal: Refusal) -> ! {
    resume_unwind(Box::new(Ended(refusal)))
}

/// Roughly the bytes that an object takes in memory. The loader lets them nest a hundred deep.
fn weight(object: &Object) -> usize {
    let held = match object {
        Object::Array(items) => items.iter().map(weight).sum(),
        Object::Dictionary(items) => items
            .iter()
            .map(|(key, item)| key.len() + weight(item))
            .sum(),
        Object::Stream(stream) => stream.content.len() + stream.dict.len() * OBJECT,
        Object::String(bytes, _) | Object::Name(bytes) => bytes.len(),
        _ => 0,
    };
    OBJECT + held
}

/// Whether no object of a stream of objects begins inside another: a few bytes that are read
/// again and again would fill any memory.
fn lie_apart(content: &[u8], about: &lopdf::Dictionary) -> bool {
    let first = about.get(b"First").and_then(Object::as_i64);
    let Some(first) = first.ok().and_then(|first| usize::try_from(first).ok()) else {
        return true;
    };
    let Some((index, body)) = content.split_at_checked(first) else {
        return true;
    };
    let index = String::from_utf8_lossy(index);
    let mut places: Vec<usize> = index
        .lines()
        .flat_map(|line| {
            line.split('%')
                .next()
                .unwrap_or_default()
                .split_whitespace()
        })
        .skip(1)
        .step_by(2)
        .map(|number| number.parse().unwrap_or(usize::MAX))
        .filter(|place| *place < body.len())
        .collect();
    places.sort_unstable();
    let mut depth = Depth::default();
    let mut read = 0;
    for (at, place) in places.iter().enumerate() {
        if at > 0 && places[at - 1] == *place {
            return false;
        }
        depth.pass(&body[read..*place]);
        read = *place;
        if depth.is_inside() {
            return false;
        }
    }
    true
}

/// How deep in lists, dictionaries and strings a place is.
#[derive(Default)]
struct Depth {
    lists: usize,
    strings: usize,
    escaped: bool,
    comment: bool,
}

impl Depth {
    fn is_inside(&self) -> bool {
        self.lists > 0 || self.strings > 0
    }

    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let escaped = std::mem::take(&mut self.escaped);
            match byte {
                b'\r' | b'\n' if self.comment => self.comment = false,
                _ if self.comment => {}
                b'\\' if self.strings > 0 => self.escaped = !escaped,
                b'(' if !escaped => self.strings += 1,
                b')' if !escaped => self.strings = self.strings.saturating_sub(1),
                _ if self.strings > 0 => {}
                b'%' => self.comment = true,
                // `<<` counts twice, and so does `>>`.
                b'[' | b'<' => self.lists += 1,
                b']' | b'>' => self.lists = self.lists.saturating_sub(1),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_behind_prev_are_indexes() {
        let bytes =
            b"<< /Prev 12 0 R >> << /Prev 1234 /Size 3 >> << /P#72ev 9 %\n 0 R >> /Previous 5";
        assert_eq!(indexes(bytes), 3);
        assert_eq!(indexes(b""), 0);
        assert_eq!(indexes(b"/Pre"), 0);
        assert_eq!(indexes(b"/#"), 0);
    }

    #[test]
    fn objects_that_begin_inside_others_are_seen() {
        let about = |first: i64| {
            let mut about = lopdf::Dictionary::new();
            about.set("First", first);
            about
        };
        let apart = b"1 0 2 6 3 14 (a\\)[)<</A[]>>[1 2]";
        assert!(lie_apart(apart, &about(13)));
        assert!(!lie_apart(b"1 0 2 0 [1 2]", &about(8)));
        assert!(!lie_apart(b"1 0 2 1 [[1 2]]", &about(8)));
        assert!(!lie_apart(b"1 0 2 1 ((1 2))", &about(8)));
        assert!(lie_apart(b"1 0", &about(80)));
    }
}
