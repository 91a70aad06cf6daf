//! What is done while something changes: backups, migrations, the way back, the strategy, one at a
//! time, what is kept.

use super::super::demand::{Claim, Demand, Limits};
use super::super::meaning::{Meaning, PlaceWord, StrategyWord, Word};
use super::super::measure::{durations, failing_share, latencies, shares};
use super::super::sentence::{Sentence, Tag};
use super::{arrows, wanted, wants};

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
    if let Some(at) = wanted(sentence, &[Word::Backup])
        && !sentence.owns_any(&[Word::Keep])
    {
        let age = durations(sentence.own()).into_iter().find(|length| {
            let own_at = at - sentence.own;
            let is_age = sentence.own()[..length.at]
                .iter()
                .any(|tag| tag.is(Word::During) || tag.is(Word::Last) || tag.first == "than");
            length.at > own_at && is_age
        });
        // A recent one is of the last day.
        let recent = sentence
            .own()
            .iter()
            .any(|tag| ["recent", "fresh", "current"].contains(&tag.first.as_str()))
            .then_some(DAY);
        let age = age.map(|age| age.value).or(recent);
        found.push(age.map_or(Demand::Backup, Demand::FreshBackup));
    }
    found
}

const DROPS: [&str; 7] = [
    "drop", "remove", "delete", "rename", "column", "table", "schema",
];
const DAY: u32 = 24 * 60;

