//! The interpreter, from outside: our own labelled sentences, the hard cases 60 to 69, the
//! conversation, and what must hold for any text at all.

#[path = "interpret/any_text.rs"]
mod any_text;
#[path = "interpret/conversation.rs"]
mod conversation;
#[path = "interpret/corpus.rs"]
mod corpus;
#[path = "interpret/eval.rs"]
mod eval;
#[path = "interpret/hard_cases.rs"]
mod hard_cases;
#[path = "interpret/languages.rs"]
mod languages;

use std::sync::LazyLock;

use commander::domain::intent::{Action, Draft};
use commander::domain::interpret::{
    Definition, KnownEnvironment, KnownService, QuestionSlot, Reading, Vocabulary, interpret,
};
use commander::domain::name::{EnvironmentName, ServiceName};

fn definition() -> &'static Definition {
    static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
        Definition::with_languages(
            commander::agents::INTERPRETER,
            &commander::agents::LANGUAGES,
        )
        .unwrap()
    });
    &DEFINITION
}

fn environment(name: &str, aliases: &[&str]) -> KnownEnvironment {
    KnownEnvironment {
        name: EnvironmentName::parse(name).unwrap(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
    }
}

fn service(
    name: &str,
    aliases: &[&str],
    environments: Vec<KnownEnvironment>,
    tests: [&[&str]; 2],
) -> KnownService {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    KnownService {
        name: ServiceName::parse(name).unwrap(),
        aliases: owned(aliases),
        environments,
        image_tests: owned(tests[0]),
        live_tests: owned(tests[1]),
    }
}

fn shop() -> KnownService {
    let environments = vec![environment("staging", &[]), environment("production", &[])];
    service("shop", &["store"], environments, [&["unit"], &["e2e"]])
}

fn closed() -> Vocabulary {
    let api = vec![
        environment("dev", &[]),
        environment("staging", &[]),
        environment("production", &["live-eu"]),
    ];
    let payment = vec![
        environment("staging", &[]),
        environment("qa", &[]),
        environment("production", &[]),
    ];
    Vocabulary::closed(
        vec![
            shop(),
            service("api", &["backend"], api, [&[], &[]]),
            service("payment-service", &[], payment, [&["unit"], &[]]),
            service("deploy", &[], vec![environment("staging", &[])], [&[], &[]]),
        ],
        vec!["warm-cache".to_owned()],
    )
}

fn one_service() -> Vocabulary {
    Vocabulary::closed(vec![shop()], Vec::new())
}

fn open(text: &str) -> Reading {
    interpret(text, definition(), &Vocabulary::Open, None)
}

fn shop_only(text: &str) -> Reading {
    interpret(text, definition(), &one_service(), None)
}

fn both(text: &str) -> [Reading; 2] {
    [open(text), shop_only(text)]
}

fn environments(reading: &Reading) -> Vec<&str> {
    reading.intent.as_ref().map_or_else(Vec::new, |draft| {
        draft
            .environments
            .iter()
            .map(|slot| slot.value.as_str())
            .collect()
    })
}

fn action(reading: &Reading) -> Option<Action> {
    let draft = reading.intent.as_ref()?;
    draft.action.as_ref().map(|slot| slot.value)
}

fn asked(reading: &Reading) -> Option<QuestionSlot> {
    reading.question.as_ref().map(|question| question.slot)
}

fn draft(reading: &Reading) -> &Draft {
    reading.intent.as_ref().unwrap()
}
