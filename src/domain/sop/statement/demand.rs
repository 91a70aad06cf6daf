//! What a sentence may demand of a plan: a closed list, each with its parameters. `rule` says what
//! each becomes as a condition, `recognise` finds them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::meaning::StrategyWord;
use super::season::Stretch;
use super::window::Window;

/// The kinds of demands, as a person reads them in a list.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    TimeWindow,
    Freeze,
    ApprovalRequired,
    ApprovalRole,
    RequiredTests,
    StagingFirst,
    BakeTime,
    Artifact,
    SecurityScan,
    Backup,
    Migration,
    RollbackPlan,
    RollbackRule,
    PostStep,
    Strategy,
    Concurrency,
    Communication,
    ChangeRecord,
    Staffing,
    Provenance,
    Retention,
    Exception,
}

impl StatementKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TimeWindow => "time_window",
            Self::Freeze => "freeze",
            Self::ApprovalRequired => "approval_required",
            Self::ApprovalRole => "approval_role",
            Self::RequiredTests => "required_tests",
            Self::StagingFirst => "staging_first",
            Self::BakeTime => "bake_time",
            Self::Artifact => "artifact",
            Self::SecurityScan => "security_scan",
            Self::Backup => "backup",
            Self::Migration => "migration",
            Self::RollbackPlan => "rollback_plan",
            Self::RollbackRule => "rollback_rule",
            Self::PostStep => "post_step",
            Self::Strategy => "strategy",
            Self::Concurrency => "concurrency",
            Self::Communication => "communication",
            Self::ChangeRecord => "change_record",
            Self::Staffing => "staffing",
            Self::Provenance => "provenance",
            Self::Retention => "retention",
            Self::Exception => "exception",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    /// Inside one of these, or outside all of them.
    Window {
        listed: Vec<Window>,
        allowed: bool,
    },
    /// Not in these times of the year.
    Freeze(Vec<Stretch>),
    /// Not while something lasts that only people know of.
    NotDuring(Lasting),
    Approvals(u32),
    /// Somebody else than who asked.
    OtherApprover,
    Role(String),
    /// One of them is enough.
    AnyRole(Vec<String>),
    Tests,
    StagingFirst,
    /// In minutes.
    Bake(u32),
    /// In minutes, after go-live.
    Watch(u32),
    PinnedVersion,
    TaggedVersion,
    SemanticVersion,
    MainBranch,
    Backup,
    Migration,
    NoSchemaDowngrade,
    RollbackPlan,
    RollbackTrigger(Limits),
    SmokeTests,
    HealthCheck,
    /// One of them.
    Strategy(Vec<StrategyWord>),
    NotStrategy(StrategyWord),
    NoDowntime,
    OneAtATime,
    /// The authors of the commits that go along are asked.
    AuthorsAsked,
    /// Something that only people know: they say so, or it is not proven.
    Attested(Claim),
    /// The same, so many minutes ahead.
    Ahead(Claim, u32),
    /// What is kept, for so many minutes.
    Kept(u32),
    /// So many of the last versions are kept.
    KeptVersions(u32),
    /// A backup that is at most so many minutes old.
    FreshBackup(u32),
    /// Percent of the code.
    Coverage(u32),
    /// Not what people say to be so: a build of their own machine, nobody who looks.
    NotSaid(Claim),
    /// What was tested goes live, and is not built anew.
    SameImage,
    /// Where the other demands do not count.
    Exception,
}

/// Above these a release is taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Limits {
    /// In hundredths of a percent.
    pub error_rate: Option<u32>,
    pub latency_ms: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lasting {
    CodeFreeze,
    Incident,
    Holiday,
    HolidayEve,
    HolidayOrEve,
    Peak,
    /// The error budget is spent.
    Overspent,
}

/// What only people know about a plan; each is a fact `attested.<name>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    SpecialTests,
    Review,
    Scan,
    RestoreTest,
    Monitoring,
    OnCall,
    Present,
    Announcement,
    Ticket,
    Notes,
    Provenance,
    Retention,
}

impl Claim {
    pub fn fact(self) -> &'static str {
        match self {
            Self::SpecialTests => "attested.special_tests",
            Self::Review => "attested.review",
            Self::Scan => "attested.scan",
            Self::RestoreTest => "attested.restore_test",
            Self::Monitoring => "attested.monitoring",
            Self::OnCall => "attested.on_call",
            Self::Present => "attested.present",
            Self::Announcement => "attested.announcement",
            Self::Ticket => "attested.ticket",
            Self::Notes => "attested.notes",
            Self::Provenance => "attested.provenance",
            Self::Retention => "attested.retention",
        }
    }

    fn kind(self) -> StatementKind {
        match self {
            Self::SpecialTests => StatementKind::RequiredTests,
            Self::Review => StatementKind::ApprovalRequired,
            Self::Scan => StatementKind::SecurityScan,
            Self::RestoreTest => StatementKind::Backup,
            Self::Monitoring => StatementKind::PostStep,
            Self::OnCall | Self::Present => StatementKind::Staffing,
            Self::Announcement => StatementKind::Communication,
            Self::Ticket | Self::Notes => StatementKind::ChangeRecord,
            Self::Provenance => StatementKind::Provenance,
            Self::Retention => StatementKind::Retention,
        }
    }
}

impl Demand {
    pub fn kind(&self) -> StatementKind {
        match self {
            Self::Window { .. } | Self::NotDuring(Lasting::Peak) => StatementKind::TimeWindow,
            Self::Freeze(_) | Self::NotDuring(_) => StatementKind::Freeze,
            Self::Approvals(_) | Self::OtherApprover => StatementKind::ApprovalRequired,
            Self::Role(_) | Self::AnyRole(_) => StatementKind::ApprovalRole,
            Self::Tests | Self::Coverage(_) => StatementKind::RequiredTests,
            Self::StagingFirst => StatementKind::StagingFirst,
            Self::Bake(_) => StatementKind::BakeTime,
            Self::PinnedVersion
            | Self::TaggedVersion
            | Self::SemanticVersion
            | Self::MainBranch
            | Self::SameImage => StatementKind::Artifact,
            Self::Backup | Self::FreshBackup(_) => StatementKind::Backup,
            Self::Migration => StatementKind::Migration,
            Self::RollbackPlan => StatementKind::RollbackPlan,
            Self::RollbackTrigger(_) | Self::NoSchemaDowngrade => StatementKind::RollbackRule,
            Self::Watch(_) | Self::SmokeTests | Self::HealthCheck => StatementKind::PostStep,
            Self::Strategy(_) | Self::NotStrategy(_) | Self::NoDowntime => StatementKind::Strategy,
            Self::OneAtATime => StatementKind::Concurrency,
            Self::AuthorsAsked => StatementKind::Communication,
            Self::Attested(claim) | Self::NotSaid(claim) | Self::Ahead(claim, _) => claim.kind(),
            Self::Kept(_) | Self::KeptVersions(_) => StatementKind::Retention,
            Self::Exception => StatementKind::Exception,
        }
    }
}
