//! Our own sentences, each with the reading that it must have. No plan may be made that is not
//! labelled as one, and no environment of a plan may be another: a sentence that is read otherwise
//! than labelled fails the test, whichever slot it is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use commander::cli::eval::{Label, Scores, score};
use commander::cli::interpret::{Lines, Row as Said, batch};
use commander::domain::interpret::{
    Outcome, QuestionSlot, Reading, Vocabulary, WarningCode, interpret,
};
use serde::Deserialize;

use super::{closed, definition, one_service};

const CORPUS: &str = include_str!("../corpus/sentences.jsonl");

#[derive(Deserialize)]
struct Sentence {
    id: String,
    mode: Mode,
    text: String,
    expect: Expect,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Open,
    Closed,
    OneService,
}

/// What is not said here is not compared.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expect {
    outcome: Outcome,
    #[serde(default, deserialize_with = "present")]
    action: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    service: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    version: Option<Option<String>>,
    environments: Option<Vec<String>>,
    order: Option<String>,
    post_steps: Option<Vec<String>>,
    /// Exactly these for a plan, at least these for the rest.
    warnings: BTreeSet<WarningCode>,
    question: Option<QuestionSlot>,
}

/// `null` is a slot that no word fills, and not one that is not compared.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A line of the batch's output.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    action: Option<String>,
    service: Option<String>,
    version: Option<String>,
    environments: Vec<String>,
    post_steps: Vec<String>,
}

fn rows(mode: Mode, vocabulary: &Vocabulary, sentences: &[Sentence]) -> Vec<Row> {
    let mut input = String::new();
    for sentence in sentences.iter().filter(|s| s.mode == mode) {
        let line = serde_json::json!({"id": sentence.id, "text": sentence.text});
        writeln!(input, "{line}").unwrap();
    }
    let mut output = Vec::new();
    let end = batch(input.as_bytes(), &mut output, definition(), vocabulary).unwrap();
    assert_eq!(end, Lines::AllGood);
    String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn mistakes(sentence: &Sentence, row: &Row, reading: &Reading) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, expected: String, got: String| {
        if expected != got {
            wrong.push(format!("{what}: expected {expected}, got {got}"));
        }
    };
    let expect = &sentence.expect;
    check(
        "outcome",
        format!("{:?}", expect.outcome),
        format!("{:?}", reading.outcome),
    );
    for (what, expected, got) in [
        ("action", &expect.action, &row.action),
        ("service", &expect.service, &row.service),
        ("version", &expect.version, &row.version),
    ] {
        if let Some(expected) = expected {
            check(what, format!("{expected:?}"), format!("{got:?}"));
        }
    }
    for (what, expected, got) in [
        ("environments", &expect.environments, &row.environments),
        ("post steps", &expect.post_steps, &row.post_steps),
    ] {
        if let Some(expected) = expected {
            check(what, format!("{expected:?}"), format!("{got:?}"));
        }
    }
    let order = reading.intent.as_ref().map(|draft| draft.environment_order);
    let chain = expect.order.as_deref() == Some("chain");
    let got_chain = order.is_some_and(|order| format!("{order:?}") == "Chain");
    check("chain", chain.to_string(), got_chain.to_string());
    let codes: BTreeSet<WarningCode> = reading.warnings.iter().map(|w| w.code).collect();
    let exact = expect.outcome == Outcome::Plan;
    if !expect.warnings.is_subset(&codes) || (exact && expect.warnings != codes) {
        check(
            "warnings",
            format!("{:?}", expect.warnings),
            format!("{codes:?}"),
        );
    }
    if let Some(slot) = expect.question {
        let asked = reading.question.as_ref().map(|question| question.slot);
        check(
            "question",
            format!("{:?}", Some(slot)),
            format!("{asked:?}"),
        );
    }
    wrong
}

fn corpus() -> Vec<Sentence> {
    CORPUS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

#[test]
fn our_own_sentences_are_read_as_labelled() {
    let sentences = corpus();
    assert!(sentences.len() > 600, "{}", sentences.len());
    let mut report = String::new();
    for (mode, vocabulary) in [
        (Mode::Open, Vocabulary::Open),
        (Mode::Closed, closed()),
        (Mode::OneService, one_service()),
    ] {
        let rows = rows(mode, &vocabulary, &sentences);
        let of_mode = sentences.iter().filter(|s| s.mode == mode);
        for (sentence, row) in of_mode.zip(&rows) {
            assert_eq!(sentence.id, row.id);
            let reading = interpret(&sentence.text, definition(), &vocabulary, None);
            let wrong = mistakes(sentence, row, &reading);
            if !wrong.is_empty() {
                writeln!(report, "{} {:?}", sentence.id, sentence.text).unwrap();
                for line in wrong {
                    writeln!(report, "    {line}").unwrap();
                }
                writeln!(
                    report,
                    "    asked {:?}, left {:?}",
                    reading.question.map(|question| question.text),
                    reading
                        .unconsumed
                        .iter()
                        .map(|u| u.text.as_str())
                        .collect::<Vec<_>>()
                )
                .unwrap();
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// The figures that every file of labelled sentences is held against, for our own.
#[test]
fn our_own_sentences_reach_the_goals() {
    let mut scores = Scores::default();
    for (sentence, line) in corpus().iter().zip(CORPUS.lines()) {
        let vocabulary = match sentence.mode {
            Mode::Open => Vocabulary::Open,
            Mode::Closed => closed(),
            Mode::OneService => one_service(),
        };
        let label: Label = serde_json::from_str(line).unwrap();
        let reading = interpret(&label.text, definition(), &vocabulary, None);
        let row = Said::of(label.id.clone(), &reading);
        scores.add(None, &score(&label.expect, &row).0);
    }
    let all = &scores.all;
    assert_eq!(all.unsafe_plans, 0, "{all:?}");
    assert_eq!(all.wrong_environments, 0, "{all:?}");
    assert_eq!(all.silent_drops, 0, "{all:?}");
    assert!(all.actions() >= 0.95, "{all:?}");
    assert!(all.slots.f1() >= 0.95, "{all:?}");
    assert!(all.asked_when_needed() >= 0.95, "{all:?}");
}
