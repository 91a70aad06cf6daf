//! `.dockerignore`, as Docker reads it.
//!
//! Lines are patterns in order, and the last one that fits a path decides; `!` takes a path in
//! again. A pattern that fits a directory fits all that is in it. `*` and `?` stop at a slash, `**`
//! stands for any number of directories, `[a-z]` and `[^a-z]` for one character, `\` takes a
//! special meaning away. A pattern is anchored at the root of the context, with or without a slash
//! in front.
//!
//! Patterns come from a repository. Each becomes a regular expression of a kind that takes time in
//! proportion to the path and never more.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

use crate::domain::text::printable;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of {file} is not a pattern: \"{shown}\"")]
pub struct InvalidPattern {
    pub file: String,
    pub line: usize,
    pub shown: String,
}

/// The patterns of one ignore file.
#[derive(Debug, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    takes_in: bool,
    fits: Regex,
}

/// Which patterns a directory fitted, for the paths in it.
#[derive(Debug, Clone, Default)]
pub struct Fitted(Vec<bool>);

impl Ignore {
    /// `file` is only named in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, InvalidPattern> {
        let mut patterns = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let pattern = pattern(line).map_err(|()| InvalidPattern {
                file: file.to_owned(),
                line: number + 1,
                shown: printable(line, 80),
            })?;
            patterns.extend(pattern);
        }
        Ok(Self { patterns })
    }

    /// Whether a path is left out, given what its directory fitted (nothing for the root).
    ///
    /// A pattern that could change nothing any more is not looked at, and then its directory does
    /// not count as fitted either: so BuildKit does it, and `x/y` before `!x` leaves `x/y` out.
    pub fn leaves_out(&self, path: &str, parent: &Fitted) -> (bool, Fitted) {
        let mut out = false;
        let mut fitted = Fitted(vec![false; self.patterns.len()]);
        for (i, pattern) in self.patterns.iter().enumerate() {
            let inherited = parent.0.get(i).copied().unwrap_or(false);
            let fits = inherited || (pattern.takes_in == out && pattern.fits.is_match(path));
            if fits {
                out = !pattern.takes_in;
            }
            fitted.0[i] = fits;
        }
        (out, fitted)
    }

    /// Whether something in a directory that is left out could be taken in again.
    pub fn takes_in_again(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.takes_in)
    }
}

fn pattern(line: &str) -> Result<Option<Pattern>, ()> {
    if line.starts_with('#') {
        return Ok(None);
    }
    let line = line.trim();
    let (takes_in, body) = match line.strip_prefix('!') {
        Some(body) => (true, body.trim()),
        None => (false, line),
    };
    if body.is_empty() {
        return if takes_in { Err(()) } else { Ok(None) };
    }
    let path = cleaned(body);
    if takes_in && path == "/" {
        return Err(());
    }
    Ok(Some(Pattern {
        takes_in,
        fits: expression(&path)?,
    }))
}

/// The path without empty and `.` parts, without a slash at either end, and with `a/..` undone;
/// `/` for the root, which no path fits.
fn cleaned(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    match (parts.is_empty(), path.starts_with('/')) {
        (true, true) => "/".to_owned(),
        (true, false) => ".".to_owned(),
        (false, _) => parts.join("/"),
    }
}

/// The regular expression that fits the same paths as the pattern.
fn expression(pattern: &str) -> Result<Regex, ()> {
    let special = ['*', '?', '[', ']', '\\'];
    let body = match pattern.strip_prefix("**") {
        // Docker reads `**name`, with nothing special in the name, as "ends with name".
        Some(name) if !name.starts_with('/') && !name.contains(special) => {
            format!(".*{}", regex::escape(name))
        }
        _ => translated(pattern)?,
    };
    Regex::new(&format!(r"(?s)\A{body}\z")).map_err(|_| ())
}

fn translated(pattern: &str) -> Result<String, ()> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                out += match chars.peek() {
                    None => ".*",
                    Some(_) => "(?:.*/)?",
                };
            }
            '*' => out += "[^/]*",
            '?' => out += "[^/]",
            '[' => out += &class(&mut chars)?,
            '\\' => out += &literal(chars.next().ok_or(())?),
            c => out += &literal(c),
        }
    }
    Ok(out)
}

/// The inside of `[...]`, as Go's `filepath.Match` has it.
fn class(chars: &mut Peekable<Chars<'_>>) -> Result<String, ()> {
    let mut out = String::from("[");
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut empty = true;
    while empty || chars.peek() != Some(&']') {
        let low = class_char(chars)?;
        let high = match chars.next_if_eq(&'-') {
            Some(_) => class_char(chars)?,
            None => low,
        };
        out += &format!("{}-{}", literal(low), literal(high));
        empty = false;
    }
    chars.next();
    out.push(']');
    Ok(out)
}

