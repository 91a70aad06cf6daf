//! Names and ids that go into the path of a request. The client does not escape them, so each
//! has a type whose only way in checks its characters: a name cannot become another request.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::text::printable;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{shown}\" is not {what}")]
pub struct InvalidIdentifier {
    what: &'static str,
    shown: String,
}

impl InvalidIdentifier {
    fn new(what: &'static str, text: &str) -> Self {
        Self {
            what,
            shown: printable(text, 100),
        }
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $type:ident, $check:path, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// # Errors
            ///
            /// When the text has another form.
            pub fn parse(text: &str) -> Result<Self, InvalidIdentifier> {
                if $check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidIdentifier::new($what, text))
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidIdentifier;
            fn try_from(text: String) -> Result<Self, InvalidIdentifier> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(identifier: $type) -> String {
                identifier.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// The id that the engine gave a container: 64 hexadecimal digits.
    ContainerId,
    is_container_id,
    "the id of a container: 64 hexadecimal digits"
);
identifier!(
    /// The name of a container.
    ContainerName,
    is_object_name,
    "the name of a container: 2 to 128 of a-z, A-Z, 0-9, \"_\", \".\" and \"-\", beginning with a letter or digit"
);
identifier!(
    /// The name of a user-defined network.
    NetworkName,
    is_object_name,
    "the name of a network: 2 to 128 of a-z, A-Z, 0-9, \"_\", \".\" and \"-\", beginning with a letter or digit"
);
identifier!(
    /// The name of a volume that the engine keeps.
    VolumeName,
    is_object_name,
    "the name of a volume: 2 to 128 of a-z, A-Z, 0-9, \"_\", \".\" and \"-\", beginning with a letter or digit"
);
identifier!(
    /// The data directory's random id, by which two Commanders on one engine know their own.
    Instance,
    is_object_name,
    "the id of an instance: 2 to 128 of a-z, A-Z, 0-9, \"_\", \".\" and \"-\", beginning with a letter or digit"
);
identifier!(
    /// A reference to an image as a Dockerfile or a `docker pull` writes it:
    /// `[registry[:port]/]path[:tag][@digest]`.
    ImageReference,
    is_image_reference,
    "a reference to an image, like registry.example.com/team/shop:1.4"
);

impl ContainerId {
    /// The first twelve digits, as Docker shows them.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl ImageReference {
    /// The part that names the repository, and the tag or digest (`latest` where none is given),
    /// which is how the engine wants them for a pull or a tag.
    pub(super) fn split(&self) -> (&str, &str) {
        if let Some((repository, digest)) = self.0.split_once('@') {
            return (tag_of(repository).0, digest);
        }
        let (repository, tag) = tag_of(&self.0);
        (repository, tag.unwrap_or("latest"))
    }
}

fn is_container_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(is_hex)
}

fn is_hex(b: u8) -> bool {
    b.is_ascii_digit() || (b'a'..=b'f').contains(&b)
}

/// The engine's own rule for names (`[a-zA-Z0-9][a-zA-Z0-9_.-]+`), with a length.
fn is_object_name(text: &str) -> bool {
    (2..=128).contains(&text.len()) && is_word(text)
}

fn is_word(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_image_reference(text: &str) -> bool {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let (repository, tag) = tag_of(name);
    let (registry, path) = match repository.split_once('/') {
        Some((host, path)) if host.contains([':', '.']) || host == "localhost" => {
            (Some(host), path)
        }
        _ => (None, repository),
    };
    text.len() <= 512
        && registry.is_none_or(is_registry)
        && path.split('/').all(|part| {
            is_word(part) && !part.contains("..") && !part.bytes().any(|b| b.is_ascii_uppercase())
        })
        && tag.is_none_or(|tag| tag.len() <= 128 && is_word(tag.strip_prefix('_').unwrap_or(tag)))
        && digest.is_none_or(is_digest)
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    is_word(host) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, digits)| {
        is_word(algorithm) && digits.len() >= 32 && digits.bytes().all(is_hex)
    })
}

/// A colon behind the last slash begins the tag; one before it belongs to the registry's port.
fn tag_of(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        for bad in [
            "",
            "a",
            "../images/prune",
            "a/b",
            "a?force=1",
            "a#b",
            "a%2e",
            "-rm",
            "a b",
            "a\n",
        ] {
            assert!(ContainerName::parse(bad).is_err(), "{bad}");
            assert!(ContainerId::parse(bad).is_err(), "{bad}");
        }
        assert!(ContainerName::parse("shop-production_1.2").is_ok());
    }

    #[test]
    fn references_are_those_that_the_engine_knows() {
        for good in [
            "alpine",
            "alpine:3.20",
            "library/alpine",
            "localhost:5000/team/shop:v1.4.2",
            "ghcr.io/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(ImageReference::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "../x",
            "a//b",
            "a/../b",
            "Alpine",
            "alpine:",
            "alpine: 3",
            "alpine?x=1",
            "a@sha256:..",
            "$BASE",
        ] {
            assert!(ImageReference::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pull_always_names_one_tag() {
        let split = |text: &str| {
            let reference = ImageReference::parse(text).unwrap();
            let (repository, tag) = reference.split();
            (repository.to_owned(), tag.to_owned())
        };
        assert_eq!(split("alpine"), ("alpine".into(), "latest".into()));
        assert_eq!(
            split("localhost:5000/shop"),
            ("localhost:5000/shop".into(), "latest".into())
        );
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(split(&format!("shop:1@{digest}")), ("shop".into(), digest));
    }
}
