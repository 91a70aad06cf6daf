//! The sources as the rules look at them: without comments and texts, without what is compiled for
//! tests only, and as the paths that they name.

use std::collections::BTreeSet;
use std::path::Path;

pub struct Source {
    /// From the top of the repository: `src/domain/plan.rs`.
    pub path: String,
    /// As it was written.
    pub text: String,
    /// The same lines with comments, texts and characters blanked.
    pub code: String,
    /// The same lines without what only tests see.
    pub shipped: String,
}

/// A path of names as it stands in the code, groups of `use` taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// 1-based.
    pub line: usize,
    pub path: Vec<String>,
}

pub struct Sources(Vec<Source>);

impl Sources {
    /// All Rust sources of this repository.
    pub fn of_the_house() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        for folder in ["src", "tests", "benches", "examples"] {
            collect(root, &root.join(folder), &mut found);
        }
        found.sort();
        Self::from(found.iter().map(|(p, t)| (p.as_str(), t.as_str())))
    }

    pub fn from<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut sources: Vec<Source> = files
            .into_iter()
            .map(|(path, text)| {
                let code = without_comments_and_texts(text);
                Source {
                    path: path.to_owned(),
                    text: text.to_owned(),
                    shipped: without_tests(&code),
                    code,
                }
            })
            .collect();
        let tests = files_of_tests(&sources);
        for source in &mut sources {
            let path = source.path.as_str();
            if tests
                .iter()
                .any(|t| path == format!("{t}.rs") || path.starts_with(&format!("{t}/")))
            {
                source.shipped = blank(&source.code);
            }
        }
        Self(sources)
    }

    pub fn files(&self) -> &[Source] {
        &self.0
    }

    /// What becomes part of the product.
    pub fn shipped(&self) -> impl Iterator<Item = &Source> {
        self.0.iter().filter(|s| s.path.starts_with("src/"))
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        // Not every folder is there from the first day.
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            found.push((name.to_owned(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

impl Source {
    /// The modules from the crate's root to this file: `["domain", "plan"]`.
    pub fn module(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inside = inside.strip_suffix(".rs").unwrap_or(inside);
        let mut module: Vec<&str> = inside.split('/').collect();
        if module.last() == Some(&"mod") {
            module.pop();
        }
        if module == ["lib"] {
            module.clear();
        }
        module
    }

    /// What the shipped code names of this crate, each from the crate's root.
    pub fn imports(&self) -> Vec<Named> {
        let own = self.module();
        named(&self.shipped)
            .into_iter()
            .filter_map(|Named { line, path }| {
                let ups = path.iter().take_while(|name| *name == "super").count();
                let (base, rest): (&[&str], &[String]) = match path.first()?.as_str() {
                    "crate" | "commander" => (&[], &path[1..]),
                    "super" => (own.get(..own.len().checked_sub(ups)?)?, &path[ups..]),
                    _ => return None,
                };
                let path = base.iter().map(|s| (*s).to_owned());
                let path = path.chain(rest.iter().cloned()).collect();
                Some(Named { line, path })
            })
            .collect()
    }

    /// All paths of names in the shipped code.
    pub fn names(&self) -> Vec<Named> {
        named(&self.shipped)
    }

    /// Whether a sentence stands on this line, or right above the statement that it belongs to.
    pub fn is_explained(&self, line: usize) -> bool {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut at = line - 1;
        if lines[at].contains("//") {
            return true;
        }
        // A chain of calls belongs to the statement that it continues.
        while at > 0 && lines[at].trim_start().starts_with(['.', '?']) {
            at -= 1;
        }
        at > 0 && lines[at - 1].trim_start().starts_with("//")
    }
}

/// Modules that are declared for tests only, as paths without `.rs`.
fn files_of_tests(sources: &[Source]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources {
        let beside = match source.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => source.path.trim_end_matches(".rs").to_owned(),
        };
        let mut rest = source.code.as_str();
        while let Some(start) = rest.find("#[cfg(test)]") {
            rest = &rest[start + "#[cfg(test)]".len()..];
            let item = rest.trim_start();
            let item = item.strip_prefix("pub ").unwrap_or(item);
            if let Some((name, _)) = item.strip_prefix("mod ").and_then(|m| m.split_once(';'))
                && !name.contains('{')
            {
                found.insert(format!("{beside}/{}", name.trim()));
            }
        }
    }
    found
}

/// Blanks what is compiled for tests only: an item under `#[cfg(test)]` or `#[test]`.
fn without_tests(code: &str) -> String {
    let mut out: Vec<char> = code.chars().collect();
    for marker in ["#[cfg(test)]", "#[test]", "#[tokio::test"] {
        let marker: Vec<char> = marker.chars().collect();
        let mut at = 0;
        while at + marker.len() <= out.len() {
            if out[at..].starts_with(&marker) {
                let end = end_of_item(&out, at);
                for c in &mut out[at..end] {
                    if *c != '\n' {
                        *c = ' ';
                    }
                }
                at = end;
            } else {
                at += 1;
            }
        }
    }
    out.into_iter().collect()
}

/// The end of the item that begins here with its attributes: its semicolon or its last brace.
fn end_of_item(code: &[char], start: usize) -> usize {
    let (mut braces, mut others) = (0usize, 0usize);
    for (at, c) in code.iter().enumerate().skip(start) {
        match c {
            '(' | '[' => others += 1,
            ')' | ']' => others = others.saturating_sub(1),
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return at + 1;
                }
            }
            ';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(code: &str) -> String {
    code.chars()
        .map(|c| if c == '\n' { c } else { ' ' })
        .collect()
}

/// Blanks comments, texts and characters, and keeps every line where it is.
fn without_comments_and_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => text_end(&chars, at + 1),
            'r' if !continues_a_name(&chars, at) => match raw_text_end(&chars, at + 1) {
                Some(end) => end,
                None => at,
            },
            '\'' => character_end(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        for c in &chars[at..end] {
            out.push(if *c == '\n' { '\n' } else { ' ' });
        }
        at = end;
    }
    out
}

fn line_end(chars: &[char], at: usize) -> usize {
    let rest = chars[at..].iter().position(|c| *c == '\n');
    rest.map_or(chars.len(), |n| at + n)
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// `at` is after the opening quote.
fn text_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `at` is after the `r`.
fn raw_text_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let mut end = at + hashes + 1;
    while end < chars.len() {
        let closes = chars[end] == '"'
            && chars[end + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        if closes {
            return Some(end + 1 + hashes);
        }
        end += 1;
    }
    Some(chars.len())
}

/// A quote opens a character or begins a lifetime.
fn character_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let rest = chars[at + 3..].iter().position(|c| *c == '\'');
            rest.map_or(chars.len(), |n| at + 3 + n + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

fn continues_a_name(chars: &[char], at: usize) -> bool {
    at > 0 && is_name(chars[at - 1]) && (chars[at - 1] != 'b' || continues_a_name(chars, at - 1))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Colons,
    Open,
    Close,
    Comma,
    Other,
}

/// All paths of names in a piece of code; `use a::{b, c::d}` names `a::b` and `a::c::d`.
pub fn named(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            (Token::Name(name), _) if name == "use" => {
                at = tree(&tokens, at + 1, &[], &mut found);
            }
            (Token::Name(_), _) => at = tree(&tokens, at, &[], &mut found),
            _ => at += 1,
        }
    }
    found
}

/// Takes in one path, or a group of paths, that begins at `at`; returns where it ends.
fn tree(
    tokens: &[(Token, usize)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<Named>,
) -> usize {
    let mut path = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |(_, line)| *line);
    // `::std::fs`
    if tokens.get(at).is_some_and(|(t, _)| *t == Token::Colons) {
        at += 1;
    }
    loop {
        match tokens.get(at) {
            Some((Token::Name(name), _)) => {
                path.push(name.clone());
                at += 1;
            }
            Some((Token::Open, _)) => return group(tokens, at + 1, &path, found),
            _ => break,
        }
        match tokens.get(at) {
            Some((Token::Colons, _)) => at += 1,
            _ => break,
        }
    }
    if path.len() > prefix.len() {
        found.push(Named { line, path });
    }
    at.max(1)
}

fn group(
    tokens: &[(Token, usize)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<Named>,
) -> usize {
    while let Some((token, line)) = tokens.get(at) {
        at = match token {
            Token::Close => return at + 1,
            Token::Name(name) if name == "self" => {
                let path = prefix.to_vec();
                found.push(Named { line: *line, path });
                at + 1
            }
            Token::Name(_) | Token::Open => tree(tokens, at, prefix, found),
            _ => at + 1,
        };
    }
    at
}

fn tokens(code: &str) -> Vec<(Token, usize)> {
    let chars: Vec<char> = code.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let c = chars[at];
        if is_name(c) {
            let end = chars[at..].iter().position(|c| !is_name(*c));
            let end = end.map_or(chars.len(), |n| at + n);
            out.push((Token::Name(chars[at..end].iter().collect()), line));
            at = end;
            continue;
        }
        match c {
            '\n' => line += 1,
            ':' if chars.get(at + 1) == Some(&':') => {
                out.push((Token::Colons, line));
                at += 1;
            }
            '{' => out.push((Token::Open, line)),
            '}' => out.push((Token::Close, line)),
            ',' => out.push((Token::Comma, line)),
            c if c.is_whitespace() => {}
            _ => out.push((Token::Other, line)),
        }
        at += 1;
    }
    out
}
