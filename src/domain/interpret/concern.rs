//! What stands between a sentence and its plan: everything that was said beside the slots. The
//! stages note concerns; `judge` alone decides what each of them does.

use crate::domain::intent::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    pub concern: Concern,
    pub span: Span,
    /// The words that it is about, normalised.
    pub words: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Concern {
    /// Says what must not happen, beside a command.
    Negation,
    /// "not production": leaves an environment out.
    LeavesOut,
    /// A question beside a command.
    Question,
    /// "maybe", "we should", a command with a question mark.
    Tentative,
    /// Tells what happened, beside a command.
    Report,
    /// The same, about another environment than the command's.
    ReportElsewhere,
    /// "I mean ...", "scratch that"
    Correction,
    /// Somebody else's words.
    Speech,
    /// "deployment of shop": a deed is named, not asked for.
    Nominal,
    RelativeVersion,
    /// "from v1.3", which is not compared with what runs.
    Leaving,
    /// "at 2am"
    Scheduled,
    /// "since last Thursday", for what is only shown.
    TimeRange,
    /// "if the tests pass": what the plan does anyway once it runs them.
    IfTestsPass,
    /// "once it is healthy": what the plan does anyway.
    IfHealthy,
    /// "roll back if it fails": what the watch does anyway.
    RollBackIfBad,
    Condition,
    Force,
    Skip,
    DryRun,
    Strategy,
    Notify,
    /// "Dana, restart shop"
    Addressed {
        /// It is greeted.
        sure: bool,
    },
    Everything,
    Destructive,
    Urgency,
    MistypedVerb {
        meant: String,
    },
    Placeholder,
    /// "https://git.example/acme/shop" in the place of a service.
    NamedByAddress {
        name: String,
    },
    /// "the guest book app"
    JoinedName {
        name: String,
        /// Something else says that it is a name.
        sure: bool,
    },
    /// "... shop is slow. Roll it back."
    ReferredTo {
        name: String,
    },
    /// Characters or options that have no place in a command.
    Hostile,
    /// "promote v2 from staging"
    Source,
    /// Control characters, line breaks, marks of direction.
    Refused,
    /// Characters that were read as others or left out.
    Normalised,
    /// A word in backticks that no catalogue knows.
    Backticks,
    /// Letters that look like Latin ones.
    LookAlike {
        meant: String,
    },
    Injection,
    /// A command in the same breath as an attempt.
    AttemptedDeed,
    Secret,
    /// An approval in words, beside a command.
    Approval,
    /// "and then promote it to production": the next link of a chain, with its own verb.
    NextLink,
    /// "and then promote it", without a place
    Aimless,
    /// A deed that Commander does not do, beside one that it does.
    OtherDeed,
    /// "show me the logs", beside a deed.
    AlsoShow,
    /// "build ... on staging"
    NoPlaceFor(&'static str),
    /// "the live chat service"
    PerhapsPlace,
    /// "the blue server", where there is no catalogue.
    UnlistedPlace,
    /// Words of a command that no slot stands for.
    NotUnderstood,
    /// "restart it on staging then production"
    NoChain,
    /// Words in quotes, a `|` and what follows it, an address.
    NotRead,
}
