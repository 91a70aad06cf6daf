//! Who may act: named tokens. A name is what the audit trail shows and what counts as one person
//! of an approval; of its token only the hash is kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Flow;
use super::error::{Code, FlowError};
use crate::domain::audit::AuditEntry;
use crate::domain::digest::Digest;
use crate::domain::name::PersonName;
use crate::domain::transition::{Change, Transition};
use crate::os::{clock, ids};

/// By this prefix a token is known for one wherever it turns up.
const PREFIX: &str = "tok_";
const RANDOM_BYTES: usize = 32;

/// The audit trail has these for acts of nobody.
const RESERVED: [&str; 2] = ["commander", "policy"];

/// A token at its making, the only time that it can be seen.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewToken {
    pub name: PersonName,
    pub token: String,
}

/// The name of a token that may act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownToken {
    pub name: PersonName,
}

impl Flow {
    /// Whose token it is. It is looked up by its hash, so that the time that takes tells nothing
    /// about it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn person_of(&self, token: &str) -> Result<Option<PersonName>, FlowError> {
        Ok(self.store.token(hash(token).as_str())?)
    }

    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn tokens(&self) -> Result<Vec<KnownToken>, FlowError> {
        let names = self.store.tokens()?;
        Ok(names.into_iter().map(|name| KnownToken { name }).collect())
    }

    /// # Errors
    ///
    /// `InvalidInput` for a name that the audit trail keeps for itself, `Conflict` for one that
    /// is taken.
    pub async fn add_token(
        &self,
        name: &PersonName,
        by: &PersonName,
    ) -> Result<NewToken, FlowError> {
        self.write_token(name, by, Vec::new()).await
    }

    /// # Errors
    ///
    /// `NotFound` when there is no such token.
    pub async fn revoke_token(&self, name: &PersonName, by: &PersonName) -> Result<(), FlowError> {
        Ok(self.store.write(Transition::of(revoked(name, by))).await?)
    }

    /// The token of the person who starts this process: the one that is kept in the data
    /// directory, or, where it is lost or was revoked, a new one under that name.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read or written.
    pub async fn own_token(
        &self,
        login: &str,
        kept: Option<String>,
    ) -> Result<NewToken, FlowError> {
        if let Some(token) = kept
            && let Some(name) = self.person_of(&token)?
        {
            return Ok(NewToken { name, token });
        }
        let name = name_of(login);
        let replaced = match self.store.tokens()?.contains(&name) {
            true => revoked(&name, &name),
            false => Vec::new(),
        };
        self.write_token(&name, &name, replaced).await
    }

    async fn write_token(
        &self,
        name: &PersonName,
        by: &PersonName,
        mut changes: Vec<Change>,
    ) -> Result<NewToken, FlowError> {
        if RESERVED.contains(&name.as_str()) {
            return Err(FlowError::new(
                Code::InvalidInput,
                format!(
                    "\"{name}\" is what the audit trail calls acts of nobody: take another name"
                ),
            ));
        }
        let random = ids::secret(RANDOM_BYTES)
            .map_err(|error| FlowError::new(Code::Unavailable, error.to_string()))?;
        let token = format!("{PREFIX}{random}");
        let at = clock::now();
        changes.push(Change::AddToken {
            name: name.clone(),
            hash: hash(&token).to_string(),
            at,
        });
        changes.push(Change::Audit(AuditEntry::new(
            at,
            by.as_str(),
            "token.added",
            name,
        )));
        self.store.write(Transition::of(changes)).await?;
        Ok(NewToken {
            name: name.clone(),
            token,
        })
    }
}

fn revoked(name: &PersonName, by: &PersonName) -> Vec<Change> {
    let at = clock::now();
    vec![
        Change::RevokeToken {
            name: name.clone(),
            at,
        },
        Change::Audit(AuditEntry::new(at, by.as_str(), "token.revoked", name)),
    ]
}

fn hash(token: &str) -> Digest {
    Digest::of_bytes(token.as_bytes())
}

/// A login name as the name of a token: `Ada.Lovelace` is `ada-lovelace`. What leaves nothing, or
/// a reserved name, is `operator`.
fn name_of(login: &str) -> PersonName {
    let label: String = login
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(63)
        .collect();
    // The word at the end has the form of a label.
    PersonName::parse(label.trim_matches('-'))
        .ok()
        .filter(|name| !RESERVED.contains(&name.as_str()))
        .unwrap_or_else(|| PersonName::parse("operator").expect("a label"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_becomes_a_label() {
        for (login, name) in [
            ("ada", "ada"),
            ("Ada.Lovelace", "ada-lovelace"),
            ("CORP\\ada", "corp-ada"),
            ("_www", "www"),
            ("", "operator"),
            ("---", "operator"),
            ("commander", "operator"),
            ("Ünal", "nal"),
        ] {
            assert_eq!(name_of(login).as_str(), name, "{login}");
        }
    }
}
