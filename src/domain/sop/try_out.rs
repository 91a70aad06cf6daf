//! Advice about a sentence alone (`commander advise`): the rules and statements as on a server, and
//! what the words of the command say beside the facts that can be made of them.

use super::advise::{advise_under, put_in_order};
use super::decisions::Decisions;
use super::expression::KnownFacts;
use super::statement::{Claims, Contrast, Stand, Statement, StatementKind};
use super::trial::Trial;
use super::{Procedures, Sop};
use crate::domain::advice::{Advice, Finding, RuleStage, Severity};
use crate::domain::facts::Facts;
use crate::domain::rule::{Demand, Outcome};

/// What the procedures say about a command that is tried out.
pub fn try_out(
    procedures: &Procedures,
    decisions: &Decisions,
    command: &str,
    claims: &Claims,
    trial: &Trial,
) -> Advice {
    // The start has the rules of all stages.
    let mut advice = advise_under(procedures, decisions, &trial.facts, RuleStage::Start);
    let shown = Shown {
        facts: KnownFacts::new(&trial.facts),
        ordinary: KnownFacts::new(&trial.ordinary),
        trial,
        claims,
        names_a_time: claims.weekday.is_some() || claims.minute.is_some() || claims.day.is_some(),
    };
    let contrasts = procedures.contrasts(command);
    for finding in &mut advice.findings {
        if finding.severity == Severity::Warning
            && shown.only_reminds(finding, procedures, &contrasts)
        {
            finding.severity = Severity::Info;
        }
    }
    // Where a front matter has rules, its author has said what is checked.
    let looked_at = |sop: &Sop| sop.rules.is_empty() && sop.applies_to.concerns(&trial.facts.plan);
    for (sop, contrasts) in contrasts {
        if !looked_at(sop) {
            continue;
        }
        for contrast in contrasts {
            if contrast.stand != Stand::Amount || !shown.measures(sop, &contrast) {
                against(sop, &contrast, &mut advice);
            }
        }
    }
    put_in_order(&mut advice.findings);
    advice
}

struct Shown<'a> {
    facts: KnownFacts,
    /// The same plan, before anything was said of it.
    ordinary: KnownFacts,
    trial: &'a Trial,
    claims: &'a Claims,
    names_a_time: bool,
}

