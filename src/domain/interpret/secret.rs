//! Secrets that somebody typed: a command with one in it is refused, and shows it nowhere.

use super::concern::{Concern, Noted};
use super::lexicon::Role;
use super::token::Kind;
use super::unit::{Unit, Words};
use crate::domain::intent::{Draft, Span};

/// What the keys of well-known services begin with, and how long such a key is at least.
const PREFIXES: [(&str, usize); 22] = [
    // Commander's own.
    ("tok_", 20),
    ("AKIA", 20),
    ("ASIA", 20),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("sk-", 20),
    ("sk_live_", 20),
    ("AIza", 30),
    ("eyJ", 30),
    ("hvs.", 20),
    ("ghu_", 30),
    ("ghr_", 30),
    ("rk_live_", 20),
    ("npm_", 30),
    ("pypi-", 30),
    ("dckr_pat_", 20),
    ("AGE-SECRET-KEY-", 30),
];

/// How a file with a private key begins.
const KEY_FILE: &str = "-----BEGIN";

/// Takes the secrets out of what is shown of a sentence.
pub(super) fn hide(draft: &mut Draft, noted: &mut Vec<Noted>, secrets: &[Span]) {
    let shows = |span: Option<Span>| {
        span.is_some_and(|span| secrets.iter().any(|secret| secret.overlaps(span)))
    };
    draft.service.take_if(|slot| shows(slot.span));
    draft.version.take_if(|slot| shows(slot.span));
    draft.environments.retain(|slot| !shows(slot.span));
    draft.post_steps.retain(|slot| !shows(slot.span));
    // The words of a concern may be the whole clause.
    noted.clear();
    noted.extend(secrets.iter().map(|span| Noted {
        concern: Concern::Secret,
        span: *span,
        words: String::new(),
    }));
}

/// Where secrets stand in `typed`.
pub(super) fn secrets(typed: &str, words: &Words<'_>) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for at in 0..words.units.len() {
        let span = words.span(at..at + 1);
        if found.last().is_none_or(|before| before.end <= span.start) && is_secret(words, at) {
            found.push(whole(typed, span));
        }
    }
    found
}

/// A mark that parts words may be a character of a secret, which ends at white space; a key file
/// goes on behind its first line.
fn whole(typed: &str, span: Span) -> Span {
    let behind = |text: &str| {
        let length = typed[span.end..].find(text)?;
        Some(span.end + length + text.len())
    };
    let from = match typed[span.start..span.end].contains(KEY_FILE) {
        true => behind("-----END").unwrap_or(typed.len()),
        false => span.end,
    };
    let rest = typed[from..].find(char::is_whitespace);
    Span {
        start: span.start,
        end: rest.map_or(typed.len(), |length| from + length),
    }
}

fn is_secret(words: &Words<'_>, at: usize) -> bool {
    let unit = &words.units[at];
    looks_like_a_key(&unit.text) || is_keyed(words, unit) || follows_a_key_word(words, at)
}

fn looks_like_a_key(text: &str) -> bool {
    let begins = |part: &str| {
        PREFIXES
            .iter()
            .any(|(prefix, length)| part.starts_with(prefix) && part.len() >= *length)
    };
    let known = text.split(['=', ':', '&', '?', '\'', '"']).any(begins);
    let in_address = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'))
        .is_some_and(|(user, _)| user.contains(':') && !user.contains('/'));
    known || in_address || text.contains(KEY_FILE)
}

/// `password=...`, `DB_PASSWORD=...`, `https://host/path?token=...`
fn is_keyed(words: &Words<'_>, unit: &Unit) -> bool {
    let text = unit.lower.as_str();
    let assigned = text
        .match_indices('=')
        .any(|(at, _)| text.len() - at > 3 && ends_in_a_key(words, &text[..at]));
    // `token-service:v1.2.0` is a service and its version.
    let told = text
        .split_once(':')
        .is_some_and(|(key, value)| value.len() >= 3 && is_key(words, key));
    assigned || told
}

fn is_key(words: &Words<'_>, name: &str) -> bool {
    let entry = words.definition.lexicon.longest(&[name]);
    entry.is_some_and(|(_, entry)| entry.roles.has(Role::SecretKey))
}

/// `password`, `db_password`, `--db-password`, `path?token`
fn ends_in_a_key(words: &Words<'_>, text: &str) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = text.rsplit(|c| !of_name(c)).next().unwrap_or(text);
    is_key(words, name)
        || name.split('_').any(|part| is_key(words, part))
        || name
            .rsplit(['-', '.'])
            .next()
            .is_some_and(|part| is_key(words, part))
}

/// "password hunter2", "the token is abc123": a word behind that is no word of the language.
fn follows_a_key_word(words: &Words<'_>, at: usize) -> bool {
    let unit = &words.units[at];
    let named = at > 0 && {
        let before = words.units[at - 1].lower.as_str();
        let key = before.strip_suffix('=');
        key.is_some_and(|key| ends_in_a_key(words, key))
    };
    if named {
        return true;
    }
    let speaks = unit.form().is_some() || unit.kind == Kind::Quoted;
    if !speaks || !unit.roles.is_empty() || unit.text.len() < 4 {
        return false;
    }
    let mut before = at;
    while before > 0
        && (words.has(before - 1, Role::Report) || words.kind(before - 1) == Some(Kind::Colon))
    {
        before -= 1;
    }
    let random = unit.text.bytes().any(|b| b.is_ascii_digit())
        || unit.text.bytes().any(|b| b.is_ascii_punctuation());
    before > 0 && random && words.has(before - 1, Role::SecretKey)
}
