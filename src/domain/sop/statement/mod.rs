//! Statements: what the free text of a procedure demands of a plan, recognised without a model.
//!
//! ```text
//! passage → sentence → token → meaning → strength → recognise → scope → rule
//!           with what leads    of each    demands    which       which   a condition
//!           it in              phrase     at all?    demands     plans   over facts
//! ```
//!
//! It is a small grammar over the phrases of a definition (`agents/advisor.toml`), a function of
//! values: the same text gives the same statements. A statement binds nobody. It is offered to a
//! person, and until one accepts it, a plan that would break it carries a warning and no more.
//! Suspicious text never becomes one.

mod claims;
mod contrast;
mod definition;
mod demand;
mod meaning;
mod measure;
mod recognise;
mod rule;
mod scope;
mod season;
mod sentence;
mod strength;
mod token;
mod window;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use claims::{Claims, claims};
pub use contrast::Stand;
pub use definition::{Definition, InvalidDefinition, Limits};
pub use demand::StatementKind;
pub use strength::Strength;

use super::expression::Expression;
use super::{Passage, Sop, SuspicionKind};
use crate::domain::advice::{RuleStage, Severity};
use crate::domain::digest::Digest;
use crate::domain::rule::{Demand as Wanted, Rule};
use crate::domain::text::printable;
use rule::{Draft, Requires};

/// A demand that a passage makes, with the rule that it would become.
#[derive(Debug)]
pub struct Statement {
    /// Changes with the passage, with the plans that the procedure is about, and with what is made of
    /// it: a decision on it holds no longer then.
    pub id: StatementId,
    pub kind: StatementKind,
    pub strength: Strength,
    /// The sentence, as it stands.
    pub text: String,
    /// As an index into the procedure's passages.
    pub passage: usize,
    /// Which sentence of the passage.
    pub sentence: usize,
    /// Of the passage, its headings and what leads it in, and of the plans that the procedure is about.
    pub digest: Digest,
    /// Absent where it only excepts something from other demands.
    pub rule: Option<Rule>,
    /// Whether facts of the plan alone decide it; else people must say so.
    pub checkable: bool,
}

/// `sug_` and sixteen hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct StatementId(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not the id of a suggestion: it looks like sug_0123456789abcdef")]
pub struct InvalidStatementId(String);

impl TryFrom<String> for StatementId {
    type Error = InvalidStatementId;
    fn try_from(text: String) -> Result<Self, InvalidStatementId> {
        Self::parse(&text).ok_or_else(|| InvalidStatementId(printable(&text, 80)))
    }
}

impl From<StatementId> for String {
    fn from(id: StatementId) -> Self {
        id.0
    }
}

impl StatementId {
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sug_")?;
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (digits.len() == 16 && digits.chars().all(is_digit)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StatementId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the words of a command stand to a sentence of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contrast {
    /// As an index into the procedure's passages.
    pub passage: usize,
    /// Which sentence of the passage.
    pub sentence: usize,
    /// The sentence, as it stands.
    pub text: String,
    pub stand: Stand,
}

/// Sentences that a citation shows.
const MAX_TEXT: usize = 300;

/// All statements of a procedure, in the order of its text.
pub fn recognise(sop: &Sop, definition: &Definition) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    for (index, passage, sentences) in meant(sop, definition) {
        let digest = digest(sop, passage);
        let of_passage = sentences
            .iter()
            .flat_map(|meant| of_sentence(meant, index, passage, &digest));
        found.extend(of_passage.take(definition.limits.statements));
    }
    // The same sentence may stand twice in a passage.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|statement| seen.insert(statement.id.clone()));
    found
}

/// How a command stands to the sentences of a procedure that demand something, whether a statement
/// was recognised in them or not.
pub fn contrasts(sop: &Sop, definition: &Definition, command: &str) -> Vec<Contrast> {
    let command = sentence::tag(command, definition);
    let mut found = Vec::new();
    for (passage, _, sentences) in meant(sop, definition) {
        for meant in sentences {
            let stand = match meant.strength {
                Some(Strength::Vague) => None,
                Some(Strength::Must | Strength::Should) => {
                    contrast::stand(&meant.sentence, &command, definition)
                }
                None => contrast::denied(&meant.sentence, &command, definition),
            };
            found.extend(stand.map(|stand| Contrast {
                passage,
                sentence: meant.number,
                text: printable(&meant.sentence.text, MAX_TEXT),
                stand,
            }));
        }
    }
    found
}

/// A sentence that demands something.
struct Meant {
    /// Which sentence of the passage.
    number: usize,
    sentence: sentence::Sentence,
    /// `None` where it demands nothing.
    strength: Option<Strength>,
}

/// The passages that anything is looked for in, with their indices and what is meant in them.
fn meant<'a>(
    sop: &'a Sop,
    definition: &'a Definition,
) -> impl Iterator<Item = (usize, &'a Passage, Vec<Meant>)> {
    let title = sentence::tag(&sop.title, definition);
    let looked_at = sop.passages.iter().enumerate().filter(|(index, passage)| {
        !is_suspicious(sop, *index, passage) && !is_covered(sop, passage)
    });
    looked_at.map(move |(index, passage)| {
        let mut above: Vec<meaning::Meaning> =
            title.iter().map(|tag| tag.meaning.clone()).collect();
        for heading in &passage.heading {
            let tags = sentence::tag(heading, definition);
            above.extend(tags.into_iter().map(|tag| tag.meaning));
        }
        let sentences = sentence::sentences(passage, &above, definition);
        let meant = sentences
            .into_iter()
            .enumerate()
            .map(|(number, sentence)| Meant {
                number,
                strength: strength::strength(&sentence, definition),
                sentence,
            });
        (index, passage, meant.collect())
    })
}

