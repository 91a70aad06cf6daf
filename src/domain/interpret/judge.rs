//! Ninth stage: plan, question, answer or refusal. The order: what is refused, what only a new
//! sentence can mend, what is missing or doubtful, what needs a yes. What each concern does stands
//! in the table of `verdict`.

use super::ask::{ask, question, warnings_about};
use super::concern::Noted;
use super::demand::Whole;
use super::problem::Problem;
use super::reading::{
    Change, Outcome, Question, QuestionSlot, Reading, Unconsumed, Warning, WarningCode,
};
use super::verdict::{APPROVAL, Effect, ONE_CONTAINER, verdict};
use super::vocabulary::Vocabulary;
use crate::domain::intent::{Action, Draft};

/// Everything that is known when the judgement is made.
pub(super) struct Case<'a> {
    pub whole: Whole,
    pub draft: Draft,
    pub problems: Vec<Problem>,
    pub concerns: Vec<Noted>,
    pub unconsumed: Vec<Unconsumed>,
    pub changes: Vec<Change>,
    /// Said aloud earlier in the thread, about the same plan.
    pub carried: Vec<Warning>,
    pub vocabulary: &'a Vocabulary,
}

pub(super) fn judge(case: Case<'_>) -> Reading {
    let mut warnings = case.carried.clone();
    let mut strongest: Option<(Effect, String)> = None;
    for noted in &case.concerns {
        let (code, effect, text) = verdict(noted, &case.draft);
        let warning = Warning {
            code,
            text: text.clone(),
            span: Some(noted.span),
            needs_yes: effect == Effect::NeedsYes,
        };
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
        if strongest.as_ref().is_none_or(|(other, _)| effect > *other) {
            strongest = Some((effect, text));
        }
    }
    let mut reading = Reading {
        outcome: Outcome::Unsupported,
        intent: None,
        question: None,
        answer: None,
        unconsumed: case.unconsumed.clone(),
        warnings,
        changes: case.changes.clone(),
    };
    decide(&mut reading, &case, strongest);
    reading.intent = guess(case);
    reading
}

fn decide(reading: &mut Reading, case: &Case<'_>, strongest: Option<(Effect, String)>) {
    match strongest {
        Some((Effect::Refuse, text)) => return refuse(reading, text),
        Some((Effect::NewSentence, text))
            if matches!(case.whole, Whole::Command | Whole::Fragment) =>
        {
            return clarify(reading, question(QuestionSlot::Sentence, text, Vec::new()));
        }
        _ => {}
    }
    if let Some(text) = no_command(case, reading) {
        return refuse(reading, text);
    }
    if case.whole == Whole::Fragment && guess_is_empty(&case.draft) {
        return refuse(reading, UNSUPPORTED.to_owned());
    }
    let action = case.draft.action.as_ref().map(|slot| slot.value);
    if let Some(problem) = case.problems.first() {
        let warnings = case.problems.iter().flat_map(warnings_about);
        reading.warnings.extend(warnings);
        if action == Some(Action::Scale) {
            // Who answers the question should know what will come of it.
            reading.warnings.push(Warning {
                code: WarningCode::Unmodelled,
                text: ONE_CONTAINER.to_owned(),
                span: None,
                needs_yes: false,
            });
        }
        return clarify(reading, ask(problem, &case.draft, case.vocabulary));
    }
    match action {
        Some(Action::Status | Action::Logs) => reading.outcome = Outcome::Answer,
        Some(Action::Scale) => refuse(reading, ONE_CONTAINER.to_owned()),
        Some(action) if action.makes_plan() => plan(reading),
        _ => refuse(reading, UNSUPPORTED.to_owned()),
    }
}

fn plan(reading: &mut Reading) {
    let open: Vec<String> = reading
        .warnings
        .iter()
        .filter(|warning| warning.needs_yes)
        .map(|warning| warning.text.clone())
        .collect();
    if open.is_empty() {
        reading.outcome = Outcome::Plan;
    } else {
        let text = format!("{} Make the plan all the same?", open.join(" "));
        let choices = vec!["yes".to_owned(), "no".to_owned()];
        clarify(reading, question(QuestionSlot::Confirmation, text, choices));
    }
}

const UNSUPPORTED: &str = "Commander can deploy, roll back, build, test, promote and restart a \
     service, and show status and logs. Say for example “deploy v1.2.0 of shop to staging”, in \
     English, German, Spanish, French, Portuguese or Chinese.";

/// The sentence for a text that asks for nothing that can be planned or shown.
fn no_command(case: &Case<'_>, reading: &mut Reading) -> Option<String> {
    let mut warn = |code: WarningCode, text: &str| {
        if !reading.warns(code) {
            reading.warnings.push(Warning {
                code,
                text: text.to_owned(),
                span: None,
                needs_yes: false,
            });
        }
    };
    let shows = matches!(
        case.draft.action.as_ref().map(|slot| slot.value),
        Some(Action::Status | Action::Logs)
    );
    Some(match case.whole {
        Whole::Command | Whole::Fragment => return None,
        Whole::Negated => {
            let text = "That says what must not happen; nothing is planned.";
            warn(WarningCode::Negation, text);
            text.to_owned()
        }
        Whole::Question => {
            let text = "That is a question; nothing is changed.";
            warn(WarningCode::Question, text);
            if shows {
                return None;
            }
            UNSUPPORTED.to_owned()
        }
        Whole::Report => {
            let text = "That tells what happened or what holds; nothing is planned. To act on it, say what \
                 is to be done, for example “roll back shop on production”.";
            warn(WarningCode::Reported, text);
            text.to_owned()
        }
        Whole::Destructive => {
            let text = "Commander deletes nothing on demand.";
            warn(WarningCode::Destructive, text);
            format!("{text} {UNSUPPORTED}")
        }
        Whole::Approval | Whole::Assent => APPROVAL.to_owned(),
        Whole::Dissent => "Nothing is planned.".to_owned(),
        Whole::Injection => format!("{APPROVAL} {UNSUPPORTED}"),
        Whole::Foreign | Whole::Help => UNSUPPORTED.to_owned(),
        Whole::Empty => "There is nothing to read.".to_owned(),
    })
}

fn refuse(reading: &mut Reading, text: String) {
    reading.outcome = Outcome::Unsupported;
    reading.answer = Some(text);
}

fn clarify(reading: &mut Reading, question: Question) {
    reading.outcome = Outcome::Clarification;
    reading.question = Some(question);
}

/// Words of which none says anything.
fn guess_is_empty(draft: &Draft) -> bool {
    draft.action.is_none()
        && draft.service.is_none()
        && draft.version.is_none()
        && draft.environments.is_empty()
        && draft.post_steps.is_empty()
}

fn guess(case: Case<'_>) -> Option<Draft> {
    let empty = case.draft == Draft::default();
    (!empty).then_some(case.draft)
}
