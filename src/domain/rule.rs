//! A rule: a typed, machine-checkable condition in a procedure.
//!
//! `when` says which plans a rule concerns; what it demands of them is either a condition with a
//! severity, or a number of approvals. Judging is pure: facts in, outcome out. An expression that
//! cannot be evaluated is an outcome of its own, never a pass.

use super::advice::{RuleStage, Severity};
use super::facts::Facts;
use super::sop::expression::{EvaluationError, Expression, KnownFacts};

#[derive(Debug)]
pub struct Rule {
    /// Unique in its procedure.
    pub id: String,
    /// Where the rule stands in the file.
    pub line: u32,
    /// The first stage at which it is looked at; it is looked at again at each later one.
    pub at: RuleStage,
    /// Which plans it concerns, among those that the procedure applies to; all without it.
    pub when: Option<Expression>,
    pub demand: Demand,
    /// One sentence for the person who decides.
    pub message: String,
    /// The passage that it was written from, as an index into the procedure's passages.
    pub passage: Option<usize>,
    pub examples: Vec<Example>,
}

#[derive(Debug)]
pub enum Demand {
    /// The condition must hold.
    Condition {
        require: Expression,
        severity: Severity,
    },
    /// So many distinct people must approve.
    Approvals(u32),
}

/// What a rule has to say about one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Unconcerned,
    Kept,
    Broken,
    Failed(EvaluationError),
}

/// A plan in short form, and what the rule must say about it: the test beside the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub line: u32,
    pub expected: Outcome,
    /// [`Facts::example`], made a plan that the procedure applies to, with the example's own facts.
    pub facts: Facts,
    /// The example's own facts, each as its file says it: `approval.count: 2`.
    pub stated: Vec<String>,
}

impl Rule {
    /// Whether the rule's demand is met by a plan that its procedure applies to.
    pub fn judge(&self, facts: &Facts, known: &KnownFacts) -> Outcome {
        let concerned = self
            .when
            .as_ref()
            .map_or(Ok(true), |when| when.holds(known));
        let kept = match concerned {
            Ok(true) => self.demand.is_met(facts, known),
            Ok(false) => return Outcome::Unconcerned,
            Err(error) => Err(error),
        };
        match kept {
            Ok(true) => Outcome::Kept,
            Ok(false) => Outcome::Broken,
            Err(error) => Outcome::Failed(error),
        }
    }

    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let require = match &self.demand {
            Demand::Condition { require, .. } => Some(require),
            Demand::Approvals(_) => None,
        };
        self.when.iter().chain(require)
    }

    /// The facts that its condition looks at.
    pub fn require_reads(&self) -> impl Iterator<Item = &'static str> {
        let require = match &self.demand {
            Demand::Condition { require, .. } => Some(require),
            Demand::Approvals(_) => None,
        };
        require
            .into_iter()
            .flat_map(|require| require.reads().iter().copied())
    }

    /// The facts that decide it, apart from those that only say which plan it is about.
    pub fn deciding_facts(&self) -> impl Iterator<Item = &'static str> {
        const SCOPE: [&str; 3] = ["plan.action", "plan.service", "plan.environment"];
        self.expressions()
            .flat_map(|expression| expression.reads().iter().copied())
            .filter(|fact| !SCOPE.contains(fact))
    }
}

impl Demand {
    fn is_met(&self, facts: &Facts, known: &KnownFacts) -> Result<bool, EvaluationError> {
        match self {
            Self::Condition { require, .. } => require.holds(known),
            Self::Approvals(needed) => Ok(facts.approval.count >= i64::from(*needed)),
        }
    }
}

impl Outcome {
    /// As a person writes it above an example.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unconcerned => "ignores",
            Self::Kept => "passes",
            Self::Broken => "fails",
            Self::Failed(_) => "cannot be evaluated",
        }
    }
}
