//! What a page shows: its own content, the forms that it draws, and what was laid on it.
//!
//! Whatever could show text and cannot be read is a refusal: half of a procedure may say the
//! opposite of the whole one.

use std::collections::BTreeMap;
use std::rc::Rc;

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::Refusal;
use super::budget::Budget;
use super::font::Font;
use super::matrix::{Matrix, number, numbers};
use super::pen::Pen;
use crate::domain::sop::PdfLine;

/// Forms that draw forms; deeper ones are made to keep a reader busy.
const MAX_FORMS: usize = 8;
/// Fields of forms have a parent for their part of the name; deeper ones are a circle.
const MAX_PARENTS: usize = 16;
/// An operator that no file has, behind the last of each: lopdf ends in silence where it does not
/// understand, and then this one is missing.
const END: &str = "EndOfWhatIsDrawn";
/// An annotation that is not shown.
const HIDDEN: i64 = 2;

/// The pages of a document, with the fonts that were read so far.
pub(super) struct Pages<'a> {
    document: &'a Document,
    budget: Budget,
    /// By where the font is in the document; None for one whose letters cannot be told.
    fonts: BTreeMap<*const Dictionary, Option<Rc<Font>>>,
}

/// Where the names of fonts and forms are looked up, the nearest first.
type Resources<'a> = Vec<&'a Dictionary>;

impl<'a> Pages<'a> {
    pub fn new(document: &'a Document, budget: Budget) -> Self {
        Self {
            document,
            budget,
            fonts: BTreeMap::new(),
        }
    }

    /// # Errors
    ///
    /// When a part of the page cannot be read, or is too much.
    pub fn lines_of(&mut self, page: ObjectId, number: u32) -> Result<Vec<PdfLine>, Refusal> {
        let broken = |error| format!("cannot be read on page {number}: {error}");
        self.budget.in_time()?;
        let mut pen = Pen::new(number);
        let (own, shared) = self.document.get_page_resources(page).map_err(broken)?;
        let mut resources: Resources<'a> = own.into_iter().collect();
        for id in shared {
            resources.push(self.document.get_dictionary(id).map_err(broken)?);
        }
        let about = self.document.get_dictionary(page).map_err(broken)?;
        let content = self.content_of(about, &pen)?;
        pen.save()?;
        let has_picture = self.draw(content, &resources, 0, &mut pen)?;
        pen.restore(0);
        self.annotations(about, &resources, &mut pen)?;
        let scanned = pen.refusal(
            "has a page with a picture and without text, as a scanned paper has: write what it \
             says as Markdown",
        );
        let lines = pen.end();
        if lines.is_empty() && has_picture {
            return Err(scanned);
        }
        Ok(lines)
    }

    /// All of what a page draws, one part behind the other.
    fn content_of(&mut self, page: &'a Dictionary, pen: &Pen) -> Result<Vec<u8>, Refusal> {
        let missing = || pen.refusal("is damaged: what it draws is missing: save it anew");
        let contents = match page.get_deref(b"Contents", self.document) {
            Ok(Object::Array(parts)) => parts.as_slice(),
            Ok(Object::Stream(one)) => return self.budget.unpack(one),
            // Without contents a page is empty; a broken reference is not that.
            _ if page.has(b"Contents") => return Err(missing()),
            _ => return Ok(Vec::new()),
        };
        let mut content = Vec::new();
        for part in contents {
            let part = self.document.dereference(part);
            let part = part.and_then(|(_, part)| part.as_stream());
            let part = part.map_err(|_| missing())?;
            content.extend(self.budget.unpack(part)?);
            content.push(b'\n');
        }
        Ok(content)
    }

