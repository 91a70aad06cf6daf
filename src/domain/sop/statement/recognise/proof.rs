//! What must have been shown before something goes out: tests, scans, reviews, where it comes from.

use super::super::demand::{Claim, Demand};
use super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::sentence::Sentence;
use super::{duration, wanted, wants};

pub(super) fn demands(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    found.extend(staging(sentence));
    found.extend(tests(sentence));
    found.extend(version(sentence));
    found.extend(scan(sentence));
    found.extend(provenance(sentence));
    found
}

fn staging(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    let at = (sentence.own..sentence.tags.len())
        .find(|at| sentence.tags[*at].meaning == Meaning::Place(PlaceWord::Staging));
    let long = duration(sentence);
    let bakes = wanted(sentence, &[Word::Bake]).is_some();
    let monitors = wanted(sentence, &[Word::Monitor]).is_some();
    if let Some(minutes) = long
        && (bakes || monitors || (at.is_some() && sentence.is_about(&[Word::Before, Word::Must])))
        && !sentence.owns_any(&[Word::Announce, Word::Keep, Word::Approve, Word::Rollback])
        && (at.is_some() || is_about_release(sentence))
    {
        let live = sentence.has(Word::After) && sentence.is_about(&[Word::Deploy]);
        let before = at.is_some() || sentence.has(Word::Before) || sentence.owns(Word::Between);
        found.push(match (before, live || monitors) {
            (false, true) => Demand::Watch(minutes),
            _ => Demand::Bake(minutes),
        });
        let ordered = sentence.owns_any(&[Word::Deploy, Word::Test, Word::Done]);
        if at.is_some() && sentence.owns_place(PlaceWord::Production) && ordered {
            found.push(Demand::StagingFirst);
        }
        return found;
    }
    let Some(at) = at else {
        let direct = sentence.owns_any(&[Word::Directly])
            && sentence.has(Word::Not)
            && sentence.owns_place(PlaceWord::Production);
        if direct {
            found.push(Demand::StagingFirst);
        }
        return found;
    };
    let production = sentence.names(PlaceWord::Production)
        || sentence
            .above
            .contains(&Meaning::Place(PlaceWord::Production));
    let ordered = sentence.has_any(&[
        Word::First,
        Word::Before,
        Word::Without,
        Word::After,
        Word::Until,
        Word::Directly,
        Word::Pass,
        Word::From,
        Word::Unless,
    ]);
    let shown = sentence.owns_any(&[
        Word::Test,
        Word::Done,
        Word::Pass,
        Word::Must,
        Word::Deploy,
        Word::Smoke,
    ]);
    let skips = (sentence.own..sentence.tags.len())
        .any(|at| sentence.tags[at].is(Word::Skip) && sentence.has(Word::Not));
    let first = sentence.owns(Word::First);
    if (production && (ordered || shown))
        || first
        || skips
        || (wants(sentence, at) && shown && sentence.has(Word::Before))
    {
        found.push(Demand::StagingFirst);
    }
    found
}

fn is_about_release(sentence: &Sentence) -> bool {
    let strategy = |tag: &super::super::sentence::Tag| matches!(tag.meaning, Meaning::Strategy(_));
    sentence.is_about(&[Word::Deploy, Word::Change])
        || sentence.names(PlaceWord::Production)
        || sentence.tags.iter().any(strategy)
}

