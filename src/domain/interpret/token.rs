//! Second stage: words and marks, each with its place.

use std::ops::Range;

use super::definition::Definition;
use super::form::{Form, form};
use super::language::cut_unspaced;
use super::lexicon::Role;
use super::normalise::{Normalised, fold_look_alikes};
use super::reading::{Change, ChangeKind};
use crate::domain::intent::Action;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word(Form),
    /// Words between quotes: somebody else's text, never read.
    Quoted,
    Comma,
    /// The end of a sentence without a mark of mood: `.`, `;`, a dash, a bracket.
    Stop,
    Question,
    Exclamation,
    Colon,
    Arrow,
    Pipe,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    /// As written, look-alikes read as Latin letters.
    pub text: String,
    pub lower: String,
    /// Bytes of the normalised text.
    pub at: Range<usize>,
    /// The quote around it, if any.
    pub quote: Option<char>,
    /// `/deploy`, `.deploy`, `!deploy`: the mark of a command to a bot stood before it.
    pub sigil: bool,
    pub look_alike: bool,
}

impl Token {
    pub fn form(&self) -> Option<Form> {
        match self.kind {
            Kind::Word(form) => Some(form),
            _ => None,
        }
    }
}

impl Token {
    /// A part of its text, as a word of its own.
    pub fn part(&self, bytes: Range<usize>) -> Self {
        let text = self.text[bytes.clone()].to_owned();
        Self {
            kind: Kind::Word(form(&text)),
            lower: text.to_lowercase(),
            text,
            at: self.at.start + bytes.start..self.at.start + bytes.end,
            ..self.clone()
        }
    }
}

/// The words of a text; the definition tells where words end that stand without blanks.
pub(super) fn tokenise(normalised: &mut Normalised, definition: &Definition) -> Vec<Token> {
    let text = std::mem::take(&mut normalised.text);
    let mut lexer = Lexer {
        text: &text,
        at: 0,
        tokens: Vec::new(),
        definition,
    };
    lexer.enter_outer_quotes();
    while let Some(next) = lexer.rest().chars().next() {
        lexer.step(next);
    }
    let mut tokens = cut_unspaced(lexer.tokens, definition);
    normalised.text = text;
    strip_sigil(&mut tokens, definition);
    for token in &mut tokens {
        read_look_alikes(token, normalised);
    }
    tokens
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    definition: &'a Definition,
}

