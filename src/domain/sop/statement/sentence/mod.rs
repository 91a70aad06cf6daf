//! Sentences of a passage, each with the meaning of its words and with what stands above it: the
//! headings, the sentence that leads a list in, and the part before a dash that does the same.

mod tag;

pub(super) use tag::{Tag, tag};

use super::definition::Definition;
use super::meaning::{Meaning, PlaceWord, Word};
use super::token::{Glue, is_wide};
use crate::domain::sop::Passage;

/// One sentence or list item, with what leads it in before it.
#[derive(Debug)]
pub(super) struct Sentence {
    /// The words that lead it in, then its own.
    pub tags: Vec<Tag>,
    /// Where its own begin.
    pub own: usize,
    /// As it stands in the passage.
    pub text: String,
    pub is_item: bool,
    /// What the headings and the title say.
    pub above: Vec<Meaning>,
}

impl Sentence {
    pub fn own(&self) -> &[Tag] {
        self.tags.get(self.own..).unwrap_or_default()
    }

    /// What it says, and what it excepts: "nothing on Fridays | unless it is an emergency", and the
    /// other way round "except in emergencies, | nothing on Fridays"; "hotfixes excepted" stands behind
    /// what it excepts.
    pub fn parts(&self) -> (&[Tag], &[Tag]) {
        let Some(unless) = self.tags.iter().position(|tag| tag.is(Word::Unless)) else {
            return (&self.tags, &[]);
        };
        if let Some(begins) = self.excepted_before(unless) {
            return (&self.tags[..begins], &self.tags[begins..]);
        }
        // "Not even hotfixes are exempt"
        let is_mark = |tag: &Tag| matches!(tag.meaning, Meaning::Mark(_));
        let denied = self.tags[..unless].iter().rev().take(4);
        let denied = denied
            .take_while(|tag| !is_mark(tag))
            .any(|tag| tag.is(Word::Not));
        if denied && self.tags[unless + 1..].iter().all(is_mark) {
            return (&self.tags, &[]);
        }
        match self.rule_behind(unless) {
            Some(rule) => (&self.tags[rule..], &self.tags[unless..rule]),
            None => (&self.tags[..unless], &self.tags[unless..]),
        }
    }

    /// Whether nothing is said but the exception.
    pub fn is_exception(&self) -> bool {
        let unless = self.tags.iter().position(|tag| tag.is(Word::Unless));
        unless.is_some_and(|at| match self.excepted_before(at) {
            Some(begins) => begins <= self.own,
            None => at <= self.own && self.rule_behind(at).is_none(),
        })
    }

    /// Where the exception begins, if it stands before the word, in a part of its own: "hotfixes
    /// excepted".
    fn excepted_before(&self, unless: usize) -> Option<usize> {
        let is_mark = |tag: &Tag| matches!(tag.meaning, Meaning::Mark(_));
        let ends = |tag: &Tag| {
            matches!(
                tag.meaning,
                Meaning::Mark(',' | ';' | '.' | '\u{ff0c}' | '\u{ff1b}' | '\u{3002}')
            )
        };
        let leads_in = self.tags[unless].first == "without";
        if leads_in || !self.tags[unless + 1..].iter().all(is_mark) {
            return None;
        }
        let before = &self.tags[..unless];
        let begins = before.iter().rposition(ends).map_or(0, |at| at + 1);
        let begins = begins.max(self.own.min(unless));
        let acts = |tag: &Tag| {
            let words = [Word::Not, Word::Must, Word::If, Word::Only, Word::Stop];
            words.iter().any(|word| tag.is(*word))
        };
        (begins < unless && !before[begins..].iter().any(acts)).then_some(begins)
    }

