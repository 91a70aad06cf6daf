//! Phrases of a definition, and how they are found in a text.

use std::collections::HashMap;

use super::super::meaning::Meaning;
use super::super::token::{Form, Token, tokenise};
use super::InvalidDefinition;

/// Phrases by their first word, or its first two letters where only its beginning is given.
#[derive(Debug, Clone, Default)]
pub(super) struct Phrases {
    by_word: HashMap<String, Vec<Phrase>>,
    by_letters: HashMap<(char, Option<char>), Vec<Phrase>>,
}

#[derive(Debug, Clone)]
struct Phrase {
    words: Vec<Pattern>,
    meaning: Meaning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Whole(String),
    Beginning(String),
    /// A few words of any kind, or none.
    Gap,
}

/// The words that a gap may span, or parts of a version.
const GAP: usize = 5;

impl Pattern {
    fn matches(&self, token: &Token) -> bool {
        match self {
            Self::Whole(word) => token.text == *word,
            Self::Beginning(letters) => {
                matches!(token.form, Form::Word) && token.text.starts_with(letters.as_str())
            }
            Self::Gap => matches!(token.form, Form::Word | Form::Number(_) | Form::Mark('.')),
        }
    }
}

impl Phrases {
    pub(super) fn add(
        &mut self,
        listed: &[String],
        meaning: &Meaning,
    ) -> Result<(), InvalidDefinition> {
        for written in listed {
            let words =
                patterns(written).ok_or_else(|| InvalidDefinition::Phrase(written.clone()))?;
            let entry = match words.first() {
                Some(Pattern::Whole(word)) => self.by_word.entry(word.clone()).or_default(),
                Some(Pattern::Beginning(letters)) => {
                    let first = letters_of(letters)
                        .ok_or_else(|| InvalidDefinition::Phrase(written.clone()))?;
                    self.by_letters.entry(first).or_default()
                }
                Some(Pattern::Gap) | None => {
                    return Err(InvalidDefinition::Phrase(written.clone()));
                }
            };
            match entry.iter().find(|phrase| phrase.words == words) {
                // Languages share words.
                Some(same) if same.meaning == *meaning => {}
                Some(_) => return Err(InvalidDefinition::Twice(written.clone())),
                None => entry.push(Phrase {
                    words,
                    meaning: meaning.clone(),
                }),
            }
        }
        Ok(())
    }

    pub(super) fn find(&self, tokens: &[Token]) -> Option<(usize, &Meaning)> {
        let first = tokens.first()?;
        let whole = self.by_word.get(&first.text).into_iter().flatten();
        let letters = letters_of(&first.text)?;
        let beginnings = self.by_letters.get(&letters).into_iter().flatten();
        // A beginning of one letter alone is in a list of its own.
        let single = (letters.0, None);
        let short = self.by_letters.get(&single).into_iter().flatten();
        let beginnings = beginnings.chain(short.filter(|_| letters != single));
        whole
            .chain(beginnings)
            .filter(|phrase| phrase.begins(tokens))
            // Of equally long ones the one that says more of the word.
            .max_by_key(|phrase| (phrase.words.len(), phrase.letters()))
            .map(|phrase| (phrase.length(), &phrase.meaning))
    }

    /// Where the word begins with a phrase of this meaning: how many bytes that takes, and the rest.
    pub(super) fn beginning<'t>(
        &self,
        token: &'t Token,
        meaning: &Meaning,
    ) -> Option<(usize, &'t str)> {
        let letters = letters_of(&token.text)?;
        let beginnings = self.by_letters.get(&letters)?;
        beginnings
            .iter()
            .find_map(|phrase| match phrase.words.as_slice() {
                [Pattern::Beginning(begins)] if phrase.meaning == *meaning => token
                    .text
                    .strip_prefix(begins.as_str())
                    .map(|rest| (begins.len(), rest)),
                _ => None,
            })
    }
}

fn letters_of(word: &str) -> Option<(char, Option<char>)> {
    let mut letters = word.chars();
    Some((letters.next()?, letters.next()))
}

impl Phrase {
    fn begins(&self, tokens: &[Token]) -> bool {
        begin(&self.words, tokens)
    }

    /// The tokens that the phrase takes. One with a gap takes the first alone: what stands in the
    /// gap, and behind it, means what it means.
    fn length(&self) -> usize {
        match self.words.contains(&Pattern::Gap) {
            true => 1,
            false => self.words.len(),
        }
    }

    fn letters(&self) -> usize {
        self.words
            .iter()
            .map(|pattern| match pattern {
                // One more than any beginning of the same length.
                Pattern::Whole(word) => 2 * word.len() + 1,
                Pattern::Beginning(letters) => 2 * letters.len(),
                Pattern::Gap => 0,
            })
            .sum()
    }
}

fn begin(words: &[Pattern], tokens: &[Token]) -> bool {
    let Some((pattern, rest)) = words.split_first() else {
        return true;
    };
    if *pattern != Pattern::Gap {
        let first = tokens.first().is_some_and(|token| pattern.matches(token));
        return first && begin(rest, &tokens[1..]);
    }
    let spanned = tokens
        .iter()
        .take(GAP)
        .take_while(|token| pattern.matches(token));
    (0..=spanned.count()).any(|count| begin(rest, &tokens[count..]))
}

fn patterns(written: &str) -> Option<Vec<Pattern>> {
    if written != written.to_lowercase() {
        return None;
    }
    let mut words = Vec::new();
    for part in written.split(' ') {
        if part == "~" {
            words.push(Pattern::Gap);
            continue;
        }
        let (letters, is_beginning) = match part.strip_suffix('*') {
            Some(letters) => (letters, true),
            None => (part, false),
        };
        let tokens: Vec<Token> = tokenise(letters)
            .into_iter()
            .filter(|token| !matches!(token.form, Form::Mark(_)))
            .collect();
        let last = tokens.len().checked_sub(1)?;
        for (index, token) in tokens.into_iter().enumerate() {
            words.push(match is_beginning && index == last {
                true => Pattern::Beginning(token.text),
                false => Pattern::Whole(token.text),
            });
        }
    }
    // A gap at the end would say nothing.
    (words.last() != Some(&Pattern::Gap)).then_some(words)
}
