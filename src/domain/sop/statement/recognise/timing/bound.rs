//! Times that say when something else holds: "in December after 15:00", "no deploys on Fridays without
//! a backup", "deploys after five need an approval".

use super::super::super::definition::Particle;
use super::super::super::demand::{Demand, Lasting, StatementKind};
use super::super::super::meaning::{Meaning, Word};
use super::super::super::season::{Stretch, is_unread, stretches};
use super::super::super::sentence::{Sentence, Tag};
use super::super::super::window::{Window, Windows, is_small, windows};
use super::clauses::{bans_what_lacks, before_exception, halves};
use super::{forbids, holidays, if_before_time, is_condition, lasting};

/// When a demand holds; nothing of it is always.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super::super) struct Bound {
    pub at: Vec<Window>,
    /// "Outside of nine to five": when it is none of these.
    pub outside: bool,
    pub seasons: Vec<Stretch>,
    pub lasting: Option<Lasting>,
}

/// Of demands whose times are certain.
pub(in super::super::super) fn bound(sentence: &Sentence, demand: &Demand) -> Bound {
    understood(sentence, demand).unwrap_or_default()
}

/// Whether the times of a demand are understood. Of the others no rule may be made.
pub(in super::super) fn is_certain(sentence: &Sentence, demand: &Demand) -> bool {
    understood(sentence, demand).is_some()
}

fn understood(sentence: &Sentence, demand: &Demand) -> Option<Bound> {
    let own = halves(before_exception(sentence)).rest;
    let at = |at: Vec<Window>| Bound {
        at,
        ..Bound::default()
    };
    Some(match demand {
        Demand::Window { allowed: true, .. } if !forbids(sentence) => {
            at(leading_days(own).map_or_else(Vec::new, |(days, _)| days))
        }
        Demand::Freeze(_) | Demand::NotDuring(_) if narrows(own) && !goes_on(own) => {
            at(windows(own).certain().filter(|_| !is_parted(own))?)
        }
        Demand::Window { .. } | Demand::Freeze(_) | Demand::NotDuring(_) => Bound::default(),
        _ if bans_what_lacks(sentence) || lets_through(sentence) => {
            let (rule, _) = sentence.parts();
            of_all(sentence, rule, lasting(sentence))?
        }
        _ if is_asked(sentence, demand) || asks_then(sentence) => {
            let own = sentence.own();
            of_all(sentence, own, holidays(own))?
        }
        _ => Bound::default(),
    })
}

/// "Deploys on Fridays in December need an approval": all that these words say of times holds there.
/// "On Fridays and in December" are two times, and would be two rules.
fn of_all(sentence: &Sentence, tags: &[Tag], lasting: Option<Lasting>) -> Option<Bound> {
    let times: Windows = match if_before_time(sentence) {
        true => windows(tags).of_both(),
        false => windows(tags),
    };
    let outside = times.outside;
    let at = times.certain()?;
    let seasons = stretches(tags);
    let kinds = [!at.is_empty(), !seasons.is_empty(), lasting.is_some()];
    let several = kinds.iter().filter(|is_named| **is_named).count() > 1;
    let unclear = is_unread(tags) || several && is_parted(tags);
    (!unclear).then_some(Bound {
        at,
        outside,
        seasons,
        lasting,
    })
}

/// What of the times a word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Days,
    Hours,
    Month,
    Season,
    Lasting,
}

/// "On Fridays or in December", "on weekends and on Fridays": a conjunction or a comma stands between
/// two times. "Fridays and Saturdays" are days of one, "in December, no deploys after 15:00" leads in.
fn is_parted(tags: &[Tag]) -> bool {
    let hours = windows(tags).places;
    let named = tags.iter().enumerate().filter_map(|(at, tag)| {
        let what = match tag.meaning {
            Meaning::Days(_) => Named::Days,
            Meaning::Month(_) => Named::Month,
            Meaning::Season(_) | Meaning::Word(Word::MonthEnd | Word::QuarterEnd) => Named::Season,
            Meaning::Word(Word::Holiday | Word::HolidayEve | Word::Peak) => Named::Lasting,
            Meaning::Hours(_) | Meaning::Clock(_) => Named::Hours,
            _ if hours.contains(&at) => Named::Hours,
            _ => return None,
        };
        Some((at, what))
    });
    let named: Vec<(usize, Named)> = named.collect();
    let is_subject = |tag: &Tag| tag.is(Word::Deploy) || tag.is(Word::Change);
    let leads = |tag: &Tag| {
        let words = [
            Word::After,
            Word::Before,
            Word::From,
            Word::At,
            Word::During,
        ];
        tag.does(Particle::On) && !is_small(tag) || words.iter().any(|word| tag.is(*word))
    };
    named.windows(2).enumerate().any(|(index, two)| {
        let [(from, first), (to, second)] = [two[0], two[1]];
        let between = &tags[from + 1..to];
        let joined = between.iter().any(Tag::joins);
        let comma = between
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Mark(',' | ';')));
        if first == second {
            return first != Named::Hours && joined && between.iter().any(leads);
        }
        let leads_in =
            index == 0 && between.iter().any(is_subject) && !tags[..from].iter().any(is_subject);
        joined || comma && !leads_in
    })
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
    let names = |tags: &[Tag]| !windows(tags).places.is_empty();
    names(before)
        && before.iter().any(|tag| tag.is(Word::Deploy))
        && !before.iter().any(restricts)
        && behind.iter().any(topic)
        && !names(behind)
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
    // "After 3pm" is an hour by what stands around it.
    let places = windows(own).places;
    let mut last: Option<bool> = None;
    for (at, tag) in own.iter().enumerate() {
        let of_year = match (places.contains(&at), is_of_year(tag)) {
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
        let is_sure = !days.doubtful && !hours.doubtful;
        let only_hours = hours.listed.iter().all(|one| one.days == 0) && !hours.listed.is_empty();
        (only_days && only_hours && is_sure).then_some((days.listed, hours.listed))
    };
    let is_one = |days: &[Window]| matches!(days, [one] if one.days.count_ones() == 1);
    let by_only = only.and_then(parts);
    by_only.or_else(|| {
        let leads = subject.and_then(parts);
        leads.filter(|(days, _)| is_one(days))
    })
}
