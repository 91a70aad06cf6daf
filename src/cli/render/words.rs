//! Times, lengths and names as people read them.

use jiff::Timestamp;

use super::page::Page;
use crate::domain::intent::Action;
use crate::domain::lock::Place;
pub use crate::domain::text::length;

/// Digits of a commit that are shown: what git shows of it in a large repository.
const COMMIT: usize = 10;

/// The first digits of a commit.
pub fn commit(sha: &str) -> &str {
    sha.get(..COMMIT).unwrap_or(sha)
}

impl Page {
    /// A time of day, with its date where it is another day than today.
    pub fn time(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        let today = self.now.to_zoned(self.zone.clone()).date();
        let form = if at.date() == today {
            "%H:%M:%S"
        } else {
            "%Y-%m-%d %H:%M:%S"
        };
        at.strftime(form).to_string()
    }

    /// How long ago, or in how long.
    pub fn distance(&self, at: Timestamp) -> String {
        let milliseconds = self.now.as_millisecond() - at.as_millisecond();
        let long = length(milliseconds.unsigned_abs());
        match milliseconds {
            -999..=999 => "now".to_owned(),
            1000.. => format!("{long} ago"),
            _ => format!("in {long}"),
        }
    }
}

/// From one time to another, for people.
pub fn between(from: Timestamp, to: Timestamp) -> String {
    let milliseconds = to.as_millisecond() - from.as_millisecond();
    length(u64::try_from(milliseconds).unwrap_or(0))
}

/// "1 commit", "2 commits", "2 watches".
pub fn counted(count: impl Into<u64>, what: &str) -> String {
    match count.into() {
        1 => format!("1 {what}"),
        count if what.ends_with("ch") => format!("{count} {what}es"),
        count => format!("{count} {what}s"),
    }
}

/// What is done where, without saying with which version.
pub fn deed(action: Action, place: &Place) -> String {
    let verb = match action {
        Action::Rollback => "roll back",
        other => other.as_str(),
    };
    let link = match action {
        Action::Deploy | Action::Promote => "to",
        _ => "in",
    };
    match &place.environment {
        Some(environment) => format!("{verb} {} {link} {environment}", place.service),
        None => format!("{verb} {}", place.service),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn lengths_have_two_units_at_most() {
        let shown: Vec<String> = [
            40, 900, 1_000, 9_970, 59_999, 60_000, 200_000, 7_500_000, 90_000_000,
        ]
        .into_iter()
        .map(length)
        .collect();
        assert_eq!(
            shown,
            [
                "0 s",
                "0.9 s",
                "1 s",
                "10 s",
                "59 s",
                "1 min",
                "3 min 20 s",
                "2 h 5 min",
                "1 d 1 h"
            ]
        );
    }

    #[test]
    fn a_time_has_its_date_only_on_another_day() {
        let page = Page {
            width: 80,
            colours: false,
            zone: TimeZone::fixed(jiff::tz::offset(2)),
            now: "2026-11-21T23:30:00Z".parse().unwrap(),
        };
        assert_eq!(
            page.time("2026-11-21T22:10:00Z".parse().unwrap()),
            "00:10:00"
        );
        assert_eq!(
            page.time("2026-11-21T21:10:00Z".parse().unwrap()),
            "2026-11-21 23:10:00"
        );
        assert_eq!(
            page.distance("2026-11-22T01:30:00Z".parse().unwrap()),
            "in 2 h"
        );
    }
}
