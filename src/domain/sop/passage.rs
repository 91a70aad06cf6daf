//! Passages: the body of a procedure cut where a reader would point at it.
//!
//! A paragraph, a list item, a table, a quotation or a block of code is one passage. Each keeps
//! the headings above it, the line it begins on and, for a list item, the sentence that leads the
//! list in ("Before production:"), without which the item says nothing.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Longer ones are cut: they are cited and searched by their beginning.
const MAX_TEXT: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The headings above it, outermost first.
    pub heading: Vec<String>,
    /// 1-based line in the file, or of the text of all pages.
    pub line: u32,
    /// The 1-based page, where the file has pages.
    pub page: Option<u32>,
    /// The sentence that leads in the list whose item this is.
    pub lead: Option<String>,
    /// Its words without markup, on one line.
    pub text: String,
}

/// The passages of a Markdown text, and its first heading. `first_line` is the 1-based line of the
/// file that the text begins on.
pub(super) fn cut(body: &str, first_line: u32) -> (Vec<Passage>, Option<String>) {
    let mut cutter = Cutter {
        lines: Lines::new(body, first_line),
        headings: Vec::new(),
        first_heading: None,
        lead: None,
        bare: None,
        depth: 0,
        open: None,
        passages: Vec::new(),
    };
    for (event, range) in Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter() {
        cutter.take(event, range.start);
    }
    cutter.close_heading();
    (cutter.passages, cutter.first_heading)
}

struct Cutter {
    lines: Lines,
    headings: Vec<(HeadingLevel, String)>,
    first_heading: Option<String>,
    lead: Option<String>,
    /// The line of the last heading, while nothing stands under it.
    bare: Option<u32>,
    depth: usize,
    open: Option<Open>,
    passages: Vec<Passage>,
}

/// The block that is being read.
struct Open {
    block: Block,
    /// How many blocks it lies in.
    depth: usize,
    line: u32,
    text: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Block {
    Heading(HeadingLevel),
    Item,
    Paragraph,
    Other,
}

impl Cutter {
    fn take(&mut self, event: Event<'_>, offset: usize) {
        match event {
            Event::Start(tag) => {
                // A list is not a passage, its items are.
                if self.open.is_none() && !matches!(tag, Tag::List(_)) {
                    self.open = Some(Open {
                        block: Block::of(&tag),
                        depth: self.depth,
                        line: self.lines.of(offset),
                        text: String::new(),
                    });
                }
                self.depth += 1;
                self.part(tag.to_end());
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                self.part(tag);
                if let Some(open) = self.open.take_if(|open| open.depth == self.depth) {
                    self.close(open);
                }
            }
            Event::Text(text) | Event::Code(text) => self.write(&text),
            Event::SoftBreak | Event::HardBreak => self.write(" "),
            _ => {}
        }
    }

    /// Emphasis and links begin and end inside a word; blocks do not.
    fn part(&mut self, tag: TagEnd) {
        use TagEnd::{Emphasis, Image, Link, Strikethrough, Strong};
        if !matches!(tag, Emphasis | Strong | Strikethrough | Link | Image) {
            self.write(" ");
        }
    }

    fn write(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.text.push_str(text);
        }
    }

    fn close(&mut self, open: Open) {
        let words: Vec<&str> = open.text.split_whitespace().collect();
        let text: String = words.join(" ").chars().take(MAX_TEXT).collect();
        if let Block::Heading(level) = open.block {
            let under = self
                .headings
                .last()
                .is_some_and(|(above, _)| *above < level);
            if !under {
                self.close_heading();
            }
            self.bare = Some(open.line);
            self.headings.retain(|(above, _)| *above < level);
            self.first_heading.get_or_insert_with(|| text.clone());
            self.headings.push((level, text));
            self.lead = None;
            return;
        }
        if text.is_empty() {
            return;
        }
        self.bare = None;
        let lead = if open.block == Block::Item {
            self.lead.clone()
        } else {
            None
        };
        if open.block != Block::Item {
            let leads = open.block == Block::Paragraph && text.ends_with(':');
            self.lead = leads.then(|| text.clone());
        }
        self.passages.push(Passage {
            heading: self
                .headings
                .iter()
                .map(|(_, heading)| heading.clone())
                .collect(),
            line: open.line,
            page: None,
            lead,
            text,
        });
    }
}

impl Cutter {
    /// A heading that nothing stands under says what it says itself: "Never deploy on Fridays".
    fn close_heading(&mut self) {
        let Some(line) = self.bare.take() else {
            return;
        };
        let Some(((_, text), above)) = self.headings.split_last() else {
            return;
        };
        // "Approvals" is the name of a section that is still empty.
        const A_SENTENCE: usize = 4;
        if text.split_whitespace().count() < A_SENTENCE {
            return;
        }
        self.passages.push(Passage {
            heading: above.iter().map(|(_, heading)| heading.clone()).collect(),
            line,
            page: None,
            lead: None,
            text: text.clone(),
        });
    }
}

impl Block {
    fn of(tag: &Tag<'_>) -> Self {
        match tag {
            Tag::Heading { level, .. } => Self::Heading(*level),
            Tag::Item => Self::Item,
            Tag::Paragraph => Self::Paragraph,
            _ => Self::Other,
        }
    }
}

/// Where each line of a text begins.
pub(super) struct Lines {
    starts: Vec<usize>,
    first: u32,
}

impl Lines {
    pub fn new(text: &str, first: u32) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            starts: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
            first,
        }
    }

    /// The 1-based line of the file on which the byte `offset` of the text lies.
    pub fn of(&self, offset: usize) -> u32 {
        let before = self
            .starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        self.first
            .saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_keeps_its_headings_line_and_lead() {
        let body = "Before any heading.\n\n# Deploys\n\n## Production\n\nBefore it goes out:\n\n\
                    - run the *image* tests,\n  all of them\n- look at `staging`\n  - nested\n\n\
                    ## No deploys on Fridays\n\n## Staging\n\n> quoted\n\n| a | b |\n|---|---|\n| c | d |\n\n```\ncode\n```\n";
        let (passages, first) = cut(body, 10);
        assert_eq!(first.as_deref(), Some("Deploys"));
        let shown: Vec<String> = passages
            .iter()
            .map(|p| {
                let lead = p.lead.as_deref().unwrap_or("-");
                format!("{} [{}] {lead} {}", p.line, p.heading.join(" > "), p.text)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "10 [] - Before any heading.",
                "16 [Deploys > Production] - Before it goes out:",
                "18 [Deploys > Production] Before it goes out: run the image tests, all of them",
                "20 [Deploys > Production] Before it goes out: look at staging nested",
                "23 [Deploys] - No deploys on Fridays",
                "27 [Deploys > Staging] - quoted",
                "29 [Deploys > Staging] - a b c d",
                "33 [Deploys > Staging] - code",
            ]
        );
    }

    /// The names of sections that nobody has filled in demand nothing.
    #[test]
    fn a_bare_heading_is_a_passage_where_it_is_a_sentence() {
        let texts = |body: &str| -> Vec<String> {
            let (passages, _) = cut(body, 1);
            passages.into_iter().map(|passage| passage.text).collect()
        };
        assert_eq!(
            texts("## Approvals\n\n<!-- later -->\n\n## Smoke tests\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            texts("## Nothing goes out on Mondays\n"),
            ["Nothing goes out on Mondays"]
        );
        assert_eq!(
            texts("## Nothing goes out on Mondays\n\nWe sleep.\n"),
            ["We sleep."]
        );
    }
}
