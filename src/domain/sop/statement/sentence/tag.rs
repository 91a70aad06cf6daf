//! Phrases of a text, each with its meaning.

use super::super::definition::{Definition, Particle, Particles};
use super::super::meaning::{Meaning, Word};
use super::super::token::{Form, Glue, Token, is_wide, tokenise};

/// A phrase, and what it means.
#[derive(Debug, Clone)]
pub(in super::super) struct Tag {
    pub meaning: Meaning,
    /// Its first word, lower case.
    pub first: String,
    /// Its other words, lower case.
    pub rest: Vec<String>,
    /// What its first word does beside times.
    pub particles: Particles,
    /// With the letter behind it, where both mean nothing as a phrase and their script has no blanks
    /// between words: as near to a word as one comes without a dictionary.
    pub pair: Option<String>,
    pub glue: Glue,
    /// Bytes of the passage's text.
    pub start: usize,
    pub end: usize,
}

impl Tag {
    pub fn is(&self, word: Word) -> bool {
        self.meaning == Meaning::Word(word)
    }

    /// Whether its first word is such a particle.
    pub fn does(&self, particle: Particle) -> bool {
        self.particles.has(particle)
    }

    /// Whether it is a conjunction: "and", "or".
    pub fn joins(&self) -> bool {
        self.does(Particle::And) || self.does(Particle::Or)
    }

    /// "failed", "broken", "red": what does not pass.
    pub fn fails(&self) -> bool {
        const FAILING: [&str; 26] = [
            "fail", "broken", "red", "rot", "fehlge", "fehlsch", "fehlerh", "gescheit", "scheiter",
            "durchgef", "kaputt", "nicht", "schlägt", "schlagen", "fall", "rojo", "échou", "échec",
            "rouge", "falh", "quebrad", "vermelh", "失", "未", "红", "挂",
        ];
        // "不通过", "没通过": a letter that denies what follows.
        const DENYING: [&str; 6] = ["不", "没", "有", "飘", "报", "ko"];
        let named = FAILING.iter().any(|word| self.first.starts_with(word));
        named || DENYING.contains(&self.first.as_str())
    }

    /// Whether it is a phrase of several words or wide letters.
    pub fn is_phrase(&self) -> bool {
        self.end - self.start > self.first.len()
    }

    /// Ends the clause that a "not" reaches into.
    pub fn ends_clause(&self) -> bool {
        match self.meaning {
            Meaning::Mark(mark) => !matches!(mark, '"' | '\'' | '`' | '*' | '_' | '#' | '%' | '@'),
            Meaning::Other => ["otherwise", "else"].contains(&self.first.as_str()),
            Meaning::Word(word) => matches!(
                word,
                Word::Before | Word::Unless | Word::If | Word::Until | Word::After | Word::During
            ),
            _ => false,
        }
    }
}