impl Lexer<'_> {
    /// A whole sentence in quotes, as it is copied from a document, is the sentence.
    fn enter_outer_quotes(&mut self) {
        let inner = ['"', '\'', '`']
            .iter()
            .find_map(|q| self.text.strip_prefix(*q)?.strip_suffix(*q))
            .filter(|inner| !inner.contains(['"', '`']) && inner.contains(' '));
        if let Some(inner) = inner {
            let end = self.text.len() - 1;
            self.text = &self.text[..end];
            self.at = end - inner.len();
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn step(&mut self, c: char) {
        if c.is_whitespace() {
            self.at += c.len_utf8();
        } else if matches!(c, '"' | '\'' | '`') {
            self.quoted(c);
        } else if let Some((kind, length)) = mark(self.rest()) {
            self.push(kind, self.at..self.at + length);
        } else {
            self.word();
        }
    }

    fn push(&mut self, kind: Kind, at: Range<usize>) {
        let text = self.text[at.clone()].to_owned();
        self.at = at.end;
        self.tokens.push(Token {
            kind,
            lower: text.to_lowercase(),
            text,
            at,
            quote: None,
            sigil: false,
            look_alike: false,
        });
    }

    fn quoted(&mut self, quote: char) {
        let begin = self.at + 1;
        let Some(length) = closing(&self.text[begin..], quote) else {
            // A quote that is never closed.
            return self.push(Kind::Word(Form::Hostile), self.at..begin);
        };
        let inner = &self.text[begin..begin + length];
        let kind = match inner {
            "" => Kind::Quoted,
            _ if inner.contains(char::is_whitespace) && quote == '`' => Kind::Word(Form::Hostile),
            _ if inner.contains(char::is_whitespace) => Kind::Quoted,
            _ => Kind::Word(form(inner)),
        };
        let whole = self.at..begin + length + 1;
        match kind {
            Kind::Word(form) if form != Form::Hostile => {
                self.push(kind, begin..begin + length);
                self.at = whole.end;
                if let Some(token) = self.tokens.last_mut() {
                    token.quote = Some(quote);
                }
                if self.names_git(self.rest()) {
                    self.at += 1;
                }
            }
            _ => self.push(kind, whole),
        }
    }

    /// "`develop`-Commit": the hyphen joins two words.
    fn names_git(&self, rest: &str) -> bool {
        let Some(rest) = rest.strip_prefix('-') else {
            return false;
        };
        let length = rest.find(|c: char| !c.is_ascii_alphabetic());
        let noun = rest[..length.unwrap_or(rest.len())].to_lowercase();
        let entry = self.definition.lexicon.longest(&[noun.as_str()]);
        entry.is_some_and(|(_, entry)| entry.roles.has(Role::GitNoun))
    }

    /// "main-Branch", "v1.4-Tag": in German one word. Any other name may end so by itself.
    fn compound(&self, word: &str) -> Option<usize> {
        let at = word.rfind('-')?;
        let stem = word[..at].to_lowercase();
        let entry = self.definition.lexicon.longest(&[stem.as_str()]);
        let branch = entry.is_some_and(|(_, entry)| entry.roles.has(Role::BranchName));
        let known = branch || at > 0 && form(&word[..at]) == Form::Version;
        let mut letters = word[at + 1..].chars();
        let capital = letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.all(|c| c.is_ascii_lowercase());
        (known && capital && self.names_git(&word[at..])).then_some(at)
    }

    /// Up to white space or a mark that always separates, without the marks at its end.
    fn word(&mut self) {
        // Bold text of a chat: `**shop**`.
        if let Some(bold) = self.rest().strip_prefix("**")
            && bold.starts_with(char::is_alphanumeric)
        {
            self.at += 2;
        }
        let rest = self.rest();
        let stop = |c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '"' | '→');
        let hard = if rest.starts_with("$(") {
            rest.find(char::is_whitespace)
        } else {
            rest.find(stop)
        };
        let word = &rest[..hard.unwrap_or(rest.len())];
        if let Some(length) = elision(word) {
            return self.push(Kind::Word(Form::Name), self.at..self.at + length);
        }
        let trimmed = word.trim_end_matches(['.', '!', '?', ':', ';', '\'']);
        let length = if trimmed.is_empty() {
            word.len()
        } else {
            trimmed.len()
        };
        if let Some(at) = self.compound(&word[..length]) {
            self.push(Kind::Word(form(&word[..at])), self.at..self.at + at);
            self.at += 1;
            return;
        }
        let bold = word[..length].strip_suffix("**");
        if let Some(inner) = bold.filter(|inner| inner.ends_with(char::is_alphanumeric)) {
            self.push(Kind::Word(form(inner)), self.at..self.at + inner.len());
            self.at += 2;
            return;
        }
        let (form, length) = match emoji_name(word) {
            true => (Form::Decoration, word.len()),
            false => (form(&word[..length]), length),
        };
        // A contraction: "don't", "it's".
        let contraction = form == Form::Hostile && is_contraction(&word[..length]);
        let form = if contraction { Form::Name } else { form };
        self.push(Kind::Word(form), self.at..self.at + length);
    }
}

/// "l'application" is two words; the length of the first with its apostrophe.
fn elision(word: &str) -> Option<usize> {
    let (stem, rest) = word.split_once('\'')?;
    let elides = [
        "l", "d", "j", "n", "m", "t", "s", "c", "qu", "jusqu", "aujourd", "quelqu",
    ];
    let elided =
        elides.contains(&stem.to_lowercase().as_str()) && rest.starts_with(char::is_alphabetic);
    elided.then_some(stem.len() + 1)
}

/// `:rocket:`
fn emoji_name(word: &str) -> bool {
    word.strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
        .is_some_and(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-".contains(&b))
        })
}

fn is_contraction(word: &str) -> bool {
    word.split_once('\'').is_some_and(|(stem, end)| {
        !stem.is_empty()
            && (1..=2).contains(&end.len())
            && end.bytes().all(|b| b.is_ascii_alphabetic())
            && matches!(form(stem), Form::Name | Form::Version)
    })
}

