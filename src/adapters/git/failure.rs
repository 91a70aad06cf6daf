//! Why a mirror could not be brought up to date, read from what git said.

use std::time::Duration;

use crate::domain::repository::{RepositoryUrl, without_user_info};
use crate::domain::text::printable;
use crate::os::process::ProcessError;

use super::mirror::MirrorError;

/// How much of git's message is shown, in characters.
const SHOWN: usize = 400;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    #[error("git is not installed: install it, or put it on the PATH of this server")]
    GitMissing,
    #[error("{repository} cannot be reached: {message}")]
    Unreachable {
        repository: RepositoryUrl,
        message: String,
    },
    #[error(
        "{repository} refused access: {message}. Give git a credential helper or an SSH key that may read it"
    )]
    AccessRefused {
        repository: RepositoryUrl,
        message: String,
    },
    #[error("there is no Git repository at {repository}, or it is hidden from us: {message}")]
    NotARepository {
        repository: RepositoryUrl,
        message: String,
    },
    #[error("{repository} was not fetched within {} s: try again, or allow more time", limit.as_secs_f32())]
    TimedOut {
        repository: RepositoryUrl,
        limit: Duration,
    },
    #[error("{repository} could not be fetched: {message}")]
    Failed {
        repository: RepositoryUrl,
        message: String,
    },
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

/// The words by which git, curl and ssh say it, with `LC_ALL=C`; the first that fits decides.
const SAID: &[(&str, Kind)] = &[
    ("Authentication failed", Kind::Access),
    ("could not read Username", Kind::Access),
    ("could not read Password", Kind::Access),
    ("unable to get password", Kind::Access),
    ("Permission denied", Kind::Access),
    ("Host key verification failed", Kind::Access),
    ("requested URL returned error: 401", Kind::Access),
    ("requested URL returned error: 403", Kind::Access),
    ("dubious ownership", Kind::Access),
    ("does not appear to be a git repository", Kind::NoRepository),
    ("not valid: is this a git repository?", Kind::NoRepository),
    ("' not found", Kind::NoRepository),
    ("Repository not found", Kind::NoRepository),
    ("Could not resolve host", Kind::Network),
    ("Failed to connect", Kind::Network),
    ("Couldn't connect", Kind::Network),
    ("Connection refused", Kind::Network),
    ("Connection timed out", Kind::Network),
    ("Connection reset", Kind::Network),
    ("Network is unreachable", Kind::Network),
    ("No route to host", Kind::Network),
    ("Empty reply from server", Kind::Network),
    ("SSL", Kind::Network),
    ("requested URL returned error", Kind::Network),
    ("RPC failed", Kind::Network),
    ("unexpected disconnect", Kind::Network),
    ("hung up unexpectedly", Kind::Network),
    ("Could not read from remote repository", Kind::Network),
];

#[derive(Clone, Copy)]
enum Kind {
    Access,
    NoRepository,
    Network,
}

/// `limit`: the time that the whole call had, waiting included.
pub fn explain(repository: &RepositoryUrl, error: ProcessError, limit: Duration) -> SyncError {
    let repository = repository.clone();
    let stderr = match error {
        ProcessError::NotFound { .. } => return SyncError::GitMissing,
        ProcessError::TimedOut { .. } => return SyncError::TimedOut { repository, limit },
        ProcessError::Exit { stderr, .. } => stderr,
        other => other.to_string(),
    };
    let message = printable(&without_user_info(&stderr), SHOWN);
    match SAID.iter().find(|(words, _)| message.contains(words)) {
        Some((_, Kind::Access)) => SyncError::AccessRefused {
            repository,
            message,
        },
        Some((_, Kind::NoRepository)) => SyncError::NotARepository {
            repository,
            message,
        },
        Some((_, Kind::Network)) => SyncError::Unreachable {
            repository,
            message,
        },
        None => SyncError::Failed {
            repository,
            message,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(stderr: &str) -> SyncError {
        let repository = RepositoryUrl::parse("https://example.com/shop.git").unwrap();
        let error = ProcessError::Exit {
            program: "git".to_owned(),
            code: 128,
            stderr: stderr.to_owned(),
        };
        explain(&repository, error, Duration::from_secs(1))
    }

    #[test]
    fn what_git_says_is_told_apart() {
        for stderr in [
            "fatal: could not read Username for 'https://example.com': terminal prompts disabled",
            "fatal: unable to get password from user",
            "remote: Invalid username fatal: Authentication failed for 'https://example.com/'",
            "git@example.com: Permission denied (publickey). fatal: Could not read from remote repository.",
        ] {
            assert!(
                matches!(explained(stderr), SyncError::AccessRefused { .. }),
                "{stderr}"
            );
        }
        for stderr in [
            "fatal: repository 'https://example.com/shop.git/' not found",
            "fatal: '/srv/x' does not appear to be a git repository fatal: Could not read from remote repository.",
            "ERROR: Repository not found. fatal: Could not read from remote repository.",
        ] {
            assert!(
                matches!(explained(stderr), SyncError::NotARepository { .. }),
                "{stderr}"
            );
        }
        for stderr in [
            "fatal: unable to access 'https://example.com/': Could not resolve host: example.com",
            "ssh: connect to host 127.0.0.1 port 1: Connection refused fatal: Could not read from remote repository.",
            "fatal: unable to access 'https://example.com/': The requested URL returned error: 503",
        ] {
            assert!(
                matches!(explained(stderr), SyncError::Unreachable { .. }),
                "{stderr}"
            );
        }
        assert!(matches!(
            explained("fatal: No space left on device"),
            SyncError::Failed { .. }
        ));
    }

    #[test]
    fn a_missing_git_and_a_slow_one_say_what_to_do() {
        let repository = RepositoryUrl::parse("/srv/shop").unwrap();
        let program = "git".to_owned();
        let missing = ProcessError::NotFound { program };
        let limit = Duration::from_secs(20);
        let missing = explain(&repository, missing, limit);
        assert_eq!(missing, SyncError::GitMissing);
        let slow = ProcessError::TimedOut {
            program: "git".to_owned(),
            limit: Duration::from_secs(19),
            stderr: String::new(),
        };
        let slow = explain(&repository, slow, limit).to_string();
        assert!(slow.contains("within 20 s"), "{slow}");
    }

    #[test]
    fn a_password_that_git_repeats_is_taken_out() {
        let said = explained(
            "fatal: unable to access 'https://ada:s3cret@example.com/': Failed to connect",
        );
        assert!(!said.to_string().contains("s3cret"), "{said}");
        assert!(
            said.to_string().contains("'https://example.com/'"),
            "{said}"
        );
    }
}
