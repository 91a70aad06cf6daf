//! Any row of texts in one thread is read without a panic, and the thread can be stored.
#![no_main]

use std::sync::LazyLock;

use commander::agents;
use commander::domain::interpret::{Definition, ThreadContext, Vocabulary, interpret};
use libfuzzer_sys::fuzz_target;

static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
    Definition::with_languages(agents::INTERPRETER, &agents::LANGUAGES)
        .expect("our definition is valid, as its own test shows")
});

fuzz_target!(|text: &str| {
    let mut thread: Option<ThreadContext> = None;
    for line in text.lines() {
        let reading = interpret(line, &DEFINITION, &Vocabulary::Open, thread.as_ref());
        let context = reading.context(thread.as_ref());
        let stored = serde_json::to_string(&context).expect("a thread is plain data");
        assert_eq!(serde_json::from_str::<ThreadContext>(&stored).ok(), Some(context.clone()));
        thread = Some(context);
    }
});
