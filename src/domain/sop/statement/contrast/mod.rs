//! What the words of a command say against a sentence of a procedure, or in line with it: "ship it,
//! no screenshots attached" against "Screenshots are attached to every release".
//!
//! A statement is a demand of a closed list; procedures demand more than any list has. Here nothing is
//! known of what a sentence is about: its words are compared with those of the command, and it is
//! looked at what each denies. It counts where procedures are tried out (`commander advise`), and
//! nowhere else, as claims do.

mod account;
mod amounts;
mod order;
mod people;
mod topics;
mod words;

use super::claims::{is_conjunction, is_denied, is_missing};
use super::definition::{Cue, Definition};
use super::meaning::{Meaning, Word};
use super::recognise::{removes, says_no, wants};
use super::sentence::{Sentence, Tag};
use super::token::is_wide;
use topics::{EVERYDAY, FRAME, TOPICS, family};

/// How a command stands to a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    Against,
    /// It names less than is asked for, or more than is allowed.
    Amount,
    /// It names as much as is asked for.
    Enough,
    /// It tells of what the sentence is about, and how it is done, and of no lack.
    Told,
    /// It cannot be told whether it is kept.
    Open,
}

/// `None` where there is nothing to say: it is kept, or they have nothing to do with each other.
pub(super) fn stand(
    sentence: &Sentence,
    command: &[Tag],
    definition: &Definition,
) -> Option<Stand> {
    let read = Read::new(sentence, command, definition);
    if read.is_of_another_size() {
        return None;
    }
    if read.denies_the_wanted()
        || read.names_another()
        || read.is_outside()
        || read.turns_the_order()
        || read.takes_another_first()
        || read.does_it_during()
        || read.does_all_at_once()
        || read.does_only_a_part()
        || read.names_no_digest()
        || read.goes_on_all_the_same()
    {
        Some(Stand::Against)
    } else {
        match read.misses_an_amount() {
            Some(true) => Some(Stand::Amount),
            Some(false) => Some(Stand::Enough),
            None if read.removes_the_kept() || read.is_no_fix() => Some(Stand::Against),
            None if read.is_told() => Some(Stand::Told),
            None if read.is_in_line() => None,
            None => read.is_open().then_some(Stand::Open),
        }
    }
}

/// The same for a sentence that tells how things are done, and demands nothing in words.
pub(super) fn denied(
    sentence: &Sentence,
    command: &[Tag],
    definition: &Definition,
) -> Option<Stand> {
    Read::new(sentence, command, definition)
        .denies_the_wanted()
        .then_some(Stand::Against)
}

struct Read<'a> {
    sentence: &'a Sentence,
    command: &'a [Tag],
    definition: &'a Definition,
}

impl<'a> Read<'a> {
    fn new(sentence: &'a Sentence, command: &'a [Tag], definition: &'a Definition) -> Self {
        Self {
            sentence,
            command,
            definition,
        }
    }

