//! What is done while something changes: backups, migrations, the way back, the strategy, one at a
//! time, what is kept.

use super::super::demand::{Claim, Demand};
use super::super::meaning::{Meaning, StrategyWord, Word};
use super::super::sentence::Sentence;
use super::{wanted, wants};

pub(super) fn demands(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    found.extend(backup(sentence));
    found.extend(migration(sentence));
    found.extend(way_back(sentence));
    found.extend(strategy(sentence));
    found.extend(alone(sentence));
    found.extend(kept(sentence));
    found
}

fn backup(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    if wanted(sentence, &[Word::RestoreTest]).is_some() {
        found.push(Demand::Attested(Claim::RestoreTest));
    }
    if wanted(sentence, &[Word::Backup]).is_some() && !sentence.owns_any(&[Word::Keep]) {
        found.push(Demand::Backup);
    }
    found
}

fn migration(sentence: &Sentence) -> Option<Demand> {
    let down = sentence.position(&[Word::DownMigration]);
    let automatic = sentence.has(Word::Auto) || sentence.has(Word::Rollback);
    if let Some(at) = down {
        return Some(
            match !wants(sentence, at) || (sentence.has(Word::Not) && automatic) {
                true => Demand::NoSchemaDowngrade,
                false => Demand::Migration,
            },
        );
    }
    let drops = sentence
        .position(&[Word::Irreversible])
        .is_some_and(|at| sentence.tags[at].first.starts_with("drop") && !wants(sentence, at));
    if drops {
        return Some(Demand::Migration);
    }
    let at = sentence.position(&[Word::Migration])?;
    if sentence.owns(Word::Rollback) && !wants(sentence, at) && sentence.has(Word::Auto) {
        return Some(Demand::NoSchemaDowngrade);
    }
    let safe = wanted(sentence, &[Word::Reversible]).is_some();
    let harmful = sentence
        .position(&[Word::Irreversible])
        .is_some_and(|at| !wants(sentence, at) || sentence.has(Word::Must));
    let handled = sentence.owns_any(&[
        Word::Test,
        Word::Rollback,
        Word::Review,
        Word::Done,
        Word::Must,
        Word::Should,
        Word::Reported,
        Word::Plan,
    ]) || sentence.has(Word::Before)
        || sentence.has(Word::Not);
    let subject = !sentence.owns_any(&[Word::Backup, Word::Approve, Word::Announce, Word::Freeze]);
    let is_time = sentence.own().iter().any(|tag| {
        matches!(
            tag.meaning,
            Meaning::Days(_) | Meaning::Hours(_) | Meaning::Clock(_)
        )
    });
    (safe || harmful || (handled && subject && !is_time && !introduces(sentence, at)))
        .then_some(Demand::Migration)
}

/// "before a migration" says when something else is done.
fn introduces(sentence: &Sentence, at: usize) -> bool {
    sentence.tags[..at].iter().rev().take(4).any(|tag| {
        matches!(
            tag.meaning,
            Meaning::Word(Word::Before | Word::After | Word::If | Word::During)
        )
    })
}

fn way_back(sentence: &Sentence) -> Option<Demand> {
    if wanted(sentence, &[Word::WayBack]).is_some() {
        return Some(Demand::RollbackPlan);
    }
    let at = sentence.position(&[Word::Rollback])?;
    if sentence.owns_any(&[Word::DownMigration, Word::Keep]) {
        return None;
    }
    let is_plan = sentence
        .tags
        .get(at + 1)
        .is_some_and(|tag| tag.is(Word::Plan));
    if is_plan && wants(sentence, at) {
        return Some(Demand::RollbackPlan);
    }
    let starts_with_if = sentence.first_word() == Some("if");
    let behind_comma = sentence.tags[..at]
        .iter()
        .any(|tag| matches!(tag.meaning, Meaning::Mark(',' | '\u{ff0c}')));
    let conditional = sentence.has(Word::If) && (!starts_with_if || behind_comma);
    let timed = super::duration(sentence).is_some() && sentence.has(Word::During);
    let triggered = conditional
        || timed
        || sentence.owns_any(&[Word::Threshold, Word::Auto, Word::Pass, Word::Health]);
    let planned = sentence.owns_any(&[
        Word::Plan,
        Word::Test,
        Word::Done,
        Word::Notes,
        Word::Must,
        Word::Should,
    ]) || sentence.has_any(&[Word::Without, Word::Before])
        || sentence.is_item;
    match (wants(sentence, at), triggered, planned) {
        (true, true, _) => Some(Demand::RollbackTrigger),
        (true, false, true) => Some(Demand::RollbackPlan),
        _ => None,
    }
}

fn strategy(sentence: &Sentence) -> Option<Demand> {
    let found =
        (sentence.own..sentence.tags.len()).find_map(|at| match sentence.tags[at].meaning {
            Meaning::Strategy(strategy) => Some((at, strategy)),
            _ => None,
        });
    if let Some((at, strategy)) = found {
        return match (wants(sentence, at), strategy) {
            (true, StrategyWord::Recreate) => None,
            (true, strategy) => Some(Demand::Strategy(strategy)),
            (false, strategy) => Some(Demand::NotStrategy(strategy)),
        };
    }
    let at = sentence.position(&[Word::Downtime])?;
    let none = !["downtime", "interruption", "service"].contains(&sentence.tags[at].first.as_str());
    let wanted = match none {
        true => sentence.is_about(&[Word::Deploy, Word::Must, Word::Change]),
        false => !wants(sentence, at) && sentence.is_about(&[Word::Deploy, Word::Change]),
    };
    (wanted && !sentence.owns(Word::Announce)).then_some(Demand::NoDowntime)
}

fn alone(sentence: &Sentence) -> Option<Demand> {
    let about = sentence.is_about(&[Word::Deploy, Word::Change, Word::Migration]);
    let one_by_one = wanted(sentence, &[Word::OneByOne]);
    // "Nobody else is deploying" says itself what it is about.
    let names_it = one_by_one.is_some_and(|at| {
        let first = sentence.tags[at].first.as_str();
        [
            "nobody",
            "no",
            "previous",
            "someone",
            "somebody",
            "deploy",
            "deployment",
        ]
        .contains(&first)
    });
    let together = sentence.position(&[Word::AtOnce]).is_some_and(|_| {
        // "while another one runs" is denied by what stands before "while".
        let denials = sentence.tags.iter().filter(|tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Not | Word::Without | Word::Stop)
            )
        });
        let only_one = sentence.has(Word::Only);
        !denials.count().is_multiple_of(2) || only_one
    });
    (names_it || (about && (one_by_one.is_some() || together))).then_some(Demand::OneAtATime)
}

fn kept(sentence: &Sentence) -> Option<Demand> {
    let at = sentence.position(&[Word::Keep])?;
    let what = sentence.owns_any(&[
        Word::History,
        Word::Image,
        Word::Backup,
        Word::Rollback,
        Word::Deploy,
        Word::Notes,
        Word::Ticket,
    ]);
    let measured = super::duration(sentence).is_some()
        || sentence
            .own()
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Number(_)))
        || sentence.owns_any(&[Word::Last, Word::Must, Word::Not]);
    // "Never delete" wants what "keep" wants.
    let removes = ["delete", "purge", "prune"]
        .iter()
        .any(|word| sentence.tags[at].first.starts_with(word));
    let eye = sentence.owns(Word::Monitor);
    (what && measured && !eye && wants(sentence, at) != removes)
        .then_some(Demand::Attested(Claim::Retention))
}
