//! Names for a point in a repository's history: a branch, a tag, a commit.
//!
//! A [`RefName`] is data. Its form leaves no room for git's revision syntax (`HEAD@{1}`, `a..b`,
//! `:/text`), for an option, a path out of the repository, or a character that a shell knows: it is
//! only ever compared with the full names of references and with the digits of commits.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::printable;

/// The longest name, in bytes. Git has no limit of its own; the file systems that keep the names
/// stop at 255 for each part.
const LONGEST: usize = 200;

/// The fewest digits that name a commit: what git itself shows at least. With fewer, a mistyped
/// version number would often be some commit.
const FEWEST_DIGITS: usize = 7;

/// The name of a branch or tag, alone or in full (`refs/tags/v1`), or the first digits of a commit.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct RefName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{shown}\" cannot be the name of a branch, tag or commit: {why}. Something named otherwise can be deployed by the digits of its commit"
)]
pub struct InvalidRefName {
    shown: String,
    why: &'static str,
}

impl RefName {
    /// Git's own rules (git-check-ref-format), and stricter: only ASCII letters, digits and
    /// `. _ - / + # = % , @`, at most 200 bytes. Letters of other scripts are refused because they
    /// look like these.
    pub fn parse(text: &str) -> Result<Self, InvalidRefName> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(InvalidRefName {
                shown: printable(text, 80),
                why,
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as lower-case digits, if it can be a commit, whole or shortened.
    pub fn as_commit_digits(&self) -> Option<String> {
        let is_digits = (FEWEST_DIGITS..=40).contains(&self.0.len())
            && self.0.bytes().all(|b| b.is_ascii_hexdigit());
        is_digits.then(|| self.0.to_ascii_lowercase())
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/+#=%,@".contains(c);
    let bad_part =
        |part: &str| part.is_empty() || part.starts_with(['.', '-']) || part.ends_with(".lock");
    if text.is_empty() {
        Some("it is empty")
    } else if text.len() > LONGEST {
        Some("it is longer than 200 characters")
    } else if !text.chars().all(allowed) {
        Some("use letters a to z, digits, and . _ - / + # = % , @ only")
    } else if text.contains("..") || text.ends_with('.') || text == "@" {
        Some("git gives its dots or its @ another meaning")
    } else if text.split('/').any(bad_part) {
        Some("a part between slashes is empty, begins with a dot or a dash, or ends with .lock")
    } else {
        None
    }
}

impl TryFrom<String> for RefName {
    type Error = InvalidRefName;
    fn try_from(text: String) -> Result<Self, InvalidRefName> {
        Self::parse(&text)
    }
}

impl From<RefName> for String {
    fn from(name: RefName) -> String {
        name.0
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a name turned out to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefKind {
    Tag,
    Branch,
    Commit,
}

/// A name looked up: the commit that is meant, and what a person wants to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The branch or tag without `refs/`, or all digits of the commit.
    pub name: String,
    pub kind: RefKind,
    /// All forty digits. For an annotated tag: of the commit it was put on.
    pub commit: String,
    /// The digits of the commit's tree.
    pub tree: String,
    /// When it was committed, by the committer's clock.
    pub committed_at: Timestamp,
    /// The author's name, capped and printable.
    pub author: String,
    /// The first line of the message, capped and printable.
    pub subject: String,
}

/// A branch or tag, for completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefInfo {
    pub name: RefName,
    pub kind: RefKind,
    pub commit: String,
    /// When the annotated tag was made; of a branch or plain tag, when its commit was.
    pub at: Timestamp,
    pub subject: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_names_are_names() {
        for good in [
            "main",
            "v1.4.2",
            "release/2026-11",
            "feature/JIRA-123_fix",
            "fix#42",
            "@scope/pkg@1.0.0",
            "1.0.0+build.5",
            "refs/tags/v1",
            "0123abc",
        ] {
            assert!(RefName::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn hc_63_what_is_no_plain_name_is_refused() {
        for bad in [
            "",
            " ",
            "HEAD@{1}",
            "main@{upstream}",
            "@",
            "@{-1}",
            "a..b",
            "a...b",
            "main^",
            "main~3",
            ":/fix",
            "main:Dockerfile",
            "--upload-pack=x",
            "-x",
            "feature/-x",
            "a\nb",
            "main\n",
            "a\0b",
            "`id`",
            "$(id)",
            "; rm -rf /",
            "main;id",
            "a|b",
            "a&b",
            "a>b",
            "a'b",
            "a\"b",
            "a\\b",
            "a*",
            "a?",
            "a[b]",
            "../../etc/passwd",
            "/etc/passwd",
            "a//b",
            "a/",
            "./a",
            ".git",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "m\u{430}in",
            "ma\u{200b}in",
            "\u{ff4d}ain",
            &"a".repeat(LONGEST + 1),
        ] {
            assert!(RefName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refused_name_is_shown_with_code_points() {
        let refused = RefName::parse("v1\u{202e}\n").unwrap_err().to_string();
        assert!(refused.contains("v1U+202E "), "{refused}");
    }

    #[test]
    fn only_seven_to_forty_digits_can_be_a_commit() {
        let digits = |text: &str| RefName::parse(text).unwrap().as_commit_digits();
        assert_eq!(digits("ABCDEF0"), Some("abcdef0".to_owned()));
        assert_eq!(digits("abcdef"), None);
        assert_eq!(digits("2026111"), Some("2026111".to_owned()));
        assert_eq!(digits(&"a".repeat(41)), None);
        assert_eq!(digits("abcdefg"), None);
    }
}