fn migration(sentence: &Sentence) -> Option<Demand> {
    let down = sentence.position(&[Word::DownMigration]);
    let automatic = sentence.has(Word::Auto) || sentence.has(Word::Rollback);
    if let Some(at) = down {
        return Some(
            match !wants(sentence, at)
                || sentence.tags[at..]
                    .iter()
                    .any(|tag| tag.is(Word::Skip) && tag.first.starts_with("disable"))
                || (sentence.has(Word::Not) && automatic)
            {
                true => Demand::NoSchemaDowngrade,
                false => Demand::Migration,
            },
        );
    }
    let drops = sentence.position(&[Word::Irreversible]).is_some_and(|at| {
        let first = &sentence.tags[at].first;
        let named = DROPS.iter().any(|word| first.starts_with(word));
        named && (!wants(sentence, at) || sentence.has_any(&[Word::Only, Word::After]))
    });
    let expands = wanted(sentence, &[Word::Reversible])
        .is_some_and(|at| sentence.tags[at].first.starts_with("expand"));
    let drops = drops || expands;
    if drops {
        return Some(Demand::Migration);
    }
    let phased = |at: &usize| {
        let first = &sentence.tags[*at].first;
        ["online", "two", "safe", "non", "zero"].contains(&first.as_str())
    };
    // "No migration skips staging" is about staging.
    let skips = sentence.owns(Word::Skip) && sentence.owns_place(PlaceWord::Staging);
    let at = sentence
        .position(&[Word::Migration])
        .filter(|_| !skips)
        .or_else(|| wanted(sentence, &[Word::Reversible]).filter(phased))?;
    if sentence.owns(Word::Rollback) && !wants(sentence, at) && sentence.has(Word::Auto) {
        return Some(Demand::NoSchemaDowngrade);
    }
    let safe = wanted(sentence, &[Word::Reversible]).is_some();
    let harmful = sentence
        .position(&[Word::Irreversible])
        .is_some_and(|at| !wants(sentence, at) || sentence.has(Word::Must))
        // "No destructive migrations at busy times" is about the times.
        && !sentence.owns_any(&[Word::Peak, Word::Holiday, Word::Freeze]);
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
    let subject = !sentence.owns_any(&[
        Word::Backup,
        Word::Approve,
        Word::Announce,
        Word::Freeze,
        Word::Present,
        Word::OnCall,
        Word::AtOnce,
        Word::OneByOne,
    ]);
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
    // "Rolling forward is no way back"
    if sentence.position(&[Word::RollForward]).is_some_and(|at| {
        !wants(sentence, at) || sentence.own().iter().any(|tag| tag.is(Word::Not))
    }) && sentence.owns_any(&[Word::Rollback, Word::WayBack])
    {
        return Some(Demand::RollbackPlan);
    }
    if wanted(sentence, &[Word::WayBack]).is_some() {
        return Some(Demand::RollbackPlan);
    }
    // "Each deployment must be reversible"
    if wanted(sentence, &[Word::Reversible]).is_some()
        && sentence.owns(Word::Deploy)
        && !sentence.owns_any(&[Word::Migration, Word::DownMigration, Word::Rollback])
    {
        return Some(Demand::RollbackPlan);
    }
    // "Rollback triggers: p95 above 400 ms": a line of a list.
    let listed = sentence.tags[..sentence.own]
        .iter()
        .any(|tag| tag.is(Word::Rollback));
    if listed && sentence.owns(Word::Threshold) {
        return Some(Demand::RollbackTrigger(limits(sentence)));
    }
    if let Some(trigger) = stops_at(sentence) {
        return Some(trigger);
    }
    let at = sentence.position(&[Word::Rollback])?;
    if sentence.owns_any(&[Word::DownMigration, Word::Keep]) {
        return None;
    }
    let is_plan = sentence
        .tags
        .get(at + 1)
        .is_some_and(|tag| tag.is(Word::Plan));
    // "\"We fix it live\" is no rollback plan"
    let quoted = sentence
        .own()
        .first()
        .is_some_and(|tag| matches!(tag.meaning, Meaning::Mark('"' | '\u{201c}')));
    if is_plan && (wants(sentence, at) || quoted) {
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
    // "If you cannot roll it back, do not ship it", "Roll back first", "Name the version to go back to"
    let denied_twice = sentence
        .own()
        .iter()
        .filter(|tag| tag.is(Word::Not))
        .count()
        > 1;
    let begins = ["name", "know", "define"].map(Some);
    let planned = denied_twice
        || sentence.is_question()
        || begins.contains(&sentence.first_word())
        || sentence.owns_any(&[
            Word::First,
            Word::SpecialTest,
            Word::Plan,
            Word::Test,
            Word::Done,
            Word::Notes,
            Word::Must,
            Word::Should,
        ])
        || sentence.has_any(&[Word::Without, Word::Before])
        || sentence.is_item;
    let triggered = triggered || arrows(&sentence.tags[..at]) > 0;
    // "Stop the rollout and roll back" wants both.
    let stops =
        sentence.tags[..at].iter().any(is_halt) && sentence.owns_any(&[Word::Threshold, Word::If]);
    match (wants(sentence, at) || stops, triggered, planned) {
        (true, true, _) => Some(Demand::RollbackTrigger(limits(sentence))),
        (true, false, true) => Some(Demand::RollbackPlan),
        _ => None,
    }
}

/// "Halt the rollout when errors rise", "only go on while p95 stays below 300 ms": without a word
/// for going back.
fn stops_at(sentence: &Sentence) -> Option<Demand> {
    let own = sentence.own();
    if sentence.owns_any(&[Word::Rollback, Word::Keep]) || !sentence.owns(Word::Threshold) {
        return None;
    }
    let acts = |tag: &Tag| tag.is(Word::Deploy) || matches!(tag.meaning, Meaning::Strategy(_));
    let halts = own
        .iter()
        .enumerate()
        .any(|(at, tag)| is_halt(tag) && own.iter().skip(at + 1).take(3).any(acts));
    let limits = limits(sentence);
    let measured = limits.error_rate.is_some() || limits.latency_ms.is_some();
    let goes_on = sentence.owns(Word::GoOn) || own.iter().any(acts);
    let limited = measured && goes_on && sentence.owns_any(&[Word::Only, Word::Not, Word::If]);
    let triggers = halts && (sentence.owns_any(&[Word::If, Word::After]) || measured);
    (triggers || limited).then_some(Demand::RollbackTrigger(limits))
}

fn is_halt(tag: &Tag) -> bool {
    const HALTS: [&str; 4] = ["stop", "halt", "pause", "suspend"];
    let halts = HALTS.iter().any(|word| tag.first.starts_with(word));
    halts && matches!(tag.meaning, Meaning::Word(Word::Stop | Word::Not))
}

/// What is measured, and the limit that is named for it.
pub(super) fn limits(sentence: &Sentence) -> Limits {
    let own = sentence.own();
    let names = |words: &[&str]| {
        own.iter()
            .any(|tag| words.iter().any(|word| tag.first.starts_with(word)))
    };
    // "20 % above the baseline" is no rate of failures.
    let relative = names(&[
        "baseline", "relative", "normal", "increase", "drop", "traffic",
    ]);
    let rate = sentence.owns_any(&[Word::Threshold, Word::Pass])
        && !sentence.owns(Word::Budget)
        && !relative;
    Limits {
        error_rate: failing_share(own).filter(|_| rate),
        latency_ms: latencies(own)
            .first()
            .map(|latency| latency.value)
            .filter(|_| names(&["latency", "p9", "response"])),
    }
}

fn strategy(sentence: &Sentence) -> Option<Demand> {
    let named: Vec<(usize, StrategyWord)> = (sentence.own..sentence.tags.len())
        .filter_map(|at| match sentence.tags[at].meaning {
            Meaning::Strategy(strategy) => Some((at, strategy)),
            _ => None,
        })
        .collect();
    if let Some((at, strategy)) = named.first().copied() {
        if !wants(sentence, at) {
            return Some(Demand::NotStrategy(strategy));
        }
        // "Canary or rolling": one of them is enough.
        let mut wanted: Vec<StrategyWord> = named
            .into_iter()
            .filter(|(at, strategy)| *strategy != StrategyWord::Recreate && wants(sentence, *at))
            .map(|(_, strategy)| strategy)
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        return (!wanted.is_empty()).then_some(Demand::Strategy(wanted));
    }
    // "10 % → 50 % → 100 %"
    let steps = shares(sentence.own());
    let grows = steps.windows(2).all(|two| two[0].value < two[1].value);
    let everyone = sentence
        .own()
        .last()
        .is_some_and(|tag| ["everyone", "everybody", "all", "rest"].contains(&tag.first.as_str()));
    let ends = everyone || steps.last().is_some_and(|last| last.value == 10_000);
    if steps.len() > 1 && grows && ends {
        return Some(Demand::Strategy(vec![StrategyWord::Gradual]));
    }
    let at = sentence.position(&[Word::Downtime])?;
    let none = !["downtime", "interruption", "service"].contains(&sentence.tags[at].first.as_str());
    let wanted = match none {
        true => sentence.is_about(&[Word::Deploy, Word::Must, Word::Change]),
        false => !wants(sentence, at) && sentence.is_about(&[Word::Deploy, Word::Change]),
    };
    // "Users must not notice it" announces nothing.
    let announces = sentence
        .own()
        .iter()
        .any(|tag| tag.is(Word::Announce) && tag.first != "notice");
    (wanted && !announces).then_some(Demand::NoDowntime)
}

fn alone(sentence: &Sentence) -> Option<Demand> {
    // "Other deployments", "a conflicting release": the phrase says what it is about.
    let others = sentence.own().iter().any(|tag| {
        tag.is(Word::AtOnce) && ["other", "another", "conflicting"].contains(&tag.first.as_str())
    });
    let about = others || sentence.is_about(&[Word::Deploy, Word::Change, Word::Migration]);
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
            "running",
            "current",
            "ongoing",
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
        let looks = ["check", "verify", "confirm", "ensure"].map(Some);
        let overlaps = sentence.own().iter().any(|tag| {
            tag.is(Word::AtOnce)
                && ["overlap", "conflict", "other", "another", "ongoing"]
                    .iter()
                    .any(|word| tag.first.starts_with(word))
        });
        let looked_for = looks.contains(&sentence.first_word()) && overlaps;
        !denials.count().is_multiple_of(2) || only_one || looked_for
    });
    (names_it || (about && (one_by_one.is_some() || together))).then_some(Demand::OneAtATime)
}

