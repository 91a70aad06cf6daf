//! The branches and tags of a mirror, for completion and for suggestions.

use git2::{Object, Reference};

use crate::domain::revision::{RefInfo, RefKind, RefName};

use super::mirror::{Mirror, MirrorError};
use super::text::{subject, timestamp};

/// All names that a person could ask for. Those that are no [`RefName`] are left out: they can be
/// named by nobody.
pub fn names(mirror: &Mirror) -> Result<Vec<(RefName, RefKind)>, MirrorError> {
    let unreadable = |error: git2::Error| mirror.unreadable(&error);
    let mut names = Vec::new();
    for reference in mirror.git.references().map_err(unreadable)? {
        names.extend(name_of(&reference.map_err(unreadable)?));
    }
    Ok(names)
}

fn name_of(reference: &Reference<'_>) -> Option<(RefName, RefKind)> {
    let full = reference.name().ok()?;
    let (name, kind) = match full.strip_prefix("refs/tags/") {
        Some(name) => (name, RefKind::Tag),
        None => (full.strip_prefix("refs/heads/")?, RefKind::Branch),
    };
    Some((RefName::parse(name).ok()?, kind))
}

/// Those whose name holds `query` (letters of either case), newest first.
pub fn list(mirror: &Mirror, query: &str, limit: usize) -> Result<Vec<RefInfo>, MirrorError> {
    let unreadable = |error: git2::Error| mirror.unreadable(&error);
    let query = query.to_lowercase();
    let mut found = Vec::new();
    for reference in mirror.git.references().map_err(unreadable)? {
        let reference = reference.map_err(unreadable)?;
        let Some((name, kind)) = name_of(&reference) else {
            continue;
        };
        if name.as_str().to_lowercase().contains(&query) {
            found.extend(describe(mirror, &reference, name, kind)?);
        }
    }
    found.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.name.cmp(&b.name)));
    found.truncate(limit);
    Ok(found)
}

/// Nothing for a tag that was put on something else than a commit.
fn describe(
    mirror: &Mirror,
    reference: &Reference<'_>,
    name: RefName,
    kind: RefKind,
) -> Result<Option<RefInfo>, MirrorError> {
    let unreadable = |error: git2::Error| mirror.unreadable(&error);
    let Some(target) = reference.target() else {
        return Ok(None);
    };
    let target: Object<'_> = mirror.git.find_object(target, None).map_err(unreadable)?;
    let tagged_at = target
        .as_tag()
        .and_then(|tag| tag.tagger().map(|tagger| tagger.when()));
    let Ok(commit) = target.peel_to_commit() else {
        return Ok(None);
    };
    Ok(Some(RefInfo {
        name,
        kind,
        commit: commit.id().to_string(),
        at: timestamp(tagged_at.unwrap_or(commit.time())),
        subject: subject(&commit),
    }))
}
