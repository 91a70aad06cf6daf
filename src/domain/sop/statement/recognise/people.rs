//! Who must say yes, be there, or be told.

use super::super::demand::{Claim, Demand};
use super::super::meaning::{Meaning, Word};
use super::super::sentence::Sentence;
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
    let Some(at) = approval else {
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
        if (four_eyes.is_some() && approves) || is_self_approval(sentence) {
            found.push(Demand::OtherApprover);
        } else if automatic {
            found.push(Demand::Approvals(1));
        } else if wanted(sentence, &[Word::Review]).is_some() && is_review_of_code(sentence) {
            found.push(Demand::Attested(Claim::Review));
        }
        return found;
    };
    // "Approved base images" are no approval.
    if sentence.owns_any(&[Word::Provenance, Word::Scan]) && !sentence.owns(Word::Deploy) {
        return found;
    }
    let is_review = sentence.owns(Word::Review) && !sentence.has_any(&[Word::Deploy]);
    for role in roles(sentence, at) {
        found.push(Demand::Role(role));
    }
    let count = count_of_approvers(sentence, at);
    if is_review && found.is_empty() {
        found.push(Demand::Attested(Claim::Review));
    } else if four_eyes.is_some() || is_self_approval(sentence) {
        found.push(Demand::OtherApprover);
    } else if let Some(count) = count.filter(|count| *count > 1) {
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
        let bare = behind.clone().any(|tag| tag.meaning == Meaning::Mark(':'));
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
    role.next_back().filter(|_| sentence.owns(Word::Deploy))
}

/// "Nobody approves their own deploy"
fn is_self_approval(sentence: &Sentence) -> bool {
    sentence.owns(Word::Own)
        && sentence.has_any(&[Word::Not, Word::Without])
        && sentence.is_about(&[Word::Approve, Word::Review, Word::Deploy])
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
            Meaning::Role(role) if near && index >= sentence.own => found.push(role.clone()),
            Meaning::Word(Word::OnCall)
                if near && index >= sentence.own && index.abs_diff(at) <= 5 =>
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

fn staffing(sentence: &Sentence) -> Option<Demand> {
    if sentence.owns(Word::Alone)
        && sentence.has(Word::Not)
        && sentence.is_about(&[Word::Deploy, Word::Change, Word::Migration])
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
    let who = sentence.owns(Word::People)
        || sentence
            .own()
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Role(_)))
        || sentence.owns(Word::Present) && sentence.owns(Word::Must);
    if present.is_some() && who && !sentence.owns_any(&[Word::Provenance, Word::Image]) {
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
    if sentence.owns(Word::Others) && sentence.is_about(&[Word::Deploy, Word::Change]) {
        return Some(Demand::AuthorsAsked);
    }
    wanted(sentence, &[Word::Announce])?;
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
    told.then_some(Demand::Attested(Claim::Announcement))
}

fn records(sentence: &Sentence) -> Vec<Demand> {
    let mut found = Vec::new();
    let about = sentence.is_about(&[Word::Deploy, Word::Change, Word::Rollback, Word::Migration])
        || sentence.is_item
        || sentence.owns_any(&[Word::Must, Word::Done]);
    if wanted(sentence, &[Word::Ticket]).is_some() && about {
        found.push(Demand::Attested(Claim::Ticket));
    }
    let documents = wanted(sentence, &[Word::Notes]).is_some()
        && !sentence.owns_any(&[Word::Rollback, Word::Plan, Word::Migration, Word::Backup]);
    if documents && about {
        found.push(Demand::Attested(Claim::Notes));
    }
    found
}
