//! The front matter of a procedure: YAML, checked key by key, all mistakes at once.
//!
//! `split` takes the file apart, `read` makes the rules. Each reader notes what is wrong and goes
//! on with the rest; only a front matter without any mistake becomes rules.

use super::examples::read_examples;
use super::expression::Expression;
use super::fields::{Fields, Reader, file_line};
use super::passage::Passage;
use super::yaml::{self, Node, Value};
use super::{AppliesTo, Mistake};
use crate::domain::advice::{RuleStage, Severity};
use crate::domain::facts::{ACTIONS, closest};
use crate::domain::intent::Action;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::rule::{Demand, Rule};

/// A file taken apart.
pub struct Document<'a> {
    /// The YAML between the dashes; its first line is line 2 of the file.
    front: Option<&'a str>,
    pub body: &'a str,
    /// 1-based line of the file on which the body begins.
    pub body_line: u32,
}

/// What the front matter says.
#[derive(Default)]
pub struct Matter {
    pub title: Option<String>,
    pub applies_to: AppliesTo,
    pub rules: Vec<Rule>,
}

const MAX_TITLE: usize = 120;
const MAX_MESSAGE: usize = 300;
const MAX_ID: usize = 63;
const MAX_RULES: usize = 50;
/// Nobody waits for more people than this.
const MAX_APPROVALS: i64 = 20;

const STAGES: [(&str, RuleStage); 3] = [
    ("plan", RuleStage::Plan),
    ("approve", RuleStage::Approve),
    ("start", RuleStage::Start),
];
const SEVERITIES: [(&str, Severity); 3] = [
    ("info", Severity::Info),
    ("warning", Severity::Warning),
    ("high", Severity::High),
];

/// # Errors
///
/// When the front matter begins and does not end.
pub fn split<'a>(file: &str, text: &'a str) -> Result<Document<'a>, Vec<Mistake>> {
    let mut lines = text.split_inclusive('\n');
    let opening = lines.next().unwrap_or_default();
    if opening.trim_end() != "---" {
        return Ok(Document {
            front: None,
            body: text,
            body_line: 1,
        });
    }
    let mut at = opening.len();
    for (number, line) in (2u32..).zip(lines) {
        if line.trim_end() == "---" {
            return Ok(Document {
                front: Some(&text[opening.len()..at]),
                body: &text[at + line.len()..],
                body_line: number.saturating_add(1),
            });
        }
        at += line.len();
    }
    Err(vec![Mistake {
        file: file.to_owned(),
        line: Some(1),
        key: String::new(),
        message: "the front matter begins here and has no end: write a line \"---\" after it"
            .to_owned(),
    }])
}

/// # Errors
///
/// All mistakes, in the order of their lines.
pub fn read(
    file: &str,
    document: &Document<'_>,
    passages: &[Passage],
) -> Result<Matter, Vec<Mistake>> {
    let mut reader = Reader::new(file);
    let matter = match document.front.map(yaml::parse) {
        None => Some(Matter::default()),
        Some(Ok(node)) => read_matter(&mut reader, &node, passages),
        Some(Err((line, message))) => {
            reader.mistake(line.map(file_line), "", message);
            None
        }
    };
    reader.finish(matter)
}

fn read_matter(reader: &mut Reader, node: &Node, passages: &[Passage]) -> Option<Matter> {
    if matches!(node.value, Value::Null) {
        return Some(Matter::default());
    }
    let fields = Fields::of(reader, node, "", &["title", "applies_to", "rules"])?;
    let title = fields.text(reader, "title", MAX_TITLE);
    let applies_to = fields
        .get("applies_to")
        .and_then(|entry| read_applies_to(reader, entry))
        .unwrap_or_default();
    let nodes = fields.list(reader, "rules");
    if nodes.len() > MAX_RULES {
        let line = nodes.get(MAX_RULES).map(|node| node.line);
        fields.mistake(
            reader,
            line,
            "rules",
            format!("has more than {MAX_RULES} rules"),
        );
    }
    let mut rules: Vec<Rule> = Vec::new();
    for (number, node) in nodes.iter().enumerate().take(MAX_RULES) {
        let Some(rule) = read_rule(
            reader,
            node,
            &format!("rules[{number}]"),
            &applies_to,
            passages,
        ) else {
            continue;
        };
        if let Some(first) = rules.iter().find(|other| other.id == rule.id) {
            let message = format!(
                "\"{}\" is also the id of the rule on line {}",
                rule.id, first.line
            );
            reader.mistake(Some(rule.line), &format!("rules[{number}].id"), message);
        }
        rules.push(rule);
    }
    Some(Matter {
        title,
        applies_to,
        rules,
    })
}

