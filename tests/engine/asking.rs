//! Questions in the middle: only an answer in time, to what is shown, by somebody who may, means
//! yes; and who waits neither holds nor does anything.

use std::time::Duration;

use commander::domain::digest::Digest;
use commander::domain::execution::{ExecutionState, ExecutionStatus, JournalEvent, StepStatus};
use commander::domain::question::{Answer, AnswerRefused, Asking};
use commander::domain::step::StepId;
use commander::engine::{CancelWish, Signal};
use jiff::Timestamp;

use super::cases::{Case, case};
use crate::support::plans::{at, by, image, person};
use crate::support::simulated_world::{
    Ended, JournalMishap, Nature, Simulation, acknowledged, answer,
};

fn confirm() -> StepId {
    StepId::from("confirm")
}

/// A deploy that waits for its answer.
async fn asked() -> (Case, Simulation, Asking) {
    let case = case("deploy with a question");
    let simulation = case.simulation();
    let Ended::Waits(waits) = simulation.process(&case.scenario).await else {
        panic!("it does not wait")
    };
    let [(step, asking)] = waits.asked.as_slice() else {
        panic!("{waits:?}")
    };
    assert_eq!((step, waits.until), (&confirm(), asking.until));
    let asking = asking.clone();
    (case, simulation, asking)
}

fn state(case: &Case, simulation: &Simulation) -> ExecutionState {
    let events = simulation.journal.events(&case.scenario.execution);
    ExecutionState::replay(&case.scenario.plan.body, &events).unwrap()
}