fn of_sentence(meant: &Meant, passage: usize, within: &Passage, digest: &Digest) -> Vec<Statement> {
    let Meant {
        number,
        sentence,
        strength,
    } = meant;
    let mut found = Vec::new();
    let Some(strength) = strength else {
        return found;
    };
    for demand in recognise::demands(sentence) {
        let scope = scope::Scope::of(sentence, &demand);
        let draft = rule::draft(&demand, &scope);
        let text = printable(&sentence.text, MAX_TEXT);
        let id = id(digest, demand.kind(), draft.as_ref(), *strength);
        let checkable = draft.as_ref().is_none_or(|draft| draft.checkable);
        let rule = draft.map(|draft| rule_of(draft, &id, *strength, &text, passage, within.line));
        let rule = match rule {
            // A condition that is too long to be read by anybody is offered to nobody.
            Some(None) => continue,
            Some(rule) => rule,
            None => None,
        };
        found.push(Statement {
            id,
            kind: demand.kind(),
            strength: *strength,
            text,
            passage,
            sentence: *number,
            digest: digest.clone(),
            rule,
            checkable,
        });
    }
    found
}

fn rule_of(
    draft: Draft,
    id: &StatementId,
    strength: Strength,
    text: &str,
    passage: usize,
    line: u32,
) -> Option<Rule> {
    let severity = match strength {
        Strength::Must => Severity::High,
        Strength::Should => Severity::Warning,
        Strength::Vague => Severity::Info,
    };
    let demand = match draft.requires {
        // An advice to have two approvals is none that could be counted on.
        Requires::Approvals(count) => Wanted::Approvals(count),
        Requires::Condition(text) => Wanted::Condition {
            require: Expression::compile(&text).ok()?,
            severity,
        },
    };
    Some(Rule {
        id: id.to_string(),
        line,
        at: draft.at,
        when: Some(Expression::compile(&draft.when).ok()?),
        demand,
        message: format!("{} It says: \u{201c}{text}\u{201d}", draft.says),
        passage: Some(passage),
        examples: Vec::new(),
    })
}

fn digest(sop: &Sop, passage: &Passage) -> Digest {
    let text = (&sop.file, &passage.heading, &passage.lead, &passage.text);
    // The same words about other plans are another demand.
    match sop.applies_to.everything() {
        true => Digest::of(&text),
        false => Digest::of(&(text, sop.applies_to.in_order())),
    }
}

fn id(
    passage: &Digest,
    kind: StatementKind,
    draft: Option<&Draft>,
    strength: Strength,
) -> StatementId {
    let rule = draft.map(|draft| {
        let requires = match &draft.requires {
            Requires::Condition(text) => text.clone(),
            Requires::Approvals(count) => count.to_string(),
        };
        (draft.when.clone(), requires)
    });
    let whole = Digest::of(&(passage, kind, rule, strength));
    let digits: String = whole
        .as_str()
        .chars()
        .rev()
        .take_while(char::is_ascii_hexdigit)
        .take(16)
        .collect();
    StatementId(format!("sug_{digits}"))
}

/// Text that talks to machines, or shows a reader other words than are there, proposes nothing.
fn is_suspicious(sop: &Sop, index: usize, passage: &Passage) -> bool {
    let next = sop
        .passages
        .get(index + 1)
        .map_or(u32::MAX, |next| next.line.max(passage.line + 1));
    let first = sop.suspicions.partition_point(|s| s.line < passage.line);
    sop.suspicions[first..]
        .iter()
        .take_while(|suspicion| suspicion.line < next)
        .any(|suspicion| suspicion.kind != SuspicionKind::HtmlComment)
}

/// What a rule of the front matter was written from needs no second one.
fn is_covered(sop: &Sop, passage: &Passage) -> bool {
    sop.rules.iter().any(|rule| {
        rule.passage
            .and_then(|index| sop.passages.get(index))
            .is_some_and(|of_rule| of_rule.heading == passage.heading)
    })
}

/// When a rule of a statement is looked at first.
pub fn stage_of(statement: &Statement) -> RuleStage {
    statement
        .rule
        .as_ref()
        .map_or(RuleStage::Plan, |rule| rule.at)
}
