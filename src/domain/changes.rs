//! What changed between two commits: stored in a plan and read by the person who approves it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// From the commit that runs to the commit that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The commit that runs; none at a first deploy.
    pub since: Option<String>,
    pub to: String,
    pub direction: Direction,
    /// Newest first. What is gained, and with `backward` what is lost again. At a first deploy:
    /// the newest of the whole history.
    pub commits: Vec<CommitSummary>,
    /// How many more there are, counted up to ten thousand. Zero at a first deploy.
    pub more_commits: u32,
    /// With `diverged`: how many commits of the one that runs are not in the one asked for, counted
    /// up to ten thousand.
    pub lost_commits: u32,
    /// Paths that differ, in the order of their names. None at a first deploy, where all are new.
    pub files: Vec<String>,
    pub more_files: u32,
}

/// Where the asked commit lies, seen from the one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Nothing runs yet.
    First,
    Same,
    /// A descendant: everything that runs stays in.
    Forward,
    /// An ancestor: nothing new comes in.
    Backward,
    /// Neither: each has commits that the other has not.
    Diverged,
}

impl Direction {
    /// `gained`: commits of the asked one that the running one has not; `lost`: the reverse.
    pub fn of(gained: usize, lost: usize) -> Self {
        match (gained, lost) {
            (0, 0) => Self::Same,
            (_, 0) => Self::Forward,
            (0, _) => Self::Backward,
            (_, _) => Self::Diverged,
        }
    }
}

/// One commit, its texts capped and printable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitSummary {
    /// All forty digits.
    pub sha: String,
    /// The author's name, as the author wrote it.
    pub author: String,
    /// When it was committed, by the committer's clock.
    pub at: Timestamp,
    /// The first line of its message.
    pub subject: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_follows_from_what_is_gained_and_lost() {
        assert_eq!(Direction::of(0, 0), Direction::Same);
        assert_eq!(Direction::of(3, 0), Direction::Forward);
        assert_eq!(Direction::of(0, 1), Direction::Backward);
        assert_eq!(Direction::of(2, 1), Direction::Diverged);
    }

    #[test]
    fn changes_are_camel_case_and_come_back_as_they_were() {
        let changes = Changes {
            since: None,
            to: "a".repeat(40),
            direction: Direction::First,
            commits: vec![CommitSummary {
                sha: "a".repeat(40),
                author: "Ada".to_owned(),
                at: Timestamp::from_second(1_700_000_000).unwrap(),
                subject: "Begin".to_owned(),
            }],
            more_commits: 0,
            lost_commits: 0,
            files: Vec::new(),
            more_files: 0,
        };
        let json = serde_json::to_string(&changes).unwrap();
        assert!(json.contains(r#""moreCommits":0"#), "{json}");
        assert!(json.contains(r#""direction":"first""#), "{json}");
        assert!(json.contains(r#""at":"2023-11-14T22:13:20Z""#), "{json}");
        assert_eq!(serde_json::from_str::<Changes>(&json).unwrap(), changes);
    }
}
