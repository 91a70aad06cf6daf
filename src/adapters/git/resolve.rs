//! From a name to the one commit that it means.
//!
//! References are looked up by their full names and commits by their digits; nothing is ever handed
//! to git's revision parser. A tag goes before a branch, a branch before a commit's digits.

use git2::{ErrorCode, Object, ObjectType, Oid, Reference};

use crate::domain::repository::RepositoryUrl;
use crate::domain::revision::{RefKind, RefName, Resolved};

use super::mirror::{Mirror, MirrorError};
use super::refs;
use super::text::{author, subject, timestamp};

/// How many names are offered for one that is not there, or for digits that name several commits.
const OFFERED: usize = 5;

/// How alike two names must be, from 0 to 1, for one to be offered in place of the other.
const ALIKE: f64 = 0.6;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error(
        "there is no branch, tag or commit \"{name}\" in {repository}{}",
        offer(suggestions)
    )]
    Unknown {
        repository: RepositoryUrl,
        name: RefName,
        /// The most alike first.
        suggestions: Vec<String>,
    },
    #[error(
        "\"{name}\" is both a tag (commit {}) and a branch (commit {}): write refs/tags/{name} or refs/heads/{name}",
        short(tag),
        short(branch)
    )]
    TagAndBranch {
        name: RefName,
        /// The commits, all forty digits.
        tag: String,
        branch: String,
    },
    #[error("\"{name}\" begins the digits of several commits: {}. Write more digits", candidates.join(", "))]
    AmbiguousDigits {
        name: RefName,
        /// All forty digits of each, at most five.
        candidates: Vec<String>,
    },
    #[error("\"{name}\" names a file or directory and no commit: name a branch, a tag or a commit")]
    NotACommit { name: RefName },
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

fn short(digits: &str) -> &str {
    digits.get(..12).unwrap_or(digits)
}

fn offer(suggestions: &[String]) -> String {
    match suggestions {
        [] => String::new(),
        names => format!(". Is it one of these: {}?", names.join(", ")),
    }
}

pub fn resolve(mirror: &Mirror, name: &RefName) -> Result<Resolved, ResolveError> {
    let text = name.as_str();
    let (tag, branch) = match text.strip_prefix("refs/") {
        Some(_) => (
            text.starts_with("refs/tags/").then(|| text.to_owned()),
            text.starts_with("refs/heads/").then(|| text.to_owned()),
        ),
        None => (
            Some(format!("refs/tags/{text}")),
            Some(format!("refs/heads/{text}")),
        ),
    };
    let tag = commit_of(mirror, name, tag)?;
    let branch = commit_of(mirror, name, branch)?;
    match (tag, branch) {
        (Some(tag), Some(branch)) if tag != branch => Err(ResolveError::TagAndBranch {
            name: name.clone(),
            tag: tag.to_string(),
            branch: branch.to_string(),
        }),
        (Some(commit), _) => resolved(mirror, name, RefKind::Tag, commit),
        (None, Some(commit)) => resolved(mirror, name, RefKind::Branch, commit),
        (None, None) => by_digits(mirror, name),
    }
}

/// The commit of a reference, through the annotated tags on the way to it.
fn commit_of(
    mirror: &Mirror,
    name: &RefName,
    reference: Option<String>,
) -> Result<Option<Oid>, ResolveError> {
    let Some(reference) = reference else {
        return Ok(None);
    };
    let reference: Reference<'_> = match mirror.git.find_reference(&reference) {
        Ok(reference) => reference,
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => {
            return Ok(None);
        }
        Err(error) => return Err(mirror.unreadable(&error).into()),
    };
    match reference.peel(ObjectType::Commit) {
        Ok(commit) => Ok(Some(commit.id())),
        Err(error) => Err(not_a_commit(mirror, name, &error)),
    }
}

fn not_a_commit(mirror: &Mirror, name: &RefName, error: &git2::Error) -> ResolveError {
    match error.code() {
        ErrorCode::Peel | ErrorCode::InvalidSpec => ResolveError::NotACommit { name: name.clone() },
        _ => mirror.unreadable(error).into(),
    }
}

