//! Advice is made here: each rule of each procedure that applies to the plan is looked at, and each
//! statement that is recognised in its text.
//!
//! A broken rule is a finding of its severity; a rule that cannot be evaluated is a high one. A
//! statement that somebody accepted counts as a rule; until then it warns at most. What only people
//! know is never more than a warning while nobody has said it. Nothing takes a finding back: where
//! two procedures disagree, the stricter one decides and the other is cited beside it.

use std::collections::BTreeSet;

use super::decisions::{Decisions, Ruling};
use super::expression::KnownFacts;
use super::statement::{Statement, Strength};
use super::{Procedures, Sop};
use crate::domain::advice::{Advice, Citation, Finding, RuleStage, Severity};
use crate::domain::facts::Facts;
use crate::domain::rule::{Demand, Outcome, Rule};

/// What the procedures say about a plan at one stage: the rules of that stage and of the earlier
/// ones. The same procedures, facts and stage give the same advice, byte for byte.
pub fn advise(procedures: &Procedures, facts: &Facts, stage: RuleStage) -> Advice {
    advise_under(procedures, &Decisions::default(), facts, stage)
}

/// The same, with what people have decided about recognised statements.
pub fn advise_under(
    procedures: &Procedures,
    decisions: &Decisions,
    facts: &Facts,
    stage: RuleStage,
) -> Advice {
    let known = KnownFacts::new(facts);
    let mut asked = Asked {
        facts,
        known: &known,
        stage,
        decisions,
        advice: Advice::default(),
        kept: Vec::new(),
        broken: Vec::new(),
    };
    let concerned: Vec<&Sop> = procedures
        .sops()
        .iter()
        .filter(|sop| sop.applies_to.concerns(&facts.plan))
        .collect();
    for sop in &concerned {
        asked.look_at(sop);
    }
    // After all rules and accepted statements: what nobody has accepted is compared with them.
    for accepted in [true, false] {
        for sop in &concerned {
            asked.look_at_statements(sop, accepted);
        }
    }
    asked.cite_overruled();
    for sop in &concerned {
        asked.look_at_withdrawn(sop);
    }
    let Asked {
        mut advice, kept, ..
    } = asked;
    let rules_kept = kept.iter().filter(|looked| looked.counts).count();
    advice.rules_kept = u32::try_from(rules_kept).unwrap_or(u32::MAX);
    put_in_order(&mut advice.findings);
    advice
}

pub(super) fn put_in_order(findings: &mut Vec<Finding>) {
    findings.sort_by(|one, other| order(one).cmp(&order(other)));
    findings.dedup();
}

/// A rule, or a statement in the form of one.
#[derive(Clone, Copy)]
struct Looked<'a> {
    sop: &'a Sop,
    rule: &'a Rule,
    statement: Option<&'a Statement>,
    /// A statement that nobody has accepted does not.
    counts: bool,
}

/// Advice while it is put together.
struct Asked<'a> {
    facts: &'a Facts,
    known: &'a KnownFacts,
    stage: RuleStage,
    decisions: &'a Decisions,
    advice: Advice,
    kept: Vec<Looked<'a>>,
    /// Broken conditions of more than informative weight.
    broken: Vec<Looked<'a>>,
}

impl<'a> Asked<'a> {
    fn look_at(&mut self, sop: &'a Sop) {
        let stage = self.stage;
        for rule in sop.rules.iter().filter(|rule| rule.at <= stage) {
            let looked = Looked {
                sop,
                rule,
                statement: None,
                counts: true,
            };
            match (rule.judge(self.facts, self.known), &rule.demand) {
                (Outcome::Unconcerned, _) => {}
                (Outcome::Failed(error), _) => self.cannot_be_checked(looked, &error.to_string()),
                (outcome, Demand::Approvals(needed)) => {
                    self.ask_for_approvals(looked, *needed, &outcome);
                }
                (Outcome::Kept, _) => self.kept.push(looked),
                (Outcome::Broken, Demand::Condition { severity, .. }) => {
                    if *severity < Severity::Info {
                        self.broken.push(looked);
                    }
                    self.find(looked, *severity, rule.message.clone());
                }
            }
        }
        if self.is_prose_for_this_plan(sop) {
            self.advice
                .findings
                .extend(sop.passages.first().map(|passage| {
                    Finding {
                        severity: Severity::Info,
                        at: RuleStage::Plan,
                        message:
                            "This procedure is about plans like this one; it has no rules to check."
                                .to_owned(),
                        citation: sop.cite_passage(passage),
                        statement: None,
                    }
                }));
        }
    }

