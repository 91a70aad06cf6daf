//! What a sentence is about, where none of the forms of the grammar fits. That it demands something
//! is settled by then; its words tell of what.

use super::super::demand::{Claim, Demand, Lasting};
use super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::sentence::{Sentence, Tag};
use super::change::{limits, removes};
use super::{wanted, wants};

/// Words of a line of a checklist.
const TERSE: usize = 9;

/// What procedures of deploys are about. One such word may stand in any text, two hardly do.
const SUBJECTS: [Word; 29] = [
    Word::Bake,
    Word::Threshold,
    Word::Deploy,
    Word::Change,
    Word::Migration,
    Word::DownMigration,
    Word::Rollback,
    Word::WayBack,
    Word::Plan,
    Word::Test,
    Word::SpecialTest,
    Word::Smoke,
    Word::Health,
    Word::Monitor,
    Word::Scan,
    Word::Backup,
    Word::Provenance,
    Word::Tag,
    Word::Image,
    Word::Approve,
    Word::Review,
    Word::OnCall,
    Word::Announce,
    Word::Channel,
    Word::Ticket,
    Word::Freeze,
    Word::Incident,
    Word::Keep,
    Word::History,
];

pub(super) fn demand(sentence: &Sentence) -> Option<Demand> {
    let own = sentence.own();
    let subjects = SUBJECTS.iter().filter(|word| sentence.is_about(&[**word]));
    let places = own
        .iter()
        .any(|tag| matches!(tag.meaning, Meaning::Place(_)));
    let subjects = subjects.count() + usize::from(places);
    // What a text insists on is meant, where it speaks of a release at all.
    let modal = sentence.has_any(&[Word::Must, Word::Not, Word::Only, Word::Should, Word::Stop]);
    // So is a line of a checklist: "all objectives met for a day".
    let ticked = sentence.length() <= TERSE
        && (sentence.owns_any(&[Word::Done, Word::Pass]) || super::duration(sentence).is_some())
        // Bread is baked, and kitchens are kept clean.
        && !own.iter().any(|tag| tag.is(Word::Keep) || tag.first.starts_with("bake"));
    if subjects < 2 && !((modal || ticked) && subjects > 0) {
        return None;
    }
    // "Backups are stored abroad" tells where they are.
    let insists = sentence.has_any(&[Word::Must, Word::Not, Word::Only, Word::Done])
        || sentence.is_item
        || sentence.first_word().is_some_and(|word| {
            own.iter()
                .any(|tag| tag.is(Word::Keep) && tag.first == word)
        });
    if sentence.owns(Word::Keep) && !insists {
        return None;
    }
    // "Stability fixes only": in a freeze, which the words around it speak of.
    let fixes = sentence.owns_any(&[Word::Fix, Word::Emergency, Word::Critical]);
    if sentence.owns(Word::Only) && fixes && !sentence.owns(Word::Approve) {
        return Some(Demand::NotDuring(Lasting::CodeFreeze));
    }
    // "Failure rate above the limit": a line of a list of what ends a release.
    if sentence.owns(Word::Threshold) && own.iter().any(is_breach) {
        return Some(Demand::RollbackTrigger(limits(sentence)));
    }
    if let Some(at) = sentence.position(&[Word::Keep])
        && wants(sentence, at) != removes(&sentence.tags[at])
    {
        return Some(Demand::Attested(Claim::Retention));
    }
    // "The previous stable artifact is available"
    let previous = own
        .iter()
        .any(|tag| ["previous", "prior", "last", "old"].contains(&tag.first.as_str()));
    if previous && sentence.owns(Word::Image) && sentence.owns_any(&[Word::Present, Word::Done]) {
        return Some(Demand::Attested(Claim::Retention));
    }
    // "Must pass the whole suite", "no promotion with a failed smoke test"
    let fails = own.iter().any(|tag| tag.is(Word::Pass) && tag.fails());
    if sentence.owns(Word::Smoke) && (fails || (modal && subjects > 1)) {
        return Some(Demand::SmokeTests);
    }
    if sentence.owns(Word::Health) && (fails || modal) {
        return Some(Demand::HealthCheck);
    }
    if sentence.owns(Word::Pass) && modal && !sentence.owns(Word::Migration) {
        return Some(Demand::Tests);
    }
    if let Some(minutes) = super::duration(sentence)
        && (sentence.owns_any(&[Word::Bake, Word::Threshold, Word::Monitor])
            || sentence.owns_place(PlaceWord::Staging))
        && !sentence.owns_any(&[Word::Rollback, Word::Announce, Word::Keep])
    {
        return Some(Demand::Bake(minutes));
    }
    let shown = sentence.owns_any(&[
        Word::Done,
        Word::Test,
        Word::Pass,
        Word::Review,
        Word::Approve,
    ]);
    let asks_people = sentence.owns_any(&[Word::Approve, Word::Review]);
    let names_tags = sentence.owns_any(&[Word::Mutable, Word::Tag]);
    if sentence.owns_place(PlaceWord::Staging) && (modal || shown) && !asks_people && !names_tags {
        return Some(Demand::StagingFirst);
    }
    if modal
        && let Some(role) = role_of(own)
        && sentence.owns_any(&[Word::May, Word::Only, Word::Must])
    {
        return Some(Demand::Role(role));
    }
    let topics = [
        (Word::Approve, Demand::Approvals(1)),
        (Word::Scan, Demand::Attested(Claim::Scan)),
        (Word::Provenance, Demand::Attested(Claim::Provenance)),
        (Word::Backup, Demand::Backup),
        (Word::Migration, Demand::Migration),
        (Word::WayBack, Demand::RollbackPlan),
        (Word::Announce, Demand::Attested(Claim::Announcement)),
        (Word::SpecialTest, Demand::Attested(Claim::SpecialTests)),
        (Word::Review, Demand::Attested(Claim::Review)),
        (Word::OnCall, Demand::Attested(Claim::OnCall)),
        (Word::Monitor, Demand::Attested(Claim::Monitoring)),
        (Word::Ticket, Demand::Attested(Claim::Ticket)),
    ];
    topics
        .into_iter()
        .find(|(word, _)| wanted(sentence, &[*word]).is_some())
        .map(|(_, demand)| demand)
}

fn role_of(tags: &[Tag]) -> Option<String> {
    tags.iter().find_map(|tag| match &tag.meaning {
        Meaning::Role(role) => Some(role.clone()),
        _ => None,
    })
}

fn is_breach(tag: &Tag) -> bool {
    const BREACHES: [&str; 12] = [
        "breach", "exceed", "above", "spike", "rise", "drop", "degrad", "crash", "anomal", "fail",
        "increase", ">",
    ];
    BREACHES.iter().any(|word| tag.first.starts_with(word)) || tag.meaning == Meaning::Mark('>')
}
