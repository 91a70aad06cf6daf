//! Secrets stay out of the configuration: where one belongs only a reference is taken, and where
//! a plain value belongs what looks like a secret is refused, because plain values are shown in
//! plans and stored. No refusal here repeats the value.

use url::Url;

use super::given::Given;
use super::mistake::Refused;
use crate::domain::snapshot::SecretReference;

const REFERENCE: &str = "a reference to a secret, \"env:NAME\" or \"file:/absolute/path\"";
const NOT_SHOWN: &str = "something else (not shown, it may be the secret itself)";

/// Where notes of incidents are sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Webhook {
    /// Whoever knows the address of a webhook can post there: it is never shown in full.
    Address(String),
    Secret(SecretReference),
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(_) => f.write_str("Address(not shown)"),
            Self::Secret(reference) => f.debug_tuple("Secret").field(reference).finish(),
        }
    }
}

pub(super) fn secret(given: Given<'_>) -> Result<SecretReference, Refused> {
    given
        .text()
        .and_then(|text| SecretReference::try_from(text.to_owned()).ok())
        .ok_or_else(|| Refused::expected(REFERENCE).found(NOT_SHOWN))
}

pub(super) fn webhook(given: Given<'_>) -> Result<Webhook, Refused> {
    if let Ok(reference) = secret(given) {
        return Ok(Webhook::Secret(reference));
    }
    given
        .text()
        .filter(|text| {
            Url::parse(text).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.has_host() && !has_password(&url)
            })
        })
        .map(|text| Webhook::Address(text.to_owned()))
        .ok_or_else(|| {
            Refused::expected(format!("an http:// or https:// address, or {REFERENCE}"))
                .found(NOT_SHOWN)
        })
}

/// A plain value with a name: a variable of a container or a build argument.
pub(super) fn plain_value(name: &str, given: Given<'_>) -> Result<String, Refused> {
    let Some(text) = given.text() else {
        let refused = Refused::expected("a string; put numbers and booleans in quotes");
        return Err(refused.found(given.type_name()));
    };
    if text.contains('\0') || text.len() > 64 * 1024 {
        let refused = Refused::expected("a text of at most 64 KiB without NUL");
        return Err(refused.found("another one"));
    }
    match looks_like_a_secret(name, text) {
        Some(reason) => Err(Refused::expected(
            "a value that everybody may see; secrets go into the table `secrets` of the service, as references",
        )
        .found(reason)),
        None => Ok(text.to_owned()),
    }
}

/// Why a value is taken for a secret. It errs on the side of refusing: a harmless value
/// can always be given as a reference instead.
fn looks_like_a_secret(name: &str, value: &str) -> Option<&'static str> {
    if value.contains("-----BEGIN") && value.contains("PRIVATE KEY") {
        Some("a private key")
    } else if Url::parse(value).is_ok_and(|url| has_password(&url)) {
        Some("an address with a password in it")
    } else if TOKEN_BEGINNINGS
        .iter()
        .any(|beginning| value.starts_with(beginning))
    {
        Some("a token of a known service")
    } else if names_a_secret(name) && !is_switch(value) {
        Some("a value under the name of a secret (not shown)")
    } else {
        None
    }
}

/// How tokens of widely used services begin, by their documentation.
const TOKEN_BEGINNINGS: [&str; 11] = [
    "AKIA",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "sk-ant-",
    "sk-proj-",
    "xoxb-",
    "xoxp-",
];

/// By the end of the name: `DB_PASSWORD` is one, `PASSWORD_MIN_LENGTH` is not.
fn names_a_secret(name: &str) -> bool {
    const ENDINGS: [&str; 10] = [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "TOKEN",
        "CREDENTIALS",
        "API_KEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "SECRET_KEY",
    ];
    let name = name.to_ascii_uppercase();
    ENDINGS
        .iter()
        .filter_map(|ending| name.strip_suffix(ending))
        .any(|before| before.is_empty() || before.ends_with('_'))
}

fn is_switch(value: &str) -> bool {
    matches!(value, "" | "true" | "false" | "on" | "off" | "yes" | "no")
}

pub(super) fn has_password(url: &Url) -> bool {
    url.password().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_recognised_by_name_or_by_form() {
        for (name, value) in [
            ("DB_PASSWORD", "hunter2"),
            ("api_key", "x"),
            ("DATABASE_URL", "postgres://shop:hunter2@db/shop"),
            ("KEY", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
            ("GITHUB", "ghp_abcdefghijklmnop"),
        ] {
            assert!(looks_like_a_secret(name, value).is_some(), "{name}");
        }
        for (name, value) in [
            ("PASSWORD_MIN_LENGTH", "12"),
            ("DATABASE_URL", "postgres://db/shop"),
            ("CSRF_TOKEN", "on"),
            ("MONKEY", "banana"),
            ("LOG_LEVEL", "debug"),
        ] {
            assert_eq!(looks_like_a_secret(name, value), None, "{name}");
        }
    }

    #[test]
    fn the_address_of_a_webhook_is_not_shown() {
        let address = Webhook::Address("https://hooks.example.com/T0/B0/secret".to_owned());
        assert!(!format!("{address:?}").contains("secret"));
    }
}