fn by_digits(mirror: &Mirror, name: &RefName) -> Result<Resolved, ResolveError> {
    let Some(digits) = name.as_commit_digits() else {
        return Err(unknown(mirror, name)?);
    };
    let object: Object<'_> = match mirror.git.find_object_by_prefix(&digits, None) {
        Ok(object) => object,
        Err(error) => match error.code() {
            ErrorCode::NotFound => return Err(unknown(mirror, name)?),
            ErrorCode::Ambiguous => {
                let commit = only_commit(mirror, name, &digits)?;
                return resolved(mirror, name, RefKind::Commit, commit);
            }
            _ => return Err(mirror.unreadable(&error).into()),
        },
    };
    match object.peel(ObjectType::Commit) {
        Ok(commit) => resolved(mirror, name, RefKind::Commit, commit.id()),
        Err(error) => Err(not_a_commit(mirror, name, &error)),
    }
}

/// The one commit among all objects that begin with these digits.
fn only_commit(mirror: &Mirror, name: &RefName, digits: &str) -> Result<Oid, ResolveError> {
    let unreadable = |error: git2::Error| ResolveError::from(mirror.unreadable(&error));
    let mut objects = Vec::new();
    mirror
        .git
        .odb()
        .and_then(|odb| {
            odb.foreach(|oid| {
                if oid.to_string().starts_with(digits) {
                    objects.push(*oid);
                }
                true
            })
        })
        .map_err(unreadable)?;
    let mut commits = Vec::new();
    for oid in objects {
        let object = mirror.git.find_object(oid, None).map_err(unreadable)?;
        if let Ok(commit) = object.peel(ObjectType::Commit) {
            commits.push(commit.id());
        }
    }
    commits.sort();
    commits.dedup();
    match commits[..] {
        [] => Err(ResolveError::NotACommit { name: name.clone() }),
        [commit] => Ok(commit),
        _ => Err(ResolveError::AmbiguousDigits {
            name: name.clone(),
            candidates: commits.iter().take(OFFERED).map(Oid::to_string).collect(),
        }),
    }
}

fn resolved(
    mirror: &Mirror,
    name: &RefName,
    kind: RefKind,
    commit: Oid,
) -> Result<Resolved, ResolveError> {
    let commit = mirror.commit(&commit.to_string())?;
    Ok(Resolved {
        name: match kind {
            RefKind::Tag | RefKind::Branch => alone(name).to_owned(),
            RefKind::Commit => commit.id().to_string(),
        },
        kind,
        commit: commit.id().to_string(),
        tree: commit.tree_id().to_string(),
        committed_at: timestamp(commit.time()),
        author: author(&commit),
        subject: subject(&commit),
    })
}

/// The name without `refs/tags/` or `refs/heads/`.
fn alone(name: &RefName) -> &str {
    let text = name.as_str();
    text.strip_prefix("refs/tags/")
        .or_else(|| text.strip_prefix("refs/heads/"))
        .unwrap_or(text)
}

fn unknown(mirror: &Mirror, name: &RefName) -> Result<ResolveError, MirrorError> {
    let names = refs::names(mirror)?;
    let names = names.iter().map(|(name, _)| name.as_str());
    Ok(ResolveError::Unknown {
        repository: mirror.repository(),
        name: name.clone(),
        suggestions: most_alike(alone(name), names, OFFERED),
    })
}

/// The names most like the one asked for, best first; equal ones in the order of the alphabet.
fn most_alike<'a>(asked: &str, names: impl Iterator<Item = &'a str>, max: usize) -> Vec<String> {
    let asked = asked.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (likeness(&asked, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    scored.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.cmp(right)));
    scored.dedup();
    scored
        .into_iter()
        .take(max)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// A name that holds the whole of the asked one ("login" in "feature/login-page") is alike too.
fn likeness(asked: &str, name: &str) -> f64 {
    let edits = strsim::normalized_damerau_levenshtein(asked, name);
    if asked.len() >= 3 && name.contains(asked) {
        edits.max(ALIKE)
    } else {
        edits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_best_first() {
        let names = ["v1.4.2", "v1.4.1", "v2.0.0", "main", "feature/login-page"];
        let offered = |asked| most_alike(asked, names.into_iter(), 2);
        assert_eq!(offered("1.4.2"), ["v1.4.2", "v1.4.1"]);
        assert_eq!(offered("mian"), ["main"]);
        assert_eq!(offered("login"), ["feature/login-page"]);
        assert!(offered("zzz").is_empty());
    }
}