/// The meaning of each phrase of a text.
pub(in super::super) fn tag(text: &str, definition: &Definition) -> Vec<Tag> {
    let tokens = tokenise(text);
    let mut tags = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some(first) = rest.first() {
        if names_a_tag(tokens.get(..tokens.len() - rest.len()), rest) {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (length, meaning) = match definition.find(rest) {
            Some((length, meaning)) => (length, meaning.clone()),
            None => (1, plain(first)),
        };
        let last = rest.get(length - 1).unwrap_or(first);
        // "Outside of emergencies" excepts them.
        let excepts = meaning == Meaning::Word(Word::Outside)
            && definition
                .find(rest.get(length..).unwrap_or_default())
                .is_some_and(|(_, next)| {
                    matches!(next, Meaning::Word(Word::Emergency | Word::Severity))
                });
        let meaning = if excepts {
            Meaning::Word(Word::Unless)
        } else {
            meaning
        };
        let compound = definition
            .compound(first)
            .filter(|_| length == 1 && first.text.len() == first.end - first.start);
        if let Some((day_ends, day, behind)) = compound {
            tags.extend(in_two(first, day_ends, day, behind, definition));
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        tags.push(Tag {
            meaning,
            first: first.text.clone(),
            particles: definition.particles(&first.text),
            rest: rest[..length]
                .iter()
                .skip(1)
                .map(|token| token.text.clone())
                .collect(),
            pair: None,
            glue: first.glue,
            start: first.start,
            end: last.end,
        });
        rest = rest.get(length..).unwrap_or_default();
    }
    pair(&mut tags);
    except_nothing(&mut tags);
    cross_out(&mut tags);
    agree(&mut tags);
    tags
}

/// Both parts of a word that begins with a day.
fn in_two(
    token: &Token,
    day_ends: usize,
    day: Meaning,
    behind: Meaning,
    definition: &Definition,
) -> [Tag; 2] {
    let (first, second) = token.text.split_at(day_ends);
    let part = |text: &str, meaning, glue, start, end| Tag {
        meaning,
        first: text.to_owned(),
        particles: definition.particles(text),
        rest: Vec::new(),
        pair: None,
        glue,
        start,
        end,
    };
    let middle = token.start + day_ends;
    [
        part(first, day, token.glue, token.start, middle),
        part(second, behind, Glue::Nothing, middle, token.end),
    ]
}

fn pair(tags: &mut [Tag]) {
    let is_letter = |tag: &Tag| {
        tag.meaning == Meaning::Other && tag.first.starts_with(is_wide) && !tag.is_phrase()
    };
    for at in 1..tags.len() {
        let (before, behind) = tags.split_at_mut(at);
        let (Some(one), Some(other)) = (before.last_mut(), behind.first()) else {
            continue;
        };
        if is_letter(one) && is_letter(other) && other.glue == Glue::Nothing {
            one.pair = Some(format!("{}{}", one.first, other.first));
        }
    }
}

/// "No exceptions", "sans exception": nothing is excepted, and nothing else is denied.
fn except_nothing(tags: &mut [Tag]) {
    let denies = |tag: &Tag| tag.is(Word::Not) || tag.is(Word::Without);
    for at in 1..tags.len() {
        let ends = tags
            .get(at + 1)
            .is_none_or(|tag| matches!(tag.meaning, Meaning::Mark(_)));
        if ends && tags[at].is(Word::Unless) && denies(&tags[at - 1]) {
            tags[at - 1].meaning = Meaning::Word(Word::Size);
            tags[at].meaning = Meaning::Word(Word::Size);
        }
    }
}

/// "\u{274c} Skip staging": a cross in front denies what stands behind it, where no word does. Other
/// signs warn of what is wanted as well.
fn cross_out(tags: &mut [Tag]) {
    let crossed = tags
        .first()
        .is_some_and(|tag| matches!(tag.meaning, Meaning::Mark('\u{274c}' | '\u{2717}')));
    let says = tags
        .iter()
        .any(|tag| tag.is(Word::Not) || tag.is(Word::Must) || tag.is(Word::Should));
    if let Some(first) = tags.first_mut().filter(|_| crossed && !says) {
        first.meaning = Meaning::Word(Word::Not);
    }
}

/// "No se permite ningún cambio": in Spanish, Portuguese and French several words of a clause deny
/// together what one of them denies in English; those behind the first say nothing new.
fn agree(tags: &mut [Tag]) {
    const TOGETHER: [&str; 22] = [
        "no", "ningún", "ninguno", "ninguna", "nadie", "nunca", "jamás", "nada", "não", "nenhum",
        "nenhuma", "ninguém", "jamais", "ne", "n", "pas", "aucun", "aucune", "personne", "rien",
        "nem", "ni",
    ];
    let mut denied = false;
    for tag in tags {
        let together = tag.is(Word::Not) && TOGETHER.contains(&tag.first.as_str());
        if together && denied {
            tag.meaning = Meaning::Word(Word::Size);
        }
        denied = (denied || together) && !tag.ends_clause();
    }
}

/// ":latest": the colon belongs to the word behind it, and ends nothing.
fn names_a_tag(before: Option<&[Token]>, rest: &[Token]) -> bool {
    let [colon, name, ..] = rest else {
        return false;
    };
    let quoted = before
        .and_then(|before| before.last())
        .is_none_or(|token| matches!(token.form, Form::Mark('`' | '"' | '\'' | '(')));
    colon.form == Form::Mark(':')
        && name.form == Form::Word
        && name.glue == Glue::Nothing
        && (colon.glue == Glue::Blank || quoted)
}

fn plain(token: &Token) -> Meaning {
    match token.form {
        Form::Word => Meaning::Other,
        Form::Number(number) => Meaning::Number(number),
        Form::Clock(minutes) => Meaning::Clock(minutes),
        Form::Mark(mark) => Meaning::Mark(mark),
    }
}
