//! Times that say when something else holds: "in December after 15:00", "no deploys on Fridays without
//! a backup", "deploys after five need an approval".

use super::super::super::demand::{Demand, Lasting, StatementKind};
use super::super::super::meaning::{Meaning, Word};
use super::super::super::season::{Stretch, stretches};
use super::super::super::sentence::{Sentence, Tag};
use super::super::super::window::{Window, windows};
use super::clauses::{bans_what_lacks, before_exception, halves};
use super::{forbids, holidays, is_condition, lasting};

/// When a demand holds; nothing of it is always.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super::super) struct Bound {
    pub at: Vec<Window>,
    /// "Outside of nine to five": when it is none of these.
    pub outside: bool,
    pub seasons: Vec<Stretch>,
    pub lasting: Option<Lasting>,
}

pub(in super::super::super) fn bound(sentence: &Sentence, demand: &Demand) -> Bound {
    let own = halves(before_exception(sentence)).rest;
    let at = |at: Vec<Window>| Bound {
        at,
        ..Bound::default()
    };
    match demand {
        Demand::Window { allowed: true, .. } if !forbids(sentence) => {
            at(leading_days(own).map_or_else(Vec::new, |(days, _)| days))
        }
        Demand::Freeze(_) | Demand::NotDuring(_) if narrows(own) && !goes_on(own) => {
            at(windows(own).listed)
        }
        Demand::Window { .. } | Demand::Freeze(_) | Demand::NotDuring(_) => Bound::default(),
        _ if bans_what_lacks(sentence) || lets_through(sentence) => {
            let (rule, _) = sentence.parts();
            let times = windows(rule);
            Bound {
                at: times.listed,
                outside: times.outside,
                seasons: stretches(rule),
                lasting: lasting(sentence),
            }
        }
        _ if is_asked(sentence, demand) || asks_then(sentence) => {
            let times = windows(sentence.own());
            Bound {
                at: times.listed,
                outside: times.outside,
                seasons: stretches(sentence.own()),
                lasting: holidays(sentence.own()),
            }
        }
        _ => Bound::default(),
    }
}

/// "Deploys after five need an approval"
fn is_asked(sentence: &Sentence, demand: &Demand) -> bool {
    let asked = matches!(
        demand.kind(),
        StatementKind::ApprovalRequired
            | StatementKind::ApprovalRole
            | StatementKind::Communication
            | StatementKind::Staffing
            | StatementKind::ChangeRecord
    );
    let denied = sentence.has(Word::Not) && !sentence.has(Word::Without);
    // "Announce it by Friday noon" says until when, and not when else.
    let limit = sentence.own().iter().any(|tag| tag.first == "by");
    let is_limit = limit && demand.kind() == StatementKind::Communication;
    asked && !denied && !is_limit && is_condition(sentence)
}

/// "Night deploys must have a rollback plan": the times stand before what is asked for then.
pub(super) fn asks_then(sentence: &Sentence) -> bool {
    let own = sentence.own();
    let asks = |tag: &Tag| tag.is(Word::Must) || tag.is(Word::Should);
    let Some(must) = own.iter().position(asks) else {
        return false;
    };
    let (before, behind) = own.split_at(must);
    let restricts = |tag: &Tag| {
        tag.joins()
            || tag.is(Word::Only)
            || tag.is(Word::May)
            || tag.is(Word::Not)
            || tag.is(Word::If)
    };
    let topic = |tag: &Tag| {
        matches!(
            tag.meaning,
            Meaning::Word(
                Word::WayBack
                    | Word::Plan
                    | Word::Backup
                    | Word::Test
                    | Word::SpecialTest
                    | Word::Smoke
                    | Word::Scan
                    | Word::RestoreTest
                    | Word::Monitor
            )
        )
    };
    before.iter().any(is_of_week)
        && before.iter().any(|tag| tag.is(Word::Deploy))
        && !before.iter().any(restricts)
        && behind.iter().any(topic)
        && !behind.iter().any(is_of_week)
}