/// Where a quote is closed: at a quote that no letter or digit follows.
fn closing(text: &str, quote: char) -> Option<usize> {
    text.match_indices(quote)
        .find(|(at, _)| {
            !text[at + 1..]
                .chars()
                .next()
                .is_some_and(char::is_alphanumeric)
        })
        .map(|(at, _)| at)
}

/// A mark that stands for itself, with its length in bytes.
fn mark(rest: &str) -> Option<(Kind, usize)> {
    for (text, kind) in [
        ("->", Kind::Arrow),
        ("=>", Kind::Arrow),
        ("→", Kind::Arrow),
        ("—", Kind::Stop),
        ("–", Kind::Stop),
        (",", Kind::Comma),
        ("(", Kind::Stop),
        (")", Kind::Stop),
    ] {
        if rest.starts_with(text) {
            return Some((kind, text.len()));
        }
    }
    let run = rest
        .find(|c: char| c.is_whitespace() || matches!(c, ')' | ',' | '"'))
        .unwrap_or(rest.len());
    let marks = |set: &[char]| {
        rest[..run]
            .trim_start_matches(set)
            .is_empty()
            .then_some(run)
    };
    if let Some(length) = marks(&['.', '!', '?', ':', ';']) {
        let kind = match &rest[..length] {
            run if run.contains('?') => Kind::Question,
            run if run.contains('!') => Kind::Exclamation,
            ":" => Kind::Colon,
            _ => Kind::Stop,
        };
        return Some((kind, length));
    }
    if let Some(length) = marks(&['-']) {
        return Some((Kind::Stop, length));
    }
    match rest.as_bytes()[0] {
        b'|' if run == 1 => Some((Kind::Pipe, 1)),
        b'&' | b'+' if run == 1 => Some((Kind::Word(Form::Name), 1)),
        _ => None,
    }
}

/// A bot's mark before the first word: `/deploy`, `.deploy`, `!deploy`.
fn strip_sigil(tokens: &mut Vec<Token>, definition: &Definition) {
    let Some(first) = tokens
        .iter()
        .position(|token| token.form() != Some(Form::Mention))
    else {
        return;
    };
    if let Some(verb) = verb_with_place(&tokens[first].text, definition) {
        // `/deploy_staging`, `/deploy/staging`
        let whole = &tokens[first];
        let place = whole.part(verb + 2..whole.text.len());
        tokens[first] = whole.part(0..verb + 1);
        tokens.insert(first + 1, place);
    }
    if let Some(verb) = verb_that_shows(&tokens[first].text, definition) {
        // `/get-logs`, `/deploy_status`
        let whole = &tokens[first];
        let shown = whole.part(verb + 2..whole.text.len());
        tokens[first] = whole.part(0..verb + 1);
        tokens.insert(first + 1, shown);
    }
    let token = &mut tokens[first];
    let Some(bare) = token.text.strip_prefix(['/', '.', '!']) else {
        return;
    };
    if !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        token.kind = Kind::Word(form(bare));
        token.lower = bare.to_lowercase();
        token.text = bare.to_owned();
        token.sigil = true;
    }
}

/// The length of the verb before the environment in one word with a bot's mark.
fn verb_with_place(word: &str, definition: &Definition) -> Option<usize> {
    let lower = word.strip_prefix(['/', '.', '!'])?.to_lowercase();
    let (verb, place) = lower.split_once(['/', '_'])?;
    let is_verb = |word: &str| {
        let entry = definition.lexicon.longest(&[word]);
        entry.is_some_and(|(_, entry)| entry.roles.has(Role::Verb))
    };
    // What `/deploy_test` tests or deploys is not to be guessed.
    (is_verb(verb) && !is_verb(place) && definition.usual_environment(place).is_some())
        .then_some(verb.len())
}