    fn look_at_statements(&mut self, sop: &'a Sop, accepted: bool) {
        for statement in &sop.statements {
            let decision = self.decisions.on(&statement.id);
            let Some(rule) = &statement.rule else {
                continue;
            };
            let due = (decision == Some(Ruling::Accepted)) == accepted
                && decision != Some(Ruling::Refused)
                && rule.at <= self.stage
                // Where a front matter has rules, its author has said what is checked.
                && (accepted || sop.rules.is_empty());
            if due {
                let looked = Looked {
                    sop,
                    rule,
                    statement: Some(statement),
                    counts: accepted,
                };
                self.look_at_statement(looked, statement);
            }
        }
    }

    /// What was a rule and was taken back is told where a plan would have broken it, until its
    /// passage changes or somebody accepts it again.
    fn look_at_withdrawn(&mut self, sop: &'a Sop) {
        for statement in &sop.statements {
            let was_a_rule = self.decisions.on(&statement.id) == Some(Ruling::Refused)
                && self.decisions.remark(&statement.id).is_some();
            let rule = statement.rule.as_ref().filter(|rule| rule.at <= self.stage);
            let Some(rule) = rule.filter(|_| was_a_rule) else {
                continue;
            };
            let outcome = rule.judge(self.facts, self.known);
            let would_break = match &rule.demand {
                Demand::Approvals(needed) if self.stage < RuleStage::Start => {
                    outcome != Outcome::Unconcerned && *needed > self.advice.required_approvals
                }
                Demand::Approvals(_) | Demand::Condition { .. } => outcome == Outcome::Broken,
            };
            if would_break {
                let looked = Looked {
                    sop,
                    rule,
                    statement: Some(statement),
                    counts: false,
                };
                self.find(looked, Severity::Info, rule.message.clone());
            }
        }
    }

    fn look_at_statement(&mut self, looked: Looked<'a>, statement: &Statement) {
        let Looked { rule, counts, .. } = looked;
        match (rule.judge(self.facts, self.known), &rule.demand) {
            (Outcome::Unconcerned, _) => {}
            (Outcome::Failed(error), _) => self.cannot_be_checked(looked, &error.to_string()),
            (outcome, Demand::Approvals(needed))
                if counts && statement.strength != Strength::Vague =>
            {
                self.ask_for_approvals(looked, *needed, &outcome);
            }
            (outcome, Demand::Approvals(needed)) => {
                // At the start all approvals are there; before, only their number can be compared.
                let broken = match self.stage {
                    RuleStage::Start => outcome == Outcome::Broken,
                    _ => *needed > self.advice.required_approvals,
                };
                self.note(looked, statement, broken.then_some(Severity::Warning));
            }
            (Outcome::Kept, _) => self.note(looked, statement, None),
            (Outcome::Broken, Demand::Condition { severity, .. }) => {
                let severity = if counts { *severity } else { Severity::Warning };
                self.note(looked, statement, Some(severity));
            }
        }
    }

    fn note(&mut self, looked: Looked<'a>, statement: &Statement, broken: Option<Severity>) {
        let Some(mut severity) = broken else {
            return self.kept.push(looked);
        };
        let mut message = looked.rule.message.clone();
        if !statement.checkable && self.is_unsaid(looked.rule) {
            message.push_str(" Commander cannot know it, and nobody has said so in the command.");
            // A sentence that is kept in what can be checked only reminds of the rest.
            let reminder = self.kept.iter().any(|kept| {
                kept.statement.is_some_and(|other| {
                    kept.sop.file == looked.sop.file
                        && (other.passage, other.sentence)
                            == (statement.passage, statement.sentence)
                        && other.checkable
                })
            });
            severity = severity.max(if reminder {
                Severity::Info
            } else {
                Severity::Warning
            });
        }
        if statement.strength == Strength::Vague {
            severity = Severity::Info;
        }
        if !looked.counts {
            severity = severity.max(Severity::Warning);
            message.push_str(" Nobody has accepted it as a rule yet.");
        }
        if severity < Severity::Info {
            self.broken.push(looked);
        }
        self.find(looked, severity, message);
    }