    /// Where the rule begins, if the exception that begins here stands before it.
    fn rule_behind(&self, unless: usize) -> Option<usize> {
        if unless != self.own {
            return None;
        }
        let comma = |tag: &Tag| matches!(tag.meaning, Meaning::Mark(',' | '\u{ff0c}'));
        let at = self.tags.iter().skip(unless).position(comma)? + unless;
        let rule = self.tags.get(at + 1..)?;
        let acts = |tag: &Tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Not | Word::Must | Word::Should | Word::Only | Word::Stop)
            )
        };
        // "Except on Fridays, deploy between nine and five"
        let deploys = rule
            .first()
            .is_some_and(|tag| tag.is(Word::Deploy) || tag.is(Word::May));
        (deploys || rule.iter().any(acts)).then_some(at + 1)
    }

    pub fn has(&self, word: Word) -> bool {
        self.tags.iter().any(|tag| tag.is(word))
    }

    pub fn owns(&self, word: Word) -> bool {
        self.own().iter().any(|tag| tag.is(word))
    }

    pub fn owns_any(&self, words: &[Word]) -> bool {
        words.iter().any(|word| self.owns(*word))
    }

    pub fn has_any(&self, words: &[Word]) -> bool {
        words.iter().any(|word| self.has(*word))
    }

    /// In the sentence, what leads it in, or a heading above it.
    pub fn is_about(&self, words: &[Word]) -> bool {
        self.has_any(words)
            || words
                .iter()
                .any(|word| self.above.contains(&Meaning::Word(*word)))
    }

    /// Where the first of these words stands among its own.
    pub fn position(&self, words: &[Word]) -> Option<usize> {
        (self.own..self.tags.len()).find(|at| words.iter().any(|word| self.tags[*at].is(*word)))
    }

    pub fn names(&self, place: PlaceWord) -> bool {
        self.tags
            .iter()
            .any(|tag| tag.meaning == Meaning::Place(place))
    }

    pub fn owns_place(&self, place: PlaceWord) -> bool {
        self.own()
            .iter()
            .any(|tag| tag.meaning == Meaning::Place(place))
    }

    /// The word that an order would begin with: the first that is no mark, number or label.
    pub fn first_word(&self) -> Option<&str> {
        let own = self.own();
        let label = own
            .iter()
            .take(6)
            .position(|tag| tag.meaning == Meaning::Mark(':'))
            .map_or(0, |at| at + 1);
        let after_label = own.get(label..).unwrap_or_default();
        let rest = if after_label.is_empty() {
            own
        } else {
            after_label
        };
        rest.iter()
            .find(|tag| match tag.meaning {
                Meaning::Mark(_) | Meaning::Number(_) => false,
                _ => !FILLERS.contains(&tag.first.as_str()),
            })
            .map(|tag| tag.first.as_str())
    }

    /// Words and numbers, without marks. Of a script without blanks only phrases count as words.
    pub fn length(&self) -> usize {
        self.own()
            .iter()
            .filter(|tag| match tag.meaning {
                Meaning::Mark(_) => false,
                Meaning::Other => !tag.first.starts_with(is_wide),
                _ => true,
            })
            .count()
    }

    pub fn is_question(&self) -> bool {
        self.tags
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Mark('?' | '\u{ff1f}')))
    }
}

/// "No deploys on Fridays. Exception: hotfixes." What is nothing but an exception excepts from what is
/// forbidden before it.
fn join_exceptions(sentences: Vec<Sentence>) -> Vec<Sentence> {
    let mut joined: Vec<Sentence> = Vec::new();
    for sentence in sentences {
        let excepts = sentence.is_exception() && names_an_exception(sentence.own());
        let binds = |before: &&mut Sentence| {
            let words = [Word::Not, Word::Stop, Word::Only, Word::Freeze];
            !before.is_item && before.owns_any(&words) && !before.has(Word::Unless)
        };
        match joined.last_mut().filter(|before| excepts && binds(before)) {
            Some(before) => {
                before.text = format!("{} {}", before.text, sentence.text);
                before.tags.extend(sentence.own().iter().cloned());
            }
            None => joined.push(sentence),
        }
    }
    joined
}

/// Hotfixes and places are excepted by their name; what is asked for an exception is a demand of its
/// own, and "exceptions: none" excepts nothing.
fn names_an_exception(own: &[Tag]) -> bool {
    let named = own.iter().any(|tag| {
        matches!(
            tag.meaning,
            Meaning::Place(_)
                | Meaning::Word(Word::Emergency | Word::Critical | Word::Severity | Word::Fix)
        )
    });
    let said = |tag: &Tag| {
        let word = matches!(
            tag.meaning,
            Meaning::Word(
                Word::Unless
                    | Word::Emergency
                    | Word::Critical
                    | Word::Severity
                    | Word::Fix
                    | Word::Change
                    | Word::Deploy
                    | Word::May
            )
        );
        word || matches!(
            tag.meaning,
            Meaning::Other | Meaning::Mark(_) | Meaning::Place(_) | Meaning::Number(_)
        )
    };
    named && own.iter().all(said)
}

/// They stand before an order and say nothing.
const FILLERS: [&str; 12] = [
    "please", "then", "also", "and", "x", "first", "finally", "next", "to", "bitte", "step", "so",
];

/// The sentences of a passage. `above` is what the title and the headings say.
pub(super) fn sentences(
    passage: &Passage,
    above: &[Meaning],
    definition: &Definition,
) -> Vec<Sentence> {
    let lead = passage
        .lead
        .as_deref()
        .map(|lead| tag(lead, definition))
        .unwrap_or_default();
    let tags = tag(&passage.text, definition);
    let mut found = Vec::new();
    // What stands before the first dash leads the parts after it in.
    let mut before_dash: Vec<Tag> = Vec::new();
    for piece in pieces(&passage.text, &tags) {
        let mut leading = lead.clone();
        if piece.follows_dash {
            leading.extend(before_dash.iter().cloned());
        } else {
            before_dash = piece.tags.to_vec();
        }
        let limit = definition.limits.sentence_tokens;
        let (Some(first), Some(last)) = (piece.tags.first(), piece.tags.last()) else {
            continue;
        };
        if piece.tags.len() > limit || leading.len() > limit {
            continue;
        }
        let own = leading.len();
        leading.extend(piece.tags.iter().cloned());
        found.push(Sentence {
            tags: leading,
            own,
            text: passage.text[first.start..last.end].to_owned(),
            is_item: passage.lead.is_some() || piece.follows_dash,
            above: above.to_vec(),
        });
    }
    join_exceptions(join_questions(found))
}

