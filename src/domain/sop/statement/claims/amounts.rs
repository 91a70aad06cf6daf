//! The amounts that a command names, and what each is said of: lengths of time, shares, numbers of
//! versions.

use super::super::meaning::{Meaning, PlaceWord, Word};
use super::super::measure::{Measure, counts_successes, durations, latencies, rate, shares};
use super::super::recognise::{removes, versions_kept};
use super::super::sentence::Tag;
use super::Claims;
use super::denial::{ERRORS, comes_too_late, failing, is_denied, is_missing};

impl Claims {
    /// "announced 12 h before", "logs kept 90 days", "production 45 min after staging": each length
    /// is about the nearest word that lengths are said of.
    pub(super) fn lengths(&mut self, tags: &[Tag]) {
        // "Dashboards watched": for as long as was asked.
        let undenied = |word: Word| {
            (0..tags.len())
                .any(|at| tags[at].is(word) && !is_denied(tags, at) && !is_missing(tags, at))
        };
        if durations(tags).is_empty() && undenied(Word::Monitor) {
            const LONG: i64 = 60 * 24 * 60;
            self.assume("plan.bake_minutes", LONG.into());
        }
        // "10 % for an hour" is how long a share of the users had it.
        let shared = !shares(tags).is_empty();
        for length in durations(tags) {
            // "After" and "before" may stand beside any of them.
            let topic = tags
                .iter()
                .enumerate()
                .filter_map(|(at, tag)| {
                    Some((
                        (
                            tag.is(Word::After) || tag.is(Word::Before),
                            at.abs_diff(length.at),
                        ),
                        Topic::of(tag)?,
                    ))
                })
                .min_by_key(|(distance, _)| *distance);
            let minutes = beside(tags, length);
            match topic.map(|(_, topic)| topic) {
                Some(Topic::Notice) => self.assume("attested.notice_minutes", minutes.into()),
                Some(Topic::Kept) if is_denied(tags, length.at) => {}
                Some(Topic::Kept) => {
                    // "Build artifacts kept 30 days" builds nothing.
                    self.assume("plan.action", "deploy".to_owned().into());
                    self.attested
                        .push(("attested.retention", "yes".to_owned().into()));
                    self.assume("attested.kept_minutes", minutes.into());
                }
                Some(Topic::Backup) => self.assume("attested.backup_minutes", minutes.into()),
                Some(Topic::Watched) => self.assume("plan.bake_minutes", minutes.into()),
                Some(Topic::Soaked) | None
                    if shared || matches!(topic, Some((_, Topic::Soaked))) =>
                {
                    self.assume("release.soaked_minutes", minutes.into());
                    self.assume("plan.bake_minutes", minutes.into());
                }
                Some(Topic::Soaked) | None => {}
            }
        }
    }

    /// "Deploy at 11:00, announced at 10:50", "announced today": how long ahead people know.
    pub(super) fn notice(&mut self, tags: &[Tag]) {
        let Some(told) = tags.iter().position(|tag| tag.is(Word::Announce)) else {
            return;
        };
        const DAY: i64 = 24 * 60;
        let comma = |tag: &Tag| matches!(tag.meaning, Meaning::Mark(',' | ';'));
        let from = tags[..told].iter().rposition(comma).map_or(0, |at| at + 1);
        let to = tags[told..]
            .iter()
            .position(comma)
            .map_or(tags.len(), |at| told + at);
        // With one clause only what stands just behind the word is its time.
        let alone = from == 0 && to == tags.len();
        let to = if alone { (told + 5).min(to) } else { to };
        let of_notice = moment(&tags[if alone { told } else { from }..to]);
        let of_deploy =
            moment(&tags[..if alone { told } else { from }]).or_else(|| moment(&tags[to..]));
        if let (Some(notice), Some(deploy)) = (of_notice, of_deploy) {
            let ahead = match (notice, deploy) {
                ((Some(told), notice), (Some(day), deploy)) => {
                    let minutes = deploy.unwrap_or(0) - notice.unwrap_or(0);
                    Some((day - told).rem_euclid(7) * DAY + minutes)
                }
                // "At 23:00 for 02:00" is of the night.
                ((_, Some(notice)), (_, Some(deploy))) => Some((deploy - notice).rem_euclid(DAY)),
                _ => None,
            };
            if let Some(ahead) = ahead {
                return self.assume("attested.notice_minutes", ahead.into());
            }
        }
        let then = tags[..told]
            .iter()
            .rev()
            .take(3)
            .any(|tag| tag.first == "then")
            && tags[..told].iter().any(|tag| tag.is(Word::Deploy));
        if then || comes_too_late(tags, told) {
            return self.assume("attested.notice_minutes", 0.into());
        }
        if !durations(tags).is_empty() {
            return;
        }
        let said = |words: &[&str]| tags.iter().any(|tag| words.contains(&tag.first.as_str()));
        if said(&["today", "now", "tonight", "heute", "hoy", "hoje"]) {
            self.assume("attested.notice_minutes", 0.into());
        } else if said(&[
            "yesterday",
            "tomorrow",
            "gestern",
            "morgen",
            "ayer",
            "hier",
            "ontem",
        ]) {
            self.assume("attested.notice_minutes", DAY.into());
        }
    }