fn began(simulation: &Simulation, case: &Case, step: &str) -> Option<Timestamp> {
    let events = simulation.journal.events(&case.scenario.execution);
    events.into_iter().find_map(|(at, event)| match event {
        JournalEvent::StepStarted { step: id } if id.0 == step => Some(at),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_is_the_image_and_the_results() {
    let (case, simulation, asking) = asked().await;
    assert_eq!(asking.shown.image_id, Some(image(4)));
    assert_eq!(asking.digest, asking.shown.digest());
    let results: Vec<&str> = asking
        .shown
        .results
        .keys()
        .map(|id| id.0.as_str())
        .collect();
    assert_eq!(results, ["build", "fetch", "test-style", "test-unit"]);
    assert!(state(&case, &simulation).waits_for_a_person());
    // Nothing of the release is on the host, and what serves was not touched.
    let (host, before) = (simulation.world.host(), case.before());
    assert_eq!(host.containers, before.containers);
}

#[tokio::test(start_paused = true)]
async fn yes_goes_on_no_and_silence_leave_everything_as_it_was() {
    for title in ["deploy with a question", "promote with a question"] {
        for (choice, expected) in [
            (Some("yes"), ExecutionStatus::Succeeded),
            (Some("no"), ExecutionStatus::Failed),
            (None, ExecutionStatus::Failed),
        ] {
            let case = case(title);
            let simulation = case.simulation_with(Nature {
                answers: [(confirm(), choice)].into(),
                ..Nature::default()
            });
            let status = simulation.run(&case.scenario).await.status();
            assert_eq!(status, expected, "{title}, {choice:?}");
            case.assert_defined(&format!("{choice:?}"), &simulation, status);
            let switched = began(&simulation, &case, "switch").is_some();
            assert_eq!(switched, choice == Some("yes"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_goes_on_at_once_and_silence_ends_at_its_time() {
    let (case, simulation, asking) = asked().await;
    let (signal, heard) = answer(&confirm(), "yes", &asking.digest);
    let ended = simulation.process_told(&case.scenario, vec![signal]).await;
    assert_eq!(heard.await.unwrap(), Ok(()));
    assert_eq!(ended.status(), ExecutionStatus::Succeeded);
    assert_eq!(
        began(&simulation, &case, "create"),
        Some(at(60) + LATENCIES)
    );

    let (case, simulation, asking) = asked().await;
    // Two processes come and go; the time is that of the first question.
    for _ in 0..2 {
        let Ended::Waits(waits) = simulation.process(&case.scenario).await else {
            panic!("it does not wait")
        };
        assert_eq!((waits.until, waits.asked), (asking.until, Vec::new()));
        tokio::time::sleep(Duration::from_secs(200)).await;
    }
    let commits = simulation.journal.commits();
    tokio::time::sleep(Duration::from_secs(300)).await;
    let ended = simulation.process(&case.scenario).await;
    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert!(simulation.journal.commits() > commits);
    case.assert_defined("silence", &simulation, ended.status());
    let why = state(&case, &simulation).failure.unwrap().1.message;
    assert!(why.contains("means no"), "{why}");
}

/// Fetch, build and two tests side by side, 50 ms each.
const LATENCIES: Duration = Duration::from_millis(150);

#[tokio::test(start_paused = true)]
async fn of_two_answers_the_first_counts() {
    let (case, simulation, asking) = asked().await;
    let (yes, first) = answer(&confirm(), "yes", &asking.digest);
    let (no, second) = answer(&confirm(), "no", &asking.digest);
    let ended = simulation.process_told(&case.scenario, vec![yes, no]).await;
    assert_eq!(ended.status(), ExecutionStatus::Succeeded);
    assert_eq!(first.await.unwrap(), Ok(()));
    let second = second.await.unwrap();
    assert!(
        matches!(&second, Err(AnswerRefused::AnsweredBefore(said)) if said.contains("grace")),
        "{second:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_count_changes_nothing() {
    let (case, simulation, asking) = asked().await;
    let right = Answer {
        step: confirm(),
        by: person("grace"),
        choice: "yes".to_owned(),
        comment: None,
        shown: asking.digest.clone(),
    };
    let state = state(&case, &simulation);
    assert_eq!(state.check_answer(&right, asking.until), Ok(()));
    let too_late = asking.until + Duration::from_millis(1);
    let wrong = [
        (
            Answer {
                step: StepId::from("build"),
                ..right.clone()
            },
            at(60),
        ),
        (
            Answer {
                step: StepId::from("nothing"),
                ..right.clone()
            },
            at(60),
        ),
        (
            Answer {
                by: person("bob"),
                ..right.clone()
            },
            at(60),
        ),
        (
            Answer {
                choice: "maybe".to_owned(),
                ..right.clone()
            },
            at(60),
        ),
        (
            Answer {
                choice: String::new(),
                ..right.clone()
            },
            at(60),
        ),
        (
            Answer {
                shown: Digest::of(&"something else"),
                ..right.clone()
            },
            at(60),
        ),
        (right.clone(), too_late),
    ];
    let (answers, whens): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
    for (answer, when) in answers.iter().zip(whens) {
        state
            .check_answer(answer, when)
            .expect_err(&format!("{answer:?}"));
    }
    let before = simulation.journal.events(&case.scenario.execution);
    let (told, heard): (Vec<_>, Vec<_>) = answers[..6]
        .iter()
        .map(|answer| {
            let (reply, heard) = tokio::sync::oneshot::channel();
            (Signal::Answer(answer.clone(), reply), heard)
        })
        .unzip();
    // The run that hears them goes on waiting and is woken by a cancellation in the end.
    let wish = CancelWish {
        by: by("ada"),
        reason: "not today".to_owned(),
    };
    let told = told.into_iter().chain([Signal::Cancel(wish)]).collect();
    let mut ended = simulation.process_told(&case.scenario, told).await;
    if let Ended::Waits(_) = ended {
        ended = simulation.process(&case.scenario).await;
    }
    for heard in heard {
        if let Ok(refused) = heard.await {
            refused.unwrap_err();
        }
    }
    let events = simulation.journal.events(&case.scenario.execution);
    assert_eq!(events[..before.len()], before[..]);
    let answered = |(_, e): &(Timestamp, JournalEvent)| matches!(e, JournalEvent::Answered { .. });
    assert!(!events.iter().any(answered), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn hc_29_cancelling_while_it_waits_is_acknowledged_at_once() {
    let (case, simulation, _) = asked().await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let wished = simulation.clock().now();
    let wish = CancelWish {
        by: by("ada"),
        reason: "not today".to_owned(),
    };
    let told = vec![Signal::Cancel(wish)];
    let ended = simulation.process_told(&case.scenario, told).await;
    assert_eq!(ended.status(), ExecutionStatus::Cancelled);
    case.assert_defined("cancelled", &simulation, ended.status());
    let events = simulation.journal.events(&case.scenario.execution);
    let (heard, who) = acknowledged(&events).unwrap();
    assert_eq!(who, by("ada"));
    assert!(heard.duration_since(wished).as_secs_f64() < 1.0);
}

/// Neither a crash at the answer nor a full disk ever means yes, and neither loses one that was
/// acknowledged.
#[tokio::test(start_paused = true)]
async fn an_answer_is_durable_before_it_is_acknowledged() {
    for (mishap, counts) in [
        (JournalMishap::CrashBefore, false),
        (JournalMishap::Unwritable, false),
        (JournalMishap::CrashAfter, true),
    ] {
        let (case, simulation, asking) = asked().await;
        simulation
            .journal
            .plan(simulation.journal.commits(), mishap);
        let (signal, heard) = answer(&confirm(), "yes", &asking.digest);
        let ended = simulation.process_told(&case.scenario, vec![signal]).await;
        assert!(!matches!(ended, Ended::Run(Ok(_))), "{mishap:?}");
        assert!(heard.await.is_err(), "{mishap:?}: acknowledged");
        let status = state(&case, &simulation).steps[&confirm()].status;
        let expected = if counts {
            StepStatus::Done
        } else {
            StepStatus::Asking
        };
        assert_eq!(status, expected, "{mishap:?}");
        let next = simulation.process(&case.scenario).await;
        match counts {
            true => assert_eq!(next.status(), ExecutionStatus::Succeeded),
            false => assert!(matches!(next, Ended::Waits(_)), "{mishap:?}"),
        }
    }
}
