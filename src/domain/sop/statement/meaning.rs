//! What a phrase of the definition may mean: a closed list, so that a grammar can be written over
//! it.

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    Word(Word),
    /// One bit for each day, Monday first.
    Days(u8),
    Hours(Hours),
    /// 1 to 12.
    Month(u32),
    Season(Season),
    Number(u32),
    /// Minutes since midnight.
    Clock(u32),
    /// In minutes.
    Unit(u32),
    Role(String),
    Place(PlaceWord),
    Strategy(StrategyWord),
    Mark(char),
    /// A word that the definition does not have.
    Other,
}

/// A part of the day, in minutes since midnight; it may go past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hours {
    pub from: u32,
    pub to: u32,
}

/// A part of the year, month and day as 1224; it may go past its end. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Season {
    pub from: u32,
    pub to: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PlaceWord {
    Production,
    Staging,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StrategyWord {
    Canary,
    BlueGreen,
    Rolling,
    Gradual,
    Recreate,
}

impl StrategyWord {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::BlueGreen => "blue_green",
            Self::Rolling => "rolling",
            Self::Gradual => "gradual",
            Self::Recreate => "recreate",
        }
    }
}

macro_rules! words {
    ($($word:ident),+ $(,)?) => {
        /// The roles that words play, by the names of `[words]` in the definition.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum Word { $($word),+ }
    };
}

words! {
    Deploy, Change, Migration, DownMigration, Rollback, Plan, Test, SpecialTest, Smoke, Health,
    Monitor, Bake, Scan, Backup, RestoreTest, Provenance, Mutable, Pinned, Tag, Semver, Branch,
    Image, Approve, FourEyes, Own, Auto, Manual, Review, People, OnCall, Present, Announce, Channel,
    Ticket, Notes, Freeze, Window, Not, Stop, Only, Must, Should, May, Vague, Optional, Unless,
    Emergency, Critical, Incident, Before, After, Until, Between, From, To, At, Outside, During,
    Without, Skip, First, Last, Directly, Pass, Holiday, HolidayEve, MonthEnd, QuarterEnd, Peak, Alone, AtOnce, OneByOne, WayBack,
    Threshold, Keep, History, Reversible, Irreversible, Others, Size, Downtime, Done, Reported,
    Defines, Refers, If, Severity, Ongoing, RollForward, Rebuild, SameImage, Unproven, Leave, Minor,
    Major, Budget, Spent, GoOn, Fix, Finding,
}