    /// "a backup from last week", "the backup of this morning"
    pub(super) fn backup_age(&mut self, text: &str, tags: &[Tag]) {
        const DAY: i64 = 24 * 60;
        let backs_up = tags.iter().any(|tag| tag.is(Word::Backup));
        if !backs_up || !durations(tags).is_empty() {
            return;
        }
        let text = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let age = if says(&["last month", "months ago", "an old backup"]) {
            30 * DAY
        } else if says(&["last week", "weeks ago", "last monday", "last friday"]) {
            7 * DAY
        } else if says(&["yesterday", "gestern", "ayer", "ontem"]) {
            DAY
        } else if says(&[
            "this morning",
            "today",
            "an hour ago",
            "just taken",
            "heute",
            "hoy",
        ]) {
            0
        } else {
            return;
        };
        self.assume("attested.backup_minutes", age.into());
    }

    /// "Staging Monday 09:00, production Tuesday 10:00": how long it ran in between.
    pub(super) fn between(&mut self, tags: &[Tag]) {
        const DAY: i64 = 24 * 60;
        let moment_at = |place: PlaceWord| {
            let at = tags
                .iter()
                .position(|tag| tag.meaning == Meaning::Place(place))?;
            let behind = tags.get(at + 1..)?.iter().take(4);
            let own = behind.take_while(|tag| !matches!(tag.meaning, Meaning::Place(_)));
            let own: Vec<Tag> = own.cloned().collect();
            moment(&own).map(|(day, minute)| (day, minute.unwrap_or(0)))
        };
        let (Some(staged), Some(live)) = (
            moment_at(PlaceWord::Staging),
            moment_at(PlaceWord::Production),
        ) else {
            return;
        };
        let days = match (staged.0, live.0) {
            (Some(from), Some(to)) => (to - from).rem_euclid(7),
            _ => 0,
        };
        let minutes = days * DAY + live.1 - staged.1;
        if minutes > 0 {
            self.assume("release.soaked_minutes", minutes.into());
            self.assume("release.verified_in", vec!["staging".to_owned()].into());
        }
    }

    /// "keep the newest three images", "purge all images but the newest"
    pub(super) fn versions(&mut self, tags: &[Tag]) {
        let keeps = |tag: &Tag| tag.is(Word::Keep) || tag.is(Word::History);
        let Some(at) = tags.iter().position(keeps) else {
            return;
        };
        let newest = tags.iter().position(|tag| {
            [
                "newest", "latest", "last", "recent", "current", "down", "only",
            ]
            .contains(&tag.first.as_str())
        });
        let count = newest.and_then(|newest| {
            tags[newest..]
                .iter()
                .take(3)
                .find_map(|tag| match tag.meaning {
                    Meaning::Number(count) => Some(count),
                    _ => None,
                })
        });
        let count = count.or_else(|| versions_kept(tags)).or(newest.map(|_| 1));
        if let Some(count) = count.filter(|_| newest.is_some() || !removes(&tags[at])) {
            self.attested
                .push(("attested.retention", "yes".to_owned().into()));
            self.assume("attested.kept_versions", i64::from(count).into());
        }
    }