fn read_applies_to(reader: &mut Reader, node: &Node) -> Option<AppliesTo> {
    let fields = Fields::of(
        reader,
        node,
        "applies_to",
        &["services", "environments", "actions"],
    )?;
    let services = fields.names(reader, "services", |text| {
        ServiceName::parse(text).map_err(|error| error.to_string())
    });
    let environments = fields.names(reader, "environments", |text| {
        EnvironmentName::parse(text).map_err(|error| error.to_string())
    });
    let actions = fields.names(reader, "actions", |text| {
        plan_action(text).ok_or_else(|| wrong_word(text, ACTIONS))
    });
    Some(AppliesTo {
        services,
        environments,
        actions,
    })
}

fn plan_action(text: &str) -> Option<Action> {
    use Action::{Build, Deploy, Promote, Restart, Rollback, Test};
    [Deploy, Rollback, Build, Test, Promote, Restart]
        .into_iter()
        .find(|action| action.as_str() == text)
}

fn wrong_word(text: &str, words: &[&str]) -> String {
    let suggestion = closest(text, words.iter().copied())
        .map(|near| format!(": did you mean \"{near}\"?"))
        .unwrap_or_default();
    let shown = crate::domain::text::printable(text, 80);
    format!("\"{shown}\" is not one of {}{suggestion}", words.join(", "))
}

const RULE_KEYS: [&str; 11] = [
    "id",
    "when",
    "require",
    "severity",
    "approvals",
    "at",
    "message",
    "section",
    "passes",
    "fails",
    "ignores",
];

/// Every key is read, so that every mistake is seen, before the rule is put together.
fn read_rule(
    reader: &mut Reader,
    node: &Node,
    path: &str,
    applies_to: &AppliesTo,
    passages: &[Passage],
) -> Option<Rule> {
    let fields = Fields::of(reader, node, path, &RULE_KEYS)?;
    let id = fields.required_text(reader, "id", MAX_ID);
    if let Some(id) = &id
        && EnvironmentName::parse(id).is_err()
    {
        let message = "must be lower-case letters, digits and dashes, as image-tests";
        fields.mistake(reader, None, "id", message.to_owned());
    }
    let message = fields.required_text(reader, "message", MAX_MESSAGE);
    let at = fields
        .word(reader, "at", &STAGES)
        .unwrap_or(RuleStage::Plan);
    let when = read_expression(reader, &fields, "when");
    let demand = read_demand(reader, &fields);
    let passage = read_section(reader, &fields, passages);
    let examples = read_examples(reader, &fields, applies_to);
    Some(Rule {
        id: id?,
        line: file_line(node.line),
        at,
        when,
        demand: demand?,
        message: message?,
        passage,
        examples,
    })
}

fn read_expression(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<Expression> {
    // The length of an expression is its own check.
    let source = fields.text(reader, key, usize::MAX)?;
    match Expression::compile(&source) {
        Ok(expression) => Some(expression),
        Err(mistakes) => {
            for mistake in mistakes {
                fields.mistake(reader, None, key, mistake);
            }
            None
        }
    }
}

fn read_demand(reader: &mut Reader, fields: &Fields<'_>) -> Option<Demand> {
    let require = read_expression(reader, fields, "require");
    let severity = fields.word(reader, "severity", &SEVERITIES);
    let approvals = fields.number(reader, "approvals", 1, MAX_APPROVALS);
    match (fields.has("require"), fields.has("approvals")) {
        (true, false) => {
            if !fields.has("severity") {
                fields.mistake(
                    reader,
                    None,
                    "severity",
                    "is missing: info, warning or high".to_owned(),
                );
            }
            Some(Demand::Condition {
                require: require?,
                severity: severity?,
            })
        }
        (false, true) => {
            if fields.has("severity") {
                let message = "goes with require; a number of approvals is asked for as it is";
                fields.mistake(reader, None, "severity", message.to_owned());
            }
            Some(Demand::Approvals(u32::try_from(approvals?).ok()?))
        }
        _ => {
            let message = "a rule needs either require, with a severity, or approvals";
            fields.mistake(reader, None, "", message.to_owned());
            None
        }
    }
}

/// Without a section, a rule cites the first passage of its procedure.
fn read_section(reader: &mut Reader, fields: &Fields<'_>, passages: &[Passage]) -> Option<usize> {
    let Some(section) = fields.text(reader, "section", MAX_TITLE) else {
        return if passages.is_empty() { None } else { Some(0) };
    };
    let heads = |passage: &Passage| passage.heading.last() == Some(&section);
    let found = passages.iter().position(heads);
    if found.is_none() {
        let headings = passages
            .iter()
            .filter_map(|p| p.heading.last())
            .map(String::as_str);
        let suggestion = closest(&section, headings)
            .map(|near| format!(": did you mean \"{near}\"?"))
            .unwrap_or_default();
        let message = format!("no text stands under a heading \"{section}\"{suggestion}");
        fields.mistake(reader, None, "section", message);
    }
    found
}
