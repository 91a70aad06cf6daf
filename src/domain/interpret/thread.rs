//! The conversation: whether a text is a command of its own, the answer to the open question, or
//! says "the same" of what the thread was about. "yes" answers a question; it never approves.

use super::ask::ACTIONS;
use super::concern::Concern;
use super::demand::{Demand, Whole};
use super::fit::fitted;
use super::found::{Joint, PlaceMention, Said, ServiceMention, TestMention, VersionMention};
use super::reading::{
    Outcome, Question, QuestionSlot, Reading, ThreadContext, Warning, WarningCode,
};
use super::resolve::Base;
use super::slots::Expect;
use super::unit::Words;
use super::vocabulary::Names;
use crate::domain::intent::Span;

/// How a text belongs to its thread.
#[derive(Default)]
pub(super) struct Role<'a> {
    pub base: Base,
    /// What was said aloud before and still holds.
    pub carried: Vec<Warning>,
    /// The question again, where the answer did not answer it.
    again: Option<&'a Question>,
}

impl Role<'_> {
    pub fn ask_again(&self, reading: Reading) -> Reading {
        match self.again {
            None => reading,
            Some(question) => Reading {
                outcome: Outcome::Clarification,
                question: Some(question.clone()),
                answer: None,
                ..reading
            },
        }
    }
}

/// What the open question lets expect.
pub(super) fn expect(thread: Option<&ThreadContext>) -> Expect {
    let Some(question) = thread.and_then(|thread| thread.question.as_ref()) else {
        return Expect::default();
    };
    let draft = thread.and_then(|thread| thread.intent.as_ref());
    Expect {
        asked: Some(question.slot),
        action: draft.and_then(|d| d.action.as_ref()).map(|slot| slot.value),
        behind_verb: None,
    }
}

/// Finds the role of a text in its thread; a choice of the question becomes a slot of the demand.
pub(super) fn role<'a>(
    demand: &mut Demand,
    thread: Option<&'a ThreadContext>,
    words: &Words<'_>,
) -> Role<'a> {
    let open = thread.and_then(|thread| Some((thread, thread.question.as_ref()?)));
    let answers = open.and_then(|(thread, question)| answer(demand, thread, question, words));
    answers.unwrap_or_else(|| referring(demand, thread, words))
}

/// An answer is a text without a command of its own that fills what was asked.
fn answer<'a>(
    demand: &mut Demand,
    thread: &'a ThreadContext,
    question: &'a Question,
    words: &Words<'_>,
) -> Option<Role<'a>> {
    let role = |confirmed: bool| Role {
        base: Base {
            // What has no place in the plan was said to be left out.
            draft: thread.intent.as_ref().map(|draft| match confirmed {
                true => fitted(draft, words.vocabulary),
                false => draft.clone(),
            }),
            whole: true,
        },
        carried: carried(thread, question, confirmed),
        again: None,
    };
    let again = || Role {
        again: Some(question),
        ..role(false)
    };
    match demand.whole {
        Whole::Assent if question.slot == QuestionSlot::Confirmation => {
            demand.whole = Whole::Fragment;
            Some(role(true))
        }
        Whole::Assent => match question.choices.as_slice() {
            [only] => {
                let span = words.span(0..words.units.len());
                choose(demand, question.slot, only, span, words);
                Some(role(false))
            }
            _ => Some(again()),
        },
        Whole::Empty => Some(again()),
        Whole::Fragment => {
            if let Some(said) = demand.found.choice.clone() {
                match said.value.of(&question.choices) {
                    Some(choice) => choose(demand, question.slot, choice, said.span, words),
                    None => return Some(again()),
                }
            }
            Some(role(false))
        }
        // "rollback", to the question what is to be done.
        Whole::Command
            if question.slot == QuestionSlot::Action
                && !demand.found.has_slots()
                && demand.others.is_empty() =>
        {
            Some(role(false))
        }
        _ => None,
    }
}

/// What was said aloud and still holds.
fn carried(thread: &ThreadContext, question: &Question, confirmed: bool) -> Vec<Warning> {
    let settled = |warning: &Warning| match warning.code {
        WarningCode::UnknownService | WarningCode::UnknownEnvironment => true,
        WarningCode::Typo => !warning.needs_yes,
        WarningCode::RelativeVersion => question.slot == QuestionSlot::Version,
        _ => false,
    };
    let kept = thread.warnings.iter().filter(|warning| !settled(warning));
    kept.map(|warning| Warning {
        needs_yes: warning.needs_yes && !confirmed,
        span: None,
        ..warning.clone()
    })
    .collect()
}

fn choose(demand: &mut Demand, slot: QuestionSlot, choice: &str, span: Span, words: &Words<'_>) {
    demand.whole = Whole::Fragment;
    let found = &mut demand.found;
    match slot {
        QuestionSlot::Service => {
            let known = words
                .vocabulary
                .names()
                .and_then(|names| known(names, choice));
            let value = known.unwrap_or_else(|| match words.vocabulary.names() {
                Some(_) => ServiceMention::Unknown(choice.to_owned()),
                None => ServiceMention::Open(choice.to_owned()),
            });
            found.services.push(Said { value, span });
        }
        QuestionSlot::Environment => {
            let joint = Joint::First;
            let value = PlaceMention {
                word: choice.to_owned(),
                joint,
                unknown: false,
            };
            found.places.push(Said { value, span });
        }
        QuestionSlot::Version => {
            let value = match choice {
                "previous" => VersionMention::Previous,
                name => VersionMention::Reference(name.to_owned()),
            };
            found.versions.push(Said { value, span });
        }
        QuestionSlot::Action => {
            demand.action = ACTIONS
                .into_iter()
                .find(|action| action.as_str() == choice)
                .map(|value| Said { value, span });
        }
        QuestionSlot::Test => {
            let value = TestMention::Named(choice.to_owned());
            found.tests.push(Said { value, span });
        }
        QuestionSlot::Confirmation | QuestionSlot::Sentence => {}
    }
}

fn known(names: &Names, choice: &str) -> Option<ServiceMention> {
    let (_, found) = names.service_phrase(&[choice])?;
    Some(ServiceMention::Known(found.to_vec(), choice.to_owned()))
}

/// "the same to production", "roll it back", or "and production" in a thread that was about something.
fn referring<'a>(
    demand: &mut Demand,
    thread: Option<&'a ThreadContext>,
    words: &Words<'_>,
) -> Role<'a> {
    let draft = thread.and_then(|thread| thread.intent.as_ref());
    let same = demand.found.same.is_some();
    let elliptic = demand.whole == Whole::Fragment && draft.is_some() && demand.found.has_slots();
    if elliptic && !same {
        let span = words.span(0..words.units.len());
        let text = words.text(0..words.units.len());
        demand.found.note(Concern::Nominal, span, text);
    }
    Role {
        base: Base {
            draft: draft.cloned(),
            whole: same || elliptic,
        },
        ..Role::default()
    }
}
