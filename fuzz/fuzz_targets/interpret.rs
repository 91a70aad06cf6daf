//! Any text is read without a panic, and each slot of a plan has the words that prove it.
#![no_main]

use std::sync::LazyLock;

use commander::agents;
use commander::domain::intent::SlotSource;
use commander::domain::interpret::{Definition, Outcome, Vocabulary, interpret};
use libfuzzer_sys::fuzz_target;

static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
    Definition::with_languages(agents::INTERPRETER, &agents::LANGUAGES)
        .expect("our definition is valid, as its own test shows")
});

fuzz_target!(|text: &str| {
    let reading = interpret(text, &DEFINITION, &Vocabulary::Open, None);
    let Some(draft) = &reading.intent else {
        return assert_ne!(reading.outcome, Outcome::Plan);
    };
    for slot in &draft.environments {
        let span = slot.span.expect("without a thread every place was said");
        assert!(matches!(slot.source, SlotSource::Text | SlotSource::Alias));
        assert!(text.get(span.start..span.end).is_some_and(|words| !words.is_empty()));
    }
});
