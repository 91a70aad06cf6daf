//! A statement as it is offered to a person: what the text says, where, and the rule that it would
//! become.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::expression::{Expression, KnownFacts};
use super::statement::{Statement, StatementId, StatementKind, Strength};
use super::{Procedures, Sop};
use crate::domain::advice::{Citation, RuleStage, Severity};
use crate::domain::facts::Facts;
use crate::domain::holidays;
use crate::domain::rule::{Demand, Rule};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    pub id: StatementId,
    pub kind: StatementKind,
    pub strength: Strength,
    /// The sentence, as it stands.
    pub text: String,
    pub citation: Citation,
    /// Absent where it only excepts something from other statements.
    pub rule: Option<OfferedRule>,
    /// Whether facts of a plan decide it; else only people know it, and the rule warns.
    pub checkable: bool,
    /// One sentence: what a plan meets once it is accepted.
    #[serde(default)]
    pub effect: String,
}

/// Either a condition with a severity, or a number of approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedRule {
    pub when: Option<String>,
    pub require: Option<String>,
    /// As it takes effect.
    pub severity: Option<Severity>,
    pub approvals: Option<u32>,
    pub at: RuleStage,
}

impl Offer {
    pub fn of(sop: &Sop, statement: &Statement) -> Self {
        let passage = sop.passages.get(statement.passage);
        Self {
            id: statement.id.clone(),
            kind: statement.kind,
            strength: statement.strength,
            text: statement.text.clone(),
            citation: passage.map_or_else(
                || Citation {
                    sop: sop.file.clone(),
                    title: sop.title.clone(),
                    rule: None,
                    heading: Vec::new(),
                    line: 1,
                    page: None,
                    excerpt: statement.text.clone(),
                },
                |passage| sop.cite_passage(passage),
            ),
            rule: (statement.rule.as_ref()).map(|rule| OfferedRule::of(rule, statement)),
            checkable: statement.checkable,
            effect: effect(statement),
        }
    }

    /// Everything that the procedures offer, in the order of their files.
    pub fn all(procedures: &Procedures) -> Vec<Self> {
        let of_sop = |sop| {
            let sop: &Sop = sop;
            sop.statements
                .iter()
                .map(move |statement| Self::of(sop, statement))
        };
        procedures.sops().iter().flat_map(of_sop).collect()
    }
}

impl OfferedRule {
    fn of(rule: &Rule, statement: &Statement) -> Self {
        let (require, approvals) = match &rule.demand {
            Demand::Condition { require, .. } => (Some(require.source().to_owned()), None),
            Demand::Approvals(count) => (None, Some(*count)),
        };
        Self {
            when: rule.when.as_ref().map(|when| when.source().to_owned()),
            require,
            severity: severity(&rule.demand, statement),
            approvals,
            at: rule.at,
        }
    }
}

/// The most that advice makes of it.
fn severity(demand: &Demand, statement: &Statement) -> Option<Severity> {
    match demand {
        Demand::Condition { severity, .. } if statement.checkable => Some(*severity),
        Demand::Condition { severity, .. } => Some((*severity).max(Severity::Warning)),
        Demand::Approvals(_) => None,
    }
}

fn effect(statement: &Statement) -> String {
    let Some(rule) = &statement.rule else {
        return "It only excepts something from other demands.".to_owned();
    };
    let mut effect = outcome(statement, rule);
    if asks_for_hours(rule) {
        effect = format!("{effect} {HOURS}");
    }
    if asks_for_holidays(&rule.demand) {
        effect = format!("{effect} {}", holidays::KNOWN);
    }
    effect
}

/// Whether a plan of which nobody says anything keeps it: "never from a laptop".
fn is_kept_unsaid(require: &Expression) -> bool {
    let ordinary = KnownFacts::new(&Facts::example());
    let unsaid = require
        .reads()
        .iter()
        .all(|fact| fact.starts_with("attested."));
    unsaid && require.holds(&ordinary).unwrap_or(false)
}

/// A text may name another zone: whoever accepts the rule has to know which one counts.
const HOURS: &str = "Its hours are those of the time zone that `advisor.timezone` names.";

fn asks_for_hours(rule: &Rule) -> bool {
    let asks = |expression: &Expression| expression.source().contains("time.hour");
    let requires = match &rule.demand {
        Demand::Condition { require, .. } => asks(require),
        Demand::Approvals(_) => false,
    };
    requires || rule.when.as_ref().is_some_and(asks)
}

fn asks_for_holidays(demand: &Demand) -> bool {
    match demand {
        Demand::Condition { require, .. } => ["time.holiday", "time.before_holiday"]
            .iter()
            .any(|fact| require.source().contains(*fact)),
        Demand::Approvals(_) => false,
    }
}

fn outcome(statement: &Statement, rule: &Rule) -> String {
    let informs = "A plan that breaks it is told so, and no more.";
    match (&rule.demand, severity(&rule.demand, statement)) {
        (Demand::Approvals(_), _) if statement.strength == Strength::Vague => informs.to_owned(),
        (Demand::Approvals(1), _) => "A plan waits for one approval, as every plan does.".to_owned(),
        (Demand::Approvals(count), _) => format!(
            "A plan waits until {count} people have approved it; while only one token exists it is warned about, and one is enough."
        ),
        (Demand::Condition { .. }, Some(Severity::High)) => {
            "A plan that breaks it is blocked.".to_owned()
        }
        (Demand::Condition { require, .. }, Some(Severity::Warning))
            if !statement.checkable && is_kept_unsaid(require) =>
        {
            "Commander cannot know it, and says nothing of it unless a command that is tried does: people have to see to it.".to_owned()
        }
        (Demand::Condition { .. }, Some(Severity::Warning)) if !statement.checkable => {
            "Commander cannot check it: a plan carries a warning and is not blocked, and people have to see to it.".to_owned()
        }
        (Demand::Condition { .. }, Some(Severity::Warning)) => {
            "A plan that breaks it carries a warning and is not blocked.".to_owned()
        }
        (Demand::Condition { .. }, Some(Severity::Info) | None) => informs.to_owned(),
    }
}
