//! Who must say yes, be there, or be told.

use super::super::demand::{Claim, Demand};
use super::super::meaning::{Meaning, Word};
use super::super::measure::durations;
use super::super::sentence::{Sentence, Tag};
use super::{count_before, wanted};

pub(super) fn demands(sentence: &Sentence) -> Vec<Demand> {
    let mut found = approvals(sentence);
    found.extend(staffing(sentence));
    found.extend(told(sentence));
    found.extend(records(sentence));
    found
}

/// More is no number of people who could be asked.
const MOST: u32 = 20;

fn approvals(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    let four_eyes = wanted(sentence, &[Word::FourEyes]);
    let approval = wanted(sentence, &[Word::Approve]);
    let automatic = sentence.position(&[Word::Auto]).is_some_and(|_| {
        sentence.has(Word::Not)
            && sentence.has(Word::Deploy)
            && sentence.names(super::super::meaning::PlaceWord::Production)
    });
    // "Acceptance tests signed off" are done; nobody is asked for an approval.
    let approval = approval.filter(|at| {
        let before = at.checked_sub(1).map(|before| &sentence.tags[before]);
        !before.is_some_and(|tag| {
            tag.is(Word::Test) || tag.is(Word::SpecialTest) || tag.is(Word::Smoke)
        })
    });
    let Some(at) = approval else {
        // "A DBA reviews each index change"
        let reviews = wanted(sentence, &[Word::Review])
            .filter(|at| sentence.tags[*at].first == "reviews" && *at > sentence.own);
        if let Some(Meaning::Role(role)) = reviews.map(|at| &sentence.tags[at - 1].meaning) {
            return vec![Demand::Role(role.clone())];
        }
        if let Some(role) = only_role(sentence) {
            return vec![Demand::Role(role)];
        }
        let approves = sentence.has_any(&[
            Word::Approve,
            Word::Review,
            Word::Must,
            Word::Deploy,
            Word::Change,
        ]);
        // "Dual control" says itself what it asks for.
        let control = four_eyes.is_some_and(|at| {
            ["dual", "four", "two", "4", "2", "separation", "segregation"]
                .contains(&sentence.tags[at].first.as_str())
        });
        if (four_eyes.is_some() && (approves || control)) || is_self_approval(sentence) {
            found.push(Demand::OtherApprover);
        } else if automatic {
            found.push(Demand::Approvals(1));
        } else if wanted(sentence, &[Word::Review]).is_some() && is_review_of_code(sentence) {
            found.push(Demand::Attested(Claim::Review));
        }
        return found;
    };
    // "A retrospective approval" comes when it is done.
    const LATER: [&str; 6] = [
        "retrospective",
        "retroactive",
        "retrospectively",
        "retroactively",
        "nachtr\u{e4}glich",
        "nachtr\u{e4}gliche",
    ];
    let beside = at.saturating_sub(1)..(at + 2).min(sentence.tags.len());
    let later = sentence.tags[beside]
        .iter()
        .any(|tag| LATER.contains(&tag.first.as_str()));
    if later && !sentence.has(Word::Before) && !sentence.has(Word::Not) {
        return found;
    }
    // "Approved base images" are no approval.
    if sentence.owns_any(&[Word::Provenance, Word::Scan]) && !sentence.owns(Word::Deploy) {
        return found;
    }
    let is_review = sentence.owns(Word::Review) && !sentence.has_any(&[Word::Deploy]);
    let mut asked = roles(sentence, at);
    // "Three maintainers vote": whoever may vote is one.
    if count_of_approvers(sentence, at).is_some_and(|count| count > 1) {
        asked.retain(|role| role != "maintainer");
    }
    match is_choice(sentence, at) && asked.len() > 1 {
        true => found.push(Demand::AnyRole(asked)),
        false => found.extend(asked.into_iter().map(Demand::Role)),
    }
    let count = count_of_approvers(sentence, at);
    // "Two-person approval"
    let two = four_eyes
        .filter(|eyes| {
            let tag = &sentence.tags[*eyes];
            ["two", "2", "dual"].contains(&tag.first.as_str()) && eyes.abs_diff(at) == 1
        })
        .map(|_| 2);
    let count = count.or(two);
    let several = count.filter(|count| *count > 1);
    if is_review && found.is_empty() {
        found.push(Demand::Attested(Claim::Review));
        return found;
    }
    let other = four_eyes.is_some() || is_self_approval(sentence);
    if other {
        found.push(Demand::OtherApprover);
    }
    if let Some(count) = several {
        found.push(Demand::Approvals(count.min(MOST)));
    } else if found.is_empty() {
        found.push(Demand::Approvals(1));
    }
    found
}

