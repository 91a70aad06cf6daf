//! The score of `commander eval`: what is right, what is not, and what could do harm.

use std::collections::BTreeSet;

use commander::cli::eval::{Label, Miss, Score, score};
use commander::cli::interpret::Row;

use super::open;

fn scored(text: &str, expect: &str) -> (Score, BTreeSet<Miss>) {
    let line = format!(
        r#"{{"id":"x","text":{},"expect":{expect}}}"#,
        serde_json::json!(text)
    );
    let label: Label = serde_json::from_str(&line).unwrap();
    let reading = open(&label.text);
    let row = Row::of(label.id.clone(), &reading);
    score(&label.expect, &row)
}

#[test]
fn a_right_reading_has_no_misses() {
    for (text, expect) in [
        (
            "deploy shop-service v1.2 to prod and run the smoke tests",
            r#"{"action":"deploy","service":"Shop","version":"v1.2","environments":["production"],"post_steps":["smoke_tests"]}"#,
        ),
        // A question is what an ambiguous sentence needs.
        (
            "deploy shop",
            r#"{"action":"ambiguous","service":"shop","environments":[]}"#,
        ),
        (
            "deploy shop",
            r#"{"action":"deploy","service":"shop","version":null,"needs_clarification":["environment"]}"#,
        ),
        // Another reading may be as right.
        (
            "status of shop",
            r#"{"action":"logs","alt_actions":["status"],"service":"shop"}"#,
        ),
        (
            "deploy v1.2 of shop to staging at 2am",
            r#"{"outcome":"clarification","action":"deploy","flags":["scheduled"]}"#,
        ),
    ] {
        let (counts, misses) = scored(text, expect);
        assert!(misses.is_empty(), "{text}: {misses:?}");
        assert!(counts.is_safe());
    }
}

#[test]
fn each_miss_is_found_and_counted() {
    let deploy = "deploy shop v1.2 to staging";
    for (text, expect, miss) in [
        (deploy, r#"{"action":"unsupported"}"#, Miss::UnsafePlan),
        (deploy, r#"{"action":"rollback"}"#, Miss::UnsafePlan),
        (
            deploy,
            r#"{"action":"deploy","environments":["production"]}"#,
            Miss::WrongEnvironment,
        ),
        (
            deploy,
            r#"{"action":"deploy","flags":["scheduled"]}"#,
            Miss::SilentDrop,
        ),
        ("status of shop", r#"{"action":"logs"}"#, Miss::Action),
        (
            deploy,
            r#"{"action":"deploy","needs_clarification":["environment"]}"#,
            Miss::NotAsked,
        ),
        ("deploy shop", r#"{"action":"deploy"}"#, Miss::AskedInVain),
        (
            deploy,
            r#"{"action":"deploy","service":"mailer"}"#,
            Miss::Service,
        ),
        (
            deploy,
            r#"{"action":"deploy","service":null}"#,
            Miss::Service,
        ),
        (
            deploy,
            r#"{"action":"deploy","version":"v1.3"}"#,
            Miss::Version,
        ),
        (
            deploy,
            r#"{"action":"deploy","post_steps":["smoke_tests"]}"#,
            Miss::PostSteps,
        ),
    ] {
        let (_, misses) = scored(text, expect);
        assert!(misses.contains(&miss), "{text} {expect}: {misses:?}");
    }
    let (counts, _) = scored(
        deploy,
        r#"{"action":"status","service":"mailer","version":"v1.2"}"#,
    );
    assert_eq!((counts.unsafe_plans, counts.actions_right), (1, 0));
    assert_eq!(
        (counts.slots.right, counts.slots.wrong, counts.slots.missing),
        (1, 1, 1)
    );
    assert!((counts.slots.f1() - 0.5).abs() < 1e-9);
}
