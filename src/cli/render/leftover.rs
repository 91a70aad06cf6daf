//! What a stuck execution may have left: each thing, whether it is there, why it was not undone,
//! and what to do.

use super::page::{Sheet, Tone};
use crate::domain::leftover::{Found, Leftover};

/// Nothing where nothing was left.
pub fn list(sheet: &mut Sheet<'_>, left: &[Leftover]) {
    if left.is_empty() {
        return;
    }
    sheet.blank();
    sheet.line(Tone::Strong, "Left in the world");
    for one in left {
        let thing = one.thing.words();
        let tone = match one.found {
            Found::Gone => Tone::Dim,
            Found::Unknown | Found::There | Found::Running => Tone::Warn,
        };
        let found = format!(" {}", one.found.words());
        let step = format!(" (step {})", one.step);
        let pieces = [
            (Tone::Plain, thing.as_str()),
            (tone, &found),
            (Tone::Dim, &step),
        ];
        sheet.point("  - ", &pieces);
        if let Some(said) = &one.said {
            sheet.point("    ", &[(Tone::Dim, &format!("not undone: {said}"))]);
        }
        sheet.point("    ", &[(Tone::Plain, &one.advice)]);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::super::page::Page;
    use super::*;
    use crate::domain::leftover::Thing;
    use crate::domain::step::StepId;

    #[test]
    fn each_thing_is_named_with_why_it_is_there_and_what_to_do() {
        let one = |thing, found, said: Option<&str>| {
            Leftover {
                thing,
                step: StepId::from("switch"),
                found: Found::Unknown,
                said: said.map(str::to_owned),
                advice: String::new(),
            }
            .seen(found)
        };
        let name = "commander-1-shop-staging-2".to_owned();
        let left = [
            one(
                Thing::Kept { name: name.clone() },
                Found::There,
                Some("the engine is away"),
            ),
            one(Thing::Container { name }, Found::Unknown, None),
        ];
        let page = Page {
            width: 100,
            colours: false,
            zone: TimeZone::UTC,
            now: Timestamp::UNIX_EPOCH,
        };
        let mut sheet = Sheet::new(&page);
        list(&mut sheet, &left);
        assert_eq!(
            sheet.finish(),
            "
Left in the world
  - kept container commander-1-shop-staging-2 is there (step switch)
    not undone: the engine is away
    `docker start commander-1-shop-staging-2` if it should serve and does not run; what has its port
    is stopped first
  - container commander-1-shop-staging-2 may be there (step switch)
    `docker rm -f commander-1-shop-staging-2`, unless it is what serves
"
        );
        let mut sheet = Sheet::new(&page);
        list(&mut sheet, &[]);
        assert_eq!(sheet.finish(), "");
    }
}
