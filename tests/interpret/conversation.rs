//! Questions, answers and words that refer to what was said before.

use commander::domain::intent::{Action, SlotSource, VersionWish};
use commander::domain::interpret::{
    Outcome, QuestionSlot, Reading, ThreadContext, Vocabulary, WarningCode, interpret,
};

use super::{action, asked, closed, definition, draft, environments};

/// Says one after the other in one thread; the readings of all.
fn talk(vocabulary: &Vocabulary, texts: &[&str]) -> Vec<Reading> {
    let mut thread: Option<ThreadContext> = None;
    let mut readings = Vec::new();
    for text in texts {
        let reading = interpret(text, definition(), vocabulary, thread.as_ref());
        // The flow stores it as JSON.
        let stored = serde_json::to_string(&reading.context(thread.as_ref())).unwrap();
        thread = Some(serde_json::from_str(&stored).unwrap());
        readings.push(reading);
    }
    readings
}

fn last(vocabulary: &Vocabulary, texts: &[&str]) -> Reading {
    talk(vocabulary, texts).pop().unwrap()
}

#[test]
fn an_answer_completes_the_question_before() {
    for answers in [
        ["staging", "v1.2"],
        ["the first", "version v1.2"],
        ["1", "v1.2 please"],
    ] {
        let reading = last(&closed(), &["deploy", "shop", "on staging", "v1.2"]);
        assert_eq!(reading.outcome, Outcome::Plan, "{reading:?}");
        let choices = talk(&closed(), &["deploy shop", answers[0], answers[1]]);
        assert_eq!(asked(&choices[0]), Some(QuestionSlot::Environment));
        assert_eq!(asked(&choices[1]), Some(QuestionSlot::Version));
        assert_eq!(choices[2].outcome, Outcome::Plan, "{answers:?}");
        let draft = draft(&choices[2]);
        assert_eq!(draft.service.as_ref().unwrap().source, SlotSource::Thread);
        assert_eq!(draft.version.as_ref().unwrap().source, SlotSource::Text);
    }
}

#[test]
fn a_branch_that_looks_like_any_word_is_a_version_when_one_was_asked_for() {
    let reading = last(&closed(), &["deploy shop to staging", "hotfix"]);
    assert_eq!(reading.outcome, Outcome::Plan);
    let wish = VersionWish::Reference("hotfix".to_owned());
    assert_eq!(draft(&reading).version.as_ref().unwrap().value, wish);
}

#[test]
fn a_suggestion_is_taken_by_yes_only_if_there_is_one() {
    let readings = talk(&closed(), &["restart shpo on staging", "yes, that one"]);
    assert!(readings[0].warns(WarningCode::Typo));
    assert_eq!(readings[1].outcome, Outcome::Plan);
    assert_eq!(draft(&readings[1]).service.as_ref().unwrap().value, "shop");
    let readings = talk(&closed(), &["restart shop on prodution", "yes"]);
    assert_eq!(environments(&readings[1]), ["production"]);
    // With several choices "yes" says nothing.
    let readings = talk(&closed(), &["restart shop", "yes", "the second"]);
    assert_eq!(readings[1].outcome, Outcome::Clarification);
    assert_eq!(readings[2].outcome, Outcome::Plan);
    let choices = &readings[0].question.as_ref().unwrap().choices;
    assert_eq!(environments(&readings[2]), [choices[1].as_str()]);
}

#[test]
fn of_two_services_one_is_chosen_and_only_one_that_there_is() {
    let text = "restart shop and wiki on staging";
    for answer in ["wiki", "the second"] {
        let readings = talk(&closed(), &[text, answer]);
        let question = readings[0].question.as_ref().unwrap();
        assert_eq!(question.choices, ["shop", "wiki"]);
        assert!(readings[0].warns(WarningCode::UnknownService));
        assert_eq!(asked(&readings[1]), Some(QuestionSlot::Service), "{answer}");
        assert!(readings[1].warns(WarningCode::UnknownService), "{answer}");
    }
    let reading = last(&closed(), &[text, "shop"]);
    assert_eq!(reading.outcome, Outcome::Plan);
    assert_eq!(draft(&reading).service.as_ref().unwrap().value, "shop");
}

#[test]
fn what_was_said_aloud_is_not_forgotten_when_something_else_is_answered() {
    let readings = talk(&closed(), &["deploy shop at 2am", "staging", "v1", "yes"]);
    let slots: Vec<_> = readings.iter().map(asked).collect();
    assert_eq!(
        slots,
        [
            Some(QuestionSlot::Environment),
            Some(QuestionSlot::Version),
            Some(QuestionSlot::Confirmation),
            None
        ]
    );
    assert_eq!(readings[3].outcome, Outcome::Plan);
    assert!(readings[3].warns(WarningCode::Scheduled));
    let reading = last(&closed(), &["deploy shop v1 to staging at 2am", "no"]);
    assert_eq!(reading.outcome, Outcome::Unsupported);
}

#[test]
fn a_new_command_leaves_the_question_behind() {
    let reading = last(&closed(), &["deploy shop", "restart api on staging"]);
    assert_eq!(reading.outcome, Outcome::Plan);
    assert_eq!(action(&reading), Some(Action::Restart));
    assert_eq!(draft(&reading).service.as_ref().unwrap().value, "api");
    // Its unknown word is not taken for the version that was asked for.
    let reading = last(
        &closed(),
        &["deploy shop to staging", "restart blog on staging"],
    );
    assert!(reading.warns(WarningCode::UnknownService));
    let reading = last(&closed(), &["shop v1 staging", "deploy"]);
    assert_eq!(reading.outcome, Outcome::Plan);
    assert_eq!(environments(&reading), ["staging"]);
}

