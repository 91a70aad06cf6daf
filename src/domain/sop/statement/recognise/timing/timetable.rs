//! A label and times behind it, as in a table: "Production deploys: Tuesdays, 10:00-12:00".

use super::super::super::definition::Particle;
use super::super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::super::sentence::{Sentence, Tag};
use super::super::super::window::{Window, windows};
use super::clauses::is_of_time;

/// "Production deploys: Tuesdays, 10:00-12:00", "| Standard changes | Sundays, 2-4 |": a label, and
/// behind it nothing but times. Whatever else is said there, or above it, may turn its meaning: then
/// it is none.
pub(super) fn timetable(sentence: &Sentence) -> Option<Vec<Window>> {
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
    let is_preferred = |tag: &Tag| tag.does(Particle::Preferred);
    let in_production = |tag: &Tag| tag.meaning == Meaning::Place(PlaceWord::Production);
    let is_plain = label.iter().all(|tag| {
        is_subject(tag) || is_preferred(tag) || in_production(tag) || tag.does(Particle::Label)
    });
    // "Production: 9-17" below "Support" is no time of deploys.
    let of_deploys = label.iter().any(|tag| is_subject(tag) || is_preferred(tag))
        || (label.iter().any(in_production)
            && sentence.above.contains(&Meaning::Word(Word::Deploy)));
    let only_times = !times.is_empty() && times.iter().all(is_of_time);
    let found = windows(times).allowed();
    let is_range = found.listed.iter().all(is_closed);
    let is_sure = !found.outside && !found.doubtful && !found.listed.is_empty();
    (is_plain && of_deploys && only_times && is_range && is_sure).then_some(found.listed)
}

/// Whether it has a beginning and an end of the same day.
pub(super) fn is_closed(window: &Window) -> bool {
    window
        .hours
        .is_some_and(|hours| hours.from < hours.to && hours.to < 24 * 60)
}