fn class_char(chars: &mut Peekable<Chars<'_>>) -> Result<char, ()> {
    match chars.next().ok_or(())? {
        '\\' => chars.next().ok_or(()),
        '-' | ']' => Err(()),
        c => Ok(c),
    }
}

/// The character itself, outside and inside of a class, whatever it means otherwise.
fn literal(c: char) -> String {
    format!(r"\x{{{:x}}}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(file: &str, path: &str) -> bool {
        let ignore = Ignore::parse(".dockerignore", file).unwrap();
        let mut fitted = Fitted::default();
        let mut out = false;
        let ends = path.match_indices('/').map(|(i, _)| i).chain([path.len()]);
        for end in ends {
            (out, fitted) = ignore.leaves_out(&path[..end], &fitted);
        }
        out
    }

    #[test]
    fn single_patterns_fit_as_docker_has_them() {
        let table = [
            // pattern, left out, sent
            ("docs", "docs docs/a docs/a/b", "doc docs2 a/docs"),
            ("/docs", "docs docs/a", "a/docs"),
            ("docs/", "docs docs/a", "a/docs"),
            ("./docs", "docs", "a/docs"),
            ("a/../docs", "docs", "a"),
            ("*", "a a/b .env", ""),
            ("*.md", "a.md README.md", "a/b.md a.mdx"),
            ("*/*.md", "a/b.md", "b.md a/b/c.md"),
            ("**/*.md", "b.md a/b.md a/b/c.md", "a/b.mdx"),
            (
                "**/node_modules",
                "node_modules a/node_modules/b",
                "node_modules2",
            ),
            ("**", "a a/b", ""),
            ("**/", "a a/b", ""),
            ("a/**", "a/b a/b/c", "a ab"),
            ("a/**/b", "a/b a/x/b a/x/y/b", "ab a/xb"),
            ("a**/b.txt", "a/b.txt a/c/b.txt ab.txt", "xa/b.txt"),
            ("**file", "file dir/file dir/afile", "file2"),
            ("**fi?e", "file dir/file", "dir/afile"),
            ("a?c", "abc", "ac a/c"),
            ("a[b-d]e", "ace", "ae aae"),
            ("a[^b-d]e", "aze", "ace"),
            ("a\\*b", "a*b", "axb"),
            ("[\\]a]", "] a", "b"),
            ("a.c", "a.c", "abc"),
            ("a.|)$(}+{bc", "a.|)$(}+{bc", "abc"),
            ("a b", "a b", "a"),
        ];
        for (pattern, out, sent) in table {
            let paths = |paths: &str| -> Vec<String> {
                match pattern {
                    "a b" => vec![paths.to_owned()],
                    _ => paths.split_whitespace().map(str::to_owned).collect(),
                }
            };
            for path in paths(out) {
                assert!(left_out(pattern, &path), "{pattern} leaves out {path}");
            }
            for path in paths(sent) {
                assert!(!left_out(pattern, &path), "{pattern} sends {path}");
            }
        }
    }

    #[test]
    fn the_last_pattern_that_fits_decides() {
        assert!(!left_out("*.md\n!README.md", "README.md"));
        assert!(left_out("!README.md\n*.md", "README.md"));
        assert!(left_out(
            "*.md\n!README*.md\nREADME-secret.md",
            "README-secret.md"
        ));
        assert!(!left_out("docs\n!docs/README.md", "docs/README.md"));
        assert!(left_out("docs\n!docs/README.md", "docs/other"));
        assert!(!left_out("**\n!util/web", "util/web/foo"));
        assert!(left_out("**\n!util/web\nutil/web/foo", "util/web/foo"));
        assert!(!left_out("*\n!src/**", "src/a/b.rs"));
        assert!(left_out("x/y\n!x", "x/y"));
    }

    #[test]
    fn comments_blank_lines_and_a_byte_order_mark_say_nothing() {
        let file = "\u{feff}# all\n\n  \r\n a.txt \r\n! a.txt\n#b\nb";
        assert!(!left_out(file, "a.txt"));
        assert!(left_out(file, "b"));
        assert!(!left_out(file, "#b"));
        assert!(left_out(" #c", "#c"));
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_line() {
        for bad in ["!", "!/", "[", "a[", "[]a]", "[-x]", "[x-]", "a\\"] {
            let refused = Ignore::parse(".dockerignore", &format!("ok\n{bad}")).unwrap_err();
            assert_eq!(refused.line, 2, "{bad}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_pattern_times_path() {
        let pattern = format!("{}b", "**/*a*".repeat(60));
        let path = "a".repeat(1_000);
        assert!(!left_out(&pattern, &path));
    }
}
