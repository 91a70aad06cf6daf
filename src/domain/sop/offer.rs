//! A statement as it is offered to a person: what the text says, where, and the rule that it would
//! become.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::statement::{Statement, StatementId, StatementKind, Strength};
use super::{Procedures, Sop};
use crate::domain::advice::{Citation, RuleStage, Severity};
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
    /// Whether facts of a plan decide it; else people must say so, and it blocks only once somebody
    /// has said that it is not so.
    pub checkable: bool,
}

/// Either a condition with a severity, or a number of approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedRule {
    pub when: Option<String>,
    pub require: Option<String>,
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
                    excerpt: statement.text.clone(),
                },
                |passage| sop.cite_passage(passage),
            ),
            rule: statement.rule.as_ref().map(OfferedRule::of),
            checkable: statement.checkable,
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
    fn of(rule: &Rule) -> Self {
        let (require, severity, approvals) = match &rule.demand {
            Demand::Condition { require, severity } => {
                (Some(require.source().to_owned()), Some(*severity), None)
            }
            Demand::Approvals(count) => (None, None, Some(*count)),
        };
        Self {
            when: rule.when.as_ref().map(|when| when.source().to_owned()),
            require,
            severity,
            approvals,
            at: rule.at,
        }
    }
}
