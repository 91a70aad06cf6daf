//! Whether a sentence demands anything at all, and how strongly. Reports ("the deploy failed on
//! Friday"), definitions and references demand nothing, whatever words are in them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::definition::Definition;
use super::meaning::{Meaning, PlaceWord, Word};
use super::sentence::Sentence;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// "must", "never", "only", or an order.
    Must,
    /// "should", "prefer", or an item of a checklist.
    Should,
    /// "at an appropriate time": nobody can say whether a plan keeps it, so it only informs.
    Vague,
}

/// A list item or a line of a checklist has at most so many words; longer ones are prose.
const FRAGMENT: usize = 16;

pub(super) fn strength(sentence: &Sentence, definition: &Definition) -> Option<Strength> {
    let has = |word| sentence.has(word);
    // "Unless an exemption is given" is no exemption yet.
    let (rule, _) = sentence.parts();
    let optional = sentence.is_exception() || rule.iter().any(|tag| tag.is(Word::Optional));
    if (has(Word::Optional) && optional) || sentence.length() == 0 {
        return None;
    }
    if sentence.is_exception()
        && sentence
            .own()
            .first()
            .is_some_and(|tag| tag.is(Word::Unless))
    {
        return Some(Strength::Should);
    }
    let orders = sentence
        .first_word()
        .is_some_and(|word| definition.is_imperative(word))
        || orders_behind_comma(sentence, definition);
    let forbids = has(Word::May) && has(Word::Not);
    let modal = has(Word::Must) || has(Word::Only) || has(Word::Should) || forbids;
    // "What was tested goes out: no second build" demands something behind the report.
    let denies_anew = sentence
        .own()
        .windows(2)
        .any(|two| matches!(two[0].meaning, Meaning::Mark(':' | ',')) && two[1].is(Word::Not));
    if has(Word::Reported) && !modal && !orders && !denies_anew {
        return None;
    }
    let links = sentence.owns(Word::Ticket) && sentence.is_about(&[Word::Deploy, Word::Change]);
    // "If you see more errors, roll back" refers to nothing.
    let reacts = has(Word::If) && has(Word::Rollback);
    if has(Word::Refers) && !modal && !orders && !has(Word::Not) && !links && !reacts {
        return None;
    }
    let states = !modal && !orders && !sentence.is_question();
    let triggers = has(Word::Rollback) && has(Word::Threshold);
    let lasts = sentence
        .tags
        .iter()
        .any(|tag| matches!(tag.meaning, Meaning::Unit(_)))
        && sentence.names(PlaceWord::Staging)
        && sentence.names(PlaceWord::Production);
    let defines = sentence.owns(Word::Defines) && !triggers && !lasts;
    // "The freeze is the last week of December" keeps it free, "a freeze is a time in which" tells
    // what one is.
    let is_one = sentence
        .own()
        .iter()
        .any(|tag| tag.is(Word::Defines) && ["is", "are"].contains(&tag.first.as_str()))
        && sentence.first_word() != Some("there")
        && !sentence.tags.iter().any(is_time);
    let freezes = has(Word::Freeze) && !is_one;
    if defines && states && !has(Word::Not) && !freezes {
        return None;
    }
    if states && !has(Word::Not) && (is_about_itself(sentence) || is_entry(sentence)) {
        return None;
    }
    // "The share of instances that can be away": what is possible, and no demand.
    let possible = has(Word::May) && !modal && !orders && !has(Word::Not) && !has(Word::Unless);
    let limits = [
        Word::Window,
        Word::Emergency,
        Word::Severity,
        Word::Freeze,
        Word::Skip,
        Word::Approve,
        Word::Finding,
        Word::Rollback,
        Word::Without,
    ];
    let timed = sentence.tags.iter().any(is_time) || sentence.has_any(&limits);
    if possible && !timed && !sentence.is_item {
        return None;
    }
    // "As needed, with the approval of the captain": the approval is not vague.
    let vague = sentence
        .tags
        .iter()
        .any(|tag| tag.is(Word::Vague) && !(tag.first == "as" && has(Word::Approve)));
    if vague {
        return Some(Strength::Vague);
    }
    if has(Word::Should) {
        return Some(Strength::Should);
    }
    if modal
        || orders
        || has(Word::Not)
        || has(Word::Without)
        || has(Word::Freeze)
        || has(Word::Stop)
    {
        return Some(Strength::Must);
    }
    let is_short = sentence.length() <= FRAGMENT;
    let window = has(Word::Window) || has(Word::May) || sentence.tags.iter().any(is_time);
    (is_short || window || has(Word::If) || has(Word::Before) || has(Word::After))
        .then_some(Strength::Should)
}

/// "Once it is live, run the checks": what stands before the comma only tells when.
fn orders_behind_comma(sentence: &Sentence, definition: &Definition) -> bool {
    let own = sentence.own();
    let tells_when = own.first().is_some_and(|tag| {
        [
            Word::After,
            Word::Before,
            Word::If,
            Word::During,
            Word::Until,
        ]
        .iter()
        .any(|word| tag.is(*word))
    });
    let comma = own
        .iter()
        .position(|tag| tag.meaning == Meaning::Mark(','))
        .filter(|_| tells_when);
    comma
        .and_then(|comma| own.get(comma + 1))
        .is_some_and(|tag| definition.is_imperative(&tag.first))
}

/// "The system detects", "Purpose: ...": a text about a tool or about itself.
fn is_about_itself(sentence: &Sentence) -> bool {
    const LABELS: [&str; 9] = [
        "purpose",
        "goal",
        "background",
        "timeline",
        "analogy",
        "example",
        "overview",
        "motivation",
        "context",
    ];
    const TOOLS: [&str; 20] = [
        "system",
        "tool",
        "app",
        "application",
        "bot",
        "script",
        "workflow",
        "platform",
        "cli",
        "command",
        "module",
        "folder",
        "directory",
        "file",
        "repository",
        "page",
        "section",
        "document",
        "guide",
        "feature",
    ];
    const ARTICLES: [&str; 5] = ["the", "this", "our", "a", "it"];
    let own = sentence.own();
    let first = |at: usize| own.get(at).map_or("", |tag| tag.first.as_str());
    let colon = own
        .iter()
        .take(3)
        .any(|tag| tag.meaning == Meaning::Mark(':'));
    let labelled = LABELS.contains(&first(0)) && colon;
    let tells = first(0) == "it" || (ARTICLES.contains(&first(0)) && TOOLS.contains(&first(1)));
    labelled || (tells && !sentence.has(Word::Done))
}

/// "17:40: Bob rolls back": a line of a timeline.
fn is_entry(sentence: &Sentence) -> bool {
    let own = sentence.own();
    let clock = own
        .first()
        .is_some_and(|tag| matches!(tag.meaning, Meaning::Clock(_)));
    let mark = own
        .get(1)
        .is_some_and(|tag| matches!(tag.meaning, Meaning::Mark(':' | '\u{2192}' | '|')));
    clock && mark
}

fn is_time(tag: &super::sentence::Tag) -> bool {
    matches!(
        tag.meaning,
        Meaning::Days(_) | Meaning::Hours(_) | Meaning::Clock(_)
    )
}