    /// The sentence's own words that tell what it is about.
    pub(super) fn terms(&self) -> impl Iterator<Item = usize> + '_ {
        let tags = &self.sentence.tags;
        (self.sentence.own..tags.len()).filter(|at| self.is_term(&tags[*at]))
    }

    pub(super) fn is_term(&self, tag: &Tag) -> bool {
        match &tag.meaning {
            Meaning::Word(word) => TOPICS.contains(word) || self.contents(tag).next().is_some(),
            Meaning::Role(_) | Meaning::Strategy(_) => true,
            Meaning::Other => self.contents(tag).next().is_some(),
            _ => false,
        }
    }

    /// The words of a phrase that tell what it is about, whatever it means.
    pub(super) fn contents<'t>(&self, tag: &'t Tag) -> impl Iterator<Item = &'t str> {
        let tells = match &tag.meaning {
            Meaning::Word(word) => !FRAME.contains(word),
            Meaning::Other | Meaning::Role(_) => true,
            _ => false,
        };
        let definition = self.definition;
        std::iter::once(&tag.first)
            .chain(&tag.rest)
            .filter(move |_| tells)
            // "deploy_ledger" is about a ledger.
            .flat_map(|word| word.split('_'))
            .filter(move |word| {
                word.chars().count() >= 2
                    && !word.starts_with(is_wide)
                    && !word.starts_with(|c: char| c.is_ascii_digit())
                    && !definition.cues(Cue::Empty, word)
            })
            .chain(tag.pair.as_deref().filter(move |pair| {
                let mut letters = pair.split("").filter(|letter| !letter.is_empty());
                tells
                    && !definition.cues(Cue::Empty, pair)
                    && !letters.any(|letter| definition.cues(Cue::Empty, letter))
            }))
    }

    /// Whether both say the same.
    pub(super) fn same(&self, one: &Tag, other: &Tag) -> bool {
        let topic = |tag: &Tag| match &tag.meaning {
            Meaning::Word(word) => TOPICS.contains(word).then(|| family(*word)),
            _ => None,
        };
        let alike = match (&one.meaning, &other.meaning) {
            (Meaning::Word(_), Meaning::Word(_)) => {
                topic(one).is_some() && topic(one) == topic(other)
            }
            (Meaning::Role(_), Meaning::Role(_)) | (Meaning::Strategy(_), Meaning::Strategy(_)) => {
                one.meaning == other.meaning
            }
            _ => false,
        };
        alike
            || self
                .contents(one)
                .any(|word| self.contents(other).any(|other| same_word(word, other)))
    }

    /// Whether they say the same, or something that stands for one thing with it. That may be
    /// something else all the same: nothing is denied by it.
    fn alike(&self, one: &Tag, other: &Tag) -> bool {
        let concept = |word| self.definition.concept(word);
        self.same(one, other)
            || self.contents(one).filter_map(concept).any(|one| {
                let mut others = self.contents(other).filter_map(concept);
                others.any(|other| other == one)
            })
    }

    /// What the sentence asks for, conditions apart.
    pub(super) fn wanted(&self) -> Vec<usize> {
        self.terms()
            .filter(|at| wants(self.sentence, *at) && !self.is_condition(*at))
            .collect()
    }

    /// What it is against.
    pub(super) fn forbidden(&self) -> Vec<usize> {
        self.terms()
            .filter(|at| !wants(self.sentence, *at) && !self.is_condition(*at))
            .collect()
    }

    /// "If X, then Y", "Y when X": X tells when.
    pub(super) fn is_condition(&self, at: usize) -> bool {
        let own = self.sentence.own;
        let forbids = self.sentence.has_any(&[Word::Not, Word::Stop]);
        let tags = &self.sentence.tags;
        (0..at)
            .rev()
            // "If any of these is seen:" leads in all that is listed.
            .take_while(|index| {
                let mark = Meaning::Mark;
                let ends = [mark(','), mark(';'), mark(':'), mark('.')];
                let ends = ends.contains(&tags[*index].meaning);
                *index + 1 == own || !ends
            })
            .any(|index| {
                let tag = &tags[index];
                // "Only if it has a ticket" asks for the ticket.
                let only = tags[..index]
                    .iter()
                    .rev()
                    .take(4)
                    .any(|tag| tag.is(Word::Only));
                (tag.is(Word::If) && !only)
                    // "Exceptions need an approval": behind the verb stands what is asked for.
                    || (tag.is(Word::Unless)
                        && !tags[index..at]
                            .iter()
                            .any(|tag| tag.is(Word::Must) || tag.is(Word::Should)))
                    || (forbids
                        && tag.is(Word::During)
                        && !tag.is_phrase()
                        && !tags[index..at].iter().any(|tag| tag.is(Word::Without)))
            })
    }

    /// Whether the command denies what stands there.
    pub(super) fn denied(&self, at: usize) -> bool {
        is_denied(self.command, at)
            || is_missing(self.command, at)
            || says_no(&self.command[at])
            || self.command.get(at + 1).is_some_and(undoes)
            || self.is_switched_off(at)
            || self.was_not(at)
            || self.puts_off(at)
    }

    /// "We didn't ask the mayor"
    fn was_not(&self, at: usize) -> bool {
        self.command[..at]
            .iter()
            .rev()
            .take(5)
            .take_while(|tag| !tag.ends_clause())
            .any(|tag| tag.first.ends_with("n't"))
    }

    /// "The scan job is switched off"
    fn is_switched_off(&self, at: usize) -> bool {
        let mut near = self.command[at + 1..]
            .iter()
            .take(4)
            .take_while(|tag| !tag.ends_clause());
        near.any(|tag| {
            let switched = tag.first.starts_with("switch") || tag.first.starts_with("turn");
            switched && tag.rest.last().is_some_and(|word| word == "off")
        })
    }

    /// Where the command and the sentence say the same, of these terms of the sentence.
    pub(super) fn shared(&self, terms: &[usize]) -> Vec<(usize, usize)> {
        self.shared_by(terms, Self::same)
    }

    fn shared_by(
        &self,
        terms: &[usize],
        same: impl Fn(&Self, &Tag, &Tag) -> bool,
    ) -> Vec<(usize, usize)> {
        let said = (0..self.command.len()).filter(|at| self.is_term(&self.command[*at]));
        let both = said.flat_map(|at| terms.iter().map(move |of| (at, *of)));
        both.filter(|(at, of)| same(self, &self.command[*at], &self.sentence.tags[*of]))
            .collect()
    }

    /// The command says of something that is asked for that it is so, and denies nothing.
    pub(super) fn is_in_line(&self) -> bool {
        let denies = (0..self.command.len()).any(|at| self.denied(at));
        !denies
            && self.shared_by(&self.forbidden(), Self::alike).is_empty()
            && !self.shared_by(&self.wanted(), Self::alike).is_empty()
    }

    /// Whether the sentence demands something of a release, and the command does not tell if it is
    /// kept. What is forbidden is not done by a command that does not speak of it.
    pub(super) fn is_open(&self) -> bool {
        let sentence = self.sentence;
        let orders = sentence
            .first_word()
            .is_some_and(|word| self.definition.is_imperative(word));
        let insists = orders
            || sentence.has_any(&[Word::Must, Word::Not, Word::Only, Word::Should, Word::Stop]);
        let is_about = |meaning: &Meaning| match meaning {
            Meaning::Word(Word::Deploy | Word::Change | Word::Emergency)
            | Meaning::Place(_)
            | Meaning::Strategy(_) => true,
            Meaning::Word(word) => TOPICS.contains(word) && !EVERYDAY.contains(word),
            _ => false,
        };
        let of_release = sentence.tags.iter().any(|tag| is_about(&tag.meaning))
            || sentence.above.iter().any(is_about);
        // "Floating tags are allowed only beside a version": nothing to do with who has none.
        let permitted = (sentence.own..sentence.tags.len())
            .find(|at| sentence.tags[*at].is(Word::May))
            .filter(|may| sentence.tags[*may..].iter().any(|tag| tag.is(Word::Only)));
        let is_of_others = permitted.is_some_and(|may| {
            let subject: Vec<usize> = self.terms().filter(|at| *at < may).collect();
            !subject.is_empty() && self.shared(&subject).is_empty()
        });
        insists
            && !is_of_others
            && of_release
            && !sentence.has(Word::Reported)
            && (!self.wanted().is_empty() || self.does_the_forbidden())
    }

    /// Whether the command speaks of half of something that is forbidden, at least: "no features,
    /// refactoring or upgrades" are three.
    fn does_the_forbidden(&self) -> bool {
        let forbidden = self.forbidden();
        let shared = self.shared_by(&forbidden, Self::alike);
        let tags = &self.sentence.tags;
        let parts = forbidden.chunk_by(|one, next| {
            !tags[*one..*next].iter().any(|tag| {
                let mark = matches!(tag.meaning, Meaning::Mark(_));
                mark || is_conjunction(tag) || self.cues(tag, Cue::Or)
            })
        });
        parts.into_iter().any(|part| {
            let done = |of: &&usize| shared.iter().any(|(_, shared)| shared == *of);
            part.iter().filter(done).count() * 2 >= part.len()
        })
    }

    /// Whether a word of the command is one of these.
    fn cues(&self, tag: &Tag, cue: Cue) -> bool {
        self.definition.tells(cue, tag)
    }
}

