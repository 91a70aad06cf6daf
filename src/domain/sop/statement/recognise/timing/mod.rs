//! When something may go out: windows, freezes, and what lasts.

mod bound;
mod clauses;
mod timetable;

pub(in super::super) use bound::{Bound, bound};
pub(super) use bound::{is_certain, lets_through};
pub(in super::super) use clauses::excepted;

use super::super::demand::{Demand, Lasting};
use super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::season::{is_unread, stretches};
use super::super::sentence::{Sentence, Tag};
use super::super::window::{Reach, Window, is_small, reach, windows};
use super::names_emergency;
use clauses::{after_freeze, asks, bans_what_lacks, before_exception, halves, is_of_time};
use timetable::timetable;

/// What the times are about; without one of these, opening hours would be rules.
const SUBJECT: [Word; 10] = [
    Word::Deploy,
    Word::Change,
    Word::Freeze,
    Word::Window,
    Word::Migration,
    Word::Stop,
    Word::Rollback,
    Word::Emergency,
    Word::Severity,
    Word::Budget,
];

pub(super) fn demands(sentence: &Sentence) -> Vec<Demand> {
    // "周五不要上生产": what is forbidden or bound to a time there is a change.
    let in_production =
        sentence.owns_place(PlaceWord::Production) && sentence.owns_any(&[Word::Not, Word::Only]);
    if let Some(listed) = timetable(sentence) {
        let allowed = true;
        return vec![Demand::Window { listed, allowed }];
    }
    if !sentence.is_about(&SUBJECT) && !is_bare(sentence) && !in_production {
        return Vec::new();
    }
    let forbids = forbids(sentence);
    let own = after_freeze(sentence, before_exception(sentence));
    let (label, own) = labelled(own);
    let halves = halves(own);
    if halves.doubtful || is_turned(halves.rest) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let permitted = windows(halves.allowed).allowed();
    let listed = permitted.listed;
    if !listed.is_empty() && !permitted.doubtful {
        let allowed = true;
        found.push(Demand::Window { listed, allowed });
    }
    // "No deploys on weekends without an approval" bans only what has none.
    let lacks = bans_what_lacks(sentence);
    let seasons = stretches(halves.rest);
    let unclear = is_unread(halves.rest)
        || bound::narrows(halves.rest)
            && !bound::goes_on(halves.rest)
            && windows(halves.rest).doubtful;
    if !seasons.is_empty() && forbids && !lacks && !unclear {
        found.push(Demand::Freeze(seasons));
    }
    let window = window(sentence, halves.rest, forbids).filter(|_| !lacks);
    found.extend(window.map(|window| on_days(window, label)));
    if forbids && !lacks && !unclear && !found.iter().any(|one| matches!(one, Demand::Freeze(_))) {
        let lasting = lasting(sentence);
        found.extend(lasting.map(Demand::NotDuring));
        // "Not on holidays, nor during a sale"
        let both = matches!(
            lasting,
            Some(Lasting::Holiday | Lasting::HolidayEve | Lasting::HolidayOrEve)
        );
        if both && sentence.owns(Word::Peak) {
            found.push(Demand::NotDuring(Lasting::Peak));
        }
    }
    let excepted = of_exception(sentence, &found, forbids && !lacks);
    found.extend(excepted);
    found
}

/// "Friday freeze: nothing after 14:00": the days of a label, and what stands behind it, where that
/// says more of the times than the label.
fn labelled(own: &[Tag]) -> (u8, &[Tag]) {
    let colon = |tag: &Tag| tag.meaning == Meaning::Mark(':');
    let Some(at) = own.iter().take(7).position(colon) else {
        return (0, own);
    };
    let (label, behind) = (&own[..at], &own[at + 1..]);
    let named = windows(label);
    let says = |tag: &Tag| tag.is(Word::Not) || tag.is(Word::Only) || tag.is(Word::May);
    let titles = [Word::Freeze, Word::Window, Word::Deploy];
    let is_title = label
        .iter()
        .any(|tag| titles.iter().any(|word| tag.is(*word)))
        && !label.iter().any(says);
    let only_days = !named.listed.is_empty() && named.listed.iter().all(|one| one.hours.is_none());
    let times = windows(behind);
    let days = |listed: &[Window]| listed.iter().fold(0, |days, one| days | one.days);
    let (label, days) = (days(&named.listed), days(&times.listed));
    let narrows = times.listed.iter().any(|one| one.hours.is_some()) && days & !label == 0;
    match is_title && only_days && narrows && behind.iter().any(says) {
        true => (label, behind),
        false => (0, own),
    }
}

