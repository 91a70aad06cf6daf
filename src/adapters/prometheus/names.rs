//! The metric names that a query uses, for the hint that one of them may be misspelt.
//!
//! This is no PromQL parser, and nothing is decided by it: a word that stands where a metric name
//! can stand and is no part of the language is taken for one.

/// Words of the language that can stand where a name can.
const WORDS: [&str; 14] = [
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "start",
    "end",
    "atan2",
];

/// Words that are followed by a list of labels in parentheses.
const BEFORE_LABELS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// The names in the order in which they appear, each once.
pub(super) fn metric_names(query: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = query;
    let mut word_before = "";
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' | '`' => string_length(rest, first),
            '{' => enclosed_length(rest, '}'),
            '[' => enclosed_length(rest, ']'),
            '(' if BEFORE_LABELS.contains(&word_before) => enclosed_length(rest, ')'),
            c if c.is_alphanumeric() || c == '_' || c == ':' => word_length(rest),
            c => c.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        if is_metric(token, behind) && !names.iter().any(|name| name == token) {
            names.push(token.to_owned());
        }
        if !token.trim().is_empty() {
            word_before = token;
        }
        rest = behind;
    }
    names
}

/// A word that is no keyword, number or duration, and no function or aggregation: those are
/// followed by a parenthesis, or by the labels that they aggregate by.
fn is_metric(token: &str, behind: &str) -> bool {
    let begins_like_a_name =
        token.starts_with(|c: char| c.is_ascii_alphabetic() || "_:".contains(c));
    let behind = behind.trim_start();
    let aggregates = ["by", "without"]
        .iter()
        .any(|word| word_length(behind) == word.len() && behind.starts_with(word));
    let is_number = ["inf", "nan"].contains(&token.to_ascii_lowercase().as_str());
    begins_like_a_name
        && !behind.starts_with('(')
        && !aggregates
        && !is_number
        && !WORDS.contains(&token)
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len())
}

/// Up to and with the closing quote; between backticks a backslash is itself.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Up to and with the closing bracket, past any inside a string.
fn enclosed_length(text: &str, close: char) -> usize {
    let mut at = 1;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' | '`' => at += string_length(&text[at..], c),
            c if c == close => return at + c.len_utf8(),
            c => at += c.len_utf8(),
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_functions_keywords_and_labels() {
        let query = r#"sum by (job, code) (rate(http_requests_total{code=~"5..",x="a}b"}[60s] offset 5m))
            / on (job) group_left (x) (sum without(le) (job:total:rate5m) > bool 1e3) or vector(0)"#;
        assert_eq!(
            metric_names(query),
            ["http_requests_total", "job:total:rate5m"]
        );
        let query = r#"histogram_quantile(0.95, sum(rate(d_bucket{a='it\'s'}[1m])) by (le)) + Inf and d_bucket"#;
        assert_eq!(metric_names(query), ["d_bucket"]);
    }

    #[test]
    fn odd_text_ends() {
        for odd in ["", "\"", "{", "a{b=\"", "é{", "[", "sum by (", "`\\`"] {
            metric_names(odd);
        }
    }
}