impl Shown<'_> {
    /// Where the command shows that it keeps one demand of a sentence, another that nothing is said of
    /// is no breach.
    fn only_reminds(
        &self,
        finding: &Finding,
        procedures: &Procedures,
        contrasts: &[(&Sop, Vec<Contrast>)],
    ) -> bool {
        let Some(id) = finding.statement.as_deref() else {
            return false;
        };
        let Some(sop) = procedures
            .sops()
            .iter()
            .find(|sop| sop.file == finding.citation.sop)
        else {
            return false;
        };
        let Some(broken) = sop.statements.iter().find(|s| s.id.as_str() == id) else {
            return false;
        };
        let is_kept = || {
            sop.statements.iter().any(|other| {
                (other.passage, other.sentence) == (broken.passage, broken.sentence)
                    && self.shows(other)
            })
        };
        let stands = |stand: Stand| {
            let mut of_sop = contrasts
                .iter()
                .filter(|(of, _)| of.file == sop.file)
                .flat_map(|(_, contrasts)| contrasts);
            of_sop.any(|contrast| {
                contrast.stand == stand
                    && (contrast.passage, contrast.sentence) == (broken.passage, broken.sentence)
            })
        };
        // "On Saturday, and on Monday" where a day must lie between.
        let is_enough = || is_of_amount(broken) && stands(Stand::Enough);
        // What time it is does not depend on what is told.
        let is_told = || !is_of_time(broken) && stands(Stand::Told);
        // "Delete what is older than a month" keeps a month, though it deletes.
        let deletes = broken.kind == StatementKind::Retention;
        match self.is_spoken_of(broken) {
            true => deletes && is_enough(),
            false => is_told() || is_kept() || is_enough(),
        }
    }

    /// Whether the command says anything about what decides it.
    fn is_spoken_of(&self, statement: &Statement) -> bool {
        let Some(rule) = &statement.rule else {
            return false;
        };
        let approvals = matches!(rule.demand, Demand::Approvals(_));
        (is_of_time(statement) && self.names_a_time)
            || rule
                .require_reads()
                .chain(approvals.then_some("approval.count"))
                .any(|fact| self.claims.speak_of(fact) || self.changed(fact))
    }

    fn changed(&self, name: &str) -> bool {
        let value = |facts: &Facts| {
            facts
                .groups()
                .into_iter()
                .find_map(|(group, facts)| {
                    let fact = name.strip_prefix(group)?.strip_prefix('.')?;
                    facts.into_iter().find(|(other, _)| *other == fact)
                })
                .map(|(_, value)| value)
        };
        value(&self.trial.facts) != value(&self.trial.ordinary)
    }

    /// Whether the command shows that it keeps the amount that the sentence names.
    fn measures(&self, sop: &Sop, contrast: &Contrast) -> bool {
        let mut of_amount = sop.statements.iter().filter(|one| is_of_amount(one));
        of_amount.any(|statement| {
            (statement.passage, statement.sentence) == (contrast.passage, contrast.sentence)
                && self.shows(statement)
        })
    }

    /// Whether the command says what keeps it.
    fn shows(&self, statement: &Statement) -> bool {
        self.now(statement) == Some(Outcome::Kept)
            && (self.before(statement) == Some(Outcome::Broken) || self.is_spoken_of(statement))
    }

    fn now(&self, statement: &Statement) -> Option<Outcome> {
        judge(statement, &self.trial.facts, &self.facts)
    }

    fn before(&self, statement: &Statement) -> Option<Outcome> {
        judge(statement, &self.trial.ordinary, &self.ordinary)
    }
}

fn is_of_time(statement: &Statement) -> bool {
    matches!(
        statement.kind,
        StatementKind::TimeWindow | StatementKind::Freeze
    )
}

fn is_of_amount(statement: &Statement) -> bool {
    const AMOUNTS: [&str; 3] = ["_minutes", "_percent", "_versions"];
    statement.rule.as_ref().is_some_and(|rule| {
        rule.require_reads()
            .any(|fact| AMOUNTS.iter().any(|end| fact.ends_with(end)))
    })
}

fn judge(statement: &Statement, facts: &Facts, known: &KnownFacts) -> Option<Outcome> {
    Some(statement.rule.as_ref()?.judge(facts, known))
}

/// What the words of the command say against a sentence, where no statement of it has found
/// anything.
fn against(sop: &Sop, contrast: &Contrast, advice: &mut Advice) {
    let of_sentence = |statement: &&Statement| {
        (statement.passage, statement.sentence) == (contrast.passage, contrast.sentence)
    };
    let mut statements = sop.statements.iter().filter(of_sentence);
    let told = |statement: &Statement| {
        advice.findings.iter().any(|finding| {
            finding.severity < Severity::Info
                && finding.statement.as_deref() == Some(statement.id.as_str())
        })
    };
    let says = match contrast.stand {
        Stand::Against if !statements.any(told) => {
            "The words of the command go against the procedure."
        }
        Stand::Amount if !statements.any(told) => {
            "The amount that the command names is not the one that the procedure asks for."
        }
        Stand::Open if statements.next().is_none() => {
            "Commander could make no rule of this sentence, and the command does not say that it is \
             kept: people have to see to it."
        }
        _ => return,
    };
    let passage = sop.passages.get(contrast.passage);
    advice.findings.extend(passage.map(|passage| Finding {
        severity: Severity::Warning,
        at: RuleStage::Plan,
        message: format!("{says} It says: \u{201c}{}\u{201d}", contrast.text),
        citation: sop.cite_passage(passage),
        statement: None,
    }));
}