    /// Draws some content, and says whether there was a picture in it.
    fn draw(
        &mut self,
        mut content: Vec<u8>,
        resources: &[&'a Dictionary],
        depth: usize,
        pen: &mut Pen,
    ) -> Result<bool, Refusal> {
        let outside = pen.depth();
        let mut has_picture = false;
        let mut has_ended = false;
        // Whoever writes it in the middle hides nothing behind it.
        let is_forged = content.windows(END.len()).any(|w| w == END.as_bytes());
        content.push(b'\n');
        content.extend(END.as_bytes());
        for operation in Content::decode_iter(&content) {
            let Ok(operation) = operation else { break };
            self.budget.operator()?;
            let operands = operation.operands.as_slice();
            match operation.operator.as_str() {
                "Q" if pen.depth() > outside => pen.restore(pen.depth() - 1),
                "BI" => has_picture = true,
                END => has_ended = true,
                "Tf" => {
                    let font = self.font(resources, operands)?;
                    pen.take_font(font, number(operands.get(1)));
                }
                "Do" => has_picture |= self.form(resources, operands, depth, pen)?,
                other => pen.take(other, operands)?,
            }
        }
        if is_forged || !has_ended {
            return Err(pen
                .refusal("is damaged: not all that it draws can be read: print it to a PDF anew"));
        }
        Ok(has_picture)
    }

    /// What is called so, in the nearest place.
    fn find(
        &self,
        resources: &[&'a Dictionary],
        kind: &[u8],
        operands: &[Object],
    ) -> Option<&'a Object> {
        let name = operands.first()?.as_name().ok()?;
        resources.iter().find_map(|resources| {
            let all = resources.get_deref(kind, self.document).ok()?;
            all.as_dict().ok()?.get_deref(name, self.document).ok()
        })
    }

    fn font(
        &mut self,
        resources: &[&'a Dictionary],
        operands: &[Object],
    ) -> Result<Option<Rc<Font>>, Refusal> {
        let font = self.find(resources, b"Font", operands);
        let Some(font) = font.and_then(|font| font.as_dict().ok()) else {
            return Ok(None);
        };
        let place = std::ptr::from_ref(font);
        if let Some(known) = self.fonts.get(&place) {
            return Ok(known.clone());
        }
        let read = Font::read(self.document, font, &mut self.budget)?.map(Rc::new);
        self.fonts.insert(place, read.clone());
        Ok(read)
    }

    /// Draws what `Do` names, and says whether it was a picture.
    fn form(
        &mut self,
        resources: &[&'a Dictionary],
        operands: &[Object],
        depth: usize,
        pen: &mut Pen,
    ) -> Result<bool, Refusal> {
        let drawn = self.find(resources, b"XObject", operands);
        let Some(form) = drawn.and_then(|drawn| drawn.as_stream().ok()) else {
            return Err(pen.refusal("is damaged: a drawing in it is missing: save it anew"));
        };
        let kind = form.dict.get_deref(b"Subtype", self.document);
        if kind
            .and_then(Object::as_name)
            .is_ok_and(|kind| kind == b"Image")
        {
            return Ok(true);
        }
        self.draw_form(form, Matrix::IDENTITY, resources, depth + 1, pen)
    }

    /// Draws a form at a place.
    fn draw_form(
        &mut self,
        form: &'a Stream,
        place: Matrix,
        resources: &[&'a Dictionary],
        depth: usize,
        pen: &mut Pen,
    ) -> Result<bool, Refusal> {
        if depth > MAX_FORMS {
            return Err(pen.refusal("has drawings in drawings without end: write it as Markdown"));
        }
        self.budget.form()?;
        let content = self.budget.unpack(form)?;
        let own = form.dict.get_deref(b"Resources", self.document);
        let mut inner: Resources<'a> = own.and_then(Object::as_dict).into_iter().collect();
        inner.extend(resources);
        let outside = pen.depth();
        pen.save()?;
        pen.transform(self.matrix_of(form).within(place));
        let has_picture = self.draw(content, &inner, depth, pen)?;
        pen.restore(outside);
        Ok(has_picture)
    }

    fn matrix_of(&self, form: &Stream) -> Matrix {
        match form.dict.get_deref(b"Matrix", self.document) {
            Ok(Object::Array(matrix)) => Matrix::new(numbers(matrix)),
            _ => Matrix::IDENTITY,
        }
    }

    /// What was laid on the page: fields that were filled in, stamps and notes.
    fn annotations(
        &mut self,
        page: &'a Dictionary,
        resources: &[&'a Dictionary],
        pen: &mut Pen,
    ) -> Result<(), Refusal> {
        let all = match page.get_deref(b"Annots", self.document) {
            Ok(Object::Array(all)) => all.as_slice(),
            _ => return Ok(()),
        };
        for annotation in all {
            let annotation = self.document.dereference(annotation);
            let annotation = annotation.and_then(|(_, annotation)| annotation.as_dict());
            let Ok(annotation) = annotation else {
                return Err(pen.refusal("is damaged: a note on it is missing: save it anew"));
            };
            self.annotation(annotation, resources, pen)?;
        }
        Ok(())
    }

    fn annotation(
        &mut self,
        annotation: &'a Dictionary,
        resources: &[&'a Dictionary],
        pen: &mut Pen,
    ) -> Result<(), Refusal> {
        self.budget.operator()?;
        let flags = annotation.get_deref(b"F", self.document);
        if flags
            .and_then(Object::as_i64)
            .is_ok_and(|f| f & HIDDEN != 0)
        {
            return Ok(());
        }
        let kind = annotation.get_deref(b"Subtype", self.document);
        let is_written = match kind.and_then(Object::as_name).unwrap_or_default() {
            // What they say is in the page itself, or in the note that they belong to.
            b"Link" | b"Popup" => return Ok(()),
            b"StrikeOut" => {
                return Err(pen.refusal(
                    "has text that is struck out: take it out, and print it to a PDF anew",
                ));
            }
            b"Widget" => self.is_filled_in(annotation),
            b"FreeText" | b"Stamp" => self.says(annotation, b"Contents"),
            // Their words are in a window that opens, and never on the page.
            _ if self.says(annotation, b"Contents") => {
                return Err(pen.refusal(
                    "has a comment, which is not read: take it out, or write it into the text",
                ));
            }
            _ => false,
        };
        match self.appearance(annotation) {
            Some(form) => {
                let place = self.place_of(annotation, form);
                self.draw_form(form, place, resources, 1, pen)?;
            }
            None if is_written => {
                return Err(pen.refusal(
                    "has a field or a note whose text cannot be read: print it to a PDF anew",
                ));
            }
            None => {}
        }
        Ok(())
    }

    fn says(&self, annotation: &Dictionary, key: &[u8]) -> bool {
        let said = annotation.get_deref(key, self.document);
        match said {
            Ok(Object::String(text, _)) => !text.is_empty(),
            Ok(Object::Null) | Err(_) => false,
            // A text may also be a stream, or several.
            Ok(_) => true,
        }
    }

    /// Whether a field has a value: its own, or its parent's.
    fn is_filled_in(&self, field: &'a Dictionary) -> bool {
        let mut field = field;
        for _ in 0..MAX_PARENTS {
            let button = field.get_deref(b"FT", self.document);
            if button
                .and_then(Object::as_name)
                .is_ok_and(|kind| kind == b"Btn")
            {
                return false;
            }
            if self.says(field, b"V") {
                return true;
            }
            let parent = field.get_deref(b"Parent", self.document);
            match parent.and_then(Object::as_dict) {
                Ok(parent) => field = parent,
                Err(_) => return false,
            }
        }
        true
    }

    /// What an annotation looks like in the state that it is in.
    fn appearance(&self, annotation: &'a Dictionary) -> Option<&'a Stream> {
        let all = annotation.get_deref(b"AP", self.document).ok()?;
        let normal = all.as_dict().ok()?.get_deref(b"N", self.document).ok()?;
        match normal {
            Object::Stream(form) => Some(form),
            Object::Dictionary(states) => {
                let state = annotation.get_deref(b"AS", self.document).ok()?;
                let form = states.get_deref(state.as_name().ok()?, self.document);
                form.ok()?.as_stream().ok()
            }
            _ => None,
        }
    }

    /// Its appearance is moved and stretched until it fills its rectangle.
    fn place_of(&self, annotation: &Dictionary, form: &Stream) -> Matrix {
        let rectangle = |of: &Dictionary, key: &[u8]| match of.get_deref(key, self.document) {
            Ok(Object::Array(corners)) => numbers(corners),
            _ => [0.0; 4],
        };
        let [left, bottom, right, top] = rectangle(annotation, b"Rect");
        let [x, y, other_x, other_y] = rectangle(&form.dict, b"BBox");
        let matrix = self.matrix_of(form);
        let corners = [(x, y), (other_x, y), (x, other_y), (other_x, other_y)]
            .map(|(x, y)| matrix.place(x, y));
        let range = |of: [f64; 4]| {
            let least = of.into_iter().fold(f64::INFINITY, f64::min);
            (
                least,
                of.into_iter().fold(f64::NEG_INFINITY, f64::max) - least,
            )
        };
        let (from_x, width) = range(corners.map(|(x, _)| x));
        let (from_y, height) = range(corners.map(|(_, y)| y));
        let scale = |to: f64, from: f64| if from == 0.0 { 1.0 } else { to.abs() / from };
        let (wider, higher) = (scale(right - left, width), scale(top - bottom, height));
        Matrix::new([
            wider,
            0.0,
            0.0,
            higher,
            left.min(right) - from_x * wider,
            bottom.min(top) - from_y * higher,
        ])
    }
}