/// A window on the days of a label, where it names none.
fn on_days(demand: Demand, label: u8) -> Demand {
    match demand {
        Demand::Window {
            mut listed,
            allowed,
        } => {
            for window in listed.iter_mut().filter(|window| window.days == 0) {
                window.days = label;
            }
            Demand::Window { listed, allowed }
        }
        other => other,
    }
}

/// The days and hours that a sentence allows or forbids.
fn window(sentence: &Sentence, own: &[Tag], forbids: bool) -> Option<Demand> {
    let times = match (forbids, if_before_time(sentence)) {
        (false, _) => windows(own).allowed(),
        (true, true) => windows(own).of_both(),
        (true, false) => windows(own),
    };
    // "Thursdays for emergencies" allows them something.
    let for_emergencies = sentence
        .own()
        .windows(2)
        .any(|two| two[0].first == "for" && two[1].is(Word::Emergency));
    let asks = is_condition(sentence) || bound::asks_then(sentence);
    let conditional = !forbids && (asks || for_emergencies);
    let bold = (times.guessed && forbids) || (times.narrow && !forbids);
    let doubtful = times.doubtful || bold;
    // "In December deploys are only allowed on Tuesdays" says nothing of other months.
    let narrows = match forbids {
        true => bound::narrows(own),
        false => !stretches(own).is_empty(),
    };
    // "During the freeze deploy on Tuesdays only" says nothing of other weeks.
    let lasts = [Word::Freeze, Word::Incident, Word::Severity, Word::Budget];
    let meanwhile =
        sentence.owns_any(&lasts) && sentence.owns(Word::During) && sentence.owns(Word::Only);
    let unclear =
        narrows || meanwhile || is_denied_twice(own) || (!forbids && is_banned_above(sentence));
    if times.listed.is_empty() || is_about_people(sentence) || conditional || doubtful || unclear {
        return None;
    }
    let allowed = match (forbids, times.outside) {
        (true, outside) => outside,
        (false, true) => return None,
        (false, false) if permits(sentence, &times.listed) => true,
        (false, false) => return None,
    };
    let listed = match bound::leading_days(own).filter(|_| !forbids) {
        Some((_, hours)) => hours,
        None => times.listed,
    };
    Some(Demand::Window { listed, allowed })
}

/// "Deploys on Fridays are never forbidden": who denies a ban may allow anything.
fn is_denied_twice(own: &[Tag]) -> bool {
    let denies = |tag: &Tag| tag.is(Word::Not) || tag.is(Word::Stop);
    own.windows(2).enumerate().any(|(at, two)| {
        // "Prohibited not only on Fridays"
        let only = own.get(at + 2).is_some_and(|tag| tag.is(Word::Only));
        two.iter().all(denies) && !only
    })
}

/// "When not to deploy" above "Weekends": a bare time below it is none that is allowed.
fn is_banned_above(sentence: &Sentence) -> bool {
    let above = |word: &Word| sentence.above.contains(&Meaning::Word(*word));
    let denied = [Word::Not, Word::Stop].iter().any(above);
    let of_deploys = [Word::Deploy, Word::Change].iter().any(above);
    denied && of_deploys && sentence.own().iter().all(is_of_time)
}

/// "Only on days that are not followed by a holiday": what is denied behind the times turns them.
fn is_turned(own: &[Tag]) -> bool {
    let Some(only) = own.iter().position(|tag| tag.is(Word::Only)) else {
        return false;
    };
    let behind = &own[only..];
    let Some(&time) = windows(behind).places.first() else {
        return false;
    };
    let mut clause = behind[time..]
        .iter()
        .take_while(|tag| !matches!(tag.meaning, Meaning::Mark(_)));
    let denied = own[..only + time].iter().any(|tag| tag.is(Word::Not));
    !denied && clause.any(|tag| tag.is(Word::Not))
}

