//! The times that a sentence names, and how sure they are.

use super::super::meaning::Hours;
use super::{ALL_DAYS, DAY};

/// Days and hours together; no days stand for all, no hours for the whole day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Window {
    /// One bit for each day, Monday first.
    pub days: u8,
    pub hours: Option<Hours>,
}

/// What a sentence says about days and hours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Windows {
    pub listed: Vec<Window>,
    /// "outside of these"
    pub outside: bool,
    /// Something in them may be meant otherwise, or is not understood: no rule may be made of them.
    pub doubtful: bool,
    /// "On Tuesdays, or on Thursdays before noon": whether the hours are of Tuesdays, too, is not said.
    /// Nothing is forbidden by that, but less may be allowed than was meant.
    pub narrow: bool,
    /// "9 to 5": the hours are those of a working day. It would be bold to forbid something by that.
    pub guessed: bool,
    /// "On Fridays and after 15:00": a conjunction stands between days alone and hours alone. In a ban
    /// these are two times; where something is allowed or asked for, both must hold.
    pub split: bool,
    /// Where days and hours were read.
    pub places: Vec<usize>,
}

impl Windows {
    /// The times, where nothing in them is left open.
    pub fn certain(self) -> Option<Vec<Window>> {
        let open = self.doubtful || self.narrow || self.guessed;
        (!open).then_some(self.listed)
    }

    /// "On weekdays and before 15:00" is one time, where "and" asks for both. Whatever else it may
    /// stand between is not understood.
    pub fn of_both(mut self) -> Self {
        if !self.split {
            return self;
        }
        match self.listed.as_slice() {
            [one, other]
                if (one.days == 0) != (other.days == 0)
                    && one.hours.is_none() != other.hours.is_none() =>
            {
                self.listed = vec![Window {
                    days: one.days | other.days,
                    hours: one.hours.or(other.hours),
                }];
            }
            _ => self.doubtful = true,
        }
        self
    }

    /// The times as those that are allowed. Where one is a part of another, as in "Monday to Friday and
    /// Fridays until noon", it is meant to narrow it.
    pub fn allowed(self) -> Self {
        let mut times = self.of_both();
        let listed = &times.listed;
        let overlap = |one: &Window, other: &Window| {
            let all = |days: u8| if days == 0 { ALL_DAYS } else { days };
            let shares = all(one.days) & all(other.days) != 0 && one.days != other.days;
            shares
                && match (one.hours, other.hours) {
                    (Some(one), Some(other)) => one.from < other.to && other.from < one.to,
                    (None, None) => false,
                    _ => one.days != 0 && other.days != 0,
                }
        };
        let narrowed = listed
            .iter()
            .enumerate()
            .any(|(at, one)| listed[at + 1..].iter().any(|other| overlap(one, other)));
        times.doubtful |= narrowed;
        times
    }

    /// "Outside 9:00-17:00 or on Fridays": what it reaches is clear only where all of them have a
    /// beginning and an end.
    pub(super) fn is_all_outside(&self) -> bool {
        let closed = |one: &Window| one.hours.is_some_and(|hours| hours.to < DAY);
        let same = self.listed.windows(2).all(|two| two[0].days == two[1].days);
        let named = self.listed.iter().all(|one| one.days != 0);
        self.listed.len() < 2 || self.listed.iter().all(closed) && (same || named) && !self.split
    }
}

impl Window {
    pub fn is_all_week(self) -> bool {
        self.days == 0 || self.days == ALL_DAYS
    }
}