    /// "error rate 0.8 %, continue", "coverage 72 %"
    pub(super) fn measured(&mut self, tags: &[Tag]) {
        let has = |word: Word| tags.iter().any(|tag| tag.is(word));
        let number = |measure: &Measure| beside(tags, *measure);
        // What is taken back is past no limit any more.
        let taken_back = (0..tags.len()).any(|at| {
            let planned = tags.get(at + 1).is_some_and(|tag| tag.is(Word::If));
            tags[at].is(Word::Rollback) && !is_denied(tags, at) && !planned
        });
        let share = rate(tags).as_ref().map(number);
        let latency = latencies(tags).first().map(number);
        if has(Word::SpecialTest) {
            if let Some(share) = share {
                self.assume("attested.coverage_percent", (share / 100).into());
            }
        } else if !taken_back && has(Word::Threshold) {
            if let Some(share) = share {
                let failing = match counts_successes(tags) {
                    true => 10_000 - share,
                    false => share,
                };
                self.assume("attested.error_rate", failing.into());
            }
            if let Some(latency) = latency {
                self.assume("attested.latency_ms", latency.into());
            }
        }
        // "1 %, 5 %, 20 %, 100 %" is step by step, "from 10 % straight to 100 %" is not.
        let steps = shares(tags);
        let grows = steps.windows(2).all(|two| two[0].value < two[1].value);
        let jumps = tags
            .iter()
            .any(|tag| tag.is(Word::From) || tag.is(Word::Directly));
        let named = tags
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Strategy(_)));
        if steps.len() > 1 && grows && !jumps && !named && !has(Word::Threshold) {
            self.assume("plan.strategy", "gradual".to_owned().into());
        }
        // "Node 1, then node 2"
        let numbered = |number: u32| {
            tags.windows(2)
                .find(|two| two[1].meaning == Meaning::Number(number))
                .map(|two| two[0].first.as_str())
        };
        if let (Some(one), Some(two)) = (numbered(1), numbered(2))
            && one == two
        {
            self.assume("plan.strategy", "gradual".to_owned().into());
        }
        // "One instance, then the rest"
        let rest = tags.windows(3).any(|three| {
            three[0].first == "then"
                && ["rest", "remaining", "others", "remainder"]
                    .iter()
                    .any(|word| three[1].first == *word || three[2].first == *word)
        });
        if rest {
            self.assume("plan.strategy", "gradual".to_owned().into());
        }
        // "To 100 % of the users", "for 10 % of them"
        if let ([step], false) = (steps.as_slice(), has(Word::Threshold)) {
            let of_users = tags[step.at..].iter().take(5).any(|tag| {
                USERS.contains(&tag.first.as_str())
                    || tag.rest.iter().any(|word| USERS.contains(&word.as_str()))
            });
            let strategy = if step.value < 10_000 {
                "gradual"
            } else {
                "recreate"
            };
            if of_users {
                self.assume("plan.strategy", strategy.to_owned().into());
            }
        }
        // "Error rate" alone is neither good nor bad.
        let worse = |(at, tag): (usize, &Tag)| {
            let bad = WORSE.iter().any(|word| tag.first.starts_with(word))
                || ERRORS.contains(&tag.first.as_str())
                || tag.is(Word::Pass) && tag.fails();
            let calm = tags[at..]
                .iter()
                .take(4)
                .any(|tag| ["normal", "fine", "stable", "low", "ok"].contains(&tag.first.as_str()));
            (tag.is(Word::Threshold) || tag.is(Word::Pass)) && bad && !calm && !is_denied(tags, at)
        };
        let breached = tags.iter().any(|tag| tag.first.starts_with("breach"));
        let over = |(at, tag): (usize, &Tag)| {
            const RISEN: [&str; 4] = ["higher", "rising", "increased", "elevated"];
            if tag.is(Word::Threshold)
                && at
                    .checked_sub(1)
                    .is_some_and(|before| RISEN.contains(&tags[before].first.as_str()))
            {
                return true;
            }
            let mut behind = tags.get(at + 1..).unwrap_or_default().iter().take(4);
            tag.is(Word::Threshold)
                && behind.any(|tag| {
                    ["over", "above", "past", "beyond", "higher", "up"]
                        .contains(&tag.first.as_str())
                })
        };
        let mut checks = (0..tags.len()).filter(|at| {
            matches!(
                tags[*at].meaning,
                Meaning::Word(Word::Smoke | Word::Health | Word::Migration)
            )
        });
        let answers = |at: usize| {
            let mut behind = tags.get(at + 1..).unwrap_or_default().iter().take(3);
            behind.any(|tag| matches!(tag.meaning, Meaning::Number(500..=599)))
        };
        let failed = checks.any(|at| (failing(tags, at) || answers(at)) && !is_denied(tags, at));
        let wrong = breached
            || failed
            || tags.iter().enumerate().any(worse)
            || tags.iter().enumerate().any(over);
        let relative = tags.iter().any(|tag| tag.first.starts_with("baseline"));
        let measured = (share.is_some() && !relative) || latency.is_some();
        if wrong && !taken_back && !measured {
            self.assume("plan.rollback_target", false.into());
        }
    }
}

