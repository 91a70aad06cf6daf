//! When something may go out: windows, freezes, and what lasts.

use super::super::demand::{Demand, Lasting};
use super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::season::stretches;
use super::super::sentence::{Sentence, Tag};
use super::super::window::{Reach, Window, Windows, reach, windows};
use super::names_emergency;

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
    let mut found = Vec::new();
    let forbids = forbids(sentence);
    let own = after_freeze(sentence, before_exception(sentence));
    let (allowed, own) = before_ban(own);
    let listed = windows(allowed).listed;
    if !listed.is_empty() {
        let allowed = true;
        found.push(Demand::Window { listed, allowed });
    }
    let times = windows(own);
    let seasons = stretches(own);
    if !seasons.is_empty() && forbids {
        found.push(Demand::Freeze(seasons));
    }
    // "Thursdays for emergencies" allows them something.
    let for_emergencies = sentence
        .own()
        .windows(2)
        .any(|two| two[0].first == "for" && two[1].is(Word::Emergency));
    // "No deploys on weekends without an approval" bans only what has none.
    let conditional =
        (!forbids && (is_condition(sentence) || for_emergencies)) || is_without_people(sentence);
    if !times.listed.is_empty() && !is_about_people(sentence) && !conditional {
        let allowed = match (forbids, times.outside) {
            (true, outside) => Some(outside),
            (false, true) => None,
            (false, false) => permits(sentence, &times.listed).then_some(true),
        };
        if let Some(allowed) = allowed {
            let listed = times.listed;
            found.push(Demand::Window { listed, allowed });
        }
    }
    if forbids
        && found
            .iter()
            .all(|demand| !matches!(demand, Demand::Freeze(_)))
    {
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
    found
}

/// "Production deploys: Tuesdays, 10:00-12:00", "| Standard changes | Sundays, 2-4 |": a label, and
/// behind it nothing but times. Whatever else is said there, or above it, may turn its meaning: then
/// it is none.
fn timetable(sentence: &Sentence) -> Option<Vec<Window>> {
    let own = sentence.own();
    let is_led = sentence.own > 0;
    let denies = |meaning: &Meaning| {
        matches!(
            meaning,
            Meaning::Word(Word::Not | Word::Stop | Word::Freeze | Word::OnCall | Word::People)
        )
    };
    let turned = sentence.above.iter().any(denies) || own.iter().any(|tag| denies(&tag.meaning));
    if is_led || turned {
        return None;
    }
    let bar = |tag: &Tag| tag.meaning == Meaning::Mark('|');
    let colon = |tag: &Tag| tag.meaning == Meaning::Mark(':');
    let (label, times) = match own.iter().any(bar) {
        true => {
            let mut cells = own.split(bar).filter(|cell| !cell.is_empty());
            let two = (cells.next()?, cells.next()?);
            cells.next().is_none().then_some(two)?
        }
        false => {
            let at = own.iter().position(colon)?;
            (&own[..at], &own[at + 1..])
        }
    };
    let is_subject = |tag: &Tag| {
        tag.is(Word::Deploy) || (tag.is(Word::Change) && tag.first.starts_with("chang"))
    };
    let is_preferred = |tag: &Tag| PREFERRED.contains(&tag.first.as_str());
    let in_production = |tag: &Tag| tag.meaning == Meaning::Place(PlaceWord::Production);
    let is_plain = label.iter().all(|tag| {
        is_subject(tag)
            || is_preferred(tag)
            || in_production(tag)
            || ORDINARY.contains(&tag.first.as_str())
    });
    // "Production: 9-17" below "Support" is no time of deploys.
    let of_deploys = label.iter().any(|tag| is_subject(tag) || is_preferred(tag))
        || (label.iter().any(in_production)
            && sentence.above.contains(&Meaning::Word(Word::Deploy)));
    let only_times = !times.is_empty() && times.iter().all(is_of_time);
    let found = windows(times);
    let is_range = found.listed.iter().all(is_closed);
    (is_plain && of_deploys && only_times && is_range && !found.outside && !found.listed.is_empty())
        .then_some(found.listed)
}

/// Whether it has a beginning and an end of the same day.
fn is_closed(window: &Window) -> bool {
    window
        .hours
        .is_some_and(|hours| hours.from < hours.to && hours.to < 24 * 60)
}

const PREFERRED: [&str; 4] = ["preferred", "recommended", "best", "ideal"];

/// Words that narrow a label to no service.
const ORDINARY: [&str; 7] = [
    "standard", "normal", "regular", "routine", "planned", "all", "general",
];

/// "Never on a weekend!", "business hours only (9-17)": nothing but times, and what is said of them.
fn is_bare(sentence: &Sentence) -> bool {
    let own = sentence.own();
    own.iter().all(is_of_time) && sentence.owns_any(&[Word::Not, Word::Only])
}

