//! Holidays: the days that `time.holiday` is true on. Which days are free differs from house to
//! house and from year to year, and no library knows the days that a company adds; so they are a
//! list in the configuration.

use std::collections::BTreeSet;

use jiff::civil::Date;

/// Said with each offered rule that asks for a holiday: whoever accepts it should know what it sees.
pub const KNOWN: &str =
    "Holidays are those of `advisor.holidays`; without that list only five usual days are known.";

/// Days on which nobody is expected to be at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holidays(BTreeSet<Holiday>);

/// One day of each year, or of one year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holiday {
    year: Option<i16>,
    month: i8,
    day: i8,
}

impl Default for Holidays {
    /// What is free, or as good as free, nearly everywhere.
    fn default() -> Self {
        let yearly = |(month, day)| Holiday {
            year: None,
            month,
            day,
        };
        let days = [(1, 1), (12, 24), (12, 25), (12, 26), (12, 31)];
        Self(days.into_iter().map(yearly).collect())
    }
}

impl Holidays {
    pub fn new(days: impl IntoIterator<Item = Holiday>) -> Self {
        Self(days.into_iter().collect())
    }

    pub fn has(&self, date: Date) -> bool {
        let of = |year| Holiday {
            year,
            month: date.month(),
            day: date.day(),
        };
        self.0.contains(&of(None)) || self.0.contains(&of(Some(date.year())))
    }
}

impl Holiday {
    /// `12-25` for each year, `2027-03-26` for one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_date = |text: &str| {
            let marks = text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
            text.len() == 10 && marks
        };
        let yearly = text.len() == 5;
        // A leap year, so that 29 February is a day.
        let whole = match yearly {
            true => format!("2000-{text}"),
            false => text.to_owned(),
        };
        let date: Date = is_date(&whole).then(|| whole.parse().ok()).flatten()?;
        Some(Self {
            year: (!yearly).then(|| date.year()),
            month: date.month(),
            day: date.day(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_of_each_year_and_a_day_of_one_year() {
        let days = ["08-01", "2027-03-26"].map(|day| Holiday::parse(day).unwrap());
        let holidays = Holidays::new(days);
        assert!(holidays.has(date(2026, 8, 1)) && holidays.has(date(2031, 8, 1)));
        assert!(holidays.has(date(2027, 3, 26)) && !holidays.has(date(2028, 3, 26)));
        assert!(
            !holidays.has(date(2026, 12, 25)),
            "a list replaces the usual days"
        );
        assert!(Holidays::default().has(date(2026, 12, 25)));
        let usual = Holidays::default().0.len();
        assert!(usual == 5 && KNOWN.contains("only five usual days"));
        assert!(Holiday::parse("02-29").is_some());
        for wrong in [
            "",
            "13-01",
            "2027-02-29",
            "1-1",
            "25.12.",
            "12-25T00",
            "easter",
            "2027-1-01",
        ] {
            assert_eq!(Holiday::parse(wrong), None, "{wrong}");
        }
    }
}
