//! Examples in a front matter: under `passes`, `fails` and `ignores`, each the facts in which a plan
//! differs from an ordinary one.

use super::AppliesTo;
use super::fields::{Fields, Reader, file_line};
use super::yaml::{Node, Value};
use crate::domain::facts::{FactValue, Facts};
use crate::domain::rule::{Example, Outcome};

pub fn read_examples(
    reader: &mut Reader,
    fields: &Fields<'_>,
    applies_to: &AppliesTo,
) -> Vec<Example> {
    let mut examples = Vec::new();
    for expected in [Outcome::Kept, Outcome::Broken, Outcome::Unconcerned] {
        let key = expected.as_str();
        for node in fields.list(reader, key) {
            let Value::Map(entries) = &node.value else {
                let message = "must be a list of facts, as [{plan.tests: []}]".to_owned();
                fields.mistake(reader, Some(node.line), key, message);
                continue;
            };
            let mut facts = Facts::example();
            applies_to.shape(&mut facts.plan);
            let mut stated = Vec::new();
            for entry in entries {
                let set = fact_value(&entry.node).and_then(|value| {
                    stated.push(format!("{}: {value}", entry.key));
                    facts
                        .set(&entry.key, value)
                        .map_err(|wrong| wrong.to_string())
                });
                if let Err(message) = set {
                    fields.mistake(reader, Some(entry.line), key, message);
                }
            }
            examples.push(Example {
                line: file_line(node.line),
                expected: expected.clone(),
                facts,
                stated,
            });
        }
    }
    examples
}

fn fact_value(node: &Node) -> Result<FactValue, String> {
    let text = |node: &Node| match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let found = match &node.value {
        Value::Bool(value) => Some(FactValue::Bool(*value)),
        Value::Number(value) => Some(FactValue::Number(*value)),
        Value::Text(value) => Some(FactValue::Text(value.clone())),
        Value::List(items) => items
            .iter()
            .map(text)
            .collect::<Option<Vec<String>>>()
            .map(FactValue::Texts),
        Value::Null | Value::Map(_) | Value::Other => None,
    };
    found.ok_or_else(|| {
        "a fact is true or false, a whole number, text, or a list of texts (in quotes where YAML \
         would read a number)"
            .to_owned()
    })
}
