//! What a command ends with: the closed list of exit codes, and why it did not do what it was
//! asked to.

use std::io;
use std::process::ExitCode;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::ConfigErrors;
use crate::domain::advice::Finding;
use crate::domain::text::printable;
use crate::flow::Code;
use crate::os::http::HttpError;

/// After BSD's sysexits, 0, 1 and 130 apart. `commander --help` shows this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    Failed = 1,
    Usage = 64,
    Data = 65,
    NoInput = 66,
    Unavailable = 69,
    Internal = 70,
    Output = 74,
    TryLater = 75,
    NotAllowed = 77,
    Interrupted = 130,
}

/// For the end of `commander --help`.
pub const HELP: &str = "Exit codes:
    0  done
    1  what was asked about failed: an execution that failed or was rolled back, a broken chain
   64  the command line or the configuration is wrong
   65  what was given is not understood or does not exist: a sentence, an id, a file's content
   66  a file cannot be read
   69  the server, or something that it needs, does not answer
   70  a mistake of Commander itself
   74  the output cannot be written
   75  somebody else was first, or it is too late or too early: look again, then try again
   77  not allowed: no right to it, or a procedure forbids it
  130  interrupted: what runs on the server goes on";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do it. Each is a sentence for the person who typed it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Configuration(#[from] ConfigErrors),
    #[error("{0}")]
    Usage(String),
    /// What was named does not exist, or is not unique.
    #[error("{0}")]
    Data(String),
    #[error(
        "Commander is not running ({why}): start it with `commander serve`, in another terminal"
    )]
    NoServer { why: String },
    #[error("Commander does not answer at {address}: {source}")]
    NoAnswer { address: String, source: HttpError },
    /// The server said no.
    #[error("{0}")]
    Problem(Box<Problem>),
    #[error(
        "the answer of the server was not understood ({0}): the two may be of different versions, compare `commander --version` and `commander status`"
    )]
    NotUnderstood(String),
    #[error("{what} cannot be read: {source}")]
    Unreadable { what: String, source: io::Error },
    #[error("{what} cannot be written: {source}")]
    Unwritable { what: String, source: io::Error },
    /// Something that it needs is not there.
    #[error("{0}")]
    Unavailable(String),
    /// Somebody else works on it.
    #[error("{0}")]
    Later(String),
    /// What was asked about is not as it should be.
    #[error("{0}")]
    Broken(String),
    #[error("the output cannot be written: {0}")]
    Output(#[source] io::Error),
    #[error("{0}")]
    Internal(String),
}

/// `application/problem+json`, as far as a command line needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub status: u16,
    /// Absent for what is refused before the flow sees it.
    #[serde(default, deserialize_with = "of_flow")]
    pub code: Option<Code>,
    /// One sentence that says what to do.
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// What the procedures found, where they are the reason.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let detail = printable(&self.detail, 2000);
        match (detail.is_empty(), &self.correlation_id) {
            (true, _) => write!(f, "the server answered with status {}", self.status),
            // A fault of the server is looked up in its log.
            (false, Some(id)) if self.status >= 500 => {
                write!(f, "{detail} (correlation id {})", printable(id, 80))
            }
            (false, _) => f.write_str(&detail),
        }
    }
}

impl Problem {
    fn exit(&self) -> Exit {
        match self.code {
            Some(Code::InvalidInput | Code::NotFound | Code::Shortened) => Exit::Data,
            Some(Code::NotAllowed | Code::Blocked | Code::Quarantined) => Exit::NotAllowed,
            Some(Code::Unavailable | Code::Storage) => Exit::Unavailable,
            Some(Code::Tampered) => Exit::Internal,
            Some(
                Code::Conflict
                | Code::DigestMismatch
                | Code::Drift
                | Code::Expired
                | Code::Superseded
                | Code::NotPending
                | Code::NothingToRollBackTo
                | Code::NothingLive
                | Code::TooLate,
            ) => Exit::TryLater,
            None => self.exit_by_status(),
        }
    }

    fn exit_by_status(&self) -> Exit {
        match self.status {
            401 | 403 => Exit::NotAllowed,
            409 | 429 => Exit::TryLater,
            400..500 => Exit::Data,
            _ => Exit::Unavailable,
        }
    }
}

/// The code, where it is one of the flow's; a surface's own says no more than its status.
fn of_flow<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Code>, D::Error> {
    let code = Option::<String>::deserialize(deserializer)?;
    let known = |code: String| -> Result<Code, serde::de::value::Error> {
        Code::deserialize(code.into_deserializer())
    };
    Ok(code.and_then(|code| known(code).ok()))
}

/// A failure for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureReport<'a> {
    error: String,
    exit_code: u8,
    /// What the server answered, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a Problem>,
}

impl Failure {
    pub fn as_json(&self) -> FailureReport<'_> {
        FailureReport {
            error: self.to_string(),
            exit_code: self.exit() as u8,
            problem: match self {
                Self::Problem(problem) => Some(problem),
                _ => None,
            },
        }
    }

    /// Whether nobody answered.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::NoServer { .. } | Self::NoAnswer { .. })
    }

    pub fn exit(&self) -> Exit {
        match self {
            Self::Configuration(_) | Self::Usage(_) => Exit::Usage,
            Self::Data(_) => Exit::Data,
            Self::NoServer { .. } | Self::NoAnswer { .. } | Self::NotUnderstood(_) => {
                Exit::Unavailable
            }
            Self::Problem(problem) => problem.exit(),
            Self::Unreadable { .. } => Exit::NoInput,
            Self::Output(_) | Self::Unwritable { .. } => Exit::Output,
            Self::Unavailable(_) => Exit::Unavailable,
            Self::Later(_) => Exit::TryLater,
            Self::Broken(_) => Exit::Failed,
            Self::Internal(_) => Exit::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_no_becomes_an_exit_code() {
        let exit = |json: &str| {
            let problem: Problem = serde_json::from_str(json).unwrap();
            Failure::Problem(Box::new(problem)).exit()
        };
        assert_eq!(
            exit(r#"{"status":401,"code":"unauthorised"}"#),
            Exit::NotAllowed
        );
        assert_eq!(exit(r#"{"status":404,"code":"not_found"}"#), Exit::Data);
        assert_eq!(exit(r#"{"status":409,"code":"drift"}"#), Exit::TryLater);
        assert_eq!(exit(r#"{"status":422,"code":"blocked"}"#), Exit::NotAllowed);
        assert_eq!(
            exit(r#"{"status":422,"code":"nothing_live"}"#),
            Exit::TryLater
        );
        assert_eq!(
            exit(r#"{"status":503,"code":"unavailable"}"#),
            Exit::Unavailable
        );
        assert_eq!(exit(r#"{"status":502}"#), Exit::Unavailable);
    }

    #[test]
    fn every_exit_code_is_in_the_help() {
        for exit in [
            Exit::Ok,
            Exit::Failed,
            Exit::Usage,
            Exit::Data,
            Exit::NoInput,
            Exit::Unavailable,
            Exit::Internal,
            Exit::Output,
            Exit::TryLater,
            Exit::NotAllowed,
            Exit::Interrupted,
        ] {
            let line = format!("{:>5}  ", exit as u8);
            assert!(HELP.lines().any(|l| l.starts_with(&line)), "{exit:?}");
        }
    }
}
