//! What must hold for any text at all.

use commander::domain::intent::{Action, EnvironmentOrder, SlotSource, Span, VersionWish};
use commander::domain::interpret::{Outcome, Reading, Vocabulary, WarningCode, interpret};
use proptest::prelude::*;

use super::{closed, definition, draft, one_service, open};

/// What holds for every reading.
fn check(text: &str, reading: &Reading) {
    let fits = |span: &Span| {
        span.start < span.end
            && text.is_char_boundary(span.start)
            && text.is_char_boundary(span.end)
            && span.end <= text.len()
    };
    let mut spans: Vec<Span> = Vec::new();
    spans.extend(reading.unconsumed.iter().map(|left| left.span));
    spans.extend(reading.warnings.iter().filter_map(|warning| warning.span));
    spans.extend(reading.changes.iter().map(|change| change.span));
    let mut proofs: Vec<(SlotSource, Option<Span>)> = Vec::new();
    if let Some(draft) = &reading.intent {
        proofs.extend(draft.action.iter().map(|slot| (slot.source, slot.span)));
        proofs.extend(draft.service.iter().map(|slot| (slot.source, slot.span)));
        proofs.extend(draft.version.iter().map(|slot| (slot.source, slot.span)));
        proofs.extend(
            draft
                .environments
                .iter()
                .map(|slot| (slot.source, slot.span)),
        );
        proofs.extend(draft.post_steps.iter().map(|slot| (slot.source, slot.span)));
    }
    spans.extend(proofs.iter().filter_map(|(_, span)| *span));
    for span in &spans {
        assert!(fits(span), "{text:?}: {span:?} does not fit");
    }
    for (source, span) in proofs {
        let elsewhere = matches!(source, SlotSource::OnlyService | SlotSource::Thread);
        assert_eq!(span.is_none(), elsewhere, "{text:?}: {source:?} {span:?}");
    }
    assert_eq!(
        reading.question.is_some(),
        reading.outcome == Outcome::Clarification,
        "{text:?}"
    );
    if reading.outcome == Outcome::Plan {
        let draft = reading.intent.as_ref().unwrap();
        let action = draft.action.as_ref().unwrap().value;
        assert!(action.makes_plan(), "{text:?}");
        assert!(draft.service.is_some(), "{text:?}");
        assert_eq!(
            action.needs_environment(),
            !draft.environments.is_empty(),
            "{text:?}"
        );
        let versioned = matches!(
            action,
            Action::Deploy | Action::Rollback | Action::Build | Action::Test
        );
        assert!(!versioned || draft.version.is_some(), "{text:?}");
        let unclear = draft
            .version
            .as_ref()
            .is_some_and(|slot| matches!(slot.value, VersionWish::Unclear(_)));
        assert!(!unclear, "{text:?}");
        assert!(!reading.warnings.iter().any(|warning| warning.needs_yes));
        let chain = draft.environment_order == EnvironmentOrder::Chain;
        assert!(!chain || draft.environments.len() > 1, "{text:?}");
    }
}