/// The length of the first word of `/get-logs`, which only asks: the second says what is shown.
fn verb_that_shows(text: &str, definition: &Definition) -> Option<usize> {
    let bare = text.strip_prefix(['/', '.', '!'])?.to_lowercase();
    let verb = bare.find(['-', '_'])?;
    let entry = |word: &str| definition.lexicon.longest(&[word]).map(|(_, entry)| entry);
    let is = |word: &str, roles: &[Role]| entry(word).is_some_and(|entry| entry.roles.any(roles));
    let asks = [Role::Display, Role::Inspect, Role::Verb];
    let shown = [Role::LogNoun, Role::StatusNoun, Role::HealthCheck];
    let noun = &bare[verb + 1..];
    // `/show-deploy` and `/deploy-live` are not split here.
    let acts = entry(noun).and_then(|entry| entry.action);
    let deed = acts.is_some_and(Action::makes_plan) || is(noun, &[Role::Environment, Role::Other]);
    let shows = is(&bare[..verb], &asks) && is(noun, &shown) && !deed;
    // `/health-check` is one word already.
    let known = [shown.as_slice(), &[Role::Verb]].concat();
    (shows && !is(&bare, &known)).then_some(verb)
}

fn read_look_alikes(token: &mut Token, normalised: &mut Normalised) {
    if let Some(latin) = fold_look_alikes(&token.text).filter(|_| token.form().is_some()) {
        let span = normalised.span(token.at.clone());
        for c in token.text.chars().zip(latin.chars()) {
            if c.0 != c.1 {
                normalised.changes.push(Change {
                    from: format!("U+{:04X}", c.0 as u32),
                    to: c.1.to_string(),
                    span,
                    kind: ChangeKind::LookAlike,
                });
            }
        }
        token.kind = Kind::Word(form(&latin));
        token.lower = latin.to_lowercase();
        token.text = latin;
        token.look_alike = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::interpret::normalise::normalise;

    fn tokens(text: &str) -> Vec<Token> {
        let english = include_str!("../../../agents/interpreter.toml");
        let chinese = include_str!("../../../agents/interpreter.zh.toml");
        let definition = Definition::with_languages(english, &[chinese]).unwrap();
        tokenise(&mut normalise(text), &definition)
    }

    fn read(text: &str) -> Vec<(Kind, String)> {
        tokens(text)
            .into_iter()
            .map(|token| (token.kind, token.text))
            .collect()
    }

    #[test]
    fn marks_at_the_end_of_a_word_are_not_part_of_it() {
        let tokens = read("Deploy v1.2, then v1.3. Really?!");
        let words: Vec<&str> = tokens.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            words,
            ["Deploy", "v1.2", ",", "then", "v1.3", ".", "Really", "?!"]
        );
        assert_eq!(tokens[7].0, Kind::Question);
    }

    #[test]
    fn quotes_around_one_word_are_left_out_and_around_several_hide_them() {
        assert_eq!(
            read("logs `shop`"),
            [
                (Kind::Word(Form::Name), "logs".to_owned()),
                (Kind::Word(Form::Name), "shop".to_owned())
            ]
        );
        assert_eq!(read("say \"deploy shop\" now")[1].0, Kind::Quoted);
        assert_eq!(
            read("deploy `rm -rf /` now")[1].0,
            Kind::Word(Form::Hostile)
        );
        assert_eq!(read("\"deploy shop now\"").len(), 3);
        assert_eq!(read("don't deploy")[0].1, "don't");
    }

    #[test]
    fn a_bots_mark_is_seen_at_the_first_word_only() {
        let tokens = tokens("@bot /deploy shop");
        assert!(tokens[1].sigil && tokens[1].text == "deploy");
        assert_eq!(read("deploy /etc")[1].0, Kind::Word(Form::Hostile));
        assert_eq!(read("staging → production")[1].0, Kind::Arrow);
    }

    #[test]
    fn an_article_before_a_vowel_is_a_word_and_bold_marks_are_none() {
        let words = |text: &str| {
            read(text)
                .into_iter()
                .map(|(_, text)| text)
                .collect::<Vec<_>>()
        };
        assert_eq!(words("l'application"), ["l'", "application"]);
        assert_eq!(words("don't"), ["don't"]);
        assert_eq!(words("**shop** now"), ["shop", "now"]);
        assert_eq!(read("feature/**")[0].0, Kind::Word(Form::Hostile));
    }
}
