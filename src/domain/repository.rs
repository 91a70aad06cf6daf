//! Where a service's code lives: the address of a Git repository.
//!
//! The address is handed to `git` as one argument. What git would take for something else than the
//! place of a repository (an option, a transport helper that runs a program) is refused here, so
//! that no process is ever started with it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{is_printable, printable};

/// The longest address, in bytes; far above any real one.
const LONGEST: usize = 1_000;

/// How the tokens of the large hosts begin. Those hosts take a token in the place of the user.
const TOKEN_PREFIXES: [&str; 6] = ["ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-"];

/// The address of a repository: a full local path, `file://`, `http://`, `https://`, `ssh://`, or
/// `[user@]host:path`. It holds no secret: a password in it is refused.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct RepositoryUrl(String);

/// Why a text is not the address of a repository. The text itself is shown only where it cannot
/// hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRepositoryUrl {
    #[error(
        "\"{shown}\" is not the address of a repository: use a full path, file://, https://, http://, ssh:// or user@host:path"
    )]
    Form { shown: String },
    #[error(
        "\"{transport}\" is not a way to a repository that is allowed: use a full path, file://, https://, http://, ssh:// or user@host:path"
    )]
    Transport { transport: String },
    #[error(
        "the repository address holds a password or token: leave it out, and give it to git through a credential helper or an SSH key"
    )]
    Secret,
}

impl RepositoryUrl {
    /// # Errors
    ///
    /// When git could read the text as anything but the place of a repository, and when it holds a
    /// password or token.
    pub fn parse(text: &str) -> Result<Self, InvalidRepositoryUrl> {
        let form = || InvalidRepositoryUrl::Form {
            shown: printable(&without_user_info(text), 120),
        };
        if text.is_empty()
            || text.len() > LONGEST
            || text.starts_with('-')
            || !text.chars().all(is_printable)
        {
            return Err(form());
        }
        if let Some(helper) = transport_helper(text) {
            let transport = format!("{}::", printable(helper, 40));
            return Err(InvalidRepositoryUrl::Transport { transport });
        }
        let well_formed = match text.split_once("://") {
            Some(("file", path)) => path.starts_with('/'),
            Some(("http" | "https" | "ssh", rest)) => is_remote(rest)?,
            Some((scheme, _)) => {
                let transport = format!("{}://", printable(scheme, 40));
                return Err(InvalidRepositoryUrl::Transport { transport });
            }
            None => text.starts_with('/') || is_scp_like(text)?,
        };
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(form())
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `ext` in `ext::sh -c ...`: git would run the program `git-remote-ext`.
fn transport_helper(text: &str) -> Option<&str> {
    let (helper, _) = text.split_once("::")?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    helper.chars().all(is_word).then_some(helper)
}

/// `[user@]host[:port]/path`, as it follows `://`.
fn is_remote(rest: &str) -> Result<bool, InvalidRepositoryUrl> {
    let Some((authority, path)) = rest.split_once('/') else {
        return Ok(false);
    };
    Ok(is_authority(authority)? && !path.is_empty() && !rest.contains(char::is_whitespace))
}

/// `[user@]host:path`, where no slash comes before the colon.
fn is_scp_like(text: &str) -> Result<bool, InvalidRepositoryUrl> {
    let Some((authority, path)) = text.split_once(':') else {
        return Ok(false);
    };
    Ok(!authority.contains('/')
        && is_authority(authority)?
        && !path.is_empty()
        && !path.starts_with('-')
        && !text.contains(char::is_whitespace))
}

/// `[user@]host[:port]`. Neither part may begin with a dash: ssh would take it for an option.
fn is_authority(authority: &str) -> Result<bool, InvalidRepositoryUrl> {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if let Some(user) = user
        && (user.contains(':') || TOKEN_PREFIXES.iter().any(|token| user.starts_with(token)))
    {
        return Err(InvalidRepositoryUrl::Secret);
    }
    let is_part = |part: &str, more: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
        !part.is_empty() && !part.starts_with('-') && part.chars().all(fits)
    };
    Ok(user.is_none_or(|user| is_part(user, "-._~+%")) && is_part(host, "-._:[]"))
}

/// A text without what stands between `://` and `@`, wherever that occurs in it: for messages of
/// programs that may repeat an address together with a password.
pub fn without_user_info(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let is_end = |c: char| c == '/' || c.is_whitespace() || "'\"<>".contains(c);
        let authority = &after[..after.find(is_end).unwrap_or(after.len())];
        let hidden = authority.rfind('@').map_or(0, |at| at + 1);
        rest = &after[hidden..];
    }
    out.push_str(rest);
    out
}

impl TryFrom<String> for RepositoryUrl {
    type Error = InvalidRepositoryUrl;
    fn try_from(text: String) -> Result<Self, InvalidRepositoryUrl> {
        Self::parse(&text)
    }
}

impl From<RepositoryUrl> for String {
    fn from(url: RepositoryUrl) -> String {
        url.0
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_addresses() {
        for good in [
            "/srv/git/shop.git",
            "/srv/with space/shop",
            "file:///srv/git/shop.git",
            "https://github.com/acme/shop",
            "https://acme@dev.azure.com/acme/_git/shop",
            "http://127.0.0.1:8080/shop.git",
            "http://[::1]:8080/shop.git",
            "ssh://git@example.com:2222/acme/shop.git",
            "git@github.com:acme/shop.git",
            "example.com:shop.git",
        ] {
            assert!(RepositoryUrl::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn hc_63_what_git_could_run_or_misread_is_no_address() {
        for bad in [
            "",
            "shop",
            "../shop",
            "./shop",
            "-u./x",
            "--upload-pack=touch /tmp/x",
            "ext::sh -c 'touch /tmp/x'",
            "fd::17",
            "git://example.com/shop.git",
            "ftp://example.com/shop.git",
            "file://relative/shop.git",
            "https://",
            "https:///shop.git",
            "https://example.com",
            "ssh://-oProxyCommand=touch%20x/shop.git",
            "ssh://git@-oProxyCommand=x/shop.git",
            "-oProxyCommand=x:shop.git",
            "git@-oProxyCommand=x:shop.git",
            "git@example.com:-x",
            "git@$(id):shop.git",
            "https://example.com/shop.git\nhttps://evil.example/x",
            "https://example.com/a b",
            "/srv/git/shop\0.git",
            "/srv/git/\u{202e}shop",
            &format!("/{}", "a".repeat(LONGEST)),
        ] {
            assert!(RepositoryUrl::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_secret_is_refused_and_never_repeated() {
        for secret in [
            "https://ada:s3cret@example.com/shop.git",
            "https://ghp_s3cret@github.com/acme/shop.git",
            "ssh://git:s3cret@example.com/shop.git",
            "git+https://ada:s3cret@example.com/shop.git",
            "https://ada:s3cret@example.com",
        ] {
            let refused = RepositoryUrl::parse(secret).unwrap_err();
            assert!(!refused.to_string().contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn user_info_is_taken_out_of_a_message_wherever_it_stands() {
        assert_eq!(
            without_user_info(
                "fatal: 'https://a:b@x.example/y': see ssh://git@z/ and mail me@home"
            ),
            "fatal: 'https://x.example/y': see ssh://z/ and mail me@home"
        );
        assert_eq!(without_user_info("https://a:p@ss@x/y"), "https://x/y");
        assert_eq!(without_user_info("no address"), "no address");
    }
}