/// "Rollback untested", "logs discarded"
fn undoes(tag: &Tag) -> bool {
    let word = tag.first.as_str();
    // A single Chinese letter is part of some other word.
    let is_letter = tag.meaning == Meaning::Other && word.starts_with(is_wide);
    let undone = word.starts_with("un") && word.ends_with("ed") && word.len() > 6;
    (undone && !["unchanged", "untouched", "unaffected"].contains(&word))
        || (removes(tag) && !is_letter)
}

/// "Warn" and "warning": what differs is an ending, or a third of the longer one at most.
fn same_word(one: &str, other: &str) -> bool {
    let alike = one
        .char_indices()
        .zip(other.chars())
        .take_while(|((_, one), other)| one == other)
        .last()
        .map_or(0, |((at, letter), _)| at + letter.len_utf8());
    let letters = one[..alike].chars().count();
    let longer = one.chars().count().max(other.chars().count());
    let ends = |word: &str| ENDINGS.contains(&&word[alike..]);
    letters == longer || (letters >= 4 && (letters * 3 >= longer * 2 || (ends(one) && ends(other))))
}

const ENDINGS: [&str; 23] = [
    "", "s", "es", "iness", "d", "ed", "e", "ing", "ings", "er", "ers", "ion", "ions", "ation",
    "ations", "al", "ally", "ly", "ment", "ments", "en", "y", "ies",
];
