//! The words that no slot stands for, in runs as they stand in the sentence.

use std::ops::Range;

use super::concern::{Concern, Noted};
use super::found::Found;
use super::lexicon::Role;
use super::reading::Unconsumed;
use super::slots::Use;
use super::unit::Words;
use crate::domain::intent::Span;
use crate::domain::text::printable;

/// A run of words is shown up to this many characters.
const SHOWN: usize = 200;

/// Lists what is left over, and notes those words that neither a question nor another concern is
/// about. `asks_for_loose`: it is asked whether the loose word is the version.
pub(super) fn leftover(
    typed: &str,
    words: &Words<'_>,
    uses: &[Use],
    found: &mut Found,
    asks_for_loose: bool,
    secrets: &[Span],
) -> Vec<Unconsumed> {
    let runs = runs(uses);
    let mut left = Vec::with_capacity(runs.len());
    for (units, asks) in runs {
        let span = words.span(units.clone());
        if asks && !is_noted(span, found, asks_for_loose) {
            let forbids = units
                .clone()
                .any(|at| words.any(at, &[Role::Negator, Role::Halt]));
            found.concerns.push(Noted {
                concern: if forbids {
                    Concern::Negation
                } else {
                    Concern::NotUnderstood
                },
                span,
                words: words.text(units).to_owned(),
            });
        }
        left.push(Unconsumed {
            text: shown(typed, span, secrets),
            span,
        });
    }
    left
}

/// Runs of units that are left over, with whether one of them is free; little words inside a run belong to it.
fn runs(uses: &[Use]) -> Vec<(Range<usize>, bool)> {
    let mut runs: Vec<(Range<usize>, bool)> = Vec::new();
    let mut little_since = None;
    for (at, used) in uses.iter().enumerate() {
        match used {
            Use::Used => little_since = Some(at + 1),
            Use::Little => {}
            Use::Free | Use::Aside => {
                let asks = *used == Use::Free;
                let joined = runs
                    .last_mut()
                    .filter(|(run, _)| little_since.is_none_or(|used| used <= run.start));
                match joined {
                    Some((run, free)) => {
                        run.end = at + 1;
                        *free |= asks;
                    }
                    None => runs.push((at..at + 1, asks)),
                }
            }
        }
    }
    runs
}

fn is_noted(span: Span, found: &Found, asks_for_loose: bool) -> bool {
    let inside = |outer: Span| outer.start <= span.start && span.end <= outer.end;
    found
        .concerns
        .iter()
        .map(|noted| noted.span)
        .chain(
            found
                .loose
                .iter()
                .filter(|_| asks_for_loose)
                .map(|said| said.span),
        )
        .any(inside)
}

fn shown(typed: &str, span: Span, secrets: &[Span]) -> String {
    if secrets.iter().any(|secret| secret.overlaps(span)) {
        "(hidden)".to_owned()
    } else {
        printable(&typed[span.start..span.end], SHOWN)
    }
}
