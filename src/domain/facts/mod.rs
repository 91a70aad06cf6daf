//! Facts: what a rule of a procedure may ask about, under names that never change.
//!
//! The table in this file is the only place where a fact is declared. From it come the typed
//! structs that the flow fills in, the names that rules are checked against when procedures are
//! read, and the list that `commander sops check` prints. A new fact is one line there and one
//! line where it is filled in.

mod filled;

pub use filled::is_fixed_name;

use super::step::StepAction;
use super::text::printable;

/// A fact as procedures know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// `group.fact`, as a rule writes it.
    pub name: &'static str,
    pub kind: Kind,
    pub meaning: &'static str,
}

/// What values a fact may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    /// A whole number.
    Number,
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A name of the catalogue.
    Name(Place),
    Texts,
    Words(&'static [&'static str]),
    Names(Place),
}

/// Which names of the catalogue a fact holds; a rule that compares it with a name that does not
/// exist would never concern any plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Service,
    Environment,
}

/// The value of one fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactValue {
    Bool(bool),
    Number(i64),
    Text(String),
    Texts(Vec<String>),
}

impl FactValue {
    /// Whether it is a text or a list with nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Bool(_) | Self::Number(_) => false,
            Self::Text(text) => text.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
        }
    }
}

/// As a person writes it in an example.
impl std::fmt::Display for FactValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) if text.is_empty() => f.write_str("\"\""),
            Self::Text(text) => f.write_str(text),
            Self::Texts(texts) => write!(f, "[{}]", texts.join(", ")),
        }
    }
}

/// The actions that make a plan.
pub const ACTIONS: &[&str] = &["deploy", "rollback", "build", "test", "promote", "restart"];
const REFERENCES: &[&str] = &["tag", "branch", "commit", ""];
const HEALTH: &[&str] = &["http", "container", ""];
const DIRECTIONS: &[&str] = &["first", "same", "forward", "backward", "diverged", ""];
const QUALITIES: &[&str] = &["unproven", "verified", "unverified", "quarantined", ""];
const STRATEGIES: &[&str] = &["recreate", "rolling", "blue_green", "canary", "gradual", ""];
/// What people say of what Commander cannot know; "" where nobody has said anything.
const ATTESTED: &[&str] = &["yes", "no", ""];
const WEEKDAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

