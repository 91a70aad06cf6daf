//! What the system's `git` is asked to do: values, compared in tests.

use std::path::Path;
use std::time::Duration;

use crate::domain::repository::RepositoryUrl;
use crate::os::process::Command;

/// What of our environment git and its helpers may see: where programs, the user's configuration,
/// credential helpers, keys and certificates are, and how to get out. Nothing of Commander's own.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// Branches and tags, and not `refs/*`: hosts keep the commits of every merge request under names
/// of their own, a stranger's among them, and none of those may become deployable by its digits.
const REFSPECS: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// Brings a mirror up to date. What is gone there goes here.
pub fn fetch(mirror: &Path, repository: &RepositoryUrl, time_limit: Duration) -> Command {
    git(mirror, time_limit)
        .args([
            "fetch",
            "--quiet",
            "--force",
            "--prune",
            "--no-tags",
            "--no-recurse-submodules",
            "--",
            repository.as_str(),
        ])
        .args(REFSPECS)
}

/// Asks a repository for its names and writes nothing: whether it can be reached at all.
pub fn list_remote(repository: &RepositoryUrl, time_limit: Duration) -> Command {
    git(Path::new("/"), time_limit)
        .args(["ls-remote", "--quiet", "--heads", "--"])
        .arg(repository.as_str())
}

/// Packs a mirror, if git finds that worth the while. No object is ever thrown away: a release may
/// have to be rebuilt from a commit that no branch holds any more.
pub fn tidy(mirror: &Path, time_limit: Duration) -> Command {
    git(mirror, time_limit)
        .args(["-c", "gc.autoDetach=false", "-c", "gc.pruneExpire=never"])
        .args(["gc", "--auto", "--quiet"])
}

/// The user's and the system's configuration stays in force, because credentials, certificates and
/// proxies are set there; what could run a program or ask a person is overruled here.
fn git(mirror: &Path, time_limit: Duration) -> Command {
    Command::new("git")
        .inherit(INHERITED)
        // Messages are told apart by their words.
        .env("LC_ALL", "C")
        .env("GIT_ALLOW_PROTOCOL", "file:http:https:ssh")
        // Nobody is there to be asked. An empty GIT_ASKPASS means "no such program"; ssh, which
        // would ask on the terminal that Commander was started from, gets one that declines.
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "false")
        .env("SSH_ASKPASS_REQUIRE", "force")
        .dir(mirror)
        .time_limit(time_limit)
        .args(["--git-dir", "."])
        .args(["-c", "protocol.ext.allow=never"])
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(["-c", "credential.interactive=false"])
        // Housekeeping has its own command, so that it neither takes the time of a fetch nor goes
        // on in the background.
        .args(["-c", "maintenance.auto=false"])
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_fetch_names_its_repository_after_the_end_of_options_and_runs_nothing_else() {
        let repository = RepositoryUrl::parse("https://example.com/shop.git").unwrap();
        let command = fetch(
            Path::new("/mirrors/a.git"),
            &repository,
            Duration::from_secs(9),
        );
        let args: Vec<&OsStr> = command.get_args().collect();
        assert_eq!(
            args,
            [
                "--git-dir",
                ".",
                "-c",
                "protocol.ext.allow=never",
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "credential.interactive=false",
                "-c",
                "maintenance.auto=false",
                "fetch",
                "--quiet",
                "--force",
                "--prune",
                "--no-tags",
                "--no-recurse-submodules",
                "--",
                "https://example.com/shop.git",
                "+refs/heads/*:refs/heads/*",
                "+refs/tags/*:refs/tags/*",
            ]
        );
    }
}
