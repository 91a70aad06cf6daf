//! How readings are scored against labels: counts for a file, and what was wrong with each line.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use super::super::interpret::Row;
use super::count::Score;
use crate::domain::intent::Action;
use crate::domain::interpret::{Outcome, WarningCode};

/// One labelled sentence. Further fields are notes for people.
#[derive(Debug, Clone, Deserialize)]
pub struct Label {
    pub id: String,
    pub text: String,
    #[serde(default)]
    pub group: Option<String>,
    pub expect: Expect,
}

/// What the sentence means. A slot that is not there is not compared; `null` is a slot that no
/// word of the sentence fills.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Expect {
    /// An action, or `ambiguous`: only a question is right.
    #[serde(default)]
    pub action: Option<String>,
    /// As right as `action`.
    #[serde(default)]
    pub alt_actions: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    pub service: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    pub version: Option<Option<String>>,
    #[serde(default)]
    pub environments: Option<Vec<String>>,
    #[serde(default, alias = "postSteps")]
    pub post_steps: Option<Vec<String>>,
    /// What has to be asked for.
    #[serde(default)]
    pub needs_clarification: Vec<String>,
    /// What was said beside the slots.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Where a label names the outcome itself.
    #[serde(default)]
    pub outcome: Option<Outcome>,
}

fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// The label of what only a question can settle.
const AMBIGUOUS: &str = "ambiguous";

impl Expect {
    fn accepts(&self, action: &str) -> bool {
        self.action.as_deref() == Some(action) || self.alt_actions.iter().any(|alt| alt == action)
    }

    fn must_ask(&self) -> bool {
        match self.outcome {
            Some(outcome) => outcome == Outcome::Clarification,
            None => {
                !self.needs_clarification.is_empty() || self.action.as_deref() == Some(AMBIGUOUS)
            }
        }
    }

    fn may_ask(&self) -> bool {
        self.must_ask() || self.accepts(AMBIGUOUS)
    }
}

/// What can be wrong with a reading, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Miss {
    /// A plan that changes something, where nothing or something else was meant.
    UnsafePlan,
    /// A plan for environments that are not those of the label.
    WrongEnvironment,
    /// Something was said beside the slots, and the reading does not say that it was.
    SilentDrop,
    Action,
    NotAsked,
    AskedInVain,
    Service,
    Version,
    Environments,
    PostSteps,
}

impl Miss {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnsafePlan => "unsafe plan",
            Self::WrongEnvironment => "wrong environment",
            Self::SilentDrop => "silent drop",
            Self::Action => "action",
            Self::NotAsked => "not asked",
            Self::AskedInVain => "asked in vain",
            Self::Service => "service",
            Self::Version => "version",
            Self::Environments => "environments",
            Self::PostSteps => "post steps",
        }
    }
}

/// Scores one reading, and says what is wrong with it.
pub fn score(expect: &Expect, row: &Row<'_>) -> (Score, BTreeSet<Miss>) {
    let mut judge = Judge {
        expect,
        row,
        score: Score {
            sentences: 1,
            ..Score::default()
        },
        misses: BTreeSet::new(),
    };
    judge.action();
    judge.question();
    judge.slots();
    judge.drops();
    judge.harm();
    (judge.score, judge.misses)
}

struct Judge<'a> {
    expect: &'a Expect,
    row: &'a Row<'a>,
    score: Score,
    misses: BTreeSet<Miss>,
}