fn tests(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    let about_scan = sentence.owns_any(&[Word::Scan, Word::RestoreTest]);
    let subject = !sentence.owns_any(&[
        Word::Migration,
        Word::DownMigration,
        Word::Rollback,
        Word::Backup,
        Word::Provenance,
        Word::Downtime,
    ]);
    if wanted(sentence, &[Word::Smoke]).is_some() {
        found.push(Demand::SmokeTests);
    } else if wanted(sentence, &[Word::Health]).is_some()
        && sentence.is_about(&[
            Word::After,
            Word::Deploy,
            Word::Must,
            Word::Pass,
            Word::Test,
            Word::Done,
        ])
        && !sentence.owns(Word::Rollback)
    {
        found.push(Demand::HealthCheck);
    }
    if wanted(sentence, &[Word::SpecialTest]).is_some() && !about_scan {
        found.push(Demand::Attested(Claim::SpecialTests));
    }
    if wanted(sentence, &[Word::Monitor]).is_some()
        && duration(sentence).is_none()
        && !sentence.owns(Word::Rollback)
        && (sentence.is_about(&[Word::After, Word::Deploy, Word::During, Word::Must])
            || sentence.is_item)
    {
        found.push(Demand::Attested(Claim::Monitoring));
    }
    let Some(at) = sentence.position(&[Word::Test]) else {
        // "Do not merge on red"
        let red = sentence
            .own()
            .iter()
            .any(|tag| tag.is(Word::Pass) && tag.first == "red");
        if red && sentence.has(Word::Not) && sentence.is_about(&[Word::Deploy, Word::Change]) {
            found.push(Demand::Tests);
        }
        return found;
    };
    // "A build soaks on staging for a day": a thing, and no check of it.
    let soaks = sentence.owns(Word::Bake) && !sentence.owns(Word::Pass);
    if soaks && sentence.tags[at].first.starts_with("build") {
        return found;
    }
    // "No deploys with failing tests" wants them to pass.
    let failing = sentence
        .own()
        .iter()
        .any(|tag| tag.is(Word::Pass) && FAILING.iter().any(|word| tag.first.starts_with(word)));
    let normative = sentence.owns_any(&[Word::Pass, Word::Must, Word::Should, Word::Done])
        || sentence.is_about(&[Word::Before, Word::Without, Word::Skip, Word::Deploy])
        || sentence.is_item;
    let elsewhere = sentence.owns_place(PlaceWord::Staging) && !found.is_empty();
    if (wants(sentence, at) || failing) && normative && subject && !about_scan && !elsewhere {
        found.push(Demand::Tests);
    }
    found
}

const FAILING: [&str; 4] = ["fail", "broken", "red", "rot"];

fn version(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    let about = sentence.is_about(&[Word::Deploy, Word::Image, Word::Tag])
        || sentence.names(PlaceWord::Production)
        || sentence.owns_any(&[Word::Must, Word::Only, Word::Mutable, Word::Pinned]);
    if !about
        || sentence.owns_any(&[Word::Backup, Word::Keep, Word::Test])
            && !sentence.owns(Word::Pinned)
    {
        return found;
    }
    let mutable = sentence
        .position(&[Word::Mutable])
        .is_some_and(|at| !wants(sentence, at));
    if mutable || wanted(sentence, &[Word::Pinned]).is_some() {
        found.push(Demand::PinnedVersion);
    }
    if wanted(sentence, &[Word::Semver]).is_some() {
        found.push(Demand::SemanticVersion);
    } else if found.is_empty()
        && wanted(sentence, &[Word::Tag]).is_some()
        && sentence.has_any(&[
            Word::Only,
            Word::Must,
            Word::Should,
            Word::Not,
            Word::Deploy,
        ])
        && !sentence.owns(Word::Mutable)
    {
        found.push(Demand::TaggedVersion);
    }
    let Some(branch) = sentence.position(&[Word::Branch]) else {
        return found;
    };
    let main = sentence
        .tags
        .iter()
        .any(|tag| tag.is(Word::Branch) && MAIN.contains(&tag.first.as_str()));
    let strict = sentence.has_any(&[Word::Only, Word::Must, Word::Not]);
    let from = sentence.owns_any(&[Word::From, Word::Deploy, Word::Image])
        || sentence.owns_place(PlaceWord::Production);
    if strict && from && (main || !wants(sentence, branch)) {
        found.push(Demand::MainBranch);
    }
    found
}

const MAIN: [&str; 4] = ["main", "master", "trunk", "unmerged"];

fn scan(sentence: &Sentence) -> Option<Demand> {
    let at = sentence.position(&[Word::Scan])?;
    // "No critical vulnerabilities": the wish is a scan without findings.
    let findings =
        sentence.tags[at].first.starts_with("vuln") || sentence.tags[at].first.starts_with("cve");
    (wants(sentence, at) || findings).then_some(Demand::Attested(Claim::Scan))
}

fn provenance(sentence: &Sentence) -> Option<Demand> {
    let at = sentence.position(&[Word::Provenance])?;
    let about = sentence.is_about(&[
        Word::Deploy,
        Word::Image,
        Word::Must,
        Word::Only,
        Word::Not,
        Word::Done,
    ]) || sentence.is_item;
    // "Never deploy from a laptop" forbids what it names; both ways it is about where it comes from.
    let local = LOCAL
        .iter()
        .any(|word| sentence.tags[at].first.starts_with(word));
    (about && (wants(sentence, at) != local)).then_some(Demand::Attested(Claim::Provenance))
}

const LOCAL: [&str; 7] = [
    "local",
    "laptop",
    "developer",
    "workstation",
    "unsigned",
    "manual",
    "over",
];