fn is_of_time(tag: &Tag) -> bool {
    const SMALL: [&str; 39] = [
        "am", "pm", "utc", "gmt", "cet", "cest", "pt", "et", "pst", "local", "time", "hours",
        "our", "on", "a", "an", "the", "please", "and", "or", "in", "of", "ever", "le", "la",
        "les", "est", "\u{e0}", "der", "die", "das", "ist", "el", "los", "es", "en", "o", "os",
        "is",
    ];
    match tag.meaning {
        Meaning::Days(_)
        | Meaning::Hours(_)
        | Meaning::Clock(_)
        | Meaning::Number(_)
        | Meaning::Mark(_) => true,
        Meaning::Word(word) => matches!(
            word,
            Word::Not
                | Word::Only
                | Word::After
                | Word::Before
                | Word::Until
                | Word::To
                | Word::From
                | Word::At
                | Word::During
                | Word::Between
                | Word::Peak
                | Word::Holiday
        ),
        Meaning::Other => SMALL.contains(&tag.first.as_str()),
        _ => false,
    }
}

/// What follows "unless" is no time of the rule itself.
fn before_exception(sentence: &Sentence) -> &[Tag] {
    if sentence.is_exception() {
        return sentence.own();
    }
    let (rule, _) = sentence.parts();
    // What leads the sentence in stands before its own words.
    let first = sentence.own().first().map_or(0, |tag| tag.start);
    let leading = rule.len().min(sentence.own);
    match rule.first().is_some_and(|tag| tag.start > first) || leading == 0 {
        true => rule,
        false => &rule[leading..],
    }
}

/// "Deploys on Friday with a freeze on Monday": what stands behind the freeze is frozen, where
/// something stands there.
fn after_freeze<'a>(sentence: &Sentence, own: &'a [Tag]) -> &'a [Tag] {
    let denies = sentence.has_any(&[Word::Not, Word::Stop]);
    let Some(at) = own
        .iter()
        .position(|tag| tag.is(Word::Freeze))
        .filter(|_| !denies)
    else {
        return own;
    };
    let (before, behind) = own.split_at(at);
    let deploys = before.iter().any(|tag| tag.is(Word::Deploy));
    match deploys && !windows(behind).listed.is_empty() {
        true => behind,
        false => own,
    }
}

/// "Deploys run from nine to five, never on Fridays": what is allowed, and what is banned behind the
/// comma. Only the plainest of sentences allows anything: most that stand before a ban give a reason.
fn before_ban(own: &[Tag]) -> (&[Tag], &[Tag]) {
    const PLAIN: [&str; 20] = [
        "run", "runs", "go", "goes", "out", "happen", "take", "place", "we", "are", "made", "the",
        "our", "laufen", "gehen", "每", "为", "常", "规", "日",
    ];
    let denies = |tag: &Tag| tag.is(Word::Not) || tag.is(Word::Stop);
    let turn = own
        .windows(2)
        .position(|two| matches!(two[0].meaning, Meaning::Mark(',' | ';')) && denies(&two[1]));
    let Some(turn) = turn else {
        return (&[], own);
    };
    let (before, behind) = own.split_at(turn);
    let is_plain = before.iter().all(|tag| {
        let ends = [
            Word::Not,
            Word::Until,
            Word::Peak,
            Word::Holiday,
            Word::Before,
            Word::After,
        ];
        let of_time = is_of_time(tag) && !ends.iter().any(|word| tag.is(*word));
        of_time
            || tag.is(Word::Deploy)
            || tag.is(Word::Window)
            || tag.meaning == Meaning::Place(PlaceWord::Production)
            || PLAIN.contains(&tag.first.as_str())
    });
    let (allowed, banned) = (windows(before), windows(behind));
    let days = |windows: &Windows| windows.listed.iter().fold(0, |days, one| days | one.days);
    let is_allowed = allowed
        .listed
        .iter()
        .all(|window| is_closed(window) || (window.hours.is_none() && window.days != 0));
    // Where nothing is left to be allowed it was no permission.
    let contradicts = days(&allowed) != 0 && days(&allowed) & !days(&banned) == 0;
    match is_plain
        && is_allowed
        && !contradicts
        && !allowed.listed.is_empty()
        && !banned.listed.is_empty()
    {
        true => (before, behind),
        false => (&[], own),
    }
}

fn forbids(sentence: &Sentence) -> bool {
    let (rule, _) = sentence.parts();
    let denies = |word: Word| rule.iter().any(|tag| tag.is(word));
    if denies(Word::Not) || denies(Word::Stop) || sentence.has(Word::Stop) {
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
        && !sentence.owns(Word::Approve);
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

fn is_without_people(sentence: &Sentence) -> bool {
    let own = sentence.own();
    let people = [
        Word::Approve,
        Word::FourEyes,
        Word::OnCall,
        Word::Announce,
        Word::Ticket,
    ];
    let without = own.iter().position(|tag| tag.is(Word::Without));
    without.is_some_and(|at| {
        let mut near = own.iter().skip(at + 1).take(4);
        near.any(|tag| people.iter().any(|word| tag.is(*word)))
    })
}

/// "On-call from 9 to 5" is about people.
fn is_about_people(sentence: &Sentence) -> bool {
    sentence.owns_any(&[Word::OnCall, Word::Present, Word::Announce, Word::Channel])
        && !sentence.owns_any(&[Word::Deploy, Word::Freeze, Word::Change])
}

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
        .filter(|(_, tag)| tag.is(Word::Holiday))
        .map(|(at, _)| match reach(own, at) {
            Reach::Itself => Lasting::Holiday,
            Reach::DayBefore => Lasting::HolidayEve,
            Reach::Both => Lasting::HolidayOrEve,
        });
    reached.reduce(|one, other| match one == other {
        true => one,
        false => Lasting::HolidayOrEve,
    })
}
