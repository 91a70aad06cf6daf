//! The agent definitions of `agents/`, as the binary carries them.

/// The embedded interpreter: its limits and the words that it knows.
pub const INTERPRETER: &str = include_str!("../agents/interpreter.toml");

/// Its words in other languages than English.
pub const LANGUAGES: [&str; 5] = [
    include_str!("../agents/interpreter.de.toml"),
    include_str!("../agents/interpreter.es.toml"),
    include_str!("../agents/interpreter.fr.toml"),
    include_str!("../agents/interpreter.pt.toml"),
    include_str!("../agents/interpreter.zh.toml"),
];

/// The embedded advisor: the phrases by which it recognises what a procedure demands.
pub const ADVISOR: &str = include_str!("../agents/advisor.toml");

/// Its phrases in other languages than English.
pub const ADVISOR_LANGUAGES: [&str; 5] = [
    include_str!("../agents/advisor.de.toml"),
    include_str!("../agents/advisor.es.toml"),
    include_str!("../agents/advisor.fr.toml"),
    include_str!("../agents/advisor.pt.toml"),
    include_str!("../agents/advisor.zh.toml"),
];
