//! Nothing that is written makes it panic.

use proptest::prelude::*;

use super::examples::{EXAMPLE, settings_of, uncommented, with_line};
use super::{line_of, mistakes, with_variables};

/// A value that TOML can hold, good or bad for any key.
fn any_value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        any::<String>().prop_map(|text| toml::Value::String(text).to_string()),
        prop::sample::select(vec![
            "\"10s\"",
            "\"256MiB\"",
            "\"env:A\"",
            "\"127.0.0.1:80\"",
            "\"a:/b:ro\"",
            "\"/x\"",
            "\"{{release}}\"",
            "\"a\"",
            "\"5/12\"",
            "\"https://a@b/\"",
            "\"::\"",
            "[]",
            "{}",
        ])
        .prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| toml::Value::Float(number).to_string()),
        any::<bool>().prop_map(|boolean| boolean.to_string()),
    ];
    let text = text.boxed();
    prop_oneof![
        text.clone(),
        prop::collection::vec(text.clone(), 0..3).prop_map(|list| format!("[{}]", list.join(", "))),
        text.prop_map(|value| format!("{{ a = {value} }}")),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), variable in any::<String>()) {
        let outcome = with_variables(&text, &[("COMMANDER_WATCHDOG__BAKE", &variable)]);
        if let Err(errors) = outcome {
            let shown = errors.to_string();
            prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{:?}", shown);
        }
    }

    /// The whole example with a few of its values replaced.
    #[test]
    fn no_values_make_it_panic_and_each_mistake_can_be_shown(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..6)
    ) {
        let mut text = uncommented(EXAMPLE, true, true);
        for (index, value) in changes {
            let whole = text.clone();
            let settings = settings_of(&whole);
            let (line, key, _) = settings[index.index(settings.len())];
            text = with_line(&whole, line, &format!("{key} = {value}"));
        }
        for mistake in mistakes(&text) {
            let shown = mistake.to_string();
            prop_assert!(!shown.chars().any(char::is_control), "{:?}", shown);
            prop_assert!(line_of(&mistake).is_some(), "{}", shown);
        }
    }
}