const REMOVES: [&str; 21] = [
    "expir",
    "delet",
    "purge",
    "prune",
    "remov",
    "destroy",
    "tear",
    "torn",
    "decommission",
    "lösch",
    "gelösch",
    "entfern",
    "borra",
    "elimin",
    "supprim",
    "effac",
    "apag",
    "exclu",
    "删",
    "清",
    "销",
];

/// The opposite of keeping.
pub(in super::super) fn removes(tag: &Tag) -> bool {
    REMOVES.iter().any(|word| tag.first.starts_with(word))
}

fn kept(sentence: &Sentence) -> Option<Demand> {
    let length = super::duration(sentence).filter(|minutes| *minutes >= DAY);
    let Some(at) = sentence.position(&[Word::Keep]) else {
        // "Audit logs: 7 years"
        let logs =
            |tag: &Tag| tag.is(Word::History) || (tag.is(Word::Ticket) && tag.first == "audit");
        let colon = |tag: &Tag| tag.meaning == Meaning::Mark(':');
        let own = sentence.own();
        let lists = sentence.length() <= 8 && own.iter().any(logs) && own.iter().any(colon);
        return length.filter(|_| lists).map(Demand::Kept);
    };
    let what = sentence.owns_any(&[
        Word::History,
        Word::Image,
        Word::Backup,
        Word::Rollback,
        Word::Deploy,
        Word::Notes,
        Word::Ticket,
    ]);
    // "Retention: 90 days"
    let what = what || sentence.tags[at].first.starts_with("reten");
    let measured = super::duration(sentence).is_some()
        || sentence
            .own()
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Number(_)))
        || sentence.owns_any(&[Word::Last, Word::Must, Word::Not, Word::Until, Word::After]);
    // "Never delete" wants what "keep" wants.
    let removes = removes(&sentence.tags[at]);
    let eye = sentence.owns(Word::Monitor);
    // "Removed only after a week" keeps it until then.
    let later = sentence.owns(Word::Only) && sentence.owns_any(&[Word::After, Word::If]);
    let removes = removes && !later;
    let versions = versions_kept(sentence.own());
    let demand = match (super::duration(sentence), versions) {
        (Some(minutes), _) => Demand::Kept(minutes),
        (None, Some(count)) => Demand::KeptVersions(count),
        (None, None) => Demand::Attested(Claim::Retention),
    };
    (what && measured && !eye && wants(sentence, at) != removes).then_some(demand)
}

/// "The last three versions", "15 image versions"
pub(in super::super) fn versions_kept(tags: &[Tag]) -> Option<u32> {
    const VERSIONS: [&str; 8] = [
        "version",
        "release",
        "image",
        "build",
        "artifact",
        "artefact",
        "tag",
        "deployment",
    ];
    let counted = |at: usize| match tags[at].meaning {
        Meaning::Number(count @ 1..=1000) => Some(count),
        _ => None,
    };
    (0..tags.len()).find_map(|at| {
        let count = counted(at)?;
        let behind = tags.get(at + 1..).unwrap_or_default();
        let of_versions = behind
            .iter()
            .take(4)
            .take_while(|tag| !matches!(tag.meaning, Meaning::Unit(_) | Meaning::Mark('%')))
            .any(|tag| VERSIONS.iter().any(|word| tag.first.starts_with(word)));
        of_versions.then_some(count)
    })
}