struct Piece<'a> {
    tags: &'a [Tag],
    follows_dash: bool,
}

/// Cuts at the ends of sentences and at dashes that stand alone.
fn pieces<'a>(text: &str, tags: &'a [Tag]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let (mut start, mut follows_dash) = (0, false);
    for (at, tag) in tags.iter().enumerate() {
        let Meaning::Mark(mark) = tag.meaning else {
            continue;
        };
        let arrow = tags
            .get(at + 1)
            .is_some_and(|next| next.meaning == Meaning::Mark('>') && next.glue == Glue::Nothing);
        let dash = is_dash(mark) && tag.glue == Glue::Blank && !arrow && !joins_a_range(tags, at);
        let end = ends_sentence(text, tags, at, mark);
        if dash || end {
            // The mark itself belongs to the sentence: it tells a question.
            let until = if dash { at } else { at + 1 };
            pieces.push(Piece {
                tags: &tags[start..until],
                follows_dash,
            });
            start = at + 1;
            follows_dash = dash;
        }
    }
    pieces.push(Piece {
        tags: &tags[start..],
        follows_dash,
    });
    pieces.retain(|piece| {
        piece
            .tags
            .iter()
            .any(|tag| !matches!(tag.meaning, Meaning::Mark(_)))
    });
    pieces
}

fn is_dash(mark: char) -> bool {
    matches!(mark, '-' | '\u{2013}' | '\u{2014}' | '\u{2022}')
}

/// "9:00 - 17:00", "Monday - Thursday"
fn joins_a_range(tags: &[Tag], at: usize) -> bool {
    let is_bound = |index: Option<usize>| {
        index.and_then(|index| tags.get(index)).is_some_and(|tag| {
            matches!(
                tag.meaning,
                Meaning::Number(_)
                    | Meaning::Clock(_)
                    | Meaning::Days(_)
                    | Meaning::Month(_)
                    | Meaning::Unit(_)
                    | Meaning::Season(_)
            ) || matches!(tag.first.as_str(), "am" | "pm")
        })
    };
    is_bound(at.checked_sub(1)) && is_bound(Some(at + 1))
}

fn ends_sentence(text: &str, tags: &[Tag], at: usize, mark: char) -> bool {
    // "p95 stays below 400 ms; otherwise revert" is one thought.
    let next_word = tags.get(at + 1).map_or("", |tag| tag.first.as_str());
    if ["otherwise", "else", "sonst"].contains(&next_word) {
        return false;
    }
    if matches!(
        mark,
        '\u{3002}' | '\u{ff01}' | '\u{ff1f}' | '\u{ff1b}' | ';'
    ) {
        return true;
    }
    if !matches!(mark, '.' | '!' | '?') {
        return false;
    }
    // "20. Dezember" is a date.
    let before = at.checked_sub(1).map(|before| &tags[before].meaning);
    let behind = tags.get(at + 1).map(|tag| &tag.meaning);
    if let (Some(Meaning::Number(_)), Some(Meaning::Month(_))) = (before, behind) {
        return false;
    }
    // "24.12. to 2.1."
    let number = |back: usize| {
        at.checked_sub(back)
            .is_some_and(|index| matches!(tags[index].meaning, Meaning::Number(_)))
    };
    let dates = mark == '.'
        && number(1)
        && number(3)
        && at > 1
        && tags[at - 2].meaning == Meaning::Mark('.');
    let goes_on = matches!(behind, Some(Meaning::Word(Word::To | Word::Until)))
        || matches!(behind, Some(Meaning::Mark('-' | '\u{2013}')));
    if dates && goes_on {
        return false;
    }
    let end = tags[at].end;
    let next = text[end..].chars().next();
    let is_short = at
        .checked_sub(1)
        .is_some_and(|before| ABBREVIATIONS.contains(&tags[before].first.as_str()));
    // "30 min. No deploys on Fridays" are two sentences.
    let begins_anew = text[end..]
        .trim_start()
        .chars()
        .next()
        .is_some_and(char::is_uppercase);
    let abbreviates = mark == '.' && is_short && !begins_anew;
    next.is_none_or(|c| c.is_whitespace() || c == '"' || c == ')') && !abbreviates
}

const ABBREVIATIONS: [&str; 14] = [
    "ej", "min", "e", "g", "i", "etc", "vs", "approx", "ca", "bzw", "no", "st", "a", "z",
];

/// "Is it Friday at five? Then stop." is one thought: an order that names nothing takes over what
/// the question before it names.
fn join_questions(sentences: Vec<Sentence>) -> Vec<Sentence> {
    let mut joined: Vec<Sentence> = Vec::new();
    for sentence in sentences {
        let stops =
            sentence.owns(Word::Stop) || (sentence.owns(Word::Not) && sentence.length() <= 6);
        match joined.last_mut() {
            Some(before) if before.is_question() && stops => {
                before.text = format!("{} {}", before.text, sentence.text);
                before.tags.extend(sentence.own().iter().cloned());
            }
            _ => joined.push(sentence),
        }
    }
    joined
}
