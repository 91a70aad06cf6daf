//! What changed between the commit that runs and the one that is asked for.

use git2::{Commit, DiffOptions, Oid, Sort};

use crate::domain::changes::{Changes, CommitSummary, Direction};
use crate::domain::text::printable;

use super::mirror::{Mirror, MirrorError};
use super::text::{author, subject, timestamp};

/// Where counting stops: nobody reads on, and histories are long.
const COUNTED: usize = 10_000;

/// How many paths are listed; a person skims them, and the plan that stores them stays small.
const FILES: usize = 200;

/// The longest path shown, in characters.
const PATH: usize = 300;

/// `limit`: how many commits are listed.
pub fn between(
    mirror: &Mirror,
    since: Option<&str>,
    to: &str,
    limit: usize,
) -> Result<Changes, MirrorError> {
    let to = mirror.commit(to)?;
    match since {
        None => first(mirror, &to, limit),
        Some(since) => {
            let since = mirror.commit(since)?;
            step(mirror, &since, &to, limit)
        }
    }
}

fn first(mirror: &Mirror, to: &Commit<'_>, limit: usize) -> Result<Changes, MirrorError> {
    let history = walk(mirror, to.id(), None, limit)?;
    Ok(Changes {
        since: None,
        to: to.id().to_string(),
        direction: Direction::First,
        commits: summaries(mirror, &history)?,
        more_commits: 0,
        lost_commits: 0,
        files: Vec::new(),
        more_files: 0,
    })
}

fn step(
    mirror: &Mirror,
    since: &Commit<'_>,
    to: &Commit<'_>,
    limit: usize,
) -> Result<Changes, MirrorError> {
    let gained = walk(mirror, to.id(), Some(since.id()), COUNTED)?;
    let lost = walk(mirror, since.id(), Some(to.id()), COUNTED)?;
    let direction = Direction::of(gained.len(), lost.len());
    let told = if direction == Direction::Backward {
        &lost
    } else {
        &gained
    };
    let shown = told.len().min(limit);
    let (files, more_files) = files(mirror, since, to)?;
    Ok(Changes {
        since: Some(since.id().to_string()),
        to: to.id().to_string(),
        direction,
        commits: summaries(mirror, &told[..shown])?,
        more_commits: count(told.len() - shown),
        lost_commits: count(lost.len()),
        files,
        more_files,
    })
}

/// The commits of `from` that `hidden` has not, newest first.
fn walk(
    mirror: &Mirror,
    from: Oid,
    hidden: Option<Oid>,
    limit: usize,
) -> Result<Vec<Oid>, MirrorError> {
    let walked = || -> Result<Vec<Oid>, git2::Error> {
        let mut walk = mirror.git.revwalk()?;
        walk.push(from)?;
        if let Some(hidden) = hidden {
            walk.hide(hidden)?;
            walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
        } else {
            // By topology too, the whole history would be read before the first commit is given.
            walk.set_sorting(Sort::TIME)?;
        }
        walk.take(limit).collect()
    };
    walked().map_err(|error| mirror.unreadable(&error))
}

fn summaries(mirror: &Mirror, commits: &[Oid]) -> Result<Vec<CommitSummary>, MirrorError> {
    let summary = |oid: &Oid| {
        let commit = mirror.commit(&oid.to_string())?;
        Ok(CommitSummary {
            sha: oid.to_string(),
            author: author(&commit),
            at: timestamp(commit.time()),
            subject: subject(&commit),
        })
    };
    commits.iter().map(summary).collect()
}

/// Paths that differ, by comparing trees alone: no file is read.
fn files(
    mirror: &Mirror,
    since: &Commit<'_>,
    to: &Commit<'_>,
) -> Result<(Vec<String>, u32), MirrorError> {
    let compared = || {
        let mut options = DiffOptions::new();
        options.skip_binary_check(true);
        let (old, new) = (since.tree()?, to.tree()?);
        mirror
            .git
            .diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options))
    };
    let diff = compared().map_err(|error| mirror.unreadable(&error))?;
    let paths = diff.deltas().take(FILES).filter_map(|delta| {
        let path = delta
            .new_file()
            .path_bytes()
            .or(delta.old_file().path_bytes())?;
        Some(printable(&String::from_utf8_lossy(path), PATH))
    });
    let more = diff.deltas().len().saturating_sub(FILES);
    Ok((paths.collect(), count(more)))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
