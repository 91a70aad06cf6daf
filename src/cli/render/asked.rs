//! What a sentence came to: plans, a question, an answer, or that it cannot be done.

use super::page::{Page, Sheet, Tone};
use super::plan;
use super::service;
use crate::domain::intent::Action;
use crate::domain::interpret::{Outcome, Question};
use crate::flow::{Asked, LiveAnswer};

/// `text` is the sentence as it was typed: the spans of what was understood point into it.
pub fn asked(page: &Page, text: &str, asked: &Asked) -> String {
    let mut sheet = Sheet::new(page);
    if let Some(draft) = &asked.intent
        && says_something(asked)
    {
        plan::understood(&mut sheet, text, draft);
        for warning in &asked.warnings {
            sheet.entry("  attention", Tone::Warn, &warning.text);
        }
        for left in &asked.unconsumed {
            sheet.entry("  not used", Tone::Warn, &format!("“{}”", left.text));
        }
    }
    match asked.outcome {
        Outcome::Plan => plans(&mut sheet, page, asked),
        Outcome::Clarification => {
            sheet.blank();
            if let Some(asking) = &asked.question {
                question(&mut sheet, asking);
            }
        }
        Outcome::Answer => {
            if let Some(found) = &asked.answer {
                answer(&mut sheet, page, found);
            }
        }
        Outcome::Unsupported => unsupported(&mut sheet, asked),
    }
    sheet.finish()
}

/// Of an answer the data says what was understood; of what Commander does not do there is nothing.
fn says_something(asked: &Asked) -> bool {
    let action = asked
        .intent
        .as_ref()
        .and_then(|draft| draft.action.as_ref());
    match asked.outcome {
        Outcome::Plan | Outcome::Clarification => true,
        Outcome::Answer => false,
        Outcome::Unsupported => action.is_some_and(|action| action.value != Action::Unsupported),
    }
}

fn plans(sheet: &mut Sheet<'_>, page: &Page, asked: &Asked) {
    for plan in &asked.plans {
        let approve = match asked.plans.as_slice() {
            [_] => "commander approve".to_owned(),
            _ => format!("commander approve {}", plan.id.short()),
        };
        sheet.blank();
        plan::body(sheet, page, plan, &approve);
    }
}

fn question(sheet: &mut Sheet<'_>, question: &Question) {
    sheet.entry("Question", Tone::Strong, &question.text);
    for (number, choice) in question.choices.iter().enumerate() {
        let marker = format!("{:>16}. ", number + 1);
        sheet.point(&marker, &[(Tone::Plain, choice)]);
    }
    let example = match question.choices.as_slice() {
        [] => "commander ask \"...\"".to_owned(),
        [only] => format!("commander ask \"{only}\""),
        [..] => "commander ask NUMBER, or the answer in words".to_owned(),
    };
    sheet.entry("Answer with", Tone::Plain, &example);
}

fn answer(sheet: &mut Sheet<'_>, page: &Page, answer: &LiveAnswer) {
    sheet.line(Tone::Plain, &answer.text);
    if !answer.places.is_empty() {
        sheet.append(&service::places(page, &answer.places));
    }
}

fn unsupported(sheet: &mut Sheet<'_>, asked: &Asked) {
    let why = asked.answer.as_ref().map(|answer| answer.text.as_str());
    let why = why.or(asked
        .question
        .as_ref()
        .map(|question| question.text.as_str()));
    sheet.line(
        Tone::Warn,
        why.unwrap_or("This is nothing that Commander does."),
    );
}