/// "Every day except Fridays" forbids these, "never except on Tuesdays" allows nothing else.
fn of_exception(sentence: &Sentence, found: &[Demand], forbids: bool) -> Vec<Demand> {
    let Some(excepted) = excepted(sentence).filter(|excepted| !excepted.windows.doubtful) else {
        return Vec::new();
    };
    let listed = excepted.windows.listed;
    let permitted = matches!(found, [Demand::Window { allowed: true, .. }]) && !forbids;
    let mut demands = Vec::new();
    let asked = asks(sentence.own());
    let of_changes = sentence.is_about(&[Word::Deploy, Word::Change]);
    let bans_all = forbids && found.is_empty() && !excepted.holidays && !asked && of_changes;
    if permitted && excepted.holidays {
        demands.push(Demand::NotDuring(Lasting::Holiday));
    }
    if (permitted || bans_all) && !listed.is_empty() {
        let allowed = bans_all;
        demands.push(Demand::Window { listed, allowed });
    }
    demands
}

/// "Never on a weekend!", "business hours only (9-17)": nothing but times, and what is said of them.
fn is_bare(sentence: &Sentence) -> bool {
    let own = sentence.own();
    own.iter().all(is_of_time) && sentence.owns_any(&[Word::Not, Word::Only])
}

pub(in super::super) fn forbids(sentence: &Sentence) -> bool {
    let (rule, _) = sentence.parts();
    let denies = |word: Word| rule.iter().any(|tag| tag.is(word));
    if denies(Word::Not) || denies(Word::Stop) || sentence.has(Word::Stop) {
        return true;
    }
    // "Sin despliegues los viernes"
    let own = sentence.own();
    if matches!(own, [without, what, ..] if without.is(Word::Without)
        && (what.is(Word::Deploy) || what.is(Word::Change)))
    {
        return true;
    }
    // "Friday releases only in emergencies"
    let only_emergency = sentence.has(Word::Only)
        && names_emergency(sentence)
        && rule.iter().any(|tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Emergency | Word::Critical | Word::Severity)
            )
        });
    // A heading "Freeze" over a list of dates forbids them; "freeze ends" does not.
    let frozen = sentence.is_about(&[Word::Freeze])
        && !sentence.has_any(&[Word::May, Word::Only])
        && !is_condition(sentence);
    // "While an incident is open, only fixes go out"
    let only_fixes = sentence.owns(Word::Only)
        && sentence.owns_any(&[Word::Incident, Word::Severity, Word::Budget, Word::Freeze])
        && !sentence.owns(Word::Approve)
        // "During the freeze deploy on Tuesdays only"
        && (sentence.owns_any(&[Word::Fix, Word::Critical, Word::Emergency])
            || windows(sentence.own()).listed.is_empty());
    only_emergency || frozen || only_fixes
}

/// "Deploy between nine and five", "releases go out on Tuesdays": times outside are not meant.
/// "Fridays are fine" permits and forbids nothing.
fn permits(sentence: &Sentence, listed: &[Window]) -> bool {
    let restricts = sentence.has_any(&[
        Word::Only,
        Word::Must,
        Word::Should,
        Word::Window,
        Word::Between,
        Word::During,
    ]) || sentence.above.contains(&Meaning::Word(Word::Window));
    let is_wide = listed
        .iter()
        .any(|window| window.hours.is_some() || window.days.count_ones() > 1);
    let permission = sentence.has(Word::May) && !restricts;
    let is_condition = if_before_time(sentence) || sentence.is_question();
    !is_condition && (restricts || (!permission || is_wide))
}

/// "If it is Friday" makes the day a condition; "nine to five, when people are there" does not.
fn if_before_time(sentence: &Sentence) -> bool {
    let is_time = |tag: &Tag| {
        matches!(
            tag.meaning,
            Meaning::Days(_) | Meaning::Hours(_) | Meaning::Clock(_) | Meaning::Number(_)
        )
    };
    let Some(time) = sentence.tags.iter().position(is_time) else {
        return sentence.has(Word::If);
    };
    // "If it fails, it runs between nine and five": the condition leads the sentence in.
    let leads = sentence.tags.first().is_some_and(|tag| tag.is(Word::If));
    let parts = |tag: &&Tag| (leads || tag.meaning != Meaning::Mark(',')) && tag.first != "but";
    let mut clause = sentence.tags[..time].iter().rev().take_while(parts);
    clause.any(|tag| tag.is(Word::If))
}

