//! The engine beside LangGraph with its SQLite checkpointer (`benches/peers/langgraph`): the same two
//! graphs of steps that do nothing, on the same disk, at the same durability, one after the other.
//!
//! ```text
//!   line   5 steps, one after the other
//!   fan    1 step, then 50 that do not wait for each other, then 1
//! ```
//!
//! Ours is the engine's own loop with its real journal in the real store. Only the outside is
//! replaced, by one that does nothing: the peer's steps do nothing, too. What is counted is an
//! execution that was approved before the clock started, from the check of its approval to its
//! settled end; the peer's is an `invoke` of a compiled graph. Both sides run one after the other
//! in each round, so that a machine that is busy for a while is so for both.

mod crowd;
pub mod graphs;
pub mod house;
mod peer;
pub mod world;

use crate::Result;
use crate::figure::{Figure, percentile};
use graphs::Shape;
use house::{House, Run};
use peer::{Peer, Ran};

const ROUNDS: usize = 3;
/// At once, where it is not one after the other.
const CROWD: usize = 64;
const PEER: &str = "LangGraph";

pub fn measure() -> Result<Vec<Figure>> {
    let peer = Peer::find();
    let mut figures = vec![house::disk()?];
    for shape in [Shape::Line, Shape::Fan] {
        for at_once in [1, CROWD] {
            figures.extend(beside(peer.as_ref(), shape, at_once)?);
        }
    }
    figures.extend(crowd::measure()?);
    Ok(figures)
}

/// How many executions take long enough to be measured, and not much longer: ours and the peer's.
fn executions(shape: Shape, at_once: usize) -> (usize, usize) {
    match (shape, at_once) {
        (Shape::Line, 1) => (1_000, 300),
        (Shape::Line, _) => (8_000, 600),
        (_, 1) => (300, 60),
        (_, _) => (1_200, 120),
    }
}

fn beside(peer: Option<&Peer>, shape: Shape, at_once: usize) -> Result<Vec<Figure>> {
    let (ours, theirs) = executions(shape, at_once);
    let mut runs: Vec<Run> = Vec::new();
    let mut ran: Vec<Ran> = Vec::new();
    for _ in 0..ROUNDS {
        runs.push(House::make()?.run(shape, ours, at_once)?);
        if let Some(peer) = peer {
            ran.push(peer.run(shape, theirs, at_once)?);
        }
    }
    let title = match at_once {
        1 => format!("{}, one after the other", shape.title()),
        many => format!("{}, {many} at once", shape.title()),
    };
    let figure =
        |what: &str, unit, ours: &dyn Fn(&Run) -> f64, theirs: &dyn Fn(&Ran) -> Option<f64>| {
            let ours: Vec<f64> = runs.iter().map(ours).collect();
            let figure = Figure::new("engine", format!("{title}: {what}"), unit, &ours);
            let theirs: Option<Vec<f64>> = ran.iter().map(theirs).collect();
            match theirs.filter(|values| !values.is_empty()) {
                Some(theirs) => figure.beside(PEER, &theirs),
                None => figure,
            }
        };
    let mut figures = vec![
        figure("executions", "/s", &|r| r.per_second, &|r| {
            Some(r.per_second)
        }),
        figure("commits an execution", "", &|r| r.commits, &|_| None),
    ];
    if at_once == 1 {
        figures.push(figure(
            "database a step, its plan and approval included",
            "bytes",
            &|r| r.bytes_per_step,
            &|r| Some(r.bytes_per_step),
        ));
        if shape == Shape::Line {
            for (what, of_a_hundred) in [("p50", 50), ("p95", 95)] {
                figures.push(figure(
                    &format!("from one step to the next, {what}"),
                    "ms",
                    &|r| percentile(&r.between_steps, of_a_hundred),
                    &|r| match of_a_hundred {
                        50 => r.step_p50,
                        _ => r.step_p95,
                    },
                ));
            }
        }
    }
    Ok(figures)
}
