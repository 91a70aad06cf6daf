//! Secrets: looked up at the moment a container is created, and known afterwards only by a keyed
//! hash that shows whether one has changed.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::execution::{Fault, FaultKind};
use crate::domain::snapshot::SecretReference;
use crate::os::env;

/// The data directory's own key: a hash made with it tells nobody else anything.
#[derive(Clone)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    pub fn new(key: Vec<u8>) -> Self {
        Self(key)
    }

    /// A hash over names and values; the same secrets give the same one.
    pub fn fingerprint(&self, values: &BTreeMap<String, String>) -> String {
        // HMAC hashes a key that is longer than a block, and pads one that is shorter.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes a key of any length");
        for (name, value) in values {
            for part in [name, value] {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part.as_bytes());
            }
        }
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

/// The values of the references.
///
/// # Errors
///
/// Names the reference that cannot be had, never a value.
pub fn resolve(
    secrets: &BTreeMap<String, SecretReference>,
) -> Result<BTreeMap<String, String>, Fault> {
    secrets
        .iter()
        .map(|(name, reference)| Ok((name.clone(), value(name, reference)?)))
        .collect()
}

/// The value of one reference.
///
/// # Errors
///
/// Names the reference that cannot be had, never a value.
pub fn value(name: &str, reference: &SecretReference) -> Result<String, Fault> {
    let missing = |what: String| Fault::new(FaultKind::NotFound, what);
    match reference {
        SecretReference::Environment(variable) => env::variable(variable).and_then(|value| value.into_string().ok()).ok_or_else(|| {
            missing(format!(
                "the secret {name} is to come from the environment variable {variable}, which Commander does not have as text"
            ))
        }),
        SecretReference::File(path) => std::fs::read_to_string(path)
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| {
                missing(format!("the secret {name} is to come from {path}, which cannot be read: {error}"))
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_secret_changes_the_fingerprint_and_is_not_in_it() {
        let key = SecretKey::new(b"key".to_vec());
        let secrets = |value: &str| BTreeMap::from([("PASSWORD".to_owned(), value.to_owned())]);
        let one = key.fingerprint(&secrets("hunter2"));
        assert_eq!(one, key.fingerprint(&secrets("hunter2")));
        assert_ne!(one, key.fingerprint(&secrets("hunter3")));
        assert!(!one.contains("hunter2"));
    }

    #[test]
    fn a_missing_secret_is_named_without_its_value() {
        let secrets = BTreeMap::from([(
            "PASSWORD".to_owned(),
            SecretReference::File("/nonexistent/secret".to_owned()),
        )]);
        let fault = resolve(&secrets).unwrap_err();
        assert!(fault.message.contains("PASSWORD"), "{fault}");
    }
}