const USERS: [&str; 12] = [
    "users",
    "user",
    "traffic",
    "customers",
    "clients",
    "nutzer",
    "kunden",
    "clientes",
    "usuarios",
    "usu\u{e1}rios",
    "utilisateurs",
    "trafic",
];

const WORSE: [&str; 25] = [
    "burn",
    "exceed",
    "spike",
    "degrad",
    "breach",
    "alert",
    "alarm",
    "crash",
    "anomal",
    "regress",
    "unhealthy",
    "above",
    "rises",
    "goes",
    "climbs",
    "drops",
    "timeout",
    "memory",
    "failure",
    "failing",
    "failed",
    "fails",
    "keep",
    "broken",
    "red",
];

/// "Under 80 %" is less than that, "over 2 %" is more.
fn beside(tags: &[Tag], measure: Measure) -> i64 {
    let value = i64::from(measure.value);
    let before = tags[..measure.at].iter().rev().take(4);
    let less = ["below", "under", "less", "<", "beneath"];
    let more = ["above", "over", "more", ">", "older"];
    before
        .map(|tag| tag.first.as_str())
        .find_map(|word| match word {
            _ if less.contains(&word) => Some(value - 1),
            _ if more.contains(&word) => Some(value + 1),
            _ => None,
        })
        .unwrap_or(value)
}

/// What a length of time is said of.
#[derive(Debug, Clone, Copy)]
enum Topic {
    Notice,
    Kept,
    Backup,
    Watched,
    Soaked,
}

impl Topic {
    fn of(tag: &Tag) -> Option<Self> {
        Some(match tag.meaning {
            Meaning::Word(Word::Announce | Word::Ticket | Word::Before) => Self::Notice,
            Meaning::Word(Word::Keep | Word::History) => Self::Kept,
            Meaning::Word(Word::Backup) => Self::Backup,
            Meaning::Word(Word::Monitor) => Self::Watched,
            Meaning::Other if ["watch", "watching", "watched"].contains(&tag.first.as_str()) => {
                Self::Watched
            }
            Meaning::Word(Word::Bake | Word::After) => Self::Soaked,
            Meaning::Place(PlaceWord::Staging) | Meaning::Strategy(_) => Self::Soaked,
            _ => return None,
        })
    }
}

/// The first day of the week and the first time of day that are named.
fn moment(tags: &[Tag]) -> Option<(Option<i64>, Option<i64>)> {
    let day = tags.iter().find_map(|tag| match tag.meaning {
        Meaning::Days(days) if days.count_ones() == 1 => Some(i64::from(days.trailing_zeros())),
        _ => None,
    });
    let minute = tags.iter().find_map(|tag| match tag.meaning {
        Meaning::Clock(minutes) => Some(i64::from(minutes)),
        _ => None,
    });
    (day.is_some() || minute.is_some()).then_some((day, minute))
}
