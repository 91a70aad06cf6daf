//! The table of a watch's legal moves.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WatchStatus {
    /// The clock of the bake runs and every interval brings an evaluation.
    Baking,
    /// An execution holds the environment's lock: our own stop is no crash.
    Paused,
    /// Found bad for certain; the rollback is under way, or a person has been called.
    Degraded,
    Verified,
    Unverified,
    RolledBack,
    Superseded,
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchEvent {
    Pause,
    Resume,
    Verify,
    /// The bake is over without proof; or what was degraded stays as it is.
    EndUnverified,
    Degrade,
    RollBack,
    Supersede,
    /// By a person.
    Stop,
}

/// A move that the life cycle does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a watch that is {status} cannot {event:?}")]
pub struct IllegalWatchMove {
    pub status: WatchStatus,
    pub event: WatchEvent,
}

impl WatchStatus {
    pub const ALL: [Self; 8] = [
        Self::Baking,
        Self::Paused,
        Self::Degraded,
        Self::Verified,
        Self::Unverified,
        Self::RolledBack,
        Self::Superseded,
        Self::Stopped,
    ];

    /// The table of legal moves. A rollback that a person asks for ends a watch in any open status;
    /// the automatic one follows `degraded` only.
    pub fn next(self, event: WatchEvent) -> Result<Self, IllegalWatchMove> {
        use WatchEvent as E;
        use WatchStatus as S;
        Ok(match (self, event) {
            (S::Baking, E::Pause) => S::Paused,
            (S::Paused, E::Resume) => S::Baking,
            (S::Baking, E::Verify) => S::Verified,
            (S::Baking | S::Degraded, E::EndUnverified) => S::Unverified,
            (S::Baking, E::Degrade) => S::Degraded,
            (S::Baking | S::Paused | S::Degraded, E::RollBack) => S::RolledBack,
            (S::Baking | S::Paused | S::Degraded, E::Supersede) => S::Superseded,
            (S::Baking | S::Paused | S::Degraded, E::Stop) => S::Stopped,
            (status, event) => return Err(IllegalWatchMove { status, event }),
        })
    }

    pub fn is_open(self) -> bool {
        matches!(self, Self::Baking | Self::Paused | Self::Degraded)
    }
}

impl fmt::Display for WatchStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Baking => "baking",
            Self::Paused => "paused",
            Self::Degraded => "degraded",
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::RolledBack => "rolled back",
            Self::Superseded => "superseded",
            Self::Stopped => "stopped",
        })
    }
}

impl WatchEvent {
    pub const ALL: [Self; 8] = [
        Self::Pause,
        Self::Resume,
        Self::Verify,
        Self::EndUnverified,
        Self::Degrade,
        Self::RollBack,
        Self::Supersede,
        Self::Stop,
    ];
}