/// "No deploys on Fridays unless somebody is on call": what has that goes through, as with "without".
pub(in super::super) fn lets_through(sentence: &Sentence) -> bool {
    let (rule, excepted) = sentence.parts();
    let asks = |tag: &Tag| {
        matches!(
            tag.meaning,
            Meaning::Role(_)
                | Meaning::Word(
                    Word::OnCall
                        | Word::Present
                        | Word::Approve
                        | Word::FourEyes
                        | Word::Announce
                        | Word::Ticket
                        | Word::Backup
                        | Word::Test
                        | Word::Smoke
                        | Word::WayBack
                )
        )
    };
    let denies = |tag: &Tag| tag.is(Word::Not) || tag.is(Word::Stop);
    let excuses = |tag: &Tag| {
        matches!(
            tag.meaning,
            Meaning::Word(Word::Emergency | Word::Critical | Word::Incident | Word::Severity)
        )
    };
    !sentence.is_exception()
        && rule.iter().any(denies)
        && !rule.iter().any(asks)
        && excepted.iter().any(asks)
        && !excepted.iter().any(|tag| denies(tag) || excuses(tag))
}

fn is_of_week(tag: &Tag) -> bool {
    matches!(
        tag.meaning,
        Meaning::Days(_) | Meaning::Hours(_) | Meaning::Clock(_)
    )
}

/// "On Fridays in December", "on holidays after 12:00": both say when, and neither alone. What a
/// comma or a conjunction parts are two times.
pub(super) fn narrows(own: &[Tag]) -> bool {
    let is_of_year = |tag: &Tag| {
        matches!(
            tag.meaning,
            Meaning::Season(_)
                | Meaning::Month(_)
                | Meaning::Word(
                    Word::MonthEnd
                        | Word::QuarterEnd
                        | Word::Holiday
                        | Word::HolidayEve
                        | Word::Peak
                )
        )
    };
    let parts =
        |tag: &Tag| tag.joins() || tag.is(Word::Not) || matches!(tag.meaning, Meaning::Mark(_));
    let mut last: Option<bool> = None;
    for tag in own {
        let of_year = match (is_of_week(tag), is_of_year(tag)) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => {
                last = last.filter(|_| !parts(tag));
                continue;
            }
        };
        if last.is_some_and(|last| last != of_year) {
            return true;
        }
        last = Some(of_year);
    }
    false
}

/// "From 20 December 18:00 to 3 January 8:00": the hours are those of its ends.
pub(super) fn goes_on(own: &[Tag]) -> bool {
    let months = own
        .iter()
        .filter(|tag| matches!(tag.meaning, Meaning::Month(_)));
    let links = |tag: &Tag| tag.is(Word::To) || tag.is(Word::Until) || tag.is(Word::Between);
    months.count() > 1 && own.iter().any(links)
}

/// "On Fridays only before noon", "on Fridays we deploy until noon": what is said of the hours there
/// says nothing of other days. The days, and the hours.
pub(super) fn leading_days(own: &[Tag]) -> Option<(Vec<Window>, Vec<Window>)> {
    let is_subject = |tag: &Tag| tag.is(Word::Deploy) || tag.is(Word::Change);
    let only = own.iter().position(|tag| tag.is(Word::Only));
    let subject = own.iter().position(is_subject);
    let parts = |at: usize| {
        let (before, behind) = own.split_at(at);
        let (days, hours) = (windows(before), windows(behind));
        let only_days =
            days.listed.iter().all(|one| one.hours.is_none()) && !days.listed.is_empty();
        let only_hours = hours.listed.iter().all(|one| one.days == 0) && !hours.listed.is_empty();
        (only_days && only_hours && !days.doubtful).then_some((days.listed, hours.listed))
    };
    let is_one = |days: &[Window]| matches!(days, [one] if one.days.count_ones() == 1);
    let by_only = only.and_then(parts);
    by_only.or_else(|| {
        let leads = subject.and_then(parts);
        leads.filter(|(days, _)| is_one(days))
    })
}
