//! Third stage: tokens grouped into units, each a phrase of the definition, a name of the
//! catalogue or a word of its own, with everything that it could be.

use std::ops::Range;

use super::definition::Definition;
use super::form::Form;
use super::lexicon::{Entry, Role, Roles};
use super::normalise::Normalised;
use super::token::{Kind, Token};
use super::vocabulary::{Names, Vocabulary};
use crate::domain::intent::{Action, Span};

#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub kind: Kind,
    pub text: String,
    pub lower: String,
    /// Bytes of the normalised text.
    pub at: Range<usize>,
    pub roles: Roles,
    pub action: Option<Action>,
    /// The catalogue's services that it may name.
    pub services: Vec<usize>,
    /// A usual environment or one of the catalogue.
    pub environment: bool,
    /// "shop's"
    pub possessive: bool,
    pub quote: Option<char>,
    pub sigil: bool,
    pub look_alike: bool,
}

impl Unit {
    pub fn has(&self, role: Role) -> bool {
        self.roles.has(role)
    }

    pub fn any(&self, roles: &[Role]) -> bool {
        self.roles.any(roles)
    }

    pub fn form(&self) -> Option<Form> {
        match self.kind {
            Kind::Word(form) => Some(form),
            _ => None,
        }
    }

    pub fn is_verb(&self) -> bool {
        self.has(Role::Verb)
    }

    /// `OPS-42`, `#42`: what it is about, as commit messages begin.
    pub fn is_ticket(&self) -> bool {
        let parts = self.text.split_once('-');
        let numbered =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let hash = self.form() == Some(Form::Hash) && numbered(&self.text[1..]);
        let ticket = parts.is_some_and(|(project, number)| {
            project.len() > 1 && project.bytes().all(|b| b.is_ascii_uppercase()) && numbered(number)
        });
        hash || (ticket && self.form() == Some(Form::Name))
    }

    /// A word that no list and no catalogue knows and that could be a name.
    pub fn is_unknown_name(&self) -> bool {
        self.roles.is_empty()
            && self.services.is_empty()
            && !self.environment
            && matches!(self.form(), Some(Form::Name | Form::Path | Form::Foreign))
    }
}

/// The units of a sentence with what is needed to read them.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub units: &'a [Unit],
    pub definition: &'a Definition,
    pub vocabulary: &'a Vocabulary,
    pub normalised: &'a Normalised,
}

impl<'a> Words<'a> {
    pub fn get(&self, index: usize) -> Option<&'a Unit> {
        self.units.get(index)
    }

    pub fn has(&self, index: usize, role: Role) -> bool {
        self.get(index).is_some_and(|unit| unit.has(role))
    }

    pub fn any(&self, index: usize, roles: &[Role]) -> bool {
        self.get(index).is_some_and(|unit| unit.any(roles))
    }

    pub fn form(&self, index: usize) -> Option<Form> {
        self.get(index).and_then(Unit::form)
    }

    pub fn kind(&self, index: usize) -> Option<Kind> {
        self.get(index).map(|unit| unit.kind)
    }

    /// `/deploybot deploy shop`, `/deploybot run deploy shop`: who is asked. Any other word there
    /// may forbid or put off.
    pub fn is_bot(&self, at: usize) -> bool {
        let unit = &self.units[at];
        let called = unit.lower.ends_with("bot") || unit.lower.starts_with("deploy");
        let verb = at + 1 + usize::from(self.has(at + 1, Role::Run));
        let deed = |at: usize| self.get(at).is_some_and(Unit::is_verb);
        unit.sigil && called && unit.is_unknown_name() && (deed(at + 1) || deed(verb))
    }

    pub fn is_environment(&self, index: usize) -> bool {
        self.get(index).is_some_and(|unit| unit.environment)
    }

    /// The first unit at or after `index` that has none of these roles.
    pub fn skip(&self, mut index: usize, roles: &[Role]) -> usize {
        while self.any(index, roles) {
            index += 1;
        }
        index
    }

    /// Where these units stand in the text as typed; the range is not empty.
    pub fn span(&self, units: Range<usize>) -> Span {
        self.normalised
            .span(self.units[units.start].at.start..self.units[units.end - 1].at.end)
    }

    /// The words of these units, normalised.
    pub fn text(&self, units: Range<usize>) -> &'a str {
        &self.normalised.text[self.units[units.start].at.start..self.units[units.end - 1].at.end]
    }
}

pub(super) fn units(
    tokens: &[Token],
    definition: &Definition,
    vocabulary: &Vocabulary,
) -> Vec<Unit> {
    let lower: Vec<&str> = tokens.iter().map(|token| token.lower.as_str()).collect();
    let mut units = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let (length, unit) = unit(&tokens[at..], &lower[at..], definition, vocabulary);
        units.push(unit);
        at += length;
    }
    units
}

