//! Digests over canonical JSON: the same value gives the same bytes on every machine.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 in the form `sha256:` and 64 lower-case hexadecimal digits.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct Digest(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected \"sha256:\" and 64 lower-case hexadecimal digits")]
pub struct InvalidDigest;

impl Digest {
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
    }

    /// The digest of the canonical JSON of a value.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self::of_bytes(canonical_json(value).as_bytes())
    }

    pub fn parse(text: &str) -> Result<Self, InvalidDigest> {
        let digits = text.strip_prefix("sha256:").ok_or(InvalidDigest)?;
        if digits.len() == 64
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDigest)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, as Docker shows them.
    pub fn short(&self) -> &str {
        &self.0["sha256:".len().."sha256:".len() + 12]
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;
    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON without white space and with the members of each object in the order of their names
/// (the order of `serde_json::Map`, which is a `BTreeMap` here: the feature `preserve_order` is off).
///
/// # Panics
///
/// When the value cannot be JSON at all (a map with keys that are not strings): the types of
/// this crate that are digested are plain structs, and a test digests each of them.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    // Only a map with other keys than strings cannot be JSON, and no digested type has one.
    let value = serde_json::to_value(value).expect("digested types have string keys only");
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_order_does_not_change_the_digest() {
        let one: serde_json::Value =
            serde_json::from_str(r#"{"b":1,"a":{"d":[1,2],"c":null}}"#).unwrap();
        let two: serde_json::Value =
            serde_json::from_str(r#"{ "a": {"c":null, "d":[1,2]}, "b":1 }"#).unwrap();
        assert_eq!(Digest::of(&one), Digest::of(&two));
        assert_eq!(canonical_json(&one), r#"{"a":{"c":null,"d":[1,2]},"b":1}"#);
    }

    #[test]
    fn a_changed_value_changes_the_digest() {
        assert_ne!(Digest::of(&[1, 2]), Digest::of(&[2, 1]));
        assert_eq!(Digest::of(&0).short().len(), 12);
    }
}
