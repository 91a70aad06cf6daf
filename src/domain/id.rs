//! Identifiers: a prefix that says what is named, and a UUIDv7, so that they sort by birth.
//! They are made in `os::ids`; here they are only checked and carried.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{shown}\" is not the id of a {what}: it looks like {prefix}_018f3c5e7d0a7c31b2a44f6f0c9d1e22"
)]
pub struct InvalidId {
    what: &'static str,
    prefix: &'static str,
    shown: String,
}

/// An id type that `os::ids` can make.
pub trait Id: Sized {
    const PREFIX: &'static str;

    /// Takes the 32 hexadecimal digits that follow the prefix; they come from `os::ids` alone.
    fn from_digits(digits: &str) -> Self;
}

/// Whether a text has the form of an id, of whatever kind.
pub fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, digits)| {
        prefix.len() == 3 && prefix.bytes().all(|b| b.is_ascii_lowercase()) && are_digits(digits)
    })
}

fn are_digits(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

macro_rules! id {
    ($(#[$doc:meta])* $type:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $type(String);

        impl $type {
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let digits = text.strip_prefix(concat!($prefix, "_"));
                match digits {
                    Some(digits) if are_digits(digits) => Ok(Self(text.to_owned())),
                    _ => Err(InvalidId { what: $what, prefix: $prefix, shown: super::text::printable(text, 80) }),
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The 32 hexadecimal digits after the prefix.
            pub fn digits(&self) -> &str {
                &self.0[$prefix.len() + 1..]
            }

            /// The last eight digits, random ones: for people's eyes and container names.
            pub fn short(&self) -> &str {
                &self.0[self.0.len() - 8..]
            }
        }

        impl Id for $type {
            const PREFIX: &'static str = $prefix;
            fn from_digits(digits: &str) -> Self {
                Self(format!("{}_{digits}", $prefix))
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(/// A sentence that somebody typed.
    CommandId, "cmd", "command");
id!(/// The conversation a command belongs to.
    ThreadId, "thr", "thread");
id!(PlanId, "pln", "plan");
id!(ApprovalId, "apr", "approval");
id!(ExecutionId, "exe", "execution");
id!(ReleaseId, "rel", "release");
id!(WatchId, "wat", "watch");
id!(IncidentId, "inc", "incident");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_kind() {
        let text = "pln_018f3c5e7d0a7c31b2a44f6f0c9d1e22";
        assert_eq!(PlanId::parse(text).unwrap().short(), "0c9d1e22");
        assert!(ReleaseId::parse(text).is_err());
        assert!(PlanId::parse("pln_../../etc/passwd").is_err());
    }
}