fn count_of_approvers(sentence: &Sentence, at: usize) -> Option<u32> {
    let people = sentence.tags[at..]
        .iter()
        .take(8)
        .position(|tag| tag.is(Word::People));
    count_before(sentence, at).or_else(|| {
        let behind = sentence.tags.get(at + 1..)?.iter().take(5);
        let number = behind.clone().find_map(|tag| match tag.meaning {
            Meaning::Number(number) => Some(number),
            _ => None,
        });
        // "approved by two people", "approvers: 2"
        let bare = behind
            .clone()
            .any(|tag| matches!(tag.meaning, Meaning::Mark(':' | '=')));
        number.filter(|_| people.is_some() || bare)
    })
}

/// "Only the release manager deploys to production"
fn only_role(sentence: &Sentence) -> Option<String> {
    let own = sentence.own();
    let only = own.iter().position(|tag| tag.is(Word::Only))?;
    let near = own.get(only..)?.iter().take(5);
    let mut role = near.filter_map(|tag| match &tag.meaning {
        Meaning::Role(role) => Some(role.clone()),
        _ => None,
    });
    let acts = sentence.owns_any(&[Word::Deploy, Word::Change])
        || sentence.owns_place(super::super::meaning::PlaceWord::Production);
    role.next_back().filter(|_| acts)
}

/// "Nobody approves their own deploy"
fn is_self_approval(sentence: &Sentence) -> bool {
    sentence.owns(Word::Own)
        && sentence.has_any(&[Word::Not, Word::Without])
        && (sentence.is_about(&[Word::Approve, Word::Review, Word::Deploy])
            || sentence.own().iter().any(|tag| tag.first == "self"))
}

fn is_review_of_code(sentence: &Sentence) -> bool {
    sentence.has_any(&[
        Word::Must,
        Word::Before,
        Word::Not,
        Word::Without,
        Word::Only,
        Word::Done,
    ]) || sentence.is_item
}

