//! Other languages than English: each has words of its own in a file of its own, and takes from the
//! English definition what is the same everywhere (keys, branches, environments, words of the
//! trade). A text is read in the language that knows the most of its words.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::definition::{
    Definition, InvalidDefinition, Separable, add, add_action, add_environments, long_verbs,
};
use super::form::Form;
use super::lexicon::{Entry, Phrases, Role};
use super::slots::LEADS;
use super::token::Token;
use crate::domain::intent::Action;

/// The file of a language as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    language: String,
    #[serde(default)]
    verb_final: bool,
    #[serde(default)]
    unspaced: bool,
    /// Roles whose English words count, too.
    inherits: Vec<Role>,
    verbs: HashMap<Action, Vec<String>>,
    #[serde(default)]
    verb_nouns: HashMap<Action, Vec<String>>,
    #[serde(default)]
    inflected: HashMap<Action, Vec<String>>,
    #[serde(default)]
    separable: Vec<Separable>,
    #[serde(default)]
    environments: BTreeMap<String, Vec<String>>,
    words: HashMap<Role, Vec<String>>,
}

impl Definition {
    /// Reads a definition with the files of further languages.
    ///
    /// # Errors
    ///
    /// When one of them is not of its form, or its words contradict each other.
    pub fn with_languages(text: &str, languages: &[&str]) -> Result<Self, InvalidDefinition> {
        let mut definition = Self::parse(text)?;
        for text in languages {
            let language = definition.language(text)?;
            definition.languages.push(language);
        }
        let prepositions = definition.all_prepositions();
        for language in &mut definition.languages {
            language.prepositions.clone_from(&prepositions);
        }
        definition.prepositions = prepositions;
        Ok(definition)
    }

    fn all_prepositions(&self) -> HashSet<String> {
        let all = std::iter::once(self).chain(&self.languages);
        all.flat_map(|language| language.lexicon.single_words())
            .filter(|(_, entry)| entry.roles.any(&LEADS))
            .map(|(word, _)| word.to_owned())
            .collect()
    }

    fn language(&self, text: &str) -> Result<Self, InvalidDefinition> {
        let written: Written = toml::from_str(text)?;
        let mut lexicon = Phrases::default();
        for (role, table, place) in [
            (Role::Verb, &written.verbs, "verbs"),
            (Role::VerbNoun, &written.verb_nouns, "verb_nouns"),
            (Role::Inflected, &written.inflected, "inflected"),
        ] {
            for (action, phrases) in table {
                add_action(&mut lexicon, role, *action, phrases, place)?;
            }
        }
        for (role, phrases) in &written.words {
            add(&mut lexicon, *role, phrases, &format!("words.{role:?}"))?;
        }
        for separable in &written.separable {
            lexicon.entry(&separable.verb).roles.insert(Role::Separable);
        }
        add_environments(&mut lexicon, &written.environments)?;
        without_accents(&mut lexicon);
        self.lend(&mut lexicon, &written.inherits);
        let mut environments = self.environments.clone();
        for (name, words) in written.environments {
            let plain = words.iter().map(|word| plain(word));
            let all: Vec<String> = plain.chain(words.iter().cloned()).collect();
            environments.entry(name).or_default().extend(all);
        }
        Ok(Self {
            name: written.name,
            language: written.language,
            role: self.role.clone(),
            limits: self.limits,
            long_verbs: long_verbs(&lexicon),
            lexicon,
            separable: in_other_spellings(written.separable),
            branch_prefixes: self.branch_prefixes.clone(),
            branch_words: self.branch_words.clone(),
            regions: self.regions.clone(),
            keys: self.keys.clone(),
            environment_options: self.environment_options.clone(),
            environments,
            verb_final: written.verb_final,
            unspaced: written.unspaced,
            prepositions: HashSet::new(),
            languages: Vec::new(),
        })
    }

    /// Gives a language the English words of some roles, and the names of the usual environments.
    fn lend(&self, lexicon: &mut Phrases<Entry>, roles: &[Role]) {
        for (phrase, ours) in self.lexicon.iter() {
            let lent: Vec<Role> = roles
                .iter()
                .copied()
                .chain([Role::Environment])
                .filter(|role| ours.roles.has(*role))
                .collect();
            if lent.is_empty() {
                continue;
            }
            let theirs = lexicon.entry(&phrase);
            for role in lent {
                theirs.roles.insert(role);
            }
            if theirs.environment.is_none() {
                theirs.environment.clone_from(&ours.environment);
            }
        }
    }

    /// The definition in whose language these words are; English where that is not clear.
    pub(super) fn spoken(&self, tokens: &[Token]) -> &Self {
        let words: Vec<&str> = tokens
            .iter()
            .filter(|token| token.form().is_some() && token.quote.is_none())
            .map(|token| token.lower.as_str())
            .collect();
        let mut best = (self.known(&words), self);
        for language in &self.languages {
            if best.0 == words.len() {
                break;
            }
            let known = language.known(&words);
            if known > best.0 {
                best = (known, language);
            }
        }
        best.1
    }

