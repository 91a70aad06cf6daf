//! What must have been shown before something goes out: tests, scans, reviews, where it comes from.

use super::super::demand::{Claim, Demand, Limits};
use super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::measure::shares;
use super::super::sentence::{Sentence, Tag};
use super::{arrows, duration, wanted, wants};

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
    // "Canary for at least 30 minutes"
    let lets = ["let", "leave", "hold", "wait", "run", "keep"].map(Some);
    let least = ["minimum", "min", "least", "\u{2265}", "for"];
    let strategic = sentence
        .own()
        .iter()
        .any(|tag| matches!(tag.meaning, Meaning::Strategy(_)))
        && (sentence
            .own()
            .iter()
            .any(|tag| least.contains(&tag.first.as_str()))
            || lets.contains(&sentence.first_word()));
    // "48 h in staging are the ticket to production", "each region bakes an hour before the next"
    let steps = [
        "region", "zone", "stage", "wave", "ring", "host", "cluster", "node", "batch",
    ];
    let stepwise = bakes
        && sentence
            .own()
            .iter()
            .any(|tag| steps.contains(&tag.first.as_str()));
    let between = (at.is_some() && sentence.owns_place(PlaceWord::Production)) || stepwise;
    // "10 % of the users for a day", "each step must soak for four hours"
    let shared = !shares(sentence.own()).is_empty()
        && !sentence.owns_any(&[Word::Threshold, Word::Budget, Word::SpecialTest]);
    let soaks = sentence.own().iter().any(|tag| {
        tag.is(Word::Bake) && ["soak", "bake", "baked", "soaked"].contains(&tag.first.as_str())
    });
    let strategic = strategic
        || shared
        || (soaks && sentence.has(Word::Must))
        || (at.is_some()
            && sentence
                .own()
                .iter()
                .any(|tag| lets.contains(&Some(tag.first.as_str()))));
    if let Some(minutes) = long
        && (bakes
            || monitors
            || strategic
            || between
            || (at.is_some() && sentence.is_about(&[Word::Before, Word::Must])))
        && !sentence.owns_any(&[Word::Announce, Word::Keep, Word::Approve, Word::Rollback])
        && (at.is_some() || is_about_release(sentence) || is_soak(sentence) || strategic || between)
    {
        let after_release = |tag: &Tag| tag.is(Word::After) && tag.first == "post";
        let live = sentence.has(Word::After) && sentence.is_about(&[Word::Deploy])
            || sentence.own().iter().any(after_release);
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
    // "dev -> staging -> production" is an order, where no commands or files are listed.
    if is_path(sentence) {
        return vec![Demand::StagingFirst];
    }
    let Some(at) = at else {
        // "Skipping environments is forbidden" names no environment.
        let names = sentence.owns_place(PlaceWord::Production)
            || sentence.own().iter().any(|tag| {
                tag.is(Word::Directly) && ["skip", "stage"].iter().any(|w| tag.first.starts_with(w))
            });
        let direct = sentence.owns(Word::Directly) && sentence.has(Word::Not) && names;
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
        Word::Only,
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
    // "Run the scanner against staging before a release" is about the scan.
    let checks = sentence.owns_any(&[
        Word::Scan,
        Word::Finding,
        Word::SpecialTest,
        Word::Migration,
        Word::RestoreTest,
    ]);
    let first = sentence.owns(Word::First);
    // "Tags such as `staging` are no versions" is about names.
    let names_tags = sentence.owns_any(&[Word::Mutable, Word::Tag])
        && !sentence.owns_any(&[Word::Deploy, Word::Test])
        && !sentence.has_any(&[
            Word::Before,
            Word::First,
            Word::After,
            Word::Until,
            Word::From,
        ]);
    if names_tags {
        return found;
    }
    // "Deployed to preprod": a line of a checklist.
    let ticked = sentence.length() <= 4
        && sentence.own().first().is_some_and(|tag| {
            [
                "deployed",
                "released",
                "tested",
                "verified",
                "validated",
                "promoted",
            ]
            .contains(&tag.first.as_str())
        });
    if ticked
        || (production && (ordered || shown))
        || first
        || skips
        || (wants(sentence, at) && shown && sentence.has(Word::Before) && !checks)
    {
        found.push(Demand::StagingFirst);
    }
    found
}

/// "dev → test → production": at least two places, the last of which is production.
fn is_path(sentence: &Sentence) -> bool {
    const NAMES: [&str; 9] = [
        "dev",
        "development",
        "test",
        "qa",
        "uat",
        "stage",
        "int",
        "integration",
        "preview",
    ];
    let own = sentence.own();
    let places = own.iter().filter(|tag| {
        matches!(
            tag.meaning,
            Meaning::Place(PlaceWord::Staging | PlaceWord::Other)
        ) || NAMES.contains(&tag.first.as_str())
    });
    let arrows = arrows(own);
    // "Order of environments: integration, staging, production"
    let ordered = ["order", "sequence", "path", "flow"];
    let listed = own.iter().any(|tag| ordered.contains(&tag.first.as_str()));
    let position = |place: PlaceWord| {
        own.iter()
            .position(|tag| tag.meaning == Meaning::Place(place))
    };
    let in_order = match (
        position(PlaceWord::Staging),
        position(PlaceWord::Production),
    ) {
        (Some(staging), Some(production)) => staging < production,
        _ => false,
    };
    (arrows > 0 && places.count() >= arrows && sentence.owns_place(PlaceWord::Production))
        || (listed && in_order)
}

/// "Soak time: 4 h", "observe for 15 minutes post-deploy": words that say what they are about.
fn is_soak(sentence: &Sentence) -> bool {
    const SOAKS: [&str; 6] = ["soak", "bake", "burn", "beta", "hypercare", "cool"];
    sentence.own().iter().any(|tag| {
        let phrase = tag.end - tag.start > tag.first.len() + 1;
        let soaks = phrase && SOAKS.iter().any(|word| tag.first.starts_with(word));
        (tag.is(Word::Bake) && soaks) || (tag.is(Word::After) && tag.first == "post")
    })
}

fn is_about_release(sentence: &Sentence) -> bool {
    let strategy = |tag: &super::super::sentence::Tag| matches!(tag.meaning, Meaning::Strategy(_));
    sentence.is_about(&[Word::Deploy, Word::Change])
        || sentence.names(PlaceWord::Production)
        || sentence.tags.iter().any(strategy)
}

fn tests(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    if let Some(trigger) = failed_check(sentence) {
        return vec![trigger];
    }
    let about_scan = sentence.owns_any(&[Word::Scan, Word::Finding, Word::RestoreTest])
        && coverage(sentence).is_none();
    let subject = !sentence.owns_any(&[
        Word::Migration,
        Word::DownMigration,
        Word::Rollback,
        Word::Backup,
        Word::Provenance,
        Word::Downtime,
        Word::Rebuild,
        Word::SameImage,
    ]);
    // "Failed smoke tests trigger a rollback" says what follows.
    let follows = sentence.owns(Word::Rollback) && sentence.owns(Word::Pass);
    if wanted(sentence, &[Word::Smoke]).is_some() && !follows {
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
    let special = wanted(sentence, &[Word::SpecialTest]);
    // "Coverage must not fall below 80 %" wants it, too.
    let special = special.or_else(|| {
        let at = sentence.position(&[Word::SpecialTest])?;
        let limit = special_test(sentence, at);
        matches!(limit, Demand::Coverage(_)).then_some(at)
    });
    if let Some(at) = special
        && !about_scan
        && !sentence.owns(Word::Rollback)
    {
        found.push(special_test(sentence, at));
    }
    if wanted(sentence, &[Word::Monitor]).is_some()
        && duration(sentence).is_none()
        && !sentence.owns(Word::Rollback)
        && (sentence.is_about(&[Word::After, Word::Deploy, Word::During, Word::Must])
            || sentence.is_item)
    {
        found.push(Demand::Attested(Claim::Monitoring));
    }
    // Nobody goes home right behind a release
    let leaves = sentence.position(&[Word::Leave]);
    if leaves.is_some_and(|at| !wants(sentence, at)) {
        found.push(Demand::NotSaid(Claim::Monitoring));
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
    // "While another build or deploy is running", too.
    let soaks =
        (sentence.owns(Word::Bake) || sentence.owns(Word::AtOnce)) && !sentence.owns(Word::Pass);
    if soaks && sentence.tags[at].first.starts_with("build") {
        return found;
    }
    // "No deploys with failing tests" wants them to pass.
    let failing = sentence
        .own()
        .iter()
        .any(|tag| tag.is(Word::Pass) && tag.fails());
    let normative = sentence.owns_any(&[Word::Pass, Word::Must, Word::Should, Word::Done])
        || sentence.is_about(&[Word::Before, Word::Without, Word::Skip, Word::Deploy])
        || sentence.is_item
        // "Acceptance tests signed off"
        || sentence.tags.get(at + 1).is_some_and(|tag| tag.is(Word::Approve));
    let elsewhere = sentence.owns_place(PlaceWord::Staging)
        && (!found.is_empty() || (sentence.owns(Word::First) && !sentence.owns(Word::Pass)));
    // "Canary: test on a few hosts first" says how it goes out.
    let by_strategy = sentence
        .own()
        .iter()
        .any(|tag| matches!(tag.meaning, Meaning::Strategy(_)))
        && sentence.owns(Word::First)
        && !sentence.owns_any(&[Word::Pass, Word::Before]);
    if (wants(sentence, at) || failing)
        && normative
        && subject
        && !about_scan
        && !elsewhere
        && !by_strategy
        && !is_path(sentence)
    {
        found.push(Demand::Tests);
    }
    found
}

/// "Health check fails three times": a line of what ends a release.
fn failed_check(sentence: &Sentence) -> Option<Demand> {
    let own = sentence.own();
    let at = own
        .iter()
        .position(|tag| tag.is(Word::Smoke) || tag.is(Word::Health))?;
    let fails = own.get(at + 1).is_some_and(|tag| {
        (tag.is(Word::Pass) || tag.is(Word::Threshold)) && tag.first.starts_with("fail")
    });
    let demands = sentence.has_any(&[
        Word::Not,
        Word::Must,
        Word::Should,
        Word::Stop,
        Word::Without,
    ]) || sentence.owns(Word::Rollback);
    let ordered = at > 3;
    (fails && !demands && !ordered).then(|| Demand::RollbackTrigger(Limits::default()))
}

/// The share of the code that tests must reach, where one is named.
fn coverage(sentence: &Sentence) -> Option<Demand> {
    let at = sentence.position(&[Word::SpecialTest])?;
    let demand = special_test(sentence, at);
    matches!(demand, Demand::Coverage(_)).then_some(demand)
}

/// "Coverage of at least 80 %"
fn special_test(sentence: &Sentence, at: usize) -> Demand {
    let reached = shares(sentence.own())
        .first()
        .map(|share| share.value / 100);
    const COVERAGE: [&str; 9] = [
        "cobertura",
        "couverture",
        "testabdeckung",
        "codeabdeckung",
        "覆",
        "单",
        "测",
        "代",
        "行",
    ];
    let is_coverage = sentence.tags[at].first.contains("cov")
        || COVERAGE.contains(&sentence.tags[at].first.as_str())
        || sentence
            .tags
            .get(at)
            .is_some_and(|tag| tag.first == "test" || tag.first == "code");
    match reached.filter(|_| is_coverage) {
        Some(percent) => Demand::Coverage(percent),
        None => Demand::Attested(Claim::SpecialTests),
    }
}

fn version(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    let rebuilds = sentence
        .position(&[Word::Rebuild])
        .is_some_and(|at| !wants(sentence, at));
    if rebuilds || wanted(sentence, &[Word::SameImage]).is_some() {
        return vec![Demand::SameImage];
    }
    let about = sentence.is_about(&[Word::Deploy, Word::Image, Word::Tag])
        || sentence.names(PlaceWord::Production)
        || sentence.owns_any(&[Word::Must, Word::Only, Word::Mutable, Word::Pinned]);
    if !about
        || sentence.owns_any(&[Word::Backup, Word::Keep, Word::Test])
            && !sentence.owns_any(&[Word::Pinned, Word::Mutable])
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
        ]) | sentence.owns_place(PlaceWord::Production)
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
        .any(|tag| tag.is(Word::Branch) && is_main(tag));
    let strict = sentence.has_any(&[Word::Only, Word::Must, Word::Not]);
    let from = sentence.owns_any(&[Word::From, Word::Deploy, Word::Image])
        || sentence.owns_place(PlaceWord::Production);
    if strict && from && (main || !wants(sentence, branch)) {
        found.push(Demand::MainBranch);
    }
    found
}

fn is_main(tag: &Tag) -> bool {
    const MAIN: [&str; 5] = ["main", "master", "trunk", "unmerged", "主"];
    // "rama principal", "branche principale"
    const NOUN: [&str; 4] = ["rama", "branche", "branch", "ramo"];
    let first = tag.first.as_str();
    MAIN.contains(&first)
        || first.starts_with("haupt")
        || (NOUN.contains(&first) && tag.is_phrase())
}

fn scan(sentence: &Sentence) -> Option<Demand> {
    // "Coverage of 80 % in the analysis" is a limit of the tests.
    if coverage(sentence).is_some() {
        return None;
    }
    // "No critical vulnerabilities": the wish is a scan without findings.
    let finds = sentence.owns(Word::Finding);
    (finds || wanted(sentence, &[Word::Scan]).is_some()).then_some(Demand::Attested(Claim::Scan))
}

/// "unsigned", "sin firmar", "未签名"
fn is_unsigned(tag: &Tag) -> bool {
    tag.first.starts_with("un")
        || ["sin", "no", "non", "não", "sem", "未"].contains(&tag.first.as_str())
}

/// "Never deploy from a laptop" forbids what it names; "images are signed" wants it.
fn provenance(sentence: &Sentence) -> Option<Demand> {
    let about = sentence.is_about(&[
        Word::Deploy,
        Word::Image,
        Word::Must,
        Word::Only,
        Word::Not,
        Word::Done,
        Word::Change,
    ]) || sentence.is_item;
    let unproven = sentence
        .position(&[Word::Unproven])
        .filter(|at| !wants(sentence, *at));
    let found = match (wanted(sentence, &[Word::Provenance]), unproven) {
        (Some(_), _) => Demand::Attested(Claim::Provenance),
        // "Unsigned" wants a signature; a laptop is in no plan unless somebody says so.
        (None, Some(at)) if is_unsigned(&sentence.tags[at]) => Demand::Attested(Claim::Provenance),
        (None, Some(_)) => Demand::NotSaid(Claim::Provenance),
        (None, None) => return None,
    };
    about.then_some(found)
}