/// The roles that the approval is asked of: those near it, and all that follow in a list.
fn roles(sentence: &Sentence, at: usize) -> Vec<String> {
    let mut found = Vec::new();
    for (index, tag) in sentence.tags.iter().enumerate() {
        let near = index.abs_diff(at) <= 8;
        match &tag.meaning {
            Meaning::Role(role)
                if near && index >= sentence.own && !is_object(sentence, at, index) =>
            {
                found.push(role.clone());
            }
            Meaning::Word(Word::OnCall)
                if near
                    && index >= sentence.own
                    && index.abs_diff(at) <= 5
                    && !is_role(sentence, index) =>
            {
                found.push("on-call".to_owned());
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

/// "The manager on duty" is the manager.
fn is_role(sentence: &Sentence, at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| matches!(sentence.tags[before].meaning, Meaning::Role(_)))
}

/// "Approved by the tech lead or the product owner"
fn is_choice(sentence: &Sentence, at: usize) -> bool {
    const OR: [&str; 5] = ["or", "oder", "o", "ou", "\u{6216}"];
    const AND: [&str; 9] = [
        "and", "und", "y", "et", "e", "plus", "both", "+", "\u{548c}",
    ];
    let near = sentence.tags.iter().enumerate();
    let mut near = near
        .filter(|(index, _)| index.abs_diff(at) <= 8)
        .map(|(_, tag)| tag);
    let joins = |words: &[&str], tag: &Tag| words.contains(&tag.first.as_str());
    near.clone().any(|tag| joins(&OR, tag)) && !near.any(|tag| joins(&AND, tag))
}

/// "Two approvals for security changes" names what is approved, and nobody who does.
fn is_object(sentence: &Sentence, approval: usize, role: usize) -> bool {
    let between = sentence.tags.get(approval + 1..role).unwrap_or_default();
    let behind = |words: &[&str]| {
        between
            .iter()
            .rposition(|tag| words.contains(&tag.first.as_str()))
    };
    behind(&["for"]) > behind(&["from", "by", "of"])
}

fn staffing(sentence: &Sentence) -> Option<Demand> {
    if sentence.owns(Word::Alone)
        && sentence.has(Word::Not)
        // "desplegar solo" says itself what is done.
        && (sentence.is_about(&[Word::Deploy, Word::Change, Word::Migration])
            || sentence.own().iter().any(|tag| tag.is(Word::Alone) && tag.first.starts_with("desp")))
    {
        return Some(Demand::Attested(Claim::Present));
    }
    let on_call = wanted(sentence, &[Word::OnCall]);
    let present = wanted(sentence, &[Word::Present]);
    let approves = sentence.owns(Word::Approve);
    if on_call.is_some() && !approves {
        let calls = sentence.owns_any(&[Word::Announce])
            && !sentence.owns_any(&[Word::Present, Word::Done]);
        return (!calls).then_some(Demand::Attested(Claim::OnCall));
    }
    let who = sentence.owns_any(&[Word::People, Word::FourEyes])
        || sentence
            .own()
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Role(_)))
        || sentence.owns(Word::Present) && sentence.owns(Word::Must)
        // "Night team on standby"
        || (sentence.length() <= 5
            && sentence.own().iter().any(|tag| tag.rest.iter().any(|word| word == "team"))
            && sentence.own().iter().any(|tag| tag.is(Word::Present)));
    let thing = [Word::Provenance, Word::Image, Word::Ticket, Word::Notes];
    if present.is_some() && who && !sentence.owns_any(&thing) {
        return Some(Demand::Attested(Claim::Present));
    }
    // "Never deploy alone", "two engineers per deploy"
    let people = wanted(sentence, &[Word::People])?;
    let counted = count_before(sentence, people).is_some_and(|count| count > 1);
    let shared =
        sentence.is_about(&[Word::Deploy]) && sentence.owns_any(&[Word::Must, Word::Deploy]);
    (counted && shared && !approves && !sentence.owns_any(&[Word::Review, Word::Test]))
        .then_some(Demand::Attested(Claim::Present))
}

fn told(sentence: &Sentence) -> Option<Demand> {
    // Of other teams it is asked when commits of theirs go along; else they are told.
    let tells = wanted(sentence, &[Word::Announce]).is_some() && !sentence.owns(Word::If);
    if sentence.owns(Word::Others) && !tells && sentence.is_about(&[Word::Deploy, Word::Change]) {
        return Some(Demand::AuthorsAsked);
    }
    // "Post the start in the channel"
    let posts = sentence.owns(Word::Channel)
        && sentence.own().iter().any(|tag| {
            [
                "post", "posts", "posted", "share", "shared", "write", "writes", "message",
                "messages",
            ]
            .contains(&tag.first.as_str())
        });
    if wanted(sentence, &[Word::Announce]).is_none() && !posts {
        return None;
    }
    // "Approval is notified automatically" tells nobody to do anything.
    let told = sentence.is_about(&[
        Word::Deploy,
        Word::Change,
        Word::Rollback,
        Word::Migration,
        Word::Downtime,
        Word::Before,
        Word::After,
        Word::Emergency,
    ]) || sentence.owns_any(&[Word::Channel, Word::People, Word::Must])
        || sentence.is_item
        || sentence
            .own()
            .iter()
            .any(|tag| tag.is(Word::Announce) && tag.first == "status");
    told.then(|| ahead(sentence, Claim::Announcement))
}

fn is_changelog(tag: &Tag) -> bool {
    tag.is(Word::Notes) && (tag.first.starts_with("change") || tag.first.starts_with("release"))
}

/// "at least two days before": what is asked for, and how long ahead.
fn ahead(sentence: &Sentence, claim: Claim) -> Demand {
    let own = sentence.own();
    let notice = durations(own).into_iter().find(|length| {
        let behind = own.get(length.at + 1..).unwrap_or_default();
        behind
            .iter()
            .take(4)
            .any(|tag| tag.is(Word::Before) || tag.is(Word::Announce))
    });
    // "Announce it before": not afterwards.
    let before =
        claim == Claim::Announcement && sentence.owns(Word::Before) && !sentence.owns(Word::After);
    match notice {
        Some(length) => Demand::Ahead(claim, length.value),
        None if before => Demand::Ahead(claim, 1),
        None => Demand::Attested(claim),
    }
}

fn records(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    let about = sentence.is_about(&[Word::Deploy, Word::Change, Word::Rollback, Word::Migration])
        || sentence.is_item
        || sentence.owns_any(&[Word::Must, Word::Done]);
    if wanted(sentence, &[Word::Ticket]).is_some() && about {
        found.push(ahead(sentence, Claim::Ticket));
    }
    // "A documented reason and a ticket": the record has both.
    let recorded = !found.is_empty() && !sentence.own().iter().any(is_changelog);
    let documents = wanted(sentence, &[Word::Notes]).is_some()
        && !recorded
        && !sentence.owns_any(&[Word::Rollback, Word::Migration, Word::Backup])
        && (!sentence.owns(Word::Plan) || sentence.own().iter().any(is_changelog));
    if documents && about {
        found.push(Demand::Attested(Claim::Notes));
    }
    found
}
