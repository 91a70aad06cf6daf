//! What can go wrong between this house and the engine, whatever the call: one closed list,
//! each with a sentence that says what to do.
//!
//! Calls that can fail in ways of their own (a build, a start) have error types of their own
//! beside them and carry an [`EngineError`] for the rest.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use bollard::errors::Error as ClientError;

use crate::domain::text::printable;

/// Characters of a message from the engine that are kept.
const MESSAGE_CHARS: usize = 600;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    #[error(
        "The Docker engine does not answer at {address} ({cause}): start it (`sudo systemctl start docker`) or set DOCKER_HOST to where it listens."
    )]
    NotRunning { address: String, cause: String },
    #[error(
        "No permission to use the Docker engine at {address}: add this user to the group docker (`sudo usermod -aG docker $USER`, then sign in again), or run with sudo."
    )]
    NoPermission { address: String },
    #[error(
        "DOCKER_HOST \"{given}\" cannot be used: {why}. Give unix:///path/to/docker.sock or tcp://host:port, or leave it out for /var/run/docker.sock."
    )]
    BadAddress { given: String, why: &'static str },
    #[error(
        "Docker engine {engine} speaks API {offers}, and Commander needs one of {needs}: upgrade the older of the two."
    )]
    Unsupported {
        engine: String,
        offers: String,
        needs: String,
    },
    #[error(
        "The Docker engine was asked to {doing} and gave no answer within {} s: look at its log (`journalctl -u docker`) and restart it if it hangs.",
        after.as_secs()
    )]
    Hanging {
        doing: &'static str,
        after: Duration,
    },
    #[error(
        "The connection to the Docker engine broke while it was asked to {doing} ({cause}): look whether the engine was restarted, then try again."
    )]
    ConnectionLost { doing: &'static str, cause: String },
    #[error(
        "The Docker engine has no space left to {doing} ({message}): free some with `docker image prune` and `docker builder prune`, or make its disk larger."
    )]
    NoSpace {
        doing: &'static str,
        message: String,
    },
    /// The engine said no, for a reason that has no variant of its own; `status` is the HTTP
    /// status, or 0 for a refusal in the middle of a stream.
    #[error("The Docker engine refused to {doing}: {message}")]
    Refused {
        doing: &'static str,
        status: u16,
        message: String,
    },
    #[error(
        "The Docker engine was asked to {doing} and its answer was not understood ({cause}): this engine version may be newer than Commander knows."
    )]
    NotUnderstood { doing: &'static str, cause: String },
}

impl EngineError {
    /// The message of a refusal with one of these statuses.
    pub(super) fn refusal(&self, statuses: &[u16]) -> Option<&str> {
        match self {
            Self::Refused {
                status, message, ..
            } if statuses.contains(status) => Some(message),
            _ => None,
        }
    }

    /// Whether the engine was away, so that an idempotent call may be sent again.
    pub(super) fn is_away(&self) -> bool {
        matches!(self, Self::NotRunning { .. } | Self::ConnectionLost { .. })
    }

    pub(super) fn not_understood(doing: &'static str, cause: &str) -> Self {
        Self::NotUnderstood {
            doing,
            cause: message(cause),
        }
    }
}

/// A message from outside, fit to be stored and shown.
pub(super) fn message(text: &str) -> String {
    printable(text.trim(), MESSAGE_CHARS)
}

/// What an error of the client means here. `limit` is the time that the call was given.
pub(super) fn classify(
    error: &ClientError,
    doing: &'static str,
    address: &str,
    limit: Duration,
) -> EngineError {
    match error {
        ClientError::SocketNotFoundError(_) => EngineError::NotRunning {
            address: address.to_owned(),
            cause: "there is no such socket".to_owned(),
        },
        ClientError::RequestTimeoutError => EngineError::Hanging {
            doing,
            after: limit,
        },
        ClientError::HyperLegacyError { err } if err.is_connect() => {
            connecting_failed(io_kind(error), &root_cause(error), address)
        }
        ClientError::HyperLegacyError { .. }
        | ClientError::HyperResponseError { .. }
        | ClientError::IOError { .. } => EngineError::ConnectionLost {
            doing,
            cause: message(&root_cause(error)),
        },
        ClientError::DockerResponseServerError {
            status_code,
            message,
        } => refused(doing, *status_code, message),
        ClientError::DockerStreamError { error } => refused(doing, 0, error),
        other => EngineError::not_understood(doing, &root_cause(other)),
    }
}

fn connecting_failed(kind: Option<ErrorKind>, cause: &str, address: &str) -> EngineError {
    match kind {
        Some(ErrorKind::PermissionDenied) => EngineError::NoPermission {
            address: address.to_owned(),
        },
        _ => EngineError::NotRunning {
            address: address.to_owned(),
            cause: message(cause),
        },
    }
}

fn refused(doing: &'static str, status: u16, text: &str) -> EngineError {
    let message = message(text);
    if text.contains("no space left on device") {
        EngineError::NoSpace { doing, message }
    } else {
        EngineError::Refused {
            doing,
            status,
            message,
        }
    }
}

fn io_kind(error: &ClientError) -> Option<ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

/// The innermost cause: the outer layers only say that a request failed.
pub(super) fn root_cause(error: &ClientError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn classified(error: &ClientError) -> EngineError {
        classify(error, "list containers", "unix:///run/d.sock", LIMIT)
    }

    #[test]
    fn a_socket_without_rights_says_what_to_do() {
        let error = connecting_failed(
            Some(ErrorKind::PermissionDenied),
            "Permission denied (os error 13)",
            "unix:///run/d.sock",
        );
        assert!(matches!(error, EngineError::NoPermission { .. }));
        let sentence = error.to_string();
        assert!(sentence.contains("group docker") && sentence.contains("sudo"));
    }

    #[test]
    fn a_refused_connection_is_an_engine_that_does_not_run() {
        let error = connecting_failed(
            Some(ErrorKind::ConnectionRefused),
            "Connection refused",
            "tcp://h:1",
        );
        assert!(matches!(error, EngineError::NotRunning { .. }));
        assert!(error.is_away());
    }

    #[test]
    fn a_full_disk_is_told_apart_from_a_refusal() {
        let full = ClientError::DockerResponseServerError {
            status_code: 500,
            message: "write /var/lib/docker/tmp/x: no space left on device".to_owned(),
        };
        assert!(matches!(classified(&full), EngineError::NoSpace { .. }));
        let refused = ClientError::DockerResponseServerError {
            status_code: 409,
            message: "name\u{1b}[31m taken\n".to_owned(),
        };
        assert_eq!(
            classified(&refused).refusal(&[409]),
            Some("nameU+001B[31m taken")
        );
    }

    #[test]
    fn silence_is_told_with_its_length() {
        let error = classified(&ClientError::RequestTimeoutError);
        assert!(!error.is_away());
        assert!(error.to_string().contains("within 60 s"));
    }
}