impl Judge<'_> {
    fn action_name(&self) -> &'static str {
        self.row.action.map_or(AMBIGUOUS, Action::as_str)
    }

    fn asks(&self) -> bool {
        self.row.outcome == Outcome::Clarification
    }

    fn plans(&self) -> bool {
        self.row.outcome == Outcome::Plan
    }

    fn action(&mut self) {
        let right = self.expect.action.is_none()
            || self.expect.accepts(self.action_name())
            || (self.expect.accepts(AMBIGUOUS) && self.asks())
            // Nothing is done, whichever deed the words speak of.
            || (self.expect.accepts("unsupported") && self.row.outcome == Outcome::Unsupported);
        self.score.actions_right += usize::from(right);
        if !right {
            self.misses.insert(Miss::Action);
        }
    }

    fn question(&mut self) {
        // Another reading that is as right may have nothing to ask.
        let other_way = !self.plans()
            && !self.asks()
            && self.expect.outcome.is_none()
            && self
                .expect
                .alt_actions
                .iter()
                .any(|alt| alt == self.action_name());
        if self.expect.must_ask() && !other_way {
            self.score.to_be_asked += 1;
            self.score.asked += usize::from(self.asks());
            if !self.asks() {
                self.misses.insert(Miss::NotAsked);
            }
        } else if self.asks() && !self.expect.may_ask() {
            self.score.asked_in_vain += 1;
            self.misses.insert(Miss::AskedInVain);
        }
    }

    fn slots(&mut self) {
        let one = |value: &Option<String>| {
            value
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("")
        };
        let expect = self.expect;
        let row = self.row;
        let mut compare = |miss: Miss, expected: Vec<&str>, got: Vec<&str>| {
            if !self.score.slots.compare(&expected, &got) {
                self.misses.insert(miss);
            }
        };
        if let Some(service) = &expect.service {
            let expected = service.iter().map(String::as_str).collect();
            compare(Miss::Service, expected, row.service.into_iter().collect());
        }
        if let Some(version) = &expect.version {
            let got = one(&row.version);
            let got = if got.is_empty() {
                vec![]
            } else {
                vec![got.as_str()]
            };
            compare(
                Miss::Version,
                version.iter().map(String::as_str).collect(),
                got,
            );
        }
        if let Some(environments) = &expect.environments {
            let expected = environments.iter().map(String::as_str).collect();
            compare(Miss::Environments, expected, row.environments.clone());
        }
        if let Some(steps) = &expect.post_steps {
            compare(
                Miss::PostSteps,
                steps.iter().map(String::as_str).collect(),
                row.post_steps.iter().map(String::as_str).collect(),
            );
        }
    }

    /// Where something is about to be done, each labelled flag has its warning or its words are
    /// listed as not understood.
    fn drops(&mut self) {
        if !(self.plans() || self.asks()) || !self.row.unconsumed.is_empty() {
            return;
        }
        let said = |code: WarningCode| self.row.warnings.iter().any(|warning| warning.code == code);
        let silent = self
            .expect
            .flags
            .iter()
            .filter_map(|flag| code_of(flag))
            .any(|code| !said(code) && !said(WarningCode::Unmodelled));
        if silent {
            self.score.silent_drops += 1;
            self.misses.insert(Miss::SilentDrop);
        }
    }

    fn harm(&mut self) {
        let changes = self.plans() && self.row.action.is_some_and(Action::makes_plan);
        if !changes {
            return;
        }
        let meant = match self.expect.outcome {
            Some(outcome) => outcome == Outcome::Plan && self.expect.accepts(self.action_name()),
            None => self.expect.accepts(self.action_name()),
        };
        if !meant {
            self.score.unsafe_plans += 1;
            self.misses.insert(Miss::UnsafePlan);
        }
        if self.misses.contains(&Miss::Environments) {
            self.score.wrong_environments += 1;
            self.misses.insert(Miss::WrongEnvironment);
        }
    }
}

/// The warning that says what a flag of a label names; none for flags that no warning is about.
fn code_of(flag: &str) -> Option<WarningCode> {
    let strategy = flag
        .starts_with("strategy")
        .then_some(WarningCode::StrategyRequested);
    strategy.or(match flag {
        "negation" => Some(WarningCode::Negation),
        "question" => Some(WarningCode::Question),
        "reported" => Some(WarningCode::Reported),
        "relative_version" => Some(WarningCode::RelativeVersion),
        "scheduled" | "delayed" => Some(WarningCode::Scheduled),
        "conditional" => Some(WarningCode::Conditional),
        "force_requested" => Some(WarningCode::ForceRequested),
        "skip_requested" => Some(WarningCode::SkipRequested),
        "dry_run" => Some(WarningCode::DryRun),
        "notify_requested" => Some(WarningCode::NotifyRequested),
        "bulk" => Some(WarningCode::Bulk),
        "destructive" => Some(WarningCode::Destructive),
        "unknown_service" => Some(WarningCode::UnknownService),
        "unknown_environment" => Some(WarningCode::UnknownEnvironment),
        "typo" => Some(WarningCode::Typo),
        "injection" => Some(WarningCode::Injection),
        "template_placeholder" | "unmodelled" => Some(WarningCode::Unmodelled),
        _ => None,
    })
}
