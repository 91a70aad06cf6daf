//! Kinds of plain values: durations, sizes, numbers, choices, texts. Each takes what was written
//! and gives the typed value, or says in words what belongs there.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::given::Given;
use super::mistake::{Refused, nearest, quoted};
use super::watchdog::OfLast;
use crate::domain::holidays::Holiday;
use crate::domain::text::is_printable;

const SECOND: Duration = Duration::from_secs(1);
/// Beyond this a duration is a slip of the pen; it also keeps seconds and milliseconds in 32 bits.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// A duration of at least `shortest`, as `"90s"`, `"10m"` or `"1h 30m"`.
pub(super) fn duration(shortest: Duration) -> impl Fn(Given<'_>) -> Result<Duration, Refused> {
    move |given| {
        let refused = || {
            Refused::expected(format!(
                "a duration from {} to {}, such as \"90s\", \"10m\" or \"24h\"",
                spoken(shortest),
                spoken(LONGEST)
            ))
        };
        let Some(text) = given.text() else {
            let number = given.integer().filter(|number| *number >= 0);
            return Err(refused().suggest(number.map(|number| format!("\"{number}s\""))));
        };
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok())
            .filter(|duration| (shortest..=LONGEST).contains(duration))
            .ok_or_else(refused)
    }
}

/// A duration in whole seconds, at least one.
pub(super) fn seconds(given: Given<'_>) -> Result<u32, Refused> {
    let duration = duration(SECOND)(given)?;
    match u32::try_from(duration.as_secs()) {
        Ok(seconds) if duration.subsec_nanos() == 0 => Ok(seconds),
        _ => Err(Refused::expected("a duration in whole seconds")),
    }
}

/// A duration in whole milliseconds, at least ten.
pub(super) fn milliseconds(given: Given<'_>) -> Result<u32, Refused> {
    let duration = duration(Duration::from_millis(10))(given)?;
    match u32::try_from(duration.as_millis()) {
        Ok(milliseconds) if duration.subsec_nanos() % 1_000_000 == 0 => Ok(milliseconds),
        _ => Err(Refused::expected("a duration in whole milliseconds")),
    }
}

/// A duration in the words of the configuration: `10m`, `1h 30m`.
pub fn spoken(duration: Duration) -> String {
    // The longest duration that is accepted is far below the limit of the signed one.
    let signed = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    format!("{signed:#}")
}

pub(super) fn count(range: RangeInclusive<u32>) -> impl Fn(Given<'_>) -> Result<u32, Refused> {
    move |given| {
        given
            .integer()
            .and_then(|integer| u32::try_from(integer).ok())
            .filter(|integer| range.contains(integer))
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                Refused::expected(format!("a whole number from {least} to {most}"))
            })
    }
}

/// Yes or no.
pub(super) fn flag(given: Given<'_>) -> Result<bool, Refused> {
    let refused = || Refused::expected("true or false, without quotes");
    given.flag().ok_or_else(refused)
}

/// A share of one: above 0, at most 1.
pub(super) fn share(given: Given<'_>) -> Result<f64, Refused> {
    let number = given.number();
    number
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| {
            let percent = number.filter(|number| *number > 1.0 && *number <= 100.0);
            Refused::expected("a share above 0 and up to 1, such as 0.05 for 5 %")
                .suggest(percent.map(|percent| (percent / 100.0).to_string()))
        })
}

/// Processors, as thousandths: `1.5` is 1500.
pub(super) fn processors(given: Given<'_>) -> Result<u32, Refused> {
    given
        .number()
        .filter(|number| (0.01..=1024.0).contains(number))
        // In this range the product is small and positive.
        .map(|number| (number * 1000.0).round() as u32)
        .ok_or_else(|| Refused::expected("a number of processors from 0.01 to 1024, such as 1.5"))
}

/// A size of memory in bytes, as `"256MiB"`; at least the 6 MiB without which the engine refuses
/// to make a container.
pub(super) fn memory(given: Given<'_>) -> Result<u64, Refused> {
    const MIB: u64 = 1024 * 1024;
    const UNITS: [(&str, u64); 2] = [("MiB", MIB), ("GiB", 1024 * MIB)];
    let text = given.text().unwrap_or_default();
    let bytes = UNITS.into_iter().find_map(|(unit, bytes)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(bytes)
    });
    bytes
        .filter(|bytes| (6 * MIB..=1024 * 1024 * MIB).contains(bytes))
        .ok_or_else(|| {
            Refused::expected("a size from 6MiB to 1024GiB, such as \"256MiB\" or \"2GiB\"")
                .suggest(in_binary_units(text))
        })
}

/// `512M`, `512MB` and `512m` mean the unit that we know.
fn in_binary_units(text: &str) -> Option<String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = text[digits.len()..].trim();
    let known = match unit.to_ascii_lowercase().as_str() {
        "m" | "mb" | "mib" => "MiB",
        "g" | "gb" | "gib" => "GiB",
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    Some(format!("\"{number}{known}\""))
}

/// One of a closed set of words.
pub(super) fn choice<T: Copy>(words: &[(&str, T)]) -> impl Fn(Given<'_>) -> Result<T, Refused> {
    move |given| {
        let text = given.text();
        let found = words.iter().find(|(word, _)| Some(*word) == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<_> = words.iter().map(|(word, _)| quoted(word)).collect();
            let near = text.and_then(|text| nearest(text, words.iter().map(|(word, _)| *word)));
            Refused::expected(names.join(" or ")).suggest(near.map(|word| quoted(&word)))
        })
    }
}

/// A text of one line that is not empty.
pub(super) fn line(what: &str) -> impl Fn(Given<'_>) -> Result<String, Refused> {
    move |given| {
        let text = given.text().filter(|text| is_line(text));
        text.map(str::to_owned)
            .ok_or_else(|| Refused::expected(what))
    }
}

pub(super) fn is_line(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4096 && text.chars().all(is_printable)
}

pub(super) fn time_zone(given: Given<'_>) -> Result<TimeZone, Refused> {
    given
        .text()
        .and_then(|name| TimeZone::get(name).ok())
        .ok_or_else(|| {
            Refused::expected("a time zone of the IANA database, such as \"Europe/Zurich\"")
        })
}

/// `"12-25"` of each year, `"2027-03-26"` of one.
pub(super) fn holiday(given: Given<'_>) -> Result<Holiday, Refused> {
    given.text().and_then(Holiday::parse).ok_or_else(|| {
        Refused::expected("a day as \"12-25\" (each year) or \"2027-03-26\" (that year)")
    })
}

/// `"5/12"`: 5 of the last 12.
pub(super) fn of_last(given: Given<'_>) -> Result<OfLast, Refused> {
    given
        .text()
        .and_then(|text| text.split_once('/'))
        .and_then(|(bad, last)| Some((bad.trim().parse().ok()?, last.trim().parse().ok()?)))
        .filter(|(bad, last)| 1 <= *bad && bad <= last && *last <= 1000)
        .map(|(bad, last)| OfLast { bad, last })
        .ok_or_else(|| {
            Refused::expected("\"BAD/LAST\" with 1 <= BAD <= LAST <= 1000, such as \"5/12\"")
        })
}

/// The name of an environment variable.
pub(super) fn variable_name(name: &str) -> Result<(), Refused> {
    let head = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if head && rest && name.len() <= 256 {
        Ok(())
    } else {
        Err(Refused::expected(
            "the name of a variable: letters, digits and underscores, not beginning with a digit",
        )
        .found(quoted(name)))
    }
}