#[test]
fn the_same_and_it_refer_to_the_thread() {
    let first = "deploy v1 of shop to staging";
    let reading = last(&closed(), &[first, "the same to production"]);
    assert_eq!(reading.outcome, Outcome::Plan);
    assert_eq!(environments(&reading), ["production"]);
    assert_eq!(
        draft(&reading).version.as_ref().unwrap().source,
        SlotSource::Thread
    );
    let reading = last(&closed(), &[first, "roll it back"]);
    assert_eq!(reading.outcome, Outcome::Plan);
    assert_eq!(action(&reading), Some(Action::Rollback));
    assert_eq!(environments(&reading), ["staging"]);
    let reading = last(&closed(), &[first, "deploy it to production"]);
    assert_eq!(reading.outcome, Outcome::Plan);
    assert_eq!(environments(&reading), ["production"]);
    // An environment is never taken over where the word "it" does not stand for where it is.
    let reading = last(&closed(), &[first, "restart shop"]);
    assert_eq!(asked(&reading), Some(QuestionSlot::Environment));
    // Half a sentence is confirmed first.
    let readings = talk(&closed(), &[first, "and production", "yes"]);
    assert_eq!(asked(&readings[1]), Some(QuestionSlot::Confirmation));
    assert_eq!(environments(&readings[2]), ["production"]);
}

#[test]
fn outside_a_thread_it_is_asked() {
    assert_eq!(
        asked(&interpret("roll it back", definition(), &closed(), None)),
        Some(QuestionSlot::Service)
    );
    let reading = interpret("the same to production", definition(), &closed(), None);
    assert_ne!(reading.outcome, Outcome::Plan);
}

#[test]
fn what_is_taken_over_must_fit_the_other_service() {
    // `dev` is an environment of api only.
    let readings = talk(&closed(), &["restart api on dev", "the same for shop"]);
    assert_eq!(asked(&readings[1]), Some(QuestionSlot::Environment));
    let readings = talk(&closed(), &["deploy v1 to dev", "shop"]);
    assert_eq!(asked(&readings[1]), Some(QuestionSlot::Environment));
    let readings = talk(
        &closed(),
        &["deploy v1 to staging and run the unit tests", "api"],
    );
    assert_eq!(asked(&readings[1]), Some(QuestionSlot::Test));
}

#[test]
fn what_only_a_new_sentence_can_mend_is_not_completed() {
    for answer in ["yes", "staging", "the first", "ok"] {
        let reading = last(
            &closed(),
            &["deploy shop v1 to staging and do not restart api", answer],
        );
        assert_ne!(reading.outcome, Outcome::Plan, "{answer}");
    }
}

#[test]
fn whoever_asks_to_scale_is_told_at_once_that_nothing_will_be_scaled() {
    for text in [
        "scale shop to 3",
        "scale up shop",
        "kubectl scale deployment shop --replicas=3",
    ] {
        let readings = talk(&closed(), &[text, "staging"]);
        assert_eq!(
            asked(&readings[0]),
            Some(QuestionSlot::Environment),
            "{text}"
        );
        let told = |reading: &Reading| {
            let warnings = reading.warnings.iter().map(|warning| warning.text.as_str());
            warnings
                .chain(reading.answer.as_deref())
                .any(|text| text.contains("one container"))
        };
        assert!(told(&readings[0]), "{text}");
        assert_eq!(readings[1].outcome, Outcome::Unsupported, "{text}");
        assert!(told(&readings[1]), "{text}");
    }
}

#[test]
fn a_question_about_what_runs_is_answered_without_noise() {
    for text in [
        "what is running in staging?",
        "what's deployed on production right now?",
        "which version of shop is live?",
        "is shop up and running on staging?",
        "how is shop doing?",
        "show me everything that runs on staging",
        "show logs of shop on staging",
    ] {
        let reading = interpret(text, definition(), &closed(), None);
        assert_eq!(reading.outcome, Outcome::Answer, "{text}: {reading:?}");
        assert!(
            !reading.warns(WarningCode::Unmodelled),
            "{text}: {:?}",
            reading.warnings
        );
    }
}

#[test]
fn a_slip_in_the_name_of_production_is_confirmed_and_never_taken() {
    for slip in ["prodution", "producton", "prodcution"] {
        let text = format!("deploy shop v1.2 to {slip}");
        let readings = talk(&closed(), &[&text, "yes"]);
        assert_eq!(
            asked(&readings[0]),
            Some(QuestionSlot::Environment),
            "{slip}"
        );
        assert!(environments(&readings[0]).is_empty(), "{slip}");
        let question = readings[0].question.as_ref().unwrap();
        assert_eq!(question.choices, ["production"], "{slip}");
        assert_eq!(environments(&readings[1]), ["production"], "{slip}");
        let no = last(&closed(), &[&text, "no"]);
        assert_ne!(no.outcome, Outcome::Plan, "{slip}");
    }
}

#[test]
fn looking_something_up_leaves_the_question_open() {
    let readings = talk(
        &closed(),
        &["deploy shop to staging", "status of shop", "v1"],
    );
    assert_eq!(readings[1].outcome, Outcome::Answer);
    assert_eq!(readings[2].outcome, Outcome::Plan);
}
