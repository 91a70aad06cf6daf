//! The table: what each concern does, with its code and its sentence.

use super::ask::shown;
use super::concern::{Concern, Noted};
use super::reading::WarningCode;
use crate::domain::intent::Draft;

/// What a concern does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// It is said; the plan is what was wished.
    Tell,
    /// The plan would lack something: only after a yes.
    NeedsYes,
    /// Nothing but another sentence can tell what is meant.
    NewSentence,
    Refuse,
}

pub(super) const ONE_CONTAINER: &str = "Commander runs one container for each service and \
     environment; replicas are not there yet.";

pub(super) const APPROVAL: &str = "Words never approve a plan: open it and use its button, or run \
     “commander approve” with the plan's id.";

pub(super) fn verdict(noted: &Noted, draft: &Draft) -> (WarningCode, Effect, String) {
    use Effect::{NeedsYes, NewSentence, Refuse, Tell};
    use WarningCode as Code;
    let words = shown(&noted.words);
    let plans = draft
        .action
        .as_ref()
        .is_some_and(|slot| slot.value.makes_plan());
    match &noted.concern {
        Concern::Negation if !plans => (
            Code::Negation,
            Tell,
            format!("“{words}” says what is not, or must not be."),
        ),
        Concern::Negation => (
            Code::Negation,
            NewSentence,
            format!("“{words}” forbids something in the same breath: say only what is to be done."),
        ),
        Concern::LeavesOut => (
            Code::Negation,
            Tell,
            format!("“{words}”: left out, as said."),
        ),
        Concern::Question => (
            Code::Question,
            NeedsYes,
            format!("“{words}” is a question, which the plan does not answer."),
        ),
        Concern::Tentative => (
            Code::Question,
            NeedsYes,
            format!("“{words}” sounds like a question or an idea, not like an order."),
        ),
        Concern::Report => (
            Code::Reported,
            Tell,
            format!("“{words}” was read as a report; it is no part of the plan."),
        ),
        Concern::ReportElsewhere => (
            Code::Reported,
            NeedsYes,
            format!("“{words}” speaks of another environment; it is no part of the plan."),
        ),
        Concern::Correction => (
            Code::Unmodelled,
            NewSentence,
            format!("“{words}” takes something back: say the whole again."),
        ),
        Concern::Speech => (
            Code::Reported,
            NeedsYes,
            format!("“{words}” tells what somebody else said."),
        ),
        Concern::NotUnderstood => (
            Code::Unmodelled,
            NeedsYes,
            format!("“{words}” was not understood."),
        ),
        Concern::Nominal => (
            Code::Unmodelled,
            NeedsYes,
            format!("“{words}” names a deed without asking for it."),
        ),
        Concern::RelativeVersion => (
            Code::RelativeVersion,
            Tell,
            format!("“{words}” is relative; the plan shows the commit that it stands for."),
        ),
        Concern::Leaving => (
            Code::Unmodelled,
            Tell,
            format!("Whether {words} is what runs now is not checked; the plan shows what does."),
        ),
        Concern::Source => (
            Code::Unmodelled,
            Tell,
            format!("“{words}”: a promotion takes what is verified in the environment that the configuration puts before it."),
        ),
        Concern::Scheduled => (
            Code::Scheduled,
            NeedsYes,
            format!("“{words}”: nothing is scheduled, a plan starts when it is approved."),
        ),
        Concern::TimeRange => (
            Code::Unmodelled,
            Tell,
            format!("“{words}” does not narrow down what is shown."),
        ),
        Concern::IfTestsPass => (
            Code::Conditional,
            Tell,
            format!("“{words}”: the plan runs the tests first and stops if one fails."),
        ),
        Concern::IfHealthy => (
            Code::Conditional,
            Tell,
            format!("“{words}”: a release goes live only when its health gate lets it."),
        ),
        Concern::RollBackIfBad => (
            Code::Conditional,
            Tell,
            format!(
                "“{words}”: the watch does that by itself, by the configured thresholds, where there is a release to go back to."
            ),
        ),
        Concern::Condition => (
            Code::Conditional,
            NeedsYes,
            format!("“{words}” is a condition that cannot be checked."),
        ),
        Concern::Force => (
            Code::ForceRequested,
            Tell,
            format!("“{words}”: no check is forced; the plan is made and approved as always."),
        ),
        Concern::Skip => (
            Code::SkipRequested,
            NeedsYes,
            format!("“{words}”: nothing is skipped that the procedures or the configuration ask for."),
        ),
        Concern::DryRun => (
            Code::DryRun,
            NeedsYes,
            format!("“{words}”: there is no dry run, but a plan changes nothing until it is approved."),
        ),
        Concern::Strategy => (
            Code::StrategyRequested,
            NeedsYes,
            format!(
                "“{words}”: the only strategy is to replace the container, with a short interruption."
            ),
        ),
        Concern::Notify => (
            Code::NotifyRequested,
            Tell,
            format!("“{words}”: nobody is told by this command; the configured webhook is."),
        ),
        Concern::Addressed { sure } => (
            Code::Unmodelled,
            if *sure { Tell } else { NeedsYes },
            format!("“{words}” was read as who is spoken to."),
        ),
        Concern::Everything if !plans => (Code::Bulk, Tell, format!("“{words}” means all.")),
        Concern::Everything => (
            Code::Bulk,
            NewSentence,
            format!("“{words}” is more than one plan: name one service and its environments."),
        ),
        Concern::Destructive => (
            Code::Destructive,
            NewSentence,
            format!("“{words}” destroys something, which no plan does: say only the rest."),
        ),
        Concern::Urgency => (
            Code::Unmodelled,
            Tell,
            format!("“{words}”: urgency changes nothing; the plan is offered at once and waits for its approval."),
        ),
        Concern::MistypedVerb { meant } => (
            Code::Typo,
            NeedsYes,
            format!("“{words}” was read as “{meant}”."),
        ),
        Concern::Placeholder => (
            Code::Unmodelled,
            NewSentence,
            format!("“{words}” is to be filled in: put the real name in its place."),
        ),
        Concern::ReferredTo { name } => (
            Code::Unmodelled,
            NeedsYes,
            format!("“{words}” was taken for “{name}”."),
        ),
        Concern::NamedByAddress { name } => (
            Code::Unmodelled,
            if plans { NeedsYes } else { Tell },
            format!("Of “{words}” only the name “{name}” is used; where a service is built from stands in the configuration."),
        ),
        Concern::JoinedName { name, sure } => (
            Code::Typo,
            if *sure { Tell } else { NeedsYes },
            format!("“{words}” was read as one name, “{name}”."),
        ),
        Concern::Hostile => (
            Code::InvalidCharacters,
            Refuse,
            format!("“{words}” has no place in a command: use plain names, tags, branches and commits, and no options."),
        ),
        Concern::Backticks => (
            Code::InvalidCharacters,
            NewSentence,
            format!("“{words}” stands in backticks, which a shell would run: write it without."),
        ),
        Concern::Refused => (
            Code::InvalidCharacters,
            Refuse,
            format!("The text has characters that are not accepted ({words}): type it anew, on one line."),
        ),
        Concern::Normalised => (
            Code::Normalised,
            Tell,
            format!("Some characters were read as others or left out: {words}."),
        ),
        Concern::LookAlike { meant } => (
            Code::Normalised,
            NeedsYes,
            format!("“{words}” has letters that only look like those of “{meant}”, as which it was read."),
        ),
        Concern::Injection => (
            Code::Injection,
            Tell,
            format!("“{words}” tries to give orders past the procedure; it was not followed."),
        ),
        Concern::AttemptedDeed => (
            Code::Injection,
            NewSentence,
            format!("“{words}” came together with orders past the procedure: say it alone."),
        ),
        Concern::Secret => (
            Code::SecretInText,
            Refuse,
            "The text seems to hold a secret. Say it again without, and change the secret: it has been \
             seen. Secrets belong into the configuration, by reference."
                .to_owned(),
        ),
        Concern::Approval => (Code::Injection, Tell, format!("“{words}”: {APPROVAL}")),
        Concern::OtherDeed => (
            Code::Unmodelled,
            NeedsYes,
            format!("“{words}” is nothing that Commander does; the plan would go without it."),
        ),
        Concern::NextLink => (
            Code::Conditional,
            Tell,
            format!("“{words}”: a plan of its own, offered once the one before is verified."),
        ),
        Concern::Aimless => (
            Code::Unmodelled,
            NewSentence,
            format!("“{words}” does not say in which environment: say the whole again with it."),
        ),
        Concern::AlsoShow => (
            Code::Unmodelled,
            Tell,
            format!("“{words}”: ask for that alone; the plan's own progress and logs can be followed anyway."),
        ),
        Concern::NoPlaceFor(what) => (
            Code::Unmodelled,
            NeedsYes,
            format!("“{words}”: {what} has no place in this, and the plan would go without."),
        ),
        Concern::NoChain => (
            Code::Unmodelled,
            NeedsYes,
            "Nothing follows this by itself: there is a plan for each environment at once."
                .to_owned(),
        ),
        Concern::NotRead if plans => (
            Code::Unmodelled,
            NeedsYes,
            format!("“{words}” was not read."),
        ),
        Concern::NotRead => (Code::Unmodelled, Tell, format!("“{words}” was not read.")),
        Concern::PerhapsPlace if plans => (
            Code::Unmodelled,
            NeedsYes,
            format!("“{words}” was read as an environment."),
        ),
        Concern::PerhapsPlace => (
            Code::Unmodelled,
            Tell,
            format!("“{words}” was read as an environment."),
        ),
        Concern::UnlistedPlace => (
            Code::UnknownEnvironment,
            Tell,
            format!("“{words}” is no usual name of an environment; it is kept as it was said."),
        ),
    }
}