fn unit(
    tokens: &[Token],
    lower: &[&str],
    definition: &Definition,
    vocabulary: &Vocabulary,
) -> (usize, Unit) {
    let token = &tokens[0];
    let mut unit = Unit {
        kind: token.kind,
        text: token.text.clone(),
        lower: token.lower.clone(),
        at: token.at.clone(),
        roles: Roles::default(),
        action: None,
        services: Vec::new(),
        environment: false,
        possessive: false,
        quote: token.quote,
        sigil: token.sigil,
        look_alike: token.look_alike,
    };
    if token.form().is_none() {
        return (1, unit);
    }
    tagged(&mut unit, definition);
    // A phrase does not reach over marks, and quoted words are names, not words of the language.
    let plain = |token: &&Token| token.form().is_some() && token.quote.is_none();
    let run = tokens.iter().take_while(plain).count().max(1);
    let words = &lower[..run];
    let lexical = match token.quote {
        None => lexical(words, definition),
        Some(_) => None,
    };
    let names = vocabulary.names();
    let service = names.and_then(|names| service(words, names));
    let place = names.and_then(|names| names.is_environment_word(words));
    let length = [
        lexical.map(|(length, _)| length),
        service.map(|(length, _)| length),
        place,
    ]
    .into_iter()
    .flatten()
    .max()
    .unwrap_or(1);
    if let Some((_, entry)) = lexical.filter(|(l, _)| *l == length) {
        unit.roles = entry.roles;
        unit.action = entry.action;
        unit.environment = entry.environment.is_some();
    }
    if let Some((_, found)) = service.filter(|(l, _)| *l == length) {
        unit.services = found.to_vec();
    }
    unit.environment |= place == Some(length);
    widen(&mut unit, &tokens[..length]);
    unit.environment |= definition.usual_environment(&unit.lower).is_some();
    (length, unit)
}

/// "[Staging] ...": the tag of a title, where it is an environment, and nothing to be filled in.
fn tagged(unit: &mut Unit, definition: &Definition) {
    let inner = unit
        .lower
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(inner) = inner
        && definition.usual_environment(inner).is_some()
    {
        unit.kind = Kind::Word(Form::Name);
        unit.lower = inner.to_owned();
        unit.text = unit.text[1..unit.text.len() - 1].to_owned();
    }
}

fn lexical<'d>(words: &[&str], definition: &'d Definition) -> Option<(usize, &'d Entry)> {
    let found = definition.lexicon.longest(words);
    // "shop's" is "shop", "what's" is a word of its own.
    found.or_else(|| {
        let stem = words[0].strip_suffix("'s")?;
        definition.lexicon.longest(&[stem])
    })
}

fn service<'n>(words: &[&str], names: &'n Names) -> Option<(usize, &'n [usize])> {
    names
        .service_phrase(words)
        .or_else(|| names.service_phrase(&[words[0].strip_suffix("'s")?]))
}

/// Takes in the further tokens of the phrase.
fn widen(unit: &mut Unit, tokens: &[Token]) {
    for token in &tokens[1..] {
        unit.kind = Kind::Word(Form::Name);
        unit.text = format!("{} {}", unit.text, token.text);
        unit.lower = format!("{} {}", unit.lower, token.lower);
        unit.at.end = token.at.end;
        unit.look_alike |= token.look_alike;
    }
    // "what's" is a word of its own, "shop's" is not.
    let contraction = unit.any(&[
        Role::QuestionStart,
        Role::Subject,
        Role::Polite,
        Role::Running,
    ]);
    if unit.lower.ends_with("'s") && !contraction && tokens.len() == 1 {
        unit.text.truncate(unit.text.len() - 2);
        unit.lower.truncate(unit.lower.len() - 2);
        unit.possessive = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::interpret::normalise::normalise;
    use crate::domain::interpret::token::tokenise;

    #[test]
    fn phrases_are_one_unit_with_all_their_roles() {
        let definition =
            Definition::parse(include_str!("../../../agents/interpreter.toml")).unwrap();
        let mut normalised = normalise("Roll back shop's release to prod");
        let tokens = tokenise(&mut normalised, &definition);
        let units = units(&tokens, &definition, &Vocabulary::Open);
        let lower: Vec<&str> = units.iter().map(|unit| unit.lower.as_str()).collect();
        assert_eq!(lower, ["roll back", "shop", "release", "to", "prod"]);
        assert_eq!(units[0].action, Some(Action::Rollback));
        assert!(units[1].is_unknown_name());
        assert!(units[2].is_verb() && units[2].has(Role::VersionNoun));
        assert!(units[4].environment);
    }
}
