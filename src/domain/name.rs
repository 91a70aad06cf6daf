//! Names that a person chose: of services, environments, tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{shown}\" is not a {what} name: use 1 to 63 lower-case letters, digits and dashes, beginning with a letter or digit"
)]
pub struct InvalidName {
    what: &'static str,
    shown: String,
}

/// The form is that of a DNS label, because names end up in container names, labels and host names.
fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $type(String);

        impl $type {
            /// Checks the form of a DNS label (RFC 1123): 1 to 63 of `a-z`, `0-9`, `-`, no dash at either end.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                if is_label(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { what: $what, shown: super::text::printable(text, 80) })
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The thing deployed: a repository, a Dockerfile, its environments.
    ServiceName,
    "service"
);
name!(
    /// One named place a service runs.
    EnvironmentName,
    "environment"
);
name!(
    /// A test of a service, by the key it has in the configuration.
    TestName,
    "test"
);
name!(
    /// Who acts: the name of the token that was used.
    PersonName,
    "token"
);
name!(
    /// A script that may run, by its name in the manifest.
    ScriptName,
    "script"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dns_label() {
        for good in ["shop", "a", "web-2", "0day"] {
            assert!(ServiceName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "Shop",
            "a_b",
            "a.b",
            "a b",
            "a/b",
            "café",
            &"a".repeat(64),
        ] {
            assert!(ServiceName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refused_name_is_shown_without_its_control_characters() {
        let refused = ServiceName::parse("a\u{1b}[31m\n\u{202e}b")
            .unwrap_err()
            .to_string();
        assert!(!refused.chars().any(char::is_control), "{refused:?}");
        assert!(!refused.contains('\u{202e}'), "{refused:?}");
    }
}