    /// How many of these words belong to a known phrase.
    fn known(&self, words: &[&str]) -> usize {
        let mut known = 0;
        let mut at = 0;
        while at < words.len() {
            match self.lexicon.longest(&words[at..]) {
                Some((length, _)) => {
                    known += length;
                    at += length;
                }
                None => at += 1,
            }
        }
        known
    }

    /// Cuts a run of letters that stand without blanks at the longest phrases that are known; the
    /// lengths in bytes.
    pub(super) fn cut(&self, run: &str) -> Vec<usize> {
        let mut lengths = Vec::new();
        let mut unknown = 0;
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let length = match self.longest_phrase(rest) {
                Some(length) => {
                    if unknown > 0 {
                        lengths.push(std::mem::take(&mut unknown));
                    }
                    lengths.push(length);
                    length
                }
                None => {
                    unknown += first.len_utf8();
                    first.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        if unknown > 0 {
            lengths.push(unknown);
        }
        lengths
    }

    fn longest_phrase(&self, text: &str) -> Option<usize> {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<usize> = ends.take(LONGEST_PHRASE).collect();
        let unspaced = || self.languages.iter().filter(|language| language.unspaced);
        ends.into_iter()
            .rev()
            .find(|end| unspaced().any(|l| l.lexicon.longest(&[&text[..*end]]).is_some()))
    }
}

/// No phrase of a language without blanks has more letters, so that cutting stays linear.
const LONGEST_PHRASE: usize = 8;

/// Whoever types without accents means the same.
fn without_accents(lexicon: &mut Phrases<Entry>) {
    let accented: Vec<(String, Entry)> = lexicon
        .iter()
        .flat_map(|(phrase, entry)| {
            let ways = [plain(&phrase), spelt_out(&phrase)];
            let other = ways.into_iter().filter(move |way| *way != phrase);
            other.map(|way| (way, entry.clone()))
        })
        .collect();
    for (phrase, entry) in accented {
        let known = lexicon.entry(&phrase);
        known.roles.join(entry.roles);
        known.action = known.action.or(entry.action);
        if known.environment.is_none() {
            known.environment = entry.environment;
        }
    }
}

fn plain(phrase: &str) -> String {
    phrase
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .nfc()
        .collect()
}

/// Both parts of a verb as they stand, and as they are typed without accents.
fn in_other_spellings(separable: Vec<Separable>) -> Vec<Separable> {
    let other = |one: &Separable, spell: fn(&str) -> String| Separable {
        verb: spell(&one.verb),
        particle: spell(&one.particle),
        ..one.clone()
    };
    let mut all = Vec::with_capacity(separable.len());
    for one in separable {
        for way in [other(&one, plain), other(&one, spelt_out)] {
            if (&way.verb, &way.particle) != (&one.verb, &one.particle) {
                all.push(way);
            }
        }
        all.push(one);
    }
    all
}

/// "zurueck", as a keyboard without umlauts has it.
fn spelt_out(phrase: &str) -> String {
    [('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('ß', "ss")]
        .into_iter()
        .fold(phrase.to_owned(), |word, (letter, two)| {
            word.replace(letter, two)
        })
}

/// Whether a word has letters of a script that is written without blanks.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Cuts the words that hold letters of such a script: between scripts, and at known phrases.
pub(super) fn cut_unspaced(tokens: Vec<Token>, definition: &Definition) -> Vec<Token> {
    let mut cut = Vec::with_capacity(tokens.len());
    for token in tokens {
        let whole = token.form() != Some(Form::Foreign)
            || token.quote.is_some()
            || !token.text.contains(is_unspaced);
        if whole {
            cut.push(token);
            continue;
        }
        let mut rest = token.text.as_str();
        let mut at = 0;
        while let Some(first) = rest.chars().next() {
            let kind = is_unspaced(first);
            let end = rest.find(|c| is_unspaced(c) != kind).unwrap_or(rest.len());
            let lengths = if kind {
                definition.cut(&rest[..end])
            } else {
                vec![end]
            };
            for length in lengths {
                cut.push(token.part(at..at + length));
                at += length;
            }
            rest = &rest[end..];
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::interpret::normalise::normalise;
    use crate::domain::interpret::token::tokenise;

    #[test]
    fn accents_may_be_left_out() {
        assert_eq!(plain("producción"), "produccion");
        assert_eq!(plain("zurück"), "zuruck");
        assert_eq!(spelt_out("zurück"), "zurueck");
    }

    #[test]
    fn words_without_blanks_are_cut_and_keep_their_places() {
        let text = "把shop部署到生产环境，谢谢";
        let mut normalised = normalise(text);
        let chinese = include_str!("../../../agents/interpreter.zh.toml");
        let english = include_str!("../../../agents/interpreter.toml");
        let definition = Definition::with_languages(english, &[chinese]).unwrap();
        let tokens = tokenise(&mut normalised, &definition);
        let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(words, ["把", "shop", "部署", "到", "生产环境", ",", "谢谢"]);
        for token in &tokens[..5] {
            let span = normalised.span(token.at.clone());
            assert_eq!(text[span.start..span.end], token.text);
        }
    }
}
