//! Reading one sentence, without a server: the work of the interpreter alone, and that it grows no
//! faster than the text.

use std::hint::black_box;
use std::time::Instant;

use commander::agents;
use commander::domain::interpret::{Definition, Vocabulary, interpret};

use crate::Result;
use crate::figure::Figure;

const RUNS: usize = 5;
const REPETITIONS: u32 = 2_000;
const ORDINARY: &str = "please deploy v1.4.2 of shop to staging and then run the smoke tests";
const CHINESE: &str = "请把 shop 的 v1.4.2 部署到生产环境";
/// So many times the sentence in one text, which is below the limit of a command.
const LONG: usize = 50;

pub fn measure() -> Result<Vec<Figure>> {
    let definition = Definition::with_languages(agents::INTERPRETER, &agents::LANGUAGES)?;
    let long = format!("{ORDINARY}. ").repeat(LONG);
    let figure = |what: &str, text: &str, repetitions: u32, parts: f64| {
        let runs: Vec<f64> = (0..RUNS)
            .map(|_| microseconds(&definition, text, repetitions) / parts)
            .collect();
        Figure::new("interpret", what, "µs", &runs)
    };
    Ok(vec![
        figure("an ordinary sentence", ORDINARY, REPETITIONS, 1.0),
        figure("a Chinese sentence", CHINESE, REPETITIONS, 1.0),
        figure(
            "each of fifty sentences in one text",
            &long,
            REPETITIONS / 50,
            50.0,
        ),
    ])
}

fn microseconds(definition: &Definition, text: &str, repetitions: u32) -> f64 {
    let begun = Instant::now();
    for _ in 0..repetitions {
        black_box(interpret(
            black_box(text),
            definition,
            &Vocabulary::Open,
            None,
        ));
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(repetitions)
}