/// "Weekend deploys need an approval": the times say when something else is asked for.
pub(in super::super) fn is_condition(sentence: &Sentence) -> bool {
    sentence.owns_any(&[
        Word::Approve,
        Word::FourEyes,
        Word::OnCall,
        Word::Announce,
        Word::Ticket,
    ]) && sentence.owns_any(&[
        Word::Must,
        Word::Should,
        Word::Without,
        Word::If,
        Word::Only,
    ])
}

/// "On-call from 9 to 5" is about people.
fn is_about_people(sentence: &Sentence) -> bool {
    sentence.owns_any(&[Word::OnCall, Word::Present, Word::Announce, Word::Channel])
        && !sentence.owns_any(&[Word::Deploy, Word::Freeze, Word::Change])
}

/// What lasts while nothing may go out.
fn lasting(sentence: &Sentence) -> Option<Lasting> {
    let owns = |words: &[Word]| sentence.owns_any(words);
    // What is excepted counts only where the rule itself names no holiday.
    if let Some(lasting) = holidays(before_exception(sentence)).or_else(|| holidays(sentence.own()))
    {
        Some(lasting)
    } else if owns(&[Word::Peak]) {
        Some(Lasting::Peak)
    } else if owns(&[Word::Budget]) {
        Some(Lasting::Overspent)
    } else if owns(&[Word::Only])
        && owns(&[Word::Emergency, Word::Critical, Word::Fix])
        && windows(sentence.own()).listed.is_empty()
        && !owns(&[Word::Incident, Word::Severity])
    {
        // "Only critical fixes are accepted during this time"
        Some(Lasting::CodeFreeze)
    } else if owns(&[Word::Incident])
        || !owns(&[Word::Freeze])
            && (owns(&[Word::Emergency, Word::Severity]) && owns(&[Word::During, Word::Ongoing]))
    {
        Some(Lasting::Incident)
    } else {
        // "Freeze: no new features"
        let bans = sentence
            .own()
            .iter()
            .any(|tag| tag.is(Word::Freeze) && tag.first == "no");
        let freeze = bans
            || owns(&[Word::Freeze])
                && sentence.has_any(&[Word::Deploy, Word::Change, Word::Fix, Word::Emergency]);
        let dated =
            !windows(sentence.own()).listed.is_empty() || !stretches(sentence.own()).is_empty();
        let lasts = [
            Word::During,
            Word::Not,
            Word::Must,
            Word::Only,
            Word::After,
            Word::Before,
            Word::From,
            Word::If,
        ];
        (freeze && !dated && (bans || sentence.has_any(&lasts))).then_some(Lasting::CodeFreeze)
    }
}

/// The days that any of the words for a holiday reaches: "on holidays and before bank holidays".
fn holidays(own: &[Tag]) -> Option<Lasting> {
    let reached = own
        .iter()
        .enumerate()
        .filter(|(at, tag)| tag.is(Word::HolidayEve) || tag.is(Word::Holiday) && !is_past(own, *at))
        .map(|(at, tag)| match reach(own, at) {
            _ if tag.is(Word::HolidayEve) => Lasting::HolidayEve,
            Reach::Itself => Lasting::Holiday,
            Reach::DayBefore => Lasting::HolidayEve,
            Reach::Both => Lasting::HolidayOrEve,
        });
    reached.reduce(|one, other| match one == other {
        true => one,
        false => Lasting::HolidayOrEve,
    })
}

/// "After a holiday", and not "on or after" one.
fn is_past(own: &[Tag], at: usize) -> bool {
    let mut before = own[..at].iter().rev().skip_while(|tag| is_small(tag));
    before.next().is_some_and(|tag| tag.is(Word::After))
        && !before.next().is_some_and(|tag| tag.joins())
}
