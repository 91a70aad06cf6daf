//! The embedded interpreter: what a sentence asks for, without a model, a network or a guess.
//!
//! One text goes through these stages, each in its file, each a function of values:
//!
//! ```text
//! normalise → token → unit → clause → mood → slots → demand → resolve → judge
//! characters  words   phrases  cuts    deeds   roles   one deed  names     plan, question, answer
//! ```
//!
//! Only a clause that is a command in its plain form can lead to a plan, only the words that the
//! definition lists, names of the catalogue and forms (a version, a commit) mean anything, and
//! every other word is listed and asked about. What is said beside the slots ("at 2am", "skip the
//! tests") is noted as a concern, and `judge` alone decides what each concern does. An answer to a
//! question goes through the same stages; `thread` then completes what was understood before.
//!
//! The work grows linearly with the text, whose length is capped first. No model that proposes a
//! reading later gets around `resolve` and `judge`.

mod ask;
mod clause;
mod concern;
mod definition;
mod demand;
mod fit;
mod form;
mod found;
mod head;
mod head_late;
mod judge;
mod language;
mod leftover;
mod lexicon;
mod mood;
mod normalise;
mod problem;
mod reading;
mod resolve;
mod secret;
mod slots;
mod thread;
mod token;
mod unit;
mod verdict;
mod vocabulary;

pub use definition::{Definition, InvalidDefinition, Limits};
pub use reading::{
    Change, ChangeKind, Outcome, Question, QuestionSlot, Reading, ThreadContext, Unconsumed,
    Warning, WarningCode,
};
pub use vocabulary::{KnownEnvironment, KnownService, Names, Vocabulary};

use concern::{Concern, Noted};
use demand::{Demand, demand};
use judge::{Case, judge};
use leftover::leftover;
use normalise::{Normalised, normalise};
use problem::Problem;
use resolve::{Resolved, resolve};
use secret::{hide, secrets};
use token::{Token, tokenise};
use unit::{Words, units};

/// Reads one text. It never fails: what cannot be read is `unsupported`, with a sentence.
///
/// `thread` is what the last reading of the same thread left (`Reading::context`).
pub fn interpret(
    text: &str,
    definition: &Definition,
    vocabulary: &Vocabulary,
    thread: Option<&ThreadContext>,
) -> Reading {
    let limit = definition.limits.text_bytes;
    if text.len() > limit {
        let length = text.len();
        return unreadable(format!(
            "The text is too long: a command has at most {limit} bytes, this has {length}."
        ));
    }
    let mut normalised = normalise(text);
    let tokens = tokenise(&mut normalised, definition);
    if tokens.is_empty() && normalised.changes.is_empty() {
        return unreadable("The text is empty: say what is to be done.".to_owned());
    }
    let definition = definition.spoken(&tokens);
    let units = units(&tokens, definition, vocabulary);
    let words = Words {
        units: &units,
        definition,
        vocabulary,
        normalised: &normalised,
    };
    let mut demand = demand(words, thread::expect(thread));
    let role = thread::role(&mut demand, thread, &words);
    let resolved = resolve(text, &mut demand, role.base.clone(), definition, vocabulary);
    demand
        .found
        .concerns
        .splice(0..0, concerns_of_characters(&normalised, &tokens));
    let case = case(text, &words, demand, resolved, role.carried.clone());
    role.ask_again(judge(case))
}

/// Gathers what is judged, without the secrets in it.
fn case<'a>(
    text: &str,
    words: &Words<'a>,
    mut demand: Demand,
    resolved: Resolved,
    carried: Vec<Warning>,
) -> Case<'a> {
    let mut draft = resolved.draft;
    let secrets = secrets(text, words);
    demand.found.note_unlisted_places();
    let asks_for_loose =
        (resolved.problems.iter()).any(|problem| matches!(problem, Problem::PerhapsVersion(_)));
    let unconsumed = leftover(
        text,
        words,
        &demand.uses,
        &mut demand.found,
        asks_for_loose,
        &secrets,
    );
    let mut concerns = demand.found.concerns;
    let action = draft.action.as_ref().map(|slot| slot.value);
    if action.is_some_and(|action| !action.makes_plan()) {
        // The words of a question are listed; a warning for each would only be noise.
        concerns.retain(|noted| noted.concern != Concern::NotUnderstood);
    }
    let mut changes = words.normalised.changes.clone();
    if !secrets.is_empty() {
        hide(&mut draft, &mut concerns, &secrets);
        // One by one they would spell it.
        changes.retain(|change| !secrets.iter().any(|secret| secret.overlaps(change.span)));
    }
    Case {
        whole: demand.whole,
        draft,
        problems: resolved.problems,
        concerns,
        unconsumed,
        changes,
        carried,
        vocabulary: words.vocabulary,
    }
}

fn unreadable(text: String) -> Reading {
    Reading {
        outcome: Outcome::Unsupported,
        intent: None,
        question: None,
        answer: Some(text),
        unconsumed: Vec::new(),
        warnings: Vec::new(),
        changes: Vec::new(),
    }
}

/// What the characters themselves give rise to.
fn concerns_of_characters(normalised: &Normalised, tokens: &[Token]) -> Vec<Noted> {
    let mut noted = Vec::new();
    for (concern, kinds) in [
        (Concern::Refused, &[ChangeKind::Refused][..]),
        (
            Concern::Normalised,
            &[ChangeKind::Compatibility, ChangeKind::Hidden],
        ),
    ] {
        let mut of_kind = normalised
            .changes
            .iter()
            .filter(|change| kinds.contains(&change.kind));
        if let Some(first) = of_kind.next() {
            let mut points = vec![first.from.clone()];
            points.extend(of_kind.map(|change| change.from.clone()));
            points.dedup();
            noted.push(Noted {
                concern,
                span: first.span,
                words: points.join(" "),
            });
        }
    }
    for token in tokens.iter().filter(|token| token.look_alike) {
        let points: Vec<String> = normalised
            .changes
            .iter()
            .filter(|change| change.kind == ChangeKind::LookAlike)
            .map(|change| change.from.clone())
            .collect();
        noted.push(Noted {
            concern: Concern::LookAlike {
                meant: token.lower.clone(),
            },
            span: normalised.span(token.at.clone()),
            words: points.join(" "),
        });
    }
    noted
}