/// Words that the interpreter knows, in any order, with noise between them.
fn wordy() -> impl Strategy<Value = String> {
    let words = vec![
        "deploy",
        "roll back",
        "rollback",
        "restart",
        "promote",
        "build",
        "test",
        "scale",
        "status",
        "logs",
        "shop",
        "api",
        "payment service",
        "mailer",
        "v1.2",
        "main",
        "feature/x",
        "shop@v1",
        "staging",
        "production",
        "prod",
        "to",
        "on",
        "of",
        "from",
        "in",
        "for",
        "with",
        "and",
        "then",
        "or",
        "but",
        "not",
        "don't",
        "never",
        "no",
        "if",
        "when",
        "tests",
        "the",
        "a",
        "it",
        "same",
        "pass",
        "fail",
        ",",
        ".",
        "?",
        "!",
        ";",
        ":",
        "->",
        "|",
        "(",
        ")",
        "at 2am",
        "tomorrow",
        "asap",
        "--force",
        "--env",
        "env=qa",
        "canary",
        "10%",
        "5",
        "all",
        "everything",
        "please",
        "could you",
        "should i",
        "we",
        "deployed",
        "failed",
        "version",
        "branch",
        "previous",
        "latest",
        "last",
        "two",
        "back",
        "yes",
        "approve",
        "approve it",
        "ignore previous instructions",
        "delete",
        "xyz",
        "Ünïcode",
        "部署",
        "把shop部署到生产环境",
        "回滚",
        "deployen",
        "auf",
        "Produktion",
        "nicht",
        "starte",
        "neu",
        "despliega",
        "en",
        "producción",
        "l'application",
        "déploie",
        "não",
        "kubectl",
        "deployment/shop",
        "OPS-42",
        "**shop**",
        "[staging]",
        "services=shop,api",
        "scale=3",
        "рrod",
        "\"",
        "'",
        "`",
        "$(id)",
        "<x>",
        "#423",
        "@bot",
        "/deploy",
        "skip",
        "smoke tests",
        "unit",
        "run",
        "roll",
        "…",
        "\u{200b}",
    ];
    prop::collection::vec(prop::sample::select(words), 0..14).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic_and_each_slot_has_its_proof(text in ".{0,80}") {
        for vocabulary in [Vocabulary::Open, one_service()] {
            check(&text, &interpret(&text, definition(), &vocabulary, None));
        }
    }

    #[test]
    fn any_words_are_read_without_panic_and_each_slot_has_its_proof(first in wordy(), second in wordy()) {
        for vocabulary in [Vocabulary::Open, closed(), one_service()] {
            let reading = interpret(&first, definition(), &vocabulary, None);
            check(&first, &reading);
            let context = reading.context(None);
            check(&second, &interpret(&second, definition(), &vocabulary, Some(&context)));
        }
    }

    /// A ban in front, and nothing behind it is planned.
    #[test]
    fn a_ban_in_front_of_one_clause_plans_nothing(
        ban in prop::sample::select(vec!["do not", "don't", "never", "please don't", "we must not", "you should not"]),
        service in "[a-z]{3,8}",
        place in prop::sample::select(vec!["staging", "production", "prod", "qa"]),
    ) {
        let text = format!("{ban} deploy v1.2 of {service} to {place}");
        prop_assert_ne!(open(&text).outcome, Outcome::Plan);
    }

    /// An environment of a plan is always one whose word, or a short form of it, was typed.
    #[test]
    fn no_environment_is_ever_added(text in wordy()) {
        let reading = open(&text);
        if reading.outcome == Outcome::Plan {
            for slot in &draft(&reading).environments {
                let span = slot.span.unwrap();
                let typed = text[span.start..span.end].to_lowercase();
                let name = slot.value.as_str();
                let short = match name {
                    "production" => "prod",
                    "testing" => "test",
                    name => name,
                };
                let named = typed.contains(short) || (short == "prod" && typed == "生产环境");
                prop_assert!(named, "{:?}: {:?} for {}", text, typed, name);
            }
        }
    }
}

#[test]
fn a_secret_is_shown_nowhere() {
    for secret in [
        "hunter2!",
        "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
        "AKIAIOSFODNN7EXAMPLE",
    ] {
        for text in [
            format!("deploy shop v1 to staging with password {secret}"),
            format!("deploy shop v1 to staging password={secret}"),
            format!("the token is {secret}"),
            format!("deploy shop v1 to staging and notify #ops, secret: {secret}"),
            format!("deploy shop v1 to staging with DB_PASSWORD={secret},x{secret}"),
            format!("deploy shop v1 to staging --db-password={secret}"),
            format!("deploy shop v1 to staging token=\"{secret} x\""),
            format!("deploy https://example.com/x?a=b&token={secret} to staging"),
            format!(
                "use -----BEGIN PRIVATE KEY-----\n{secret}\n{secret}\n-----END PRIVATE KEY-----"
            ),
            format!("use -----BEGIN PRIVATE KEY----- {secret} and so on"),
        ] {
            let reading = open(&text);
            assert!(reading.warns(WarningCode::SecretInText), "{text}");
            assert_ne!(reading.outcome, Outcome::Plan, "{text}");
            let json = serde_json::to_string(&reading).unwrap();
            assert!(!json.contains(secret), "{json}");
            let masked = reading.masked(&text);
            assert!(!masked.contains(secret), "{masked}");
            assert_eq!(masked.len(), text.len());
            let kept = text
                .bytes()
                .zip(masked.bytes())
                .all(|(a, b)| a == b || b == b'*');
            assert!(kept, "{masked}");
        }
    }
}

#[test]
fn a_name_that_speaks_of_secrets_is_none() {
    for text in [
        "deploy token-service v1.2.0 to staging",
        "deploy token-service:v1.2.0 to staging",
        "deploy password-reset to staging",
        "deploy branch feature/sk-improve-the-checkout of shop to staging",
        "deploy secrets-manager=v1.2.0 to staging",
    ] {
        let reading = open(text);
        assert!(!reading.warns(WarningCode::SecretInText), "{text}");
        assert_eq!(reading.masked(text), text);
    }
}

#[test]
fn an_ordinary_sentence_takes_no_time() {
    let text = "please deploy v1.4.2 of shop to staging and then run the smoke tests";
    // The fastest of many, for the machine may be busy with something else.
    let fastest = (0..100)
        .map(|_| {
            let begun = std::time::Instant::now();
            std::hint::black_box(open(std::hint::black_box(text)));
            begun.elapsed()
        })
        .min();
    // 200 microseconds in a release build; twenty times that for a debug build.
    assert!(
        fastest.unwrap() < std::time::Duration::from_millis(4),
        "{fastest:?}"
    );
}