macro_rules! facts {
    ($(
        $(#[doc = $about:literal])+
        $group:ident: $Group:ident {
            $( $(#[doc = $meaning:literal])+ $fact:ident: $type:ty => $kind:expr, )+
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $Group {
                $( $(#[doc = $meaning])+ pub $fact: $type, )+
            }
        )+

        /// All that is known about one plan at one moment.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Facts {
            $( $(#[doc = $about])+ pub $group: $Group, )+
        }

        /// Every fact, in the order in which they are explained to a person.
        pub const FACTS: &[Fact] = &[$($(
            Fact {
                name: concat!(stringify!($group), ".", stringify!($fact)),
                kind: $kind,
                meaning: concat!($($meaning),+).trim_ascii(),
            },
        )+)+];

        impl Facts {
            /// The values by group and name, in the order of [`FACTS`].
            pub fn groups(&self) -> Vec<(&'static str, Vec<(&'static str, FactValue)>)> {
                vec![$((
                    stringify!($group),
                    vec![$((stringify!($fact), self.$group.$fact.clone().into()),)+],
                ),)+]
            }

            /// Puts another value in the place of one fact; for the examples in procedures.
            ///
            /// # Errors
            ///
            /// When there is no such fact, or it cannot have this value.
            pub fn set(&mut self, name: &str, value: FactValue) -> Result<(), WrongFact> {
                $($(
                    if name == concat!(stringify!($group), ".", stringify!($fact)) {
                        let expected = || WrongFact::Value { name: name.to_owned(), expected: $kind };
                        if !$kind.allows(&value) {
                            return Err(expected());
                        }
                        self.$group.$fact = value.try_into().map_err(|_| expected())?;
                        return Ok(());
                    }
                )+)+
                Err(WrongFact::unknown(name))
            }
        }
    };
}

facts! {
    /// What is asked for.
    plan: PlanFacts {
        /// What is to be done.
        action: String => Kind::Word(ACTIONS),
        /// The service.
        service: String => Kind::Name(Place::Service),
        /// The environment; "" for build and test, which have none.
        environment: String => Kind::Name(Place::Environment),
        /// The tag, branch or commit as it was named; "" where none was.
        reference: String => Kind::Text,
        /// What that name is; "" where none was named.
        reference_kind: String => Kind::Word(REFERENCES),
        /// The pinned commit in full; "" where the plan has none.
        commit: String => Kind::Text,
        /// The image tests that the plan runs.
        tests: Vec<String> => Kind::Texts,
        /// The live tests that the plan runs before go-live.
        smoke_tests: Vec<String> => Kind::Texts,
        /// The scripts of the manifest that the plan runs.
        scripts: Vec<String> => Kind::Texts,
        /// The kinds of the plan's steps, sorted.
        steps: Vec<String> => Kind::Words(&StepAction::KINDS),
        /// How the new release shows that it is well: by an HTTP path, or by its container (the
        /// image's HEALTHCHECK, else that it keeps running); "" where nothing is started.
        health: String => Kind::Word(HEALTH),
        /// Whether a release to go back to is pinned.
        rollback_target: bool => Kind::Bool,
        /// The environments that follow once this one is verified.
        chain: Vec<String> => Kind::Names(Place::Environment),
        /// The name of the token that asked; "" for an automatic rollback.
        requested_by: String => Kind::Text,
        /// Whether what was named as the version cannot move: a tag, a commit or an image's digest,
        /// not a branch, "latest" or the like.
        pinned: bool => Kind::Bool,
        /// How the new release takes the place of the old one; "" where nothing is started.
        strategy: String => Kind::Word(STRATEGIES),
        /// For how many minutes the release is watched after go-live.
        bake_minutes: i64 => Kind::Number,
        /// Whether the command calls itself an emergency, a hotfix or the like: its own words, no
        /// proof.
        emergency: bool => Kind::Bool,
    }

    /// What changed since the live release.
    changes: ChangeFacts {
        /// Whether the way leads on from the live release; "" where nothing is compared.
        direction: String => Kind::Word(DIRECTIONS),
        /// How many commits.
        commits: i64 => Kind::Number,
        /// The paths that differ; a long list is cut short.
        files: Vec<String> => Kind::Texts,
        /// How many paths differ, those that were cut off included.
        file_count: i64 => Kind::Number,
        /// Whether a path lies in a folder "migrations" or "migrate" or ends in ".sql"; also true
        /// when the list was cut short, for one may be among the rest.
        migrations: bool => Kind::Bool,
        /// The authors of the commits that go along, as far as they are listed.
        authors: Vec<String> => Kind::Texts,
    }

    /// What runs in the environment now.
    live: LiveFacts {
        /// Whether there is a live release.
        exists: bool => Kind::Bool,
        /// Its quality; "" where there is none.
        quality: String => Kind::Word(QUALITIES),
        /// For how many whole hours it has been live.
        age_hours: i64 => Kind::Number,
    }

    /// What is known about the commit or image that would go live.
    release: ReleaseFacts {
        /// The environments of this service in which this very commit or image is verified, with no quarantine since.
        verified_in: Vec<String> => Kind::Names(Place::Environment),
        /// For how many minutes it has been live in another environment of this service.
        soaked_minutes: i64 => Kind::Number,
    }

    /// The moment of the question, in the time zone `advisor.timezone`.
    time: TimeFacts {
        /// The day of the week.
        weekday: String => Kind::Word(WEEKDAYS),
        /// 0 to 23.
        hour: i64 => Kind::Number,
        /// 0 to 59.
        minute: i64 => Kind::Number,
        /// The date as "2026-11-21"; dates compare with < and > as one expects.
        date: String => Kind::Text,
        /// 1 to 12.
        month: i64 => Kind::Number,
        /// The day of the month, from 1.
        day: i64 => Kind::Number,
        /// How many days of the month follow after this one.
        days_left: i64 => Kind::Number,
        /// Whether it is one of `advisor.holidays`.
        holiday: bool => Kind::Bool,
        /// Whether the next day is one.
        before_holiday: bool => Kind::Bool,
    }

    /// The environment's freeze, which a failed rollback leaves behind.
    freeze: FreezeFacts {
        /// Whether automatic acts are off.
        active: bool => Kind::Bool,
    }

    /// What else goes on at this moment.
    elsewhere: ElsewhereFacts {
        /// How many executions run or wait, in all places.
        running: i64 => Kind::Number,
    }

    /// What went wrong and is not closed.
    incident: IncidentFacts {
        /// How many incidents of this service are open.
        open: i64 => Kind::Number,
    }

    /// Who could approve.
    people: PeopleFacts {
        /// How many tokens of people there are.
        tokens: i64 => Kind::Number,
    }

    /// Who has approved; while an approval is given, it is counted already.
    approval: ApprovalFacts {
        /// How many distinct people have approved.
        count: i64 => Kind::Number,
        /// Their names, sorted.
        by: Vec<String> => Kind::Texts,
        /// Whether the person who asked for the plan is among them.
        requester_approved: bool => Kind::Bool,
        /// The roles of those who approved, as far as anybody has said them: Commander knows names.
        roles: Vec<String> => Kind::Texts,
    }

    /// What people say of what Commander cannot know, in the command itself: "yes", "no", or "".
    attested: AttestedFacts {
        /// The tests passed.
        tests: String => Kind::Word(ATTESTED),
        /// Tests that Commander does not run were done: load, coverage, by hand.
        special_tests: String => Kind::Word(ATTESTED),
        /// The code was reviewed.
        review: String => Kind::Word(ATTESTED),
        /// A security scan was done, and found nothing that stops this.
        scan: String => Kind::Word(ATTESTED),
        /// A backup was taken.
        backup: String => Kind::Word(ATTESTED),
        /// A backup was restored once, to see that it can be.
        restore_test: String => Kind::Word(ATTESTED),
        /// The migration is tested and can be taken back.
        migration: String => Kind::Word(ATTESTED),
        /// There is a written way back.
        rollback_plan: String => Kind::Word(ATTESTED),
        /// Somebody looks at the monitoring.
        monitoring: String => Kind::Word(ATTESTED),
        /// Somebody is on call.
        on_call: String => Kind::Word(ATTESTED),
        /// The people who must be there are there.
        present: String => Kind::Word(ATTESTED),
        /// Those who must know of it were told.
        announcement: String => Kind::Word(ATTESTED),
        /// There is a ticket or another record of the change.
        ticket: String => Kind::Word(ATTESTED),
        /// Release notes or documents are written.
        notes: String => Kind::Word(ATTESTED),
        /// The image is signed, or otherwise known to come from where it should.
        provenance: String => Kind::Word(ATTESTED),
        /// What must be kept is kept.
        retention: String => Kind::Word(ATTESTED),
        /// A freeze of the house is in force.
        code_freeze: String => Kind::Word(ATTESTED),
        /// It is a holiday, or the day before one.
        holiday: String => Kind::Word(ATTESTED),
        /// It is a busy time of the service.
        peak: String => Kind::Word(ATTESTED),
        /// The service has failed more often than its error budget allows.
        overspent: String => Kind::Word(ATTESTED),
        /// Somebody who may has allowed an exception.
        exception: String => Kind::Word(ATTESTED),
        /// The very image goes live that was tested: it is not built anew.
        same_image: String => Kind::Word(ATTESTED),
        /// The change is a small one, without much risk.
        minor: String => Kind::Word(ATTESTED),
        /// It mends something, and brings nothing new.
        fix: String => Kind::Word(ATTESTED),
        /// How many minutes ahead it was announced or asked for; -1 where nobody has said it.
        notice_minutes: i64 => Kind::Number,
        /// For how many minutes what must be kept is kept; -1 where nobody has said it.
        kept_minutes: i64 => Kind::Number,
        /// How many of the last versions are kept.
        kept_versions: i64 => Kind::Number,
        /// How many minutes old the backup is; -1 where nobody has said it.
        backup_minutes: i64 => Kind::Number,
        /// How much of the code the tests reach, in percent; -1 where nobody has said it.
        coverage_percent: i64 => Kind::Number,
        /// The share of requests that fail, in hundredths of a percent; -1 where nobody has said it.
        error_rate: i64 => Kind::Number,
        /// How many milliseconds an answer takes; -1 where nobody has said it.
        latency_ms: i64 => Kind::Number,
    }
}

/// Why an example's fact was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongFact {
    #[error("there is no fact \"{name}\"{}", .suggestion.map(|s| format!(": did you mean \"{s}\"?")).unwrap_or_default())]
    Unknown {
        name: String,
        suggestion: Option<&'static str>,
    },
    #[error("\"{name}\" must be {expected}")]
    Value { name: String, expected: Kind },
}

impl WrongFact {
    pub fn unknown(name: &str) -> Self {
        Self::Unknown {
            name: printable(name, 80),
            suggestion: closest(name, FACTS.iter().map(|fact| fact.name)),
        }
    }
}

/// The fact of that name.
pub fn fact(name: &str) -> Option<&'static Fact> {
    FACTS.iter().find(|fact| fact.name == name)
}

/// The candidate that `wrong` is probably a misspelling of, if one is near: at most a third of
/// the letters, or two, may differ. The first of equals is taken.
pub fn closest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = |candidate: &str| (wrong.len().max(candidate.len()) / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(wrong, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed(candidate) && *distance < candidate.len()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// All facts as a person reads them: one line each, name, kind and meaning.
pub fn facts_table() -> String {
    let width = FACTS.iter().map(|fact| fact.name.len()).max().unwrap_or(0);
    FACTS
        .iter()
        .map(|fact| format!("{:width$}  {} ({})\n", fact.name, fact.meaning, fact.kind))
        .collect()
}

impl Kind {
    /// Whether the words of the value are among the words of this kind.
    fn allows(self, value: &FactValue) -> bool {
        match (self, value) {
            (Self::Word(words), FactValue::Text(word)) => words.contains(&word.as_str()),
            (Self::Words(words), FactValue::Texts(list)) => {
                list.iter().all(|word| words.contains(&word.as_str()))
            }
            _ => true,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Number => f.write_str("a whole number"),
            Self::Text => f.write_str("text"),
            Self::Name(Place::Service) => f.write_str("a service's name"),
            Self::Name(Place::Environment) => f.write_str("an environment's name"),
            Self::Texts => f.write_str("a list of texts"),
            Self::Names(Place::Service) => f.write_str("a list of services' names"),
            Self::Names(Place::Environment) => f.write_str("a list of environments' names"),
            Self::Word(words) => write!(f, "one of {}", quoted(words)),
            Self::Words(words) => write!(f, "a list of {}", quoted(words)),
        }
    }
}

/// `"a", "b", "c"`, for messages that list what is allowed.
pub fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    words.join(", ")
}

/// Ties a Rust type to its form as a fact.
macro_rules! fact_value {
    ($($type:ty => $variant:ident),+) => {$(
        impl From<$type> for FactValue {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }

        impl TryFrom<FactValue> for $type {
            type Error = FactValue;
            fn try_from(value: FactValue) -> Result<Self, FactValue> {
                match value {
                    FactValue::$variant(value) => Ok(value),
                    other => Err(other),
                }
            }
        }
    )+};
}

fact_value!(bool => Bool, i64 => Number, String => Text, Vec<String> => Texts);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::intent::Action;

    #[test]
    fn every_fact_has_a_value_of_its_kind_and_can_be_set_to_it() {
        let facts = Facts::example();
        let mut copy = facts.clone();
        let mut names = Vec::new();
        for (group, values) in facts.groups() {
            for (name, value) in values {
                let name = format!("{group}.{name}");
                copy.set(&name, value).unwrap();
                names.push(name);
            }
        }
        assert_eq!(copy, facts);
        let table: Vec<&str> = FACTS.iter().map(|fact| fact.name).collect();
        assert_eq!(names, table);
        assert!(
            FACTS
                .iter()
                .all(|fact| facts_table().contains(fact.meaning))
        );
    }

    #[test]
    fn a_wrong_name_or_value_says_what_was_expected() {
        let mut facts = Facts::example();
        let set = |facts: &mut Facts, name: &str, value: FactValue| {
            facts.set(name, value).unwrap_err().to_string()
        };
        assert_eq!(
            set(&mut facts, "plan.enviroment", true.into()),
            "there is no fact \"plan.enviroment\": did you mean \"plan.environment\"?"
        );
        assert_eq!(
            set(&mut facts, "plan.tests", true.into()),
            "\"plan.tests\" must be a list of texts"
        );
        assert!(set(&mut facts, "time.weekday", "Fri".to_owned().into()).contains("\"friday\""));
        assert_eq!(facts, Facts::example());
    }

    #[test]
    fn the_actions_are_those_that_make_a_plan() {
        use Action::*;
        let all = [
            Deploy,
            Rollback,
            Build,
            Test,
            Promote,
            Restart,
            Scale,
            Status,
            Logs,
            Unsupported,
        ];
        let planned: Vec<&str> = all
            .into_iter()
            .filter(|a| a.makes_plan())
            .map(Action::as_str)
            .collect();
        assert_eq!(planned, ACTIONS);
    }
}