    /// Whether nobody has said anything about what only people know.
    fn is_unsaid(&self, rule: &Rule) -> bool {
        let groups = self.facts.groups();
        let unsaid = |name: &str| {
            groups.iter().any(|(group, facts)| {
                facts.iter().any(|(fact, value)| {
                    name.strip_prefix(group)
                        .and_then(|rest| rest.strip_prefix('.'))
                        == Some(*fact)
                        && value.is_empty()
                })
            })
        };
        rule.require_reads()
            .filter(|name| name.starts_with("attested.") || *name == "approval.roles")
            .any(unsaid)
    }

    fn cannot_be_checked(&mut self, looked: Looked<'a>, error: &str) {
        let said = &looked.rule.message;
        let (severity, message) = match looked.counts {
            true => (
                Severity::High,
                format!("{said} This could not be checked ({error}), so it blocks."),
            ),
            false => (
                Severity::Warning,
                format!("{said} This could not be checked ({error})."),
            ),
        };
        self.find(looked, severity, message);
    }

    /// One who is alone cannot be two; from the second token on, the number counts.
    fn ask_for_approvals(&mut self, looked: Looked<'a>, needed: u32, outcome: &Outcome) {
        let tokens = self.facts.people.tokens;
        let said = &looked.rule.message;
        if needed > 1 && tokens <= 1 {
            let message = format!(
                "{said} Only one token exists, so one approval is enough until there is a second."
            );
            return self.find(looked, Severity::Warning, message);
        }
        self.advice.required_approvals = self.advice.required_approvals.max(needed);
        let given = self.facts.approval.count;
        let (severity, message) = if self.stage == RuleStage::Start && *outcome == Outcome::Broken {
            (
                Severity::High,
                format!("{said} {given} of {needed} have approved."),
            )
        } else if tokens < i64::from(needed) {
            let message = format!(
                "{said} Only {tokens} tokens exist: the plan waits until {needed} people can approve."
            );
            (Severity::Warning, message)
        } else {
            (Severity::Info, said.clone())
        };
        self.find(looked, severity, message);
    }

    /// Where a rule of one procedure is broken and a rule of another, which looks at the same
    /// facts, is kept, the two disagree about this plan.
    fn cite_overruled(&mut self) {
        let mut overruled = Vec::new();
        for kept in &self.kept {
            let facts: BTreeSet<&str> = kept.rule.deciding_facts().collect();
            let stricter = self.broken.iter().find_map(|other| {
                let shared = other
                    .rule
                    .deciding_facts()
                    .find(|fact| facts.contains(fact))?;
                kept.disagrees_with(other).then_some((other, shared))
            });
            if let Some((other, shared)) = stricter {
                let message = format!(
                    "This rule is kept, but \"{}\" ({}) looks at {shared} too and is not: the \
                     strictest counts.",
                    other.name(),
                    other.sop.title
                );
                overruled.push(kept.finding(Severity::Info, message));
            }
        }
        self.advice.findings.extend(overruled);
    }

    fn is_prose_for_this_plan(&self, sop: &Sop) -> bool {
        sop.rules.is_empty() && sop.statements.is_empty() && !sop.applies_to.everything()
    }

    fn find(&mut self, looked: Looked<'a>, severity: Severity, mut message: String) {
        let remark = looked
            .statement
            .and_then(|statement| self.decisions.remark(&statement.id));
        if let Some(remark) = remark {
            message.push(' ');
            message.push_str(remark);
        }
        self.advice.findings.push(looked.finding(severity, message));
    }
}

impl Looked<'_> {
    /// Rules of one file are written together; sentences of one file are not.
    fn disagrees_with(&self, other: &Self) -> bool {
        let sentence = |looked: &Self| looked.statement.map(|s| (s.passage, s.sentence));
        let apart = self.sop.file != other.sop.file;
        apart
            || (sentence(self).is_some()
                && sentence(other).is_some()
                && sentence(self) != sentence(other))
    }

    /// How a person finds it: a rule by its id, a statement by its words.
    fn name(&self) -> &str {
        self.statement
            .map_or(&self.rule.id, |statement| &statement.text)
    }

    fn finding(&self, severity: Severity, message: String) -> Finding {
        let mut citation = self.sop.cite_rule(self.rule);
        if self.statement.is_some() {
            citation.rule = None;
        }
        Finding {
            severity,
            at: self.rule.at,
            message,
            citation,
            statement: self.statement.map(|statement| statement.id.to_string()),
        }
    }
}

/// Severity, then source.
fn order(finding: &Finding) -> (Severity, &Citation, RuleStage, &str) {
    (
        finding.severity,
        &finding.citation,
        finding.at,
        &finding.message,
    )
}
